"""Results that are views of one array are so here: with NumPy's base, strides and flags, whoever else is returned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import jit
from eqsat.testing import assert_matches_numpy


@jit
def rows_of_sum(a, b):
    y = a + b
    return y[0], y[1]


@jit
def whole_and_part(a, b):
    y = a + b
    return y, y[1:], y.T


@jit
def history(n):
    states = np.empty((2, n))
    for k in range(n):
        states[0, k] = k
        states[1, k] = 2 * k
    return states[0], states[1]


@jit
def inner(n, k):
    out = np.zeros((n, 3))
    for i in range(n):
        out[i, i % 3] = i
    return out[1:-1], out.T, out[5:5], out[:k], out[::-1, 1], 3.0


@jit
def only_inner(n):
    out = np.zeros(n)
    for i in range(n):
        out[i] = i
    return out[1:-1]


@jit
def picked(x):
    y = x[x > 0]
    y[:1] = 5
    return y[1:], y[:0], y[::-1]


@jit
def steps(x, n):
    a, b = x.copy(), np.zeros_like(x)
    for _ in range(n):
        for i in range(1, len(a) - 1):
            b[i] = a[i - 1] + a[i + 1]
        a, b = b, a
    return a[1:-1], b, a[::2]


@jit
def last_step(x, n):
    a, b = x.copy(), np.zeros_like(x)
    for _ in range(n):
        for i in range(1, len(a) - 1):
            b[i] = a[i - 1] + a[i + 1]
        a, b = b, a
    return a[1:-1]


@jit
def own_or_given(x, n):
    a = x
    if n > 3:
        a = x * 2
    a[0] += 1
    return a[1:], a[2:]


@jit
def parts(n):
    z = np.zeros(n, complex)
    for i in range(n):
        z[i] = i + 2j
    return z.real, z.imag[1:], z[::2]


def described(array: Any) -> tuple[object, ...]:
    """What shows of an array's memory, and of its base's."""
    steps_of = [step for length, step in zip(array.shape, array.strides, strict=True) if length > 1 and array.size]
    flags = tuple(array.flags[name] for name in ("C", "F", "O", "W", "A"))
    return (array.shape, steps_of, flags, None if array.base is None else described(array.base))


def assert_same_memory(function: Any, *args: Any) -> None:
    assert_matches_numpy(function, *args)
    results = [call(*args) for call in (function, function.py_func)]
    mine, theirs = [result if isinstance(result, tuple) else (result,) for result in results]
    for one, other in zip(mine, theirs, strict=True):
        if isinstance(one, np.ndarray):
            assert described(one) == described(other)


@given(st.integers(0, 6), st.integers(-7, 7))
def test_views_of_arrays_filled_here(n: int, k: int) -> None:
    assert_same_memory(history, n)
    assert_same_memory(only_inner, n + 1)
    assert_same_memory(inner, n, k)
    assert_same_memory(parts, n)


def test_views_of_arrays_whose_length_is_computed() -> None:
    for x in ([1.0, -1.0, 2.0, 3.0], [-1.0], [4.0]):
        assert_same_memory(picked, np.array(x))


@pytest.mark.parametrize("n", [0, 1, 4, 5])
def test_views_of_what_a_name_holds_in_the_end(n: int) -> None:
    x = np.array([1.0, -1.0, 2.0, 3.0, -4.0, 5.0])
    assert_same_memory(steps, x, n)
    assert_same_memory(last_step, x, n + 1)
    assert_matches_numpy(own_or_given, x, n)


def test_functions_that_only_compute_share_what_they_return() -> None:
    x = np.arange(12.0).reshape(3, 4)
    assert_same_memory(rows_of_sum, x, x)
    assert_same_memory(whole_and_part, x, x)


def test_bases_are_held_by_their_views_alone() -> None:
    view = only_inner(6)
    view.base[1] = 7.0
    assert view[0] == 7.0
    base = view.base
    del view
    assert base.base is None and base.flags.owndata
