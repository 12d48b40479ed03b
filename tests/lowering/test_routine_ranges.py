"""Checks that a loop makes in each turn: seen to before it, exact all the same, and no hindrance to vectors."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.ir.body import Label, Leave, Variable
from eqsat.ir.dims import dim
from eqsat.ir.routine import For, If, Labeled
from lowering.frame import Status
from tests.lowering.routine_building import (
    BOOL,
    INT,
    LARGEST,
    SMALLEST,
    Routines,
    double,
    final,
    node,
    number,
    put,
    size,
)
from tests.lowering.routine_running import RoutineRunner


def test_a_plain_loop_is_computed_in_vectors() -> None:
    x, y, out = np.linspace(0, 1, 1001), np.linspace(1, 2, 1001), np.zeros(1001)
    build = Routines(x, y, out)
    build.apart()
    px, py, po = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    twice = body.ufunc("multiply", body.load(px, i), double(2.0))
    body.store(po, [i], body.ufunc("divide", twice, body.load(py, i)))
    runner = RoutineRunner(build.routine(number(1)))
    runner(x, y, out)
    assert np.array_equal(out, x * 2 / y)
    assert "fdiv <" in runner.loaded.llvm


def test_checks_that_the_loop_implies_cost_nothing() -> None:
    x = np.ones(100, np.int64)
    build = Routines(x)
    (px,) = build.nodes
    total = Variable("total", INT)
    build.top.steps.append(put(total, number(0)))
    i, counter, body = build.loop(build.top, build.size(0, 0))
    body.check(body.py("ge", counter, 0))
    body.check(body.py("lt", counter, size(build.size(0, 0))))
    body.steps.append(put(total, body.py("add", body.read(total), body.load(px, i))))
    runner = RoutineRunner(build.routine(final(build, total)))
    assert runner(x)[0][0] == 100
    assert "add <" in runner.loaded.llvm


@pytest.mark.parametrize("step", [1, 2, 3, -1, -3])
@pytest.mark.parametrize("way", ["plain", "branch", "leave", "continue"])
def test_checks_of_a_range_fail_exactly_where_python_would_raise(way: str, step: int) -> None:
    """`for i in range(start, stop, step): [if a[0] > 0:] out[2 * i + 1] = i`, in front of it or behind a way out."""
    a, out = np.ones(3, np.int64), np.zeros(20, np.int64)
    build = Routines(a, out, 0, 0)
    pa, po, start, stop = build.nodes
    counter, i = build.counter()
    place, length = size(i * 2 + 1), size(build.size(1, 0))
    inner, body, label = build.write(), build.write(), Label("out")
    inner.check(inner.py("ge", place, 0))
    inner.check(inner.py("lt", place, length))
    inner.store(po, [i * 2 + 1], counter)
    positive = body.py("gt", body.load(pa, 0), 0)
    match way:
        case "plain":
            steps = inner.steps
        case "branch":
            steps = [*body.steps, If(positive, tuple(inner.steps), ())]
        case _:
            steps = [*body.steps, If(positive, (), (Leave(label),)), *inner.steps]
    if way == "continue":
        steps = [Labeled(label, tuple(steps))]
    loop = For(counter, start, stop, number(step), step > 0, tuple(steps))
    build.top.steps += [Labeled(label, (loop,)) if way == "leave" else loop]
    runner = RoutineRunner(build.routine(number(1)))
    for first in range(-2, 13):
        for end in range(-2, 13):
            for first_of_a in (1, 0):
                a[0], out[:] = first_of_a, 0
                runner(a, out, first, end)
                turns = list(range(first, end, step)) if first_of_a or way == "plain" else []
                fine = all(0 <= 2 * k + 1 < 20 for k in turns)
                assert runner.status == (Status.OK if fine else Status.CHECK_FAILED), (first, end)
                if fine:
                    assert {k: int(out[2 * k + 1]) for k in turns} == {k: k for k in turns}


@pytest.mark.parametrize("conditional", [False, True])
def test_checks_of_a_range_leave_the_loop_free(conditional: bool) -> None:
    """`for i in range(n): [if a[i] > 0:] out[i] = a[i] * 2`, without knowing that there are n elements."""
    a, out = np.linspace(-1, 1, 1000), np.zeros(1000)
    build = Routines(a, out, 1)
    build.apart()
    pa, po, n = build.nodes
    i, counter, body = build.loop(build.top, n)
    body.check(body.py("lt", counter, size(build.size(0, 0))))
    value = body.load(pa, i)
    inner = build.write() if conditional else body
    inner.check(inner.py("lt", counter, size(build.size(1, 0))))
    inner.store(po, [i], inner.ufunc("multiply", value, double(2.0)))
    if conditional:
        body.steps.append(If(body.ufunc("greater", value, double(0.0), bool_=True), tuple(inner.steps), ()))
    runner = RoutineRunner(build.routine(number(1)))
    runner(a, out, 1000)
    assert np.array_equal(out, np.where(a > 0, a * 2, 0) if conditional else a * 2)
    assert "fmul <" in runner.loaded.llvm
    runner(a, out, 1001)
    assert runner.status == Status.CHECK_FAILED


def test_counting_is_checked_only_where_it_can_leave_64_bits() -> None:
    """`for i in range(n): count = count + 3 if a[i] > 0 else count - 1`, from any start, through a joined variable."""
    a = np.ones(1000, np.int64)
    build = Routines(a, 0)
    pa, start = build.nodes
    count, joined = Variable("count", INT), Variable("joined", INT)
    build.top.steps.append(put(count, start))
    i, _, body = build.loop(build.top, build.size(0, 0))
    now, up, down = body.read(count), build.write(), build.write()
    for arm, op, step in ((up, "add", 3), (down, "sub", 1)):
        fine = arm.let(node(f"ok.{op}", [now, number(step)], BOOL))
        arm.check(fine)
        arm.steps.append(put(joined, arm.py(op, now, step)))
    body.steps.append(If(body.py("gt", body.load(pa, i), 0), tuple(up.steps), tuple(down.steps)))
    body.steps.append(put(count, body.read(joined)))
    runner = RoutineRunner(build.routine(final(build, count)))
    assert "add <" in runner.loaded.llvm or "select <" in runner.loaded.llvm
    for first in (0, -5, 1 << 60, 1 << 62, LARGEST - 3000, LARGEST - 2999, SMALLEST + 999, SMALLEST + 1000, SMALLEST):
        for sign in (1, -1):
            wanted = first + (3000 if sign > 0 else -1000)
            found = int(runner(np.full(1000, sign), first)[0][0])
            fits = SMALLEST <= wanted <= LARGEST
            assert runner.status == (Status.OK if fits else Status.CHECK_FAILED), (first, sign)
            assert not fits or found == wanted


@pytest.mark.parametrize("relation", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("constant", [-2, -1, 0, 1, 2])
def test_comparisons_of_formulas_are_those_of_numbers(relation: str, constant: int) -> None:
    build = Routines(0, 0)
    one, other = build.size(0), build.size(1)
    results = [
        build.top.let(node(f"py.{relation}", [size(one + constant), size(other)], BOOL)),
        build.top.let(node(f"py.{relation}", [size(other * 2 + constant), size(other + one)], BOOL)),
        build.top.let(node(f"py.{relation}", [size(one - other), size(dim(constant))], BOOL)),
    ]
    runner = RoutineRunner(build.routine(*results))
    compare = {"lt": int.__lt__, "le": int.__le__, "gt": int.__gt__, "ge": int.__ge__}[relation]
    for x in range(-4, 5):
        for y in range(-4, 5):
            wanted = [compare(x + constant, y), compare(2 * y + constant, y + x), compare(x - y, constant)]
            assert [bool(found[0]) for found in runner(x, y)] == wanted
