"""From what `run` computed to the Python objects that a call returns.

Arrays are allocated by NumPy before the run where their sizes are known then, so that they own their memory and NumPy
gives its own errors for sizes that do not fit. Of other arrays the run says where they are (`lowering.made`). What each
result is, `lowering.results` has decided. Refuses nothing that it can decide. Called by `lowering.entry`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.region import Same
from eqsat.ir.types import DType, Scalar
from lowering import frame as frames
from lowering import made, python_api
from lowering.guards import Operand
from lowering.python_api import ARRAY
from lowering.results import Again, Boxed, Created, Fresh, Given, Made, Place, Plan, Point, memory_order
from lowering.windows import Window
from lowering.writer import BIT, DOUBLE, INT8, INT32, INT64, NULL, POINTER, Writer, number


@dataclass(slots=True, eq=False)
class Boxer:
    """Writes a plan. `nothing` is the block that returns NULL; on every failure what was created is given back.

    `objects` is where the addresses of all parameters stand.
    """

    writer: Writer
    plan: Plan
    frame: frames.Frame
    memory: ir.Value
    operands: Sequence[Operand]
    nothing: ir.Block
    objects: ir.Value
    owned: list[ir.Value] = field(default_factory=list[ir.Value])
    _unwind: ir.Block | None = None
    _sources: dict[int, ir.Value] = field(default_factory=dict[int, ir.Value])

    @property
    def unwind(self) -> ir.Block:
        """Where to go after a failure, with an exception set."""
        return self._unwind or self.nothing

    def prepare(self) -> None:
        """Compute every size while a miss is still possible."""
        for creation in self.plan.creations:
            if isinstance(creation, Fresh | Window):
                self.writer.known_dims(creation.shape)
            if isinstance(creation, Window):
                self.writer.known_dims(along.start for along in creation.view.axes)

    def allocate(self) -> None:
        """Create the arrays that `run` fills, and put their addresses into the frame."""
        for creation in self.plan.creations:
            if isinstance(creation, Fresh):
                fresh = self._own(self._fresh(creation))
                place = self._place(frames.Result(creation.name))
                self.writer.store(self.writer.load(fresh, ARRAY.data, INT64), place, 0)

    def finish(self) -> ir.Value:
        """Create the rest, after the run, and put everything together: a new reference."""
        for creation in self.plan.creations:
            match creation:
                case Fresh():
                    continue
                case Again(of):
                    copy = number(python_api.KEEP_ORDER, INT32)
                    self._own(self.writer.call("PyArray_NewCopy", self.owned[of], copy))
                case Window():
                    self._window(creation)
                case Boxed(index, type_):
                    self._own(self._boxed(self._cell(index), type_))
                case Point(index, dtype):
                    self._point(self._cell(index), dtype)
                case Made():
                    self._made(creation)
        tuples: list[ir.Value] = []
        self._make_tuples(self.plan.place, tuples)
        moved: set[int] = set()
        result = self._assemble(self.plan.place, iter(tuples), moved)
        for index in range(len(self.plan.creations)):
            if index not in moved:
                self.writer.call("Py_DecRef", self.owned[index])
        return result

    def _own(self, value: ir.Value) -> ir.Value:
        """`value` is a new reference, or NULL after a failure."""
        writer, builder = self.writer, self.writer.builder
        before = self.unwind
        writer.branch(builder.icmp_unsigned("==", value, NULL), before)
        self._unwind = builder.append_basic_block("unwind")
        with builder.goto_block(self._unwind):
            writer.call("Py_DecRef", value)
            builder.branch(before)
        self.owned.append(value)
        return value

    # -- arrays ---------------------------------------------------------------------------------------------------

    def _fresh(self, creation: Fresh) -> ir.Value:
        writer, builder = self.writer, self.writer.builder
        ndim = len(creation.shape)
        order, strides = memory_order(creation.shape, creation.order), NULL
        if order is None:
            strides = writer.words(ndim, "strides")
            step: ir.Value = number(creation.dtype.itemsize)
            empty: ir.Value = number(0, BIT)
            for axis in reversed(creation.order):
                writer.store(step, strides, 8 * axis)
                length = writer.dim(creation.shape[axis])
                step = builder.mul(step, length)
                empty = builder.or_(empty, builder.icmp_signed("==", length, number(0)))
            strides = builder.select(empty, NULL, strides)  # arrays without elements have no order
        return self._new_array(self._dtype(creation.dtype), creation.shape, strides, NULL, _flags(order))

    def _dtype(self, dtype: DType) -> ir.Value:
        return self.writer.object(f"dtype.{dtype.char}", np.dtype(dtype.char))

    def _new_array(
        self, dtype: ir.Value, shape: Sequence[Dim], strides: ir.Value, data: ir.Value, flags: ir.Value
    ) -> ir.Value:
        writer = self.writer
        lengths = writer.words(len(shape), "lengths")
        for axis, length in enumerate(shape):
            writer.store(writer.dim(length), lengths, 8 * axis)
        writer.take(dtype)  # the array keeps it
        class_ = writer.object("numpy.ndarray", np.ndarray)
        ndim = number(len(shape), INT32)
        return writer.call("PyArray_NewFromDescr", class_, dtype, ndim, lengths, strides, data, flags, NULL)

    def _made(self, creation: Made) -> None:
        """What the run describes. `_sources` holds where that stood which stands now, as it was, in an object."""
        writer = self.writer
        words = self._place(creation.slot)
        ndim, dtype = number(creation.slot.ndim, INT32), self._dtype(creation.dtype)
        found: ir.Value = NULL
        for other in creation.within:
            how = made.SAME * other.same + made.SURE * other.sure
            size, kind = number(other.dtype.itemsize), number(how, INT32)
            whole = (self._source(other.of), self.owned[other.of], size, kind)
            found = self._call("eqsat.within", found, words, ndim, dtype, *whole)
        order, axes = memory_order(creation.shape, creation.order), NULL
        if order is None:
            axes = writer.words(len(creation.order), "order")
            for position, axis in enumerate(creation.order):
                writer.store(number(axis), axes, 8 * position)
        size, flags, source = number(creation.dtype.itemsize), _flags(order), writer.words(1, "source")
        value = self._call("eqsat.made", found, words, ndim, dtype, size, self.objects, flags, axes, source)
        self._own(value)
        self._sources[len(self.owned) - 1] = writer.load(source, 0, INT64)

    def _source(self, index: int) -> ir.Value:
        """Arrays that NumPy allocated before the run stand where they stood."""
        return self._sources.get(index) or self.writer.load(self.owned[index], ARRAY.data, INT64)

    def _call(self, name: str, *arguments: ir.Value) -> ir.Value:
        return self.writer.call_as(made.SIGNATURES[name], name, *arguments)

    def _window(self, creation: Window) -> None:
        writer, builder = self.writer, self.writer.builder
        operand = self.operands[creation.param]
        assert operand.flags is not None
        (data,) = operand.words
        steps: dict[int, ir.Value] = {}
        for along, stride in zip(creation.view.axes, operand.strides, strict=True):
            data = builder.add(data, builder.mul(writer.dim(along.start), stride))
            if along.axis is not None:
                step = builder.mul(stride, number(along.step))
                steps[along.axis] = builder.add(steps[along.axis], step) if along.axis in steps else step
        strides = writer.words(len(creation.shape), "strides")
        for axis in range(len(creation.shape)):
            writer.store(steps.get(axis, number(0)), strides, 8 * axis)
        repeats = any(axis not in steps and length not in (ZERO, ONE) for axis, length in enumerate(creation.shape))
        writeable = number(0 if repeats else python_api.WRITEABLE, INT32)
        data = builder.add(data, number(creation.offset)) if creation.offset else data
        own = writer.load(operand.object, ARRAY.dtype, POINTER)
        dtype = own if creation.part is None else self._dtype(creation.part)
        flags = builder.and_(operand.flags, writeable)
        view = self._own(
            self._new_array(dtype, creation.shape, strides, builder.inttoptr(data, POINTER), flags),
        )
        writer.take(operand.object)  # the view keeps it, or the array that it is itself a view of
        failed = writer.call("PyArray_SetBaseObject", view, operand.object)
        writer.branch(builder.icmp_signed("!=", failed, number(0, INT32)), self.unwind)

    def _point(self, cell: ir.Value, dtype: DType) -> None:
        point = self._own(self._new_array(self._dtype(dtype), (), NULL, NULL, number(0, INT32)))
        held = ir.IntType(8 * dtype.itemsize)
        target = self.writer.load(point, ARRAY.data, POINTER)
        value = self.writer.builder.load(cell, align=1, typ=held)
        self.writer.builder.store(value, target, align=1)

    # -- scalars --------------------------------------------------------------------------------------------------

    def _place(self, slot: frames.Slot) -> ir.Value:
        return self.writer.at(self.memory, 8 * self.frame.offsets[slot])

    def _cell(self, index: int) -> ir.Value:
        return self._place(frames.Cell(index))

    def _boxed(self, cell: ir.Value, type_: Scalar) -> ir.Value:
        writer, builder = self.writer, self.writer.builder
        if type_.kind == "numpy":
            return writer.call("PyArray_Scalar", cell, self._dtype(type_.dtype), NULL)
        match type_.dtype.kind:
            case "b":
                true = builder.icmp_unsigned("!=", writer.load(cell, 0, INT8), number(0, INT8))
                chosen = builder.select(true, writer.object("True", True), writer.object("False", False))
                writer.take(chosen)
                return chosen
            case "i":
                return writer.call("PyLong_FromLongLong", writer.load(cell, 0, INT64))
            case "f":
                return writer.call("PyFloat_FromDouble", writer.load(cell, 0, DOUBLE))
            case "c":
                real, imaginary = writer.load(cell, 0, DOUBLE), writer.load(cell, 8, DOUBLE)
                return writer.call("PyComplex_FromDoubles", real, imaginary)
            case kind:
                raise InternalError(f"no Python number has a dtype of kind {kind!r}", have=str(type_))

    # -- structure ------------------------------------------------------------------------------------------------

    def _make_tuples(self, place: Place, tuples: list[ir.Value]) -> None:
        """All tuples, empty, outer before inner: after this nothing can fail."""
        if isinstance(place, tuple):
            tuples.append(self._own(self.writer.call("PyTuple_New", number(len(place)))))
            for item in place:
                self._make_tuples(item, tuples)

    def _assemble(self, place: Place, tuples: Iterator[ir.Value], moved: set[int]) -> ir.Value:
        writer = self.writer
        match place:
            case Created(index):
                if index in moved:
                    writer.take(self.owned[index])
                moved.add(index)
                return self.owned[index]
            case Given(param):
                writer.take(self.operands[param].object)
                return self.operands[param].object
            case Same(value):
                same = writer.object(f"same.{len(writer.objects)}", value)
                writer.take(same)
                return same
            case _:
                whole = next(tuples)
                for position, item in enumerate(place):
                    part = self._assemble(item, tuples, moved)
                    writer.call("PyTuple_SetItem", whole, number(position), part)
                return whole


def _flags(order: Literal["C", "F"] | None) -> ir.Constant:
    return number(python_api.F_CONTIGUOUS if order == "F" else 0, INT32)
