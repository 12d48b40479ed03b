"""Indices that are read from arrays: of either sign, on the axis and off it, at the ends of 64 bits."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat import jit

LARGEST, SMALLEST = 2**63 - 1, -(2**63)


def gathered(x: np.ndarray, indices: np.ndarray) -> float:
    total = 0.0
    for k in range(len(indices)):
        total = total * 2.0 + x[indices[k]]
    return total


def counted(indices: np.ndarray, rows: int, columns: int) -> np.ndarray:
    found = np.zeros((rows, columns))
    for k in range(len(indices)):
        found[indices[k], indices[k]] += k + 1.0
    return found


def otherwise_chosen(numbers: np.ndarray) -> int:
    """Looks like a position, but of a number that is no length."""
    place = 0
    for k in range(len(numbers) // 2):
        i, n = int(numbers[2 * k]), int(numbers[2 * k + 1])
        place = i + n if i < 0 else i
        assert place >= 0
        assert n >= place + 1
    return place


@pytest.mark.parametrize("dtype", ["i8", "i4", "i1", "u1"])
def test_an_index_counts_from_either_end(dtype: str) -> None:
    x = np.arange(1.0, 8.0)
    indices = np.array([0, 6, 3, 1] if dtype == "u1" else [0, -1, 6, -7, 3, -4], dtype)
    assert jit(gathered)(x, indices) == gathered(x, indices)
    assert np.array_equal(jit(counted)(indices, 7, 9), counted(indices, 7, 9))


@pytest.mark.parametrize("wrong", [7, -8, LARGEST, SMALLEST, LARGEST - 6, SMALLEST + 6])
def test_an_index_off_the_axis_raises(wrong: int) -> None:
    x, indices = np.arange(1.0, 8.0), np.array([0, -1, wrong, 2])
    for call in (lambda: jit(gathered)(x, indices), lambda: jit(counted)(indices, 7, 9)):
        with pytest.raises(IndexError, match=str(wrong)):
            call()


@pytest.mark.parametrize(("rows", "columns"), [(7, 3), (3, 7), (0, 3), (3, 0)])
def test_both_axes_are_checked(rows: int, columns: int) -> None:
    with pytest.raises(IndexError):
        jit(counted)(np.array([0, 5]), rows, columns)


@pytest.mark.parametrize(("i", "n"), [(2, 3), (-1, 3), (2, -1), (2, -3), (-1, -3), (-1, 0), (3, 3)])
def test_a_choice_of_the_same_form_means_what_it_says(i: int, n: int) -> None:
    numbers = np.array([i, n])
    try:
        wanted = otherwise_chosen(numbers)
    except AssertionError:
        with pytest.raises(AssertionError):
            jit(otherwise_chosen)(numbers)
    else:
        assert jit(otherwise_chosen)(numbers) == wanted
