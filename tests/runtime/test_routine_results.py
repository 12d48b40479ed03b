"""What comes back from a routine: arrays in the run's own memory are copied, parameters and views of them are not."""

from __future__ import annotations

import sys
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eqsat.errors import InternalError
from eqsat.frontend.arguments import type_of
from eqsat.ir.body import LOCAL, Variable
from eqsat.ir.dims import Symbol, dim
from eqsat.ir.region import Same, TupleOf
from eqsat.ir.types import Array, Scalar, packed_layout
from eqsat.ir.view import Along, View, identity, transpose
from lowering.frame import Frame, Made, Pool, Result
from lowering.results import plan

F8 = np.dtype("f8")


def local_type(dtype, ndim: int, order=None) -> Array:
    """An array whose lengths are computed in the run."""
    shape = tuple(dim(Symbol(LOCAL + axis, None)) for axis in range(ndim))
    return Array(np.dtype(dtype), shape, packed_layout(shape, tuple(order or range(ndim))))


def read(kit, type_, name="v"):
    """What a variable of this type holds."""
    return kit.node("read", type_, attr=Variable(name, type_))


def own(kit, result, work, *values, **facts):
    """A callable of the result's node, with these parameters."""
    return kit.call(kit.routine(kit.params(*values), result, **facts), work)


def same_bytes(left: np.ndarray, right: np.ndarray) -> None:
    assert type(left) is np.ndarray
    assert (left.dtype, left.shape, left.strides, left.tobytes()) == (
        right.dtype,
        right.shape,
        right.strides,
        right.tobytes(),
    )
    assert left.flags == right.flags


# -- memory of the run's own ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", "?bBhHiIlLefdFD")
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (0,), (3, 0), (1, 1), (5, 1)])
def test_an_array_in_the_runs_memory_comes_back_as_a_fresh_one(kit, system, char, shape):
    values = np.random.default_rng(1).integers(0, 2, shape).astype(char)
    node = kit.node("made", local_type(char, len(shape)))
    call = own(kit, node, lambda memory: memory.say(0, memory.own(values)))
    first, second = call(), call()
    same_bytes(first, values)
    assert first.flags.owndata and first.flags.writeable and first.base is None
    assert first is not second and not np.shares_memory(first, second)
    assert sys.getrefcount(first) == 2


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 3, 4), (2, 1, 4), (0, 3, 4), (2, 3, 0), (1, 1, 1)])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_fresh_array_has_its_axes_in_the_order_of_its_layout(kit, system, shape, order):
    """As `np.copy` of an array of this layout, where no length is known before."""
    values = np.arange(np.prod(shape), dtype=float).reshape([shape[axis] for axis in order])
    values = values.transpose(np.argsort(order))
    node = kit.node("made", local_type("f8", 3, order))

    def work(memory):
        packed = memory.own(values.transpose(order))
        memory.say(0, packed.transpose(np.argsort(order)))

    result = own(kit, node, work)()
    assert result.shape == shape and result.tolist() == values.tolist() and result.flags.owndata
    if values.size and 1 not in shape:
        assert result.strides == values.strides
    assert result.flags.forc or list(order) not in ([0, 1, 2], [2, 1, 0])


@pytest.mark.parametrize("length", [1, 2])
def test_axes_of_length_one_that_the_type_knows_have_the_strides_that_numpy_gives(kit, length):
    values = np.zeros((length, 3, 1, 2)).transpose(3, 1, 2, 0)
    shape = (dim(2), dim(Symbol(LOCAL, None)), dim(1), dim(length))
    type_ = Array(F8, shape, packed_layout(shape, type_of(values, 0).layout.order))
    result = own(kit, kit.node("made", type_), lambda memory: memory.say(0, memory.own(values)))()
    expected = -values
    assert result.strides == expected.strides and result.flags == expected.flags


INDICES = [np.s_[::2], np.s_[::-1], np.s_[1:, ::-2], np.s_[:, 1], np.s_[:, None], np.s_[2, 1], np.s_[3:3]]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_elements_that_are_not_packed_are_gathered(kit, system, index):
    values = np.arange(20.0).reshape(5, 4)
    expected = np.array(values[index])
    node = kit.node("made", local_type("f8", expected.ndim))

    def work(memory):
        inside = memory.own(values)[index]
        memory.say(0, inside if isinstance(inside, np.ndarray) else memory.own(np.array(inside)))

    result = own(kit, node, work)()
    same_bytes(result, expected.copy("C"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_array_in_the_runs_memory_is_copied_element_by_element(kit, system, data):
    ndim = data.draw(st.integers(0, 4))
    shape = data.draw(st.lists(st.integers(0, 4), min_size=ndim, max_size=ndim))
    order = data.draw(st.permutations(range(ndim)))
    base = np.arange(4**ndim * 3, dtype="i4")
    steps = data.draw(st.lists(st.sampled_from([4, 8, -4, 12, 0, 16]), min_size=ndim, max_size=ndim))
    node = kit.node("made", local_type("i4", ndim, order))
    seen = []

    def work(memory):
        block = memory.own(base)
        start = sum(max(-step * (n - 1), 0) for step, n in zip(steps, shape, strict=True)) // 4
        array = np.lib.stride_tricks.as_strided(block[start:], shape, steps)
        seen.append(array.copy())
        memory.say(0, array)

    result = own(kit, node, work)()
    assert result.tolist() == seen[0].tolist() and result.dtype == base.dtype and result.flags.owndata
    assert result.shape == tuple(shape)


@pytest.mark.parametrize("count", [2**62, 2**45])
def test_a_shape_that_numpy_cannot_hold_raises_what_numpy_raises(kit, count):
    node = kit.node("made", local_type("f8", 2))

    def work(memory):
        array = memory.own(np.zeros((1, 2)))
        memory.say(0, array)
        memory.change(Made(0, 2), 2, count)

    with pytest.raises(Exception) as expected:
        np.empty((count, 2))
    with pytest.raises(type(expected.value)) as seen:
        own(kit, node, work)()
    assert str(seen.value) == str(expected.value)


# -- parameters and what is in their memory ---------------------------------------------------------------------------

ARRAYS = {
    "plain": np.arange(12.0).reshape(3, 4),
    "fortran": np.zeros((3, 4), order="F"),
    "strided": np.zeros((6, 8))[::2, ::2],
    "backwards": np.zeros((3, 4))[::-1, ::-1],
    "readonly": np.broadcast_to(np.zeros(4), (3, 4)),
    "empty": np.zeros((3, 0)),
    "point": np.zeros(()),
    "longlong": np.zeros((3, 4), "q"),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("captured", [False, True])
def test_a_variable_that_holds_an_argument_gives_the_very_object(kit, name, captured):
    x = ARRAYS[name]
    params = kit.params(1.5, None, x) if not captured else kit.params(1.5, None, captured=[x])
    node = read(kit, params[2].type)
    call = kit.call(kit.routine(params, node), lambda memory: memory.say(0, memory.array(2), 2 * 2 + 2))
    args = (0.5, None) if captured else (0.5, None, x)
    before = sys.getrefcount(x)
    for _ in range(100):
        assert call(*args) is x
    assert sys.getrefcount(x) == before


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "point"])
@pytest.mark.parametrize("index", [np.s_[:], np.s_[1:], np.s_[::-1], np.s_[:, ::2], np.s_[..., None], np.s_[:, 2:2]])
def test_an_array_in_an_arguments_memory_is_a_view_of_it(kit, name, index):
    x = ARRAYS[name]
    expected = x[index]
    params = kit.params(7, x)
    node = read(kit, local_type(params[1].type.dtype, expected.ndim))
    call = kit.call(kit.routine(params, node), lambda memory: memory.say(0, memory.array(1)[index], 2 * 1 + 3))
    before = sys.getrefcount(x)
    result = call(7, x)
    assert type(result) is np.ndarray and result is not x and result.base is expected.base
    assert result.dtype is expected.dtype and result.shape == expected.shape
    assert result.ctypes.data == expected.ctypes.data or not x.size or not result.size
    assert result.strides == expected.strides or not x.size or not result.size
    assert result.flags == expected.flags
    del result
    assert sys.getrefcount(x) == before


def test_a_view_that_repeats_elements_is_not_to_be_written_to(kit):
    x = np.arange(3.0)
    node = read(kit, local_type("f8", 2))
    call = own(
        kit, node, lambda memory: memory.say(0, np.broadcast_to(memory.array(0)[:, None], (3, 5)), 3), np.zeros(3)
    )
    result = call(x)
    assert not result.flags.writeable and result.base is x and result.strides == (8, 0)
    assert result.tolist() == np.broadcast_to(x[:, None], (3, 5)).tolist()


def test_parts_of_complex_numbers_are_views_with_a_dtype_of_their_own(kit):
    x = np.arange(6).reshape(2, 3) * (1 + 2j)
    params = kit.params(x)
    node = read(kit, local_type("f8", 2))
    for part in ("real", "imag"):
        call = kit.call(kit.routine(params, node), lambda memory: memory.say(0, getattr(memory.array(0), part), 3))
        result = call(x)
        expected = getattr(x, part)
        assert result.dtype == F8 and result.base is x and result.tolist() == expected.tolist()
        assert result.flags == expected.flags and result.strides == expected.strides


def test_another_call_may_take_another_way(kit, system):
    x, y = np.arange(3.0), np.arange(3.0) + 10
    params = kit.params(x, y, 0)
    node = read(kit, params[0].type)

    def work(memory):
        way = int(memory.scalar(2))
        if way < 2:
            memory.say(0, memory.array(way), 2 * way + 2)
        elif way < 4:
            memory.say(0, memory.array(way - 2)[::-1], 2 * (way - 2) + 3)
        else:
            memory.say(0, memory.own(memory.array(0) * 2))

    call = kit.call(kit.routine(params, node), work)
    assert call(x, y, 0) is x and call(x, y, 1) is y
    for way, base in ((2, x), (3, y)):
        view = call(x, y, way)
        assert view.base is base and view.tolist() == base[::-1].tolist()
    made = call(x, y, 4)
    assert made.base is None and made.tolist() == [0, 2, 4]


def test_a_view_by_the_functions_own_sizes_is_not_left_to_the_run(kit):
    x = np.arange(12.0).reshape(3, 4).copy()
    params = kit.params(x, 5)
    type_ = params[0].type
    shape = (type_.shape[1], type_.shape[0] - 1)
    view = View((Along(1, dim(1)), Along(0)), 2)
    known = kit.node("view", Array(F8, shape, packed_layout(shape, (1, 0))), kit.param(params, 0), attr=view)
    routine = kit.routine(params, known)
    assert not any(isinstance(slot, Made) for slot in Frame.of(routine).offsets)
    result = kit.call(routine)(x, 5)
    assert result.base is x and result.tolist() == x[1:].T.tolist()

    late = View((Along(1, dim(Symbol(LOCAL, None))), Along(0)), 2)
    node = kit.node("view", known.type, kit.param(params, 0), attr=late)
    routine = kit.routine(params, node)
    assert Made(0, 2) in Frame.of(routine).offsets
    result = kit.call(routine, lambda memory: memory.say(0, memory.array(0)[1:].T, 3))(x, 5)
    assert result.base is x and result.tolist() == x[1:].T.tolist()


def test_a_reshaped_argument_is_left_to_the_run(kit):
    x = np.arange(12.0)
    params = kit.params(x)
    node = kit.node("reshape", local_type("f8", 2), kit.param(params, 0))
    result = kit.call(kit.routine(params, node), lambda m: m.say(0, m.array(0).reshape(3, 4), 3))(x)
    assert result.base is x and result.tolist() == x.reshape(3, 4).tolist()


# -- arrays that NumPy allocates before the run -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0, 3)])
def test_a_direct_result_is_filled_in_place(kit, system, shape):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    params = kit.params(x)
    node = kit.node("made", params[0].type)
    seen = []

    def work(memory):
        seen.append(memory.direct(0, memory.array(0) + 1).ctypes.data)

    routine = kit.routine(params, TupleOf((node, node)), direct=[node])
    assert set(Frame.of(routine).offsets) >= {Pool(), Result("direct0")}
    first, second = kit.call(routine, work)(x)
    assert first is second and first.ctypes.data == seen[0]
    same_bytes(first, np.asarray(x + 1))
    assert first.flags.owndata and system.asked == 0


def test_a_size_that_cannot_be_had_is_pythons_to_judge(kit):
    """It may raise before it comes to that, or never come to it."""
    params = kit.params(1)
    shape = (dim(Symbol(0, None)),)
    nodes = [kit.node("made", Array(F8, shape, packed_layout(shape, (0,)))) for _ in range(2)]
    call = kit.call(kit.routine(params, TupleOf(tuple(nodes)), direct=nodes))
    before = sys.getrefcount(F8)
    for count in (-1, 2**62, 2**50):
        assert call(count) == ("rerun", (count,))
    assert abs(sys.getrefcount(F8) - before) < 5
    assert [array.shape for array in call(3)] == [(3,), (3,)]


# -- several results --------------------------------------------------------------------------------------------------


def test_one_node_is_one_object_and_two_are_two(kit, system):
    first, second = (kit.node("made", local_type("f8", 1)) for _ in range(2))

    def work(memory):
        memory.say(0, memory.own(np.arange(3.0)))
        memory.say(1, memory.own(np.arange(3.0)))

    a, b, c, d = own(kit, TupleOf((first, second, first, TupleOf((second,)))), work)()
    assert a is c and b is d[0] and a is not b and not np.shares_memory(a, b)
    assert a.tolist() == b.tolist() == [0, 1, 2]


def test_two_variables_that_hold_one_array_give_one_object(kit, system):
    type_ = local_type("f8", 1)
    nodes = (kit.node("made", type_), read(kit, type_, "a"), read(kit, type_, "b"))

    def work(memory):
        one, other = memory.own(np.arange(3.0)), memory.own(np.arange(3.0))
        for index, array in enumerate((one, other, one)):
            memory.say(index, array)

    a, b, c = own(kit, TupleOf(nodes), work)()
    assert a is c and a is not b and not np.shares_memory(a, b)
    assert sys.getrefcount(a) == 3 and sys.getrefcount(b) == 2


def test_a_variable_may_hold_what_is_a_direct_result_too(kit, system):
    params = kit.params(np.zeros((3, 4)))
    direct, variable = kit.node("made", params[0].type), read(kit, params[0].type)

    def work(memory):
        memory.say(1, memory.direct(0, memory.array(0)))

    call = kit.call(kit.routine(params, TupleOf((direct, variable)), direct=[direct]), work)
    a, b = call(np.arange(12.0).reshape(3, 4))
    assert a is b and a.tolist() == np.arange(12.0).reshape(3, 4).tolist()


VIEWS = [np.s_[1:], np.s_[:], np.s_[::-1], np.s_[1, ::2], np.s_[..., None], np.s_[2:2], np.s_[-1:, -1:]]


@pytest.mark.parametrize("index", VIEWS, ids=repr)
@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_views_of_a_result_share_its_memory(kit, system, index, direct, first):
    values = np.arange(12.0).reshape(3, 4)
    params = kit.params(values)
    expected = values[index]
    whole = kit.node("made", params[0].type)
    view = kit.node("view", local_type("f8", expected.ndim), whole, attr=identity(expected.ndim))
    position = 1 if first else 0

    def work(memory):
        array = memory.direct(position, memory.array(0)) if direct else memory.own(memory.array(0))
        if not direct:
            memory.say(position, array)
        memory.say(1 - position, array[index])

    result = TupleOf((view, whole) if first else (whole, view))
    call = kit.call(kit.routine(params, result, direct=[whole] if direct else []), work)
    made = call(values)
    a, b = made[position], made[1 - position]
    assert a is not b and a.flags.owndata and a.tolist() == values.tolist()
    assert b.tolist() == expected.tolist()
    if expected.size:
        assert b.base is a and b.strides == expected.strides and b.flags == expected.flags
        assert b.ctypes.data - a.ctypes.data == expected.ctypes.data - values.ctypes.data


def test_the_imaginary_parts_of_a_result_share_its_memory(kit, system):
    values = np.arange(6).reshape(2, 3) * (1 - 2j)
    whole = kit.node("made", local_type("D", 2))
    parts = [kit.node(name, local_type("f8", 2), whole) for name in ("real", "imag")]

    def work(memory):
        array = memory.own(values)
        for index, one in enumerate((array, array.real, array.imag)):
            memory.say(index, one)

    made = own(kit, TupleOf((whole, *parts)), work)()
    for name, part in zip(("real", "imag"), made[1:], strict=True):
        assert part.base is made[0] and part.dtype == F8 and part.tolist() == getattr(values, name).tolist()
        assert part.ctypes.data == getattr(made[0], name).ctypes.data


def test_a_view_of_what_is_no_result_holds_that_as_its_base(kit, system):
    node = kit.node("view", local_type("f8", 1), kit.node("made", local_type("f8", 1)), attr=identity(1))

    def work(memory):
        base = memory.own(np.arange(10.0))
        memory.say(0, base[::3])
        memory.say(1, base)

    result = own(kit, node, work)()
    assert result.tolist() == [0.0, 3.0, 6.0, 9.0]
    assert result.strides == (24,) and not result.flags.owndata
    assert result.base.tolist() == list(range(10)) and result.base.flags.owndata


def test_results_of_every_kind_together(kit, system):
    x = np.arange(4.0)
    params = kit.params(x, 2)
    number, python, flag = (
        kit.node("n", Scalar(np.dtype("f4"), "numpy")),
        kit.node("py.neg", Scalar(np.dtype("i8"), "python")),
        kit.node("py.not", Scalar(np.dtype("?"), "python")),
    )
    array, variable = kit.node("made", local_type("i2", 1)), read(kit, params[0].type)
    transposed = kit.node("view", params[0].type, kit.param(params, 0), attr=transpose((0,)))
    result = TupleOf((number, array, kit.param(params, 1), python, variable, Same("s"), flag, transposed, number))

    def work(memory):
        memory.write_cell(0, np.float32(1.25))
        memory.write_cell(3, -2)
        memory.write_cell(5, True)
        memory.say(1, memory.own(np.arange(3, dtype="i2")))
        memory.say(4, memory.array(0), 2)

    made = kit.call(kit.routine(params, result), work)(x, 2)
    assert made[0] == np.float32(1.25) and type(made[0]) is np.float32 and made[8] is made[0]
    assert made[1].tolist() == [0, 1, 2] and made[1].dtype == np.int16
    assert made[2:4] == (2, -2) and made[4] is x and made[5] == "s" and made[6] is True
    assert made[7].base is x and made[7].tolist() == x.tolist()


def test_a_result_that_has_no_place_is_an_error_of_eqsat(kit, monkeypatch):
    from lowering import results

    node = kit.node("made", local_type("f8", 1))
    routine = kit.routine((), node)
    frame = Frame.of(routine)
    monkeypatch.setattr(results.frames, "result_slots", lambda _: [(node, None)])
    with pytest.raises(InternalError, match="nobody knows where a result is"):
        plan(routine, frame)
