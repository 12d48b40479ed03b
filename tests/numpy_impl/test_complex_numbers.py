"""Complex numbers that are single: Python's arithmetic and `cmath`, and NumPy's scalars."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.frontend import complex_scalars
from eqsat.testing import assert_matches_numpy
from tests.numpy_impl.test_mathematics import of_one, of_two

pytestmark = pytest.mark.filterwarnings("ignore")

PARTS = [0.0, -0.0, 1.0, -1.5, 2.5, 1e200, -1e-200, 5e-324, math.inf, -math.inf, math.nan]
parts = st.one_of(st.sampled_from(PARTS), st.floats(), st.floats(-3, 3))
complexes = st.builds(complex, parts, parts)
reals = st.one_of(parts, st.integers(-4, 4), st.booleans(), st.sampled_from([2**53 + 1, -(2**62)]))


@cache
def operator(symbol: str) -> Any:
    return {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power, "==": equal}[symbol]


@jit
def add(x: Any, y: Any) -> Any:
    return x + y


@jit
def subtract(x: Any, y: Any) -> Any:
    return x - y


@jit
def multiply(x: Any, y: Any) -> Any:
    return x * y


@jit
def divide(x: Any, y: Any) -> Any:
    return x / y


@jit
def power(x: Any, y: Any) -> Any:
    return x**y


@jit
def equal(x: Any, y: Any) -> Any:
    return x == y, x != y


@jit
def ordered(x: Any, y: Any) -> Any:
    return x < y, x <= y, x > y, x >= y


@jit
def aspects(x: Any) -> Any:
    return -x, +x, x.real, x.imag, x.conjugate(), bool(x), not x, complex(x)


OPERATORS = ["+", "-", "*", "/", "**", "=="]


@pytest.mark.parametrize("symbol", OPERATORS)
@given(x=complexes, y=complexes, r=reals)
def test_operators_of_python(symbol: str, x: complex, y: complex, r: Any) -> None:
    if symbol == "/" and complex_scalars.REAL_STAYS_REAL:
        assert_matches_numpy(divide, x, r, calls=1)
    else:
        assert_matches_numpy(operator(symbol), x, y, calls=1)
        assert_matches_numpy(operator(symbol), x, r, calls=1)
        assert_matches_numpy(operator(symbol), r, x, calls=1)


@pytest.mark.parametrize("symbol", [*OPERATORS, "<"])
@pytest.mark.parametrize("type_", [np.complex64, np.complex128])
@given(x=complexes, y=complexes, r=reals)
def test_operators_of_numpy(symbol: str, type_: Any, x: complex, y: complex, r: Any) -> None:
    call = ordered if symbol == "<" else operator(symbol)
    z = type_(x)
    if symbol != "**":
        others = (type_(y), y, np.complex64(y), r, np.float64(1.5), np.float32(y.real), np.int32(3), np.True_)
        for other in others:
            if not isinstance(other, int) or abs(other) < 2**31:
                assert_matches_numpy(call, z, other, calls=1)
                assert_matches_numpy(call, other, z, calls=1)


@pytest.mark.parametrize("symbol", OPERATORS)
@given(x=complexes, r=parts)
def test_a_float64_is_one_of_pythons_floats_to_pythons_complex_numbers(symbol: str, x: complex, r: float) -> None:
    assert_matches_numpy(operator(symbol), x, np.float64(r), calls=1)


@cache
def to_the(exponent: int) -> Any:
    @jit
    def call(z: Any) -> Any:
        return z**exponent

    return call


@pytest.mark.parametrize("exponent", [-99, -7, -2, -1, 0, 1, 2, 3, 4, 7, 64, 99])
@given(x=complexes)
def test_small_whole_powers(exponent: int, x: complex) -> None:
    for z in (x, np.complex128(x), np.complex64(x)):
        assert_matches_numpy(to_the(exponent), z, calls=1)


@given(x=complexes, n=st.integers(-103, 103))
def test_whole_powers_that_are_not_known(x: complex, n: int) -> None:
    assert_matches_numpy(power, x, n, calls=1)
    assert_matches_numpy(power, x, float(n), calls=1)


@given(x=complexes)
def test_parts_signs_and_conversions(x: complex) -> None:
    for z in (x, np.complex128(x), np.complex64(x)):
        assert_matches_numpy(aspects, z, calls=1)


@jit
def size(z: Any) -> Any:
    return abs(z)


@given(x=complexes)
def test_absolute_values(x: complex) -> None:
    if not cmath.isnan(x):  # for which Pythons before 3.12 raise or not, as the error before has left it
        assert_matches_numpy(size, x, calls=1)
    assert_matches_numpy(size, np.complex128(x), calls=1)
    assert_matches_numpy(size, np.complex64(x), calls=1)


@jit
def composed(x: Any, y: Any) -> Any:
    return complex(x, y), complex(x), np.complex128(x, y), np.complex64(complex(y, x))


@given(x=parts, y=parts)
def test_complex_of_parts(x: float, y: float) -> None:
    assert_matches_numpy(composed, x, y, calls=1)
    assert_matches_numpy(composed, np.float32(x), True, calls=1)
    assert_matches_numpy(composed, 3, np.float64(y), calls=1)


@jit
def unboxed(x: Any) -> Any:
    return x.item()


@given(x=complexes)
def test_item_gives_pythons_number(x: complex) -> None:
    assert_matches_numpy(unboxed, np.complex64(x), calls=1)


OF_ONE = [
    *("cos", "cosh", "exp", "isfinite", "isinf", "isnan", "log", "log10", "phase", "polar", "sin", "sinh", "sqrt"),
    *("tan", "tanh"),
]


@pytest.mark.parametrize("name", OF_ONE)
@given(x=st.one_of(complexes, reals, complexes.map(np.complex64), parts.map(np.float32)))
def test_functions_of_cmath(name: str, x: Any) -> None:
    if name != "polar" or not cmath.isnan(x):
        assert_matches_numpy(of_one(getattr(cmath, name)), x, calls=1)


@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_cmath_near_the_axes_and_the_circle(name: str) -> None:
    call = of_one(getattr(cmath, name))
    for real in (0.0, -0.0, 0.8, 1.0, 1.2, -1.0, 1.7, 700.5, 1e-301):
        for imag in (0.0, -0.0, 1e-9, -1e-9, 0.3, 1e-301, 709.5, 1e300):
            assert_matches_numpy(call, complex(real, imag), calls=1)
            assert_matches_numpy(call, complex(imag, -real), calls=1)


@given(r=parts, phi=parts, z=complexes)
def test_functions_of_two_numbers(r: float, phi: float, z: complex) -> None:
    assert_matches_numpy(of_two(cmath.rect), r, phi, calls=1)
    assert_matches_numpy(of_two(cmath.log), z, 2, calls=1)
    assert_matches_numpy(of_two(cmath.log), z, complex(phi, r), calls=1)


def test_escape_times_run_at_full_length() -> None:
    for c in (-0.1 + 0.1j, 0.3 + 0.5j, 2 + 2j):
        for start in (0j, np.complex128(0), np.complex64(0)):
            assert_matches_numpy(escape, start, c, 500, calls=1)
            assert_matches_numpy(escape, start, np.complex128(c), 500, calls=1) if start is not np.complex64 else None


@jit
def escape(z: Any, c: Any, most: int) -> Any:
    z = z * z + c
    for k in range(most):
        z = z * z + c
        if abs(z) > 2.0:
            return k
    return most


@pytest.mark.parametrize("name", ["acos", "asinh", "atan", "isclose"])
def test_other_functions_are_refused_by_name(name: str) -> None:
    function: Callable[..., Any] = getattr(cmath, name)
    with pytest.raises(UnsupportedError, match="of what is not constant is not compiled"):
        of_one(function)(1 + 2j)


def test_other_powers_of_numpys_numbers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="raised to what is no small whole number"):
        power(np.complex128(1j), np.complex128(0.5))
    assert_matches_numpy(power, 1j, 0.5)
