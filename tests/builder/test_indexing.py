"""Basic indexing gives NumPy's shape, memory order and elements, and guards that hold for the call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.arguments import sizes_of
from eqsat.frontend.values import Known, SliceValue
from eqsat.ir.region import Guard
from tests.builder.building import as_value, computed
from tests.builder.test_elementwise import assert_same

BOUNDS = st.one_of(st.none(), st.integers(-7, 7))
STEPS = st.sampled_from([None, None, 1, 2, 3, -1, -2, -5])


@st.composite
def items(draw: st.DrawFn, ndim: int) -> tuple:
    """An index for some of the axes, with new axes and at most one ellipsis among them."""
    made: list = []
    for _ in range(draw(st.integers(0, ndim))):
        if draw(st.integers(0, 3)):
            made.append(slice(draw(BOUNDS), draw(BOUNDS), draw(STEPS)))
        else:
            made.append(draw(st.integers(-5, 5)))
    for _ in range(draw(st.integers(0, 2))):
        made.insert(draw(st.integers(0, len(made))), None)
    if draw(st.booleans()):
        made.insert(draw(st.integers(0, len(made))), ...)
    return tuple(made)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.lists(st.integers(0, 5), min_size=0, max_size=3))
    order = draw(st.permutations(range(len(shape))))
    memory = np.arange(int(np.prod(shape)), dtype=np.int32).reshape([shape[k] for k in order])
    array = memory.transpose(np.argsort(order))
    return array[::-1] if array.ndim and draw(st.booleans()) else array


@given(st.data())
def test_basic_indexing_matches_numpy(data: st.DataObject) -> None:
    array = data.draw(arrays())
    index = data.draw(items(array.ndim))
    build = lambda b, x, s: b.index(x, tuple(map(as_value, index)), s)  # noqa: E731
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(PythonRaises):
            computed(build, array)
        return
    made = computed(build, array)
    assert_same(made, expected)
    hold_again(made.builder.guards, array, index, made.node.type)


def hold_again(guards: list, array: np.ndarray, index: tuple, type_: object) -> None:
    """Whatever other shape satisfies the guards: the formulas of the shape give NumPy's shape there, too."""
    from eqsat.ir.types import shape_of

    for shape in np.ndindex(*(7,) * array.ndim) if array.ndim < 3 else ():
        other = np.empty(shape, np.int8)
        if any((n == 1) != (m == 1) for n, m in zip(shape, array.shape, strict=True)):
            continue  # another type
        sizes = sizes_of([other])
        if all(g.holds(sizes) for g in guards if isinstance(g, Guard)):
            found = tuple(d.evaluate(sizes) for d in shape_of(type_))
            assert found == other[index].shape, (index, array.shape, shape, [str(g) for g in guards])


@given(st.integers(0, 9), st.integers(-12, 12), st.integers(-12, 12), st.sampled_from([None, 2, -1]))
def test_bounds_that_are_arguments_are_formulas(length: int, start: int, stop: int, step: int | None) -> None:
    array = np.arange(length)

    def build(b, x, start, stop, s):
        return b.index(x, (SliceValue(start, stop, Known(step)),), s)

    assert_same(computed(build, array, start, stop), array[start:stop:step])


def test_an_integer_argument_as_index_is_a_formula() -> None:
    array = np.arange(12).reshape(3, 4)
    for k in (-3, -1, 0, 2):
        assert_same(computed(lambda b, x, k, s: b.index(x, (k,), s), array, k), array[k])
    for k in (3, -4):
        with pytest.raises(PythonRaises, match="out of bounds"):
            computed(lambda b, x, k, s: b.index(x, (k,), s), array, k)


def test_all_integers_give_a_numpy_scalar_and_an_ellipsis_an_array() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert_same(computed(lambda b, x, s: b.index(x, (Known(1), Known(-1)), s), array), array[1, -1])
    assert_same(computed(lambda b, x, s: b.index(x, (Known(1), Known(2), Known(...)), s), array), array[1, 2, ...])


def test_a_stencil_is_guarded_by_what_its_slices_need() -> None:
    def build(b, x, s):
        parts = [slice(1, -1), slice(2, None), slice(None, -2)]
        left, middle, right = (b.index(x, (as_value(part),), s) for part in parts)
        return b.operator("add", [b.operator("add", [left, middle], s), right], s)

    array = np.arange(9.0)
    made = computed(build, array)
    assert_same(made, array[1:-1] + array[2:] + array[:-2])
    assert sorted(str(guard) for guard in made.builder.guards) == ["p0.0 - 2 != 1", "p0.0 - 2 >= 0"]


@pytest.mark.parametrize("index", [[0, 1], True, np.array([1])], ids=repr)
def test_other_indexing_is_refused(index: object) -> None:
    with pytest.raises(UnsupportedError):
        computed(lambda b, x, s: b.index(x, (Known(index),), s), np.arange(3))


def test_what_no_array_is_indexed_with_is_left_to_numpy() -> None:
    for index in (1.0, "a"):
        with pytest.raises(PythonRaises):
            computed(lambda b, x, s: b.index(x, (Known(index),), s), np.arange(3))
    with pytest.raises(PythonRaises, match="too many"):
        computed(lambda b, x, s: b.index(x, (Known(0), Known(0)), s), np.arange(3))
    with pytest.raises(PythonRaises, match="step"):
        computed(lambda b, x, s: b.index(x, (SliceValue(Known(None), Known(None), Known(0)),), s), np.arange(3))
