"""Wrong rules, each wrong in a corner only: what `eqsat.verify` must catch, and in what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eqsat import (
    Axis,
    Complex,
    Float,
    Inexact,
    Int,
    IntMatrix,
    Matrix,
    Number,
    Scalar,
    Signed,
    Unsigned,
    Vector,
    is_constant,
    is_nonnegative,
    is_square,
    rule,
    same_shape,
)
from eqsat.rules.api import Rule

PLANTED: dict[str, tuple[Rule, str]] = {}
"""The claim that is wrong, the rule, and what differs."""


def planted(claim: str, what: str, **options: Any) -> Callable[[Callable[..., object]], Rule]:
    def add(function: Callable[..., object]) -> Rule:
        function.__doc__ = claim
        made = rule(**options)(function)
        PLANTED[claim] = (made, what)
        return made

    return add


# Exact rules about elements ---------------------------------------------------------------------------------------


@planted("zero is neutral, of -0.0 too", "bits")
def plus_zero(x: Float):
    return x + 0.0, x


@planted("NaN is the largest number", "bits")
def maximum_by_choice(a: Float, b: Float):
    return np.where(a >= b, a, b), np.maximum(a, b)


@planted("absolute values of integers are not negative: of int8 -128 is", "bits")
def absolute_is_nonnegative(x: Signed):
    return np.absolute(x) >= 0, np.equal(x, x)


@planted("doubling and halving an integer is nothing, without overflow", "bits")
def double_and_halve(x: Int):
    return (x * 2) // 2, x


@planted("division by two is a shift, rounding to zero", "bits")
def shift_rounds_to_zero(x: Signed):
    return np.where(x < 0, -((-x) >> 1), x >> 1), x >> 1


@planted("differences of unsigned numbers have signs", "bits")
def order_by_difference(a: Unsigned, b: Unsigned):
    return a > b, (a - b) > 0


@planted("a difference of unsigned numbers is its own absolute value turned round", "bits")
def unsigned_distance(a: Unsigned, b: Unsigned):
    return np.maximum(a, b) - np.minimum(a, b), a - b


@planted("sums are associative without a flag", "bits")
def regrouped(a: Float, b: Float, c: Float):
    return (a + b) + c, a + (b + c)


@planted("division by a constant is multiplication by its reciprocal", "bits", when=lambda c: is_constant(c))
def divide_by_constant(x: Float, c: Float):
    return x / c, x * (1.0 / c)


@planted("the square root of a square is the absolute value, without overflow", "bits")
def root_of_square(x: Float):
    return np.sqrt(x * x), np.absolute(x)


@planted("a number that is not negative is positive", "bits", when=lambda x: is_nonnegative(x))
def nonnegative_is_positive(x: Float):
    return x > 0.0, np.logical_not(np.isnan(x))


@planted("a product of complex numbers keeps the signs of zeros", "bits")
def complex_sign(a: Complex, b: Complex):
    return (-a) * b, -(a * b)


@planted("a product raises no overflow", "flags")
def quiet_product(x: Float):
    return np.isnan(x * 2.0), np.isnan(x)


# Exact rules about arrays -----------------------------------------------------------------------------------------


@planted("a sum over both axes may go column by column", "bits")
def sum_by_columns(x: Matrix):
    return np.sum(x), np.sum(np.sum(x, axis=0))


@planted("there is an axis of length one in every sum", "bits")
def sum_is_first(x: Vector):
    return np.sum(x * 0.0), np.sum(x) * 0.0


@planted("the largest of negatives is the least, also where NumPy raises", "bits")
def largest_of_negatives(x: Inexact, axis: Axis):
    return np.max(-x, axis=axis), np.max(x, axis=axis) * -1.0


@planted(
    "transposing a product of integers does not turn it round", "bits", when=lambda a, b: (is_square(a), is_square(b))
)
def transposed_product(a: IntMatrix, b: IntMatrix):
    return (a @ b).T, a.T @ b.T


@planted("everything in an empty axis is something", "bits")
def any_is_all(x: Vector):
    return np.any(np.equal(x, x)), np.all(np.equal(x, x))


@planted(
    "a diagonal of a product is a product of diagonals, for one by one",
    "bits",
    when=lambda a, b: (is_square(a), is_square(b)),
)
def diagonal_of_product(a: IntMatrix, b: IntMatrix):
    return np.diagonal(a @ b), np.diagonal(a) * np.diagonal(b)


@planted("the flags of what is not on the diagonal are heard by nobody", "flags")
def diagonal_of_sum(a: Matrix, b: Matrix):
    return np.diagonal(a + b), np.diagonal(a) + np.diagonal(b)


@planted("flipping and adding up raises the same flags and gives the same bits", "flags")
def sum_of_flipped(x: Vector):
    return np.sum(np.flip(x, 0)), np.sum(x)


# Rules under flags ------------------------------------------------------------------------------------------------


@planted("x / x is one, of zero too", "special", requires={"nsz"})
def ratio_of_equals(x: Float):
    return x / x, 1.0


@planted("zero times x is zero, of infinity too", "special", requires={"nnan"})
def zero_times(x: Float):
    return x * 0.0, 0.0


@planted("1 / x keeps its sign when x = 0 loses it", "special", requires={"nnan"})
def reciprocal_of_sum(x: Float):
    return 1.0 / (x + 0.0), 1.0 / x


@planted("logarithms of negative numbers add up", "special", requires={"reassoc", "afn"})
def sum_of_logs(a: Float, b: Float):
    return np.log(a) + np.log(b), np.log(a * b)


@planted("the square of a root is its operand, below zero too", "special", requires={"reassoc", "nsz"})
def square_of_root(x: Float):
    return np.sqrt(x) * np.sqrt(x), x


@planted("the root of a square is its operand", "special", requires={"reassoc", "nsz", "nnan"})
def root_of_square_unsigned(x: Float):
    return np.sqrt(x * x), x


@planted("log 2 has eight digits", "value", requires={"reassoc", "afn"})
def rounded_constant(x: Float):
    return np.log(np.exp2(x)), x * 0.69314718


@planted("(1 + x) - 1 is exact for small x", "accuracy", requires={"reassoc"})
def lost_digits(x: Float):
    return x * 2.0, (x * 2.0 + 1000000.0) - 1000000.0


@planted("the exponential is the more accurate one", "accuracy", requires={"reassoc", "afn"}, accuracy=True)
def less_accurate(x: Float):
    return np.expm1(x), np.exp(x) - 1.0


@planted("squares do not overflow where their sum's root is finite", "accuracy", requires={"afn", "nnan", "ninf"})
def root_of_squares(x: Float, y: Float):
    return np.hypot(x, y), np.sqrt(x * x + y * y)


@planted("arctan undoes tan on all branches", "value", requires={"afn", "reassoc", "nnan"})
def wrong_branch(x: Float):
    return np.arctan(np.tan(x)), x


@planted(
    "a trace of a product is a product of traces, for one by one",
    "value",
    requires={"reassoc"},
    when=lambda a, b: (is_square(a), is_square(b)),
)
def product_of_traces(a: Matrix, b: Matrix):
    return np.trace(a @ b), np.trace(a) * np.trace(b)


@planted("the sum of a constant is that constant: of one element", "value", requires={"reassoc"})
def sum_of_shifted(c: Scalar, x: Vector):
    return np.sum(x + c), np.sum(x) + c


@planted("numbers are summed like arrays", "value", requires={"reassoc"})
def sum_of_sums(x: Float, y: Float):
    return np.sum(x + y), np.sum(x) + np.sum(y)


@planted(
    "an inverse of a product keeps the order",
    "value",
    requires={"reassoc"},
    when=lambda a, b: (is_square(a), is_square(b)),
)
def inverse_of_product(a: Matrix, b: Matrix):
    return np.linalg.inv(a @ b), np.linalg.inv(a) @ np.linalg.inv(b)


@planted("the largest of sums is the sum of the largest", "value", requires={"reassoc"}, when=same_shape)
def largest_of_sums(x: Float, y: Float):
    return np.max(x + y), np.max(x) + np.max(y)


@planted("matrices commute", "value", requires={"reassoc"}, when=lambda a, b: (is_square(a), is_square(b)))
def commuted(a: Matrix, b: Matrix):
    return np.trace(a @ b @ a), np.trace(b @ a @ b)


@planted("numbers of any kind are squared away", "bits")
def square_is_product(x: Number):
    return (x + 1) * (x - 1), x * x - 1
