"""Python's own operators on ints, floats and bools that are arguments: `py.*` nodes and the checks beside them.

Called by `operators`. Results have Python's types. A Python int is an int64 here; where it would leave 64 bits, or
where Python raises, an `ok.*` check is false and the undecorated function runs. Complex numbers are computed by
`complex_scalars`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import complex_scalars
from eqsat.frontend.builder import Builder
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar

BOOL = Scalar(np.dtype(np.bool_), "python")
INT = Scalar(np.dtype(np.int64), "python")
FLOAT = Scalar(np.dtype(np.float64), "python")
_EXACT_IN_FLOAT = 2**53
INT64_MAX = 2**63 - 1

ARITHMETIC: dict[str, str] = {
    "add": "add",
    "sub": "sub",
    "mult": "mul",
    "div": "truediv",
    "floordiv": "floordiv",
    "mod": "mod",
    "pow": "pow",
}
COMPARISON: dict[str, str] = {"eq": "eq", "noteq": "ne", "lt": "lt", "lte": "le", "gt": "gt", "gte": "ge"}
BITWISE: dict[str, str] = {"bitand": "and", "bitor": "or", "bitxor": "xor"}
SHIFTS: dict[str, str] = {"lshift": "lshift", "rshift": "rshift"}
CAN_FAIL: dict[str, frozenset[str]] = {
    "int": frozenset({"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "neg", "abs"}),
    "float": frozenset({"truediv", "floordiv", "mod", "pow", "int"}),
}
"""Which operations on which Python type can raise or leave int64."""


def apply(builder: Builder, symbol: str, operands: Sequence[Node], span: Span) -> Node:
    """Python's operator on Python scalar nodes."""
    kinds = [_kind(node) for node in operands]
    if "complex" in kinds and symbol != "not":
        if symbol in ("eq", "noteq"):
            _check_exact_ints(builder, operands, kinds, span)
        return complex_scalars.apply(builder, symbol, operands, span)
    if symbol in COMPARISON:
        return _compare(builder, COMPARISON[symbol], operands, kinds, span)
    if symbol in ARITHMETIC:
        joint = "float" if "float" in kinds else "int"
        made = [to_float(n, span) if joint == "float" else to_int(builder, n, span) for n in operands]
        name = ARITHMETIC[symbol]
        return operation(builder, name, made, FLOAT if joint == "float" or name == "truediv" else INT, span)
    if symbol in BITWISE and "float" not in kinds:
        if kinds == ["bool", "bool"]:
            return Node("py." + BITWISE[symbol], tuple(operands), None, BOOL, span)
        return _on_ints(builder, BITWISE[symbol], operands, span)
    if symbol in SHIFTS and "float" not in kinds:
        return _on_ints(builder, SHIFTS[symbol], operands, span)
    if symbol in ("usub", "abs"):
        name = "neg" if symbol == "usub" else "abs"
        return (
            operation(builder, name, operands, FLOAT, span)
            if kinds == ["float"]
            else _on_ints(builder, name, operands, span)
        )
    if symbol == "uadd":
        (operand,) = operands
        return to_int(builder, operand, span) if kinds == ["bool"] else operand
    if symbol == "invert" and "float" not in kinds:
        return _on_ints(builder, "invert", operands, span)
    if symbol == "not":
        (operand,) = operands
        return Node("py.not", (to_bool(operand, span),), None, BOOL, span)
    if symbol == "matmult" or "float" in kinds:
        raise PythonRaises(f"unsupported operand types for {symbol}", span)
    raise UnsupportedError(f"the operator {symbol} on Python numbers is not compiled yet", span)


def operation(builder: Builder, name: str, operands: Sequence[Node], result: Scalar, span: Span) -> Node:
    """`py.<name>`, with its check where it can fail."""
    kind = _kind(operands[0])
    if name in CAN_FAIL.get(kind, ()):
        builder.check(Node("ok." + name, tuple(operands), None, BOOL, span))
    return Node("py." + name, tuple(operands), None, result, span)


def to_bool(node: Node, span: Span) -> Node:
    """`bool(x)` of a Python or NumPy scalar."""
    return node if node.type == BOOL else Node("py.bool", (node,), None, BOOL, span)


def to_int(builder: Builder, node: Node, span: Span) -> Node:
    """`int(x)`: truncates a float, and is checked then."""
    if node.type == INT:
        return node
    dtype = builder.numeric(node, span).dtype
    if dtype.kind == "f":
        return operation(builder, "int", [to_float(node, span)], INT, span)
    if dtype == np.dtype(np.uint64):
        limit = builder.constant(INT64_MAX, dtype, span)
        builder.check(to_bool(builder.elementwise(np.less_equal, [node, limit], span), span))
    return Node("py.int", (node,), None, INT, span)


def to_float(node: Node, span: Span) -> Node:
    """`float(x)`: an int is rounded as Python rounds it, to nearest even."""
    return node if node.type == FLOAT else Node("py.float", (node,), None, FLOAT, span)


def _on_ints(builder: Builder, name: str, operands: Sequence[Node], span: Span) -> Node:
    return operation(builder, name, [to_int(builder, n, span) for n in operands], INT, span)


def _compare(builder: Builder, name: str, operands: Sequence[Node], kinds: Sequence[str], span: Span) -> Node:
    if "float" in kinds:
        _check_exact_ints(builder, operands, kinds, span)
        made = [to_float(node, span) for node in operands]
    elif kinds == ["bool", "bool"] and name in ("eq", "ne"):
        made = list(operands)
    else:
        made = [to_int(builder, node, span) for node in operands]
    return Node("py." + name, tuple(made), None, BOOL, span)


def _check_exact_ints(builder: Builder, operands: Sequence[Node], kinds: Sequence[str], span: Span) -> None:
    for node, kind in zip(operands, kinds, strict=True):
        if kind == "int":
            _check_exact(builder, node, span)


def _check_exact(builder: Builder, node: Node, span: Span) -> None:
    """Python compares an int with a float exactly; a float can do so only where it holds the int exactly."""
    if node.op == "constant":
        assert isinstance(node.attr, Constant)
        if abs(int(node.attr.value)) <= _EXACT_IN_FLOAT:
            return
    check_within(builder, node, _EXACT_IN_FLOAT, span)


def check_within(builder: Builder, node: Node, limit: int, span: Span) -> None:
    """Check that a Python int is between `-limit` and `limit`."""
    for name, bound in (("le", limit), ("ge", -limit)):
        number = Node("constant", (), Constant.of(bound, INT.dtype), INT, span)
        builder.check(Node("py." + name, (node, number), None, BOOL, span))


def _kind(node: Node) -> str:
    assert isinstance(node.type, Scalar)
    return {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}[node.type.dtype.kind]
