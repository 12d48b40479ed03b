"""Basic indexing: integers, slices, `None` and `...` become one affine `View`.

Called by the builder for `x[...]`. Whether a bound is clipped is decided with today's sizes and recorded, so that
starts and lengths are plain formulas. Refused: index arrays, boolean masks, NumPy integers known only at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.facts import Facts, is_local
from eqsat.frontend.values import Known, SliceValue, Value
from eqsat.ir.dims import ONE, ZERO, Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar
from eqsat.ir.view import Along, View


@dataclass(frozen=True, slots=True)
class Bounds:
    """A slice with its bounds as formulas; None where left out."""

    start: Dim | None
    stop: Dim | None
    step: int


Item = Dim | Bounds | None
"""An integer, a slice, or a new axis."""


def index_view(shape: tuple[Dim, ...], items: Sequence[Item], facts: Facts, span: Span) -> tuple[View, tuple[Dim, ...]]:
    """The view that `x[items]` is, and its shape. Every axis of `x` has its item."""
    along: list[Along] = []
    result: list[Dim] = []
    axes = iter(shape)
    for item in items:
        if item is None:
            result.append(ONE)
            continue
        extent = next(axes)
        if isinstance(item, Dim):
            along.append(Along(None, _position(item, extent, facts, span)))
        else:
            start, length = _slice(item, extent, facts, span)
            if facts.is_one(length, span):
                length = ONE
            # Of a single element the step means nothing, but NumPy's stride keeps its sign, which some loops look at.
            along.append(Along(len(result), start, max(-1, min(item.step, 1)) if length == ONE else item.step))
            result.append(length)
    return View(tuple(along), len(result)), tuple(result)


def _position(index: Dim, extent: Dim, facts: Facts, span: Span) -> Dim:
    if is_local(index) or is_local(extent):
        return _position_now(index, extent, facts, span)
    if facts.decide(index, ">=", ZERO, span):
        inside, position = facts.decide(extent - 1, ">=", index, span), index
    else:
        inside, position = facts.decide(index + extent, ">=", ZERO, span), index + extent
    if not inside:
        raise PythonRaises(f"index {index} is out of bounds for an axis of length {extent}", span)
    return position


def _position_now(index: Dim, extent: Dim, facts: Facts, span: Span) -> Dim:
    """Where an index points that is computed in the function: what is not proved is checked when it is reached."""
    if facts.ensured(index, ZERO, span):
        position = index
    elif facts.proved(index, "<", ZERO):
        position = index + extent
    else:
        position = facts.now.wrapped(index, extent, span)
    for above, below in ((position, ZERO), (extent, position + 1)):
        if facts.proved(above, ">=", below) is False:
            raise PythonRaises(f"index {index} is out of bounds for an axis of length {extent}", span)
        if not facts.ensured(above, below, span):
            facts.check_bounds(Guard(above, ">=", below, span))
    return position


def _slice(bounds: Bounds, extent: Dim, facts: Facts, span: Span) -> tuple[Dim, Dim]:
    """Start and length, as Python's `slice.indices` clips them."""
    if bounds.step > 0:
        lowest, highest = ZERO, extent
        start = ZERO if bounds.start is None else _clip(bounds.start, extent, lowest, highest, facts, span)
        stop = extent if bounds.stop is None else _clip(bounds.stop, extent, lowest, highest, facts, span)
        reach, stride = stop - start, bounds.step
    else:
        lowest, highest = dim(-1), extent - 1
        start = highest if bounds.start is None else _clip(bounds.start, extent, lowest, highest, facts, span)
        stop = lowest if bounds.stop is None else _clip(bounds.stop, extent, lowest, highest, facts, span)
        reach, stride = start - stop, -bounds.step
    if is_local(reach):
        if facts.proved(ZERO, ">=", reach):
            return ZERO, ZERO
        if not facts.ensured(reach, ZERO, span):
            reach = facts.now.limited(reach, ZERO, extent, span)
    elif not facts.decide(reach, ">=", ZERO, span):
        return ZERO, ZERO
    return start, (reach + (stride - 1)) // stride


def _clip(bound: Dim, extent: Dim, lowest: Dim, highest: Dim, facts: Facts, span: Span) -> Dim:
    if is_local(bound) or is_local(extent):
        return _clip_now(bound, extent, lowest, highest, facts, span)
    if not facts.decide(bound, ">=", ZERO, span):
        bound = bound + extent
        return bound if facts.decide(bound, ">=", ZERO, span) else lowest
    return bound if facts.decide(highest, ">=", bound, span) else highest


def _clip_now(bound: Dim, extent: Dim, lowest: Dim, highest: Dim, facts: Facts, span: Span) -> Dim:
    """A bound that is computed in the function is clipped when it is reached, unless it is known to be in range."""
    if facts.proved(bound, "<", ZERO):
        bound = bound + extent
    elif not facts.ensured(bound, ZERO, span):
        bound = facts.now.wrapped(bound, extent, span)
    if facts.ensured(bound, ZERO, span) and facts.ensured(highest, bound, span):
        return bound
    return facts.now.limited(bound, lowest, highest, span)


def expand_items(items: Sequence[Value], ndim: int, span: Span) -> list[Value]:
    """The items with `...` and missing trailing slices written out."""
    consuming = [item for item in items if not _is_known(item, None, Ellipsis)]
    if len(consuming) > ndim:
        raise PythonRaises(f"too many indices: the array is {ndim}-dimensional", span)
    whole: list[Value] = [SliceValue(Known(None), Known(None), Known(None))] * (ndim - len(consuming))
    places = [k for k, item in enumerate(items) if _is_known(item, Ellipsis)]
    if len(places) > 1:
        raise PythonRaises("an index can only have a single ellipsis", span)
    at = places[0] if places else len(items)
    return [*items[:at], *whole, *items[at + 1 :]]


def read_item(item: Value, dim_of: Callable[[Value], Dim], int_of: Callable[[Value], int], span: Span) -> Item:
    """One item of a basic index."""
    if _is_known(item, None):
        return None
    if isinstance(item, SliceValue):
        step = 1 if _is_known(item.step, None) else int_of(item.step)
        if step == 0:
            raise PythonRaises("slice step cannot be zero", span)
        ends = [None if _is_known(end, None) else dim_of(end) for end in (item.start, item.stop)]
        return Bounds(ends[0], ends[1], step)
    if isinstance(item, Known) and isinstance(item.value, int | np.integer) and not isinstance(item.value, bool):
        return dim(int(item.value))
    if isinstance(item, Node) and isinstance(item.type, Scalar) and item.type.dtype.kind in "iu":
        return dim_of(item)
    if isinstance(item, Known) and isinstance(item.value, float | complex | str):
        raise PythonRaises("only integers, slices, ellipsis and newaxis are valid indices", span)
    have = f"index: {item.type}" if isinstance(item, Node) else ""
    raise UnsupportedError(
        "indexing with an array, a list or a boolean is not compiled yet",
        span,
        have,
        "use integers and slices, or np.where(condition, x, y)",
    )


def _is_known(value: Value, *objects: object) -> bool:
    return isinstance(value, Known) and any(value.value is o for o in objects)
