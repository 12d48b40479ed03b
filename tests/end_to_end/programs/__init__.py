"""Numerical programs as users write them, with loops, branches and writes: run by the tests and by the benchmarks.

`PROGRAMS` lists them, `BY_NAME` finds them; one file for each theme. They are ordinary NumPy and Python, written
without a thought of any compiler.
"""

from __future__ import annotations

from tests.end_to_end.programs import (
    clustering,
    control_flow,
    dynamic_programming,
    images,
    linear_algebra,
    monte_carlo,
    networks,
    number_theory,
    odes,
    particles,
    signals,
    sorting,
    sparse,
    stencils,
)
from tests.end_to_end.programs.program import Program

THEMES = (
    clustering,
    control_flow,
    dynamic_programming,
    images,
    linear_algebra,
    monte_carlo,
    networks,
    number_theory,
    odes,
    particles,
    signals,
    sorting,
    sparse,
    stencils,
)
PROGRAMS: list[Program] = [program for theme in THEMES for program in theme.PROGRAMS]
BY_NAME = {program.name: program for program in PROGRAMS}
