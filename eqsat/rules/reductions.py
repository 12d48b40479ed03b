"""Reductions under flags: factors and signs taken out, sums of sums. They regroup sums, which round.

What is taken out of a reduction is computed once for each result instead of once for each element.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# What NumPy returns for a pattern is a pattern, which its stubs cannot know, nor what `when=` is called with.

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule
from eqsat.rules.guards import is_finite, is_positive, is_scalar, same_shape
from eqsat.rules.pattern import Axis, Inexact

REASSOC = frozenset({"reassoc"})


# Sums -------------------------------------------------------------------------------------------------------------


@rule(requires=REASSOC, when=lambda c: is_scalar(c))
def sum_of_scaled(c: Inexact, x: Inexact, axis: Axis):
    """sum(cx) = c sum(x): one multiplication for each sum."""
    return np.sum(c * x, axis=axis), c * np.sum(x, axis=axis)


@rule(requires=REASSOC, when=lambda c: is_scalar(c))
def sum_of_divided(x: Inexact, c: Inexact, axis: Axis):
    """sum(x/c) = sum(x)/c: one division for each sum."""
    return np.sum(x / c, axis=axis), np.sum(x, axis=axis) / c


@rule(requires=REASSOC)
def sum_of_negative(x: Inexact, axis: Axis):
    """sum(-x) = -sum(x)."""
    return np.sum(-x, axis=axis), -np.sum(x, axis=axis)


@rule(requires=REASSOC, when=lambda x, y: same_shape(x, y))
def add_sums(x: Inexact, y: Inexact, axis: Axis):
    """sum(x) + sum(y) = sum(x + y): one pass over both."""
    return np.sum(x, axis=axis) + np.sum(y, axis=axis), np.sum(x + y, axis=axis)


@rule(requires=REASSOC, when=lambda x, y: same_shape(x, y))
def subtract_sums(x: Inexact, y: Inexact, axis: Axis):
    """sum(x) - sum(y) = sum(x - y): one pass over both, and less cancellation."""
    return np.sum(x, axis=axis) - np.sum(y, axis=axis), np.sum(x - y, axis=axis)


# Products and extremes --------------------------------------------------------------------------------------------


@rule(requires={"ninf"}, when=lambda c: (is_scalar(c), is_positive(c), is_finite(c)))
def max_of_scaled(c: Float, x: Float, axis: Axis):
    """max(cx) = c max(x) for c > 0: rounding is monotone. Who grants "ninf" does not listen for overflow."""
    return np.max(c * x, axis=axis), c * np.max(x, axis=axis)


@rule(requires={"ninf"}, when=lambda c: (is_scalar(c), is_positive(c), is_finite(c)))
def min_of_scaled(c: Float, x: Float, axis: Axis):
    """min(cx) = c min(x) for c > 0: rounding is monotone."""
    return np.min(c * x, axis=axis), c * np.min(x, axis=axis)


@rule(requires={"reassoc"}, when=lambda c: is_scalar(c))
def max_of_shifted(c: Float, x: Float, axis: Axis):
    """max(x + c) = max(x) + c: rounding is monotone."""
    return np.max(x + c, axis=axis), np.max(x, axis=axis) + c


@rule(requires={"reassoc"}, when=lambda c: is_scalar(c))
def min_of_shifted(c: Float, x: Float, axis: Axis):
    """min(x + c) = min(x) + c: rounding is monotone."""
    return np.min(x + c, axis=axis), np.min(x, axis=axis) + c


@rule(requires={"afn"})
def max_of_exp(x: Float, axis: Axis):
    """exp is monotone: of the largest one alone."""
    return np.max(np.exp(x), axis=axis), np.exp(np.max(x, axis=axis))


@rule(requires={"afn"})
def min_of_exp(x: Float, axis: Axis):
    """exp is monotone: of the smallest one alone."""
    return np.min(np.exp(x), axis=axis), np.exp(np.min(x, axis=axis))


@rule(requires={"afn"})
def max_of_sqrt(x: Float, axis: Axis):
    """sqrt is monotone: of the largest one alone."""
    return np.max(np.sqrt(np.abs(x)), axis=axis), np.sqrt(np.max(np.abs(x), axis=axis))


@rule(requires={"afn", "reassoc"})
def product_of_exp(x: Float, axis: Axis):
    """prod(exp(x)) = exp(sum(x)): one exponential, and no overflow on the way."""
    return np.prod(np.exp(x), axis=axis), np.exp(np.sum(x, axis=axis))


REDUCTIONS: tuple[Rule, ...] = tuple(one for one in globals().values() if isinstance(one, Rule))
"""The rules of this module, in order."""
