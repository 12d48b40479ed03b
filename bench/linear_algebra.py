"""What fast-math flags gain in linear algebra, against NumPy: products that need not be made, inverses not taken.

The first table shows the times over n, with the exponents that they follow: a product of matrices takes n to the power
of three, what it is rewritten to takes n squared. `python -m bench.run linear-algebra` prints the tables; with
`--plot PATH` the first one is also drawn, as an SVG.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness import Timing, largest_error_by_array, measure, readable
from bench.plot import log_log, slope

SIZES = (50, 100, 200, 500, 1000)
AT, GOAL = 500, 10.0
"""So many times faster than NumPy at this size."""
INVERSE_GOAL = 2.0


def product_with_vector(a, b, v):
    return (a @ b) @ v


def trace_of_product(a, b):
    return np.trace(a @ b)


def sum_of_product(a, b):
    return np.sum(a @ b)


def diagonal_of_product(a, b):
    return np.diag(a @ b).copy()


def inverse_with_vector(a, b):
    return np.linalg.inv(a) @ b


@dataclass(frozen=True, slots=True)
class Case:
    """A function and what it is called with at size n; `goal`: how many times faster than NumPy it is to be."""

    name: str
    function: Callable[..., Any]
    arguments: Callable[[int], tuple[np.ndarray, ...]]
    goal: float | None


def matrices(count: int, *shape: int) -> tuple[np.ndarray, ...]:
    """So many square matrices of the first length, then an array of the other ones."""
    random = np.random.default_rng(5)
    square = tuple(random.normal(size=(shape[0], shape[0])) for _ in range(count))
    return (*square, random.normal(size=shape[1:])) if len(shape) > 1 else square


PRODUCTS = [
    Case("(A @ B) @ v", product_with_vector, lambda n: matrices(2, n, n), GOAL),
    Case("trace(A @ B)", trace_of_product, lambda n: matrices(2, n), GOAL),
    Case("sum(A @ B)", sum_of_product, lambda n: matrices(2, n), GOAL),
    Case("diag(A @ B).copy()", diagonal_of_product, lambda n: matrices(2, n), GOAL),
]
INVERSES = [
    Case("inv(A) @ b, one vector", inverse_with_vector, lambda n: matrices(1, n, n), INVERSE_GOAL),
    Case("inv(A) @ B, ten columns", inverse_with_vector, lambda n: matrices(1, n, n, 10), INVERSE_GOAL),
    Case("inv(A) @ B, n columns", inverse_with_vector, lambda n: matrices(1, n, n, n), None),
]


@dataclass(frozen=True, slots=True)
class Measured:
    """A case at one size; `error` is relative to the largest number of the result."""

    numpy: Timing
    eqsat: Timing
    error: float


def measured(case: Case, function: Callable[..., Any], n: int, seconds: float) -> Measured:
    """One size; `function` is the compiled one, which all sizes share."""
    args = case.arguments(n)
    error = largest_error_by_array(function(*args), case.function(*args))
    timings = measure({"NumPy": lambda: case.function(*args), "eqsat": lambda: function(*args)}, seconds)
    return Measured(timings["NumPy"], timings["eqsat"], error)


def tables(seconds: float, plot: Path | None = None) -> str:
    """Both tables, as markdown."""
    products = {case.name: _over_sizes(case, SIZES, seconds) for case in PRODUCTS}
    if plot is not None:
        pairs = {
            name: (
                [(n, one.numpy.nanoseconds) for n, one in row.items()],
                [(n, one.eqsat.nanoseconds) for n, one in row.items()],
            )
            for name, row in products.items()
        }
        plot.write_text(log_log("CPU time of a call over n, under flags", pairs, ("NumPy", "eqsat")))
    inverses = {case.name: _over_sizes(case, SIZES[1:], seconds) for case in INVERSES}
    return "\n".join(
        [
            _head("products", SIZES),
            *(_row(case, products[case.name]) for case in PRODUCTS),
            "",
            _head("inverses", SIZES[1:]),
            *(_row(case, inverses[case.name]) for case in INVERSES),
        ]
    )


def _over_sizes(case: Case, sizes: tuple[int, ...], seconds: float) -> dict[int, Measured]:
    from eqsat import jit

    function = jit(fastmath=True)(case.function)
    return {n: measured(case, function, n, seconds / 2) for n in sizes}


def _head(title: str, sizes: tuple[int, ...]) -> str:
    columns = [f"{title}, NumPy / eqsat", *(f"n = {n}" for n in sizes), "exponents", "off by", "goal"]
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def _row(case: Case, row: dict[int, Measured]) -> str:
    reached = row[AT].eqsat.over(row[AT].numpy)
    exponents = (
        slope([(n, one.numpy.nanoseconds) for n, one in row.items()]),
        slope([(n, one.eqsat.nanoseconds) for n, one in row.items()]),
    )
    met = "met" if case.goal is not None and reached >= case.goal else "**not met**"
    cells = [
        case.name,
        *map(_cell, row.values()),
        f"{exponents[0]:.2f} / {exponents[1]:.2f}",
        f"{max(one.error for one in row.values()):.0e}",
        "" if case.goal is None else f"{case.goal:g} x NumPy at {AT} {met}",
    ]
    return f"| {' | '.join(cells)} |"


def _cell(one: Measured) -> str:
    times = f"{readable(one.numpy.nanoseconds)} / {readable(one.eqsat.nanoseconds)}"
    return f"{times}: **{one.eqsat.over(one.numpy):.2f}**"
