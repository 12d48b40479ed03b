"""Many calls and many threads: nothing leaks, nothing is shared, and long runs let other threads work."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eqsat.ir.program import Buffer
from eqsat.ir.region import Same, TupleOf
from eqsat.ir.types import Array, Scalar, packed_layout
from eqsat.ir.view import identity
from lowering.entry import LONG_RUN
from lowering.frame import Status

F8 = np.dtype("f8")


def everything(kit, x: np.ndarray, status: Status = Status.OK):
    """A callable (x, 2.5) whose results are of every kind."""
    params = kit.params(x, 2.5)
    fresh = kit.node("negative", params[0].type, kit.param(params, 0))
    equal = kit.node("negative", params[0].type, kit.param(params, 0))
    view = kit.node("view", params[0].type, kit.param(params, 0), attr=identity(x.ndim))
    number = kit.node("py.neg", params[1].type)
    scalar = kit.node("sum", Scalar(F8, "numpy"))
    point = kit.node("point", Array(F8, (), packed_layout((), ())))
    buffer = kit.buffer("out", params[0].type)
    of_param = Buffer("x", F8, params[0].type.shape, params[0].type.layout.order, "param", 0)
    result = TupleOf((fresh, TupleOf((equal, view, number)), scalar, point, fresh, kit.param(params, 0), Same("text")))
    values = [(fresh, buffer), (equal, buffer), (view, of_param)]
    return kit.call(kit.program(params, result, values), status)


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident size is read from /proc")
@pytest.mark.parametrize("way", ["hit", "miss", "rerun", "no memory"])
def test_a_million_calls_do_not_leak(kit, way):
    x = np.arange(100.0)
    status = {"rerun": Status.CHECK_FAILED, "no memory": Status.NO_MEMORY}.get(way, Status.OK)
    call = everything(kit, x, status)
    second = "x" if way == "miss" else 1.5

    def calls(count):
        for _ in range(count):
            with contextlib.suppress(MemoryError):
                call(x, second)

    calls(20_000)
    gc.collect()
    tracked = [x, F8, np.ndarray, np.float64, call, "text"]
    before, size = [sys.getrefcount(one) for one in tracked], resident()
    calls(1_000_000 if way == "hit" else 200_000)
    gc.collect()
    after, grown = [sys.getrefcount(one) for one in tracked], resident() - size
    assert all(abs(a - b) < 100 for a, b in zip(after, before, strict=True)), (before, after)
    assert grown < 2_000_000, grown


def test_allocations_that_fail_do_not_leak(kit):
    from eqsat.ir.dims import Symbol, dim

    params = kit.params(1)
    small, large = (dim(4),), (dim(Symbol(0, None)),)
    nodes = [kit.node("made", Array(F8, shape, packed_layout(shape, (0,)))) for shape in (small, large)]
    buffers = {node: kit.buffer(f"out{i}", node.type) for i, node in enumerate(nodes)}
    call = kit.call(kit.program(params, TupleOf(tuple(nodes)), buffers.items()))
    before = sys.getrefcount(F8)
    for _ in range(1000):
        with pytest.raises(MemoryError):
            call(2**50)
    assert abs(sys.getrefcount(F8) - before) < 50


def test_many_threads_call_at_once(kit):
    x = np.arange(50.0)
    params = kit.params(x, 1)
    node = kit.node("add", params[0].type, kit.param(params, 0))
    program = kit.program(
        params, TupleOf((node, kit.param(params, 1))), {node: kit.buffer("out", params[0].type)}.items()
    )

    def work(memory):
        memory.result("out")[:] = memory.array(0) + int(memory.scalar(1))

    call = kit.call(program, work)

    def one(number: int) -> bool:
        y = x[: number % 50]
        y = y if len(y) != 1 else x
        for k in range(40):
            result, same = call(y, number * 1000 + k)
            if same != number * 1000 + k or result.tolist() != (y + number * 1000 + k).tolist():
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(2, 66)))


@pytest.mark.parametrize("length", [LONG_RUN - 1, LONG_RUN])
def test_a_long_run_releases_the_gil_and_a_short_one_does_not(kit, length):
    x = np.zeros(length)
    params = kit.params(x)
    node = kit.node("negative", params[0].type, kit.param(params, 0))
    program = kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items())
    assert isinstance(kit.without_gil(program)(x), np.ndarray) == (length >= LONG_RUN)


def test_other_threads_run_while_a_long_run_sleeps(kit):
    x = np.zeros(LONG_RUN)
    params = kit.params(x)
    node = kit.node("negative", params[0].type, kit.param(params, 0))
    started = threading.Event()

    def work(_):
        started.set()
        time.sleep(0.2)

    call = kit.call(kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items()), work)
    thread = threading.Thread(target=call, args=(x,))
    thread.start()
    assert started.wait(5) and thread.is_alive()
    thread.join()
