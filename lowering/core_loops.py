"""Calls of the inner loops of NumPy's generalized ufuncs: each works on whole matrices and vectors, once.

Called by `lowering.products` and `lowering.linalg`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from lowering.numpy_loops import inner_loop
from lowering.scene import Scene
from lowering.values import I8, I64, POINTER, VOID, Value


def call_core_loop(
    scene: Scene, name: str, loop: str, pointers: Sequence[Value], core: Sequence[Value], strides: Sequence[Value]
) -> None:
    """Run the loop once.

    `core` are the lengths of the axes that its signature names, in the order in which it names them; `strides` those of
    the operands' axes, one operand after the other.
    """
    module, b = scene.function.module, scene.b
    found = inner_loop(name, loop)
    symbol = f"np.{name}:{loop}"
    function = module.globals.get(symbol)
    if function is None:
        function = ir.Function(module, ir.FunctionType(VOID, [POINTER] * 4), symbol)
    data: Value = ir.Constant(POINTER, None)
    if found.data:
        data = module.globals.get(f"{symbol}!data") or ir.GlobalVariable(module, I8, f"{symbol}!data")
    once, still = [I64(1)], [I64(0)] * len(pointers)
    rooms: list[Value] = []
    for values, type_ in ((pointers, POINTER), ((*once, *core), I64), ((*still, *strides), I64)):
        room = _room(scene, type_, len(values))
        for k, value in enumerate(values):
            b.store(value, b.gep(room, [I64(k)], source_etype=type_))
        rooms.append(room)
    b.call(function, [*rooms, data])


def _room(scene: Scene, type_: ir.Type, count: int) -> Value:
    """Room on the stack that all such calls use."""
    key = (f"core.{type_}.{count}", 8 * count)
    if key not in scene.scratches:
        scene.scratches[key] = scene.room(ir.ArrayType(type_, count))
    return scene.scratches[key]
