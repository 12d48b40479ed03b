"""What happens in order, while a function is being translated: the statements of the block that is open now.

Part of the builder. Until something is recorded that has a place in time (a statement, an integer that sizes depend
on, an operation that the e-graph does not hold) a function is a graph of nodes, and checks are a list. From then on it
is `in_order`, and every check is a statement at its place. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eqsat.ir.body import LOCAL, Block, Body, Check, Statement, inner_blocks, statements
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.nodes import Node, next_serial
from eqsat.ir.span import Span
from eqsat.ir.types import Type


@dataclass(slots=True, eq=False)
class Open:
    """A block that is being translated; `block` once it is complete."""

    first: int = field(default_factory=next_serial)
    statements: list[Statement] = field(default_factory=list[Statement])
    closed: Block | None = None
    own: int | None = None

    @property
    def block(self) -> Block:
        """The block, after its `with` statement."""
        assert self.closed is not None
        return self.closed

    def close(self) -> None:
        """Nothing more happens in it, unless it is opened again for statements that make no nodes of their own."""
        last = self.closed.last if self.closed else next_serial()
        if self.own is None:
            self.own = len(self.statements)
        self.closed = Block(tuple(self.statements), self.first, last)

    def reset(self) -> None:
        """Forget what was added after it was first closed."""
        del self.statements[self.own :]


@dataclass(slots=True, eq=False)
class Recorder:
    """The open blocks, innermost last, and the integers that have symbols."""

    checks: list[Node] = field(default_factory=list[Node])
    open: list[Open] = field(default_factory=lambda: [Open()])
    symbols: dict[int, Node] = field(default_factory=dict[int, Node])
    in_order: bool = False
    _numbers: dict[Node, Symbol] = field(default_factory=dict[Node, Symbol])

    def start(self) -> None:
        """From here on there is an order; the checks so far come first."""
        if not self.in_order:
            self.in_order = True
            self.open[-1].statements += [Check(node) for node in self.checks]
            self.checks.clear()

    def body(self) -> Body:
        """The function in order, once it is translated."""
        (whole,) = self.open
        whole.close()
        return Body(whole.block, self.symbols)

    def emit(self, statement: Statement) -> None:
        """This happens now."""
        self.start()
        self.open[-1].statements.append(statement)

    def check(self, condition: Node) -> None:
        """Run the undecorated function if `condition` is false."""
        if self.in_order:
            self.emit(Check(condition))
        else:
            self.checks.append(condition)

    @contextmanager
    def block(self) -> Generator[Open]:
        """What is made in the `with` statement happens in a block of its own."""
        with self.reopened(Open()) as opened:
            yield opened

    @contextmanager
    def reopened(self, opened: Open) -> Generator[Open]:
        """What happens in the `with` statement comes last in this block."""
        self.open.append(opened)
        try:
            yield opened
        finally:
            popped = self.open.pop()
            assert popped is opened
            opened.close()

    def restart(self, checks: list[Node]) -> None:
        """There is an order, which begins here, after these checks."""
        self.checks[:] = checks
        self.in_order = False
        self.start()

    def everything(self) -> Iterator[Statement]:
        """Every statement so far, those within others too."""
        for opened in self.open:
            for outer in opened.statements:
                yield outer
                for block in inner_blocks(outer):
                    yield from statements(block)

    def is_here(self, node: Node) -> bool:
        """Whether a node was made in the block that is open, not around it."""
        return node.serial >= self.open[-1].first

    def mark(self) -> int:
        """How far the open block is; see `reset`."""
        return len(self.open[-1].statements)

    def reset(self, mark: int) -> None:
        """Forget the statements of the open block since `mark`."""
        del self.open[-1].statements[mark:]

    def splice(self, inner: Open) -> None:
        """What happened in a block of its own happens in the open one: nobody leaves that block early."""
        self.open[-1].statements += inner.statements

    def number(self, node: Node) -> Dim:
        """The integer as a size: a symbol of its own."""
        self.start()
        if node not in self._numbers:
            number = LOCAL + len(self.symbols)
            self.symbols[number] = node
            self._numbers[node] = Symbol(number, None)
        return dim(self._numbers[node])

    def counter(self, type_: Type, span: Span) -> Node:
        """The counter of a loop, which is a size by itself."""
        self.start()
        number = LOCAL + len(self.symbols)
        node = Node("counter", (), number, type_, span)
        self.symbols[number] = node
        self._numbers[node] = Symbol(number, None)
        return node

    def numbered(self, node: Node) -> Dim | None:
        """The symbol of an integer that has one."""
        found = self._numbers.get(node)
        return None if found is None else dim(found)
