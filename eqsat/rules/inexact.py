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
at most `FACTOR + n` times what the left side's own rounding and a rounding of its operands may lead to, where n counts
the operations of the right side. This bound is large exactly where the left side is ill-conditioned, so that a
regrouping passes, and a right side that cancels where the left one does not fails. Without `reassoc` the right side's
steps have no excuse for overflow either. A rule that claims to be more accurate must lose fewer bits on
average over its dtypes; bits within four units in the last place do not count as lost.

Of rules about arrays elements are ordinary numbers; without `nnan` a NaN must show in the same elements of the result.
Called by `eqsat.rules.certificate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
from eqsat.rules.pattern import Pattern, walk
from eqsat.rules.reference import Ball, ball, of_computation, of_reference, wider
from eqsat.rules.samples import Columns, admitted, grid, is_exhaustive, kind_char, numbers, ordinary, specials, wide

FACTOR = 4
"""How many times the left side's own bound the right side's error may be, more by one for each of its operations."""
MARGIN = 256.0
"""How far from the ends of the range of normal numbers a step counts as inside, where overflow is no excuse."""
DRAWN = 700
"""Cases of each way of drawing numbers, for each dtype."""
ARRAYS = 20


@dataclass(slots=True)
class Measured:
    """Errors of both sides in units in the last place, as they come in."""

    rule: Rule
    dtype: np.dtype
    left: list[np.ndarray] = field(default_factory=list[np.ndarray])
    right: list[np.ndarray] = field(default_factory=list[np.ndarray])
    worst: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    worse: tuple[float, Any] = (0.0, None)
    """Where the right side is further off than the left one by most."""

    def take(
        self, left: np.ndarray, right: np.ndarray, place: Callable[[int], str], keep: Callable[[int], Any]
    ) -> None:
        """More errors; `place` tells where one of them is."""
        if not left.size:
            return
        self.left.append(left)
        self.right.append(right)
        for name, errors in (("left", left), ("right", right)):
            k = int(np.argmax(errors))
            if errors[k] > self.worst.get(name, (0.0, ""))[0]:
                self.worst[name] = (float(errors[k]), place(k))
        with np.errstate(all="ignore"):
            gap = np.log2(1 + right) - np.log2(1 + left)
        gap = np.where(np.isnan(gap), 0, gap)
        k = int(np.argmax(gap))
        if gap[k] > self.worse[0]:
            self.worse = (float(gap[k]), keep(k))

    def errors(self) -> Errors | None:
        """The summary; None if nothing was measured."""
        if not self.left:
            return None
        (left, left_at), (right, right_at) = (self.worst.get(name, (0.0, "")) for name in ("left", "right"))
        bits = [_bits(np.concatenate(side), self.dtype) for side in (self.left, self.right)]
        return Errors(self.dtype.name, left, right, left_at, right_at, *bits)


def _bits(errors: np.ndarray, dtype: np.dtype) -> float:
    """The mean number of bits lost beyond `FACTOR` units; at most all of them."""
    return float(np.mean(np.log2(np.clip(errors / FACTOR, 1.0, 2.0 ** (8 * dtype.itemsize)))))


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides for one batch: as computed, as references, and the radius that rounding may lead the left side to."""

    left: Any
    right: Any
    exact_left: Ball
    exact_right: Ball
    bound_left: Any
    bound_right: Any

    @property
    def exact(self) -> Ball:
        """The better known of both references: where the sides are one function, it is that of both."""
        one, other = self.exact_left, self.exact_right
        better = (other.radius < one.radius) & np.isfinite(other.value)
        return Ball(
            np.where(better, other.value, one.value),
            np.where(better, other.radius, one.radius),
            one.inside & other.inside,
        )


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
            count += len(next(iter(values.values())))
            found = _special(rule, dtype, precision, values) if name == "special" else None
            found = found or _numbers(rule, dtype, precision, values, measured if name == "drawn" else None)
            if found is not None:
                return Found([*tried, Tried(dtype.name, count)], found, errors)
        tried.append(Tried(dtype.name, count, exhaustive))
        if (summary := measured.errors()) is not None:
            errors.append(summary)
            all_measured.append(measured)
    return Found(tried, None if quick else _is_no_better(rule, errors, all_measured), errors)


def _integers(dtype: np.dtype) -> str:
    return "Bool" if dtype.kind == "b" else "Signed" if dtype.kind == "i" else "Unsigned"


def _batches(rule: Rule, dtype: np.dtype, random: np.random.Generator, quick: bool) -> list[tuple[str, Columns]]:
    drawn = 250 if quick else DRAWN
    found = [("special", _special_grid(rule, dtype, 500 if quick else 3000))]
    found.append(("drawn", numbers(rule, dtype, drawn, random, ordinary)))
    found.append(("drawn", numbers(rule, dtype, drawn, random, wide)))
    if is_exhaustive(rule, dtype) and not quick:
        found.append(("drawn", grid(rule, dtype)))
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


def _sides(
    rule: Rule, dtype: np.dtype, precision: np.dtype, values: Mapping[str, Any], compute: Callable[[Pattern], Any]
) -> Sides:
    reference = of_reference(precision, dtype, 1.0 if "reassoc" in rule.requires else MARGIN)
    computation = of_computation(precision, dtype)
    with np.errstate(all="ignore"):
        left, right = (compute(side) for side in (rule.left, rule.right))
        balls = [ball(side, values, reference) for side in (rule.left, rule.right)]
        bounds = [ball(side, values, computation).radius for side in (rule.left, rule.right)]
    return Sides(left, right, balls[0], balls[1], bounds[0], bounds[1])


def _numbers(
    rule: Rule, dtype: np.dtype, precision: np.dtype, values: Columns, measured: Measured | None
) -> Counterexample | None:
    """Value and accuracy, for columns."""
    length = len(next(iter(values.values())))
    sides = _sides(rule, dtype, precision, values, lambda side: columns(rule, side, dtype, values))
    sides = _spread(sides, (length,))
    if sides.left.dtype.kind not in "fc":
        wrong = _truth_differs(rule, sides)
        place = int(np.argmax(wrong)) if np.any(wrong) else -1
        return at(rule, dtype, values, place, sides.left[place], sides.right[place], "value") if place >= 0 else None
    with np.errstate(all="ignore"):
        worst = _value_differs(sides)
        place = int(np.argmax(worst))
        if worst[place] > 0:
            says = f"as real numbers {_decimal(sides.exact_left.value[place])}"
            says += f" and {_decimal(sides.exact_right.value[place])}"
            return at(rule, dtype, values, place, sides.left[place], sides.right[place], "value", says)
        if measured is None:
            return None
        far = _too_far(rule, sides)
        place = int(np.argmax(far))
        if far[place] > 0:
            says = _off(sides, place, dtype)
            return at(rule, dtype, values, place, sides.left[place], sides.right[place], "accuracy", says)
        mask, left, right = _ulps(rule, sides, dtype)
        places = np.flatnonzero(mask)
    measured.take(
        left[mask],
        right[mask],
        lambda k: _given_at(values, int(places[k])),
        lambda k: (values, int(places[k]), sides),
    )
    return None


def _spread(sides: Sides, shape: tuple[int, ...]) -> Sides:
    """All parts of one shape: a side may be a single number."""

    def full(x: Any) -> Any:
        return np.broadcast_to(np.asarray(x), shape)

    one, other = (
        Ball(full(each.value), full(each.radius), full(each.inside)) for each in (sides.exact_left, sides.exact_right)
    )
    return Sides(full(sides.left), full(sides.right), one, other, full(sides.bound_left), full(sides.bound_right))


def _truth_differs(rule: Rule, sides: Sides) -> np.ndarray:
    """Of comparisons: where both are certain and differ, nothing on the way being out of range."""
    sure = (sides.bound_left == 0) & (sides.bound_right == 0) & sides.exact_left.inside & sides.exact_right.inside
    return sure & (sides.exact_left.value != sides.exact_right.value)


def _value_differs(sides: Sides) -> np.ndarray:
    """By how many times what is permitted the references differ; 0 where they do not."""
    one, other = sides.exact_left, sides.exact_right
    apart = np.abs(one.value - other.value)
    allowed = 8 * (one.radius + other.radius) + 2 * (sides.bound_left + sides.bound_right)
    sure = np.isfinite(one.value) & np.isfinite(other.value) & np.isfinite(allowed)
    visible = differs(np.asarray(sides.left), np.asarray(sides.right))
    return np.where(sure & visible & (apart > allowed), apart / np.maximum(allowed, np.finfo(apart.dtype).tiny), 0)


def _too_far(rule: Rule, sides: Sides) -> np.ndarray:
    """By how many times what is permitted the right side is off; 0 where it is not."""
    exact = sides.exact
    sure = np.isfinite(exact.value) & np.isfinite(sides.bound_left) & sides.exact_left.inside
    if "reassoc" in rule.requires:
        sure = sure & sides.exact_right.inside
    off = np.abs(sides.right.astype(exact.value.dtype) - exact.value)
    off = np.where(np.isnan(off), np.inf, off)
    count = sum(part.op not in ("variable", "literal") for part in walk(rule.right))
    allowed = (FACTOR + count) * sides.bound_left + 8 * exact.radius
    return np.where(sure & (off > allowed), off / np.maximum(allowed, np.finfo(off.dtype).tiny), 0)


def _ulps(rule: Rule, sides: Sides, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where errors can be measured, and the errors of both sides."""
    reference = sides.exact
    exact = reference.value
    real = np.dtype({"F": "f", "D": "d"}.get(dtype.char, dtype.char))
    info = np.finfo(real)
    size = np.abs(exact)
    unit = np.spacing(np.minimum(size, info.max).astype(real)).astype(size.dtype)
    mask = np.isfinite(exact) & (size >= info.tiny) & (size <= info.max) & (reference.radius < unit / 4)
    if not rule.accuracy:
        mask = mask & reference.inside
    errors: list[np.ndarray] = []
    for side in (sides.left, sides.right):
        off = np.abs(side.astype(exact.dtype) - exact) / unit
        errors.append(np.where(np.isnan(off), np.inf, off).astype(np.float64))
    return mask, errors[0], errors[1]


def _off(sides: Sides, place: Any, dtype: np.dtype) -> str:
    exact = sides.exact.value[place]
    real = np.dtype({"F": "f", "D": "d"}.get(dtype.char, dtype.char))
    unit = float(np.spacing(np.abs(exact).astype(real)))
    off = [float(np.abs(side[place].astype(exact.dtype) - exact)) / unit for side in (sides.left, sides.right)]
    return f"the exact result is {_decimal(exact)}: left is off by {off[0]:.3g} ulp, right by {off[1]:.3g}"


def _decimal(value: Any) -> str:
    return f"{complex(value):.6g}" if np.iscomplexobj(value) else f"{float(value):.10g}"


def _given_at(values: Mapping[str, Any], place: int) -> str:
    return ", ".join(f"{name} = {column[place]}" for name, column in values.items())


def _is_no_better(rule: Rule, errors: list[Errors], measured: list[Measured]) -> Counterexample | None:
    """A rule that claims accuracy and does not give it, over all dtypes: where the right side is worse by most."""
    left, right = sum(one.left_bits for one in errors), sum(one.right_bits for one in errors)
    if not rule.accuracy or not measured or right < left:
        return None
    worst = max(measured, key=lambda one: one.worse[0])
    if worst.worse[1] is None:
        return None
    values, place, sides = worst.worse[1]
    dtype = worst.dtype
    says = f"{_off(sides, place, dtype)}; over all dtypes they lose {left:.2f} and {right:.2f} bits on average"
    if isinstance(values, Case):
        return given(rule, dtype.name, values, sides.left, sides.right, "accuracy", says)
    return at(rule, dtype, values, place, sides.left[place], sides.right[place], "accuracy", says)


# Zeros, infinities, NaN -------------------------------------------------------------------------------------------


def _special(rule: Rule, dtype: np.dtype, precision: np.dtype, values: Columns) -> Counterexample | None:
    """The first case in which the right side breaks what the flags do not give away."""
    if dtype.kind != "f":
        return None
    length = len(next(iter(values.values())))
    sides = _spread(_sides(rule, dtype, precision, values, lambda side: columns(rule, side, dtype, values)), (length,))
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
    if not tried:
        raise RuleError(f"rule {rule.name}: NumPy raises for every left side that was tried", rule.span)
    return Found(tried, None if quick else _is_no_better(rule, errors, all_measured), errors, len(shapes))


def _spread_out(dtype: np.dtype, count: int, random: np.random.Generator) -> np.ndarray:
    """Ordinary numbers, 24 times as large."""
    values = ordinary(dtype, count, random)
    return (values * dtype.type(24)).astype(dtype) if dtype.kind in "fc" else values


def _array(
    rule: Rule, name: str, dtype: np.dtype, precision: np.dtype, case: Case, measured: Measured
) -> Counterexample | None:
    try:
        sides = _sides(rule, dtype, precision, case.values, lambda side: evaluate(side, case.values))
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
    sides = _spread(replace(sides, left=left, right=right), left.shape)
    if not left.size:
        return None
    with np.errstate(all="ignore"):
        worst = _value_differs(sides)
        place = np.unravel_index(int(np.argmax(worst)), left.shape)
        if worst[place] > 0:
            says = f"as real numbers {_decimal(sides.exact_left.value[place])}"
            says += f" and {_decimal(sides.exact_right.value[place])}"
            return given(rule, name, case, left, right, "value", says)
        far = _too_far(rule, sides)
        place = np.unravel_index(int(np.argmax(far)), left.shape)
        if far[place] > 0:
            return given(rule, name, case, left, right, "accuracy", _off(sides, place, left.dtype))
        mask, one, other = _ulps(rule, sides, left.dtype)
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
