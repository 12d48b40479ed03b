"""Where every node of a body is computed: its block, its place among the statements there, and who uses it.

Nodes that no statement, no result and no size needs are left out. Called by `eqsat.schedule.planner` and `memory`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eqsat.errors import InternalError
from eqsat.ir.body import LOCAL, Block, Body, Statement, While, inner_blocks, operands, statements
from eqsat.ir.dims import Dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import IN_PLACE, Node, walk
from eqsat.ir.region import Region
from eqsat.ir.types import Array, Scalar
from eqsat.ir.view import View

LEAVES = frozenset({"param", "constant", "dim", "counter"})
"""Ops of nodes that are at hand wherever they are known at all."""

Item = Node | Statement
User = Node | Statement | Body
"""What uses a node: another node, a statement, or (the body itself) the results of the function."""


@dataclass(frozen=True, slots=True)
class Placement:
    """`items[block]`: its nodes and statements in order. `sized`: nodes whose value is part of some size."""

    body: Body
    items: dict[Block, tuple[Item, ...]]
    users: dict[Node, tuple[User, ...]]
    block_of: dict[Node | Statement, Block]
    outer: dict[Block, Block | None]
    sized: frozenset[Node]

    def around(self, block: Block | None) -> Iterator[Block]:
        """The block and those that it stands in."""
        while block is not None:
            yield block
            block = self.outer[block]

    def inside(self, statement: Statement) -> Iterator[Item]:
        """Everything in the blocks of a statement."""
        for block in inner_blocks(statement):
            for item in self.items[block]:
                yield item
                if not isinstance(item, Node):
                    yield from self.inside(item)


def is_view(node: Node) -> bool:
    """Whether the node is an array in the memory of its operand."""
    return node.op in IN_PLACE and isinstance(node.type, Array)


def base(node: Node) -> Node:
    """What owns the memory that an array node is in; a number is itself."""
    while is_view(node):
        node = node.args[0]
    return node


def place(region: Region) -> Placement:
    """Place the nodes of a region with a body."""
    body = region.body
    if body is None:
        raise InternalError(f"{region.name} has no body to be planned")
    outer: dict[Block, Block | None] = {}
    block_of: dict[Node | Statement, Block] = {}
    _nest(body.block, None, outer, block_of)
    nodes, sized = _reachable(region, body)
    items: dict[Block, list[Node]] = {block: [] for block in outer}
    narrowest = sorted(outer, key=lambda block: block.last - block.first)
    for node in nodes:
        if node.op not in LEAVES:
            block_of[node] = _innermost(node.serial, narrowest, body.block)
            items[block_of[node]].append(node)
    users: dict[Node, list[User]] = {node: [] for node in nodes}
    for node in nodes:
        for arg in dict.fromkeys(node.args):
            users[arg].append(node)
    for statement in statements(body.block):
        for node in dict.fromkeys(_used(statement)):
            users[node].append(statement)
    for node in dict.fromkeys(region.result_nodes()):
        users[node].append(body)
    ordered = {block: _merged(block.statements, found) for block, found in items.items()}
    return Placement(body, ordered, {n: tuple(u) for n, u in users.items()}, block_of, outer, sized)


def _merged(listed: Sequence[Statement], nodes: Iterable[Node]) -> tuple[Item, ...]:
    """Statements as they are listed, each after the nodes that were made before it and before those that follow it."""
    ordered: list[tuple[int, int, Item]] = [(node.serial, 0, node) for node in nodes]
    bound = None
    for position in range(len(listed), 0, -1):
        serial = listed[position - 1].serial
        bound = serial if bound is None else min(serial, bound)
        ordered.append((bound, position, listed[position - 1]))
    return tuple(item for _, _, item in sorted(ordered, key=lambda one: one[:2]))


def _nest(
    block: Block, around: Block | None, outer: dict[Block, Block | None], block_of: dict[Node | Statement, Block]
) -> None:
    outer[block] = around
    for statement in block.statements:
        block_of[statement] = block
        for inner in inner_blocks(statement):
            _nest(inner, block, outer, block_of)


def _used(statement: Statement) -> tuple[Node, ...]:
    return (statement.condition,) if isinstance(statement, While) else operands(statement)


def _reachable(region: Region, body: Body) -> tuple[list[Node], frozenset[Node]]:
    """Every node that is needed, and those of them that sizes are made of."""
    roots = list(region.result_nodes())
    for statement in statements(body.block):
        roots += _used(statement)
    sized: dict[Node, None] = {}
    while True:
        nodes = list(walk([*roots, *sized]))
        numbers = {s.param for node in nodes for size in sizes_in(node) for s in symbols(size) if s.param >= LOCAL}
        new = [body.symbols[number] for number in sorted(numbers) if body.symbols[number] not in sized]
        if not new:
            return nodes, frozenset(sized)
        sized |= dict.fromkeys(new)


def sizes_in(node: Node) -> Iterable[Dim]:
    """The formulas that a node names: its shape, where a view starts, a number made of sizes."""
    if isinstance(node.type, Array):
        yield from node.type.shape
    if isinstance(node.attr, View):
        yield from (along.start for along in node.attr.axes)
    elif isinstance(node.attr, Dim):
        yield node.attr
    elif node.op == "stride" and isinstance(node.attr, tuple):
        yield from node.attr


def _innermost(serial: int, narrowest_first: Iterable[Block], whole: Block) -> Block:
    """The block whose interval holds the serial most narrowly."""
    return next((block for block in narrowest_first if block.first <= serial <= block.last), whole)


def is_number(node: Node) -> bool:
    """Whether the node is a single number, not an array without axes."""
    return isinstance(node.type, Scalar)
