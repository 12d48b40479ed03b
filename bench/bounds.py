"""What the checks of indices cost: programs by elements, with and without them, beside Numba with and without its own.

No goal is set: checks are the default, `@jit(boundscheck=False)` is there for who knows better. `python -m bench.run
bounds` prints the table.
"""

from __future__ import annotations

from bench.cases import Case
from bench.contest import Result, contest
from bench.harness import readable
from bench.loops import loop
from bench.peers import numba_version

BOUNDS: list[Case] = [
    loop("lu_scalar", 120),
    loop("heat_loops", 200),
    loop("edit_distance", 400),
    loop("csr_product", 5000),
    loop("coo_product", 5000),
    loop("counting_sort", 10**5),
    loop("heap_sort", 2000),
]

CHECKED, UNCHECKED = "eqsat", "eqsat, boundscheck=False"
NUMBA, NUMBA_CHECKED = "Numba", "Numba, boundscheck=True"


def table(seconds: float) -> str:
    """The table, as markdown."""
    lines = [
        "| checks of indices | eqsat | `boundscheck=False` | cost | Numba | `boundscheck=True` | cost |",
        "|---|---|---|---|---|---|---|",
        *(_row(case, _contest(case, seconds)) for case in BOUNDS),
    ]
    return "\n".join(lines)


def _contest(case: Case, seconds: float) -> Result:
    from eqsat import jit

    plain, checked = numba_version(case.function), numba_version(case.function, boundscheck=True)
    versions = {
        CHECKED: [jit(case.function)],
        UNCHECKED: [jit(boundscheck=False)(case.function)],
        NUMBA: [plain] if plain else [],
        NUMBA_CHECKED: [checked] if checked else [],
    }
    return contest(case, seconds, versions)


def _row(case: Case, result: Result) -> str:
    cells = [case.name]
    for without, with_checks in ((UNCHECKED, CHECKED), (NUMBA, NUMBA_CHECKED)):
        pair = (with_checks, without) if without == UNCHECKED else (without, with_checks)
        cells += [readable(result.timings[name].nanoseconds) if name in result.timings else "-" for name in pair]
        slower = result.over(without, with_checks)
        cells.append("-" if slower is None else f"{(slower - 1) * 100:+.0f} %")
    return f"| {' | '.join(cells)} |"
