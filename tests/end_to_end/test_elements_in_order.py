"""`x.flat`, `np.ndenumerate` and `np.ndindex` go through an array in C order, however it lies in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import UnsupportedError, jit
from eqsat.testing import arrays, assert_matches_numpy, shapes


@jit
def element(x, i):
    return x.flat[i], x.flat[2:5]


@jit
def put(x, i, v):
    x.flat[i] = v
    return x


@jit
def doubled(x, i):
    x.flat[i] *= 2


@jit
def total(x):
    found = np.float64(0.0)
    for value in x.flat:
        found += value
    return found


@jit
def weighted(x):
    out = np.zeros(x.shape)
    for place, value in np.ndenumerate(x):
        out[place] = value + place[0] + 10 * place[-1]
    for number, value in enumerate(x.flat):
        out.flat[number] += number * value
    return out


@jit
def products(n, m):
    out = np.zeros((n, m))
    for i, j in np.ndindex(n, m):
        out[i, j] = i * j
    for k in np.ndindex((2, 3)):
        out[0, 0] += k[0] - k[1]
    return out


@jit
def with_diagonal(n, v):
    out = np.zeros((n, n))
    out.flat[:: n + 1] = v
    return out


@jit
def twice(x):
    values = x.flat
    found = 0
    for value in values:
        found += value
    return found


@given(arrays("f8", shapes(1, 3)), st.integers(-30, 30))
def test_element_of_that_number(x: Any, i: int) -> None:
    assert_matches_numpy(element, x, i, calls=1)
    assert_matches_numpy(doubled, x, i, calls=1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i1", "u2", "?", "c16"])
@pytest.mark.parametrize("value", [5, 300, 2.7, np.float64(1.5), float("nan"), 1 + 2j, True])
def test_element_is_put(dtype: str, value: Any) -> None:
    for x in (np.ones((3, 4), dtype), np.ones((4, 3), dtype).T, np.ones((3, 8), dtype)[:, ::2]):
        assert_matches_numpy(put, x, 7, value)


@given(arrays("f8", shapes(1, 3, max_side=4), finite=True))
def test_all_elements_in_order(x: Any) -> None:
    assert_matches_numpy(total, x, calls=1)
    assert_matches_numpy(weighted, x, calls=1)


def test_indices_of_a_shape() -> None:
    for n, m in ((3, 4), (1, 5), (2, 1), (1, 1), (0, 3)):
        assert_matches_numpy(products, n, m)


def test_slices_of_elements() -> None:
    for n in (1, 2, 7):
        assert_matches_numpy(with_diagonal, n, 3.5)
        assert_matches_numpy(with_diagonal, n, np.arange(float(n)))


def test_iterators_with_names_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="an iterator that has a name"):
        twice(np.ones((2, 3)))
