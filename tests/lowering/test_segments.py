"""Programs in the middle of routines: what they are given, what they make, and who holds it how long."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.frontend.arguments import layout_of
from eqsat.ir.body import Label, Leave, Set, Variable
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.nodes import Node
from eqsat.ir.program import Load, Size
from eqsat.ir.routine import If, Labeled, Segment
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar
from eqsat.ir.view import Along, View, identity
from lowering.frame import Status
from tests.lowering.kernel_building import Build, cast, fold, known, ufunc
from tests.lowering.routine_building import Routines, Write, array, node, number
from tests.lowering.routine_running import RoutineRunner

DOUBLE = Scalar(np.dtype("f8"), "numpy")


def row_of(a: Node, i: Dim) -> Node:
    """`a[i]`."""
    shape = a.type.shape[1:]
    view = View((Along(None, i), *(Along(k) for k in range(len(shape)))), len(shape))
    return node("view", [a], array(shape), view)


def made(shape: tuple[Dim, ...]) -> Node:
    """The node of an array that a segment makes."""
    return node("made", [], array(shape))


def plus(where: Write, x: Node, y: Node, out: Node | None = None) -> Node:
    """`x + y`, of vectors of one length."""
    out = out or made(x.type.shape)
    build = Build(np.ones(3), np.ones(3))
    build.equal(build.shape(1)[0], build.shape(0)[0])
    build.kernel(ufunc("add", build.load(0), build.load(1)), build.shape(0))
    where.steps.append(Segment(build.program(), (x, y), (out,)))
    return out


def dot(where: Write, x: Node, y: Node) -> Node:
    """`(x * y).sum()`."""
    out = node("made", [], DOUBLE)
    build = Build(np.ones(3), np.ones(3))
    build.equal(build.shape(1)[0], build.shape(0)[0])
    build.kernel(fold("add", ufunc("multiply", build.load(0), build.load(1)), build.shape(0), (0,), (), (0,)), ())
    where.steps.append(Segment(build.program(), (x, y), (out,)))
    return out


def put(variable: Variable, value: Node) -> Set:
    return Set(variable, value, NOWHERE)


def test_a_sum_of_rows_holds_one_array_after_the_other() -> None:
    """`s = a[0]; for i: s = s + a[i]; return s`."""
    a = np.arange(30.0).reshape(6, 5)
    build = Routines(a)
    (pa,) = build.nodes
    total = Variable("total", array([build.size(0, 1)]))
    build.top.steps.append(put(total, row_of(pa, dim(0))))
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.steps.append(put(total, plus(body, body.read(total), row_of(pa, i))))
    runner = RoutineRunner(build.routine(build.top.read(total)))
    assert np.array_equal(runner(a)[0], a[0] + a.sum(axis=0)) and runner.origins == [0]
    assert np.array_equal(runner(a[:0])[0], a[0]) and runner.origins == [3]
    assert np.array_equal(runner(a[:, :0])[0], a[0, :0])


def test_what_a_variable_held_before_stays_as_long_as_it_is_used() -> None:
    """`x = y = a; for i in range(n): x, y = y, x + y`: every value lives for two turns."""
    a = np.linspace(0, 1, 2000)
    build = Routines(a, 5)
    pa, n = build.nodes
    x, y = (Variable(name, array([build.size(0, 0)])) for name in "xy")
    build.top.steps += [put(x, pa), put(y, pa)]
    _, _, body = build.loop(build.top, n)
    first, second = body.read(x), body.read(y)
    body.steps += [put(x, second), put(y, plus(body, first, second))]
    runner = RoutineRunner(build.routine(build.top.read(x), build.top.read(y)))
    for turns in range(8):
        u, v = a, a
        for _ in range(turns):
            u, v = v, u + v
        found = runner(a, turns)
        assert np.array_equal(found[0], u) and np.array_equal(found[1], v)
        assert runner.origins == [2 if turns < 2 else 0, 2 if turns < 1 else 0]


def test_a_view_of_an_array_made_here_keeps_it() -> None:
    """`v = a; for i in range(n): v = (v + v)[::-1]`."""
    a = np.arange(600.0)
    build = Routines(a, 5)
    pa, n = build.nodes
    length = build.size(0, 0)
    kind = node("made", [], array([length])).type
    held = Variable("held", Array(kind.dtype, kind.shape, layout_of(a[::2])))
    build.top.steps.append(put(held, pa))
    _, _, body = build.loop(build.top, n)
    now = body.read(held)
    build_ = Build(a[::2], a[::2])
    build_.equal(build_.shape(1)[0], build_.shape(0)[0])
    build_.kernel(ufunc("add", build_.load(0), build_.load(1)), build_.shape(0))
    twice = made((length,))
    body.steps.append(Segment(build_.program(), (now, now), (twice,)))
    body.steps.append(put(held, node("view", [twice], held.type, View((Along(0, length - 1, -1),), 1))))
    runner = RoutineRunner(build.routine(build.top.read(held)))
    for turns in range(5):
        wanted = a
        for _ in range(turns):
            wanted = (wanted + wanted)[::-1]
        assert np.array_equal(runner(a, turns)[0], wanted)


def test_numbers_of_a_segment_are_numbers_here() -> None:
    """`for i: for j: out[i, j] = (a[i] * b[j]).sum()`."""
    a, b, out = np.random.default_rng(1).random((3, 7, 9))[0], np.arange(45.0).reshape(5, 9), np.zeros((7, 5))
    build = Routines(a, b, out)
    build.apart()
    pa, pb, po = build.nodes
    i, _, rows = build.loop(build.top, build.size(0, 0))
    j, _, columns = build.loop(rows, build.size(1, 0))
    columns.store(po, [i, j], dot(columns, row_of(pa, i), row_of(pb, j)))
    RoutineRunner(build.routine(number(1)))(a, b, out)
    assert np.array_equal(out, np.array([[(x * y).sum() for y in b] for x in a]))


def test_a_small_array_that_nobody_keeps_lies_on_the_stack() -> None:
    """`for i: d = a[i] + b[i]; out[i] = (d * d).sum()`, of three numbers each."""
    a, b, out = np.arange(30.0).reshape(10, 3), np.ones((10, 3)), np.zeros(10)
    build = Routines(a, b, out)
    pa, pb, po = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))

    def three(p: Node) -> Node:
        return node("view", [p], array([3]), View((Along(None, i), Along(0)), 1))

    total = plus(body, three(pa), three(pb), made((dim(3),)))
    body.store(po, [i], dot(body, total, total))
    runner = RoutineRunner(build.routine(number(1)))
    runner(a, b, out)
    assert np.array_equal(out, ((a + b) * (a + b)).sum(axis=1)) and "pool.take" not in runner.source


def test_a_direct_result_is_filled_where_it_was_allocated() -> None:
    a = np.arange(10.0)
    build = Routines(a)
    (pa,) = build.nodes
    out = plus(build.top, pa, pa)
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.store(out, [i], body.ufunc("add", body.load(out, i), body.load(pa, i)))
    runner = RoutineRunner(build.routine(out, direct=[out]))
    assert np.array_equal(runner(a)[0], 3 * a)


def test_results_that_are_equal_are_two_arrays() -> None:
    a = np.arange(700.0)
    build = Routines(a)
    (pa,) = build.nodes
    inner = Build(a)
    buffer = inner.kernel(ufunc("add", inner.load(0), inner.load(0)), inner.shape(0))
    inner.result(buffer, array(inner.shape(0)))
    first, second = made((build.size(0, 0),)), made((build.size(0, 0),))
    build.top.steps.append(Segment(inner.program(), (pa,), (first, second)))
    build.top.store(first, [0], number(5.0))
    runner = RoutineRunner(build.routine(first, second))
    found = runner(a)
    assert np.array_equal(found[1], a + a) and found[0][0] == 5.0 and np.array_equal(found[0][1:], found[1][1:])


def test_a_segment_is_given_numbers_and_formulas() -> None:
    """`for i: out[i] = (a + x + (i + 1)).sum()`."""
    a, out = np.arange(12.0), np.zeros(4)
    build = Routines(a, out, 0.5)
    pa, po, x = build.nodes
    i, _, body = build.loop(build.top, build.size(1, 0))
    inner = Build(a, 0.5, 1)
    shifted = ufunc("add", inner.load(0), inner.arg(1))
    count = Size(dim(Symbol(2, None)), np.dtype("i8"))
    total = ufunc("add", shifted, cast(count, "f8"))
    inner.kernel(fold("add", total, inner.shape(0), (0,), (), (0,)), ())
    result = node("made", [], DOUBLE)
    body.steps.append(Segment(inner.program(), (pa, x, i + 1), (result,)))
    body.store(po, [i], result)
    RoutineRunner(build.routine(number(1)))(a, out, 0.5)
    assert np.array_equal(out, [(a + 0.5 + k).sum() for k in range(1, 5)])


def test_a_check_of_a_segment_is_one_of_the_routine() -> None:
    """`for i: assert (a[i] > 0).all()`."""
    a = np.ones((4, 100))
    build = Routines(a)
    (pa,) = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    inner = Build(a[0])
    positive = ufunc("greater", inner.load(0), known(0.0, "f8"))
    buffer = inner.kernel(fold("logical_and", positive, inner.shape(0), (0,), (), (0,)), (), role="temp")
    inner.check(buffer)
    body.steps.append(Segment(inner.program(), (row_of(pa, i),), ()))
    runner = RoutineRunner(build.routine(number(7)))
    assert runner(a)[0][0] == 7 and runner.status == Status.OK
    a[3, 50] = -1
    runner(a)
    assert runner.status == Status.CHECK_FAILED


@pytest.mark.parametrize("n", [10, 5000])
def test_temporaries_of_a_segment_are_given_back(n: int) -> None:
    """`for i: out[i] = (exp(a[i]) / exp(a[i]).sum()).max()`, with the exponentials in memory."""
    a, out = np.random.default_rng(2).random((50, n)), np.zeros(50)
    build = Routines(a, out)
    pa, po = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    inner = Build(a[0])
    powers = inner.kernel(ufunc("exp", inner.load(0)), inner.shape(0), role="temp")
    load = Load(powers, identity(1))
    total = inner.kernel(fold("add", load, inner.shape(0), (0,), (), (0,)), (), role="temp")
    parts = ufunc("divide", load, Load(total, View((), 1)))
    inner.kernel(fold("maximum", parts, inner.shape(0), (0,), (), (0,)), ())
    result = node("made", [], DOUBLE)
    body.steps.append(Segment(inner.program(), (row_of(pa, i),), (result,)))
    body.store(po, [i], result)
    RoutineRunner(build.routine(number(1)))(a, out)
    assert np.array_equal(out, [(np.exp(x) / np.exp(x).sum()).max() for x in a])


def test_lack_of_memory_is_told() -> None:
    build = Routines(1)
    (n,) = build.nodes
    inner = Build(1.5, 1)
    length = dim(Symbol(1, None))
    inner.kernel(ufunc("add", inner.arg(0), inner.arg(0)), (length, length, length))
    shape = (build.size(0), build.size(0), build.size(0))
    out = node("made", [], array(shape))
    build.top.steps.append(Segment(inner.program(), (number(1.5), n), (out,)))
    runner = RoutineRunner(build.routine(out))
    assert np.array_equal(runner(2)[0], np.full((2, 2, 2), 3.0))
    words, _ = runner.prepare((1 << 40,))
    assert runner.entry(words.ctypes.data) == Status.NO_MEMORY


def test_a_segment_behind_a_branch() -> None:
    """`if n > 0: s = a + a; else: s = a`, and a way out before."""
    a = np.arange(5.0)
    build = Routines(a, 1)
    pa, n = build.nodes
    held, out = Variable("held", array([build.size(0, 0)])), Label("out")
    arm, many = build.write(), build.write()
    arm.steps.append(put(held, plus(arm, pa, pa)))
    many.steps += [put(held, plus(many, pa, pa)), Leave(out)]
    steps = build.write()
    steps.steps.append(If(steps.py("gt", n, 9), tuple(many.steps), ()))
    steps.steps.append(If(steps.py("gt", n, 0), tuple(arm.steps), (put(held, pa),)))
    build.top.steps.append(Labeled(out, tuple(steps.steps)))
    runner = RoutineRunner(build.routine(build.top.read(held)))
    for count, wanted, origin in ((10, 2 * a, 0), (5, 2 * a, 0), (0, a, 2)):
        assert np.array_equal(runner(a, count)[0], wanted) and runner.origins == [origin]
