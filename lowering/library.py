"""Operations on whole arrays that the e-graph does not hold (`eqsat.ir.ops.LIBRARY`), each as loops of its own.

Results are new memory. Called by `lowering.steps`; refuses nothing.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir import signature
from eqsat.ir.body import Scatter
from eqsat.ir.nodes import Node
from eqsat.ir.program import Apply, Argument
from lowering import gathering, products
from lowering.arrays import array_type, bytes_of, extents, fresh, mark, reference
from lowering.evaluate import apply
from lowering.flags import declare
from lowering.scene import ArrayRef, Scene
from lowering.values import I1, I8, I64, POINTER, VOID, Value, format_of, load, register_type, store


def emit(scene: Scene, node: Node) -> None:
    """Run the operation of a node; what it gives is known afterwards."""
    match node.op:
        case "literal":
            _literal(scene, node)
        case "iota":
            _iota(scene, node)
        case "gather":
            gathering.gather(scene, node)
        case "nonzero":
            gathering.nonzero(scene, node)
        case "matmul":
            products.matmul(scene, node)
        case "accumulate":
            _accumulate(scene, node)
        case _:
            raise InternalError(f"there is no code for the operation {node.op}", node.span)


def emit_scatter(scene: Scene, step: Scatter) -> None:
    """Put values into single places of an array."""
    gathering.scatter(scene, step)


def _literal(scene: Scene, node: Node) -> None:
    data = node.attr
    assert isinstance(data, bytes)
    made = fresh(scene, node)
    if not data:
        return
    module = scene.function.module
    type_ = ir.ArrayType(I8, len(data))
    known = ir.GlobalVariable(module, type_, module.get_unique_name("literal"))
    known.global_constant, known.linkage, known.align = True, "private", 64
    known.initializer = ir.Constant(type_, bytearray(data))
    copy = declare(module, "llvm.memcpy.p0.p0.i64", VOID, [POINTER, POINTER, I64, I1])
    scene.b.call(copy, [made.pointer, known, bytes_of(scene, node), I1(0)])


def _iota(scene: Scene, node: Node) -> None:
    b, dtype = scene.b, array_type(node).dtype
    start, delta = (scene.number(arg) for arg in node.args)
    made = fresh(scene, node)
    type_ = register_type(dtype, 1)
    (count,) = extents(scene, node)
    with scene.loop("iota", count) as index:
        if dtype.kind == "f":
            value = b.fadd(start, b.fmul(b.sitofp(index, type_), delta))
        else:
            turn = b.trunc(index, type_) if type_ != I64 else index
            value = b.add(start, b.mul(turn, delta))
        place = b.gep(made.pointer, [index], source_etype=format_of(dtype).memory)
        mark(scene, store(b, value, place, dtype, dtype.alignment), made.roots)


def _accumulate(scene: Scene, node: Node) -> None:
    """Along one axis, one element after the other; over the others as the result lies."""
    attr: Any = node.attr
    name, axis = attr
    assert isinstance(name, str) and isinstance(axis, int)
    source, made = reference(scene, node.args[0]), fresh(scene, node)
    lengths = extents(scene, node)
    others = [k for k in array_type(node).layout.order if k != axis]
    _over(scene, node, name, axis, others, lengths, source, made, source.pointer, made.pointer)


def _over(
    scene: Scene,
    node: Node,
    name: str,
    axis: int,
    others: list[int],
    lengths: tuple[Value, ...],
    source: ArrayRef,
    made: ArrayRef,
    read: Value,
    write: Value,
) -> None:
    if others:
        k = others[0]
        with scene.loop(f"axis{k}", lengths[k]) as index:
            places = [
                scene.offset(pointer, scene.b.mul(index, array.strides[k]))
                for pointer, array in ((read, source), (write, made))
            ]
            _over(scene, node, name, axis, others[1:], lengths, source, made, *places)
        return
    b = scene.b
    dtype = array_type(node).dtype
    mine, theirs = (dtype.alignment if _is_aligned(n) else 1 for n in (node, node.args[0]))
    sums = scene.room(register_type(dtype, 1))
    char = dtype.char
    term = Apply(name, signature.write([char, char], char), (Argument(0, dtype), Argument(1, dtype)), dtype)
    with scene.loop("run", lengths[axis]) as index:
        place = scene.offset(read, b.mul(index, source.strides[axis]))
        found = load(b, place, dtype, 1, theirs)
        first = b.icmp_signed("==", index, I64(0))
        with b.if_else(first) as (begin, go_on):
            with begin:
                b.store(found, sums)
            with go_on:
                before = b.load(sums, typ=register_type(dtype, 1))
                b.store(apply(scene, term, [before, found], 1), sums)
        total = b.load(sums, typ=register_type(dtype, 1))
        store(b, total, scene.offset(write, b.mul(index, made.strides[axis])), dtype, mine)


def _is_aligned(node: Node) -> bool:
    return array_type(node).layout.alignment == "aligned"
