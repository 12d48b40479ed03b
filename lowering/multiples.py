"""`3 * n + 1` within 64 bits: one comparison of `n` with known bounds, in place of a check of each operation.

Where both are computed whether they are needed or not, checks that are carried along as truths cost more than the
arithmetic. The bounds are for both operations together, so that either check may fail where only the other would:
both are made, and the undecorated function runs in any case. Called by `lowering.steps` and `numbers`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eqsat.ir.nodes import Constant, Node
from eqsat.ir.routine import Let, Steps
from eqsat.ir.types import Scalar
from lowering.values import I64, Builder, Value

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= number <= high`, for a number that is computed."""

    number: Node
    low: int
    high: int

    def holds(self, b: Builder, number: Value) -> Value:
        """Whether it does."""
        return b.icmp_unsigned("<=", b.sub(number, I64(self.low)), I64(self.high - self.low))


def multiples(steps: Steps) -> Iterator[tuple[Node, Between]]:
    """Checks of a block that are better made so: those of a multiple, and of its sum with a constant."""
    products: dict[tuple[Node, ...], Node] = {}
    for step in steps:
        if not isinstance(step, Let):
            continue
        node = step.node
        if node.op == "ok.mul":
            products[node.args] = node
        elif node.op in ("ok.add", "ok.sub"):
            for k, arg in enumerate(node.args):
                if arg.op == "py.mul" and arg.args in products:
                    found = _between(arg, k == 1 and node.op == "ok.sub", node.args[1 - k], node.op == "ok.sub")
                    if found is not None:
                        yield products[arg.args], found
                        yield node, found


def _between(product: Node, negative: bool, other: Node, subtracted: bool) -> Between | None:
    """Where neither the product nor its sum with (or difference to) the other number leaves 64 bits."""
    left, right = product.args
    number, factor, added = (
        (left, _known(right), _known(other)) if _known(left) is None else (right, _known(left), _known(other))
    )
    if factor is None or added is None or abs(factor) < 2 or not _is_int(number):
        return None
    ranges = [
        _range(factor, 0),
        _range(-factor if negative else factor, -added if subtracted and not negative else added),
    ]
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    return Between(number, low, high) if low <= high else None


def _range(factor: int, added: int) -> tuple[int, int]:
    """The least and the greatest `n` for which `factor * n + added` fits into 64 bits."""
    ends = (SMALLEST - added, LARGEST - added)
    first, last = ends if factor > 0 else (ends[1], ends[0])
    return -(-first // factor), last // factor


def _known(node: Node) -> int | None:
    return int(node.attr.value) if _is_int(node) and isinstance(node.attr, Constant) else None


def _is_int(node: Node) -> bool:
    return isinstance(node.type, Scalar) and node.type.dtype == np.int64
