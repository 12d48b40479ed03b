"""The value of a pattern in higher precision, with a radius: how far a computation may end from it.

Running error analysis without derivatives. Every operation is computed at its operands and again with each operand
moved by its radius, there and back; what the result moves by is added up, and the operation's own rounding is put on
top: half a unit in the last place for what IEEE 754 rounds correctly, four for functions, one for each summand of a
sum. Products of matrices, inverses, solutions and determinants have the bounds of the textbooks, to first order.

So `radius` with rounding unit 0 of the operands is an error bound of the reference itself; with the unit of a dtype,
for operands as well, it says how far both the rounding of the computation and that of its operands may lead: large
where the expression is ill-conditioned, infinite where a little step leaves its domain. `inside`: no value on the way
leaves the range of normal numbers. Called by the certificates of rules under flags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsat.rules.evaluate import applied, axes_of, function_of
from eqsat.rules.pattern import MOVEMENT, Pattern

_ROUNDED = frozenset({"add", "subtract", "multiply", "divide", "sqrt", "square", "reciprocal"})
_EXACT = frozenset({"negative", "positive", "absolute", "fabs", "maximum", "minimum", "fmax", "fmin", "clip", "select"})
_WHOLE = frozenset({"floor", "ceil", "trunc", "rint", "sign", "copysign", "conjugate", "fmod", "heaviside"})
_POLES = frozenset({("divide", 1), ("reciprocal", 0), ("tan", 0), ("power", 0), ("float_power", 0)})
"""Operands across which there may be a pole: a step that changes the sign of the result has no bound."""
_FUNCTION = 8.0
"""Rounding units of a function: four units in the last place, as NumPy has it of its vector code."""
_OPAQUE = 64.0


@dataclass(frozen=True, slots=True)
class Ball:
    """Values, how far off they may be, and whether all on the way is inside the range of normal numbers."""

    value: Any
    radius: Any
    inside: Any


@dataclass(frozen=True, slots=True)
class Precision:
    """What a reference is computed in (`wide`), for computations in `narrow`; `unit` of rounding, `least` step."""

    wide: np.dtype
    narrow: np.dtype
    unit: float
    least: float
    operands: float
    margin: float = 1.0
    """Values must be so many times away from the ends of the range of normal numbers."""

    def widened(self, value: Any) -> Any:
        """A value in the wide precision, unless it is no number of floating point."""
        array = np.asarray(value)
        if array.dtype.kind == "c":
            return array.astype(np.result_type(self.wide, np.complex64))
        return array.astype(self.wide) if array.dtype.kind == "f" else array

    def is_inside(self, value: Any) -> Any:
        """Whether values are normal numbers of the narrow dtype, or zero; anything that is no float is."""
        if value.dtype.kind not in "fc":
            return np.ones(value.shape, np.bool_)
        info = np.finfo(self.narrow)
        size = np.abs(value)
        low, high = float(info.tiny) * self.margin, float(info.max) / self.margin
        return (size == 0) | ((size >= low) & (size <= high))


def wider(dtype: np.dtype) -> np.dtype | None:
    """A precision for references of results in `dtype`; None if NumPy has none on this machine."""
    real = np.dtype({"F": "f", "D": "d"}.get(dtype.char, dtype.char))
    if real.itemsize < 8:
        return np.dtype(np.float64)
    return np.dtype(np.longdouble) if np.finfo(np.longdouble).nmant > np.finfo(real).nmant + 8 else None


def of_reference(wide: np.dtype, narrow: np.dtype, margin: float) -> Precision:
    """The reference's own errors."""
    return Precision(wide, narrow, float(np.finfo(wide).eps) / 2, 0.0, 0.0, margin)


def of_computation(wide: np.dtype, narrow: np.dtype) -> Precision:
    """The errors of a computation in the narrow dtype, the rounding of its operands among them."""
    info = np.finfo(narrow)
    unit = float(info.eps) / 2
    return Precision(wide, narrow, unit, float(info.smallest_subnormal), unit)


def ball(pattern: Pattern, values: Mapping[str, Any], precision: Precision) -> Ball:
    """One side of a rule as a ball. Warnings are the caller's."""
    if pattern.op == "variable":
        value = precision.widened(values[str(pattern.value)])
        size = np.where(np.isfinite(value), np.abs(value), 0) if value.dtype.kind in "fc" else np.zeros(value.shape)
        radius = size * precision.operands
        return Ball(value, _real(radius, precision), np.isfinite(value))
    if pattern.op == "literal":
        return _literal(pattern.value, precision)
    args = [ball(arg, values, precision) for arg in pattern.args]
    if pattern.op == "size":
        return Ball(applied(pattern, [args[0].value], values), precision.wide.type(0), np.True_)
    if pattern.op in MOVEMENT:
        (x,) = args
        return Ball(*(applied(pattern, [part], values) for part in (x.value, x.radius, x.inside)))
    if pattern.op == "reduce":
        return _reduced(pattern, args[0], values, precision)
    if pattern.op == "call":
        return _called(pattern, args, precision)
    return _elementwise(pattern, args, precision)


def _real(radius: Any, precision: Precision) -> Any:
    return np.asarray(radius).astype(precision.wide)


def _literal(number: Any, precision: Precision) -> Ball:
    """A number; one that is no short fraction was rounded where it was written, and is rounded to the dtype."""
    if isinstance(number, bool | int):
        return Ball(number, precision.wide.type(0), np.True_)
    value = precision.wide.type(number)
    with np.errstate(all="ignore"):
        short = float(np.float16(number)) == number
    off = 0.0 if short else abs(number) * max(precision.operands, 2.0**-53)
    return Ball(value, precision.wide.type(off), np.True_)


def _elementwise(pattern: Pattern, args: list[Ball], precision: Precision) -> Ball:
    inside = np.True_
    for arg in args:
        inside = inside & arg.inside

    def compute(*operands: Any) -> Any:
        return np.asarray(applied(pattern, list(operands), {}))

    values = [arg.value for arg in args]
    value = compute(*values)
    radius = precision.wide.type(0)
    for k, arg in enumerate(args):
        if not np.any(np.asarray(arg.radius) != 0):
            continue
        moved: Any = precision.wide.type(0)
        for other in _moved(arg):
            there = compute(*values[:k], other, *values[k + 1 :])
            moved = np.maximum(moved, _distance(there, value, precision))
            if (pattern.op, k) in _POLES:
                crossed = (there * value <= 0) & (np.abs(value) > (1 if pattern.op == "tan" else 0))
                moved = np.where(crossed, precision.wide.type(np.inf), moved)
        if pattern.op in ("sin", "cos", "tan"):  # steps of whole turns tell nothing
            moved = np.where(arg.radius > 0.5, precision.wide.type(np.inf), moved)
        radius = radius + moved
    if value.dtype.kind in "fc":
        size = np.where(np.isfinite(value), np.abs(value), 0)
        radius = radius + size * (precision.unit * _units(pattern.op)) + precision.least
        radius = radius + _out_of_range(value, values, precision)
    elif value.dtype.kind == "b":
        radius = np.minimum(radius, precision.wide.type(1))
    inside = inside & precision.is_inside(value)
    return Ball(value, np.broadcast_to(_real(radius, precision), value.shape), np.broadcast_to(inside, value.shape))


def _out_of_range(value: Any, operands: list[Any], precision: Precision) -> Any:
    """What is not known of a result that left the range of the wide precision: everything above, a step below."""
    finite = np.True_
    for operand in operands:
        finite = finite & np.isfinite(operand)
    info = np.finfo(precision.wide)
    below = np.where(np.abs(value) < info.tiny, info.smallest_subnormal, precision.wide.type(0))
    return np.where(np.isinf(value) & finite, precision.wide.type(np.inf), below)


def _units(op: str) -> float:
    return 0.0 if op in _EXACT | _WHOLE else 1.0 if op in _ROUNDED else _FUNCTION


def _moved(arg: Ball) -> list[Any]:
    """The operand with a step of its radius there and back, and of a part of it."""
    value = np.asarray(arg.value)
    if value.dtype.kind == "b":
        return [value ^ (arg.radius > 0)]
    steps = [arg.radius, -arg.radius, arg.radius * 0.61]
    if value.dtype.kind == "c":
        steps += [arg.radius * 1j, arg.radius * -1j]
    return [value + step for step in steps]


def _distance(one: Any, other: Any, precision: Precision) -> Any:
    """How far apart; infinite where one of the two is NaN, and where both are infinite but not the same."""
    if other.dtype.kind == "b":
        return (one != other).astype(precision.wide)
    apart = np.abs(one - other)
    apart = np.where(one == other, 0, apart)
    both = np.isnan(one) & np.isnan(other) if other.dtype.kind in "fc" else np.False_
    return np.where(both, 0, np.where(np.isnan(apart), np.inf, apart)).astype(precision.wide)


def _reduced(pattern: Pattern, x: Ball, values: Mapping[str, Any], precision: Precision) -> Ball:
    name, axes = pattern.value
    axes = axes_of(axes, values)

    def fold(op: np.ufunc, array: Any) -> Any:
        return np.asarray(op.reduce(array, axis=axes))

    value = np.asarray(applied(pattern, [x.value], values))
    count = max(x.value.size // max(value.size, 1), 1)
    inside = fold(np.logical_and, x.inside) & precision.is_inside(value)
    if name == "add":
        radius = fold(np.add, x.radius) + fold(np.add, np.abs(x.value)) * (count * precision.unit)
    elif name == "multiply":
        size = np.abs(x.value)
        grown = fold(np.multiply, size * (1 + precision.unit) + x.radius) - fold(np.multiply, size)
        radius = np.abs(grown)
    elif name in ("maximum", "minimum"):
        radius = fold(np.maximum, x.radius) if x.value.size else np.zeros(value.shape)
    else:
        radius = np.minimum(fold(np.add, x.radius), 1)
    return Ball(value, _real(radius, precision), inside)


def _called(pattern: Pattern, args: list[Ball], precision: Precision) -> Ball:
    values = [np.asarray(arg.value) for arg in args]
    inside = all(bool(np.all(arg.inside)) for arg in args)
    if callable(pattern.value):
        return _opaque(pattern, args, inside, precision)
    sizes, radii = [np.abs(value) for value in values], [np.asarray(arg.radius) for arg in args]
    unit = precision.unit
    if pattern.value == "matmul":
        a, b = values
        count = a.shape[-1]
        value = np.asarray(a @ b)
        radius = sizes[0] @ radii[1] + radii[0] @ sizes[1] + radii[0] @ radii[1]
        radius = radius + (sizes[0] @ sizes[1]) * (unit * max(count, 1))
    else:
        a = values[0]
        n = len(a)
        inverse, determinant = eliminated(a)
        grown = radii[0] + sizes[0] * (8.0 * unit * max(n, 1))
        if pattern.value == "inv":
            value = inverse
            radius = np.abs(inverse) @ grown @ np.abs(inverse)
        elif pattern.value == "solve":
            value = np.asarray(inverse @ values[1])
            radius = np.abs(inverse) @ (grown @ np.abs(value) + radii[1] + sizes[1] * unit)
        else:
            value = np.asarray(determinant)
            radius = np.abs(determinant) * (np.sum(np.abs(inverse).T * grown) + unit * n)
    whole = np.asarray(inside) & precision.is_inside(value)
    return Ball(value, _real(radius, precision), np.broadcast_to(whole, value.shape))


def _opaque(pattern: Pattern, args: list[Ball], inside: bool, precision: Precision) -> Ball:
    """A function of the user's, which knows no higher precision than its own."""
    function: Callable[..., Any] = function_of(pattern)

    def compute(*operands: Any) -> Any:
        narrowed = [np.asarray(x).astype(np.float64) if np.asarray(x).dtype.kind == "f" else x for x in operands]
        return precision.widened(function(*(x[()] if isinstance(x, np.ndarray) else x for x in narrowed)))

    values = [arg.value for arg in args]
    value = compute(*values)
    radius = np.zeros(value.shape, precision.wide)
    for k, arg in enumerate(args):
        if np.any(np.asarray(arg.radius) > 0):
            for other in _moved(arg)[:2]:
                apart = _distance(compute(*values[:k], other, *values[k + 1 :]), value, precision)
                radius = np.maximum(radius, apart)
    own = max(precision.unit, 2.0**-53) * _OPAQUE
    if value.dtype.kind in "fc":
        radius = radius + np.abs(value) * own
    return Ball(value, radius, np.broadcast_to(np.asarray(inside) & precision.is_inside(value), value.shape))


def eliminated(matrix: Any) -> tuple[Any, Any]:
    """Inverse and determinant by Gauss's elimination with pivots, in any precision; of a singular matrix infinities."""
    n = len(matrix)
    work = np.concatenate([matrix, np.eye(n, dtype=matrix.dtype)], axis=1)
    determinant = matrix.dtype.type(1)
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(work[k:, k])))
        if pivot != k:
            work[[k, pivot]] = work[[pivot, k]]
            determinant = -determinant
        determinant = determinant * work[k, k]
        work[k] = work[k] / work[k, k]
        others = np.arange(n) != k
        work[others] = work[others] - work[others, k][:, None] * work[k]
    return work[:, n:], determinant
