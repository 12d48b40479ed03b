"""Arithmetic of complex numbers that are single: Python's, and NumPy's scalars, each in its own formulas.

Python's follow CPython's `Objects/complexobject.c`, NumPy's its `scalarmath`: products alike, quotients not. A check is
false where Python raises; what newer Pythons repair of results that are no numbers is left to them by the front end.
Called by `lowering.python_ops`, whose table these codes are part of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from llvmlite import ir

from lowering.functions import call_c, call_own
from lowering.mathematics import Code, is_finite, is_infinite, is_nan
from lowering.scalar import CAST
from lowering.site import Site
from lowering.values import F32, F64, I1, I32, I64, Builder, Value

COMPLEX, FLOAT = np.dtype("c16"), np.dtype("f8")
PAIR = ir.VectorType(F64, 2)
Parts = tuple[Value, Value]


def parts(b: Builder, z: Value) -> Parts:
    """The real and the imaginary part."""
    return b.extract_element(z, I32(0)), b.extract_element(z, I32(1))


def whole(b: Builder, real: Value, imag: Value) -> Value:
    """A complex number of its parts."""
    pair = ir.Constant(ir.VectorType(real.type, 2), ir.Undefined)
    return b.insert_element(b.insert_element(pair, real, I32(0)), imag, I32(1))


def product(s: Site, x: Parts, y: Parts) -> Parts:
    """(a + bi)(c + di), each product rounded."""
    return (
        s.float("fsub", s.float("fmul", x[0], y[0]), s.float("fmul", x[1], y[1])),
        s.float("fadd", s.float("fmul", x[0], y[1]), s.float("fmul", x[1], y[0])),
    )


def _plain(s: Site) -> Site:
    """Python takes no notice of floating-point flags."""
    return Site(s.b, s.inputs, s.output, "nothing", s.flags)


def _of_parts(code: Callable[[Site, Parts, Parts], Parts]) -> Code:
    def emit(s: Site, x: Value, y: Value) -> Value:
        return whole(s.b, *code(_plain(s), parts(s.b, x), parts(s.b, y)))

    return emit


def _numpy_product(s: Site, x: Value, y: Value) -> Value:
    return whole(s.b, *product(s, parts(s.b, x), parts(s.b, y)))


# Python's quotient ----------------------------------------------------------------------------------------------


def quotient(b: Builder, x: Parts, y: Parts) -> Parts:
    """Smith's division, by the larger part of the divisor; of a zero or a NaN, something that does not trap."""
    site = Site(b, (FLOAT,), FLOAT, "nothing")
    sizes = [site.intrinsic("fabs", part) for part in y]
    by_real = b.fcmp_ordered(">=", sizes[0], sizes[1])
    large, small = b.select(by_real, y[0], y[1]), b.select(by_real, y[1], y[0])
    ratio = b.fdiv(small, large)
    # Either order of these sums gives the same bits: addition commutes.
    below = b.fadd(large, b.fmul(small, ratio))
    real = b.select(by_real, b.fadd(x[0], b.fmul(x[1], ratio)), b.fadd(b.fmul(x[0], ratio), x[1]))
    imag = b.select(by_real, b.fsub(x[1], b.fmul(x[0], ratio)), b.fsub(b.fmul(x[1], ratio), x[0]))
    return b.fdiv(real, below), b.fdiv(imag, below)


def _is_zero(b: Builder, z: Value) -> Value:
    real, imag = parts(b, z)
    return b.and_(b.fcmp_ordered("==", real, F64(0.0)), b.fcmp_ordered("==", imag, F64(0.0)))


# NumPy's quotient -----------------------------------------------------------------------------------------------


def _numpy_quotient(s: Site, x: Value, y: Value) -> Value:
    """Smith's division with a reciprocal. Only the branch that is taken is computed, because of its flags."""
    b = s.b
    (xr, xi), (yr, yi) = parts(b, x), parts(b, y)
    one, zero = yr.type(1.0), yr.type(0.0)
    sizes = [s.intrinsic("fabs", part) for part in (yr, yi)]
    by_real = s.compare("oge", sizes[0], sizes[1])
    none = b.and_(b.and_(by_real, s.compare("oeq", sizes[0], zero)), s.compare("oeq", sizes[1], zero))
    large, small = b.select(by_real, yr, yi), b.select(by_real, yi, yr)
    with b.if_else(none) as (at_zero, otherwise):
        with at_zero:
            poles = s.float("fdiv", xr, sizes[0]), s.float("fdiv", xi, sizes[0])
            first = b.block
        with otherwise:
            ratio = s.float("fdiv", small, large)
            scale = s.float("fdiv", one, s.float("fadd", large, s.float("fmul", small, ratio)))
            lead, other = b.select(by_real, xr, xi), b.select(by_real, xi, xr)
            real = s.float("fmul", s.float("fadd", lead, s.float("fmul", other, ratio)), scale)
            left = b.select(by_real, xi, s.float("fmul", xi, ratio))
            right = b.select(by_real, s.float("fmul", xr, ratio), xr)
            imag = s.float("fmul", s.float("fsub", left, right), scale)
            second = b.block
    found: list[Value] = []
    for pole, value in zip(poles, (real, imag), strict=True):
        phi = b.phi(pole.type)
        phi.add_incoming(pole, first)
        phi.add_incoming(value, second)
        found.append(phi)
    return whole(b, *found)


def _comparable(s: Site, divisor: Value) -> Value:
    """No part is a NaN: comparing the parts raises a flag for one, in the way that C compares."""
    return s.b.not_(s.b.or_(*(s.compare("uno", part, part) for part in parts(s.b, divisor))))


def _numpy_order(relation: str) -> Code:
    """By the real parts, and where these are equal by the imaginary ones."""

    def code(s: Site, x: Value, y: Value) -> Value:
        (xr, xi), (yr, yi) = parts(s.b, x), parts(s.b, y)
        equal = s.compare("oeq", xr, yr)
        return s.b.select(equal, s.compare(relation, xi, yi), s.compare(relation, xr, yr))

    return code


def _numpy_size(s: Site, x: Value) -> Value:
    real, imag = parts(s.b, x)
    return call_c(s.b, "hypotf" if real.type == F32 else "hypot", real, imag, result=real.type)


# Python's absolute value and powers -----------------------------------------------------------------------------


def size(b: Builder, z: Parts) -> Value:
    """Infinite if a part is, else a NaN if a part is; else the C library's `hypot`, which does just that."""
    return call_c(b, "hypot", *z)


def _abs(s: Site, z: Value) -> Value:
    return size(s.b, parts(s.b, z))


def _ok_abs(s: Site, z: Value) -> Value:
    """Finite, or infinite of an infinite part. For a NaN some Pythons raise, by mistake, after an error before it."""
    b = s.b
    result = _abs(s, z)
    real, imag = parts(b, z)
    endless = b.or_(is_infinite(b, real), is_infinite(b, imag))
    return b.or_(is_finite(b, result), endless)


def _whole_power(s: Site, z: Value, exponent: Value) -> Value:
    return call_own(s.b, "complex_power", PAIR, [z, exponent], _write_whole_power)


def _write_whole_power(b: Builder, args: Sequence[Value]) -> None:
    """To a whole exponent of at most 100: squares multiplied from one on, which shows in the signs of zeros."""
    z, exponent = args
    s = Site(b, (COMPLEX,), COMPLEX, "nothing")
    negative = b.icmp_signed("<", exponent, I64(0))
    count = b.select(negative, b.neg(exponent), exponent)
    entry, function = b.block, b.function
    head, turn, after = (function.append_basic_block(name) for name in ("head", "turn", "after"))
    b.branch(head)
    b.position_at_end(head)
    power, square, left = b.phi(PAIR), b.phi(PAIR), b.phi(I64)
    b.cbranch(b.icmp_unsigned("==", left, I64(0)), after, turn)
    b.position_at_end(turn)
    multiplied = whole(b, *product(s, parts(b, power), parts(b, square)))
    following = b.select(b.trunc(left, I1), multiplied, power)
    squared = whole(b, *product(s, parts(b, square), parts(b, square)))
    one = ir.Constant(PAIR, [F64(1.0), F64(0.0)])
    for phi, first, again in ((power, one, following), (square, z, squared), (left, count, b.lshr(left, I64(1)))):
        phi.add_incoming(first, entry)
        phi.add_incoming(again, turn)
    b.branch(head)
    b.position_at_end(after)
    inverse = whole(b, *quotient(b, (F64(1.0), F64(0.0)), parts(b, power)))
    small = b.icmp_signed("<=", exponent, I64(0))  # CPython divides for the exponent zero too
    b.ret(b.select(small, inverse, power))


def _finite(b: Builder, z: Value) -> Value:
    real, imag = parts(b, z)
    return b.and_(is_finite(b, real), is_finite(b, imag))


def _ok_whole_power(s: Site, z: Value, exponent: Value) -> Value:
    b = s.b
    fits = b.icmp_unsigned("<=", b.add(exponent, I64(100)), I64(200))
    return b.and_(fits, _finite(b, _whole_power(s, z, b.select(fits, exponent, I64(0)))))


def _power(s: Site, z: Value, exponent: Value) -> Value:
    return call_own(s.b, "complex_power_of_complex", PAIR, [z, exponent], _write_power)


def _write_power(b: Builder, args: Sequence[Value]) -> None:
    z, exponent = args
    s = Site(b, (COMPLEX,), COMPLEX, "nothing")
    (zr, zi), (er, ei) = parts(b, z), parts(b, exponent)
    whole_number = b.and_(b.fcmp_ordered("==", ei, F64(0.0)), b.fcmp_ordered("==", er, s.intrinsic("floor", er)))
    small = b.and_(whole_number, b.fcmp_ordered("<=", s.intrinsic("fabs", er), F64(100.0)))
    with b.if_then(small):
        b.ret(_whole_power(s, z, b.fptosi(b.select(small, er, F64(0.0)), I64)))
    with b.if_then(_is_zero(b, z), likely=False):
        b.ret(ir.Constant(PAIR, [F64(0.0), F64(0.0)]))
    radius = size(b, (zr, zi))
    length = call_c(b, "pow", radius, er)
    angle = call_c(b, "atan2", zi, zr)
    phase = b.fmul(angle, er)
    turned = b.fcmp_unordered("!=", ei, F64(0.0))
    length = b.select(turned, b.fdiv(length, call_c(b, "exp", b.fmul(angle, ei))), length)
    phase = b.select(turned, b.fadd(phase, b.fmul(ei, call_c(b, "log", radius))), phase)
    b.ret(whole(b, b.fmul(length, call_c(b, "cos", phase)), b.fmul(length, call_c(b, "sin", phase))))


def _ok_power(s: Site, z: Value, exponent: Value) -> Value:
    """Zero to a negative or complex power raises, and so does every infinite result."""
    b = s.b
    (er, ei) = parts(b, exponent)
    positive = b.and_(b.fcmp_ordered(">=", er, F64(0.0)), b.fcmp_ordered("==", ei, F64(0.0)))
    good = b.and_(_finite(b, z), _finite(b, exponent))
    return b.and_(b.and_(good, b.or_(positive, b.not_(_is_zero(b, z)))), _finite(b, _power(s, z, exponent)))


# Comparisons, conversions, repairs ------------------------------------------------------------------------------


def _equal(s: Site, x: Value, y: Value) -> Value:
    (xr, xi), (yr, yi) = parts(s.b, x), parts(s.b, y)
    return s.b.and_(s.compare("oeq", xr, yr), s.compare("oeq", xi, yi))


def _add(s: Site, x: Value, y: Value) -> Value:
    return s.b.fadd(x, y, flags=s.flags)


def _subtract(s: Site, x: Value, y: Value) -> Value:
    return s.b.fsub(x, y, flags=s.flags)


def _negative(s: Site, x: Value) -> Value:
    return s.negative(x)


def _quotient(s: Site, x: Parts, y: Parts) -> Parts:
    return quotient(s.b, x, y)


def _ok_quotient(s: Site, x: Value, y: Value) -> Value:
    return s.b.not_(_is_zero(s.b, y))


def _different(s: Site, x: Value, y: Value) -> Value:
    return s.b.not_(_equal(s, x, y))


def _of_floats(s: Site, real: Value, imag: Value) -> Value:
    return whole(s.b, real, imag)


def _as_complex(s: Site, x: Value) -> Value:
    return CAST(s.of(s.inputs, COMPLEX), x)


def _some_number(s: Site, z: Value) -> Value:
    """Not both parts are NaNs: newer Pythons look after products and quotients that are."""
    real, imag = parts(s.b, z)
    return s.b.not_(s.b.and_(is_nan(s.b, real), is_nan(s.b, imag)))


TABLE: dict[tuple[str, str], Code] = {
    ("py.add", "c"): _add,
    ("py.sub", "c"): _subtract,
    ("py.mul", "c"): _of_parts(product),
    ("py.truediv", "c"): _of_parts(_quotient),
    ("ok.truediv", "c"): _ok_quotient,
    ("py.neg", "c"): _negative,
    ("py.abs", "c"): _abs,
    ("ok.abs", "c"): _ok_abs,
    ("py.pow", "c"): _power,
    ("ok.pow", "c"): _ok_power,
    ("py.whole_power", "c"): _whole_power,
    ("ok.whole_power", "c"): _ok_whole_power,
    ("py.eq", "c"): _equal,
    ("py.ne", "c"): _different,
    ("ok.some_number", "c"): _some_number,
    ("ok.numpy_divide", "c"): _comparable,
    ("py.complex", "f"): _of_floats,
    ("py.as_complex", "*"): _as_complex,
    ("py.numpy_multiply", "c"): _numpy_product,
    ("py.numpy_divide", "c"): _numpy_quotient,
    ("py.numpy_absolute", "c"): _numpy_size,
    ("py.numpy_less", "c"): _numpy_order("olt"),
    ("py.numpy_less_equal", "c"): _numpy_order("ole"),
    ("py.numpy_greater", "c"): _numpy_order("ogt"),
    ("py.numpy_greater_equal", "c"): _numpy_order("oge"),
}
