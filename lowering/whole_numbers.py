"""`math` of Python's ints: common divisors, roots, factorials, binomials, powers of a modulus; and bits of ints.

A check is false where Python raises or the result leaves int64. Nothing traps, whatever the operands. Called by
`lowering.python_ops`, whose table these codes are part of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from llvmlite import ir

from lowering.flags import declare
from lowering.functions import Body, call_own
from lowering.mathematics import Code
from lowering.scalar import Site
from lowering.values import F64, I1, I64, Builder, Value

SMALLEST = I64(-(1 << 63))
PAIR = ir.LiteralStructType([I64, I1])
_INT = np.dtype("i8")
_MODULUS = 1 << 32
"""The largest modulus: products of two remainders are below 2**64."""


def _size(b: Builder, x: Value) -> Value:
    """The absolute value, which is right as an unsigned number even of the smallest int."""
    return b.select(b.icmp_signed("<", x, I64(0)), b.neg(x), x)


def _result(b: Builder, value: Value, good: Value) -> None:
    pair = b.insert_value(ir.Constant(PAIR, ir.Undefined), value, 0)
    b.ret(b.insert_value(pair, good, 1))


def multiplied(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """The product, and whether it left int64."""
    found = b.call(declare(b.module, "llvm.smul.with.overflow.i64", PAIR, [I64, I64]), [x, y])
    return b.extract_value(found, 0), b.extract_value(found, 1)


def _pair(name: str, write: Body) -> tuple[Code, Code]:
    """The codes of an operation and of its check, from a function that returns both."""

    def value(s: Site, *args: Value) -> Value:
        return s.b.extract_value(call_own(s.b, name, PAIR, args, write), 0)

    def good(s: Site, *args: Value) -> Value:
        return s.b.extract_value(call_own(s.b, name, PAIR, args, write), 1)

    return value, good


def _write_gcd(b: Builder, args: Sequence[Value]) -> None:
    """Stein's algorithm on absolute values: no division, which takes ten times as long as a turn of this."""
    x, y = (_size(b, arg) for arg in args)
    zeros = declare(b.module, "llvm.cttz.i64", I64, [I64, I1])
    either = b.or_(x, y)
    with b.if_then(b.or_(*(b.icmp_unsigned("==", part, I64(0)) for part in (x, y))), likely=False):
        _result(b, either, b.icmp_signed(">=", either, I64(0)))
    shared = b.call(zeros, [either, I1(0)])
    entry, turn, after = b.block, b.append_basic_block("turn"), b.append_basic_block("after")
    start = b.lshr(x, b.call(zeros, [x, I1(0)]))
    b.branch(turn)
    b.position_at_end(turn)
    odd, other = b.phi(I64), b.phi(I64)
    reduced = b.lshr(other, b.call(zeros, [other, I1(0)]))
    smaller = b.icmp_unsigned("<", odd, reduced)
    low, high = b.select(smaller, odd, reduced), b.select(smaller, reduced, odd)
    rest = b.sub(high, low)
    for phi, first, again in ((odd, start, low), (other, y, rest)):
        phi.add_incoming(first, entry)
        phi.add_incoming(again, turn)
    b.cbranch(b.icmp_unsigned("!=", rest, I64(0)), turn, after)
    b.position_at_end(after)
    found = b.shl(low, shared)
    _result(b, found, b.icmp_signed(">=", found, I64(0)))


def _write_lcm(b: Builder, args: Sequence[Value]) -> None:
    x, y = (_size(b, arg) for arg in args)
    shared = b.extract_value(call_own(b, "gcd", PAIR, args, _write_gcd), 0)
    safe = b.select(b.icmp_unsigned("==", shared, I64(0)), I64(1), shared)
    value, wrapped = multiplied(b, b.udiv(x, safe), y)
    smallest = b.or_(b.icmp_signed("<", x, I64(0)), b.icmp_signed("<", y, I64(0)))
    _result(b, value, b.not_(b.or_(wrapped, smallest)))


def _write_power(b: Builder, args: Sequence[Value]) -> None:
    """`pow(x, y, m)` for a modulus of at most 2**32; the remainder has the sign of the modulus."""
    x, exponent, modulus = args
    size = _size(b, modulus)
    fits = b.and_(b.icmp_unsigned("!=", size, I64(0)), b.icmp_unsigned("<=", size, I64(_MODULUS)))
    good = b.and_(fits, b.icmp_signed(">=", exponent, I64(0)))
    safe = b.select(fits, size, I64(1))
    rest = b.srem(x, safe)
    base = b.select(b.icmp_signed("<", rest, I64(0)), b.add(rest, safe), rest)
    start = b.urem(I64(1), safe)
    entry, function = b.block, b.function
    head, turn, after = (function.append_basic_block(name) for name in ("head", "turn", "after"))
    b.cbranch(good, head, after)
    b.position_at_end(head)
    power, square, left = b.phi(I64), b.phi(I64), b.phi(I64)
    b.cbranch(b.icmp_unsigned("==", left, I64(0)), after, turn)
    b.position_at_end(turn)
    following = b.select(b.trunc(left, I1), b.urem(b.mul(power, square), safe), power)
    for phi, first, again in (
        (power, start, following),
        (square, base, b.urem(b.mul(square, square), safe)),
        (left, exponent, b.lshr(left, I64(1))),
    ):
        phi.add_incoming(first, entry)
        phi.add_incoming(again, turn)
    b.branch(head)
    b.position_at_end(after)
    found = b.phi(I64)
    found.add_incoming(I64(0), entry)
    found.add_incoming(power, head)
    moved = b.and_(b.icmp_signed("<", modulus, I64(0)), b.icmp_signed("!=", found, I64(0)))
    _result(b, b.select(moved, b.sub(found, safe), found), good)


def _counted(b: Builder, n: Value, k: Value, step: str) -> None:
    """The product of k numbers up to n, going down from n (`perm`), or up to n and divided by 1, 2, ... (`comb`)."""
    good = b.and_(b.icmp_signed(">=", n, I64(0)), b.icmp_signed(">=", k, I64(0)))
    beyond = b.icmp_signed(">", k, n)
    with b.if_then(b.or_(b.not_(good), beyond), likely=False):
        _result(b, I64(0), good)
    if step == "comb":
        other = b.sub(n, k)
        k = b.select(b.icmp_signed("<", other, k), other, k)
    before = b.sub(n, k)
    entry, function = b.block, b.function
    head, turn, after = (function.append_basic_block(name) for name in ("head", "turn", "after"))
    b.branch(head)
    b.position_at_end(head)
    value, count, fits = b.phi(I64), b.phi(I64), b.phi(I1)
    b.cbranch(b.and_(fits, b.icmp_signed("<=", count, k)), turn, after)
    b.position_at_end(turn)
    factor = b.add(before, count) if step == "comb" else b.add(b.sub(n, count), I64(1))
    product, wrapped = multiplied(b, value, factor)
    following = b.sdiv(product, count) if step == "comb" else product
    for phi, first, again in (
        (value, I64(1), following),
        (count, I64(1), b.add(count, I64(1))),
        (fits, I1(1), b.not_(wrapped)),
    ):
        phi.add_incoming(first, entry)
        phi.add_incoming(again, turn)
    b.branch(head)
    b.position_at_end(after)
    _result(b, value, fits)


def _write_comb(b: Builder, args: Sequence[Value]) -> None:
    _counted(b, args[0], args[1], "comb")


def _write_perm(b: Builder, args: Sequence[Value]) -> None:
    _counted(b, args[0], args[1], "perm")


def _factorial(s: Site, x: Value) -> Value:
    result: Value = I64(1)
    for n in range(2, 21):
        result = s.b.select(s.b.icmp_signed("==", x, I64(n)), I64(math.factorial(n)), result)
    return result


def _has_factorial(s: Site, x: Value) -> Value:
    return s.b.icmp_unsigned("<=", x, I64(20))


def _has_root(s: Site, x: Value) -> Value:
    return s.b.icmp_signed(">=", x, I64(0))


def _isqrt(s: Site, x: Value) -> Value:
    """The floor of the root: the root of a float, at most one too large or too small, put right."""
    b = s.b
    size = b.select(b.icmp_signed("<", x, I64(0)), I64(0), x)
    root = b.fptosi(s.intrinsic("sqrt", b.sitofp(size, F64)), I64)
    root = b.sub(root, b.zext(b.icmp_unsigned(">", b.mul(root, root), size), I64))
    above = b.add(root, I64(1))
    return b.add(root, b.zext(b.icmp_unsigned("<=", b.mul(above, above), size), I64))


def _bit_length(s: Site, x: Value) -> Value:
    zeros = declare(s.b.module, "llvm.ctlz.i64", I64, [I64, I1])
    return s.b.sub(I64(64), s.b.call(zeros, [_size(s.b, x), I1(0)]))


def _bit_count(s: Site, x: Value) -> Value:
    return s.intrinsic("ctpop", _size(s.b, x))


def _table() -> dict[tuple[str, str], Code]:
    found: dict[str, Code] = {
        "py.math.factorial": _factorial,
        "ok.math.factorial": _has_factorial,
        "py.math.isqrt": _isqrt,
        "ok.math.isqrt": _has_root,
        "py.math.bit_length": _bit_length,
        "py.math.bit_count": _bit_count,
    }
    for name, write in (
        ("gcd", _write_gcd),
        ("lcm", _write_lcm),
        ("comb", _write_comb),
        ("perm", _write_perm),
        ("pow_mod", _write_power),
    ):
        found[f"py.math.{name}"], found[f"ok.math.{name}"] = _pair(name, write)
    return {(name, "i"): code for name, code in found.items()}


TABLE: dict[tuple[str, str], Code] = _table()
