"""Arrays of one repeated number: `zeros`, `ones`, `full` and their `_like` forms.

Called through `numpy_impl.library`. Refused: `_like` forms with an array to repeat.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.assigned import assigned
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.fancy import fitted
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.frontend.weak import long_integer
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType, Layout, Scalar, c_layout, packed_layout
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


def shape_given(builder: Builder, call: Call, shape: Value) -> tuple[Dim, ...]:
    """The lengths of a new array."""
    dims = tuple(builder.dim(item, call.span) for item in items_of(shape))
    if not all(builder.decide(d, ">=", ZERO, call.span, expected=True) for d in dims):
        raise PythonRaises("negative dimensions are not allowed", call.span)
    return tuple(ONE if builder.facts.is_one(d, call.span) else d for d in dims)


def layout_of(call: Call, shape: tuple[Dim, ...], order: Value) -> Layout:
    """The layout of a new array."""
    letter = order_of(call, order, "C")
    if letter not in ("C", "F"):
        raise PythonRaises("only 'C' or 'F' order is permitted", call.span)
    return c_layout(shape) if letter == "C" else packed_layout(shape, tuple(reversed(range(len(shape)))))


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
    dims = shape_given(builder, call, shape)
    wanted = optional_dtype(call, dtype) or _FLOAT64
    return repeated(builder, call, _ZERO, dims, wanted, layout_of(call, dims, order))


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
    dims = shape_given(builder, call, shape)
    wanted = optional_dtype(call, dtype) or _FLOAT64
    return repeated(builder, call, _ONE, dims, wanted, layout_of(call, dims, order))


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
    """`np.full`, with a number or an array."""
    refuse(call, device=device, like=like)
    dims = shape_given(builder, call, shape)
    asked = optional_dtype(call, dtype)
    long = long_integer(fill_value, asked)
    given = fill_value if long is None else Known(long)
    if isinstance(given, TupleValue):
        given = array_of(builder, given, None, call.span)
    fill = builder.node(given, call.span)
    wanted = asked or builder.numeric(fill, call.span).dtype
    layout = layout_of(call, dims, order)
    if isinstance(fill.type, Scalar):
        return repeated(builder, call, fill, dims, wanted, layout)
    read = assigned(builder, fitted(builder, fill, dims, call.span), supported(call, wanted), call.span)
    if isinstance(read.type, Scalar):
        return repeated(builder, call, read, dims, wanted, layout)
    return Node("copy", (read,), None, Array(wanted, dims, layout), call.span)


def _like(builder: Builder, call: Call, a: Value, fill: Value, dtype: Value, order: Value) -> Value:
    prototype = array(builder, call, a)
    assert isinstance(prototype.type, Array)
    layout = builder.ordered(prototype, order_of(call, order, "K"), call.span)
    wanted = optional_dtype(call, dtype) or prototype.type.dtype
    long = long_integer(fill, wanted)
    fill = _number(builder, call, fill if long is None else Known(long))
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
    return _like(builder, call, a, fill_value, dtype, order)


FUNCTIONS: dict[object, Handler] = {
    np.zeros: handler(zeros),
    np.ones: handler(ones),
    np.full: handler(full),
    np.zeros_like: handler(zeros_like),
    np.ones_like: handler(ones_like),
    np.full_like: handler(full_like),
}
