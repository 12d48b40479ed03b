"""`math` inside jitted functions: CPython's bits, types and errors, on this interpreter whatever its version."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.testing import assert_matches_numpy

pytestmark = pytest.mark.filterwarnings("ignore")

OF_ONE = [
    *(
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "cbrt",
        "ceil",
        "cos",
        "cosh",
        "degrees",
        "erf",
        "erfc",
        "exp",
    ),
    *("exp2", "expm1", "fabs", "floor", "frexp", "gamma", "isfinite", "isinf", "isnan", "lgamma", "log", "log10"),
    *("log1p", "log2", "modf", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "ulp", "hypot"),
]
OF_TWO = ["atan2", "copysign", "fmod", "hypot", "isclose", "log", "nextafter", "pow", "remainder"]
OF_INTS = ["comb", "gcd", "lcm", "perm"]
SPECIAL = [
    *(0.0, 1.0, 0.5, 1.5, 2.0, 2.5, 3.0, 23.0, 24.0, 170.5, 171.5, 300.5, 0.9999999, 1e-21, 5e-324, 2.2e-308, 1e-160),
    *(1e22, 1e160, 1e308, 1.7976931348623157e308, math.inf, 709.5, 709.79, 745.2, 710.3, 1023.5, 1024.0, 9.3e18),
]
INTS = [0, 1, 2, 3, 5, 12, 18, 20, 21, 60, 62, 63, 100, 2**31, 2**53 + 1, 3037000499**2, 2**63 - 1]

floats = st.one_of(st.sampled_from([*SPECIAL, *(-x for x in SPECIAL), math.nan]), st.floats(), st.floats(-30, 30))
ints = st.one_of(st.sampled_from([*INTS, *(-n for n in INTS), -(2**63)]), st.integers(-(2**63), 2**63 - 1))
numbers = st.one_of(
    floats,
    ints,
    st.booleans(),
    floats.map(np.float64),
    st.floats(width=32).map(np.float32),
    st.floats(width=16).map(np.float16),
    st.integers(-128, 127).map(np.int8),
    st.integers(0, 2**64 - 1).map(np.uint64),
    ints.map(np.int64),
)


@cache
def of_one(function: Callable[..., Any]) -> Any:
    @jit
    def call(x: Any) -> Any:
        return function(x)

    return call


@cache
def of_two(function: Callable[..., Any]) -> Any:
    @jit
    def call(x: Any, y: Any) -> Any:
        return function(x, y)

    return call


@cache
def of_three(function: Callable[..., Any]) -> Any:
    @jit
    def call(x: Any, y: Any, z: Any) -> Any:
        return function(x, y, z)

    return call


@pytest.mark.parametrize("name", OF_ONE)
def test_special_values_give_pythons_bits_and_errors(name: str) -> None:
    call = of_one(getattr(math, name))
    for x in [*SPECIAL, *(-x for x in SPECIAL), math.nan]:
        assert_matches_numpy(call, x, calls=1)
    for n in (0, 1, -1, 7, -(2**63), 2**63 - 1):
        assert_matches_numpy(call, n, calls=1)


@pytest.mark.parametrize("name", OF_ONE)
@given(x=numbers)
def test_functions_of_one_number_give_pythons_bits_and_errors(name: str, x: object) -> None:
    assert_matches_numpy(of_one(getattr(math, name)), x, calls=1)


@pytest.mark.parametrize("name", OF_TWO)
@given(x=floats, y=floats)
def test_functions_of_two_floats_give_pythons_bits_and_errors(name: str, x: float, y: float) -> None:
    assert_matches_numpy(of_two(getattr(math, name)), x, y, calls=1)


@pytest.mark.parametrize("name", OF_TWO)
@given(x=numbers, y=numbers)
def test_functions_of_two_numbers_take_what_python_takes(name: str, x: object, y: object) -> None:
    assert_matches_numpy(of_two(getattr(math, name)), x, y, calls=1)


@pytest.mark.parametrize("name", ["pow", "fmod", "remainder", "copysign", "hypot", "atan2", "nextafter"])
def test_every_pair_of_special_values(name: str) -> None:
    call = of_two(getattr(math, name))
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 5e-324, -1e-310, 1e308, -1e308, math.inf, -math.inf, math.nan]
    for x in values:
        for y in values:
            assert_matches_numpy(call, x, y, calls=1)


@given(x=floats, y=floats, z=floats)
def test_vectors_of_three_have_pythons_norm(x: float, y: float, z: float) -> None:
    assert_matches_numpy(of_three(math.hypot), x, y, z, calls=1)
    assert_matches_numpy(distance, x, y, z, calls=1)


@jit
def distance(x: Any, y: Any, z: Any) -> Any:
    return math.dist((x, y), (z, 1.5)), math.dist((x,), (y,)), math.dist((x, y, z), (z, x, 2))


@given(x=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2))
def test_norms_of_ordinary_numbers_never_leave_native_code(x: list[float]) -> None:
    assert of_two(math.hypot)(*x) == math.hypot(*x)


@pytest.mark.parametrize("name", OF_INTS)
def test_functions_of_ints_are_exact_or_left_to_python(name: str) -> None:
    call = of_two(getattr(math, name))
    every = [*INTS, *(-n for n in INTS), -(2**63)]
    for x in every:
        for y in every:
            if name in ("gcd", "lcm") or not (abs(x) > 1000 and abs(y) > 70):  # Python would compute for hours
                assert_matches_numpy(call, x, y, calls=1)


@given(x=ints, y=ints, z=ints)
def test_common_divisors_of_many(x: int, y: int, z: int) -> None:
    for function in (math.gcd, math.lcm):
        assert_matches_numpy(of_three(function), x, y, z, calls=1)
        assert_matches_numpy(of_one(function), x, calls=1)
        assert_matches_numpy(of_two(function), np.int64(x), np.uint8(y % 256), calls=1)


@pytest.mark.parametrize("name", ["factorial", "isqrt", "perm"])
def test_factorials_and_roots(name: str) -> None:
    call = of_one(getattr(math, name))
    for n in [*range(-2, 25), *(k**2 + d for k in (10**6, 2**31, 3037000499) for d in (-1, 0, 1)), 2**63 - 1]:
        if name == "isqrt" or n < 100:
            assert_matches_numpy(call, n, calls=1)
    assert_matches_numpy(call, 2.5, calls=1)
    assert_matches_numpy(call, np.int16(6), calls=1)
    assert_matches_numpy(call, True, calls=1)


@given(x=floats, i=st.one_of(st.integers(-1100, 1100), ints))
def test_ldexp(x: float, i: int) -> None:
    assert_matches_numpy(of_two(math.ldexp), x, i, calls=1)


def test_ldexp_takes_pythons_ints_alone() -> None:
    assert_matches_numpy(of_two(math.ldexp), 1.5, np.int64(3))
    assert_matches_numpy(of_two(math.ldexp), 1.5, 3.0)
    assert_matches_numpy(of_two(math.ldexp), np.float32(1.5), True)


@jit
def close(x: Any, y: Any, relative: Any, absolute: Any) -> Any:
    return math.isclose(x, y, rel_tol=relative, abs_tol=absolute)


@given(x=floats, change=st.floats(-1, 1), relative=st.floats(-0.1, 1), absolute=st.floats(-0.1, 1))
def test_tolerances(x: float, change: float, relative: float, absolute: float) -> None:
    assert_matches_numpy(close, x, x + change, relative, absolute, calls=1)
    assert_matches_numpy(close, x, x * (1 + change), relative, 0.0, calls=1)


@pytest.mark.skipif(not hasattr(math, "fma"), reason="since Python 3.13")
@given(x=floats, y=floats, z=floats)
def test_fused_products(x: float, y: float, z: float) -> None:
    assert_matches_numpy(of_three(math.fma), x, y, z, calls=1)


@jit
def products(x: Any, y: Any) -> Any:
    return math.prod((x, y, 3)), math.prod((x,), start=y), math.prod(())


@given(x=numbers, y=st.one_of(floats, ints))
def test_products_of_tuples(x: Any, y: Any) -> None:
    if not isinstance(x, np.generic):
        assert_matches_numpy(products, x, y, calls=1)


@jit
def known() -> Any:
    return math.sin(0.5), math.tau, math.comb(100, 50), math.fsum((0.1, 0.2)) if False else 1


def test_functions_of_constants_are_called_when_compiling() -> None:
    assert_matches_numpy(known)


def test_what_is_not_compiled_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="more than three coordinates is not compiled yet"):
        of_four(1.0, 2.0, 3.0, 4.0)
    with pytest.raises(UnsupportedError, match="function of what is not constant is not compiled"):
        of_one(math.fsum)(1.5)


@jit
def of_four(x: Any, y: Any, z: Any, t: Any) -> Any:
    return math.hypot(x, y, z, t)
