"""What a program's code stands in: where its parameters come from, its results go, and what happens on the way out.

A program that is a whole function finds everything in the frame (`Framed`); one that is a part of a routine finds
values at hand (`lowering.segments`). Called by `lowering.context` and `lowering.kernels`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.program import Buffer, Call
from eqsat.ir.types import DType
from lowering import frame as frames
from lowering.flags import declare
from lowering.frame import Cell, Data, Extent, Frame, Result, Slot, Status, Stride
from lowering.operand import Operand
from lowering.values import I32, I64, POINTER, VOID, Builder, Value, load, store


class Surroundings(Protocol):
    """Sizes and addresses of parameters dominate the program's code; the rest is written where the code stands."""

    def data(self, param: int) -> Value:
        """The address of element 0 of an array parameter."""
        ...

    def extent(self, param: int, axis: int) -> Value:
        """The length of an axis."""
        ...

    def stride(self, param: int, axis: int) -> Value:
        """Bytes between neighbours along an axis."""
        ...

    def number(self, param: int, dtype: DType) -> Value:
        """The value of a scalar parameter."""
        ...

    def result(self, index: int, buffer: Buffer) -> Value:
        """Where the elements of result number `index` are to be written."""
        ...

    def take(self, buffer: Buffer, size: Value, wrapped: Value) -> Value:
        """New memory of `size` bytes, at an address for vectors; `wrapped`: the size is more than an int64 holds."""
        ...

    def call(self, call: Call, operands: Sequence[Operand], result: Operand) -> None:
        """Run a library operation on these operands; where it fails, give up."""
        ...

    def deliver(self, index: int, value: Value, dtype: DType) -> None:
        """Result number `index` is this number."""
        ...

    def free(self) -> None:
        """Temporaries are not needed any more."""
        ...

    def leave(self, status: Status) -> None:
        """Give up: ends the present block."""
        ...


@dataclass(slots=True)
class Framed:
    """The function is the program's own: the frame is its argument, `entry` its first block."""

    frame: Frame
    function: ir.Function
    entry: Builder
    b: Builder
    _words: dict[int, Value] = field(default_factory=dict)
    _allocated: list[Value] = field(default_factory=list)

    def place(self, slot: Slot) -> Value:
        """The address of a word of the frame."""
        at = self.frame.offsets[slot]
        return self.entry.gep(self.function.args[0], [I64(at)], source_etype=I64, inbounds=True)

    def word(self, slot: Slot, type_: ir.Type = I64) -> Value:
        """The content of a word of the frame."""
        at = self.frame.offsets[slot]
        if at not in self._words:
            self._words[at] = self.entry.load(self.place(slot), typ=type_, align=8)
        return self._words[at]

    def data(self, param: int) -> Value:
        return self.word(Data(param), POINTER)

    def extent(self, param: int, axis: int) -> Value:
        return self.word(Extent(param, axis))

    def stride(self, param: int, axis: int) -> Value:
        return self.word(Stride(param, axis))

    def number(self, param: int, dtype: DType) -> Value:
        at = self.frame.offsets[frames.Value(param)]
        if at not in self._words:
            self._words[at] = load(self.entry, self.place(frames.Value(param)), dtype, 1, 8)
        return self._words[at]

    def result(self, index: int, buffer: Buffer) -> Value:
        return self.word(Result(buffer.name), POINTER) if buffer.shape else self.place(Cell(index))

    def take(self, buffer: Buffer, size: Value, wrapped: Value) -> Value:
        b = self.b
        malloc = declare(self.function.module, "malloc", POINTER, [I64])
        raw = b.call(malloc, [b.select(wrapped, I64(-1), b.add(size, I64(64)))])
        with b.if_then(b.icmp_unsigned("==", raw, ir.Constant(POINTER, None)), likely=False):
            self.leave(Status.NO_MEMORY)
        self._allocated.append(raw)
        aligned = b.and_(b.add(b.ptrtoint(raw, I64), I64(63)), I64(-64))
        return b.inttoptr(aligned, POINTER)

    def call(self, call: Call, operands: Sequence[Operand], result: Operand) -> None:
        del operands, result
        raise InternalError(f"a program that is a function of its own calls {call.name}, which only routines do")

    def deliver(self, index: int, value: Value, dtype: DType) -> None:
        store(self.b, value, self.place(Cell(index)), dtype)

    def free(self) -> None:
        function = declare(self.function.module, "free", VOID, [POINTER])
        for raw in self._allocated:
            self.b.call(function, [raw])

    def leave(self, status: Status) -> None:
        self.free()
        self.b.ret(I32(status))
