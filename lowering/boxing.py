"""From what `run` computed to the Python objects that a call returns.

Arrays are allocated by NumPy before the run, so that they own their memory and NumPy gives its own errors for sizes
that do not fit. A parameter is returned as the same object and a view of one as a view; what the region names twice
is one object; two results that the optimizer found equal are two arrays all the same, as in NumPy.

Refuses nothing that a `Program` can hold. Called by `lowering.entry`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.program import Buffer, Program
from eqsat.ir.region import Result, Same
from eqsat.ir.types import Array, DType, Scalar
from eqsat.ir.view import View, identity
from lowering import frame as frames
from lowering import python_api
from lowering.guards import Operand
from lowering.python_api import ARRAY
from lowering.writer import BIT, DOUBLE, INT8, INT32, INT64, NULL, POINTER, Writer, number


@dataclass(frozen=True, slots=True)
class Fresh:
    """An array for `run` to fill: result buffer `name`."""

    name: str
    dtype: DType
    shape: tuple[Dim, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """A copy of created object number `of`."""

    of: int


@dataclass(frozen=True, slots=True)
class Window:
    """A view of array parameter `param`, or of the parts of its complex numbers that stand at `offset` bytes."""

    param: int
    view: View
    shape: tuple[Dim, ...]
    part: DType | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Boxed:
    """The number that `run` leaves in the cell of result node `index`, as a Python or NumPy scalar."""

    index: int
    type: Scalar


@dataclass(frozen=True, slots=True)
class Point:
    """The same as an array without axes."""

    index: int
    dtype: DType


Creation = Fresh | Again | Window | Boxed | Point


@dataclass(frozen=True, slots=True)
class Created:
    """Created object number `index`."""

    index: int


@dataclass(frozen=True, slots=True)
class Given:
    """The argument itself."""

    param: int


Place = Created | Given | Same | tuple["Place", ...]
"""The structure of what is returned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to create, and how to put it together. All `Fresh` come first."""

    creations: tuple[Creation, ...]
    place: Place


def plan(program: Program, frame: frames.Frame) -> Plan:
    """Decide what each result is."""
    fresh: dict[Node, Creation] = {}
    others: dict[Node, Creation] = {}
    filled: dict[str, int] = {}
    cells: dict[Buffer, int] = {}
    for index, node in enumerate(program.region.result_nodes()):
        if node in fresh or node in others or node.op == "param":
            continue
        value, alias = program.values.get(node), _alias(node)
        if alias is not None:
            others[node] = alias
        elif isinstance(value, Buffer) and value.shape:
            if value.role == "param":
                raise InternalError("a result is said to be a parameter, and is no view of one", node.span)
            if value.name in filled:
                others[node] = Again(filled[value.name])
            else:
                filled[value.name] = len(fresh)
                fresh[node] = Fresh(value.name, value.dtype, value.shape, value.order)
        else:
            cell = cells.setdefault(value, index) if isinstance(value, Buffer) else index
            match node.type:
                case Scalar():
                    others[node] = Boxed(cell, node.type)
                case _:
                    others[node] = Point(cell, _array_type(node).dtype)
    for slot in frame.offsets:
        if isinstance(slot, frames.Result) and slot.name not in filled:
            raise InternalError(f"nobody returns {slot.name}: its node is a view of a parameter", program.region.span)
    numbers = {node: position for position, node in enumerate((*fresh, *others))}
    return Plan((*fresh.values(), *others.values()), _place(program.region.result, numbers))


def _place(result: Result, numbers: dict[Node, int]) -> Place:
    if isinstance(result, Same):
        return result
    if isinstance(result, Node):
        if result in numbers:
            return Created(numbers[result])
        assert isinstance(result.attr, int)
        return Given(result.attr)
    return tuple(_place(item, numbers) for item in result.items)


def _alias(node: Node) -> Window | None:
    """What of which parameter a node is a view of, if it is one."""
    if node.op not in IN_PLACE or not isinstance(node.type, Array):
        return None
    shape, view, part, offset = node.type.shape, identity(node.type.ndim), None, 0
    while node.op in IN_PLACE:
        type_ = _array_type(node)
        if isinstance(node.attr, View):
            view = node.attr.then(view)
        else:
            part, offset = type_.dtype, type_.dtype.itemsize if node.op == "imag" else 0
        node = node.args[0]
    if node.op != "param":
        return None
    assert isinstance(node.attr, int)
    return Window(node.attr, view, shape, part, offset)


def _array_type(node: Node) -> Array:
    assert isinstance(node.type, Array)
    return node.type


@dataclass(slots=True, eq=False)
class Boxer:
    """Writes a plan. `nothing` is the block that returns NULL; on every failure what was created is given back."""

    writer: Writer
    plan: Plan
    frame: frames.Frame
    memory: ir.Value
    operands: Sequence[Operand]
    nothing: ir.Block
    owned: list[ir.Value] = field(default_factory=list[ir.Value])
    _unwind: ir.Block | None = None

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
                made = self._own(self._fresh(creation))
                slot = self.frame.offsets[frames.Result(creation.name)]
                self.writer.store(self.writer.load(made, ARRAY.data, INT64), self.memory, 8 * slot)

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
        tuples: list[ir.Value] = []
        self._make_tuples(self.plan.place, tuples)
        return self._assemble(self.plan.place, iter(tuples), set())

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
        # Axes of length one have strides that mean nothing, but they show: NumPy's C and F order settle them.
        order = tuple(axis for axis in creation.order if creation.shape[axis] != ONE)
        flags, strides = 0, NULL
        if len(order) > 1 and sorted(order) == list(reversed(order)):
            flags = python_api.F_CONTIGUOUS
        elif sorted(order) != list(order):
            strides = writer.words(ndim, "strides")
            step: ir.Value = number(creation.dtype.itemsize)
            empty: ir.Value = number(0, BIT)
            for axis in reversed(creation.order):
                writer.store(step, strides, 8 * axis)
                length = writer.dim(creation.shape[axis])
                step = builder.mul(step, length)
                empty = builder.or_(empty, builder.icmp_signed("==", length, number(0)))
            strides = builder.select(empty, NULL, strides)  # arrays without elements have no order
        return self._new_array(self._dtype(creation.dtype), creation.shape, strides, NULL, number(flags, INT32))

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
        made = self._own(
            self._new_array(dtype, creation.shape, strides, builder.inttoptr(data, POINTER), flags),
        )
        writer.take(operand.object)  # the view keeps it, or the array that it is itself a view of
        failed = writer.call("PyArray_SetBaseObject", made, operand.object)
        writer.branch(builder.icmp_signed("!=", failed, number(0, INT32)), self.unwind)

    def _point(self, cell: ir.Value, dtype: DType) -> None:
        made = self._own(self._new_array(self._dtype(dtype), (), NULL, NULL, number(0, INT32)))
        held = ir.IntType(8 * dtype.itemsize)
        target = self.writer.load(made, ARRAY.data, POINTER)
        value = self.writer.builder.load(cell, align=1, typ=held)
        self.writer.builder.store(value, target, align=1)

    # -- scalars --------------------------------------------------------------------------------------------------

    def _cell(self, index: int) -> ir.Value:
        return self.writer.at(self.memory, 8 * self.frame.offsets[frames.Cell(index)])

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
                made = writer.object(f"same.{len(writer.objects)}", value)
                writer.take(made)
                return made
            case _:
                whole = next(tuples)
                for position, item in enumerate(place):
                    part = self._assemble(item, tuples, moved)
                    writer.call("PyTuple_SetItem", whole, number(position), part)
                return whole
