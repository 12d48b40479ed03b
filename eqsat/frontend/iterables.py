"""What a `for` loop runs over: known items, one after the other, or a count with a rule that makes the item of a turn.

`range`, arrays along their first axis, `x.flat`, `np.ndenumerate` and `np.ndindex`, `enumerate`, `zip` and `reversed`
of these, tuples and strings. Called by the
translation of loops and comprehensions. Refused: everything else that Python can iterate over.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import flat, structure
from eqsat.frontend.builder import PYTHON_BOOL, PYTHON_INT, Builder
from eqsat.frontend.facts import is_local
from eqsat.frontend.values import Flat, Known, TupleValue, Value
from eqsat.ir.dims import ZERO, Dim, dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array

Item = Callable[[Builder, Value, Span], Value]
"""The item of the turn whose number (or value, of a range) is given."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Items that are known one by one."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """`range(start, stop, step)`, and what a turn's number stands for; `up` is the sign of the step, if known."""

    start: Value
    stop: Value
    step: Value
    up: bool | None
    item: Item


Iterable = Listed | Counted
Evaluate = Callable[[ast.expr], Value]
_ZERO, _ONE = Known(0), Known(1)


def iterable(builder: Builder, node: ast.expr, evaluate: Evaluate, span: Span) -> Iterable:
    """What the expression behind `in` runs over."""
    if isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args):
        callee = evaluate(node.func) if isinstance(node.func, ast.Name) else None
        function = callee.value if isinstance(callee, Known) else None
        maker = _MAKERS.get(function) if isinstance(function, type) else None
        if maker is not None:
            return maker(builder, node.args, evaluate, span)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "enumerate":
        starts = [keyword.value for keyword in node.keywords if keyword.arg == "start"]
        if len(starts) == len(node.keywords) == len(node.args) == 1:
            return _enumerate(builder, [*node.args, *starts], evaluate, span)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
        strict = [keyword.value for keyword in node.keywords if keyword.arg == "strict"]
        if len(strict) == len(node.keywords) == 1 and isinstance(strict[0], ast.Constant):
            return _zip(builder, node.args, evaluate, span, strict=bool(strict[0].value))
    value = evaluate(node)
    if isinstance(value, Known) and isinstance(value.value, Counted | Flat) and isinstance(node, ast.Name):
        raise UnsupportedError("an iterator that has a name is looped over", span, instead="write it behind `in`")
    return of_value(builder, value, span)


def of_value(builder: Builder, value: Value, span: Span) -> Iterable:
    """The items of a value."""
    if isinstance(value, TupleValue):
        return Listed(value.items)
    if isinstance(value, Known) and isinstance(value.value, str):
        return Listed(tuple(map(Known, value.value)))
    if isinstance(value, Known) and isinstance(value.value, range):
        return Listed(tuple(map(Known, value.value)))
    if isinstance(value, Node) and isinstance(value.type, Array):
        if not value.type.ndim:
            raise PythonRaises("iteration over a 0-d array", span)
        length = builder.size(value.type.shape[0], span)
        return Counted(_ZERO, length, _ONE, True, lambda b, turn, s: b.index(value, (turn,), s))
    if isinstance(value, Known) and isinstance(value.value, Counted):
        return value.value
    if isinstance(value, Known) and isinstance(value.value, Flat):
        return over_elements(builder, value.value.array, False, span)
    if isinstance(value, Known) and not hasattr(value.value, "__iter__"):
        raise PythonRaises(f"a {structure.python_type(value).__name__} is not iterable", span)
    if isinstance(value, Node):
        raise PythonRaises("a number is not iterable", span)
    raise UnsupportedError(
        f"a loop over a {structure.python_type(value).__name__} is not supported",
        span,
        instead="loop over range(...), an array or a tuple",
    )


def over_elements(builder: Builder, array: Node, with_indices: bool, span: Span) -> Counted:
    """The elements of an array in C order; with their indices, as `np.ndenumerate` has it."""
    shape = builder.shape(array, span)

    def item(b: Builder, turn: Value, s: Span) -> Value:
        if not with_indices:
            return flat.spot(b, array, turn, s)
        indices = tuple(flat.coordinates(b, b.dim(turn, s), shape, s))
        return TupleValue((TupleValue(indices), b.index(array, indices, s)))

    return Counted(_ZERO, builder.size(product(shape), span), _ONE, True, item)


def over_indices(builder: Builder, shape: tuple[Dim, ...], span: Span) -> Counted:
    """The indices of an array of that shape, in C order."""
    return Counted(
        _ZERO,
        builder.size(product(shape), span),
        _ONE,
        True,
        lambda b, turn, s: TupleValue(tuple(flat.coordinates(b, b.dim(turn, s), shape, s))),
    )


def known_items(builder: Builder, over: Iterable, span: Span) -> Sequence[Value] | None:
    """The items, where their number is known."""
    if isinstance(over, Listed):
        return over.items
    turns = known_turns(over)
    return None if turns is None else [over.item(builder, Known(turn), span) for turn in turns]


def known_turns(over: Counted) -> range | None:
    """The numbers of the turns, where they are known."""
    parts = [part.value for part in (over.start, over.stop, over.step) if isinstance(part, Known)]
    numbers = [int(part) for part in parts if isinstance(part, int)]
    return range(*numbers) if len(numbers) == 3 else None


def _range(builder: Builder, args: Sequence[ast.expr], evaluate: Evaluate, span: Span) -> Iterable:
    if not 1 <= len(args) <= 3:
        raise PythonRaises(f"range takes 1 to 3 arguments, not {len(args)}", span)
    values = [_integer(builder, evaluate(arg), span) for arg in args]
    start, stop, step = (_ZERO, values[0], _ONE) if len(values) == 1 else (*values, _ONE)[:3]
    size = builder.dim(step, span)
    if not is_local(size):
        up: bool | None = builder.decide(size, ">=", dim(1), span)
        if not up and not builder.decide(size, "<", ZERO, span):
            raise PythonRaises("range() arg 3 must not be zero", span)
    else:
        positive, negative = builder.facts.proved(size, ">=", dim(1)), builder.facts.proved(dim(-1), ">=", size)
        up = True if positive else False if negative else None
        if up is None:
            nonzero = Node("py.ne", (builder.size_node(size, span), builder.node(_ZERO, span)), None, PYTHON_BOOL, span)
            builder.check(nonzero)
    return Counted(start, stop, step, up, lambda b, turn, s: turn)


def _integer(builder: Builder, value: Value, span: Span) -> Value:
    kind = structure.python_type(value)
    if not (issubclass(kind, int) or hasattr(kind, "__index__")) or (isinstance(value, Node) and _has_axes(value)):
        raise PythonRaises(f"'{kind.__name__}' object cannot be interpreted as an integer", span)
    if isinstance(value, Known):
        return Known(int(value.value))  # type: ignore[call-overload]
    assert isinstance(value, Node)
    return builder.python_int(value, span)


def _has_axes(value: Node) -> bool:
    return isinstance(value.type, Array)


def _enumerate(builder: Builder, args: Sequence[ast.expr], evaluate: Evaluate, span: Span) -> Iterable:
    if not 1 <= len(args) <= 2:
        raise PythonRaises("enumerate takes one or two arguments", span)
    inner = iterable(builder, args[0], evaluate, span)
    start = _integer(builder, evaluate(args[1]), span) if len(args) == 2 else _ZERO
    if isinstance(inner, Listed):
        counts = (structure.operate(builder, "add", (start, Known(k)), span) for k in range(len(inner.items)))
        return Listed(tuple(TupleValue(pair) for pair in zip(counts, inner.items, strict=True)))
    by_turn = _by_turn(builder, inner, span)

    def item(b: Builder, turn: Value, s: Span) -> Value:
        return TupleValue((structure.operate(b, "add", (turn, start), s), by_turn.item(b, turn, s)))

    return Counted(_ZERO, by_turn.stop, _ONE, True, item)


def _zip(builder: Builder, args: Sequence[ast.expr], evaluate: Evaluate, span: Span, strict: bool = False) -> Iterable:
    parts = [iterable(builder, arg, evaluate, span) for arg in args]
    listed = [part for part in parts if isinstance(part, Listed)]
    counted = [_by_turn(builder, part, span) for part in parts if isinstance(part, Counted)]
    if not listed and not counted:
        return Listed(())
    if strict:
        lengths = [dim(len(part.items)) for part in listed] + [builder.dim(part.stop, span) for part in counted]
        for length in lengths[1:]:
            if not builder.decide(lengths[0], "==", length, span, expected=True):
                raise PythonRaises("zip() has arguments of different lengths", span)
    if listed:
        count = min(len(part.items) for part in listed)
        for part in counted:
            length = builder.dim(part.stop, span)
            while not builder.decide(length, ">=", dim(count), span, expected=True):
                count -= 1
        turns = iter(counted)
        by_part = [part.items if isinstance(part, Listed) else next(turns) for part in parts]
        rows = [
            tuple(one[k] if isinstance(one, tuple) else one.item(builder, Known(k), span) for one in by_part)
            for k in range(count)
        ]
        return Listed(tuple(map(TupleValue, rows)))
    stop = counted[0].stop
    for part in counted[1:]:
        stop = _smaller(builder, stop, part.stop, span)
    items = tuple(part.item for part in counted)
    return Counted(_ZERO, stop, _ONE, True, lambda b, turn, s: TupleValue(tuple(one(b, turn, s) for one in items)))


def _smaller(builder: Builder, one: Value, other: Value, span: Span) -> Value:
    first, second = builder.dim(one, span), builder.dim(other, span)
    if first == second or builder.facts.ensured(second, first, span):
        return one
    if builder.facts.ensured(first, second, span):
        return other
    return builder.size(builder.limited(first, ZERO, second, span), span)


def _reversed(builder: Builder, args: Sequence[ast.expr], evaluate: Evaluate, span: Span) -> Iterable:
    if len(args) != 1:
        raise PythonRaises("reversed takes one argument", span)
    inner = iterable(builder, args[0], evaluate, span)
    if isinstance(inner, Listed):
        return Listed(inner.items[::-1])
    by_turn = _by_turn(builder, inner, span)
    last = structure.operate(builder, "sub", (by_turn.stop, _ONE), span)
    return Counted(last, Known(-1), Known(-1), False, by_turn.item)


def _by_turn(builder: Builder, inner: Counted, span: Span) -> Counted:
    """The same with turns numbered from 0."""
    if inner.start == _ZERO and inner.step == _ONE:
        return inner
    start, stop, step = (builder.dim(value, span) for value in (inner.start, inner.stop, inner.step))
    if step.is_const:
        reach = stop - start if step.const > 0 else start - stop
        size = abs(step.const)
        count = (reach + (size - 1)) // size
    else:  # stop - start divided by the step, rounded up, is minus (start - stop) divided by it, rounded down
        parts = [builder.size_node(value, span) for value in (start - stop, step)]
        count = -builder.number(Node("py.floordiv", tuple(parts), None, PYTHON_INT, span))
    if not builder.facts.ensured(count, ZERO, span):
        count = _not_negative(builder, count, span)

    def item(b: Builder, turn: Value, s: Span) -> Value:
        steps = structure.operate(b, "mult", (turn, inner.step), s)
        return inner.item(b, structure.operate(b, "add", (inner.start, steps), s), s)

    return Counted(_ZERO, builder.size(count, span), _ONE, True, item)


def _not_negative(builder: Builder, count: Dim, span: Span) -> Dim:
    node, zero = builder.size_node(count, span), builder.node(_ZERO, span)
    below = Node("py.lt", (node, zero), None, PYTHON_BOOL, span)
    return builder.number(Node("select", (below, zero, node), None, PYTHON_INT, span))


_MAKERS: dict[type, Callable[[Builder, Sequence[ast.expr], Evaluate, Span], Iterable]] = {
    range: _range,
    enumerate: _enumerate,
    zip: _zip,
    reversed: _reversed,
}
