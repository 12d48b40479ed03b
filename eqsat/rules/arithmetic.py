"""Exact arithmetic: equations that hold for every number of floating point, rounded and all.

What looks like algebra and is missing here is missing on purpose: associativity and distribution round differently,
`x + 0` loses the sign of -0.0, `x * 0` and `x - x` hide NaN and infinity, `x / 3` is not `x * (1 / 3)`. NaN's sign and
payload are not told apart. Each rule raises the floating-point flags of its left side, no more and no fewer.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import (
    Complex,
    Condition,
    Float,
    Number,
    Pattern,
    Real,
    Rule,
    exact_reciprocal,
    is_constant,
    rule,
)


def _constant(c: Pattern) -> Condition:
    return is_constant(c)


def _exact(c: Pattern) -> Condition:
    return exact_reciprocal(c)


# Signs ------------------------------------------------------------------------------------------------------------


@rule
def negative_of_negative(x: Number):
    """Negation flips the sign bit, or wraps; twice is nothing."""
    return np.negative(-x), x


@rule
def add_negative(a: Number, b: Number):
    """IEEE 754 defines a - b as a + (-b): both round once."""
    return a + (-b), a - b


@rule
def subtract_negative(a: Number, b: Number):
    """IEEE 754 defines a - b as a + (-b)."""
    return a - (-b), a + b


@rule
def multiply_negative(a: Real, b: Real):
    """Rounding to nearest is symmetric: the sign can be taken out of a product."""
    return (-a) * b, -(a * b)


@rule(when=_constant)
def negative_of_scaled(a: Real, c: Real):
    """The sign goes into a constant factor, where it costs nothing."""
    return -(a * c), a * (-c)


@rule
def divide_negative(a: Float, b: Float):
    """The sign can be taken out of a dividend."""
    return (-a) / b, -(a / b)


@rule
def divide_by_negative(a: Float, b: Float):
    """The sign can be taken out of a divisor."""
    return a / (-b), -(a / b)


@rule(when=_constant)
def negative_of_ratio(a: Float, c: Float):
    """The sign goes into a constant divisor."""
    return -(a / c), a / (-c)


@rule(when=_constant)
def negative_of_quotient_of_constant(a: Float, c: Float):
    """The sign goes into a constant dividend."""
    return -(c / a), (-c) / a


@rule
def absolute_of_negative(x: Float):
    """The absolute value clears the sign bit."""
    return np.absolute(-x), np.absolute(x)


@rule
def fabs_to_absolute(x: Float):
    """Both clear the sign bit."""
    return np.fabs(x), np.absolute(x)


@rule
def multiply_absolutes(a: Float, b: Float):
    """|a| |b| = |a b|, and rounding to nearest is symmetric."""
    return np.absolute(a) * np.absolute(b), np.absolute(a * b)


@rule
def divide_absolutes(a: Float, b: Float):
    """|a| / |b| = |a / b|."""
    return np.absolute(a) / np.absolute(b), np.absolute(a / b)


@rule
def square_of_negative(x: Real):
    """A square does not know the sign."""
    return np.square(-x), np.square(x)


@rule
def square_of_absolute(x: Float):
    """A square does not know the sign."""
    return np.square(np.absolute(x)), np.square(x)


@rule
def absolute_of_copysign(x: Float, y: Float):
    """The sign that was copied is cleared."""
    return np.absolute(np.copysign(x, y)), np.absolute(x)


@rule
def copysign_of_negative(x: Float, y: Float):
    """The first argument's sign is replaced."""
    return np.copysign(-x, y), np.copysign(x, y)


@rule
def copysign_of_absolute(x: Float, y: Float):
    """The first argument's sign is replaced."""
    return np.copysign(np.absolute(x), y), np.copysign(x, y)


# Neutral elements -------------------------------------------------------------------------------------------------


@rule
def multiply_by_one(x: Real):
    """1 is exact and neutral."""
    return x * 1, x


@rule
def multiply_by_minus_one(x: Real):
    """-1 only flips the sign."""
    return x * -1, -x


@rule
def subtract_zero(x: Float):
    """+0.0 subtracted changes nothing: -0.0 - 0.0 is -0.0."""
    return x - 0.0, x


@rule
def add_minus_zero(x: Float):
    """-0.0 is the neutral element of addition; +0.0 is not."""
    return x + -0.0, x


@rule
def subtract_from_minus_zero(x: Float):
    """-0.0 is neutral: -0.0 + (-x)."""
    return -0.0 - x, -x


@rule
def positive_of(x: Number):
    """np.positive copies."""
    return +x, x


@rule
def conjugate_of_real(x: Real):
    """A real number is its own conjugate."""
    return np.conjugate(x), x


@rule
def conjugate_of_conjugate(z: Complex):
    """The sign of the imaginary part flips twice."""
    return np.conjugate(np.conjugate(z)), z


# Powers of two ----------------------------------------------------------------------------------------------------


@rule
def multiply_by_two(x: Float):
    """Doubling is exact up to overflow, both ways."""
    return x * 2.0, x + x


@rule(when=_exact)
def divide_by_power_of_two(x: Float, c: Float):
    """1 / 2**k is exact, so that both sides round the same number once."""
    return x / c, x * (1.0 / c)


@rule
def square_to_product(x: Real):
    """np.square multiplies."""
    return np.square(x), x * x


@rule
def reciprocal_to_division(x: Float):
    """np.reciprocal divides 1 by x."""
    return np.reciprocal(x), 1.0 / x


ARITHMETIC: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
