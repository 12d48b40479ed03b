"""What the first call of each program of the corpora costs, compiling included, and how many are compiled at all.

CPU milliseconds. One process for each compiler takes the programs one after the other; it has imported everything
and compiled two other functions before. A program that crashes it or takes too long is counted as not compiled, and
a new process goes on. `python -m bench.first_calls [name ...]` prints a row for each program, `make bench` a summary.
"""

from __future__ import annotations

import json
import os
import selectors
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np

from tests.end_to_end.corpus import PROGRAMS as ARRAY_PROGRAMS
from tests.end_to_end.programs import PROGRAMS

MEDIAN_GOAL, WORST_GOAL = 300, 2000
LIMIT_SECONDS = 120
"""Of wall-clock time for one program, on a machine that may be busy."""

SHOWN = 8
"""So many of the slowest programs are named."""


@dataclass(frozen=True, slots=True)
class FirstCall:
    """Of one program under one compiler: the time, or why there is none."""

    name: str
    milliseconds: float | None
    failure: str = ""


def programs() -> dict[str, tuple[Callable[..., Any], Callable[[], tuple[Any, ...]]]]:
    """Function and arguments of all programs, those in straight lines and those with loops."""
    straight = {one.name: (one.function, lambda one=one: one.arguments(1000)) for one in ARRAY_PROGRAMS}
    return straight | {one.name: (one.function, lambda one=one: one.arguments(one.sizes[-1])) for one in PROGRAMS}


def measured(compiler: str, names: list[str]) -> Iterator[FirstCall]:
    """The first calls of programs, in processes that serve until one fails them."""
    worker = None
    for name in names:
        if worker is None:
            worker = _start(compiler)
        assert worker.stdin is not None
        try:
            worker.stdin.write(name + "\n")
            worker.stdin.flush()
            line = _line(worker, LIMIT_SECONDS)
        except BrokenPipeError:
            line = ""
        if line:
            yield FirstCall(**json.loads(line))
            continue
        crashed = worker.poll() is not None
        worker.kill()
        worker.wait()
        worker = None
        yield FirstCall(name, None, "the process died" if crashed else f"more than {LIMIT_SECONDS} s")
    if worker is not None:
        worker.communicate()


def _start(compiler: str) -> subprocess.Popen[str]:
    # An installed package has its byte code; a shell that forbids writing it would have us measure Python's compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "bench.first_calls", "--serve", compiler]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )


def _line(worker: subprocess.Popen[str], seconds: float) -> str:
    """A line of a process's output, or nothing if it ends or takes too long."""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        if not selector.select(seconds):
            return ""
    return worker.stdout.readline()  # type: ignore[union-attr]


def serve(compiler: str) -> None:
    """Read names of programs, and print the time of their first calls; until the input ends."""
    warnings.simplefilter("ignore")
    jit = _jit(compiler)
    found = programs()
    for function, args in ((straight_line, (np.ones(9), np.ones(9))), (in_a_loop, (np.ones(9),))):
        try:
            jit(function)(*args)
        except Exception:  # what cannot be compiled has imported what it needs all the same
            continue
    for line in sys.stdin:
        name = line.strip()
        function, arguments = found[name]
        args = arguments()
        start = process_time()
        try:
            jit(function)(*args)
        except Exception as error:
            text = str(error).strip().splitlines()
            answer = {"milliseconds": None, "failure": f"{type(error).__name__}: {text[0] if text else ''}"}
        else:
            answer = {"milliseconds": (process_time() - start) * 1e3}
        print(json.dumps({"name": name, **answer}), flush=True)


def _jit(compiler: str) -> Callable[[Any], Callable[..., Any]]:
    if compiler == "eqsat":
        from eqsat import jit

        return jit
    from bench.peers import numba_version

    return numba_version  # type: ignore[return-value]


def straight_line(a, b):
    return np.sqrt(a * a + b * b) * np.exp(-a)


def in_a_loop(a):
    total = 0.0
    for i in range(len(a)):
        if a[i] > 0.5:
            total += a[i]
        a[i] = total
    return total


def summary() -> str:
    """The table of all programs together, and the slowest by name."""
    names = list(programs())
    mine = list(measured("eqsat", names))
    theirs = {one.name: one for one in measured("numba", names)} if _has_numba() else {}
    compiled = {one.name: one.milliseconds for one in mine if one.milliseconds is not None}
    lines = ["| first calls, CPU ms | programs | compiled | median | worst | goal |", "|---|---|---|---|---|---|"]
    for title, times in (("eqsat", compiled), ("Numba", _times(theirs))):
        if times:
            middle, worst = statistics.median(times.values()), max(times.values())
            met = f"median at most {MEDIAN_GOAL}{_met(middle, MEDIAN_GOAL)}; worst at most {WORST_GOAL}"
            goal = met + _met(worst, WORST_GOAL) if title == "eqsat" else ""
            lines.append(f"| {title} | {len(names)} | {len(times)} | {middle:.0f} | {worst:.0f} | {goal} |")
    slowest = sorted(compiled, key=lambda name: -compiled[name])[:SHOWN]
    lines += ["", "| slowest | eqsat | Numba |", "|---|---|---|"]
    lines += [_row(name, compiled[name], theirs.get(name)) for name in slowest]
    refused = [f"{one.name}: {one.failure}" for one in mine if one.milliseconds is None]
    return "\n".join(lines + (["", f"Not compiled by eqsat: {len(refused)}", *refused] if refused else []))


def _has_numba() -> bool:
    from bench.peers import package

    return package("numba") is not None


def _times(calls: dict[str, FirstCall]) -> dict[str, float]:
    return {name: one.milliseconds for name, one in calls.items() if one.milliseconds is not None}


def _row(name: str, milliseconds: float | None, peer: FirstCall | None) -> str:
    other = "-" if peer is None or peer.milliseconds is None else f"{peer.milliseconds:.0f}"
    return f"| {name} | {'-' if milliseconds is None else f'{milliseconds:.0f}'} | {other} |"


def _met(value: float, goal: float) -> str:
    return " met" if value <= goal else " **not met**"


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return
    for one in measured("eqsat", sys.argv[1:] or list(programs())):
        print(f"{one.name:28} {one.failure or f'{one.milliseconds:.0f} ms'}", flush=True)


if __name__ == "__main__":
    main()
