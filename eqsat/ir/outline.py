"""A body as text: values and statements in the order in which they happen, indented as Python would.

Called by `eqsat.ir.printer`. A counter is called by the number of its symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from eqsat.ir.body import (
    Block,
    Body,
    Check,
    For,
    If,
    Labeled,
    Leave,
    Scatter,
    Set,
    Statement,
    While,
    Write,
    inner_blocks,
    operands,
    statements,
)
from eqsat.ir.nodes import Node, walk

Show = Callable[[Node, Mapping[Node, str]], str]
"""The operation of a node, with the names of its operands."""


def lines_of(body: Body, results: tuple[Node, ...], names: dict[Node, str], show: Show) -> Iterator[str]:
    """The lines of a body; `names` has the parameters, and the results too afterwards."""
    every = list(statements(body.block))
    used = [node for statement in every for node in operands(statement)]
    used += [statement.condition for statement in every if isinstance(statement, While)]
    nodes = sorted(walk([*used, *results]), key=lambda node: node.serial)
    blocks = [inner for statement in every for inner in inner_blocks(statement)]
    narrow = sorted(blocks, key=lambda block: block.last - block.first)
    placed: dict[Block, list[Node]] = {}
    for node in nodes:
        place = next((block for block in narrow if block.first <= node.serial <= block.last), body.block)
        placed.setdefault(place, []).append(node)
    writer = _Writer(names, show, placed)
    yield from writer.block(body.block, "  ")


class _Writer:
    def __init__(self, names: dict[Node, str], show: Show, placed: Mapping[Block, Sequence[Node]]) -> None:
        self.names, self.show, self.placed = names, show, placed
        self.count = 0

    def values(self, nodes: Iterable[Node], pad: str) -> Iterator[str]:
        """A line for each value that has no name yet."""
        for node in walk(nodes):
            if node not in self.names:
                self.names[node] = f"v{self.count}"
                self.count += 1
                yield f"{pad}{self.names[node]} = {self.show(node, self.names)} : {node.type}"

    def block(self, block: Block, pad: str) -> Iterator[str]:
        """Values and statements as they come."""
        waiting = list(self.placed.get(block, ()))
        for statement in block.statements:
            if isinstance(statement, For):
                self.names[statement.counter] = f"i{statement.counter.attr}"
            while waiting and waiting[0].serial < statement.serial:
                yield from self.values([waiting.pop(0)], pad)
            yield from self.values(operands(statement), pad)
            yield from self.statement(statement, pad)
        yield from self.values(waiting, pad)

    def statement(self, statement: Statement, pad: str) -> Iterator[str]:
        name, inner = self.names, pad + "  "
        match statement:
            case Set(variable, value):
                yield f"{pad}{variable.name} := {name[value]}"
            case Write(target, value):
                yield f"{pad}{name[target]}[...] = {name[value]}"
            case Scatter(target, indices, value):
                yield f"{pad}{name[target]}[{', '.join(name[index] for index in indices)}] = {name[value]}"
            case Check(condition):
                yield f"{pad}check {name[condition]}"
            case If(condition, then, orelse):
                yield f"{pad}if {name[condition]}:"
                yield from self.scoped(then, inner)
                if orelse.statements:
                    yield f"{pad}else:"
                    yield from self.scoped(orelse, inner)
            case For(counter, start, stop, step, _, body):
                yield f"{pad}for {name[counter]} in range({name[start]}, {name[stop]}, {name[step]}):"
                yield from self.scoped(body, inner)
            case While(head, condition, body):
                yield f"{pad}loop:"
                yield from self.scoped(head, inner) if head.statements else ()
                yield from self.values((condition,), inner)
                yield f"{inner}while {name[condition]}:"
                yield from self.scoped(body, inner + "  ")
            case Labeled(label, body):
                yield f"{pad}{label.name}:"
                yield from self.scoped(body, inner)
            case Leave(label):
                yield f"{pad}leave {label.name}"

    def scoped(self, block: Block, pad: str) -> Iterator[str]:
        """A block, whose values have no name behind it."""
        before = dict(self.names)
        yield from self.block(block, pad)
        self.names.clear()
        self.names.update(before)
