"""Types, sizes and memory orders of arguments, and the text for what is no argument."""

from __future__ import annotations

import enum
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import TypingError, UnsupportedError
from eqsat.frontend.arguments import DTYPES, layout_of, sizes_of, strides_of, type_of
from eqsat.ir.dims import ONE, Symbol
from eqsat.ir.types import Layout, NoneType, Scalar

BASE = np.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5)

LAYOUTS = {
    "C order": (BASE, "C", True),
    "Fortran order": (np.asfortranarray(BASE[0]), "order(2,1,0)", True),
    "transposed": (BASE.transpose(1, 0, 3, 2), "order(1,0,3,2)", True),
    "every other column": (BASE[..., ::2], "strided(4,3,2,1)++++", False),
    "some rows": (BASE[:, :2], "strided(4,3,2,1)++++u", False),
    "reversed": (BASE[0, 0, 0, ::-1], "strided(1,)-u", False),
    "some axes reversed": (BASE[:, ::-1, :, ::-1], "strided(4,3,2,1)+-+-u", False),
    "broadcast along the last axis": (np.broadcast_to(BASE[0, 0, 0, :, None], (5, 3)), "strided(1,0)++u", False),
    "one number everywhere": (np.broadcast_to(np.float64(1), (3, 3)), "strided(0,0)++", False),
    "axes of length one": (BASE[:, :1, ::2], "strided(3,0,2,1)++++u", False),
    "equal strides": (np.lib.stride_tricks.as_strided(BASE, (3, 3), (8, 8)), "strided(1,1)++u", False),
    "no dimension": (np.array(1.0), "C", True),
    "no element": (np.ones((0, 3)).T[::2, ::-1], "C", True),
    "one element": (BASE[:1, ::-3, 3:, ::-5], "C+-+-", True),
    "a field of records": (np.zeros(3, "f8,f8")["f1"], "strided(1,)+", False),
    "a field of packed records": (np.zeros(3, "?,f8")["f1"], "strided(1,)+:ragged", False),
    "off by one byte": (np.ndarray((2, 3), "f8", bytearray(64), 1), "C:shifted", True),
    "off by one float32": (np.ndarray((2, 3), "f8", bytearray(64), 4, (8, 16)), "order(1,0):shifted", True),
    "off by one, reversed": (np.ndarray(3, "i2", bytearray(64), 7, (-2,)), "strided(1,)-u:shifted", False),
    "one packed record": (np.zeros(1, "?,f8")["f1"], "C:shifted", True),
    "bytes stand right anywhere": (np.zeros(3, "?,i1")["f1"], "strided(1,)+", False),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_says_how_an_array_lies_in_memory(name):
    array, text, packed = LAYOUTS[name]
    layout = layout_of(array)
    assert str(layout) == text
    assert layout.packed is packed


@st.composite
def views(draw):
    """A view of some array: axes cut, reversed, broadcast and exchanged."""
    shape = draw(st.lists(st.integers(0, 4), min_size=0, max_size=4))
    array = np.zeros(shape, draw(st.sampled_from([np.int8, np.float64])))
    index = tuple(
        draw(st.sampled_from([slice(None), slice(None, None, -1), slice(1, None), slice(None, None, 2), None]))
        for _ in shape
    )
    array = array[index][..., : draw(st.integers(1, 4))] if shape else array
    return array.transpose(draw(st.permutations(range(array.ndim))))


@given(views())
def test_layout_is_packed_exactly_where_a_copy_in_memory_order_has_the_same_strides(array):
    layout = layout_of(array)
    kept = [axis for axis, length in enumerate(array.shape) if length != 1]
    copied = array.copy(order="K")
    same = [array.strides[k] for k in kept] == [copied.strides[k] for k in kept]
    assert layout.packed == (same or array.size == 0)
    assert layout.alignment == "aligned"
    assert all(layout.ranks[axis] == 0 for axis in range(array.ndim) if axis not in kept)
    assert all(layout.negative[axis] == (array.strides[axis] < 0) for axis in range(array.ndim) if axis not in kept)
    if array.size:
        assert all(layout.negative[axis] == (array.strides[axis] < 0) for axis in kept)
        speeds = {layout.ranks[axis]: abs(array.strides[axis]) for axis in kept}
        assert list(speeds) == [] or sorted(speeds) == list(range(min(speeds), max(speeds) + 1))
        assert [speeds[rank] for rank in sorted(speeds)] == sorted(speeds.values())
        assert layout.unit == (not speeds or speeds.get(1) == array.itemsize)


@given(views())
def test_equal_types_lie_alike_under_elementwise_functions(array):
    """What the layout leaves out does not change the memory order of a result."""
    shuffled = np.zeros_like(array) if layout_of(array).packed else array
    assert layout_of(np.negative(array)) == layout_of(np.negative(shuffled))


def test_axes_of_length_one_are_known_and_others_are_symbols():
    type_ = type_of(np.ones((1, 3, 0)), 2)
    assert type_.shape[0] == ONE
    assert str(type_) == "float64[1, p2.1, p2.2]:C"


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_every_dtype_is_taken_as_array_and_scalar(dtype):
    assert type_of(np.ones(3, dtype), 0).dtype is np.dtype(dtype.char)
    assert type_of(np.ones(1, dtype)[0], 0) == Scalar(dtype, "numpy")


@pytest.mark.parametrize(("twin", "dtype"), [("q", "i8"), ("Q", "u8"), ("l", f"i{np.dtype('l').itemsize}")])
def test_c_types_of_one_size_are_one_dtype(twin, dtype):
    assert type_of(np.ones(3, twin), 0) == type_of(np.ones(3, dtype), 0)
    assert type_of(np.ones(3, twin), 0).dtype.char == np.dtype(dtype).char
    assert type_of(np.dtype(twin).type(1), 0).dtype.char == np.dtype(dtype).char


def test_an_array_that_is_said_to_be_misaligned_is_refused():
    array = np.ones(3)
    array.setflags(align=False)
    with pytest.raises(TypingError) as caught:
        type_of(array, 0, "x")
    assert str(caught.value) == (
        "`x` is an array that is said to be misaligned and is not\n  instead: x.setflags(align=True)"
    )


def test_a_dtype_that_was_copied_is_numpys_own():
    copied = np.dtype("f8", copy=True)
    assert type_of(np.ones(3, copied), 0).dtype is np.dtype("f8")


def test_python_numbers_are_weak():
    assert [str(type_of(value, 0)) for value in (True, 1, 1.0, 1j)] == ["bool", "int", "float", "complex"]
    assert type_of(None, 0) == NoneType()


def test_sizes_are_lengths_and_the_values_of_integers():
    arguments = (np.ones((1, 3)), 7, True, 2.5, None, np.int64(4))
    assert sizes_of(arguments) == {Symbol(0, 0): 1, Symbol(0, 1): 3, Symbol(1, None): 7, Symbol(2, None): 1}
    assert strides_of(arguments, 5) == {Symbol(5, 0): 24, Symbol(5, 1): 8}


class Color(enum.IntEnum):
    RED = 1


class Wrapper:
    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


class Derived(np.ndarray):
    pass


REFUSED = [
    ([1, 2], "argument 0 is of type list, which eqsat does not take", "pass np.asarray(x)"),
    ((1, 2), "argument 0 is of type tuple, which eqsat does not take", "pass np.asarray(x)"),
    (
        "text",
        "argument 0 is of type str, which eqsat does not take",
        "pass arrays and numbers; other objects stay outside the jitted function",
    ),
    (
        Fraction(1, 2),
        "argument 0 is of type fractions.Fraction, which eqsat does not take",
        "pass arrays and numbers; other objects stay outside the jitted function",
    ),
    (
        Color.RED,
        f"argument 0 is of type {__name__}.Color, which eqsat does not take",
        "pass int(x), float(x) or complex(x)",
    ),
    (Wrapper(), f"argument 0 is of type {__name__}.Wrapper, which eqsat does not take", "pass np.asarray(x)"),
    (
        np.ones(3).view(Derived),
        f"argument 0 is of type {__name__}.Derived, which eqsat does not take",
        "pass np.asarray(x)",
    ),
    (
        np.ma.masked_array([1.0]),
        "argument 0 is of type numpy.ma.MaskedArray, which eqsat does not take",
        "pass x.data and x.mask, or x.filled(value)",
    ),
    (np.matrix([1.0]), "argument 0 is of type numpy.matrix, which eqsat does not take", "pass np.asarray(x)"),
    (
        np.array([1, [2, 3]], dtype=object),
        "argument 0 is an array of dtype object, which eqsat does not compute in",
        "convert it before the call: x.astype(np.float64), or another dtype of numbers",
    ),
    (
        np.array(["a"]),
        "argument 0 is an array of dtype str32, which eqsat does not compute in",
        "convert it to numbers before the call",
    ),
    (
        np.ones(1, "M8[s]"),
        "argument 0 is an array of dtype datetime64[s], which eqsat does not compute in",
        "pass x.astype(np.int64), or x.view(np.int64)",
    ),
    (
        np.zeros(1, "f8,f8"),
        "argument 0 is an array of dtype with fields, which eqsat does not compute in",
        "pass its fields one by one: x['name']",
    ),
    (
        np.longdouble(1),
        f"argument 0 is a scalar of dtype {np.dtype('g').name}, which eqsat does not compute in",
        "pass x.astype(np.float64)",
    ),
    (
        np.ones(1, ">f8"),
        "argument 0 is an array of foreign byte order\n  dtype: dtype('>f8')",
        "pass x.astype(x.dtype.newbyteorder('='))",
    ),
]


@pytest.mark.parametrize(("value", "what", "instead"), REFUSED, ids=[type(v).__name__ + w[-12:] for v, w, _ in REFUSED])
def test_what_is_no_argument_is_refused_with_a_remedy(value, what, instead):
    with pytest.raises(TypingError) as caught:
        type_of(value, 0)
    assert str(caught.value) == f"{what}\n  instead: {instead}"


def test_an_int_beyond_64_bits_is_refused():
    assert type_of(-(2**63), 0) == Scalar(np.dtype(np.int64), "python")
    with pytest.raises(UnsupportedError) as caught:
        type_of(2**63, 1)
    assert str(caught.value) == (
        "argument 1 is an int beyond 64 bits\n"
        "  it has 64 bits\n"
        "  instead: pass a float, or call the original function: f.py_func"
    )


def test_layouts_have_the_form_that_native_code_tests():
    assert layout_of(BASE.T) == Layout((1, 2, 3, 4), True, True, (False,) * 4)
