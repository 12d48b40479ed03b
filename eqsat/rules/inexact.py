"""Trying a rule under fast-math flags: what may differ, what may not, and how far the right side may be off.

Both sides are computed in the dtype by NumPy, and as balls in higher precision (`eqsat.rules.reference`): float16 and
float32 in float64, float64 in NumPy's longdouble. A machine on which that is no wider leaves float64 out, and says so.
What is checked, for values that the guards admit:

*Value.* The sides are one function of real numbers: wherever both references are finite they differ by no more than
their own errors and those that rounding permits in the dtype. On corners, ordinary numbers and all magnitudes.

*Special.* On zeros, infinities, NaN and small exact numbers: the right side is NaN only where the left one is; infinite
where and as the left one is; zeros have the left one's sign. `nnan` gives away every case in which an operand, a step
or the result of the left side is NaN, `ninf` the same for infinities, `nsz` the signs of zeros (and of infinities that
are divided out of zeros). `reassoc` regroups numbers: a NaN that an infinite operand made of the left side, and the
sign of a zero, are not kept under it.

*Accuracy.* For drawn numbers of all magnitudes, where no step leaves the normal numbers: the error of the right side is
at most 4 + n times what the left side's own rounding and a rounding of its operands may lead to, where n counts the
operations of the right side. This bound is large exactly where the left side is ill-conditioned, so that a
regrouping passes, and a right side that cancels where the left one does not fails. Without `reassoc` the right side's
steps have no excuse for overflow either. A rule that claims to be more accurate must lose fewer bits on
average over its dtypes; bits within four units in the last place do not count as lost.

Of rules about arrays elements are ordinary numbers; without `nnan` a NaN must show in the same elements of the result.
Called by `eqsat.rules.certificate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from eqsat.errors import RuleError
from eqsat.rules.api import Rule
from eqsat.rules.arrays import Case, assignments, cases
from eqsat.rules.evaluate import columns, evaluate
from eqsat.rules.exact import REFUSALS, at, differs, dtypes_of, given
from eqsat.rules.exact import arrays as exact_arrays
from eqsat.rules.exact import elements as exact_elements
from eqsat.rules.findings import Counterexample, Errors, Found, Tried
from eqsat.rules.measured import Measured, is_no_better
from eqsat.rules.pattern import walk
from eqsat.rules.reference import wider
from eqsat.rules.samples import Columns, admitted, grid, is_exhaustive, kind_char, numbers, ordinary, specials, wide
from eqsat.rules.sides import (
    Sides,
    decimal,
    off_by,
    sides_of,
    spread,
    too_far,
    truth_differs,
    ulps,
    value_differs,
)

DRAWN = 700
"""Cases of each way of drawing numbers, for each dtype."""
MOST = 6000
"""Cases of all float16 for which references are computed."""
ARRAYS = 20


def elements(rule: Rule, random: np.random.Generator, quick: bool = False) -> Found:
    """Try an elementwise rule under flags."""
    tried: list[Tried] = []
    errors: list[Errors] = []
    all_measured: list[Measured] = []
    for dtype in dtypes_of(rule):
        if dtype.kind not in "fc":
            found = exact_elements(replace(rule, kind=_integers(dtype)), random, quick)
            tried += found.tried
            if found.counterexample is not None:
                return Found(tried, found.counterexample, errors)
            continue
        precision = wider(dtype)
        if precision is None or (quick and dtype.char in "eF"):
            continue
        measured = Measured(rule, dtype)
        count, exhaustive = 0, is_exhaustive(rule, dtype) and not quick
        for name, values in _batches(rule, dtype, random, quick):
            count += 2 ** (8 * dtype.itemsize) if name == "every" else len(next(iter(values.values())))
            found = _special(rule, dtype, precision, values) if name == "special" else None
            found = found or _numbers(rule, dtype, precision, values, name, measured)
            if found is not None:
                return Found([*tried, Tried(dtype.name, count)], found, errors)
        tried.append(Tried(dtype.name, count, exhaustive))
        if (summary := measured.errors()) is not None:
            errors.append(summary)
            all_measured.append(measured)
    return Found(tried, None if quick else is_no_better(rule, errors, all_measured), errors)


def _integers(dtype: np.dtype) -> str:
    return "Bool" if dtype.kind == "b" else "Signed" if dtype.kind == "i" else "Unsigned"


def _batches(rule: Rule, dtype: np.dtype, random: np.random.Generator, quick: bool) -> list[tuple[str, Columns]]:
    drawn = 120 if quick else DRAWN
    found = [("special", _special_grid(rule, dtype, 250 if quick else 3000))]
    found.append(("drawn", numbers(rule, dtype, drawn, random, ordinary)))
    found.append(("drawn", numbers(rule, dtype, drawn, random, wide)))
    if is_exhaustive(rule, dtype) and not quick:
        found.append(("every", _differing(rule, dtype, grid(rule, dtype))))
    elif not quick:
        found.append(("corner", grid(rule, dtype, {1: 60, 2: 30, 3: 12}.get(len(rule.kinds), 6), exhaustive=False)))
    return found


def _special_grid(rule: Rule, dtype: np.dtype, most: int) -> Columns:
    """Combinations of special values that the guards admit, at most about `most`: of more variables fewer values."""
    each = int(most ** (1 / len(rule.kinds)))
    pools: list[np.ndarray] = []
    for name, _ in rule.kinds:
        if kind_char(rule, name, dtype) == "?":
            pools.append(np.array([False, True]))
            continue
        values = specials(dtype)[: max(each, 4)]
        values = values[admitted(rule, name, values)]
        if {"nsz", "reassoc"} & rule.requires:  # a zero is a zero
            values = values[~((values == 0) & np.signbit(values))] if dtype.kind == "f" else values
        pools.append(values if len(values) else np.ones(1, dtype))
    places = np.meshgrid(*(np.arange(len(one)) for one in pools), indexing="ij")
    return {name: one[k.ravel()] for (name, _), one, k in zip(rule.kinds, pools, places, strict=True)}


def _numbers(
    rule: Rule, dtype: np.dtype, precision: np.dtype, values: Columns, name: str, measured: Measured
) -> Counterexample | None:
    """Value and accuracy, for columns; what is measured are drawn numbers."""
    if not len(next(iter(values.values()))):
        return None
    length = len(next(iter(values.values())))
    sides = sides_of(rule, dtype, precision, values, lambda side: columns(rule, side, dtype, values))
    sides = spread(sides, (length,))
    if sides.left.dtype.kind not in "fc":
        wrong = truth_differs(rule, sides)
        place = int(np.argmax(wrong)) if np.any(wrong) else -1
        return at(rule, dtype, values, place, sides.left[place], sides.right[place], "value") if place >= 0 else None
    with np.errstate(all="ignore"):
        worst = value_differs(sides)
        place = int(np.argmax(worst))
        if worst[place] > 0:
            says = f"as real numbers {decimal(sides.exact_left.value[place])}"
            says += f" and {decimal(sides.exact_right.value[place])}"
            return at(rule, dtype, values, place, sides.left[place], sides.right[place], "value", says)
        if name not in ("drawn", "every"):
            return None
        far = too_far(rule, sides)
        place = int(np.argmax(far))
        if far[place] > 0:
            says = off_by(sides, place, dtype)
            return at(rule, dtype, values, place, sides.left[place], sides.right[place], "accuracy", says)
        if name != "drawn":
            return None
        mask, left, right = ulps(rule, sides, dtype)
        places = np.flatnonzero(mask)
    measured.take(
        left[mask],
        right[mask],
        lambda k: _given_at(values, int(places[k])),
        lambda k: (values, int(places[k]), sides),
    )
    return None


def _differing(rule: Rule, dtype: np.dtype, values: Columns) -> Columns:
    """The cases in which the sides differ at all, about `MOST`: those that differ most, and an eighth of the others.

    Where the right side has the bits of the left one it is as good, and needs no reference.
    """
    with np.errstate(all="ignore"):
        left, right = (columns(rule, side, dtype, values) for side in (rule.left, rule.right))
        places = np.flatnonzero(differs(left, right))
        if len(places) > MOST and left.dtype.kind in "fc":
            size = left.astype(np.complex128 if left.dtype.kind == "c" else np.float64)[places]
            apart = np.abs(right[places].astype(size.dtype) - size) / np.maximum(np.abs(size), 1e-9)
            apart = np.where(np.isnan(apart), np.inf, apart)
            order = np.argsort(-apart, kind="stable")
            places = np.concatenate([places[order[: MOST // 2]], places[order[MOST // 2 :: 8]]])
    return {name: column[places] for name, column in values.items()}


def _given_at(values: Mapping[str, Any], place: int) -> str:
    return ", ".join(f"{name} = {column[place]}" for name, column in values.items())


# Zeros, infinities, NaN -------------------------------------------------------------------------------------------


def _special(rule: Rule, dtype: np.dtype, precision: np.dtype, values: Columns) -> Counterexample | None:
    """The first case in which the right side breaks what the flags do not give away."""
    if dtype.kind != "f":
        return None
    length = len(next(iter(values.values())))
    sides = spread(sides_of(rule, dtype, precision, values, lambda side: columns(rule, side, dtype, values)), (length,))
    if sides.left.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        wrong = _broken(rule, dtype, values, sides)
    if not np.any(wrong):
        return None
    place = int(np.argmax(wrong))
    return at(rule, dtype, values, place, sides.left[place], sides.right[place], "special", _missing(sides, place))


def _missing(sides: Sides, place: int) -> str:
    """Which flag would give the difference away."""
    left, right = sides.left[place], sides.right[place]
    if np.isnan(left):
        return "nnan would give it away"
    if np.isinf(left):
        return "ninf would give it away"
    return "nsz would give it away" if left == 0 == right else ""


def _broken(rule: Rule, dtype: np.dtype, values: Columns, sides: Sides) -> np.ndarray:
    operands = [column for column in values.values() if column.dtype.kind == "f"]
    infinite = np.any([np.isinf(one) for one in operands], axis=0)
    zero = np.any([one == 0 for one in operands], axis=0)
    free = np.zeros(len(infinite), np.bool_)
    for flag, test in (("nnan", np.isnan), ("ninf", np.isinf)):
        if flag in rule.requires:
            for part in walk(rule.left):
                step = columns(rule, part, dtype, values)
                free |= test(step) if step.dtype.kind == "f" else False
    regrouped = "reassoc" in rule.requires

    def both(test: Callable[[Any, Any], Any]) -> np.ndarray:
        """What is seen in the dtype and in the reference: rounding does not explain it."""
        return test(sides.left, sides.right) & test(sides.exact_left.value, sides.exact_right.value)

    lost = both(lambda one, other: np.isnan(one) & ~np.isnan(other))
    if regrouped:
        lost &= ~infinite
    made = both(lambda one, other: ~np.isnan(one) & np.isnan(other))
    finite = both(lambda one, other: np.isinf(one) & np.isfinite(other))
    grown = both(lambda one, other: np.isfinite(one) & np.isinf(other))
    grown &= ~(sides.bound_left > np.abs(sides.exact_left.value) / 4)  # a pole that rounding only comes close to
    turned = both(lambda one, other: np.isinf(one) & np.isinf(other) & (one != other))
    if "nsz" in rule.requires or regrouped:
        turned &= ~zero
    wrong = lost | made | finite | grown | turned
    if "nsz" not in rule.requires and not regrouped:
        wrong |= both(lambda one, other: (one == 0) & (other == 0) & (np.signbit(one) != np.signbit(other)))
    return wrong & ~free


# Arrays -----------------------------------------------------------------------------------------------------------


def arrays(rule: Rule, random: np.random.Generator, quick: bool = False) -> Found:
    """Try a rule about arrays under flags."""
    tried: list[Tried] = []
    errors: list[Errors] = []
    all_measured: list[Measured] = []
    shapes: set[object] = set()
    filled = 0
    chosen = assignments(rule)
    if quick:
        chosen = [one for one in chosen if any(d.name == "float64" for d in one.values())] or chosen[:1]
    for dtypes in chosen:
        narrow = next((dtype for dtype in dtypes.values() if dtype.kind in "fc"), None)
        if narrow is None:
            found = exact_arrays(rule, random, quick)
            return Found([*tried, *found.tried], found.counterexample, errors, found.shapes)
        precision = wider(narrow)
        if precision is None:
            continue
        name = "/".join(dict.fromkeys(dtype.name for dtype in dtypes.values()))
        measured = Measured(rule, narrow)
        count = 0
        for draw in (ordinary, _spread_out):
            for case in cases(rule, dtypes, 6 if quick else ARRAYS // 2, random, draw):
                try:
                    with np.errstate(all="ignore"):
                        evaluate(rule.left, case.values)
                except REFUSALS:
                    continue
                count += 1
                filled += case.is_filled
                shapes.add(case.shapes)
                found = _array(rule, name, narrow, precision, case, measured)
                found = found or _nan_shows(rule, name, case, random)
                if found is not None:
                    return Found([*tried, Tried(name, count)], found, errors, len(shapes))
        if count:
            tried.append(Tried(name, count))
        if (summary := measured.errors()) is not None:
            errors.append(summary)
            all_measured.append(measured)
    if not filled:
        raise RuleError(f"rule {rule.name}: NumPy raises for every left side that was tried", rule.span)
    return Found(tried, None if quick else is_no_better(rule, errors, all_measured), errors, len(shapes))


def _spread_out(dtype: np.dtype, count: int, random: np.random.Generator) -> np.ndarray:
    """Ordinary numbers, 24 times as large."""
    values = ordinary(dtype, count, random)
    return (values * dtype.type(24)).astype(dtype) if dtype.kind in "fc" else values


def _array(
    rule: Rule, name: str, dtype: np.dtype, precision: np.dtype, case: Case, measured: Measured
) -> Counterexample | None:
    try:
        sides = sides_of(rule, dtype, precision, case.values, lambda side: evaluate(side, case.values))
    except REFUSALS as error:
        with np.errstate(all="ignore"):
            return given(rule, name, case, evaluate(rule.left, case.values), error, "raises")
    left = np.asarray(sides.left)
    right = np.full_like(left, sides.right) if rule.right.op == "literal" else np.asarray(sides.right)
    if left.dtype != right.dtype:
        return given(rule, name, case, left.dtype, right.dtype, "dtypes")
    if left.shape != right.shape:
        return given(rule, name, case, left.shape, right.shape, "shapes")
    if left.dtype.kind not in "fc":
        return given(rule, name, case, left, right, "value") if np.any(differs(left, right)) else None
    sides = spread(replace(sides, left=left, right=right), left.shape)
    if not left.size:
        return None
    with np.errstate(all="ignore"):
        worst = value_differs(sides)
        place = np.unravel_index(int(np.argmax(worst)), left.shape)
        if worst[place] > 0:
            says = f"as real numbers {decimal(sides.exact_left.value[place])}"
            says += f" and {decimal(sides.exact_right.value[place])}"
            return given(rule, name, case, left, right, "value", says)
        far = too_far(rule, sides)
        place = np.unravel_index(int(np.argmax(far)), left.shape)
        if far[place] > 0:
            return given(rule, name, case, left, right, "accuracy", off_by(sides, place, left.dtype))
        mask, one, other = ulps(rule, sides, left.dtype)
    places = np.argwhere(mask)
    shown = " and ".join(str(shape) for shape in case.shapes)
    measured.take(
        one[mask], other[mask], lambda k: f"shapes {shown}", lambda k: (case, tuple(map(int, places[k])), sides)
    )
    return None


def _nan_shows(rule: Rule, name: str, case: Case, random: np.random.Generator) -> Counterexample | None:
    """One element is NaN: it must be seen in the same elements of both sides."""
    if "nnan" in rule.requires:
        return None
    arrays_of = {key: v for key, v in case.values.items() if isinstance(v, np.ndarray)}
    floats = [key for key, v in arrays_of.items() if v.dtype.kind in "fc"]
    floats = [key for key in floats if np.all(admitted(rule, key, np.full(1, np.nan, arrays_of[key].dtype)))]
    if not floats or not all(v.size for v in arrays_of.values()):  # of sums over nothing factors are not kept
        return None
    key = floats[int(random.integers(len(floats)))]
    poisoned = arrays_of[key].copy()
    place = int(random.integers(poisoned.size))
    poisoned.flat[place] = np.nan
    if any(one.test == "is_symmetric" and key in one.variables for one in rule.when):
        poisoned.T.flat[place] = np.nan
    other = Case({**case.values, key: poisoned})
    sides = (rule.left, rule.right)
    try:
        with np.errstate(all="ignore"):
            before = [np.asarray(evaluate(side, case.values)) for side in sides]
            left, right = (np.asarray(evaluate(side, other.values)) for side in sides)
    except REFUSALS:
        return None
    if left.dtype.kind not in "fc":
        return None
    seen = [np.isnan(np.broadcast_to(side, left.shape)) for side in (left, right)]
    if any(part.op == "call" and part.value in ("inv", "solve", "det") for side in sides for part in walk(side)):
        seen = [np.any(one) for one in seen]  # elimination spreads it as the pivots have it
    usable = np.isfinite(before[0]) & np.isfinite(before[1])
    if not np.any((seen[0] != seen[1]) & usable):
        return None
    return given(rule, name, other, left, right, "special", "nnan would give it away")
