"""Whether anybody listens for floating-point events of a function: NumPy's operations do, Python's never do.

A function in which no operation of NumPy's can raise a flag need not ask for flags after its run, and an overflow to
infinity of Python's floats costs nothing. What is unknown counts as raising. Called by `lowering.entry`, and by
`eqsat.schedule` to know whether what was written may have to be put back.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqsat.ir.body import Body, While, operands, statements
from eqsat.ir.nodes import Node, walk
from eqsat.ir.region import Region
from eqsat.ir.signature import inputs_of
from eqsat.ir.types import Array, Scalar

_MOVES = frozenset(
    [
        *("param", "constant", "dim", "view", "read", "counter", "reshape", "copy", "real", "imag", "select", "empty"),
        "opaque",
    ]
)
_WHOLE_NUMBERS = frozenset(
    [
        *("add", "subtract", "multiply", "negative", "positive", "absolute", "square", "sign", "maximum", "minimum"),
        *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "invert", "left_shift"),
        *("right_shift", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_count", "logical_and", "logical_or"),
        *("logical_xor", "logical_not", "clip"),
    ]
)
"""Ufuncs that raise nothing for integers and bools."""


def hears(region: Region) -> bool:
    """Whether an operation of the function, wherever it stands, may raise a flag that NumPy would report."""
    return any(_raises(node) for node in walk(_roots(region)))


def _roots(region: Region) -> Iterator[Node]:
    yield from region.roots()
    if region.body is not None:
        yield from _of_body(region.body)


def _of_body(body: Body) -> Iterator[Node]:
    yield from body.symbols.values()
    for statement in statements(body.block):
        yield from operands(statement)
        if isinstance(statement, While):
            yield statement.condition


def _raises(node: Node) -> bool:
    if node.op in _MOVES or node.op.startswith("ok."):
        return False
    kinds = [arg.type.dtype.kind for arg in node.args if isinstance(arg.type, Scalar | Array)]
    whole = all(kind in "biu" for kind in kinds)
    if node.op.startswith("py."):
        return not (isinstance(node.type, Scalar) and (node.type.kind == "python" or node.type.dtype.kind in "biu"))
    if node.op == "cast" and _widens(node):
        return False
    if node.op == "cast":
        return not (whole and isinstance(node.type, Scalar | Array) and node.type.dtype.char in "?bhilqBHILQd")
    if node.op in _WHOLE_NUMBERS:
        return not (whole and isinstance(node.attr, str) and set(inputs_of(node.attr)) <= set("?bhilqBHILQ"))
    return True


def _widens(node: Node) -> bool:
    """Whether every value of the operand is one of the result."""
    (arg,) = node.args
    assert isinstance(arg.type, Scalar | Array) and isinstance(node.type, Scalar | Array)
    return np.can_cast(arg.type.dtype, node.type.dtype, "safe")
