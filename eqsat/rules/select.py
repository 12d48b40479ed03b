"""Choice: `np.where`, and the least and greatest of two.

NumPy computes both branches of `np.where`, and hears the flags of both; an operation is taken out of the branches
only if it raises none.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Bool, Float, Int, Number, Real, Rule, rule

# where ------------------------------------------------------------------------------------------------------------


@rule
def where_of_not(p: Bool, a: Number, b: Number):
    """Swap the branches instead of the condition."""
    return np.where(np.logical_not(p), a, b), np.where(p, b, a)


@rule
def where_of_equals(p: Bool, a: Number):
    """Both branches are the same."""
    return np.where(p, a, a), a


@rule
def where_true(a: Number, b: Number):
    """The first branch is always taken."""
    return np.where(True, a, b), a


@rule
def where_false(a: Number, b: Number):
    """The second branch is always taken."""
    return np.where(False, a, b), b


@rule
def where_in_first_branch(p: Bool, a: Number, b: Number, c: Number):
    """The inner condition is known to be true."""
    return np.where(p, np.where(p, a, b), c), np.where(p, a, c)


@rule
def where_in_second_branch(p: Bool, a: Number, b: Number, c: Number):
    """The inner condition is known to be false."""
    return np.where(p, a, np.where(p, b, c)), np.where(p, a, c)


@rule
def where_of_negatives(p: Bool, a: Number, b: Number):
    """Negation raises no flag: one is enough."""
    return np.where(p, -a, -b), -np.where(p, a, b)


@rule
def where_of_absolutes(p: Bool, a: Float, b: Float):
    """The absolute value raises no flag: one is enough."""
    return np.where(p, np.absolute(a), np.absolute(b)), np.absolute(np.where(p, a, b))


@rule
def where_of_integer_sums(p: Bool, a: Int, b: Int, c: Int):
    """Integer addition raises no flag: one is enough."""
    return np.where(p, a + c, b + c), np.where(p, a, b) + c


@rule
def where_of_integer_products(p: Bool, a: Int, b: Int, c: Int):
    """Integer multiplication raises no flag: one is enough."""
    return np.where(p, a * c, b * c), np.where(p, a, b) * c


@rule
def where_of_bools(p: Bool):
    """The condition itself."""
    return np.where(p, True, False), p


# maximum and minimum ----------------------------------------------------------------------------------------------


@rule
def maximum_of_one(x: Real):
    """Idempotence; NaN gives NaN."""
    return np.maximum(x, x), x


@rule
def minimum_of_one(x: Real):
    """Idempotence; NaN gives NaN."""
    return np.minimum(x, x), x


@rule
def fmax_of_one(x: Real):
    """Idempotence; NaN gives NaN."""
    return np.fmax(x, x), x


@rule
def fmin_of_one(x: Real):
    """Idempotence; NaN gives NaN."""
    return np.fmin(x, x), x


@rule
def maximum_again(a: Real, b: Real):
    """Whichever was chosen of a and b is chosen again."""
    return np.maximum(np.maximum(a, b), b), np.maximum(a, b)


@rule
def minimum_again(a: Real, b: Real):
    """Whichever was chosen of a and b is chosen again."""
    return np.minimum(np.minimum(a, b), b), np.minimum(a, b)


SELECT: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
