"""Library operations on whole arrays that rules can speak of (`eqsat.ir.ops.CALLS`): which module computes which.

They run at their place in a routine, or as kernels of a program within one. Called by `lowering.library` and
`lowering.segments`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from eqsat.errors import InternalError
from eqsat.ir.nodes import Node
from eqsat.ir.opaque import Opaque
from eqsat.ir.types import Array, Scalar
from lowering import linalg, opaque, products
from lowering.arrays import array_type, extents, fresh, reference
from lowering.copying import copied_where
from lowering.operand import Operand
from lowering.scene import Scene
from lowering.values import I64, Value, load, store


def run(scene: Scene, name: str, attr: object, operands: Sequence[Operand], result: Operand) -> None:
    """Put the result of the operation into memory that is there. Where it fails, the routine is left as by a check."""
    match name:
        case "matmul":
            products.matmul(scene, operands, result)
        case "inv" | "solve" | "det":
            linalg.run(scene, name, operands, result)
        case "opaque":
            assert isinstance(attr, Opaque)
            opaque.run(scene, attr, operands, result)
        case _:
            raise InternalError(f"there is no code for calls of {name}")


def run_freely(scene: Scene, name: str, attr: object, operands: Sequence[Operand], result: Operand) -> None:
    """As `run`, where the bits may be others than NumPy's: products are computed by BLAS, of copies if need be."""
    with ExitStack() as stack:
        if name == "matmul" and result.dtype.kind in "fc":
            operands = [stack.enter_context(copied_where(scene, _is_odd(scene, one), one)) for one in operands]
        run(scene, name, attr, operands, result)


def _is_odd(scene: Scene, operand: Operand) -> Value:
    """Whether NumPy would not hand the operand to BLAS as it lies: its loops for such are many times slower."""
    b, size = scene.b, operand.dtype.itemsize
    inside = b.and_(b.ptrtoint(operand.pointer, I64), I64(operand.dtype.alignment - 1))
    aligned = b.icmp_signed("==", inside, I64(0))
    if operand.ndim == 1:
        return b.not_(b.and_(aligned, _is_line(scene, operand.strides[0], I64(1), size)))
    (rows, columns), (down, across) = operand.shape, operand.strides
    unit = I64(size)
    in_rows = b.and_(b.icmp_signed("==", across, unit), _is_line(scene, down, columns, size))
    in_columns = b.and_(b.icmp_signed("==", down, unit), _is_line(scene, across, rows, size))
    return b.not_(b.and_(aligned, b.or_(in_rows, in_columns)))


def _is_line(scene: Scene, stride: Value, length: Value, size: int) -> Value:
    """Whether a stride is a whole number of elements, and not less than so many."""
    b = scene.b
    whole = b.icmp_signed("==", b.and_(stride, I64(size - 1)), I64(0))
    return b.and_(whole, b.icmp_signed(">=", stride, b.mul(length, I64(size))))


def invoke(scene: Scene, node: Node) -> None:
    """Run the operation of a node; what it gives is known afterwards."""
    operands = [_operand(scene, arg) for arg in node.args]
    if isinstance(node.type, Array):
        made = fresh(scene, node)
        run(
            scene,
            node.op,
            node.attr,
            operands,
            Operand(made.pointer, node.type.dtype, extents(scene, node), made.strides),
        )
        return
    assert isinstance(node.type, Scalar)
    dtype = node.type.dtype
    place = scene.stack(dtype, 1)
    run(scene, node.op, node.attr, operands, Operand(place, dtype, (), ()))
    scene.learn(node, load(scene.b, place, dtype, 1, dtype.alignment))


def _operand(scene: Scene, node: Node) -> Operand:
    if isinstance(node.type, Array):
        found = reference(scene, node)
        return Operand(found.pointer, array_type(node).dtype, extents(scene, node), found.strides)
    assert isinstance(node.type, Scalar)
    place = scene.stack(node.type.dtype, 1)
    store(scene.b, scene.number(node), place, node.type.dtype)
    return Operand(place, node.type.dtype, (), ())
