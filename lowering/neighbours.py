"""Checks next to each other, which may be looked at together.

Called by `lowering.steps` and `positions`; refuses nothing.
"""

from __future__ import annotations

from eqsat.ir.body import Check
from eqsat.ir.nodes import Node
from eqsat.ir.routine import Let, Steps
from eqsat.ir.types import Scalar

CHEAP = frozenset(
    f"{kind}.{op}"
    for kind, ops in (("py", "add sub mul neg lt le gt ge eq ne and or not bool"), ("ok", "add sub mul neg cast"))
    for op in ops.split()
)
"""Operations on ints that may as well run where a check before them is false."""


def reach(steps: Steps, at: int) -> int:
    """How many steps from here on are checks, or what the next check needs."""
    last = at - 1
    for k in range(at, len(steps)):
        match steps[k]:
            case Check():
                last = k
            case Let(node) if node.op in CHEAP and all(_is_whole(arg) for arg in node.args):
                pass
            case _:
                break
    return last - at + 1


def _is_whole(node: Node) -> bool:
    return isinstance(node.type, Scalar) and node.type.dtype.kind in "bi"
