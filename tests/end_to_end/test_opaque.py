"""Opaque functions: what a jitted function computes with them is what Python computes, to the bit."""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import io
import math
import threading
import weakref
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqsat
from eqsat import Float, Int, Matrix, Vector, jit
from eqsat.errors import UnsupportedError
from eqsat.testing import assert_matches_numpy
from eqsat.testing.checking import Watched

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
X = np.random.default_rng(3).standard_normal((4, 6))


def assert_native(function: Any, *args: Any) -> None:
    """The compiled function does what Python does, without Python's help."""
    assert_matches_numpy(function, *args)
    watched = Watched(function, function.py_func)
    watched(*args)
    assert watched.native


@eqsat.opaque(cost=200)
def weighted(n: Int, x: Float) -> Float:
    assert type(n) is int and type(x) is float
    return math.sin(n) * x


@eqsat.opaque
def is_odd(n: int) -> bool:
    return n % 2 == 1


@eqsat.opaque
def turned(z: complex, angle: float) -> complex:
    return z * complex(math.cos(angle), math.sin(angle))


@eqsat.opaque
def halved(x: np.float32, y: np.float16) -> np.float32:
    return x / 2 + y


@eqsat.opaque(cost=lambda x, h: 2.0 * x[0] * h[0], shape=lambda x, h: (x[0] + h[0] - 1,))
def convolve(x: Vector, h: Vector) -> Vector:
    return np.convolve(x, h)


@eqsat.opaque
def sorted_rows(x: Matrix) -> Matrix:
    assert x.flags.c_contiguous and not x.flags.writeable
    return np.sort(x, axis=1)


@eqsat.opaque
def norm(x: Vector, order: Float) -> Float:
    return np.linalg.norm(x, order)


@eqsat.opaque(shape=lambda x: (2, 1 + x[0] // 2))
def split(x: Annotated[np.ndarray, np.int32, 1]) -> Annotated[np.ndarray, np.int32, 2]:
    return np.vstack([x, x])[:, : 1 + len(x) // 2] if len(x) > 1 else np.zeros((2, 1 + len(x) // 2), np.int32)


@eqsat.opaque(vectorized=True)
def sinc(x: Float, scale: Float) -> Float:
    return np.sinc(x) * scale


j0 = eqsat.opaque(LIBM.j0, arguments=(Float,), result=Float, name="j0", cost=30)
jn = eqsat.opaque(LIBM.jn, arguments=(np.int32, Float), result=Float, name="jn")
power = eqsat.opaque(LIBM.powf, arguments=(np.float32, np.float32), result=np.float32, name="powf")
exponent = eqsat.opaque(LIBM.ilogb, arguments=(Float,), result=np.int32, name="ilogb")


@jit
def of_numbers(n, x):
    return weighted(n, x)


@jit
def bessel(x):
    return j0(x) + 1


@jit
def bessel_of_order(n, x):
    return jn(n, x) * 2


@jit
def by_name(x):
    return weighted(x=x, n=2), weighted(3, x=x)


@jit
def convolved(x, h):
    return convolve(x, h)[1:] * 2


@jit
def rows(x):
    return sorted_rows(x) + x


@jit
def norms(x, order):
    return norm(x, order)


@jit
def smooth(x, scale):
    return sinc(x, scale)


@jit
def summed(x):
    total = 0.0
    for i in range(x.shape[0]):
        if is_odd(i):
            total += weighted(i, x[i])
        else:
            total -= j0(x[i])
    return total


ARRAYS: dict[str, Any] = {
    "vector": X[0],
    "matrix": X,
    "columns": X[:, ::2],
    "backwards": X[::-1, ::-3],
    "transposed": X.T,
    "fortran": np.asfortranarray(X),
    "one": X[:1, :1],
    "empty": X[:0],
    "no axes": np.array(0.75),
    "repeated": np.broadcast_to(X[0], (3, 6)),
    "three axes": X.reshape(2, 2, 6).transpose(1, 2, 0),
    "float32": X.astype(np.float32),
    "integers": np.arange(7),
    "bools": np.array([True, False]),
    "specials": np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308]),
    "ragged": np.zeros(5, [("a", "i1"), ("b", "f8")])["b"],
    "number": 0.5,
    "integer": 3,
    "NumPy number": np.float32(1.5),
    "bool": True,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_c_functions_over_anything(name: str) -> None:
    assert_native(bessel, ARRAYS[name])


@pytest.mark.parametrize("name", ARRAYS)
def test_python_functions_over_anything(name: str) -> None:
    assert_native(of_numbers, 2, ARRAYS[name])
    assert_native(of_numbers, np.int8(3), ARRAYS[name])
    assert_native(by_name, ARRAYS[name])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ARRAYS)
def test_vectorized_functions_over_anything(name: str) -> None:
    assert_native(smooth, ARRAYS[name], 2.0)
    assert_native(smooth, ARRAYS[name], np.array([3.0]))


BROADCAST = [
    (np.arange(4)[:, None], X),
    (np.arange(6), X.T[:, :1]),
    (np.arange(4), np.float64(0.5)),
    (np.arange(3)[:, None, None], X),
    (np.zeros((0, 1), np.int16), X[0]),
    (np.array(2), X),
    (np.array(2), np.array(0.5)),
    (np.asfortranarray(np.arange(24).reshape(4, 6)), X[:, :1]),
    (np.arange(24).reshape(6, 4).T, np.asfortranarray(X)),
]


@pytest.mark.parametrize("n, x", BROADCAST)
def test_operands_are_broadcast(n: Any, x: Any) -> None:
    assert_native(of_numbers, n, x)
    assert_native(bessel_of_order, n.astype(np.int32) if n.dtype != np.int16 else n, x)


@given(st.lists(st.integers(0, 5), max_size=3), st.permutations([0, 1, 2]), st.data())
def test_results_lie_as_those_of_a_ufunc(lengths: list[int], order: list[int], data: st.DataObject) -> None:
    axes = [axis for axis in order if axis < len(lengths)]
    x = np.arange(math.prod(lengths), dtype=float).reshape(lengths).transpose(axes)
    mine = data.draw(st.sampled_from([x, x[..., ::-1] if x.ndim else x, x * 1.0]))
    like = np.multiply(mine, x)
    for result in (weighted(1, mine), bessel(mine)):
        assert np.shape(result) == np.shape(like)
        assert type(result) is type(like)
        if isinstance(like, np.ndarray):
            assert result.strides == np.add(mine, 1).strides


def test_the_dtypes_of_parameters_and_results() -> None:
    @jit
    def f(z, angle, n, x, y):
        return turned(z, angle), is_odd(n), halved(x, y), power(x, y), exponent(angle)

    z = np.array([1 + 2j, complex(0.0, -0.0)])
    small = np.array([1.5, 3.0], np.float16)
    for args in (
        (z, 0.5, np.arange(2), small.astype(np.float32), small),
        (z.astype(np.complex64), X[0, :2], np.arange(2, dtype=np.uint8), small, small),
        (1j, 2.5, 7, 1.5, np.float16(2)),
        (2, 2, True, np.float64(0.1), 1),
    ):
        assert_native(f, *args)


@pytest.mark.parametrize("type_", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.bool])
def test_small_integers_of_c_keep_their_signs(type_: Any) -> None:
    c_type = np.ctypeslib.as_ctypes_type(type_)
    prototype = ctypes.CFUNCTYPE(c_type, c_type, ctypes.c_double)
    seen: list[Any] = []
    function = prototype(lambda n, x: (seen.append(n), n)[1])
    same = eqsat.opaque(function, arguments=(type_, Float), result=type_, name="same")

    @jit
    def f(n, x):
        return same(n, x)

    values = np.array([0, 1, 2, 3, 100], type_)
    values = values if type_ is np.bool else np.array([*values, np.iinfo(type_).min, np.iinfo(type_).max], type_)
    assert_native(f, values, 0.5)
    assert_native(f, values[-1], 0.5)
    assert seen[-1] == values[-1].item()


def test_functions_of_arrays() -> None:
    for x in (X[0], X[0, ::-2], X[:, 1], X[0, :1], np.arange(3), X[0].astype(np.float32)):
        assert_native(convolved, x, X[1])
        assert_native(norms, x, 3)
    for x in (X, X.T, X[:, ::-2], X[:1], np.asfortranarray(X), np.arange(6).reshape(2, 3)):
        assert_native(rows, x)

    @jit
    def f(x):
        return split(x)

    for count in (0, 1, 2, 5):
        assert_native(f, np.arange(count, dtype=np.int16))


def test_arguments_that_do_not_fit_raise_what_python_raises() -> None:
    for function, args in (
        (bessel, (1j,)),
        (bessel, (X.astype(complex),)),
        (of_numbers, (0.5, 1.0)),
        (of_numbers, (X, 1.0)),
        (of_numbers, (np.arange(3), X[0])),
        (convolved, (X, X[0])),
        (convolved, (X[0], 2.0)),
        (norms, (X[0], X[0])),
        (rows, (X[0],)),
    ):
        assert_matches_numpy(function, *args)
        with pytest.raises((TypeError, ValueError)):
            function(*args)
    with pytest.raises(TypeError, match="argument n of `weighted` is int64, which float64 is not converted to"):
        weighted(X, 1.0)
    with pytest.raises(TypeError, match=r"argument x of `sorted_rows` is float64\[:, :\], not float64\[:\]"):
        sorted_rows(X[0])
    with pytest.raises(TypeError, match=r"weighted\(\) takes 2 arguments but 1 were given"):
        weighted(1)
    with pytest.raises(TypeError, match=r"weighted\(\) got an unexpected keyword argument 'y'"):
        weighted(1, y=2)
    with pytest.raises(TypeError, match=r"weighted\(\) got multiple values for argument 'n'"):
        weighted(1, n=2)


def test_an_int_beyond_the_parameters_dtype_raises() -> None:
    @eqsat.opaque
    def small(n: np.uint8) -> np.uint8:
        return n

    @jit
    def f(n):
        return small(n)

    assert_matches_numpy(f, 255)
    assert_matches_numpy(f, 256)
    assert_matches_numpy(f, -1)
    with pytest.raises(OverflowError):
        f(300)


# Errors ---------------------------------------------------------------------------------------------------------


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
    assert_matches_numpy(written_then_failing, np.zeros(3), y)
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


# Where they stand -----------------------------------------------------------------------------------------------


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
        @staticmethod
        def __eqsat_call__(function: Any, args: tuple[Any, ...]) -> Any:
            return function.name, args

    mine = Recording()
    assert weighted(2, mine) == ("weighted", (2, mine))
    assert weighted(x=mine, n=1) == ("weighted", (1, mine))
