"""Arrays of one repeated number: `zeros`, `ones`, `full` and their `_like` forms.

Called through `numpy_impl.library`. Refused: `empty`, whose values are whatever memory holds, and lists of numbers.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, Value
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType, Layout, c_layout
from eqsat.ir.view import View
from numpy_impl.calls import NONE, TRUE, array, handler, items_of, optional_dtype, order_of, refuse
from numpy_impl.casts import boxed, supported

_ZERO, _ONE = Known(0), Known(1)
_FLOAT64 = np.dtype(np.float64)


def repeated(builder: Builder, call: Call, fill: Value, shape: tuple[Dim, ...], dtype: DType, layout: Layout) -> Node:
    """A fresh array; one number, read by every index."""
    span = call.span
    single = boxed(builder, call, builder.node(fill, span), supported(call, dtype))
    everywhere = builder.view(single, View((), len(shape)), shape, span)
    return Node("copy", (everywhere,), None, Array(dtype, shape, layout), span)


def _shape(builder: Builder, call: Call, shape: Value) -> tuple[Dim, ...]:
    dims = tuple(builder.dim(item, call.span) for item in items_of(shape))
    if not all(builder.decide(d, ">=", ZERO, call.span, expected=True) for d in dims):
        raise PythonRaises("negative dimensions are not allowed", call.span)
    return tuple(ONE if builder.facts.is_one(d, call.span) else d for d in dims)


def _layout(call: Call, shape: tuple[Dim, ...], order: Value) -> Layout:
    refuse(call, order=(order, "C"))
    return c_layout(shape)


def zeros(
    builder: Builder,
    call: Call,
    shape: Value,
    dtype: Value = NONE,
    order: Value = Known("C"),  # noqa: B008
    *,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.zeros`."""
    refuse(call, device=device, like=like)
    dims = _shape(builder, call, shape)
    wanted = optional_dtype(call, dtype) or _FLOAT64
    return repeated(builder, call, _ZERO, dims, wanted, _layout(call, dims, order))


def ones(
    builder: Builder,
    call: Call,
    shape: Value,
    dtype: Value = NONE,
    order: Value = Known("C"),  # noqa: B008
    *,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.ones`."""
    refuse(call, device=device, like=like)
    dims = _shape(builder, call, shape)
    wanted = optional_dtype(call, dtype) or _FLOAT64
    return repeated(builder, call, _ONE, dims, wanted, _layout(call, dims, order))


def full(
    builder: Builder,
    call: Call,
    shape: Value,
    fill_value: Value,
    dtype: Value = NONE,
    order: Value = Known("C"),  # noqa: B008
    *,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.full` with a number."""
    refuse(call, device=device, like=like)
    dims = _shape(builder, call, shape)
    fill = _number(builder, call, fill_value)
    wanted = optional_dtype(call, dtype) or builder.numeric(fill, call.span).dtype
    return repeated(builder, call, fill, dims, wanted, _layout(call, dims, order))


def _like(builder: Builder, call: Call, a: Value, fill: Value, dtype: Value, order: Value) -> Value:
    prototype = array(builder, call, a)
    assert isinstance(prototype.type, Array)
    layout = builder.ordered(prototype, order_of(call, order, "K"), call.span)
    wanted = optional_dtype(call, dtype) or prototype.type.dtype
    return repeated(builder, call, fill, prototype.type.shape, wanted, layout)


def _number(builder: Builder, call: Call, value: Value) -> Node:
    node = builder.node(value, call.span)
    if isinstance(node.type, Array):
        raise UnsupportedError(f"{call.name} with an array to repeat is not compiled yet", call.span)
    return node


def zeros_like(
    builder: Builder,
    call: Call,
    a: Value,
    dtype: Value = NONE,
    order: Value = Known("K"),  # noqa: B008
    subok: Value = TRUE,
    shape: Value = NONE,
    *,
    device: Value = NONE,
) -> Value:
    """`np.zeros_like`."""
    refuse(call, subok=(subok, True), shape=shape, device=device)
    return _like(builder, call, a, _ZERO, dtype, order)


def ones_like(
    builder: Builder,
    call: Call,
    a: Value,
    dtype: Value = NONE,
    order: Value = Known("K"),  # noqa: B008
    subok: Value = TRUE,
    shape: Value = NONE,
    *,
    device: Value = NONE,
) -> Value:
    """`np.ones_like`."""
    refuse(call, subok=(subok, True), shape=shape, device=device)
    return _like(builder, call, a, _ONE, dtype, order)


def full_like(
    builder: Builder,
    call: Call,
    a: Value,
    fill_value: Value,
    dtype: Value = NONE,
    order: Value = Known("K"),  # noqa: B008
    subok: Value = TRUE,
    shape: Value = NONE,
    *,
    device: Value = NONE,
) -> Value:
    """`np.full_like` with a number."""
    refuse(call, subok=(subok, True), shape=shape, device=device)
    return _like(builder, call, a, _number(builder, call, fill_value), dtype, order)


FUNCTIONS: dict[object, Handler] = {
    np.zeros: handler(zeros),
    np.ones: handler(ones),
    np.full: handler(full),
    np.zeros_like: handler(zeros_like),
    np.ones_like: handler(ones_like),
    np.full_like: handler(full_like),
}
