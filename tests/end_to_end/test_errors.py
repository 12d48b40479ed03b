"""Bad input: NumPy's own error where NumPy raises, else one of ours that says what to do, in six lines at most."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import eqsat
from eqsat import jit
from eqsat.testing import assert_matches_numpy
from tests.end_to_end.inline import jitted

X = np.arange(6.0)

NUMPYS_OWN = [
    ("x - x", (X > 2,)),
    ("-x", (X > 2,)),
    ("np.sum(x, axis=3)", (X,)),
    ("np.sum(x, axis=(0, 0))", (X,)),
    ("np.max(x)", (X[:0],)),
    ("x.min(axis=0)", (X[:0],)),
    ("x % 2", (X + 1j,)),
    ("x & 1", (X,)),
    ("x << 1", (X,)),
    ("x < y", (X, X[:4])),
    ("np.where(x > 0, x, y)", (X, X[:4])),
    ("x + 300", (np.arange(3, dtype="u1"),)),
    ("x + (-1)", (np.arange(3, dtype="u1"),)),
    ("x.T(1)", (X,)),
    ("x.nonsense", (X,)),
    ("x[0, 0]", (X,)),
    ("x['name']", (X,)),
    ("x[1.5]", (X,)),
    ("x[::0]", (X,)),
    ("np.sqrt(x, x, x)", (X,)),
    ("np.add(x)", (X,)),
    ("np.sum(x, axes=0)", (X,)),
    ("x.astype('nonsense')", (X,)),
    ("x.transpose(0, 0)", (X.reshape(2, 3),)),
    ("np.invert(x)", (X,)),
    ("1 / n", (0,)),
    ("x if x > 2 else 1", (X,)),
    ("x > 0 and x < 1", (X,)),
    ("not x", (X,)),
    ("1 < x < 3", (X,)),
    ("undefined_local\nundefined_local = x", (X,)),
    ("float(x)", (X,)),
    ("len(x)", (3.5,)),
    ("x ** -1", (np.arange(1, 4),)),
]


@pytest.mark.parametrize(("body", "args"), NUMPYS_OWN, ids=[body for body, _ in NUMPYS_OWN])
def test_what_numpy_refuses_raises_numpys_error(body: str, args: tuple[Any, ...]) -> None:
    parameters = {1: "n" if body == "1 / n" else "x", 2: "x, y"}[len(args)]
    assert_matches_numpy(jitted(parameters, body), *args)


def test_writing_into_a_read_only_array_raises_numpys_error() -> None:
    frozen = X.copy()
    frozen.flags.writeable = False
    assert_matches_numpy(jitted("x", "x[0] = 1\nreturn x"), frozen)
    assert_matches_numpy(jitted("x", "x += 1\nreturn x"), frozen)


UNSUPPORTED = [
    "try:\n    y = x\nexcept ValueError:\n    y = x\nreturn y",
    "with np.errstate():\n    return x",
    "print(x)\nreturn x",
    "return f'{x}'",
    "return [y for y in x]",
    "import os\nreturn x",
    "global X\nX = x\nreturn x",
    "return np.linalg.svd(x)",
    "return np.sort(x)",
    "return x.imag",
    "return np.fft.fft(x)",
    "return np.sum(x, where=x > 0)",
    "return {'a': x}",
    "for key in {1: 2}:\n    x = x + key\nreturn x",
    "parts = []\nparts.append(x)\nreturn x",
    "y = x if x[0] > 0 else 1.0\nreturn y",
    "class A:\n    pass\nreturn x",
    "return open('file')",
    "yield x",
]


@pytest.mark.parametrize("body", UNSUPPORTED)
def test_what_is_not_supported_is_refused_with_the_line_and_a_remedy(body: str) -> None:
    function = jitted("x", body if "\n" in body else body + "\n")
    with pytest.raises(eqsat.UnsupportedError) as caught:
        function(X.copy())
    check_report(str(caught.value))
    assert "instead:" in str(caught.value)


def check_report(text: str) -> None:
    lines = text.splitlines()
    assert len(lines) <= 6, text
    assert any(set(line.strip()) == {"^"} for line in lines), text
    caret = next(number for number, line in enumerate(lines) if set(line.strip()) == {"^"})
    assert lines[caret - 1].strip(), text
    assert ".py:" in text, text


def test_an_unknown_name_is_a_name_error_with_the_line() -> None:
    with pytest.raises(eqsat.UndefinedNameError) as caught:
        jitted("x", "x + undefined_name")(X)
    assert isinstance(caught.value, NameError)
    check_report(str(caught.value))


def test_an_unknown_function_of_numpy_is_an_attribute_error_with_the_line() -> None:
    with pytest.raises(eqsat.UnknownAttributeError) as caught:
        jitted("x", "np.squareroot(x)")(X)
    assert isinstance(caught.value, AttributeError)
    check_report(str(caught.value))


class Subclass(np.ndarray):
    pass


REFUSED: dict[str, Any] = {
    "object array": np.array([1, "a"], object),
    "ragged": np.array([[1, 2], [3]], object),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "subclass": X.view(Subclass),
    "strings": np.array(["a"]),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "records": np.zeros(2, [("a", "f8")]),
    "long double": np.zeros(2, "g") if np.dtype("g").itemsize > 8 else np.array([None]),
    "other byte order": X.astype(">f8"),
    "list": [1.0, 2.0],
    "dict": {},
    "string": "text",
}


@pytest.mark.parametrize("argument", REFUSED.values(), ids=REFUSED)
def test_an_argument_of_no_supported_type_is_refused_with_a_remedy(argument: Any) -> None:
    function = jitted("x", "x + 1")
    with pytest.raises(eqsat.TypingError) as caught:
        function(argument)
    assert isinstance(caught.value, TypeError)
    assert "x" in str(caught.value)
    assert "instead:" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 6


def test_a_refused_argument_does_not_spoil_later_calls() -> None:
    function = jitted("x, y", "x * y + 2")
    for argument in ([1.0], X[:4], X):
        try:
            function(X, argument)
        except (TypeError, ValueError):
            continue
    assert_matches_numpy(function, X, X)


def test_a_function_without_source_is_a_source_error() -> None:
    namespace: dict[str, Any] = {}
    exec("def made(x):\n    return x + 1", namespace)
    with pytest.raises(eqsat.SourceError) as caught:
        jit(namespace["made"])(X)
    assert "made" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 6


@pytest.mark.parametrize("wrong", [3, "text", np.sin, int, len])
def test_jit_takes_functions_only(wrong: Any) -> None:
    with pytest.raises(TypeError, match="jit expects a Python function"):
        jit(wrong)


def test_starred_parameters_are_refused() -> None:
    with pytest.raises(eqsat.UnsupportedError, match="starred"):
        jitted("*xs", "xs[0]")(X)


def test_recursion_is_refused() -> None:
    @jit
    def forever(x):
        return forever(x + 1)

    with pytest.raises(eqsat.UnsupportedError, match="forever"):
        forever(X)


def test_a_raise_statement_is_pythons() -> None:
    assert_matches_numpy(jitted("x", "raise ValueError('no')\n"), X)


@pytest.mark.parametrize("mode", ["warn", "raise", "ignore"])
@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("1 / x", [1.0, 0.0]),
        ("np.log(x)", [1.0, 0.0]),
        ("np.log(x)", [1.0, -1.0]),
        ("np.sqrt(x)", [-1.0]),
        ("np.exp(x) + 1", [1000.0]),
        ("x * x", [1e200]),
        ("x - x", [np.inf]),
        ("np.sum(x * 1e308)", [10.0, 10.0]),
        ("x.astype('i4') + 1", [np.nan]),
        ("np.log(x) + 1 / x", [0.0]),
        ("x * 1e-300 * 1e-300", [1e-10]),
        ("np.where(x > 0, 1 / x, 0)", [0.0, 1.0]),
    ],
)
def test_floating_point_warnings_follow_errstate(mode: str, body: str, values: list[float]) -> None:
    function = jitted("x", body)
    with np.errstate(all=mode):  # type: ignore[call-overload]
        assert_matches_numpy(function, np.array(values))
        assert_matches_numpy(function, np.array(values * 500))
        assert_matches_numpy(function, np.array([1.0, 2.0]))


def test_errstate_can_call_a_function() -> None:
    calls: list[str] = []
    function = jitted("x", "1 / x")
    function(np.ones(2))
    with np.errstate(divide="call", call=lambda kind, flag: calls.append(kind)):
        function(np.zeros(2))
    assert calls == ["divide by zero"]


def test_flags_of_earlier_work_do_not_warn() -> None:
    function = jitted("x", "x + 1")
    function(np.ones(3))
    with np.errstate(all="ignore"):
        np.ones(3) / np.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function(np.ones(3))


def test_integer_division_by_zero_warns_as_numpy_does() -> None:
    for body in ("x // y", "x % y"):
        assert_matches_numpy(jitted("x, y", body), np.arange(-3, 4), np.array([0, 1, 2, 0, -1, -2, 0]))


def test_scalar_overflow_warns_as_numpy_does() -> None:
    assert_matches_numpy(jitted("x, y", "x + y"), np.int8(100), np.int8(100))
    assert_matches_numpy(jitted("x, y", "x * y"), np.int64(2**62), np.int64(4))
