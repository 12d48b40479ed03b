"""Arrays of every layout through fused kernels: strides, orders, broadcasting, misalignment, odd lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_building import Build, cast, known, ufunc
from kernel_running import Runner
from kernel_samples import SUPPORTED, assert_same, random_values

from eqsat.ir.dims import ONE, dim
from eqsat.ir.program import Load
from eqsat.ir.view import Along, View
from lowering.loops import show
from lowering.nests import nests_of

RANDOM = np.random.default_rng(11)


def fill(shape: tuple[int, ...], dtype: object, seed: int = 0) -> np.ndarray:
    count = int(np.prod(shape))
    return random_values(np.dtype(dtype), count, np.random.default_rng(seed)).reshape(shape)


def misaligned(array: np.ndarray) -> np.ndarray:
    raw = np.zeros(array.nbytes + 1, np.uint8)[1:]
    found = raw[: array.nbytes].view(array.dtype).reshape(array.shape)
    found[...] = array
    return found


LAYOUTS = {
    "C": lambda a: a,
    "F": lambda a: np.asfortranarray(a),
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[..., ::-1],
    "backwards in the first axis": lambda a: a[::-1],
    "all backwards": lambda a: a[tuple([slice(None, None, -1)] * a.ndim)],
    "repeated": lambda a: np.broadcast_to(a[..., :1], a.shape),
    "repeated rows": lambda a: np.broadcast_to(a[:1], a.shape),
    "misaligned": misaligned,
    "part": lambda a: np.pad(a, [(1, 2)] * a.ndim)[tuple([slice(1, -2)] * a.ndim)],
    "transposed part": lambda a: np.pad(a.T.copy(), [(1, 2)] * a.ndim)[tuple([slice(1, -2)] * a.ndim)].T,
}


@pytest.mark.parametrize("dtype", ["?", "b", "u2", "i4", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copy_reads_every_layout(layout: str, dtype: str) -> None:
    for shape in [(7,), (33,), (5, 19), (1, 40), (3, 1, 21), (2, 3, 9)]:
        array = LAYOUTS[layout](fill(shape, dtype))
        build = Build(array)
        rank = len(shape)
        build.kernel(build.load(0, View(tuple(Along(k) for k in range(rank)), rank)), build.shape(0))
        (got,) = Runner(build.program())(array)
        assert_same(got, np.ascontiguousarray(array).reshape(shape))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_every_length_up_to_seventy(dtype: str) -> None:
    build = Build(fill((9,), dtype), fill((9,), dtype, 1))
    build.equal(build.shape(0)[0], build.shape(1)[0])
    x, y = build.load(0), build.load(1)
    build.kernel(ufunc("subtract", ufunc("multiply", x, y), x), build.shape(0))
    build.kernel(ufunc("exp", ufunc("multiply", x, y)), build.shape(0))
    runner = Runner(build.program())
    for n in range(71):
        a, b = fill((n,), dtype, 2), fill((n,), dtype, 3)
        first, second = runner(a, b)
        assert_same(first, a * b - a)
        with np.errstate(all="ignore"):
            assert_same(second, np.exp(a * b))


def test_arrays_packed_alike_are_walked_by_one_flat_loop() -> None:
    for order in [(0, 1, 2), (2, 1, 0), (1, 0, 2)]:
        shape = (4, 5, 6)
        back = np.argsort(order)
        a, b = (fill(tuple(shape[k] for k in order), "f8", s).transpose(back) for s in (0, 1))
        build = Build(a, b)
        for axis in range(3):
            build.equal(build.shape(0)[axis], build.shape(1)[axis])
        build.kernel(ufunc("add", build.load(0), build.load(1)), build.shape(0), order)
        program = build.program()
        assert "for " not in show(nests_of(program))
        (got,) = Runner(program)(a, b)
        assert_same(got, a + b)
        assert got.strides == (a + b).strides


def test_a_vector_broadcast_over_rows_is_read_along_the_row_and_a_column_once_a_row() -> None:
    a, row, column = fill((7, 37), "f8"), fill((37,), "f8", 1), fill((7, 1), "f8", 2)
    build = Build(a, row, column)
    build.equal(build.shape(0)[1], build.shape(1)[0])
    build.equal(build.shape(0)[0], build.shape(2)[0])
    scaled = ufunc("multiply", build.load(0), build.load(1, rank=2))
    root = ufunc("exp", build.load(2, rank=2))
    build.kernel(ufunc("add", scaled, root), build.shape(0))
    program = build.program()
    text = show(nests_of(program))
    assert "for i0 < p0.0" in text and "exp" in text.split("row")[0]
    (got,) = Runner(program)(a, row, column)
    assert_same(got, a * row + np.exp(column))


@st.composite
def views(draw: st.DrawFn) -> tuple[tuple[int, ...], list[tuple[np.ndarray, np.ndarray, View]]]:
    """An iteration space and operands: (base array, what NumPy sees, how the space reads it)."""
    rank = draw(st.integers(1, 3))
    shape = tuple(draw(st.integers(1, 9)) for _ in range(rank))
    operands = []
    for number in range(draw(st.integers(1, 3))):
        axes = [k for k in range(rank) if draw(st.booleans()) or draw(st.booleans())]
        axes = draw(st.permutations(axes))
        base_shape, alongs, index = [], [], []
        for axis in axes:
            step = draw(st.sampled_from([1, 1, 2, -1, -2]))
            start = draw(st.integers(0, 2))
            extent = start + (shape[axis] - 1) * abs(step) + 1 + draw(st.integers(0, 1))
            base_shape.append(extent)
            first = start if step > 0 else extent - 1 - start
            alongs.append((axis, first, step))
            stop = first + step * shape[axis]
            index.append(slice(first, stop if stop >= 0 else None, step))
        base = fill(tuple(base_shape), draw(st.sampled_from(["f8", "f8", "f4"])), number)
        if base.ndim:
            base = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](base)
        seen = base[tuple(index)].transpose(np.argsort(axes)) if axes else base
        for axis in range(rank):
            if axis not in axes:
                seen = np.expand_dims(seen, axis)
        operands.append((base, seen, (tuple(alongs), rank)))
    return shape, operands


@settings(max_examples=60)
@given(views(), st.booleans())
def test_any_views_of_any_arrays_combine_as_in_numpy(case, borrow: bool) -> None:
    shape, operands = case
    bases = [base for base, _, _ in operands]
    full = np.zeros(shape)
    build = Build(*bases, full)
    term = None
    want = None
    for number, (base, seen, (alongs, rank)) in enumerate(operands):
        view = View(
            tuple(
                Along(None if build.shape(number)[k] == ONE else axis, dim(start), step)
                for k, (axis, start, step) in enumerate(alongs)
            ),
            rank,
        )
        leaf = cast(Load(build.buffers[number], view), "f8")
        value = np.broadcast_to(seen.astype("f8"), shape)
        if borrow and number == 0:
            leaf, value = ufunc("sin", leaf), np.sin(value)
        term = leaf if term is None else ufunc("subtract", term, leaf)
        want = value if want is None else want - value
    build.kernel(ufunc("multiply", term, known(3.0, "d")), build.shape(len(bases)))
    (got,) = Runner(build.program())(*bases, full)
    assert_same(got, np.ascontiguousarray(want * 3.0))


@pytest.mark.parametrize("char", SUPPORTED)
def test_every_dtype_is_stored_and_loaded_unchanged(char: str) -> None:
    values = fill((77,), char)
    build = Build(values)
    build.kernel(build.load(0), build.shape(0))
    (got,) = Runner(build.program())(values)
    assert got.tobytes() == values.tobytes()


def test_bools_that_hold_other_bytes_count_as_true() -> None:
    odd = np.array([0, 1, 2, 255, 0, 128] * 5, np.uint8).view(bool)
    build = Build(odd)
    build.kernel(cast(build.load(0), "i4"), build.shape(0))
    (got,) = Runner(build.program())(odd)
    assert got.tolist() == [0, 1, 1, 1, 0, 1] * 5


def test_a_reversed_vector_goes_backwards_through_numpys_own_loop() -> None:
    a = fill((41,), "f8")[::-1]
    build = Build(a)
    build.kernel(ufunc("exp", build.load(0)), build.shape(0))
    program = build.program()
    (got,) = Runner(program)(a)
    with np.errstate(all="ignore"):
        assert_same(got, np.exp(a))


@pytest.mark.parametrize("columns", [60, 1000, 2731, 4096, 4097])
@pytest.mark.parametrize("rows", [2, 3, 5])
def test_arrays_reversed_in_part_take_the_loop_that_numpy_takes(rows: int, columns: int) -> None:
    """NumPy's iterator copies some reversed operands to a buffer, and hands others to its loop as they are."""
    x, y = fill((rows, columns), "f8", 1), fill((rows, columns), "f8", 2)
    part = np.repeat(y, 2, axis=1)[:, :columns]
    cases = {
        "one": (x[:, ::-1],),
        "all": (x[::-1, ::-1],),
        "rows": (x[::-1],),
        "part": (part[:, ::-1],),
        "mixed": (x[:, ::-1], y),
        "both": (x[:, ::-1], y[:, ::-1]),
        "all mixed": (x[::-1, ::-1], y),
        "with a row": (x[:, ::-1], y[0]),
        "with a column": (x[:, ::-1], y[:, :1]),
        "with a part": (x[:, ::-1], part),
    }
    for label, operands in cases.items():
        build = Build(*operands, np.zeros((rows, columns)))
        out = build.shape(len(operands))
        for number, operand in enumerate(operands):
            for axis in range(operand.ndim):
                if operand.shape[axis] > 1:
                    build.equal(out[axis + 2 - operand.ndim], build.shape(number)[axis])
        name = "cbrt" if len(operands) == 1 else "arctan2"
        build.kernel(ufunc(name, *(build.load(k, rank=2) for k in range(len(operands)))), out)
        (got,) = Runner(build.program())(*operands, np.zeros((rows, columns)))
        assert_same(got, getattr(np, name)(*operands), label=label)


def test_a_vector_of_one_element_keeps_the_sign_of_its_stride() -> None:
    data = np.abs(fill((40,), "f8")) + 0.1
    build = Build(data[::-1][-1:])
    build.kernel(ufunc("cbrt", build.load(0)), build.shape(0))
    runner = Runner(build.program())
    for k in range(40):
        for one in (data[k : k + 1], data[: k + 1][::-1][:1]):
            assert_same(runner(one)[0], np.cbrt(one))
