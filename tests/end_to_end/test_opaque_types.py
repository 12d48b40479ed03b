"""What is stated of an opaque function, and what is refused where it is written."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pytest

import eqsat
from eqsat import Bool, Complex, Float, Int, Matrix, RuleError, UnsupportedError, Vector
from eqsat.ir.opaque import Kind, Opaque

if TYPE_CHECKING:
    import eqsat as elsewhere

F8, I8 = np.dtype(np.float64), np.dtype(np.int64)
LIBM = ctypes.CDLL(ctypes.util.find_library("m"))


def anything(*args: Any) -> Any:
    return args[0]


KINDS: list[tuple[Any, Kind]] = [
    (Float, Kind(F8)),
    (float, Kind(F8)),
    (np.float64, Kind(F8)),
    (Int, Kind(I8)),
    (int, Kind(I8)),
    (np.longlong, Kind(I8)),
    (Bool, Kind(np.dtype(bool))),
    (bool, Kind(np.dtype(bool))),
    (np.bool_, Kind(np.dtype(bool))),
    (Complex, Kind(np.dtype(complex))),
    (complex, Kind(np.dtype(complex))),
    (np.float32, Kind(np.dtype(np.float32))),
    (np.dtype("u2"), Kind(np.dtype(np.uint16))),
    (Vector, Kind(F8, 1)),
    (Matrix, Kind(F8, 2)),
    ("Vector", Kind(F8, 1)),
    ("eqsat.Int", Kind(I8)),
    (eqsat.IntVector, Kind(I8, 1)),
    (Annotated[np.ndarray, np.float32, 2], Kind(np.dtype(np.float32), 2)),
    (Annotated[np.ndarray, Complex, 3], Kind(np.dtype(complex), 3)),
    (Kind(np.dtype(np.int8), 1), Kind(np.dtype(np.int8), 1)),
]


@pytest.mark.parametrize("stated, kind", KINDS, ids=lambda value: str(value))
def test_what_types_stand_for(stated: Any, kind: Kind) -> None:
    made = eqsat.opaque(anything, arguments=(stated, stated), result=float, name="f") if not kind.ndim else None
    if made is not None:
        assert made.parameters == (kind, kind)
        assert made.elementwise
    made = eqsat.opaque(anything, arguments=(stated,), result=stated, name="f")
    assert (made.parameters, made.result) == ((kind,), kind)


def test_annotations_are_read_where_they_are_texts() -> None:
    local = np.int16

    @eqsat.opaque
    def f(a: elsewhere.Float, b: Annotated[np.ndarray, local, 1], c: eqsat.Matrix, d: "Int") -> np.uint8:  # noqa: UP037
        return local(b[0])

    assert isinstance(f, Opaque)
    assert str(f) == "f(float64, int16[:], float64[:, :], int64) -> uint8"
    assert f.names == ("a", "b", "c", "d")


def test_it_is_known_by_what_it_wraps() -> None:
    @eqsat.opaque(cost=3)
    def f(x: Float) -> Float:
        """The same."""
        return x

    assert f.__name__ == "f"
    assert f.__wrapped__.__doc__ == "The same."
    assert eqsat.opaque(f.__wrapped__, name="g").name == "g"
    assert f.key != eqsat.opaque(f.__wrapped__).key


def test_costs() -> None:
    by_element = eqsat.opaque(anything, arguments=(Float, Float), result=Float, cost=3)
    assert by_element.nanoseconds([(), ()]) == 3
    assert by_element.nanoseconds([(4, 1), (5,)]) == 60
    by_call = eqsat.opaque(anything, arguments=(Vector,), result=Float, cost=3)
    assert by_call.nanoseconds([(1000,)]) == 3
    by_shape = eqsat.opaque(anything, arguments=(Vector, Float), result=Float, cost=lambda x, y: 2 * x[0] + len(y))
    assert by_shape.nanoseconds([(1000,), ()]) == 2000


def no_annotation(x, y: Float) -> Float:
    return x


def no_result(x: Float):
    return x


def variadic(*x: Float) -> Float:
    return x[0]


def with_default(x: Float = 1.0) -> Float:
    return x


def of_text(x: str) -> Float:
    return float(x)


def of_nothing() -> Float:
    return 1.0


def any_number(x: eqsat.Number) -> Float:
    return x


def long(x: np.longdouble) -> Float:
    return float(x)


def growing(x: Float) -> Vector:
    return np.zeros(int(x))


def flattened(x: Matrix) -> Vector:
    return x.ravel()


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (no_annotation, {}, "`no_annotation` has no type for `x`\n  instead: x: Float; or arguments= and result="),
    (no_result, {}, "`no_result` has no type for its result\n  instead: annotate it: def no_result(...) -> Float"),
    (variadic, {}, "`variadic` has a parameter `*x: 'Float'`\n  instead: take each argument by position"),
    (with_default, {}, "`with_default` has a default for `x`\n  instead: leave it out"),
    (
        of_text,
        {},
        "`of_text` has type str for argument x, which means nothing here\n"
        "  instead: Float, Int, Bool, Complex, Vector, Matrix, np.float32, Annotated[np.ndarray, np.float32, 2], ...",
    ),
    (of_nothing, {}, "`of_nothing` takes no arguments\n  instead: bind its result to a name, which is a constant then"),
    (any_number, {}, "which means nothing here"),
    (long, {}, "for argument x\n  instead: use bool, integers, float16 to float64, complex64 or complex128"),
    (
        growing,
        {},
        "`growing` returns an array (float64[:]) whose shape is not known\n"
        "  instead: give shape=, a function of the shapes",
    ),
    (flattened, {}, "`flattened` returns an array (float64[:]) whose shape is not known"),
    (flattened, {"shape": (3,)}, "`flattened` has shape=(3,)\n  instead: give a function of the arguments' shapes"),
    (with_default, {"arguments": (Float,)}, "has arguments= without result=, or the reverse"),
    (max, {}, "`max` has no signature that can be read\n  instead: give arguments= and result="),
    (np.sin, {}, "`sin` has no type for `x`\n  instead: x: Float; or arguments= and result="),
    (
        anything,
        {"arguments": (Float,), "result": Float, "cost": -1},
        "`anything` has a cost of -1\n  instead: give nanoseconds, or a function of the arguments' shapes",
    ),
    (anything, {"arguments": (Float,), "result": Float, "cost": "much"}, "`anything` has a cost of 'much'"),
    (anything, {"arguments": (Float,), "result": Float, "cost": float("nan")}, "`anything` has a cost of nan"),
    (
        anything,
        {"arguments": (Float,), "result": Float, "shape": lambda x: ()},
        "`anything` has shape=, and returns a number\n  instead: leave it out",
    ),
    (
        anything,
        {"arguments": (Vector,), "result": Float, "vectorized": True},
        "`anything` has vectorized=True, and whole arrays in its type\n  instead: leave it out",
    ),
]


@pytest.mark.parametrize("function, options, text", REFUSED)
def test_what_is_refused_where_it_is_written(function: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(RuleError) as caught:
        eqsat.opaque(function, **options)
    assert str(caught.value).startswith("opaque function `")
    assert text in str(caught.value)


def test_what_is_not_callable_is_refused() -> None:
    with pytest.raises(TypeError, match="opaque expects a function, not float"):
        eqsat.opaque(3.5)  # type: ignore[call-overload]


# Functions of C -------------------------------------------------------------------------------------------------


def fresh(name: str) -> Any:
    """A function of the C library of which nobody has said anything."""
    return ctypes.CDLL(ctypes.util.find_library("m"))[name]


def test_c_functions_as_they_are_declared() -> None:
    undeclared = eqsat.opaque(fresh("cos"), arguments=(Float,), result=Float)
    assert undeclared.name == "cos"
    assert undeclared.address is not None
    assert undeclared(0.0) == 1.0
    declared = fresh("ldexp")
    declared.argtypes, declared.restype = [ctypes.c_double, ctypes.c_int], ctypes.c_double
    made = eqsat.opaque(declared, arguments=(Float, np.int32), result=Float)
    assert made.address is not None
    assert made(1.5, 3) == 12.0
    assert declared.argtypes == [ctypes.c_double, ctypes.c_int]


def test_c_functions_that_are_declared_otherwise_are_refused() -> None:
    function = fresh("ldexp")
    function.argtypes, function.restype = [ctypes.c_double, ctypes.c_int], ctypes.c_double
    with pytest.raises(TypeError) as caught:
        eqsat.opaque(function, arguments=(Float, Int), result=Float)
    assert str(caught.value) == (
        "`ldexp` takes c_double, c_int (argtypes), which is not what arguments= says: float64, int64"
    )
    with pytest.raises(TypeError, match=r"takes c_double, c_int \(argtypes\)"):
        eqsat.opaque(function, arguments=(Float,), result=Float)
    with pytest.raises(
        TypeError, match=r"`ldexp` returns c_double \(restype\), which is not what result= says: float32"
    ):
        eqsat.opaque(function, arguments=(Float, np.int32), result=np.float32)
    function = fresh("cos")
    function.restype = ctypes.c_float
    with pytest.raises(TypeError, match=r"returns c_float \(restype\)"):
        eqsat.opaque(function, arguments=(Float,), result=Float)


def test_what_c_has_no_numbers_for_is_refused() -> None:
    for stated in (Complex, Vector, np.float16):
        with pytest.raises(TypeError, match="only numbers that C has are passed to C directly"):
            eqsat.opaque(fresh("cos"), arguments=(stated,), result=Float)


def test_c_functions_that_are_called_through_python() -> None:
    function = fresh("cos")
    function.argtypes, function.restype = [ctypes.c_double], ctypes.c_double
    function.errcheck = lambda result, *_: result + 1.0
    called = eqsat.opaque(function, arguments=(Float,), result=Float)
    assert called.address is None
    assert called(0.0) == 2.0

    @eqsat.jit
    def f(x):
        return called(x)

    assert f(0.0) == 2.0
    assert np.array_equal(f(np.zeros(3)), np.full(3, 2.0))
    python = ctypes.pythonapi.PyFloat_GetMax
    with pytest.raises(TypeError, match="has no argtypes"):
        eqsat.opaque(python, arguments=(Float,), result=Float, name="PyFloat_GetMax")


def test_who_calls_what_cannot_be_compiled_hears_of_it() -> None:
    cosine = fresh("cos")
    cosine.argtypes, cosine.restype = [ctypes.c_double], ctypes.c_double

    @eqsat.jit
    def f(x):
        return cosine(x)

    with pytest.raises(UnsupportedError) as caught:
        f(1.0)
    assert "`cosine` is not supported yet" in str(caught.value)
    last = str(caught.value).splitlines()[-1]
    assert (
        last == "  instead: do it outside the jitted function and pass the result in, or state its type: eqsat.opaque"
    )
