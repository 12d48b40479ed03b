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
from eqsat.frontend import flat, structure, writes
from eqsat.frontend.branches import choose
from eqsat.frontend.calls import call_function, call_method, is_numeric, missing_attribute
from eqsat.frontend.captures import is_of_numpy
from eqsat.frontend.cases import operand_in_case, truth_in_case
from eqsat.frontend.identity import identical
from eqsat.frontend.iterables import iterable, known_items
from eqsat.frontend.library import Call
from eqsat.frontend.refusals import refused_syntax
from eqsat.frontend.scope import LocalFunction, Scope
from eqsat.frontend.truth import negation, truth
from eqsat.frontend.values import Flat, Known, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array


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
        follow = partial(condition, scope, following)
        result = follow() if isinstance(result, bool) else truth_in_case(scope, result, stops_at, follow, span)
    return result


# Names, literals, displays ----------------------------------------------------------------------------------------


def _constant(scope: Scope, node: ast.Constant) -> Value:
    return Known(node.value)


def _name(scope: Scope, node: ast.Name) -> Value:
    return scope.read(node)


def _tuple(scope: Scope, node: ast.Tuple) -> Value:
    return TupleValue(tuple(_items(scope, node.elts)))


def _list(scope: Scope, node: ast.List) -> Value:
    return TupleValue(tuple(_items(scope, node.elts)), is_list=True)


def _walrus(scope: Scope, node: ast.NamedExpr) -> Value:
    value = evaluate(scope, node.value)
    scope.values[node.target.id] = value
    return value


def _comprehension(scope: Scope, node: ast.ListComp | ast.GeneratorExp) -> Value:
    """Over known items: a list, or for `tuple(...)` and its like a sequence."""
    if len(node.generators) != 1 or not isinstance(node.generators[0].target, ast.Name):
        raise UnsupportedError(
            "a comprehension with more than one loop or name is not supported", scope.span(node), instead="use loops"
        )
    (generator,) = node.generators
    span, name = scope.span(generator.iter), ast.unparse(generator.target)
    over = iterable(scope.builder, generator.iter, partial(evaluate, scope), span)
    items = known_items(scope.builder, over, span)
    if items is None:
        raise UnsupportedError(
            "the length of this comprehension is known only at run time", span, instead="fill an array in a loop"
        )
    inner = Scope.of(scope.translation, scope.source, scope.home, scope, scope.depth, frozenset({name}))
    inner.control.depth = scope.control.depth
    found: list[Value] = []
    for item in items:
        inner.values[name] = item
        kept = [condition(inner, test) for test in generator.ifs]
        if any(isinstance(answer, Node) for answer in kept):
            raise UnsupportedError(
                "a comprehension whose condition is known only at run time is not supported", span, instead="use a loop"
            )
        if all(kept):
            found.append(evaluate(inner, node.elt))
    return TupleValue(tuple(found), is_list=True)


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
    """`and` and `or` give one of their operands."""
    span = scope.span(node)
    stops_at = isinstance(node.op, ast.Or)
    result = evaluate(scope, node.values[0])
    for following in node.values[1:]:
        answer = truth(scope.builder, result, span)
        follow = partial(evaluate, scope, following)
        if answer is stops_at:
            return result
        result = (
            follow() if isinstance(answer, bool) else operand_in_case(scope, result, answer, stops_at, follow, span)
        )
    return result


def _compare(scope: Scope, node: ast.Compare) -> Value:
    return _chain(scope, node, 0, evaluate(scope, node.left))


def _chain(scope: Scope, node: ast.Compare, place: int, left: Value) -> Value:
    """The comparisons from number `place` on; the next one is made only if this one holds."""
    span = scope.span(node)
    right = evaluate(scope, node.comparators[place])
    result = _compared(scope, node.ops[place], left, right, span)
    if place + 1 == len(node.ops):
        return result
    answer = truth(scope.builder, result, span)
    following = partial(_chain, scope, node, place + 1, right)
    if isinstance(answer, bool):
        return following() if answer else result
    return operand_in_case(scope, result, answer, False, following, span)


def _compared(scope: Scope, op: ast.cmpop, left: Value, right: Value, span: Span) -> Value:
    if isinstance(op, ast.Is | ast.IsNot):
        return Known(identical(scope.translation, left, right, span) == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        return Known(structure.contains(scope.builder, left, right, span) == isinstance(op, ast.In))
    return structure.operate(scope.builder, type(op).__name__.lower(), (left, right), span)


def _conditional(scope: Scope, node: ast.IfExp) -> Value:
    answer = condition(scope, node.test)
    then, other = partial(evaluate, scope, node.body), partial(evaluate, scope, node.orelse)
    if isinstance(answer, Node):
        return choose(scope, answer, then, other, scope.span(node))
    return then() if answer else other()


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
    span = scope.span(node)
    if isinstance(base, Node) and isinstance(base.type, Array):
        return writes.element_of(scope.builder, base, index_items(scope, node), span)
    index = evaluate(scope, node.slice)
    if isinstance(base, Known) and isinstance(base.value, Flat):
        return flat.read(scope.builder, base.value, index, span)
    if isinstance(base, TupleValue):
        return _item_of(scope, base, index, span)
    if isinstance(base, Known) and isinstance(base.value, str):
        found = _item_of(scope, TupleValue(tuple(map(Known, base.value))), index, span)
        letters = found.items if isinstance(found, TupleValue) else (found,)
        return Known("".join(str(letter.value) for letter in letters if isinstance(letter, Known)))
    if issubclass(structure.python_type(base), np.generic):
        raise UnsupportedError("a NumPy scalar is indexed", span, instead="use the scalar itself")
    raise PythonRaises(f"a {structure.python_type(base).__name__} cannot be indexed", span)


def index_items(scope: Scope, node: ast.Subscript) -> tuple[Value, ...]:
    """What stands between the brackets, item by item."""
    index = evaluate(scope, node.slice)
    return index.items if isinstance(index, TupleValue) and not index.is_list else (index,)


def _item_of(scope: Scope, base: TupleValue, index: Value, span: Span) -> Value:
    """`t[i]` or `t[i:j]`; integers known only at run time are fixed to what they are today."""
    if isinstance(index, SliceValue):
        bounds = (_bound(scope, part, span) for part in (index.start, index.stop, index.step))
        try:
            return TupleValue(base.items[slice(*bounds)], base.is_list)
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
    ast.List: _list,
    ast.NamedExpr: _walrus,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
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
