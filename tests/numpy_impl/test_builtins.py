"""Python's builtins on numbers: values, types and errors are Python's, on this interpreter whatever its version."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.testing import assert_matches_numpy
from tests.numpy_impl.test_mathematics import floats, ints, numbers

pytestmark = pytest.mark.filterwarnings("ignore")

HALVES = [0.5, 1.5, 2.5, 0.125, 0.375, 2.675, 1.005, 0.045, 15.0, 25.0, 35.0, 1500.0, 2500.0, 500.0, 0.15, 0.25, 45.0]
EDGES = [2.0**52 + 0.5, 2.0**52 - 0.5, 2.0**53 - 1, 2.0**53, 2.0**53 + 2, 1.5e22, 2.5e22, 5e21, 5e-324, 1e308]
decimals = st.one_of(
    floats,
    st.sampled_from([*HALVES, *EDGES, *(-x for x in [*HALVES, *EDGES])]),
    st.integers(-(10**8), 10**8).map(lambda n: n / 8),
    st.integers(-(10**8), 10**8).map(lambda n: n / 200),
    st.integers(-(10**8), 10**8).map(lambda n: n * 5.0),
    st.tuples(st.integers(2**51, 2**53), st.integers(0, 12)).map(lambda pair: pair[0] / 2 ** pair[1]),
)


@jit
def nearest(x: Any) -> Any:
    return round(x)


@jit
def nearest_of_none(x: Any) -> Any:
    return round(x, None)


@jit
def to_places(x: Any) -> Any:
    return round(x, 0), round(x, 1), round(x, 2), round(x, 5), round(x, 15), round(x, 22)


@jit
def to_tens(x: Any) -> Any:
    return round(x, -1), round(x, -2), round(x, -3), round(x, -10), round(x, -22)


@given(x=st.one_of(numbers, decimals))
def test_round_to_the_nearest_int(x: Any) -> None:
    assert_matches_numpy(nearest, x, calls=1)
    assert_matches_numpy(nearest_of_none, x, calls=1)


@given(x=decimals)
def test_round_to_decimal_places_has_the_bits_of_the_decimal(x: float) -> None:
    assert_matches_numpy(to_places, x, calls=1)
    assert_matches_numpy(to_tens, x, calls=1)


def test_round_of_many_decimals() -> None:
    random = np.random.default_rng(5)
    for x in (random.integers(-(10**7), 10**7, 3000) / random.choice([8.0, 16.0, 20.0, 200.0, 2000.0], 3000)).tolist():
        assert to_places(x) == to_places.py_func(x), x
        assert to_tens(x) == to_tens.py_func(x), x


@jit
def to_one_place(x: Any) -> Any:
    return round(x, 1)


@given(x=st.one_of(st.floats(width=32).map(np.float32), floats.map(np.float64), st.integers(-9, 9).map(np.int16), ints))
def test_round_of_numpys_numbers_is_numpys(x: Any) -> None:
    assert_matches_numpy(to_one_place, x, calls=1)


@jit
def least(x: Any, y: Any) -> Any:
    return min(x, y)


@jit
def most(x: Any, y: Any) -> Any:
    return max(x, y)


@jit
def most_of_three(x: Any, y: Any, z: Any) -> Any:
    return max((x, y, z)), min(x, y, z), max((x,))


@given(x=floats, y=floats, z=floats)
def test_extremes_treat_nans_and_zeros_as_python_does(x: float, y: float, z: float) -> None:
    assert_matches_numpy(most_of_three, x, y, z, calls=1)
    assert_matches_numpy(most_of_three, np.float64(x), np.float64(y), np.float64(z), calls=1)


def test_extremes_of_zeros_and_nans() -> None:
    for x in (0.0, -0.0, 1.0, math.nan):
        for y in (0.0, -0.0, 1.0, math.nan):
            for z in (0.0, -0.0, 1.0, math.nan):
                assert_matches_numpy(most_of_three, x, y, z, calls=1)


@pytest.mark.parametrize("call", [least, most])
@given(x=st.one_of(floats, ints, st.booleans()), y=st.one_of(floats, ints, st.booleans(), floats.map(np.float64)))
def test_extremes_of_numbers_of_two_types_have_pythons_value(call: Any, x: Any, y: Any) -> None:
    found, expected = call(x, y), call.py_func(x, y)
    assert found == expected or (math.isnan(found) and math.isnan(expected))
    assert not isinstance(expected, float) or isinstance(found, float)


@pytest.mark.parametrize(
    ("x", "y"), [(np.int8(3), 300), (300, np.int8(3)), (np.uint8(3), -1), (np.int64(2**60 + 1), 0.5)]
)
def test_what_the_common_type_does_not_hold_is_left_to_python(x: Any, y: Any) -> None:
    for call in (least, most):
        assert call(x, y) == call.py_func(x, y)


@jit
def clamped(x: Any) -> Any:
    return min(max(x, 0), 1)


@pytest.mark.parametrize("type_", [np.float16, np.float32, np.float64, np.int8, np.uint64, int, float])
def test_extremes_with_constants_keep_the_type_of_the_number(type_: Any) -> None:
    for x in (0, 1):
        assert clamped(type_(x)) == x
    assert type(clamped(type_(0))) is type_
    assert clamped(type_(77)) == 1


@jit
def below(x: Any) -> Any:
    return min(x, 0.1)


def test_extremes_that_no_type_holds_are_refused() -> None:
    assert below(np.float64(3)) == 0.1
    assert below(np.float32(3)) == 0.1
    with pytest.raises(UnsupportedError, match="numbers that no common type holds exactly"):
        least(np.int64(3), np.uint64(4))


@jit
def sums(x: Any, y: Any, z: Any) -> Any:
    return sum((x, y, z)), sum((x, y, z, x, y)), sum((x, y), z)


@given(x=floats, y=floats, z=floats)
def test_sums_of_floats_are_added_as_this_python_adds_them(x: float, y: float, z: float) -> None:
    assert_matches_numpy(sums, x, y, z, calls=1)


@pytest.mark.parametrize("scale", [0.1, 1e16, 1e-300])
def test_sums_keep_what_this_python_keeps(scale: float) -> None:
    for x in (0.1, 1.0, -0.3, 1e16, -1e16, 1e308, math.inf):
        assert_matches_numpy(sums, x, -x * (1 + 1e-9), scale, calls=1)
        assert_matches_numpy(sums, scale, x, -x, calls=1)


@given(x=ints, y=ints, z=ints)
def test_sums_of_ints_are_exact(x: int, y: int, z: int) -> None:
    assert_matches_numpy(sums, x, y, z, calls=1)
    assert_matches_numpy(sums, np.int64(x // 8), np.int64(y // 8), True, calls=1)


@jit
def quantified(x: Any, y: Any) -> Any:
    return any((x, y)), all((x, y)), any((x, True)), all((x, False, y)), any(()), all(())


@given(x=numbers, y=numbers)
def test_any_and_all(x: Any, y: Any) -> None:
    assert_matches_numpy(quantified, x, y, calls=1)


@jit
def power_of_modulus(x: Any, y: Any, m: Any) -> Any:
    return pow(x, y, m)


@given(x=ints, y=st.integers(-2, 2**40), m=st.one_of(st.integers(-(2**31), 2**31), ints))
def test_powers_of_a_modulus(x: int, y: int, m: int) -> None:
    assert_matches_numpy(power_of_modulus, x, y, m, calls=1)


@jit
def halves(x: Any) -> Any:
    return x // 2, x % 2, x // 8, x % 8, x // 7, x % 7, x // -3, x % -3, x // 1, x % 1, divmod(x, 10)


@given(x=st.one_of(ints, st.integers(-128, 127).map(np.int8), st.integers(0, 2**64 - 1).map(np.uint64), floats))
def test_division_by_constants(x: Any) -> None:
    if not isinstance(x, np.uint64):  # which -3 does not fit
        assert_matches_numpy(halves, x, calls=1)
    assert_matches_numpy(thirds, x, calls=1)


@jit
def thirds(x: Any) -> Any:
    return x // 3, x % 3, x // 4, x % 4


@jit
def bits_of(n: Any) -> Any:
    return n.bit_count(), n.conjugate()


@jit
def length_of(n: Any) -> Any:
    return n.bit_length()


@jit
def wholeness(x: Any) -> Any:
    return x.is_integer()


@given(x=numbers)
def test_methods_of_numbers_are_those_of_their_class(x: Any) -> None:
    for call in (bits_of, length_of, wholeness):
        assert_matches_numpy(call, x, calls=1)
