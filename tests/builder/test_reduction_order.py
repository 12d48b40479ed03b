"""The order of a reduction is NumPy's: executing it element by element gives NumPy's bits, for every layout."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import UnsupportedError
from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.builder import Builder
from eqsat.frontend.reduction import reduce
from eqsat.frontend.reduction_order import buffers_as_expected
from eqsat.frontend.values import Known, SliceValue
from eqsat.ir.nodes import Node
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array
from tests.reference import evaluate

RANDOM = np.random.default_rng(1)


def numbers(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Values whose sum depends on every detail of the order."""
    made = RANDOM.standard_normal(shape) * 10.0 ** RANDOM.integers(-3, 4, shape)
    if np.dtype(dtype).kind == "c":
        made = made + 1j * RANDOM.permutation(made)
    if dtype == "e":
        made = made / 100
    return made.astype(dtype)


def laid_out(shape: tuple[int, ...], dtype: str, order: tuple[int, ...], pads: tuple[int, ...]) -> np.ndarray:
    """An array of `shape` whose axes, slowest first, are `order`, each with a gap of `pads` elements."""
    memory = numbers(tuple(shape[k] + pads[k] for k in order), dtype)
    cut = memory[tuple(slice(0, shape[k]) for k in order)]
    return cut.transpose(np.argsort(order))


def reduced(array: np.ndarray, op: str, axes: tuple[int, ...], dtype: np.dtype | None = None) -> Node:
    builder = Builder(sizes_of([array]), strides_of([array]))
    x = builder.param(0, type_of(array, 0), NOWHERE)
    try:
        return reduce(builder, op, x, axes, False, dtype, NOWHERE)
    except UnsupportedError as error:
        if not buffers_as_expected() and "this release of NumPy" in error.what:
            pytest.skip(error.what)
        raise


def assert_same_bits(node: Node, array: np.ndarray, expected: np.ndarray) -> None:
    found = np.asarray(evaluate([node], [array], sizes_of([array]))[node])
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == np.asarray(expected).tobytes(), (node, array.shape, array.strides)


def assert_same_order(node: Node, expected: np.ndarray) -> None:
    """The memory order of the result."""
    if isinstance(node.type, Array) and expected.size:
        long = [k for k in range(expected.ndim) if expected.shape[k] != 1]
        assert [k for k in node.type.layout.order if k in long] == sorted(long, key=lambda k: -expected.strides[k])


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, ...]]:
    ndim = draw(st.integers(1, 4))
    largest = {1: 40000, 2: 9000, 3: 600, 4: 60}[ndim]
    shape = draw(
        st.tuples(*[st.one_of(st.integers(1, 9), st.integers(1, largest), st.sampled_from([1, 8, 128]))] * ndim)
    )
    while np.prod(shape) > 300_000:
        shape = tuple((n + 1) // 2 for n in shape)
    order = draw(st.permutations(range(ndim)))
    pads = draw(st.tuples(*[st.sampled_from([0, 0, 0, 1, 3])] * ndim))
    array = laid_out(shape, draw(st.sampled_from("ddff")), tuple(order), pads)
    for axis in range(ndim):
        step = draw(st.sampled_from([1, 1, 1, -1, 2, -3]))
        array = array[(slice(None),) * axis + (slice(None, None, step),)]
    axes = draw(st.sets(st.integers(0, ndim - 1), min_size=1))
    return array, tuple(sorted(axes))


@given(cases())
def test_sum_matches_numpy_bits_on_any_stride(case: tuple[np.ndarray, tuple[int, ...]]) -> None:
    array, axes = case
    node = reduced(array, "add", axes)
    expected = np.sum(array, axis=axes)
    assert_same_bits(node, array, np.asarray(expected))
    assert_same_order(node, np.asarray(expected))


@given(cases())
def test_sum_with_conversion_matches_numpy_bits_on_any_stride(case: tuple[np.ndarray, tuple[int, ...]]) -> None:
    array, axes = case
    array = array.astype("f", copy=False) if array.dtype == "f" else array
    target = np.dtype("d" if array.dtype == "f" else "f")
    node = reduced(array, "add", axes, target)
    assert_same_bits(node, array, np.asarray(np.sum(array, axis=axes, dtype=target)))


def displaced(array: np.ndarray, ragged: bool) -> np.ndarray:
    """The same elements in misaligned memory: all off by one byte, or each by another number of bytes."""
    if ragged:
        records = np.zeros(array.shape, [("flag", "?"), ("value", array.dtype)])
        records["value"] = array
        return records["value"]
    order = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    memory = bytearray(array.nbytes + 1)
    moved = np.ndarray([array.shape[k] for k in order], array.dtype, memory, 1).transpose(np.argsort(order))
    moved[...] = array
    return moved


@given(cases(), st.sampled_from(["real", "imag"]), st.sampled_from("FD"), st.booleans())
def test_sum_of_parts_of_complex_numbers_matches_numpy_bits(
    case: tuple[np.ndarray, tuple[int, ...]], part: Literal["real", "imag"], dtype: str, fresh: bool
) -> None:
    """Parts have the strides of the whole, of an argument (here with a gap along each axis) and of a fresh array."""
    array, axes = case
    order = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    whole = laid_out(array.shape, dtype, tuple(order), (0 if fresh else 1,) * array.ndim)
    builder = Builder(sizes_of([whole]), strides_of([whole]))
    x = builder.param(0, type_of(whole, 0), NOWHERE)
    if fresh:
        x = builder.elementwise(np.negative, [x], NOWHERE)
    node = reduce(builder, "add", builder.part(part, x, NOWHERE), axes, False, None, NOWHERE)
    expected = np.sum(getattr(-whole if fresh else whole, part), axis=axes)
    assert_same_bits(node, whole, np.asarray(expected))
    assert_same_order(node, np.asarray(expected))


@pytest.mark.parametrize("part", ["real", "imag"])
def test_sum_of_parts_of_a_packed_array_takes_no_size_for_granted(part: Literal["real", "imag"]) -> None:
    array = numbers((30, 400), "D")
    builder = Builder(sizes_of([array]), strides_of([array]))
    parts = builder.part(part, builder.param(0, type_of(array, 0), NOWHERE), NOWHERE)
    reduce(builder, "add", parts, (0, 1), False, None, NOWHERE)
    assert builder.guards == []


@given(cases(), st.booleans())
def test_sum_of_misaligned_elements_matches_numpy_bits(case: tuple[np.ndarray, tuple[int, ...]], ragged: bool) -> None:
    array, axes = displaced(case[0], ragged), case[1]
    assert not array.flags.aligned
    for target in (None, np.dtype("d")):
        node = reduced(array, "add", axes, target)
        expected = np.sum(array, axis=axes, dtype=target)
        assert_same_bits(node, array, np.asarray(expected))
        assert_same_order(node, np.asarray(expected))


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    "bounds", [(None, None, 1), (3, -2, 1), (None, None, -1), (None, None, 2), (1, None, 8), (7, None, 8)]
)
@pytest.mark.parametrize("count", [20, 8192, 200_000])
def test_sum_of_a_slice_of_misaligned_elements_matches_numpy_bits(
    ragged: bool, bounds: tuple[int | None, int | None, int], count: int
) -> None:
    """A slice with steps of a field of records may be aligned: where that matters it is refused."""
    array = displaced(numbers((count,), "d"), ragged)
    builder = Builder(sizes_of([array]), strides_of([array]))
    x = builder.param(0, type_of(array, 0), NOWHERE)
    expected = array[slice(*bounds)]
    try:
        view = builder.index(x, (SliceValue(*(Known(bound) for bound in bounds)),), NOWHERE)
        node = reduce(builder, "add", view, (0,), False, None, NOWHERE)
    except UnsupportedError as error:
        assert ragged and abs(bounds[2]) > 1 and len(expected) > 8192
        assert str(error) == (
            "the order of a sum of more than 8192 elements depends on their alignment, not known of this view\n"
            "  instead: sum a copy: x.copy()"
        )
        return
    assert_same_bits(node, array, np.asarray(np.sum(expected)))


@given(cases())
def test_product_matches_numpy_bits_on_any_stride(case: tuple[np.ndarray, tuple[int, ...]]) -> None:
    array, axes = case
    array = 1 + array / 1000
    with np.errstate(all="ignore"):
        assert_same_bits(reduced(array, "multiply", axes), array, np.asarray(np.prod(array, axis=axes)))


@given(cases())
def test_half_precision_is_rounded_once_for_each_run(case: tuple[np.ndarray, tuple[int, ...]]) -> None:
    array, axes = case
    array = array.astype("e")
    with np.errstate(all="ignore"):
        assert_same_bits(reduced(array, "add", axes), array, np.asarray(np.sum(array, axis=axes)))
        close_to_one = (1 + array / 100).astype("e")
        node = reduced(close_to_one, "multiply", axes)
        assert_same_bits(node, close_to_one, np.asarray(np.prod(close_to_one, axis=axes)))


@pytest.mark.parametrize("dtype", "efdFD")
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 1000, 8192, 8193, 20000])
def test_sum_of_a_line_matches_numpy_bits(dtype: str, count: int) -> None:
    array = numbers((count,), dtype)
    assert_same_bits(reduced(array, "add", (0,)), array, np.asarray(np.sum(array)))


@pytest.mark.parametrize("columns", [2, 100, 4095, 4096, 4097, 5000, 8191, 8192, 8193])
@pytest.mark.parametrize("dtype", ["d", "f"])
@pytest.mark.parametrize("rows", [2, 3, 83])
def test_sum_of_rows_apart_is_grouped_as_numpy_groups_it(columns: int, dtype: str, rows: int) -> None:
    array = numbers((rows, columns + 1), dtype)[:, :columns]
    for target in (None, np.dtype("d")):
        node = reduced(array, "add", (0, 1), target)
        assert_same_bits(node, array, np.asarray(np.sum(array, dtype=target)))


@pytest.mark.parametrize("shape", [(5, 40, 50), (9, 7, 1000), (3, 3, 4096), (2, 90, 91), (70, 3, 40), (2, 4, 2048)])
@pytest.mark.parametrize("kept", [None, 0, 1, 2])
def test_sum_over_axes_that_do_not_merge_is_grouped_as_numpy_groups_it(shape: tuple[int, ...], kept: int) -> None:
    array = numbers(tuple(n + 1 for n in shape), "f")[tuple(slice(0, n) for n in shape)]
    axes = tuple(k for k in range(3) if k != kept)
    for target in (None, np.dtype("d")):
        node = reduced(array, "add", axes, target)
        assert_same_bits(node, array, np.asarray(np.sum(array, axis=axes, dtype=target)))


@given(st.data())
def test_sum_of_a_sliced_argument_follows_its_strides(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(40, 500), (300, 60), (12, 30, 40), (5, 9000)]))
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    array = laid_out(shape, "f", order, (data.draw(st.sampled_from([0, 0, 2])),) * len(shape))
    bounds_of = st.sampled_from([(None, None, 1), (1, -1, 1), (None, None, 2), (None, None, -1)])
    slices = [data.draw(bounds_of) for _ in shape]
    axes = tuple(range(len(shape)))
    builder = Builder(sizes_of([array]), strides_of([array]))
    x = builder.param(0, type_of(array, 0), NOWHERE)
    items = tuple(SliceValue(*(Known(bound) for bound in bounds)) for bounds in slices)
    try:
        node = reduce(builder, "add", builder.index(x, items, NOWHERE), axes, False, None, NOWHERE)
    except UnsupportedError as error:
        assert "how it is sliced" in error.what and not builder.numeric(x, NOWHERE).layout.packed
        return
    expected = np.sum(array[tuple(slice(*bounds) for bounds in slices)])
    assert_same_bits(node, array, np.asarray(expected))


@given(st.data())
def test_sum_of_an_expression_follows_the_memory_order_of_its_result(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(40, 500), (12, 30, 40)]))
    arrays = [
        laid_out(shape, "f", tuple(data.draw(st.permutations(range(len(shape))))), (data.draw(st.integers(0, 1)),) * 3)
        for _ in range(2)
    ]
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    builder = Builder(sizes_of(arrays), strides_of(arrays))
    x, y = (builder.param(k, type_of(a, k), NOWHERE) for k, a in enumerate(arrays))
    total = reduce(builder, "add", builder.elementwise(np.multiply, [x, y], NOWHERE), axes, False, None, NOWHERE)
    found = evaluate([total], arrays, sizes_of(arrays))[total]
    assert np.asarray(found).tobytes() == np.asarray(np.sum(arrays[0] * arrays[1], axis=axes)).tobytes()


@given(st.data())
def test_sum_of_a_repeated_axis_matches_numpy_bits(data: st.DataObject) -> None:
    rows, columns = data.draw(st.sampled_from([(3, 5000), (300, 40), (5000, 3), (90, 91)]))
    along_rows = data.draw(st.booleans())
    base = numbers((rows, 1) if along_rows else (1, columns), "f")
    array = np.broadcast_to(base, (rows, columns))
    axes = data.draw(st.sampled_from([(0,), (1,), (0, 1)]))
    node = reduced(array, "add", axes)
    assert_same_bits(node, array, np.asarray(np.sum(array, axis=axes)))


@pytest.mark.parametrize("op", ["maximum", "minimum"])
@pytest.mark.parametrize("dtype", "bHlfd")
def test_extrema_and_truth_take_any_axis(op: str, dtype: str) -> None:
    array = laid_out((4, 5, 6), "d", (2, 0, 1), (1, 0, 0)).astype(dtype)
    for axes in [(0,), (1, 2), (0, 1, 2)]:
        assert_same_bits(reduced(array, op, axes), array, np.asarray(getattr(np, op).reduce(array, axis=axes)))
        assert_same_bits(reduced(array, "logical_or", axes), array, np.asarray(np.any(array, axis=axes)))
