"""Operations on whole arrays that the e-graph does not hold (`eqsat.ir.ops.LIBRARY`), each as loops of its own.

Results are new memory. Called by `lowering.steps`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir import signature
from eqsat.ir.body import Scatter
from eqsat.ir.nodes import Node
from eqsat.ir.ops import CALLS
from eqsat.ir.program import Apply, Argument
from eqsat.ir.types import DType
from lowering import calls, extremes, gathering, searching
from lowering.arrays import array_type, bytes_of, extents, fresh, mark, reference
from lowering.evaluate import apply, call_inner_loop
from lowering.flags import declare
from lowering.scene import Scene
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
        case name if name in CALLS:
            calls.invoke(scene, node)
        case "argmax" | "argmin":
            extremes.place(scene, node)
        case "searchsorted":
            searching.search(scene, node)
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
    known.global_constant, known.linkage = True, "private"
    known.initializer = ir.Constant(type_, bytearray(data))  # pyright: ignore[reportAttributeAccessIssue]
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
    run = _borrowed if array_type(node).dtype.kind == "c" or array_type(node).dtype.itemsize == 2 else _summed

    def over(others: Sequence[int], read: Value, write: Value) -> None:
        if not others:
            line = _Line(read, source.strides[axis], write, made.strides[axis], lengths[axis])
            run(scene, node, name, line)
            return
        with scene.loop(f"axis{others[0]}", lengths[others[0]]) as index:
            places = [
                scene.offset(pointer, scene.b.mul(index, array.strides[others[0]]))
                for pointer, array in ((read, source), (write, made))
            ]
            over(others[1:], places[0], places[1])

    over([k for k in array_type(node).layout.order if k != axis], source.pointer, made.pointer)


@dataclass(frozen=True, slots=True)
class _Line:
    """Elements in a row, and where their running results go."""

    read: Value
    read_step: Value
    write: Value
    write_step: Value
    length: Value


def _summed(scene: Scene, node: Node, name: str, line: _Line) -> None:
    """By instructions: what came before stays in a register."""
    b, dtype = scene.b, array_type(node).dtype
    mine, theirs = (dtype.alignment if _is_aligned(n) else 1 for n in (node, node.args[0]))
    type_ = register_type(dtype, 1)
    total = scene.room(type_)
    term = Apply(name, _loop(dtype), (Argument(0, dtype), Argument(1, dtype)), dtype)
    with b.if_then(b.icmp_signed(">", line.length, I64(0))):
        first = load(b, line.read, dtype, 1, theirs)
        b.store(first, total)
        store(b, first, line.write, dtype, mine)
        with scene.loop("run", line.length, I64(1)) as index:
            found = load(b, scene.offset(line.read, b.mul(index, line.read_step)), dtype, 1, theirs)
            value = apply(scene, term, [b.load(total, typ=type_), found], 1)
            b.store(value, total)
            store(b, value, scene.offset(line.write, b.mul(index, line.write_step)), dtype, mine)


def _borrowed(scene: Scene, node: Node, name: str, line: _Line) -> None:
    """By NumPy's loop, which reads what it has just written: its bits may be others than those of separate arrays."""
    b, dtype = scene.b, array_type(node).dtype
    with b.if_then(b.icmp_signed(">", line.length, I64(0))):
        store(b, load(b, line.read, dtype, 1), line.write, dtype)
        following = [scene.offset(line.read, line.read_step), scene.offset(line.write, line.write_step)]
        pointers = [line.write, *following]
        steps = [line.write_step, line.read_step, line.write_step]
        call_inner_loop(scene, name, _loop(dtype), pointers, steps, b.sub(line.length, I64(1)))


def _loop(dtype: DType) -> str:
    return signature.write([dtype.char, dtype.char], dtype.char)


def _is_aligned(node: Node) -> bool:
    return array_type(node).layout.alignment == "aligned"
