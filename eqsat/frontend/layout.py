"""Memory orders: NumPy's rule for the axis order of fresh results, and what a view makes of a layout.

Called by the builder for every array that it makes. Only the order of strides matters here, never their size, which
is all that a specialization knows of a strided argument (`eqsat.ir.types.Layout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eqsat.errors import PythonRaises
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.span import Span
from eqsat.ir.types import Alignment, Array, Layout, c_layout, packed_layout
from eqsat.ir.view import View


def iteration_order(operands: Sequence[Sequence[int]], ndim: int) -> tuple[int, ...]:
    """The axes from the slowest to the fastest, as NumPy's iterator walks over operands of these stride ranks.

    Each operand gives one rank for every one of the `ndim` axes, zero where it is broadcast. NumPy's iterator does
    a stable insertion sort whose comparison is partial: two axes are compared only by the operands that have
    strides in both, and when operands disagree, C order wins (`npyiter_find_best_axis_ordering`). A partial
    comparison makes the result depend on the steps of the sort, so the steps are the same here.
    """
    fastest_first: list[int] = []
    for axis in reversed(range(ndim)):
        position = len(fastest_first)
        for candidate in reversed(range(len(fastest_first))):
            goes_before = _is_faster(axis, fastest_first[candidate], operands)
            if goes_before is None:
                continue
            if not goes_before:
                break
            position = candidate
        fastest_first.insert(position, axis)
    return tuple(reversed(fastest_first))


def _is_faster(axis: int, other: int, operands: Sequence[Sequence[int]]) -> bool | None:
    """Whether `axis` (before `other` in C order) is the faster one; None if no operand tells."""
    verdict: bool | None = None
    for ranks in operands:
        if ranks[axis] and ranks[other]:
            if ranks[other] <= ranks[axis]:
                return False
            verdict = True
    return verdict


def aligned_ranks(array: Array, ndim: int) -> tuple[int, ...]:
    """Stride ranks of an operand within a broadcast of `ndim` axes."""
    return (0,) * (ndim - array.ndim) + array.layout.ranks


def result_layout(operands: Sequence[Array], shape: tuple[Dim, ...]) -> Layout:
    """The layout that NumPy gives to a fresh elementwise result."""
    ndim = len(shape)
    return packed_layout(shape, iteration_order([aligned_ranks(a, ndim) for a in operands], ndim))


def copy_layout(array: Array) -> Layout:
    """The layout of `np.copy(a)`, `a.astype(...)`: strides sorted by size, so that an axis of stride zero is fastest.

    Unlike the iterator, `PyArray_NewLikeArray` compares strides of zero like any other.
    """
    axes = sorted(range(array.ndim), key=lambda k: -array.layout.ranks[k])
    return packed_layout(array.shape, tuple(axes))


def view_layout(source: Array, view: View, shape: tuple[Dim, ...]) -> Layout:
    """The layout of a view.

    Among axes of different stride a step never changes the order, because the elements of an array do not overlap;
    where strides are equal (windows) the steps decide. The strides of a diagonal are those of all axes that it walks:
    the longest tells the sign, and where it is among others, of which there are none with a stride like it.
    """
    origin = _origins(source, view)
    diagonals = _diagonals(view)
    ranks: list[int] = [0] * view.rank
    negative = [False] * view.rank
    speeds: dict[int, tuple[int, int]] = {}
    for axis, source_axis in origin.items():
        rank, step = source.layout.ranks[source_axis], view.axes[source_axis].step
        if rank or source.shape[source_axis] == ONE:  # elsewhere the stride is zero
            negative[axis] = source.layout.negative[source_axis] != (step < 0)
        if rank and shape[axis] != ONE:
            speeds[axis] = (rank, abs(step))
    distinct = sorted(set(speeds.values()))
    for axis, speed in speeds.items():
        ranks[axis] = distinct.index(speed) + 1
    fastest = [axis for axis, speed in speeds.items() if speed == distinct[0]]
    packed = _is_packed(source, view, shape)
    unit = packed or (
        bool(fastest)
        and source.layout.unit
        and all(source.layout.ranks[origin[a]] == 1 and abs(view.axes[origin[a]].step) == 1 for a in fastest)
        and diagonals.isdisjoint(fastest)
    )
    return Layout(tuple(ranks), packed, unit, tuple(negative), view_alignment(source, view, shape))


def view_alignment(source: Array, view: View, shape: tuple[Dim, ...]) -> Alignment:
    """The alignment of a view, which NumPy finds out anew: of a ragged array, it is if it has all of its strides."""
    if source.layout.alignment != "ragged":
        return source.layout.alignment
    for along, length in zip(view.axes, source.shape, strict=True):
        if length != ONE and (along.axis is None or abs(along.step) != 1 or shape[along.axis] == ONE):
            return "unknown"
    if any(shape[axis] != ONE for axis in _diagonals(view)):
        return "unknown"
    return "ragged"


def part_layout(source: Array) -> Layout:
    """The layout of the real or imaginary parts of an array: its own strides, over elements of half the size."""
    if all(length == ONE for length in source.shape):
        return source.layout
    return replace(source.layout, packed=False, unit=False)


def _origins(source: Array, view: View) -> dict[int, int]:
    """For every axis of the view that walks a source axis: which one; of several, the one with the longest stride."""
    found: dict[int, int] = {}
    # An axis of length one has a stride, though no rank; one that is repeated has none.
    for k in sorted(range(len(view.axes)), key=lambda k: (source.layout.ranks[k], source.shape[k] == ONE)):
        axis = view.axes[k].axis
        if axis is not None:
            found[axis] = k
    return found


def _diagonals(view: View) -> frozenset[int]:
    """The axes of a view that walk several source axes at once."""
    walked = [along.axis for along in view.axes if along.axis is not None]
    return frozenset(axis for axis in walked if walked.count(axis) > 1)


def _is_packed(source: Array, view: View, shape: tuple[Dim, ...]) -> bool:
    """Whether a view of a packed array is packed, for all sizes: whole fast axes, then a part of one, then points."""
    walked = {along.axis for along in view.axes}
    repeated = any(axis not in walked and shape[axis] != ONE for axis in range(view.rank))
    if not source.layout.packed or repeated or any(shape[axis] != ONE for axis in _diagonals(view)):
        return False
    whole = True
    for source_axis in reversed(source.layout.order):
        if source.shape[source_axis] == ONE:
            continue
        along = view.axes[source_axis]
        if along.axis is None or shape[along.axis] == ONE:
            whole = False
        elif not whole or along.step != 1:
            return False
        else:
            whole = shape[along.axis] == source.shape[source_axis]
    return True


def ordered_layout(source: Array, order: str, span: Span) -> Layout:
    """The layout of a copy in NumPy's `order`."""
    fortran = tuple(reversed(range(source.ndim)))
    if order == "K":
        return copy_layout(source)
    if order == "C":
        return c_layout(source.shape)
    if order == "F":
        return packed_layout(source.shape, fortran)
    if order == "A":
        c_order, f_order = c_layout(source.shape), packed_layout(source.shape, fortran)
        is_fortran = source.layout.has_order_of(f_order) and not source.layout.has_order_of(c_order)
        return f_order if is_fortran else c_order
    raise PythonRaises(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})", span)
