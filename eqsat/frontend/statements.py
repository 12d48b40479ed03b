"""Statements of Python: names get values, arrays are written to, and the function gets its result.

Called for the body of every function that is translated. A branch is taken here when its condition is known or
depends on sizes; `branches` and `loops` translate what is decided at run time. How statements end is a `Flow`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import flat, inplace, structure, writes
from eqsat.frontend.branches import translate_if
from eqsat.frontend.control import RESULT, Left
from eqsat.frontend.expressions import condition, evaluate, index_items, local_function
from eqsat.frontend.loops import Flow, leave_loop, translate_for, translate_while
from eqsat.frontend.refusals import refused_syntax
from eqsat.frontend.scope import Scope
from eqsat.frontend.truth import learn, negation
from eqsat.frontend.values import Flat, Known, TupleValue, Value
from eqsat.ir.body import Leave
from eqsat.ir.dims import dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array


def execute(scope: Scope, body: Sequence[ast.stmt]) -> Flow:
    """Translate statements in order, up to the first that leaves."""
    for statement in body:
        handler = _STATEMENTS.get(type(statement))
        if handler is None:
            raise refused_syntax(statement, scope.span(statement))
        flow = handler(scope, statement)
        if flow is not None:
            return flow
    return None


def _return(scope: Scope, node: ast.Return) -> Flow:
    value: Value = Known(None) if node.value is None else evaluate(scope, node.value)
    frame, builder, span = scope.control.returns, scope.builder, scope.span(node)
    if not scope.control.depth and not frame.used:
        return value
    frame.used = True
    builder.places[RESULT] = span
    frame.meeting.arrive(builder, (RESULT,), {RESULT: value}, span)
    builder.emit(Leave(frame.label))
    return Left.GONE


def _expression(scope: Scope, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):
        evaluate(scope, node.value)


def _pass(scope: Scope, node: ast.Pass) -> None:
    return


def _raise(scope: Scope, node: ast.Raise) -> None:
    raise PythonRaises("a raise statement is reached", scope.span(node))


def _assert(scope: Scope, node: ast.Assert) -> None:
    if not __debug__:
        return
    holds = condition(scope, node.test)
    if isinstance(holds, Node):
        scope.builder.check(holds)
    elif not holds:
        raise PythonRaises("an assertion fails", scope.span(node))


def _if(scope: Scope, node: ast.If) -> Flow:
    holds = condition(scope, node.test)
    if not isinstance(holds, Node):
        return execute(scope, node.body if holds else node.orelse)
    for raising, other, survives in ((node.body, node.orelse, False), (node.orelse, node.body, True)):
        if raising and isinstance(raising[0], ast.Raise):
            span = scope.span(node.test)
            checked = holds if survives else negation(holds, span)
            scope.builder.check(scope.builder.truth_node(checked, span))
            learn(scope.builder, holds, survives, span)
            return execute(scope, other)
    return translate_if(scope, node, holds, execute)


def _for(scope: Scope, node: ast.For) -> Flow:
    return translate_for(scope, node, execute, _bind, evaluate)


def _while(scope: Scope, node: ast.While) -> Flow:
    return translate_while(scope, node, execute, condition)


def _break(scope: Scope, node: ast.Break) -> Flow:
    return leave_loop(scope, Left.BREAK, scope.span(node))


def _continue(scope: Scope, node: ast.Continue) -> Flow:
    return leave_loop(scope, Left.CONTINUE, scope.span(node))


def _delete(scope: Scope, node: ast.Delete) -> None:
    for target in node.targets:
        if not isinstance(target, ast.Name):
            raise UnsupportedError(
                "`del` of what is no name is not supported", scope.span(target), instead="delete names only"
            )
        if scope.values.pop(target.id, None) is None:
            raise PythonRaises(f"`{target.id}` is deleted before it has a value", scope.span(target))


def _define(scope: Scope, node: ast.FunctionDef) -> None:
    if node.decorator_list:
        raise UnsupportedError(
            "a decorated inner function is not supported",
            scope.span(node.decorator_list[0]),
            instead="define it at the top of the file",
        )
    scope.values[node.name] = local_function(scope, node)


# Assignment -------------------------------------------------------------------------------------------------------


def _assign(scope: Scope, node: ast.Assign) -> None:
    value = evaluate(scope, node.value)
    for target in node.targets:
        _bind(scope, target, value)


def _annotated(scope: Scope, node: ast.AnnAssign) -> None:
    if node.value is not None:
        _bind(scope, node.target, evaluate(scope, node.value))


def _augmented(scope: Scope, node: ast.AugAssign) -> None:
    span, builder, symbol = scope.span(node), scope.builder, type(node.op).__name__.lower()
    target = node.target
    if isinstance(target, ast.Name):
        value = scope.read(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        scope.values[target.id] = _updated(scope, symbol, value, evaluate(scope, node.value), target.id, span)
        builder.places[target.id] = scope.span(target)
    elif isinstance(target, ast.Subscript):
        base = evaluate(scope, target.value)
        if isinstance(base, Known) and isinstance(base.value, Flat):
            index = evaluate(scope, target.slice)
            old = flat.read(builder, base.value, index, scope.span(target))
            made = structure.operate(builder, symbol, (old, evaluate(scope, node.value)), span)
            flat.write(builder, base.value, index, made, span)
            return
        if not isinstance(base, Node) or not isinstance(base.type, Array):
            raise PythonRaises("this does not support item assignment", scope.span(target))
        items = index_items(scope, target)
        writes.refuse_readonly(builder, base, span)
        value = writes.element_of(builder, base, items, scope.span(target))
        operand = evaluate(scope, node.value)
        if isinstance(value.type, Array) and not writes.is_fancy(items):
            writes.update(builder, symbol, value, operand, span)
            return
        made = structure.operate(builder, symbol, (value, operand), span)
        if isinstance(value.type, Array):
            made = writes.as_updated(builder, value, made, span)
        writes.write_items(builder, base, items, made, span)
    else:
        owner = evaluate(scope, target)
        if not isinstance(owner, Node) or not isinstance(owner.type, Array):
            raise _refused_attribute(scope, target)
        writes.update(builder, symbol, owner, evaluate(scope, node.value), span)


def _updated(scope: Scope, symbol: str, value: Value, operand: Value, name: str, span: Span) -> Value:
    """What a name holds after `name <symbol>= operand`."""
    if not isinstance(value, Node) or not isinstance(value.type, Array):
        return structure.operate(scope.builder, symbol, (value, operand), span)
    if symbol in inplace.OPERATORS and inplace.is_free(scope, value, name):
        return inplace.updated(scope, symbol, value, operand, span)
    writes.update(scope.builder, symbol, value, operand, span)
    return value


def _refused_attribute(scope: Scope, target: ast.expr) -> Exception:
    return UnsupportedError(
        "assignment to an attribute is not supported", scope.span(target), instead="return the new value"
    )


def _bind(scope: Scope, target: ast.expr, value: Value) -> None:
    """Give a target its value."""
    if isinstance(target, ast.Name):
        scope.values[target.id] = value
        scope.builder.places[target.id] = scope.span(target)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(scope, target, value)
    elif isinstance(target, ast.Subscript):
        owner = evaluate(scope, target.value)
        if isinstance(owner, Known) and isinstance(owner.value, Flat):
            flat.write(scope.builder, owner.value, evaluate(scope, target.slice), value, scope.span(target))
            return
        if not isinstance(owner, Node) or not isinstance(owner.type, Array):
            if isinstance(owner, TupleValue) and owner.is_list:
                raise UnsupportedError(
                    "assignment into a list is not supported", scope.span(target), instead="use an array"
                )
            raise PythonRaises("this does not support item assignment", scope.span(target))
        writes.write_items(scope.builder, owner, index_items(scope, target), value, scope.span(target))
    elif isinstance(target, ast.Attribute) and target.attr in ("real", "imag", "flat"):
        part = evaluate(scope, target)
        if not isinstance(part, Node) or not isinstance(part.type, Array):
            raise _refused_attribute(scope, target)
        writes.refuse_readonly(scope.builder, part, scope.span(target))
        writes.write(scope.builder, part, value, scope.span(target))
    else:
        raise _refused_attribute(scope, target)


def _unpack(scope: Scope, target: ast.Tuple | ast.List, value: Value) -> None:
    span = scope.span(target)
    starred = [k for k, part in enumerate(target.elts) if isinstance(part, ast.Starred)]
    items = _iterated(scope, value, len(target.elts), bool(starred), span)
    if not starred:
        if len(items) != len(target.elts):
            raise PythonRaises(f"{len(items)} values for {len(target.elts)} names", span)
        for part, item in zip(target.elts, items, strict=True):
            _bind(scope, part, item)
        return
    before, after = starred[0], len(target.elts) - starred[0] - 1
    if len(starred) > 1 or len(items) < before + after:
        raise PythonRaises(f"not enough values to unpack: {len(items)}", span)
    middle = TupleValue(items[before : len(items) - after], is_list=True)
    values = (*items[:before], middle, *items[len(items) - after :])
    for part, item in zip(target.elts, values, strict=True):
        _bind(scope, part.value if isinstance(part, ast.Starred) else part, item)


def _iterated(scope: Scope, value: Value, count: int, starred: bool, span: Span) -> tuple[Value, ...]:
    """The items of a tuple, or the rows of an array."""
    if isinstance(value, TupleValue):
        return value.items
    if isinstance(value, Node) and isinstance(value.type, Array) and value.type.ndim and not starred:
        if not scope.builder.decide(value.type.shape[0], "==", dim(count), span, expected=True):
            raise PythonRaises(f"an array of another length for {count} names", span)
        return tuple(scope.builder.index(value, (Known(k),), span) for k in range(count))
    if isinstance(value, Known) and isinstance(value.value, str):
        return tuple(map(Known, value.value))
    raise PythonRaises(f"a {structure.python_type(value).__name__} cannot be unpacked", span)


_STATEMENTS: Mapping[type[ast.stmt], Callable[[Scope, Any], Flow]] = {
    ast.Return: _return,
    ast.Expr: _expression,
    ast.Pass: _pass,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.If: _if,
    ast.For: _for,
    ast.While: _while,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Delete: _delete,
    ast.FunctionDef: _define,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
}
