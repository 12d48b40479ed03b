"""`if` on what is known only at run time: both ways are translated, and what their names hold is joined.

Called for statements, and for expressions that compute an operand only in some case (`a if c else b`, `and`, `or`). A
way on which Python always raises is none: that it is not taken is checked.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eqsat.errors import PythonRaises
from eqsat.frontend.control import RESULT, Meeting
from eqsat.frontend.joins import reading
from eqsat.frontend.liveness import leaves, live_after
from eqsat.frontend.loops import Execute, Flow, read_all
from eqsat.frontend.recorder import Open
from eqsat.frontend.scope import Scope
from eqsat.frontend.speculation import chosen
from eqsat.frontend.truth import learn, negation
from eqsat.frontend.values import Maybe, Value
from eqsat.ir.body import If
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span


@dataclass(frozen=True, slots=True)
class Way:
    """One way: its block, what the names hold at its end, and how it ends; None instead if Python raises on it."""

    opened: Open
    values: dict[str, Value | Maybe]
    flow: Flow
    places: dict[str, Span]


def translate_if(scope: Scope, node: ast.If, condition: Node, execute: Execute) -> Flow:
    """An `if` statement. A way that leaves stands alone; the other one happens where the `if` stands."""
    span, before = scope.span(node.test), dict(scope.values)
    ways: dict[bool, Way] = {}
    order = (False, True) if leaves(node.orelse) and not leaves(node.body) else (True, False)
    for holds in order:
        scope.restore(before)
        way = _way(scope, condition, holds, node.body if holds else node.orelse, execute, span)
        if way is None or way.flow is not None:
            scope.restore(before)
            _emit_one(scope, condition, holds, way, span)
            learn(scope.builder, condition, not holds, span)
            return execute(scope, node.orelse if holds else node.body)
        ways[holds] = way
    scope.restore(before)
    _join(scope, node, condition, ways[True], ways[False], span)
    return None


def _way(
    scope: Scope, condition: Node, holds: bool, statements: Sequence[ast.stmt], execute: Execute, span: Span
) -> Way | None:
    builder = scope.builder
    builder.recorder.start()
    with scope.control.within(), builder.recorder.block() as opened, builder.facts.inside():
        learn(builder, condition, holds, span)
        try:
            flow = execute(scope, statements)
        except PythonRaises:
            return None
    return Way(opened, dict(scope.values), flow, dict(builder.places))


def _emit_one(scope: Scope, condition: Node, holds: bool, way: Way | None, span: Span) -> None:
    """An `if` with this way alone, or a check that it is not taken."""
    builder = scope.builder
    if way is None:
        builder.check(builder.truth_node(negation(condition, span) if holds else condition, span))
        return
    with builder.recorder.block() as nothing:
        pass
    then, other = (way.opened, nothing) if holds else (nothing, way.opened)
    builder.emit(If(condition, then.block, other.block, span))


def _join(scope: Scope, node: ast.If, condition: Node, one: Way, other: Way, span: Span) -> None:
    """Emit the `if`; names that the ways leave different, and that are read later, are joined."""
    names = tuple(dict.fromkeys((*one.values, *other.values)))
    differing = tuple(name for name in names if one.values.get(name) is not other.values.get(name))
    scope.values.update((name, one.values[name]) for name in names if name not in differing)
    live = tuple(name for name in differing if live_after(scope.source.node, node, name))
    ways = [(one.opened, one.values), (other.opened, other.values)]
    computed = chosen(scope.builder, condition, ways, live, span)
    if computed is not None:
        for name in differing:
            scope.values.pop(name, None)
        scope.values.update(computed)
        return
    meeting = _meet(scope, ways, live, span, (one.places, other.places))
    scope.builder.emit(If(condition, one.opened.block, other.opened.block, span))
    for name in differing:
        scope.values.pop(name, None)
    read_all(scope, meeting, live, span)


def _meet(
    scope: Scope,
    ways: Sequence[tuple[Open, Mapping[str, Value | Maybe]]],
    names: tuple[str, ...],
    span: Span,
    places: Sequence[Mapping[str, Span]] = ({}, {}),
) -> Meeting:
    """Both ways end by giving the variables of `names` what these hold."""
    builder, meeting = scope.builder, Meeting(born=min(opened.first for opened, _ in ways))
    for _ in range(3):  # what the first pass finds of the types, the second one goes by
        for (opened, values), placed in zip(ways, places, strict=True):
            builder.places.update(placed)
            opened.reset()
            with builder.recorder.reopened(opened):
                meeting.arrive(builder, names, values, span)
        if not meeting.widened:
            break
        meeting = meeting.again()
    return meeting


def choose(scope: Scope, condition: Node, then: Callable[[], Value], other: Callable[[], Value], span: Span) -> Value:
    """The value of `then` where the condition holds, else that of `other`; only that one is computed."""
    builder = scope.builder
    builder.recorder.start()
    ways: list[tuple[Open, Value | None]] = []
    for holds, follow in ((True, then), (False, other)):
        with scope.control.within(), builder.recorder.block() as opened, builder.facts.inside():
            learn(builder, condition, holds, span)
            try:
                value: Value | None = follow()
            except PythonRaises:
                value = None
        ways.append((opened, value))
    (_, one), (_, two) = ways
    if one is None or two is None:
        builder.check(builder.truth_node(negation(condition, span) if one is None else condition, span))
        learn(builder, condition, two is None, span)
        if one is None and two is None:
            raise PythonRaises("every way raises", span)
        return then() if two is None else other()
    held = [(opened, {RESULT: value}) for opened, value in ways if value is not None]
    computed = chosen(builder, condition, held, (RESULT,), span)
    if computed is not None:
        return computed[RESULT]
    meeting = _meet(scope, held, (RESULT,), span)
    builder.emit(If(condition, ways[0][0].block, ways[1][0].block, span))
    carrier = meeting.carrier(RESULT)
    assert carrier is not None
    found = reading(builder, carrier, span)
    assert not isinstance(found, Maybe)
    return found
