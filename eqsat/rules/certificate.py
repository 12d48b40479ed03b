"""Certificates: evidence that a rule holds to the bit, and that it neither adds nor drops a floating-point flag.

A rule is evaluated by NumPy on both sides: 8-bit integers and bools exhaustively for up to two variables, float16
exhaustively for one, everything else on a grid of corner values and on random bits, for every dtype of the rule's
kind. NaN is NaN, whatever its sign and payload; that arithmetic on a signaling NaN raises "invalid" is not held
against a rule that saves the arithmetic. A rule that needs fast-math flags has no certificate of this form and is
refused. Called by tests and by users who try a rule of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.nodes import Constant
from eqsat.ir.ops import UFUNCS
from eqsat.rules.api import CONSTANT_TESTS, KINDS, Pattern, Rule, literal, type_of

RANDOM = 4000
"""Random cases for each dtype, beside the grid."""
FLAGGED = "efd"
"""Dtypes whose flags are compared case by case; integers raise flags in division alone."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values for which the sides differ: in `what`, "bits" or "flags"."""

    dtype: str
    values: tuple[tuple[str, object], ...]
    left: object
    right: object
    what: str

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value!r}" for name, value in self.values)
        return f"{self.what} differ for {given} ({self.dtype}): {self.left!r} and {self.right!r}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """How many cases were tried, and the first that failed."""

    rule: str
    cases: int
    counterexample: Counterexample | None

    @property
    def holds(self) -> bool:
        """Whether no case failed."""
        return self.counterexample is None


Values = dict[str, np.ndarray]


def certify(rule: Rule, seed: int = 0) -> Certificate:
    """Try a rule on everything small and on samples of the rest."""
    if rule.requires:
        raise RuleError(f"rule {rule.name} needs {', '.join(sorted(rule.requires))}: it is not exact", rule.span)
    cases = 0
    random = np.random.default_rng(seed)
    for char in dict.fromkeys(KINDS[rule.kind]):
        dtype = np.dtype(char)
        for values in batches(rule, dtype, random):
            count = len(next(iter(values.values())))
            cases += count
            found = compare_bits(rule, dtype, values)
            if found is not None:
                return Certificate(rule.name, cases, found)
        if char in FLAGGED or char in "bB":
            for values in _cases(rule, dtype):
                cases += 1
                found = compare_flags(rule, dtype, values)
                if found is not None:
                    return Certificate(rule.name, cases, found)
    return Certificate(rule.name, cases, None)


def batches(rule: Rule, dtype: np.dtype, random: np.random.Generator) -> Iterator[Values]:
    """Values of the variables, as columns: the grid (everything where that is little), then random bits."""
    pools = [pool(rule, name, dtype) for name, _ in rule.kinds]
    grids = np.meshgrid(*(np.arange(len(one)) for one in pools), indexing="ij")
    names = [name for name, _ in rule.kinds]
    yield {name: one[grid.ravel()] for name, one, grid in zip(names, pools, grids, strict=True)}
    if dtype.itemsize > 1:
        conditioned = {condition.variable for condition in rule.when if condition.test != "is_constant"}
        yield {
            name: one[random.integers(0, len(one), RANDOM)]
            if name in conditioned or one.dtype != dtype
            else np.frombuffer(random.bytes(RANDOM * dtype.itemsize), dtype)
            for name, one in zip(names, pools, strict=True)
        }


def pool(rule: Rule, name: str, dtype: np.dtype, exhaustive: bool = True) -> np.ndarray:
    """The values that variable `name` takes on the grid, everything where that is little."""
    if dict(rule.kinds)[name] == "Bool" or dtype.kind == "b":
        return np.array([False, True])
    numeric = sum(kind != "Bool" for _, kind in rule.kinds)
    if exhaustive and numeric <= {1: 2, 2: 1}.get(dtype.itemsize, 0):
        values = np.arange(256**dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    else:
        values = corners(dtype)
        if len(rule.kinds) > 2:
            values = values[:18]
    tests = [CONSTANT_TESTS[condition.test] for condition in rule.when if condition.variable == name]
    if tests:
        values = np.unique(np.concatenate([values, _powers_of_two(dtype)])) if dtype.kind == "f" else values
        values = np.array([v for v in values if all(t(Constant(dtype, v.tobytes())) for t in tests)], dtype)
    return values


def corners(dtype: np.dtype) -> np.ndarray:
    """Values at which arithmetic changes its ways, the most telling ones first."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        near = [
            0,
            1,
            info.max,
            2,
            info.min,
            info.max // 2,
            info.max // 2 + 1,
            3,
            info.max - 1,
            7,
            5,
            8,
            31,
            64,
            100,
            127,
        ]
        if dtype.kind == "i":
            near[3:3] = [-1, -2, info.min // 2, info.min + 1, -3, -5]
        return np.array(near, dtype)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        most, least = float(info.max), float(info.smallest_subnormal)
        near = [most, least, 1.0, 0.0, np.inf, np.nan, -most, -0.0, float(info.tiny), -1.0, 3.0, -np.inf, -least, 2.0]
        near += [0.5, most / 2, most**0.5, -float(info.tiny), 1 / 3, -2.0, -0.5, -3.0, 1.5, 0.1, -0.1, 4.0, np.pi, 10.0]
        near += [
            100.5,
            -1.5,
            -1 / 3,
            1 + float(info.eps),
            1 - float(info.epsneg),
            float(info.tiny) / 2,
            -most / 2,
            -np.pi,
        ]
        near += [float(info.eps), float(info.tiny) * 3, -(most**0.5), -4.0, -100.5]
        return np.array(near, dtype)
    parts = corners(np.dtype("f" if dtype.char == "F" else "d"))[:9]
    return np.array([complex(a, b) for a, b in product(parts, parts)], dtype)


def _powers_of_two(dtype: np.dtype) -> np.ndarray:
    info = np.finfo(dtype)
    exponents = np.arange(int(info.minexp) - 3, int(info.maxexp), max(1, (int(info.maxexp) - int(info.minexp)) // 60))
    powers = np.ldexp(1.0, exponents).astype(dtype)
    return np.concatenate([powers, -powers])


def compare_bits(rule: Rule, dtype: np.dtype, values: Values) -> Counterexample | None:
    """The first case in which the sides differ, NaN being NaN."""
    with np.errstate(all="ignore"):
        left, right = (evaluate(rule, side, dtype, values) for side in (rule.left, rule.right))
    if left.dtype != right.dtype:
        return _example(dtype, values, 0, left.dtype, right.dtype, "dtypes")
    left, right = np.broadcast_arrays(left, right)
    wrong = np.flatnonzero(_differs(left, right))
    if not len(wrong):
        return None
    place = int(wrong[0])
    return _example(dtype, values, place, left[place], right[place], "bits")


def _differs(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.dtype.kind == "c":
        return _differs(np.real(left), np.real(right)) | _differs(np.imag(left), np.imag(right))
    bits = f"u{left.dtype.itemsize}"
    unequal = np.ascontiguousarray(left).view(bits) != np.ascontiguousarray(right).view(bits)
    return unequal & ~(np.isnan(left) & np.isnan(right)) if left.dtype.kind == "f" else unequal


def _cases(rule: Rule, dtype: np.dtype) -> Iterator[Values]:
    """Single cases for flags, few enough to be tried one by one."""
    few = {1: 60, 2: 18, 3: 8}.get(len(rule.kinds), 6)
    pools = [pool(rule, name, dtype, exhaustive=False)[:few] for name, _ in rule.kinds]
    names = [name for name, _ in rule.kinds]
    for case in product(*pools):
        yield {name: np.array([value, value]) for name, value in zip(names, case, strict=True)}


def compare_flags(rule: Rule, dtype: np.dtype, values: Values) -> Counterexample | None:
    """The flags of one case."""
    sides = [_flags(rule, side, dtype, values) for side in (rule.left, rule.right)]
    if sides[0] == sides[1]:
        return None
    return _example(dtype, values, 0, sides[0], sides[1], "flags")


def _flags(rule: Rule, side: Pattern, dtype: np.dtype, values: Values) -> list[str]:
    raised: set[str] = set()
    with np.errstate(all="call", call=lambda kind, _: raised.add(kind)):
        evaluate(rule, side, dtype, values)
    return sorted(raised)


def _example(
    dtype: np.dtype, values: Mapping[str, np.ndarray], place: int, left: object, right: object, what: str
) -> Counterexample:
    given = tuple((name, column[place]) for name, column in values.items())
    return Counterexample(dtype.name, given, left, right, what)


def evaluate(rule: Rule, pattern: Pattern, dtype: np.dtype, values: Values) -> np.ndarray:
    """One side of a rule, computed by NumPy for columns of values.

    A constant operation is computed as a column of its own too: NumPy's loops have shortcuts for a single number.
    """
    if pattern.op == "variable":
        return values[str(pattern.value)]
    if pattern.op == "literal":
        of = np.dtype(np.bool_) if type_of(rule, pattern) == "?" else dtype
        constant = literal(pattern.value, of)
        if constant is None:
            raise RuleError(f"rule {rule.name}: {pattern.value!r} is no {of.name}", rule.span)
        length = len(next(iter(values.values())))
        return np.full(length, constant.value)
    args: list[Any] = [evaluate(rule, arg, dtype, values) for arg in pattern.args]
    if pattern.op == "select":
        return np.where(args[0], args[1], args[2])
    ufunc = UFUNCS[pattern.op].ufunc
    assert ufunc is not None
    return ufunc(*args)
