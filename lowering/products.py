"""Matrix products: a call of NumPy's own loop of `matmul`, on operands as they lie.

Called by `lowering.calls`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from lowering.core_loops import call_core_loop
from lowering.operand import Operand
from lowering.scene import Scene
from lowering.values import I64


def matmul(scene: Scene, operands: Sequence[Operand], result: Operand) -> None:
    """The product; of two vectors it is a number."""
    left, right = operands
    one, still = I64(1), I64(0)
    rows, down = (left.shape[0], left.strides[0]) if left.ndim == 2 else (one, still)
    columns, across = (right.shape[1], right.strides[1]) if right.ndim == 2 else (one, still)
    made = list(result.strides)
    if left.ndim == 1:
        made.insert(0, still)
    if right.ndim == 1:
        made.append(still)
    char = left.dtype.char
    core = [rows, left.shape[-1], columns]
    strides = [down, left.strides[-1], right.strides[0], across, *made]
    call_core_loop(
        scene, "matmul", f"{char}{char}->{char}", [left.pointer, right.pointer, result.pointer], core, strides
    )
