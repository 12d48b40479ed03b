"""Who listens for floating-point events: NumPy's operations, in whatever company; Python's never."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import assert_matches_numpy


@jit
def squares(x: Any, n: int) -> Any:
    for _ in range(n):
        x = x * x
    return x


@jit
def counted(values: Any, x: float) -> Any:
    count = 0
    for i in range(values.shape[0]):
        count += values[i]
        x = x * 1e200
    return count, x - x


def asked(monkeypatch: pytest.MonkeyPatch, function: Any, *args: Any) -> int:
    """How many of three calls ask Python because of events."""
    function(*args)
    count = 0
    original = type(function)._flagged

    def flagged(self: Any, *rest: Any) -> Any:
        nonlocal count
        count += 1
        return original(self, *rest)

    monkeypatch.setattr(type(function), "_flagged", flagged)
    for _ in range(3):
        function(*args)
    return count


def test_pythons_floats_overflow_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_matches_numpy(squares, 1.5, 20)
    assert asked(monkeypatch, squares, 1.5, 20) == 0


def test_integers_of_numpy_beside_them_raise_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(10)
    assert_matches_numpy(counted, values, 1.5)
    assert asked(monkeypatch, counted, values, 1.5) == 0
    assert math.isnan(counted(values, 1.5)[1])


@pytest.mark.filterwarnings("ignore")
def test_numpys_numbers_are_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_matches_numpy(squares, np.float64(1.5), 20)
    assert_matches_numpy(squares, np.complex128(1.5), 20)
    assert_matches_numpy(counted, np.full(3, 1e308), 1.5)
    assert asked(monkeypatch, squares, np.float64(1.5), 20) == 3
