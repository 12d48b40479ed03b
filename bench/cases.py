"""What is measured, each with the goal it is held to. One case is one row of the table.

Goals are ratios: `numpy` and `numba` say how many times faster than those; None where nothing is promised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.end_to_end.corpus import BY_NAME, PROGRAMS, multiply_add_sum


def add(a, b):
    return a + b


@dataclass(frozen=True, slots=True)
class Case:
    """A program with arguments; `baseline` is what NumPy's user runs, if it is not the program itself."""

    name: str
    function: Callable[..., Any]
    args: Callable[[], tuple[Any, ...]]
    numpy: float | None = None
    numba: float | None = None
    baseline: Callable[..., Any] | None = None


def program(name: str, n: int, numpy: float | None = None, numba: float | None = None) -> Case:
    """A program of the corpus at size `n`."""
    found = BY_NAME[name]
    return Case(f"{name} {n:.0e}".replace("e+0", "e"), found.function, lambda: found.arguments(n), numpy, numba)


def broadcast_sine_arguments() -> tuple[Any, ...]:
    return np.linspace(0, 1, 1000)[None, :], np.linspace(0, 1, 100)[:, None]


CASES = [
    program("example", 10**6, numpy=5.0, numba=1.0),
    program("example_on_six_lines", 10**6, numpy=5.0, numba=1.0),
    *(
        Case(f"multiply_add_sum 1e{power}", multiply_add_sum, args, numpy=2.0)
        for power in (3, 4, 5, 6, 7)
        for args in [lambda n=10**power: BY_NAME["multiply_add_sum"].arguments(n)]
    ),
    program("damped", 10**6, numpy=2.5, numba=2.5),
    program("black_scholes", 10**6, numpy=2.0),
    Case("broadcast_sine (1,1000)x(100,1)", BY_NAME["broadcast_sine"].function, broadcast_sine_arguments, numpy=1.0),
    Case("call of ten elements", add, lambda: (np.arange(10.0), np.ones(10)), numpy=2.5, baseline=np.add),
    program("gaussian_kernel", 10**6),
    program("stencil", 10**6),
    program("softmax", 10**6),
]

CORPUS = [program(one.name, 10**5) for one in PROGRAMS]
"""Every program of the corpus, at a size that stays in the caches."""


def of_group(cases: list[Case], group: str, names: list[str]) -> list[Case]:
    """The cases of a group that the command line names: all of it, those that begin so, or all without any name."""
    if not names or group in names:
        return cases
    return [case for case in cases if case.name.startswith(tuple(names))]
