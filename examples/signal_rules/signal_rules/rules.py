"""What is equal about filters. Whoever installs this package has these rules in every jitted function.

Filters that are linear and do not change with time commute with sums, with factors, and with one another. In floating
point that regroups sums: such rules need the flag "reassoc". Long convolutions go by Fourier transforms, which spread
one NaN over the whole signal, and it depends on the lengths which ones are long: what moves signals from one of them
to another needs "nnan" and "ninf" as well. What needs less says so.
"""

from __future__ import annotations

import numpy as np

from eqsat import FloatScalar, FloatVector, rule, rules
from signal_rules.functions import autocorrelation, convolve, smooth

REASSOC = frozenset({"reassoc"})
FOURIER = REASSOC | {"nnan", "ninf"}


# Filters one after another, and side by side -----------------------------------------------------------------------


@rule(requires=FOURIER, two_way=True)
def filters_in_a_row(x: FloatVector, g: FloatVector, h: FloatVector):
    """(x * g) * h = x * (g * h): filters are short, signals are long, and one pass is cheaper than two."""
    return convolve(convolve(x, g), h), convolve(x, convolve(g, h))


@rule(requires=FOURIER)
def filters_side_by_side(x: FloatVector, g: FloatVector, h: FloatVector):
    """x * g + x * h = x * (g + h): the signal is filtered once. Both filters have one length, or the sum fails."""
    return convolve(x, g) + convolve(x, h), convolve(x, g + h)


@rule(requires=FOURIER)
def difference_of_filters(x: FloatVector, g: FloatVector, h: FloatVector):
    """x * g - x * h = x * (g - h): a band between two low-pass filters is one filter."""
    return convolve(x, g) - convolve(x, h), convolve(x, g - h)


@rule(requires=FOURIER)
def signals_through_one_filter(x: FloatVector, y: FloatVector, h: FloatVector):
    """x * h + y * h = (x + y) * h: mixed first, filtered once."""
    return convolve(x, h) + convolve(y, h), convolve(x + y, h)


@rule(requires=FOURIER)
def difference_through_one_filter(x: FloatVector, y: FloatVector, h: FloatVector):
    """x * h - y * h = (x - y) * h."""
    return convolve(x, h) - convolve(y, h), convolve(x - y, h)


# Factors -----------------------------------------------------------------------------------------------------------


@rule(requires=FOURIER, two_way=True)
def gain_before_a_filter(c: FloatScalar, x: FloatVector, h: FloatVector):
    """(c x) * h = c (x * h): a gain can be taken out, where others may join it."""
    return convolve(c * x, h), c * convolve(x, h)


@rule(requires=FOURIER, two_way=True)
def gain_of_a_filter(c: FloatScalar, x: FloatVector, h: FloatVector):
    """x * (c h) = c (x * h): the taps are scaled, and not the signal."""
    return convolve(x, c * h), c * convolve(x, h)


# Sums and correlations ---------------------------------------------------------------------------------------------


@rule(requires=FOURIER)
def sum_of_filtered(x: FloatVector, h: FloatVector):
    """The sum of x * h is that of x times that of h, the gain at frequency zero: nothing is filtered."""
    return np.sum(convolve(x, h)), np.sum(x) * np.sum(h)


@rule(requires=FOURIER)
def signal_with_its_reverse(x: FloatVector):
    """x * reversed x is the autocorrelation, which takes two transforms instead of three."""
    return convolve(x, np.flip(x, 0)), autocorrelation(x)


@rule
def autocorrelation_of_negated(x: FloatVector):
    """Signs meet their like. Rounding is symmetric, so that this is exact: it needs no flag."""
    return autocorrelation(-x), autocorrelation(x)


# Recursive filters -------------------------------------------------------------------------------------------------


@rule(requires=REASSOC)
def smooth_sum(x: FloatVector, y: FloatVector, a: FloatScalar):
    """The average of a sum: one loop instead of two."""
    return smooth(x, a) + smooth(y, a), smooth(x + y, a)


@rule(requires=REASSOC)
def smooth_difference(x: FloatVector, y: FloatVector, a: FloatScalar):
    """The average of a difference: one loop instead of two."""
    return smooth(x, a) - smooth(y, a), smooth(x - y, a)


@rule(requires=REASSOC, two_way=True)
def gain_before_smoothing(c: FloatScalar, x: FloatVector, a: FloatScalar):
    """The average of c x is c times the average."""
    return smooth(c * x, a), c * smooth(x, a)


@rule(requires={"nsz"})
def smooth_negated(x: FloatVector, a: FloatScalar):
    """Rounding is symmetric: exact, but that the average of -0.0 begins with -a * 0.0 + 0.0 = 0.0."""
    return smooth(-x, a), -smooth(x, a)


RULES = rules(
    filters_in_a_row,
    filters_side_by_side,
    difference_of_filters,
    signals_through_one_filter,
    difference_through_one_filter,
    gain_before_a_filter,
    gain_of_a_filter,
    sum_of_filtered,
    signal_with_its_reverse,
    autocorrelation_of_negated,
    smooth_sum,
    smooth_difference,
    gain_before_smoothing,
    smooth_negated,
)
