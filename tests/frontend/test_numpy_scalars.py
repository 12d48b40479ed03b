"""NumPy's scalars of every width, with each other and with Python's numbers: values, types, warnings and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import jit
from eqsat.testing import assert_matches_numpy


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
def floor_divide(x: Any, y: Any) -> Any:
    return x // y


@jit
def remainder(x: Any, y: Any) -> Any:
    return x % y


@jit
def power(x: Any, y: Any) -> Any:
    return x**y


@jit
def left_shift(x: Any, y: Any) -> Any:
    return x << y


@jit
def right_shift(x: Any, y: Any) -> Any:
    return x >> y


@jit
def bits(x: Any, y: Any) -> Any:
    return x & y, x | y, x ^ y


@jit
def compare(x: Any, y: Any) -> Any:
    return x < y, x <= y, x > y, x >= y, x == y, x != y


@jit
def signs(x: Any) -> Any:
    return -x, +x


@jit
def converted(x: Any) -> Any:
    return abs(x), int(x), float(x), bool(x), x.item()


OPERATORS = [add, subtract, multiply, divide, floor_divide, remainder, power, left_shift, right_shift, bits, compare]
NAMES = [call.py_func.__name__ for call in OPERATORS]
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


def edges(type_: Any) -> list[Any]:
    limits = np.iinfo(type_)
    middle = {int(limits.max) // 2, 0, 1, 2, 3, 7, 63} | ({-1, -3} if limits.min else set())
    ends = {int(limits.min), int(limits.min) + 1, int(limits.max) - 1, int(limits.max)}
    return [type_(value) for value in sorted(middle | ends)]


@pytest.mark.parametrize("call", OPERATORS, ids=NAMES)
@pytest.mark.parametrize("type_", INTEGERS, ids=lambda t: t.__name__)
def test_integers_of_one_type(call: Any, type_: Any) -> None:
    for x in edges(type_):
        for y in edges(type_):
            assert_matches_numpy(call, x, y, calls=1)


@pytest.mark.parametrize("call", OPERATORS, ids=NAMES)
@given(data=st.data())
def test_integers_of_two_types_and_pythons_ints(call: Any, data: st.DataObject) -> None:
    values = [value for type_ in INTEGERS for value in edges(type_)[::2]]
    x = data.draw(st.sampled_from(values))
    y = data.draw(st.sampled_from([*values, 0, 1, -1, 3, 200, 2**40, -(2**63), 2**63 - 1, True, np.True_, np.False_]))
    assert_matches_numpy(call, x, y, calls=1)
    assert_matches_numpy(call, y, x, calls=1)


@pytest.mark.parametrize("type_", INTEGERS, ids=lambda t: t.__name__)
def test_integers_alone(type_: Any) -> None:
    for x in edges(type_):
        assert_matches_numpy(signs, x, calls=1)
        assert_matches_numpy(converted, x, calls=1)


FLOATS = [0.0, -0.0, 1.0, -1.0, 2.5, -0.3, 3.0, 1e30, 1e-30, np.inf, -np.inf, np.nan, 1e300, 5e-324]


@pytest.mark.parametrize("call", [op for op in OPERATORS if op not in (left_shift, right_shift, bits)])
@pytest.mark.parametrize("type_", [np.float16, np.float32, np.float64], ids=lambda t: t.__name__)
def test_floats_of_one_type(call: Any, type_: Any) -> None:
    with np.errstate(all="ignore"):
        values = [type_(value) for value in FLOATS]
    for x in values:
        for y in values:
            assert_matches_numpy(call, x, y, calls=1)


@pytest.mark.parametrize("call", [op for op in OPERATORS if op not in (left_shift, right_shift, bits)])
@given(data=st.data())
def test_floats_with_other_numbers(call: Any, data: st.DataObject) -> None:
    with np.errstate(all="ignore"):
        values = [type_(value) for type_ in (np.float16, np.float32, np.float64) for value in FLOATS]
    others = [2, -1, 0, 0.5, 2.5, True, np.int8(3), np.uint16(2), np.int64(-3), np.uint64(5), np.True_, 1e300]
    x, y = data.draw(st.sampled_from(values)), data.draw(st.sampled_from([*values, *others]))
    assert_matches_numpy(call, x, y, calls=1)
    assert_matches_numpy(call, y, x, calls=1)


@pytest.mark.parametrize(("x", "y"), [(np.uint32(2147483647), 2.5), (np.int64(3), 0.1), (np.int16(7), np.float32(0.3))])
def test_powers_are_those_of_the_class_or_of_the_ufunc_as_numpy_decides(x: Any, y: Any) -> None:
    assert_matches_numpy(power, x, y)
    assert_matches_numpy(power, y, x)
