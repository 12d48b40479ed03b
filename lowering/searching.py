"""Where numbers belong in a sorted vector: `searchsorted`, by halving.

The steps are NumPy's, so that the answer is the same even where the vector is not sorted: each search begins from the
bounds that the one before left. Elements are compared by the keys of `lowering.extremes`, among which NaN is the
largest. Called by `lowering.library`; refuses nothing.
"""

from __future__ import annotations

from llvmlite import ir

from eqsat.ir.nodes import Node
from lowering.arrays import array_type, extents, fresh, mark, reference
from lowering.extremes import integer_of, key_of
from lowering.scene import ArrayRef, Scene
from lowering.values import I64, Value


def search(scene: Scene, node: Node) -> None:
    """See `eqsat.ir.ops.LIBRARY`."""
    vector, array = node.args
    b, key_type = scene.b, integer_of(array_type(vector).dtype)
    table, sought = reference(scene, vector), reference(scene, array)
    made = fresh(scene, node)
    (count,), lengths = extents(scene, vector), extents(scene, array)
    low, high, last = scene.room(I64), scene.room(I64), scene.room(key_type)
    b.store(I64(0), low)
    b.store(count, high)
    # The smallest key: the first search is over all of the vector whether it counts as larger or not.
    b.store(key_type(-(1 << (key_type.width - 1))), last)

    def over(axis: int, pointer: Value, target: Value) -> None:
        if axis < len(lengths):
            with scene.loop(f"axis{axis}", lengths[axis]) as index:
                following = scene.offset(target, b.mul(index, made.strides[axis]))
                over(axis + 1, scene.offset(pointer, b.mul(index, sought.strides[axis])), following)
            return
        key = _key(scene, array, sought, pointer)
        further = _before(scene, node, b.load(last, typ=key_type), key)
        b.store(key, last)
        found = b.load(high, typ=I64)
        more = b.add(found, I64(1))
        reach = b.select(b.icmp_signed("<", found, count), more, count)
        b.store(b.select(further, count, reach), high)
        b.store(b.select(further, b.load(low, typ=I64), I64(0)), low)
        test, halve, done = (ir.Block(scene.function, name) for name in ("test", "halve", "done"))
        b.branch(test)
        _open(scene, test)
        first, behind = b.load(low, typ=I64), b.load(high, typ=I64)
        b.cbranch(b.icmp_signed("<", first, behind), halve, done)
        _open(scene, halve)
        middle = b.add(first, b.ashr(b.sub(behind, first), I64(1)))
        there = _key(scene, vector, table, scene.offset(table.pointer, b.mul(middle, table.strides[0])))
        up = _before(scene, node, there, key)
        b.store(b.select(up, b.add(middle, I64(1)), first), low)
        b.store(b.select(up, behind, middle), high)
        b.branch(test)
        _open(scene, done)
        mark(scene, b.store(first, target, align=8), made.roots)

    over(0, sought.pointer, made.pointer)


def _before(scene: Scene, node: Node, one: Value, other: Value) -> Value:
    """Whether what is sought belongs behind: from the right, behind its equals too."""
    return scene.b.icmp_signed("<" if node.attr == "left" else "<=", one, other)


def _key(scene: Scene, node: Node, array: ArrayRef, pointer: Value) -> Value:
    dtype, layout = array_type(node).dtype, array_type(node).layout
    align = dtype.alignment if layout.alignment == "aligned" else 1
    found = scene.b.load(pointer, align=align, typ=integer_of(dtype))
    mark(scene, found, array.roots)
    return key_of(scene.b, found, dtype, False)


def _open(scene: Scene, block: ir.Block) -> None:
    scene.function.blocks.append(block)
    scene.b.position_at_end(block)
