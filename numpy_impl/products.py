"""Matrix products: `matmul`, `dot`, `vdot`, `inner`, `outer`.

Called through `numpy_impl.library`. Refused: more than two axes, `out=` and the keywords of ufuncs, products whose bits
NumPy computes in ways that `eqsat.frontend.products` does not have.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import products, reshaping
from eqsat.frontend.builder import Builder
from eqsat.frontend.contiguity import is_contiguous
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import SliceValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array
from eqsat.ir.view import transpose
from numpy_impl.calls import NONE, handler, refuse
from numpy_impl.casts import boxed

_WHOLE = SliceValue(NONE, NONE, NONE)


def _operand(builder: Builder, call: Call, value: Value) -> Node:
    """The operand; a number becomes an array without axes, as NumPy makes it."""
    node = builder.node(value, call.span)
    return node if isinstance(node.type, Array) else boxed(builder, call, node, None)


def matmul(builder: Builder, call: Call) -> Value:
    """`np.matmul`."""
    if len(call.args) != 2:
        raise PythonRaises(f"{call.name} takes 2 arguments", call.span)
    refuse(call, **call.kwargs)
    left, right = (builder.node(arg, call.span) for arg in call.args)
    return products.matmul(builder, left, right, call.span)


def dot(builder: Builder, call: Call, a: Value, b: Value, out: Value = NONE) -> Value:
    """`np.dot`."""
    refuse(call, out=out)
    left, right = (_operand(builder, call, value) for value in (a, b))
    return products.dot(builder, left, right, call.span)


def vdot(builder: Builder, call: Call, a: Value, b: Value, /) -> Value:
    """`np.vdot` of contiguous arrays: of others NumPy's bits depend on the strides."""
    operands: list[Node] = []
    for value in (a, b):
        node = _operand(builder, call, value)
        if not is_contiguous(builder, node, "C", call.span):
            raise UnsupportedError("np.vdot of strided arrays is not compiled yet", call.span, instead="pass x.copy()")
        operands.append(node if builder.ndim(node) == 1 else reshaping.ravel(builder, node, "C", call.span))
    left, right = operands
    if builder.numeric(left, call.span).dtype.kind == "c":
        left = builder.elementwise(np.conjugate, [left], call.span)
    return products.dot(builder, left, right, call.span)


def inner(builder: Builder, call: Call, a: Value, b: Value, /) -> Value:
    """`np.inner`: the product with the last axes of both."""
    left, right = (_operand(builder, call, value) for value in (a, b))
    if builder.ndim(right) == 2 and builder.ndim(left):
        shape = builder.shape(right, call.span)
        right = builder.view(right, transpose((1, 0)), (shape[1], shape[0]), call.span)
    return products.dot(builder, left, right, call.span)


def outer(builder: Builder, call: Call, a: Value, b: Value, out: Value = NONE) -> Value:
    """`np.outer`: every element of one with every element of the other."""
    refuse(call, out=out)
    left, right = (_operand(builder, call, value) for value in (a, b))
    flat = [
        node if builder.ndim(node) == 1 else reshaping.ravel(builder, node, "C", call.span) for node in (left, right)
    ]
    column = builder.index(flat[0], (_WHOLE, NONE), call.span)
    row = builder.index(flat[1], (NONE, _WHOLE), call.span)
    return builder.elementwise(np.multiply, [column, row], call.span)


FUNCTIONS: dict[object, Handler] = {
    np.matmul: matmul,
    np.dot: handler(dot),
    np.vdot: handler(vdot),
    np.inner: handler(inner),
    np.outer: handler(outer),
}

METHODS: dict[str, Handler] = {"dot": handler(dot)}
