"""Statements of Python: names get values, and the function gets its result.

Called for the body of every function that is translated. A branch is taken here when its condition is known or
depends on sizes; a condition known only at run time is accepted where one branch merely raises. Writing into an array
that anybody else could see is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import inplace, structure
from eqsat.frontend.expressions import condition, evaluate, local_function, shortened
from eqsat.frontend.refusals import refused_syntax
from eqsat.frontend.scope import Scope
from eqsat.frontend.truth import negation
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.dims import dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array


def execute(scope: Scope, body: Sequence[ast.stmt]) -> Value | None:
    """Translate statements in order; the function's result if one of them returns, else None."""
    for statement in body:
        handler = _STATEMENTS.get(type(statement))
        if handler is None:
            raise refused_syntax(statement, scope.span(statement))
        result = handler(scope, statement)
        if result is not None:
            return result
    return None


def _return(scope: Scope, node: ast.Return) -> Value:
    return Known(None) if node.value is None else evaluate(scope, node.value)


def _expression(scope: Scope, node: ast.Expr) -> None:
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
        scope.builder.checks.append(holds)
    elif not holds:
        raise PythonRaises("an assertion fails", scope.span(node))


def _if(scope: Scope, node: ast.If) -> Value | None:
    holds = condition(scope, node.test)
    if not isinstance(holds, Node):
        return execute(scope, node.body if holds else node.orelse)
    span = scope.span(node.test)
    for raising, other, survives in ((node.body, node.orelse, negation(holds, span)), (node.orelse, node.body, holds)):
        if raising and isinstance(raising[0], ast.Raise) and isinstance(survives, Node):
            scope.builder.checks.append(survives)
            return execute(scope, other)
    raise UnsupportedError(
        "this condition is known only at run time: `if` on values is not supported yet",
        span,
        instead="compute both and choose: np.where(condition, a, b)",
    )


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
    span = scope.span(node)
    if not isinstance(node.target, ast.Name):
        _bind(scope, node.target, None)
        return
    reading = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
    value = scope.read(reading)
    symbol = type(node.op).__name__.lower()
    operand = evaluate(scope, node.value)
    if not isinstance(value, Node) or not isinstance(value.type, Array):
        scope.values[node.target.id] = structure.operate(scope.builder, symbol, (value, operand), span)
    elif symbol in inplace.OPERATORS and inplace.is_free(scope, value, node.target.id):
        scope.values[node.target.id] = inplace.updated(scope, symbol, value, operand, span)
    else:
        inplace.refuse_write(scope, value, node.target.id, span, _rebinding(node))


def _rebinding(node: ast.AugAssign) -> str:
    """`a += b` as `a = a + b`."""
    target = ast.unparse(node.target)
    made = ast.BinOp(ast.Name(target, ast.Load()), node.op, node.value)
    return f"build a new array: {target} = {shortened(made)}"


def _bind(scope: Scope, target: ast.expr, value: Value | None) -> None:
    """Give a target its value; None stands for one that need not be known, since the target is refused."""
    if isinstance(target, ast.Name) and value is not None:
        scope.values[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List) and value is not None:
        _unpack(scope, target, value)
    elif isinstance(target, ast.Subscript):
        owner = evaluate(scope, target.value)
        if isinstance(owner, Node) and isinstance(owner.type, Array):
            inplace.refuse_write(
                scope, owner, shortened(target.value), scope.span(target), "build a new array: np.where(...)"
            )
        raise PythonRaises("this does not support item assignment", scope.span(target))
    else:
        raise UnsupportedError(
            "assignment to an attribute is not supported", scope.span(target), instead="return the new value"
        )


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
    raise UnsupportedError(
        "a starred target is not supported", scope.span(target.elts[starred[0]]), instead="take items by index: t[1:]"
    )


def _iterated(scope: Scope, value: Value, count: int, starred: bool, span: Span) -> tuple[Value, ...]:
    """The items of a tuple, or the rows of an array."""
    if isinstance(value, TupleValue):
        return value.items
    if isinstance(value, Node) and isinstance(value.type, Array) and value.type.ndim and not starred:
        if not scope.builder.decide(value.type.shape[0], "==", dim(count), span):
            raise PythonRaises(f"an array of another length for {count} names", span)
        return tuple(scope.builder.index(value, (Known(k),), span) for k in range(count))
    if isinstance(value, Known) and isinstance(value.value, str):
        return tuple(map(Known, value.value))
    raise PythonRaises(f"a {structure.python_type(value).__name__} cannot be unpacked", span)


_STATEMENTS: Mapping[type[ast.stmt], Callable[[Scope, Any], Value | None]] = {
    ast.Return: _return,
    ast.Expr: _expression,
    ast.Pass: _pass,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.If: _if,
    ast.FunctionDef: _define,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
}
