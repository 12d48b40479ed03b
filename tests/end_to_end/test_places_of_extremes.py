"""`argmax` and `argmin`: the first of the most extreme elements, NaNs before all others, along any axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.testing import arrays, assert_matches_numpy, dtypes, shapes

RANDOM = np.random.default_rng(7)


@jit
def of_all(x):
    return np.argmax(x), x.argmin()


@jit
def kept(x):
    return x.argmax(keepdims=True), np.argmin(x, axis=-1, keepdims=True), np.argmax(x, 0, keepdims=True)


@jit
def along_first(x):
    return np.argmin(x, axis=0), x.argmax(0)


@jit
def along_last(x):
    return np.argmin(x, axis=-1), x.argmax(axis=-1)


@settings(max_examples=40)
@given(arrays(dtypes("biuf"), shapes(1, 3, min_side=0)))
def test_extremes_of_any_array(x: Any) -> None:
    for function in (of_all, along_first, along_last, kept):
        assert_matches_numpy(function, x, calls=1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"])
def test_first_of_equal_extremes_at_every_length(dtype: str) -> None:
    for length in (1, 2, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 1000):
        x = RANDOM.integers(-3, 4, length).astype(dtype)
        assert_matches_numpy(of_all, x, calls=1)
        assert_matches_numpy(of_all, x * x, calls=1)
    for rows, columns in ((1, 1), (3, 40), (40, 3), (5, 17), (17, 129), (4, 512)):
        x = RANDOM.integers(-3, 4, (rows, columns)).astype(dtype)
        for one in (x, x.T, x[::-1], x[:, ::2]):
            assert_matches_numpy(along_first, one, calls=1)
            assert_matches_numpy(along_last, one, calls=1)


@given(st.integers(0, 99), st.integers(0, 99), st.sampled_from([np.nan, -np.nan, np.inf, -np.inf, -0.0, 0.0]))
def test_special_numbers_at_any_place(first: int, second: int, value: float) -> None:
    for dtype in ("f8", "f4", "f2"):
        x = np.zeros(100, dtype)
        x[first] = -value
        x[second] = value
        assert_matches_numpy(of_all, x, calls=1)
        assert_matches_numpy(along_first, x.reshape(4, 25), calls=1)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="complex numbers"):
        of_all(np.ones(3, complex))
