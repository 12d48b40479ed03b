"""Diagonals of matrices: `diagonal`, `diag`, `trace`.

A diagonal is a view in which both axes of the matrix go along one. As NumPy's it is read-only. Called through
`numpy_impl.library`. Refused: diagonals of more than two axes, and of axes with equal strides (sliding windows).
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import reduction
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.frontend.writes import write_out
from eqsat.ir.dims import ONE, ZERO, Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, c_layout
from eqsat.ir.view import Along, View
from numpy_impl.calls import NONE, handler, integer, normal_axis, optional_dtype, refuse
from numpy_impl.creation import repeated

_NONE_BESIDE = Known(0)


def _operand(builder: Builder, call: Call, value: Value) -> Node:
    node = (
        array_of(builder, value, None, call.span) if isinstance(value, TupleValue) else builder.node(value, call.span)
    )
    if isinstance(node.type, Array):
        return node
    raise UnsupportedError(f"{call.name} of a number is not compiled yet", call.span, f"have: {node.type}")


def _along(builder: Builder, call: Call, matrix: Node, offset: int, rows: int = 0, columns: int = 1) -> Node:
    """The diagonal that begins `offset` columns to the right, or rows further down if that is negative."""
    span, type_ = call.span, matrix.type
    assert isinstance(type_, Array)
    ranks = type_.layout.ranks
    if ranks[0] == ranks[1] != 0:
        raise UnsupportedError(
            "a diagonal of overlapping windows is not compiled yet", span, f"have: {type_}", "take it of a copy"
        )
    if _goes_either_way(type_):
        builder.leave_to_python(span)
    first = (dim(max(-offset, 0)), dim(max(offset, 0)))
    length = _shorter(builder, call, type_.shape[rows] - first[0], type_.shape[columns] - first[1])
    starts = dict(zip((rows, columns), first, strict=True)) if length != ZERO else {rows: ZERO, columns: ZERO}
    view = View(tuple(Along(0, starts[axis]) for axis in range(2)), 1)
    return builder.view(matrix, view, (length,), span)


def _goes_either_way(type_: Array) -> bool:
    """Whether nobody knows which stride is longer, of two that have opposite signs: that of an axis of length one."""
    negative = type_.layout.negative
    return ONE in type_.shape and negative[0] != negative[1] and not _is_repeated(type_)


def _is_repeated(type_: Array) -> bool:
    return any(not rank and length != ONE for rank, length in zip(type_.layout.ranks, type_.shape, strict=True))


def _shorter(builder: Builder, call: Call, one: Dim, other: Dim) -> Dim:
    """The smaller of two lengths, or zero."""
    decide, span = builder.decide, call.span
    # A square matrix is taken for granted where it is one today: rules about traces need to know.
    square = one == other or decide(one, "==", other, span)
    least = one if square or decide(other, ">=", one, span) else other
    if not decide(least, ">=", ONE, span):
        return ZERO
    return ONE if builder.facts.is_one(least, span) else least


def _read(builder: Builder, call: Call, value: Value, offset: Value, axis1: Value, axis2: Value) -> Node:
    matrix = _operand(builder, call, value)
    ndim = builder.ndim(matrix)
    if ndim < 2:
        raise PythonRaises("diag requires an array of at least two dimensions", call.span)
    rows, columns = (normal_axis(builder, call, axis, ndim) for axis in (axis1, axis2))
    if rows == columns:
        raise PythonRaises("axis1 and axis2 cannot be the same", call.span)
    if ndim > 2:
        raise UnsupportedError(
            f"{call.name} of more than two axes is not compiled yet", call.span, f"have: {matrix.type}"
        )
    return _along(builder, call, matrix, integer(builder, call, offset), rows, columns)


def diagonal(
    builder: Builder,
    call: Call,
    a: Value,
    offset: Value = _NONE_BESIDE,
    axis1: Value = Known(0),  # noqa: B008
    axis2: Value = Known(1),  # noqa: B008
) -> Value:
    """`np.diagonal`: a view that may not be written to."""
    found = _read(builder, call, a, offset, axis1, axis2)
    builder.readonly.add(found)
    return found


def trace(
    builder: Builder,
    call: Call,
    a: Value,
    offset: Value = _NONE_BESIDE,
    axis1: Value = Known(0),  # noqa: B008
    axis2: Value = Known(1),  # noqa: B008
    dtype: Value = NONE,
    out: Value = NONE,
) -> Value:
    """`np.trace`: the sum of a diagonal."""
    refuse(call, out=out)
    found = _read(builder, call, a, offset, axis1, axis2)
    return reduction.reduce(builder, "add", found, (0,), False, optional_dtype(call, dtype), call.span)


def diag(builder: Builder, call: Call, v: Value, k: Value = _NONE_BESIDE) -> Value:
    """`np.diag`: the diagonal of a matrix, or the matrix with a vector as diagonal."""
    node, offset = _operand(builder, call, v), integer(builder, call, k)
    match node.type:
        case Array(dtype, (length,)):
            size = length + abs(offset)
            size = ONE if builder.facts.is_one(size, call.span) else size
            made = repeated(builder, call, Known(0), (size, size), dtype, c_layout((size, size)))
            write_out(builder, _along(builder, call, made, offset), node, call.span)
            return made
        case Array(_, (_, _)):
            found = _along(builder, call, node, offset)
            builder.readonly.add(found)
            return found
        case _:
            raise PythonRaises("Input must be 1- or 2-d.", call.span)


_TRACE, _DIAGONAL = handler(trace), handler(diagonal)

FUNCTIONS: dict[object, Handler] = {
    np.trace: _TRACE,
    np.diagonal: _DIAGONAL,
    np.diag: handler(diag),
}

METHODS: dict[str, Handler] = {"trace": _TRACE, "diagonal": _DIAGONAL}
