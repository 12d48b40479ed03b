"""Trying a rule without flags: both sides must have the same bits, and raise the same floating-point flags.

Elementwise rules: 8-bit integers and bools exhaustively for up to two variables, float16 exhaustively for one,
everything else on a grid of corner values and on random bits, for every dtype of the rule's kind. Rules about arrays:
corners, random bits and ordinary numbers in arrays of many shapes and layouts; a left side that NumPy refuses has no
meaning and counts for nothing. NaN is NaN, whatever its sign and payload; that arithmetic on a signaling NaN raises
"invalid" is not held against a rule that saves the arithmetic. Called by `eqsat.rules.certificate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eqsat.errors import RuleError
from eqsat.rules.api import Rule
from eqsat.rules.arrays import Case, assignments, cases
from eqsat.rules.evaluate import columns, evaluate
from eqsat.rules.findings import Counterexample, Found, Tried
from eqsat.rules.pattern import DTYPES, Pattern
from eqsat.rules.samples import Columns, corners, grid, is_exhaustive, ordinary, random_bits, singles
from eqsat.rules.snippet import run, snippet

RANDOM = 4000
"""Random cases for each dtype, beside the grid."""
FLAGGED = "efd"
"""Dtypes whose flags are compared case by case; integers raise flags in division alone."""
FEW = (60, 18, 8, 6)
"""How many values each of one, two, three or more variables takes when flags are compared."""
ARRAYS = 60
"""Cases of rules about arrays, for each dtype."""

REFUSALS = (ValueError, TypeError, IndexError, ArithmeticError)
"""What NumPy raises for operands that have no meaning; `LinAlgError` and `AxisError` are among them."""


def dtypes_of(rule: Rule) -> list[np.dtype]:
    """The different dtypes of an elementwise rule's kind."""
    return list({np.dtype(char).str: np.dtype(char) for char in DTYPES[rule.kind]}.values())


def elements(rule: Rule, random: np.random.Generator, quick: bool = False) -> Found:
    """Try an elementwise rule."""
    tried: list[Tried] = []
    for dtype in _some(dtypes_of(rule), quick):
        exhaustive = is_exhaustive(rule, dtype) and not (quick and dtype.itemsize > 1)
        batches = [grid(rule, dtype, 12 if quick and not exhaustive else None, exhaustive)]
        if dtype.itemsize > 1:
            batches.append(random_bits(rule, dtype, 300 if quick else RANDOM, random))
            batches.append(_ordinary(rule, dtype, 200 if quick else 1000, random))
        count = 0
        for values in batches:
            count += len(next(iter(values.values())))
            found = compare_bits(rule, dtype, values)
            if found is not None:
                return Found([*tried, Tried(dtype.name, count)], found)
        if dtype.char in FLAGGED or dtype.char in "bB":
            few = (16, 6, 3, 2) if quick else FEW
            for values in singles(rule, dtype, few):
                count += 1
                found = compare_flags(rule, dtype, values)
                if found is not None:
                    return Found([*tried, Tried(dtype.name, count)], found)
        tried.append(Tried(dtype.name, count, exhaustive))
    return Found(tried, None)


def _some(dtypes: list[np.dtype], quick: bool) -> list[np.dtype]:
    """For a quick look: what is exhaustive, and the dtypes that are used most."""
    usual = [
        one for one in dtypes if one.name in ("bool", "int8", "uint8", "int64", "float32", "float64", "complex128")
    ]
    return usual if quick and usual else dtypes


def _ordinary(rule: Rule, dtype: np.dtype, count: int, random: np.random.Generator) -> Columns:
    bits = random_bits(rule, dtype, count, random)
    for name, kind in rule.kinds:
        if kind != "Bool" and not any(name in one.variables for one in rule.when):
            bits[name] = ordinary(dtype, count, random)
    return bits


def compare_bits(rule: Rule, dtype: np.dtype, values: Columns) -> Counterexample | None:
    """The first case in which the sides differ, NaN being NaN."""
    with np.errstate(all="ignore"):
        left, right = (columns(rule, side, dtype, values) for side in (rule.left, rule.right))
    if left.dtype != right.dtype:
        return at(rule, dtype, values, 0, left.dtype, right.dtype, "dtypes")
    left, right = np.broadcast_arrays(left, right)
    wrong = np.flatnonzero(differs(left, right))
    if not len(wrong):
        return None
    place = int(wrong[0])
    return at(rule, dtype, values, place, left[place], right[place], "bits")


def differs(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where bits differ, NaN being NaN."""
    if left.dtype.kind == "c":
        return differs(np.real(left), np.real(right)) | differs(np.imag(left), np.imag(right))
    bits = f"u{left.dtype.itemsize}"
    one, other = (np.ascontiguousarray(side).reshape(side.shape) for side in (left, right))
    unequal = one.view(bits) != other.view(bits)
    return unequal & ~(np.isnan(left) & np.isnan(right)) if left.dtype.kind == "f" else unequal


def compare_flags(rule: Rule, dtype: np.dtype, values: Columns) -> Counterexample | None:
    """The flags of one case."""
    one, other = (heard(lambda side=side: columns(rule, side, dtype, values)) for side in (rule.left, rule.right))
    return None if one == other else at(rule, dtype, values, 0, one, other, "flags")


def heard(compute: Callable[[], object]) -> list[str]:
    """The floating-point flags that NumPy raises."""
    raised: set[str] = set()
    with np.errstate(all="call", call=lambda kind, _: raised.add(kind)):
        compute()
    return sorted(raised)


def at(
    rule: Rule,
    dtype: np.dtype,
    values: Mapping[str, np.ndarray],
    place: int,
    left: object,
    right: object,
    what: str,
    says: str = "",
) -> Counterexample:
    """The counterexample of one place in columns of values."""
    given = tuple((name, column[place]) for name, column in values.items())
    text = ""
    for count in (1, 2, 64):
        repeated = {name: np.full(count, column[place], column.dtype) for name, column in values.items()}
        text = snippet(rule, repeated, what, (*_texts(left, right, count), says))
        if shows(rule, text, what):
            break
    return Counterexample(dtype.name, given, left, right, what, text, says)


def _texts(left: object, right: object, count: int) -> tuple[str, str]:
    return (repr(left), repr(right)) if count == 1 else ("", "")


def shows(rule: Rule, text: str, what: str) -> bool:
    """Whether a snippet's sides differ when it is run."""
    left, right = run(text, rule)
    if what == "flags" or isinstance(right, Exception) or isinstance(left, Exception):
        return type(left) is not type(right) or left != right
    one, other = np.asarray(left), np.asarray(right)
    if one.dtype != other.dtype or one.shape != other.shape:
        return True
    return bool(np.any(differs(one, other)))


def arrays(rule: Rule, random: np.random.Generator, quick: bool = False) -> Found:
    """Try a rule about arrays."""
    tried: list[Tried] = []
    shapes: set[object] = set()
    filled = 0
    chosen = assignments(rule)
    if quick:
        chosen = [one for one in chosen if any(d.name in ("float64", "int64") for d in one.values())][:2] or chosen[:1]
    for dtypes in chosen:
        count = 0
        name = "/".join(dict.fromkeys(dtype.name for dtype in dtypes.values()))
        for draw in (_cornered, _bits, ordinary):
            for case in cases(rule, dtypes, 8 if quick else ARRAYS // 3, random, draw):
                sides = tuple(_side(side, case) for side in (rule.left, rule.right))
                if isinstance(sides[0], Exception):
                    continue
                count += 1
                filled += case.is_filled
                shapes.add((case.shapes, tuple(v.strides for v in case.values.values() if isinstance(v, np.ndarray))))
                found = _compared(rule, name, case, *sides)
                if found is not None:
                    return Found([*tried, Tried(name, count)], found, shapes=len(shapes))
        if count:
            tried.append(Tried(name, count))
    if not filled:
        raise RuleError(f"rule {rule.name}: NumPy raises for every left side that was tried", rule.span)
    return Found(tried, None, shapes=len(shapes))


def _bits(dtype: np.dtype, count: int, random: np.random.Generator) -> np.ndarray:
    if dtype.kind == "b":
        return ordinary(dtype, count, random)
    values = np.frombuffer(random.bytes(count * dtype.itemsize), dtype)
    if dtype.kind in "fc":  # no signaling NaN
        parts = values.view(f"f{dtype.itemsize // (2 if dtype.kind == 'c' else 1)}")
        values = np.where(np.isnan(parts), np.nan, parts).astype(parts.dtype).view(dtype)
    return values


def _cornered(dtype: np.dtype, count: int, random: np.random.Generator) -> np.ndarray:
    values = corners(dtype)
    if dtype.kind == "f":  # half of them ordinary, so that sums are not all infinite
        values = np.concatenate([values[:20], ordinary(dtype, 20, random)])
    return values[random.integers(0, len(values), count)]


def _side(side: Pattern, case: Case) -> Any:
    """The value of a side and the flags it raises, or the exception."""
    raised: set[str] = set()
    try:
        with np.errstate(all="call", call=lambda kind, _: raised.add(kind)):
            value = evaluate(side, case.values)
    except REFUSALS as error:
        return error
    return value, sorted(raised)


def _compared(rule: Rule, name: str, case: Case, one: Any, other: Any) -> Counterexample | None:
    if isinstance(other, Exception):
        return given(rule, name, case, one[0], other, "raises")
    left, right = np.asarray(one[0]), other[0]
    right = np.full_like(left, right) if rule.right.op == "literal" else np.asarray(right)
    if left.dtype != right.dtype:
        return given(rule, name, case, left.dtype, right.dtype, "dtypes")
    if left.shape != right.shape:
        return given(rule, name, case, left.shape, right.shape, "shapes")
    if np.any(differs(left, right)):
        return given(rule, name, case, left, right, "bits")
    if one[1] != other[1]:
        return given(rule, name, case, one[1], other[1], "flags")
    return None


def given(rule: Rule, name: str, case: Case, left: object, right: object, what: str, says: str = "") -> Counterexample:
    """The counterexample of arrays."""
    one, other = (repr(left), repr(right)) if not isinstance(left, np.ndarray) else ("", "")
    text = snippet(rule, case.values, what, (one, other, says))
    return Counterexample(name, tuple(case.values.items()), left, right, what, text, says)
