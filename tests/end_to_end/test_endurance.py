"""Many calls, many threads, many programs: nothing leaks, nothing races, nothing differs."""

from __future__ import annotations

import gc
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given

import eqsat
from eqsat import jit
from eqsat.testing import RandomProgram, assert_identical, assert_matches_numpy, programs
from tests.end_to_end.corpus import BY_NAME, PROGRAMS, Program
from tests.end_to_end.effort import examples
from tests.end_to_end.inline import jitted

X, Y = np.arange(10.0), np.ones(10)


def resident_kilobytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("resident size is read from /proc")
    return int(status.read_text().split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize(
    ("body", "args"),
    [
        ("x + y", (X, Y)),
        ("x, x[1:], x * y, (x.sum(), 3, None)", (X, Y)),
        ("x * y", (2.5, 3.5)),
        ("(x + y).sum()", (X, 3)),
    ],
)
def test_a_million_calls_leak_nothing(body: str, args: tuple[Any, ...]) -> None:
    function = jitted("x, y", body)
    for _ in range(1000):
        function(*args)
    gc.collect()
    counts, size = [sys.getrefcount(argument) for argument in args], resident_kilobytes()
    for _ in range(1_000_000):
        function(*args)
    gc.collect()
    assert [sys.getrefcount(argument) for argument in args] == counts
    # A leak of one float or array header a call is 24 MB and more.
    assert resident_kilobytes() - size < 4000


def test_calls_that_raise_leak_nothing() -> None:
    function = jitted("x, y", "x + y")
    wrong = np.ones(3)
    function(X, Y)
    for _ in range(10):
        with pytest.raises(ValueError, match="broadcast"):
            function(X, wrong)
    counts = [sys.getrefcount(value) for value in (X, wrong)]
    for _ in range(200):
        with pytest.raises(ValueError, match="broadcast"):
            function(X, wrong)
    assert [sys.getrefcount(value) for value in (X, wrong)] == counts


def test_results_are_freed() -> None:
    function = jitted("x, y", "x * y - 1")
    result = function(X, Y)
    gone = weakref.ref(result)
    del result
    assert gone() is None


def test_a_dropped_function_is_collected() -> None:
    table = np.ones(10)

    def make() -> Any:
        return jit(lambda x: x * table)

    function = make()
    function(X)
    gone = weakref.ref(function)
    del function
    gc.collect()
    assert gone() is None


def test_first_calls_race_safely() -> None:
    for program in PROGRAMS[:6]:
        function, args = jit(program.function), program.arguments(5000)
        expected = program.function(*args)
        with ThreadPoolExecutor(8) as pool:
            for result in pool.map(lambda _: function(*args), range(16)):
                assert_identical(result, expected)
        assert len(function.signatures) == 1


def test_concurrent_calls_of_several_types_are_right() -> None:
    function = jit(BY_NAME["softmax"].function)
    cases = [BY_NAME["softmax"].arguments(size, dtype) for size in (100, 5000, 200_000) for dtype in ("f4", "f8")]
    expected = [function.py_func(*args) for args in cases]

    def work(number: int) -> None:
        for step in range(12):
            which = (number + step) % len(cases)
            assert_identical(function(*cases[which]), expected[which])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))


@pytest.mark.parametrize("program", PROGRAMS[::3], ids=lambda program: program.name)
def test_the_hundredth_call_equals_the_first(program: Program) -> None:
    function, args = jit(program.function), program.arguments(700)
    expected = program.function(*args)
    for _ in range(100):
        assert_identical(function(*args), expected)


def test_random_programs_match_numpy_and_few_are_refused() -> None:
    refused: list[str] = []

    @given(programs())
    @examples(60, suppress_health_check=list(HealthCheck))
    def match(program: RandomProgram) -> None:
        try:
            assert_matches_numpy(jit(program.function), *program.arguments, signed_zeros=False)
        except AssertionError as error:
            if not isinstance(error.__cause__, eqsat.UnsupportedError):
                raise
            event("refused")
            refused.append(f"{program.source}\n{error.__cause__}")

    match()
    # What the generator writes is what the documentation says is supported.
    assert len(refused) <= 3, "\n\n".join(refused)
