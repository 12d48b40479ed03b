"""Copies of operands in memory of the pool, in C order: what a library of others can read, in the dtype that it reads.

Called by `lowering.calls` and `lowering.linalg`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from eqsat.ir.types import DType
from lowering.operand import Operand
from lowering.scalar import CAST
from lowering.scene import NULL, Scene
from lowering.site import Site
from lowering.values import I64, Value, load, store


@contextmanager
def room_for(scene: Scene, shape: Sequence[Value], dtype: DType) -> Generator[Operand]:
    """Memory for an array of this shape, in C order, for as long as the `with` statement lasts."""
    if not shape:
        yield Operand(scene.stack(dtype, 1), dtype, (), ())
        return
    made = _take(scene, shape, dtype)
    yield made
    scene.drop(made.pointer)


def _take(scene: Scene, shape: Sequence[Value], dtype: DType) -> Operand:
    strides: list[Value] = []
    size: Value = I64(dtype.itemsize)
    for length in reversed(shape):
        strides.insert(0, size)
        size = scene.b.mul(size, length)
    return Operand(scene.take(size), dtype, tuple(shape), tuple(strides))


@contextmanager
def copied_where(scene: Scene, condition: Value, operand: Operand) -> Generator[Operand]:
    """The operand, or a copy of it where the condition holds in the run; it has axes."""
    b = scene.b
    before = b.block
    with b.if_then(condition, likely=False):
        made = _take(scene, operand.shape, operand.dtype)
        copy(scene, operand, made)
        copied = b.block

    def either(old: Value, new: Value) -> Value:
        found = b.phi(new.type)
        found.add_incoming(old, before)
        found.add_incoming(new, copied)
        return found

    pairs = list(zip(operand.strides, made.strides, strict=True))
    pointer, owner = either(operand.pointer, made.pointer), either(NULL, made.pointer)
    yield Operand(pointer, operand.dtype, operand.shape, tuple(either(*pair) for pair in pairs))
    scene.drop(owner)


def copy(scene: Scene, source: Operand, target: Operand) -> None:
    """Every element, converted if the dtypes differ; neither need be aligned."""
    _over(scene, source, target, 0, source.pointer, target.pointer)


def _over(scene: Scene, source: Operand, target: Operand, axis: int, read: Value, write: Value) -> None:
    b = scene.b
    if axis == source.ndim:
        value = load(b, read, source.dtype, 1, 1)
        if source.dtype != target.dtype:
            value = CAST(Site(b, (source.dtype,), target.dtype), value)
        store(b, value, write, target.dtype, 1)
        return
    with scene.loop(f"copy{axis}", source.shape[axis]) as index:
        places = [
            scene.offset(pointer, b.mul(index, array.strides[axis]))
            for pointer, array in ((read, source), (write, target))
        ]
        _over(scene, source, target, axis + 1, *places)
