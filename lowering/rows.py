"""The innermost loops: one row of elements, in vectors, with NumPy's own loops called on blocks where needed.

The vector loop ends with a vector that overlaps the one before, so that no remainder is left for scalar code and no
lane is ever filled with anything but real elements (a made-up lane could raise a flag). Rows shorter than a vector
are walked one by one. Called by `lowering.kernels` and `lowering.folds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from llvmlite import ir

from eqsat.ir.program import Argument, Known, Load, Size, Term, children
from eqsat.ir.signature import backwards
from eqsat.ir.types import DType
from lowering.context import Code, Point
from lowering.evaluate import call_loop, evaluate, scalars
from lowering.flags import declare
from lowering.loops import Block, Borrow, Compute, Fill, Row
from lowering.scalar import dtypes_of
from lowering.stages import varies
from lowering.values import (
    I32,
    I64,
    POINTER,
    VOID,
    Builder,
    Value,
    format_of,
    load,
    register_type,
    shuffle,
    splat,
    store,
)

BLOCK_BYTES = 1024
"""A block of the widest dtype of a row. NumPy's loops run at full speed from 64 elements; short blocks let memory,
asked for the next one in time, keep up with them."""

SHORTCUTS = frozenset({"power", "float_power"})
"""Loops that look at an exponent of stride zero and then have other bits; whoever wants those asks for them by name."""

Sink = Callable[[int, Value, Value], None]
"""`(lanes, index within the row, value)`: what is done with a vector of the row's values."""


@dataclass(slots=True)
class Cursor:
    """A row about to be run: where its loads begin, and the values that do not change along it."""

    code: Code
    row: Row
    starts: dict[Load, tuple[Value, Value]]
    fixed: dict[Term, Value]
    lanes: int
    length: int
    """Elements in a block."""

    @staticmethod
    def open(
        code: Code, row: Row, known: dict[Term, Value], point: Point, lanes: int, first: Value | None = None
    ) -> Cursor:
        """Prepare the row at `point`, beginning at element `first` of it."""
        name = row.axis.name
        varying = varies(row.term, name, row.accesses)
        here = point if first is None else {**point, name: first}
        starts: dict[Load, tuple[Value, Value]] = {}
        fixed = {term: value for term, value in known.items() if term in varying}
        wanted: list[Term] = [] if varying[row.term] else [row.term]
        for term in varying:
            if varying[term] and isinstance(term, Load):
                access = row.accesses[term]
                starts[term] = (code.address(access, here), code.bytes(access.buffer, access.step(name)))
            elif varying[term]:
                wanted += [child for child in children(term) if not varying[child]]
        plain = (Known, Argument, Size)
        scalars(code, [term for term in wanted if not isinstance(term, plain)], row.accesses, fixed, point)
        return Cursor(code, row, starts, fixed, lanes, block_length(row))

    def room(self, block: Block) -> Value:
        """The memory of a block."""
        return self.code.scratch(f"block {block.number}", BLOCK_BYTES)

    # Reading ----------------------------------------------------------------------------------------------------

    def read(self, term: Load, index: Value, lanes: int) -> Value:
        """`lanes` elements of a load from `index` on."""
        code, b = self.code, self.code.b
        start, step = self.starts[term]
        dtype = term.dtype
        known = self.row.accesses[term].step(self.row.axis.name).known
        if known == dtype.itemsize:
            place = code.element(start, index, dtype)
            if self.row.stages and lanes > 1:
                self.prefetch(place, dtype)
            return load(b, place, dtype, lanes)
        place = code.offset(start, b.mul(index, step))
        if lanes == 1:
            return load(b, place, dtype, 1)
        if known is not None and known == -dtype.itemsize:
            lowest = code.offset(place, I64(known * (lanes - 1)))
            return _reversed(b, load(b, lowest, dtype, lanes), lanes)
        return self._gather(place, step, dtype, lanes)

    def prefetch(self, place: Value, dtype: DType, write: bool = False) -> None:
        """Ask for what the next block will touch, so that memory works while NumPy's loop computes."""
        b = self.code.b
        ahead = self.code.offset(place, I64(self.length * dtype.itemsize))
        function = declare(b.module, "llvm.prefetch.p0", VOID, [POINTER, I32, I32, I32])
        b.call(function, [ahead, I32(int(write)), I32(3), I32(1)])

    def _gather(self, place: Value, step: Value, dtype: DType, lanes: int) -> Value:
        b = self.code.b
        found: Value = ir.Constant(register_type(dtype, lanes), ir.Undefined)
        parts = format_of(dtype).parts
        for lane in range(lanes):
            one = load(b, place, dtype, 1)
            for part in range(parts):
                value = one if parts == 1 else b.extract_element(one, ir.IntType(32)(part))
                found = b.insert_element(found, value, ir.IntType(32)(lane * parts + part))
            if lane + 1 < lanes:
                place = self.code.offset(place, step)
        return found

    # Running ----------------------------------------------------------------------------------------------------

    def value(self, index: Value, lanes: int) -> Value:
        """The row's value at `index`; only of rows without stages."""
        return self._values([self.row.term], {}, index, index, lanes)[0]

    def run(self, count: Value, sink: Sink, overlap: bool = True, first: Value | None = None) -> None:
        """Evaluate `count` elements (from `first` on) and hand them to `sink`; with `overlap`, some of them twice."""
        code = self.code
        begin = first or I64(0)
        if not self.row.stages:
            body = self._body([self.row.term], {}, begin, [sink])
            vector_loop(code, count, self.lanes, body, overlap)
            return
        rooms = self._argument_rooms()
        with code.loop("block", count, self.length) as done:
            length = code.smaller(I64(self.length), code.b.sub(count, done))
            here = plus(code.b, begin, done)
            held = self._stages(here, length, rooms)

            def shifted(lanes: int, index: Value, value: Value) -> None:
                sink(lanes, code.b.add(done, index), value)

            vector_loop(code, length, self.lanes, self._body([self.row.term], held, here, [shifted]), overlap)

    def _argument_rooms(self) -> dict[Term, Value]:
        """Arguments of borrowed loops that do not change along the row: each as often as any loop reads it."""
        counts: dict[Term, int] = {}
        for stage in self.row.stages:
            if isinstance(stage, Borrow):
                down = backwards(stage.term.signature)
                for arg, block, back in zip(stage.term.args, stage.args, down, strict=True):
                    if block is None:
                        count = self.length if back or stage.term.name in SHORTCUTS else 1
                        counts[arg] = max(count, counts.get(arg, 1))
        return {arg: self._argument_room(arg, count) for arg, count in counts.items()}

    def _argument_room(self, arg: Term, count: int) -> Value:
        room = self.code.stack(arg.dtype, count)
        value = evaluate(self.code, [arg], 1, self.fixed.get)[arg]
        if count == 1:
            store(self.code.b, value, room, arg.dtype)
        else:
            with self.code.loop("repeat", I64(count)) as index:
                store(self.code.b, value, self.code.element(room, index, arg.dtype), arg.dtype)
        return room

    def _stages(self, first: Value, length: Value, rooms: dict[Term, Value]) -> dict[Term, Value]:
        """Run the stages for the elements from `first` on; return where the terms in blocks lie."""
        held: dict[Term, Value] = {}
        for stage in self.row.stages:
            if isinstance(stage, Compute):
                sinks = [self._into(block, length) for _, block in stage.results]
                roots = [term for term, _ in stage.results]
                vector_loop(self.code, length, self.lanes, self._body(roots, held, first, sinks))
                held |= {term: self.room(block) for term, block in stage.results if not block.backwards}
            else:
                self._borrow(stage, rooms, length)
                held[stage.term] = self.room(stage.into)
        return held

    def _into(self, block: Block, length: Value) -> Sink:
        code, room = self.code, self.room(block)

        def sink(lanes: int, index: Value, value: Value) -> None:
            if block.backwards:
                index = code.b.sub(code.b.sub(length, I64(lanes)), index)
                value = _reversed(code.b, value, lanes)
            store(code.b, value, code.element(room, index, block.dtype), block.dtype)

        return sink

    def _borrow(self, stage: Borrow, rooms: dict[Term, Value], length: Value) -> None:
        inputs, output = dtypes_of(stage.term.signature)
        pointers: list[Value] = []
        steps: list[int] = []
        down = backwards(stage.term.signature)
        for arg, block, dtype, back in zip(stage.term.args, stage.args, inputs, down, strict=True):
            wide = back or stage.term.name in SHORTCUTS
            room = rooms[arg] if block is None else self.room(block)
            last = self.code.b.sub(length, I64(1))
            pointers.append(self.code.element(room, last, dtype) if back else room)
            steps.append(0 if block is None and not wide else -dtype.itemsize if back else dtype.itemsize)
        call_loop(self.code, stage.term, [*pointers, self.room(stage.into)], [*steps, output.itemsize], length)

    def _body(
        self, roots: list[Term], held: dict[Term, Value], first: Value, sinks: list[Sink]
    ) -> Callable[[Value, int], None]:
        held = dict(held)

        def body(index: Value, lanes: int) -> None:
            values = self._values(roots, held, index, plus(self.code.b, first, index), lanes)
            for value, sink in zip(values, sinks, strict=True):
                sink(lanes, index, value)

        return body

    def _values(
        self, roots: list[Term], held: dict[Term, Value], in_block: Value, in_row: Value, lanes: int
    ) -> list[Value]:
        code = self.code

        def leaf(term: Term) -> Value | None:
            if term in held:
                return load(code.b, code.element(held[term], in_block, term.dtype), term.dtype, lanes)
            if term in self.fixed:
                return splat(code.b, self.fixed[term], term.dtype, lanes)
            return self.read(term, in_row, lanes) if isinstance(term, Load) else None

        values = evaluate(code, roots, lanes, leaf)
        return [values[root] for root in roots]


def plus(b: Builder, x: Value, y: Value) -> Value:
    """A sum of sizes, without an instruction where one is zero."""
    for one, other in ((x, y), (y, x)):
        if isinstance(one, ir.Constant) and one.constant == 0:
            return other
    return b.add(x, y)


def vector_loop(
    code: Code,
    count: Value,
    lanes: int,
    body: Callable[[Value, int], None],
    overlap: bool = True,
    start: Value | None = None,
) -> None:
    """Call `body(index, lanes)` for `start <= index < count`, in vectors.

    With `overlap` the last vector overlaps the one before it, even to below `start`; without, the rest is done one
    by one. All counts start at 0 if not told.
    """
    begin = start or I64(0)
    if lanes == 1 or not overlap:
        _plain_loop(code, begin, count, lanes, body)
        return
    b = code.b
    with b.if_else(b.icmp_signed(">=", count, I64(lanes)), likely=True) as (wide, narrow):
        with wide:
            last = b.sub(count, I64(lanes))
            begin_wide = begin if start is None else code.smaller(begin, last)
            before = b.block
            head = b.append_basic_block("vectors")
            after = b.append_basic_block("vectors.after")
            if start is None:
                b.branch(head)
            else:
                b.cbranch(b.icmp_signed("<", begin, count), head, after)
            b.position_at_end(head)
            index = b.phi(I64, "v")
            index.add_incoming(begin_wide, before)
            here = code.hidden(index)
            body(here, lanes)
            following = b.add(here, I64(lanes))
            index.add_incoming(code.smaller(following, last), b.block)
            b.cbranch(b.icmp_signed("<", following, count), head, after)
            b.position_at_end(after)
        with narrow, code.loop("one", count, 1, begin) as index:
            body(index, 1)


def _plain_loop(code: Code, begin: Value, count: Value, lanes: int, body: Callable[[Value, int], None]) -> None:
    done = begin
    if lanes > 1:
        b = code.b
        done = plus(b, begin, b.and_(b.sub(count, begin), I64(-lanes)))
        with code.loop("v", done, lanes, begin) as index:
            body(index, lanes)
    with code.loop("one", count, 1, done) as index:
        body(index, 1)


def _reversed(b: Builder, value: Value, lanes: int) -> Value:
    if lanes == 1:
        return value
    parts = value.type.count // lanes
    picks = [lane * parts + part for lane in reversed(range(lanes)) for part in range(parts)]
    return shuffle(b, value, picks)


def block_length(row: Row) -> int:
    """How many elements the blocks of a row have."""
    sizes = [1]
    for stage in row.stages:
        made = [stage.into] if isinstance(stage, Borrow) else [block for _, block in stage.results]
        sizes += [block.dtype.itemsize for block in made]
    return BLOCK_BYTES // max(sizes)


def lanes_for(code: Code, row: Row, dtypes: Iterable[DType] = ()) -> int:
    """How many elements a vector of this row has: the widest dtype fills a register."""
    varying = varies(row.term, row.axis.name, row.accesses)
    widest = 1
    strided = False
    for term, changes in varying.items():
        if changes:
            widest = max(widest, term.dtype.itemsize)
            if isinstance(term, Load):
                known = row.accesses[term].step(row.axis.name).known
                strided |= known is None or abs(known) != term.dtype.itemsize
    widest = max([widest, *(dtype.itemsize for dtype in dtypes)])
    lanes = code.vector_bytes // widest
    return min(lanes, 8) if strided else lanes


def _scatter(code: Code, value: Value, place: Value, distance: Value, dtype: DType, lanes: int) -> None:
    """Store the elements of a vector so many bytes apart, the first one first."""
    parts = format_of(dtype).parts
    for lane in range(lanes):
        one = value
        if lanes > 1:
            picks = [lane * parts + part for part in range(parts)]
            one = shuffle(code.b, value, picks) if parts > 1 else code.b.extract_element(value, I32(lane))
        store(code.b, one, place, dtype)
        if lane + 1 < lanes:
            place = code.offset(place, distance)


def fill(code: Code, statement: Fill, known: dict[Term, Value], point: Point, overlap: bool) -> None:
    """Store a row into its target; without `overlap` no element is computed twice, since its operand is gone."""
    row, target = statement.row, statement.target
    dtype = target.buffer.dtype
    step = target.step(row.axis.name)
    together = step.known == dtype.itemsize
    lanes = lanes_for(code, row, [dtype])
    cursor = Cursor.open(code, row, known, point, lanes if together else min(lanes, 8))
    start = code.address(target, point)
    distance = code.bytes(target.buffer, step)

    def sink(lanes: int, index: Value, value: Value) -> None:
        if not together:
            _scatter(code, value, code.offset(start, code.b.mul(index, distance)), distance, dtype, lanes)
            return
        place = code.element(start, index, dtype)
        if row.stages and lanes > 1:
            cursor.prefetch(place, dtype, write=True)
        store(code.b, value, place, dtype)

    cursor.run(code.size(row.axis.extent), sink, overlap)
