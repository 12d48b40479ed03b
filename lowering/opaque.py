"""Calls of opaque functions: machine code element by element, or a callback into Python.

Neither changes the floating-point flags, as Python hears nothing of those that C code raises. A callback may fail, as a
check does. Called by `lowering.calls`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from llvmlite import ir

from eqsat.ir.opaque import Opaque
from eqsat.ir.types import DType
from lowering.callbacks import address_of_callback
from lowering.flags import ALL, declare, raise_flags, test_flags
from lowering.operand import Operand
from lowering.scene import NULL, Scene
from lowering.values import I8, I32, I64, POINTER, Value, format_of, load, store, truth


def run(scene: Scene, function: Opaque, operands: Sequence[Operand], result: Operand) -> None:
    """Put what the function gives into memory that is there."""
    with _flags_kept(scene):
        if function.address is not None:
            _elements(scene, function.address, operands, result)
            return
        succeeded = _call_back(scene, function, operands, result)
    scene.require(scene.b.icmp_signed("!=", succeeded, I32(0)))


@contextmanager
def _flags_kept(scene: Scene) -> Generator[None]:
    """The floating-point flags afterwards are those before, if anybody listens."""
    b = scene.b
    if not scene.routine.heard:
        yield
        return
    before = test_flags(b)
    yield
    with b.if_then(b.icmp_unsigned("!=", test_flags(b), before), likely=False):
        b.call(declare(b.module, "feclearexcept", I32, [I32]), [I32(ALL)])
        raise_flags(b, before)


# Machine code ---------------------------------------------------------------------------------------------------


def _elements(scene: Scene, address: int, operands: Sequence[Operand], result: Operand) -> None:
    """One call for each element of the result; operands are numbers, or have its axes."""
    types = [_passed(operand.dtype) for operand in operands]
    callee = declare(scene.function.module, f"at.{address:x}", _returned(result.dtype), types)

    def over(axis: int, pointers: Sequence[Value]) -> None:
        if axis < result.ndim:
            with scene.loop(f"axis{axis}", result.shape[axis]) as index:
                moved = [
                    scene.offset(pointer, scene.b.mul(index, one.strides[axis])) if one.ndim else pointer
                    for pointer, one in zip(pointers, (*operands, result), strict=True)
                ]
                over(axis + 1, moved)
            return
        *places, target = pointers
        values = [
            _widened(scene, load(scene.b, place, one.dtype, 1), one.dtype)
            for place, one in zip(places, operands, strict=True)
        ]
        found = scene.b.call(callee, values)
        store(scene.b, truth(scene.b, found) if result.dtype.kind == "b" else found, target, result.dtype)

    over(0, [one.pointer for one in (*operands, result)])


def _passed(dtype: DType) -> ir.Type:
    """How C passes a number: small integers and bools with 32 bits."""
    return I32 if dtype.kind in "biu" and dtype.itemsize < 4 else format_of(dtype).part


def _returned(dtype: DType) -> ir.Type:
    """How C returns a number: of a small integer only its own bits count."""
    return I8 if dtype.kind == "b" else format_of(dtype).part


def _widened(scene: Scene, value: Value, dtype: DType) -> Value:
    if dtype.kind in "bu" and dtype.itemsize < 4:
        return scene.b.zext(value, I32)
    return scene.b.sext(value, I32) if dtype.kind == "i" and dtype.itemsize < 4 else value


# Python functions -----------------------------------------------------------------------------------------------


def _call_back(scene: Scene, function: Opaque, operands: Sequence[Operand], result: Operand) -> Value:
    """Call the function from Python; not null if it gave what was stated."""
    b, everything = scene.b, (*operands, result)
    address = address_of_callback(function, [one.ndim for one in everything])
    callee = declare(scene.function.module, f"at.{address:x}", I32, [POINTER, POINTER])
    pointers = _filled(scene, "pointers", POINTER, [one.pointer for one in everything])
    geometry = [value for one in everything for value in (*one.shape, *one.strides)]
    return b.call(callee, [pointers, _filled(scene, "geometry", I64, geometry) if geometry else NULL])


def _filled(scene: Scene, name: str, type_: ir.Type, values: Sequence[Value]) -> Value:
    """Room on the stack that all callbacks use, with these values."""
    key = (f"opaque.{name}", len(values))
    if key not in scene.scratches:
        scene.scratches[key] = scene.room(ir.ArrayType(type_, len(values)))
    room = scene.scratches[key]
    for k, value in enumerate(values):
        scene.b.store(value, scene.b.gep(room, [I64(k)], source_etype=type_))
    return room
