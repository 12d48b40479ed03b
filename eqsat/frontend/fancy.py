"""Advanced indexing: arrays of integers, masks, and lists of numbers between the brackets, read and written.

NumPy's rules: the indices are broadcast together, with integers beside them; the axes of that shape go where the
indices stand if these are neighbours, else to the front; a mask stands for the arrays of its `nonzero()`. The indexed
axes are brought to the front by views, and what is left is one `gather` or `Scatter`. A mask that is written with
values that do not depend on how many elements it picks becomes a choice over all elements, which fuses.

Called by the translation of subscripts and by `numpy_impl`. Refused: what `eqsat.frontend.displays` refuses, and
orders in memory that depend on sizes which are computed in the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.assigned import assigned, copied_if_shared
from eqsat.frontend.broadcast import broadcast_shapes, broadcast_view
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of, literal
from eqsat.frontend.facts import is_local
from eqsat.frontend.layout import copy_layout, iteration_order
from eqsat.frontend.masks import nonzero
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.body import Scatter, Write
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Layout, Scalar, packed_layout, shape_of
from eqsat.ir.view import Along, View
from eqsat.ir.view import transpose as transpose_view

INT64 = np.dtype(np.int64)
_WHOLE = SliceValue(Known(None), Known(None), Known(None))
_BACKWARDS = SliceValue(Known(None), Known(None), Known(-1))
_NEW_AXIS = Known(None)


@dataclass(frozen=True, slots=True)
class _Part:
    """One item as basic indexing reads it; `index`, if there is one, is for the axis that this leaves.

    `advanced` items decide where the result's axes go; `mask` is the array whose part of `nonzero()` the index is.
    """

    basic: Value
    advanced: bool = False
    index: Node | None = None
    mask: Node | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class Picked:
    """What an advanced index picks.

    `source` has the axes of `indices` first, which are int64 arrays of the shape `joint`; then come the other axes.
    `layouts` are how the arrays lie that they were made of. `place` is the number of other axes that stand before
    those of `joint` in the result.
    """

    source: Node
    indices: tuple[Node, ...]
    layouts: tuple[Layout, ...]
    joint: tuple[Dim, ...]
    place: int
    rest: tuple[Dim, ...]

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The shape of the result."""
        return (*self.rest[: self.place], *self.joint, *self.rest[self.place :])

    @property
    def order(self) -> tuple[int, ...]:
        """For every axis of the result, which axis of the gathered elements it is."""
        first = range(len(self.joint))
        rest = range(len(self.joint), len(self.joint) + len(self.rest))
        return (*rest[: self.place], *first, *rest[self.place :])


def is_advanced(item: Value) -> bool:
    """Whether an item of an index is one of those that basic indexing does not have."""
    if isinstance(item, Node):
        return isinstance(item.type, Array) or (isinstance(item.type, Scalar) and item.type.dtype.kind == "b")
    return isinstance(item, TupleValue) or (isinstance(item, Known) and isinstance(item.value, bool | np.bool | list))


def read(builder: Builder, x: Node, items: tuple[Value, ...], span: Span) -> Node:
    """`x[items]`, where some item is advanced."""
    items, single = _without_numbers(builder, items, span)
    if not any(map(is_advanced, items)):
        found = builder.index(x, items, span)
        return builder.copy(found, "K", span) if single and isinstance(found.type, Array) else found
    return gathered(builder, _picked(builder, x, _parts(builder, items, span), span), span)


def picked(builder: Builder, x: Node, items: tuple[Value, ...], span: Span) -> Picked:
    """What `x[items]` picks, where some item is advanced."""
    items, _ = _without_numbers(builder, items, span)
    return _picked(builder, x, _parts(builder, items, span), span)


def gathered(builder: Builder, picked: Picked, span: Span) -> Node:
    """The elements that are picked, in new memory, in NumPy's order."""
    layout = _gathered_layout(picked, span)
    if picked.indices:
        return gather(builder, picked, layout, span)
    source = picked.source.type
    assert isinstance(source, Array)
    shape = (*picked.joint, *picked.rest)
    view = View(tuple(Along(len(picked.joint) + k) for k in range(len(picked.rest))), len(shape))
    read = builder.view(picked.source, view, shape, span)
    return _in_place(builder, Node("copy", (read,), None, Array(source.dtype, shape, layout), span), picked, span)


def gather(builder: Builder, picked: Picked, layout: Layout, span: Span) -> Node:
    """The elements that are picked; `layout` is that of the indices' axes and then the others."""
    type_ = Array(builder.numeric(picked.source, span).dtype, (*picked.joint, *picked.rest), layout)
    made = builder.library("gather", (picked.source, *picked.indices), True, type_, span)
    return _in_place(builder, made, picked, span)


def _in_place(builder: Builder, made: Node, picked: Picked, span: Span) -> Node:
    """The axes where they belong."""
    return builder.view(made, transpose_view(picked.order), picked.shape, span) if picked.place else made


def write(builder: Builder, target: Node, items: tuple[Value, ...], value: Value, span: Span) -> None:
    """`target[items] = value`, where some item is advanced."""
    type_ = builder.numeric(target, span)
    if target in builder.readonly:
        raise PythonRaises("assignment destination is read-only", span)
    items, _ = _without_numbers(builder, items, span)
    given = array_of(builder, value, None, span) if isinstance(value, TupleValue) else builder.node(value, span)
    if not any(map(is_advanced, items)):
        spot = builder.index(target, items, span)
        if isinstance(spot.type, Scalar) and builder.ndim(given):
            raise PythonRaises("setting an array element with a sequence", span)
        shaped = fitted(builder, given, shape_of(builder.numeric(spot, span)), span)
        builder.emit(Write(spot, assigned(builder, shaped, type_.dtype, span), span))
        return
    parts = _parts(builder, items, span)
    if _write_by_choice(builder, target, parts, given, span):
        return
    masks = {part.mask for part in parts}
    if len(parts) == builder.ndim(target) and len(masks) == 1 and None not in masks and builder.ndim(given) > 1:
        raise PythonRaises("boolean array indexing assignment requires a 0 or 1-dimensional input", span)
    scatter(builder, _picked(builder, target, parts, span), given, span, alone=len(parts) == 1)


def scatter(builder: Builder, picked: Picked, given: Node, span: Span, *, alone: bool) -> None:
    """Put `given` where an index picks. `alone`: there was but one array between the brackets, and nothing else."""
    shaped = fitted(builder, given, picked.shape, span)
    dtype = builder.numeric(picked.source, span).dtype
    if isinstance(shaped.type, Array) and shaped.type.ndim and picked.place:
        back = picked.order
        order = tuple(back.index(k) for k in range(len(back)))
        shaped = builder.view(shaped, transpose_view(order), tuple(picked.shape[k] for k in order), span)
    if not picked.indices:
        whole: tuple[Value, ...] = (Known(None),) * len(picked.joint)
        spot = builder.index(picked.source, (*whole, Known(Ellipsis)), span)
        builder.emit(Write(spot, assigned(builder, shaped, dtype, span), span))
        return
    shaped, indices = _in_order_of_writing(builder, picked, shaped, span, alone=alone)
    value = copied_if_shared(builder, assigned(builder, shaped, dtype, span), picked.source, span)
    indices = tuple(copied_if_shared(builder, index, picked.source, span) for index in indices)
    builder.emit(Scatter(picked.source, indices, value, True, span))


def _in_order_of_writing(
    builder: Builder, picked: Picked, value: Node, span: Span, *, alone: bool
) -> tuple[Node, tuple[Node, ...]]:
    """Value and indices with the axes so that C order is that in which NumPy writes: equal indices show it.

    NumPy walks over indices and value by their strides, and backwards where all have negative ones; but not where one
    vector indexes another.
    """
    lead = len(picked.joint)
    operands = [*picked.layouts, *([value.type.layout] if isinstance(value.type, Array) else [])]
    order = _walk(picked, operands, span)
    fixed = (alone and lead == 1) or any(length != ONE for length in picked.rest)
    down = [] if fixed else _turned(operands, lead)
    if order == tuple(range(lead)) and not down:
        return value, picked.indices

    def moved(node: Node) -> Node:
        if not isinstance(node.type, Array):
            return node
        axes = (*order, *range(lead, node.type.ndim))
        node = builder.view(node, transpose_view(axes), tuple(node.type.shape[k] for k in axes), span)
        items: list[Value] = [_BACKWARDS if k in down else _WHOLE for k in order]
        return builder.index(node, (*items, Known(Ellipsis)), span) if down else node

    return moved(value), tuple(map(moved, picked.indices))


def _turned(layouts: Sequence[Layout], lead: int) -> list[int]:
    """The axes along which nothing goes up and something goes down."""
    return [
        axis
        for axis in range(lead)
        if any(layout.ranks[axis] and layout.negative[axis] for layout in layouts)
        and all(not layout.ranks[axis] or layout.negative[axis] for layout in layouts)
    ]


# Items ----------------------------------------------------------------------------------------------------------


def _without_numbers(builder: Builder, items: tuple[Value, ...], span: Span) -> tuple[tuple[Value, ...], bool]:
    """The items with integers in place of arrays without axes; whether there was one."""
    made = tuple(
        builder.element(item, span)
        if isinstance(item, Node) and isinstance(item.type, Array) and item.type.ndim == 0
        else item
        for item in items
    )
    return made, any(mine is not item for mine, item in zip(made, items, strict=True))


def _parts(builder: Builder, items: tuple[Value, ...], span: Span) -> list[_Part]:
    """The items; a mask is as many of them as it has axes."""
    parts: list[_Part] = []
    for item in items:
        if not is_advanced(item):
            parts.append(_Part(item, advanced=_is_integer(item)))
            continue
        if isinstance(item, Known) and isinstance(item.value, list):
            item = TupleValue(tuple(map(Known, item.value)))
        if isinstance(item, Known) or (isinstance(item, Node) and isinstance(item.type, Scalar)):
            parts.append(_flag(builder, item, span))
            continue
        array = array_of(builder, item, None, span, empty=INT64) if isinstance(item, TupleValue) else item
        assert isinstance(array, Node) and isinstance(array.type, Array)
        if array.type.dtype.kind == "b":
            rank = array.type.ndim
            parts += [_Part(_WHOLE, advanced=True, mask=array, row=k) for k in range(rank)]
        elif array.type.dtype.kind in "iu":
            parts.append(_Part(_WHOLE, advanced=True, index=array))
        else:
            raise PythonRaises("arrays used as indices must be of integer (or boolean) type", span)
    return parts


def _is_integer(item: Value) -> bool:
    if isinstance(item, Node):
        return isinstance(item.type, Scalar)
    return isinstance(item, Known) and item.value is not None and item.value is not Ellipsis


def _flag(builder: Builder, item: Value, span: Span) -> _Part:
    """A bool by itself: a mask over an axis that it makes."""
    if isinstance(item, Known):
        index = literal(builder, np.zeros(1 if item.value else 0, np.int64), span)
        return _Part(_NEW_AXIS, advanced=True, index=index)
    assert isinstance(item, Node)
    single = Node("copy", (item,), None, Array(np.dtype(np.bool_), (), packed_layout((), ())), span)
    mask = builder.view(single, View((), 1), (ONE,), span)
    return _Part(_NEW_AXIS, advanced=True, mask=mask)


def _picked(builder: Builder, x: Node, parts: Sequence[_Part], span: Span) -> Picked:
    view, axes, parts = _basic(builder, x, parts, span)
    source = view.type
    assert isinstance(source, Array)
    rows: dict[Node, tuple[Node, ...]] = {}
    for part, axis in zip(parts, axes, strict=True):
        if part.mask is not None:
            assert axis is not None and isinstance(part.mask.type, Array)
            _same_length(builder, source.shape[axis], part.mask.type.shape[part.row], span)
    indices: list[Node] = []
    for part in parts:
        if part.mask is not None:
            if part.mask not in rows:
                rows[part.mask] = nonzero(builder, part.mask, span)
            indices.append(rows[part.mask][part.row])
        elif part.index is not None:
            indices.append(part.index)
    joint = broadcast_shapes([shape_of(builder.numeric(index, span)) for index in indices], builder.facts, span)
    first = [axis for part, axis in zip(parts, axes, strict=True) if axis is not None and _has_index(part)]
    others = [axis for axis in range(source.ndim) if axis not in first]
    place = _place(parts, axes, first)
    order = (*first, *others)
    if order != tuple(range(source.ndim)):
        view = builder.view(view, transpose_view(order), tuple(source.shape[k] for k in order), span)
    made = tuple(_over(builder, builder.coerce(index, INT64, span), joint, span) for index in indices)
    lie = tuple(builder.spread(index, joint, span).type for index in indices)
    layouts = tuple(type_.layout for type_ in lie if isinstance(type_, Array))
    return Picked(view, made, layouts, joint, place, tuple(source.shape[k] for k in others))


def _over(builder: Builder, index: Node, joint: tuple[Dim, ...], span: Span) -> Node:
    """The index over the joint shape, under its formulas: other ones may be equal by a check alone."""
    spread = builder.spread(index, joint, span)
    if builder.shape(spread, span) == joint:
        return spread
    return builder.view(spread, View(tuple(map(Along, range(len(joint)))), len(joint)), joint, span)


def _has_index(part: _Part) -> bool:
    return part.index is not None or part.mask is not None


def _same_length(builder: Builder, length: Dim, mask: Dim, span: Span) -> None:
    if not builder.decide(length, "==", mask, span, expected=True):
        raise PythonRaises("boolean index did not match indexed array", span)


def _basic(builder: Builder, x: Node, parts: Sequence[_Part], span: Span) -> tuple[Node, list[int | None], list[_Part]]:
    """What the basic part of an index leaves of `x`; for every part, which axis of that it is; the parts, `...` in."""
    ndim = builder.ndim(x)
    consuming = [part for part in parts if not _is_known(part.basic, None, Ellipsis)]
    if len(consuming) > ndim:
        raise PythonRaises(f"too many indices: the array is {ndim}-dimensional", span)
    dots = [k for k, part in enumerate(parts) if _is_known(part.basic, Ellipsis)]
    if len(dots) > 1:
        raise PythonRaises("an index can only have a single ellipsis", span)
    whole = [_Part(_WHOLE)] * (ndim - len(consuming))
    # An empty `...` keeps its place: it stands between indices.
    filled = [*parts[: dots[0] + 1], *whole, *parts[dots[0] + 1 :]] if dots else [*parts, *whole]
    axes: list[int | None] = []
    count = 0
    for part in filled:
        dropped = _is_known(part.basic, Ellipsis) or (part.advanced and not _has_index(part))
        axes.append(None if dropped else count)
        count += not dropped
    items = tuple(part.basic for part in filled if not _is_known(part.basic, Ellipsis))
    plain = all(item is _WHOLE for item in items)
    return x if plain else builder.index(x, (*items, Known(Ellipsis)), span), axes, filled


def _place(parts: Sequence[_Part], axes: Sequence[int | None], first: Sequence[int]) -> int:
    """How many of the other axes come before those of the indices."""
    where = [k for k, part in enumerate(parts) if part.advanced]
    if where[-1] - where[0] + 1 != len(where):
        return 0
    before = [axis for axis in axes[: where[0]] if axis is not None]
    return len([axis for axis in before if axis not in first])


def _is_known(value: Value, *objects: object) -> bool:
    return isinstance(value, Known) and any(value.value is o for o in objects)


# Memory ---------------------------------------------------------------------------------------------------------


def _gathered_layout(picked: Picked, span: Span) -> Layout:
    """NumPy's order: that in which it walks over the indices, and then that of the other axes."""
    source = picked.source.type
    assert isinstance(source, Array)
    ranks = source.layout.ranks[len(picked.indices) :]
    lead = len(picked.joint)
    rest = sorted(range(len(picked.rest)), key=lambda k: -ranks[k])
    order = (*_walk(picked, picked.layouts, span), *(lead + k for k in rest))
    return packed_layout((*picked.joint, *picked.rest), order)


def _walk(picked: Picked, operands: Sequence[Layout], span: Span) -> tuple[int, ...]:
    """The axes of the indices as NumPy walks over them: by their own strides if single elements are picked, else in C
    order."""
    lead = len(picked.joint)
    plain = tuple(range(lead))
    indexed = iteration_order([layout.ranks[:lead] for layout in operands], lead)
    if indexed != plain and not all(length == ONE for length in picked.rest):
        if any(is_local(length) for length in picked.rest):
            raise UnsupportedError(
                "the memory order of this result depends on a size that is computed in the function",
                span,
                instead="index with arrays in C order: np.ascontiguousarray(index)",
            )
        return plain
    return indexed


# Values ---------------------------------------------------------------------------------------------------------


def fitted(builder: Builder, value: Node, shape: tuple[Dim, ...], span: Span) -> Node:
    """The value as it is read over the shape that is assigned to."""
    if not isinstance(value.type, Array):
        return value
    value = trimmed(builder, value, len(shape), span)
    assert isinstance(value.type, Array)
    lead = len(shape) - value.type.ndim
    for mine, wanted in zip(value.type.shape, shape[lead:], strict=True):
        if mine != ONE and not builder.decide(mine, "==", wanted, span, expected=True):
            raise PythonRaises(f"could not broadcast input array: {mine} to {wanted}", span)
    if value.type.ndim == 0:
        return builder.element(value, span)
    if value.type.shape == shape:
        return value
    return builder.view(value, broadcast_view(value.type.shape, shape), shape, span)


def trimmed(builder: Builder, value: Node, ndim: int, span: Span) -> Node:
    """The array without leading axes of length one that are too many."""
    assert isinstance(value.type, Array)
    surplus = value.type.ndim - ndim
    if surplus <= 0:
        return value
    if any(length != ONE for length in value.type.shape[:surplus]):
        raise PythonRaises("could not broadcast input array", span)
    return builder.index(value, (*(Known(0),) * surplus, Known(Ellipsis)), span)


def _write_by_choice(builder: Builder, target: Node, parts: Sequence[_Part], given: Node, span: Span) -> bool:
    """Write through the one mask of an index as a choice, if no value depends on how many elements it picks."""
    masks = list({id(part.mask): part.mask for part in parts if part.mask is not None}.values())
    others = any(part.index is not None for part in parts)
    if len(masks) != 1 or others or any(part.basic is _NEW_AXIS for part in parts):
        return False
    (mask,) = masks
    view, axes, parts = _basic(builder, target, parts, span)
    spot = view.type
    assert isinstance(spot, Array) and isinstance(mask.type, Array)
    first = [axis for part, axis in zip(parts, axes, strict=True) if part.mask is not None and axis is not None]
    rest = [axis for axis in range(spot.ndim) if axis not in first]
    place = _place(parts, axes, first)
    chosen: list[int | None] = [*rest[:place], None, *rest[place:]]
    if isinstance(given.type, Array):
        whole = len(first) == spot.ndim == builder.ndim(target)
        if given.type.ndim > 1 and whole and len(parts) == spot.ndim:
            raise PythonRaises("boolean array indexing assignment requires a 0 or 1-dimensional input", span)
        given = trimmed(builder, given, len(chosen), span)
        assert isinstance(given.type, Array)
        lead = len(chosen) - given.type.ndim
        if lead <= place and given.type.shape[place - lead] != ONE:
            return False
        for axis, length in zip(chosen[lead:], given.type.shape, strict=True):
            if axis is not None and length != ONE and not builder.decide(length, "==", spot.shape[axis], span):
                raise PythonRaises("could not broadcast input array", span)
        along = [
            Along(None if axis is None or length == ONE else axis)
            for axis, length in zip(chosen[lead:], given.type.shape, strict=True)
        ]
        if given.type.ndim == 0:
            given = builder.element(given, span)
        else:
            given = builder.view(given, View(tuple(along), spot.ndim), spot.shape, span)
    for axis, length in zip(first, mask.type.shape, strict=True):
        _same_length(builder, spot.shape[axis], length, span)
    covering = mask
    if mask.type.ndim != spot.ndim or first != list(range(spot.ndim)):
        covering = builder.view(mask, View(tuple(map(Along, first)), spot.ndim), spot.shape, span)
    result = Array(spot.dtype, spot.shape, copy_layout(spot))
    value = Node("select", (covering, assigned(builder, given, spot.dtype, span), view), None, result, span)
    builder.emit(Write(view, value, span))
    return True
