"""Matrix products: a call of NumPy's own loop of `matmul`, on operands as they lie.

Called by `lowering.library`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, Scalar
from lowering.arrays import array_type, extents, fresh, reference
from lowering.numpy_loops import inner_loop
from lowering.scene import Scene
from lowering.values import I8, I64, POINTER, VOID, Value, load


def matmul(scene: Scene, node: Node) -> None:
    """The product; of two vectors it is a number."""
    left, right = node.args
    a, b = reference(scene, left), reference(scene, right)
    one = I64(1)
    rows = extents(scene, left)[0] if array_type(left).ndim == 2 else one
    inner = extents(scene, left)[-1]
    columns = extents(scene, right)[1] if array_type(right).ndim == 2 else one
    down = a.strides[0] if array_type(left).ndim == 2 else I64(0)
    across = b.strides[1] if array_type(right).ndim == 2 else I64(0)
    dtype = array_type(left).dtype
    if isinstance(node.type, Array):
        made = fresh(scene, node)
        pointer = made.pointer
        steps = list(made.strides)
        if array_type(left).ndim == 1:
            steps.insert(0, I64(0))
        if array_type(right).ndim == 1:
            steps.append(I64(0))
    else:
        pointer, steps = scene.stack(dtype, 1), [I64(0), I64(0)]
    distances = [I64(0), I64(0), I64(0), down, a.strides[-1], b.strides[0], across, *steps]
    _call(scene, dtype.char, [a.pointer, b.pointer, pointer], [one, rows, inner, columns], distances)
    if isinstance(node.type, Scalar):
        scene.learn(node, load(scene.b, pointer, dtype, 1, dtype.alignment))


def _call(
    scene: Scene, char: str, pointers: Sequence[Value], dimensions: Sequence[Value], distances: Sequence[Value]
) -> None:
    """Run the loop once: `dimensions` are one turn, rows, inner length, columns."""
    module, b = scene.function.module, scene.b
    loop = f"{char}{char}->{char}"
    found = inner_loop("matmul", loop)
    symbol = f"np.matmul:{loop}"
    function = module.globals.get(symbol)
    if function is None:
        function = ir.Function(module, ir.FunctionType(VOID, [POINTER] * 4), symbol)
    data: Value = ir.Constant(POINTER, None)
    if found.data:
        data = module.globals.get(f"{symbol}!data") or ir.GlobalVariable(module, I8, f"{symbol}!data")
    rooms: list[Value] = []
    for values, type_ in ((pointers, POINTER), (dimensions, I64), (distances, I64)):
        room = _room(scene, type_, len(values))
        for k, value in enumerate(values):
            b.store(value, b.gep(room, [I64(k)], source_etype=type_))
        rooms.append(room)
    b.call(function, [*rooms, data])


def _room(scene: Scene, type_: ir.Type, count: int) -> Value:
    """Room on the stack that all products use."""
    key = (f"matmul.{count}", 8 * count)
    if key not in scene.scratches:
        scene.scratches[key] = scene.room(ir.ArrayType(type_, count))
    return scene.scratches[key]
