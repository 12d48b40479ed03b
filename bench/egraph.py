"""What the e-graph costs when a program is compiled: all of `optimize`, with the default rules and with every rule.

CPU milliseconds, in a process that has compiled before: to enter the program, run the rules, choose and read out; then
the first call of a process, without and with fast-math flags. `python -m bench.run egraph` prints both tables.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np

from bench.startup import COMPILE, milliseconds
from tests.end_to_end.corpus import BY_NAME
from tests.frontend.translating import translated

RUNS = 9
GOAL = 60
FIRST_GOAL = 200


def forty_operations(a, b, c, d):
    """Sums, products, quotients and functions of four arrays, of which some come twice."""
    radius = np.sqrt(a * a + b * b)
    angle = np.arctan2(b, a)
    damped = np.exp(-c * radius) * np.cos(d * angle)
    wave = 0.5 * damped + 0.25 * damped * damped - 0.125 * damped / (1 + radius)
    scaled = (a * wave + b * wave) / (c * c + d * d + 1)
    inside = np.where(scaled > 0.5, scaled - 0.5, np.abs(scaled) * 2)
    return inside * np.log(1 + c * c) + np.maximum(wave, scaled) - np.minimum(wave, a * b)


def products_and_sums(a, b, v, w):
    """Linear algebra: a quadratic form, traces, sums of products, an inverse, and what is made of them."""
    form = v @ a @ b @ w
    total = np.sum(a @ b) + np.trace(a @ b) * 0.5
    solved = np.linalg.inv(a) @ (v + w)
    residual = a @ solved - v
    shifted = (a @ v + a @ w) * total + (b @ v) * form
    return shifted / np.sqrt(np.sum(residual * residual) + 1e-6), np.diag(a @ b) * 2 + np.exp(-np.abs(residual))


@dataclass(frozen=True, slots=True)
class Case:
    """A program, with arguments."""

    name: str
    function: Callable[..., Any]
    args: Callable[[], tuple[Any, ...]]


def _vectors() -> tuple[Any, ...]:
    random = np.random.default_rng(1)
    return tuple(random.uniform(0.1, 1, 1000) for _ in range(4))


def _matrices() -> tuple[Any, ...]:
    random = np.random.default_rng(1)
    return (*(random.normal(size=(50, 50)) for _ in range(2)), *(random.normal(size=50) for _ in range(2)))


CASES = [
    Case("forty_operations", forty_operations, _vectors),
    Case("products_and_sums", products_and_sums, _matrices),
    *(
        Case(name, BY_NAME[name].function, lambda name=name: BY_NAME[name].arguments(1000))
        for name in ("black_scholes", "haversine", "gelu", "layer_norm")
    ),
]


def table() -> str:
    """Both tables, as markdown."""
    lines = [
        "| e-graph, CPU ms | nodes | default rules | every rule | rows, every rule | goal |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(case) for case in CASES]
    lines += ["", "| first call in a process, CPU ms | exact | fastmath | goal |", "|---|---|---|---|"]
    exact, fast = (
        (milliseconds(COMPILE.format(jit=text)) or [float("nan")] * 2)
        for text in ("from eqsat import jit", "import eqsat\njit = eqsat.jit(fastmath=True)")
    )
    for place, name in enumerate(("the first function", "the second function")):
        goal = f"at most {FIRST_GOAL}{_met(max(exact[0], fast[0]), FIRST_GOAL)}" if place == 0 else ""
        lines.append(f"| {name} | {exact[place]:.0f} | {fast[place]:.0f} | {goal} |")
    return "\n".join(lines)


def _row(case: Case) -> str:
    from eqsat.egraph.optimize import optimize
    from eqsat.frontend.arguments import sizes_of
    from eqsat.ir.body import operands, statements
    from eqsat.ir.flags import FAST
    from eqsat.ir.nodes import walk
    from eqsat.rules.book import DEFAULT, granted
    from eqsat.schedule.planner import plan

    args = case.args()
    region = translated(case.function, *args)  # type: ignore[arg-type]
    sizes = sizes_of([*args, *(param.captured for param in region.params[len(args) :])])
    medians: list[float] = []
    rows = 0
    for flags, book in ((frozenset[str](), DEFAULT), (FAST, granted(FAST))):
        given = replace(region, flags=flags)
        taken: list[float] = []
        for _ in range(RUNS + 1):
            start = process_time()
            if given.body is None:
                reports = [optimize(given, sizes, book).report]
            else:
                reports = list(plan(given, sizes, book).reports.values())
            taken.append((process_time() - start) * 1e3)
            rows = sum(report.nodes for report in reports)
        medians.append(statistics.median(taken[1:]))
    roots = list(region.roots())
    if region.body is not None:
        roots += [node for statement in statements(region.body.block) for node in operands(statement)]
    nodes = len(list(walk(roots)))
    goal = f"at most {GOAL}{_met(max(medians), GOAL)}"
    return f"| {case.name} | {nodes} | {medians[0]:.1f} | {medians[1]:.1f} | {rows} | {goal} |"


def _met(value: float, goal: float) -> str:
    return " met" if value <= goal else " **not met**"
