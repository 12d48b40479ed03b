"""The elements of an array in C order, one number for each: `x.flat`, `np.ndenumerate`, `np.ndindex`.

An array in one piece is a vector in the same memory; of any other one the indices along its axes are computed. Called
by the translation of subscripts, of loops and by `numpy_impl`. Refused: everything that is not an integer index, a
slice, or a loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.errors import UnsupportedError
from eqsat.frontend import writes
from eqsat.frontend.builder import PYTHON_INT, Builder
from eqsat.frontend.contiguity import is_contiguous
from eqsat.frontend.indexing import index_view
from eqsat.frontend.reshaping import in_place, ravel
from eqsat.frontend.values import Flat, Known, SliceValue, Value
from eqsat.ir.dims import ONE, ZERO, Dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar, shape_of


def read(builder: Builder, flat: Flat, index: Value, span: Span) -> Node:
    """`x.flat[index]`: a number, or a copy of several."""
    if isinstance(index, SliceValue):
        return builder.copy(builder.index(ravel(builder, flat.array, "C", span), (index,), span), "C", span)
    return spot(builder, flat.array, index, span)


def write(builder: Builder, flat: Flat, index: Value, value: Value, span: Span) -> None:
    """`x.flat[index] = value`, of one number, or as many as there are places."""
    array = flat.array
    writes.refuse_readonly(builder, array, span)
    if not isinstance(index, SliceValue):
        if builder.ndim(builder.node(value, span)):
            raise UnsupportedError("an array is put into one element of `.flat`", span, instead="x.flat[i] = v[0]")
        writes.write(builder, spot(builder, array, index, span), value, span)
        return
    if not is_contiguous(builder, array, "C", span):
        raise UnsupportedError("a slice of `.flat` of an array with gaps is written to", span, instead="use a loop")
    target = builder.index(in_place(builder, array, (_count(array),), span), (index,), span)
    given: tuple[Dim, ...] = () if isinstance(value, Known) else builder.shape(value, span)
    places = shape_of(builder.numeric(target, span))
    if len(given) > 1 or (given and not builder.decide(given[0], "==", places[0], span, expected=True)):
        raise UnsupportedError("`.flat` would repeat these values", span, instead="assign as many as there are places")
    writes.write(builder, target, value, span)


def spot(builder: Builder, array: Node, index: Value, span: Span) -> Node:
    """The element of that number."""
    if not isinstance(index, Known | Node) or not _is_integer(index):
        raise UnsupportedError("`.flat` is indexed by something else than an integer", span, instead="x.ravel()[...]")
    if builder.ndim(array) == 1:
        return builder.index(array, (index,), span)
    if is_contiguous(builder, array, "C", span):
        return builder.index(in_place(builder, array, (_count(array),), span), (index,), span)
    view, _ = index_view((_count(array),), [builder.dim(index, span)], builder.facts, span)
    items = coordinates(builder, view.axes[0].start, builder.shape(array, span), span)
    return builder.index(array, tuple(items), span)


def coordinates(builder: Builder, place: Dim, shape: Sequence[Dim], span: Span) -> list[Value]:
    """The index along each axis of the element of that number, which is in range."""
    found: list[Value] = []
    for position, length in reversed(list(enumerate(shape))):
        long = [k for k in range(position) if shape[k] != ONE]
        if length == ONE or not long:
            found.insert(0, Known(0) if length == ONE else builder.size(place, span))
            continue
        quotient = _quotient(builder, place, length, span)
        index = place - quotient * length
        for above, below in ((index, ZERO), (length - 1, index), (quotient, ZERO)):
            builder.facts.assume(Guard(above, ">=", below, span))
        if len(long) == 1:
            builder.facts.assume(Guard(shape[long[0]] - 1, ">=", quotient, span))
        found.insert(0, builder.size(index, span))
        place = quotient
    return found


def _quotient(builder: Builder, place: Dim, length: Dim, span: Span) -> Dim:
    if length.is_const:
        return place // length.const
    parts = (builder.size_node(place, span), builder.size_node(length, span))
    estimate = builder.facts.today(place) // max(builder.facts.today(length), 1)
    return builder.number(Node("py.floordiv", parts, None, PYTHON_INT, span), estimate)


def _count(array: Node) -> Dim:
    assert isinstance(array.type, Array)
    return product(array.type.shape)


def _is_integer(index: Known | Node) -> bool:
    if isinstance(index, Known):
        return isinstance(index.value, int) and not isinstance(index.value, bool)
    return isinstance(index.type, Scalar) and index.type.dtype.kind in "iu"
