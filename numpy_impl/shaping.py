"""Other shapes: `reshape`, `ravel`, `flatten`.

Called through `numpy_impl.library`. Refused: what `eqsat.frontend.reshaping` refuses.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend import reshaping
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, Value
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Node
from numpy_impl.calls import NONE, array, handler, items_of, order_of, refuse

_C = Known("C")


def _dims(builder: Builder, call: Call, shape: Value) -> tuple[Dim, ...]:
    return tuple(builder.dim(item, call.span) for item in items_of(shape))


def _reshaped(builder: Builder, call: Call, x: Node, shape: tuple[Dim, ...], order: Value) -> Node:
    return reshaping.reshape(builder, x, shape, order_of(call, order, "C"), call.span)


def reshape(builder: Builder, call: Call, a: Value, /, shape: Value, order: Value = _C, *, copy: Value = NONE) -> Value:
    """`np.reshape`."""
    refuse(call, copy=copy)
    return _reshaped(builder, call, array(builder, call, a), _dims(builder, call, shape), order)


def reshape_method(
    builder: Builder, call: Call, self: Value, /, *shape: Value, order: Value = _C, copy: Value = NONE
) -> Value:
    """`x.reshape`, whose lengths may come one by one."""
    refuse(call, copy=copy)
    if not shape:
        raise PythonRaises("reshape() takes a shape", call.span)
    dims = _dims(builder, call, shape[0]) if len(shape) == 1 else tuple(builder.dim(d, call.span) for d in shape)
    return _reshaped(builder, call, array(builder, call, self), dims, order)


def ravel(builder: Builder, call: Call, a: Value, order: Value = _C) -> Value:
    """`np.ravel`, `x.ravel`."""
    return reshaping.ravel(builder, array(builder, call, a), order_of(call, order, "C"), call.span)


def flatten(builder: Builder, call: Call, self: Value, order: Value = _C) -> Value:
    """`x.flatten`."""
    return reshaping.flatten(builder, array(builder, call, self), order_of(call, order, "C"), call.span)


FUNCTIONS: dict[object, Handler] = {np.reshape: handler(reshape), np.ravel: handler(ravel)}

METHODS: dict[str, Handler] = {
    "reshape": handler(reshape_method),
    "ravel": handler(ravel),
    "flatten": handler(flatten),
}
