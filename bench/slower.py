"""Programs of the tests that run slower with fast-math flags: than NumPy or plain Python, or than without flags.

Flags permit more, so that a program which gets slower by them shows a cost that is estimated wrongly, or freedom that
the code generator makes bad use of. `python -m bench.run slower` measures all programs and lists those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.cases import CORPUS, Case
from bench.contest import contest
from bench.harness import readable
from bench.loops import ALL

TOLERATED = 0.95
"""A ratio from here on is noise, not a loss."""
EXACT, FAST = "eqsat", "eqsat, fastmath"


@dataclass(frozen=True, slots=True)
class Compared:
    """A program: nanoseconds, and how many times faster it is with flags than NumPy and than without them."""

    case: Case
    numpy: float
    exact: float
    fast: float
    over_numpy: float
    over_exact: float
    remark: str


def compared(cases: list[Case], seconds: float) -> Iterator[Compared]:
    """All programs that are compiled both ways, measured."""
    from eqsat import jit

    for case in cases:
        versions = {EXACT: [jit(case.function)], FAST: [jit(fastmath=True)(case.function)]}
        result = contest(case, seconds, versions)
        over_numpy, over_exact = result.over(FAST, "NumPy"), result.over(FAST, EXACT)
        if over_numpy is not None and over_exact is not None:
            numpy, exact, fast = (result.timings[name].nanoseconds for name in ("NumPy", EXACT, FAST))
            yield Compared(case, numpy, exact, fast, over_numpy, over_exact, result.remarks[FAST])


def table(seconds: float, names: tuple[str, ...] = ()) -> str:
    """The table, as markdown; of some programs all rows, without names of all programs those that are slower."""
    cases = [case for case in [*CORPUS, *ALL] if not names or case.name.split()[0] in names]
    found = list(compared(cases, seconds))
    slower = [one for one in found if names or min(one.over_numpy, one.over_exact) < TOLERATED]
    slower.sort(key=lambda one: min(one.over_numpy, one.over_exact))
    lines = ["| slower with flags | NumPy | exact | flags | over NumPy | over exact | bits |", f"|{'---|' * 7}"]
    for one in slower:
        times = " | ".join(map(readable, (one.numpy, one.exact, one.fast)))
        ratios = f"{_ratio(one.over_numpy)} | {_ratio(one.over_exact)}"
        lines.append(f"| {one.case.name} | {times} | {ratios} | {one.remark} |")
    than_numpy = sum(one.over_numpy < TOLERATED for one in found)
    than_exact = sum(one.over_exact < TOLERATED for one in found)
    return "\n".join(
        [*lines, "", f"Of {len(found)} programs {than_numpy} are slower than NumPy, {than_exact} than without flags."]
    )


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value >= TOLERATED else f"**{value:.2f}**"
