"""Which floating-point flags a routine raises: those of operations that its source executes, and no others."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from eqsat.ir.body import Variable
from eqsat.ir.routine import If
from tests.lowering.routine_building import (
    DOUBLE,
    FLOAT,
    Routines,
    double,
    final,
    number,
    put,
)
from tests.lowering.routine_running import RoutineRunner

MATH = ctypes.CDLL(None)
INVALID, DIVIDE = 1, 4


def flags_of(runner: RoutineRunner, *args: object) -> int:
    """The floating-point flags that a run raises."""
    words, _ = runner.prepare(args)
    address = words.ctypes.data
    before = MATH.fetestexcept(0x1D)
    MATH.feclearexcept(0x1D)
    runner.entry(address)
    found = MATH.fetestexcept(INVALID | DIVIDE)
    MATH.feclearexcept(0x1D)
    MATH.feraiseexcept(before)
    return found


def guarded(op: str, elementwise: bool) -> RoutineRunner:
    """`if y[i] > 0: s += op(x[i], y[i])`, or into an array."""
    x, y, out = np.ones(100), np.ones(100), np.zeros(100)
    build = Routines(x, y, out)
    build.apart()
    px, py, po = build.nodes
    total = Variable("total", DOUBLE)
    build.top.steps.append(put(total, double(0.0)))
    i, _, body = build.loop(build.top, build.size(0, 0))
    value = body.load(py, i)
    inside = build.write()
    found = inside.ufunc("divide", inside.load(px, i), value) if op == "divide" else inside.ufunc(op, value)
    if elementwise:
        inside.store(po, [i], found)
    else:
        inside.steps.append(put(total, inside.ufunc("add", inside.read(total), found)))
    body.steps.append(If(body.ufunc("greater", value, double(0.0), bool_=True), tuple(inside.steps), ()))
    return RoutineRunner(build.routine(final(build, total)))


@pytest.mark.parametrize("elementwise", [False, True])
@pytest.mark.parametrize("op", ["divide", "sqrt", "reciprocal"])
def test_what_a_condition_keeps_out_raises_no_flag(op: str, elementwise: bool) -> None:
    runner = guarded(op, elementwise)
    x = np.linspace(1, 2, 100)
    for bad in (0.0, -1.0, np.nan):
        y = np.linspace(1, 2, 100)
        y[::3] = bad
        assert flags_of(runner, x, y, np.zeros(100)) == 0


@pytest.mark.parametrize("op", ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
def test_comparisons_with_nans_raise_no_flag_in_vectors(op: str) -> None:
    """`out[i] = x[i] op y[i]`, and `m = x[i] if x[i] op m`."""
    x, y, out = np.full(100, np.nan), np.ones(100), np.zeros(100, np.bool)
    build = Routines(x, y, out)
    build.apart()
    px, py, po = build.nodes
    most = Variable("most", DOUBLE)
    build.top.steps.append(put(most, double(0.0)))
    i, _, body = build.loop(build.top, build.size(0, 0))
    value = body.load(px, i)
    body.store(po, [i], body.ufunc(op, value, body.load(py, i), bool_=True))
    i, _, second = build.loop(build.top, build.size(0, 0))
    value = second.load(px, i)
    second.steps.append(If(second.ufunc(op, value, second.read(most), bool_=True), (put(most, value),), ()))
    runner = RoutineRunner(build.routine(final(build, most)))
    assert flags_of(runner, x, y, out) == 0
    runner(x, y, out)
    assert np.array_equal(out, getattr(np, op)(x, y))


def test_a_division_by_zero_that_is_executed_is_heard() -> None:
    x, y, out = np.ones(100), np.ones(100), np.zeros(100)
    build = Routines(x, y, out)
    build.apart()
    px, py, po = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.store(po, [i], body.ufunc("divide", body.load(px, i), body.load(py, i)))
    runner = RoutineRunner(build.routine(number(1)))
    assert flags_of(runner, x, y, out) == 0
    y[57] = 0.0
    assert flags_of(runner, x, y, out) == DIVIDE


def test_a_division_that_no_turn_of_the_loop_needs_is_not_done_before_it() -> None:
    """`for i in range(n): s += x / y`, without turns."""
    build = Routines(1.0, 1.0, 1)
    x, y, n = build.nodes
    total = Variable("total", FLOAT)
    build.top.steps.append(put(total, number(0.0)))
    _, _, outer = build.loop(build.top, n)
    _, _, body = build.loop(outer, n)
    body.steps.append(put(total, body.py("add", body.read(total), body.py("truediv", x, y))))
    runner = RoutineRunner(build.routine(final(build, total)))
    assert flags_of(runner, 1.0, 0.0, 0) == 0
    assert runner(1.0, 4.0, 3)[0][0] == 2.25
