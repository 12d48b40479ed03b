"""Formulas under flags: against NumPy, and against Numba with fastmath and JAX, each as its own users write them.

JAX is given arrays of its own, 64-bit numbers and one thread, and its results stay what they are, so that no copy is
counted. `python -m bench.run formulas` prints the table, the name of a case its row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import fastmath
from bench.cases import Case, of_group, program
from bench.contest import Result, contest
from bench.harness import readable
from bench.peers import jax_version, numba_version, rewritten_for_numba


def log_of_exponentials(a, b):
    return np.log(np.exp(a) * np.exp(b))


def plain_log_sum_exp(x):
    """As the formula is written; the flags make it the stable one."""
    return np.log(np.sum(np.exp(x), axis=-1))


def plain_softmax(x):
    """As the formula is written; the flags make it the stable one."""
    powers = np.exp(x)
    return powers / np.sum(powers, axis=-1, keepdims=True)


def pairwise_distances(x, y):
    return np.sqrt(((x[:, None, :] - y[None, :, :]) ** 2).sum(-1))


def pairwise_distances_by_product(x, y):
    squares = (x * x).sum(-1)[:, None] + (y * y).sum(-1)[None, :] - 2 * (x @ y.T)
    return np.sqrt(np.maximum(squares, 0.0))


def numbers(*shape: int, count: int = 1) -> tuple[Any, ...]:
    random = np.random.default_rng(7)
    return tuple(random.uniform(-3, 3, shape) for _ in range(count))


CASES: list[Case] = [
    Case("log(exp(a) * exp(b)) 1e5", log_of_exponentials, lambda: numbers(10**5, count=2), numpy=3.0),
    Case("polynomial of degree 7 1e5", fastmath.horner, lambda: numbers(10**5)),
    program("log_sum_exp", 10**5),
    Case("log_sum_exp, plain 1000x100", plain_log_sum_exp, lambda: numbers(1000, 100)),
    program("softmax", 10**5),
    Case("softmax, plain 1000x100", plain_softmax, lambda: numbers(1000, 100)),
    Case("distances 300x300x3", pairwise_distances, lambda: numbers(300, 3, count=2)),
    Case("distances 300x300x32", pairwise_distances, lambda: numbers(300, 32, count=2)),
    Case("distances by product 300x300x32", pairwise_distances_by_product, lambda: numbers(300, 32, count=2)),
]

FAST, NUMBA_FAST, JAX = "eqsat, fastmath", "Numba, fastmath", "JAX"
PEER_GOAL = 1.0
COLUMNS = (
    "formula, under flags",
    "NumPy",
    "eqsat",
    "over NumPy",
    "Numba",
    "over Numba",
    "JAX",
    "over JAX",
    "off by",
    "goal",
)


def table(names: list[str], seconds: float) -> str:
    """The table, as markdown."""
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join(head + [_row(case, _contest(case, seconds)) for case in of_group(CASES, "formulas", names)])


def _contest(case: Case, seconds: float) -> Result:
    from eqsat import jit

    peers = [
        rewritten_for_numba(case.function.__name__, fastmath=True),
        numba_version(case.function, fastmath=True),
    ]
    versions = {
        FAST: [jit(fastmath=True)(case.function)],
        NUMBA_FAST: [version for version in peers if version is not None],
        JAX: [version for version in [jax_version(case.function)] if version is not None],
    }
    return contest(case, seconds, versions)


def _row(case: Case, result: Result) -> str:
    def time(name: str) -> str:
        return readable(result.timings[name].nanoseconds) if name in result.timings else "-"

    def over(name: str) -> str:
        ratio = result.over(FAST, name)
        return "-" if ratio is None else f"**{ratio:.2f}**"

    goals = [("NumPy", case.numpy), (NUMBA_FAST, PEER_GOAL), (JAX, PEER_GOAL)]
    parts: list[str] = []
    for name, goal in goals:
        reached = result.over(FAST, name)
        if goal is not None and reached is not None:
            parts.append(f"{goal:g} x {name.split(',')[0]}{' met' if reached >= goal else ' **not met**'}")
    cells = [case.name, time("NumPy"), time(FAST), over("NumPy"), time(NUMBA_FAST), over(NUMBA_FAST)]
    cells += [time(JAX), over(JAX), result.remarks[FAST].removeprefix("off by "), "; ".join(parts)]
    return f"| {' | '.join(cells)} |"
