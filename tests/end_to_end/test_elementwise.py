"""Every ufunc on every dtype, on the values where programs break, alone and mixed, in any memory."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat import PlainPythonWarning, UnsupportedError
from eqsat.ir.ops import UFUNCS
from eqsat.testing import arrays, assert_matches_numpy, dtypes, lengths, operands, overlapping, place, scalars
from eqsat.testing.strategies import DTYPES, specials
from tests.end_to_end.effort import examples
from tests.end_to_end.inline import jitted
from tests.end_to_end.limits import check

SMALL = {"left_shift", "right_shift", "ldexp", "power", "float_power"}
OPERATORS = ("+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", ">", ">=", "&", "|", "^")


def grid(dtype: np.dtype, arity: int, small: bool) -> list[np.ndarray]:
    """All combinations of special values, in long arrays; small numbers as second operand where asked for."""
    first = np.array(specials(dtype), dtype)
    second = (
        np.array([value for value in (0, 1, 2, 3, 5) if value <= 1 or dtype.kind != "b"], dtype) if small else first
    )
    axes = [first, second, second][:arity]
    return [np.ascontiguousarray(axis).ravel() for axis in np.meshgrid(*axes)]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc_matches_numpy_on_special_values_of_every_dtype(name: str) -> None:
    arity = UFUNCS[name].arity
    names = ", ".join("xyz"[:arity])
    function = jitted(names, f"np.{name}({names})")
    for character in DTYPES:
        values = grid(np.dtype(character), arity, name in SMALL)
        assert_matches_numpy(function, *values, calls=1)


@pytest.mark.parametrize("symbol", OPERATORS)
@given(data=st.data())
@examples(12)
def test_operator_matches_numpy_on_mixed_dtypes_and_layouts(symbol: str, data: st.DataObject) -> None:
    check(jitted("x, y", f"x {symbol} y"), *data.draw(operands(2)))


@pytest.mark.parametrize("symbol", [*OPERATORS, "**"])
@given(data=st.data())
@examples(12)
def test_operator_matches_numpy_on_array_and_scalar(symbol: str, data: st.DataObject) -> None:
    array, scalar = data.draw(arrays(finite=True)), data.draw(scalars(finite=True))
    pair = (array, scalar) if data.draw(st.booleans()) else (scalar, array)
    check(jitted("x, y", f"x {symbol} y"), *pair)


@given(x=scalars(), y=scalars(), symbol=st.sampled_from(OPERATORS))
@examples(80)
def test_operator_matches_numpy_on_two_scalars(x: Any, y: Any, symbol: str) -> None:
    check(jitted("x, y", f"x {symbol} y"), x, y)


@given(operands(3, dtypes("f")))
def test_fused_expression_matches_numpy_in_any_memory(given: list[np.ndarray]) -> None:
    assert_matches_numpy(jitted("a, b, c", "np.where(a * b - 4.1 * a > 2.5 * c, a, np.abs(b) + c)"), *given)


@given(operands(2, "f8"))
def test_fused_transcendental_matches_numpy_in_any_memory(given: list[np.ndarray]) -> None:
    assert_matches_numpy(jitted("a, b", "np.exp(-a * b) + np.sin(a) * np.log(np.abs(b))"), *given)


@given(overlapping(dtypes("iuf"), count=3))
def test_operands_may_overlap(given: list[np.ndarray]) -> None:
    assert_matches_numpy(jitted("a, b, c", "a * b + c"), *given)


@given(lengths().flatmap(lambda n: st.tuples(arrays(dtypes("f"), n), arrays(dtypes("fi"), n))))
def test_every_length_of_vector_and_tail_is_right(given: tuple[np.ndarray, np.ndarray]) -> None:
    assert_matches_numpy(jitted("a, b", "np.sqrt(np.abs(a)) * b + 1"), *given)


REVERSED = {
    "one axis": lambda x: x[::-1],
    "the last element": lambda x: x[::-1][-1:],
    "one row": lambda x: x[None, ::-1],
    "one column": lambda x: x[::-1, None],
    "rows and columns": lambda x: np.stack([x, x])[::-1, ::-1],
    "rows alone": lambda x: np.stack([x, x])[::-1],
    "columns alone": lambda x: np.stack([x, x])[:, ::-1],
}


@pytest.mark.parametrize("shape", REVERSED)
@pytest.mark.parametrize(
    "body", ["np.exp(x)", "np.cbrt(x)", "np.expm1(x)", "np.arctan(x)", "np.sin(x)", "np.abs(x + 1j)"]
)
def test_reversed_arrays_take_the_loop_that_numpy_takes(body: str, shape: str) -> None:
    """NumPy's loops have other bits for negative strides, which its iterator hands to them or turns around."""
    for length in (1, 7, 40):
        values = np.linspace(0.1, 9, length)
        assert_matches_numpy(jitted("x", body), REVERSED[shape](values), calls=1)
        assert_matches_numpy(jitted("x, y", f"{body} * y"), REVERSED[shape](values), values[:1].copy(), calls=1)


@pytest.mark.parametrize("columns", [8, 1000, 2731, 4096, 4097])
@pytest.mark.parametrize("rows", [2, 3, 5])
def test_arrays_reversed_in_part_take_the_loop_that_numpy_takes(rows: int, columns: int) -> None:
    """NumPy's iterator copies some reversed operands to a buffer, and hands others to its loop as they are."""
    x, y = (np.random.default_rng(seed).uniform(0.1, 9, (rows, columns)) for seed in (1, 2))
    part = np.repeat(y, 2, axis=1)[:, :columns]
    for operand in (x[:, ::-1], x[::-1, ::-1], x[::-1], part[:, ::-1], x.T[::-1], x.T[::-1, ::-1]):
        assert_matches_numpy(jitted("x", "np.cbrt(x)"), operand, calls=1)
    others = (y, y[:, ::-1], y[0], y[:, :1], y[::-1, :1], y[0, ::-1], part, y[:, ::-1].astype("f4"))
    for operand in (x[:, ::-1], x[::-1, ::-1]):
        for other in others:
            assert_matches_numpy(jitted("x, y", "np.arctan2(x, y)"), operand, other, calls=1)


@pytest.mark.parametrize(
    "body",
    [
        "np.exp(x[::-1]) - np.exp(x[::-1].copy())",
        "np.exp((x * 2)[::-1]), np.exp(x * 2)[::-1]",
        "np.power(x[::-1], x[::-1].copy()), np.power(x, x[::-1]), np.power(x[::-1].copy(), x[::-1])",
        "np.cbrt(np.cbrt(x[::-1])[::-1])",
        "np.cbrt(x[::-1][-1:]), np.cbrt(x[::-1][:1]), np.cbrt(x[:1]), np.cbrt(x[:1][::-1])",
        "np.abs((x * (1 + 2j))[::-1]) + np.abs(x * (1 + 2j))",
        "(x * np.complex64(1 + 2j))[::-1] * (x * np.complex64(2 - 1j))",
        "np.exp(x[::-1].astype(np.float32)), np.log(np.float32(x))[::-1]",
        "np.sum(np.exp(x[::-1])), np.max(np.expm1(x[..., ::-1]))",
    ],
)
def test_equal_elements_from_either_end_keep_the_bits_of_their_loops(body: str) -> None:
    """A copy of a reversed array holds the same elements, and other bits come out of them."""
    function = jitted("x", body)
    for length in (1, 6, 300):
        x = np.linspace(0.1, 9, length)
        for one in (x, x[::-1], np.repeat(x, 2)[::2], np.stack([x, x])[:, ::-1], np.stack([x, x])[::-1, ::-1]):
            assert_matches_numpy(function, one, calls=1)


@given(operands(2, "f8", finite=True))
def test_directed_loops_match_numpy_in_any_memory(given: list[np.ndarray]) -> None:
    assert_matches_numpy(jitted("a, b", "np.arctan2(a, b[..., :]) + np.cbrt(a) * np.exp(-np.abs(b))"), *given)


@pytest.mark.parametrize(
    "body", ["1 / (x != x)", "x / (y > 5)", "np.where(x > 0, 1 / y, 0)", "np.where(y > 0, x / y, x)"]
)
@pytest.mark.parametrize("length", [1, 3, 8, 100, 1000])
def test_flags_of_elements_that_are_not_chosen_are_heard(body: str, length: int) -> None:
    x, y = np.arange(1.0, length + 1), np.arange(length) % 2.0
    assert_matches_numpy(jitted("x, y", body), x, y)
    assert_matches_numpy(jitted("x, y", body), x.astype("f4"), y.astype("f4"))


@pytest.mark.parametrize("target", DTYPES)
@given(array=arrays(finite=True))
@examples(15)
def test_cast_matches_numpy(target: str, array: np.ndarray) -> None:
    check(jitted("x", f"x.astype({target!r})"), array)


@pytest.mark.parametrize("target", ["np.float32", "np.dtype('int16')", "float", "int", "bool", "complex", "'f4'"])
def test_every_spelling_of_a_dtype_is_understood(target: str) -> None:
    assert_matches_numpy(jitted("x", f"x.astype({target})"), np.array([0.0, 1.5, -2.7]))


@pytest.mark.parametrize("target", ["float32", "float64", "int8", "int64", "uint8", "complex128"])
def test_scalar_type_converts_as_numpy_does(target: str) -> None:
    function = jitted("x", f"x + np.{target}(3)")
    for value in (np.arange(4.0), np.arange(4, dtype=np.int8), 2, 2.5):
        assert_matches_numpy(function, value)


@given(operands(3, dtypes(), finite=True))
def test_where_matches_numpy_on_mixed_dtypes(given: list[np.ndarray]) -> None:
    assert_matches_numpy(jitted("c, x, y", "np.where(c, x, y)"), *given)


@pytest.mark.parametrize("exponent", ["2", "2.0", "0.5", "-1", "1", "0", "3", "-2", "1.5"])
def test_power_takes_numpys_own_shortcuts_and_no_other(exponent: str) -> None:
    function = jitted("x", f"x ** {exponent}")
    for character in "fdFD":
        assert_matches_numpy(function, np.array(specials(np.dtype(character)), character))
    if exponent.isdigit():
        assert_matches_numpy(function, np.arange(-5, 5))


@pytest.mark.parametrize(
    "body",
    [
        "x + 1", "x * 2.5", "x + True", "x * 1j", "x + np.float64(1)", "x * np.float32(0.1)", "x - np.int8(1)",
        "1 - x", "2 / (x + 3)", "x > 0", "x == 1", "-x", "+x", "abs(x)", "x % 3", "x // 2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("character", "?bBlLefdFD")
def test_python_numbers_are_weak(body: str, character: str) -> None:
    assert_matches_numpy(jitted("x", body), np.array([0, 1, 1, 3], character), calls=1)


@given(arrays(dtypes("biuf"), finite=True))
def test_comparisons_chain_with_logic(x: np.ndarray) -> None:
    assert_matches_numpy(jitted("x", "(x > 0) & (x < 3) | ~(x >= 1) ^ np.logical_not(x)"), x)


@pytest.mark.parametrize("number", [-1, 300, -(2**40) - 1, 2**54 + 2**30 + 1, 2**63 - 1])
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u8", "e", "f4", "f8", "F"])
def test_where_converts_pythons_integers_as_numpy_does(number: int, dtype: str) -> None:
    """Before NumPy 2.5 it wraps them, and rounds them once; then it is an operation like any other."""
    condition, array = np.array([True, False, True]), np.ones(3, dtype)
    for body in (f"np.where(c, {number}, x)", f"np.where(c, x, {number})", "np.where(c, k, x)"):
        function = jitted("c, x, k", body)
        try:
            function.py_func(condition, array, number)
        except OverflowError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error", PlainPythonWarning)
            assert_matches_numpy(function, condition, array, number)


@pytest.mark.parametrize("keyword", ["dtype=np.float32", "dtype='f8'"])
def test_ufunc_takes_dtype(keyword: str) -> None:
    assert_matches_numpy(jitted("x, y", f"np.add(x, y, {keyword})"), np.arange(5, dtype="i2"), np.ones(5, "f4"))


@pytest.mark.parametrize("body", ["np.exp(x)", "np.cbrt(x[::-1])", "np.log1p(x) + y[::-1]", "np.expm1(y[::-1]) * x"])
@pytest.mark.parametrize("length", [5, 300, 10_000])
def test_misaligned_operands_take_the_loop_that_numpy_takes(body: str, length: int) -> None:
    """NumPy copies them to a buffer, so that its loops never walk them from the end."""
    x, y = (np.random.default_rng(seed).uniform(0, 5, length) for seed in (1, 2))
    function = jitted("x, y", body)
    for one in (x, place(x, "misaligned"), place(x, "misaligned")[::-1]):
        for other in (y, place(y, "misaligned")):
            assert_matches_numpy(function, one, other)


def test_a_ragged_array_read_backwards_is_refused() -> None:
    x = place(np.arange(1.0, 30.0), "record field")
    assert_matches_numpy(jitted("x", "np.exp(x[::-1]), x[1:] - x[:-1]"), x)
    with pytest.raises(UnsupportedError) as caught:
        jitted("x", "np.exp(x[::-2])")(x)
    assert caught.value.what == "a slice whose alignment is not known is read backwards"
    assert caught.value.instead == "pass x.copy()"


@pytest.mark.parametrize("body", ["x + 1", "y * x", "np.sum(x), x[::2], x", "np.where(x > y, x, y)", "x.astype('q')"])
def test_long_long_is_taken_for_int64(body: str) -> None:
    """Results have the dtype that NumPy calls by the same name."""
    function = jitted("x, y", body)
    for character in "lqLQ":
        x, y = np.arange(7).astype(character), np.arange(7)[::-1].astype(character)
        for args in ((x, y), (x, y[0]), (x, y.astype("i4"))):
            expected, found = function.py_func(*args), function(*args)
            pairs = zip(expected, found, strict=True) if isinstance(expected, tuple) else [(expected, found)]
            for wanted, one in pairs:
                assert one.dtype == wanted.dtype and one.tobytes() == wanted.tobytes()
                assert type(one) is type(wanted) or isinstance(wanted, np.longlong | np.ulonglong)
    assert len(function.signatures) == 6, "C types of one size share their code"


def test_constants_of_type_long_long_are_int64() -> None:
    function = jitted("x", "x + np.longlong(3), np.ulonglong(x), np.zeros(3, np.longlong), x.sum(dtype='q')")
    for wanted, found in zip(function.py_func(np.arange(5)), function(np.arange(5)), strict=True):
        assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes()
