"""Routines built by hand against Python: loops and their borders, branches, leaving, checks, elements, variables."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.frontend.arguments import layout_of
from eqsat.ir.body import Check, Label, Leave, Variable
from eqsat.ir.dims import Dim, dim
from eqsat.ir.routine import For, If, Labeled, Step, While
from eqsat.ir.types import Array
from eqsat.ir.view import Along, View
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

# Counted loops --------------------------------------------------------------------------------------------------


def counted(up: bool | None, step: int | None, turns: int = 1 << 30) -> RoutineRunner:
    """`for i in range(start, stop, step)`, that notes how many turns there were and the counters' exclusive or."""
    build = Routines(0, 0, 1)
    start, stop, given = build.nodes
    many, seen = Variable("many", INT), Variable("seen", INT)
    counter, _ = build.counter()
    done = Label("done")
    body = build.write()
    body.steps.append(put(seen, body.py("xor", body.py("mul", body.read(seen), 3), counter)))
    count = body.py("add", body.read(many), 1)
    body.steps.append(put(many, count))
    body.steps.append(If(body.py("ge", count, turns), (Leave(done),), ()))
    loop = For(counter, start, stop, given if step is None else number(step), up, tuple(body.steps))
    build.top.steps += [put(many, number(0)), put(seen, number(0)), Labeled(done, (loop,))]
    return RoutineRunner(build.routine(final(build, many), final(build, seen)))


def expected(start: int, stop: int, step: int, turns: int = 1 << 30) -> list[int]:
    many = seen = 0
    for counter in range(start, stop, step):
        seen = (seen * 3 + (1 << 63)) % (1 << 64) - (1 << 63) ^ counter
        many += 1
        if many >= turns:
            break
    return [many, seen]


RANGES = [(0, 5), (5, 0), (3, 3), (-7, 8), (8, -7), (-3, -2), (0, 1), (1, 0)]
BORDERS = [(LARGEST - 3, LARGEST), (SMALLEST + 3, SMALLEST), (LARGEST, SMALLEST), (SMALLEST, SMALLEST + 4)]


@pytest.mark.parametrize("step", [1, 2, 3, 7, -1, -2, -5])
@pytest.mark.parametrize("known", ["step", "sign", "nothing"])
def test_counters_run_as_pythons_range(known: str, step: int) -> None:
    up = None if known == "nothing" else step > 0
    runner = counted(up, step if known == "step" else None)
    for start, stop in RANGES:
        assert [int(x[0]) for x in runner(start, stop, step)] == expected(start, stop, step), (start, stop)
        assert runner.status == Status.OK


@pytest.mark.parametrize("step", [1, 2, 3, -1, -2, 1 << 62, SMALLEST])
@pytest.mark.parametrize("known", ["step", "sign", "nothing"])
def test_at_the_borders_of_64_bits_counters_are_right_or_python_runs(known: str, step: int) -> None:
    up = None if known == "nothing" else step > 0
    runner = counted(up, step if known == "step" else None, 10)
    for start, stop in BORDERS:
        found = [int(x[0]) for x in runner(start, stop, step)]
        if runner.status == Status.OK:
            assert found == expected(start, stop, step, 10), (start, stop)
        else:
            assert abs(step) > 1 and known != "nothing"


def test_a_loop_that_ends_in_its_first_turn_is_no_loop() -> None:
    build = Routines(4)
    done, found = Label("done"), Variable("found", INT)
    counter, _ = build.counter()
    body: tuple[Step, ...] = (put(found, counter), Leave(done))
    loop = For(counter, number(7), build.nodes[0], number(1), True, body)
    build.top.steps += [put(found, number(-1)), Labeled(done, (loop, put(found, number(-2))))]
    runner = RoutineRunner(build.routine(final(build, found)))
    assert [int(runner(n)[0][0]) for n in (4, 7, 8, 9)] == [-2, -2, 7, 7]


# Branches and leaving -------------------------------------------------------------------------------------------


def test_while_with_branches_counts_the_steps_of_collatz() -> None:
    build = Routines(1)
    value, steps = Variable("value", INT), Variable("steps", INT)
    build.top.steps += [put(value, build.nodes[0]), put(steps, number(0))]
    head, body, odd, even = (build.write() for _ in range(4))
    condition = head.py("ne", head.read(value), 1)
    odd.steps.append(put(value, odd.py("add", odd.py("mul", odd.read(value), 3), 1)))
    even.steps.append(put(value, even.py("floordiv", even.read(value), 2)))
    is_odd = body.py("eq", body.py("mod", body.read(value), 2), 1)
    body.steps.append(If(is_odd, tuple(odd.steps), tuple(even.steps)))
    body.steps.append(put(steps, body.py("add", body.read(steps), 1)))
    build.top.steps.append(While(tuple(head.steps), condition, tuple(body.steps)))
    runner = RoutineRunner(build.routine(final(build, steps)))

    def collatz(n: int) -> int:
        count = 0
        while n != 1:
            n, count = (3 * n + 1 if n % 2 == 1 else n // 2), count + 1
        return count

    for n in (1, 2, 7, 27, 97):
        assert runner(n)[0][0] == collatz(n)


def test_leaving_from_the_middle_of_two_loops() -> None:
    """`for i: for j: if j > i: continue; if i * j == n: return (i, j)`."""
    build = Routines(1, 1)
    n, stop = build.nodes
    first, second = Variable("first", INT), Variable("second", INT)
    out, following = Label("return"), Label("continue")
    i, j = build.counter()[0], build.counter()[0]
    inner = build.write()
    inner.steps.append(If(inner.py("gt", j, i), (Leave(following),), ()))
    hit = inner.py("eq", inner.py("mul", i, j), n)
    inner.steps.append(If(hit, (put(first, i), put(second, j), Leave(out)), ()))
    loops = For(i, number(0), stop, number(1), True, (
        For(j, number(0), stop, number(1), True, (Labeled(following, tuple(inner.steps)),)),
    ))  # fmt: skip
    build.top.steps += [put(first, number(-1)), put(second, number(-1)), Labeled(out, (loops,))]
    runner = RoutineRunner(build.routine(final(build, first), final(build, second)))
    for number_, size_ in ((12, 20), (12, 5), (13, 10), (0, 3), (49, 8)):
        pairs = [(i, j) for i in range(size_) for j in range(size_) if j <= i and i * j == number_]
        assert [int(x[0]) for x in runner(number_, size_)] == list(pairs[0] if pairs else (-1, -1))


def test_code_behind_a_leave_is_not_run() -> None:
    build = Routines(1)
    found, out = Variable("found", INT), Label("out")
    arm = (put(found, number(1)), Leave(out), put(found, number(2)), Leave(out))
    other = (put(found, number(3)), Leave(out))
    positive = build.top.py("gt", build.nodes[0], 0)
    both = If(positive, arm, other)
    build.top.steps.append(Labeled(out, (both, put(found, number(4)))))
    runner = RoutineRunner(build.routine(final(build, found)))
    assert [int(runner(n)[0][0]) for n in (5, -5)] == [1, 3]


def test_a_branch_with_nothing_on_one_side() -> None:
    build = Routines(1)
    found = Variable("found", INT)
    build.top.steps.append(put(found, number(1)))
    positive = build.top.py("gt", build.nodes[0], 0)
    build.top.steps.append(If(positive, (), (put(found, number(2)),)))
    runner = RoutineRunner(build.routine(final(build, found)))
    assert [int(runner(n)[0][0]) for n in (5, -5)] == [1, 2]


def test_an_endless_loop_with_a_way_out_in_the_middle() -> None:
    build = Routines(1)
    value, out = Variable("value", INT), Label("out")
    body = build.write()
    now = body.read(value)
    body.steps.append(If(body.py("gt", now, 1000), (Leave(out),), ()))
    body.steps.append(put(value, body.py("mul", now, 2)))
    build.top.steps += [
        put(value, build.nodes[0]),
        Labeled(out, (While((), number(True), tuple(body.steps)),)),
    ]
    runner = RoutineRunner(build.routine(final(build, value)))
    assert runner(3)[0][0] == 1536


# Checks ---------------------------------------------------------------------------------------------------------


def test_a_check_that_is_false_ends_the_run_at_once() -> None:
    array = np.zeros(5, np.int64)
    build = Routines(array, 5)
    a, n = build.nodes
    i, counter, body = build.loop(build.top, n)
    body.check(body.py("lt", counter, 3))
    body.store(a, [i], counter)
    runner = RoutineRunner(build.routine(number(1)))
    runner(array, 3)
    assert runner.status == Status.OK and array.tolist() == [0, 1, 2, 0, 0]
    runner(array, 5)
    assert runner.status == Status.CHECK_FAILED and array.tolist() == [0, 1, 2, 0, 0]


@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_a_sum_that_leaves_64_bits_is_noticed(op: str) -> None:
    build = Routines(1, 1)
    x, y = build.nodes
    found = build.top.py(op, x, y)
    fine = build.top.let(node(f"ok.{op}", [x, y], BOOL))
    build.top.steps.append(Check(fine))
    runner = RoutineRunner(build.routine(found))
    assert runner(3, 4)[0][0] == {"add": 7, "sub": -1, "mul": 12}[op] and runner.status == Status.OK
    runner(LARGEST, -LARGEST if op == "sub" else LARGEST)
    assert runner.status == Status.CHECK_FAILED


# Elements -------------------------------------------------------------------------------------------------------

DTYPES = ["?", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]


def layouts(dtype: str) -> dict[str, np.ndarray]:
    kind = np.dtype(dtype)
    base = (np.arange(24) % 5).astype(kind).reshape(4, 6)
    records = np.zeros((4, 6), np.dtype([("mark", "u1"), ("value", kind)]))
    records["value"] = base
    return {
        "C": base,
        "F": np.asfortranarray(base),
        "steps": np.repeat(base, 2, axis=1)[:, ::2],
        "backwards": base[::-1, ::-1].copy()[::-1, ::-1],
        "transposed": np.repeat(base, 2, axis=0)[::2].T,
        "repeated": np.broadcast_to(base[:1], (4, 6)),
        "ragged": records["value"],
        "row": base[:1].copy(),
        "empty": base[:0].copy(),
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", list(layouts("i8")))
def test_elements_are_read_and_written_where_they_lie(dtype: str, layout: str) -> None:
    """`out[j, i] = a[i, j]`."""
    source = layouts(dtype)[layout]
    target = layouts(dtype)["steps" if layout == "C" else "C"]
    target = np.zeros(source.shape[::-1], target.dtype)
    build = Routines(source, target)
    build.apart()
    a, out = build.nodes
    i, _, rows = build.loop(build.top, size(dim(a.type.shape[0])))
    j, _, columns = build.loop(rows, size(dim(a.type.shape[1])))
    columns.store(out, [j, i], columns.load(a, i, j))
    RoutineRunner(build.routine(number(1)))(source, target)
    assert np.array_equal(target, source.T)


def test_bools_are_read_as_numpy_reads_bytes() -> None:
    source, target = np.arange(6, dtype=np.uint8).view(np.bool), np.zeros(6, np.bool)
    build = Routines(source, target)
    a, out = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.store(out, [i], body.load(a, i))
    RoutineRunner(build.routine(number(1)))(source, target)
    assert target.view(np.uint8).tolist() == [0, 1, 1, 1, 1, 1]


def test_views_of_views_are_addresses() -> None:
    """`a[1::2, ::-1].T[j, i]`, and the imaginary part of it."""
    source = (np.arange(24) * (1 + 2j)).reshape(4, 6)
    target = np.zeros((6, 2))
    build = Routines(source, target)
    a, out = build.nodes
    rows, columns = dim(2), build.size(0, 1)
    cut = View((Along(0, dim(1), 2), Along(1, columns - 1, -1)), 2)
    type_ = build_type(source[1::2, ::-1], (rows, columns))
    part = node("view", [a], type_, cut)
    turned = node("view", [part], build_type(source[1::2, ::-1].T, (columns, rows)), View((Along(1), Along(0)), 2))
    imaginary = node("imag", [turned], build_type(source[1::2, ::-1].T.imag, (columns, rows)))
    i, _, outer = build.loop(build.top, columns)
    j, _, inner = build.loop(outer, rows)
    inner.store(out, [i, j], inner.load(imaginary, i, j))
    RoutineRunner(build.routine(number(1)))(source, target)
    assert np.array_equal(target, source[1::2, ::-1].T.imag)


def build_type(example: np.ndarray, shape: tuple[Dim, ...]) -> Array:
    return Array(example.dtype, shape, layout_of(example))


def test_arrays_that_may_overlap_are_written_in_order() -> None:
    """`b[i] = a[i] + 1`, where `b` begins one element behind `a`."""
    memory = np.zeros(200)
    a, b = memory[:-1], memory[1:]
    build = Routines(a, b)
    first, second = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.store(second, [i], body.ufunc("add", body.load(first, i), double(1.0)))
    RoutineRunner(build.routine(number(1)))(a, b)
    assert np.array_equal(memory, np.arange(200.0))


def test_a_number_borrowed_from_numpys_loop() -> None:
    values = np.linspace(0.1, 3, 50)
    target = np.zeros(50)
    build = Routines(values, target)
    a, out = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    body.store(out, [i], body.ufunc("sin", body.load(a, i)))
    RoutineRunner(build.routine(number(1)))(values, target)
    assert np.array_equal(target, np.sin(values))


def test_local_symbols_are_numbers_of_this_turn() -> None:
    """`for i: k = p[i]; out[k + 1] = k * k`."""
    places, target = np.array([3, 0, 2, 1]), np.zeros(6, np.int64)
    build = Routines(places, target)
    p, out = build.nodes
    i, _, body = build.loop(build.top, build.size(0, 0))
    k = body.load(p, i)
    symbol = body.symbol(k)
    body.store(out, [symbol + 1], size(symbol * symbol))
    RoutineRunner(build.routine(number(1)))(places, target)
    assert target.tolist() == [0, 0, 1, 4, 9, 0]
