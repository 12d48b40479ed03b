"""Expressions of Python, as values of the translation.

Called by the translation of statements. Evaluation is in Python's order. Conditions that are known, or that depend on
sizes and integer arguments alone, are decided here; others become bools computed at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import structure
from eqsat.frontend.calls import call_function, call_method, is_numeric, missing_attribute
from eqsat.frontend.captures import is_of_numpy
from eqsat.frontend.library import Call
from eqsat.frontend.refusals import refused_syntax
from eqsat.frontend.scope import LocalFunction, Scope
from eqsat.frontend.truth import both, either, negation, only_if, truth
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar


def evaluate(scope: Scope, node: ast.expr) -> Value:
    """The value of an expression."""
    evaluator = _EVALUATORS.get(type(node))
    if evaluator is None:
        raise refused_syntax(node, scope.span(node))
    return evaluator(scope, node)


def condition(scope: Scope, node: ast.expr) -> bool | Node:
    """The truth of an expression: a bool where it is decided now, else a bool node."""
    span = scope.span(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return negation(condition(scope, node.operand), span)
    if not isinstance(node, ast.BoolOp):
        return truth(scope.builder, evaluate(scope, node), span)
    stops_at = isinstance(node.op, ast.Or)
    result = condition(scope, node.values[0])
    for following in node.values[1:]:
        if result is stops_at:
            return result
        if isinstance(result, bool):
            result = condition(scope, following)
            continue
        left = result
        right = _in_case(scope, left, stops_at, span, partial(condition, scope, following))
        result = _joined(left, right, stops_at, span)
    return result


def _in_case(scope: Scope, left: Node, stops_at: bool, span: Span, follow: Callable[[], Any]) -> Any:
    """What follows `left and` or `left or`: its checks, or that it always raises, matter only if it is reached."""
    checks = scope.builder.checks
    first = len(checks)
    reached = negation(left, span) if stops_at else left
    try:
        right = follow()
    except PythonRaises:
        del checks[first:]
        unreached = negation(reached, span)
        assert isinstance(unreached, Node)
        checks.append(unreached)
        return stops_at
    only_if(scope.builder, first, reached, span)
    return right


def _joined(left: Node, right: bool | Node, stops_at: bool, span: Span) -> bool | Node:
    if isinstance(right, bool):
        return right if right is stops_at else left
    return either(left, right, span) if stops_at else both(left, right, span)


# Names, literals, displays ----------------------------------------------------------------------------------------


def _constant(scope: Scope, node: ast.Constant) -> Value:
    return Known(node.value)


def _name(scope: Scope, node: ast.Name) -> Value:
    return scope.read(node)


def _tuple(scope: Scope, node: ast.Tuple) -> Value:
    return TupleValue(tuple(_items(scope, node.elts)))


def _items(scope: Scope, nodes: list[ast.expr]) -> list[Value]:
    """The values of a tuple's items or a call's arguments; `*t` stands for the items of a tuple."""
    items: list[Value] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            value = evaluate(scope, node.value)
            if not isinstance(value, TupleValue):
                raise UnsupportedError(
                    "`*` of what is no tuple is not supported yet", scope.span(node), instead="write the items"
                )
            items += value.items
        else:
            items.append(evaluate(scope, node))
    return items


def _lambda(scope: Scope, node: ast.Lambda) -> Value:
    return local_function(scope, node)


def local_function(scope: Scope, node: ast.Lambda | ast.FunctionDef) -> Known:
    """A function defined here; its defaults are computed now, its body at each call."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    defaults = {parameter.arg: evaluate(scope, default) for parameter, default in pairs if default is not None}
    scope.translation.scopes.append(scope)  # for good: the function reads this scope's names whenever it is called
    return Known(LocalFunction(scope.source.inner(node), scope, defaults))


# Operators --------------------------------------------------------------------------------------------------------


def _binary(scope: Scope, node: ast.BinOp) -> Value:
    """`a + b + c + ...` leans to the left: its spine is walked, not recursed into, so that it may be long."""
    spine: list[ast.BinOp] = []
    first: ast.expr = node
    while isinstance(first, ast.BinOp):
        spine.append(first)
        first = first.left
    value = evaluate(scope, first)
    for part in reversed(spine):
        operands = (value, evaluate(scope, part.right))
        value = structure.operate(scope.builder, type(part.op).__name__.lower(), operands, scope.span(part))
    return value


def _unary(scope: Scope, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        answer = condition(scope, node)
        return answer if isinstance(answer, Node) else Known(answer)
    operand = evaluate(scope, node.operand)
    return structure.operate(scope.builder, type(node.op).__name__.lower(), (operand,), scope.span(node))


def _bool_op(scope: Scope, node: ast.BoolOp) -> Value:
    """`and` and `or` give one of their operands, so that at run time both must be bools of one kind."""
    span = scope.span(node)
    stops_at = isinstance(node.op, ast.Or)
    result = evaluate(scope, node.values[0])
    for following in node.values[1:]:
        answer = truth(scope.builder, result, span)
        if isinstance(answer, bool):
            if answer is stops_at:
                return result
            result = evaluate(scope, following)
            continue
        left = _bool(scope, result, span)
        right = _in_case(scope, left, stops_at, span, partial(evaluate, scope, following))
        if isinstance(right, bool):  # reached, it raises: the value is that of the left side
            continue
        result = _bool_of_kind(scope, left, _bool(scope, right, span), stops_at, span)
    return result


def _bool(scope: Scope, value: Value, span: Span) -> Node:
    number = isinstance(value, Node) or (isinstance(value, Known) and isinstance(value.value, bool | np.bool))
    node = scope.builder.node(value, span) if number else None
    if node is not None and isinstance(node.type, Scalar) and node.type.dtype.kind == "b":
        return node
    raise UnsupportedError(
        "`and` and `or` of values known only at run time need bools",
        span,
        have=f"{structure.python_type(value).__name__}",
        instead="compare first, as (x != 0) and (y > 1), or use np.where",
    )


def _bool_of_kind(scope: Scope, left: Node, right: Node, stops_at: bool, span: Span) -> Node:
    if left.type != right.type:
        raise UnsupportedError(
            "`and` and `or` of a Python bool and a NumPy bool give either type",
            span,
            have=f"{left.type}, {right.type}",
            instead="use & and |, or bool(x)",
        )
    if left.type == Scalar(np.dtype(np.bool), "python"):
        return either(left, right, span) if stops_at else both(left, right, span)
    return scope.builder.elementwise(np.logical_or if stops_at else np.logical_and, (left, right), span)


def _compare(scope: Scope, node: ast.Compare) -> Value:
    span = scope.span(node)
    right, result = _link(scope, node.ops[0], evaluate(scope, node.left), node.comparators[0], span)
    for op, following in zip(node.ops[1:], node.comparators[1:], strict=True):
        answer = truth(scope.builder, result, span)
        if answer is False:
            return result
        link = partial(_link, scope, op, right, following, span)
        if answer is True:
            right, result = link()
            continue
        first = _bool(scope, result, span)
        linked = _in_case(scope, first, False, span, link)
        if isinstance(linked, bool):  # reached, it raises: only a false `first` is left
            return first
        right, second = linked
        result = _bool_of_kind(scope, first, _bool(scope, second, span), False, span)
    return result


def _link(scope: Scope, op: ast.cmpop, left: Value, node: ast.expr, span: Span) -> tuple[Value, Value]:
    """The right operand of a comparison, and the comparison."""
    right = evaluate(scope, node)
    return right, _compared(scope, op, left, right, span)


def _compared(scope: Scope, op: ast.cmpop, left: Value, right: Value, span: Span) -> Value:
    if isinstance(op, ast.Is | ast.IsNot):
        return Known(structure.identical(left, right, span) == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        return Known(structure.contains(scope.builder, left, right, span) == isinstance(op, ast.In))
    return structure.operate(scope.builder, type(op).__name__.lower(), (left, right), span)


def _conditional(scope: Scope, node: ast.IfExp) -> Value:
    answer = condition(scope, node.test)
    if isinstance(answer, Node):
        raise UnsupportedError(
            "this condition is known only at run time", scope.span(node.test), instead="use np.where(condition, a, b)"
        )
    return evaluate(scope, node.body if answer else node.orelse)


# Attributes, calls, subscripts ------------------------------------------------------------------------------------


def _attribute(scope: Scope, node: ast.Attribute) -> Value:
    return _attribute_of(scope, evaluate(scope, node.value), node)


def _attribute_of(scope: Scope, owner: Value, node: ast.Attribute) -> Value:
    span, name, text = scope.span(node), node.attr, shortened(node)
    call = Call(text, (owner,), {}, span)
    if is_numeric(owner):
        handler = scope.translation.library.attributes.get(name)
        if handler is not None:
            return handler(scope.builder, call)
        if name in scope.translation.library.methods:
            raise UnsupportedError(
                f"the method `{call.name}` is used as a value", span, instead=f"call it: {call.name}(...)"
            )
    elif isinstance(owner, Known):
        if isinstance(owner.value, ModuleType):
            found = scope.translation.captures.attribute(owner.value, name, text.removesuffix(f".{name}"), span)
            return scope.translation.static(found, call.name, span)
        fixed = isinstance(owner.value, np.dtype | np.ufunc | np.finfo | np.iinfo)
        if (fixed or (isinstance(owner.value, type) and is_of_numpy(owner.value))) and hasattr(owner.value, name):
            return scope.translation.static(getattr(owner.value, name), call.name, span)
        if owner.value is None:
            raise PythonRaises(f"None has no attribute `{name}`", span)
    raise missing_attribute(owner, name, call)


def _call(scope: Scope, node: ast.Call) -> Value:
    name, span = shortened(node.func), scope.span(node)
    owner: Value | None = None
    if isinstance(node.func, ast.Attribute):
        owner = evaluate(scope, node.func.value)
        if isinstance(owner, Known) and not is_numeric(owner):
            callee, owner = _attribute_of(scope, owner, node.func), None
        else:
            callee = owner
    else:
        callee = evaluate(scope, node.func)
    args = _items(scope, node.args)
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise UnsupportedError(
                "`**` in a call is not supported", scope.span(keyword.value), instead="name each argument"
            )
        kwargs[keyword.arg] = evaluate(scope, keyword.value)
    if owner is not None and isinstance(node.func, ast.Attribute):
        return call_method(scope, node.func.attr, Call(name, (owner, *args), kwargs, span))
    return call_function(scope, callee, Call(name, tuple(args), kwargs, span))


def _subscript(scope: Scope, node: ast.Subscript) -> Value:
    base = evaluate(scope, node.value)
    index = evaluate(scope, node.slice)
    span = scope.span(node)
    if isinstance(base, TupleValue):
        return _item_of(scope, base, index, span)
    if isinstance(base, Node) and isinstance(base.type, Array):
        items = index.items if isinstance(index, TupleValue) else (index,)
        return scope.builder.index(base, items, span)
    if isinstance(base, Known) and isinstance(base.value, str):
        found = _item_of(scope, TupleValue(tuple(map(Known, base.value))), index, span)
        letters = found.items if isinstance(found, TupleValue) else (found,)
        return Known("".join(str(letter.value) for letter in letters if isinstance(letter, Known)))
    if issubclass(structure.python_type(base), np.generic):
        raise UnsupportedError("a NumPy scalar is indexed", span, instead="use the scalar itself")
    raise PythonRaises(f"a {structure.python_type(base).__name__} cannot be indexed", span)


def _item_of(scope: Scope, base: TupleValue, index: Value, span: Span) -> Value:
    """`t[i]` or `t[i:j]`; integers known only at run time are fixed to what they are today."""
    if isinstance(index, SliceValue):
        bounds = (_bound(scope, part, span) for part in (index.start, index.stop, index.step))
        try:
            return TupleValue(base.items[slice(*bounds)])
        except ValueError as error:  # a step of zero
            raise PythonRaises(str(error), span) from error
    number = _bound(scope, index, span)
    if number is None or not -len(base.items) <= number < len(base.items):
        raise PythonRaises("tuple index out of range, or no integer", span)
    return base.items[number]


def _bound(scope: Scope, value: Value, span: Span) -> int | None:
    if isinstance(value, Known) and value.value is None:
        return None
    if not issubclass(structure.python_type(value), int | np.integer):
        raise PythonRaises("tuple indices must be integers or slices", span)
    return scope.builder.static_int(value, span)


def _slice(scope: Scope, node: ast.Slice) -> Value:
    start, stop, step = (Known(None) if p is None else evaluate(scope, p) for p in (node.lower, node.upper, node.step))
    return SliceValue(start, stop, step)


def shortened(node: ast.expr) -> str:
    """The text of an expression, for messages."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


_EVALUATORS: Mapping[type[ast.expr], Callable[[Scope, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Tuple: _tuple,
    ast.Lambda: _lambda,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool_op,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
}
