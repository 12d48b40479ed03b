"""`inv`, `solve` and `det`: calls of NumPy's own loops around LAPACK, which compute in double precision.

NumPy converts single precision before and after. Its loops say by the invalid flag that a matrix is singular, and clear
all flags: what was up before is raised again behind them, and a singular matrix is a check that fails, whereupon Python
runs and raises `LinAlgError`. A determinant leaves flags as they come, and NumPy reports them. Called by
`lowering.calls`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np

from eqsat.ir.types import DType
from lowering.copying import copied_where, copy, room_for
from lowering.core_loops import call_core_loop
from lowering.flags import ALL, INVALID, declare, raise_flags, test_flags
from lowering.operand import Operand
from lowering.scene import Scene
from lowering.values import I32, I64, Value

CHECKED = frozenset({"inv", "solve"})
"""Operations that fail where the matrix is singular."""


def run(scene: Scene, name: str, operands: Sequence[Operand], result: Operand) -> None:
    """Put the result into memory that is there; of operands with the dtype of the result."""
    dtype = np.dtype(np.complex128 if result.dtype.kind == "c" else np.float64)
    chars = dtype.char * len(operands)
    before = _clear(scene) if name in CHECKED else None
    with ExitStack() as stack:
        read = [stack.enter_context(_readable(scene, operand, dtype)) for operand in operands]
        made = result if result.dtype == dtype else stack.enter_context(room_for(scene, result.shape, dtype))
        core = [read[0].shape[0], *(length for operand in read[1:] for length in operand.shape[1:])]
        strides = [stride for array in (*read, made) for stride in array.strides]
        loop = "solve1" if name == "solve" and operands[1].ndim == 1 else name
        pointers = [array.pointer for array in (*read, made)]
        call_core_loop(scene, loop, f"{chars}->{dtype.char}", pointers, core, strides)
        if before is not None:
            _settle(scene, before)
        if made is not result:
            copy(scene, made, result)


@contextmanager
def _readable(scene: Scene, operand: Operand, dtype: DType) -> Generator[Operand]:
    """The operand as the loops read it: in double precision, with elements a whole number of their sizes apart."""
    if operand.dtype != dtype:
        with room_for(scene, operand.shape, dtype) as made:
            copy(scene, operand, made)
            yield made
        return
    with copied_where(scene, _is_shifted(scene, operand), operand) as made:
        yield made


def _is_shifted(scene: Scene, operand: Operand) -> Value:
    """Whether the loops would read between elements."""
    b = scene.b
    alignment, size = operand.dtype.alignment, operand.dtype.itemsize
    found = b.icmp_unsigned("!=", b.and_(b.ptrtoint(operand.pointer, I64), I64(alignment - 1)), I64(0))
    for stride in operand.strides:
        found = b.or_(found, b.icmp_unsigned("!=", b.and_(stride, I64(size - 1)), I64(0)))
    return found


def _clear(scene: Scene) -> Value:
    """Take all flags down; the result is those that were up."""
    before = test_flags(scene.b)
    scene.b.call(declare(scene.function.module, "feclearexcept", I32, [I32]), [I32(ALL)])
    return before


def _settle(scene: Scene, before: Value) -> None:
    """Look whether the loop failed, and have the flags as they were."""
    b = scene.b
    raised = _clear(scene)
    raise_flags(b, before)
    scene.require(b.icmp_unsigned("==", b.and_(raised, I32(INVALID)), I32(0)))
