"""What a function does, in order: statements over typed nodes, for functions with control flow or writes.

A function that only computes is a graph of nodes (`eqsat.ir.region`). One that loops, branches or writes into arrays
has a `Body` in addition: a tree of `Block`s whose statements say what happens when. Straight stretches of array work
between them become regions of their own, which the e-graph holds; control flow is not in the e-graph.

**Time.** A node has a `serial`, counted up as nodes and statements are made, which is the order of the program. It is
computed in the block whose interval `first..last` holds its serial most narrowly, at its place among the statements
there. A node that reads memory (an element, an elementwise operation on an array that is written to) sees what is
there at that moment; a view reads nothing by itself. Whoever computes a node later must know that nothing that it
reads was overwritten in between.

**Places.** A `Variable` is what a name holds where that depends on the way taken: carried around a loop, or joined
after a branch. It is read by a node of op `read` (attr: the variable), at the node's serial. A variable of array type
refers to memory: setting it copies nothing.

**Numbers.** A size may depend on an integer computed here (a counter, a bound). Such an integer is a `Symbol` whose
`param` is at least `LOCAL` and whose axis is None; `Body.symbols` says which node it is. Symbols below `LOCAL` are
those of the function's parameters.

**Leaving.** Where Python would raise, or leave 64 bits, a `Check` is false: memory that was written to is put back,
and the undecorated function runs instead.

Made by `eqsat.frontend`, planned by `eqsat.schedule`, run by `lowering`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from eqsat.ir.nodes import IN_PLACE, Node, next_serial
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar

LOCAL = 1 << 20
"""Symbols of integers that are computed in the function have numbers from here on."""


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A place for a number, or for a reference to an array."""

    name: str
    type: Scalar | Array


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """The end of a `Labeled` block."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Set:
    """From now on `variable` holds `value`: a number, converted to its dtype, or an array of its type."""

    variable: Variable
    value: Node
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """Put `value` into `target`, as if all of `value` were computed first.

    `target` is an array (a `param`, a `read`, an array made here, or a view of one, by ops of `IN_PLACE`), or with a
    scalar type the one element that a `view` reads. `value` has the target's dtype, and its shape or no axes.
    """

    target: Node
    value: Node
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """`target[i0, ..., im-1] = value`, element after element in C order, so that the last of equal indices counts.

    `indices` are int64 arrays of one shape, for the first axes of `target`, as in the operation `gather`. `value` has
    that shape and then the other axes of the target, or no axes; it shares no memory with the target. `checked`: an
    index out of range fails as a `Check` does, before anything is written.
    """

    target: Node
    indices: tuple[Node, ...]
    value: Node
    checked: bool
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A bool; where it is false the undecorated function is run instead."""

    condition: Node
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """`condition` is a bool."""

    condition: Node
    then: Block
    orelse: Block
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """`for counter in range(start, stop, step)`, over int64.

    `counter` is a node of op `counter` whose attr is the number of its symbol; it is known in `body` alone. `step` is
    not zero; `up` says its sign, where it is known. `start`, `stop` and `step` are computed once, before the loop.
    """

    counter: Node
    start: Node
    stop: Node
    step: Node
    up: bool | None
    body: Block
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class While:
    """Run `head`, which computes `condition`; if that is true run `body`, and so on."""

    head: Block
    condition: Node
    body: Block
    span: Span
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class Labeled:
    """Run `body`; `Leave(label)` within goes to its end."""

    label: Label
    body: Block
    serial: int = field(default_factory=next_serial, init=False)


@dataclass(frozen=True, slots=True, eq=False)
class Leave:
    """Go to the end of the block of that label, which this stands in: `break`, `continue`, `return`."""

    label: Label
    serial: int = field(default_factory=next_serial, init=False)


Statement = Set | Write | Scatter | Check | If | For | While | Labeled | Leave


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Statements in order. Nodes of serials `first` to `last` are computed here, unless an inner block has them."""

    statements: tuple[Statement, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A function in order; its results are computed at the end of `block`."""

    block: Block
    symbols: Mapping[int, Node]


def inner_blocks(statement: Statement) -> tuple[Block, ...]:
    """The blocks directly within a statement."""
    match statement:
        case If():
            return (statement.then, statement.orelse)
        case While():
            return (statement.head, statement.body)
        case For() | Labeled():
            return (statement.body,)
        case _:
            return ()


def operands(statement: Statement) -> tuple[Node, ...]:
    """The nodes that a statement itself uses, before anything within it runs. A `While` uses its condition inside."""
    match statement:
        case Set():
            return (statement.value,)
        case Write():
            return (statement.target, statement.value)
        case Scatter():
            return (statement.target, *statement.indices, statement.value)
        case Check() | If():
            return (statement.condition,)
        case For():
            return (statement.start, statement.stop, statement.step)
        case _:
            return ()


def statements(block: Block) -> Iterator[Statement]:
    """Every statement in a block, outer before inner."""
    for statement in block.statements:
        yield statement
        for inner in inner_blocks(statement):
            yield from statements(inner)


def root_of(node: Node) -> Node:
    """The array in whose memory an array or element is."""
    while node.op in IN_PLACE:
        node = node.args[0]
    return node


def written_roots(body: Body) -> frozenset[Node]:
    """The arrays whose memory a function may write to: none of them a `read`, but all that its variable may hold."""
    held: dict[Variable, set[Node]] = {}
    written: list[Node] = []
    for statement in statements(body.block):
        if isinstance(statement, Set) and isinstance(statement.variable.type, Array):
            held.setdefault(statement.variable, set()).add(root_of(statement.value))
        elif isinstance(statement, Write | Scatter):
            written.append(root_of(statement.target))
    found: set[Node] = set()
    seen: set[Variable] = set()
    while written:
        root = written.pop()
        if root.op == "read" and isinstance(root.attr, Variable):
            if root.attr not in seen:
                seen.add(root.attr)
                written += held.get(root.attr, ())
        else:
            found.add(root)
    return frozenset(found)
