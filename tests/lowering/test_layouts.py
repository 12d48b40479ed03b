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


def test_operands_go_backwards_through_numpys_own_loop() -> None:
    """Each as its signature says, though the same elements go forwards elsewhere, or do not vary."""
    a = np.linspace(0.1, 9, 1041)
    back = a[::-1].copy()[::-1]
    build = Build(a)
    x = build.load(0)
    wanted: list[np.ndarray] = []
    for first in (False, True):
        for second in (False, True):
            build.kernel(ufunc("power", x, x, backwards=(first, second)), build.shape(0))
            wanted.append(np.power(back if first else a, back if second else a))
    down, up, fixed = (
        ufunc("exp", x, backwards=(True,)),
        ufunc("exp", x),
        ufunc("cbrt", known(2.0, "d"), backwards=(True,)),
    )
    build.kernel(ufunc("subtract", ufunc("add", down, fixed), ufunc("exp", down, backwards=(True,))), build.shape(0))
    two = np.full(1, 2.0)[::-1]
    wanted.append(np.exp(back) + np.cbrt(two) - np.exp(np.exp(back)[::-1].copy()[::-1]))
    build.kernel(ufunc("subtract", ufunc("arctan2", fixed, x, backwards=(True, False)), up), build.shape(0))
    wanted.append(np.arctan2(np.full(a.size, np.cbrt(two)[0])[::-1], a) - np.exp(a))
    assert wanted[0].tobytes() != wanted[1].tobytes()
    assert np.exp(a).tobytes() != np.exp(back).tobytes()
    for got, want in zip(Runner(build.program())(a), wanted, strict=True):
        assert_same(got, want)
