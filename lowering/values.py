"""Numbers in registers and in memory: LLVM types of dtypes, loads and stores of vectors, constants.

A value of `lanes` elements is a vector, or a scalar if it has one part: a complex number is two parts side by side, as
in memory, so that complex addition is plain addition. A bool is one bit in registers, a byte in memory; a float16 is
its bits, since all arithmetic on it is NumPy's. Extended precision, dates and objects are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from eqsat.errors import UnsupportedError
from eqsat.ir.nodes import Constant
from eqsat.ir.types import DType

Value = Any
Builder = Any
"""`ir.Value` and `ir.IRBuilder`: llvmlite has no annotations, and what is inferred from its decorators is wrong."""

POINTER = ir.PointerType()
VOID = ir.VoidType()
I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()


@dataclass(frozen=True, slots=True)
class Format:
    """How an element lies in memory (`memory`) and in registers (`part`, `parts` of them)."""

    memory: ir.Type
    part: ir.Type
    parts: int


_FORMATS: dict[str, Format] = {
    "b1": Format(I8, I1, 1),
    **{
        f"{kind}{size}": Format(ir.IntType(8 * size), ir.IntType(8 * size), 1) for kind in "iu" for size in (1, 2, 4, 8)
    },
    "f2": Format(I16, I16, 1),
    "f4": Format(F32, F32, 1),
    "f8": Format(F64, F64, 1),
    "c8": Format(F32, F32, 2),
    "c16": Format(F64, F64, 2),
}


def format_of(dtype: DType) -> Format:
    """The format of a dtype's elements."""
    found = _FORMATS.get(f"{dtype.kind}{dtype.itemsize}")
    if found is None or not dtype.isnative:
        raise UnsupportedError(
            f"eqsat does not compute with dtype {dtype}",
            have="it knows bool, integers of 8 to 64 bits, float16 to float64, complex64 and complex128",
            instead="convert with `.astype(...)` before the call",
        )
    return found


def vector(part: ir.Type, count: int) -> ir.Type:
    """`count` parts: a vector, or the part itself."""
    return part if count == 1 else ir.VectorType(part, count)


def register_type(dtype: DType, lanes: int) -> ir.Type:
    """The type of a value of `lanes` elements."""
    form = format_of(dtype)
    return vector(form.part, lanes * form.parts)


def lanes_of(value: Value) -> int:
    """How many parts a value has."""
    return value.type.count if isinstance(value.type, ir.VectorType) else 1


def same(value: float, type_: ir.Type) -> ir.Constant:
    """A constant with this number in every part."""
    if isinstance(type_, ir.VectorType):
        return ir.Constant(type_, [ir.Constant(type_.element, value)] * type_.count)
    return ir.Constant(type_, value)


def load(b: Builder, pointer: Value, dtype: DType, lanes: int, align: int = 1) -> Value:
    """Read `lanes` neighbouring elements."""
    form = format_of(dtype)
    found = b.load(pointer, align=align, typ=vector(form.memory, lanes * form.parts))
    return truth(b, found) if dtype.kind == "b" else found


def store(b: Builder, value: Value, pointer: Value, dtype: DType, align: int = 1) -> ir.Instruction:
    """Write neighbouring elements."""
    if dtype.kind == "b":
        value = b.zext(value, vector(I8, lanes_of(value)))
    return b.store(value, pointer, align=align)


def truth(b: Builder, value: Value) -> Value:
    """Integers as bools: a byte of a bool array may hold any number, if it is a view of other memory."""
    return b.icmp_unsigned("!=", value, same(0, value.type))


def splat(b: Builder, value: Value, dtype: DType, lanes: int) -> Value:
    """One element repeated in every lane."""
    if lanes == 1:
        return value
    if isinstance(value, ir.Constant):
        constants: Sequence[ir.Constant] = value.constant if isinstance(value.type, ir.VectorType) else [value]
        return ir.Constant(register_type(dtype, lanes), list(constants) * lanes)
    parts = format_of(dtype).parts
    if parts == 1:
        one = b.insert_element(ir.Constant(vector(value.type, lanes), ir.Undefined), value, I32(0))
        return shuffle(b, one, [0] * lanes)
    return shuffle(b, value, [0, 1] * lanes)


def shuffle(b: Builder, value: Value, picks: Sequence[int], other: Value | None = None) -> Value:
    """The parts of `value` (then those of `other`) with these numbers, as a vector."""
    mask = ir.Constant(ir.VectorType(I32, len(picks)), [I32(k) for k in picks])
    return b.shuffle_vector(value, other or ir.Constant(value.type, ir.Undefined), mask)


def constant(known: Constant) -> ir.Constant:
    """A constant of one element."""
    form = format_of(known.dtype)
    value = np.frombuffer(known.data, known.dtype)
    if form.parts == 2:
        real = value.view(f"f{known.dtype.itemsize // 2}")
        return ir.Constant(ir.VectorType(form.part, 2), [ir.Constant(form.part, float(x)) for x in real])
    if known.dtype.kind == "f" and known.dtype.itemsize > 2:
        return ir.Constant(form.part, float(value[0]))
    if known.dtype.kind == "f":
        value = value.view(np.uint16)
    return ir.Constant(form.part, int(value[0]))
