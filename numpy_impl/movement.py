"""Views: transposition, new and dropped axes, reversal, broadcasting. None of them moves memory.

Called through `numpy_impl.library`. Refused by absence: `reshape`, `ravel`, `roll`, `concatenate` and what else
needs more than an affine index map.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, SliceValue, Value
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array
from eqsat.ir.view import Along, View
from eqsat.ir.view import transpose as transpose_view
from numpy_impl.calls import FALSE, NONE, array, axes_of, handler, items_of, normal_axis, refuse

_WHOLE = SliceValue(NONE, NONE, NONE)
_REVERSED = SliceValue(NONE, NONE, Known(-1))


def _permuted(builder: Builder, call: Call, x: Node, order: tuple[int, ...]) -> Node:
    assert isinstance(x.type, Array)
    shape = tuple(x.type.shape[k] for k in order)
    return builder.view(x, transpose_view(order), shape, call.span)


def _order(builder: Builder, call: Call, axes: Value, ndim: int) -> tuple[int, ...]:
    if isinstance(axes, Known) and axes.value is None:
        return tuple(reversed(range(ndim)))
    order = tuple(normal_axis(builder, call, item, ndim) for item in items_of(axes))
    if sorted(order) != list(range(ndim)):
        raise PythonRaises("axes don't match array", call.span)
    return order


def transpose(builder: Builder, call: Call, a: Value, axes: Value = NONE) -> Value:
    """`np.transpose`."""
    x = array(builder, call, a)
    return _permuted(builder, call, x, _order(builder, call, axes, builder.ndim(x)))


def transpose_method(builder: Builder, call: Call, self: Value, *axes: Value) -> Value:
    """`x.transpose(...)`, whose axes may come one by one."""
    x = array(builder, call, self)
    if len(axes) > 1:
        given = tuple(normal_axis(builder, call, axis, builder.ndim(x)) for axis in axes)
        if sorted(given) != list(range(builder.ndim(x))):
            raise PythonRaises("axes don't match array", call.span)
        return _permuted(builder, call, x, given)
    return _permuted(builder, call, x, _order(builder, call, axes[0] if axes else NONE, builder.ndim(x)))


def matrix_transpose(builder: Builder, call: Call, x: Value, /) -> Value:
    """`np.matrix_transpose` and `x.mT`: the last two axes exchanged."""
    source = array(builder, call, x)
    ndim = builder.ndim(source)
    if ndim < 2:
        raise PythonRaises("matrix transpose with ndim < 2 is undefined", call.span)
    return _permuted(builder, call, source, (*range(ndim - 2), ndim - 1, ndim - 2))


def swapaxes(builder: Builder, call: Call, a: Value, axis1: Value, axis2: Value) -> Value:
    """`np.swapaxes`."""
    x = array(builder, call, a)
    first, second = (normal_axis(builder, call, axis, builder.ndim(x)) for axis in (axis1, axis2))
    order = list(range(builder.ndim(x)))
    order[first], order[second] = order[second], order[first]
    return _permuted(builder, call, x, tuple(order))


def moveaxis(builder: Builder, call: Call, a: Value, source: Value, destination: Value) -> Value:
    """`np.moveaxis`."""
    x = array(builder, call, a)
    ndim = builder.ndim(x)
    sources = [normal_axis(builder, call, item, ndim) for item in items_of(source)]
    targets = [normal_axis(builder, call, item, ndim) for item in items_of(destination)]
    if len(sources) != len(targets) or len({*sources}) != len(sources) or len({*targets}) != len(targets):
        raise PythonRaises("`source` and `destination` must have the same number of distinct axes", call.span)
    order = [k for k in range(ndim) if k not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return _permuted(builder, call, x, tuple(order))


def expand_dims(builder: Builder, call: Call, a: Value, axis: Value) -> Value:
    """`np.expand_dims`."""
    x = array(builder, call, a)
    ndim = builder.ndim(x) + len(items_of(axis))
    new = [normal_axis(builder, call, item, ndim) for item in items_of(axis)]
    if len(set(new)) != len(new):
        raise PythonRaises("repeated axis", call.span)
    items: tuple[Value, ...] = tuple(NONE if k in new else _WHOLE for k in range(ndim))
    return builder.index(x, items, call.span)


def squeeze(builder: Builder, call: Call, a: Value, axis: Value = NONE) -> Value:
    """`np.squeeze`: drops axes of length one."""
    x = array(builder, call, a)
    assert isinstance(x.type, Array)
    shape = x.type.shape
    if isinstance(axis, Known) and axis.value is None:
        dropped = tuple(k for k, length in enumerate(shape) if length == ONE)
    else:
        dropped = axes_of(builder, call, axis, len(shape))
        if any(shape[k] != ONE for k in dropped):
            raise PythonRaises("cannot select an axis to squeeze out which has size not equal to one", call.span)
    if not dropped:
        return x  # the same object, in NumPy
    items = tuple(Known(0) if k in dropped else _WHOLE for k in range(len(shape)))
    return builder.index(x, (*items, Known(Ellipsis)), call.span)


def flip(builder: Builder, call: Call, m: Value, axis: Value = NONE) -> Value:
    """`np.flip`: axes backwards."""
    x = array(builder, call, m)
    axes = axes_of(builder, call, axis, builder.ndim(x))
    items = tuple(_REVERSED if k in axes else _WHOLE for k in range(builder.ndim(x)))
    return builder.index(x, (*items, Known(Ellipsis)), call.span)


def flipud(builder: Builder, call: Call, m: Value) -> Value:
    """`np.flipud`."""
    x = array(builder, call, m)
    return builder.index(x, (_REVERSED, Known(Ellipsis)), call.span)


def fliplr(builder: Builder, call: Call, m: Value) -> Value:
    """`np.fliplr`."""
    x = array(builder, call, m)
    if builder.ndim(x) < 2:
        raise PythonRaises("Input must be >= 2-d.", call.span)
    return builder.index(x, (_WHOLE, _REVERSED, Known(Ellipsis)), call.span)


def broadcast_to(builder: Builder, call: Call, array: Value, shape: Value, subok: Value = FALSE) -> Value:
    """`np.broadcast_to`. The result is read-only, which only shows where it is returned: then it is refused."""
    refuse(call, subok=(subok, False))
    dims = tuple(builder.dim(item, call.span) for item in items_of(shape))
    return builder.broadcast(builder.node(array, call.span), dims, call.span)


def at_least(rank: int) -> Handler:
    """`np.atleast_1d` and its like, of one array that has the rank already or gets leading axes."""

    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != 1:
            raise UnsupportedError(f"{call.name} of several arrays is not compiled yet", call.span)
        x = array(builder, call, call.args[0])
        ndim = builder.ndim(x)
        if ndim >= rank:
            return x
        view = View(tuple(Along(k + rank - ndim) for k in range(ndim)), rank)
        assert isinstance(x.type, Array)
        return builder.view(x, view, (ONE,) * (rank - ndim) + x.type.shape, call.span)

    return handle


FUNCTIONS: dict[object, Handler] = {
    np.transpose: handler(transpose),
    np.permute_dims: handler(transpose),
    np.matrix_transpose: handler(matrix_transpose),
    np.swapaxes: handler(swapaxes),
    np.moveaxis: handler(moveaxis),
    np.expand_dims: handler(expand_dims),
    np.squeeze: handler(squeeze),
    np.flip: handler(flip),
    np.flipud: handler(flipud),
    np.fliplr: handler(fliplr),
    np.broadcast_to: handler(broadcast_to),
    np.atleast_1d: at_least(1),
    np.atleast_2d: at_least(2),
}

METHODS: dict[str, Handler] = {
    "transpose": handler(transpose_method),
    "swapaxes": handler(swapaxes),
    "squeeze": handler(squeeze),
}

ATTRIBUTES: dict[str, Handler] = {"T": handler(transpose), "mT": handler(matrix_transpose)}
