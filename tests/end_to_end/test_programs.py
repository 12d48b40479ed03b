"""Numerical programs with loops, branches and writes do what their undecorated selves do: at every size, in both
precisions, in any layout, and through the errors that they raise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat import TypingError, UnsupportedError, jit
from eqsat.testing import assert_matches_numpy, place
from tests.end_to_end.programs import BY_NAME, PROGRAMS, Program

LAYOUTS = ("F", "strided", "reversed", "misaligned")
REFUSED = {
    "first_above": UnsupportedError,  # gives an int on one way, None on the other
    "table_of_strategies": TypingError,  # takes a string
    "xorshift_numbers": UnsupportedError,  # Python's integers beyond 64 bits
}
WIDER = {"smith_waterman", "queue_of_customers"}
"""Where a branch that is not taken would bring NumPy's numbers, Python's come back as NumPy's (docs/language.md)."""
TWO_KINDS = {("heat_loops", "F"), ("wave_loops", "misaligned"), ("wave_loops", "f4")}
"""Programs that exchange arrays of two memory orders or dtypes, in the layout or precision given."""
TAKEN = [program for program in PROGRAMS if program.name not in REFUSED]
REAL = [
    program for program in TAKEN if program.single and program.has_floats() and (program.name, "f4") not in TWO_KINDS
]
WITH_ARRAYS = [program for program in PROGRAMS if any(isinstance(v, np.ndarray) for v in program.arguments(5))]
TURNS = [(program, LAYOUTS[turn % len(LAYOUTS)]) for turn, program in enumerate(WITH_ARRAYS)]


def name_of(program: Program) -> str:
    return program.name


def placed(arguments: tuple[Any, ...], layout: str) -> list[Any]:
    return [place(value, layout) if isinstance(value, np.ndarray) else value for value in arguments]


def test_no_two_programs_have_one_name() -> None:
    assert len(BY_NAME) == len(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_arguments_are_the_same_at_each_call_and_not_shared(program: Program) -> None:
    size = program.sizes[-1]
    for one, other in zip(program.arguments(size), program.arguments(size), strict=True):
        np.testing.assert_array_equal(one, other)
        assert not isinstance(one, np.ndarray) or not np.shares_memory(one, other)


def same(program: Program, function: Any, *arguments: Any) -> None:
    """Everything is equal; of those few programs whose numbers may get a wider class, the values."""
    if program.name not in WIDER:
        assert_matches_numpy(function, *arguments, calls=1)
        return
    for found, wanted in zip(function(*arguments), program.function(*arguments), strict=True):
        assert np.array_equal(found, wanted)


@pytest.mark.parametrize("program", TAKEN, ids=name_of)
def test_program_matches_its_undecorated_self(program: Program) -> None:
    """From the smallest size to the largest, and back to the smallest: what holds for one must not be taken for all."""
    function = jit(program.function)
    for size in (*program.sizes, program.sizes[0], program.sizes[-1]):
        same(program, function, *program.arguments(size))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused(name: str) -> None:
    program = BY_NAME[name]
    with pytest.raises(REFUSED[name]):
        jit(program.function)(*program.arguments(program.sizes[-1]))


@pytest.mark.parametrize(("name", "layout"), sorted(TWO_KINDS))
def test_arrays_of_two_kinds_that_change_places_are_refused(name: str, layout: str) -> None:
    program = BY_NAME[name]
    size = program.sizes[-1]
    given = program.arguments_of(size, "f4") if layout == "f4" else placed(program.arguments(size), layout)
    with pytest.raises(UnsupportedError, match="holds values of two kinds"):
        jit(program.function)(*given)


@pytest.mark.parametrize("program", REAL, ids=name_of)
def test_program_matches_in_single_precision(program: Program) -> None:
    function = jit(program.function)
    for size in (program.sizes[-1], *program.sizes):
        same(program, function, *program.arguments_of(size, "f4"))


@pytest.mark.parametrize(
    ("program", "layout"),
    [turn for turn in TURNS if turn[0] in TAKEN and (turn[0].name, turn[1]) not in TWO_KINDS],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_program_matches_on_odd_memory(program: Program, layout: str) -> None:
    """The layouts take turns over the programs."""
    same(program, jit(program.function), *placed(program.arguments(program.sizes[-1]), layout))


def not_definite(n: int) -> np.ndarray:
    matrix = np.eye(n) * 4
    matrix[-1, -1] = -1
    return matrix


FAILURES: list[tuple[str, tuple[Any, ...]]] = [
    ("cholesky", (not_definite(6),)),
    ("lu_pivoted", (np.ones((4, 4)),)),
    ("lu_scalar", (np.zeros((3, 3)),)),
    ("bellman_ford", (np.array([0, 1]), np.array([1, 0]), np.array([1.0, -2.0]), 2, 0)),
    ("topological_order", (np.ones((3, 3), bool),)),
    ("checked_mean", (np.array([1.0, np.nan]),)),
    ("checked_mean", (np.ones((2, 2)),)),
    ("index_or_error", (np.arange(5), 9)),
    ("bisection", (2.0, 3.0, 1e-9)),
    ("newton_root", (-2.0, 2.0, 1e-300)),
    ("csr_product", (np.ones(3), np.array([0, 1, 7]), np.array([0, 2, 3]), np.ones(2))),
    ("gather_scatter", (np.ones(3), np.array([0, -4, 1]), np.ones(3))),
    ("gather_scatter", (np.ones(3), np.array([0, 1, 2]), np.ones(4))),
    ("counting_sort", (np.array([1, 5, 2]), 3)),
    ("deposit", (np.array([0.5, np.nan]), np.ones(2), 4, 1.0)),
    ("matrix_product", (np.ones((2, 3)), np.ones((2, 2)))),
    ("fir", (np.ones(3), np.ones(5))),
    ("fibonacci", (500,)),
    ("power_modulo", (3, 5, 0)),
]


@pytest.mark.parametrize(("name", "arguments"), FAILURES)
def test_what_the_program_raises_is_raised_and_what_it_wrote_before_is_written(
    name: str, arguments: tuple[Any, ...]
) -> None:
    assert_matches_numpy(jit(BY_NAME[name].function), *arguments, calls=3)


@pytest.mark.parametrize("name", ["wave", "jacobi_1d", "floyd_warshall_rows", "gemver_loops", "rotate"])
def test_a_program_that_failed_once_goes_on_to_answer(name: str) -> None:
    """After a call that raises, the same function serves the next one."""
    program = BY_NAME[name]
    function = jit(program.function)
    good = program.arguments(9)
    bad = tuple(value[:0] if isinstance(value, np.ndarray) else value for value in good)
    for arguments in (good, bad, good):
        assert_matches_numpy(function, *arguments)


@pytest.mark.parametrize("name", ["wave", "jacobi_1d", "heat_3d", "jacobi", "verlet", "gather_scatter"])
def test_arguments_that_are_one_array(name: str) -> None:
    """Where two arguments are the same memory, each write shows in both."""
    program = BY_NAME[name]
    given = list(program.arguments(program.sizes[-2]))
    arrays = [k for k, value in enumerate(given) if isinstance(value, np.ndarray) and value.dtype.kind == "f"]
    given[arrays[1]] = given[arrays[0]] if given[arrays[0]].shape == given[arrays[1]].shape else given[arrays[0]][0]
    assert_matches_numpy(jit(program.function), *given)


@pytest.mark.parametrize("shift", [1, -1, 2])
@pytest.mark.parametrize("name", ["wave", "jacobi_1d", "brusselator", "verlet", "horner", "wave_loops", "convolve"])
def test_arguments_that_overlap(name: str, shift: int) -> None:
    """The second array is the first one, shifted by some elements."""
    program = BY_NAME[name]
    first, second, *others = program.arguments(9)
    memory = np.concatenate([first, second])
    start = max(-shift, 0)
    overlapping = memory[start : start + len(first)], memory[start + shift : start + shift + len(second)]
    assert_matches_numpy(jit(program.function), *overlapping, *others)
