"""Chains of four matrices of any sizes, under flags: the grouping that eqsat takes against the best of all five.

One function is compiled; which grouping a call takes is decided by the sizes that it is called with. NumPy runs each of
the five groupings, and the fastest of them is what a call is held to. `python -m bench.run chains` prints the table.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.harness import largest_error_by_array, measure, readable

LONGEST = 600
RANDOM_CHAINS = 40
GOAL = 1.1
"""A call takes at most so many times what the best grouping takes."""
SHOWN = 8

HARD = (
    (1, 600, 1, 600, 1),
    (600, 1, 600, 1, 600),
    (2, 600, 2, 600, 2),
    (600, 2, 600, 2, 600),
    (300, 300, 300, 300, 300),
    (600, 600, 600, 600, 1),
    (1, 600, 600, 600, 600),
    (600, 3, 3, 3, 600),
    (40, 600, 40, 600, 40),
    (600, 40, 600, 40, 600),
    (100, 101, 100, 101, 100),
    (10, 100, 5, 50, 10),
    (599, 5, 599, 4, 3),
    (1, 1, 1, 1, 1),
)
"""Ties and near ties, vectors in disguise, waists and bellies."""


def chain(a, b, c, d):
    return a @ b @ c @ d


GROUPINGS = {
    "((ab)c)d": lambda a, b, c, d: ((a @ b) @ c) @ d,
    "(a(bc))d": lambda a, b, c, d: (a @ (b @ c)) @ d,
    "(ab)(cd)": lambda a, b, c, d: (a @ b) @ (c @ d),
    "a((bc)d)": lambda a, b, c, d: a @ ((b @ c) @ d),
    "a(b(cd))": lambda a, b, c, d: a @ (b @ (c @ d)),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One chain: nanoseconds of the best grouping, its name, and how many times that a call takes, and as written."""

    sizes: tuple[int, ...]
    best: float
    grouping: str
    ratio: float
    written: float
    error: float


def random_chains() -> list[tuple[int, ...]]:
    """Sizes that are equally likely on every scale."""
    random = np.random.default_rng(3)
    drawn = np.exp(random.uniform(0, np.log(LONGEST + 1), (RANDOM_CHAINS, 5))).astype(int)
    return [tuple(map(int, sizes)) for sizes in drawn]


def table(seconds: float) -> str:
    """The table, as markdown."""
    from eqsat import jit

    function = jit(fastmath=True)(chain)
    rows = {
        "random": [_measured(function, sizes, seconds / 3) for sizes in random_chains()],
        "hard": [_measured(function, sizes, seconds / 3) for sizes in HARD],
    }
    lines = [
        "| chains of four, one function | chains | median | worst | as written, worst | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        ratios = [one.ratio for one in found]
        met = "met" if max(ratios) <= GOAL else "**not met**"
        lines.append(
            f"| {name} | {len(found)} | {statistics.median(ratios):.2f} | {max(ratios):.2f} |"
            f" {max(one.written for one in found):.3g} | at most {GOAL} of the best grouping {met} |"
        )
    every = sorted((one for found in rows.values() for one in found), key=lambda one: -one.ratio)
    lines += [
        "",
        "| farthest from the best | best grouping | takes | eqsat, times that | off by |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {' x '.join(map(str, one.sizes))} | {one.grouping} | {readable(one.best)} |"
        f" {one.ratio:.2f} | {one.error:.0e} |"
        for one in every[:SHOWN]
    ]
    return "\n".join([*lines, "", f"Versions compiled for all {len(every)} chains: {len(function.signatures)}"])


def _measured(function, sizes: tuple[int, ...], seconds: float) -> Measured:
    random = np.random.default_rng(sum(sizes))
    args = [random.normal(size=pair) for pair in pairwise(sizes)]
    error = largest_error_by_array(function(*args), chain(*args))
    candidates = {name: lambda group=group: group(*args) for name, group in GROUPINGS.items()}
    timings = measure({"eqsat": lambda: function(*args), **candidates}, seconds)
    grouping = min(GROUPINGS, key=lambda name: timings[name].nanoseconds)
    best = timings[grouping]
    return Measured(
        sizes,
        best.nanoseconds,
        grouping,
        best.over(timings["eqsat"]),
        timings["((ab)c)d"].nanoseconds / best.nanoseconds,
        error,
    )
