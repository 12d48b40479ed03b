"""`python -m bench.run [name ...]`: measure and print tables in markdown.

Without names: everything but `corpus`, `programs` and `slower`. A name selects the cases that begin with it. `loops`
selects the cases with loops, `corpus` every array program of the tests, `programs` every one with loops, `bounds` the
cost of checking indices, `fastmath` what fast-math flags gain, `formulas` the same beside JAX, `linear-algebra` and
`chains` what they gain in products of matrices (`--plot PATH` draws it), `egraph` the optimizer's time, `slower` every
program of the tests that is slower with flags than NumPy or than without, `first-calls` the cost of compiling each
program, `startup` that of importing and of the very first compile. `--seconds` is the time for each case.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads it: idle threads that spin disturb everything

import warnings

from bench import bounds, chains, egraph, fastmath, first_calls, formulas, linear_algebra, slower, startup
from bench.cases import CASES, CORPUS, Case, of_group
from bench.contest import Result, contest
from bench.harness import Timing, machine, pin_to_one_core, readable
from bench.loops import ALL, LOOPS

COLUMNS = ("case", "NumPy", "eqsat", "over NumPy", "Numba", "eqsat over Numba", "NumExpr", "bits", "goal")


def row(case: Case, seconds: float) -> str:
    """One line of the table."""
    result = contest(case, seconds)
    timings, over_numpy, over_numba = result.timings, result.over("eqsat", "NumPy"), result.over("eqsat", "Numba")
    remark = result.remarks["eqsat"]
    cells = [
        case.name,
        *(_time(timings.get(name)) for name in ("NumPy", "eqsat")),
        f"**{over_numpy:.2f}**" if over_numpy else "-",
        _peer(result, "Numba"),
        f"{over_numba:.2f}" if over_numba else "-",
        _peer(result, "NumExpr"),
        remark if remark == "equal" else f"**{remark}**",
        _goal(case, over_numpy, over_numba),
    ]
    return f"| {' | '.join(cells)} |"


def _peer(result: Result, name: str) -> str:
    """The time of a peer, or why it has none: that it does not compile the program, or that its results differ."""
    if name in result.timings:
        return readable(result.timings[name].nanoseconds)
    remark = result.remarks.get(name, "")
    return remark if remark.startswith("off by") else "-"


def _time(timing: Timing | None) -> str:
    return "-" if timing is None else readable(timing.nanoseconds)


def _goal(case: Case, over_numpy: float | None, over_numba: float | None) -> str:
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
        return CASES + LOOPS
    found = [case for case in CASES + LOOPS if any(case.name.startswith(name) for name in names)]
    groups = {"loops": LOOPS, "corpus": CORPUS, "programs": ALL}
    return found + [case for name, group in groups.items() if name in names for case in group]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help="beginnings of the names of cases; loops; corpus; programs; bounds; fastmath; formulas; linear-algebra; "
        "chains; egraph; slower; first-calls; startup",
    )
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--plot", type=Path, help="where linear-algebra draws its times over n, as an SVG")
    options = parser.parse_args()
    print(f"{machine()}\n")
    cases = chosen(options.names)
    if cases:
        pin_to_one_core()
        warnings.simplefilter("ignore")
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for case in cases:
        print(row(case, options.seconds), flush=True)
    if not options.names or "bounds" in options.names:
        pin_to_one_core()
        print(f"\n{bounds.table(options.seconds)}", flush=True)
    if of_group(fastmath.CASES, "fastmath", options.names):
        pin_to_one_core()
        print(f"\n{fastmath.table(options.names, options.seconds)}", flush=True)
    if of_group(formulas.CASES, "formulas", options.names):
        pin_to_one_core()
        print(f"\n{formulas.table(options.names, options.seconds)}", flush=True)
    if not options.names or "linear-algebra" in options.names:
        pin_to_one_core()
        print(f"\n{linear_algebra.tables(options.seconds, options.plot)}", flush=True)
    if not options.names or "chains" in options.names:
        pin_to_one_core()
        print(f"\n{chains.table(options.seconds)}", flush=True)
    if not options.names or "egraph" in options.names:
        print(f"\n{egraph.table()}", flush=True)
    if "slower" in options.names:
        pin_to_one_core()
        print(f"\n{slower.table(options.seconds)}", flush=True)
    if not options.names or "first-calls" in options.names:
        print(f"\n{first_calls.summary()}", flush=True)
    if not options.names or "startup" in options.names:
        print(f"\n{startup.table()}")


if __name__ == "__main__":
    main()
