"""Both sides of a rule under flags for one batch of values: as computed, as references, and what may lie between.

Called by `eqsat.rules.inexact`, which says what the checks mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsat.rules.api import Rule
from eqsat.rules.exact import differs
from eqsat.rules.pattern import Pattern, walk
from eqsat.rules.reference import Ball, ball, of_computation, of_reference

FACTOR = 4
"""How many times the left side's own bound the right side's error may be, more by one for each of its operations."""
MARGIN = 256.0
"""How far from the ends of the range of normal numbers a step counts as inside, where overflow is no excuse."""


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


def sides_of(
    rule: Rule, dtype: np.dtype, precision: np.dtype, values: Mapping[str, Any], compute: Callable[[Pattern], Any]
) -> Sides:
    """Both sides for some values; `compute` computes one in the dtype."""
    reference = of_reference(precision, dtype, 1.0 if "reassoc" in rule.requires else MARGIN)
    computation = of_computation(precision, dtype)
    with np.errstate(all="ignore"):
        left, right = (compute(side) for side in (rule.left, rule.right))
        balls = [ball(side, values, reference) for side in (rule.left, rule.right)]
        bounds = [ball(side, values, computation).radius for side in (rule.left, rule.right)]
    return Sides(left, right, balls[0], balls[1], bounds[0], bounds[1])


def spread(sides: Sides, shape: tuple[int, ...]) -> Sides:
    """All parts of one shape: a side may be a single number."""

    def full(x: Any) -> Any:
        return np.broadcast_to(np.asarray(x), shape)

    one, other = (
        Ball(full(each.value), full(each.radius), full(each.inside)) for each in (sides.exact_left, sides.exact_right)
    )
    return Sides(full(sides.left), full(sides.right), one, other, full(sides.bound_left), full(sides.bound_right))


def truth_differs(rule: Rule, sides: Sides) -> np.ndarray:
    """Of comparisons: where both are certain and differ, nothing on the way being out of range."""
    sure = (sides.bound_left == 0) & (sides.bound_right == 0) & sides.exact_left.inside & sides.exact_right.inside
    return sure & (sides.exact_left.value != sides.exact_right.value)


def value_differs(sides: Sides) -> np.ndarray:
    """By how many times what is permitted the references differ; 0 where they do not."""
    one, other = sides.exact_left, sides.exact_right
    apart = np.abs(one.value - other.value)
    allowed = 8 * (one.radius + other.radius) + 2 * (sides.bound_left + sides.bound_right)
    sure = np.isfinite(one.value) & np.isfinite(other.value) & np.isfinite(allowed)
    visible = differs(np.asarray(sides.left), np.asarray(sides.right))
    return np.where(sure & visible & (apart > allowed), apart / np.maximum(allowed, np.finfo(apart.dtype).tiny), 0)


def too_far(rule: Rule, sides: Sides) -> np.ndarray:
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


def ulps(rule: Rule, sides: Sides, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def off_by(sides: Sides, place: Any, dtype: np.dtype) -> str:
    """How far both sides are off at one place, in words."""
    exact = sides.exact.value[place]
    real = np.dtype({"F": "f", "D": "d"}.get(dtype.char, dtype.char))
    unit = float(np.spacing(np.abs(exact).astype(real)))
    off = [float(np.abs(side[place].astype(exact.dtype) - exact)) / unit for side in (sides.left, sides.right)]
    return f"the exact result is {decimal(exact)}: left is off by {off[0]:.3g} ulp, right by {off[1]:.3g}"


def decimal(value: Any) -> str:
    """A number of any precision, shortly."""
    return f"{complex(value):.6g}" if np.iscomplexobj(value) else f"{float(value):.10g}"
