"""The chosen program as NumPy code gives, when it runs, what the compiled function gives: every bit, dtype and kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.explain.code import Code, numpy_code
from eqsat.ir.program import Program as Chosen
from eqsat.testing import assert_identical, place
from tests.end_to_end.corpus import PROGRAMS, Program

SIZES = (1, 7, 100, 1009, 20_011)


def code_of(function: Callable[..., Any], *arguments: Any) -> tuple[Code, Any, tuple[Any, ...]]:
    """The code for the specialization that ran last, what the compiled function gave, and all arguments."""
    jitted = jit(function)
    bound = inspect.signature(function).bind(*arguments)
    bound.apply_defaults()
    result = jitted(*bound.args)
    (specialization,) = jitted._specializations
    assert isinstance(specialization.work, Chosen)
    return numpy_code(specialization.work), result, bound.args


def assert_code_gives_the_same(function: Callable[..., Any], *arguments: Any) -> Code:
    code, expected, everything = code_of(function, *arguments)
    with np.errstate(all="ignore"):
        actual = code.function()(*everything)
    try:
        assert_identical(actual, expected)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{code}") from error
    return code


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_code_of_realistic_programs_gives_their_results(program: Program, dtype: str) -> None:
    for size in SIZES:
        assert_code_gives_the_same(program.function, *program.arguments(size, dtype))


@pytest.mark.parametrize("layout", ["F", "strided", "reversed", "misaligned"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_code_reads_odd_memory_as_the_program_does(program: Program, layout: str) -> None:
    arguments = (place(value, layout) if isinstance(value, np.ndarray) else value for value in program.arguments(3000))
    assert_code_gives_the_same(program.function, *arguments)


def test_code_reads_like_the_source() -> None:
    stencil = next(program for program in PROGRAMS if program.name == "stencil")
    code, _, _ = code_of(stencil.function, *stencil.arguments(100))
    assert str(code) == (
        "def stencil(u):\n"
        "    r0 = u[1:-1, 1:-1] + (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1]"
        " - u[1:-1, 1:-1] * 4.0) * 0.1\n"
        "    return r0"
    )


def product(a, b, v):
    return (a @ b) @ v


def total(a, b):
    return np.sum(a @ b)


def trace(a, b):
    return np.trace(a @ b)


def solved(a, v):
    return np.linalg.inv(a) @ v


def scaled_determinant(a):
    return 2.0 * np.linalg.det(a.T)


@pytest.mark.parametrize("function", [product, total, trace, solved, scaled_determinant])
def test_code_of_library_operations_runs(function: Callable[..., Any]) -> None:
    a = np.eye(20) + np.linspace(0.0, 0.1, 400).reshape(20, 20)
    values = {"a": a, "b": a.T.copy(), "v": a[3]}
    arguments = [values[name] for name in inspect.signature(function).parameters]
    jitted = jit(fastmath=True)(function)
    expected = jitted(*arguments)
    (stretch,) = jitted.explain().story.stretches
    assert stretch.code is not None and stretch.refused == ""
    (actual,) = stretch.code.function()(*arguments)
    assert type(actual) is type(expected) and actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-12)  # machine code may add in another order, under flags
