"""Python's operators on Python numbers that are arguments: Python's results and types, or back to Python."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.values import Known
from tests.builder.building import CheckFailed, computed

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mult": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "bitand": operator.and_,
    "bitor": operator.or_,
    "bitxor": operator.xor,
    "eq": operator.eq,
    "noteq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
UNARY = {"usub": operator.neg, "uadd": operator.pos, "invert": operator.invert, "not": operator.not_, "abs": abs}
NUMBERS = st.one_of(
    st.booleans(),
    st.integers(-5, 70),
    st.sampled_from([2**62, -(2**63), 2**63 - 1, 2**53 + 1, 3 * 10**9]),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 2.0**53, 9.5, 1e300]),
)


def same(found: object, expected: object) -> bool:
    return type(found) is type(expected) and (found == expected or (found != found and expected != expected))


def compare(build: object, function: object, *numbers: object) -> None:
    try:
        expected = function(*numbers)  # type: ignore[operator]
    except (ArithmeticError, ValueError, TypeError):
        with pytest.raises((PythonRaises, CheckFailed)):
            computed(build, *numbers)
        return
    try:
        found = computed(build, *numbers).value
    except CheckFailed:
        big = isinstance(expected, int) and not -(2**63) <= expected < 2**63
        large = any(isinstance(n, int) and abs(n) > 2**53 for n in numbers)
        assert big or large or isinstance(expected, complex | float)
        return
    assert same(found, expected), (found, expected)
    if isinstance(expected, float):
        assert np.float64(found).tobytes() == np.float64(expected).tobytes() or expected != expected


@given(st.sampled_from(sorted(OPERATORS)), NUMBERS, NUMBERS)
def test_operators_on_numbers_match_python(symbol: str, x: object, y: object) -> None:
    if symbol in ("pow", "lshift") and isinstance(y, int) and y > 10_000:
        y = y % 100
    compare(lambda b, x, y, s: b.operator(symbol, [x, y], s), OPERATORS[symbol], x, y)
    compare(lambda b, x, _, s: b.operator(symbol, [x, Known(y)], s), OPERATORS[symbol], x, y)


@given(st.sampled_from(sorted(UNARY)), NUMBERS)
def test_unary_operators_on_numbers_match_python(symbol: str, x: object) -> None:
    if symbol == "invert" and isinstance(x, bool):
        return  # Python 3.12 warns of it
    compare(lambda b, x, s: b.operator(symbol, [x], s), UNARY[symbol], x)


@given(st.sampled_from(sorted(OPERATORS)), NUMBERS, NUMBERS)
def test_known_numbers_are_computed_by_python(symbol: str, x: object, y: object) -> None:
    if symbol in ("pow", "lshift") and isinstance(y, int) and y > 10_000:
        return
    compare(lambda b, s: b.operator(symbol, [Known(x), Known(y)], s), lambda: OPERATORS[symbol](x, y))


def test_sizes_stay_formulas() -> None:
    def build(b, x, s):
        rows, columns = b.attribute("shape", x).items
        total = b.operator("mult", [b.operator("sub", [rows, Known(1)], s), columns], s)
        return b.operator("floordiv", [total, Known(2)], s)

    made = computed(build, np.ones((3, 5)))
    assert made.node.op == "dim" and str(made.node.attr) == "((-p0.1 + p0.0*p0.1)//2)"
    assert made.value == 5 and made.builder.guards == []


def test_comparisons_of_sizes_are_decided_and_guarded() -> None:
    made = computed(lambda b, x, s: b.operator("gt", [b.attribute("shape", x).items[0], Known(4)], s), np.ones(9))
    assert made.value is True and [str(g) for g in made.builder.guards] == ["4 < p0.0"]


def test_an_integer_argument_can_be_fixed() -> None:
    made = computed(lambda b, k, s: Known(b.static_int(k, s)), 7)
    assert made.value == 7 and [str(g) for g in made.builder.guards] == ["p0 == 7"]


def test_the_truth_of_an_array_is_left_to_numpy() -> None:
    with pytest.raises(PythonRaises, match="ambiguous"):
        computed(lambda b, x, s: b.operator("not", [x], s), np.ones(3))
    assert computed(lambda b, x, s: b.operator("not", [x], s), np.zeros((1, 1))).value is True


def test_integers_beyond_64_bits_are_refused_by_value() -> None:
    with pytest.raises(UnsupportedError, match="beyond 64 bits"):
        computed(lambda b, x, s: b.operator("add", [x, Known(2**64)], s), 3)
