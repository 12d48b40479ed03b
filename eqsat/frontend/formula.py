"""Which integer nodes are formulas over sizes, so that they can be dimensions and bounds.

Called by the builder and by the operators, which keep arithmetic on sizes a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.types import Scalar


def _nothing(node: Node) -> Dim | None:
    return None


def formula(node: Node, numbered: Callable[[Node], Dim | None] = _nothing) -> Dim | None:
    """The integer as a formula over sizes and integer arguments, where it is one.

    `numbered` knows the symbols of integers that are computed in the function.
    """
    if not isinstance(node.type, Scalar) or node.type.dtype.kind not in "bi":
        return None
    found = numbered(node)
    if found is not None:
        return found
    if node.op == "dim":
        return node.attr if isinstance(node.attr, Dim) else None
    if node.op == "constant" and isinstance(node.attr, Constant):
        return dim(int(node.attr.value))
    if node.op == "param" and isinstance(node.attr, int) and node.type.kind == "python":
        return dim(Symbol(node.attr, None))
    if node.op == "py.int":
        return formula(node.args[0], numbered)
    symbol = _SYMBOLS.get(node.op)
    if symbol is None:
        return None
    parts: list[Dim] = []
    for arg in node.args:
        part = formula(arg, numbered)
        if part is None:
            return None
        parts.append(part)
    return formula_of(symbol, parts)


_SYMBOLS = {"py.add": "add", "py.sub": "sub", "py.mul": "mult", "py.neg": "usub", "py.floordiv": "floordiv"}


def formula_of(symbol: str, parts: Sequence[Dim]) -> Dim | None:
    """The formula that Python's operator `symbol` (an `ast` class in lower case) makes of formulas, if one."""
    if symbol == "usub":
        return -parts[0]
    if symbol == "uadd":
        return parts[0]
    if len(parts) != 2:
        return None
    left, right = parts
    if symbol == "add":
        return left + right
    if symbol == "sub":
        return left - right
    if symbol == "mult":
        return left * right
    if right.is_const and right.const > 0:
        if symbol == "floordiv":
            return left // right.const
        if symbol == "mod":
            return left - (left // right.const) * right.const
    return None
