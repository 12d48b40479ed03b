"""What opaque functions raise, return wrongly and do to floating-point flags is as in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eqsat
from eqsat import Float, Vector, jit
from eqsat.errors import UnsupportedError
from eqsat.testing import assert_matches_numpy
from tests.end_to_end.opaque_functions import LIBM, X, assert_native, j0


@eqsat.opaque
def root(x: Float) -> Float:
    return math.sqrt(x)


@jit
def written_then_failing(x, y):
    x[0] = 5.0
    for i in range(1, x.shape[0]):
        x[i] = root(y[i])
    return x


def test_what_a_function_raises_comes_out_of_the_call() -> None:
    y = np.array([1.0, 4.0, 9.0])
    assert_native(written_then_failing, np.zeros(3), y)
    assert_matches_numpy(written_then_failing, np.zeros(3), y - 5)
    mine, wanted = np.zeros(3), np.zeros(3)
    with pytest.raises(ValueError, match="math domain error"):
        written_then_failing(mine, np.array([1.0, 4.0, -1.0]))
    with pytest.raises(ValueError, match="math domain error"):
        written_then_failing.py_func(wanted, np.array([1.0, 4.0, -1.0]))
    assert mine.tobytes() == wanted.tobytes()


WRONG: dict[str, tuple[Callable[..., Any], type[Exception], str]] = {
    "shape": (lambda x: np.zeros(len(x) + 1), ValueError, r"returned an array of shape \(4,\) where \(3,\) was stated"),
    "axes": (lambda x: 1.0, ValueError, r"returned an array of shape \(\) where \(3,\) was stated"),
    "dtype": (lambda x: x * 1j, TypeError, "returned complex128 elements where float64 was stated"),
    "nothing": (lambda x: None, TypeError, "returned object elements where float64 was stated"),
    "own": (lambda x: x.__setitem__(0, 1.0), ValueError, "read-only"),
}


@pytest.mark.parametrize("name", WRONG)
def test_results_that_are_not_as_stated(name: str) -> None:
    function, error, text = WRONG[name]
    called = eqsat.opaque(function, arguments=(Vector,), result=Vector, name="called")

    @jit
    def f(x):
        return called(x)

    for run in (f, f, f.py_func):
        with pytest.raises(error, match=text):
            run(np.ones(3))


@pytest.mark.parametrize("value", ["text", None, 1j, (1.0, 2.0), np.ones(2)])
def test_numbers_that_are_not_as_stated(value: Any) -> None:
    called = eqsat.opaque(lambda x: value, arguments=(Float,), result=Float, name="called")

    @jit
    def f(x):
        return called(x)

    for argument in (1.0, np.ones(3)):
        for run in (f, f, f.py_func):
            with pytest.raises(
                TypeError, match=r"`called` returned .* where float64 was stated|not converted to float64"
            ):
                run(argument)


@pytest.mark.parametrize("value", [1, True, 2.5, np.float32(1.5), np.int8(3), np.array(4.0), np.float64("nan")])
def test_numbers_that_are_converted(value: Any) -> None:
    called = eqsat.opaque(lambda x: value, arguments=(Float,), result=Float, name="called")

    @jit
    def f(x):
        return called(x)

    assert type(called(1.0)) is np.float64
    assert_matches_numpy(f, 1.0)
    assert_matches_numpy(f, np.ones(3))


def test_a_shape_that_is_no_arithmetic_is_refused() -> None:
    longest = eqsat.opaque(
        lambda x, y: np.zeros(max(len(x), len(y))),
        arguments=(Vector, Vector),
        result=Vector,
        name="longest",
        shape=lambda x, y: (max(x[0], y[0]),),
    )

    @jit
    def f(x, y):
        return longest(x, y)

    assert longest(X[0], X[:, 0]).shape == (6,)
    with pytest.raises(UnsupportedError) as caught:
        f(X[0], X[:, 0])
    assert "the shape of what `longest` returns cannot be told" in str(caught.value)
    assert "instead: compute it by +, -, * and // of the arguments' lengths" in str(caught.value)


def test_a_shape_that_compares_lengths_is_never_believed() -> None:
    odd = eqsat.opaque(
        lambda x: np.ones(1),
        arguments=(Vector,),
        result=Vector,
        name="odd",
        shape=lambda x: (1 if x[0] == 3 else x[0],),
    )

    @jit
    def f(x):
        return odd(x)

    assert_matches_numpy(f, np.zeros(3))


def test_keyboard_interrupts_are_not_lost() -> None:
    interrupted: list[int] = []

    def interrupt(x: float) -> float:
        if not interrupted:
            interrupted.append(1)
            raise KeyboardInterrupt
        return x

    called = eqsat.opaque(interrupt, arguments=(Float,), result=Float)

    @jit
    def f(x):
        return called(x)

    with pytest.raises(KeyboardInterrupt):
        f(1.0)
    assert f(1.0) == 1.0
    assert len(interrupted) == 1


# Events ---------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_flags_that_c_raises_are_nobodys_business() -> None:
    logarithm = eqsat.opaque(LIBM.log, arguments=(Float,), result=Float, name="log")
    ran: list[int] = []
    note = eqsat.opaque(lambda x: (ran.append(1), x)[1], arguments=(Float,), result=Float, name="note")

    @jit
    def f(x):
        return note(logarithm(x) * 1)

    with np.errstate(all="raise"):
        for x in (-1.0, 0.0, np.array([-1.0, 0.0])):
            assert_matches_numpy(f, x)
        f(-1.0)
        ran.clear()
        f(-1.0)
    assert len(ran) == 1, "the call went to Python, and ran twice"


def test_events_before_and_after_a_call_are_reported() -> None:
    quiet = eqsat.opaque(lambda x: float(np.sqrt(abs(x))), arguments=(Float,), result=Float, name="quiet")

    @jit
    def before(x, y):
        return quiet(y[0]), x / y

    @jit
    def after(x, y):
        z = x / y
        return z, quiet(z[0]), j0(z[1])

    with np.errstate(divide="raise", invalid="ignore"):
        for function in (before, after):
            for _ in range(2):
                with pytest.raises(FloatingPointError):
                    function(np.ones(2), np.array([1.0, 0.0]))
            assert_matches_numpy(function, np.ones(2), np.ones(2))
