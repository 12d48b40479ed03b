"""One element after the other: `np.add.at` and its like, `np.bincount`. They become loops of the function's own.

Called through `numpy_impl.library`. Refused: slices before arrays among the indices,
and results that are not of the array's kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import fancy, python_scalars, reduction
from eqsat.frontend.assigned import copied_if_shared
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.facts import is_local
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.frontend.writes import refuse_readonly, write
from eqsat.ir.body import For, Write
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar, c_layout
from numpy_impl.calls import NONE, array, handler
from numpy_impl.creation import repeated
from numpy_impl.selecting import operand

_INT64, _FLOAT64 = np.dtype(np.int64), np.dtype(np.float64)


def each(builder: Builder, count: Dim, turn: Callable[[Node], None], span: Span) -> None:
    """`for k in range(count): turn(k)`."""
    if not is_local(count) and not builder.decide(count, ">=", ONE, span):
        return
    start, stop, step = (
        builder.size_node(ZERO, span),
        builder.size_node(count, span),
        builder.node(Known(1), span),
    )
    with builder.facts.inside(), builder.recorder.block() as opened:
        counter = builder.counter(builder.facts.today(count) // 2, span)
        index = builder.dim(counter, span)
        builder.facts.assume(Guard(index, ">=", ZERO, span))
        builder.facts.assume(Guard(count - 1, ">=", index, span))
        turn(counter)
    builder.emit(For(counter, start, stop, step, True, opened.block, span))


def at(ufunc: np.ufunc) -> Handler:
    """`ufunc.at` of two operands."""

    def implementation(builder: Builder, call: Call, a: Value, indices: Value, b: Value) -> Value:
        span = call.span
        target = array(builder, call, a)
        refuse_readonly(builder, target, span)
        if builder.ndim(target):  # NumPy refuses read-only memory also where there is no index, and nothing to write
            nothing = SliceValue(Known(0), Known(0), Known(None))
            write(builder, builder.index(target, (nothing,), span), Known(0), span)
        items = indices.items if isinstance(indices, TupleValue) and not indices.is_list else (indices,)
        if isinstance(indices, TupleValue) and indices.is_list:
            items = (array_of(builder, indices, None, span, empty=_INT64),)
        if not any(map(fancy.is_advanced, items)):
            raise UnsupportedError(f"{call.name} takes an array among the indices here", span, instead="x[i] += v")
        picked = fancy.picked(builder, target, items, span)
        lengths, count = (*picked.joint, *picked.rest), len(picked.joint)
        if picked.place:
            raise UnsupportedError(f"{call.name} with a slice before arrays is not compiled yet", span)
        places = [copied_if_shared(builder, node, target, span) for node in picked.indices]
        given = operand(builder, call, b)
        if isinstance(given.type, Scalar):
            value = builder.cast(given, given.type.dtype, span)
        else:
            value = copied_if_shared(builder, fancy.fitted(builder, given, lengths, span), target, span)
        dtype = builder.numeric(target, span).dtype

        def turn(point: tuple[Node, ...]) -> None:
            spot = tuple(builder.index(node, point[:count], span) for node in places)
            found = builder.index(picked.source, (*spot, *point[count:]), span)
            here = builder.index(value, point, span) if isinstance(value.type, Array) else value
            made = builder.elementwise(ufunc, [found, here], span)
            if not np.can_cast(builder.numeric(made, span).dtype, dtype, "same_kind"):
                raise UnsupportedError(f"{call.name} with results that are cut to {dtype} is not compiled", span)
            if ufunc in (np.maximum, np.minimum):  # NumPy warns of NaNs here
                equal = builder.elementwise(np.equal, [made, made], span)
                builder.check(python_scalars.to_bool(equal, span))
            builder.emit(Write(found, builder.coerce(made, dtype, span), span))

        _everywhere(builder, lengths, turn, span)
        return NONE

    def handle(builder: Builder, call: Call) -> Value:
        if call.kwargs or len(call.args) != 3:
            raise PythonRaises(f"{call.name} takes an array, indices and values", call.span)
        return implementation(builder, call, *call.args)

    return handle


def _is_vector(node: Node, kinds: str) -> bool:
    return isinstance(node.type, Array) and node.type.ndim == 1 and node.type.dtype.kind in kinds


def _everywhere(
    builder: Builder, lengths: tuple[Dim, ...], turn: Callable[[tuple[Node, ...]], None], span: Span
) -> None:
    """`turn` for every point of a shape, in C order."""

    def over(rest: tuple[Dim, ...], point: tuple[Node, ...]) -> None:
        if rest:
            each(builder, rest[0], lambda counter: over(rest[1:], (*point, counter)), span)
        else:
            turn(point)

    over(lengths, ())


def bincount(
    builder: Builder,
    call: Call,
    x: Value,
    /,
    weights: Value = NONE,
    minlength: Value = Known(0),  # noqa: B008
) -> Value:
    """`np.bincount`."""
    span = call.span
    places = array(builder, call, operand(builder, call, x))
    if not np.can_cast(builder.numeric(places, span).dtype, _INT64, "safe"):
        raise PythonRaises(f"{call.name} does not count {builder.numeric(places, span).dtype}", span)
    if not _is_vector(places, "iu"):
        raise UnsupportedError(f"{call.name} takes a vector of integers here", span)
    count = builder.shape(places, span)[0]
    least = builder.dim(minlength, span)
    if not builder.decide(least, ">=", ZERO, span, expected=True):
        raise PythonRaises("'minlength' must not be negative", span)
    weighted = None if weights == NONE else builder.coerce(operand(builder, call, weights), _FLOAT64, span)
    if weighted is not None and (
        not _is_vector(weighted, "f")
        or not builder.decide(builder.shape(weighted, span)[0], "==", count, span, expected=True)
    ):
        raise UnsupportedError(f"{call.name} takes as many weights as places", span)
    length = _bins(builder, places, count, least, span)
    # Of no elements NumPy forgets the weights.
    dtype = _FLOAT64 if weighted is not None and builder.decide(count, ">=", ONE, span, expected=True) else _INT64
    made = repeated(builder, call, Known(0), (length,), dtype, c_layout((length,)))

    def turn(counter: Node) -> None:
        spot = builder.index(made, (builder.index(places, (counter,), span),), span)
        step = builder.constant(1, _INT64, span) if weighted is None else builder.index(weighted, (counter,), span)
        builder.emit(Write(spot, builder.elementwise(np.add, [spot, step], span), span))

    each(builder, count, turn, span)
    return made


def _bins(builder: Builder, places: Node, count: Dim, least: Dim, span: Span) -> Dim:
    """How many bins: one more than the largest place, or more if that is asked for. A negative place raises."""
    if not builder.decide(count, ">=", ONE, span, expected=True):
        return least
    ends: Sequence[Node] = [
        builder.python_int(reduction.reduce(builder, op, places, (0,), False, None, span), span)
        for op in ("minimum", "maximum")
    ]
    zero, one = builder.node(Known(0), span), builder.node(Known(1), span)
    builder.check(python_scalars.apply(builder, "gte", [ends[0], zero], span))
    wanted = python_scalars.apply(builder, "add", [ends[1], one], span)
    limit = builder.size_node(least, span)
    fewer = python_scalars.apply(builder, "lt", [wanted, limit], span)
    length = builder.number(Node("select", (fewer, limit, wanted), None, python_scalars.INT, span))
    builder.facts.assume_length(length)
    return length


_UFUNCS = (np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.bitwise_or, np.bitwise_and, np.bitwise_xor)

FUNCTIONS: dict[object, Handler] = {
    **{ufunc.at: at(ufunc) for ufunc in _UFUNCS},
    np.bincount: handler(bincount),
}
