"""Powers and roots, as far as the fast-math flags grant it.

`afn`: a power is computed otherwise, by products or roots, of like accuracy. `reassoc`: products within powers and
roots are regrouped as if they were exact, overflow and underflow of what lies between included. `nnan`: where the left
side is NaN (roots of negative numbers, infinity over infinity), anything may come. `nsz`, `ninf`: no operand is -0.0
of which it matters, or infinite. Powers above the eighth stay: products lose half a digit with each step.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule

# Powers -----------------------------------------------------------------------------------------------------------


@rule(requires={"afn"})
def power_of_three(x: Float):
    """x³ as two products."""
    return np.power(x, 3.0), (x * x) * x


@rule(requires={"afn"})
def power_of_four(x: Float):
    """x⁴ = (x²)²."""
    return np.power(x, 4.0), (x * x) * (x * x)


@rule(requires={"afn"})
def power_of_five(x: Float):
    """x⁵ = x⁴ x."""
    return np.power(x, 5.0), ((x * x) * (x * x)) * x


@rule(requires={"afn"})
def power_of_six(x: Float):
    """x⁶ = (x² x)²."""
    return np.power(x, 6.0), ((x * x) * x) * ((x * x) * x)


@rule(requires={"afn"})
def power_of_seven(x: Float):
    """x⁷ = x⁶ x."""
    return np.power(x, 7.0), (((x * x) * x) * ((x * x) * x)) * x


@rule(requires={"afn"})
def power_of_eight(x: Float):
    """x⁸ = ((x²)²)²."""
    return np.power(x, 8.0), ((x * x) * (x * x)) * ((x * x) * (x * x))


@rule(requires={"reassoc"})
def fourth_power_by_steps(x: Float):
    """(x²)² = x³ x: the powers of a polynomial, each from the one before, as Horner's form needs them."""
    return (x * x) * (x * x), ((x * x) * x) * x


@rule(requires={"reassoc"})
def sixth_power_by_steps(x: Float):
    """(x³)² = x⁵ x: the powers of a polynomial, each from the one before, as Horner's form needs them."""
    return ((x * x) * x) * ((x * x) * x), (((x * x) * (x * x)) * x) * x


@rule(requires={"afn"})
def power_of_minus_one(x: Float):
    """x⁻¹ = 1 / x."""
    return np.power(x, -1.0), 1.0 / x


@rule(requires={"afn"})
def power_of_minus_two(x: Float):
    """x⁻² = 1 / x²."""
    return np.power(x, -2.0), 1.0 / (x * x)


@rule(requires={"afn"})
def power_of_minus_three(x: Float):
    """x⁻³ = 1 / x³."""
    return np.power(x, -3.0), 1.0 / ((x * x) * x)


@rule(requires={"afn", "nsz", "ninf"})
def power_of_half(x: Float):
    """The square root; of -0.0 and of minus infinity the two differ."""
    return np.power(x, 0.5), np.sqrt(x)


@rule(requires={"afn", "nsz", "ninf"})
def power_of_minus_half(x: Float):
    """One over the square root; of -0.0 and of minus infinity the two differ."""
    return np.power(x, -0.5), 1.0 / np.sqrt(x)


@rule(requires={"afn", "nsz", "ninf"})
def power_of_three_halves(x: Float):
    """x √x; of minus infinity the two differ."""
    return np.power(x, 1.5), x * np.sqrt(x)


@rule(requires={"afn", "nnan", "ninf", "nsz"})
def power_of_third(x: Float):
    """The cube root, which negative numbers have too: their power is NaN."""
    return np.power(x, 1 / 3), np.cbrt(x)


@rule(requires={"afn", "reassoc", "nnan"})
def multiply_powers_of_one_exponent(x: Float, y: Float, a: Float):
    """xᵃ yᵃ = (x y)ᵃ: one power less; where it fails the left side is NaN."""
    return np.power(x, a) * np.power(y, a), np.power(x * y, a)


# Roots ------------------------------------------------------------------------------------------------------------


@rule(requires={"reassoc"})
def sqrt_of_square(x: Float):
    """√x² = |x|, if the square is exact."""
    return np.sqrt(x * x), np.absolute(x)


@rule(requires={"reassoc", "nnan", "nsz"})
def square_of_sqrt(x: Float):
    """(√x)² = x; of negative x the root is NaN."""
    return np.sqrt(x) * np.sqrt(x), x


@rule(requires={"reassoc", "nnan"})
def multiply_sqrts(x: Float, y: Float):
    """√x √y = √(x y); of negative numbers the left side is NaN."""
    return np.sqrt(x) * np.sqrt(y), np.sqrt(x * y)


@rule(requires={"reassoc", "nnan"})
def divide_sqrts(x: Float, y: Float):
    """√x / √y = √(x / y); of negative numbers the left side is NaN."""
    return np.sqrt(x) / np.sqrt(y), np.sqrt(x / y)


@rule(requires={"reassoc", "nnan"})
def divide_by_own_sqrt(x: Float):
    """x / √x = √x; of zero, infinity and negative numbers the left side is NaN."""
    return x / np.sqrt(x), np.sqrt(x)


@rule(requires={"reassoc", "nnan"})
def divide_sqrt_by_own_square(x: Float):
    """√x / x = 1 / √x; of zero up to a sign, of infinity and of negative numbers the left side is NaN."""
    return np.sqrt(x) / x, 1.0 / np.sqrt(x)


@rule(requires={"afn", "reassoc"})
def cbrt_of_cube(x: Float):
    """∛x³ = x, if the cube is exact."""
    return np.cbrt((x * x) * x), x


@rule(requires={"afn", "reassoc"})
def multiply_cbrts(x: Float, y: Float):
    """∛x ∛y = ∛(x y): one root less."""
    return np.cbrt(x) * np.cbrt(y), np.cbrt(x * y)


POWERS: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
