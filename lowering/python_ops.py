"""Python's operators on Python scalars, and the checks beside them (`py.*` and `ok.*` of `eqsat.ir.ops`).

An int is an int64, and a check is false where Python's int would leave it, or where Python raises. Values are
computed without traps whatever the check says, since both are computed before either is looked at. Floats follow
CPython's `Objects/floatobject.c`. Called by `lowering.evaluate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.program import Apply
from lowering import complex_functions, complex_numbers, gamma, mathematics, whole_numbers
from lowering.flags import declare
from lowering.freedom import flags_of, frozen
from lowering.functions import call_c
from lowering.scalar import CAST, RELATIONS, true
from lowering.site import Care, Site
from lowering.values import F64, I1, I64, Builder, Value

INT, FLOAT, BOOL = np.dtype("i8"), np.dtype("f8"), np.dtype("?")
SMALLEST = I64(-(1 << 63))
PAIR = ir.LiteralStructType([I64, I1])
EXACT = 1 << 53
"""Up to here every int is a float, so that dividing the floats rounds the quotient of the ints once."""

Code = Callable[..., Value]
Written = Callable[[Site, Value], Value] | Callable[[Site, Value, Value], Value]


def emit(b: Builder, term: Apply, args: list[Value], care: Care, granted: frozenset[str] = frozenset()) -> Value:
    """The value of a `py.*` or `ok.*` term. Checks look at numbers as they are, whatever was promised of them."""
    inputs = tuple(arg.dtype for arg in term.args)
    code = TABLE.get((term.name, inputs[0].kind)) or TABLE.get((term.name, "*"))
    if code is None:
        raise InternalError(f"no code for {term.name} on {', '.join(map(str, inputs))}")
    output = np.dtype(term.signature.partition("->")[2]) if term.name == "ok.cast" else term.dtype
    if term.name.startswith("ok."):
        args = [frozen(b, arg, granted) if dtype.kind in "fc" else arg for arg, dtype in zip(args, inputs, strict=True)]
    return code(Site(b, inputs, output, care, flags_of(term.name, granted)), *args)


TABLE: dict[tuple[str, str], Code] = {
    **mathematics.TABLE,
    **gamma.TABLE,
    **whole_numbers.TABLE,
    **complex_numbers.TABLE,
    **complex_functions.TABLE,
}
"""By op and kind of the first operand; `*` stands for every kind."""


def _code(name: str, kinds: str) -> Callable[[Code], Code]:
    def add(code: Code) -> Code:
        TABLE.update({(name, kind): code for kind in kinds})
        return code

    return add


def _add(name: str, kinds: str, code: Written) -> None:
    _code(name, kinds)(code)


def _no(s: Site, condition: Value) -> Value:
    return s.b.xor(condition, I1(1))


# Ints -----------------------------------------------------------------------------------------------------------

_add("py.add", "iu", lambda s, x, y: s.b.add(x, y))
_add("py.sub", "iu", lambda s, x, y: s.b.sub(x, y))
_add("py.mul", "iu", lambda s, x, y: s.b.mul(x, y))
_add("py.neg", "iu", lambda s, x: s.b.neg(x))
_add("py.abs", "i", lambda s, x: s.b.select(s.b.icmp_signed("<", x, I64(0)), s.b.neg(x), x))
_add("py.invert", "ib", lambda s, x: s.b.not_(x))
_add("py.and", "ib", lambda s, x, y: s.b.and_(x, y))
_add("py.or", "ib", lambda s, x, y: s.b.or_(x, y))
_add("py.xor", "ib", lambda s, x, y: s.b.xor(x, y))
_add("ok.neg", "i", lambda s, x: s.b.icmp_signed("!=", x, SMALLEST))
_add("ok.neg", "u", lambda s, x: s.b.icmp_unsigned("==", x, I64(0)))
_add("ok.abs", "i", lambda s, x: s.b.icmp_signed("!=", x, SMALLEST))


def _overflow(s: Site, name: str, x: Value, y: Value) -> tuple[Value, Value]:
    """The wrapped result, and whether it wrapped."""
    found = s.b.call(declare(s.b.module, f"llvm.{name}.with.overflow.i64", PAIR, [I64, I64]), [x, y])
    return s.b.extract_value(found, 0), s.b.extract_value(found, 1)


_add("ok.add", "i", lambda s, x, y: _no(s, _overflow(s, "sadd", x, y)[1]))
_add("ok.sub", "i", lambda s, x, y: _no(s, _overflow(s, "ssub", x, y)[1]))
_add("ok.mul", "i", lambda s, x, y: _no(s, _overflow(s, "smul", x, y)[1]))
_add("ok.add", "u", lambda s, x, y: _no(s, _overflow(s, "uadd", x, y)[1]))
_add("ok.sub", "u", lambda s, x, y: _no(s, _overflow(s, "usub", x, y)[1]))
_add("ok.mul", "u", lambda s, x, y: _no(s, _overflow(s, "umul", x, y)[1]))


def _divisor(y: Value) -> int:
    """The number that is divided by, where it is known and positive; else 0."""
    known = y.constant if isinstance(y, ir.Constant) else 0
    return known if isinstance(known, int) and known > 0 else 0


def _exponent(divisor: int) -> int:
    """Which power of two it is, or -1."""
    return divisor.bit_length() - 1 if divisor & (divisor - 1) == 0 < divisor else -1


def _traps(s: Site, x: Value, y: Value) -> Value:
    """Whether the processor's division traps: by zero, or the one quotient that is too large."""
    too_large = s.b.and_(s.b.icmp_signed("==", x, SMALLEST), s.b.icmp_signed("==", y, I64(-1)))
    return s.b.or_(s.b.icmp_signed("==", y, I64(0)), too_large)


def _divided(s: Site, x: Value, y: Value) -> tuple[Value, Value, Value]:
    """Quotient towards zero, remainder, and whether rounding down takes one more step."""
    if _divisor(y):
        rest = s.b.srem(x, y)
        return s.b.sdiv(x, y), rest, s.b.icmp_signed("<", rest, I64(0))
    safe = s.b.select(_traps(s, x, y), I64(1), y)
    quotient, rest = s.b.sdiv(x, safe), s.b.srem(x, safe)
    opposite = s.b.icmp_signed("<", s.b.xor(rest, safe), I64(0))
    return quotient, rest, s.b.and_(s.b.icmp_signed("!=", rest, I64(0)), opposite)


@_code("py.floordiv", "i")
def _floordiv_int(s: Site, x: Value, y: Value) -> Value:
    if (exponent := _exponent(_divisor(y))) >= 0:
        return s.b.ashr(x, I64(exponent))
    quotient, _, down = _divided(s, x, y)
    return s.b.sub(quotient, s.b.zext(down, I64))


@_code("py.mod", "i")
def _mod_int(s: Site, x: Value, y: Value) -> Value:
    if _exponent(_divisor(y)) >= 0:
        return s.b.and_(x, I64(_divisor(y) - 1))
    _, rest, down = _divided(s, x, y)
    return s.b.add(rest, s.b.select(down, y, I64(0)))


def _nonzero(s: Site, y: Value) -> Value:
    """The divisor, or one for zero."""
    return s.b.select(s.b.icmp_unsigned("==", y, I64(0)), I64(1), y)


_add("py.floordiv", "u", lambda s, x, y: s.b.udiv(x, _nonzero(s, y)))
_add("py.mod", "u", lambda s, x, y: s.b.urem(x, _nonzero(s, y)))
_add("ok.floordiv", "i", lambda s, x, y: _no(s, _traps(s, x, y)))
_add("ok.floordiv", "u", lambda s, x, y: s.b.icmp_unsigned("!=", y, I64(0)))
_add("ok.mod", "iu", lambda s, x, y: s.b.icmp_signed("!=", y, I64(0)))


def _is_exact(s: Site, x: Value) -> Value:
    low, high = s.b.icmp_signed(">=", x, I64(-EXACT)), s.b.icmp_signed("<=", x, I64(EXACT))
    return s.b.and_(low, high)


@_code("ok.truediv", "i")
def _ok_truediv_int(s: Site, x: Value, y: Value) -> Value:
    exact = s.b.and_(_is_exact(s, x), _is_exact(s, y))
    return s.b.and_(exact, s.b.icmp_signed("!=", y, I64(0)))


@_code("py.truediv", "i")
def _truediv_int(s: Site, x: Value, y: Value) -> Value:
    return s.float("fdiv", s.b.sitofp(x, F64), s.b.sitofp(y, F64))


def _count(s: Site, y: Value) -> Value:
    """A shift count that the processor takes."""
    return s.b.select(s.b.icmp_unsigned("<", y, I64(64)), y, I64(63))


@_code("py.lshift", "i")
def _lshift(s: Site, x: Value, y: Value) -> Value:
    return s.b.shl(x, _count(s, y))


@_code("ok.lshift", "i")
def _ok_lshift(s: Site, x: Value, y: Value) -> Value:
    count = _count(s, y)
    kept = s.b.icmp_signed("==", s.b.ashr(s.b.shl(x, count), count), x)
    return s.b.and_(s.b.icmp_unsigned("<", y, I64(64)), kept)


_add("py.rshift", "i", lambda s, x, y: s.b.ashr(x, _count(s, y)))
_add("ok.rshift", "i", lambda s, x, y: s.b.icmp_signed(">=", y, I64(0)))


def _int_power(s: Site, x: Value, y: Value) -> Value:
    """The power and whether it is right, by repeated squaring, from a function that is made once a module.

    A square that overflows is multiplied in later, because an exponent bit above is still set, so the power
    overflows too.
    """
    function = s.b.module.globals.get("eqsat.int_power")
    if function is None:
        function = ir.Function(s.b.module, ir.FunctionType(PAIR, [I64, I64]), "eqsat.int_power")
        function.linkage = "internal"
        _write_int_power(function)
    return s.b.call(function, [x, y])


def _write_int_power(function: ir.Function) -> None:
    entry, turn, after = (function.append_basic_block(name) for name in ("entry", "turn", "after"))
    b = ir.IRBuilder(entry)
    s = Site(b, (INT, INT), INT)
    base, exponent = function.args
    possible = b.icmp_signed(">=", exponent, I64(0))
    b.cbranch(b.icmp_signed(">", exponent, I64(0)), turn, after)
    b.position_at_end(turn)
    power, square, rest, right = b.phi(I64), b.phi(I64), b.phi(I64), b.phi(I1)
    multiplied, wrapped = _overflow(s, "smul", power, square)
    odd = b.trunc(rest, I1)
    following = b.select(odd, multiplied, power)
    good = b.and_(right, b.not_(b.and_(odd, wrapped)))
    left = b.lshr(rest, I64(1))
    more = b.icmp_signed("!=", left, I64(0))
    squared, square_wrapped = _overflow(s, "smul", square, square)
    good = b.and_(good, b.not_(b.and_(more, square_wrapped)))
    for phi, first, again in (
        (power, I64(1), following),
        (square, base, squared),
        (rest, exponent, left),
        (right, I1(1), good),
    ):
        phi.add_incoming(first, entry)
        phi.add_incoming(again, turn)
    b.cbranch(more, turn, after)
    b.position_at_end(after)
    value, ok = b.phi(I64), b.phi(I1)
    value.add_incoming(I64(1), entry)
    value.add_incoming(following, turn)
    ok.add_incoming(possible, entry)
    ok.add_incoming(good, turn)
    result = b.insert_value(ir.Constant(PAIR, ir.Undefined), value, 0)
    b.ret(b.insert_value(result, ok, 1))


_add("py.pow", "i", lambda s, x, y: s.b.extract_value(_int_power(s, x, y), 0))
_add("ok.pow", "i", lambda s, x, y: s.b.extract_value(_int_power(s, x, y), 1))


@_code("ok.cast", "iub")
def _ok_cast(s: Site, x: Value) -> Value:
    """Whether an int64 is a value of the integer dtype `s.output`."""
    limits = np.iinfo(s.output)
    above = s.b.icmp_signed(">=", x, I64(max(int(limits.min), -(1 << 63))))
    return s.b.and_(above, s.b.icmp_signed("<=", x, I64(min(int(limits.max), (1 << 63) - 1))))


# Floats ---------------------------------------------------------------------------------------------------------

_add("py.add", "f", lambda s, x, y: s.b.fadd(x, y, flags=s.flags))
_add("py.sub", "f", lambda s, x, y: s.b.fsub(x, y, flags=s.flags))
_add("py.mul", "f", lambda s, x, y: s.b.fmul(x, y, flags=s.flags))
_add("py.truediv", "f", lambda s, x, y: s.float("fdiv", x, y))
_add("py.neg", "f", lambda s, x: s.negative(x))
_add("py.abs", "f", lambda s, x: s.intrinsic("fabs", x))
for _name in ("truediv", "floordiv", "mod"):
    _add(f"ok.{_name}", "f", lambda s, x, y: s.compare("une", y, F64(0.0)))
for _name in ("add", "sub", "mul"):
    _add(f"ok.{_name}", "f", lambda s, x, y: I1(1))
for _name in ("neg", "abs"):
    _add(f"ok.{_name}", "f", lambda s, x: I1(1))


def _float_divmod(s: Site, x: Value, y: Value) -> tuple[Value, Value]:
    """As `_float_div_mod` in CPython: the remainder has the divisor's sign, the quotient is made to fit it."""
    b, number = s.b, x.type
    zero, one = number(0.0), number(1.0)
    rest = call_c(b, "fmod" if number == F64 else "fmodf", x, y, result=number)
    quotient = b.fdiv(b.fsub(x, rest), y)
    some = s.compare("une", rest, zero)
    opposite = b.xor(s.compare("olt", y, zero), s.compare("olt", rest, zero))
    down = b.and_(some, opposite)
    mod = b.select(some, b.select(down, b.fadd(rest, y), rest), s.intrinsic("copysign", zero, y))
    quotient = b.select(down, b.fsub(quotient, one), quotient)
    floor = s.intrinsic("floor", quotient)
    short = s.compare("ogt", b.fsub(quotient, floor), number(0.5))
    floor = b.select(short, b.fadd(floor, one), floor)
    signed_zero = s.intrinsic("copysign", zero, b.fdiv(x, y))
    return b.select(s.compare("une", quotient, zero), floor, signed_zero), mod


@_code("ok.numpy_divmod", "f")
def _ok_numpy_divmod(s: Site, x: Value, y: Value) -> Value:
    """Neither infinite nor NaNs, and no division by zero: NumPy warns of some of those."""
    sizes = [s.compare("olt", s.intrinsic("fabs", part), part.type(math.inf)) for part in (x, y)]
    return s.b.and_(s.b.and_(*sizes), s.compare("une", y, y.type(0.0)))


_add("py.floordiv", "f", lambda s, x, y: _float_divmod(s, x, y)[0])
_add("py.mod", "f", lambda s, x, y: _float_divmod(s, x, y)[1])


@_code("py.pow", "f")
def _pow_float(s: Site, x: Value, y: Value) -> Value:
    """The C library's `pow`, whose special cases are those that CPython writes out; of float32 its `powf`."""
    return call_c(s.b, "pow" if x.type == F64 else "powf", x, y, result=x.type)


@_code("ok.pow", "f")
def _ok_pow_float(s: Site, x: Value, y: Value) -> Value:
    """Not 0.0 to a negative power, no complex result, and no overflow from finite numbers."""
    b, zero = s.b, x.type(0.0)
    pole = b.and_(s.compare("oeq", x, zero), s.compare("olt", y, zero))
    fraction = s.compare("one", y, s.intrinsic("floor", y))
    complex_result = b.and_(s.compare("olt", x, zero), fraction)
    infinity = x.type(float("inf"))

    def endless(value: Value) -> Value:
        return s.compare("oeq", s.intrinsic("fabs", value), infinity)

    given = b.or_(endless(x), endless(y))  # CPython's rules for infinite operands come before the others
    overflow = endless(_pow_float(s, x, y))
    wrong = b.or_(pole, b.or_(overflow, complex_result))
    return _no(s, b.and_(wrong, _no(s, given)))


# Conversions, comparisons, truth --------------------------------------------------------------------------------


def _as_float(s: Site, x: Value) -> Value:
    return CAST(s.of(s.inputs, FLOAT), x)


_add("py.float", "*", _as_float)
_add("py.bool", "*", lambda s, x: true(s, x, s.inputs[0]))
_add("py.not", "*", lambda s, x: _no(s, true(s, x, s.inputs[0])))
_add("py.int", "iub", lambda s, x: CAST(s.of(s.inputs, INT), x))
_add("ok.int", "ib", lambda s, x: I1(1))


@_code("ok.int", "u")
def _ok_int_unsigned(s: Site, x: Value) -> Value:
    return s.b.icmp_signed(">=", CAST(s.of(s.inputs, INT), x), I64(0)) if s.inputs[0].itemsize == 8 else I1(1)


def _in_range(s: Site, x: Value) -> Value:
    return s.b.and_(s.compare("oge", x, F64(-(2.0**63))), s.compare("olt", x, F64(2.0**63)))


@_code("py.int", "f")
def _int_of_float(s: Site, x: Value) -> Value:
    wide = _as_float(s, x)
    return s.float("fptosi", s.b.select(_in_range(s, wide), wide, F64(0.0)), to=I64)


_add("ok.int", "f", lambda s, x: _in_range(s, _as_float(s, x)))


def _comparison(integer: str, floating: str) -> Code:
    def code(s: Site, x: Value, y: Value) -> Value:
        kind = s.inputs[0].kind
        if kind == "f":
            return s.compare(floating, x, y)
        return (s.b.icmp_signed if kind == "i" else s.b.icmp_unsigned)(integer, x, y)

    return code


for _name, _ufunc in (
    ("eq", "equal"),
    ("ne", "not_equal"),
    ("lt", "less"),
    ("le", "less_equal"),
    ("gt", "greater"),
    ("ge", "greater_equal"),
):
    _add(f"py.{_name}", "ifbu", _comparison(*RELATIONS[_ufunc]))
