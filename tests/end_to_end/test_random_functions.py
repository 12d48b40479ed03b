"""Whole random functions, compiled and as plain Python: the same results, writes, exceptions and warnings.

The programs of the first seeds; `--hypothesis-profile` makes them fewer or many more, and so does `EQSAT_PROGRAMS`,
their number. `python -m eqsat.testing.fuzz` searches for as long as you like.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from eqsat.testing.fuzz import Report, run
from tests.end_to_end.effort import STANDARD

PROGRAMS = 200
MOST_REFUSED = 0.15
LEAST_NATIVE = 0.75
MOST_QUIET = 0.1
"""Shares of the calls: refused; of those that return, answered by native code; with warnings left out."""


@pytest.fixture(scope="module")
def report() -> Report:
    count = PROGRAMS * settings.default.max_examples // STANDARD
    return run(range(int(os.environ.get("EQSAT_PROGRAMS", count))), most_failures=3, attempts=200)


def test_random_functions_do_what_python_does(report: Report) -> None:
    assert not report.failures, "\n\n".join(map(str, report.failures))


def test_few_random_functions_are_refused(report: Report) -> None:
    assert report.share("refused") < MOST_REFUSED, report


def test_random_functions_are_answered_by_native_code(report: Report) -> None:
    assert report.native_share > LEAST_NATIVE, report


def test_few_warnings_are_left_out(report: Report) -> None:
    assert report.share("quiet") < MOST_QUIET, report
