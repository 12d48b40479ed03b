"""Library operations as kernels of programs: which memory they read and write, where they fail, how they are shown."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqsat.errors import InternalError
from eqsat.ir.dims import Dim, dim
from eqsat.ir.program import Load, Program, Window
from eqsat.ir.routine import Segment
from eqsat.ir.view import Along, View, identity, transpose
from eqsat.schedule.writes import restored
from lowering.frame import Status
from lowering.loops import show
from lowering.nests import nests_of
from tests.lowering.kernel_building import Build, call, fold, ufunc
from tests.lowering.kernel_running import Runner
from tests.lowering.routine_building import Routines, node
from tests.lowering.routine_running import RoutineRunner

RANDOM = np.random.default_rng(3)


def noise(*shape: int, dtype: str = "d") -> np.ndarray:
    values = RANDOM.standard_normal(shape)
    return (values + 1j * RANDOM.standard_normal(shape)).astype(dtype) if dtype in "FD" else values.astype(dtype)


def routine_of(program: Program, args: Sequence[Any]) -> RoutineRunner:
    """A routine that does what a program says, with its own arguments."""
    build = Routines(*args)
    outputs = tuple(node("made", [], result.type) for result in program.region.result_nodes())
    build.top.steps.append(Segment(program, tuple(build.nodes), outputs))
    return RoutineRunner(build.routine(*outputs))


def same(found: np.ndarray, wanted: Any) -> None:
    wanted = np.asarray(wanted)
    assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes(), (found, wanted)


Cut = Callable[[tuple[Dim, ...]], tuple[View, tuple[Dim, ...]]]


def whole(shape: tuple[Dim, ...]) -> tuple[View, tuple[Dim, ...]]:
    return identity(len(shape)), shape


def turned(shape: tuple[Dim, ...]) -> tuple[View, tuple[Dim, ...]]:
    return transpose((1, 0)), shape[::-1]


def backwards(shape: tuple[Dim, ...]) -> tuple[View, tuple[Dim, ...]]:
    return View((Along(0, shape[0] - 1, -1), Along(1)), 2), shape


def inner_part(shape: tuple[Dim, ...]) -> tuple[View, tuple[Dim, ...]]:
    return View((Along(0, dim(1)), Along(1, dim(1))), 2), (shape[0] - 1, shape[1] - 1)


def row_repeated(shape: tuple[Dim, ...]) -> tuple[View, tuple[Dim, ...]]:
    return View((Along(None, dim(1)), Along(1)), 2), shape


CUTS: list[tuple[Cut, Callable[[np.ndarray], np.ndarray]]] = [
    (whole, lambda x: x),
    (turned, lambda x: x.T),
    (backwards, lambda x: x[::-1]),
    (inner_part, lambda x: x[1:, 1:]),
    (row_repeated, lambda x: np.broadcast_to(x[1], x.shape)),
]


@pytest.mark.parametrize(("left", "right"), [*itertools.product((0, 1, 2, 4), repeat=2), (3, 3)])
@pytest.mark.parametrize("dtype", ["d", "F", "l"])
def test_a_product_of_views_has_the_bits_of_numpys(left: int, right: int, dtype: str) -> None:
    x, y = (10 * noise(7, 7)).astype(dtype), (10 * noise(7, 7)).astype(dtype)
    build = Build(x, y)
    (cut, numpys), (other, too) = CUTS[left], CUTS[right]
    (first, shape), (second, shape_2) = cut(build.shape(0)), other(build.shape(1))
    term = call("matmul", [build.load(0, first), build.load(1, second)], [shape, shape_2])
    build.kernel(term, (shape[0], shape_2[1]))
    same(routine_of(build.program(), (x, y))(x, y)[0], numpys(x) @ too(y))


@pytest.mark.parametrize("dtype", ["f", "d", "F", "D"])
@pytest.mark.parametrize("cut", [2, 4])
def test_where_sums_may_be_regrouped_blas_gets_copies_of_what_it_cannot_read(cut: int, dtype: str) -> None:
    x, y, v = noise(40, 40, dtype=dtype), noise(40, 40, dtype=dtype), noise(80, dtype=dtype)[::-2]
    build = Build(x, y, v)
    (view, shape), numpys = CUTS[cut][0](build.shape(0)), CUTS[cut][1]
    build.kernel(call("matmul", [build.load(0, view), build.load(1)], [shape, build.shape(1)]), build.shape(0))
    build.kernel(call("matmul", [build.load(1), build.load(2)], [build.shape(1), build.shape(2)]), build.shape(1)[:1])
    program = build.program()
    program = replace(program, region=replace(program.region, flags=frozenset({"reassoc"})))
    product, of_vector = routine_of(program, (x, y, v))(x, y, v)
    same(product, numpys(x).copy() @ y)
    same(of_vector, y @ v.copy())


def test_operands_that_are_not_aligned_are_copied_where_sums_may_be_regrouped() -> None:
    x, y = noise(9, 9), noise(9, 9)
    shifted = np.frombuffer(bytearray(b"0" + x.tobytes()), np.uint8)[1:].view("d").reshape(9, 9)
    assert not shifted.flags.aligned
    build = Build(shifted, y)
    build.kernel(call("matmul", [build.load(0), build.load(1)], [build.shape(0), build.shape(1)]), build.shape(0))
    program = build.program()
    program = replace(program, region=replace(program.region, flags=frozenset({"reassoc"})))
    same(routine_of(program, (shifted, y))(shifted, y)[0], x @ y)


@pytest.mark.parametrize("n", [3, 60])
def test_calls_and_loops_pass_arrays_on(n: int) -> None:
    """`(exp(a) @ (b + b)).T @ x`, then its sum: temporaries between, small on the stack and large in the pool."""
    a, b, x = noise(n, n), noise(n, n), noise(n)
    build = Build(a, b, x)
    shape = build.shape(0)
    powers = build.kernel(ufunc("exp", build.load(0)), shape, role="temp")
    twice = build.kernel(ufunc("add", build.load(1), build.load(1)), shape, order=(1, 0), role="temp")
    loads = [Load(powers, identity(2)), Load(twice, identity(2))]
    product = build.kernel(call("matmul", loads, [shape, shape]), shape, role="temp")
    ends = [Load(product, transpose((1, 0))), build.load(2)]
    vector = build.kernel(call("matmul", ends, [shape, shape[:1]]), shape[:1])
    build.kernel(fold("add", Load(vector, identity(1)), shape[:1], (0,), (), (0,)), ())
    wanted = (np.exp(a) @ np.asfortranarray(b + b)).T @ x
    found, total = routine_of(build.program(), (a, b, x))(a, b, x)
    same(found, wanted)
    same(total[0], wanted.sum())


def test_a_call_may_give_a_number_which_others_read() -> None:
    """`det(a) * x` and `u @ v`."""
    a, u, v = noise(5, 5), noise(5), noise(5)
    build = Build(a, u, v)
    found = build.kernel(call("det", [build.load(0)], [build.shape(0)]), (), role="temp")
    build.kernel(ufunc("multiply", Load(found, View((), 1)), build.load(1)), build.shape(1))
    build.kernel(call("matmul", [build.load(1), build.load(2)], [build.shape(1), build.shape(2)]), ())
    scaled, product = routine_of(build.program(), (a, u, v))(a, u, v)
    same(scaled, np.linalg.det(a) * u)
    same(product[0], u @ v)


@pytest.mark.parametrize("dtype", ["f", "d", "F", "D"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_systems_of_equations(order: tuple[int, int], dtype: str) -> None:
    a, b = noise(6, 6, dtype=dtype), noise(6, 3, dtype=dtype)
    build = Build(a, b)
    build.kernel(call("inv", [build.load(0, transpose((1, 0)))], [build.shape(0)]), build.shape(0), order)
    build.kernel(call("solve", [build.load(0), build.load(1)], [build.shape(0), build.shape(1)]), build.shape(1), order)
    runner = routine_of(build.program(), (a, b))
    inverse, solution = runner(a, b)
    same(inverse, np.linalg.inv(a.T))
    same(solution, np.linalg.solve(a, b))
    runner(np.zeros_like(a), b)
    assert runner.status == Status.CHECK_FAILED


def test_what_may_fail_after_a_write_is_put_back() -> None:
    a, b = noise(6, 6), noise(6, 6)
    steps: dict[str, Segment] = {}
    for name in ("inv", "matmul"):
        build = Build(a, b)
        operands = [build.load(0)] if name == "inv" else [build.load(0), build.load(1)]
        build.kernel(call(name, operands, [build.shape(0)] * len(operands)), build.shape(0))
        routines = Routines(a, b)
        steps[name] = Segment(build.program(), tuple(routines.nodes), (node("made", [], routines.nodes[0].type),))
    routines = Routines(a, b)
    routines.top.store(routines.nodes[0], [0, 0], routines.top.load(routines.nodes[1], 0, 0))
    (_, store) = routines.top.steps
    targets = frozenset([0])
    assert restored((store, steps["inv"]), targets, False) == targets
    assert restored((steps["inv"], store), targets, False) == frozenset()
    assert restored((store, steps["matmul"]), targets, False) == frozenset()


def test_calls_are_shown() -> None:
    a, v = noise(6, 6), noise(6)
    build = Build(a, v)
    build.kernel(
        call("matmul", [build.load(0, transpose((1, 0))), build.load(1)], [build.shape(0), build.shape(1)]),
        build.shape(1),
    )
    assert show(nests_of(build.program())) == (
        "result r0: float64[p1.0]\n"
        "  r0[i0] = matmul of p0[i0, i1:(8*p0.1)] for i0 < p0.0, i1 < p0.1; p1[i0] for i0 < p1.0\n"
    )


def test_a_program_that_is_a_function_of_its_own_makes_no_calls() -> None:
    a = noise(3, 3)
    build = Build(a)
    build.kernel(call("inv", [build.load(0)], [build.shape(0)]), build.shape(0))
    with pytest.raises(InternalError, match="which only routines do"):
        Runner(build.program())


def test_a_call_does_not_fill_part_of_an_array() -> None:
    a = noise(3, 3)
    build = Build(a)
    build.kernel(call("inv", [build.load(0)], [build.shape(0)]), build.shape(0))
    program = build.program()
    window = Window(identity(2), build.shape(0), (0, 1))
    with pytest.raises(InternalError, match="inv fills a part of"):
        nests_of(replace(program, kernels=(replace(program.kernels[0], window=window),)))
