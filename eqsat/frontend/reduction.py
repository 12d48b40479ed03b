"""Reductions: result type, memory order, and the exact order in which NumPy combines the elements.

Called by the builder. The order follows NumPy's iterator: axes sorted by stride, neighbours merged where they lie in
memory as one, the innermost axis handed to the ufunc's inner loop as one run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.layout import iteration_order
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Node, Order, Reduction
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, packed_layout
from eqsat.ir.view import Along, View

if TYPE_CHECKING:
    from eqsat.frontend.builder import Builder

REDUCIBLE = frozenset({"add", "multiply", "maximum", "minimum", "logical_and", "logical_or"})
_NO_IDENTITY = frozenset({"maximum", "minimum"})
_BUFFER = 8192


def reduce(
    builder: Builder, op: str, x: Node, axes: tuple[int, ...], keepdims: bool, dtype: DType | None, span: Span
) -> Node:
    """`ufunc.reduce(x, axes, dtype, keepdims=keepdims)`; `axes` are non-negative and distinct."""
    if op not in REDUCIBLE:
        raise UnsupportedError(f"reducing with {op} is not compiled yet", span)
    source = builder.numeric(x, span)
    if isinstance(source, Scalar):
        raise UnsupportedError("a number is reduced", span, instead="reduce arrays")
    loop, result = _reduction_types(op, source.dtype, dtype, span)
    if op in _NO_IDENTITY:
        for axis in axes:
            if not builder.decide(source.shape[axis], ">=", ONE, span):
                raise PythonRaises(f"zero-size array to reduction operation {op} which has no identity", span)
    order = Order((), tuple(k for k in iteration_order([source.layout.ranks], source.ndim) if k in axes))
    operand = builder.coerce(x, loop, span)
    kept = tuple(k for k in range(source.ndim) if k not in axes)
    shape = tuple(source.shape[k] for k in kept)
    memory = iteration_order([source.layout.ranks], source.ndim)
    result_order = tuple(kept.index(k) for k in memory if k in kept)
    type_ = Array(result, shape, packed_layout(shape, result_order)) if kept else Scalar(result, "numpy")
    node = Node("reduce", (operand,), Reduction(op, axes, order), type_, span)
    if not keepdims:
        return node
    return _keep(builder, node, source, axes, span)


def _reduction_types(op: str, source: DType, dtype: DType | None, span: Span) -> tuple[DType, DType]:
    """The dtype that the elements are converted to, and that of the result."""
    bool_ = np.dtype(np.bool_)
    if op.startswith("logical"):
        return bool_, bool_
    if dtype is None and op in ("add", "multiply") and source.kind in "bui" and source.itemsize <= 8:
        dtype = np.dtype(np.uint64 if source.kind == "u" else np.int64)
    loop = source if dtype is None else dtype
    return loop, loop


def _keep(builder: Builder, node: Node, source: Array, axes: tuple[int, ...], span: Span) -> Node:
    """The reduced axes again, with length one."""
    kept = [k for k in range(source.ndim) if k not in axes]
    shape: tuple[Dim, ...] = tuple(ONE if k in axes else source.shape[k] for k in range(source.ndim))
    if not kept:
        raise UnsupportedError("keepdims over all axes is not compiled yet", span)
    return builder.view(node, View(tuple(Along(k) for k in kept), source.ndim), shape, span)
