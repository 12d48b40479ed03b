"""`np.add.at` and its like go element by element, in order; `np.bincount` counts: both as NumPy does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqsat import jit
from eqsat.testing import arrays, assert_matches_numpy

RANDOM = np.random.default_rng(11)


@jit
def added(x, i, v):
    np.add.at(x, i, v)
    return x


@jit
def combined(x, i, v):
    np.subtract.at(x, i, v)
    np.maximum.at(x, i, v)
    np.multiply.at(x, i, 2)
    np.minimum.at(x, i, 50)
    return x


@jit
def added_to_rows(x, i, v):
    np.add.at(x, i, v)
    np.add.at(x, (i, 1), 1.5)
    np.add.at(x, ([0, 0], slice(None)), 1)
    np.add.at(x, x > 100, 1)
    return x


@jit
def added_at_pairs(x, i, j, v):
    np.add.at(x, (i, j), v)
    return x


@jit
def counted(x, w):
    return np.bincount(x), np.bincount(x, w), np.bincount(x, minlength=7), np.bincount(x, weights=w, minlength=2)


@settings(max_examples=40)
@given(arrays("f8", (5,)), arrays("i8", st.tuples(st.integers(0, 9)), elements=st.integers(-6, 6)), st.data())
def test_numbers_are_added_in_order(x: Any, i: Any, data: Any) -> None:
    assume(x.flags.writeable)  # of ufunc.at, NumPy before 2.5 writes into read-only memory
    v = data.draw(arrays("f8", i.shape))
    for function in (added, combined):
        assert_matches_numpy(function, x, i, v, calls=1)
        assert_matches_numpy(function, x, i, 2.5, calls=1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i2", "u1", "c16"])
def test_indices_of_any_shape(dtype: str) -> None:
    x = RANDOM.integers(0, 9, (4, 3)).astype(dtype)
    i, j = RANDOM.integers(-4, 4, 6), RANDOM.integers(0, 3, (2, 6))
    v = RANDOM.integers(0, 9, (2, 6)).astype(dtype)
    assert_matches_numpy(added_at_pairs, x, i, j, v)
    assert_matches_numpy(added_at_pairs, x, i[0], j, v[:, :1])
    assert_matches_numpy(added_at_pairs, x, i[:, None], j[0], v[0, 0])
    assert_matches_numpy(added_at_pairs, x, i, j[0], v[0])
    assert_matches_numpy(added, x.ravel(), j, v)
    assert_matches_numpy(added, x.ravel(), np.asfortranarray(j), v)
    assert_matches_numpy(added, x[:, 0], i.astype("u1") % 4, v[0])
    assert_matches_numpy(added, x[:, 0], x[:, 0].real.astype(int) % 4, x[:, 0])


def test_rows_are_added() -> None:
    x = RANDOM.random((4, 3))
    for v in (RANDOM.random(3), RANDOM.random((5, 3)), RANDOM.random((5, 1)), 2.0):
        assert_matches_numpy(added_to_rows, x, RANDOM.integers(0, 4, 5), v)


@settings(max_examples=40)
@given(arrays("i8", st.tuples(st.integers(0, 9)), elements=st.integers(-1, 9)), st.data())
def test_numbers_are_counted(x: Any, data: Any) -> None:
    assert_matches_numpy(counted, x, data.draw(arrays("f8", x.shape)), calls=1)
    if (x >= 0).all():
        assert_matches_numpy(counted, x.astype("u1"), np.ones(x.shape, np.float32), calls=1)
