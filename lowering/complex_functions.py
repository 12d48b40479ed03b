"""`cmath`: CPython's formulas over the C library, for finite numbers of moderate size.

Where a part is infinite or a NaN, or so large or small that CPython scales first, the check is false, and Python is
asked. Called by `lowering.python_ops`, whose table these codes are part of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from lowering.complex_numbers import PAIR, Parts, parts, whole
from lowering.functions import call_c, call_own
from lowering.mathematics import Code
from lowering.site import Site
from lowering.values import F64, Builder, Value

Function = Callable[[Builder, Parts], Parts]
_LARGE_EXPONENT = 700.0
"""Below the logarithm of a quarter of the largest float, from where on CPython scales exponentials."""
_LARGE, _SMALL = 1e300, 1e-300


def _site(b: Builder) -> Site:
    return Site(b, (np.dtype("f8"),), np.dtype("f8"), "nothing")


def _exp(b: Builder, z: Parts) -> Parts:
    length = call_c(b, "exp", z[0])
    return b.fmul(length, call_c(b, "cos", z[1])), b.fmul(length, call_c(b, "sin", z[1]))


def _cosh(b: Builder, z: Parts) -> Parts:
    return (
        b.fmul(call_c(b, "cos", z[1]), call_c(b, "cosh", z[0])),
        b.fmul(call_c(b, "sin", z[1]), call_c(b, "sinh", z[0])),
    )


def _sinh(b: Builder, z: Parts) -> Parts:
    return (
        b.fmul(call_c(b, "cos", z[1]), call_c(b, "sinh", z[0])),
        b.fmul(call_c(b, "sin", z[1]), call_c(b, "cosh", z[0])),
    )


def _tanh(b: Builder, z: Parts) -> Parts:
    one = F64(1.0)
    tx, ty = call_c(b, "tanh", z[0]), call_c(b, "tan", z[1])
    cx = b.fdiv(one, call_c(b, "cosh", z[0]))
    both = b.fmul(tx, ty)
    below = b.fadd(one, b.fmul(both, both))
    real = b.fdiv(b.fmul(tx, b.fadd(one, b.fmul(ty, ty))), below)
    return real, b.fmul(b.fmul(b.fdiv(ty, below), cx), cx)


def _turned(b: Builder, z: Parts) -> Parts:
    """iz."""
    return b.fneg(z[1]), z[0]


def _back(function: Function, b: Builder, z: Parts) -> Parts:
    """-i f(iz)."""
    real, imag = function(b, _turned(b, z))
    return imag, b.fneg(real)


def _cos(b: Builder, z: Parts) -> Parts:
    return _cosh(b, _turned(b, z))


def _sqrt(b: Builder, z: Parts) -> Parts:
    s = _site(b)
    ax, ay = (s.intrinsic("fabs", part) for part in z)
    eighth = b.fdiv(ax, F64(8.0))
    inner = b.fadd(eighth, call_c(b, "hypot", eighth, b.fdiv(ay, F64(8.0))))
    root = b.fmul(F64(2.0), s.intrinsic("sqrt", inner))
    zero = b.and_(b.fcmp_ordered("==", z[0], F64(0.0)), b.fcmp_ordered("==", z[1], F64(0.0)))
    other = b.fdiv(ay, b.fmul(F64(2.0), root))
    right = b.fcmp_ordered(">=", z[0], F64(0.0))
    real = b.select(right, root, other)
    imag = s.intrinsic("copysign", b.select(right, other, root), z[1])
    return b.select(zero, F64(0.0), real), b.select(zero, z[1], imag)


def _log(b: Builder, z: Parts) -> Parts:
    s = _site(b)
    ax, ay = (s.intrinsic("fabs", part) for part in z)
    radius = call_c(b, "hypot", ax, ay)
    larger = b.fcmp_ordered(">", ax, ay)
    am, an = b.select(larger, ax, ay), b.select(larger, ay, ax)
    one = F64(1.0)
    rest = b.fadd(b.fmul(b.fsub(am, one), b.fadd(am, one)), b.fmul(an, an))
    near = b.and_(b.fcmp_ordered("<=", F64(0.71), radius), b.fcmp_ordered("<=", radius, F64(1.73)))
    close = b.fdiv(call_c(b, "log1p", b.select(near, rest, one)), F64(2.0))
    return b.select(near, close, call_c(b, "log", radius)), call_c(b, "atan2", z[1], z[0])


def _log10(b: Builder, z: Parts) -> Parts:
    real, imag = _log(b, z)
    return b.fdiv(real, F64(math.log(10.0))), b.fdiv(imag, F64(math.log(10.0)))


def _rect(b: Builder, z: Parts) -> Parts:
    """Of a radius and an angle."""
    radius, angle = z
    flat = b.fcmp_ordered("==", angle, F64(0.0))
    real = b.select(flat, radius, b.fmul(radius, call_c(b, "cos", angle)))
    imag = b.select(flat, b.fmul(radius, angle), b.fmul(radius, call_c(b, "sin", angle)))
    return real, imag


def _emit(name: str, function: Function) -> Code:
    def write(b: Builder, args: Sequence[Value]) -> None:
        b.ret(whole(b, *function(b, (args[0], args[1]))))

    def code(s: Site, *args: Value) -> Value:
        pair = parts(s.b, args[0]) if len(args) == 1 else args
        return call_own(s.b, f"cmath.{name}", PAIR, pair, write)

    return code


Bounds = tuple[float, float]


def _within(real: float, imag: float, least: float = 0.0) -> Code:
    """Whether the parts are smaller than these bounds, which excludes NaNs, and one of them is not too small."""

    def code(s: Site, *args: Value) -> Value:
        b = s.b
        pair = parts(b, args[0]) if len(args) == 1 else args
        sizes = [s.intrinsic("fabs", part) for part in pair]
        good = [b.fcmp_ordered("<=", size, F64(bound)) for size, bound in zip(sizes, (real, imag), strict=True)]
        found = b.and_(*good)
        if least:
            seen = [b.fcmp_ordered(">=", size, F64(least)) for size in sizes]
            found = b.and_(found, b.or_(*seen))
        return found

    return code


def _root_within(s: Site, z: Value) -> Value:
    """As for `log`, or zero."""
    b = s.b
    nothing = [b.fcmp_ordered("==", part, F64(0.0)) for part in parts(b, z)]
    return b.or_(_within(_LARGE, _LARGE, _SMALL)(s, z), b.and_(*nothing))


_FINITE = 1.7976931348623157e308
_FUNCTIONS: dict[str, tuple[Function, Code]] = {
    "exp": (_exp, _within(_LARGE_EXPONENT, _FINITE)),
    "cosh": (_cosh, _within(_LARGE_EXPONENT, _FINITE)),
    "sinh": (_sinh, _within(_LARGE_EXPONENT, _FINITE)),
    "tanh": (_tanh, _within(_LARGE_EXPONENT, _FINITE)),
    "cos": (_cos, _within(_FINITE, _LARGE_EXPONENT)),
    "sin": (partial(_back, _sinh), _within(_FINITE, _LARGE_EXPONENT)),
    "tan": (partial(_back, _tanh), _within(_FINITE, _LARGE_EXPONENT)),
    "sqrt": (_sqrt, _root_within),
    "log": (_log, _within(_LARGE, _LARGE, _SMALL)),
    "log10": (_log10, _within(_LARGE, _LARGE, _SMALL)),
    "rect": (_rect, _within(_LARGE, _LARGE)),
}


def _phase(s: Site, z: Value) -> Value:
    real, imag = parts(s.b, z)
    return call_c(s.b, "atan2", imag, real)


def _ok_phase(s: Site, z: Value) -> Value:
    """Not so small an angle that the C library reports an underflow, which `cmath` takes for an error."""
    b = s.b
    flat = b.fcmp_ordered("==", parts(b, z)[1], F64(0.0))
    seen = b.fcmp_ordered(">=", s.intrinsic("fabs", _phase(s, z)), F64(_SMALL))
    return b.and_(_within(_FINITE, _FINITE)(s, z), b.or_(flat, seen))


TABLE: dict[tuple[str, str], Code] = {
    **{(f"py.cmath.{name}", "c"): _emit(name, function) for name, (function, _) in _FUNCTIONS.items()},
    **{(f"ok.cmath.{name}", "c"): check for name, (_, check) in _FUNCTIONS.items()},
    ("py.cmath.rect", "f"): _emit("rect", _rect),
    ("ok.cmath.rect", "f"): _FUNCTIONS["rect"][1],
    ("py.cmath.phase", "c"): _phase,
    ("ok.cmath.phase", "c"): _ok_phase,
}
