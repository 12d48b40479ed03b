"""Where the code of a routine is being written: builder, frame, sizes, numbers and arrays at hand, the way out.

One `Scene` serves a whole routine. What is computed in a block is known there and in the blocks within it (`scope`).
Formulas over sizes are computed where they are used, since they may name numbers of this very turn of a loop; LLVM
finds what is common. Called by `lowering.steps`, `arrays`, `numbers`, `segments`, and by `lowering.library`, for which
`b`, `function`, `room`, `loop`, `size`, `require`, `take` are there. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.body import LOCAL, Label, Variable
from eqsat.ir.dims import Dim, Symbol
from eqsat.ir.equalities import Equalities
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.routine import Routine
from eqsat.ir.types import DType, Scalar
from lowering import pool
from lowering.context import arithmetic
from lowering.frame import Extent, Frame, Pool, Slot, Status
from lowering.frame import Value as Number
from lowering.ranges import names_of
from lowering.roots import Root, Roots
from lowering.values import I8, I32, I64, POINTER, Builder, Value, constant, format_of, load

LIKELY, UNLIKELY = 2000, 1


@dataclass(frozen=True, slots=True)
class ArrayRef:
    """An array at hand: the address of its first element, and bytes between neighbours along each axis.

    `origin` (an int64) says what Python object it is part of: 0 for memory of this run, 2p+2 for parameter p as it
    was given, 2p+3 for a view of it. `owner`: the block of `lowering.pool` that it lies in, or null. `roots`: the
    memory that it may lie in.
    """

    pointer: Value
    strides: tuple[Value, ...]
    origin: Value
    owner: Value
    roots: frozenset[Root]


@dataclass(slots=True)
class Place:
    """Where a variable is kept: a number, or the parts of an array reference."""

    number: Value | None = None
    pointer: Value | None = None
    strides: tuple[Value, ...] = ()
    origin: Value | None = None
    owner: Value | None = None


@dataclass(slots=True)
class Scene:
    """One `run` function of a routine under construction; `b` stands where instructions go next."""

    routine: Routine
    frame: Frame
    function: ir.Function
    vector_bytes: int
    roots: Roots
    names: Mapping[Node, Symbol]
    """The local symbols of nodes."""
    equalities: Equalities
    """Sizes that a guard makes equal are one number, so that LLVM sees it."""
    entry: Builder
    b: Builder
    failed: ir.Block
    """Where a check that is false goes."""
    exhausted: ir.Block
    """Where a lack of memory goes."""
    places: dict[Variable, Place] = field(default_factory=dict)
    labels: dict[Label, ir.Block] = field(default_factory=dict)
    left: set[Label] = field(default_factory=set[Label])
    """Labels that something went to."""
    slots: dict[Node, Value] = field(default_factory=dict)
    """For every place that makes an array in the pool: the block that it made last."""
    scratches: dict[tuple[str, int], Value] = field(default_factory=dict)
    counter: Node | None = None
    """The counter of the innermost `For`."""
    certain: bool = True
    """Whether the present place is reached in every turn of the innermost loop (without one: in every run)."""
    varying: dict[Node, dict[Node, bool]] = field(default_factory=dict[Node, dict[Node, bool]])
    """For `lowering.numbers.varies_with`."""
    aliases: dict[frozenset[Root], tuple[list[Value], list[Value]]] = field(default_factory=dict)
    """For `lowering.arrays.mark`."""
    _scopes: list[dict[object, object]] = field(default_factory=list)
    _words: dict[int, Value] = field(default_factory=dict)

    @staticmethod
    def start(routine: Routine, function: ir.Function, vector_bytes: int) -> Scene:
        """Begin a function: a first block for what is computed once, one for the work, and the ways out."""
        entry, work, failed, exhausted = (
            function.append_basic_block(name) for name in ("entry", "work", "failed", "exhausted")
        )
        ir.IRBuilder(failed).ret(I32(Status.CHECK_FAILED))
        ir.IRBuilder(exhausted).ret(I32(Status.NO_MEMORY))
        return Scene(
            routine,
            Frame.of(routine),
            function,
            vector_bytes,
            Roots(routine),
            names_of(routine),
            Equalities(guard for guard in routine.region.guards if isinstance(guard, Guard)),
            ir.IRBuilder(entry),
            ir.IRBuilder(work),
            failed,
            exhausted,
            _scopes=[{}],
        )

    @property
    def granted(self) -> frozenset[str]:
        """The fast-math flags of the function."""
        return self.routine.region.flags

    def finish(self) -> None:
        """Close the first block."""
        self.entry.branch(self.function.basic_blocks[1])

    # What is known ----------------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Generator[None]:
        """What becomes known within is forgotten afterwards."""
        self._scopes.append({})
        yield
        self._scopes.pop()

    def known(self, key: object) -> Value | None:
        """The value of a node or formula, if it is at hand."""
        for scope in reversed(self._scopes):
            if key in scope:
                return scope[key]
        return None

    def learn(self, key: object, value: Value) -> Value:
        """From here on in this scope it has this value."""
        self._scopes[-1][key] = value
        return value

    # Numbers ----------------------------------------------------------------------------------------------------

    def number(self, node: Node) -> Value:
        """The value of a node of scalar type that needs no work, or that was computed before."""
        found = self.known(node)
        if found is not None:
            return found
        match node.op:
            case "param":
                assert isinstance(node.attr, int) and isinstance(node.type, Scalar)
                return self.argument(node.attr, node.type.dtype)
            case "constant":
                return constant(node.attr)  # pyright: ignore[reportArgumentType]
            case "dim":
                assert isinstance(node.attr, Dim)
                return self.size(node.attr)
            case _:
                raise InternalError(f"{node.op} is used before it is computed", node.span, have=repr(node))

    def size(self, size: Dim) -> Value:
        """A formula over sizes and numbers, as an int64."""
        size = self.equalities.resolve(size)
        return self.known(size) or self.learn(size, size.fold(I64, self._symbol, arithmetic(self.b)))

    def _symbol(self, symbol: Symbol) -> Value:
        if symbol.axis is not None:
            return self.extent(symbol.param, symbol.axis)
        if symbol.param >= LOCAL:
            value = self.number(self.routine.symbols[symbol.param])
        else:
            type_ = self.routine.region.params[symbol.param].type
            assert isinstance(type_, Scalar)
            value = self.argument(symbol.param, type_.dtype)
        return value if value.type == I64 else self.b.zext(value, I64)

    # The frame --------------------------------------------------------------------------------------------------

    def place(self, slot: Slot) -> Value:
        """The address of a word of the frame."""
        at = self.frame.offsets[slot]
        return self.entry.gep(self.function.args[0], [I64(at)], source_etype=I64, inbounds=True)

    def word(self, slot: Slot, type_: ir.Type = I64) -> Value:
        """The content of a word of the frame, which does not change during the run."""
        at = self.frame.offsets[slot]
        if at not in self._words:
            self._words[at] = self.entry.load(self.place(slot), typ=type_, align=8)
        return self._words[at]

    def extent(self, param: int, axis: int) -> Value:
        """The length of an axis of an array parameter."""
        found = self.word(Extent(param, axis))
        found.set_metadata("range", self.function.module.add_metadata([I64(0), I64(1 << 62)]))
        return found

    def argument(self, param: int, dtype: DType) -> Value:
        """The value of a scalar parameter."""
        at = self.frame.offsets[Number(param)]
        if at not in self._words:
            self._words[at] = load(self.entry, self.place(Number(param)), dtype, 1, 8)
        return self._words[at]

    # Memory -----------------------------------------------------------------------------------------------------

    def room(self, type_: ir.Type) -> Value:
        """Room on the stack for as long as the function runs."""
        room = self.entry.alloca(type_)
        if isinstance(type_, ir.ArrayType):
            room.align = 64
        room.type = POINTER  # llvmlite would check stores against the type of the room
        return room

    def stack(self, dtype: DType, count: int) -> Value:
        """Room for `count` elements on the stack, aligned for vectors."""
        form = format_of(dtype)
        return self.room(ir.ArrayType(form.memory, form.parts * count))

    def take(self, size: Value) -> Value:
        """A new block of the pool; -1 bytes are more than there are."""
        b, module = self.b, self.function.module
        found = b.call(pool.take(module), [self.place(Pool()), size])
        self._branch(b.icmp_unsigned("!=", found, NULL), self.exhausted)
        return found

    def keep(self, block: Value) -> None:
        """One more holds the block."""
        if not is_null(block):
            self.b.call(pool.keep(self.function.module), [block])

    def drop(self, block: Value) -> None:
        """One less holds the block."""
        if not is_null(block):
            self.b.call(pool.drop(self.function.module), [block])

    def offset(self, pointer: Value, distance: Value) -> Value:
        """`pointer` moved by so many bytes."""
        if isinstance(distance, ir.Constant) and distance.constant == 0:
            return pointer
        return self.b.gep(pointer, [distance], source_etype=I8)

    # Control flow -----------------------------------------------------------------------------------------------

    def require(self, condition: Value) -> None:
        """A check: where it is false, the undecorated function runs instead."""
        self._branch(condition, self.failed)

    def _branch(self, condition: Value, rare: ir.Block) -> None:
        on = self.b.append_basic_block()
        self.b.cbranch(condition, on, rare).set_weights([LIKELY, UNLIKELY])
        self.b.position_at_end(on)

    @property
    def is_dead(self) -> bool:
        """Whether the present block has ended, so that nothing behind it runs."""
        return self.b.block.is_terminated

    @contextmanager
    def loop(self, name: str, stop: Value, start: Value | None = None) -> Generator[Value]:
        """`for name in range(start, stop)`, as LLVM likes a loop: tested once before, then after each turn."""
        b, first = self.b, start or I64(0)
        before = b.block
        body, after = b.append_basic_block(name), ir.Block(self.function, f"{name}.after")
        b.cbranch(b.icmp_signed("<", first, stop), body, after)
        b.position_at_end(body)
        index = b.phi(I64, name)
        index.add_incoming(first, before)
        yield index
        following = b.add(index, I64(1), flags=["nsw"])
        index.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, stop), body, after)
        self.function.blocks.append(after)
        b.position_at_end(after)


NULL = ir.Constant(POINTER, None)


def is_null(block: Value) -> bool:
    """Whether it is certain that there is no block."""
    return isinstance(block, ir.Constant)
