"""A command that runs random programs compiled and plainly, for as long as you like:

    python -m eqsat.testing.fuzz --seed 0 --count 1000
    python -m eqsat.testing.fuzz --seed 0 --seconds 600 --size 30
    python -m eqsat.testing.fuzz --seed 4711 --show

It prints each failure as a module that can be run, made as small as it can, and in the end how many calls agreed,
raised the same, were refused and why. `--show` prints the program of a seed and does not run it. Programs run in a
process of its own, so that crashes and endless loops are failures like others. It ends with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from eqsat import jit
from eqsat.testing.checking import Compiler, Verdict
from eqsat.testing.functions import RandomFunction, random_function
from eqsat.testing.isolation import Isolated
from eqsat.testing.minimize import minimized

SIZE = 14


@dataclass(frozen=True, slots=True)
class Failure:
    """A program that failed, as small as it was made."""

    seed: int
    program: RandomFunction
    verdict: Verdict

    def __str__(self) -> str:
        return f"# seed {self.seed}: {self.verdict.detail}\n\n{self.program.script}"


@dataclass(slots=True)
class Report:
    """How many programs, how many calls came to what, what was refused, and the failures."""

    programs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    native: int = 0
    refusals: Counter[str] = field(default_factory=Counter[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    def share(self, outcome: str) -> float:
        """The part of all calls."""
        return self.outcomes[outcome] / max(self.outcomes.total(), 1)

    @property
    def native_share(self) -> float:
        """The part of the calls that returned a result, and were not refused, that native code answered."""
        answered = sum(self.outcomes[outcome] for outcome in ("agreed", "quiet", "plain"))
        return self.native / max(answered, 1)

    def __str__(self) -> str:
        counts = ", ".join(f"{outcome} {count}" for outcome, count in self.outcomes.most_common())
        lines = [f"{self.programs} programs, {self.outcomes.total()} calls: {counts}; by native code {self.native}"]
        lines += [f"{count:6}  {what}" for what, count in self.refusals.most_common(25)]
        return "\n".join(lines)


def run(
    seeds: Iterable[int],
    *,
    size: int = SIZE,
    seconds: float | None = None,
    compiler: Compiler = jit,
    most_failures: int = 5,
    attempts: int = 600,
) -> Report:
    """Check the programs of these seeds, until that many failed or the time is over."""
    report, start = Report(), time.monotonic()
    with Isolated(compiler) as process:
        for seed in seeds:
            if len(report.failures) >= most_failures or (seconds and time.monotonic() - start > seconds):
                break
            program = random_function(seed, size)
            verdicts = process.judge(program)
            report.programs += 1
            for verdict in verdicts:
                report.outcomes[verdict.outcome] += 1
                if verdict.outcome in ("refused", "plain"):
                    reason = re.sub(r"\b[a-z]+\d+(\.\d+)?\b|\(/[^)]*\)", "..", verdict.detail)
                    report.refusals[f"{verdict.outcome}: {reason}"] += 1
                report.native += verdict.native and verdict.outcome in ("agreed", "quiet")
            if verdicts[-1].outcome == "failed":
                report.failures.append(smallest(seed, program, verdicts[-1], process, attempts))
    return report


def smallest(seed: int, program: RandomFunction, verdict: Verdict, process: Isolated, attempts: int) -> Failure:
    """The failure made small: what is tried must fail in the same way."""
    last = verdict

    def fails(candidate: RandomFunction) -> bool:
        nonlocal last
        found = process.judge(candidate)[-1]
        alike = found.outcome == "failed" and found.sort == verdict.sort
        last = found if alike else last
        return alike

    small = minimized(program, fails, attempts)
    return Failure(seed, small, last)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m eqsat.testing.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="the first program's number")
    parser.add_argument("--count", type=int, default=None, help="how many programs (100, or until the time is over)")
    parser.add_argument("--seconds", type=float, default=None, help="stop after this time")
    parser.add_argument("--size", type=int, default=SIZE, help="statements of a program, about")
    parser.add_argument("--failures", type=int, default=5, help="stop after so many")
    parser.add_argument("--show", action="store_true", help="print the programs only")
    chosen = parser.parse_args(arguments)
    count = chosen.count or (1 if chosen.show else 10**9 if chosen.seconds else 100)
    seeds = range(chosen.seed, chosen.seed + count)
    if chosen.show:
        for seed in seeds:
            print(random_function(seed, chosen.size).script)
        return 0
    report = run(seeds, size=chosen.size, seconds=chosen.seconds, most_failures=chosen.failures)
    for failure in report.failures:
        print(failure, end="\n\n")
    print(report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
