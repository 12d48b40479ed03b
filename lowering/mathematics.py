"""`math` and rounding of Python's floats: the instructions or calls that have CPython's bits, and the checks.

Most functions are the C library's, as in CPython's `Modules/mathmodule.c`; `hypot` follows its algorithm. A check is
false wherever Python raises; near an overflow it may be false a little earlier, which costs time and nothing else.
Nothing traps, whatever the operands. Called by `lowering.python_ops`, whose table these codes are part of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from lowering.functions import call_c, call_own
from lowering.site import Site
from lowering.values import F64, I32, I64, Builder, Value

Code = Callable[..., Value]
Written = (
    Callable[[Site, Value], Value]
    | Callable[[Site, Value, Value], Value]
    | Callable[[Site, Value, Value, Value], Value]
)

TABLE: dict[tuple[str, str], Code] = {}
"""By op and kind of the first operand."""

INFINITY = F64(math.inf)
SIGN, EXPONENT = 1 << 63, 0x7FF << 52
_FLOAT = np.dtype("f8")


def _add(name: str, code: Written, kind: str = "f") -> None:
    TABLE[name, kind] = code


def bits_of(b: Builder, x: Value) -> Value:
    """The bits of a float."""
    return b.bitcast(x, I64)


def magnitude(b: Builder, x: Value) -> Value:
    """The bits of the absolute value."""
    return b.and_(bits_of(b, x), I64(SIGN - 1))


def is_finite(b: Builder, x: Value) -> Value:
    """Neither NaN nor infinite."""
    return b.icmp_unsigned("<", magnitude(b, x), I64(EXPONENT))


def is_infinite(b: Builder, x: Value) -> Value:
    """Infinite, of either sign."""
    return b.icmp_unsigned("==", magnitude(b, x), I64(EXPONENT))


def is_nan(b: Builder, x: Value) -> Value:
    """Not a number."""
    return b.icmp_unsigned(">", magnitude(b, x), I64(EXPONENT))


def power_of_two(b: Builder, exponent: Value) -> Value:
    """2.0 to an integer power between -2044 and 2046, in two factors, which may be subnormal but not inexact."""
    half = b.ashr(exponent, I64(1))
    rest = b.sub(exponent, half)
    one, other = (b.bitcast(b.shl(b.add(part, I64(1023)), I64(52)), F64) for part in (half, rest))
    return b.fmul(one, other)


# The C library's functions of one number ------------------------------------------------------------------------


def _library(name: str) -> Code:
    def code(s: Site, *args: Value) -> Value:
        return call_c(s.b, name, *args)

    return code


for _name in (
    *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1"),
    *("log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh"),
):
    TABLE[f"py.math.{_name}", "f"] = _library(_name)


def _outside(relation: str, bound: float, *, absolute: bool = False) -> Code:
    """The check that `x` (or its absolute value) does not stand in this relation to the bound; a NaN passes."""

    def code(s: Site, x: Value) -> Value:
        number = s.intrinsic("fabs", x) if absolute else x
        return s.b.not_(s.b.fcmp_ordered(relation, number, F64(bound)))

    return code


for _name, _check in {
    "sin cos tan": _outside("==", math.inf, absolute=True),
    "acos asin": _outside(">", 1.0, absolute=True),
    "atanh": _outside(">=", 1.0, absolute=True),
    "acosh": _outside("<", 1.0),
    "log log2 log10": _outside("<=", 0.0),
    "log1p": _outside("<=", -1.0),
    "sqrt": _outside("<", 0.0),
}.items():
    for _one in _name.split():
        TABLE[f"ok.math.{_one}", "f"] = _check


def _below(bound: float, *, both: bool = False) -> Code:
    """The check that a number is not so large that the result overflows; of an infinite one it does not."""

    def code(s: Site, x: Value) -> Value:
        number = s.intrinsic("fabs", x) if both else x
        return s.b.or_(s.b.not_(s.b.fcmp_ordered(">", number, F64(bound))), is_infinite(s.b, x))

    return code


TABLE["ok.math.exp", "f"] = TABLE["ok.math.expm1", "f"] = _below(709.0)
TABLE["ok.math.exp2", "f"] = _below(1023.0)
TABLE["ok.math.sinh", "f"] = TABLE["ok.math.cosh", "f"] = _below(710.0, both=True)

_add("py.math.sqrt", lambda s, x: s.intrinsic("sqrt", x))
_add("py.math.fabs", lambda s, x: s.intrinsic("fabs", x))
_add("py.math.floor", lambda s, x: s.intrinsic("floor", x))
_add("py.math.ceil", lambda s, x: s.intrinsic("ceil", x))
_add("py.math.trunc", lambda s, x: s.intrinsic("trunc", x))
_add("py.math.isnan", lambda s, x: is_nan(s.b, x))
_add("py.math.isinf", lambda s, x: is_infinite(s.b, x))
_add("py.math.isfinite", lambda s, x: is_finite(s.b, x))
_add("py.math.degrees", lambda s, x: s.b.fmul(x, F64(180.0 / math.pi)))
_add("py.math.radians", lambda s, x: s.b.fmul(x, F64(math.pi / 180.0)))


# Parts of a float -----------------------------------------------------------------------------------------------


def split(b: Builder, x: Value) -> tuple[Value, Value]:
    """`frexp`: a mantissa from 0.5 to 1 and the exponent; 0 is the exponent of zeros, infinities and NaNs."""
    small = b.icmp_unsigned("<", magnitude(b, x), I64(1 << 52))
    scaled = bits_of(b, b.select(small, b.fmul(x, F64(2.0**54)), x))
    exponent = b.and_(b.lshr(scaled, I64(52)), I64(0x7FF))
    plain = b.or_(b.fcmp_unordered("==", x, F64(0.0)), b.not_(is_finite(b, x)))
    kept = b.and_(scaled, I64(SIGN | ((1 << 52) - 1)))
    mantissa = b.bitcast(b.or_(kept, I64(1022 << 52)), F64)
    moved = b.sub(exponent, b.select(small, I64(1022 + 54), I64(1022)))
    return b.select(plain, x, mantissa), b.select(plain, I64(0), moved)


_add("py.math.frexp_mantissa", lambda s, x: split(s.b, x)[0])
_add("py.math.frexp_exponent", lambda s, x: split(s.b, x)[1])


def _modf_fraction(s: Site, x: Value) -> Value:
    """What `trunc` cuts off, with the sign of the whole; none of an infinity."""
    rest = s.b.select(is_infinite(s.b, x), F64(0.0), s.b.fsub(x, s.intrinsic("trunc", x)))
    return s.intrinsic("copysign", rest, x)


_add("py.math.modf_fraction", _modf_fraction)


def _ulp(s: Site, x: Value) -> Value:
    """The distance to the next larger number; of the largest, to the next smaller."""
    b = s.b
    bits, size = magnitude(b, x), s.intrinsic("fabs", x)
    above = b.bitcast(b.add(bits, I64(1)), F64)
    below = b.bitcast(b.sub(bits, I64(1)), F64)
    last = b.icmp_unsigned("==", bits, I64(EXPONENT - 1))
    step = b.select(last, b.fsub(size, below), b.fsub(above, size))
    return b.select(is_finite(b, x), step, size)


_add("py.math.ulp", _ulp)


# Two and three numbers ------------------------------------------------------------------------------------------

for _name in ("atan2", "fmod", "pow", "remainder", "nextafter"):
    TABLE[f"py.math.{_name}", "f"] = _library(_name)
_add("py.math.copysign", lambda s, x, y: s.intrinsic("copysign", x, y))
_add("py.math.fma", lambda s, x, y, z: s.intrinsic("fma", x, y, z))


def _ok_remainder(s: Site, x: Value, y: Value) -> Value:
    """Python raises for a NaN that comes out of numbers alone: of infinity, or divided by zero."""
    b = s.b
    wrong = b.or_(is_infinite(b, x), b.fcmp_ordered("==", y, F64(0.0)))
    return b.or_(b.not_(wrong), b.or_(is_nan(b, x), is_nan(b, y)))


_add("ok.math.fmod", _ok_remainder)
_add("ok.math.remainder", _ok_remainder)


def _ok_pow(s: Site, x: Value, y: Value) -> Value:
    """Finite numbers have a finite power. Zero to minus infinity raised once, so that Python is asked."""
    b = s.b
    given = b.not_(b.and_(is_finite(b, x), is_finite(b, y)))
    pole = b.and_(b.fcmp_ordered("==", x, F64(0.0)), b.fcmp_ordered("==", y, F64(-math.inf)))
    return b.or_(b.and_(given, b.not_(pole)), is_finite(b, call_c(b, "pow", x, y)))


_add("ok.math.pow", _ok_pow)


def _ok_fma(s: Site, x: Value, y: Value, z: Value) -> Value:
    b = s.b
    result = s.intrinsic("fma", x, y, z)
    nan = reduce(b.or_, [is_nan(b, arg) for arg in (x, y, z)])
    finite = reduce(b.and_, [is_finite(b, arg) for arg in (x, y, z)])
    return b.or_(is_finite(b, result), b.or_(nan, b.and_(is_infinite(b, result), b.not_(finite))))


_add("ok.math.fma", _ok_fma)


def _ldexp(s: Site, x: Value, exponent: Value) -> Value:
    """Beyond 5000 all results are zero or infinite, so that the exponent fits an int of C."""
    b = s.b
    low = b.select(b.icmp_signed(">", exponent, I64(-5000)), exponent, I64(-5000))
    kept = b.select(b.icmp_signed("<", low, I64(5000)), low, I64(5000))
    return call_c(b, "ldexp", x, b.trunc(kept, I32))


def _ok_ldexp(s: Site, x: Value, exponent: Value) -> Value:
    return s.b.or_(is_finite(s.b, _ldexp(s, x, exponent)), s.b.not_(is_finite(s.b, x)))


_add("py.math.ldexp", _ldexp)
_add("ok.math.ldexp", _ok_ldexp)


def _hypot(s: Site, *args: Value) -> Value:
    return call_own(s.b, f"hypot{len(args)}", F64, args, _write_hypot)


def _write_hypot(b: Builder, args: Sequence[Value]) -> None:
    """CPython's `vector_norm`: a sum of exact squares in two parts, a square root, and one step of correction."""
    s = Site(b, (_FLOAT,) * len(args), _FLOAT)
    sizes = [s.intrinsic("fabs", arg) for arg in args]
    largest: Value = F64(0.0)
    for size in sizes:
        largest = b.select(b.fcmp_ordered(">", size, largest), size, largest)
    with b.if_then(b.fcmp_ordered("==", largest, INFINITY), likely=False):
        b.ret(largest)
    with b.if_then(reduce(b.or_, [is_nan(b, size) for size in sizes]), likely=False):
        b.ret(F64(math.nan))
    with b.if_then(b.fcmp_ordered("==", largest, F64(0.0)), likely=False):
        b.ret(largest)
    tiny = b.fcmp_ordered("<", largest, F64(2.0**-1024))
    lifted = b.select(tiny, F64(2.0**1022), F64(1.0))
    _, exponent = split(b, b.fmul(largest, lifted))
    scale = power_of_two(b, b.sub(I64(0), exponent))
    total: Value = F64(1.0)
    first, second = F64(0.0), F64(0.0)

    def add_product(x: Value, y: Value) -> None:
        nonlocal total, first, second
        high = b.fmul(x, y)
        low = s.intrinsic("fma", x, y, b.fneg(high))
        added = b.fadd(total, high)
        second = b.fadd(second, b.fadd(b.fsub(total, added), high))
        total, first = added, b.fadd(first, low)

    def rest() -> Value:
        return b.fadd(b.fsub(total, F64(1.0)), b.fadd(first, second))

    for size in sizes:
        x = b.fmul(b.fmul(size, lifted), scale)
        add_product(x, x)
    root = s.intrinsic("sqrt", rest())
    add_product(b.fneg(root), root)
    root = b.fadd(root, b.fdiv(rest(), b.fmul(F64(2.0), root)))
    b.ret(b.fmul(b.fdiv(root, scale), b.select(tiny, F64(2.0**-1022), F64(1.0))))


_add("py.math.hypot", _hypot)
_add("py.math.hypot3", _hypot)


# Rounding to decimal places -------------------------------------------------------------------------------------

_add("py.math.round", lambda s, x: s.intrinsic("roundeven", x))
_LARGE = F64(2.0**53)


def _round_to(s: Site, x: Value, power: Value) -> Value:
    """The number of so many decimal places (`power` is 10.0 to their number) nearest to x, which ends even in a tie.

    The scaled number is known exactly, as a sum of two. Whole numbers and powers are exact, so that dividing one by
    the other rounds once, as reading the decimal digits does. From 2**53 on decimals lie closer than floats.
    """
    b, half = s.b, F64(0.5)
    high = b.fmul(x, power)
    low = s.intrinsic("fma", x, power, b.fneg(high))
    whole = s.intrinsic("roundeven", high)
    over = b.fsub(high, whole)
    up = b.and_(b.fcmp_ordered("==", over, half), b.fcmp_ordered(">", low, F64(0.0)))
    down = b.and_(b.fcmp_ordered("==", over, F64(-0.5)), b.fcmp_ordered("<", low, F64(0.0)))
    halved = b.fmul(whole, half)
    odd = b.fcmp_ordered("!=", halved, s.intrinsic("floor", halved))
    tie = b.and_(odd, b.fcmp_ordered("==", over, F64(0.0)))
    up = b.or_(up, b.and_(tie, b.fcmp_ordered("==", low, half)))
    down = b.or_(down, b.and_(tie, b.fcmp_ordered("==", low, F64(-0.5))))
    step = b.select(up, F64(1.0), b.select(down, F64(-1.0), F64(0.0)))
    rounded = s.intrinsic("copysign", b.fdiv(b.fadd(whole, step), power), x)
    small = b.fcmp_ordered("<", s.intrinsic("fabs", high), _LARGE)
    return b.select(small, rounded, x)


def _round_tens(s: Site, x: Value, power: Value) -> Value:
    """The multiple of a power of ten nearest to x, the even one in a tie; the remainder decides, which is exact."""
    b = s.b
    quotient = b.fdiv(x, power)
    whole = s.intrinsic("roundeven", quotient)
    rest = s.intrinsic("fma", b.fneg(whole), power, x)
    half = b.fmul(power, F64(0.5))
    halved = b.fmul(whole, F64(0.5))
    odd = b.fcmp_ordered("!=", halved, s.intrinsic("floor", halved))
    up = b.or_(b.fcmp_ordered(">", rest, half), b.and_(odd, b.fcmp_ordered("==", rest, half)))
    below = b.fneg(half)
    down = b.or_(b.fcmp_ordered("<", rest, below), b.and_(odd, b.fcmp_ordered("==", rest, below)))
    step = b.select(up, F64(1.0), b.select(down, F64(-1.0), F64(0.0)))
    rounded = s.intrinsic("copysign", b.fmul(b.fadd(whole, step), power), x)
    small = b.fcmp_ordered("<", s.intrinsic("fabs", quotient), _LARGE)
    return b.select(small, rounded, x)


_add("py.math.round_to", _round_to)
_add("py.math.round_tens", _round_tens)
