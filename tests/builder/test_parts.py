"""Real and imaginary parts have NumPy's dtype, memory order and bits, and are views where NumPy's are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.ir.types import Array
from eqsat.testing import LAYOUTS, arrays, dtypes, place, shapes
from tests.builder.building import check_layout, computed
from tests.builder.test_elementwise import assert_same

NUMBERS = [True, 7, -2.5, float("nan"), 1 - 2j, np.int8(3), np.float32(2), np.bool_(True), np.complex64(1 - 2j)]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@given(st.data(), st.sampled_from(["real", "imag"]), st.booleans())
def test_parts_lie_as_numpys_do(data: st.DataObject, name: str, fresh: bool) -> None:
    array = data.draw(arrays(dtypes("c"), shapes(max_dims=4)))
    expected = np.conjugate(array) if fresh else array

    def build(b, x, s):
        return b.attribute(name, b.elementwise(np.conjugate, [x], s) if fresh else x)

    if array.ndim or not fresh:
        assert_same(computed(build, array), getattr(expected, name))


@given(st.data(), st.sampled_from(["real", "imag"]))
def test_views_of_parts_and_parts_of_views_lie_as_numpys_do(data: st.DataObject, name: str) -> None:
    array = data.draw(arrays(dtypes("c"), shapes(min_dims=2, max_dims=3, min_side=1)))
    for build, expected in (
        (lambda b, x, s: b.attribute("T", b.attribute(name, x)), getattr(array, name).T),
        (lambda b, x, s: b.attribute(name, b.attribute("T", x)), getattr(array.T, name)),
        (lambda b, x, s: b.call(np.flip, b.attribute(name, x), 0), np.flip(getattr(array, name), 0)),
    ):
        assert_same(computed(build, array), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["F", "D"])
def test_results_of_parts_lie_as_numpys_do(layout: str, dtype: str) -> None:
    array = place((np.arange(24.0) * (1 - 1j)).reshape(2, 3, 4).astype(dtype), layout)
    made = computed(lambda b, x, s: b.elementwise(np.add, [b.attribute("real", x), b.attribute("imag", x)], s), array)
    assert_same(made, array.real + array.imag)
    copied = computed(lambda b, x, s: b.method("copy", b.attribute("imag", x), order="K"), array)
    assert_same(copied, array.imag.copy("K"))


@pytest.mark.parametrize("function", [np.real, np.imag, np.angle])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_parts_of_numbers_are_numpys(function: object, number: object) -> None:
    expected = function(number)
    assert_same(computed(lambda b, x, s: b.call(function, x), number), expected)
    known = computed(lambda b, s: b.call(function, b.known(number)))
    assert type(known.value) is type(expected) and np.array_equal(known.value, expected, equal_nan=True)


@pytest.mark.parametrize("degrees", [False, True])
@given(array=arrays(dtypes(), shapes(max_dims=2)))
def test_angle_matches_numpy(degrees: bool, array: np.ndarray) -> None:
    made = computed(lambda b, x, s: b.call(np.angle, x, degrees), array)
    assert_same(made, np.angle(array, degrees))


@given(arrays(dtypes("biuf"), shapes()))
def test_imaginary_parts_of_real_numbers_are_zeros_that_are_read_only(array: np.ndarray) -> None:
    made = computed(lambda b, x, s: b.attribute("imag", x), array)
    assert_same(made, array.imag)
    assert made.node in made.builder.readonly and not array.imag.flags.writeable
    assert computed(lambda b, x, s: b.attribute("real", x), array).node.op == "param"


def test_parts_of_one_element_have_no_gaps() -> None:
    array = np.ones((1, 1), complex)
    made = computed(lambda b, x, s: b.attribute("real", x), array)
    assert isinstance(made.node.type, Array) and made.node.type.layout.packed
    check_layout(made.node, array.real)
