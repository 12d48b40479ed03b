"""Which calls native code accepts: exactly those whose arguments would get the types that it was compiled for."""

from __future__ import annotations

import ctypes
import pickle
import types
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat.errors import UnsupportedError
from eqsat.frontend.arguments import layout_of, type_of
from eqsat.ir.dims import Dim, FloorDiv, Symbol, dim
from eqsat.ir.region import ABSENT, FUNCTION_PARTS, Capture, Guard, Merges, Param, Same
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Tuple
from lowering.callable import call_entry

DTYPES = "?bBhHiIlLefdFD"


class Sub(np.ndarray):
    pass


class Int(int):
    pass


SPECIMENS = {
    **{f"array {c}": np.zeros(3, c) for c in DTYPES},
    **{f"scalar {c}": np.dtype(c).type(1) for c in DTYPES},
    **{f"0-d {c}": np.zeros((), c) for c in "dl?"},
    "2-d": np.zeros((3, 4)),
    "row": np.zeros((1, 4)),
    "column": np.zeros((4, 1)),
    "fortran": np.zeros((3, 4), order="F"),
    "strided": np.zeros(6)[::2],
    "backwards": np.zeros(3)[::-1],
    "longlong": np.zeros(3, "q"),
    "longlong scalar": np.longlong(1),
    "ulonglong": np.zeros(3, "Q"),
    "ulonglong scalar": np.ulonglong(1),
    "long": np.zeros(3, "l"),
    "shifted": np.ndarray(3, np.float64, bytearray(40), 4),
    "shifted int": np.ndarray(3, np.int64, bytearray(40), 1),
    "shifted and backwards": np.ndarray(3, np.float64, bytearray(40), 17, (-8,)),
    "field of records": np.zeros(3, [("flag", "?"), ("value", "f8")])["value"],
    "int": 7,
    "largest int": 2**63 - 1,
    "float": 1.5,
    "bool": True,
    "complex": 1j,
    "None": None,
}

STRANGERS = {
    "subclass": np.zeros(3).view(Sub),
    "masked": np.ma.zeros(3),
    "matrix": np.zeros((3, 4)).view(np.matrix),
    "swapped": np.zeros(3, ">f8"),
    "longdouble": np.zeros(3, "g"),
    "objects": np.zeros(3, object),
    "text": np.zeros(3, "U3"),
    "record": np.zeros(3, "f8,i4"),
    "date": np.zeros(3, "M8[s]"),
    "huge int": 2**63,
    "huge negative int": -(2**63) - 1,
    "int subclass": Int(3),
    "list": [1.0, 2.0],
    "tuple": (1.0,),
    "str": "x",
    "longdouble scalar": np.longdouble(1),
    "class": float,
    "date scalar": np.datetime64("2020-01-01"),
}


def accepts(call, *args) -> bool:
    answer = call(*args)
    if answer == "hit":
        return True
    assert answer[0] == "miss" and len(answer[1]) == len(args) and all(map(lambda a, b: a is b, answer[1], args))
    return False


@pytest.mark.parametrize("name", SPECIMENS)
def test_exactly_the_arguments_of_the_same_type_are_accepted(kit, name):
    expected = type_of(SPECIMENS[name], 0)
    call = kit.accepting(SPECIMENS[name])
    for other, value in SPECIMENS.items():
        assert accepts(call, value) == (type_of(value, 0) == expected), other
    for other, value in STRANGERS.items():
        assert not accepts(call, value), other


@st.composite
def memory_orders(draw, ndim: int):
    """Views with every kind of stride: packed, gaps, backwards, zero, equal, empty, of length one."""
    shape = draw(st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, 4]), min_size=ndim, max_size=ndim))
    way = draw(st.sampled_from(["slices", "slices", "raw"]))
    if way == "slices":
        steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, -1, -2, 0]), min_size=ndim, max_size=ndim))
        order = draw(st.permutations(range(ndim)))
        base = np.zeros([max(n * abs(s), 1) if s else 1 for n, s in zip(shape, steps, strict=True)])
        base = base.transpose(order).copy("C").transpose(np.argsort(order)) if ndim else base
        cut = base[tuple(slice(None, None, s or 1) for s in steps)]
        if any(s == 0 for s in steps):
            return np.broadcast_to(cut[tuple(slice(0, 1 if s == 0 else n) for s, n in zip(steps, shape))], shape)
        return cut[tuple(slice(0, n) for n in shape)]
    strides = draw(st.lists(st.sampled_from([0, 8, 8, -8, 16, 24, 32, 48, -16, 4]), min_size=ndim, max_size=ndim))
    return np.ndarray(shape, np.float64, bytearray(4096), draw(st.sampled_from([2048, 2048, 2049])), strides)


@st.composite
def pairs_of_orders(draw):
    ndim = draw(st.integers(0, 4))
    first = draw(memory_orders(ndim))
    others = [draw(memory_orders(ndim)) for _ in range(8)]
    lengths = st.integers(0, 3)
    for _ in range(4):  # other sizes in the same memory order
        cut = tuple(slice(0, draw(lengths)) if n > 1 else slice(None) for n in first.shape)
        others.append(first[cut])
    others += [first.copy(order) for order in "CFK"] + [first.T, first[::-1] if ndim else first]
    return first, others


@settings(max_examples=60)
@given(pairs_of_orders())
def test_memory_orders_are_told_apart_as_layout_of_does(shared_kit, arrays):
    first, others = arrays
    call = shared_kit.accepting(first)
    assert accepts(call, first)
    for other in others:
        expected = type_of(other, 0) == type_of(first, 0)
        assert accepts(call, other) == expected, (other.shape, other.strides, layout_of(other), layout_of(first))


def close_relatives() -> list[np.ndarray]:
    """Three-dimensional arrays that differ only in the order of axes, in one gap, one sign or one length."""
    related = []
    for order in permutations(range(3)):
        for step, start in ((1, 0), (2, 0), (-1, 2), (1, 1), (1, 3)):
            for axis in range(3):
                whole = np.zeros((3, 3, 6 if axis == 2 and step == 2 else 3))
                cut = tuple(slice(start, None, step) if k == axis else slice(None) for k in range(3))
                related.append(whole[cut].transpose(order))
        related.append(np.zeros((3, 3, 6))[:, :, ::2].transpose(order))
        related.append(np.broadcast_to(np.zeros((3, 1, 3)), (3, 3, 3)).transpose(order))
    return related


def test_close_relatives_are_told_apart(kit):
    related = close_relatives()
    types = {type_of(array, 0): array for array in related}
    assert len(types) > 40
    for type_, array in types.items():
        call = kit.accepting(array)
        for other in related:
            assert accepts(call, other) == (type_of(other, 0) == type_), (str(type_), other.shape, other.strides)


@pytest.mark.parametrize("args", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0, 4.0)])
def test_another_number_of_arguments_is_a_miss(kit, args):
    assert not accepts(kit.accepting(1.0, 2.0), *args)
    assert kit.accepting(1.0, 2.0)(1.0, 2.0) == "hit"


def test_keywords_reach_python_by_their_names(kit):
    call = kit.accepting(1.0, 2.0)
    assert call(1.0, x1=2.0) == ("miss", (1.0,), {"x1": 2.0})
    assert call(x0=1.0, x1=2.0) == ("miss", (), {"x0": 1.0, "x1": 2.0})
    assert call(1.0, 2.0, x2=3.0) == ("miss", (1.0, 2.0), {"x2": 3.0})


@pytest.mark.parametrize("spare", [False, True])
def test_the_spare_place_before_the_arguments_is_no_part_of_their_number(kit, spare):
    call = kit.accepting(1.0, 2.0)
    entry = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(
        call.native.entry
    )
    for second, expected in ((2.0, "hit"), (2, ("miss", (1.0, 2), {}))):
        values = (ctypes.py_object * 3)(None, 1.0, second)
        count = 2 | (1 << 63 if spare else 0)
        assert entry(call, ctypes.addressof(values) + 8, count, None) == expected
        assert values[0] is None


def test_a_pickled_dtype_is_as_good_as_numpys_own(kit):
    array = pickle.loads(pickle.dumps(np.arange(3.0)))
    copied = np.zeros(3, np.dtype("f8", copy=True, metadata={"unit": "m"}))
    assert copied.dtype is not np.dtype("f8")
    call = kit.accepting(np.zeros(3))
    assert accepts(call, array) and accepts(call, copied)
    assert not accepts(call, np.zeros(3, np.dtype("i8", metadata={"unit": "m"})))
    assert not accepts(call, np.zeros(3, np.dtype(">f8", metadata={"unit": "m"})))
    assert accepts(kit.accepting(copied), np.zeros(3)) and accepts(kit.accepting(copied), copied)


def test_readonly_arrays_are_accepted(kit):
    readonly = np.zeros(4)
    readonly.flags.writeable = False
    assert accepts(kit.accepting(np.zeros(4)), readonly)


def test_a_tuple_as_argument_is_refused(kit):
    params = (Param("pair", Tuple((type_of(1.0, 0),))),)
    with pytest.raises(UnsupportedError, match="parameter `pair` is a tuple"):
        kit.call(kit.program(params, Same("hit")))


# -- guards -----------------------------------------------------------------------------------------------------------

ATOMS = [Symbol(0, 0), Symbol(0, 1), Symbol(1, None), Symbol(2, None)]


@st.composite
def dims(draw, depth=2) -> Dim:
    total = dim(draw(st.integers(-4, 4)))
    for _ in range(draw(st.integers(0, 2))):
        term = dim(draw(st.integers(-3, 3)))
        for _ in range(draw(st.integers(1, 2))):
            factor = dim(draw(st.sampled_from(ATOMS)))
            if depth and draw(st.booleans()):
                inner = draw(dims(depth - 1))
                if not inner.is_const:
                    factor = Dim((((FloorDiv(inner, draw(st.integers(2, 5))),), 1),), 0)
            term = term * factor
        total = total + term
    return total


@settings(max_examples=60)
@given(
    dims(),
    dims(),
    st.sampled_from(["==", "!=", ">=", "<"]),
    st.lists(
        st.tuples(*[st.sampled_from([0, 2, 3, 5])] * 2, st.integers(-9, 9), st.booleans()), min_size=5, max_size=9
    ),
)
def test_guards_are_evaluated_as_in_python(shared_kit, left, right, relation, calls):
    guard = Guard(left, relation, right, NOWHERE)
    call = shared_kit.accepting(np.zeros((2, 3)), 0, True, guards=[guard])
    for rows, columns, number, truth in calls:
        sizes = dict(zip(ATOMS, (rows, columns, number, int(truth)), strict=True))
        assert accepts(call, np.zeros((rows, columns)), number, truth) == guard.holds(sizes), (str(guard), sizes)


@pytest.mark.parametrize("divisor", [2, 3])
def test_division_in_guards_rounds_down(kit, divisor):
    quotient = dim(Symbol(0, None)) // divisor
    for value in range(-5, 5):
        call = kit.accepting(1, guards=[Guard(quotient, "==", dim(value // divisor), NOWHERE)])
        assert accepts(call, value)


def test_a_guard_that_leaves_int64_is_a_miss(kit):
    squared = dim(Symbol(0, None)) * dim(Symbol(0, None))
    call = kit.accepting(1, guards=[Guard(squared, ">=", dim(-(2**63)), NOWHERE)])
    assert accepts(call, 2**31) and accepts(call, -(2**31))
    assert not accepts(call, 2**32) and not accepts(call, -(2**63))
    above = kit.accepting(1, guards=[Guard(dim(Symbol(0, None)) + 1, ">=", dim(-(2**63)), NOWHERE)])
    assert accepts(above, 2**63 - 2) and not accepts(above, 2**63 - 1)


@pytest.mark.parametrize("truth", [True, False])
def test_whether_axes_merge_is_a_fact_about_strides(kit, truth):
    merging, gaps = np.zeros((3, 4, 2))[:, :, 0], np.zeros((3, 5, 2))[:, :4, 0]
    assert type_of(merging, 0) == type_of(gaps, 0)
    call = kit.accepting(merging, guards=[Merges(0, 0, 1, truth, NOWHERE)])
    assert accepts(call, merging) == truth
    assert accepts(call, gaps) == (not truth)


# -- what is read from outside ----------------------------------------------------------------------------------------


def test_a_rebound_or_deleted_global_is_a_miss(kit):
    first, second = [1], [1]
    module = types.ModuleType("module")
    module.value = first
    call = kit.accepting(captures=[Capture(vars(module), "value", first)])
    assert accepts(call)
    module.value = second
    assert not accepts(call)
    del module.value
    assert not accepts(call)
    module.value = first
    assert accepts(call)


def test_a_global_that_hides_a_builtin_is_a_miss(kit):
    namespace: dict[str, object] = {}
    call = kit.accepting(captures=[Capture(namespace, "abs", ABSENT)])
    assert accepts(call)
    namespace["abs"] = abs
    assert not accepts(call)
    del namespace["abs"]
    assert accepts(call)


def test_a_rebound_or_emptied_closure_cell_is_a_miss(kit):
    first = [1]
    cell = types.CellType(first)
    call = kit.accepting(captures=[Capture(cell, "name", first)])
    assert accepts(call)
    cell.cell_contents = [1]
    assert not accepts(call)
    del cell.cell_contents
    assert not accepts(call)
    cell.cell_contents = first
    assert accepts(call)


@pytest.mark.parametrize("part", FUNCTION_PARTS)
@pytest.mark.parametrize("given", [True, False])
def test_a_helper_with_another_body_or_other_defaults_is_a_miss(kit, part, given):
    def helper(x=1.5, *, y=2.5):
        return x + y

    def bare(x, *, y):
        return x - y

    function, other = (helper, bare) if given else (bare, helper)
    first = getattr(function, part)
    call = kit.accepting(captures=[Capture(function, part, first)])
    assert accepts(call)
    setattr(function, part, getattr(other, part))
    assert not accepts(call)
    setattr(function, part, first)
    assert accepts(call)


def test_what_a_foreign_key_raises_while_a_global_is_looked_up_is_not_seen(kit):
    class Rude:
        def __hash__(self):
            return hash("name")

        def __eq__(self, other):
            raise RuntimeError("rude")

    for value in (None, ABSENT):
        namespace = {Rude(): 1}
        call = kit.accepting(captures=[Capture(namespace, "name", value)])
        assert not accepts(call)


def test_keys_that_are_not_interned_are_found(kit):
    key, other = "".join(["na", "me"]), "".join(["na", "me"])
    namespace = {key: 5}
    call = kit.accepting(captures=[Capture(namespace, other, 5)])
    assert accepts(call)


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
def test_a_captured_array_is_looked_at_anew_in_each_call(kit):
    array = np.arange(6.0)
    call = kit.accepting(1.0, captured=[array])
    assert accepts(call, 1.0)
    array[:] = 2  # values are no part of the type
    assert accepts(call, 1.0)
    array.shape = (2, 3)
    assert not accepts(call, 1.0)
    array.shape = (6,)
    array.dtype = np.int64
    assert not accepts(call, 1.0)
    array.dtype = np.float64
    assert accepts(call, 1.0)


# -- chains -----------------------------------------------------------------------------------------------------------


def test_a_miss_goes_down_the_chain_and_ends_in_python(kit):
    natives = [
        kit.native(kit.program(kit.params(value), Same(name))) for value, name in ((1.0, "f"), (1, "i"), (1j, "c"))
    ]
    call = kit.accepting(None)
    for native, following in pairwise(natives):
        native.set_next(following.entry)
    call.install(natives[0].entry)
    assert [call(value) for value in (1.0, 1, 1j)] == ["f", "i", "c"]
    assert call(True) == ("miss", (True,), {})
    assert call(1.0, key=1j) == ("miss", (1.0,), {"key": 1j})
    natives[-1].set_next(0)
    assert call(True) == ("miss", (True,), {})


def test_a_miss_leaves_no_frame_on_the_stack(kit):
    assert "musttail" in kit.accepting(1.0).native.llvm


def test_an_entry_can_be_called_from_python(kit):
    call = kit.accepting(1.0)
    assert call_entry(call.native.entry, call, (2.0,)) == "hit"
    assert call_entry(call.native.entry, call, (2,)) == ("miss", (2,), {})
    assert call_entry(call.native.entry, call, (2.0, 3), ("key",)) == ("miss", (2.0,), {"key": 3})
    assert call_entry(call.native.entry, call, ()) == ("miss", (), {})
