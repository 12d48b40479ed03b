"""The places of the largest and smallest elements: `argmax`, `argmin`. Of equal ones it is the first, and NaN counts
as the most extreme.

Elements are compared as integers in the same order (`key_of`): NaNs need no care then, and no floating-point flag comes
up. Elements in a row are looked at twice, in vectors: for the extreme, and for the first that equals it. Called by
`lowering.library`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType, c_layout
from lowering.arrays import array_type, extents, fresh, mark, reference
from lowering.flags import declare
from lowering.scene import ArrayRef, Scene
from lowering.site import mangled
from lowering.values import I1, I32, I64, Builder, Value, same, vector

UNROLL = 4
"""Vectors that are looked at together."""


def place(scene: Scene, node: Node) -> None:
    """See `eqsat.ir.ops.LIBRARY`."""
    (source,) = node.args
    lengths = extents(scene, source)
    line = _Line(scene, node, reference(scene, source), lengths)
    if not isinstance(node.type, Array):
        scene.learn(node, line.first_extreme(line.read.pointer, range(len(lengths))))
        return
    axis = node.attr
    assert isinstance(axis, int)
    made = fresh(scene, node)
    kept = [k for k in range(len(lengths)) if k != axis]

    def over(number: int, start: Value, target: Value) -> None:
        if number == len(kept) - 1 and line.is_row(kept[number]):
            line.side_by_side(start, axis, lengths[kept[number]], target, made)
            return
        if number == len(kept):
            found = line.first_extreme(start, [axis])
            mark(scene, scene.b.store(found, target, align=8), made.roots)
            return
        with scene.loop(f"axis{kept[number]}", lengths[kept[number]]) as index:
            following = scene.offset(start, scene.b.mul(index, line.read.strides[kept[number]]))
            over(number + 1, following, scene.offset(target, scene.b.mul(index, made.strides[number])))

    over(0, line.read.pointer, made.pointer)


@dataclass(frozen=True, slots=True)
class _Line:
    """Elements along some axes of the operand, which lies at `read`."""

    scene: Scene
    node: Node
    read: ArrayRef
    lengths: Sequence[Value]

    @property
    def type(self) -> Array:
        return array_type(self.node.args[0])

    def first_extreme(self, start: Value, axes: Sequence[int]) -> Value:
        """The number, counted in C order, of the first of the most extreme elements along these axes."""
        layout = self.type.layout
        if len(axes) == 1 and self.is_row(axes[0]):
            return self._in_a_row(start, self.lengths[axes[0]], axes)
        if len(axes) == self.type.ndim and layout.has_order_of(c_layout(self.type.shape)) and layout.packed:
            count: Value = I64(1)
            for length in self.lengths:
                count = self.scene.b.mul(count, length)
            return self._in_a_row(start, count, axes)
        return self._one_by_one(start, axes)

    def is_row(self, axis: int) -> bool:
        """Whether neighbours along an axis follow one another."""
        layout = self.type.layout
        return layout.unit and layout.ranks[axis] == 1 and not layout.negative[axis]

    def side_by_side(self, start: Value, axis: int, columns: Value, target: Value, made: ArrayRef) -> None:
        """Along `axis`, for as many columns at a time as have their places in two vectors, into a row."""
        scene, b = self.scene, self.scene.b
        lanes = 2 * (scene.vector_bytes // 8)
        type_, places = vector(integer_of(self.type.dtype), lanes), vector(I64, lanes)
        best, where = scene.room(type_), scene.room(places)
        blocks = b.sdiv(columns, I64(lanes))
        with scene.loop("columns", blocks) as block:
            first = b.mul(block, I64(lanes))
            top = self._at(start, first)
            b.store(self.keys(top, lanes), best)
            b.store(same(0, places), where)
            with scene.loop(f"axis{axis}", self.lengths[axis]) as index:
                found = self.keys(scene.offset(top, b.mul(index, self.read.strides[axis])), lanes)
                before = b.load(best, typ=type_)
                better = b.icmp_signed(">", found, before)
                b.store(b.select(better, found, before), best)
                b.store(b.select(better, _in_all(b, index, lanes), b.load(where, typ=places)), where)
            place = b.gep(target, [first], source_etype=I64)
            mark(scene, b.store(b.load(where, typ=places), place, align=8), made.roots)
        with scene.loop("rest", columns, b.mul(blocks, I64(lanes))) as column:
            place = b.gep(target, [column], source_etype=I64)
            found = self._one_by_one(self._at(start, column), [axis])
            mark(scene, b.store(found, place, align=8), made.roots)

    def keys(self, pointer: Value, lanes: int) -> Value:
        """What elements in a row are compared by."""
        dtype = self.type.dtype
        aligned = dtype.alignment if self.type.layout.alignment == "aligned" else 1
        found = self.scene.b.load(pointer, align=aligned, typ=vector(integer_of(dtype), lanes))
        mark(self.scene, found, self.read.roots)
        return key_of(self.scene.b, found, dtype, self.node.op == "argmin")

    def _one_by_one(self, start: Value, axes: Sequence[int]) -> Value:
        scene, b = self.scene, self.scene.b
        best, where, count = scene.room(integer_of(self.type.dtype)), scene.room(I64), scene.room(I64)
        for room in (where, count):
            b.store(I64(0), room)
        b.store(self.keys(start, 1), best)

        def over(rest: Sequence[int], pointer: Value) -> None:
            if rest:
                with scene.loop(f"axis{rest[0]}", self.lengths[rest[0]]) as index:
                    over(rest[1:], scene.offset(pointer, b.mul(index, self.read.strides[rest[0]])))
                return
            found, before = self.keys(pointer, 1), b.load(best, typ=integer_of(self.type.dtype))
            here, place_before = b.load(count, typ=I64), b.load(where, typ=I64)
            better = b.icmp_signed(">", found, before)
            b.store(b.select(better, found, before), best)
            b.store(b.select(better, here, place_before), where)
            b.store(b.add(here, I64(1)), count)

        over(list(axes), start)
        return b.load(where, typ=I64)

    def _in_a_row(self, start: Value, count: Value, axes: Sequence[int]) -> Value:
        """Of elements that follow one another. The last vector may reach back over some that were looked at before."""
        scene, b = self.scene, self.scene.b
        lanes = scene.vector_bytes // self.type.dtype.itemsize
        room = scene.room(I64)
        with b.if_else(b.icmp_signed(">=", count, I64(lanes))) as (long, short):
            with long:
                last = b.sub(count, I64(lanes))
                b.store(self._first(start, last, lanes, self._largest(start, count, last, lanes)), room)
            with short:
                b.store(self._one_by_one(start, axes), room)
        return b.load(room, typ=I64)

    def _largest(self, start: Value, count: Value, last: Value, lanes: int) -> Value:
        """The largest key of all elements."""
        scene, b = self.scene, self.scene.b
        type_ = vector(integer_of(self.type.dtype), lanes)
        rooms = [scene.room(type_) for _ in range(UNROLL)]
        end = self.keys(self._at(start, last), lanes)
        for room in rooms:
            b.store(end, room)
        blocks = b.sdiv(count, I64(lanes * UNROLL))
        with scene.loop("block", blocks) as block:
            for number, room in enumerate(rooms):
                pointer = self._at(start, b.add(b.mul(block, I64(lanes * UNROLL)), I64(number * lanes)))
                b.store(self._larger(b.load(room, typ=type_), self.keys(pointer, lanes)), room)
        with scene.loop("vector", b.sdiv(count, I64(lanes)), b.mul(blocks, I64(UNROLL))) as index:
            pointer = self._at(start, b.mul(index, I64(lanes)))
            b.store(self._larger(b.load(rooms[0], typ=type_), self.keys(pointer, lanes)), rooms[0])
        whole = b.load(rooms[0], typ=type_)
        for room in rooms[1:]:
            whole = self._larger(whole, b.load(room, typ=type_))
        name = f"llvm.vector.reduce.smax.{mangled(type_)}"
        declared = declare(scene.function.module, name, integer_of(self.type.dtype), [type_])
        return b.call(declared, [whole])

    def _first(self, start: Value, last: Value, lanes: int, key: Value) -> Value:
        """The first element that has this key, which one has. `last` is where the last vector is."""
        scene, b, function = self.scene, self.scene.b, self.scene.function
        look, ahead, found = (ir.Block(function, name) for name in ("look", "ahead", "found"))
        room, everywhere = scene.room(I64), _in_all(b, key, lanes)
        b.store(I64(0), room)
        b.branch(look)
        _open(scene, look)
        at = b.load(room, typ=I64)
        hits = b.icmp_signed("==", self.keys(self._at(start, at), lanes), everywhere)
        bits = b.bitcast(hits, ir.IntType(lanes))
        bits = b.zext(bits, I64) if lanes < 64 else bits
        b.cbranch(b.icmp_unsigned("!=", bits, I64(0)), found, ahead)
        _open(scene, ahead)
        following = b.add(at, I64(lanes))
        b.store(b.select(b.icmp_signed("<", following, last), following, last), room)
        b.branch(look)
        _open(scene, found)
        count = declare(function.module, "llvm.cttz.i64", I64, [I64, I1])
        return b.add(at, b.call(count, [bits, I1(1)]))

    def _at(self, start: Value, index: Value) -> Value:
        return self.scene.b.gep(start, [index], source_etype=integer_of(self.type.dtype))

    def _larger(self, one: Value, other: Value) -> Value:
        name = f"llvm.smax.{mangled(one.type)}"
        return self.scene.b.call(declare(self.scene.function.module, name, one.type, [one.type] * 2), [one, other])


def integer_of(dtype: DType) -> ir.IntType:
    """The integers of an element's size."""
    return ir.IntType(8 * dtype.itemsize)


def _in_all(b: Builder, value: Value, lanes: int) -> Value:
    """A number in every lane."""
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = b.insert_element(nothing, value, I32(0))
    return b.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def key_of(b: Builder, bits: Value, dtype: DType, least: bool) -> Value:
    """A signed integer that is larger where the element is; with `least`, smaller. Of NaNs it is the largest."""
    type_ = bits.type
    sign = same(-(1 << (8 * dtype.itemsize - 1)), type_)
    largest = same((1 << (8 * dtype.itemsize - 1)) - 1, type_)
    if dtype.kind == "b":
        key = b.zext(b.icmp_unsigned("!=", bits, same(0, type_)), type_)
    elif dtype.kind == "u":
        key = b.xor(bits, sign)
    elif dtype.kind == "f":
        whole = b.select(b.icmp_signed("==", bits, sign), same(0, type_), bits)  # -0.0 is 0.0
        key = b.select(b.icmp_signed("<", whole, same(0, type_)), b.xor(whole, largest), whole)
    else:
        key = bits
    if least:
        key = b.xor(key, same(-1, type_))
    if dtype.kind != "f":
        return key
    infinity = same(_INFINITY[dtype.itemsize], type_)
    return b.select(b.icmp_signed(">", b.and_(bits, largest), infinity), largest, key)


_INFINITY = {2: 0x7C00, 4: 0x7F800000, 8: 0x7FF0000000000000}
"""The bits of an infinity, by the size of the float."""


def _open(scene: Scene, block: ir.Block) -> None:
    scene.function.blocks.append(block)
    scene.b.position_at_end(block)
