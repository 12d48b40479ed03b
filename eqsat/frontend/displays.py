"""Arrays of nested tuples and lists, as `np.array([[1, 2], [x, y]])` makes them.

Numbers that are all known become one constant array; others are put into a new array one by one. NumPy finds the dtype.
Called by `fancy` and by `numpy_impl`. Refused: integers beyond 64 bits without a dtype, empty displays of unknown
dtype, items that are neither numbers nor arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend.assigned import assigned
from eqsat.frontend.broadcast import broadcast_view
from eqsat.frontend.builder import Builder
from eqsat.frontend.promotion import check_supported
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.frontend.weak import long_integer
from eqsat.ir.body import Write
from eqsat.ir.dims import Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, c_layout, canonical
from eqsat.ir.view import Along, View


def array_of(
    builder: Builder, display: TupleValue, dtype: DType | None, span: Span, empty: DType | None = None
) -> Node:
    """The array of a display. `empty`: the dtype of one without numbers, if that is not float64."""
    known = _known(display)
    if known is not None:
        return _constant(builder, known, dtype, span, empty)
    nested = _shape(display, span)
    leaves = [_leaf(builder, leaf, dtype, span) for leaf in _leaves(display)]
    inner = _joint_shape(builder, leaves, span)
    found = dtype or _common_dtype(builder, leaves, span)
    shape = (*(dim(length) for length in nested), *inner)
    type_ = Array(found, shape, c_layout(shape))
    made = builder.library("empty", (), None, type_, span)
    for index, leaf in zip(np.ndindex(*nested), leaves, strict=True):
        builder.emit(Write(_spot(builder, made, index, span), _value(builder, leaf, inner, found, span), span))
    return made


def literal(builder: Builder, array: np.ndarray, span: Span) -> Node:
    """A new array with known elements."""
    check_supported(array.dtype, "this array", span)
    shape = tuple(map(dim, array.shape))
    type_ = Array(canonical(array.dtype), shape, c_layout(shape))
    return builder.library("literal", (), array.tobytes(), type_, span)


def _constant(builder: Builder, known: object, dtype: DType | None, span: Span, empty: DType | None) -> Node:
    try:
        array = np.array(known, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise PythonRaises(str(error), span) from error
    if array.size == 0 and dtype is None and empty is not None:
        array = array.astype(empty)
    return literal(builder, array, span)


def _known(value: Value) -> object | None:
    """The display as a list, if all of it is known; else None."""
    if isinstance(value, Known):
        return value.value if isinstance(value.value, bool | int | float | complex | np.generic) else None
    if not isinstance(value, TupleValue):
        return None
    items = [_known(item) for item in value.items]
    return None if any(item is None for item in items) else items


def _shape(display: Value, span: Span) -> tuple[int, ...]:
    if not isinstance(display, TupleValue):
        return ()
    inner = {_shape(item, span) for item in display.items}
    if len(inner) > 1:
        raise PythonRaises("an array of an inhomogeneous shape was requested", span)
    return (len(display.items), *(inner.pop() if inner else ()))


def _leaves(value: Value) -> Iterator[Value]:
    if isinstance(value, TupleValue):
        for item in value.items:
            yield from _leaves(item)
    else:
        yield value


def _leaf(builder: Builder, leaf: Value, dtype: DType | None, span: Span) -> Node:
    long = None if dtype is None else long_integer(leaf, dtype)
    return builder.node(leaf if long is None else Known(long), span)


def _joint_shape(builder: Builder, leaves: Sequence[Node], span: Span) -> tuple[Dim, ...]:
    """The one shape that all items have."""
    shapes = [builder.shape(leaf, span) for leaf in leaves]
    for shape in shapes[1:]:
        if len(shape) != len(shapes[0]):
            raise PythonRaises("an array of an inhomogeneous shape was requested", span)
        for mine, theirs in zip(shape, shapes[0], strict=True):
            if not builder.decide(mine, "==", theirs, span, expected=True):
                raise PythonRaises("an array of an inhomogeneous shape was requested", span)
    return shapes[0] if shapes else ()


def _common_dtype(builder: Builder, leaves: Sequence[Node], span: Span) -> DType:
    """NumPy's: Python's numbers count as int64, float64 and so on, each by itself."""
    found = np.result_type(*(builder.numeric(leaf, span).dtype for leaf in leaves))
    check_supported(found, "the common type", span)
    return canonical(found)


def _spot(builder: Builder, array: Node, index: tuple[int, ...], span: Span) -> Node:
    """One item of the array; a number is a view of scalar type."""
    assert isinstance(array.type, Array)
    rest = array.type.shape[len(index) :]
    along = (*(Along(None, dim(k)) for k in index), *(Along(k) for k in range(len(rest))))
    view = View(along, len(rest))
    if not rest:
        return Node("view", (array,), view, Scalar(array.type.dtype, "numpy"), span)
    return builder.view(array, view, rest, span)


def _value(builder: Builder, leaf: Node, inner: tuple[Dim, ...], dtype: DType, span: Span) -> Node:
    if isinstance(leaf.type, Array) and leaf.type.ndim == 0:
        leaf = builder.element(leaf, span)
    made = assigned(builder, leaf, dtype, span)
    if isinstance(made.type, Array) and made.type.shape != inner:
        return builder.view(made, broadcast_view(made.type.shape, inner), inner, span)
    return made
