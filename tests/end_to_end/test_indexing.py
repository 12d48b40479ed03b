"""Slices, new axes, transposition and broadcasting as operands and as results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.testing import arrays, assert_matches_numpy, dtypes, layouts, shapes
from tests.end_to_end.effort import examples
from tests.end_to_end.inline import jitted

MATRIX = np.arange(30.0).reshape(5, 6)
BOUNDS = st.none() | st.integers(-8, 8)
STEPS = st.sampled_from([None, 1, 2, 3, -1, -2])


def spelled(item: Any) -> str:
    if not isinstance(item, slice):
        return "..." if item is Ellipsis else str(item)
    parts = ["" if bound is None else str(bound) for bound in (item.start, item.stop, item.step)]
    return f"{parts[0]}:{parts[1]}" + (f":{parts[2]}" if parts[2] else "")


ITEMS = st.builds(slice, BOUNDS, BOUNDS, STEPS) | st.integers(-3, 2) | st.just(None) | st.just(Ellipsis)


@given(arrays(dtypes("if"), shapes(1, 3, 0, 6), layouts()), st.lists(ITEMS, min_size=1, max_size=3))
@examples(80)
def test_any_index_selects_what_numpy_selects(array: np.ndarray, items: list[Any]) -> None:
    index = ", ".join(map(spelled, items))
    assert_matches_numpy(jitted("x", f"x[{index}] * 2 + 1"), array)


@given(arrays("f8", shapes(1, 2, 1, 6), layouts()), st.lists(ITEMS, min_size=1, max_size=2))
def test_a_returned_slice_is_a_view_of_the_argument(array: np.ndarray, items: list[Any]) -> None:
    assert_matches_numpy(jitted("x", f"x[{', '.join(map(spelled, items))}]"), array)


@pytest.mark.parametrize(
    "body",
    [
        "x.T", "x.T * x.T", "x.transpose(1, 0) + 1", "np.transpose(x) - 1", "x[::-1, ::-1]", "x[:, None, :] * 2",
        "x[1:] - x[:-1]", "x[:, 2:] + x[:, :-2]", "x[1:-1, 1:-1].T[::2]", "x[0] + x[-1]", "x[0, 1] * x[-1, -1]",
        "x[..., 0]", "x[...]", "x[2:2] + 1", "x[100:]", "x[:, ::-1][1:] * x[:-1]", "(x * 2)[1:, :3]",
        "np.sqrt(x)[::-1] + x", "np.expand_dims(x, 0) + x", "np.swapaxes(x, 0, 1) * 2", "np.flip(x) + x",
        "np.flip(x, 1) * 3", "(x + 1).T[1:]", "x[1][2]", "x.T[1:].T[1:]",
    ],
)  # fmt: skip
def test_movement_matches_numpy(body: str) -> None:
    for array in (MATRIX, MATRIX.T.copy().T, MATRIX[::2], MATRIX[:, ::-1], MATRIX.astype("i4")):
        assert_matches_numpy(jitted("x", body), array)


def test_one_specialization_serves_every_size() -> None:
    function = jitted("a, b", "a * b + a[::-1]")
    for size in (5, 6, 1, 0, 2, 100, 3, 1001):
        assert_matches_numpy(function, np.arange(1.0, size + 1), np.arange(2.0, size + 2))


def test_a_stencil_is_right_at_every_size_down_to_nothing() -> None:
    function = jitted("u", "u[1:-1] + 0.5 * (u[2:] - 2 * u[1:-1] + u[:-2])")
    for size in (10, 3, 4, 2, 1, 0, 50):
        assert_matches_numpy(function, np.arange(float(size)) ** 2)


def test_integer_arguments_can_be_bounds() -> None:
    function = jitted("x, i, j", "x[i:j] * 2 + x[i]")
    for i, j in [(0, 5), (2, 4), (-3, -1), (3, 100), (4, 2), (9, 10), (-10, 3), (10, 12)]:
        assert_matches_numpy(function, np.arange(10.0), i, j)


def test_shape_ndim_size_and_dtype_are_known() -> None:
    body = "x / x.shape[0] + x.ndim * x.size, x.shape, x.dtype, len(x)"
    for array in (MATRIX, MATRIX[:0], MATRIX.astype("f4")):
        assert_matches_numpy(jitted("x", body), array)


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans())
def test_broadcasting_changes_its_mind_with_the_sizes(n: int, m: int, k: int, row: bool, column: bool) -> None:
    first = np.ones((1 if row else n, m)) * 1.5
    second = np.arange(float(k if column else m))
    assert_matches_numpy(jitted("x, y", "x * y - x"), first, second, calls=1)


@pytest.mark.parametrize("shapes_", [((3,), (4,)), ((2, 3), (2,)), ((2, 3), (3, 2)), ((0,), (2,))])
def test_shapes_that_do_not_broadcast_raise_numpys_error(shapes_: tuple[tuple[int, ...], ...]) -> None:
    function = jitted("x, y", "x + y")
    assert_matches_numpy(function, np.ones(3), np.ones(3))
    assert_matches_numpy(function, *map(np.ones, shapes_))


@pytest.mark.parametrize("index", ["9", "-7", "0, 0, 0", "5, 0", "0, 6"])
def test_an_index_out_of_range_raises_numpys_error(index: str) -> None:
    assert_matches_numpy(jitted("x", f"x[{index}]"), MATRIX)
