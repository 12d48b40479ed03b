"""`searchsorted` gives NumPy's places, in vectors that are sorted and in others, from both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.testing import arrays, assert_matches_numpy, dtypes, shapes


@jit
def places(a, v):
    return np.searchsorted(a, v), a.searchsorted(v, side="right")


@jit
def histogram(x, edges):
    counts = np.zeros(len(edges) + 1, np.int64)
    for value in x:
        counts[np.searchsorted(edges, value, "right")] += 1
    return counts


@settings(max_examples=40)
@given(arrays(dtypes("biuf"), shapes(1, 1)), arrays(dtypes("biuf"), shapes(0, 2)), st.booleans())
def test_places_of_any_numbers(a: Any, v: Any, in_order: bool) -> None:
    assert_matches_numpy(places, np.sort(a) if in_order else a, v, calls=1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "u1", "?"])
def test_places_in_long_vectors(dtype: str) -> None:
    random = np.random.default_rng(3)
    a = random.integers(-50, 50, 300).astype(dtype)
    v = random.integers(-60, 60, (9, 8)).astype(dtype)
    for vector in (np.sort(a), np.sort(a)[::3]):  # in others the places depend on NumPy's version
        for sought in (v, v.T, v[:, ::2]):
            assert_matches_numpy(places, vector, sought, calls=1)


def test_places_of_numbers() -> None:
    edges = np.array([0.1, 0.5, 0.5, 0.9], np.float32)
    for value in (0.1, 0.5, 2, np.nan, np.float32(0.1), True, np.array(0.5)):
        assert_matches_numpy(places, edges, value)
    assert_matches_numpy(histogram, np.random.default_rng(1).random(50), np.array([0.2, 0.4, 0.9]))


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="of complex128"):
        places(np.ones(3), 1j)
