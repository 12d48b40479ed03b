"""The native entry point of one specialization: from Python objects to `run` and back.

`emit_entry` writes `PyObject *entry(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)`, what
CPython calls through the pointer of a `NativeCallable`. In order: guards, allocation, the run (without the GIL if it
is long), results. Whatever it does not accept goes, untouched, to the next entry point of the chain, whose address is
in the variable `next`; at 0, the end of the chain, to Python:

- `self._miss(*args, **kwargs)` when no specialization accepts the call,
- `self._rerun(*args)` when a check of the region is false,
- `self._flagged(result, flags, args)` when floating-point events came up of which `np.errstate` does not ignore all.

No state of the call is kept outside its stack, so any number of threads can be in it. Refuses what `lowering.guards`
refuses. Called by `lowering.compile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from llvmlite import ir

from eqsat.ir.dims import Dim
from eqsat.ir.program import Fold, Program
from lowering import frame as frames
from lowering import guards, shared
from lowering.boxing import Boxer, plan
from lowering.frame import Frame, Status
from lowering.writer import BIT, DOUBLE, INT32, INT64, NULL, POINTER, Writer, number

ENTRY, NEXT = "entry", "next"
"""What the module defines for its loader: the function, and the pointer to the next entry point."""

LONG_RUN = 32_768
"""Elements, over all kernels, from which on the GIL is released: about ten microseconds of the simplest work, so
that taking the lock again (some 50 ns, when nobody else wants it) does not show."""

_VECTORCALL = ir.FunctionType(POINTER, [POINTER, POINTER, INT64, POINTER])
_OFFSET_FLAG = 1 << 63  # PY_VECTORCALL_ARGUMENTS_OFFSET


@dataclass(frozen=True, slots=True)
class Entry:
    """The function, and the objects whose addresses it names: who loads the code keeps them alive."""

    function: ir.Function
    objects: Mapping[str, object]


def emit_entry(program: Program, run: ir.Function, module: ir.Module, frame: Frame) -> Entry:
    """Write the entry point of `program`, whose work is in `run`, into `module`."""
    following: Any = ir.GlobalVariable(module, POINTER, NEXT)
    following.initializer = NULL
    function = ir.Function(module, _VECTORCALL, ENTRY)
    call = _Call(program, run, frame, function)
    call.write(following)
    return Entry(function, call.writer.objects)


class _Call:
    """One entry point while it is being written."""

    def __init__(self, program: Program, run: ir.Function, frame: Frame, function: ir.Function) -> None:
        self.program, self.run, self.frame = program, run, frame
        self.self, self.arguments, self.count_and_flag, self.keywords = function.args
        start = function.append_basic_block("start")
        self.nothing = function.append_basic_block("nothing")
        self.writer = Writer(ir.IRBuilder(start), function.append_basic_block("miss"))
        self.count = sum(param.captured is None for param in program.region.params)

    def write(self, following: ir.GlobalVariable) -> None:
        writer, builder = self.writer, self.writer.builder
        writer.require_equal(self.keywords, NULL)
        count = builder.and_(self.count_and_flag, number(~_OFFSET_FLAG))
        writer.require_equal(count, number(self.count))
        writer.settle()
        operands = guards.check_call(writer, self.program.region, self.arguments)
        memory = writer.words(self.frame.size, "frame")
        boxer = Boxer(writer, plan(self.program, self.frame), self.frame, memory, operands, self.nothing)
        boxer.prepare()
        long = self._is_long()
        writer.settle()  # from here on the call is ours

        self._fill(memory, operands)
        boxer.allocate()
        status, came_up = self._run(memory, long)
        wrong = builder.append_basic_block("wrong")
        allocated, unwind = tuple(boxer.owned), boxer.unwind
        writer.branch(builder.icmp_signed("!=", status, number(Status.OK, INT32)), wrong)
        result = boxer.finish()
        flagged = builder.append_basic_block("flagged")
        writer.branch(builder.icmp_unsigned("!=", came_up, number(0, INT32)), flagged)
        builder.ret(result)

        self._wrong(wrong, status, allocated, unwind)
        builder.position_at_end(flagged)
        builder.ret(shared.flagged(writer, self.self, self.arguments, self.count, result, came_up))
        self._miss(following)
        builder.position_at_end(self.nothing)
        builder.ret(NULL)

    # -- the run --------------------------------------------------------------------------------------------------

    def _is_long(self) -> ir.Value:
        """Whether the kernels walk over enough elements to let other threads run meanwhile."""
        writer, builder = self.writer, self.writer.builder
        spaces = [
            _space(kernel.term.extents if isinstance(kernel.term, Fold) else kernel.target.shape)
            for kernel in self.program.kernels
        ]
        if all(not lengths for _, lengths in spaces):
            return number(sum(known for known, _ in spaces) >= LONG_RUN, BIT)
        total: ir.Value | None = None
        for known, lengths in spaces:
            size: ir.Value = ir.Constant(DOUBLE, float(known))  # doubles, because int64 can overflow here
            for length in lengths:
                size = builder.fmul(size, builder.sitofp(writer.dim(length), DOUBLE))
            total = size if total is None else builder.fadd(total, size)
        return builder.fcmp_ordered(">=", total, ir.Constant(DOUBLE, float(LONG_RUN)))

    def _fill(self, memory: ir.Value, operands: tuple[guards.Operand, ...]) -> None:
        """Everything in the frame but the addresses of results."""
        for slot, offset in self.frame.offsets.items():
            match slot:
                case frames.Extent(param, axis):
                    values = (operands[param].extents[axis],)
                case frames.Stride(param, axis):
                    values = (operands[param].strides[axis],)
                case frames.Data(param) | frames.Value(param):
                    values = operands[param].words
                case frames.Result() | frames.Cell():
                    values = ()
            for position, value in enumerate(values):
                self.writer.store(value, memory, 8 * (offset + position))

    def _run(self, memory: ir.Value, long: ir.Value) -> tuple[ir.Value, ir.Value]:
        """The status and the floating-point events of the run."""
        writer, builder = self.writer, self.writer.builder
        state = shared.begin_run(writer, long)
        # A call that is never inlined, because LLVM may move plain arithmetic across questions about the flags.
        self.run.attributes.add("noinline")
        status = builder.call(self.run, [builder.bitcast(memory, self.run.args[0].type)])
        came_up = shared.end_run(writer, state)
        return status, came_up

    # -- the ways to Python ---------------------------------------------------------------------------------------

    def _wrong(self, block: ir.Block, status: ir.Value, allocated: tuple[ir.Value, ...], unwind: ir.Block) -> None:
        """The run did not finish: memory ran out, or a check is false and Python runs the call."""
        writer, builder = self.writer, self.writer.builder
        builder.position_at_end(block)
        no_memory = builder.append_basic_block("no_memory")
        writer.branch(builder.icmp_signed("!=", status, number(Status.CHECK_FAILED, INT32)), no_memory)
        for value in allocated:
            writer.call("Py_DecRef", value)
        builder.ret(self._to_python("_rerun", NULL))
        builder.position_at_end(no_memory)
        writer.call("PyErr_NoMemory")
        builder.branch(unwind)

    def _miss(self, following: ir.GlobalVariable) -> None:
        writer, builder = self.writer, self.writer.builder
        builder.position_at_end(writer.miss)
        last = builder.append_basic_block("last")
        target = builder.load(following, typ=_VECTORCALL.as_pointer())
        writer.branch(builder.icmp_unsigned("==", target, NULL), last)
        builder.ret(
            builder.call(target, [self.self, self.arguments, self.count_and_flag, self.keywords], tail="musttail")
        )
        builder.position_at_end(last)
        builder.ret(self._to_python("_miss", self.keywords))

    def _to_python(self, method: str, keywords: ir.Value) -> ir.Value:
        return shared.to_python(self.writer, method, self.self, self.arguments, self.count_and_flag, keywords)


def _space(shape: tuple[Dim, ...]) -> tuple[int, list[Dim]]:
    """The known lengths of a space, multiplied, and the others."""
    return prod(length.const for length in shape if length.is_const), [dim for dim in shape if not dim.is_const]
