"""What a name holds where ways meet is what Python holds: a number may get a wider class, never another value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat.testing import assert_matches_numpy
from tests.end_to_end.inline import jitted

X = np.arange(6.0)


def check(body: str, *args: Any, parameters: str = "x, k") -> None:
    assert_matches_numpy(jitted(parameters, body), *args)


@pytest.mark.parametrize("number", ["300", "-1", "2**40"])
@pytest.mark.parametrize("k", [1.0, -1.0])
def test_an_int_that_a_numpy_integer_does_not_hold_stays_an_int(number: str, k: float) -> None:
    check(f"y = x if k > 0 else {number}\nreturn y + 0", np.uint8(2), k)


def test_a_smallest_number_that_the_elements_do_not_have() -> None:
    body = "m = -1\nfor v in x:\n    if v > m:\n        m = v\nreturn m"
    check(body, np.array([3, 250, 7], np.uint8), parameters="x")
    check(body, np.array([3, -250, 7], np.int16), parameters="x")


def test_ints_computed_in_a_loop_that_outgrow_what_they_meet() -> None:
    body = "t = x[0]\nfor i in range(n):\n    t = x[i % 3] if x[i % 3] > 1 else i * 100\nreturn t"
    for turns in (3, 5):
        check(body, np.arange(3, dtype=np.uint8), turns, parameters="x, n")


def test_a_tuple_of_a_list_is_a_tuple() -> None:
    check("tuple([x + k, x]), tuple(i for i in range(4) if i % 2)", np.arange(3.0), 2.0)


@pytest.mark.parametrize("turns", [0, 1, 4])
def test_lengths_that_a_loop_computes_are_known_behind_it(turns: int) -> None:
    made = "b, c = x, x\nfor i in range(n):\n    b = x[:i]\n    c = np.zeros(n - i)\nreturn b, c, b.sum() + c.size"
    check(made, np.arange(6.0), turns, parameters="x, n")


def test_a_length_of_the_last_turn_where_the_loop_surely_runs() -> None:
    check("for i in range(2):\n    b = np.zeros((2, n - i))\nreturn b", 3, parameters="n")


@pytest.mark.parametrize("limit", [-1.0, 2.0, 9.0])
def test_lengths_that_early_returns_and_breaks_compute(limit: float) -> None:
    check("for i in range(6):\n    if x[i] > k:\n        return x[:i], np.ones(i)\nreturn x, np.ones(0)", X, limit)
    check("i = 0\nwhile i < 6:\n    b = x[i:]\n    i += 1\n    if b[0] > k:\n        break\nreturn b", X, limit)


@pytest.mark.parametrize("k", [-1.0, 1.0])
def test_lengths_that_one_way_computes(k: float) -> None:
    check(
        "if x[0] < k:\n    m = int(x[2])\n    b = x[:m]\nelse:\n    m = int(x[3])\n    b = x[m:]\nreturn b, b.sum()",
        X,
        k,
    )
