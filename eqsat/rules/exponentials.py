"""Exponentials, logarithms and hyperbolic functions, as far as the fast-math flags grant it.

`afn`: a function is computed in another way, of like accuracy. `reassoc`: sums and products within functions are
regrouped as if they were exact, overflow and underflow of what lies between included. `nnan`: where the left side is
NaN, anything may come, which is where logarithms of negative numbers end. Left out is what holds for positive numbers
alone (the logarithm of any product), unless they are known to be positive, and what loses accuracy (a power as an
exponential). A function of a function is one of the two costs here, so that every right side is cheaper.
"""

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Float, Rule, rule

LOG2E = 1.4426950408889634
LN2 = 0.6931471805599453
LN10 = 2.302585092994046
LOG10E = 0.4342944819032518

# exp and log undo each other ----------------------------------------------------------------------------------------


@rule(requires={"reassoc"})
def log_of_exp(x: Float):
    """log eˣ = x for every x."""
    return np.log(np.exp(x)), x


@rule(requires={"reassoc", "nnan"})
def exp_of_log(x: Float):
    """exp(log x) = x; of negative x the logarithm is NaN."""
    return np.exp(np.log(x)), x


@rule(requires={"reassoc"})
def log2_of_exp2(x: Float):
    """log₂ 2ˣ = x for every x."""
    return np.log2(np.exp2(x)), x


@rule(requires={"reassoc", "nnan"})
def exp2_of_log2(x: Float):
    """2 to the power log₂ x is x; of negative x the logarithm is NaN."""
    return np.exp2(np.log2(x)), x


@rule(requires={"reassoc"})
def log1p_of_expm1(x: Float):
    """log(1 + (eˣ - 1)) = x for every x."""
    return np.log1p(np.expm1(x)), x


@rule(requires={"reassoc", "nnan"})
def expm1_of_log1p(x: Float):
    """exp(log(1 + x)) - 1 = x; below -1 the logarithm is NaN."""
    return np.expm1(np.log1p(x)), x


@rule(requires={"afn", "reassoc"})
def log2_of_exp(x: Float):
    """log₂ eˣ = x log₂ e for every x."""
    return np.log2(np.exp(x)), x * LOG2E


@rule(requires={"afn", "reassoc"})
def log10_of_exp(x: Float):
    """log₁₀ eˣ = x log₁₀ e for every x."""
    return np.log10(np.exp(x)), x * LOG10E


@rule(requires={"afn", "reassoc"})
def log_of_exp2(x: Float):
    """log 2ˣ = x log 2 for every x."""
    return np.log(np.exp2(x)), x * LN2


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_log1p(x: Float):
    """exp(log(1 + x)) = 1 + x; below -1 the logarithm is NaN."""
    return np.exp(np.log1p(x)), x + 1.0


@rule(requires={"afn", "reassoc"})
def expm1_plus_one(x: Float):
    """(eˣ - 1) + 1 = eˣ: one function that rounds once."""
    return np.expm1(x) + 1.0, np.exp(x)


@rule(requires={"afn", "reassoc"})
def log1p_of_minus_one(x: Float):
    """log(1 + (x - 1)) = log x."""
    return np.log1p(x - 1.0), np.log(x)


# Products and quotients of exponentials -----------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"})
def multiply_exps(a: Float, b: Float):
    """eᵃ eᵇ = eᵃ⁺ᵇ: one exponential less."""
    return np.exp(a) * np.exp(b), np.exp(a + b)


@rule(requires={"afn", "reassoc"})
def divide_exps(a: Float, b: Float):
    """eᵃ / eᵇ = eᵃ⁻ᵇ: one exponential less."""
    return np.exp(a) / np.exp(b), np.exp(a - b)


@rule(requires={"afn", "arcp"})
def divide_by_exp(a: Float, b: Float):
    """a / eᵇ = a e⁻ᵇ: the reciprocal of an exponential is one."""
    return a / np.exp(b), a * np.exp(-b)


@rule(requires={"afn", "arcp"})
def reciprocal_of_exp(x: Float):
    """1 / eˣ = e⁻ˣ."""
    return 1.0 / np.exp(x), np.exp(-x)


@rule(requires={"afn", "reassoc"})
def multiply_exps_and_factor(a: Float, b: Float, x: Float):
    """(x eᵃ) eᵇ = x eᵃ⁺ᵇ: one exponential less."""
    return (x * np.exp(a)) * np.exp(b), x * np.exp(a + b)


@rule(requires={"afn", "reassoc"})
def multiply_exp2s(a: Float, b: Float):
    """2ᵃ 2ᵇ = 2ᵃ⁺ᵇ: one exponential less."""
    return np.exp2(a) * np.exp2(b), np.exp2(a + b)


@rule(requires={"afn", "reassoc"})
def divide_exp2s(a: Float, b: Float):
    """2ᵃ / 2ᵇ = 2ᵃ⁻ᵇ: one exponential less."""
    return np.exp2(a) / np.exp2(b), np.exp2(a - b)


@rule(requires={"afn", "arcp"})
def divide_by_exp2(a: Float, b: Float):
    """a / 2ᵇ = a 2⁻ᵇ: the reciprocal of an exponential is one."""
    return a / np.exp2(b), a * np.exp2(-b)


@rule(requires={"afn", "reassoc", "nnan", "ninf"})
def power_of_exp(x: Float, k: Float):
    """(eˣ)ᵏ = eᵏˣ: a power less."""
    return np.power(np.exp(x), k), np.exp(x * k)


@rule(requires={"afn", "reassoc", "nnan", "ninf"})
def power_of_exp2(x: Float, k: Float):
    """(2ˣ)ᵏ = 2ᵏˣ: a power less."""
    return np.power(np.exp2(x), k), np.exp2(x * k)


@rule(requires={"afn", "reassoc"})
def two_to_the_power(x: Float):
    """np.exp2 is the power of 2."""
    return np.power(2.0, x), np.exp2(x)


@rule(requires={"afn", "reassoc"})
def sqrt_of_exp(x: Float):
    """√eˣ = exp(x / 2): a root less."""
    return np.sqrt(np.exp(x)), np.exp(x * 0.5)


@rule(requires={"afn", "reassoc"})
def sqrt_of_exp2(x: Float):
    """√2ˣ = 2 to the power x / 2: a root less."""
    return np.sqrt(np.exp2(x)), np.exp2(x * 0.5)


@rule(requires={"afn", "reassoc"})
def cbrt_of_exp(x: Float):
    """∛eˣ = exp(x / 3): a root less."""
    return np.cbrt(np.exp(x)), np.exp(x * (1 / 3))


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_sum_with_log(a: Float, x: Float):
    """exp(a + log x) = x eᵃ; of negative x the logarithm is NaN."""
    return np.exp(a + np.log(x)), np.exp(a) * x


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_difference_with_log(a: Float, x: Float):
    """exp(a - log x) = eᵃ / x; of negative x the logarithm is NaN."""
    return np.exp(a - np.log(x)), np.exp(a) / x


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_negative_log(x: Float):
    """exp(-log x) = 1 / x; of negative x the logarithm is NaN."""
    return np.exp(-np.log(x)), 1.0 / x


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_half_log(x: Float):
    """exp(log(x) / 2) = √x; of negative x the logarithm is NaN."""
    return np.exp(np.log(x) * 0.5), np.sqrt(x)


@rule(requires={"afn", "reassoc", "nnan"})
def exp_of_thrice_log(x: Float):
    """exp(3 log x) = x³; of negative x the logarithm is NaN."""
    return np.exp(np.log(x) * 3.0), (x * x) * x


# Logarithms of products ---------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc", "nnan"})
def add_logs(a: Float, b: Float):
    """log a + log b = log(a b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log(a) + np.log(b), np.log(a * b)


@rule(requires={"afn", "reassoc", "nnan"})
def subtract_logs(a: Float, b: Float):
    """log a - log b = log(a / b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log(a) - np.log(b), np.log(a / b)


@rule(requires={"afn", "reassoc", "nnan"})
def add_log2s(a: Float, b: Float):
    """log₂ a + log₂ b = log₂(a b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log2(a) + np.log2(b), np.log2(a * b)


@rule(requires={"afn", "reassoc", "nnan"})
def subtract_log2s(a: Float, b: Float):
    """log₂ a - log₂ b = log₂(a / b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log2(a) - np.log2(b), np.log2(a / b)


@rule(requires={"afn", "reassoc", "nnan"})
def add_log10s(a: Float, b: Float):
    """log₁₀ a + log₁₀ b = log₁₀(a b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log10(a) + np.log10(b), np.log10(a * b)


@rule(requires={"afn", "reassoc", "nnan"})
def subtract_log10s(a: Float, b: Float):
    """log₁₀ a - log₁₀ b = log₁₀(a / b): one logarithm less; of negative numbers the left side is NaN."""
    return np.log10(a) - np.log10(b), np.log10(a / b)


@rule(requires={"afn", "reassoc", "ninf"})
def log_of_product_with_exp(x: Float, y: Float):
    """log(eˣ y) = x + log y: an exponential is positive, so that both sides are NaN for the same y."""
    return np.log(np.exp(x) * y), x + np.log(y)


@rule(requires={"afn", "reassoc", "ninf"})
def log_of_exp_over(x: Float, y: Float):
    """log(eˣ / y) = x - log y: an exponential is positive, so that both sides are NaN for the same y."""
    return np.log(np.exp(x) / y), x - np.log(y)


@rule(requires={"afn", "reassoc", "ninf"})
def log_over_exp(x: Float, y: Float):
    """log(y / eˣ) = log y - x: an exponential is positive, so that both sides are NaN for the same y."""
    return np.log(y / np.exp(x)), np.log(y) - x


@rule(requires={"afn", "reassoc", "ninf"})
def log2_of_product_with_exp2(x: Float, y: Float):
    """log₂(2ˣ y) = x + log₂ y: an exponential is positive, so that both sides are NaN for the same y."""
    return np.log2(np.exp2(x) * y), x + np.log2(y)


@rule(requires={"afn", "reassoc", "ninf"})
def log_of_reciprocal(x: Float):
    """log(1 / x) = -log x: a division less."""
    return np.log(1.0 / x), -np.log(x)


@rule(requires={"afn", "reassoc"})
def log_of_sqrt(x: Float):
    """log √x = log(x) / 2: a root less."""
    return np.log(np.sqrt(x)), np.log(x) * 0.5


@rule(requires={"afn", "reassoc"})
def log_over_ln2(x: Float):
    """log x / log 2 = log₂ x, which is exact for powers of two."""
    return np.log(x) / LN2, np.log2(x)


@rule(requires={"afn", "reassoc"})
def log_over_ln10(x: Float):
    """log x / log 10 = log₁₀ x, which is exact for powers of ten."""
    return np.log(x) / LN10, np.log10(x)


@rule(requires={"afn", "reassoc"})
def ratio_of_log2s(a: Float, b: Float):
    """log₂ a / log₂ b = log a / log b: the base does not matter, and the natural one is cheaper."""
    return np.log2(a) / np.log2(b), np.log(a) / np.log(b)


@rule(requires={"afn", "reassoc"})
def ratio_of_log10s(a: Float, b: Float):
    """log₁₀ a / log₁₀ b = log a / log b: the base does not matter, and the natural one is cheaper."""
    return np.log10(a) / np.log10(b), np.log(a) / np.log(b)


# Hyperbolic functions -----------------------------------------------------------------------------------------------


@rule(requires={"afn", "reassoc"})
def exps_to_cosh(x: Float):
    """cosh x = (eˣ + e⁻ˣ) / 2."""
    return (np.exp(x) + np.exp(-x)) * 0.5, np.cosh(x)


@rule(requires={"afn", "nnan"})
def sinh_over_cosh(x: Float):
    """sinh x / cosh x = tanh x, which does not overflow."""
    return np.sinh(x) / np.cosh(x), np.tanh(x)


@rule(requires={"afn", "reassoc", "nnan"})
def tanh_times_cosh(x: Float):
    """tanh x cosh x = sinh x."""
    return np.tanh(x) * np.cosh(x), np.sinh(x)


@rule(requires={"afn", "reassoc", "nnan"})
def sinh_over_tanh(x: Float):
    """sinh x / tanh x = cosh x."""
    return np.sinh(x) / np.tanh(x), np.cosh(x)


@rule(requires={"afn", "reassoc"})
def cosh_plus_sinh(x: Float):
    """cosh x + sinh x = eˣ."""
    return np.cosh(x) + np.sinh(x), np.exp(x)


@rule(requires={"afn", "reassoc"})
def cosh_minus_sinh(x: Float):
    """cosh x - sinh x = e⁻ˣ."""
    return np.cosh(x) - np.sinh(x), np.exp(-x)


@rule(requires={"afn", "reassoc"})
def sinh_times_cosh(x: Float):
    """sinh x cosh x = sinh(2 x) / 2: one function less."""
    return np.sinh(x) * np.cosh(x), np.sinh(x + x) * 0.5


@rule(requires={"afn", "reassoc", "nnan"})
def cosh_squared_minus_sinh_squared(x: Float):
    """cosh² x - sinh² x = 1."""
    return np.cosh(x) * np.cosh(x) - np.sinh(x) * np.sinh(x), 1.0


@rule(requires={"afn", "reassoc"})
def cosh_squared_plus_sinh_squared(x: Float):
    """cosh² x + sinh² x = cosh(2 x): one function less."""
    return np.cosh(x) * np.cosh(x) + np.sinh(x) * np.sinh(x), np.cosh(x + x)


@rule(requires={"afn", "reassoc"})
def sinh_of_arcsinh(x: Float):
    """The inverse function, on all numbers."""
    return np.sinh(np.arcsinh(x)), x


@rule(requires={"afn", "reassoc"})
def arcsinh_of_sinh(x: Float):
    """The inverse function, on all numbers."""
    return np.arcsinh(np.sinh(x)), x


@rule(requires={"afn", "reassoc", "nnan"})
def cosh_of_arccosh(x: Float):
    """The inverse function; below 1 the left side is NaN."""
    return np.cosh(np.arccosh(x)), x


@rule(requires={"afn", "reassoc"})
def arccosh_of_cosh(x: Float):
    """arccosh(cosh x) = |x|: the hyperbolic cosine is even."""
    return np.arccosh(np.cosh(x)), np.absolute(x)


@rule(requires={"afn", "reassoc", "nnan"})
def tanh_of_arctanh(x: Float):
    """The inverse function; beyond 1 the left side is NaN."""
    return np.tanh(np.arctanh(x)), x


@rule(requires={"afn", "reassoc"})
def arctanh_of_tanh(x: Float):
    """The inverse function, on all numbers."""
    return np.arctanh(np.tanh(x)), x


@rule(requires={"afn", "reassoc"})
def cosh_of_arcsinh(x: Float):
    """cosh(arcsinh x) = √(x² + 1): a root instead of two functions."""
    return np.cosh(np.arcsinh(x)), np.sqrt(x * x + 1.0)


EXPONENTIALS: tuple[Rule, ...] = tuple(one for one in dict(globals()).values() if isinstance(one, Rule))
