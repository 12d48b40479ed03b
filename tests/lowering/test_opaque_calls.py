"""Calls of opaque functions as kernels of programs: by address and by callback, over views, of numbers, failing."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from eqsat.ir.dims import Dim
from eqsat.ir.opaque import KINDS, Kind, Opaque
from eqsat.ir.program import Call, Load, Program, Term
from eqsat.ir.routine import Segment
from eqsat.ir.view import View, transpose
from lowering.callbacks import address_of_callback
from lowering.frame import Status
from tests.lowering.kernel_building import Build, ufunc
from tests.lowering.routine_building import Routines, node
from tests.lowering.routine_running import RoutineRunner

FLOAT, VECTOR, MATRIX = KINDS["Float"], KINDS["Vector"], KINDS["Matrix"]
X = np.random.default_rng(11).standard_normal((5, 5))
HYPOT = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double)(
    ctypes.cast(ctypes.CDLL(ctypes.util.find_library("m")).hypot, ctypes.c_void_p).value or 0
)
BY_ADDRESS = Opaque(HYPOT, "hypot", (FLOAT, FLOAT), FLOAT, address=ctypes.cast(HYPOT, ctypes.c_void_p).value)
BY_CALLBACK = Opaque(HYPOT, "hypot", (FLOAT, FLOAT), FLOAT)


def opaque_call(function: Opaque, args: Sequence[Term], shapes: Sequence[Sequence[Dim]]) -> Call:
    return Call("opaque", function, tuple(args), tuple(map(tuple, shapes)), function.result.dtype)


def routine_of(program: Program, args: Sequence[Any]) -> RoutineRunner:
    """A routine that does what a program says, with its own arguments."""
    build = Routines(*args)
    outputs = tuple(node("made", [], result.type) for result in program.region.result_nodes())
    build.top.steps.append(Segment(program, tuple(build.nodes), outputs))
    return RoutineRunner(build.routine(*outputs))


def expected(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    left, right = np.broadcast_arrays(left, right)
    return np.array([HYPOT(*pair) for pair in zip(left.flat, right.flat, strict=True)]).reshape(left.shape)


@pytest.mark.parametrize("function", [BY_ADDRESS, BY_CALLBACK])
def test_elements_of_views_and_numbers(function: Opaque) -> None:
    v = X[2].copy()
    build = Build(X, v, 1.5)
    shape = build.shape(0)
    turned = build.load(0, transpose((1, 0)))
    total = build.kernel(ufunc("add", build.arg(2), build.arg(2)), (), role="temp")
    build.kernel(opaque_call(function, [build.load(0), turned], [shape, shape]), shape)
    build.kernel(opaque_call(function, [turned, Load(total, View((), 0))], [shape, ()]), shape, (1, 0))
    build.kernel(opaque_call(function, [build.arg(2), Load(total, View((), 0))], [(), ()]), ())
    program = build.program()
    first, second, third = routine_of(program, (X, v, 1.5))(X, v, 1.5)
    assert first.tobytes() == expected(X, X.T).tobytes()
    assert np.ascontiguousarray(second).tobytes() == expected(X.T, np.array(3.0)).tobytes()
    assert third[0] == HYPOT(1.5, 3.0)


def test_whole_arrays_are_passed_on() -> None:
    seen: list[np.ndarray] = []

    def swapped(x: np.ndarray, factor: float) -> np.ndarray:
        seen.append(x)
        return np.asfortranarray(x.T * factor)

    function = Opaque(swapped, "swapped", (MATRIX, FLOAT), MATRIX, shape=lambda x, _: x[::-1])
    build = Build(X[:3], 2.0)
    shape = build.shape(0)
    made = build.kernel(opaque_call(function, [build.load(0), build.arg(1)], [shape, ()]), shape[::-1], role="temp")
    build.kernel(ufunc("negative", Load(made, transpose((1, 0)))), shape)
    (found,) = routine_of(build.program(), (X[:3], 2.0))(X[:3], 2.0)
    assert found.tobytes() == (-(X[:3] * 2.0)).tobytes()
    assert [(x.shape, x.flags.c_contiguous, x.flags.writeable) for x in seen] == [((3, 5), True, False)]
    assert not np.shares_memory(seen[0], X)


@pytest.mark.parametrize("wrong", [lambda x: x[:-1], lambda x: x * 1j, lambda x: None, lambda x: 1 / 0])
def test_failures_are_those_of_checks(wrong: Any) -> None:
    function = Opaque(wrong, "wrong", (VECTOR,), VECTOR)
    v = X[0].copy()
    build = Build(v)
    build.kernel(opaque_call(function, [build.load(0)], [build.shape(0)]), build.shape(0))
    runner = routine_of(build.program(), (v,))
    runner(v)
    assert runner.status == Status.CHECK_FAILED


def test_there_is_one_callback_for_each_function_and_ranks() -> None:
    function = Opaque(abs, "abs", (FLOAT,), FLOAT)
    assert address_of_callback(function, (1, 1)) == address_of_callback(function, (1, 1))
    assert address_of_callback(function, (1, 1)) != address_of_callback(function, (2, 2))
    assert address_of_callback(function, (1, 1)) != address_of_callback(Opaque(abs, "abs", (FLOAT,), FLOAT), (1, 1))


@pytest.mark.parametrize("char", "?bBhHiIlLefdFD")
def test_a_callback_reads_and_writes_numbers_of_every_dtype(char: str) -> None:
    dtype = np.dtype(char)
    function = Opaque(lambda x: x, "same", (Kind(dtype),), Kind(dtype))
    value = np.array([1 if dtype.kind in "bu" else -2.5 if dtype.kind in "fc" else -2]).astype(dtype)
    if dtype.kind == "c":
        value += dtype.type(3j)
    result = np.zeros(1, dtype)
    pointers = (ctypes.c_void_p * 2)(value.ctypes.data, result.ctypes.data)
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
    assert prototype(address_of_callback(function, (0, 0)))(pointers, None) == 1
    assert result.tobytes() == value.tobytes()
