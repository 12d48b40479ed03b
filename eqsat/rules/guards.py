"""Guards: what a rule can ask to be known before it fires.

A guard must be known true; where nothing is known the rule does not fire. Those about values hold for each element that
is not NaN. One row of `GUARDS` adds a guard: `eqsat.egraph` finds out where it holds, `eqsat.rules.certificate` draws
values for which it does. Called by rules, through `when=`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eqsat.ir.nodes import Constant
from eqsat.rules.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Condition:
    """`test` is known to hold of `variables`."""

    test: str
    variables: tuple[str, ...]

    @property
    def variable(self) -> str:
        """The one variable that most tests ask about."""
        return self.variables[0]

    def __str__(self) -> str:
        return f"{self.test}({', '.join(self.variables)})"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a guard speaks of: a "constant", each element ("value"), or the "shape" or structure of an array.

    `constant`: whether it holds of a known number; `holds`: of which elements it does, for guards about values;
    `dtypes`: the type characters for which it has a meaning.
    """

    of: Literal["constant", "value", "shape"]
    says: str
    constant: Callable[[Constant], bool] | None = None
    holds: Callable[[np.ndarray], np.ndarray] | None = None
    dtypes: str = "?bhilqBHILQefdFD"
    arity: int = 1


_REAL = "bhilqBHILQefd"


def _exact_reciprocal(constant: Constant) -> bool:
    if constant.dtype.kind != "f":
        return False
    value = abs(float(constant.value))
    if not (0 < value < float("inf")) or np.frexp(value)[0] != 0.5:
        return False
    tiny = float(np.finfo(constant.dtype).tiny)
    return tiny <= value <= 1 / tiny and 1 / value <= float(np.finfo(constant.dtype).max)


def _moderate(constant: Constant) -> bool:
    if constant.dtype.kind != "f":
        return False
    info = np.finfo(constant.dtype)
    return float(info.tiny) ** 0.5 <= abs(float(constant.value)) <= float(info.max) ** 0.5


def _of_elements(holds: Callable[[np.ndarray], np.ndarray]) -> Callable[[Constant], bool]:
    def test(constant: Constant) -> bool:
        if constant.dtype.kind == "c":
            return False
        return bool(np.all(holds(np.atleast_1d(np.asarray(constant.value)))))

    return test


def _not_nan(x: np.ndarray) -> np.ndarray:
    return ~np.isnan(x) if x.dtype.kind in "fc" else np.ones(x.shape, np.bool_)


def _finite(x: np.ndarray) -> np.ndarray:
    return np.isfinite(x) if x.dtype.kind in "fc" else np.ones(x.shape, np.bool_)


def _nan(x: np.ndarray) -> np.ndarray:
    return ~_not_nan(x)


def _positive(x: np.ndarray) -> np.ndarray:
    return (x > 0) | _nan(x)


def _nonnegative(x: np.ndarray) -> np.ndarray:
    plus = ~np.signbit(x) if x.dtype.kind == "f" else x >= 0
    return plus | _nan(x)


def _nonzero(x: np.ndarray) -> np.ndarray:
    return x != 0


def _integer(x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return (np.floor(x) == x) | _nan(x) if x.dtype.kind == "f" else np.ones(x.shape, np.bool_)


GUARDS: dict[str, Guard] = {
    "is_constant": Guard("constant", "is a known number", lambda constant: True),
    "exact_reciprocal": Guard(
        "constant", "is a power of two whose reciprocal is a normal number", _exact_reciprocal, dtypes="efd"
    ),
    "is_moderate": Guard(
        "constant", "is so far from the least and the largest that products of two stay normal", _moderate, dtypes="efd"
    ),
    "is_positive": Guard("value", "is above zero", _of_elements(_positive), _positive, _REAL),
    "is_nonnegative": Guard("value", "is not below zero, nor -0.0", _of_elements(_nonnegative), _nonnegative, _REAL),
    "is_nonzero": Guard("value", "is not zero", _of_elements(_nonzero), _nonzero),
    "is_integer": Guard("value", "is a whole number, or infinite", _of_elements(_integer), _integer, _REAL),
    "is_not_nan": Guard("value", "is not NaN", _of_elements(_not_nan), _not_nan),
    "is_finite": Guard("value", "is neither NaN nor infinite", _of_elements(_finite), _finite),
    "is_scalar": Guard("shape", "has no axes"),
    "is_vector": Guard("shape", "has one axis"),
    "is_matrix": Guard("shape", "has two axes"),
    "is_square": Guard("shape", "is a matrix with as many rows as columns"),
    "is_symmetric": Guard("shape", "is a matrix that equals its transpose"),
    "same_shape": Guard("shape", "have one shape", arity=2),
}
"""Every guard by name."""

CONSTANT_TESTS: dict[str, Callable[[Constant], bool]] = {
    name: guard.constant for name, guard in GUARDS.items() if guard.constant is not None
}
"""What is found out of a known number at once."""


def _condition(test: str, *given: Pattern) -> Condition:
    for one in given:
        if not isinstance(one, Pattern) or one.op != "variable":  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"{test} is asked of a variable, not of {one}")
    return Condition(test, tuple(str(one.value) for one in given))


def is_constant(x: Pattern) -> Condition:
    """The variable stands for a known number."""
    return _condition("is_constant", x)


def exact_reciprocal(x: Pattern) -> Condition:
    """The variable stands for a power of two whose reciprocal is a normal number."""
    return _condition("exact_reciprocal", x)


def is_moderate(x: Pattern) -> Condition:
    """The variable stands for a number of which two have a normal product and a normal quotient."""
    return _condition("is_moderate", x)


def is_positive(x: Pattern) -> Condition:
    """Every element that is not NaN is above zero."""
    return _condition("is_positive", x)


def is_nonnegative(x: Pattern) -> Condition:
    """No element is below zero or -0.0, unless it is NaN."""
    return _condition("is_nonnegative", x)


def is_nonzero(x: Pattern) -> Condition:
    """No element is zero."""
    return _condition("is_nonzero", x)


def is_integer(x: Pattern) -> Condition:
    """Every element that is not NaN is a whole number, or infinite."""
    return _condition("is_integer", x)


def is_not_nan(x: Pattern) -> Condition:
    """No element is NaN."""
    return _condition("is_not_nan", x)


def is_finite(x: Pattern) -> Condition:
    """No element is NaN or infinite."""
    return _condition("is_finite", x)


def is_scalar(x: Pattern) -> Condition:
    """A single number: no axes."""
    return _condition("is_scalar", x)


def is_vector(x: Pattern) -> Condition:
    """One axis."""
    return _condition("is_vector", x)


def is_matrix(x: Pattern) -> Condition:
    """Two axes."""
    return _condition("is_matrix", x)


def is_square(x: Pattern) -> Condition:
    """A matrix with as many rows as columns, whatever the sizes of the call."""
    return _condition("is_square", x)


def is_symmetric(x: Pattern) -> Condition:
    """A matrix that equals its transpose, by the way in which it is computed."""
    return _condition("is_symmetric", x)


def same_shape(x: Pattern, y: Pattern) -> Condition:
    """Both have one shape, whatever the sizes of the call: nothing is broadcast."""
    return _condition("same_shape", x, y)
