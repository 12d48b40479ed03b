"""The places of the largest and smallest elements: `argmax`, `argmin`. Of equal ones it is the first, and NaN counts
as the most extreme.

Called by `lowering.library`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, DType
from lowering.arrays import array_type, extents, fresh, mark, reference
from lowering.scene import Scene
from lowering.values import I64, Builder, Value, load, register_type


def place(scene: Scene, node: Node) -> None:
    """See `eqsat.ir.ops.LIBRARY`."""
    (source,) = node.args
    read, lengths = reference(scene, source), extents(scene, source)
    axes = list(range(len(lengths)))
    if not isinstance(node.type, Array):
        scene.learn(node, _line(scene, node, read.pointer, axes, lengths))
        return
    axis = node.attr
    assert isinstance(axis, int)
    made = fresh(scene, node)
    kept = [k for k in axes if k != axis]

    def over(number: int, start: Value, target: Value) -> None:
        if number == len(kept):
            found = _line(scene, node, start, [axis], lengths)
            mark(scene, scene.b.store(found, target, align=8), made.roots)
            return
        with scene.loop(f"axis{kept[number]}", lengths[kept[number]]) as index:
            following = scene.offset(start, scene.b.mul(index, read.strides[kept[number]]))
            over(number + 1, following, scene.offset(target, scene.b.mul(index, made.strides[number])))

    over(0, read.pointer, made.pointer)


def _line(scene: Scene, node: Node, start: Value, axes: Sequence[int], lengths: Sequence[Value]) -> Value:
    """The number, counted in C order, of the most extreme of the elements along these axes."""
    (source,) = node.args
    b, type_ = scene.b, array_type(source)
    dtype, read = type_.dtype, reference(scene, source)
    aligned = dtype.alignment if type_.layout.alignment == "aligned" else 1
    register = register_type(dtype, 1)
    best, where, count = scene.room(register), scene.room(I64), scene.room(I64)
    for room in (where, count):
        b.store(I64(0), room)
    b.store(load(b, start, dtype, 1, aligned), best)

    def over(rest: Sequence[int], pointer: Value) -> None:
        if rest:
            with scene.loop(f"axis{rest[0]}", lengths[rest[0]]) as index:
                over(rest[1:], scene.offset(pointer, b.mul(index, read.strides[rest[0]])))
            return
        found, before = load(b, pointer, dtype, 1, aligned), b.load(best, typ=register)
        here, place_before = b.load(count, typ=I64), b.load(where, typ=I64)
        better = _beats(b, found, before, dtype, ">" if node.op == "argmax" else "<")
        b.store(b.select(better, found, before), best)
        b.store(b.select(better, here, place_before), where)
        b.store(b.add(here, I64(1)), count)

    over(list(axes), start)
    return b.load(where, typ=I64)


def _beats(b: Builder, value: Value, other: Value, dtype: DType, relation: str) -> Value:
    """Whether a later element is more extreme."""
    if dtype.kind == "f":
        first_nan = b.and_(b.fcmp_unordered("uno", value, value), b.fcmp_ordered("ord", other, other))
        ordered = b.and_(b.fcmp_ordered("ord", other, other), b.fcmp_ordered(relation, value, other))
        return b.or_(ordered, first_nan)
    compare = b.icmp_signed if dtype.kind == "i" else b.icmp_unsigned
    return compare(relation, value, other)
