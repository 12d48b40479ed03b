"""Accuracy: equations over the reals whose right side is the more accurate one in floating point.

Differences of nearly equal numbers, sums in which a small summand is lost, exponentials that overflow though the result
does not. The forms are those of numerical analysis (Hamming's problems, as in Herbie's suite). They need the flags that
say that bits may change: `afn` where a function takes the place of another, `reassoc` where sums and products are
regrouped. Each is marked `accuracy=True`. Left out is what costs much more than what it takes the place of: `hypot` for
√(x² + y²) takes five times as long, and helps only where squares overflow.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule
from eqsat.rules.guards import Condition, is_constant, is_finite, is_nonzero
from eqsat.rules.pattern import Pattern


def _constant(c: Pattern) -> Condition:
    return is_constant(c)


def _ordinary(c: Pattern) -> tuple[Condition, ...]:
    return is_constant(c), is_nonzero(c), is_finite(c)


# Logarithms near 1 and exponentials near 0 --------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"}, accuracy=True)
def log_of_one_plus(x: Float):
    """log(1 + x) keeps all digits of a small x, of which 1 + x loses most."""
    return np.log(x + 1.0), np.log1p(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def log_of_one_minus(x: Float):
    """log(1 - x) keeps all digits of a small x, of which 1 - x loses most."""
    return np.log(1.0 - x), np.log1p(-x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exp_minus_one(x: Float):
    """eˣ - 1 cancels for small x."""
    return np.exp(x) - 1.0, np.expm1(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def one_minus_exp(x: Float):
    """1 - eˣ cancels for small x."""
    return 1.0 - np.exp(x), -np.expm1(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exp_over_exp_minus_one(x: Float):
    """eˣ / (eˣ - 1) = -1 / (e⁻ˣ - 1): no overflow for large x, no cancellation for small x."""
    return np.exp(x) / np.expm1(x), -np.reciprocal(np.expm1(-x))


@rule(requires={"afn", "reassoc", "nnan"}, accuracy=True, when=_constant)
def log_of_shifted_minus_log(x: Float, c: Float):
    """log(x + c) - log x = log(1 + c / x): no cancellation for large x, and one division instead of a logarithm."""
    return np.log(x + c) - np.log(x), np.log1p(c / x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def log_of_ratio_around_one(x: Float):
    """log((1 + x) / (1 - x)) = log(1 + 2 x / (1 - x)) keeps all digits of a small x."""
    return np.log((x + 1.0) / (1.0 - x)), np.log1p((x + x) / (1.0 - x))


# Differences of squares and roots -----------------------------------------------------------------------------------


@rule(requires={"reassoc"}, accuracy=True)
def difference_of_squares(a: Float, b: Float):
    """a² - b² = (a - b) (a + b): the rounding of two squares is not what is left when they cancel."""
    return a * a - b * b, (a - b) * (a + b)


@rule(requires={"reassoc"}, accuracy=True)
def one_minus_square(x: Float):
    """1 - x² = (1 - x) (1 + x): no cancellation near 1."""
    return 1.0 - x * x, (1.0 - x) * (x + 1.0)


@rule(requires={"reassoc"}, accuracy=True)
def square_minus_one(x: Float):
    """x² - 1 = (x - 1) (x + 1): no cancellation near 1."""
    return x * x - 1.0, (x - 1.0) * (x + 1.0)


@rule(requires={"reassoc"}, accuracy=True, when=_ordinary)
def sqrt_of_shifted_minus_sqrt(x: Float, c: Float):
    """√(x + c) - √x = c / (√(x + c) + √x): no cancellation for large x."""
    return np.sqrt(x + c) - np.sqrt(x), c / (np.sqrt(x + c) + np.sqrt(x))


@rule(requires={"reassoc", "ninf"}, accuracy=True)
def sqrt_of_one_plus_minus_one(x: Float):
    """√(1 + x) - 1 = x / (√(1 + x) + 1): no cancellation for small x."""
    return np.sqrt(x + 1.0) - 1.0, x / (np.sqrt(x + 1.0) + 1.0)


@rule(requires={"reassoc", "ninf"}, accuracy=True)
def one_minus_sqrt_of_one_minus(x: Float):
    """1 - √(1 - x) = x / (√(1 - x) + 1): no cancellation for small x."""
    return 1.0 - np.sqrt(1.0 - x), x / (np.sqrt(1.0 - x) + 1.0)


@rule(requires={"reassoc", "ninf"}, accuracy=True, when=_constant)
def difference_of_reciprocals(x: Float, c: Float):
    """1 / x - 1 / (x + c) = c / (x (x + c)): no cancellation for large x, and one division less."""
    return 1.0 / x - 1.0 / (x + c), c / (x * (x + c))


# Trigonometry near 0 ------------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"}, accuracy=True)
def one_minus_cos(x: Float):
    """1 - cos x = 2 sin²(x / 2): no cancellation for small x."""
    return 1.0 - np.cos(x), (np.sin(x * 0.5) * np.sin(x * 0.5)) * 2.0


@rule(requires={"afn", "reassoc"}, accuracy=True)
def cos_minus_one(x: Float):
    """cos x - 1 = -2 sin²(x / 2): no cancellation for small x."""
    return np.cos(x) - 1.0, (np.sin(x * 0.5) * np.sin(x * 0.5)) * -2.0


@rule(requires={"afn", "reassoc"}, accuracy=True)
def cosh_minus_one(x: Float):
    """cosh x - 1 = 2 sinh²(x / 2): no cancellation for small x."""
    return np.cosh(x) - 1.0, (np.sinh(x * 0.5) * np.sinh(x * 0.5)) * 2.0


# Hyperbolic functions, logistic functions ---------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exps_to_sinh(x: Float):
    """eˣ - e⁻ˣ = 2 sinh x: no cancellation for small x."""
    return np.exp(x) - np.exp(-x), np.sinh(x) * 2.0


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exps_to_tanh(x: Float):
    """(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ) = tanh x: no cancellation for small x, no overflow for large x."""
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), np.tanh(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exp_of_twice_to_tanh(x: Float):
    """(e²ˣ - 1) / (e²ˣ + 1) = tanh x: no cancellation for small x, no overflow for large x."""
    return (np.exp(x + x) - 1.0) / (np.exp(x + x) + 1.0), np.tanh(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def exp_of_minus_twice_to_tanh(x: Float):
    """(1 - e⁻²ˣ) / (1 + e⁻²ˣ) = tanh x: no cancellation for small x, no overflow for small x."""
    return (1.0 - np.exp(x * -2.0)) / (np.exp(x * -2.0) + 1.0), np.tanh(x)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def logistic_of_exp(x: Float):
    """eˣ / (eˣ + 1) = 1 / (1 + e⁻ˣ): infinity over infinity does not come up."""
    return np.exp(x) / (np.exp(x) + 1.0), np.reciprocal(np.exp(-x) + 1.0)


@rule(requires={"afn", "reassoc"}, accuracy=True)
def complement_of_logistic(x: Float):
    """1 - 1 / (1 + e⁻ˣ) = 1 / (1 + eˣ): no cancellation for large x, and one operation less."""
    return 1.0 - 1.0 / (np.exp(-x) + 1.0), 1.0 / (np.exp(x) + 1.0)


@rule(requires={"afn", "reassoc", "ninf"}, accuracy=True)
def log_of_logistic(x: Float):
    """log(1 / (1 + e⁻ˣ)) = min(x, 0) - log(1 + e^-|x|): no overflow for small x."""
    return (
        np.log(1.0 / (np.exp(-x) + 1.0)),
        np.minimum(x, 0.0) - np.log1p(np.exp(-np.absolute(x))),
    )


@rule(requires={"afn", "reassoc"}, accuracy=True)
def softplus(x: Float):
    """log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|): no overflow for large x."""
    return np.log(np.exp(x) + 1.0), np.maximum(x, 0.0) + np.log1p(np.exp(-np.absolute(x)))


@rule(requires={"afn", "reassoc", "ninf"}, accuracy=True)
def log_of_sum_of_exps(a: Float, b: Float):
    """log(eᵃ + eᵇ) = max(a, b) + log(1 + e^-|a - b|): no overflow, and one exponential less."""
    return (
        np.log(np.exp(a) + np.exp(b)),
        np.maximum(a, b) + np.log1p(np.exp(-np.absolute(a - b))),
    )


@rule(requires={"afn", "ninf"})
def logaddexp_in_line(a: Float, b: Float):
    """log(eᵃ + eᵇ) = max(a, b) + log(1 + e^-|a - b|): in vector code, which np.logaddexp has not."""
    return np.logaddexp(a, b), np.maximum(a, b) + np.log1p(np.exp(-np.absolute(a - b)))


@rule(requires={"afn", "ninf"})
def logaddexp2_in_line(a: Float, b: Float):
    """log₂(2ᵃ + 2ᵇ) = max(a, b) + log(1 + 2^-|a - b|) / log 2: in vector code, which np.logaddexp2 has not."""
    return (
        np.logaddexp2(a, b),
        np.maximum(a, b) + np.log1p(np.exp2(-np.absolute(a - b))) * 1.4426950408889634,
    )


@rule(requires={"afn", "reassoc", "ninf"}, accuracy=True)
def log_of_cosh(x: Float):
    """log cosh x = |x| + log(1 + e^(-2 |x|)) - log 2: no overflow for large x."""
    return (
        np.log(np.cosh(x)),
        (np.absolute(x) + np.log1p(np.exp(np.absolute(x) * -2.0))) - 0.6931471805599453,
    )


ACCURACY: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
