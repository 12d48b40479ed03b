"""How functions are called and what they can see: arguments, defaults, closures, globals, helpers, tuples."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import assert_identical, assert_matches_numpy
from eqsat.testing.random_programs import define
from tests.end_to_end import settings_module
from tests.end_to_end.limits import check
from tests.end_to_end.settings_module import split, stretch

X, Y = np.arange(1.0, 7.0), np.linspace(0.5, 2.0, 6)
FACTOR = 3.0
TABLE = np.arange(6.0) * 0.1
PAIR = (2.0, 5)


@jit
def with_defaults(x, y=2.0, *, z=None):
    if z is None:
        return x * y
    return x * y + z


def test_arguments_go_by_position_keyword_or_default() -> None:
    for args, kwargs in [
        ((X,), {}),
        ((X, Y), {}),
        ((X,), {"y": Y}),
        ((), {"y": Y, "x": X}),
        ((X,), {"z": 1}),
        ((X, 3), {"z": Y}),
    ]:
        assert_matches_numpy(with_defaults, *args, **kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((X, X, X), {}), ((X,), {"w": 1}), ((X,), {"x": X}), ((X, X, X, X), {}), ((), {"y": 1})],
)
def test_wrong_arguments_raise_pythons_own_error(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert_matches_numpy(with_defaults, X)
    assert_matches_numpy(with_defaults, *args, **kwargs)


def test_a_rebound_default_is_noticed() -> None:
    @jit
    def scaled(x, by=2.0):
        return x * by

    assert_matches_numpy(scaled, X)
    scaled.py_func.__defaults__ = (5.0,)
    assert_matches_numpy(scaled, X)


def test_an_array_as_default() -> None:
    @jit
    def weighted(x, weights=TABLE):
        return (x * weights).sum()

    assert_matches_numpy(weighted, X)


@jit
def scaled_by_global(x):
    return x * FACTOR + TABLE


def test_a_rebound_global_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (3.0, 4, np.float32(0.1), True, Y, np.arange(6)):
        monkeypatch.setitem(globals(), "FACTOR", value)
        assert_matches_numpy(scaled_by_global, X)


def test_a_global_array_changed_in_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.zeros(6)
    monkeypatch.setitem(globals(), "TABLE", table)
    assert_matches_numpy(scaled_by_global, X)
    table += 7
    assert_matches_numpy(scaled_by_global, X)


def test_a_global_replaced_by_an_array_of_another_type_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (np.zeros(6), np.zeros(6, "f4"), np.zeros((2, 6)), np.arange(12.0)[::2]):
        monkeypatch.setitem(globals(), "TABLE", table)
        assert_matches_numpy(scaled_by_global, X)


def test_a_deleted_global_is_a_name_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_matches_numpy(scaled_by_global, X)
    monkeypatch.delitem(globals(), "FACTOR")
    with pytest.raises(NameError, match="FACTOR"):
        scaled_by_global(X)


def test_a_rebound_closure_is_noticed() -> None:
    by = 2.0

    @jit
    def scaled(x):
        return x * by

    assert_matches_numpy(scaled, X)
    for by in (3, 0.5, Y):
        assert_matches_numpy(scaled, X)


def test_attributes_of_modules_are_constants_that_may_be_rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    @jit
    def scaled(x):
        return settings_module.SCALE * x + settings_module.stretch(x) * math.pi + np.pi

    assert_matches_numpy(scaled, X)
    monkeypatch.setattr(settings_module, "SCALE", 11)
    assert_matches_numpy(scaled, X)


def test_a_helper_is_called_with_keywords_and_defaults() -> None:
    @jit
    def several(x, y):
        first, rest = split(stretch(x, shift=y[0]))
        return stretch(first, 2, shift=1) + stretch(rest, by=y[1:])

    assert_matches_numpy(several, X, Y)


def test_a_helper_that_is_reloaded_in_place_is_noticed() -> None:
    text = "import numpy as np\n\n\ndef helper(x, y=2.0, *, z=1.0):\n    return x * y + z\n\n\n"
    program = define(f"{text}def program(x):\n    return helper(x)\n", "program")
    helper, function = program.__globals__["helper"], jit(program)
    other = define("def other(x, y=2.0, *, z=1.0):\n    return x - y - z\n", "other")
    assert_matches_numpy(function, X)
    for part, value in {
        "__defaults__": (np.arange(6.0),),
        "__kwdefaults__": {"z": np.float32(7)},
        "__code__": other.__code__,
    }.items():
        setattr(helper, part, value)
        assert_matches_numpy(function, X)
    helper.__kwdefaults__["z"] = 8
    assert_matches_numpy(function, X)
    helper.__defaults__ = None
    assert_matches_numpy(function, X)  # a TypeError


def test_a_rebound_helper_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    @jit
    def doubled(x):
        return stretch(x) * 2

    assert_matches_numpy(doubled, X)
    monkeypatch.setitem(globals(), "stretch", lambda x: x - 1)
    assert_matches_numpy(doubled, X)


def test_another_jitted_function_is_a_helper() -> None:
    @jit
    def outer(x, y):
        return with_defaults(x, z=y) - with_defaults(x)

    assert_matches_numpy(outer, X, Y)


def test_inner_functions_and_lambdas() -> None:
    @jit
    def outer(x, y):
        def inner(z):
            return z * y + 1

        square = lambda z: z * z  # noqa: E731
        return inner(x) + square(inner(y))

    assert_matches_numpy(outer, X, Y)


def test_a_jitted_lambda() -> None:
    assert_matches_numpy(jit(lambda x, y: x * y - 1), X, Y)


def test_names_are_rebound_and_unpacked() -> None:
    @jit
    def swap(x, y):
        a = b = x + 1
        a, (b, c) = y, (a, b * 2)
        a: Any = a + b
        k = 2
        k += 1
        a = a * k - c
        x, y = y, x
        return a, (x, y), b

    assert_matches_numpy(swap, X, 2.0 * Y)
    assert_matches_numpy(swap, 3, 4.5)


def test_in_place_operators_on_arrays_of_ones_own() -> None:
    @jit
    def accumulate(x, y):
        total = x * 2
        total += y
        total *= total
        total -= 1.5
        return total, x

    assert_matches_numpy(accumulate, X, Y)
    assert_matches_numpy(accumulate, X.astype("f4"), Y.astype("f4"))
    assert_matches_numpy(accumulate, X.astype("i4"), Y)  # NumPy refuses to put floats into integers


def test_a_condition_on_values_may_guard_a_raise() -> None:
    @jit
    def checked(x, limit):
        if limit < 0:
            raise ValueError("negative limit")
        return np.minimum(x, limit)

    for limit in (3.0, -1.0, 2, -2):
        assert_matches_numpy(checked, X, limit)


def test_tuples_come_out_as_tuples() -> None:
    @jit
    def several(x, y):
        pair = x + y, x - y
        return pair, pair[1], (), (None, 3, "text", PAIR[0] * x), x.sum(), 2.0

    assert_matches_numpy(several, X, Y)


def test_arguments_come_back_as_the_same_objects() -> None:
    @jit
    def same(x, y, z):
        return x, y, x, z

    assert_matches_numpy(same, X, Y, 3)
    result = same(X, Y, None)
    assert result[0] is X
    assert result[2] is X


def test_results_own_their_memory_and_do_not_share_it() -> None:
    @jit
    def twice(x):
        y = x * 2
        return y, y, x * 2

    assert_matches_numpy(twice, X)
    first, second, third = twice(X)
    assert first.flags.owndata
    assert first is second
    assert third is not first or not np.shares_memory(third, first)


def test_none_and_missing_return() -> None:
    @jit
    def nothing(x):
        y = x + 1  # noqa: F841

    assert_matches_numpy(nothing, X)


def test_known_conditions_choose_a_branch() -> None:
    @jit
    def by_rank(x, weights=None):
        if x.ndim == 2:
            x = x.sum(axis=0)
        elif weights is None:
            weights = 1.5
        return x * (2.0 if weights is None else weights)

    for args in [(X,), (X, 3.0), (X, Y), (X.reshape(2, 3),), (X.reshape(2, 3), 2)]:
        assert_matches_numpy(by_rank, *args)


def test_methods_are_functions_with_self_left_to_python() -> None:
    class Model:
        @staticmethod
        @jit
        def apply(x, y):
            return x * y

    assert_matches_numpy(Model.apply, X, Y)


def test_works_under_map_partial_and_star() -> None:
    function = jit(lambda x, y: x * y + 1)
    expected = function.py_func(X, Y)
    assert_identical(next(map(function, [X], [Y])), expected)
    assert_identical(functools.partial(function, X)(Y), expected)
    assert_identical(functools.partial(function, y=Y)(x=X), expected)
    assert_identical(function(*(X, Y)), expected)


def test_the_wrapped_function_keeps_its_name_and_docstring() -> None:
    def documented(x):
        """Twice x."""
        return 2 * x

    function = jit(documented)
    assert (function.__name__, function.__doc__) == ("documented", "Twice x.")
    assert function.py_func is documented
    assert jit(function) is function


def test_jit_with_empty_parentheses() -> None:
    @jit()
    def increment(x):
        return x + 1

    assert_matches_numpy(increment, X)


SCALARS = [True, 0, -3, 2**40, 2.5, -0.0, math.nan, 1 + 2j, np.bool_(True), np.int8(-7), np.uint64(2**63)]
SCALARS += [np.float16(0.1), np.float32(0.1), np.float64(0.1), np.complex64(1j), np.int64(-5), np.uint8(200)]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
def test_every_kind_of_scalar_is_an_argument_and_a_result(scalar: object) -> None:
    function = jit(lambda x, s: (x * s, s, x - s, np.where(x > 2, x, s)))
    for array in (X, X.astype("f4"), X.astype("c8"), X.astype("u1") > 2):
        check(function, array, scalar)
    check(jit(lambda s: (s + s, s == s, -s, s)), scalar)


def test_zero_dimensional_arrays_become_scalars_as_in_numpy() -> None:
    function = jit(lambda x, y: (x + y, np.where(x > 0, x, y), x, -x, x.sum(), x.astype("f4")))
    for x in (np.array(2.0), np.float64(2), 2.0, np.ones(1), np.ones((1, 1))):
        for y in (np.array(3, "i2"), 3, np.ones(2)):
            if type(x) is not float:
                assert_matches_numpy(function, x, y)


def test_integers_of_python_are_exact_or_left_to_python() -> None:
    function = jit(lambda n, m: (n * m, n + m, n - m))
    for n, m in [(3, 4), (2**62, 1), (2**62, 2), (2**62, 2**62), (-(2**63), -1), (2**40, 2**40)]:
        assert_matches_numpy(function, n, m)


@pytest.mark.parametrize("body", ["n // m", "n % m", "n / m"])
def test_division_of_python_numbers_raises_as_python_does(body: str) -> None:
    function = jit({"n // m": lambda n, m: n // m, "n % m": lambda n, m: n % m, "n / m": lambda n, m: n / m}[body])
    for n, m in [(7, 2), (-7, 2), (7, -2), (7, 0), (7.5, 2), (-7.5, 2.0), (7.5, 0.0), (0, 0), (7, 0.0)]:
        assert_matches_numpy(function, n, m)
