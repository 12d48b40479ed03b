"""What `@jit(fastmath=True)` gains, beside Numba with and without its own: programs as they are, with all flags.

No goal is set: exact results are the default. `python -m bench.run fastmath` prints the table, and each name of a case
its row: `python -m bench.run polynomial`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.cases import Case, of_group, program
from bench.contest import Result, contest
from bench.harness import readable
from bench.loops import loop
from bench.peers import numba_version


def horner(x):
    """Degree 7, where a fused multiply-add halves the number of instructions."""
    return ((((((0.2 * x - 0.5) * x + 1.1) * x - 0.3) * x + 2.5) * x - 0.7) * x + 1.1) * x - 4.0


def horner_by_elements(x):
    result = np.empty_like(x)
    for i in range(x.size):
        t = x[i]
        result[i] = ((((((0.2 * t - 0.5) * t + 1.1) * t - 0.3) * t + 2.5) * t - 0.7) * t + 1.1) * t - 4.0
    return result


def dot(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


def points(n: int) -> tuple[Any, ...]:
    return (np.random.default_rng(7).uniform(-1, 1, n),)


CASES: list[Case] = [
    *(Case(f"polynomial {n:.0e}".replace("e+0", "e"), horner, lambda n=n: points(n)) for n in (1000, 10**5, 10**6)),
    Case("polynomial by elements 1e5", horner_by_elements, lambda: points(10**5)),
    Case("dot by elements 1e5", dot, lambda: points(10**5) * 2),
    program("multiply_add_sum", 10**5),
    program("black_scholes", 10**5),
    program("stencil", 10**5),
    program("layer_norm", 10**5),
    loop("n_body", 60),
    loop("lu_scalar", 120),
    loop("csr_product", 5000),
]

EXACT, FAST = "eqsat", "eqsat, fastmath"
NUMBA, NUMBA_FAST = "Numba", "Numba, fastmath"
COLUMNS = ("case", "NumPy", EXACT, FAST, "gain", NUMBA, NUMBA_FAST, "gain", "eqsat over Numba, both fastmath", "bits")


def table(names: list[str], seconds: float) -> str:
    """The table, as markdown."""
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join(head + [_row(case, _contest(case, seconds)) for case in of_group(CASES, "fastmath", names)])


def _contest(case: Case, seconds: float) -> Result:
    from eqsat import jit

    plain, fast = numba_version(case.function), numba_version(case.function, fastmath=True)
    versions = {
        EXACT: [jit(case.function)],
        FAST: [jit(fastmath=True)(case.function)],
        NUMBA: [plain] if plain else [],
        NUMBA_FAST: [fast] if fast else [],
    }
    return contest(case, seconds, versions)


def _row(case: Case, result: Result) -> str:
    def time(name: str) -> str:
        return readable(result.timings[name].nanoseconds) if name in result.timings else "-"

    def faster(one: str, other: str) -> str:
        ratio = result.over(one, other)
        return "-" if ratio is None else f"{ratio:.2f}"

    cells = [case.name, time("NumPy"), time(EXACT), time(FAST), faster(FAST, EXACT), time(NUMBA), time(NUMBA_FAST)]
    cells += [faster(NUMBA_FAST, NUMBA), faster(FAST, NUMBA_FAST), result.remarks[FAST]]
    return f"| {' | '.join(cells)} |"
