"""Values on which certificates try a rule: corners, random bits, ordinary numbers, numbers of every magnitude.

All for which the guards of the rule hold, and drawn with a fixed seed. Refused, with RuleError: guards of which no
value is found. Called by the certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.nodes import Constant
from eqsat.rules.api import Rule
from eqsat.rules.guards import GUARDS, Condition

Column = np.ndarray
Columns = dict[str, Column]


def grid(rule: Rule, dtype: np.dtype, most: int | None = None, exhaustive: bool = True) -> Columns:
    """Columns for every combination of the values on the grid: everything where that is little."""
    pools = [pool(rule, name, dtype, exhaustive)[:most] for name, _ in rule.kinds]
    places = np.meshgrid(*(np.arange(len(one)) for one in pools), indexing="ij")
    names = [name for name, _ in rule.kinds]
    return {name: one[place.ravel()] for name, one, place in zip(names, pools, places, strict=True)}


def random_bits(rule: Rule, dtype: np.dtype, count: int, random: np.random.Generator) -> Columns:
    """Columns of random bits; of the grid's values where a guard asks about constants."""
    found: Columns = {}
    for name, _ in rule.kinds:
        if kind_char(rule, name, dtype) == "?" or _about(rule, name, "constant"):
            one = pool(rule, name, dtype)
            found[name] = one[random.integers(0, len(one), count)]
        else:
            found[name] = drawn(rule, name, count, lambda n: np.frombuffer(random.bytes(n * dtype.itemsize), dtype))
    return found


def numbers(
    rule: Rule, dtype: np.dtype, count: int, random: np.random.Generator, draw: Callable[..., Column]
) -> Columns:
    """Columns drawn with `draw`, which is `ordinary` or `wide`."""
    found: Columns = {}
    for name, _ in rule.kinds:
        if kind_char(rule, name, dtype) == "?":
            found[name] = random.integers(0, 2, count).astype(np.bool_)
        else:
            found[name] = drawn(rule, name, count, lambda n: draw(dtype, n, random))
    return found


def drawn(rule: Rule, name: str, count: int, draw: Callable[[int], Column]) -> Column:
    """`count` values that the guards of the variable admit."""
    guards = [GUARDS[one.test] for one in _about(rule, name)]
    values = draw(count if not guards else 4 * count)
    if guards:
        values = values[admitted(rule, name, values)]
        if len(values) < max(1, count // 4):
            more = draw(4 * count)
            with np.errstate(all="ignore"):
                turned = [np.absolute(more), np.rint(more)] if more.dtype.kind == "f" else [np.absolute(more)]
                turned += [np.absolute(turned[-1]), np.ones(8, more.dtype), np.zeros(8, more.dtype)]
            values = np.concatenate([values, *(one[admitted(rule, name, one)].astype(more.dtype) for one in turned)])
        if not len(values):
            raise RuleError(f"rule {rule.name}: no value was found for which the guards of {name} hold", rule.span)
        values = values[np.arange(count) % len(values)]
    return values


def admitted(rule: Rule, name: str, values: Column) -> Column:
    """For which of the values all guards of the variable hold."""
    fit = np.ones(len(values), np.bool_)
    with np.errstate(all="ignore"):
        for one in _about(rule, name):
            guard = GUARDS[one.test]
            if guard.holds is not None:
                fit &= guard.holds(values)
            elif guard.constant is not None and one.test != "is_constant":
                fit &= np.array([guard.constant(Constant(values.dtype, v.tobytes())) for v in values], np.bool_)
    return fit


def _about(rule: Rule, name: str, *of: str) -> list[Condition]:
    """The guards about a variable's values, or about a known number alone."""
    wanted = of or ("constant", "value")
    return [
        one
        for one in rule.when
        if name in one.variables and GUARDS[one.test].of in wanted and one.test != "is_constant"
    ]


def kind_char(rule: Rule, name: str, dtype: np.dtype) -> str:
    """The type character of a variable where numbers are of `dtype`."""
    return "?" if dict(rule.kinds)[name] == "Bool" else dtype.char


def pool(rule: Rule, name: str, dtype: np.dtype, exhaustive: bool = True) -> Column:
    """The values that variable `name` takes on the grid, everything where that is little."""
    if kind_char(rule, name, dtype) == "?":
        return np.array([False, True])
    if exhaustive and is_exhaustive(rule, dtype):
        values = np.arange(256**dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    else:
        values = corners(dtype)
        if len(rule.kinds) > 2:
            values = values[: 18 if len(rule.kinds) < 4 else 9]
    if _about(rule, name):
        values = np.unique(np.concatenate([values, _powers_of_two(dtype)])) if dtype.kind == "f" else values
        values = values[admitted(rule, name, values)]
        if not len(values):
            raise RuleError(f"rule {rule.name}: no value was found for which the guards of {name} hold", rule.span)
    return values


def is_exhaustive(rule: Rule, dtype: np.dtype) -> bool:
    """Whether the grid holds every value: two variables of 8 bits, or one of 16."""
    if dtype.kind == "b":
        return True
    numeric = sum(kind != "Bool" for _, kind in rule.kinds)
    return numeric <= {1: 2, 2: 1}.get(dtype.itemsize, 0)


def singles(rule: Rule, dtype: np.dtype, few: Sequence[int]) -> Iterator[Columns]:
    """Single cases, each a column of the same value twice; `few[n - 1]` values for each of n variables."""
    most = few[min(len(rule.kinds), len(few)) - 1]
    names = [name for name, _ in rule.kinds]
    for case in product(*(pool(rule, name, dtype, exhaustive=False)[:most] for name in names)):
        yield {name: np.array([value, value]) for name, value in zip(names, case, strict=True)}


def ordinary(dtype: np.dtype, count: int, random: np.random.Generator) -> Column:
    """Numbers of moderate size, either sign; small integers as integers."""
    if dtype.kind == "b":
        return random.integers(0, 2, count).astype(np.bool_)
    if dtype.kind in "iu":
        return random.integers(0 if dtype.kind == "u" else -9, 10, count).astype(dtype)
    if dtype.kind == "c":
        part = np.dtype("f" if dtype.char == "F" else "d")
        made = np.empty(count, dtype)
        made.real, made.imag = ordinary(part, count, random), ordinary(part, count, random)
        return made
    sizes = np.where(
        random.random(count) < 0.5, random.uniform(0.1, 4.0, count), np.exp2(random.uniform(-5.0, 5.0, count))
    )
    return np.where(random.random(count) < 0.5, sizes, -sizes).astype(dtype)


def wide(dtype: np.dtype, count: int, random: np.random.Generator) -> Column:
    """Numbers of every magnitude, a quarter of them close to one."""
    if dtype.kind != "f":
        return ordinary(dtype, count, random)
    info = np.finfo(dtype)
    low, high = float(info.minexp), float(info.maxexp)
    exponents = np.where(
        random.random(count) < 0.4, random.uniform(low, high, count), random.uniform(-info.nmant - 4, 12, count)
    )
    with np.errstate(all="ignore"):
        sizes = np.ldexp(random.uniform(1.0, 2.0, count), np.floor(exponents - 1e-9).astype(int))
        near = 1.0 + random.choice([-1.0, 1.0], count) * np.exp2(random.uniform(-info.nmant + 1, -2, count))
        sizes = np.where(random.random(count) < 0.25, near, sizes)
        return np.where(random.random(count) < 0.5, sizes, -sizes).astype(dtype)


def specials(dtype: np.dtype) -> Column:
    """Zeros, infinities, NaN, and small exact numbers, at which no rounding blurs what a function is."""
    if dtype.kind == "f":
        return np.array([0.0, 1.0, -1.0, np.inf, np.nan, -0.0, -np.inf, 2.0, -2.0, 0.5, -0.5, 4.0, 0.25, -3.0], dtype)
    return corners(dtype)[:9]


def corners(dtype: np.dtype) -> Column:
    """Values at which arithmetic changes its ways, the most telling ones first."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        half = info.max // 2
        near = [0, 1, info.max, 2, info.min, half, half + 1, 3, info.max - 1, 7, 5, 8, 31, 64, 100, 127]
        if dtype.kind == "i":
            near[3:3] = [-1, -2, info.min // 2, info.min + 1, -3, -5]
        return np.array(near, dtype)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        most, least, tiny = float(info.max), float(info.smallest_subnormal), float(info.tiny)
        near = [most, least, 1.0, 0.0, np.inf, np.nan, -most, -0.0, tiny, -1.0, 3.0, -np.inf, -least, 2.0]
        near += [0.5, most / 2, most**0.5, -tiny, 1 / 3, -2.0, -0.5, -3.0, 1.5, 0.1, -0.1, 4.0, np.pi, 10.0]
        near += [100.5, -1.5, -1 / 3, 1 + float(info.eps), 1 - float(info.epsneg), tiny / 2, -most / 2, -np.pi]
        near += [float(info.eps), tiny * 3, -(most**0.5), -4.0, -100.5]
        return np.array(near, dtype)
    parts = corners(np.dtype("f" if dtype.char == "F" else "d"))[:9]
    return np.array([complex(a, b) for a, b in product(parts, parts)], dtype)


def _powers_of_two(dtype: np.dtype) -> Column:
    info = np.finfo(dtype)
    exponents = np.arange(int(info.minexp) - 3, int(info.maxexp), max(1, (int(info.maxexp) - int(info.minexp)) // 60))
    powers = np.ldexp(1.0, exponents).astype(dtype)
    return np.concatenate([powers, -powers])
