"""Reductions: result type, memory order, and the ufunc that combines the elements.

Called by the builder. The order itself is found in `reduction_order`. Refused: reductions of plain numbers, over no
axes, and with ufuncs that are not in `REDUCIBLE`.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.reduction_order import memory_order, plain_order, sum_order
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Node, Reduction
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, packed_layout
from eqsat.ir.view import Along, View

REDUCIBLE = frozenset({"add", "multiply", "maximum", "minimum", "logical_and", "logical_or"})
_FLOAT16 = np.dtype(np.float16)
"""NumPy rounds a product of float16 once for each run of its inner loop, so that its runs matter as those of a sum."""
_NO_IDENTITY = frozenset({"maximum", "minimum"})


def reduce(
    builder: Builder, op: str, x: Node, axes: tuple[int, ...], keepdims: bool, dtype: DType | None, span: Span
) -> Node:
    """`ufunc.reduce(x, axes, dtype, keepdims=keepdims)`; `axes` are non-negative and distinct."""
    if op not in REDUCIBLE:
        raise UnsupportedError(f"reducing with {op} is not compiled yet", span)
    source = builder.numeric(x, span)
    loop = _loop_dtype(op, source.dtype, dtype)
    if source.dtype.kind == "c" and loop.kind not in "cb":
        builder.leave_to_python(span)  # NumPy warns at every call that the imaginary part is lost
    if isinstance(source, Scalar) or source.ndim == 0:
        return _of_number(builder, op, x, loop, span)
    if op in _NO_IDENTITY:
        for axis in axes:
            if not builder.decide(source.shape[axis], ">=", ONE, span):
                raise PythonRaises(f"zero-size array to reduction operation {op} which has no identity", span)
    if not axes:
        raise UnsupportedError("reducing over no axes is not compiled yet", span, instead="x.copy()")
    if loop.kind in "fc" and (op == "add" or (op == "multiply" and loop == _FLOAT16)):
        order = sum_order(x, axes, source.dtype != loop, builder.facts, span)
    else:
        order = plain_order(source, axes)
    operand = builder.coerce(x, loop, span)
    kept = tuple(k for k in range(source.ndim) if k not in axes)
    shape = tuple(source.shape[k] for k in kept)
    result_order = tuple(kept.index(k) for k in memory_order(source) if k in kept)
    type_ = Array(loop, shape, packed_layout(shape, result_order))
    if not kept and not keepdims:
        return Node("reduce", (operand,), Reduction(op, axes, order), Scalar(loop, "numpy"), span)
    node = Node("reduce", (operand,), Reduction(op, axes, order), type_, span)
    if not keepdims:
        return node
    view = View(tuple(Along(k) for k in kept), source.ndim)
    whole: tuple[Dim, ...] = tuple(ONE if k in axes else source.shape[k] for k in range(source.ndim))
    return builder.view(node, view, whole, span)


def _of_number(builder: Builder, op: str, x: Node, loop: DType, span: Span) -> Node:
    """What NumPy makes of a single number: it is combined with the neutral element, so that the sum of -0.0 is 0.0."""
    number = builder.element(x, span) if isinstance(x.type, Array) else x
    number = builder.cast(number, loop, span)
    if op == "add" and loop.kind in "fc":
        return builder.elementwise(np.add, [number, builder.constant(0, loop, span)], span)
    return number


def _loop_dtype(op: str, source: DType, dtype: DType | None) -> DType:
    """The dtype that the elements are converted to, which is also that of the result."""
    if op.startswith("logical"):
        return np.dtype(np.bool_)
    if dtype is None and op in ("add", "multiply") and source.kind in "bui":
        return np.dtype(np.uint64 if source.kind == "u" else np.int64)
    return source if dtype is None else dtype
