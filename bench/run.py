"""`python -m bench.run [name ...]`: measure and print tables in markdown.

Without names: all cases, then `startup`. A name selects the cases that begin with it; `corpus` selects every
program of the corpus, `startup` the cost of importing and compiling. `--seconds` is the time for each case.
"""

from __future__ import annotations

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads it: idle threads that spin disturb everything

import warnings
from collections.abc import Callable
from typing import Any

from bench import startup
from bench.cases import CASES, CORPUS, Case
from bench.harness import Timing, largest_error, machine, measure, pin_to_one_core, readable, same_bits
from bench.peers import numba_version, numexpr_version

COLUMNS = ("case", "NumPy", "eqsat", "over NumPy", "Numba", "eqsat over Numba", "NumExpr", "bits", "goal")


def candidates(case: Case, args: tuple[Any, ...]) -> dict[str, Callable[[], object]]:
    """Every implementation that runs this case, warmed up, NumPy first."""
    from eqsat import jit

    versions: dict[str, Callable[..., Any] | None] = {
        "NumPy": case.baseline or case.function,
        "eqsat": jit(case.function),
        "Numba": numba_version(case.function),  # type: ignore[arg-type]
        "NumExpr": numexpr_version(case.function.__name__),
    }
    runnable: dict[str, Callable[[], object]] = {}
    for name, function in versions.items():
        if function is None:
            continue
        try:
            function(*args)
        except Exception:
            if name in ("NumPy", "eqsat"):
                raise
            continue  # a peer that cannot run the program leaves its column empty
        runnable[name] = lambda function=function: function(*args)
    return runnable


def row(case: Case, seconds: float) -> str:
    """One line of the table."""
    args = case.args()
    versions = candidates(case, args)
    expected, mine = case.function(*args), versions["eqsat"]()
    bits = "equal" if same_bits(mine, expected) else f"**off by {largest_error(mine, expected):.1e}**"
    timings = measure(versions, seconds)
    over_numba = timings["Numba"].nanoseconds / timings["eqsat"].nanoseconds if "Numba" in timings else None
    cells = [
        case.name,
        *(_time(timings.get(name)) for name in ("NumPy", "eqsat")),
        f"**{timings['eqsat'].ratio:.2f}**",
        _time(timings.get("Numba")),
        f"{over_numba:.2f}" if over_numba else "-",
        _time(timings.get("NumExpr")),
        bits,
        _goal(case, timings["eqsat"].ratio, over_numba),
    ]
    return f"| {' | '.join(cells)} |"


def _time(timing: Timing | None) -> str:
    return "-" if timing is None else readable(timing.nanoseconds)


def _goal(case: Case, over_numpy: float, over_numba: float | None) -> str:
    goals = [("NumPy", case.numpy, over_numpy), ("Numba", case.numba, over_numba)]
    parts = [
        f"{goal:g} x {peer}" + ("" if reached is None else " met" if reached >= goal else " **not met**")
        for peer, goal, reached in goals
        if goal is not None
    ]
    return "; ".join(parts)


def chosen(names: list[str]) -> list[Case]:
    """The cases selected on the command line."""
    if not names:
        return CASES
    found = [case for case in CASES if any(case.name.startswith(name) for name in names)]
    return found + (CORPUS if "corpus" in names else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of the names of cases; corpus; startup")
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()
    print(f"{machine()}\n")
    cases = chosen(options.names)
    if cases:
        pin_to_one_core()
        warnings.simplefilter("ignore")
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for case in cases:
        print(row(case, options.seconds), flush=True)
    if not options.names or "startup" in options.names:
        print(f"\n{startup.table()}")


if __name__ == "__main__":
    main()
