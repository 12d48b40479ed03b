"""Exact rules that hold where something is known of the elements: a sign, that they are whole, that none is NaN.

What is known comes from how a value is computed (a square is not negative, a floor is whole) and from its dtype. All
rules hold to the bit. Where a side is dropped that could be NaN, the rule asks that it is not.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Real, Rule, rule
from eqsat.rules.guards import (
    Condition,
    is_finite,
    is_integer,
    is_nonnegative,
    is_nonzero,
    is_not_nan,
    is_positive,
)
from eqsat.rules.pattern import Pattern


def _nonnegative(x: Pattern) -> Condition:
    return is_nonnegative(x)


def _positive(x: Pattern) -> Condition:
    return is_positive(x)


def _nonzero(x: Pattern) -> Condition:
    return is_nonzero(x)


def _whole(x: Pattern) -> Condition:
    return is_integer(x)


def _number(x: Pattern) -> Condition:
    return is_not_nan(x)


def _finite(x: Pattern) -> Condition:
    return is_finite(x)


def _both_numbers(a: Pattern, b: Pattern) -> tuple[Condition, Condition]:
    return is_not_nan(a), is_not_nan(b)


def _plus_sign(y: Pattern) -> tuple[Condition, ...]:
    return is_nonnegative(y), is_not_nan(y)


def _positive_number(x: Pattern) -> tuple[Condition, ...]:
    return is_positive(x), is_not_nan(x)


def _nonnegative_number(x: Pattern) -> tuple[Condition, ...]:
    return is_nonnegative(x), is_not_nan(x)


def _nonnegative_finite(x: Pattern) -> tuple[Condition, ...]:
    return is_nonnegative(x), is_finite(x)


def _finite_nonzero(x: Pattern) -> tuple[Condition, ...]:
    return is_finite(x), is_nonzero(x)


def _numbers_not_both_zero(a: Pattern, b: Pattern) -> tuple[Condition, ...]:
    return is_not_nan(a), is_not_nan(b), is_nonzero(a)


# Signs ------------------------------------------------------------------------------------------------------------


@rule(when=_nonnegative)
def absolute_of_nonnegative(x: Real):
    """|x| = x for x >= 0."""
    return np.absolute(x), x


@rule(when=_plus_sign)
def copysign_of_nonnegative(x: Float, y: Float):
    """The sign that is copied is plus."""
    return np.copysign(x, y), np.absolute(x)


@rule(when=_positive_number)
def sign_of_positive(x: Float):
    """The sign of a positive number is 1."""
    return np.sign(x), 1.0


@rule(when=_nonnegative_number)
def signbit_of_nonnegative(x: Float):
    """The sign bit is not set; that of NaN may be."""
    return np.signbit(x), False


@rule(when=_nonnegative)
def floor_of_nonnegative(x: Float):
    """Rounding down is rounding towards zero for x >= 0: one of them is computed."""
    return np.floor(x), np.trunc(x)


# Neutral elements -------------------------------------------------------------------------------------------------


@rule(when=_nonnegative)
def add_zero_to_nonnegative(x: Float):
    """0 is neutral but for -0.0, which is not among the numbers that are not negative."""
    return x + 0.0, x


@rule(when=_nonzero)
def add_zero_to_nonzero(x: Float):
    """0 is neutral but for -0.0."""
    return x + 0.0, x


@rule(when=_nonzero)
def subtract_nonzero_from_zero(x: Float):
    """0 - x = -x but for 0 - 0, which is +0.0."""
    return 0.0 - x, -x


@rule(when=_nonnegative_finite)
def multiply_finite_by_zero(x: Float):
    """x 0 = 0, of a finite x that has no minus sign."""
    return x * 0.0, 0.0


@rule(when=_finite)
def subtract_finite_from_itself(x: Float):
    """x - x = 0 of a finite x."""
    return x - x, 0.0


@rule(when=_finite_nonzero)
def divide_finite_by_itself(x: Float):
    """x / x = 1 of a finite x that is not zero."""
    return x / x, 1.0


# Comparisons with zero --------------------------------------------------------------------------------------------


@rule(when=_nonnegative)
def nonnegative_below_zero(x: Real):
    """Nothing that is not negative is below zero, nor is NaN."""
    return x < 0, False


@rule(when=_nonnegative_number)
def nonnegative_at_least_zero(x: Real):
    """What is not negative is zero or above; NaN is not."""
    return x >= 0, True


@rule(when=_positive_number)
def positive_above_zero(x: Real):
    """What is positive is above zero; NaN is not."""
    return x > 0, True


@rule(when=_positive)
def positive_at_most_zero(x: Real):
    """Nothing that is positive is zero or below, nor is NaN."""
    return x <= 0, False


@rule(when=_nonzero)
def nonzero_equal_to_zero(x: Real):
    """Nothing that is not zero is zero, nor is NaN."""
    return np.equal(x, 0), False


@rule(when=_nonzero)
def nonzero_not_equal_to_zero(x: Real):
    """What is not zero differs from it, as NaN does."""
    return np.not_equal(x, 0), True


# Rounding of whole numbers ----------------------------------------------------------------------------------------


@rule(when=_whole)
def floor_of_whole(x: Float):
    """A whole number is its own floor."""
    return np.floor(x), x


@rule(when=_whole)
def ceil_of_whole(x: Float):
    """A whole number is its own ceiling."""
    return np.ceil(x), x


@rule(when=_whole)
def trunc_of_whole(x: Float):
    """A whole number has nothing behind the point."""
    return np.trunc(x), x


@rule(when=_whole)
def rint_of_whole(x: Float):
    """A whole number is the nearest one."""
    return np.rint(x), x


# Numbers that are not NaN -----------------------------------------------------------------------------------------


@rule(when=_number)
def isnan_of_number(x: Float):
    """It is known not to be."""
    return np.isnan(x), False


@rule(when=_finite)
def isfinite_of_finite(x: Float):
    """It is known to be."""
    return np.isfinite(x), True


@rule(when=_finite)
def isinf_of_finite(x: Float):
    """It is known not to be."""
    return np.isinf(x), False


@rule(when=_number)
def number_equals_itself(x: Float):
    """Only NaN differs from itself."""
    return np.equal(x, x), True


@rule(when=_both_numbers)
def not_less_of_numbers(a: Float, b: Float):
    """Numbers that are not NaN have a total order."""
    return np.logical_not(a < b), a >= b


@rule(when=_both_numbers)
def not_less_equal_of_numbers(a: Float, b: Float):
    """Numbers that are not NaN have a total order."""
    return np.logical_not(a <= b), a > b


@rule(when=_both_numbers)
def not_greater_of_numbers(a: Float, b: Float):
    """Numbers that are not NaN have a total order."""
    return np.logical_not(a > b), a <= b


@rule(when=_both_numbers)
def not_greater_equal_of_numbers(a: Float, b: Float):
    """Numbers that are not NaN have a total order."""
    return np.logical_not(a >= b), a < b


# Choices that are decided -----------------------------------------------------------------------------------------


@rule(when=_nonnegative)
def maximum_of_nonnegative_and_zero(x: Real):
    """max(x, 0) = x for x >= 0."""
    return np.maximum(x, 0), x


@rule(when=_nonnegative_number)
def minimum_of_nonnegative_and_zero(x: Real):
    """min(x, 0) = 0 for x >= 0."""
    return np.minimum(x, 0), 0


@rule(when=_nonzero)
def where_negative_to_absolute_of_nonzero(x: Float):
    """The definition of the absolute value; for -0.0 it is another one."""
    return np.where(x < 0.0, -x, x), np.absolute(x)


@rule(when=_nonzero)
def where_positive_to_absolute_of_nonzero(x: Float):
    """The definition of the absolute value; for 0.0 it is another one."""
    return np.where(x > 0.0, x, -x), np.absolute(x)


@rule(when=_numbers_not_both_zero)
def where_less_to_minimum_of_numbers(a: Float, b: Float):
    """The definition of the minimum, for numbers that are not NaN, and not two zeros."""
    return np.where(a < b, a, b), np.minimum(a, b)


@rule(when=_numbers_not_both_zero)
def where_greater_to_maximum_of_numbers(a: Float, b: Float):
    """The definition of the maximum, for numbers that are not NaN, and not two zeros."""
    return np.where(a > b, a, b), np.maximum(a, b)


@rule(when=_numbers_not_both_zero)
def fmax_of_numbers(a: Float, b: Float):
    """np.fmax and np.maximum differ in what they do with NaN alone."""
    return np.fmax(a, b), np.maximum(a, b)


@rule(when=_numbers_not_both_zero)
def fmin_of_numbers(a: Float, b: Float):
    """np.fmin and np.minimum differ in what they do with NaN alone."""
    return np.fmin(a, b), np.minimum(a, b)


GUARDED: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
