"""Ints that a `while` moves in small steps, and multiples with something added, around the ends of 64 bits."""

from __future__ import annotations

import pytest

from eqsat import jit

LARGEST, SMALLEST = 2**63 - 1, -(2**63)


def up(start: int, turns: int) -> tuple[int, int]:
    count, k = start, 0
    while k < turns:
        count += 3
        k += 1
        if k % 2 == 0:
            count += 1
    return count, k


def down(start: int, turns: int) -> int:
    count, before = start, start
    while turns > 0:
        before = count
        count -= 200
        turns -= 1
    return before + count


def reset(start: int, turns: int) -> int:
    count = start
    while turns:
        turns -= 1
        if count > 20:
            count = 7
            continue
        count += 2
    return count


def multiples(n: int, way: bool) -> tuple[int, ...]:
    if way:
        return 3 * n + 1, n * 5 - 7, -4 * n + 9, 0, 0
    return 0, 0, 0, 11 - 6 * n, n * -2 - 1


def chosen(n: int, limit: int) -> int:
    return 3 * n + 1 if n > limit else n


def test_of_multiples_every_end_is_exact() -> None:
    compiled, other = jit(multiples), jit(chosen)
    for factor, added in [(3, 1), (5, -7), (-4, 9), (-6, 11), (-2, -1)]:
        for end in (SMALLEST, LARGEST):
            for distance in range(-3, 4):
                for n in ((end - added) // factor + distance, end // factor + distance):
                    assert compiled(n, True) == multiples(n, True)
                    assert compiled(n, False) == multiples(n, False)
                    assert other(n, 0) == chosen(n, 0)
                    assert other(n, n) == n


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
