"""Linear algebra: `np.linalg.inv`, `solve`, `det`, each one operation of LAPACK's by way of NumPy's own loops.

Called through `numpy_impl.library`. Refused: stacks of matrices. A singular matrix is left to Python, which raises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import products
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import TupleValue, Value
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType, Scalar, c_layout
from numpy_impl.calls import handler

_DOUBLE = np.dtype(np.float64)


def inv(builder: Builder, call: Call, a: Value) -> Value:
    """`np.linalg.inv`."""
    matrix = _operand(builder, call, a)
    _square(builder, call, matrix)
    (matrix,) = _converted(builder, call, [matrix])
    return _made(builder, call, "inv", [matrix], builder.shape(matrix, call.span))


def det(builder: Builder, call: Call, a: Value) -> Value:
    """`np.linalg.det`: a NumPy scalar."""
    matrix = _operand(builder, call, a)
    _square(builder, call, matrix)
    return _made(builder, call, "det", _converted(builder, call, [matrix]), ())


def solve(builder: Builder, call: Call, a: Value, b: Value) -> Value:
    """`np.linalg.solve`, of one right side or a matrix of them: what has one axis is one."""
    matrix, right = (_operand(builder, call, value) for value in (a, b))
    size = _square(builder, call, matrix)
    if not builder.ndim(right):
        raise PythonRaises("solve: the right side does not have enough dimensions", call.span)
    _refuse_stack(builder, call, right)
    length = builder.shape(right, call.span)[0]
    if not builder.decide(length, "==", size, call.span, expected=True):
        raise PythonRaises(f"solve: {length} right sides for {size} equations", call.span)
    operands = _converted(builder, call, [matrix, right])
    return _made(builder, call, "solve", operands, builder.shape(operands[1], call.span))


def matmul(builder: Builder, call: Call, x1: Value, x2: Value, /) -> Value:
    """`np.linalg.matmul`."""
    left, right = (_operand(builder, call, value) for value in (x1, x2))
    return products.matmul(builder, left, right, call.span)


def _operand(builder: Builder, call: Call, value: Value) -> Node:
    if isinstance(value, TupleValue):
        return array_of(builder, value, None, call.span)
    return builder.node(value, call.span)


def _square(builder: Builder, call: Call, matrix: Node) -> Dim:
    """Its length along both axes."""
    if builder.ndim(matrix) < 2:
        raise PythonRaises(f"{call.name}: array must be at least two-dimensional", call.span)
    _refuse_stack(builder, call, matrix)
    rows, columns = builder.shape(matrix, call.span)
    if not builder.decide(rows, "==", columns, call.span, expected=True):
        raise PythonRaises(f"{call.name}: last 2 dimensions of the array must be square", call.span)
    return rows


def _refuse_stack(builder: Builder, call: Call, node: Node) -> None:
    if builder.ndim(node) > 2:
        raise UnsupportedError(
            f"{call.name} of a stack of matrices is not compiled yet",
            call.span,
            f"have: {node.type}",
            "compute one matrix after the other, in a loop",
        )


def _converted(builder: Builder, call: Call, nodes: Sequence[Node]) -> list[Node]:
    """The operands in the dtype of the result; single precision stays so only among itself."""
    dtype = _common(call, [builder.numeric(node, call.span).dtype for node in nodes])
    aligned = [products.aligned(builder, node, "C", call.span) for node in nodes]
    return [builder.coerce(node, dtype, call.span) for node in aligned]


def _common(call: Call, dtypes: Sequence[DType]) -> DType:
    for dtype in dtypes:
        if dtype == np.float16:
            raise PythonRaises("array type float16 is unsupported in linalg", call.span)
    return np.result_type(*(dtype if dtype.kind in "fc" else _DOUBLE for dtype in dtypes))


def _made(builder: Builder, call: Call, op: str, operands: Sequence[Node], shape: tuple[Dim, ...]) -> Node:
    dtype = builder.numeric(operands[0], call.span).dtype
    type_ = Array(dtype, shape, c_layout(shape)) if shape else Scalar(dtype, "numpy")
    return builder.library(op, operands, None, type_, call.span)


FUNCTIONS: dict[object, Handler] = {
    np.linalg.inv: handler(inv),
    np.linalg.det: handler(det),
    np.linalg.solve: handler(solve),
    np.linalg.matmul: handler(matmul),
}
