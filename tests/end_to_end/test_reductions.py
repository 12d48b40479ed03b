"""Reductions give NumPy's bits: its order of summation, its dtypes, its answers for nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.testing import LAYOUTS, arrays, assert_matches_numpy, dtypes, lengths, place, shapes
from tests.end_to_end.effort import examples
from tests.end_to_end.inline import jitted

NAMES = ("sum", "prod", "min", "max", "mean", "any", "all")
LENGTHS = (1, 2, 7, 8, 9, 15, 16, 127, 128, 129, 136, 137, 255, 256, 257, 1000, 4097, 8191, 8192, 8193, 20_001)


def check(name: str, keywords: str, array: np.ndarray, calls: int = 2) -> None:
    """The sign of a zero that is the extreme of zeros of both signs is not promised."""
    function = jitted("x", f"np.{name}(x{', ' + keywords if keywords else ''})")
    assert_matches_numpy(function, array, calls=calls, signed_zeros=name not in ("min", "max"))


def noise(shape: object, dtype: str = "f8") -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)
    return values.astype(dtype) + 1j * values[::-1].astype(dtype) if dtype in "FD" else values.astype(dtype)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@examples(20)
def test_reduction_matches_numpy_on_any_array(name: str, data: st.DataObject) -> None:
    array = data.draw(arrays(dtypes(), shapes(max_dims=3, max_side=4), finite=name == "prod"))
    axes = [None, *range(-array.ndim, array.ndim), *itertools.combinations(range(array.ndim), 2)]
    keywords = f"axis={data.draw(st.sampled_from(axes))}, keepdims={data.draw(st.booleans())}"
    check(name, keywords, array)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("name", ["sum", "mean", "prod"])
def test_sum_of_any_length_has_numpys_bits(name: str, dtype: str) -> None:
    for length in LENGTHS:
        check(name, "", noise(length, {"c8": "F", "c16": "D"}.get(dtype, dtype)), calls=1)


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"broadcast"}))
@pytest.mark.parametrize("axis", ["None", "0", "1", "(0, 2)", "-1", "(1, 2)"])
def test_sum_over_any_axes_of_any_layout_has_numpys_bits(layout: str, axis: str) -> None:
    for shape in [(3, 5, 300), (130, 9, 17), (40, 21, 33), (2, 1, 1000)]:
        check("sum", f"axis={axis}", place(noise(shape), layout), calls=1)


@given(
    shape=st.sampled_from([(20_001,), (3, 9001), (9001, 3), (5, 60, 70), (130, 4, 40)]),
    layout=st.sampled_from(["misaligned", "record field"]),
    dtype=st.sampled_from(["e", "f", "d", "F", "D"]),
    body=st.sampled_from(["np.sum(x)", "x.mean(axis=0)", "x.T.sum(axis=-1)", "x[1:].sum()", "x[::-1].sum(axis=0)"]),
    turn=st.booleans(),
)
def test_sums_of_misaligned_arrays_have_numpys_bits(
    shape: tuple[int, ...], layout: str, dtype: str, body: str, turn: bool
) -> None:
    array = place(noise(shape, dtype), layout)
    assert_matches_numpy(jitted("x", body), array.T if turn else array)


@pytest.mark.parametrize("fused", ["x * y + 1", "np.exp(-x) * y", "x[::-1] - y", "(x > y).astype(np.float64)"])
@given(n=lengths(9000))
@examples(12)
def test_sum_of_a_fused_expression_has_numpys_bits(fused: str, n: int) -> None:
    x = noise(n)
    assert_matches_numpy(jitted("x, y", f"np.sum({fused})"), x, x[::-1].copy() * 0.7)


@pytest.mark.parametrize("dtype", ["np.float64", "np.float32", "'i8'", "int", "complex", "np.uint8"])
@pytest.mark.parametrize("source", ["f4", "i2", "u1", "?"])
def test_reduction_takes_dtype(dtype: str, source: str) -> None:
    for name in ("sum", "prod", "mean"):
        for length in (5, 9000):
            check(name, f"dtype={dtype}", noise(length).astype(source), calls=1)


@pytest.mark.parametrize("name", NAMES)
def test_method_and_function_are_one(name: str) -> None:
    for array in (noise((6, 9)), noise((6, 9)) > 0, np.arange(54).reshape(6, 9)):
        assert_matches_numpy(jitted("x", f"x.{name}(axis=1), x.{name}(0), x.{name}(axis=(0, 1))"), array)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_reduction_of_nothing_matches_numpy(name: str, shape: tuple[int, ...]) -> None:
    for keywords in ("", "axis=0", "axis=-1, keepdims=True"):
        check(name, keywords, np.zeros(shape))


@pytest.mark.parametrize("name", ["min", "max"])
def test_nan_wins(name: str) -> None:
    for place_of_nan in (0, 3, 200, 1000):
        array = noise(1001)
        array[place_of_nan] = np.nan
        check(name, "", array)
        check(name, "axis=0", array.reshape(7, 143))


def test_several_reductions_of_one_value() -> None:
    body = "y = x * 2\nreturn y.sum(), y.max(), y.min() + 1, y - y.mean(), y.sum(axis=0) / y.shape[0]"
    assert_matches_numpy(jitted("x", body), noise((50, 20)))


def test_reduction_of_a_reduction() -> None:
    assert_matches_numpy(jitted("x", "np.max(np.sum(x * x, axis=1) - np.mean(x))"), noise((70, 30)))


def test_normalization_by_rows_and_columns() -> None:
    body = "x / x.sum(axis=1, keepdims=True) + x / x.sum(axis=0)"
    for layout in ("C", "F", "strided"):
        assert_matches_numpy(jitted("x", body), place(noise((33, 65)), layout))


@pytest.mark.parametrize("shape", [(1000, 1000), (3, 100_003), (100_003, 3)])
def test_large_sums_have_numpys_bits(shape: tuple[int, int]) -> None:
    array = noise(shape)
    for axis in ("None", "0", "1"):
        check("sum", f"axis={axis}", array, calls=1)
