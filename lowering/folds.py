"""Reductions: one number from a run of elements, or a row of numbers from a stack of rows.

Sums of floats run in NumPy's order (`lowering.pairwise`), products one element after the other, everything whose
result does not depend on the order in vectors with several accumulators. An operation without inline code (a product
of complex numbers) is NumPy's own loop, called as NumPy's `reduce` calls it: the accumulator is operand and result.
Called by `lowering.kernels`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from eqsat.errors import UnsupportedError
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Constant
from eqsat.ir.program import Apply, Term, walk
from eqsat.ir.types import DType
from lowering import half
from lowering.context import Code, Point
from lowering.evaluate import call_inner_loop
from lowering.freedom import flags_of_fold, settled
from lowering.loops import Axis, FoldColumns, FoldRuns, total
from lowering.pairwise import WINDOW, Reader, tree_sum
from lowering.rows import Cursor, lanes_for, vector_loop
from lowering.scalar import CAST, KINDS, TABLE
from lowering.site import Site
from lowering.values import I32, I64, Value, constant, format_of, load, register_type, shuffle, splat, store

Combine = Callable[[Value, Value], Value]
Known = dict[Term, Value]
F4 = np.dtype("f4")

BLOCK = 512
"""Elements that NumPy's own loop reduces at a time."""
LARGEST_ITEM = 16
"""Bytes of a complex128."""
UNROLL = 4
"""Independent accumulators of order-free reductions, and vectors of a tile of columns."""
ROWS_AT_A_TIME = 16
"""Rows that one pass over the columns adds up: as many streams as the processor's prefetcher follows."""


def start_element(op: str, dtype: DType) -> Constant:
    """What a reduction starts from, so that combining it with `x` gives `x` (+0.0 for sums, as in NumPy)."""
    extremes: dict[str, object]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        extremes = {"maximum": limits.min, "minimum": limits.max, "fmax": limits.min, "fmin": limits.max}
    elif dtype.kind == "b":
        extremes = {"maximum": False, "minimum": True, "fmax": False, "fmin": True}
    else:
        infinity = complex(np.inf, np.inf) if dtype.kind == "c" else np.inf
        extremes = {"maximum": -infinity, "minimum": infinity, "fmax": np.nan, "fmin": np.nan}
    values = extremes | {"add": 0, "multiply": 1, "logical_and": True, "logical_or": False, "logical_xor": False}
    values |= {"bitwise_or": 0, "bitwise_xor": 0}
    if op == "bitwise_and":
        return Constant(dtype, b"\x01" if dtype.kind == "b" else b"\xff" * dtype.itemsize)
    if op not in values:
        raise UnsupportedError(f"reducing by {op} is not compiled yet", instead="call it outside the jitted function")
    return Constant.of(values[op], dtype)


def _combine(code: Code, op: str, dtype: DType) -> Combine | None:
    """Inline code of the operation between two values of `dtype`; None if NumPy's loop must do it."""
    if half.is_half(dtype):
        narrow = _combine(code, op, F4)
        if narrow is None:
            return None
        site = Site(code.b, (dtype, dtype), dtype)
        return lambda x, y: half.narrow(site, narrow(half.widen(site, x), half.widen(site, y)))
    found = TABLE.get((op, KINDS.get(dtype.char, "-") * 2))
    if found is None:
        return None
    site = Site(code.b, (dtype, dtype), dtype, flags=flags_of_fold(op, code.granted))
    return lambda x, y: found(site, x, y)


def _as(code: Code, value: Value, source: DType, target: DType) -> Value:
    """Elements of the term as the reduction takes them (bools, for `any` and `all` of numbers)."""
    if source == target:
        return value
    return settled(code.b, CAST(Site(code.b, (source,), target), value), target, (source,), code.granted)


# Runs -----------------------------------------------------------------------------------------------------------


def fold_runs(code: Code, fold: FoldRuns, known: Known, point: Point) -> None:
    """Reduce to one number and store it."""
    dtype = fold.dtype
    # NumPy sums and multiplies a run of float16 in float32, and rounds once a run.
    inside = F4 if half.is_half(dtype) and fold.op in ("add", "multiply") else dtype
    combine = _combine(code, fold.op, inside)
    place = code.address(fold.target, point)
    if combine is None:
        room = code.stack(dtype, 1)
        store(code.b, constant(start_element(fold.op, dtype)), room, dtype)
        _nested(code, fold.outer, point, lambda here: _run_borrowed(code, fold, known, here, room))
        store(code.b, load(code.b, room, dtype, 1), place, dtype)
        return
    start = constant(start_element(fold.op, inside))
    accumulator = code.variable(start.type)
    code.b.store(start, accumulator)
    if fold.tree == "free":
        _free(code, fold, known, point, combine, accumulator)
    else:
        one_run = _run_pairwise if fold.tree == "pairwise" else _run_sequential

        def run(here: Point) -> None:
            one_run(code, fold, known, here, inside, accumulator)
            if inside is not dtype and fold.outer:
                _round(code, accumulator, inside, dtype)

        _nested(code, fold.outer, point, run)
    found = code.b.load(accumulator, typ=start.type)
    store(code.b, _as(code, found, inside, dtype), place, dtype)


def _round(code: Code, accumulator: Value, inside: DType, dtype: DType) -> None:
    """Round the running result to the dtype of the reduction."""
    value = code.b.load(accumulator, typ=accumulator_type(inside))
    code.b.store(_as(code, _as(code, value, inside, dtype), dtype, inside), accumulator)


def _nested(code: Code, axes: tuple[Axis, ...], point: Point, body: Callable[[Point], None]) -> None:
    """Loops over `axes`, slowest first, around `body`."""
    if not axes:
        body(point)
        return
    with code.loop(axes[0].name, code.size(axes[0].extent)) as index:
        _nested(code, axes[1:], {**point, axes[0].name: index}, body)


def _row_count(code: Code, fold: FoldRuns) -> Value:
    return code.size(fold.row.axis.extent)


def _run_sequential(code: Code, fold: FoldRuns, known: Known, point: Point, inside: DType, accumulator: Value) -> None:
    source = fold.row.term.dtype
    combine = _combine(code, fold.op, inside)
    assert combine is not None

    def row(here: Point) -> None:
        cursor = Cursor.open(code, fold.row, known, here, lanes_for(code, fold.row))

        def sink(lanes: int, _: Value, value: Value) -> None:
            value = _as(code, value, source, inside)
            found = code.b.load(accumulator, typ=accumulator_type(inside))
            for lane in range(lanes):
                found = combine(found, _lane(code, value, lane, lanes, inside))
            code.b.store(found, accumulator)

        cursor.run(_row_count(code, fold), sink, overlap=False)

    _nested(code, fold.inner[:-1], point, row)


def accumulator_type(dtype: DType, lanes: int = 1) -> ir.Type:
    """The type of a running result."""
    return register_type(dtype, lanes)


def _lane(code: Code, value: Value, lane: int, lanes: int, dtype: DType) -> Value:
    """One element of a vector."""
    if lanes == 1:
        return value
    parts = format_of(dtype).parts
    if parts == 1:
        return code.b.extract_element(value, ir.IntType(32)(lane))
    return shuffle(code.b, value, [lane * parts, lane * parts + 1])


def _run_borrowed(code: Code, fold: FoldRuns, known: Known, point: Point, room: Value) -> None:
    """A run through NumPy's own loop: elements into a block, then `reduce` over the block."""
    dtype = fold.dtype
    block = code.scratch("reduced block", BLOCK * LARGEST_ITEM)
    signature = f"{dtype.char}{dtype.char}->{dtype.char}"

    def row(here: Point) -> None:
        cursor = Cursor.open(code, fold.row, known, here, lanes_for(code, fold.row))
        count = _row_count(code, fold)
        with code.loop("piece", count, BLOCK) as first:
            length = code.smaller(I64(BLOCK), code.b.sub(count, first))
            cursor.run(length, _into(code, block, fold.row.term.dtype, dtype), first=first)
            call_inner_loop(code, fold.op, signature, [room, block, room], [0, dtype.itemsize, 0], length)

    _nested(code, fold.inner[:-1], point, row)


def _into(code: Code, block: Value, source: DType, dtype: DType):
    def sink(_: int, index: Value, value: Value) -> None:
        store(code.b, _as(code, value, source, dtype), code.element(block, index, dtype), dtype)

    return sink


def _free(code: Code, fold: FoldRuns, known: Known, point: Point, combine: Combine, accumulator: Value) -> None:
    """Any order: vectors of accumulators over all rows, combined at the end."""
    b, dtype, source = code.b, fold.dtype, fold.row.term.dtype
    lanes = lanes_for(code, fold.row, [dtype])
    start = constant(start_element(fold.op, dtype))
    wide = accumulator_type(dtype, lanes)
    vectors = [code.variable(wide) for _ in range(UNROLL)]

    def add(variable: Value, value: Value, lanes: int) -> None:
        old = b.load(variable, typ=accumulator_type(dtype, lanes))
        b.store(combine(old, _as(code, value, source, dtype)), variable)

    def sink(width: int, _: Value, value: Value) -> None:
        add(accumulator if width == 1 else vectors[0], value, width)

    def row(here: Point) -> None:
        cursor = Cursor.open(code, fold.row, known, here, lanes)
        count = _row_count(code, fold)
        if fold.row.stages or lanes == 1:
            cursor.run(count, sink, overlap=False)
            return
        step = lanes * UNROLL
        many = b.and_(count, I64(-step))
        with code.loop("many", many, step, leave=_decided(code, fold, combine, vectors, wide)) as index:
            values = [cursor.value(b.add(index, I64(k * lanes)), lanes) for k in range(UNROLL)]
            for variable, value in zip(vectors, values, strict=True):
                add(variable, value, lanes)

        def rest(index: Value, width: int) -> None:
            sink(width, index, cursor.value(index, width))

        vector_loop(code, count, lanes, rest, False, many)

    def in_vectors() -> None:
        for variable in vectors:
            b.store(splat(b, start, dtype, lanes), variable)
        _nested(code, fold.inner[:-1], point, row)
        found = [b.load(variable, typ=wide) for variable in vectors]
        while len(found) > 1:
            found = [combine(x, y) for x, y in zip(found[::2], found[1::2], strict=True)]
        add_across(found[0])

    def add_across(across: Value) -> None:
        count, parts = lanes, format_of(dtype).parts
        while count > 1:
            middle = count * parts // 2
            low, high = (shuffle(b, across, range(k, k + middle)) for k in (0, middle))
            if middle == 1:
                low, high = (b.extract_element(across, I32(k)) for k in (0, 1))
            across, count = combine(low, high), count // 2
        b.store(combine(b.load(accumulator, typ=start.type), across), accumulator)

    if lanes == 1:
        _nested(code, fold.inner[:-1], point, row)
    elif fold.row.stages or len(fold.inner) > 1:
        in_vectors()
    else:
        with b.if_else(b.icmp_signed(">=", _row_count(code, fold), I64(lanes))) as (long, short):
            with long:
                in_vectors()
            with short:
                cursor = Cursor.open(code, fold.row, known, point, 1)
                with code.loop("short", _row_count(code, fold)) as index:
                    add(accumulator, cursor.value(index, 1), 1)


QUIET = frozenset(
    {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isnan", "isinf", "isfinite", "signbit"}
    | {"logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "invert"}
)
"""Operations that raise no flag, so that leaving some elements out goes unnoticed."""


def _decided(
    code: Code, fold: FoldRuns, combine: Combine, vectors: list[Value], wide: Any
) -> Callable[[], Value] | None:
    """For `any` and `all`: whether the result is known before the end."""
    applied = [term for term in walk([fold.row.term]) if isinstance(term, Apply)]
    if fold.op not in ("logical_or", "logical_and") or any(term.name not in QUIET for term in applied):
        return None

    def ask() -> Value:
        b = code.b
        found = [b.load(variable, typ=wide) for variable in vectors]
        while len(found) > 1:
            found = [combine(x, y) for x, y in zip(found[::2], found[1::2], strict=True)]
        whole = ir.IntType(wide.count)
        undecided = whole(0) if fold.op == "logical_or" else whole(-1)
        return b.icmp_unsigned("!=", b.bitcast(found[0], whole), undecided)

    return ask


# Pairwise -------------------------------------------------------------------------------------------------------


def _run_pairwise(code: Code, fold: FoldRuns, known: Known, point: Point, inside: DType, accumulator: Value) -> None:
    """Add the tree sum of the run, or of each piece of it, to the accumulator."""
    b = code.b
    count = code.size(total(tuple(axis.extent for axis in fold.inner)))
    opener = _streamed(code, fold, known, point) if fold.row.stages or len(fold.inner) > 1 else None
    cursor = None if opener else Cursor.open(code, fold.row, known, point, 1)
    source = fold.row.term.dtype
    flags = flags_of_fold("add", code.granted)
    zero = constant(Constant.of(complex(-0.0, -0.0) if inside.kind == "c" else -0.0, inside))
    parts = format_of(inside).parts

    def piece(first: Value, length: Value) -> None:
        def open_piece(start: Value, size: Value) -> Reader:
            begin = b.add(first, start)
            if opener is not None:
                room = opener(begin, size)
                return lambda index, lanes: _as(
                    code, load(b, code.element(room, index, source), source, lanes), source, inside
                )
            assert cursor is not None
            direct = cursor
            return lambda index, lanes: _as(code, direct.value(b.add(begin, index), lanes), source, inside)

        found = tree_sum(code, length, open_piece, zero, parts)
        b.store(b.fadd(b.load(accumulator, typ=accumulator_type(inside)), found, flags=flags), accumulator)
        if inside is not fold.dtype and fold.piece is not None:
            _round(code, accumulator, inside, fold.dtype)

    if fold.piece is None:
        piece(I64(0), count)
        return
    with code.loop("piece", count, fold.piece) as first:
        piece(first, code.smaller(I64(fold.piece), b.sub(count, first)))


def _streamed(code: Code, fold: FoldRuns, known: Known, point: Point) -> Callable[[Value, Value], Value]:
    """Elements of a run that is no single row, or that NumPy's loops take part in: copied out, a window at a time."""
    row, dtype = fold.row, fold.row.term.dtype
    lanes = lanes_for(code, row)
    window = code.scratch("window", WINDOW * np.dtype(np.float64).itemsize)
    slow = fold.inner[:-1]
    whole = None if slow else Cursor.open(code, row, known, point, lanes)

    def open_window(start: Value, size: Value) -> Value:
        if whole is not None:
            whole.run(size, _into(code, window, dtype, dtype), first=start)
            return window
        b = code.b
        length = _row_count(code, fold)
        done, column, number = (code.variable(I64) for _ in range(3))
        b.store(I64(0), done)
        b.store(b.urem(start, length), column)
        b.store(b.udiv(start, length), number)
        again, after = (code.function.append_basic_block(f"window.{name}") for name in ("again", "after"))
        b.branch(again)
        b.position_at_end(again)
        begin, at, row_number = (b.load(variable, typ=I64) for variable in (done, column, number))
        count = code.smaller(b.sub(length, at), b.sub(size, begin))
        here = {**point, **_indices(code, row_number, slow)}
        into = code.element(window, begin, dtype)
        Cursor.open(code, row, known, here, lanes, at).run(count, _into(code, into, dtype, dtype))
        following = b.add(begin, count)
        b.store(following, done)
        b.store(I64(0), column)
        b.store(b.add(row_number, I64(1)), number)
        b.cbranch(b.icmp_signed("<", following, size), again, after)
        b.position_at_end(after)
        return window

    return open_window


def _indices(code: Code, number: Value, axes: tuple[Axis, ...]) -> dict[str, Value]:
    """The loop variables of `axes` in turn number `number` of them all."""
    found: dict[str, Value] = {}
    for axis in reversed(axes[1:]):
        extent = code.size(axis.extent)
        found[axis.name] = code.b.urem(number, extent)
        number = code.b.udiv(number, extent)
    found[axes[0].name] = number
    return found


# Columns --------------------------------------------------------------------------------------------------------


def fold_columns(code: Code, fold: FoldColumns, known: Known, point: Point) -> None:
    """Reduce a stack of rows into the row `target`, which holds the running results."""
    b, dtype, row = code.b, fold.dtype, fold.row
    lanes = lanes_for(code, row, [dtype])
    start = constant(start_element(fold.op, dtype))
    place = code.address(fold.target, point)
    count = code.size(row.axis.extent)

    def clear(index: Value, width: int) -> None:
        store(b, splat(b, start, dtype, width), code.element(place, index, dtype), dtype)

    vector_loop(code, count, lanes, clear)
    combine = _combine(code, fold.op, dtype)
    if combine is None:
        _nested(code, fold.outer, point, lambda here: _add_row_borrowed(code, fold, known, here, place))
    elif row.stages:
        _nested(code, fold.outer, point, lambda here: _add_row(code, fold, known, here, place, combine))
    else:
        last = fold.outer[-1] if fold.outer else Axis("once", Dim((), 1))
        _nested(code, fold.outer[:-1], point, lambda here: _add_rows(code, fold, known, here, place, combine, last))


def _add_rows(
    code: Code, fold: FoldColumns, known: Known, point: Point, place: Value, combine: Combine, axis: Axis
) -> None:
    """Add the rows along `axis`, some at a time, to tiles of the running results."""
    b, dtype, row = code.b, fold.dtype, fold.row
    lanes = lanes_for(code, row, [dtype])
    count, rows = code.size(row.axis.extent), code.size(axis.extent)
    with code.loop("rows", rows, ROWS_AT_A_TIME) as first:
        end = code.smaller(rows, b.add(first, I64(ROWS_AT_A_TIME)))

        def tile(index: Value, width: int, vectors: int) -> None:
            places = [code.element(place, b.add(index, I64(k * width)), dtype) for k in range(vectors)]
            sums = [code.variable(accumulator_type(dtype, width)) for _ in places]
            for variable, where in zip(sums, places, strict=True):
                b.store(load(b, where, dtype, width), variable)
            with code.loop(axis.name, end, 1, first) as number:
                cursor = Cursor.open(code, row, known, {**point, axis.name: number}, lanes, index)
                for k, variable in enumerate(sums):
                    value = _as(code, cursor.value(I64(k * width), width), row.term.dtype, dtype)
                    b.store(combine(b.load(variable, typ=accumulator_type(dtype, width)), value), variable)
            for variable, where in zip(sums, places, strict=True):
                store(b, b.load(variable, typ=accumulator_type(dtype, width)), where, dtype)

        wide = b.and_(count, I64(-lanes * UNROLL))
        with code.loop("tile", wide, lanes * UNROLL) as index:
            tile(index, lanes, UNROLL)
        vector_loop(code, count, lanes, lambda index, width: tile(index, width, 1), False, wide)


def _add_row(code: Code, fold: FoldColumns, known: Known, point: Point, place: Value, combine: Combine) -> None:
    b, dtype, source = code.b, fold.dtype, fold.row.term.dtype
    cursor = Cursor.open(code, fold.row, known, point, lanes_for(code, fold.row, [dtype]))

    def sink(lanes: int, index: Value, value: Value) -> None:
        where = code.element(place, index, dtype)
        store(b, combine(load(b, where, dtype, lanes), _as(code, value, source, dtype)), where, dtype)

    cursor.run(code.size(fold.row.axis.extent), sink, overlap=False)


def _add_row_borrowed(code: Code, fold: FoldColumns, known: Known, point: Point, place: Value) -> None:
    b, dtype = code.b, fold.dtype
    block = code.scratch("reduced block", BLOCK * LARGEST_ITEM)
    cursor = Cursor.open(code, fold.row, known, point, lanes_for(code, fold.row, [dtype]))
    count = code.size(fold.row.axis.extent)
    signature, size = f"{dtype.char}{dtype.char}->{dtype.char}", dtype.itemsize
    with code.loop("piece", count, BLOCK) as first:
        length = code.smaller(I64(BLOCK), b.sub(count, first))
        cursor.run(length, _into(code, block, fold.row.term.dtype, dtype), first=first)
        where = code.element(place, first, dtype)
        call_inner_loop(code, fold.op, signature, [where, block, where], [size, size, size], length)
