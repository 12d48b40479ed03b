"""Exact rules about whole arrays: extremes, logic and sums of them, integer matrices."""

# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# What NumPy returns for a pattern is a pattern, which its stubs cannot know, nor what `when=` is called with.

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Bool, Float, Rule, rule
from eqsat.rules.pattern import Axis, IntMatrix, IntVector

# Reductions -------------------------------------------------------------------------------------------------------


@rule
def max_of_negative(x: Float, axis: Axis):
    """max(-x) = -min(x): the sign is moved out; NaN stays NaN."""
    return np.max(-x, axis=axis), -np.min(x, axis=axis)


@rule
def min_of_negative(x: Float, axis: Axis):
    """min(-x) = -max(x)."""
    return np.min(-x, axis=axis), -np.max(x, axis=axis)


@rule
def any_of_not(p: Bool, axis: Axis):
    """De Morgan: some are false if not all are true."""
    return np.any(np.logical_not(p), axis=axis), np.logical_not(np.all(p, axis=axis))


@rule
def all_of_not(p: Bool, axis: Axis):
    """De Morgan: all are false if none is true."""
    return np.all(np.logical_not(p), axis=axis), np.logical_not(np.any(p, axis=axis))


# Matrices ---------------------------------------------------------------------------------------------------------


@rule
def product_of_integer_matrices_with_vector(a: IntMatrix, b: IntMatrix, v: IntVector):
    """(AB)v = A(Bv) in a ring, and integers that wrap are one."""
    return (a @ b) @ v, a @ (b @ v)


WHOLE_ARRAYS: tuple[Rule, ...] = tuple(one for one in globals().values() if isinstance(one, Rule))
"""The rules of this module, in order."""
