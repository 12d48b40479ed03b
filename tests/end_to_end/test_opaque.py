"""Opaque functions: what a jitted function computes with them is what Python computes, to the bit."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqsat
from eqsat import Float, jit
from eqsat.testing import assert_matches_numpy
from tests.end_to_end.opaque_functions import (
    X,
    assert_native,
    bessel,
    bessel_of_order,
    by_name,
    convolved,
    exponent,
    halved,
    is_odd,
    norms,
    of_numbers,
    power,
    rows,
    smooth,
    sorted_rows,
    split,
    turned,
    weighted,
)

ARRAYS: dict[str, Any] = {
    "vector": X[0],
    "matrix": X,
    "columns": X[:, ::2],
    "backwards": X[::-1, ::-3],
    "transposed": X.T,
    "fortran": np.asfortranarray(X),
    "one": X[:1, :1],
    "empty": X[:0],
    "no axes": np.array(0.75),
    "repeated": np.broadcast_to(X[0], (3, 6)),
    "three axes": X.reshape(2, 2, 6).transpose(1, 2, 0),
    "float32": X.astype(np.float32),
    "integers": np.arange(7),
    "bools": np.array([True, False]),
    "specials": np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308]),
    "ragged": np.zeros(5, [("a", "i1"), ("b", "f8")])["b"],
    "number": 0.5,
    "integer": 3,
    "NumPy number": np.float32(1.5),
    "bool": True,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_c_functions_over_anything(name: str) -> None:
    assert_native(bessel, ARRAYS[name])


@pytest.mark.parametrize("name", ARRAYS)
def test_python_functions_over_anything(name: str) -> None:
    assert_native(of_numbers, 2, ARRAYS[name])
    assert_native(of_numbers, np.int8(3), ARRAYS[name])
    assert_native(by_name, ARRAYS[name])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ARRAYS)
def test_vectorized_functions_over_anything(name: str) -> None:
    assert_native(smooth, ARRAYS[name], 2.0)
    assert_native(smooth, ARRAYS[name], np.array([3.0]))


BROADCAST = [
    (np.arange(4)[:, None], X),
    (np.arange(6), X.T[:, :1]),
    (np.arange(4), np.float64(0.5)),
    (np.arange(3)[:, None, None], X),
    (np.zeros((0, 1), np.int16), X[0]),
    (np.array(2), X),
    (np.array(2), np.array(0.5)),
    (np.asfortranarray(np.arange(24).reshape(4, 6)), X[:, :1]),
    (np.arange(24).reshape(6, 4).T, np.asfortranarray(X)),
]


@pytest.mark.parametrize("n, x", BROADCAST)
def test_operands_are_broadcast(n: Any, x: Any) -> None:
    assert_native(of_numbers, n, x)
    assert_native(bessel_of_order, n.astype(np.int32) if n.dtype != np.int16 else n, x)


@given(st.lists(st.integers(0, 5), max_size=3), st.permutations([0, 1, 2]), st.data())
def test_results_lie_as_those_of_a_ufunc(lengths: list[int], order: list[int], data: st.DataObject) -> None:
    axes = [axis for axis in order if axis < len(lengths)]
    x = np.arange(math.prod(lengths), dtype=float).reshape(lengths).transpose(axes)
    mine = data.draw(st.sampled_from([x, x[..., ::-1] if x.ndim else x, x * 1.0]))
    like = np.multiply(mine, x)
    for result in (weighted(1, mine), bessel(mine)):
        assert np.shape(result) == np.shape(like)
        assert type(result) is type(like)
        if isinstance(like, np.ndarray):
            assert result.strides == np.add(mine, 1).strides


def test_the_dtypes_of_parameters_and_results() -> None:
    @jit
    def f(z, angle, n, x, y):
        return turned(z, angle), is_odd(n), halved(x, y), power(x, y), exponent(angle)

    z = np.array([1 + 2j, complex(0.0, -0.0)])
    small = np.array([1.5, 3.0], np.float16)
    for args in (
        (z, 0.5, np.arange(2), small.astype(np.float32), small),
        (z.astype(np.complex64), X[0, :2], np.arange(2, dtype=np.uint8), small, small),
        (1j, 2.5, 7, 1.5, np.float16(2)),
        (2, 2, True, np.float64(0.1), 1),
    ):
        assert_native(f, *args)


@pytest.mark.parametrize("type_", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.bool])
def test_small_integers_of_c_keep_their_signs(type_: Any) -> None:
    c_type = np.ctypeslib.as_ctypes_type(type_)
    prototype = ctypes.CFUNCTYPE(c_type, c_type, ctypes.c_double)
    seen: list[Any] = []
    function = prototype(lambda n, x: (seen.append(n), n)[1])
    same = eqsat.opaque(function, arguments=(type_, Float), result=type_, name="same")

    @jit
    def f(n, x):
        return same(n, x)

    values = np.array([0, 1, 2, 3, 100], type_)
    values = values if type_ is np.bool else np.array([*values, np.iinfo(type_).min, np.iinfo(type_).max], type_)
    assert_native(f, values, 0.5)
    assert_native(f, values[-1], 0.5)
    assert seen[-1] == values[-1].item()


def test_functions_of_arrays() -> None:
    for x in (X[0], X[0, ::-2], X[:, 1], X[0, :1], np.arange(3), X[0].astype(np.float32)):
        assert_native(convolved, x, X[1])
        assert_native(norms, x, 3)
    for x in (X, X.T, X[:, ::-2], X[:1], np.asfortranarray(X), np.arange(6).reshape(2, 3)):
        assert_native(rows, x)

    @jit
    def f(x):
        return split(x)

    for count in (0, 1, 2, 5):
        assert_native(f, np.arange(count, dtype=np.int16))


def test_arguments_that_do_not_fit_raise_what_python_raises() -> None:
    for function, args in (
        (bessel, (1j,)),
        (bessel, (X.astype(complex),)),
        (of_numbers, (0.5, 1.0)),
        (of_numbers, (X, 1.0)),
        (of_numbers, (np.arange(3), X[0])),
        (convolved, (X, X[0])),
        (convolved, (X[0], 2.0)),
        (norms, (X[0], X[0])),
        (rows, (X[0],)),
    ):
        assert_matches_numpy(function, *args)
        with pytest.raises((TypeError, ValueError)):
            function(*args)
    with pytest.raises(TypeError, match="argument n of `weighted` is int64, which float64 is not converted to"):
        weighted(X, 1.0)
    with pytest.raises(TypeError, match=r"argument x of `sorted_rows` is float64\[:, :\], not float64\[:\]"):
        sorted_rows(X[0])
    with pytest.raises(TypeError, match=r"weighted\(\) takes 2 arguments but 1 were given"):
        weighted(1)
    with pytest.raises(TypeError, match=r"weighted\(\) got an unexpected keyword argument 'y'"):
        weighted(1, y=2)
    with pytest.raises(TypeError, match=r"weighted\(\) got multiple values for argument 'n'"):
        weighted(1, n=2)


def test_an_int_beyond_the_parameters_dtype_raises() -> None:
    @eqsat.opaque
    def small(n: np.uint8) -> np.uint8:
        return n

    @jit
    def f(n):
        return small(n)

    assert_matches_numpy(f, 255)
    assert_matches_numpy(f, 256)
    assert_matches_numpy(f, -1)
    with pytest.raises(OverflowError):
        f(300)
