"""A program in the middle of a routine: its parameters are values at hand, its results become such.

Results go to new memory (`lowering.arrays.fresh`), temporaries that do not fit on the stack to blocks of the pool for
as long as the program runs. A check that is false, or a lack of memory, leaves the routine. Called by `lowering.steps`;
refuses nothing that `lowering.kernels` does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.program import Apply, Buffer, Call, Fold, Program, walk
from eqsat.ir.routine import Segment
from eqsat.ir.types import Array, DType
from lowering import calls
from lowering.arrays import array_type, bytes_of, extents, fresh, reference
from lowering.context import Code
from lowering.flags import declare
from lowering.frame import Status
from lowering.kernels import emit_program
from lowering.operand import Operand
from lowering.scene import ArrayRef, Scene
from lowering.values import I1, I64, POINTER, VOID, Value, format_of, store


def emit_segment(scene: Scene, segment: Segment) -> None:
    """Run the program here."""
    around = _Within(scene, segment)
    for number, given in enumerate(segment.inputs):
        around.know(number, given)
    width = scene.vector_bytes if _computes(segment.program) else min(scene.vector_bytes, MOVING)
    code = Code.within(segment.program, around, width, scene.entry, scene.b, scene.scratches)
    emit_program(code)
    code.finish()
    for result, node in zip(segment.program.region.result_nodes(), segment.outputs, strict=True):
        if isinstance(node.type, Array) and scene.known(node) is None:
            _copy(scene, code, node, segment.program.values.get(result))


MOVING = 32
"""Bytes of the vectors that fill and copy: wider ones move no more, and slow down the scalar code around them."""


def _computes(program: Program) -> bool:
    """Whether a program does anything but fill and copy."""
    return any(isinstance(term, Apply | Fold) for term in walk(kernel.term for kernel in program.kernels))


def _copy(scene: Scene, code: Code, node: Node, value: object) -> None:
    """A result that the optimizer found equal to another is an array of its own all the same."""
    if not isinstance(value, Buffer) or value not in code.pointers:
        raise InternalError("nothing computes a result of a segment", node.span, have=repr(node))
    made = fresh(scene, node)
    copy = declare(scene.function.module, "llvm.memcpy.p0.p0.i64", VOID, [POINTER, POINTER, I64, I1])
    scene.b.call(copy, [made.pointer, code.pointers[value], bytes_of(scene, node), I1(0)])


@dataclass(slots=True)
class _Within:
    """The surroundings of a segment's program (`lowering.surroundings`)."""

    scene: Scene
    segment: Segment
    arrays: dict[int, ArrayRef] = field(default_factory=dict[int, ArrayRef])
    lengths: dict[int, tuple[Value, ...]] = field(default_factory=dict[int, tuple[Value, ...]])
    numbers: dict[int, Value] = field(default_factory=dict[int, Value])
    taken: list[Value] = field(default_factory=list[Value])

    def know(self, param: int, given: Node | Dim) -> None:
        """Compute what the program may ask of this parameter, before it begins."""
        if isinstance(given, Dim):
            self.numbers[param] = self.scene.size(given)
        elif isinstance(given.type, Array):
            self.arrays[param] = reference(self.scene, given)
            self.lengths[param] = extents(self.scene, given)
        else:
            self.numbers[param] = self.scene.number(given)

    def data(self, param: int) -> Value:
        return self.arrays[param].pointer

    def extent(self, param: int, axis: int) -> Value:
        return self.lengths[param][axis]

    def stride(self, param: int, axis: int) -> Value:
        return self.arrays[param].strides[axis]

    def number(self, param: int, dtype: DType) -> Value:
        value = self.numbers[param]
        part = format_of(dtype).part
        narrow = isinstance(part, ir.IntType) and isinstance(value.type, ir.IntType) and value.type.width > part.width
        return self.scene.b.trunc(value, part) if narrow else value

    def result(self, index: int, buffer: Buffer) -> Value:
        node = self.segment.outputs[index]
        if not isinstance(node.type, Array):
            return self.scene.stack(buffer.dtype, 1)
        _same_order(buffer, node)
        return fresh(self.scene, node).pointer

    def take(self, buffer: Buffer, size: Value, wrapped: Value) -> Value:
        block = self.scene.take(self.scene.b.select(wrapped, I64(-1), size))
        self.taken.append(block)
        return block

    def call(self, call: Call, operands: Sequence[Operand], result: Operand) -> None:
        free = "reassoc" in self.segment.program.region.flags
        run = calls.run_freely if free else calls.run
        run(self.scene, call.name, call.attr, operands, result)

    def deliver(self, index: int, value: Value, dtype: DType) -> None:
        node = self.segment.outputs[index]
        if isinstance(node.type, Array):
            made = self.scene.known(node) or fresh(self.scene, node)
            store(self.scene.b, value, made.pointer, dtype)
        else:
            self.scene.learn(node, value)

    def free(self) -> None:
        for block in self.taken:
            self.scene.drop(block)

    def leave(self, status: Status) -> None:
        failed = status == Status.CHECK_FAILED
        self.scene.b.branch(self.scene.failed if failed else self.scene.exhausted)


def _same_order(buffer: Buffer, node: Node) -> None:
    type_ = array_type(node)
    wanted = [axis for axis in type_.layout.order if type_.shape[axis] != ONE]
    if [axis for axis in buffer.order if type_.shape[axis] != ONE] != wanted:
        raise InternalError("a segment writes a result in another order than its type says", node.span, have=repr(node))
