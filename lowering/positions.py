"""An index of unknown sign, its end-relative form and its two checks, as one look in the usual case.

The front end says of `x[i]` that the position is `i + n` where `i < 0`, else `i`, and checks both ends of it. As an
unsigned number an index that is in range as it stands is below `n`, and no other is; so the rest moves to a block that
is rarely come to. That needs an `n` that is never negative, which the length of an array is. Called by
`lowering.steps`; what looks otherwise is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsat.ir.body import Check
from eqsat.ir.dims import ZERO, Dim, dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Node
from eqsat.ir.routine import Let, Step, Steps, Store
from eqsat.ir.types import Array
from lowering.neighbours import reach
from lowering.ranges import formula
from lowering.scene import LIKELY, UNLIKELY, Scene


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """Node `result` is `index`, counted from the end of an axis if negative; `checks` say that it is on the axis."""

    result: Node
    index: Dim
    extent: Dim
    checks: tuple[Node, ...]


def position(scene: Scene, steps: Steps, at: int) -> Position | None:
    """The position that step `at` computes, if both ends of it are checked next."""
    step = steps[at]
    if not (isinstance(step, Let) and step.node.op == "select" and step.node in scene.names):
        return None
    node = step.node
    below, from_end, plain = node.args
    if below.op != "py.lt":
        return None
    index, moved, compared, zero = (formula(arg, scene.names) for arg in (plain, from_end, *below.args))
    if index is None or moved is None or compared != index or zero != ZERO:
        return None
    extent, here = moved - index, dim(scene.names[node])
    wanted = {here: None, extent - here - 1: None}
    checks: list[Node] = []
    for following in steps[at + 1 : at + 1 + reach(steps, at + 1)]:
        if isinstance(following, Check) and following.condition.op == "py.ge":
            left, right = (formula(arg, scene.names) for arg in following.condition.args)
            if left is not None and right is not None and left - right in wanted:
                del wanted[left - right]
                checks.append(following.condition)
    if wanted or not (_is_length(extent) or _has_length(steps[at + 1 :], extent)):
        return None
    return Position(node, index, extent, tuple(checks))


def _is_length(extent: Dim) -> bool:
    """Whether it is the length of an argument's axis, or a sum of such."""
    return (
        extent.const >= 0
        and all(factor >= 0 for _, factor in extent.terms)
        and all(symbol.axis is not None for symbol in symbols(extent))
        and all(len(monomial) == 1 for monomial, _ in extent.terms)
    )


def _has_length(steps: Iterable[Step], extent: Dim) -> bool:
    """Whether an array of this length is accessed further on, before which nothing but a check leaves the block."""
    for step in steps:
        match step:
            case Let(node) | Store(node):
                if any(isinstance(arg.type, Array) and extent in arg.type.shape for arg in node.args):
                    return True
            case Check():
                pass
            case _:
                return False
    return False


def locate(scene: Scene, found: Position) -> None:
    """Compute the position; where there is none, the undecorated function runs instead."""
    b = scene.b
    index, extent = scene.size(found.index), scene.size(found.extent)
    before = b.block
    rare, on = b.append_basic_block("from_end"), b.append_basic_block("position")
    b.cbranch(b.icmp_unsigned("<", index, extent), on, rare).set_weights([LIKELY, UNLIKELY])
    b.position_at_end(rare)
    moved = b.add(index, extent)
    b.cbranch(b.icmp_unsigned("<", moved, extent), on, scene.failed)
    b.position_at_end(on)
    result = b.phi(index.type)
    result.add_incoming(index, before)
    result.add_incoming(moved, rare)
    scene.learn(found.result, result)
