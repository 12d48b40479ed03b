"""The native entry point of one specialization: from Python objects to `run` and back.

`emit_entry` writes `PyObject *entry(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)`, what
CPython calls through the pointer of a `NativeCallable`. In order: guards, allocation, the run (without the GIL if it
is long), results. Whatever it does not accept goes, untouched, to the next entry point of the chain, whose address is
in the variable `next`; at 0, the end of the chain, to Python:

- `self._miss(*args, **kwargs)` when no specialization accepts the call,
- `self._rerun(*args)` when a check of the region is false,
- `self._flagged(result, flags, args)` when floating-point events came up of which `np.errstate` does not ignore all.

A routine may write to arguments, and make arrays in memory of its own. What it wrote to is put back before Python runs
the call (`lowering.saving`); that memory is given back on every way out (`lowering.pool`).

No state of the call is kept outside its stack, so any number of threads can be in it. Refuses what `lowering.guards`
refuses. Called by `lowering.compile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from llvmlite import ir

from eqsat.ir.hearing import hears
from eqsat.ir.program import Program
from eqsat.ir.routine import Routine
from lowering import frame as frames
from lowering import guards, pool, shared
from lowering.boxing import Boxer
from lowering.frame import Frame, Status
from lowering.results import plan
from lowering.saving import Saved
from lowering.work import Space, spaces_of
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


def emit_entry(work: Program | Routine, run: ir.Function, module: ir.Module, frame: Frame) -> Entry:
    """Write the entry point of `work`, which `run` does, into `module`."""
    following: Any = ir.GlobalVariable(module, POINTER, NEXT)
    following.initializer = NULL
    function = ir.Function(module, _VECTORCALL, ENTRY)
    call = _Call(work, run, frame, function)
    call.write(following)
    return Entry(function, call.writer.objects)


class _Call:
    """One entry point while it is being written. What fails once the guards hold goes to `nothing`."""

    memory: ir.Value
    saved: Saved

    def __init__(self, work: Program | Routine, run: ir.Function, frame: Frame, function: ir.Function) -> None:
        self.work, self.region, self.run, self.frame = work, work.region, run, frame
        self.self, self.arguments, self.count_and_flag, self.keywords = function.args
        start = function.append_basic_block("start")
        self.nothing = function.append_basic_block("nothing")
        self.writer = Writer(ir.IRBuilder(start), function.append_basic_block("miss"))
        self.count = sum(param.captured is None for param in self.region.params)
        self.written = work.written if isinstance(work, Routine) else frozenset[int]()
        self.restored = sorted(work.restored) if isinstance(work, Routine) else []

    def write(self, following: ir.GlobalVariable) -> None:
        writer, builder = self.writer, self.writer.builder
        writer.require_equal(self.keywords, NULL)
        count = builder.and_(self.count_and_flag, number(~_OFFSET_FLAG))
        writer.require_equal(count, number(self.count))
        writer.settle()
        operands = guards.check_call(writer, self.region, self.arguments, self.written)
        self.memory = writer.words(self.frame.size, "frame")
        objects = self._objects(operands)
        boxer = Boxer(writer, plan(self.work, self.frame), self.frame, self.memory, operands, self.nothing, objects)
        boxer.prepare()
        long = self._is_long()
        writer.settle()  # from here on the call is ours

        self._fill(operands)
        self.saved = Saved(writer, [operands[param].object for param in self.restored])
        began = self._note_that_nothing_began()
        self.saved.save(self.nothing)
        boxer.allocate()
        if began is not None:
            writer.store(number(1), began, 0)
        status, came_up = self._run(long)
        wrong = builder.append_basic_block("wrong")
        allocated, unwind = tuple(boxer.owned), boxer.unwind
        writer.branch(builder.icmp_signed("!=", status, number(Status.OK, INT32)), wrong)
        result = boxer.finish()
        self._give_memory_back()
        flagged = builder.append_basic_block("flagged")
        writer.branch(builder.icmp_unsigned("!=", came_up, number(0, INT32)), flagged)
        self.saved.release()
        builder.ret(result)

        self._wrong(wrong, status, allocated, unwind)
        self._flagged(flagged, result, came_up)
        self._miss(following)
        self._nothing(began)

    def _objects(self, operands: tuple[guards.Operand, ...]) -> ir.Value:
        """Where the addresses of all parameters stand: the call's own, if none was captured."""
        if self.count == len(operands):
            return self.arguments
        objects = self.writer.words(len(operands), "objects")
        for position, operand in enumerate(operands):
            self.writer.store(operand.object, objects, 8 * position)
        return objects

    # -- the run --------------------------------------------------------------------------------------------------

    def _is_long(self) -> ir.Value:
        """Whether the work is over enough elements to let other threads run meanwhile."""
        builder = self.writer.builder
        spaces = spaces_of(self.work)
        if spaces is None:
            return number(1, BIT)
        if all(not space.lengths for space in spaces):
            return number(sum(space.known for space in spaces) >= LONG_RUN, BIT)
        total = reduce(builder.fadd, map(self._size, spaces))
        return builder.fcmp_ordered(">=", total, ir.Constant(DOUBLE, float(LONG_RUN)))

    def _size(self, space: Space) -> ir.Value:
        """As a double, because int64 can overflow here."""
        writer, builder = self.writer, self.writer.builder
        size: ir.Value = ir.Constant(DOUBLE, float(space.known))
        for length in space.lengths:
            size = builder.fmul(size, builder.sitofp(writer.dim(length), DOUBLE))
        return size

    def _fill(self, operands: tuple[guards.Operand, ...]) -> None:
        """Everything in the frame but the addresses of results."""
        for slot, offset in self.frame.offsets.items():
            match slot:
                case frames.Extent(param, axis):
                    values = (operands[param].extents[axis],)
                case frames.Stride(param, axis):
                    values = (operands[param].strides[axis],)
                case frames.Data(param) | frames.Value(param):
                    values = operands[param].words
                case frames.Pool():
                    values = (number(0),)
                case frames.Result() | frames.Cell() | frames.Made():
                    values = ()
            for position, value in enumerate(values):
                self.writer.store(value, self.memory, 8 * (offset + position))

    def _run(self, long: ir.Value) -> tuple[ir.Value, ir.Value]:
        """The status and the floating-point events of the run."""
        writer, builder = self.writer, self.writer.builder
        state = shared.begin_run(writer, long)
        # A call that is never inlined, because LLVM may move plain arithmetic across questions about the flags.
        self.run.attributes.add("noinline")
        status = builder.call(self.run, [builder.bitcast(self.memory, self.run.args[0].type)])
        came_up = shared.end_run(writer, state)
        heard = self.work.heard if isinstance(self.work, Routine) else hears(self.region)
        return status, came_up if heard else number(0, INT32)

    def _give_memory_back(self) -> None:
        """The run's own memory, of which nothing is needed any more."""
        offset = self.frame.offsets.get(frames.Pool())
        if offset is not None:
            release_all = pool.release_all(self.writer.builder.module)
            self.writer.builder.call(release_all, [self.writer.at(self.memory, 8 * offset)])

    # -- the ways to Python ---------------------------------------------------------------------------------------

    def _wrong(self, block: ir.Block, status: ir.Value, allocated: tuple[ir.Value, ...], unwind: ir.Block) -> None:
        """The run did not finish: memory ran out, or a check is false and Python runs the call."""
        writer, builder = self.writer, self.writer.builder
        builder.position_at_end(block)
        self._give_memory_back()
        self.saved.put_back(unwind)
        no_memory = builder.append_basic_block("no_memory")
        writer.branch(builder.icmp_signed("!=", status, number(Status.CHECK_FAILED, INT32)), no_memory)
        for value in allocated:
            writer.call("Py_DecRef", value)
        self.saved.release()
        builder.ret(self._to_python("_rerun", NULL))
        builder.position_at_end(no_memory)
        writer.call("PyErr_NoMemory")
        builder.branch(unwind)

    def _flagged(self, block: ir.Block, result: ir.Value, came_up: ir.Value) -> None:
        """Floating-point events came up. If Python is to run the call, it finds its arguments as they were."""
        writer, builder = self.writer, self.writer.builder
        builder.position_at_end(block)
        if self.restored:
            failed = builder.append_basic_block("not_put_back")
            with builder.goto_block(failed):
                writer.call("Py_DecRef", result)
                builder.branch(self.nothing)
            with builder.if_then(shared.due(writer, came_up)):
                self.saved.put_back(failed)
            self.saved.release()
        builder.ret(shared.flagged(writer, self.self, self.arguments, self.count, result, came_up))

    def _note_that_nothing_began(self) -> ir.Value | None:
        """A word that says whether a routine has begun, and with it effects that Python would repeat."""
        if not isinstance(self.work, Routine):
            return None
        began = self.writer.words(1, "began")
        self.writer.store(number(0), began, 0)
        return began

    def _nothing(self, began: ir.Value | None) -> None:
        """Something failed, and an exception is set.

        Of a routine that has not begun, Python runs the call: it may never come to what could not be allocated.
        """
        writer, builder = self.writer, self.writer.builder
        builder.position_at_end(self.nothing)
        self._give_memory_back()
        self.saved.release()
        if began is not None:
            with builder.if_then(builder.icmp_signed("==", writer.load(began, 0, INT64), number(0))):
                writer.call("PyErr_Clear")
                builder.ret(self._to_python("_rerun", NULL))
        builder.ret(NULL)

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
