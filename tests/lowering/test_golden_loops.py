"""The loop nests of a dozen programs, as text. `EQSAT_REFRESH_GOLDEN=1` writes the files anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kernel_building import Build, cast, fold, known, select, ufunc

from eqsat.ir.dims import dim
from eqsat.ir.program import Load
from eqsat.ir.region import Merges
from eqsat.ir.span import NOWHERE
from eqsat.ir.view import Along, View, identity
from lowering.loops import show
from lowering.nests import nests_of

GOLDEN = Path(__file__).parent / "golden"
VECTOR, MATRIX = np.ones(9), np.ones((4, 6))
COLUMN = View((Along(0),), 2)
PROGRAMS: dict[str, Callable[[], Build]] = {}


def program(build: Callable[[], Build]) -> Callable[[], Build]:
    PROGRAMS[build.__name__] = build
    return build


def equal_shapes(build: Build) -> Build:
    for number in range(1, len(build.args)):
        for one, other in zip(build.shape(0), build.shape(number), strict=True):
            build.equal(one, other)
    return build


@program
def elementwise_is_one_flat_loop() -> Build:
    build = equal_shapes(Build(MATRIX, MATRIX))
    x, y = build.load(0), build.load(1)
    left = ufunc("subtract", ufunc("multiply", x, y), ufunc("multiply", known(4.1, "d"), x))
    build.kernel(ufunc("greater", left, ufunc("multiply", known(2.5, "d"), y)), build.shape(0))
    return build


@program
def a_transcendental_function_runs_on_blocks() -> Build:
    build = equal_shapes(Build(VECTOR, VECTOR, VECTOR))
    power = ufunc("exp", ufunc("negative", ufunc("multiply", build.load(0), build.load(1))))
    build.kernel(ufunc("add", power, build.load(2)), build.shape(0))
    return build


@program
def one_value_serves_two_calls() -> Build:
    build = Build(VECTOR)
    shared = ufunc("add", ufunc("square", build.load(0)), known(1.0, "d"))
    term = ufunc("multiply", ufunc("log", shared), ufunc("arctan2", shared, known(2.0, "d")))
    build.kernel(ufunc("subtract", term, shared), build.shape(0))
    return build


@program
def rows_and_columns_are_broadcast() -> Build:
    build = Build(MATRIX, VECTOR, np.ones((4, 1)), 2.5)
    build.equal(build.shape(0)[1], build.shape(1)[0])
    build.equal(build.shape(0)[0], build.shape(2)[0])
    scaled = ufunc("multiply", build.load(0), build.load(1, rank=2))
    root = ufunc("multiply", ufunc("sqrt", build.load(2, rank=2)), build.arg(3))
    build.kernel(ufunc("add", scaled, root), build.shape(0))
    return build


@program
def the_result_in_fortran_order_turns_the_loops() -> Build:
    build = Build(np.asfortranarray(MATRIX), np.asfortranarray(MATRIX)[::2])
    build.equal(build.shape(0)[1], build.shape(1)[1])
    build.equal(build.shape(0)[0], build.shape(1)[0])
    build.kernel(ufunc("add", build.load(0), build.load(1)), build.shape(0), order=(1, 0))
    return build


@program
def strides_that_the_frame_tells() -> Build:
    build = Build(np.ones((8, 12))[::2, ::2], np.ones((4, 12))[:, 3:9])
    build.equal(build.shape(0)[1], build.shape(1)[1])
    build.equal(build.shape(0)[0], build.shape(1)[0])
    build.kernel(ufunc("add", build.load(0), build.load(1)), build.shape(0))
    return build


@program
def a_guard_lets_strided_axes_merge() -> Build:
    build = Build(np.ones((4, 12))[:, ::2])
    build.guards.append(Merges(0, 0, 1, True, NOWHERE))
    build.kernel(ufunc("negative", build.load(0)), build.shape(0))
    return build


@program
def a_stencil_reads_shifted_rows() -> Build:
    build = Build(np.ones((8, 9)))

    def shifted(i: int, j: int) -> Load:
        return Load(build.buffers[0], View((Along(0, dim(i)), Along(1, dim(j))), 2))

    sides = ufunc("add", ufunc("add", shifted(0, 1), shifted(2, 1)), ufunc("add", shifted(1, 0), shifted(1, 2)))
    rows, columns = build.shape(0)
    build.kernel(ufunc("multiply", sides, known(0.25, "d")), (rows - 2, columns - 2))
    return build


@program
def a_sum_is_a_tree() -> Build:
    build = equal_shapes(Build(MATRIX, MATRIX))
    term = ufunc("multiply", build.load(0), build.load(1))
    build.kernel(fold("add", term, build.shape(0), (0, 1), (), (0, 1)), ())
    return build


@program
def sums_over_rows_and_over_columns() -> Build:
    build = Build(MATRIX)
    build.kernel(fold("add", build.load(0), build.shape(0), (1,), (), (1,)), build.shape(0)[:1])
    build.kernel(fold("add", build.load(0), build.shape(0), (0,), (0,), ()), build.shape(0)[1:])
    return build


@program
def a_sum_of_broadcast_operands_streams_its_rows() -> Build:
    build = Build(MATRIX, VECTOR)
    build.equal(build.shape(0)[1], build.shape(1)[0])
    term = ufunc("sin", ufunc("multiply", build.load(0), build.load(1, rank=2)))
    build.kernel(fold("add", term, build.shape(0), (0, 1), (), (0, 1), block=8192), ())
    return build


@program
def softmax_shares_its_rows() -> Build:
    build = Build(MATRIX)
    shape = build.shape(0)
    top = build.kernel(fold("maximum", build.load(0), shape, (1,), (), (1,)), shape[:1], role="temp")
    e = build.kernel(ufunc("exp", ufunc("subtract", build.load(0), Load(top, COLUMN))), shape, role="temp")
    s = build.kernel(fold("add", Load(e, identity(2)), shape, (1,), (), (1,)), shape[:1], role="temp")
    build.kernel(ufunc("divide", Load(e, identity(2)), Load(s, COLUMN)), shape)
    return build


@program
def a_reversed_vector_goes_backwards() -> Build:
    build = Build(VECTOR[::-1], np.ones((2, 3, 4), "f4").transpose(2, 0, 1))
    build.kernel(ufunc("exp", build.load(0), backwards=(True,)), build.shape(0))
    build.kernel(select(ufunc("less", build.load(1), known(0, "f")), known(0, "d"), cast(build.load(1), "d")),
                 build.shape(1), order=(1, 2, 0))  # fmt: skip
    return build


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_loops_are_as_written_down(name: str) -> None:
    text = show(nests_of(PROGRAMS[name]().program()))
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("EQSAT_REFRESH_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(PROGRAMS)
