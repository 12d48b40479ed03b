"""Which arrays may lie in the same memory.

Memory belongs to parameters and to what is made in the function; a variable refers to whatever is set into it anywhere.
Fresh memory is apart from everything else; two parameters are apart where a guard says so. Where nothing is known two
arrays may be one. Called by `eqsat.schedule.planner`, `segments` and `writes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from eqsat.ir.body import (
    Block,
    Check,
    For,
    Labeled,
    Scatter,
    Set,
    Statement,
    Variable,
    While,
    Write,
    inner_blocks,
    statements,
)
from eqsat.ir.nodes import Node
from eqsat.ir.region import Disjoint, Region
from eqsat.ir.types import Array
from eqsat.schedule.placement import Placement, base


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Two variables that a loop sets anew in every turn, as `u, v = v, u` does, and that never meet.

    `before` are the statements that set them ahead of the loop, `within` those in it, one for each variable. That they
    are apart when a turn begins is assumed, and kept if it holds before the loop and what is set within is apart.
    """

    loop: For | While
    before: tuple[Set, Set]
    within: tuple[Set, Set]


class Memory:
    """Answers for one body."""

    def __init__(self, region: Region, placement: Placement) -> None:
        self._placement = placement
        self._apart = {
            frozenset((guard.first, guard.second))
            for guard in region.guards
            if isinstance(guard, Disjoint) and guard.truth
        }
        self._sets: dict[Variable, list[Set]] = {}
        for statement in statements(placement.body.block):
            if isinstance(statement, Set) and isinstance(statement.variable.type, Array):
                self._sets.setdefault(statement.variable, []).append(statement)
        self._owners: dict[Variable, frozenset[Node]] = {}
        self._exchanges = [found for one in statements(placement.body.block) for found in self._candidates(one)]
        while wrong := [found for found in self._exchanges if not self._keeps(found)]:
            self._exchanges = [found for found in self._exchanges if found not in wrong]

    def owners(self, node: Node) -> frozenset[Node]:
        """Every `param` and every array made here whose memory the array may be in."""
        node = base(node)
        if node.op != "read":
            return frozenset((node,))
        assert isinstance(node.attr, Variable)
        return self._held(node.attr)

    def _held(self, variable: Variable) -> frozenset[Node]:
        if variable not in self._owners:
            seen: set[Variable] = set()
            found: set[Node] = set()
            pending = [variable]
            while pending:
                one = pending.pop()
                if one in seen:
                    continue
                seen.add(one)
                for statement in self._sets.get(one, ()):
                    owner = base(statement.value)
                    if owner.op == "read":
                        assert isinstance(owner.attr, Variable)
                        pending.append(owner.attr)
                    else:
                        found.add(owner)
            self._owners[variable] = frozenset(found)
        return self._owners[variable]

    def may_meet(self, one: Node, other: Node) -> bool:
        """Whether two arrays may have an element in common, at a moment at which both are at hand."""
        one, other = base(one), base(other)
        if one is other:
            return True
        if self._older(one, other) or self._older(other, one):
            return False
        if any(self._tells_apart(exchange, one, other) for exchange in self._exchanges):
            return False
        return any(self._same_owner(a, b) for a in self.owners(one) for b in self.owners(other))

    def _same_owner(self, one: Node, other: Node) -> bool:
        """Whether two owners of memory may lie in the same."""
        if one is other:
            return True
        if one.op != "param" or other.op != "param":
            return False
        return frozenset((one.attr, other.attr)) not in self._apart

    def _older(self, read: Node, fresh: Node) -> bool:
        """Whether `read` was at hand before `fresh` was made, so that it cannot refer to it."""
        blocks = self._placement.block_of
        if read.op != "read" or fresh.op in ("read", "param") or read.serial > fresh.serial:
            return False
        return blocks[read] in self._placement.around(blocks[fresh])

    # Variables that change places --------------------------------------------------------------------------------

    def _candidates(self, loop: Statement) -> Iterator[_Exchange]:
        """Pairs of variables that are set once in a turn, one soon after the other, and once ahead of the loop."""
        if not isinstance(loop, For | While):
            return
        block = _turn(loop.body)
        found: list[tuple[Set, Set]] = []
        for sets in self._sets.values():
            if len(sets) == 2:
                before, within = sorted(sets, key=lambda one: self._is_in(self._placement.block_of[one], loop))
                ahead = self._placement.block_of[before]
                around = self._placement.around(self._placement.block_of[loop])
                if self._placement.block_of[within] is block and ahead in around and before.serial < loop.serial:
                    found.append((before, within))
        for (one, within), (other, too) in combinations(found, 2):
            together = self._placement.block_of[one] is self._placement.block_of[other]
            if together and _without_leaving(block, within, too):
                yield _Exchange(loop, (one, other), (within, too))

    def _keeps(self, exchange: _Exchange) -> bool:
        return not any(self.may_meet(*(one.value for one in pair)) for pair in (exchange.before, exchange.within))

    def _tells_apart(self, exchange: _Exchange, one: Node, other: Node) -> bool:
        """Whether these are reads of the two variables, both before they are set in a turn or both after the loop."""
        if one.op != "read" or other.op != "read":
            return False
        first, second = exchange.within
        if (one.attr, other.attr) == (second.variable, first.variable):
            one, other = other, one
        if (one.attr, other.attr) != (first.variable, second.variable):
            return False
        block_of, loop = self._placement.block_of, exchange.loop
        inside = [self._is_in(block_of[node], loop) for node in (one, other)]
        if all(inside):
            return one.serial < first.serial and other.serial < second.serial
        ends = inner_blocks(loop)[-1].last
        follow = (block_of[loop] in self._placement.around(block_of[node]) for node in (one, other))
        return not any(inside) and all(follow) and min(one.serial, other.serial) > ends

    def _is_in(self, block: Block, statement: Statement) -> bool:
        """Whether a block is one of a statement's, or within one."""
        inner = inner_blocks(statement)
        return any(found in inner for found in self._placement.around(block))


def _turn(block: Block) -> Block:
    """The block in which the statements of a loop's turn stand: `continue` leaves a block within its body."""
    while len(block.statements) == 1 and isinstance(block.statements[0], Labeled):
        block = block.statements[0].body
    return block


def _without_leaving(block: Block, one: Set, other: Set) -> bool:
    """Whether nothing between two statements of a block leaves it, so that either both run or none."""
    first, last = sorted((block.statements.index(one), block.statements.index(other)))
    return all(isinstance(between, Set | Write | Scatter | Check) for between in block.statements[first:last])
