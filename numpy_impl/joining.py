"""Arrays put together: `concatenate`, the stacks, `append`, `roll`, `repeat`, `tile`, `meshgrid`.

Called through `numpy_impl.library`. A joined array is new memory into which the parts are written one after the other;
its memory order is that of NumPy. Refused: `out=`, numbers of repeats for each element.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as combinations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import reshaping
from eqsat.frontend.assigned import assigned
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.layout import copy_layout
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.promotion import check_supported
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.body import Write
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, canonical, packed_layout
from eqsat.ir.view import Along, View
from numpy_impl.calls import (
    FALSE,
    NONE,
    TRUE,
    array,
    handler,
    items_of,
    known_bool,
    normal_axis,
    optional_dtype,
    refuse,
)
from numpy_impl.casts import boxed, supported

_WHOLE = SliceValue(NONE, NONE, NONE)
_SAME_KIND = Known("same_kind")


def _parts(builder: Builder, call: Call, arrays: Value) -> list[Node]:
    """The arrays of a tuple or list; numbers become arrays without axes."""
    if isinstance(arrays, Node) and isinstance(arrays.type, Array):
        length = arrays.type.shape[0] if arrays.type.ndim else ONE
        if not length.is_const:
            raise UnsupportedError(f"{call.name} of the parts of one array is not compiled yet", call.span)
        return [builder.index(arrays, (Known(k), Known(Ellipsis)), call.span) for k in range(length.const)]
    if not isinstance(arrays, TupleValue):
        raise UnsupportedError(f"{call.name} takes a tuple or list of arrays here", call.span)
    if not arrays.items:
        raise PythonRaises("need at least one array to concatenate", call.span)
    return [_as_array(builder, call, item) for item in arrays.items]


def _as_array(builder: Builder, call: Call, value: Value) -> Node:
    if isinstance(value, TupleValue):
        return array_of(builder, value, None, call.span)
    node = builder.node(value, call.span)
    return node if isinstance(node.type, Array) else boxed(builder, call, node, None)


def _joint_dtype(builder: Builder, call: Call, parts: Sequence[Node], dtype: Value, casting: Value) -> DType:
    dtypes = [builder.numeric(part, call.span).dtype for part in parts]
    wanted = optional_dtype(call, dtype)
    if wanted is None:
        found = np.result_type(*dtypes)
        check_supported(found, "the joint type", call.span)
        return canonical(found)
    rule = casting.value if isinstance(casting, Known) else None
    if rule not in ("no", "equiv", "safe", "same_kind", "unsafe"):
        raise PythonRaises(f"casting must be one of NumPy's rules, not {rule!r}", call.span)
    if not all(np.can_cast(mine, wanted, rule) for mine in dtypes):
        raise PythonRaises(f"cannot cast to {wanted} according to the rule {rule!r}", call.span)
    return supported(call, wanted)


def joined(builder: Builder, parts: Sequence[Node], axis: int, dtype: DType, span: Span) -> Node:
    """Arrays of one rank one after the other along an axis."""
    types = [part.type for part in parts if isinstance(part.type, Array)]
    first = types[0]
    if any(type_.ndim != first.ndim for type_ in types):
        raise PythonRaises("all the input array dimensions must match", span)
    shape = list(first.shape)
    for type_ in types[1:]:
        for k, (mine, theirs) in enumerate(zip(type_.shape, first.shape, strict=True)):
            if k != axis and not builder.decide(mine, "==", theirs, span, expected=True):
                raise PythonRaises("all the input array dimensions except for the concatenation axis must match", span)
    total = ZERO
    for type_ in types:
        total = total + type_.shape[axis]
    shape[axis] = ONE if builder.facts.is_one(total, span) else total
    whole = tuple(shape)
    type_ = Array(dtype, whole, packed_layout(whole, _order(types)))
    made = builder.library("empty", (), None, type_, span)
    start = ZERO
    for part in parts:
        assert isinstance(part.type, Array)
        length = part.type.shape[axis]
        if length == ZERO:
            continue
        lengths = tuple(length if k == axis else extent for k, extent in enumerate(whole))
        along = tuple(Along(k, start if k == axis else ZERO) for k in range(len(whole)))
        spot = builder.view(made, View(along, len(whole)), lengths, span)
        builder.emit(Write(spot, assigned(builder, _fitted(builder, part, lengths, span), dtype, span), span))
        start = start + length
    return made


def _fitted(builder: Builder, part: Node, lengths: tuple[Dim, ...], span: Span) -> Node:
    """The part under formulas for its lengths that are known to be equal to its own."""
    assert isinstance(part.type, Array)
    if part.type.shape == lengths:
        return part
    return builder.view(part, View(tuple(map(Along, range(len(lengths)))), len(lengths)), lengths, span)


def _order(types: Sequence[Array]) -> tuple[int, ...]:
    """The axes, slowest first: NumPy sorts them by the strides of all parts, and C order wins where these disagree."""
    order = list(range(types[0].ndim))
    for place in range(1, len(order)):
        axis, target = order[place], place
        for candidate in reversed(range(place)):
            slower = _is_slower(axis, order[candidate], types)
            if slower is None:
                continue
            if not slower:
                break
            target = candidate
        order.insert(target, order.pop(place))
    return tuple(order)


def _is_slower(axis: int, other: int, types: Sequence[Array]) -> bool | None:
    """Whether `axis` has the greater stride; None if no part tells."""
    verdict: bool | None = None
    for type_ in types:
        if type_.shape[axis] != ONE and type_.shape[other] != ONE:
            if type_.layout.ranks[axis] <= type_.layout.ranks[other]:
                return False
            verdict = True
    return verdict


# Functions ------------------------------------------------------------------------------------------------------


def concatenate(
    builder: Builder,
    call: Call,
    arrays: Value,
    /,
    axis: Value = Known(0),  # noqa: B008
    out: Value = NONE,
    *,
    dtype: Value = NONE,
    casting: Value = _SAME_KIND,
) -> Value:
    """`np.concatenate`; without an axis, of what `ravel` gives."""
    refuse(call, out=out)
    parts = _parts(builder, call, arrays)
    wanted = _joint_dtype(builder, call, parts, dtype, casting)
    if axis == NONE:
        return joined(builder, [reshaping.ravel(builder, x, "C", call.span) for x in parts], 0, wanted, call.span)
    if any(builder.ndim(part) == 0 for part in parts):
        raise PythonRaises("zero-dimensional arrays cannot be concatenated", call.span)
    return joined(builder, parts, normal_axis(builder, call, axis, builder.ndim(parts[0])), wanted, call.span)


def stack(
    builder: Builder,
    call: Call,
    arrays: Value,
    axis: Value = Known(0),  # noqa: B008
    out: Value = NONE,
    *,
    dtype: Value = NONE,
    casting: Value = _SAME_KIND,
) -> Value:
    """`np.stack`: along a new axis."""
    refuse(call, out=out)
    parts = _parts(builder, call, arrays)
    ndim = builder.ndim(parts[0])
    for part in parts[1:]:
        shapes = builder.shape(part, call.span), builder.shape(parts[0], call.span)
        if builder.ndim(part) != ndim or not all(
            builder.decide(mine, "==", theirs, call.span, expected=True) for mine, theirs in zip(*shapes, strict=True)
        ):
            raise PythonRaises("all input arrays must have the same shape", call.span)
    at = normal_axis(builder, call, axis, ndim + 1)
    items = (*(_WHOLE,) * at, NONE, *(_WHOLE,) * (ndim - at))
    wanted = _joint_dtype(builder, call, parts, dtype, casting)
    raised = [builder.index(part, (*items, Known(Ellipsis)), call.span) for part in parts]
    return joined(builder, raised, at, wanted, call.span)


def vstack(builder: Builder, call: Call, tup: Value, *, dtype: Value = NONE, casting: Value = _SAME_KIND) -> Value:
    """`np.vstack`."""
    parts = [_raised(builder, call, part, 2) for part in _parts(builder, call, tup)]
    return joined(builder, parts, 0, _joint_dtype(builder, call, parts, dtype, casting), call.span)


def hstack(builder: Builder, call: Call, tup: Value, *, dtype: Value = NONE, casting: Value = _SAME_KIND) -> Value:
    """`np.hstack`."""
    parts = [_raised(builder, call, part, 1) for part in _parts(builder, call, tup)]
    axis = 0 if builder.ndim(parts[0]) == 1 else 1
    return joined(builder, parts, axis, _joint_dtype(builder, call, parts, dtype, casting), call.span)


def column_stack(builder: Builder, call: Call, tup: Value) -> Value:
    """`np.column_stack`."""
    parts: list[Node] = []
    for part in _parts(builder, call, tup):
        if builder.ndim(part) < 2:
            row = _raised(builder, call, part, 2)
            shape = builder.shape(row, call.span)
            part = builder.view(row, View((Along(1), Along(0)), 2), (shape[1], shape[0]), call.span)
        parts.append(part)
    return joined(builder, parts, 1, _joint_dtype(builder, call, parts, NONE, _SAME_KIND), call.span)


def _raised(builder: Builder, call: Call, part: Node, rank: int) -> Node:
    """The array with leading axes of length one, so many that it has the rank."""
    assert isinstance(part.type, Array)
    lead = rank - part.type.ndim
    if lead <= 0:
        return part
    view = View(tuple(Along(k + lead) for k in range(part.type.ndim)), rank)
    return builder.view(part, view, (*(ONE,) * lead, *part.type.shape), call.span)


def append(builder: Builder, call: Call, arr: Value, values: Value, axis: Value = NONE) -> Value:
    """`np.append`."""
    parts = [_as_array(builder, call, value) for value in (arr, values)]
    return concatenate(builder, call, TupleValue(tuple(parts)), axis)


def roll(builder: Builder, call: Call, a: Value, shift: Value, axis: Value = NONE) -> Value:
    """`np.roll`: pieces of the array in other places."""
    x = array(builder, call, a)
    assert isinstance(x.type, Array)
    span = call.span
    if axis == NONE:
        flat = reshaping.ravel(builder, x, "C", span)
        moved = roll(builder, call, flat, shift, Known(0))
        assert isinstance(moved, Node)
        return reshaping.reshaped(builder, moved, x.type.shape, span)
    shifts, axes = list(items_of(shift)), [normal_axis(builder, call, k, x.type.ndim) for k in items_of(axis)]
    if len(shifts) != len(axes):
        if 1 not in (len(shifts), len(axes)):
            raise PythonRaises("'shift' and 'axis' must be of one length", span)
        shifts, axes = shifts * (len(axes) if len(shifts) == 1 else 1), axes * (len(shifts) if len(axes) == 1 else 1)
    by: dict[int, Dim] = {}
    for amount, k in zip(shifts, axes, strict=True):
        by[k] = by.get(k, ZERO) + builder.dim(amount, span)
    offsets = {k: _offset(builder, call, amount, x.type.shape[k]) for k, amount in by.items()}
    made = builder.library("empty", (), None, Array(x.type.dtype, x.type.shape, copy_layout(x.type)), span)
    choices = [_pieces(builder, offsets.get(k, ZERO), length, span) for k, length in enumerate(x.type.shape)]
    for pieces in combinations(*choices):
        lengths = tuple(length for _, _, length in pieces)
        source, target = (
            View(tuple(Along(k, piece[which]) for k, piece in enumerate(pieces)), len(pieces)) for which in (0, 1)
        )
        value = builder.view(x, source, lengths, span)
        builder.emit(Write(builder.view(made, target, lengths, span), value, span))
    return made


def _offset(builder: Builder, call: Call, amount: Dim, length: Dim) -> Dim:
    """`amount % length`."""
    span = call.span
    if builder.decide(amount, ">=", ZERO, span):
        if builder.decide(length - 1, ">=", amount, span, expected=True):
            return amount
        if builder.decide(length, "==", amount, span):
            return ZERO
    elif builder.decide(amount + length, ">=", ZERO, span, expected=True):
        return amount + length
    if not builder.decide(length, ">=", ONE, span):
        return ZERO
    today = builder.facts.today(amount) // builder.facts.today(length)
    rest = amount - length * today
    if builder.decide(rest, ">=", ZERO, span) and builder.decide(length - 1, ">=", rest, span):
        return rest
    raise UnsupportedError(f"{call.name} by a number that turns round and round is not compiled yet", span)


def _pieces(builder: Builder, offset: Dim, length: Dim, span: Span) -> list[tuple[Dim, Dim, Dim]]:
    """Where the pieces of an axis begin, before and after, and their lengths."""
    if offset == ZERO or length == ONE:
        return [(ZERO, ZERO, length)]
    rest = length - offset
    parts = [(ZERO, offset, rest), (rest, ZERO, offset)]
    return [(first, target, ONE if builder.facts.is_one(size, span) else size) for first, target, size in parts]


def repeat(builder: Builder, call: Call, a: Value, repeats: Value, axis: Value = NONE) -> Value:
    """`np.repeat`, each element as often."""
    x = _as_array(builder, call, a)
    assert isinstance(x.type, Array)
    if isinstance(repeats, TupleValue) or builder.shape(repeats, call.span):
        raise UnsupportedError(f"{call.name} with a number for each element is not compiled yet", call.span)
    count = builder.dim(repeats, call.span)
    if not builder.decide(count, ">=", ZERO, call.span, expected=True):
        raise PythonRaises("repeats may not contain negative values.", call.span)
    if axis == NONE:
        x, at = reshaping.ravel(builder, x, "C", call.span), 0
    else:
        at = normal_axis(builder, call, axis, x.type.ndim)
    assert isinstance(x.type, Array)
    along = tuple(Along(k if k <= at else k + 1) for k in range(x.type.ndim))
    lengths = tuple(x.type.shape)
    return _multiplied(
        builder,
        x,
        along,
        (*lengths[: at + 1], count, *lengths[at + 1 :]),
        [[k] for k in range(at)] + [[at, at + 1]] + [[k + 1] for k in range(at + 1, len(lengths))],
        call.span,
    )


def _multiplied(
    builder: Builder, x: Node, along: tuple[Along, ...], lengths: tuple[Dim, ...], groups: list[list[int]], span: Span
) -> Node:
    """Elements read again and again over new axes, and groups of axes made one each."""
    shape = tuple(ONE if builder.facts.is_one(length, span) else length for length in lengths)
    rank = len(shape)
    spread = builder.copy(builder.view(x, View(along, rank), shape, span), "C", span)
    final: list[Dim] = []
    for group in groups:
        total = ONE
        for k in group:
            total = total * shape[k]
        final.append(total)
    return reshaping.in_place(builder, spread, tuple(final), span)


def tile(builder: Builder, call: Call, A: Value, reps: Value) -> Value:
    """`np.tile`."""
    x = _as_array(builder, call, A)
    assert isinstance(x.type, Array)
    span = call.span
    times = [builder.dim(item, span) for item in items_of(reps)]
    if not all(builder.decide(count, ">=", ZERO, span, expected=True) for count in times):
        raise PythonRaises("negative dimensions are not allowed", span)
    rank = max(len(times), x.type.ndim)
    times = [ONE] * (rank - len(times)) + [ONE if builder.facts.is_one(count, span) else count for count in times]
    x = _raised(builder, call, x, rank)
    assert isinstance(x.type, Array)
    if all(count == ONE for count in times):
        return builder.copy(x, "K", span)
    lengths = tuple(length for pair in zip(times, x.type.shape, strict=True) for length in pair)
    along = tuple(Along(2 * k + 1) for k in range(rank))
    return _multiplied(builder, x, along, lengths, [[2 * k, 2 * k + 1] for k in range(rank)], span)


def meshgrid(
    builder: Builder,
    call: Call,
    *xi: Value,
    copy: Value = TRUE,
    sparse: Value = FALSE,
    indexing: Value = Known("xy"),  # noqa: B008
) -> Value:
    """`np.meshgrid` of vectors, with copies."""
    span = call.span
    kind = indexing.value if isinstance(indexing, Known) else None
    if kind not in ("xy", "ij"):
        raise PythonRaises("Valid values for `indexing` are 'xy' and 'ij'.", span)
    vectors = [_as_array(builder, call, value) for value in xi]
    if any(builder.ndim(vector) != 1 for vector in vectors):
        raise UnsupportedError(f"{call.name} of other than vectors is not compiled yet", span)
    rank = len(vectors)
    places = list(range(rank))
    if kind == "xy" and rank > 1:
        places[0], places[1] = 1, 0
    lengths = [ONE] * rank
    for place, vector in zip(places, vectors, strict=True):
        lengths[place] = builder.shape(vector, span)[0]
    thin, full = known_bool(call, "sparse", sparse), known_bool(call, "copy", copy)
    if not full:
        raise UnsupportedError(f"{call.name} without copies is not compiled yet", span, instead="leave `copy` out")
    made: list[Value] = []
    for place, vector in zip(places, vectors, strict=True):
        shape = tuple(length if not thin or k == place else ONE for k, length in enumerate(lengths))
        read = builder.view(vector, View((Along(place),), rank), shape, span)
        made.append(builder.copy(read, "C", span))
    return TupleValue(tuple(made))


FUNCTIONS: dict[object, Handler] = {
    np.concatenate: handler(concatenate),
    np.stack: handler(stack),
    np.vstack: handler(vstack),
    np.hstack: handler(hstack),
    np.column_stack: handler(column_stack),
    np.append: handler(append),
    np.roll: handler(roll),
    np.repeat: handler(repeat),
    np.tile: handler(tile),
    np.meshgrid: handler(meshgrid),
}

METHODS: dict[str, Handler] = {"repeat": handler(repeat)}
