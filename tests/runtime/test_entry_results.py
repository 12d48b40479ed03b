"""What comes back from a call: fresh arrays, scalars, views, the arguments themselves, and tuples of these."""

from __future__ import annotations

import sys
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat.errors import InternalError
from eqsat.frontend.arguments import type_of
from eqsat.ir.dims import Symbol, dim
from eqsat.ir.program import Buffer
from eqsat.ir.region import Same, TupleOf
from eqsat.ir.types import Array, Scalar, packed_layout
from eqsat.ir.view import Along, View, broadcast, identity, transpose
from lowering.frame import Frame
from lowering.results import plan

DTYPES = "?bBhHiIlLefdFD"


def sample(char: str, shape) -> np.ndarray:
    dtype = np.dtype(char)
    count = int(np.prod(shape))
    bits = np.random.default_rng(0).integers(0, 256, count * dtype.itemsize, np.uint8)
    return (
        (bits & 1).astype(bool).reshape(-1, 1)[:count, 0].reshape(shape)
        if char == "?"
        else bits.view(dtype).reshape(shape)
    )


def identical(left: object, right: object) -> None:
    assert type(left) is type(right)
    if isinstance(left, np.ndarray):
        assert (left.dtype, left.shape, left.strides) == (right.dtype, right.shape, right.strides)
        assert left.tobytes() == right.tobytes()
        assert left.flags == right.flags
    elif isinstance(left, np.generic):
        assert left.dtype == right.dtype and left.tobytes() == right.tobytes()
    elif isinstance(left, tuple):
        assert len(left) == len(right)
        for a, b in zip(left, right, strict=True):
            identical(a, b)
    else:
        assert repr(left) == repr(right)


# -- fresh arrays -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", DTYPES)
def test_a_fresh_array_owns_its_memory(kit, char):
    values = sample(char, 7)
    params = kit.params(values)
    node = kit.node("copy", params[0].type, kit.param(params, 0))
    program = kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items())

    def work(memory):
        memory.result("out")[:] = memory.array(0)

    call = kit.call(program, work)
    first, second = call(values), call(values)
    identical(first, values.copy())
    assert first.base is None and first.flags.owndata and first.flags.writeable
    assert not np.shares_memory(first, values) and not np.shares_memory(first, second)
    assert sys.getrefcount(first) == 2


@pytest.mark.parametrize(
    "shape",
    [(2, 3, 4), (2, 1, 4), (1, 1, 1), (0, 3, 4), (2, 0, 4), (2, 3, 0), (1, 0, 3), (5, 1, 1), (1, 2, 3), (2, 3, 1)],
)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_fresh_arrays_have_the_strides_that_numpy_gives(kit, shape, order):
    values = np.zeros([shape[axis] for axis in order]).transpose(np.argsort(order))
    assert values.shape == shape
    type_ = type_of(values, 0)
    params = kit.params(values)
    node = kit.node("negative", type_, kit.param(params, 0))
    program = kit.program(params, node, {node: kit.buffer("out", type_)}.items())
    result, expected = kit.call(program)(values), -values
    assert result.strides == expected.strides
    assert result.flags == expected.flags


def test_an_empty_result_in_another_order_has_the_strides_of_numpys(kit):
    values = np.zeros((4, 3, 2))[::2, ::2, ::2].transpose(1, 2, 0)
    params = kit.params(values, 0)
    shape = (params[0].type.shape[0], dim(Symbol(1, None)), params[0].type.shape[2])
    type_ = Array(np.dtype("f8"), shape, packed_layout(shape, (2, 0, 1)))
    node = kit.node("negative", type_)
    call = kit.call(kit.program(params, node, {node: kit.buffer("out", type_)}.items()))
    for count in (0, 2, 3):
        result, expected = call(values, count), -np.zeros((4, 3, 7))[::2, ::2, ::2].transpose(1, 2, 0)[:, :count]
        assert result.shape == expected.shape and result.strides == expected.strides


def test_sizes_are_formulas_over_the_arguments(kit):
    values = np.zeros((3, 4))
    params = kit.params(values, 5)
    shape = (dim(Symbol(0, 0)) * 2 - 1, dim(Symbol(0, 1)) // 2, dim(Symbol(1, None)))
    type_ = Array(np.dtype("i2"), shape, packed_layout(shape, (0, 1, 2)))
    node = kit.node("made", type_)
    call = kit.call(kit.program(params, node, {node: kit.buffer("out", type_)}.items()))
    assert call(np.zeros((3, 4)), 5).shape == (5, 2, 5)
    assert call(np.zeros((9, 7)), 0).shape == (17, 3, 0)


@pytest.mark.parametrize("count", [2**62, 2**45, 2**59])
def test_sizes_that_do_not_fit_raise_what_numpy_raises(kit, count):
    params = kit.params(1)
    shape = (dim(Symbol(0, None)), dim(2))
    type_ = Array(np.dtype("f8"), shape, packed_layout(shape, (0, 1)))
    first, second = kit.node("made", type_), kit.node("made", type_)
    buffers = {first: kit.buffer("one", type_), second: kit.buffer("two", type_)}
    call = kit.call(kit.program(params, TupleOf((first, second)), buffers.items()))
    with pytest.raises(Exception) as expected:
        np.empty((count, 2))
    with pytest.raises(type(expected.value)) as seen:
        call(count)
    assert str(seen.value) == str(expected.value)
    assert [part.shape for part in call(3)] == [(3, 2), (3, 2)]


def test_a_result_without_axes_is_an_array_without_axes(kit):
    for char in DTYPES:
        value = sample(char, ())
        params = kit.params(value)
        node = kit.node("copy", params[0].type, kit.param(params, 0))
        program = kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items())
        call = kit.call(program, lambda memory: memory.write_cell(0, memory.array(0)[()]))
        identical(call(value), value.copy())


# -- scalars ----------------------------------------------------------------------------------------------------------

NUMBERS = [0, -1, 7, 2**63 - 1, -(2**63), 0.0, -0.0, 1.5, float("inf"), float("nan"), 5e-324, True, False]
NUMBERS += [
    0j,
    complex(-0.0, 2.5),
    complex("nan+infj"),
    *(sample(c, ())[()] for c in DTYPES),
    np.bool(True),
    np.bool(False),
]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda v: f"{type(v).__name__}-{v}")
def test_a_scalar_reaches_run_and_comes_back_bit_for_bit(kit, value):
    params = kit.params(value)
    node = kit.node("positive", params[0].type, kit.param(params, 0))

    def work(memory):
        assert memory.scalar(0).tobytes() == np.asarray(value, params[0].type.dtype).tobytes()
        memory.write_cell(0, memory.scalar(0))

    call = kit.call(kit.program(params, node), work)
    result = call(value)
    identical(result, value)
    if isinstance(value, bool | np.bool):
        assert result is value


def test_the_bits_of_a_nan_are_kept(kit):
    for bits, dtype in ((0x7FF8DEADBEEF0001, "d"), (0xFFF0000000000001, "d"), (0x7FC12345, "f"), (0x7E01, "e")):
        width = np.dtype(dtype).itemsize
        value = np.frombuffer(bits.to_bytes(width, "little"), dtype)[0]
        params = kit.params(value)
        node = kit.node("positive", params[0].type, kit.param(params, 0))
        call = kit.call(kit.program(params, node), lambda memory: memory.write_cell(0, memory.scalar(0)))
        assert call(value).tobytes() == value.tobytes()


# -- the arguments themselves, constants, tuples ----------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.arange(3.0), 7, 10**15, 1.5, True, 2j, None, np.float32(1.5)], ids=repr)
def test_a_returned_argument_is_the_same_object(kit, value):
    params = kit.params(1.0, value)
    call = kit.call(kit.program(params, kit.param(params, 1)))
    before = sys.getrefcount(value)
    for _ in range(1000):
        assert call(0.5, value) is value
    assert abs(sys.getrefcount(value) - before) < 100  # others use None and small numbers meanwhile


def test_a_returned_global_array_is_the_same_object(kit):
    array = np.arange(3.0)
    params = kit.params(1.0, captured=[array])
    assert kit.call(kit.program(params, kit.param(params, 1)))(0.5) is array


def test_constants_are_the_same_objects_at_every_call(kit):
    constants = (None, "text", np.dtype("f4"), (1, 2), 10**30, Ellipsis)
    call = kit.call(kit.program((), TupleOf(tuple(Same(value) for value in constants))))
    before = [sys.getrefcount(value) for value in constants]
    for _ in range(1000):
        assert all(left is right for left, right in zip(call(), constants, strict=True))
    assert all(abs(sys.getrefcount(value) - old) < 100 for value, old in zip(constants, before, strict=True))


def test_tuples_nest_as_they_were_written(kit):
    x = np.arange(4.0)
    params = kit.params(x, 2.5)
    array, number = kit.node("negative", params[0].type, kit.param(params, 0)), kit.node("py.neg", params[1].type)
    result = TupleOf((array, TupleOf((number, TupleOf(()), Same("s"))), kit.param(params, 0), TupleOf((array,))))

    def work(memory):
        memory.result("out")[:] = -memory.array(0)
        memory.write_cell(1, -2.5)

    call = kit.call(kit.program(params, result, {array: kit.buffer("out", params[0].type)}.items()), work)
    made = call(x, 2.5)
    identical(made, (-x, (-2.5, (), "s"), x, (-x,)))
    assert made[0] is made[3][0] and made[2] is x
    assert sys.getrefcount(made[0]) == 4  # the two tuples, `getrefcount` and the assertion


def test_one_name_returned_twice_is_one_object_and_two_equal_results_are_two(kit):
    x = np.arange(6.0).reshape(2, 3).T
    params = kit.params(x)
    first, second = (kit.node("negative", params[0].type, kit.param(params, 0)) for _ in range(2))
    buffer = kit.buffer("out", params[0].type)  # the optimizer found that both are the same value

    def work(memory):
        memory.result("out")[:] = -memory.array(0)

    program = kit.program(params, TupleOf((first, second, first)), [(first, buffer), (second, buffer)])
    a, b, c = kit.call(program, work)(x)
    assert a is c and a is not b and not np.shares_memory(a, b)
    identical(a, -x)
    identical(b, -x)


def test_two_equal_scalars_are_read_from_the_one_cell_that_is_written(kit):
    params = kit.params(1.0)
    type_ = Scalar(np.dtype("f8"), "numpy")
    first, second = kit.node("a", type_), kit.node("b", type_)
    point = kit.node("c", Array(np.dtype("f8"), (), packed_layout((), ())))
    buffer = Buffer("total", np.dtype("f8"), (), (), "result")
    program = kit.program(params, TupleOf((first, second, point)), [(first, buffer), (second, buffer), (point, buffer)])
    made = kit.call(program, lambda memory: memory.write_cell(0, 2.5))(1.0)
    identical(made, (np.float64(2.5), np.float64(2.5), np.array(2.5)))


def test_a_buffer_for_what_is_a_view_of_an_argument_is_an_error_of_eqsat(kit):
    params = kit.params(np.arange(3.0))
    view = kit.node("view", params[0].type, kit.param(params, 0), attr=identity(1))
    program = kit.program(params, view, {view: kit.buffer("out", params[0].type)}.items())
    with pytest.raises(InternalError, match="nobody returns out"):
        plan(program, Frame.of(program))


# -- views of arguments -----------------------------------------------------------------------------------------------


def returning_view(kit, values, view: View, shape):
    params = kit.params(values)
    type_ = params[0].type
    shape = tuple(map(dim, shape))
    node = kit.node(
        "view",
        Array(type_.dtype, shape, packed_layout(shape, tuple(range(len(shape))))),
        kit.param(params, 0),
        attr=view,
    )
    of_param = Buffer("x", type_.dtype, type_.shape, type_.layout.order, "param", 0)
    return kit.call(kit.program(params, node, [(node, of_param)]))


@st.composite
def basic_indices(draw, shape):
    """A basic index, and the view that it is."""
    items, axes, lengths = [], [], []
    for axis, n in enumerate(shape):
        kind = draw(st.sampled_from(["slice", "slice", "slice", "int"])) if n else "slice"
        while draw(st.integers(0, 4)) == 0:
            items.append(None)
            lengths.append(1)
        if kind == "int":
            at = draw(st.integers(0, n - 1))
            items.append(at)
            axes.append((None, at, 1))
            continue
        step = draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        cut = slice(draw(st.none() | st.integers(-n, n)), draw(st.none() | st.integers(-n, n)), step)
        start, _, _ = cut.indices(n)
        length = len(range(*cut.indices(n)))
        items.append(cut)
        axes.append((len(lengths), start, step) if length else (len(lengths), 0, 1))
        lengths.append(length)
    view = View(tuple(Along(a, dim(s), t) for a, s, t in axes), len(lengths))
    return (*items, Ellipsis), view, tuple(lengths)


@settings(max_examples=40)
@given(st.data())
def test_views_are_those_of_numpys_basic_indexing(shared_kit, data):
    shape = data.draw(st.lists(st.integers(0, 4), max_size=3))
    base = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    if data.draw(st.booleans()):
        base = base.T
    index, view, lengths = data.draw(basic_indices(base.shape))
    base.flags.writeable = data.draw(st.booleans())
    result, expected = returning_view(shared_kit, base, view, lengths)(base), base[index]
    owner = base.base if base.base is not None else base
    assert result.shape == expected.shape and result.tobytes() == expected.tobytes()
    assert result.base is expected.base is owner
    assert result.flags.writeable == expected.flags.writeable and not result.flags.owndata
    if expected.size:
        assert result.__array_interface__["data"] == expected.__array_interface__["data"]
        big = [axis for axis, n in enumerate(expected.shape) if n != 1]
        assert [result.strides[axis] for axis in big] == [expected.strides[axis] for axis in big]


def test_views_of_views_of_arguments_compose(kit):
    x = np.arange(24.0).reshape(4, 6)
    params = kit.params(x)
    turned_shape, cut_shape = (dim(Symbol(0, 1)), dim(Symbol(0, 0))), (dim(Symbol(0, 1)) - 2, dim(Symbol(0, 0)))
    dtype = np.dtype("f8")
    turned = kit.node(
        "view",
        Array(dtype, turned_shape, packed_layout(turned_shape, (1, 0))),
        kit.param(params, 0),
        attr=transpose((1, 0)),
    )
    cut_view = View((Along(0, dim(1)), Along(1, dim(Symbol(0, 0)) - 1, -1)), 2)
    cut = kit.node("view", Array(dtype, cut_shape, packed_layout(cut_shape, (1, 0))), turned, attr=cut_view)
    of_param = Buffer("x", dtype, params[0].type.shape, (0, 1), "param", 0)
    call = kit.call(kit.program(params, TupleOf((cut, turned)), [(cut, of_param), (turned, of_param)]))
    for y in (x, np.arange(15.0).reshape(3, 5)):
        made, whole = call(y)
        identical(made, y.T[1:-1, ::-1])
        identical(whole, y.T)
        made[0, 0] = -1
        assert y[-1, 1] == -1 and made.base is (y if y.base is None else y.base)


def test_a_broadcast_view_is_readonly_as_in_numpy(kit):
    x = np.arange(3.0)
    call = returning_view(kit, x, broadcast((False,), 2), (4, dim(Symbol(0, 0))))
    identical(call(x), np.broadcast_to(x, (4, 3)))
    added = returning_view(kit, x, broadcast((False,), 2), (1, dim(Symbol(0, 0))))
    assert added(x).flags.writeable and added(x).shape == (1, 3)


def test_a_view_keeps_the_dtype_object_and_the_owner_alive(kit):
    x = np.arange(3.0)
    call = returning_view(kit, x, View((Along(0, dim(1)),), 1), (2,))
    before = sys.getrefcount(x)
    view = call(x)
    assert sys.getrefcount(x) == before + 1
    x[:] = 5
    del x
    assert view.tolist() == [5, 5]
