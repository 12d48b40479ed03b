"""Operands that Python computes only in some case: what follows `and`, `or`, and a comparison in a chain.

While a function has no order, both sides are computed and the checks of the second one matter only if it is reached.
In order, a second operand that checks, reads memory or may raise a floating-point flag is computed on a way of its own.
Called by the translation of expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend.branches import choose
from eqsat.frontend.builder import PYTHON_BOOL
from eqsat.frontend.scope import Scope
from eqsat.frontend.speculation import is_cheap, made_since
from eqsat.frontend.truth import both, either, learn, negation, only_if, truth
from eqsat.frontend.values import Known, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar

T = TypeVar("T", Value, "bool | Node")


def truth_in_case(
    scope: Scope, left: Node, stops_at: bool, follow: Callable[[], bool | Node], span: Span
) -> bool | Node:
    """The truth of `left and ...` (`stops_at` False) or `left or ...`."""
    right = _plain(scope, left, stops_at, follow, span)
    if right is None:
        found = choose(scope, *_ways(left, stops_at, lambda: _as_value(follow()), lambda: Known(stops_at)), span)
        return truth(scope.builder, found, span)
    if isinstance(right, bool):
        return right if right is stops_at else left
    return either(left, right, span) if stops_at else both(left, right, span)


def operand_in_case(
    scope: Scope, first: Value, left: Node, stops_at: bool, follow: Callable[[], Value], span: Span
) -> Value:
    """The value of `first and ...` or `first or ...`, where `left` is the truth of `first`."""
    if _is_bool(first):
        right = _plain(scope, left, stops_at, follow, span)
        if isinstance(right, Node | Known) and _is_bool(right):
            return _joined(scope, scope.builder.node(first, span), scope.builder.node(right, span), stops_at, span)
        if isinstance(right, bool):
            return first
    return choose(scope, *_ways(left, stops_at, follow, lambda: first), span)


def _ways(
    left: Node, stops_at: bool, follow: Callable[[], Value], stop: Callable[[], Value]
) -> tuple[Node, Callable[[], Value], Callable[[], Value]]:
    return (left, stop, follow) if stops_at else (left, follow, stop)


def _as_value(value: bool | Node) -> Value:
    return Known(value) if isinstance(value, bool) else value


def _plain(scope: Scope, left: Node, stops_at: bool, follow: Callable[[], T], span: Span) -> T | bool | None:
    """The second operand, if it may be computed in any case; the bool that stops if Python raises on it."""
    builder, recorder = scope.builder, scope.builder.recorder
    if recorder.in_order:
        return _harmless(scope, left, stops_at, follow, span)
    saved = list(recorder.checks)
    reached = negation(left, span) if stops_at else left
    try:
        with recorder.block():
            right = follow()
    except PythonRaises:
        if recorder.in_order:
            recorder.restart(saved)
            return None
        del recorder.checks[len(saved) :]
        recorder.checks.append(builder.truth_node(negation(reached, span), span))
        return stops_at
    if recorder.in_order:
        recorder.restart(saved)
        return _harmless(scope, left, stops_at, follow, span)
    only_if(builder, len(saved), reached, span)
    return right


def _harmless(scope: Scope, left: Node, stops_at: bool, follow: Callable[[], T], span: Span) -> T | None:
    builder, before = scope.builder, dict(scope.values)
    with scope.control.within(), builder.recorder.block() as trial, builder.facts.inside():
        learn(builder, left, not stops_at, span)
        try:
            right = follow()
        except PythonRaises:
            return None
    made = made_since([right], trial.first) if isinstance(right, Node) else ()
    if trial.statements or not isinstance(right, Node | bool | Known) or not all(map(is_cheap, made)):
        scope.restore(before)
        return None
    return right


def _is_bool(value: Value) -> bool:
    if isinstance(value, Known):
        return isinstance(value.value, bool | np.bool)
    return isinstance(value, Node) and isinstance(value.type, Scalar) and value.type.dtype.kind == "b"


def _joined(scope: Scope, left: Node, right: Node, stops_at: bool, span: Span) -> Node:
    """Of a Python bool and a NumPy bool it is a NumPy bool, whichever operand Python would give."""
    if left.type == right.type == PYTHON_BOOL:
        return either(left, right, span) if stops_at else both(left, right, span)
    made = [scope.builder.cast(node, np.dtype(np.bool_), span) for node in (left, right)]
    return scope.builder.elementwise(np.logical_or if stops_at else np.logical_and, made, span)
