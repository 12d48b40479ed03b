"""Opaque functions in loops, threads and each other; how long they live; how they are shown."""

from __future__ import annotations

import gc
import io
import threading
import weakref
from typing import Annotated, Any

import numpy as np
import pytest

import eqsat
from eqsat import Float, Int, Vector, jit
from eqsat.testing import assert_matches_numpy
from tests.end_to_end.opaque_functions import X, assert_native, convolve, is_odd, j0, sinc, summed, weighted


def test_calls_in_loops() -> None:
    for x in (X[0], X[0, ::-1], X[0, :0], X[:, 2]):
        assert_native(summed, x)

    @jit
    def iterated(x, h, turns):
        for _ in range(turns):
            x = convolve(x, h)
        return x

    for turns in range(4):
        assert_native(iterated, X[0], np.array([1.0, -1.0, 0.5]), turns)

    @jit
    def rows_written(x):
        for i in range(x.shape[0]):
            x[i] = weighted(i, x[i, ::-1])
        return x

    assert_native(rows_written, X.copy())
    assert_native(rows_written, X.T.copy())


def test_arguments_are_read_before_they_are_overwritten() -> None:
    @jit
    def f(x):
        y = weighted(2, x[::-1])
        x[:] = 0.0
        return y, sinc(x, 1.0)

    assert_native(f, X[0].copy())


def test_a_function_may_keep_what_it_is_given() -> None:
    kept: list[np.ndarray] = []
    total = eqsat.opaque(lambda x: (kept.append(x), float(x.sum()))[1], arguments=(Vector,), result=Float, name="total")

    @jit
    def f(x):
        return total(x * 2)

    f(X[0])
    f(X[0])
    for k in range(200):
        f(np.full(1000, float(k)))
    assert np.array_equal(kept[1], X[0] * 2)
    assert np.array_equal(kept[100], np.full(1000, 2.0 * kept[100][0] / 2))


def test_a_result_may_be_an_argument() -> None:
    same = eqsat.opaque(lambda x: x, arguments=(Vector,), result=Vector, name="same")

    @jit
    def f(x):
        y = same(x)
        y[0] = 7.0
        return x, y

    assert_native(f, X[0].copy())


@jit
def nested(n):
    return n + halve(n) if n > 1 else n


@eqsat.opaque
def halve(n: int) -> int:
    return int(nested(n // 2))


def test_a_jitted_function_within_an_opaque_one_within_it() -> None:
    for n in (0, 1, 2, 100):
        assert_native(nested, n)

    @jit
    def loops(x, depth):
        for i in range(x.shape[0]):
            x = x + inner(x, depth)[::-1] * i
        return x

    @eqsat.opaque
    def inner(x: Vector, depth: int) -> Vector:
        return loops(x, depth - 1) if depth else x

    assert_native(loops, X[0], 2)


def test_threads() -> None:
    x = np.linspace(0.0, 5.0, 200)
    wanted = summed.py_func(x)
    summed(x)
    results: list[Any] = []

    def work() -> None:
        for _ in range(20):
            results.append(summed(x))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    assert set(results) == {wanted}


def test_callbacks_live_as_long_as_code_that_calls_them() -> None:
    def made() -> tuple[Any, Any]:
        def plus(x: float) -> float:
            return x + 1.0

        called = eqsat.opaque(plus)

        @jit
        def f(x):
            return called(x) * 2

        return f, weakref.ref(plus)

    functions = [made() for _ in range(5)]
    for f, _ in functions:
        f(1.0)
    gc.collect()
    for f, alive in functions:
        assert f(1.5) == 5.0
        assert np.array_equal(f(X), (X + 1.0) * 2)
        assert alive() is not None
    references = [alive for _, alive in functions]
    del f, functions
    gc.collect()
    assert all(alive() is None for alive in references)


rebound = eqsat.opaque(lambda x: x * 2.0, arguments=(Float,), result=Float, name="rebound")


def test_another_function_under_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    @jit
    def f(x):
        return rebound(x)

    assert f(1.0) == 2.0
    for factor in (3.0, 4.0):
        other = eqsat.opaque(lambda x, factor=factor: x * factor, arguments=(Float,), result=Float, name="rebound")
        monkeypatch.setitem(globals(), "rebound", other)
        gc.collect()
        assert f(1.0) == factor


def test_what_is_shown_of_a_call() -> None:
    assert str(weighted) == "weighted(int64, float64) -> float64"
    assert repr(j0) == "<opaque j0(float64) -> float64>"

    @jit
    def f(x):
        return j0(x) + 1

    f(0.5)
    (loops,) = f.inspect_loops().values()
    assert loops.splitlines()[0] == "v0 = j0(p0)"
    written = io.StringIO()
    f.inspect_types(written)
    assert "  v0 = opaque j0(float64) -> float64 (x) : np.float64" in written.getvalue()


def test_patterns_answer_for_themselves() -> None:
    class Recording:
        def __eqsat_call__(self, function: Any, args: tuple[Any, ...]) -> Any:
            return function.name, args

    mine = Recording()
    assert weighted(2, mine) == ("weighted", (2, mine))
    assert weighted(x=mine, n=1) == ("weighted", (1, mine))


def applied(function, x):
    return function(x) + 1


@eqsat.opaque
def bits(n: Int) -> Int:
    return n.bit_length()


def test_results_decide_and_are_sizes() -> None:
    @jit
    def steps(n):
        count = 0
        while is_odd(n):
            n = n // 2
            count += 1
        return count, n

    for n in (0, 1, 5, 63):
        assert_native(steps, n)

    @jit
    def sized(n):
        x = np.ones(bits(n))
        return weighted(2, x) if is_odd(n) else x, tuple([bits(k) for k in (1, 2, 3)])

    for n in (1, 8, 9):
        assert_matches_numpy(sized, n)


def test_functions_are_values() -> None:
    @jit
    def f(x, which):
        function = (j0, sinc_of_two)[which]
        return applied(function, x), applied(j0, x)

    def sinc_of_two(x):
        return sinc(x, 2.0)

    for which in (0, 1):
        assert_native(f, X, which)


def test_a_jitted_function_made_opaque() -> None:
    @jit
    def doubled(x: Vector) -> Vector:
        return x * 2

    called = eqsat.opaque(doubled)

    @jit
    def f(x):
        return called(x)[::-1] + 1

    assert str(called) == "doubled(float64[:]) -> float64[:]"
    assert_native(f, X[0])
    assert_native(f, np.arange(3))


def test_shapes_are_formulas() -> None:
    made = eqsat.opaque(
        lambda x, n: np.full((1 + len(x), 3 * len(x), 10 - len(x)), n),
        arguments=(Vector, Int),
        result=Annotated[np.ndarray, Int, 3],
        name="made",
        shape=lambda x, n: (1 + x[0], 3 * x[0], 10 - x[0]),
    )

    @jit
    def f(x, n):
        return made(x, n) * 2

    for count in (0, 1, 4, 9):
        assert_native(f, np.zeros(count), 7)
    assert_matches_numpy(f, np.zeros(11), 7)  # a negative length

    @jit
    def of_part(x, n):
        return made(x[:n], n)[0]

    for count in (1, 3):
        assert_native(of_part, np.zeros(5), count)
