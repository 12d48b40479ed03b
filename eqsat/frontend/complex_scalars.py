"""Python's operators on Python's complex numbers.

Called by `python_scalars` where an operand is complex. The formulas are CPython's; what versions of it do differently
(a real operand stays real; results that are no numbers are repaired) is found out by asking this one. Refused: a real
number divided by a complex one where that has a formula of its own.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar

BOOL = Scalar(np.dtype(np.bool_), "python")
INT = Scalar(np.dtype(np.int64), "python")
FLOAT = Scalar(np.dtype(np.float64), "python")
COMPLEX = Scalar(np.dtype(np.complex128), "python")

REAL_STAYS_REAL = math.copysign(1.0, (complex(1.0, -0.0) + 1.0).imag) < 0
"""Whether a real operand has no imaginary part, rather than one of zero (since Python 3.14)."""
REPAIRS_PRODUCTS = not cmath.isnan(complex(math.inf, math.nan) * complex(1.0, 1.0))
REPAIRS_QUOTIENTS = not cmath.isnan(complex(1.0, 1.0) / complex(math.inf, math.inf))
"""Whether infinities are recovered from results both of whose parts are NaNs (since Python 3.14)."""

_SMALL = 100
"""Whole exponents up to here are multiplied out."""


def apply(builder: Builder, symbol: str, operands: Sequence[Node], span: Span) -> Node:
    """The operator on Python numbers of which one is complex."""
    if symbol in ("add", "sub", "mult", "div"):
        return _arithmetic(builder, symbol, operands[0], operands[1], span)
    if symbol == "pow":
        return _power(builder, operands[0], operands[1], span)
    if symbol in ("eq", "noteq"):
        made = [as_complex(node, span) for node in operands]
        return _node("eq" if symbol == "eq" else "ne", made, BOOL, span)
    (operand, *others) = operands
    if symbol == "usub":
        return _node("neg", [operand], COMPLEX, span)
    if symbol == "uadd":
        return operand
    if symbol == "abs":
        builder.check(Node("ok.abs", (operand,), None, BOOL, span))
        return _node("abs", [operand], FLOAT, span)
    del others
    raise PythonRaises(f"unsupported operand types for {symbol}: complex", span)


def as_complex(node: Node, span: Span) -> Node:
    """`complex(x)`, a Python number."""
    return node if node.type == COMPLEX else _node("as_complex", [node], COMPLEX, span)


def of_parts(real: Node, imag: Node, span: Span) -> Node:
    """`complex(x, y)` of two floats."""
    return _node("complex", [real, imag], COMPLEX, span)


def _node(name: str, args: Sequence[Node], type_: Scalar, span: Span) -> Node:
    return Node(f"py.{name}", tuple(args), None, type_, span)


def _arithmetic(builder: Builder, symbol: str, left: Node, right: Node, span: Span) -> Node:
    if REAL_STAYS_REAL and left.type != COMPLEX:
        return _real_left(symbol, _as_float(left, span), right, span)
    if REAL_STAYS_REAL and right.type != COMPLEX:
        return _real_right(builder, symbol, left, _as_float(right, span), span)
    made = [as_complex(node, span) for node in (left, right)]
    name = {"add": "add", "sub": "sub", "mult": "mul", "div": "truediv"}[symbol]
    if symbol == "div":
        builder.check(Node("ok.truediv", tuple(made), None, BOOL, span))
    result = _node(name, made, COMPLEX, span)
    if (symbol == "mult" and REPAIRS_PRODUCTS) or (symbol == "div" and REPAIRS_QUOTIENTS):
        builder.check(Node("ok.some_number", (result,), None, BOOL, span))
    return result


def _as_float(node: Node, span: Span) -> Node:
    return node if node.type == FLOAT else _node("float", [node], FLOAT, span)


def _parts(node: Node, span: Span) -> tuple[Node, Node]:
    return Node("real", (node,), None, FLOAT, span), Node("imag", (node,), None, FLOAT, span)


def _real_left(symbol: str, x: Node, z: Node, span: Span) -> Node:
    real, imag = _parts(z, span)
    if symbol == "div":
        raise UnsupportedError(
            "a real number divided by a complex one is not compiled on this Python",
            span,
            instead="make it complex first: complex(x, 0) / z",
        )
    if symbol == "mult":
        return of_parts(_node("mul", [real, x], FLOAT, span), _node("mul", [imag, x], FLOAT, span), span)
    if symbol == "sub":
        return of_parts(_node("sub", [x, real], FLOAT, span), _node("neg", [imag], FLOAT, span), span)
    return of_parts(_node("add", [real, x], FLOAT, span), imag, span)


def _real_right(builder: Builder, symbol: str, z: Node, x: Node, span: Span) -> Node:
    real, imag = _parts(z, span)
    if symbol in ("add", "sub"):
        return of_parts(_node(symbol, [real, x], FLOAT, span), imag, span)
    name = "mul" if symbol == "mult" else "truediv"
    if symbol == "div":
        builder.check(Node("ok.truediv", (real, x), None, BOOL, span))
    return of_parts(_node(name, [real, x], FLOAT, span), _node(name, [imag, x], FLOAT, span), span)


def _power(builder: Builder, base: Node, exponent: Node, span: Span) -> Node:
    """Whole exponents are multiplied out; a check leaves infinite results to Python, and what it may repair."""
    z = as_complex(base, span)
    whole = _whole(exponent)
    if whole is not None:
        exponent = Node("constant", (), Constant.of(whole, INT.dtype), INT, span)
    if exponent.type in (INT, BOOL):
        count = exponent if exponent.type == INT else _node("int", [exponent], INT, span)
        args = (z, count)
        builder.check(Node("ok.whole_power", args, None, BOOL, span))
        return _node("whole_power", args, COMPLEX, span)
    args = (z, as_complex(exponent, span))
    builder.check(Node("ok.pow", args, None, BOOL, span))
    return _node("pow", args, COMPLEX, span)


def _whole(exponent: Node) -> int | None:
    """The exponent, if it is known and whole, of whatever type."""
    if exponent.op != "constant" or not isinstance(exponent.attr, Constant):
        return None
    value = complex(exponent.attr.value.item())
    whole = value.imag == 0 and value.real.is_integer() and abs(value.real) <= _SMALL
    return int(value.real) if whole else None
