"""Where a random program's decisions come from: a seed, or Hypothesis, which can then make the program smaller.

Every decision is a number out of a range, and zero is the simplest. Called by the generator of programs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """`number(low, high)` is a number of that range, both ends included; the rest is made of it."""

    number: Callable[[int, int], int]

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, of which the first is the simplest."""
        return options[self.number(0, len(options) - 1)]

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """One of the options, each with its weight."""
        place = self.number(0, sum(weight for _, weight in options) - 1)
        for option, weight in options:
            place -= weight
            if place < 0:
                return option
        raise ValueError("no options")

    def chance(self, percent: int) -> bool:
        """True that often."""
        return self.number(0, 99) >= 100 - percent


def seeded(seed: int) -> Choices:
    """The same choices for the same seed, on every machine."""
    return Choices(random.Random(seed).randint)


def drawn(draw: Callable[..., Any]) -> Choices:
    """Choices that Hypothesis makes, for a `composite` strategy."""
    from eqsat.testing.strategies import st

    return Choices(lambda low, high: draw(st.integers(low, high)) if low < high else low)
