"""What all parts of the generator share while one function is being emitted: builders, sizes, pointers, loops.

Sizes, strides and addresses of arguments are computed once, in a block before the work, which dominates it. Used by
`lowering.evaluate`, `rows`, `folds` and `kernels`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.dims import Arithmetic, Dim, Symbol
from eqsat.ir.program import Buffer, Program, Term
from eqsat.ir.types import DType, Scalar
from lowering.frame import Frame
from lowering.loops import Access, Bytes
from lowering.surroundings import Framed, Surroundings
from lowering.values import I8, I64, POINTER, Builder, Value, format_of

Values = Mapping[Term, Value]
Point = Mapping[str, Value]
"""The values of the loop variables, by name."""


@dataclass(slots=True)
class Code:
    """The code of one program under construction; `b` stands where instructions go next.

    `entry`: where sizes are computed, before the work. `rooms`: the function's first block, for room on the stack.
    """

    program: Program
    around: Surroundings
    function: ir.Function
    vector_bytes: int
    rooms: Builder
    entry: Builder
    b: Builder
    work: ir.Block
    pointers: dict[Buffer, Value] = field(default_factory=dict)
    scratches: dict[tuple[str, int], Value] = field(default_factory=dict)
    _sizes: dict[Dim, Value] = field(default_factory=dict)
    _distances: dict[tuple[int | None, Bytes], Value] = field(default_factory=dict)

    @staticmethod
    def start(program: Program, function: ir.Function, vector_bytes: int) -> Code:
        """Begin a function that is the program's own: an entry block for sizes, and a first block for the work."""
        entry = ir.IRBuilder(function.append_basic_block("entry"))
        first = function.append_basic_block("work")
        work = ir.IRBuilder(first)
        around = Framed(Frame.of(program), function, entry, work)
        return Code(program, around, function, vector_bytes, entry, entry, work, first)

    @staticmethod
    def within(
        program: Program,
        around: Surroundings,
        vector_bytes: int,
        rooms: Builder,
        b: Builder,
        scratches: dict[tuple[str, int], Value],
    ) -> Code:
        """Begin at the place of `b` in a larger function, which `b` leaves for good when the code is finished."""
        sizes, work = b.append_basic_block("sizes"), b.append_basic_block("work")
        b.branch(sizes)
        b.position_at_end(work)
        return Code(program, around, b.function, vector_bytes, rooms, ir.IRBuilder(sizes), b, work, scratches=scratches)

    @property
    def granted(self) -> frozenset[str]:
        """The fast-math flags of the function."""
        return self.program.region.flags

    def finish(self) -> None:
        """Close the block of sizes."""
        self.entry.branch(self.work)

    # Sizes ------------------------------------------------------------------------------------------------------

    def size(self, size: Dim) -> Value:
        """A size, as an int64."""
        if size not in self._sizes:
            self._sizes[size] = size.fold(I64, self._symbol, arithmetic(self.entry))
        return self._sizes[size]

    def _symbol(self, symbol: Symbol) -> Value:
        if symbol.axis is not None:
            return self.around.extent(symbol.param, symbol.axis)
        type_ = self.program.region.params[symbol.param].type
        if not isinstance(type_, Scalar):
            raise InternalError(f"size {symbol} names parameter {symbol.param}, which is no number")
        value = self.around.number(symbol.param, type_.dtype)
        return value if value.type == I64 else self.entry.zext(value, I64)

    def bytes(self, buffer: Buffer, distance: Bytes) -> Value:
        """A distance within a buffer, as an int64."""
        key = (buffer.param, distance)
        if key not in self._distances:
            found = self.size(distance.fixed)
            for axis, count in distance.strides:
                if buffer.param is None:
                    raise InternalError(f"buffer {buffer.name} has no strides in the frame")
                stride = self.around.stride(buffer.param, axis)
                found = self.entry.add(found, self.entry.mul(stride, self.size(count)))
            self._distances[key] = found
        return self._distances[key]

    # Memory -----------------------------------------------------------------------------------------------------

    def pointer(self, buffer: Buffer) -> Value:
        """The address of element 0."""
        if buffer.param is not None and buffer not in self.pointers:
            self.pointers[buffer] = self.around.data(buffer.param)
        return self.pointers[buffer]

    def address(self, access: Access, point: Point) -> Value:
        """The address for these values of the loop variables; loops that `point` leaves out count as 0."""
        pointer = self.pointer(access.buffer)
        if access.start.known != 0:
            pointer = self.offset(pointer, self.bytes(access.buffer, access.start))
        for name, step in access.steps:
            if name in point:
                pointer = self.offset(pointer, self.b.mul(point[name], self.bytes(access.buffer, step)))
        return pointer

    def offset(self, pointer: Value, distance: Value) -> Value:
        """`pointer` moved by so many bytes."""
        return self.b.gep(pointer, [distance], source_etype=I8)

    def element(self, pointer: Value, index: Value, dtype: DType) -> Value:
        """The address of the element so many packed elements further."""
        form = format_of(dtype)
        type_ = form.memory if form.parts == 1 else ir.ArrayType(form.memory, form.parts)
        return self.b.gep(pointer, [index], source_etype=type_)

    def stack(self, dtype: DType, count: int) -> Value:
        """Room for `count` elements on the stack, aligned for vectors."""
        form = format_of(dtype)
        return self.room(ir.ArrayType(form.memory, form.parts * count))

    def room(self, type_: ir.Type) -> Value:
        """Room on the stack, aligned for vectors, for as long as the function runs."""
        room = self.rooms.alloca(type_)
        room.align = 64
        room.type = POINTER  # llvmlite would check stores against the type of the room
        return room

    def scratch(self, name: str, size: int) -> Value:
        """Room on the stack that rows use one after the other: the same for the same name."""
        if (name, size) not in self.scratches:
            self.scratches[name, size] = self.room(ir.ArrayType(I8, size))
        return self.scratches[name, size]

    def variable(self, type_: ir.Type) -> Value:
        """A place that changes from turn to turn of a loop; LLVM makes a register of it."""
        return self.room(type_)

    # Control flow -----------------------------------------------------------------------------------------------

    @contextmanager
    def loop(
        self,
        name: str,
        stop: Value,
        step: int = 1,
        start: Value | None = None,
        leave: Callable[[], Value] | None = None,
    ) -> Generator[Value]:
        """`for name in range(start, stop, step)`; the body is the `with` block. `leave` is asked after each turn."""
        b = self.b
        before = b.block
        head = b.append_basic_block(f"{name}.head")
        body = b.append_basic_block(f"{name}.body")
        after = ir.Block(self.function, f"{name}.after")
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(I64, name)
        index.add_incoming(start or I64(0), before)
        b.cbranch(b.icmp_signed("<", index, stop), body, after)
        b.position_at_end(body)
        here = self.hidden(index)
        yield here
        following = b.add(here, I64(step))
        over = None if leave is None else leave()
        index.add_incoming(following, b.block)
        if over is None:
            b.branch(head)
        else:
            b.cbranch(over, after, head)
        self.function.blocks.append(after)
        b.position_at_end(after)

    def hidden(self, index: Value) -> Value:
        """The same number, of which LLVM does not know that it counts a loop.

        Our addresses are already as they shall be, and LLVM's search for better ones (loop strength reduction) takes
        half of the time of code generation.
        """
        return self.b.asm(ir.FunctionType(I64, [I64]), "", "=r,0", [index], False)

    def smaller(self, x: Value, y: Value) -> Value:
        """The smaller of two sizes."""
        return self.b.select(self.b.icmp_signed("<", x, y), x, y)


def arithmetic(b: Builder) -> Arithmetic[Value]:
    """Formulas over sizes as instructions."""

    def floordiv(x: Value, y: Value) -> Value:
        quotient, rest = b.sdiv(x, y), b.srem(x, y)
        below = b.icmp_signed("<", rest, I64(0))  # divisors are positive
        return b.sub(quotient, b.zext(below, I64))

    return Arithmetic(b.add, b.mul, floordiv)
