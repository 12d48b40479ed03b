"""`is` between arrays: of arguments by what they are at each call, of others by how they came about."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat import UnsupportedError, jit
from eqsat.testing import assert_matches_numpy

TABLE = np.arange(3.0)


@jit
def same(a, b):
    return a is b, a is not b


@jit
def own(a):
    b, c = a, a[:]
    return a is b, a is c, a.T is a, a + 1 is a, np.asarray(a) is a, a is not a.copy(), a is a.real


@jit
def captured(a):
    return 1.0 if a is TABLE else 2.0


@jit
def doubled_in_place(a, b):
    if a is b:
        b = b.copy()
    for i in range(len(a)):
        a[i] += b[-1 - i]
    return a


@jit
def swapped(a, b, n):
    c = a
    for _ in range(n):
        c, b = b, c
    return c is a


@jit
def numbers(a):
    return a is a[0], a[0] is a


def test_arguments_are_compared_at_each_call() -> None:
    x, y = np.arange(3.0), np.arange(3.0)
    for first, second in ((x, y), (x, x), (x, x[:]), (y, x), (y, y), (x, np.arange(4))):
        assert same(first, second) == (first is second, first is not second)
        assert_matches_numpy(same, first, second)
    for first, second in ((x, x), (x, y), (x, x[:])):
        assert_matches_numpy(doubled_in_place, first, second)
    empty = np.zeros(0)
    assert same(empty, empty) == (True, False) and same(empty, np.zeros(0)) == (False, True)


def test_captured_arrays_are_objects() -> None:
    assert captured(TABLE) == 1.0 and captured(TABLE.copy()) == 2.0 and captured(TABLE) == 1.0


def test_views_and_new_arrays_are_objects_of_their_own() -> None:
    assert_matches_numpy(own, np.arange(3.0))
    assert_matches_numpy(own, np.arange(6.0).reshape(2, 3))
    assert_matches_numpy(numbers, np.arange(3.0))


def test_names_that_hold_one_of_several_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="`is` between these"):
        swapped(np.zeros(3), np.ones(3), 3)
