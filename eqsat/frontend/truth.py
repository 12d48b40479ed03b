"""Whether something is true: known now, decided by sizes and recorded as a guard, or a bool computed at run time.

Called for conditions, `and`, `or`, `not`, `assert` and `==` of tuples. An array of more than one element has no truth
in NumPy: `PythonRaises`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend import operators
from eqsat.frontend.builder import Builder
from eqsat.frontend.facts import is_local
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.dims import ONE, ZERO, Dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard, Relation
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar

BOOL = Scalar(np.dtype(np.bool), "python")

_BY_SIZES: Mapping[str, Callable[[Builder, Dim, Dim, Span], bool]] = {
    "py.eq": lambda builder, a, b, span: builder.decide(a, "==", b, span),
    "py.ne": lambda builder, a, b, span: builder.decide(a, "!=", b, span),
    "py.lt": lambda builder, a, b, span: builder.decide(a, "<", b, span),
    "py.ge": lambda builder, a, b, span: builder.decide(a, ">=", b, span),
    "py.gt": lambda builder, a, b, span: builder.decide(b, "<", a, span),
    "py.le": lambda builder, a, b, span: builder.decide(b, ">=", a, span),
}


def truth(builder: Builder, value: Value, span: Span) -> bool | Node:
    """`bool(value)`: a bool where it is known or depends on sizes alone, else a bool node."""
    if isinstance(value, Known):
        try:
            return bool(value.value)
        except Exception as error:
            raise PythonRaises(str(error), span) from error
    if isinstance(value, TupleValue):
        return bool(value.items)
    if not isinstance(value, Node):
        return True
    if isinstance(value.type, Array):
        if not builder.decide(product(value.type.shape), "==", ONE, span):
            raise PythonRaises("the truth value of an array with more than one element is ambiguous", span)
        return truth(builder, builder.index(value, (Known(0),) * value.type.ndim, span), span)
    decided = _by_sizes(builder, value, span)
    if decided is not None:
        return decided
    if isinstance(value.type, Scalar) and value.type.dtype.kind == "b":
        return value
    return truth(builder, operators.apply(builder, "noteq", (value, Known(0)), span), span)


def negation(value: bool | Node, span: Span) -> bool | Node:
    """`not value`."""
    return Node("py.not", (value,), None, BOOL, span) if isinstance(value, Node) else not value


def either(left: Node, right: Node, span: Span) -> Node:
    """`left or right`, both computed."""
    return Node("py.or", (left, right), None, BOOL, span)


def both(left: Node, right: Node, span: Span) -> Node:
    """`left and right`, both computed."""
    return Node("py.and", (left, right), None, BOOL, span)


def only_if(builder: Builder, first: int, condition: bool | Node, span: Span) -> None:
    """From check number `first` on, checks matter only where `condition` is true: what they guard runs only then."""
    unless = negation(condition, span)
    if isinstance(unless, Node):
        builder.checks[first:] = [either(unless, check, span) for check in builder.checks[first:]]


def _by_sizes(builder: Builder, node: Node, span: Span) -> bool | None:
    """The truth of an integer, or of a comparison of two, that is a formula over sizes and integer arguments."""
    if node.op == "py.not":
        decided = _by_sizes(builder, node.args[0], span)
        return None if decided is None else not decided
    decide = _BY_SIZES.get(node.op)
    if decide is not None:
        left, right = (_formula(builder, arg, span) for arg in node.args)
        return None if left is None or right is None else decide(builder, left, right, span)
    formula = _formula(builder, node, span)
    return None if formula is None else builder.decide(formula, "!=", ZERO, span)


def _formula(builder: Builder, node: Node, span: Span) -> Dim | None:
    if not isinstance(node.type, Scalar) or node.type.kind != "python" or node.type.dtype.kind not in "bi":
        return None
    found = builder.formula(node)
    return None if found is None or is_local(found) else found


def learn(builder: Builder, condition: bool | Node, holds: bool, span: Span) -> None:
    """From here to the end of the block the condition is known to hold, or not to: what it says of integers."""
    if not isinstance(condition, Node):
        return
    if condition.op == "py.not":
        learn(builder, condition.args[0], not holds, span)
    elif condition.op == ("py.and" if holds else "py.or"):
        for part in condition.args:
            learn(builder, part, holds, span)
    elif condition.op in _COMPARED and all(_is_int(arg) for arg in condition.args):
        left, right = (builder.dim(arg, span) for arg in condition.args)
        name, exchanged = _COMPARED[condition.op]
        if exchanged:
            left, right = right, left
        builder.facts.assume(Guard(left, name if holds else _OPPOSITE[name], right, span))


_COMPARED: Mapping[str, tuple[Relation, bool]] = {
    "py.eq": ("==", False),
    "py.ne": ("!=", False),
    "py.lt": ("<", False),
    "py.ge": (">=", False),
    "py.gt": ("<", True),
    "py.le": (">=", True),
}
_OPPOSITE: Mapping[Relation, Relation] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<"}


def _is_int(node: Node) -> bool:
    return isinstance(node.type, Scalar) and node.type.kind == "python" and node.type.dtype.kind == "i"
