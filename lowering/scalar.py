"""Inline code of scalar operations: for each op and kind of operand, the instructions that give NumPy's bits.

What is not in the table is computed by NumPy's own inner loop (`lowering.numpy_loops`). Called by `lowering.stages`
(is there inline code?) and `lowering.evaluate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir

from eqsat.ir.signature import ARROW, inputs_of
from eqsat.ir.types import DType
from lowering import half
from lowering.site import Site
from lowering.values import F32, F64, I1, I8, Value, format_of, lanes_of, same, shuffle, truth, vector

Code = Callable[..., Value]
"""`(site, *operands) -> value`; each operand and the value have the lanes of the operands."""
Written = (
    Callable[[Site, Value], Value]
    | Callable[[Site, Value, Value], Value]
    | Callable[[Site, Value, Value, Value], Value]
)
"""The same, with the number of operands in sight."""

KINDS = {
    "?": "b",
    **dict.fromkeys("bhilq", "i"),
    **dict.fromkeys("BHILQ", "u"),
    "e": "h",
    **dict.fromkeys("fd", "f"),
    **dict.fromkeys("FD", "c"),
}
"""The kind of a type character: bool, signed, unsigned, float, complex, half."""

TABLE: dict[tuple[str, str], Code] = {}
"""Inline code by op and kinds of the operands."""


def has_inline(name: str, signature: str) -> bool:
    """Whether the op has inline code for operands of the loop's types."""
    return inline(name, signature) is not None


def inline(name: str, signature: str) -> Code | None:
    """The inline code, or None."""
    inputs = inputs_of(signature)
    kinds = "".join(KINDS.get(char, "-") for char in inputs)
    if name == "cast":
        return CAST
    if name == "select":
        return _select
    if len(set(inputs)) > 1:
        return None  # e.g. comparisons of int64 with uint64, and ldexp
    return TABLE.get((name, kinds))


def dtypes_of(signature: str) -> tuple[tuple[DType, ...], DType]:
    """The dtypes of the operands and of the result."""
    return tuple(np.dtype(char) for char in inputs_of(signature)), np.dtype(signature.partition(ARROW)[2])


def _add(names: str, kinds: str, code: Written, arity: int = 2) -> None:
    for name in names.split():
        for kind in kinds:
            TABLE[name, kind * arity] = code


def _select(site: Site, condition: Value, x: Value, y: Value) -> Value:
    if format_of(site.output).parts == 2:
        lanes = lanes_of(condition)
        if lanes > 1:
            condition = shuffle(site.b, condition, [k // 2 for k in range(2 * lanes)])
    return site.b.select(condition, x, y)


# Arithmetic -----------------------------------------------------------------------------------------------------

_add("add logical_or bitwise_or", "b", lambda s, x, y: s.b.or_(x, y))
_add("multiply logical_and bitwise_and minimum fmin", "b", lambda s, x, y: s.b.and_(x, y))
_add("maximum fmax", "b", lambda s, x, y: s.b.or_(x, y))
_add("logical_xor bitwise_xor not_equal", "b", lambda s, x, y: s.b.xor(x, y))
_add("add", "iu", lambda s, x, y: s.b.add(x, y))
_add("subtract", "iu", lambda s, x, y: s.b.sub(x, y))
_add("multiply", "iu", lambda s, x, y: s.b.mul(x, y))
_add("add", "fc", lambda s, x, y: s.float("fadd", x, y))
_add("subtract", "fc", lambda s, x, y: s.float("fsub", x, y))
_add("multiply", "f", lambda s, x, y: s.float("fmul", x, y))
_add("divide", "f", lambda s, x, y: s.float("fdiv", x, y))
_add("negative", "iu", lambda s, x: s.b.sub(same(0, x.type), x), 1)
_add("negative", "fc", lambda s, x: s.negative(x), 1)
_add("positive conjugate", "iuf", lambda s, x: x, 1)
_add("positive", "c", lambda s, x: x, 1)
_add("square", "iu", lambda s, x: s.b.mul(x, x), 1)
_add("square", "f", lambda s, x: s.float("fmul", x, x), 1)
_add("reciprocal", "f", lambda s, x: s.float("fdiv", same(1.0, x.type), x), 1)
_add("absolute fabs", "f", lambda s, x: s.intrinsic("fabs", x), 1)
_add("absolute", "bu", lambda s, x: x, 1)
_add("sqrt", "f", lambda s, x: s.float("sqrt", x), 1)
_add("copysign", "f", lambda s, x, y: s.intrinsic("copysign", x, y))
_add("floor ceil trunc", "biu", lambda s, x: x, 1)
_add("floor", "f", lambda s, x: s.intrinsic("floor", x), 1)
_add("ceil", "f", lambda s, x: s.intrinsic("ceil", x), 1)
_add("trunc", "f", lambda s, x: s.intrinsic("trunc", x), 1)
_add("rint", "f", lambda s, x: s.intrinsic("nearbyint", x), 1)


def _absolute(s: Site, x: Value) -> Value:
    return s.b.select(s.b.icmp_signed("<", x, same(0, x.type)), s.b.sub(same(0, x.type), x), x)


_add("absolute", "i", _absolute, 1)


def _conjugate(s: Site, x: Value) -> Value:
    """Flips the sign of every second part."""
    flipped = s.b.fneg(x)
    count = lanes_of(x)
    return shuffle(s.b, x, [k + count if k % 2 else k for k in range(count)], flipped)


_add("conjugate", "c", _conjugate, 1)


def _part(s: Site, x: Value, which: int) -> Value:
    """Every second part, from part number `which` on."""
    count = lanes_of(x)
    if count == 2:
        return s.b.extract_element(x, ir.IntType(32)(which))
    return shuffle(s.b, x, range(which, count, 2))


_add("real", "c", lambda s, x: _part(s, x, 0), 1)
_add("imag", "c", lambda s, x: _part(s, x, 1), 1)


def _sign_float(s: Site, x: Value) -> Value:
    """1, -1, or +0.0 for either zero; a NaN as it is."""
    zero, one = same(0.0, x.type), same(1.0, x.type)
    signed = s.b.select(s.compare("olt", x, zero), same(-1.0, x.type), zero)
    signed = s.b.select(s.compare("ogt", x, zero), one, signed)
    return s.b.select(s.compare("uno", x, x), x, signed)


def _sign_int(s: Site, x: Value) -> Value:
    zero = same(0, x.type)
    above = s.b.zext(s.b.icmp_signed(">", x, zero), x.type)
    return s.b.select(s.b.icmp_signed("<", x, zero), same(-1, x.type), above)


_add("sign", "f", _sign_float, 1)
_add("sign", "i", _sign_int, 1)
_add("sign", "u", lambda s, x: s.b.zext(truth(s.b, x), x.type), 1)


def _scaled(double: float, single: np.float32) -> Code:
    def code(s: Site, x: Value) -> Value:
        factor = double if s.output.itemsize == 8 else float(single)
        return s.float("fmul", x, same(factor, x.type))

    return code


_PI32 = np.float32(math.pi)
_add("deg2rad radians", "f", _scaled(math.pi / 180.0, _PI32 / np.float32(180)), 1)
_add("rad2deg degrees", "f", _scaled(180.0 / math.pi, np.float32(180) / _PI32), 1)


# Comparisons ----------------------------------------------------------------------------------------------------

RELATIONS = {
    "equal": ("==", "oeq"),
    "not_equal": ("!=", "une"),
    "less": ("<", "olt"),
    "less_equal": ("<=", "ole"),
    "greater": (">", "ogt"),
    "greater_equal": (">=", "oge"),
}


def _relate(name: str, integer: str, floating: str) -> None:
    _add(name, "i", lambda s, x, y: s.b.icmp_signed(integer, x, y))
    _add(name, "bu", lambda s, x, y: s.b.icmp_unsigned(integer, x, y))
    _add(name, "f", lambda s, x, y: s.compare(floating, x, y))


for _name, _symbols in RELATIONS.items():
    _relate(_name, *_symbols)


def _pair(s: Site, bits: Value, both: bool) -> Value:
    """One bit for each complex number from one for each part: of both, or of either."""
    real, imaginary = _part(s, bits, 0), _part(s, bits, 1)
    return s.b.and_(real, imaginary) if both else s.b.or_(real, imaginary)


_add("equal", "c", lambda s, x, y: _pair(s, s.compare("oeq", x, y), True))
_add("not_equal", "c", lambda s, x, y: _pair(s, s.compare("une", x, y), False))


def _extreme(relation: str) -> tuple[Code, Code]:
    """`maximum` and `fmax` of floats: of equal numbers (zeros of either sign) the second, as NumPy's vector code."""

    def propagating(s: Site, x: Value, y: Value) -> Value:
        first = s.compare(relation, x, y)
        if "nnan" not in s.flags:
            first = s.b.or_(first, s.compare("uno", x, x))
        return s.b.select(first, x, y)

    def ignoring(s: Site, x: Value, y: Value) -> Value:
        first = s.compare(relation, x, y)
        if "nnan" not in s.flags:
            first = s.b.or_(first, s.compare("uno", y, y))
        return s.b.select(first, x, y)

    return propagating, ignoring


def _integer_extreme(name: str) -> Code:
    def code(s: Site, x: Value, y: Value) -> Value:
        return s.intrinsic(name, x, y)

    return code


for _name, _relation_name, _kind in (("max", "ogt", "max"), ("min", "olt", "min")):
    _propagating, _ignoring = _extreme(_relation_name)
    _add(f"{_name}imum", "f", _propagating)
    _add(f"f{_name}", "f", _ignoring)
    _add(f"{_name}imum f{_name}", "i", _integer_extreme(f"s{_kind}"))
    _add(f"{_name}imum f{_name}", "u", _integer_extreme(f"u{_kind}"))


def _clip_integer(s: Site, x: Value, low: Value, high: Value) -> Value:
    letter = "s" if s.output.kind == "i" else "u"
    return s.intrinsic(f"{letter}min", s.intrinsic(f"{letter}max", x, low), high)


_add("clip", "iu", _clip_integer, 3)


# Classes of floats, by their bits, which raises no flag ---------------------------------------------------------


def _magnitude(s: Site, x: Value) -> tuple[Value, int]:
    """The bits without the sign, and the bits of infinity."""
    single = s.inputs[0].itemsize in (4, 2) and s.inputs[0].kind == "f"
    width = 32 if single else 64
    bits = s.b.bitcast(x, vector(ir.IntType(width), lanes_of(x)))
    return s.b.and_(bits, same((1 << (width - 1)) - 1, bits.type)), 0x7F800000 if single else 0x7FF0000000000000


def _class(relation: str) -> Code:
    def code(s: Site, x: Value) -> Value:
        bits, infinity = _magnitude(s, x)
        return s.b.icmp_unsigned(relation, bits, same(infinity, bits.type))

    return code


_add("isnan", "f", _class(">"), 1)
_add("isinf", "f", _class("=="), 1)
_add("isfinite", "f", _class("<"), 1)
_add("isnan isinf", "biu", lambda s, x: same(0, vector(I1, lanes_of(x))), 1)
_add("isfinite", "biu", lambda s, x: same(1, vector(I1, lanes_of(x))), 1)


def _signbit(s: Site, x: Value) -> Value:
    bits = s.b.bitcast(x, vector(ir.IntType(8 * s.inputs[0].itemsize), lanes_of(x)))
    return s.b.icmp_signed("<", bits, same(0, bits.type))


_add("signbit", "f", _signbit, 1)


# Logic and bits -------------------------------------------------------------------------------------------------


def true(s: Site, x: Value, dtype: DType) -> Value:
    """Whether each element is not zero; a NaN is true."""
    if dtype.kind == "b":
        return x
    if dtype.kind == "f" and dtype.itemsize == 2:
        return truth(s.b, s.b.and_(x, same(0x7FFF, x.type)))
    if dtype.kind in "fc":
        bits = s.compare("une", x, same(0.0, x.type))
        return bits if dtype.kind == "f" else _pair(s, bits, False)
    return truth(s.b, x)


def _logic(op: str) -> Code:
    def code(s: Site, x: Value, y: Value) -> Value:
        return getattr(s.b, op)(true(s, x, s.inputs[0]), true(s, y, s.inputs[1]))

    return code


_add("logical_and", "iufc", _logic("and_"))
_add("logical_or", "iufc", _logic("or_"))
_add("logical_xor", "iufc", _logic("xor"))
_add("logical_not", "biufc", lambda s, x: s.b.not_(true(s, x, s.inputs[0])), 1)
_add("bitwise_and", "iu", lambda s, x, y: s.b.and_(x, y))
_add("bitwise_or", "iu", lambda s, x, y: s.b.or_(x, y))
_add("bitwise_xor", "iu", lambda s, x, y: s.b.xor(x, y))
_add("invert", "biu", lambda s, x: s.b.not_(x), 1)


def _shift(op: str, beyond: Callable[[Site, Value], Value]) -> Code:
    """Counts outside of the width (as unsigned) give what an endless shift would."""

    def code(s: Site, x: Value, count: Value) -> Value:
        width = same(8 * s.output.itemsize, x.type)
        return s.b.select(s.b.icmp_unsigned("<", count, width), getattr(s.b, op)(x, count), beyond(s, x))

    return code


def _sign_fill(s: Site, x: Value) -> Value:
    return s.b.ashr(x, same(8 * s.output.itemsize - 1, x.type))


def _no_bits(s: Site, x: Value) -> Value:
    return same(0, x.type)


_add("left_shift", "iu", _shift("shl", _no_bits))
_add("right_shift", "u", _shift("lshr", _no_bits))
_add("right_shift", "i", _shift("ashr", _sign_fill))


def _bit_count(s: Site, x: Value) -> Value:
    count = s.intrinsic("ctpop", _absolute(s, x) if s.inputs[0].kind == "i" else x)
    narrow = vector(I8, lanes_of(x))
    return count if count.type == narrow else s.b.trunc(count, narrow)


_add("bitwise_count", "iu", _bit_count, 1)


# Casts ----------------------------------------------------------------------------------------------------------


def CAST(s: Site, x: Value) -> Value:
    """As a C cast on this platform: NumPy's own casts are C casts, compiled without AVX-512."""
    source, target = s.inputs[0], s.output
    if source == target or (source.kind in "iu" and target.kind in "iu" and source.itemsize == target.itemsize):
        return x
    if target.kind == "b":
        return true(s, x, source)
    if half.is_half(source):
        # NumPy converts one float16 at a time, which for uint32 means through int64.
        through = np.dtype("i8") if target == np.dtype("u4") else target
        wide = CAST(s.of((np.dtype("f4"),), through), half.widen(s, x))
        return wide if through == target else CAST(s.of((through,), target), wide)
    if half.is_half(target) and source.kind != "c":
        if source != np.dtype("f8"):
            x = CAST(s.of((source,), np.dtype("f4")), x)
        return half.narrow(s, x)
    if source.kind == "c":
        real = np.dtype(f"f{source.itemsize // 2}")
        if target.kind == "c":
            return _resize(s, x, source.itemsize, target.itemsize)
        first = _part(s, x, 0)
        return CAST(s.of((real,), target), first)
    if target.kind == "c":
        real = np.dtype(f"f{target.itemsize // 2}")
        return _interleave_zero(s, CAST(s.of((source,), real), x))
    if target.kind == "f":
        return _to_float(s, x, source, target)
    return _to_integer(s, x, source, target)


def _resize(s: Site, x: Value, old: int, new: int) -> Value:
    """Between the two widths of floats, part by part."""
    if old == new:
        return x
    return s.float("fpext" if new > old else "fptrunc", x, to=vector(F64 if new > old else F32, lanes_of(x)))


def _interleave_zero(s: Site, x: Value) -> Value:
    """Each part followed by zero: reals as complex numbers."""
    count = lanes_of(x)
    if count == 1:
        pair = ir.VectorType(x.type, 2)
        return s.b.insert_element(same(0.0, pair), x, ir.IntType(32)(0))
    return shuffle(s.b, x, [k // 2 if k % 2 == 0 else count for k in range(2 * count)], same(0.0, x.type))


def _to_float(s: Site, x: Value, source: DType, target: DType) -> Value:
    kind = vector(F64 if target.itemsize == 8 else F32, lanes_of(x))
    if source.kind == "f":
        return _resize(s, x, source.itemsize, target.itemsize)
    return s.b.sitofp(x, kind) if source.kind == "i" else s.b.uitofp(x, kind)


def _to_integer(s: Site, x: Value, source: DType, target: DType) -> Value:
    count = lanes_of(x)
    kind = vector(ir.IntType(8 * target.itemsize), count)
    if source.kind in "biu":
        if source.itemsize > target.itemsize:
            return s.b.trunc(x, kind)
        return s.b.sext(x, kind) if source.kind == "i" else s.b.zext(x, kind)
    if target.kind == "u" and target.itemsize >= 4:
        return _to_wide_unsigned(s, x, 8 * target.itemsize)
    # x86 converts to int32 or int64 only: narrower results are the low bits of an int32.
    found = s.float("fptosi", x, to=vector(ir.IntType(64 if target.itemsize == 8 else 32), count))
    return found if target.itemsize >= 4 else s.b.trunc(found, kind)


def _to_wide_unsigned(s: Site, x: Value, width: int) -> Value:
    """From half of the range up, convert the rest above it and set the top bit; below (and NaN) convert as signed.

    What NumPy makes of a float beyond uint32 depends on where it stands in the array, vector or remainder. This is
    the vector's way, which raises the invalid flag for all of them, so that a caller who cares asks NumPy.
    """
    top = 1 << (width - 1)
    high = s.compare("oge", x, same(float(top), x.type))
    kind = vector(ir.IntType(width), lanes_of(x))
    found = s.float("fptosi", s.b.select(high, s.b.fsub(x, same(float(top), x.type)), x), to=kind)
    return s.b.xor(found, s.b.select(high, same(top, kind), same(0, kind)))
