"""`math.gamma` and `math.lgamma`: Lanczos' approximation, with CPython's parameters and order of operations.

The parameters are mathematical constants (N = 13, g = 6.024680040776729583740234375, the sum as a rational function);
where the order of operations differs so do the last bits. Called by `lowering.python_ops`, whose table these codes are
part of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lowering.functions import call_c, call_own
from lowering.mathematics import Code, is_finite, is_infinite, is_nan
from lowering.site import Site
from lowering.values import F64, Builder, Value

_FLOAT = np.dtype("f8")
_G, _G_LESS_HALF = 6.024680040776729583740234375, 5.524680040776729583740234375
_LOG_PI = 1.144729885849400174143427351353058711647
_NUMERATOR = (
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786772,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
)
_DENOMINATOR = (
    *(0.0, 39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0),
    *(2637558.0, 357423.0, 32670.0, 1925.0, 66.0, 1.0),
)


def _site(b: Builder) -> Site:
    return Site(b, (_FLOAT,), _FLOAT)


def _sum(b: Builder, x: Value) -> Value:
    return call_own(b, "lanczos", F64, [x], _write_sum)


def _write_sum(b: Builder, args: Sequence[Value]) -> None:
    (x,) = args
    with b.if_then(b.fcmp_ordered("<", x, F64(5.0))):
        over, under = F64(0.0), F64(0.0)
        for a, c in zip(reversed(_NUMERATOR), reversed(_DENOMINATOR), strict=True):
            over, under = b.fadd(b.fmul(over, x), F64(a)), b.fadd(b.fmul(under, x), F64(c))
        b.ret(b.fdiv(over, under))
    over, under = F64(0.0), F64(0.0)
    for a, c in zip(_NUMERATOR, _DENOMINATOR, strict=True):
        over, under = b.fadd(b.fdiv(over, x), F64(a)), b.fadd(b.fdiv(under, x), F64(c))
    b.ret(b.fdiv(over, under))


def _sine(b: Builder, x: Value) -> Value:
    """sin(pi*x), exact where x is whole."""
    return call_own(b, "sine_of_pi", F64, [x], _write_sine)


def _write_sine(b: Builder, args: Sequence[Value]) -> None:
    (x,) = args
    s = _site(b)
    y = call_c(b, "fmod", s.intrinsic("fabs", x), F64(2.0))
    quarter = [b.fcmp_ordered("<", b.fmul(F64(2.0), y), F64(bound)) for bound in (0.5, 1.5, 2.5, 3.5)]
    pi = F64(math.pi)
    ways = (
        lambda: call_c(b, "sin", b.fmul(pi, y)),
        lambda: call_c(b, "cos", b.fmul(pi, b.fsub(y, F64(0.5)))),
        lambda: call_c(b, "sin", b.fmul(pi, b.fsub(F64(1.0), y))),
        lambda: b.fneg(call_c(b, "cos", b.fmul(pi, b.fsub(y, F64(1.5))))),
    )
    sign = s.intrinsic("copysign", F64(1.0), x)
    for here, way in zip(quarter, ways, strict=True):
        with b.if_then(here):
            b.ret(b.fmul(sign, way()))
    b.ret(b.fmul(sign, call_c(b, "sin", b.fmul(pi, b.fsub(y, F64(2.0))))))


def _gamma(s: Site, x: Value) -> Value:
    return call_own(s.b, "gamma", F64, [x], _write_gamma)


def _write_gamma(b: Builder, args: Sequence[Value]) -> None:
    (x,) = args
    s = _site(b)
    with b.if_then(b.not_(is_finite(b, x)), likely=False):
        b.ret(x)
    whole = b.fcmp_ordered("==", x, s.intrinsic("floor", x))
    few = b.and_(b.fcmp_ordered(">=", x, F64(1.0)), b.fcmp_ordered("<=", x, F64(23.0)))
    with b.if_then(b.and_(whole, few)):
        result: Value = F64(1.0)
        for n in range(3, 24):
            result = b.select(b.fcmp_ordered("==", x, F64(n)), F64(math.factorial(n - 1)), result)
        b.ret(result)
    size = s.intrinsic("fabs", x)
    with b.if_then(b.fcmp_ordered("<", size, F64(1e-20)), likely=False):
        b.ret(b.fdiv(F64(1.0), x))
    negative = b.fcmp_ordered("<", x, F64(0.0))
    with b.if_then(b.fcmp_ordered(">", size, F64(200.0)), likely=False):
        b.ret(b.select(negative, b.fdiv(F64(0.0), _sine(b, x)), F64(math.inf)))
    y = b.fadd(size, F64(_G_LESS_HALF))
    large = b.fcmp_ordered(">", size, F64(_G_LESS_HALF))
    error = b.select(
        large,
        b.fsub(b.fsub(y, size), F64(_G_LESS_HALF)),
        b.fsub(b.fsub(y, F64(_G_LESS_HALF)), size),
    )
    z = b.fdiv(b.fmul(error, F64(_G)), y)
    moderate = b.fcmp_ordered("<", size, F64(140.0))
    power = call_c(b, "pow", y, b.fsub(size, F64(0.5)))
    root = call_c(b, "pow", y, b.fsub(b.fdiv(size, F64(2.0)), F64(0.25)))
    with b.if_then(negative):
        r = b.fdiv(b.fdiv(F64(-math.pi), _sine(b, size)), size)
        r = b.fdiv(b.fmul(r, call_c(b, "exp", y)), _sum(b, size))
        r = b.fsub(r, b.fmul(z, r))
        b.ret(b.select(moderate, b.fdiv(r, power), b.fdiv(b.fdiv(r, root), root)))
    r = b.fdiv(_sum(b, size), call_c(b, "exp", y))
    r = b.fadd(r, b.fmul(z, r))
    b.ret(b.select(moderate, b.fmul(r, power), b.fmul(b.fmul(r, root), root)))


def _ok_gamma(s: Site, x: Value) -> Value:
    """Not a pole, not minus infinity, no overflow."""
    b = s.b
    pole = b.and_(b.fcmp_ordered("<=", x, F64(0.0)), b.fcmp_ordered("==", x, s.intrinsic("floor", x)))
    beyond = b.or_(is_finite(b, _gamma(s, x)), b.not_(is_finite(b, x)))
    return b.and_(b.not_(pole), beyond)


def _lgamma(s: Site, x: Value) -> Value:
    return call_own(s.b, "lgamma", F64, [x], _write_lgamma)


def _write_lgamma(b: Builder, args: Sequence[Value]) -> None:
    (x,) = args
    s = _site(b)
    size = s.intrinsic("fabs", x)
    with b.if_then(b.not_(is_finite(b, x)), likely=False):
        b.ret(size)
    with b.if_then(b.or_(b.fcmp_ordered("==", x, F64(1.0)), b.fcmp_ordered("==", x, F64(2.0))), likely=False):
        b.ret(F64(0.0))
    with b.if_then(b.fcmp_ordered("<", size, F64(1e-20)), likely=False):
        b.ret(b.fneg(call_c(b, "log", size)))
    r = b.fsub(call_c(b, "log", _sum(b, size)), F64(_G))
    inner = call_c(b, "log", b.fsub(b.fadd(size, F64(_G)), F64(0.5)))
    r = b.fadd(r, b.fmul(b.fsub(size, F64(0.5)), b.fsub(inner, F64(1.0))))
    with b.if_then(b.fcmp_ordered("<", x, F64(0.0))):
        sine = call_c(b, "log", s.intrinsic("fabs", _sine(b, size)))
        b.ret(b.fsub(b.fsub(b.fsub(F64(_LOG_PI), sine), call_c(b, "log", size)), r))
    b.ret(r)


def _ok_lgamma(s: Site, x: Value) -> Value:
    b = s.b
    pole = b.and_(b.fcmp_ordered("<=", x, F64(0.0)), b.fcmp_ordered("==", x, s.intrinsic("floor", x)))
    plain = b.or_(is_finite(b, _lgamma(s, x)), is_nan(b, x))
    return b.or_(is_infinite(b, x), b.and_(b.not_(pole), plain))


TABLE: dict[tuple[str, str], Code] = {
    ("py.math.gamma", "f"): _gamma,
    ("ok.math.gamma", "f"): _ok_gamma,
    ("py.math.lgamma", "f"): _lgamma,
    ("ok.math.lgamma", "f"): _ok_lgamma,
}
