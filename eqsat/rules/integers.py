"""Integers: NumPy's wrap around, so that they form a ring, and every identity of rings holds to the bit.

A side that drops a variable fires only where nobody could hear it: computing the variable raises no flag.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Condition, Int, Pattern, Rule, Signed, is_constant, rule


def _constant(c: Pattern) -> Condition:
    return is_constant(c)


def _constants(c: Pattern, d: Pattern) -> tuple[Condition, Condition]:
    return is_constant(c), is_constant(d)


# The ring ---------------------------------------------------------------------------------------------------------


@rule
def add_zero(x: Int):
    """0 is neutral."""
    return x + 0, x


@rule
def subtract_integer_zero(x: Int):
    """0 is neutral."""
    return x - 0, x


@rule
def zero_minus(x: Int):
    """Negation is subtraction from 0."""
    return 0 - x, -x


@rule
def subtract_itself(x: Int):
    """x - x = 0."""
    return x - x, 0


@rule
def multiply_by_zero(x: Int):
    """x 0 = 0."""
    return x * 0, 0


@rule
def negative_of_difference(a: Int, b: Int):
    """-(a - b) = b - a."""
    return -(a - b), b - a


@rule
def subtract_what_was_added(a: Int, b: Int):
    """(a + b) - b = a."""
    return (a + b) - b, a


@rule
def add_what_was_subtracted(a: Int, b: Int):
    """(a - b) + b = a."""
    return (a - b) + b, a


@rule
def subtract_the_remainder(a: Int, b: Int):
    """a - (a - b) = b."""
    return a - (a - b), b


@rule(when=_constants)
def add_constants(x: Int, c: Int, d: Int):
    """Addition is associative: the constants are added beforehand."""
    return (x + c) + d, x + (c + d)


@rule(when=_constants)
def subtract_then_add_constants(x: Int, c: Int, d: Int):
    """Addition is associative."""
    return (x - c) + d, x + (d - c)


@rule(when=_constants)
def add_then_subtract_constants(x: Int, c: Int, d: Int):
    """Addition is associative."""
    return (x + c) - d, x + (c - d)


@rule(when=_constants)
def subtract_constants(x: Int, c: Int, d: Int):
    """Addition is associative."""
    return (x - c) - d, x - (c + d)


@rule(when=_constants)
def multiply_constants(x: Int, c: Int, d: Int):
    """Multiplication is associative."""
    return (x * c) * d, x * (c * d)


@rule
def take_out_common_factor(a: Int, b: Int, c: Int):
    """Multiplication distributes: one product instead of two."""
    return a * c + b * c, (a + b) * c


@rule
def take_out_common_factor_of_difference(a: Int, b: Int, c: Int):
    """Multiplication distributes."""
    return a * c - b * c, (a - b) * c


@rule(when=_constant)
def add_to_multiple(x: Int, c: Int):
    """x c + x = x (c + 1)."""
    return x * c + x, x * (c + 1)


@rule
def integer_double(x: Int):
    """x 2 = x + x."""
    return x * 2, x + x


# Bits -------------------------------------------------------------------------------------------------------------


@rule
def invert_of_invert(x: Int):
    """Every bit flips twice."""
    return ~(~x), x


@rule
def and_with_itself(x: Int):
    """Idempotence."""
    return x & x, x


@rule
def or_with_itself(x: Int):
    """Idempotence."""
    return x | x, x


@rule
def xor_with_itself(x: Int):
    """Equal bits cancel."""
    return x ^ x, 0


@rule
def and_with_zero(x: Int):
    """No bit is left."""
    return x & 0, 0


@rule
def and_with_ones(x: Int):
    """Every bit is left."""
    return x & -1, x


@rule
def or_with_zero(x: Int):
    """No bit is set."""
    return x | 0, x


@rule
def or_with_ones(x: Int):
    """Every bit is set."""
    return x | -1, -1


@rule
def xor_with_zero(x: Int):
    """No bit flips."""
    return x ^ 0, x


@rule
def xor_with_ones(x: Int):
    """Every bit flips."""
    return x ^ -1, ~x


@rule
def xor_twice(a: Int, b: Int):
    """The same bits flip back."""
    return (a ^ b) ^ b, a


@rule
def and_absorbs(a: Int, b: Int):
    """Absorption."""
    return a & (a | b), a


@rule
def or_absorbs(a: Int, b: Int):
    """Absorption."""
    return a | (a & b), a


@rule
def and_of_inverts(a: Int, b: Int):
    """De Morgan."""
    return ~a & ~b, ~(a | b)


@rule
def or_of_inverts(a: Int, b: Int):
    """De Morgan."""
    return ~a | ~b, ~(a & b)


@rule
def invert_plus_one(x: Int):
    """Two's complement."""
    return ~x + 1, -x


@rule
def invert_of_negative(x: Int):
    """Two's complement: ~(-x) = x - 1."""
    return ~(-x), x - 1


@rule
def shift_left_by_zero(x: Int):
    """Nothing moves."""
    return x << 0, x


@rule
def shift_right_by_zero(x: Int):
    """Nothing moves."""
    return x >> 0, x


# Order and size ---------------------------------------------------------------------------------------------------


@rule
def integer_divide_by_one(x: Int):
    """1 is neutral."""
    return x // 1, x


@rule
def absolute_of_integer_negative(x: Signed):
    """The size does not know the sign; the least integer is its own opposite."""
    return np.absolute(-x), np.absolute(x)


@rule
def where_negative_to_absolute(x: Signed):
    """The definition of the absolute value."""
    return np.where(x < 0, -x, x), np.absolute(x)


@rule
def where_positive_to_absolute(x: Signed):
    """The definition of the absolute value."""
    return np.where(x > 0, x, -x), np.absolute(x)


@rule
def where_less_to_minimum(a: Int, b: Int):
    """The definition of the minimum; integers know no NaN and one zero."""
    return np.where(a < b, a, b), np.minimum(a, b)


@rule
def where_greater_to_maximum(a: Int, b: Int):
    """The definition of the maximum."""
    return np.where(a > b, a, b), np.maximum(a, b)


@rule
def minimum_absorbs(a: Int, b: Int):
    """Absorption."""
    return np.minimum(a, np.maximum(a, b)), a


@rule
def maximum_absorbs(a: Int, b: Int):
    """Absorption."""
    return np.maximum(a, np.minimum(a, b)), a


@rule
def not_less(a: Int, b: Int):
    """A total order."""
    return np.logical_not(a < b), a >= b


@rule
def not_less_equal(a: Int, b: Int):
    """A total order."""
    return np.logical_not(a <= b), a > b


@rule
def not_greater(a: Int, b: Int):
    """A total order."""
    return np.logical_not(a > b), a <= b


@rule
def not_greater_equal(a: Int, b: Int):
    """A total order."""
    return np.logical_not(a >= b), a < b


@rule
def equal_to_itself(x: Int):
    """Integers know no NaN."""
    return np.equal(x, x), True


@rule
def differs_from_itself(x: Int):
    """Integers know no NaN."""
    return np.not_equal(x, x), False


INTEGERS: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
