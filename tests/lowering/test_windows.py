"""Kernels that write into part of a parameter: every element once, from what is there, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqsat.errors import InternalError
from eqsat.ir.dims import Dim, dim
from eqsat.ir.program import Kernel, Load, Program, Term, Window
from eqsat.ir.types import Array
from eqsat.ir.view import Along, View, identity
from lowering.nests import nests_of
from tests.lowering.kernel_building import Build, cast, fold, known, ufunc
from tests.lowering.kernel_running import Runner

LENGTHS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 100, 300]
rng = np.random.default_rng(3)


class Put(Build):
    """A program that writes into parameters."""

    def put(self, number: int, term: Term, view: View, shape: tuple[Dim, ...]) -> None:
        type_ = self.params[number].type
        assert isinstance(type_, Array)
        window = Window(view, shape, view.order(type_.layout.order))
        self.kernels.append(Kernel(self.buffers[number], term, 1.0, window))

    def whole(self, number: int, term: Term) -> None:
        shape = self.shape(number)
        self.put(number, term, identity(len(shape)), shape)


def assert_writes(made: Build, expected: Callable[..., None]) -> Program:
    """Run on copies of the arguments that lie in the same way, inside of memory that must stay as it is."""
    program = made.program()
    ours, theirs = ([framed(a) for a in made.args] for _ in range(2))
    Runner(program)(*(a for _, a in ours))
    with np.errstate(all="ignore"):
        expected(*(a for _, a in theirs))
    for (one, _), (other, _) in zip(ours, theirs, strict=True):
        assert one.tobytes() == other.tobytes(), (one, other)
    return program


def framed(value: object) -> tuple[np.ndarray, object]:
    """The same bytes and strides, with something before and after."""
    if not isinstance(value, np.ndarray):
        return np.zeros(0), value
    low, high = np.lib.array_utils.byte_bounds(value)
    memory = np.full(high - low + 128, 0x5B, np.uint8)
    start = 64 + value.ctypes.data - low
    array = np.ndarray(value.shape, value.dtype, memory, start, value.strides)
    array[...] = value
    return memory, array


def of(dtype: str, n: int) -> np.ndarray:
    if dtype == "?":
        return rng.integers(0, 2, n).astype(bool)
    if dtype in "FD":
        return (rng.normal(size=n) + 1j * rng.normal(size=n)).astype(dtype)
    return (rng.normal(size=n) * 20).astype(dtype)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", ["b", "h", "f", "d", "D"])
def test_in_place(n: int, dtype: str) -> None:
    made = Put(of(dtype, n), of(dtype, n))
    made.equal(made.shape(0)[0], made.shape(1)[0]) if n != 1 else None
    made.whole(0, ufunc("multiply" if dtype != "D" else "add", made.load(0), made.load(1)))
    name = np.multiply if dtype != "D" else np.add
    assert_writes(made, lambda a, b: name(a, b, out=a))


@pytest.mark.parametrize("n", LENGTHS)
def test_in_place_through_numpys_own_loops(n: int) -> None:
    made = Put(of("d", n))
    made.whole(0, ufunc("subtract", ufunc("exp", ufunc("sin", made.load(0))), made.load(0)))
    assert_writes(made, lambda a: np.subtract(np.exp(np.sin(a)), a, out=a))


@pytest.mark.parametrize("dtype", ["?", "e", "f", "d", "F", "D", "H"])
@pytest.mark.parametrize("step", [2, -1, 3, -2])
@pytest.mark.parametrize("n", [1, 5, 8, 23, 64])
def test_steps(step: int, dtype: str, n: int) -> None:
    made = Put(of(dtype, n * abs(step)), of(dtype, n))
    length = made.shape(0)[0]
    start = dim(0) if step > 0 else length - 1
    view = View((Along(0 if n > 1 else None, start, step if n > 1 else 1),), 1)
    made.put(0, made.load(1), view, made.shape(1))
    assert_writes(made, lambda a, b: a[::step].__setitem__(slice(None), b))


@pytest.mark.parametrize("shape", [(1, 9), (5, 8), (9, 17), (4, 1)])
def test_columns_and_turned_arrays(shape: tuple[int, int]) -> None:
    a, b = rng.normal(size=shape), rng.normal(size=shape[::-1])
    made = Put(a, b.T)
    made.put(0, ufunc("negative", made.load(1)), identity(2), made.shape(1))
    assert_writes(made, lambda a, b: np.negative(b, out=a))
    column = Put(a, b[0])
    view = View((Along(0 if shape[0] > 1 else None), Along(None, dim(shape[1] // 2))), 1)
    column.put(0, column.load(1), view, column.shape(1))
    assert_writes(column, lambda a, b: a[:, shape[1] // 2].__setitem__(slice(None), b))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_inner_part_of_an_array_in_any_order(order: tuple[int, ...]) -> None:
    memory = rng.normal(size=[(6, 7, 12)[k] for k in order]).transpose(np.argsort(order))
    made = Put(memory, 2.5)
    inner = View(tuple(Along(k, dim(1)) for k in range(3)), 3)
    shape = tuple(d - 2 for d in made.shape(0))
    made.put(0, ufunc("multiply", Load(made.buffers[0], inner), made.arg(1)), inner, shape)
    program = assert_writes(made, lambda a, x: np.multiply(a[1:-1, 1:-1, 1:-1], x, out=a[1:-1, 1:-1, 1:-1]))
    assert program.kernels[0].window.order == order


def test_arguments_with_gaps() -> None:
    made = Put(rng.normal(size=(8, 30))[1:6, 3:-4:2], rng.normal(size=30)[::2][:12])
    made.guards.clear()
    row = View((Along(1),), 2)
    term = ufunc("add", made.load(0), Load(made.buffers[1], row))
    made.equal(made.shape(0)[1], made.shape(1)[0])
    made.whole(0, term)
    assert_writes(made, lambda a, b: np.add(a, b, out=a))


def test_a_number_fills_it() -> None:
    made = Put(rng.normal(size=(5, 9)), 4.0)
    made.whole(0, made.arg(1))
    assert_writes(made, lambda a, x: a.__setitem__(slice(None), x))
    same = Put(of("h", 9))
    same.whole(0, known(7, "h"))
    assert_writes(same, lambda a: a.__setitem__(slice(None), 7))


def test_one_half_is_read_and_the_other_written() -> None:
    made = Put(of("d", 41))
    half = made.shape(0)[0] // 2
    low, high = View((Along(0),), 1), View((Along(0, half),), 1)
    made.put(0, ufunc("sqrt", ufunc("absolute", Load(made.buffers[0], low))), high, (half,))
    assert_writes(made, lambda a: np.sqrt(np.abs(a[:20]), out=a[20:40]))


def test_an_element_beside_the_window_is_read_for_all_of_it() -> None:
    made = Put(rng.normal(size=(6, 40)))
    row = View((Along(None, dim(2)), Along(0, dim(1))), 1)
    first = Load(made.buffers[0], View((Along(None, dim(2)), Along(None)), 1))
    term = ufunc("multiply", ufunc("exp", first), Load(made.buffers[0], row))
    made.put(0, term, row, (made.shape(0)[1] - 1,))
    assert_writes(made, lambda a: np.multiply(np.exp(a[2, 0]), a[2, 1:], out=a[2, 1:]))


@pytest.mark.parametrize("n", [2, 9, 40])
def test_what_overlaps_goes_through_a_temporary(n: int) -> None:
    made = Put(of("d", n))
    shape = (made.shape(0)[0] - 1,)
    low, high = View((Along(0),), 1), View((Along(0, dim(1)),), 1)
    moved = made.kernel(ufunc("multiply", Load(made.buffers[0], low), known(2, "d")), shape, role="temp")
    made.put(0, Load(moved, identity(1)), high, shape)
    assert_writes(made, lambda a: np.multiply(a[:-1].copy(), 2, out=a[1:]))


def test_kernels_over_the_same_rows_do_not_share_a_loop_with_what_writes_into_a_parameter() -> None:
    """A row of the parameter would be written before another one, which reads it, is summed."""
    made = Put(rng.normal(size=(7, 20)))
    rows, columns = made.shape(0)
    turned = View((Along(0, rows - 1, -1), Along(1)), 2)
    total = made.kernel(
        fold("add", Load(made.buffers[0], turned), (rows, columns), (1,), (), (1,)), (rows,), role="temp"
    )
    made.whole(0, ufunc("subtract", made.load(0), Load(total, View((Along(0),), 2))))
    assert_writes(made, lambda a: np.subtract(a, a[::-1].sum(axis=1)[:, None], out=a))


def test_rows_that_are_read_and_written_in_the_same_turn_share_a_loop() -> None:
    made = Put(rng.normal(size=(7, 20)))
    rows, columns = made.shape(0)
    total = made.kernel(fold("add", made.load(0), (rows, columns), (1,), (), (1,)), (rows,), role="temp")
    made.whole(0, ufunc("subtract", made.load(0), Load(total, View((Along(0),), 2))))
    program = assert_writes(made, lambda a: np.subtract(a, a.sum(axis=1)[:, None], out=a))
    assert len(nests_of(program)) == 1


def test_results_and_writes_together() -> None:
    made = Put(of("d", 50), of("d", 50))
    made.equal(made.shape(0)[0], made.shape(1)[0])
    result = made.kernel(ufunc("add", made.load(0), made.load(1)), made.shape(0))
    made.whole(0, ufunc("multiply", made.load(0), known(3, "d")))
    made.whole(1, cast(cast(Load(result, identity(1)), "f"), "d"))
    program = made.program()
    a, b = made.args
    both = [a.copy(), b.copy()]
    (found,) = Runner(program)(*both)
    assert np.array_equal(found, a + b)
    assert np.array_equal(both[0], a * 3)
    assert np.array_equal(both[1], (a + b).astype("f"))


def test_a_reduction_does_not_write_into_a_parameter() -> None:
    made = Put(rng.normal(size=(4, 5)), rng.normal(size=4))
    total = fold("add", made.load(0), made.shape(0), (1,), (), (1,))
    made.whole(1, total)
    with pytest.raises(InternalError, match="a reduction fills a part of p1"):
        nests_of(made.program())
