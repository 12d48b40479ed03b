"""Known integers beyond 64 bits are put into arrays, and meet unsigned ones, as NumPy does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import assert_matches_numpy

OFFSET = 0xCBF29CE484222325


@jit
def created(n):
    return (
        np.full(n, OFFSET, np.uint64),
        np.full((2, n), 2**70, float),
        np.full(2, 2**63, np.float32),
        np.uint64(OFFSET),
    )


@jit
def listed(x, k):
    return np.array([OFFSET, 5], np.uint64), np.array([OFFSET, x[0]], np.uint64), np.asarray([k, OFFSET], np.uint64)


@jit
def single(x):
    return np.array(OFFSET, np.uint64), np.asarray(OFFSET, dtype=np.uint64), np.full_like(x, OFFSET)


@jit
def met(x):
    return x ^ OFFSET, x * OFFSET, OFFSET + x, x < OFFSET, x[1] == x, x // OFFSET, np.bitwise_and(x, OFFSET)


@jit
def stored(x):
    x[0] = 2**64 - 3
    x[1:] = OFFSET
    return x


def test_arrays_are_made_of_long_integers() -> None:
    x = np.array([1, OFFSET, 3], np.uint64)
    assert_matches_numpy(created, 3)
    assert_matches_numpy(listed, x, 7)
    assert_matches_numpy(single, x)
    assert_matches_numpy(single, x.astype(float))


def test_long_integers_meet_unsigned_ones() -> None:
    assert_matches_numpy(met, np.array([1, OFFSET, 2**64 - 1], np.uint64))


@pytest.mark.parametrize("dtype", ["u8", "i8", "i1", "u4", "f8", "f4", "c16", "?"])
def test_long_integers_are_stored(dtype: Any) -> None:
    assert_matches_numpy(stored, np.ones(4, dtype))
