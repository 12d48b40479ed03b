"""Logic: Boolean algebra, and comparisons as far as NaN allows.

`not (a < b)` is not `a >= b` where a NaN can come; `not (a == b)` is `a != b` for every number.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Bool, Float, Number, Real, Rule, rule

# Booleans ---------------------------------------------------------------------------------------------------------


@rule
def not_not(p: Bool):
    """Double negation."""
    return np.logical_not(np.logical_not(p)), p


@rule
def invert_to_not(p: Bool):
    """NumPy inverts a bool logically."""
    return ~p, np.logical_not(p)


@rule
def bitwise_and_to_and(p: Bool, q: Bool):
    """On bools they are one operation."""
    return p & q, np.logical_and(p, q)


@rule
def bitwise_or_to_or(p: Bool, q: Bool):
    """On bools they are one operation."""
    return p | q, np.logical_or(p, q)


@rule
def bitwise_xor_to_xor(p: Bool, q: Bool):
    """On bools they are one operation."""
    return p ^ q, np.logical_xor(p, q)


@rule
def and_of_one(p: Bool):
    """Idempotence."""
    return np.logical_and(p, p), p


@rule
def or_of_one(p: Bool):
    """Idempotence."""
    return np.logical_or(p, p), p


@rule
def and_true(p: Bool):
    """True is neutral."""
    return np.logical_and(p, True), p


@rule
def and_false(p: Bool):
    """False wins."""
    return np.logical_and(p, False), False


@rule
def or_false(p: Bool):
    """False is neutral."""
    return np.logical_or(p, False), p


@rule
def or_true(p: Bool):
    """True wins."""
    return np.logical_or(p, True), True


@rule
def and_of_opposites(p: Bool):
    """Contradiction."""
    return np.logical_and(p, np.logical_not(p)), False


@rule
def or_of_opposites(p: Bool):
    """Excluded middle."""
    return np.logical_or(p, np.logical_not(p)), True


@rule
def and_absorbs_or(p: Bool, q: Bool):
    """Absorption."""
    return np.logical_and(p, np.logical_or(p, q)), p


@rule
def or_absorbs_and(p: Bool, q: Bool):
    """Absorption."""
    return np.logical_or(p, np.logical_and(p, q)), p


@rule
def and_of_nots(p: Bool, q: Bool):
    """De Morgan."""
    return np.logical_and(np.logical_not(p), np.logical_not(q)), np.logical_not(np.logical_or(p, q))


@rule
def or_of_nots(p: Bool, q: Bool):
    """De Morgan."""
    return np.logical_or(np.logical_not(p), np.logical_not(q)), np.logical_not(np.logical_and(p, q))


@rule
def xor_to_not_equal(p: Bool, q: Bool):
    """Exactly one of two is true when they differ."""
    return np.logical_xor(p, q), np.not_equal(p, q)


@rule
def equal_true(p: Bool):
    """A truth is its own comparison with True."""
    return np.equal(p, True), p


@rule
def equal_false(p: Bool):
    """Negation."""
    return np.equal(p, False), np.logical_not(p)


# Comparisons ------------------------------------------------------------------------------------------------------


@rule
def greater_to_less(a: Real, b: Real):
    """One order, read from the other side."""
    return a > b, b < a


@rule
def less_to_greater(a: Real, b: Real):
    """One order, read from the other side."""
    return a < b, b > a


@rule
def greater_equal_to_less_equal(a: Real, b: Real):
    """One order, read from the other side."""
    return a >= b, b <= a


@rule
def not_equal_of_equal(a: Number, b: Number):
    """NaN differs from everything: the two are opposites for all numbers."""
    return np.logical_not(np.equal(a, b)), np.not_equal(a, b)


@rule
def equal_of_not_equal(a: Number, b: Number):
    """NaN differs from everything."""
    return np.logical_not(np.not_equal(a, b)), np.equal(a, b)


@rule
def less_of_negatives(a: Float, b: Float):
    """Negation turns the order around; unordered stays unordered."""
    return (-a) < (-b), b < a


@rule
def less_equal_of_negatives(a: Float, b: Float):
    """Negation turns the order around."""
    return (-a) <= (-b), b <= a


@rule
def equal_of_negatives(a: Number, b: Number):
    """Negation loses nothing."""
    return np.equal(-a, -b), np.equal(a, b)


@rule
def differs_from_itself_to_isnan(x: Float):
    """Only NaN differs from itself."""
    return np.not_equal(x, x), np.isnan(x)


@rule
def isnan_of_negative(x: Float):
    """The sign does not matter."""
    return np.isnan(-x), np.isnan(x)


@rule
def isfinite_of_negative(x: Float):
    """The sign does not matter."""
    return np.isfinite(-x), np.isfinite(x)


@rule
def isnan_of_absolute(x: Float):
    """The sign does not matter."""
    return np.isnan(np.absolute(x)), np.isnan(x)


LOGIC: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
