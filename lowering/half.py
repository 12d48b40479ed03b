"""float16 to and from float32 and float64, by integer arithmetic on bits: rounding and flags are NumPy's.

NumPy converts in software on most builds and raises overflow and underflow itself; so does this code, on every
processor alike. Called by `lowering.scalar`.
"""

from __future__ import annotations

from typing import Protocol

from llvmlite import ir

from eqsat.ir.types import DType
from lowering.flags import OVERFLOW, UNDERFLOW, raise_flag_if_any
from lowering.values import F32, F64, I16, I32, Builder, Value, lanes_of, same, vector


class _Site(Protocol):
    @property
    def b(self) -> Builder: ...

    def compare(self, predicate: str, x: Value, y: Value) -> Value: ...

    def intrinsic(self, name: str, *args: Value) -> Value: ...


def is_half(dtype: DType) -> bool:
    """Whether it is float16."""
    return dtype.kind == "f" and dtype.itemsize == 2


def widen(s: _Site, x: Value) -> Value:
    """float16 to float32, exactly: move the bits into place, then repair the exponent by a multiplication."""
    lanes = lanes_of(x)
    bits = s.b.zext(x, vector(I32, lanes))
    magnitude = s.b.shl(s.b.and_(bits, same(0x7FFF, bits.type)), same(13, bits.type))
    scaled = s.b.fmul(s.b.bitcast(magnitude, vector(F32, lanes)), same(2.0**112, vector(F32, lanes)))
    special = s.b.icmp_unsigned(">=", magnitude, same(0x7C00 << 13, bits.type))
    endless = s.b.or_(magnitude, same(0x7F800000, bits.type))
    found = s.b.select(special, endless, s.b.bitcast(scaled, bits.type))
    sign = s.b.shl(s.b.and_(bits, same(0x8000, bits.type)), same(16, bits.type))
    return s.b.bitcast(s.b.or_(found, sign), vector(F32, lanes))


def narrow(s: _Site, x: Value) -> Value:
    """float32 or float64 to float16, rounding to nearest even, once."""
    lanes = lanes_of(x)
    double = x.type in (F64, vector(F64, lanes))
    width, fraction, bias = (64, 52, 1023) if double else (32, 23, 127)
    drop = fraction - 10
    kind = vector(ir.IntType(width), lanes)
    b = s.b
    bits = b.bitcast(x, kind)
    size = b.and_(bits, same((1 << (width - 1)) - 1, kind))
    sign = b.shl(b.lshr(bits, same(width - 1, kind)), same(15, kind))
    smallest_normal = (bias - 14) << fraction
    infinity = ((1 << (width - 1 - fraction)) - 1) << fraction
    # Normal results: subtract the difference of the biases, round at the last kept bit; a carry may reach infinity.
    odd = b.and_(b.lshr(size, same(drop, kind)), same(1, kind))
    rounded = b.add(b.sub(size, same((bias - 15) << fraction, kind)), b.add(odd, same((1 << (drop - 1)) - 1, kind)))
    normal = b.lshr(rounded, same(drop, kind))
    too_big = b.icmp_unsigned(">=", size, same(((bias + 16) << fraction) - (1 << (drop - 1)), kind))
    normal = b.select(too_big, same(0x7C00, kind), normal)
    # Subnormal results: adding 2**(fraction - 24) lets the processor round to a multiple of 2**-24.
    small = b.icmp_unsigned("<", size, same(smallest_normal, kind))
    magic = same(2.0 ** (fraction - 24), x.type)
    tiny = b.select(small, b.bitcast(size, x.type), same(0.0, x.type))
    moved = b.fadd(tiny, magic)
    subnormal = b.sub(b.bitcast(moved, kind), b.bitcast(magic, kind))
    inexact = s.compare("une", b.fsub(moved, magic), tiny)
    # NaNs keep their upper payload bits and stay NaNs.
    payload = b.and_(b.lshr(size, same(drop, kind)), same(0x3FF, kind))
    payload = b.select(b.icmp_unsigned("==", payload, same(0, kind)), same(1, kind), payload)
    nan = b.icmp_unsigned(">", size, same(infinity, kind))
    found = b.select(small, subnormal, normal)
    found = b.select(nan, b.or_(payload, same(0x7C00, kind)), found)
    overflow = b.and_(too_big, b.icmp_unsigned("<", size, same(infinity, kind)))
    raise_flag_if_any(b, overflow, OVERFLOW)
    raise_flag_if_any(b, inexact, UNDERFLOW)
    return b.trunc(b.or_(found, sign), vector(I16, lanes))
