"""Rules over opaque functions: calls become fewer, or others, and results stay what the rule says."""

from __future__ import annotations

import math

import numpy as np
import pytest

import eqsat
from eqsat import Float, FloatVector, Int, Matrix, Vector, jit, rule
from eqsat.testing import assert_matches_numpy
from tests.end_to_end.opaque_functions import LIBM, X, j0

CALLED: list[str] = []
"""The names of functions, in the order of their calls."""
JN = eqsat.opaque(LIBM.jn, arguments=(np.int32, Float), result=Float)


@eqsat.opaque(cost=200)
def besselj(n: Int, x: Float) -> Float:
    CALLED.append("besselj")
    return float(JN(np.int32(n), x))


@eqsat.opaque(cost=200)
def grown(x: Float) -> Float:
    CALLED.append("grown")
    return math.exp(x)


@eqsat.opaque(cost=100)
def flipped(x: Vector) -> Vector:
    CALLED.append("flipped")
    return x[::-1]


@eqsat.opaque(cost=lambda x: 5.0 * x[0] * x[1])
def rounded(x: Matrix) -> Matrix:
    CALLED.append("rounded")
    return np.round(x)


@rule
def j0_of_negative(x: Float):
    """J0 is even, and the C library computes it from the absolute value."""
    return j0(-x), j0(x)


@rule(requires={"reassoc"})
def product_of_growths(x: Float, y: Float):
    """exp(x) exp(y) = exp(x + y): one call instead of two."""
    return grown(x) * grown(y), grown(x + y)


@rule
def flipped_twice(x: Vector):
    """The reverse of the reverse."""
    return flipped(flipped(flipped(x))), flipped(x)


@rule
def rounded_twice(x: Matrix):
    """What is rounded stays."""
    return rounded(rounded(x)), rounded(x)


BOOK = eqsat.rules(j0_of_negative, product_of_growths, flipped_twice, rounded_twice)


def calls_of(function, *args) -> list[str]:
    """The calls that a compiled function makes, once it is compiled."""
    function(*args)
    CALLED.clear()
    function(*args)
    return list(CALLED)


def test_whole_arrays() -> None:
    @jit(rules=BOOK)
    def vectors(x):
        return flipped(flipped(flipped(x * 2))) + 1

    @jit(rules=BOOK)
    def matrices(x):
        return rounded(rounded(x * 10)).T

    assert_matches_numpy(vectors, X[0])
    assert_matches_numpy(matrices, X)
    assert calls_of(vectors, X[0]) == ["flipped"]
    assert calls_of(matrices, X) == ["rounded"]
    assert calls_of(matrices.py_func, X) == ["rounded", "rounded"]


def test_c_functions() -> None:
    @jit(rules=BOOK)
    def f(x):
        return j0(-x) - j0(x)

    assert_matches_numpy(f, X)
    (loops,) = (f.inspect_loops(signature) for signature in f.signatures)
    assert loops.count("j0") == 1


def test_two_calls_become_one_where_the_flag_is_granted() -> None:
    x = np.linspace(0.5, 9.0, 7)

    @jit(rules=BOOK, fastmath={"reassoc"})
    def f(x):
        return grown(x) * grown(x[::-1])

    assert_matches_numpy(f, x)
    assert calls_of(f, x) == ["grown"] * len(x)
    assert "product_of_growths" in str(f.explain())

    @jit(rules=BOOK)
    def g(x):
        return grown(x) * grown(x[::-1])

    assert_matches_numpy(g, x)
    assert calls_of(g, x) == ["grown"] * (2 * len(x))


def test_calls_that_rules_speak_of_on_single_numbers() -> None:
    @jit(rules=BOOK)
    def f(x):
        return j0(-x) + j0(x)

    for x in (2.0, np.float64(2.0), np.float32(0.5), np.array(3.0), 3):
        assert_matches_numpy(f, x)

    @jit(rules=BOOK)
    def summed(x):
        total = 0.0
        for i in range(x.shape[0]):
            total += j0(-x[i]) + besselj(i, x[i])
        return total

    assert_matches_numpy(summed, X[0])
    assert_matches_numpy(summed, X[0, ::-2])


def test_a_program_that_is_one_call_is_rewritten() -> None:
    @eqsat.opaque(cost=lambda x: 100.0 * x[0])
    def ordered(x: Vector) -> Vector:
        return np.array(sorted(x.tolist()))

    @eqsat.opaque(cost=lambda x: x[0])
    def ordered_quickly(x: Vector) -> Vector:
        return np.sort(x)

    @rule(requires={"nnan"})
    def quickly(x: FloatVector):
        """Numbers have one order."""
        return ordered(x), ordered_quickly(x)

    @rule(requires={"nnan"})
    def order_of_reversed(x: FloatVector):
        """The order does not depend on where numbers stood."""
        return ordered(np.flip(x, 0)), ordered_quickly(x)

    @jit(rules=quickly, fastmath={"nnan"})
    def f(x):
        return ordered(x)

    @jit(rules=order_of_reversed, fastmath={"nnan"})
    def g(x):
        return ordered(x[::-1])

    for function, name in ((f, "quickly"), (g, "order_of_reversed")):
        assert_matches_numpy(function, X[0])
        assert dict(function.explain().rules) == {name: 1}


def test_a_cost_that_raises_is_an_error_that_names_the_function() -> None:
    @eqsat.opaque(cost=lambda x: 1.0 * x[7])
    def costly(x: Vector) -> Vector:
        return x

    @rule
    def costly_twice(x: Vector):
        """Nothing happens to it."""
        return costly(costly(x)), x

    @jit(rules=costly_twice, verify="never")
    def f(x):
        return costly(costly(x))

    with pytest.raises(
        eqsat.UnsupportedError, match=r"cost= of `costly` raised IndexError.*\n  called with the shapes"
    ):
        f(np.arange(3.0))
