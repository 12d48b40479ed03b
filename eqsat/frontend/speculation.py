"""Branches that are cheaper to compute than to take: both ways of a little integer arithmetic, and a choice.

A branch that depends on data is guessed wrong half of the time, which costs as much as twenty operations. What may be
computed in any case: integer arithmetic, which raises no floating-point flag and reads no memory; its checks count only
on its own way. Called by `branches` and `cases`; what is not known to be cheap is left as a branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eqsat.frontend.builder import Builder
from eqsat.frontend.recorder import Open
from eqsat.frontend.truth import either, negation
from eqsat.frontend.values import Known, Maybe, Value
from eqsat.ir.body import Check
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar

MOST = 12
"""Operations on one way."""

_LEAVES = frozenset(["constant", "dim", "counter", "param", "read"])
_ARITHMETIC = ("add", "sub", "mul", "neg", "abs", "and", "or", "xor", "invert", "lshift", "rshift")
_COMPARISON = ("eq", "ne", "lt", "le", "gt", "ge", "not", "bool", "int")
_BY_CONSTANT = frozenset(["py.floordiv", "py.mod", "ok.floordiv", "ok.mod"])
_CHEAP = (
    _LEAVES
    | frozenset(f"py.{name}" for name in (*_ARITHMETIC, *_COMPARISON))
    | frozenset(f"ok.{name}" for name in (*_ARITHMETIC, "cast"))
    | frozenset(["select", "cast"])
    | frozenset(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or"])
    | frozenset(["add", "subtract", "multiply", "negative", "bitwise_and", "bitwise_or", "bitwise_xor", "invert"])
    | frozenset(["left_shift", "right_shift", "maximum", "minimum"])
)


def is_cheap(node: Node) -> bool:
    """Whether the operation may be computed in any case: on integers, or a comparison of numbers."""
    kinds = {arg.type.dtype.kind for arg in node.args if isinstance(arg.type, Scalar)}
    if len(node.args) and any(not isinstance(arg.type, Scalar) for arg in node.args):
        return False
    if node.op in _BY_CONSTANT:
        return node.args[1].op == "constant" and kinds <= set("iub")
    if node.op not in _CHEAP:
        return False
    return node.op in _LEAVES or _compares(node) or kinds <= set("iub")


def _compares(node: Node) -> bool:
    return node.op == "select" or (isinstance(node.type, Scalar) and node.type.dtype.kind == "b" and node.op != "cast")


def made_since(roots: Iterable[Node], first: int) -> Iterator[Node]:
    """The nodes below `roots` that were made from serial `first` on."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen and node.serial >= first:
            seen.add(node)
            yield node
            stack += node.args


def chosen(
    builder: Builder,
    condition: Node,
    ways: Sequence[tuple[Open, Mapping[str, Value | Maybe]]],
    names: Sequence[str],
    span: Span,
) -> dict[str, Value] | None:
    """What the names hold behind a branch of which both ways are computed; None if it should be a branch."""
    pairs: dict[str, tuple[Node, Node]] = {}
    for name in names:
        values = [values.get(name) for _, values in ways]
        nodes = [_number(builder, value, span) for value in values]
        one, other = nodes
        if one is None or other is None or one.type != other.type:
            return None
        pairs[name] = (one, other)
    for place, (opened, _) in enumerate(ways):
        checks = [statement for statement in opened.statements if isinstance(statement, Check)]
        if len(checks) < len(opened.statements):
            return None
        roots = [check.condition for check in checks] + [pair[place] for pair in pairs.values()]
        made = list(made_since(roots, opened.first))
        if len(made) > MOST or not all(map(is_cheap, made)):
            return None
    for (opened, _), unless in zip(ways, (negation(condition, span), condition), strict=True):
        for statement in opened.statements:
            assert isinstance(statement, Check) and isinstance(unless, Node)
            builder.check(either(unless, statement.condition, span))
    return {name: Node("select", (condition, one, other), None, one.type, span) for name, (one, other) in pairs.items()}


def _number(builder: Builder, value: Value | Maybe | None, span: Span) -> Node | None:
    if isinstance(value, Known) and isinstance(value.value, bool | int | float):
        value = builder.node(value, span)
    return value if isinstance(value, Node) and isinstance(value.type, Scalar) else None
