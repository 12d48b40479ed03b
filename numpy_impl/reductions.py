"""Reductions: sum, prod, min, max, mean, var, std, ptp, any, all, as functions and as methods.

Called through `numpy_impl.library`. Refused: `out=`, `initial=`, `where=`, reductions of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend import reduction
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, Value
from eqsat.ir.dims import ONE, Dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType
from numpy_impl.calls import ABSENT, NONE, array, axes_of, handler, integer, known_bool, optional_dtype, refuse

Reducer = Callable[..., Value]


def _reduce(builder: Builder, call: Call, op: str, a: Value, axis: Value, dtype: Value, keepdims: Value) -> Node:
    source = builder.node(a, call.span)
    axes = _axes(builder, call, source, axis)
    wanted = optional_dtype(call, dtype)
    return reduction.reduce(builder, op, source, axes, known_bool(call, "keepdims", keepdims), wanted, call.span)


def with_dtype(op: str) -> Reducer:
    """`np.sum` and `np.prod`."""

    def function(
        builder: Builder,
        call: Call,
        a: Value,
        axis: Value = NONE,
        dtype: Value = NONE,
        out: Value = NONE,
        keepdims: Value = ABSENT,
        initial: Value = ABSENT,
        where: Value = ABSENT,
    ) -> Value:
        refuse(call, out=out, initial=(initial, np._NoValue), where=(where, True))
        return _reduce(builder, call, op, a, axis, dtype, keepdims)

    return function


def extremum(op: str) -> Reducer:
    """`np.max` and `np.min`."""

    def function(
        builder: Builder,
        call: Call,
        a: Value,
        axis: Value = NONE,
        out: Value = NONE,
        keepdims: Value = ABSENT,
        initial: Value = ABSENT,
        where: Value = ABSENT,
    ) -> Value:
        refuse(call, out=out, initial=(initial, np._NoValue), where=(where, True))
        return _reduce(builder, call, op, a, axis, NONE, keepdims)

    return function


def truth(op: str) -> Reducer:
    """`np.any` and `np.all`."""

    def function(
        builder: Builder,
        call: Call,
        a: Value,
        axis: Value = NONE,
        out: Value = NONE,
        keepdims: Value = ABSENT,
        *,
        where: Value = ABSENT,
    ) -> Value:
        refuse(call, out=out, where=(where, True))
        return _reduce(builder, call, op, a, axis, NONE, keepdims)

    return function


def mean(
    builder: Builder,
    call: Call,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    out: Value = NONE,
    keepdims: Value = ABSENT,
    *,
    where: Value = ABSENT,
) -> Value:
    """`np.mean`, step by step as NumPy's `_methods._mean`."""
    refuse(call, out=out, where=(where, True))
    source, axes, count = _counted(builder, call, a, axis)
    total, back = _sum_dtype(builder.numeric(source, call.span).dtype, optional_dtype(call, dtype))
    keep = known_bool(call, "keepdims", keepdims)
    added = reduction.reduce(builder, "add", source, axes, keep, total, call.span)
    return _divided(builder, call, added, builder.size(count, call.span), back)


def _counted(builder: Builder, call: Call, a: Value, axis: Value) -> tuple[Node, tuple[int, ...], Dim]:
    """The operand, the axes and how many elements each result has; of none, NumPy warns."""
    source = builder.node(a, call.span)
    axes = axes_of(builder, call, axis, builder.ndim(source))
    shape = builder.shape(source, call.span)
    count = product(tuple(shape[k] for k in axes))
    if not builder.decide(count, ">=", ONE, call.span):
        builder.leave_to_python(call.span)
    return source, axes, count


def _axes(builder: Builder, call: Call, source: Node, axis: Value) -> tuple[int, ...]:
    """The axes that are reduced; a number may be reduced over its axis 0 or -1, which it does not have."""
    ndim = builder.ndim(source)
    if ndim == 0:
        axes_of(builder, call, axis, 1)
        return ()
    return axes_of(builder, call, axis, ndim)


def _sum_dtype(source: DType, given: DType | None) -> tuple[DType | None, DType | None]:
    """The dtype of the sum, and the one to go back to in the end: integers sum as f8, f2 as f4."""
    if given is not None:
        return given, None
    if source.kind in "bui":
        return np.dtype(np.float64), None
    if source == np.dtype(np.float16):
        return np.dtype(np.float32), source
    return None, None


def _divided(builder: Builder, call: Call, total: Node, count: Value, back: DType | None) -> Node:
    """`total / count` with count an np.intp, which divides float32 in float64, and back to the sum's dtype.

    NumPy writes the quotient of arrays into the sum itself (`out=ret`), of numbers it converts it: equal rounding.
    """
    span = call.span
    dtype = builder.numeric(total, span).dtype
    divisor = builder.cast(count, np.dtype(np.intp), span)
    quotient = builder.elementwise(np.true_divide, [total, divisor], span)
    if back is not None and not isinstance(total.type, Array):
        return builder.coerce(quotient, back, span)
    rounded = builder.coerce(quotient, dtype, span)
    return rounded if back is None else builder.coerce(rounded, back, span)


def var(
    builder: Builder,
    call: Call,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    out: Value = NONE,
    ddof: Value = Known(0),  # noqa: B008
    keepdims: Value = ABSENT,
    *,
    where: Value = ABSENT,
    mean: Value = ABSENT,
    correction: Value = ABSENT,
) -> Value:
    """`np.var` in two passes, step by step as NumPy's `_methods._var`."""
    refuse(call, out=out, where=(where, True), mean=(mean, np._NoValue), correction=(correction, np._NoValue))
    return _variance(builder, call, a, axis, dtype, ddof, keepdims, root=False)


def std(
    builder: Builder,
    call: Call,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    out: Value = NONE,
    ddof: Value = Known(0),  # noqa: B008
    keepdims: Value = ABSENT,
    *,
    where: Value = ABSENT,
    mean: Value = ABSENT,
    correction: Value = ABSENT,
) -> Value:
    """`np.std`: the square root of `np.var`."""
    refuse(call, out=out, where=(where, True), mean=(mean, np._NoValue), correction=(correction, np._NoValue))
    return _variance(builder, call, a, axis, dtype, ddof, keepdims, root=True)


def ptp(
    builder: Builder, call: Call, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = ABSENT
) -> Value:
    """`np.ptp`: maximum less minimum."""
    refuse(call, out=out)
    high = _reduce(builder, call, "maximum", a, axis, NONE, keepdims)
    low = _reduce(builder, call, "minimum", a, axis, NONE, keepdims)
    return builder.elementwise(np.subtract, [high, low], call.span)


def _variance(
    builder: Builder, call: Call, a: Value, axis: Value, dtype: Value, ddof: Value, keepdims: Value, *, root: bool
) -> Value:
    span = call.span
    source, axes, count = _counted(builder, call, array(builder, call, a), axis)
    freedom = count - integer(builder, call, ddof)
    if not builder.decide(freedom, ">=", ONE, span):
        builder.leave_to_python(span)
    kind = builder.numeric(source, span).dtype.kind
    if kind == "c":
        raise UnsupportedError(f"{call.name} of complex numbers is not compiled yet", span)
    total = optional_dtype(call, dtype)
    if total is None and kind in "bui":
        total = np.dtype(np.float64)
    added = reduction.reduce(builder, "add", source, axes, True, total, span)
    center = _divided(builder, call, added, builder.size(count, span), None)
    deviation = builder.elementwise(np.subtract, [source, center], span)
    # NumPy multiplies booleans' deviations by their conjugate, which is the same product.
    squares = builder.elementwise(np.square, [deviation], span)
    keep = known_bool(call, "keepdims", keepdims)
    spread = reduction.reduce(builder, "add", squares, axes, keep, total, span)
    result = _divided(builder, call, spread, builder.size(freedom, span), None)
    if not root:
        return result
    dtype_ = builder.numeric(result, span).dtype
    return builder.coerce(builder.elementwise(np.sqrt, [result], span), dtype_, span)


_SUM, _PROD = handler(with_dtype("add")), handler(with_dtype("multiply"))
_MAX, _MIN = handler(extremum("maximum")), handler(extremum("minimum"))
_ANY, _ALL = handler(truth("logical_or")), handler(truth("logical_and"))
_MEAN, _VAR, _STD, _PTP = handler(mean), handler(var), handler(std), handler(ptp)

FUNCTIONS: dict[object, Handler] = {
    np.sum: _SUM,
    np.prod: _PROD,
    np.max: _MAX,
    np.amax: _MAX,
    np.min: _MIN,
    np.amin: _MIN,
    np.any: _ANY,
    np.all: _ALL,
    np.mean: _MEAN,
    np.var: _VAR,
    np.std: _STD,
    np.ptp: _PTP,
}

METHODS: dict[str, Handler] = {
    "sum": _SUM,
    "prod": _PROD,
    "max": _MAX,
    "min": _MIN,
    "any": _ANY,
    "all": _ALL,
    "mean": _MEAN,
    "var": _VAR,
    "std": _STD,
}
