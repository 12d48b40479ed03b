"""Algebra over the reals, as far as the fast-math flags grant it: regrouping, factoring, division.

What is required is what hides the difference to the rounded program, in LLVM's vocabulary. `reassoc`: sums, products
and what is built of them are regrouped as if they were exact, overflow and underflow of what lies between included.
`nnan`: where the left side is NaN, anything may come. `nsz`: the sign of zero is free. `arcp`: dividing becomes
multiplying. Such rules do not keep floating-point flags. Sums are not reordered and products not distributed: graphs
would explode, and little would be won.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule
from eqsat.rules.guards import Condition, is_constant, is_moderate
from eqsat.rules.pattern import Pattern


def _moderate(c: Pattern) -> Condition:
    return is_moderate(c)


def _both_moderate(c: Pattern, d: Pattern) -> tuple[Condition, Condition]:
    return is_moderate(c), is_moderate(d)


def _both_constant(c: Pattern, d: Pattern) -> tuple[Condition, Condition]:
    return is_constant(c), is_constant(d)


def _highest_constant(b: Pattern) -> Condition:
    return is_constant(b)


def _lower_constant(a: Pattern) -> Condition:
    return is_constant(a)


# Zero and one -----------------------------------------------------------------------------------------------------


@rule(requires={"nsz"})
def add_plus_zero(x: Float):
    """0 is neutral; only -0.0 + 0.0 is +0.0."""
    return x + 0.0, x


@rule(requires={"nsz"})
def subtract_from_plus_zero(x: Float):
    """0 - x = -x; only 0.0 - 0.0 is +0.0."""
    return 0.0 - x, -x


@rule(requires={"nnan", "nsz"})
def multiply_by_plus_zero(x: Float):
    """x 0 = 0; an infinite x gives NaN, a negative one -0.0."""
    return x * 0.0, 0.0


@rule(requires={"nnan", "nsz"})
def divide_zero(x: Float):
    """0 / x = 0; 0 / 0 is NaN."""
    return 0.0 / x, 0.0


@rule(requires={"nnan"})
def subtract_from_itself(x: Float):
    """x - x = 0; infinity minus infinity is NaN."""
    return x - x, 0.0


@rule(requires={"nnan"})
def divide_by_itself(x: Float):
    """x / x = 1; of zeros and infinities it is NaN."""
    return x / x, 1.0


@rule(requires={"nsz"})
def negative_of_float_difference(a: Float, b: Float):
    """-(a - b) = b - a, rounded the same; of equals it is a zero."""
    return -(a - b), b - a


# Sums that cancel -------------------------------------------------------------------------------------------------


@rule(requires={"reassoc", "nnan", "nsz"})
def sum_minus_summand(a: Float, b: Float):
    """(a + b) - b = a, if b is finite."""
    return (a + b) - b, a


@rule(requires={"reassoc", "nnan", "nsz"})
def difference_plus_subtrahend(a: Float, b: Float):
    """(a - b) + b = a, if b is finite."""
    return (a - b) + b, a


@rule(requires={"reassoc", "nnan", "nsz"})
def subtract_difference_from_minuend(a: Float, b: Float):
    """a - (a - b) = b, if a is finite."""
    return a - (a - b), b


@rule(requires={"reassoc", "nnan", "nsz"})
def difference_minus_minuend(a: Float, b: Float):
    """(a - b) - a = -b, if a is finite."""
    return (a - b) - a, -b


@rule(requires={"reassoc", "nnan", "nsz"})
def subtract_sum_from_summand(a: Float, b: Float):
    """a - (a + b) = -b, if a is finite."""
    return a - (a + b), -b


# Constants are gathered -------------------------------------------------------------------------------------------


@rule(requires={"reassoc"}, when=_both_constant)
def add_two_constants(x: Float, c: Float, d: Float):
    """Associativity of addition; the host adds the constants."""
    return (x + c) + d, x + (c + d)


@rule(requires={"reassoc"}, when=_both_constant)
def add_then_subtract_constant(x: Float, c: Float, d: Float):
    """Associativity of addition; the host subtracts the constants."""
    return (x + c) - d, x + (c - d)


@rule(requires={"reassoc"}, when=_both_constant)
def subtract_then_add_constant(x: Float, c: Float, d: Float):
    """Associativity of addition; the host subtracts the constants."""
    return (x - c) + d, x + (d - c)


@rule(requires={"reassoc"}, when=_both_constant)
def subtract_two_constants(x: Float, c: Float, d: Float):
    """Associativity of addition; the host adds the constants."""
    return (x - c) - d, x - (c + d)


@rule(requires={"reassoc"}, when=_both_constant)
def subtract_sum_from_constant(x: Float, c: Float, d: Float):
    """c - (x + d) = (c - d) - x."""
    return c - (x + d), (c - d) - x


@rule(requires={"reassoc"}, when=_both_constant)
def subtract_difference_from_constant(x: Float, c: Float, d: Float):
    """c - (d - x) = x + (c - d)."""
    return c - (d - x), x + (c - d)


@rule(requires={"reassoc"}, when=_both_constant)
def add_constant_to_complement(x: Float, c: Float, d: Float):
    """(c - x) + d = (c + d) - x."""
    return (c - x) + d, (c + d) - x


@rule(requires={"reassoc"}, when=_both_moderate)
def multiply_two_constants(x: Float, c: Float, d: Float):
    """Associativity of multiplication; the product of two moderate constants is a normal number."""
    return (x * c) * d, x * (c * d)


@rule(requires={"reassoc"}, when=_both_moderate)
def multiply_then_divide_by_constant(x: Float, c: Float, d: Float):
    """(x c) / d = x (c / d); the quotient of two moderate constants is a normal number."""
    return (x * c) / d, x * (c / d)


@rule(requires={"reassoc"}, when=_both_moderate)
def multiply_quotient_of_constant(x: Float, c: Float, d: Float):
    """(c / x) d = (c d) / x; the product of two moderate constants is a normal number."""
    return (c / x) * d, (c * d) / x


@rule(requires={"reassoc"}, when=_both_moderate)
def divide_constant_by_scaled(x: Float, c: Float, d: Float):
    """c / (x d) = (c / d) / x; the quotient of two moderate constants is a normal number."""
    return c / (x * d), (c / d) / x


@rule(requires={"reassoc"}, when=_both_moderate)
def multiply_scaled(x: Float, y: Float, c: Float, d: Float):
    """(x c) (y d) = (x y) (c d); the product of two moderate constants is a normal number."""
    return (x * c) * (y * d), (x * y) * (c * d)


@rule(requires={"reassoc"}, when=_both_moderate)
def divide_scaled(x: Float, y: Float, c: Float, d: Float):
    """(x c) / (y d) = (x / y) (c / d); the quotient of two moderate constants is a normal number."""
    return (x * c) / (y * d), (x / y) * (c / d)


# Factoring --------------------------------------------------------------------------------------------------------


@rule(requires={"reassoc"})
def factor_out_of_sum(a: Float, b: Float, x: Float):
    """a x + b x = (a + b) x, the distributive law: one product less."""
    return a * x + b * x, (a + b) * x


@rule(requires={"reassoc"})
def factor_out_of_difference(a: Float, b: Float, x: Float):
    """a x - b x = (a - b) x, the distributive law: one product less."""
    return a * x - b * x, (a - b) * x


@rule(requires={"reassoc"})
def factor_out_of_product_and_itself(a: Float, x: Float):
    """a x + x = (a + 1) x: where a + 1 is shared or known."""
    return a * x + x, (a + 1.0) * x


@rule(requires={"reassoc", "nnan"})
def divide_sum(a: Float, b: Float, x: Float):
    """a / x + b / x = (a + b) / x: one division less."""
    return a / x + b / x, (a + b) / x


@rule(requires={"reassoc", "nnan"})
def divide_difference(a: Float, b: Float, x: Float):
    """a / x - b / x = (a - b) / x: one division less."""
    return a / x - b / x, (a - b) / x


@rule(requires={"reassoc"})
def horner(p: Float, a: Float, b: Float, x: Float):
    """p + a x + b x = p + (a + b) x: step by step this is Horner's form of a polynomial."""
    return (p + a * x) + b * x, p + (a + b) * x


@rule(requires={"reassoc"}, when=_highest_constant)
def horner_of_powers(p: Float, a: Float, b: Float, x: Float, y: Float):
    """p + a x + b (x y) = p + (a + b y) x: Horner's form, of a polynomial whose powers are products."""
    return (p + a * x) + (x * y) * b, p + (a + y * b) * x


@rule(requires={"reassoc"}, when=_lower_constant)
def horner_from_above(a: Float, b: Float, x: Float, y: Float):
    """b (x y) + a x = (b y + a) x: Horner's form, of a polynomial that begins with the highest power."""
    return b * (x * y) + x * a, (b * y + a) * x


# Division ---------------------------------------------------------------------------------------------------------


@rule(requires={"arcp"}, when=_moderate)
def divide_by_constant(x: Float, c: Float):
    """x / c = x (1 / c): the reciprocal of a moderate constant is a normal number, and multiplying is cheap."""
    return x / c, x * (1.0 / c)


@rule(requires={"reassoc", "arcp"})
def divide_quotient(a: Float, b: Float, c: Float):
    """(a / b) / c = a / (b c): one division less."""
    return (a / b) / c, a / (b * c)


@rule(requires={"reassoc", "arcp"})
def divide_by_quotient(a: Float, b: Float, c: Float):
    """a / (b / c) = (a c) / b: one division less."""
    return a / (b / c), (a * c) / b


@rule(requires={"reassoc", "arcp"})
def multiply_quotients(a: Float, b: Float, c: Float, d: Float):
    """(a / b) (c / d) = (a c) / (b d): one division less."""
    return (a / b) * (c / d), (a * c) / (b * d)


@rule(requires={"reassoc"})
def multiply_by_reciprocal(a: Float, b: Float):
    """a (1 / b) = a / b: one product less."""
    return a * (1.0 / b), a / b


@rule(requires={"reassoc", "nnan"})
def divide_product_by_factor(a: Float, b: Float):
    """(a b) / b = a, but for b = 0 and infinity, where it is NaN."""
    return (a * b) / b, a


@rule(requires={"reassoc", "nnan"})
def multiply_quotient_by_divisor(a: Float, b: Float):
    """(a / b) b = a, but for b = 0 and infinity, where it is NaN."""
    return (a / b) * b, a


@rule(requires={"reassoc", "nnan"})
def divide_by_multiple(a: Float, b: Float):
    """a / (a b) = 1 / b, but for a = 0 and infinity, where it is NaN."""
    return a / (a * b), 1.0 / b


@rule(requires={"reassoc", "nnan"})
def cancel_common_factor(a: Float, b: Float, x: Float):
    """(a x) / (b x) = a / b, but for x = 0 and infinity, where it is NaN."""
    return (a * x) / (b * x), a / b


# Greatest and least --------------------------------------------------------------------------------------------------


@rule(requires={"reassoc"})
def maximum_plus_minimum(a: Float, b: Float):
    """max(a, b) + min(a, b) = a + b: the two choose each of a and b once."""
    return np.maximum(a, b) + np.minimum(a, b), a + b


@rule(requires={"reassoc"})
def maximum_minus_minimum(a: Float, b: Float):
    """max(a, b) - min(a, b) = |a - b|."""
    return np.maximum(a, b) - np.minimum(a, b), np.absolute(a - b)


@rule(requires={"nsz"})
def multiply_maximum_by_minimum(a: Float, b: Float):
    """max(a, b) min(a, b) = a b: the two choose each of a and b once, but for zeros of either sign."""
    return np.maximum(a, b) * np.minimum(a, b), a * b


ALGEBRA: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
