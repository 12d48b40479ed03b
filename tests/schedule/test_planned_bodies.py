"""Planned functions do what their bodies mean, and keep in memory no more than they must."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.ir.dims import dim
from eqsat.ir.nodes import Node
from eqsat.ir.routine import For, Invoke, Segment, Store
from eqsat.ir.types import Scalar
from eqsat.ir.verifier import verify
from eqsat.schedule.planner import Planned, plan
from tests.egraph.executing import same
from tests.reference import CheckFailed
from tests.schedule.interpreting import copied, meaning, perform, programs
from tests.schedule.writing import Writing

rng = np.random.default_rng(5)


def check(w: Writing, *results: Node) -> Planned:
    """Plan, run, and compare results and arguments with what the body means."""
    region = w.region(*results)
    planned = plan(region, w.sizes)
    for program in programs(planned.routine.steps):
        verify(program.region)
    expected_arguments, arguments = copied(w.arguments), copied(w.arguments)
    failed = False
    try:
        expected = meaning(region, expected_arguments)
    except CheckFailed:
        failed = True
    if failed:
        with pytest.raises(CheckFailed):
            perform(planned.routine, arguments)
        return planned
    found = perform(planned.routine, arguments)
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for one, other in (*pairs, *zip(arguments, expected_arguments, strict=True)):
        assert same(one, other), (one, other)
    return planned


def kernels(planned: Planned) -> list[str]:
    """All kernels, as text."""
    return [line for report in planned.reports.values() for line in report.after.splitlines()]


def vector(n: int = 20) -> np.ndarray:
    return rng.normal(size=n)


def test_in_place_with_the_same_view_is_one_kernel_without_temporary() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    w.write(w.at(a, slice(1, -1)), w.add(w.mul(w.at(a, slice(1, -1)), 2.0), w.at(b, slice(1, -1))))
    planned = check(w, a)
    (program,) = programs(planned.routine.steps)
    (kernel,) = program.kernels
    assert kernel.window is not None and program.temporaries == ()
    assert kernels(planned) == ["a[1+i0]: float64[p0.0 - 2] = a[1+i0] * 2.0 + b[1+i0]"]


def test_a_shifted_view_has_a_temporary() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    w.write(w.at(a, slice(1, None)), w.mul(w.at(a, slice(0, -1)), 2.0))
    (program,) = programs(check(w, a).routine.steps)
    assert [k.target.role for k in program.kernels] == ["temp", "param"]


def test_rows_that_are_apart_have_none() -> None:
    w = Writing(rng.normal(size=(5, 7)))
    (a,) = w.nodes
    with w.loop(1, 5) as i:
        here = dim_of(w, i)
        w.write(w.at(a, here), w.add(w.at(a, here), w.at(a, here - 1)))
    (program,) = programs(check(w, a).routine.steps)
    assert [k.target.role for k in program.kernels] == ["param"]


def dim_of(w: Writing, counter: Node):
    return w.size(counter)


def test_a_later_row_of_a_triangle_is_apart_from_an_earlier_one() -> None:
    w = Writing(rng.normal(size=(6, 7)))
    (a,) = w.nodes
    with w.loop(0, 6) as k:
        pivot = w.size(k)
        with w.loop(w.after(k), 6) as i:
            row, above = (w.at(a, at, slice(pivot + 1, None)) for at in (w.size(i), pivot))
            w.write(row, w.add(row, above))
    (program,) = programs(check(w, a).routine.steps)
    assert program.temporaries == ()


def test_halves_and_every_other_element_are_apart() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    half = a.type.shape[0] // 2
    w.write(w.at(a, slice(half, half * 2)), w.mul(w.at(a, slice(0, half)), 3.0))
    w.write(w.at(a, slice(0, None, 2)), w.at(a, slice(1, None, 2)))
    for program in programs(check(w, a).routine.steps):
        assert program.temporaries == ()


def test_parameters_that_may_overlap_have_a_temporary_and_work_if_they_do() -> None:
    memory = vector(30)
    w = Writing(memory[:20], memory[5:25], apart=False)
    a, b = w.nodes
    w.write(a, w.mul(b, 2.0))
    w.write(b, w.add(a, 1.0))
    planned = check(w, a)
    assert all(program.temporaries for program in programs(planned.routine.steps))
    assert planned.routine.written == planned.routine.restored == {0, 1}


def test_a_copy_that_waits_is_made_before_its_source_is_written() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    old = w.copy(a)
    w.write(w.at(a, slice(1, -1)), w.add(w.at(old, slice(2, None)), w.at(old, slice(0, -2))))
    planned = check(w, a)
    (program,) = programs(planned.routine.steps)
    assert len(program.kernels) == 2
    again = Writing(vector())
    (a,) = again.nodes
    old = again.copy(a)
    again.write(again.at(a, slice(1, -1)), again.add(again.at(old, slice(2, None)), again.at(old, slice(0, -2))))
    (program,) = programs(check(again, a, old).routine.steps)
    assert [k.target.role for k in program.kernels] == ["result", "param"]  # the copy is read, which is needed anyway


def test_old_values_are_used_after_a_write() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    double, plus = w.mul(a, 2.0), w.add(b, 1.0)
    late = w.add(double, plus)
    w.write(a, w.mul(b, 3.0))
    w.write(w.at(b, slice(0, 3)), w.at(a, slice(4, 7)))
    total = w.call(np.sum, double)
    check(w, w.add(late, a), total, plus)


def test_several_writes_in_a_row() -> None:
    e, h, m = (rng.normal(size=(9, 11)) for _ in range(3))
    w = Writing(e, h, m)
    a, b, c = w.nodes
    with w.loop(0, 4):
        w.write(w.at(a, slice(1, None)), w.add(w.at(a, slice(1, None)), difference(w, b)))
        w.write(w.at(b, slice(0, -1)), w.add(w.at(b, slice(0, -1)), w.mul(0.5, difference(w, a))))
        w.write(w.at(c, slice(None), 3), w.at(a, slice(None), 4))
        w.write(w.at(c, 3), w.value_node(0.25))
    planned = check(w, a, b, c)
    assert all(program.temporaries == () for program in programs(planned.routine.steps))


def difference(w: Writing, x: Node) -> Node:
    return w.apply("-", w.at(x, slice(1, None)), w.at(x, slice(0, -1)))


def stencil(w: Writing, source: Node, target: Node) -> None:
    inner = w.add(w.at(source, slice(0, -2)), w.at(source, slice(2, None)))
    w.write(w.at(target, slice(1, -1)), w.mul(inner, 0.5))


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_buffers_that_change_places_in_a_loop_need_no_temporary(steps: int) -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    u, v = w.variable("u", a), w.variable("v", b)
    with w.loop(0, steps):
        here, there = w.read(u), w.read(v)
        stencil(w, here, there)
        w.set(u, there)
        w.set(v, here)
    planned = check(w, w.read(u), w.read(v))
    (program,) = programs(planned.routine.steps)
    assert program.temporaries == ()
    assert kernels(planned)[0].startswith("v[1+i0]")


def test_parameters_that_may_overlap_and_change_places_do() -> None:
    memory = vector(30)
    w = Writing(memory[:20], memory[1:21], apart=False)
    a, b = w.nodes
    u, v = w.variable("u", a), w.variable("v", b)
    with w.loop(0, 3):
        here, there = w.read(u), w.read(v)
        stencil(w, here, there)
        w.set(u, there)
        w.set(v, here)
    (program,) = programs(check(w, w.read(u)).routine.steps)
    assert len(program.temporaries) == 1


def test_a_variable_that_takes_the_others_memory_may_overlap_it() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    u, v = w.variable("u", a), w.variable("v", b)
    with w.loop(0, 3):
        here, there = w.read(u), w.read(v)
        stencil(w, here, there)
        w.set(u, there)
        w.set(v, there)
    (program,) = programs(check(w, w.read(u)).routine.steps)
    assert len(program.temporaries) == 1


def test_buffers_that_change_places_in_nested_loops() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    u, v = w.variable("u", a), w.variable("v", b)
    with w.loop(0, 3):
        x, y = w.read(u), w.read(v)
        inner_u, inner_v = w.variable("u", x), w.variable("v", y)
        with w.loop(0, 3):
            here, there = w.read(inner_u), w.read(inner_v)
            stencil(w, here, there)
            w.set(inner_u, there)
            w.set(inner_v, here)
        x, y = w.read(inner_u), w.read(inner_v)
        w.set(u, y)
        w.set(v, x)
    (program,) = programs(check(w, w.read(u), w.read(v)).routine.steps)
    assert program.temporaries == ()


def test_fresh_arrays_carried_around_a_loop() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    u = w.variable("u", a)
    with w.loop(0, 4):
        here = w.read(u)
        fresh = w.add(w.mul(here, 0.5), 1.0)
        w.set(u, fresh)
    planned = check(w, w.read(u))
    assert planned.routine.written == frozenset()


def test_a_reduction_feeds_a_branch_and_what_follows() -> None:
    w = Writing(vector(), 3.0)
    a, x = w.nodes
    total = w.call(np.sum, w.mul(a, a))
    scaled = w.mul(a, 2.0)
    out = w.variable("out", scaled)
    with w.when(w.apply(">", total, x)):
        w.set(out, w.apply("/", a, total))
        w.write(w.at(a, slice(0, 2)), w.mul(w.at(a, slice(2, 4)), total))
    with w.otherwise():
        w.write(w.at(a, slice(3, 5)), w.at(scaled, slice(0, 2)))
    check(w, w.read(out), total, w.add(scaled, a))


def test_what_is_used_in_a_loop_is_computed_before_it() -> None:
    w = Writing(vector(), rng.normal(size=(4, 20)))
    a, b = w.nodes
    t = w.mul(a, 3.0)
    unused_inside = w.add(a, 1.0)
    with w.loop(0, 4) as i:
        w.write(w.at(b, w.size(i)), w.add(w.at(b, w.size(i)), t))
    planned = check(w, b, unused_inside)
    first, loop, last = planned.routine.steps
    assert isinstance(first, Segment) and isinstance(loop, For) and isinstance(last, Segment)
    assert first.outputs == (t,) and last.outputs == (unused_inside,)


def test_what_reads_memory_that_a_loop_writes_is_computed_before_it() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    t = w.mul(a, 3.0)
    with w.loop(0, 4) as i:
        w.write(w.at(a, w.size(i)), w.add(w.at(a, w.size(i) + 1), 1.0))
    planned = check(w, w.add(t, 1.0), a)
    assert isinstance(planned.routine.steps[0], Segment)


def test_single_elements_are_read_at_once_and_stored() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    first = w.at(a, 0)
    w.write(w.at(a, 0), w.at(a, 1))
    with w.loop(1, 5) as i:
        w.write(w.at(b, w.size(i)), w.add(w.mul(w.at(b, w.size(i) - 1), 0.5), first))
    planned = check(w, first, a, b)
    assert not programs(planned.routine.steps)
    assert any(isinstance(step, Store) for step in planned.routine.steps)


def test_an_element_of_an_array_that_waits() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    t = w.mul(a, 2.0)
    one = w.at(t, 3)
    w.write(a, w.value_node(0.0))
    check(w, w.add(one, 1.0), a)


def test_fresh_memory_that_is_written_to() -> None:
    w = Writing(vector(), rng.normal(size=(3, 4)))
    a, b = w.nodes
    out = w.call(np.zeros_like, a)
    double = w.mul(out, 2.0)
    w.write(w.at(out, slice(2, 5)), w.at(a, slice(0, 3)))
    rest = w.empty_like(b)
    w.write(rest, w.mul(b, 2.0))
    planned = check(w, out, rest, double)
    assert planned.routine.direct == {out, rest, double}
    assert planned.routine.written == planned.routine.restored == frozenset()
    assert any(isinstance(step, Invoke) for step in planned.routine.steps)


def test_views_of_views_of_what_is_written() -> None:
    w = Writing(rng.normal(size=(6, 8)))
    (a,) = w.nodes
    part = w.at(a, slice(1, 5), slice(None, None, 2))
    row = w.at(part, 2)
    turned = w.at(w.builder.attribute("T", part), slice(1, 3))
    w.write(row, w.mul(w.at(part, 1), 2.0))
    w.write(turned, w.mul(turned, 3.0))
    w.write(w.at(part, slice(1, None)), w.at(part, slice(0, -1)))
    check(w, a, row)


def test_a_transposed_write_into_itself_has_a_temporary() -> None:
    w = Writing(rng.normal(size=(4, 4)))
    (a,) = w.nodes
    square = w.at(a, slice(0, 4), slice(0, 4))
    w.write(square, w.builder.attribute("T", square))
    (program,) = programs(check(w, a).routine.steps)
    assert len(program.temporaries) == 1


def test_parts_of_complex_numbers_are_written() -> None:
    z = rng.normal(size=8) + 1j * rng.normal(size=8)
    w = Writing(z, vector(8))
    a, b = w.nodes
    w.write(w.builder.attribute("real", a), w.mul(w.builder.attribute("real", a), 2.0))
    w.write(w.builder.attribute("imag", a), w.add(b, w.builder.attribute("real", a)))
    first, _second = programs(check(w, a).routine.steps)
    assert first.temporaries == ()


def test_checks_wait_for_what_they_ask_about() -> None:
    for limit in (100.0, -100.0):
        w = Writing(vector(), limit)
        a, x = w.nodes
        t = w.mul(a, 2.0)
        w.check(w.apply("<", w.call(np.sum, t), x))
        w.write(w.at(a, slice(0, 3)), w.at(t, slice(1, 4)))
        planned = check(w, t, a)
        assert len(programs(planned.routine.steps)) == 1


def test_checks_of_numbers_stand_at_their_place() -> None:
    for number in (3, 50):
        w = Writing(vector(), number)
        a, n = w.nodes
        w.check(w.apply("<", n, 20))
        w.write(w.at(a, 0), w.at(a, dim(w.builder.dim(n, n.span))))
        planned = check(w, a)
        assert planned.routine.restored == frozenset()


def test_a_check_after_a_write_puts_memory_back() -> None:
    w = Writing(vector(), 3)
    a, n = w.nodes
    w.write(w.at(a, 0), w.at(a, 1))
    w.check(w.apply("<", n, 20))
    assert check(w, a).routine.restored == {0}
    w = Writing(vector(), 3)
    a, n = w.nodes
    with w.loop(0, 3) as i:
        w.check(w.apply("<", n, 20))
        w.write(w.at(a, w.size(i)), w.at(a, w.size(i) + 1))
    assert check(w, a).routine.restored == {0}


def test_while_and_leaving() -> None:
    w = Writing(vector(), 4.0)
    a, limit = w.nodes
    u = w.variable("u", w.mul(a, 0.1))
    with w.block() as head:
        here = w.read(u)
        go_on = w.apply("<", w.call(np.max, w.builder.call(np.abs, here)), limit)
    with w.repeat(head, go_on):
        w.set(u, w.mul(w.read(u), 1.7))
    done = w.variable("done", w.call(np.sum, w.read(u)))
    with w.labeled() as out, w.loop(0, 10) as i, w.when(w.above(i, 4)):
        w.set(done, w.add(w.read(done), 1.0))
        w.leave(out)
    check(w, w.read(u), w.read(done))


def test_a_size_that_is_computed() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    count = w.builder.node(w.builder.call(int, w.call(np.sum, w.apply(">", a, 0.0))), a.span)
    n = w.number(count)
    part = w.mul(w.at(a, slice(0, n)), 2.0)
    w.write(w.at(a, slice(0, n)), w.add(part, 1.0))
    planned = check(w, w.call(np.sum, part), a)
    assert set(planned.routine.symbols.values()) == {count}


def counted(w: Writing, x: Node) -> Node:
    return w.builder.node(w.builder.call(int, w.call(np.sum, w.apply(">", x, 0.0))), x.span)


def test_sizes_that_a_check_makes_equal_are_one() -> None:
    w = Writing(vector(), np.linspace(-1.0, 1.0, 20))
    a, b = w.nodes
    counts = counted(w, b), w.builder.node(w.builder.call(int, w.call(np.sum, w.apply("<", b, 0.0))), b.span)
    n, m = map(w.number, counts)
    w.check(Node("py.eq", counts, None, Scalar(np.dtype("?"), "python"), a.span))
    left, right = w.at(a, slice(0, n)), w.at(b, slice(0, m))
    total = Node("add", (left, right), "dd->d", left.type, a.span)
    w.write(left, total)
    planned = check(w, a)
    program = programs(planned.routine.steps)[-1]
    assert program.temporaries == () and len(program.region.params) == 3


def test_library_operations_run_at_their_place() -> None:
    w = Writing(rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), np.array([3, 0, 1]))
    a, b, k = w.nodes
    product = Node("matmul", (w.mul(a, 2.0), b), None, b.type, b.span)
    rows = Node("gather", (product, w.add(k, 0)), True, w.at(b, slice(0, 3)).type, b.span)
    w.write(a, w.add(product, 1.0))
    w.scatter(b, [k], w.mul(rows, 2.0))
    planned = check(w, rows, w.add(product, b), a, b)
    assert sum(isinstance(step, Invoke) for step in planned.routine.steps) == 2


def test_equal_reads_of_a_variable_are_one_input() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    u = w.variable("u", a)
    with w.loop(0, 3):
        w.write(w.at(w.read(u), slice(1, None)), w.mul(w.at(w.read(u), slice(1, None)), 2.0))
    (program,) = programs(check(w, a).routine.steps)
    assert len(program.kernels) == 1


def test_nothing_is_computed_that_nobody_needs() -> None:
    w = Writing(vector())
    (a,) = w.nodes
    w.mul(a, 2.0)
    w.write(w.at(a, 0), w.at(a, 1))
    assert not programs(check(w, a).routine.steps)


def test_what_is_used_twice_is_kept() -> None:
    w = Writing(vector(), vector())
    a, b = w.nodes
    t = w.builder.call(np.exp, w.mul(a, b))
    w.write(a, w.add(t, 1.0))
    w.write(b, w.add(t, 2.0))
    planned = check(w, a, b)
    assert sum("exp" in line for line in kernels(planned)) == 1


def test_a_write_of_an_array_without_axes() -> None:
    w = Writing(vector(), np.array(2.5))
    a, b = w.nodes
    w.write(b, w.at(a, 2))
    w.write(w.at(a, slice(0, 3)), b)
    check(w, a, b)
