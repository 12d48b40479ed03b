"""Elements at computed places: `gather`, `Scatter`, `nonzero`.

Elements are moved as they are, without a look at what they mean. Indices are checked: in a gather as they are used,
since it only writes new memory, in a scatter all of them before the first is. Called by `lowering.library`; refuses
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llvmlite import ir

from eqsat.ir.body import Scatter
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType
from lowering.arrays import array_type, extents, fresh, mark, reference
from lowering.flags import declare
from lowering.scene import ArrayRef, Scene
from lowering.values import I1, I8, I16, I32, I64, POINTER, VOID, Value, store

_WHOLE = {1: I8, 2: I16, 4: I32, 8: I64, 16: ir.VectorType(I64, 2)}
LONG_RUN = 16
"""So many elements in a row are copied by C's `memcpy`."""


def gather(scene: Scene, node: Node) -> None:
    """See `eqsat.ir.ops.LIBRARY`."""
    source, *indices = node.args
    read, found = reference(scene, source), [reference(scene, index) for index in indices]
    made = fresh(scene, node)
    joint = array_type(indices[0]).ndim
    lengths = extents(scene, node)
    limits = extents(scene, source)[: len(indices)]
    places = _Places(scene, indices, found, limits, bool(node.attr))
    if node.attr and any(not (length.is_const and length.const) for length in array_type(node).shape[joint:]):
        _check_of_nothing(scene, places, lengths, joint)
    order = list(array_type(node).layout.order)
    run, tail = _run(node, source, order, joint, len(indices))
    dtype = array_type(node).dtype

    def element(point: dict[int, Value]) -> None:
        start = places.start(read, point, joint)
        for axis in range(joint, len(lengths)):
            if axis in point:
                start = scene.offset(start, scene.b.mul(point[axis], read.strides[axis - joint + len(indices)]))
        target = _at(scene, made, point)
        if not tail:
            _move(scene, source, read, start, node, made, target)
            return
        size: Value = I64(dtype.itemsize)
        for axis in tail:
            size = scene.b.mul(size, lengths[axis])
        _copy(scene, start, target, size, dtype)

    _nest(scene, run, lengths, element)


def scatter(scene: Scene, step: Scatter) -> None:
    """See `eqsat.ir.body.Scatter`."""
    target = reference(scene, step.target)
    found = [reference(scene, index) for index in step.indices]
    joint = array_type(step.indices[0]).ndim
    count = len(step.indices)
    limits = extents(scene, step.target)[:count]
    lengths = (*extents(scene, step.indices[0]), *extents(scene, step.target)[count:])
    places = _Places(scene, step.indices, found, limits, False)
    if step.checked:
        places.check_all(lengths[:joint])
    dtype = array_type(step.target).dtype
    value = reference(scene, step.value) if isinstance(step.value.type, Array) else None
    number = None if value is not None else scene.number(step.value)

    def element(point: dict[int, Value]) -> None:
        place = places.start(target, point, joint)
        for axis in range(joint, len(lengths)):
            place = scene.offset(place, scene.b.mul(point[axis], target.strides[axis - joint + count]))
        if value is None:
            made = store(scene.b, number, place, dtype, _alignment(step.target))
            mark(scene, made, target.roots)
        else:
            _move(scene, step.value, value, _at(scene, value, point), step.target, target, place)

    _nest(scene, range(len(lengths)), lengths, element)


def nonzero(scene: Scene, node: Node) -> None:
    """The places of what is true. Each is written before it is known whether the next one is written over it."""
    (mask,) = node.args
    read, made = reference(scene, mask), fresh(scene, node)
    lengths = extents(scene, mask)
    count = extents(scene, node)[1]
    b = scene.b
    room = scene.room(I64)
    b.store(I64(0), room)
    across = made.strides[1]
    last = len(lengths) - 1

    def row(point: dict[int, Value]) -> None:
        start = _at(scene, read, point)
        test, body, after = (ir.Block(scene.function, name) for name in ("test", "places", "found"))
        index_room = scene.room(I64)
        b.store(I64(0), index_room)
        b.branch(test)
        _open(scene, test)
        index, found = b.load(index_room, typ=I64), b.load(room, typ=I64)
        b.cbranch(b.and_(b.icmp_signed("<", index, lengths[last]), b.icmp_signed("<", found, count)), body, after)
        _open(scene, body)
        byte = b.load(scene.offset(start, b.mul(index, read.strides[last])), typ=I8, align=1)
        mark(scene, byte, read.roots)
        column = scene.offset(made.pointer, b.mul(found, across))
        for axis in range(len(lengths)):
            place = scene.offset(column, b.mul(I64(axis), made.strides[0]))
            mark(scene, b.store(index if axis == last else point[axis], place, align=8), made.roots)
        b.store(b.add(found, b.zext(b.icmp_unsigned("!=", byte, I8(0)), I64)), room)
        b.store(b.add(index, I64(1)), index_room)
        b.branch(test)
        _open(scene, after)

    _nest(scene, range(last), lengths, row)


# Places ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Places:
    """Where arrays of indices point to, along the first axes of an array of these lengths."""

    scene: Scene
    nodes: Sequence[Node]
    arrays: Sequence[ArrayRef]
    limits: Sequence[Value]
    checked: bool

    def start(self, array: ArrayRef, point: dict[int, Value], joint: int) -> Value:
        """The address that the indices at `point` lead to."""
        scene, pointer = self.scene, array.pointer
        for k, limit in enumerate(self.limits):
            index, inside = self._index(k, limit, {axis: point[axis] for axis in range(joint)})
            if self.checked:
                scene.require(inside)
            pointer = scene.offset(pointer, scene.b.mul(index, array.strides[k]))
        return pointer

    def check_all(self, lengths: Sequence[Value]) -> None:
        """Fail if any index is out of range."""
        scene, b = self.scene, self.scene.b
        wrong = scene.room(I1)
        b.store(I1(0), wrong)

        def look(point: dict[int, Value]) -> None:
            outside: Value = b.load(wrong, typ=I1)
            for k, limit in enumerate(self.limits):
                outside = b.or_(outside, b.not_(self._index(k, limit, point)[1]))
            b.store(outside, wrong)

        _nest(scene, range(len(lengths)), lengths, look)
        scene.require(b.not_(b.load(wrong, typ=I1)))

    def _index(self, k: int, limit: Value, point: dict[int, Value]) -> tuple[Value, Value]:
        """An index counted from the front, and whether it is in range."""
        scene, b = self.scene, self.scene.b
        place = _at(scene, self.arrays[k], point)
        given = b.load(place, align=_alignment(self.nodes[k]), typ=I64)
        mark(scene, given, self.arrays[k].roots)
        index = b.select(b.icmp_signed("<", given, I64(0)), b.add(given, limit), given)
        return index, b.icmp_unsigned("<", index, limit)


def _check_of_nothing(scene: Scene, places: _Places, lengths: Sequence[Value], joint: int) -> None:
    """NumPy checks indices also where the other axes have no elements, so that none of them is used."""
    empty: Value = I1(0)
    for length in lengths[joint:]:
        empty = scene.b.or_(empty, scene.b.icmp_signed("==", length, I64(0)))
    with scene.b.if_then(empty, likely=False):
        places.check_all(lengths[:joint])


# Loops ----------------------------------------------------------------------------------------------------------


def _nest(
    scene: Scene, axes: Sequence[int], lengths: Sequence[Value], body: Callable[[dict[int, Value]], None]
) -> None:
    """`body` for every point of these axes, the first one slowest."""

    def inner(rest: Sequence[int], point: dict[int, Value]) -> None:
        if not rest:
            body(point)
            return
        with scene.loop(f"axis{rest[0]}", lengths[rest[0]]) as index:
            inner(rest[1:], {**point, rest[0]: index})

    inner(axes, {})


def _open(scene: Scene, block: ir.Block) -> None:
    scene.function.blocks.append(block)
    scene.b.position_at_end(block)


def _at(scene: Scene, array: ArrayRef, point: dict[int, Value]) -> Value:
    """The address of an element; axes that `point` leaves out count as 0."""
    pointer = array.pointer
    for axis, stride in enumerate(array.strides):
        if axis in point:
            pointer = scene.offset(pointer, scene.b.mul(point[axis], stride))
    return pointer


def _run(node: Node, source: Node, order: list[int], joint: int, indexed: int) -> tuple[list[int], list[int]]:
    """The axes to loop over, and those that lie as one in source and result, fastest last."""
    layout = array_type(source).layout
    tail: list[int] = []
    speed = 1
    for axis in reversed(order):
        mine = axis - joint + indexed
        if axis < joint or layout.negative[mine] or not layout.unit or array_type(node).layout.ranks[axis] == 0:
            break
        if layout.ranks[mine] != speed or (tail and not layout.packed):
            break
        tail.insert(0, axis)
        speed += 1
    return order[: len(order) - len(tail)], tail


# Elements -------------------------------------------------------------------------------------------------------


def _alignment(node: Node) -> int:
    type_ = array_type(node)
    return type_.dtype.alignment if type_.layout.alignment == "aligned" else 1


def _move(scene: Scene, source: Node, read: ArrayRef, start: Value, node: Node, made: ArrayRef, target: Value) -> None:
    """One element from one array to the other."""
    type_ = _WHOLE[array_type(node).dtype.itemsize]
    found = scene.b.load(start, align=_alignment(source), typ=type_)
    mark(scene, found, read.roots)
    mark(scene, scene.b.store(found, target, align=_alignment(node)), made.roots)


def _copy(scene: Scene, start: Value, target: Value, size: Value, dtype: DType) -> None:
    """So many bytes of elements in a row."""
    b, module = scene.b, scene.function.module
    copy = declare(module, "llvm.memcpy.p0.p0.i64", VOID, [POINTER, POINTER, I64, I1])
    if isinstance(size, ir.Constant):
        b.call(copy, [target, start, size, I1(0)])
        return
    with b.if_else(b.icmp_signed("<", size, I64(LONG_RUN * dtype.itemsize))) as (short, long):
        with short:
            type_ = _WHOLE[dtype.itemsize]
            with scene.loop("short", b.sdiv(size, I64(dtype.itemsize))) as index:
                value = b.load(b.gep(start, [index], source_etype=type_), align=1, typ=type_)
                b.store(value, b.gep(target, [index], source_etype=type_), align=1)
        with long:
            b.call(copy, [target, start, size, I1(0)])
