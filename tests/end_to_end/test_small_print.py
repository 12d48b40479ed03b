"""Corners of NumPy that random programs found: each once differed, each stands for its kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eqsat
from eqsat.testing import assert_matches_numpy, place
from tests.end_to_end.inline import jitted

TABLE = np.arange(12.0).reshape(3, 4)
REAL = [np.dtype(char) for char in "?bBhHiIlLefd"]


def check(body: str, *args: Any, parameters: str = "x") -> None:
    assert_matches_numpy(jitted(parameters, body), *args)


@pytest.mark.parametrize("body", ["x.squeeze()", "np.squeeze(x)", "np.squeeze(x, ())", "x.conj()", "x.conjugate()"])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_what_changes_nothing_is_the_argument_itself(body: str, dtype: np.dtype) -> None:
    check(body, TABLE.astype(dtype))


@pytest.mark.parametrize("body", ["np.conj(x)", "np.squeeze(x[None])", "x[None].squeeze(0)", "np.conjugate(x.T)"])
def test_what_looks_as_if_it_changed_nothing_is_another_array(body: str) -> None:
    check(body, TABLE)


@pytest.mark.parametrize("function", ["sum", "prod", "mean"])
@pytest.mark.parametrize("dtype", ["np.float32", "np.int32", "bool", "np.complex64"])
def test_a_reduction_that_drops_imaginary_parts_warns_as_numpy_does(function: str, dtype: str) -> None:
    check(f"np.{function}(x, axis=0, dtype={dtype})", TABLE + 1j)
    check(f"x.{function}(dtype={dtype})", TABLE + 1j)


@pytest.mark.parametrize("made", ["x", "x + 1", "x[:, ::2]"])
@pytest.mark.parametrize("lead", ["", "5, "])
def test_read_only_results_of_broadcast_to_are_refused_or_read_only(made: str, lead: str) -> None:
    text = f"t = {made}\nu = np.broadcast_to(t, ({lead}t.shape[0], t.shape[1]))[...]\nreturn u"
    try:
        check(text, TABLE)
    except AssertionError as error:
        assert isinstance(error.__cause__, eqsat.UnsupportedError)
        assert error.__cause__.what == "a read-only array is returned, of np.broadcast_to, np.diagonal or .imag"
    check(f"{text}.copy()", TABLE)
    check(f"{text} * 2", TABLE)


def test_views_of_broadcast_arguments_stay_read_only() -> None:
    check("np.broadcast_to(x, (5, 3, 4))[1:, ::2]", TABLE)
    check("np.broadcast_to(x[:1], (3, 4)).T", TABLE)


@pytest.mark.parametrize("number", ["np.float16(1e300)", "np.float32(1e300)", "np.complex64(-1e300)"])
def test_constants_that_do_not_fit_warn_at_every_call(number: str) -> None:
    check(f"{number} * x", TABLE)


@pytest.mark.parametrize("number", ["np.int32(1j)", "np.int32(np.complex64(1j))", "np.float64(np.maximum(2, 1j))"])
def test_constants_that_lose_their_imaginary_part_do_as_in_numpy(number: str) -> None:
    check(f"{number} * x", TABLE)


def test_an_axis_of_no_length_made_of_nothing_can_be_written_to() -> None:
    check("x[None][1:-1], x[:, None, :][:, 1:]", TABLE)


@pytest.mark.parametrize("other", ["1 // x", "np.fmod(1.0, x)", "np.heaviside(x, 1.0)"])
@pytest.mark.parametrize("power", ["np.power(1.0, y)", "np.float_power(1.0, y)", "1.0 ** y"])
@pytest.mark.parametrize("length", [3, 6, 200])
def test_a_constant_that_two_borrowed_loops_share(other: str, power: str, length: int) -> None:
    x, y = np.linspace(1, 9, length), np.linspace(-3, 4, length)
    check(f"{other} + {power}", x, y, parameters="x, y")
    check(f"{power} * 2 + {other}", x, y, parameters="x, y")


@pytest.mark.parametrize(
    "body", ["x * 2**70", "x / 2**64", "2**64 - x", "x < 2**70", "-(2**80) >= x", "np.maximum(x, 2**64)"]
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
def test_integers_beyond_64_bits_meet_inexact_arrays_as_floats(body: str, dtype: str) -> None:
    check(body, TABLE.astype(dtype))


@pytest.mark.parametrize("base", ["?", "b", "B", "l", "f", "d", "D"])
@pytest.mark.parametrize("exponent", ["?", "B", "I", "Q", "b", "l"])
def test_powers_with_exponents_of_every_kind_of_integer(base: str, exponent: str) -> None:
    for number in (np.dtype(exponent).type(1), np.array(1, exponent), np.ones(4, exponent)):
        check("x ** p", TABLE.astype(base), number, parameters="x, p")


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_axes_that_agree_only_where_they_are_empty_or_one(rows: int) -> None:
    x = np.ones((rows, 2))
    check("x[::2, 1::2] / x", x)
    check("x[1:-1] + x", x)
    check("x[::2] * x[1:-1]", x)
    check("x[:-1] - x[::2]", x)


@pytest.mark.parametrize("layout", ["mixed", "reversed", "strided", "F"])
@pytest.mark.parametrize("body", ["for i in x:\n    s = np.exp(x)\n    x += s", "for i in x:\n    x -= np.log1p(x)"])
def test_functions_of_an_array_of_any_strides_that_a_loop_writes_to(body: str, layout: str) -> None:
    x = place(np.linspace(0.0, 1.0, 24).reshape(4, 6), layout)
    try:
        assert_matches_numpy(jitted("x", body), x)
    except eqsat.UnsupportedError as error:  # refused is right, if the strides are what is not known
        assert "depend on the strides of an argument" in str(error)
