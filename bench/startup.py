"""What starting costs: the import, the first compile of a process, the second; each in processes of their own.

CPU milliseconds, medians. `python -m bench.startup` prints a table.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = 7

IMPORT = """
import numpy
from time import process_time
start = process_time()
from eqsat import jit
print([(process_time() - start) * 1e3])
"""

COMPILE = """
from time import process_time
import numpy as np
{jit}

@jit
def first(a, b):
    return a * b - 4.1 * a > 2.5 * b

@jit
def second(x, y):
    d = np.sqrt(x * x + y * y)
    return np.exp(-d) * np.where(x > y, x, 2.0) + 1

a, b = np.arange(1000.0), np.ones(1000)
times = []
for function in (first, second):
    start = process_time()
    function(a, b)
    times.append((process_time() - start) * 1e3)
print(times)
"""

PROGRAMS = {
    "eqsat": COMPILE.format(jit="from eqsat import jit"),
    "numba": COMPILE.format(jit="from numba import njit as jit"),
}


def milliseconds(program: str) -> list[float] | None:
    """The numbers that a program prints, as medians over some runs; None if it does not run."""
    taken: list[list[float]] = []
    # An installed package has its byte code; a shell that forbids writing it would have us measure Python's compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(program)
        for _ in range(RUNS):
            done = subprocess.run(
                [sys.executable, str(path)], check=False, capture_output=True, text=True, env=environment
            )
            if done.returncode:
                return None
            taken.append(json.loads(done.stdout.splitlines()[-1]))
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def table() -> str:
    """The table, as markdown."""
    rows: list[tuple[str, float | None, float | None, float]] = []
    imported = milliseconds(IMPORT)
    rows.append(("`from eqsat import jit`, over `import numpy`", imported[0] if imported else None, None, 30))
    eqsat, numba = (milliseconds(PROGRAMS[name]) or [None, None] for name in ("eqsat", "numba"))
    rows.append(("first call in a process", eqsat[0], numba[0], 200))
    rows.append(("first call of a second function", eqsat[1], numba[1], 60))
    lines = ["| CPU ms | eqsat | Numba | goal |", "|---|---|---|---|"]
    for name, mine, theirs, goal in rows:
        met = "" if mine is None else " met" if mine <= goal else " **not met**"
        lines.append(f"| {name} | {_number(mine)} | {_number(theirs)} | at most {goal}{met} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    print(table())
