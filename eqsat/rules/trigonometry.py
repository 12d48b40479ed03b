"""Trigonometry, as far as the fast-math flags grant it.

`afn`: a function is computed in another way, of like accuracy. `reassoc`: sums and products within and around functions
are regrouped as if they were exact. `nnan`: where the left side is NaN (sines of infinity, arcsines beyond 1), anything
may come. Left out is what holds on one branch alone: arctan(tan x) is not x. Every right side is cheaper; an angle may
be doubled in place of a second function.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule

# Pythagoras ---------------------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc", "nnan"})
def sin_squared_plus_cos_squared(x: Float):
    """sin² x + cos² x = 1; of infinity it is NaN."""
    return np.sin(x) * np.sin(x) + np.cos(x) * np.cos(x), 1.0


@rule(requires={"afn", "reassoc"})
def cos_squared_minus_one(x: Float):
    """cos² x - 1 = -sin² x, without cancellation."""
    return np.cos(x) * np.cos(x) - 1.0, -(np.sin(x) * np.sin(x))


@rule(requires={"afn", "reassoc"})
def sin_squared_minus_one(x: Float):
    """sin² x - 1 = -cos² x, without cancellation."""
    return np.sin(x) * np.sin(x) - 1.0, -(np.cos(x) * np.cos(x))


@rule(requires={"afn", "reassoc"})
def one_minus_cos_squared(x: Float):
    """1 - cos² x = sin² x, without cancellation."""
    return 1.0 - np.cos(x) * np.cos(x), np.sin(x) * np.sin(x)


@rule(requires={"afn", "reassoc"})
def one_minus_sin_squared(x: Float):
    """1 - sin² x = cos² x, without cancellation."""
    return 1.0 - np.sin(x) * np.sin(x), np.cos(x) * np.cos(x)


@rule(requires={"afn", "reassoc"})
def one_plus_tan_squared(x: Float):
    """1 + tan² x = 1 / cos² x: the cosine is the cheaper function."""
    return 1.0 / (np.tan(x) * np.tan(x) + 1.0), np.cos(x) * np.cos(x)


# Quotients ----------------------------------------------------------------------------------------------------------


@rule(requires={"afn"})
def sin_over_cos(x: Float):
    """sin x / cos x = tan x: one function instead of two."""
    return np.sin(x) / np.cos(x), np.tan(x)


@rule(requires={"afn", "arcp"})
def cos_over_sin(x: Float):
    """cos x / sin x = 1 / tan x: one function instead of two."""
    return np.cos(x) / np.sin(x), 1.0 / np.tan(x)


@rule(requires={"afn", "reassoc"})
def tan_times_cos(x: Float):
    """tan x cos x = sin x: one function instead of two."""
    return np.tan(x) * np.cos(x), np.sin(x)


@rule(requires={"afn", "reassoc", "nnan"})
def sin_over_tan(x: Float):
    """sin x / tan x = cos x; for x = 0 the left side is NaN."""
    return np.sin(x) / np.tan(x), np.cos(x)


@rule(requires={"afn", "reassoc", "nnan"})
def tan_over_sin(x: Float):
    """tan x / sin x = 1 / cos x; for x = 0 the left side is NaN."""
    return np.tan(x) / np.sin(x), 1.0 / np.cos(x)


# Double angles ------------------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"})
def sin_times_cos(x: Float):
    """sin x cos x = sin(2 x) / 2: one function instead of two."""
    return np.sin(x) * np.cos(x), np.sin(x + x) * 0.5


@rule(requires={"afn", "reassoc"})
def sin_squared_minus_cos_squared(x: Float):
    """sin² x - cos² x = -cos(2 x): one function instead of two."""
    return np.sin(x) * np.sin(x) - np.cos(x) * np.cos(x), -np.cos(x + x)


@rule(requires={"afn", "reassoc"})
def one_minus_twice_sin_squared(x: Float):
    """1 - 2 sin² x = cos(2 x)."""
    return 1.0 - (np.sin(x) * np.sin(x)) * 2.0, np.cos(x + x)


@rule(requires={"afn", "reassoc"})
def one_minus_doubled_sin_times_sin(x: Float):
    """1 - (2 sin x) sin x = cos(2 x)."""
    return 1.0 - (np.sin(x) * 2.0) * np.sin(x), np.cos(x + x)


@rule(requires={"afn", "reassoc"})
def doubled_sin_times_cos(x: Float):
    """(2 sin x) cos x = sin(2 x)."""
    return (np.sin(x) * 2.0) * np.cos(x), np.sin(x + x)


@rule(requires={"afn", "reassoc"})
def doubled_cos_times_cos_minus_one(x: Float):
    """(2 cos x) cos x - 1 = cos(2 x)."""
    return (np.cos(x) * 2.0) * np.cos(x) - 1.0, np.cos(x + x)


@rule(requires={"afn", "reassoc"})
def twice_cos_squared_minus_one(x: Float):
    """2 cos² x - 1 = cos(2 x)."""
    return (np.cos(x) * np.cos(x)) * 2.0 - 1.0, np.cos(x + x)


# Sums of angles -----------------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"})
def sin_of_sum(a: Float, b: Float):
    """sin a cos b + cos a sin b = sin(a + b): one function instead of four."""
    return np.sin(a) * np.cos(b) + np.cos(a) * np.sin(b), np.sin(a + b)


@rule(requires={"afn", "reassoc"})
def sin_of_difference(a: Float, b: Float):
    """sin a cos b - cos a sin b = sin(a - b): one function instead of four."""
    return np.sin(a) * np.cos(b) - np.cos(a) * np.sin(b), np.sin(a - b)


@rule(requires={"afn", "reassoc"})
def cos_of_sum(a: Float, b: Float):
    """cos a cos b - sin a sin b = cos(a + b): one function instead of four."""
    return np.cos(a) * np.cos(b) - np.sin(a) * np.sin(b), np.cos(a + b)


@rule(requires={"afn", "reassoc"})
def cos_of_difference(a: Float, b: Float):
    """cos a cos b + sin a sin b = cos(a - b): one function instead of four."""
    return np.cos(a) * np.cos(b) + np.sin(a) * np.sin(b), np.cos(a - b)


# Half angles --------------------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc", "nnan"}, accuracy=True)
def one_minus_cos_over_sin(x: Float):
    """(1 - cos x) / sin x = tan(x / 2): one function instead of two, without cancellation."""
    return (1.0 - np.cos(x)) / np.sin(x), np.tan(x * 0.5)


@rule(requires={"afn", "reassoc"})
def sin_over_one_plus_cos(x: Float):
    """sin x / (1 + cos x) = tan(x / 2): one function instead of two."""
    return np.sin(x) / (np.cos(x) + 1.0), np.tan(x * 0.5)


# Functions of inverse functions -------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc", "nnan"})
def sin_of_arcsin(x: Float):
    """The inverse function; beyond 1 the left side is NaN."""
    return np.sin(np.arcsin(x)), x


@rule(requires={"afn", "reassoc", "nnan"})
def cos_of_arccos(x: Float):
    """The inverse function; beyond 1 the left side is NaN."""
    return np.cos(np.arccos(x)), x


@rule(requires={"afn", "reassoc"})
def tan_of_arctan(x: Float):
    """The inverse function, on all numbers."""
    return np.tan(np.arctan(x)), x


@rule(requires={"afn", "reassoc"})
def cos_of_arcsin(x: Float):
    """cos(arcsin x) = √((1 - x) (1 + x)): a root instead of two functions."""
    return np.cos(np.arcsin(x)), np.sqrt((1.0 - x) * (x + 1.0))


@rule(requires={"afn", "reassoc"})
def sin_of_arccos(x: Float):
    """sin(arccos x) = √((1 - x) (1 + x)): a root instead of two functions."""
    return np.sin(np.arccos(x)), np.sqrt((1.0 - x) * (x + 1.0))


@rule(requires={"afn", "reassoc"})
def tan_of_arcsin(x: Float):
    """tan(arcsin x) = x / √((1 - x) (1 + x)): a root instead of two functions."""
    return np.tan(np.arcsin(x)), x / np.sqrt((1.0 - x) * (x + 1.0))


@rule(requires={"afn", "reassoc"})
def tan_of_arccos(x: Float):
    """tan(arccos x) = √((1 - x) (1 + x)) / x: a root instead of two functions."""
    return np.tan(np.arccos(x)), np.sqrt((1.0 - x) * (x + 1.0)) / x


@rule(requires={"afn", "reassoc"})
def cos_of_arctan(x: Float):
    """cos(arctan x) = 1 / √(1 + x²): a root instead of two functions."""
    return np.cos(np.arctan(x)), 1.0 / np.sqrt(x * x + 1.0)


@rule(requires={"afn", "reassoc", "ninf"})
def sin_of_arctan(x: Float):
    """sin(arctan x) = x / √(1 + x²): a root instead of two functions; of infinity the right side is NaN."""
    return np.sin(np.arctan(x)), x / np.sqrt(x * x + 1.0)


# Degrees ------------------------------------------------------------------------------------------------------------


@rule(requires={"reassoc"})
def degrees_of_radians(x: Float):
    """There and back again."""
    return np.rad2deg(np.deg2rad(x)), x


@rule(requires={"reassoc"})
def radians_of_degrees(x: Float):
    """There and back again."""
    return np.deg2rad(np.rad2deg(x)), x


TRIGONOMETRY: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
