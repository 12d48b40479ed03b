"""Matrix products: `@`, `np.matmul`, `np.dot`, of vectors and matrices.

All of them are one operation, whose bits are those of NumPy's `matmul` loop for the strides that it gets. `np.dot` goes
to BLAS by ways of its own: it copies what BLAS cannot read, then the bits are the same; where they are not (an axis of
length one, for some types and strides) it is refused. Called by the operators and by `numpy_impl`.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.contiguity import is_contiguous
from eqsat.frontend.promotion import check_supported
from eqsat.ir.dims import ONE, Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, c_layout, canonical

_BY_BLAS = "fdFD"


def matmul(builder: Builder, a: Node, b: Node, span: Span) -> Node:
    """`a @ b`."""
    for node in (a, b):
        if builder.ndim(node) == 0:
            raise PythonRaises("matmul: an operand does not have enough dimensions", span)
    dtypes = [builder.numeric(node, span).dtype for node in (a, b)]
    try:
        resolved = np.matmul.resolve_dtypes((*dtypes, None))
    except TypeError as error:
        raise PythonRaises(str(error), span) from error
    dtype = canonical(resolved[2])
    check_supported(dtype, "this product", span)
    left, right = (_converted(builder, node, dtype, span) for node in (a, b))
    return product(builder, left, right, span)


def dot(builder: Builder, a: Node, b: Node, span: Span) -> Node:
    """`np.dot(a, b)`."""
    if builder.ndim(a) == 0 or builder.ndim(b) == 0:
        raise UnsupportedError("np.dot of a number is not compiled", span, instead="multiply: a * b")
    found = np.result_type(builder.numeric(a, span).dtype, builder.numeric(b, span).dtype)
    check_supported(found, "this product", span)
    dtype = canonical(found)
    left, right = (builder.coerce(node, dtype, span) for node in (a, b))
    if dtype.char in _BY_BLAS:
        _refuse_narrow(builder, left, right, dtype, span)
        left, right = (_for_blas(builder, node, span) for node in (left, right))
    return product(builder, left, right, span)


def product(builder: Builder, a: Node, b: Node, span: Span) -> Node:
    """The product of two arrays of one dtype."""
    left, right = a.type, b.type
    assert isinstance(left, Array) and isinstance(right, Array)
    if left.ndim > 2 or right.ndim > 2:
        raise UnsupportedError(
            "matrix products of more than two axes are not compiled yet", span, f"have: {left} and {right}"
        )
    if not builder.decide(left.shape[-1], "==", right.shape[0], span, expected=True):
        raise PythonRaises(f"matmul: {left.shape[-1]} is different from {right.shape[0]}", span)
    shape = (*left.shape[:-1], *right.shape[1:])
    type_ = Array(left.dtype, shape, c_layout(shape)) if shape else Scalar(left.dtype, "numpy")
    return builder.library("matmul", (a, b), None, type_, span)


def _converted(builder: Builder, node: Node, dtype: DType, span: Span) -> Node:
    """The operand in the dtype of the product; a copy, of other or of misaligned elements, is in C order."""
    type_ = node.type
    assert isinstance(type_, Array)
    if type_.dtype == dtype:
        return aligned(builder, node, "C", span)
    return Node("cast", (node,), None, Array(dtype, type_.shape, c_layout(type_.shape)), span)


def aligned(builder: Builder, node: Node, order: str, span: Span) -> Node:
    """NumPy copies an operand whose elements may not be read as they stand: `matmul` in C order, `dot` in its own."""
    type_ = node.type
    assert isinstance(type_, Array)
    if type_.layout.alignment == "unknown":
        builder.leave_to_python(span)
    return node if type_.layout.alignment == "aligned" else builder.copy(node, order, span)


def _for_blas(builder: Builder, node: Node, span: Span) -> Node:
    """The operand, copied if BLAS cannot read it as it lies."""
    type_ = node.type
    assert isinstance(type_, Array)
    node = aligned(builder, node, "K", span)
    type_ = node.type
    assert isinstance(type_, Array)
    if any(type_.layout.negative[k] and length != ONE for k, length in enumerate(type_.shape)):
        return builder.copy(node, "A", span)
    if type_.ndim == 1 or is_contiguous(builder, node, "C", span) or is_contiguous(builder, node, "F", span):
        return node
    return builder.copy(node, "C", span)


def _refuse_narrow(builder: Builder, a: Node, b: Node, dtype: DType, span: Span) -> None:
    """Refuse what `np.dot` computes otherwise than `np.matmul`."""
    left, right = builder.shape(a, span), builder.shape(b, span)
    lengths: list[Dim] = [*left[:-1], *right[1:]]
    if dtype.kind == "c":
        lengths += [left[-1]] if len(left) + len(right) > 2 else []
    elif all(_is_plain(node) for node in (a, b)):
        return
    if not all(_is_long(builder, length, span) for length in lengths):
        raise UnsupportedError(
            "np.dot of a matrix with an axis of length one has bits of its own",
            span,
            instead="a @ b, or np.matmul(a, b)",
        )


def _is_plain(node: Node) -> bool:
    assert isinstance(node.type, Array)
    return node.type.layout.packed and not any(node.type.layout.negative)


def _is_long(builder: Builder, length: Dim, span: Span) -> bool:
    return length != ONE and builder.decide(length, ">=", dim(2), span, expected=True)
