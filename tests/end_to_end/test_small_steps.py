"""Ints that a `while` moves in small steps, and multiples with something added, around the ends of 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eqsat import jit

LARGEST, SMALLEST = 2**63 - 1, -(2**63)


def up(start: int, turns: int) -> tuple[int, int]:
    count, k = start, 0
    while k < turns:
        count += 3
        k += 1
    return count, k


def down(start: int, turns: int) -> tuple[int, int]:
    count, before = start, start
    while turns > 0:
        before = count
        count -= 200
        turns -= 1
    return before, count


def reset(start: int, turns: int) -> int:
    count = start
    while turns:
        turns -= 1
        if count > 20:
            count = 7
            continue
        count += 2
    return count


def plus(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = 3 * n + 1
    return found


def minus(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = n * 5 - 7
    return found


def negative(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = 9 + n * -4
    return found


def subtracted(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = 11 - 6 * n
    return found


def subtracted_negative(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = -1 - n * -2
    return found


def chosen(numbers: np.ndarray) -> int:
    found = 0
    for k in range(len(numbers)):
        n = int(numbers[k])
        found = 3 * n + 1 if n % 2 == 0 else n
    return found


@pytest.mark.parametrize("function", [plus, minus, negative, subtracted, subtracted_negative, chosen])
def test_of_a_multiple_every_end_is_exact(function: Callable[..., Any]) -> None:
    compiled = jit(function)
    for factor in range(2, 7):
        for end in (SMALLEST, LARGEST):
            for distance in range(-4, 5):
                for n in (end // factor + distance, -end // factor + distance):
                    if SMALLEST <= n <= LARGEST:
                        numbers = np.array([n, n])  # a loop of one turn would be none
                        assert compiled(numbers) == function(numbers)


ENDS = [
    0,
    2**61 - 1,
    2**61,
    2**62,
    LARGEST - 40,
    LARGEST - 3,
    LARGEST,
    -(2**61),
    -(2**61) - 1,
    SMALLEST,
    SMALLEST + 900,
]


@pytest.mark.parametrize("start", ENDS)
@pytest.mark.parametrize("turns", [0, 1, 5, 30])
def test_a_while_counts_exactly_from_any_start(start: int, turns: int) -> None:
    for function in (up, down, reset):
        assert jit(function)(start, turns) == function(start, turns)
