"""Advanced indexing picks and writes what NumPy's does, in NumPy's order in memory, for arrays of every layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import fancy
from eqsat.frontend.values import Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import NOWHERE
from eqsat.testing import assert_identical
from tests.numpy_impl.running import CheckFailed, as_value, computed

pytestmark = pytest.mark.filterwarnings("ignore")
SLICES = [slice(None), slice(1, None), slice(None, -1), slice(None, None, -1), slice(None, None, 2), slice(0, 1)]


class Given:
    """An array between the brackets that is an argument."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __repr__(self) -> str:
        return f"{self.array!r} strides {self.array.strides}"


@st.composite
def laid(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """The same elements in memory of some layout."""
    layout = draw(st.sampled_from(["C", "F", "step", "reversed", "permuted"]))
    if not array.ndim or layout == "C":
        return array.copy()
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "step":
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed":
        return array[::-1].copy()[::-1]
    order = draw(st.permutations(range(array.ndim)))
    return array.transpose(order).copy().transpose(np.argsort(order))


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Items of an index, of which some are advanced."""
    items: list[Any] = []
    joint = draw(st.sampled_from([(), (1,), (3,), (2, 3), (3, 2)]))
    axis = 0
    while axis < len(shape) and draw(st.integers(0, 9)):
        length = shape[axis]
        kinds = ["None", "slice", "int", "mask", "flag", "list", "array", "array", "array"]
        kinds += ["wide mask"] if axis + 1 < len(shape) else []
        kinds += [] if any(item is Ellipsis for item in items) else ["..."]
        kind = draw(st.sampled_from(kinds))
        inside = st.integers(-length, length - 1) if length else st.just(0)
        if kind in ("None", "...", "flag"):
            items.append({"None": None, "...": Ellipsis, "flag": draw(st.booleans())}[kind])
            continue
        if kind == "slice":
            items.append(draw(st.sampled_from(SLICES)))
        elif kind == "int":
            items.append(draw(inside))
        elif kind == "list":
            items.append(draw(st.lists(inside, min_size=1, max_size=3)) if length else [])
        elif kind == "array":
            mine = tuple(1 if draw(st.integers(0, 5)) == 0 else k for k in joint)
            count = int(np.prod(mine))
            picked = draw(st.lists(inside, min_size=count, max_size=count))
            dtype = draw(st.sampled_from(["i8", "i4", "i2"]))
            items.append(Given(draw(laid(np.array(picked, dtype).reshape(mine)))))
        else:
            rank = 1 if kind == "mask" else 2
            mine = shape[axis : axis + rank]
            bits = draw(st.lists(st.booleans(), min_size=int(np.prod(mine)), max_size=int(np.prod(mine))))
            items.append(Given(draw(laid(np.array(bits, bool).reshape(mine)))))
            axis += rank - 1
        axis += 1
    return tuple(items)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    shape = tuple(draw(st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=1, max_size=3)))
    dtype = draw(st.sampled_from(["f8", "i4", "c8", "?"]))
    return draw(laid(np.arange(int(np.prod(shape))).astype(dtype).reshape(shape)))


def plain(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item.array if isinstance(item, Given) else item for item in items)


def values(items: tuple[Any, ...], nodes: tuple[Node, ...]) -> tuple[Value, ...]:
    given = iter(nodes)
    return tuple(next(given) if isinstance(item, Given) else as_value(item) for item in items)


def is_advanced(items: tuple[Any, ...]) -> bool:
    return any(isinstance(item, Given | list | bool) for item in items)


@given(st.data())
def test_what_is_picked_is_numpys_in_its_order(data: st.DataObject) -> None:
    x = data.draw(arrays())
    items = data.draw(indices(x.shape).filter(is_advanced))
    given_arrays = [item.array for item in items if isinstance(item, Given)]
    try:
        got = computed(lambda b, x, *n: fancy.read(b, x, values(items, n), NOWHERE), x, *given_arrays)
    except (PythonRaises, CheckFailed):
        return  # the function as written answers
    assert_identical(got, x[plain(items)])


@given(st.data())
def test_what_is_written_is_numpys(data: st.DataObject) -> None:
    x = data.draw(arrays())
    items = data.draw(indices(x.shape).filter(is_advanced))
    given_arrays = [item.array for item in items if isinstance(item, Given)]
    try:
        shape = list(x[plain(items)].shape)
    except IndexError:
        shape = []
    shape = shape[data.draw(st.integers(0, len(shape))) :]
    shape = [1 if data.draw(st.integers(0, 5)) == 0 else length for length in shape]
    made = (np.arange(int(np.prod(shape))).reshape(shape) + 50).astype(data.draw(st.sampled_from(["f8", "i4", "?"])))
    value = data.draw(laid(made))
    expected = x.copy()
    try:
        expected[plain(items)] = value
        raised = False
    except (IndexError, ValueError):
        raised = True
    try:
        computed(lambda b, x, v, *n: fancy.write(b, x, values(items, n), v, NOWHERE), x, value, *given_arrays)
    except (PythonRaises, CheckFailed):
        return
    assert not raised
    np.testing.assert_array_equal(x, expected)


def read(x: np.ndarray, *items: Any) -> Any:
    nodes = [item for item in items if isinstance(item, np.ndarray)]
    wrapped = tuple(Given(item) if isinstance(item, np.ndarray) else item for item in items)
    return computed(lambda b, x, *n: fancy.read(b, x, values(wrapped, n), NOWHERE), x, *nodes)


X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "items",
    [
        (np.array([5]),),
        (np.array([0]), np.array([3])),
        (slice(0, 0), np.array([3])),
    ],
    ids=str,
)
def test_indices_out_of_range_are_left_to_python(items: tuple[Any, ...]) -> None:
    with pytest.raises(IndexError):
        X[items]
    with pytest.raises((CheckFailed, PythonRaises)):
        read(X, *items)


@pytest.mark.parametrize(
    "items",
    [
        (np.array([0.0]),),
        (np.ones(3, bool),),
        (np.ones((2, 4), bool),),
        (np.array([0, 1]), np.array([0, 1, 2])),
        (np.array([0]),) * 4,
        (Ellipsis, np.array([0]), Ellipsis),
    ],
    ids=str,
)
def test_what_types_and_sizes_forbid_is_left_to_python(items: tuple[Any, ...]) -> None:
    with pytest.raises(IndexError):
        X[items]
    with pytest.raises(PythonRaises):
        read(X, *items)


def test_large_unsigned_indices_count_from_the_end_as_in_numpy() -> None:
    index = np.array([2**64 - 1, 0], np.uint64)
    assert_identical(read(X, index), X[index])


def test_the_target_may_be_its_own_index_and_value() -> None:
    def build(b, x):
        backwards = b.index(x, (as_value(slice(None, None, -1)),), NOWHERE)
        fancy.write(b, x, (backwards,), x, NOWHERE)

    x = np.array([1, 2, 0, 1])
    expected = x.copy()
    expected[expected[::-1]] = expected.copy()
    computed(build, x)
    np.testing.assert_array_equal(x, expected)


def test_an_order_that_depends_on_a_computed_size_is_refused() -> None:
    index = np.asfortranarray(np.zeros((2, 3), int))
    mask = np.array([True, False, True])
    x = np.arange(12.0).reshape(4, 3)

    def build(b, x, index, mask):
        some = fancy.read(b, x, (as_value(slice(None)), mask), NOWHERE)
        return fancy.read(b, some, (index,), NOWHERE)

    with pytest.raises(UnsupportedError, match="memory order"):
        computed(build, x, index, mask)
