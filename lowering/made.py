"""Arrays of which the run says where they are, as Python objects: copied out of the run's memory, or views.

Two generated functions, compiled once per process at the first routine. `words` is a `lowering.frame.Made`:

- `within(found, words, ndim, dtype, source, whole, itemsize, how)`: `found` if it is not null; else the array if it
  lies in the memory that started at `source` and stands now, as it was, in the array `whole` (of that `itemsize`):
  `whole` itself, if it may be (`SAME`) and all agrees, or a view of it; else null. A `source` of 0 is nowhere. With
  `SURE` it is a view, even where it has no elements,
- `made(found, words, ndim, dtype, itemsize, objects, fortran, order, source)`: `found` if it is not null; else the
  argument itself (of the parameters' `objects`), a view of it, or a copy. A copy is in C order, or in Fortran's, or in
  that of the words `order`, the axes from the slowest to the fastest. The word `source` receives where that stood which
  was copied as it was, or 0.

Both give a new reference; `made` gives null after an error. Called by `lowering.boxing` and, for the addresses, by
`lowering.compile`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType

import numpy as np
from llvmlite import ir

from lowering import engine, frame, python_api
from lowering.python_api import ARRAY, DTYPE
from lowering.symbols import address_of
from lowering.writer import INT8, INT32, INT64, NULL, POINTER, TYPES, Writer, number

SIGNATURES: Mapping[str, str] = MappingProxyType({"eqsat.within": "p:ppipqpqi", "eqsat.made": "p:ppipqpipp"})

SAME, SURE = 1, 2

MAX_NDIM = 64
"""NumPy's limit."""


@dataclass(frozen=True, slots=True)
class _Array:
    """An array's memory: address, number of axes (all int64), and where extents and strides stand."""

    data: ir.Value
    ndim: ir.Value
    extents: ir.Value
    strides: ir.Value


def _described(writer: Writer, words: ir.Value, ndim: ir.Value) -> _Array:
    """By the run."""
    builder = writer.builder
    count, extents = builder.zext(ndim, INT64), writer.at(words, 16)
    return _Array(writer.load(words, 0, INT64), count, extents, builder.gep(extents, [count], source_etype=INT64))


def _held(writer: Writer, array: ir.Value) -> _Array:
    """By an array object."""
    return _Array(
        writer.load(array, ARRAY.data, INT64),
        writer.builder.zext(writer.load(array, ARRAY.ndim, INT32), INT64),
        writer.load(array, ARRAY.extents, POINTER),
        writer.load(array, ARRAY.strides, POINTER),
    )


@dataclass(slots=True, eq=False)
class _Code:
    """One of the functions while it is being written."""

    w: Writer

    # -- loops and ways out ---------------------------------------------------------------------------------------

    @contextmanager
    def axes(self, array: _Array) -> Generator[ir.Value]:
        """The body is the `with` block, for every axis in turn."""
        b = self.w.builder
        before = b.block
        test, body, after = (b.append_basic_block(name) for name in ("axes", "axis", "done"))
        b.branch(test)
        b.position_at_end(test)
        axis = b.phi(INT64)
        axis.add_incoming(number(0), before)
        b.cbranch(b.icmp_signed("<", axis, array.ndim), body, after)
        b.position_at_end(body)
        yield axis
        axis.add_incoming(b.add(axis, number(1)), b.block)
        b.branch(test)
        b.position_at_end(after)

    def cell(self, value: ir.Value) -> ir.Value:
        """A place on the stack that holds a value now."""
        cell = self.w.words(1, "cell")
        self.w.store(value, cell, 0)
        return cell

    def item(self, base: ir.Value, index: ir.Value, type_: ir.Type = INT64) -> ir.Value:
        """A word of an array of words."""
        return self.w.builder.load(self.w.builder.gep(base, [index], source_etype=INT64), typ=type_)

    def return_if(self, condition: ir.Value, value: ir.Value, *dropped: ir.Value) -> None:
        """Leave, giving references back."""
        with self.w.builder.if_then(condition):
            for one in dropped:
                self.w.call("Py_DecRef", one)
            self.w.builder.ret(value)

    def is_null(self, value: ir.Value) -> ir.Value:
        return self.w.builder.icmp_unsigned("==", value, NULL)

    # -- what holds for all axes ----------------------------------------------------------------------------------

    def no_axis(self, array: _Array, wrong: Callable[[ir.Value, ir.Value, ir.Value], ir.Value]) -> ir.Value:
        """Whether this is true of no axis, given its number, extent and stride."""
        b = self.w.builder
        found = self.cell(number(0))
        with self.axes(array) as axis:
            true = wrong(axis, self.item(array.extents, axis), self.item(array.strides, axis))
            self.w.store(b.or_(self.w.load(found, 0, INT64), b.zext(true, INT64)), found, 0)
        return b.icmp_signed("==", self.w.load(found, 0, INT64), number(0))

    def repeats_nothing(self, array: _Array) -> ir.Value:
        """Whether every element has a place of its own, as far as strides of 0 tell."""
        b = self.w.builder
        apart = self.no_axis(
            array,
            lambda _, extent, stride: b.and_(
                b.icmp_unsigned(">", extent, number(1)), b.icmp_signed("==", stride, number(0))
            ),
        )
        return b.or_(apart, b.icmp_signed("==", self.reach(array)[2], number(0)))

    def lies_as(self, array: _Array, strides: ir.Value) -> ir.Value:
        """Whether these are its strides. Those of axes of length one mean nothing."""
        b = self.w.builder
        return self.no_axis(
            array,
            lambda axis, extent, stride: b.and_(
                b.icmp_signed("!=", extent, number(1)), b.icmp_signed("!=", stride, self.item(strides, axis))
            ),
        )

    def has_extents(self, array: _Array, extents: ir.Value) -> ir.Value:
        b = self.w.builder
        return self.no_axis(array, lambda axis, extent, _: b.icmp_signed("!=", extent, self.item(extents, axis)))

    def reach(self, array: _Array) -> tuple[ir.Value, ir.Value, ir.Value]:
        """The lowest and the highest address of an element, and the number of elements."""
        b = self.w.builder
        low, high, count = self.cell(array.data), self.cell(array.data), self.cell(number(1))
        with self.axes(array) as axis:
            extent = self.item(array.extents, axis)
            way = b.mul(b.sub(extent, number(1)), self.item(array.strides, axis))
            down = b.icmp_signed("<", way, number(0))
            for cell, far in ((low, down), (high, b.not_(down))):
                moved = b.add(self.w.load(cell, 0, INT64), b.select(far, way, number(0)))
                self.w.store(moved, cell, 0)
            self.w.store(b.mul(self.w.load(count, 0, INT64), extent), count, 0)
        first, last, elements = (self.w.load(cell, 0, INT64) for cell in (low, high, count))
        return first, last, elements

    # -- arrays ---------------------------------------------------------------------------------------------------

    def new(self, dtype: ir.Value, array: _Array, strides: ir.Value, data: ir.Value, flags: ir.Value) -> ir.Value:
        self.w.take(dtype)  # the array keeps it
        class_ = self.w.object("numpy.ndarray", np.ndarray)
        ndim = self.w.builder.trunc(array.ndim, INT32)
        return self.w.call("PyArray_NewFromDescr", class_, dtype, ndim, array.extents, strides, data, flags, NULL)

    def return_view(
        self,
        dtype: ir.Value,
        array: _Array,
        data: ir.Value,
        flags: ir.Value,
        base: ir.Value,
        fails: Callable[[], object],
    ) -> None:
        """A view of `base`. What repeats elements is not to be written to."""
        b = self.w.builder
        flags = b.select(self.repeats_nothing(array), flags, number(0, INT32))
        made = self.new(dtype, array, array.strides, b.inttoptr(data, POINTER), flags)
        with b.if_then(self.is_null(made), likely=False):
            fails()
            b.ret(NULL)
        self.w.take(base)  # the view keeps it, or the array that it is itself a view of
        failed = self.w.call("PyArray_SetBaseObject", made, base)
        with b.if_then(b.icmp_signed("!=", failed, number(0, INT32)), likely=False):
            self.w.call("Py_DecRef", made)
            fails()
            b.ret(NULL)
        b.ret(made)

    def return_copy(
        self, dtype: ir.Value, array: _Array, itemsize: ir.Value, fortran: ir.Value, order: ir.Value, source: ir.Value
    ) -> None:
        """A fresh array with these elements."""
        w, b = self.w, self.w.builder
        fresh = self.new(dtype, array, self.strides_for(array, itemsize, order), NULL, fortran)
        self.return_if(self.is_null(fresh), NULL)
        size = b.mul(self.reach(array)[2], itemsize)
        with b.if_then(b.icmp_signed("==", size, number(0))):
            w.store(array.data, source, 0)
            b.ret(fresh)
        old, new = b.inttoptr(array.data, POINTER), _held(w, fresh)
        with b.if_then(self.lies_as(array, new.strides)):
            w.call_as("p:ppq", "memcpy", b.inttoptr(new.data, POINTER), old, size)
            w.store(array.data, source, 0)
            b.ret(fresh)
        seen = self.new(dtype, array, array.strides, old, number(0, INT32))
        self.return_if(self.is_null(seen), NULL, fresh)
        failed = w.call("PyArray_CopyInto", fresh, seen)
        w.call("Py_DecRef", seen)
        self.return_if(b.icmp_signed("!=", failed, number(0, INT32)), NULL, fresh)
        b.ret(fresh)

    def strides_for(self, array: _Array, itemsize: ir.Value, order: ir.Value) -> ir.Value:
        """The strides for an order that has no name, or null, for NumPy to decide. Empty arrays have no order."""
        w, b = self.w, self.w.builder
        strides, step_at, decided = w.words(MAX_NDIM, "strides"), self.cell(itemsize), self.cell(NULL)
        with b.if_then(b.not_(self.is_null(order))):
            with self.axes(array) as turn:
                axis = self.item(order, b.sub(b.sub(array.ndim, number(1)), turn))
                step = w.load(step_at, 0, INT64)
                b.store(step, b.gep(strides, [axis], source_etype=INT64))
                w.store(b.mul(step, self.item(array.extents, axis)), step_at, 0)
            empty = b.icmp_signed("==", w.load(step_at, 0, INT64), number(0))
            w.store(b.select(empty, NULL, strides), decided, 0)
        return w.load(decided, 0, POINTER)


def _write_within(
    w: Writer,
    found: ir.Value,
    words: ir.Value,
    ndim: ir.Value,
    dtype: ir.Value,
    source: ir.Value,
    whole: ir.Value,
    itemsize: ir.Value,
    how: ir.Value,
) -> None:
    code, b = _Code(w), w.builder
    code.return_if(b.not_(code.is_null(found)), found)
    code.return_if(b.icmp_signed("!=", w.load(words, 8, INT64), number(frame.OWN)), NULL)
    code.return_if(b.icmp_signed("==", source, number(0)), NULL)
    array, there = _described(w, words, ndim), _held(w, whole)
    low, high, count = code.reach(array)
    size = b.mul(code.reach(there)[2], itemsize)  # what was copied as it was fills memory without gaps
    inside = [
        b.icmp_signed("!=", count, number(0)),
        b.icmp_unsigned(">=", low, source),
        b.icmp_unsigned("<", high, b.add(source, size)),
    ]
    surely = b.icmp_signed("!=", b.and_(how, number(SURE, INT32)), number(0, INT32))
    code.return_if(b.not_(b.or_(surely, reduce(b.and_, inside))), NULL)
    alike = [
        b.icmp_signed("!=", b.and_(how, number(SAME, INT32)), number(0, INT32)),
        b.icmp_signed("==", array.data, source),
        b.icmp_signed("==", array.ndim, there.ndim),
        b.icmp_unsigned("==", dtype, w.load(whole, ARRAY.dtype, POINTER)),
    ]
    with b.if_then(reduce(b.and_, alike)):
        agree = b.and_(code.has_extents(array, there.extents), code.lies_as(array, there.strides))
        with b.if_then(agree):
            w.take(whole)
            b.ret(whole)
    data = b.add(there.data, b.sub(array.data, source))
    writeable = number(python_api.WRITEABLE, INT32)
    code.return_view(dtype, array, data, writeable, whole, lambda: w.call("PyErr_Clear"))  # then it is copied


def _write_made(
    w: Writer,
    found: ir.Value,
    words: ir.Value,
    ndim: ir.Value,
    dtype: ir.Value,
    itemsize: ir.Value,
    objects: ir.Value,
    fortran: ir.Value,
    order: ir.Value,
    source: ir.Value,
) -> None:
    code, b = _Code(w), w.builder
    w.store(number(0), source, 0)
    code.return_if(b.not_(code.is_null(found)), found)
    array, origin = _described(w, words, ndim), w.load(words, 8, INT64)
    with b.if_then(b.icmp_signed("==", origin, number(frame.OWN))):
        code.return_copy(dtype, array, itemsize, fortran, order, source)
    argument = code.item(objects, b.ashr(b.sub(origin, number(frame.ITSELF)), number(1)), POINTER)
    with b.if_then(b.icmp_signed("==", b.and_(origin, number(1)), number(frame.ITSELF & 1))):
        w.take(argument)
        b.ret(argument)
    own = w.load(argument, ARRAY.dtype, POINTER)
    # Of another kind are only the real numbers that are the parts of complex ones.
    alike = b.icmp_unsigned("==", w.load(own, DTYPE.kind, INT8), w.load(dtype, DTYPE.kind, INT8))
    writeable = b.and_(w.load(argument, ARRAY.flags, INT32), number(python_api.WRITEABLE, INT32))
    code.return_view(b.select(alike, own, dtype), array, array.data, writeable, argument, lambda: None)


_WRITERS: Mapping[str, Callable[..., None]] = {"eqsat.within": _write_within, "eqsat.made": _write_made}


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """The code, and the objects that it names."""

    code: engine.Loaded
    objects: Mapping[str, object]


@functools.cache
def _load() -> _Loaded:
    module = ir.Module("made")
    objects: dict[str, object] = {}
    for name, write in _WRITERS.items():
        result, _, parameters = SIGNATURES[name].partition(":")
        type_ = ir.FunctionType(TYPES[result], [TYPES[letter] for letter in parameters])
        function = ir.Function(module, type_, name)
        function.attributes.add("optnone")  # LLVM would spend two thirds of its time on optimizing these
        function.attributes.add("noinline")
        write(Writer(ir.IRBuilder(function.append_basic_block()), None, objects), *function.args)
    known = python_api.addresses() | {name: id(value) for name, value in objects.items()}
    return _Loaded(engine.load(module, lambda name: known.get(name) or address_of(name)), objects)


def addresses() -> Mapping[str, int]:
    """Where the functions lie."""
    return {name: _load().code.address(name) for name in SIGNATURES}
