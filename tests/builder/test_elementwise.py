"""Elementwise operations have NumPy's dtype, shape, memory order and bits, for every ufunc, dtype and layout."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.ir.nodes import Node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.region import Guard
from eqsat.ir.types import Array
from tests.builder.building import CheckFailed, Made, check_layout, computed

DTYPES = "?bBhHiIlLefdFD"
SCALARS = [
    True,
    False,
    0,
    1,
    2,
    -1,
    7,
    100,
    127,
    200,
    300,
    -129,
    40000,
    2**31,
    -(2**63),
    0.0,
    -0.0,
    2.5,
    1e300,
    1j,
    2 + 1j,
]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")


def values(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if kind in "iu":
        limits = np.iinfo(dtype)
        special = np.array([0, 1, 2, 3, limits.min, limits.max], dtype)
        return random.choice(special, shape)
    special = np.array([0.0, -0.0, 1, 2, -3.5, np.inf, -np.inf, np.nan, 1e-5, 77])
    made = random.choice(special, shape).astype(dtype)
    if kind == "c":
        made.imag = random.choice(special, shape)
    return made


def bits_but_nan(x: object) -> bytes:
    array = np.ascontiguousarray(x)
    if array.dtype.kind in "fc":
        parts = array.view(f"f{array.dtype.itemsize // (2 if array.dtype.kind == 'c' else 1)}").copy()
        parts[np.isnan(parts)] = np.nan
        array = parts
    return array.tobytes()


def assert_same(made: Made, expected: object) -> None:
    found = made.value
    if not isinstance(expected, np.generic):  # of which C's long and long long are one here
        assert type(found) is type(expected), (type(found), type(expected))
    assert isinstance(found, np.generic) == isinstance(expected, np.generic)
    if isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray) and found.shape == expected.shape
        check_layout(made.node, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    assert bits_but_nan(found) == bits_but_nan(expected), (found, expected)


def numpy_or_error(function: object, *args: object) -> object:
    try:
        with np.errstate(all="ignore"):
            return function(*args)  # type: ignore[operator]
    except (TypeError, OverflowError, ValueError) as error:
        return error


def compare(build: object, function: object, *args: object) -> None:
    """Either both raise, or eqsat refuses, or results are the same."""
    expected = numpy_or_error(function, *args)
    if isinstance(expected, Exception):
        with pytest.raises((PythonRaises, CheckFailed, UnsupportedError)):
            computed(build, *args)
        return
    try:
        made = computed(build, *args)
    except CheckFailed:
        powers = function in (operator.pow, operator.floordiv, operator.mod)  # these warn by ways of their own
        assert powers or any(isinstance(a, np.integer | int) for a in args), "only integers and powers go back"
        return
    except UnsupportedError as error:
        assert np.asarray(expected).dtype.char in "gGO" or any(text in error.what for text in KNOWN_GAPS), error
        return
    assert_same(made, expected)


KNOWN_GAPS = (
    "complex NumPy scalars have",
    "Python's complex numbers take",
    "uint64 NumPy scalars",
    "`**` on NumPy scalars",
    "an integer beyond 64 bits",
)


@pytest.mark.parametrize("name", [name for name, op in UFUNCS.items() if op.ufunc is not None])
def test_every_ufunc_matches_numpy_on_every_dtype(name: str) -> None:
    ufunc = UFUNCS[name].ufunc
    assert ufunc is not None
    pairs = [(d,) * ufunc.nin for d in DTYPES]
    if ufunc.nin == 2:
        pairs += [("f", "d"), ("b", "H"), ("L", "l"), ("?", "e"), ("i", "F"), ("d", "i")]
    for dtypes in pairs:
        if name == "power" and np.dtype(dtypes[-1]).kind in "iu":
            continue  # what integers may be raised to is under test with powers
        args = [values(d, (41,), k) for k, d in enumerate(dtypes)]
        compare(lambda b, *nodes: b.call(ufunc, *nodes[:-1]), ufunc, *args)


@given(st.data())
def test_operators_with_numbers_match_numpy(data: st.DataObject) -> None:
    names = ["add", "sub", "mult", "div", "floordiv", "mod", "eq", "noteq", "lt", "gte", "bitand", "lshift"]
    python = dict(
        zip(names, [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv], strict=False)
    )
    python |= {"mod": operator.mod, "eq": operator.eq, "noteq": operator.ne, "lt": operator.lt, "gte": operator.ge}
    python |= {"bitand": operator.and_, "lshift": operator.lshift}
    symbol = data.draw(st.sampled_from(names))
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = data.draw(st.sampled_from([(5,), (), None]))
    x = values(dtype, shape or (), 1) if shape is not None else values(dtype, (1,), data.draw(st.integers(0, 5)))[0]
    number = data.draw(st.sampled_from(SCALARS))
    known, left = data.draw(st.booleans()), data.draw(st.booleans())
    function = python[symbol]
    if known:
        if left:
            compare(lambda b, x, s: b.operator(symbol, [b.known(number), x], s), lambda x: function(number, x), x)
        else:
            compare(lambda b, x, s: b.operator(symbol, [x, b.known(number)], s), lambda x: function(x, number), x)
    elif left:
        compare(lambda b, y, x, s: b.operator(symbol, [y, x], s), function, number, x)
    else:
        compare(lambda b, x, y, s: b.operator(symbol, [x, y], s), function, x, number)


@given(st.data())
def test_operators_on_numpy_scalars_match_numpy(data: st.DataObject) -> None:
    names = {"add": operator.add, "sub": operator.sub, "mult": operator.mul, "div": operator.truediv, "abs": abs}
    names |= {
        "floordiv": operator.floordiv,
        "mod": operator.mod,
        "pow": operator.pow,
        "lt": operator.lt,
        "usub": operator.neg,
    }
    names |= {"bitxor": operator.xor, "rshift": operator.rshift, "invert": operator.invert, "eq": operator.eq}
    symbol = data.draw(st.sampled_from(sorted(names)))
    count = 1 if symbol in ("abs", "usub", "invert") else 2
    scalars = [values(data.draw(st.sampled_from(DTYPES)), (9,), k)[data.draw(st.integers(0, 8))] for k in range(count)]
    compare(lambda b, *nodes: b.operator(symbol, nodes[:-1], nodes[-1]), names[symbol], *scalars)


@given(st.data())
def test_memory_order_of_results_is_numpys(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 4))
    shape = data.draw(st.tuples(*[st.integers(1, 4)] * ndim))
    arrays = [odd_array(data, shape) for _ in range(data.draw(st.integers(1, 3)))]
    function = {1: np.negative, 2: np.add, 3: np.where}[len(arrays)]
    expected = function(*arrays)
    if not isinstance(expected, np.ndarray):
        return
    made = computed(lambda b, *nodes: b.call(function, *nodes[:-1]), *arrays)
    assert_same(made, expected)
    if isinstance(made.node.type, Array):
        assert made.node.type.layout.packed


def odd_array(data: st.DataObject, shape: tuple[int, ...]) -> np.ndarray:
    """An array that broadcasts to `shape`: permuted, cut, reversed, repeated, with fewer axes or some of length one."""
    shape = tuple(data.draw(st.sampled_from([n, n, 1])) for n in shape)[data.draw(st.sampled_from([0, 0, 0, 1])) :]
    order = data.draw(st.permutations(range(len(shape))))
    pads = [data.draw(st.sampled_from([0, 0, 1])) for _ in shape]
    memory = np.random.default_rng(5).standard_normal([shape[k] + pads[k] for k in order])
    array = np.asarray(memory)[(*(slice(0, shape[k]) for k in order), ...)].transpose(np.argsort(order))
    for axis in range(array.ndim):
        change = data.draw(st.sampled_from(["", "", "", "reverse", "repeat"]))
        if change == "reverse":
            array = np.flip(array, axis)
        elif change == "repeat":
            array = np.broadcast_to(np.take(array, [0], axis), array.shape)
    return array


@given(st.data())
def test_memory_order_of_copies_is_numpys(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 4))
    array = odd_array(data, data.draw(st.tuples(*[st.integers(2, 4)] * ndim)))
    order = data.draw(st.sampled_from("KCFA"))
    assert_same(computed(lambda b, x, s: b.method("copy", x, order), array), array.copy(order))
    assert_same(computed(lambda b, x, s: b.method("astype", x, np.float32), array), array.astype(np.float32))
    assert_same(computed(lambda b, x, s: b.method("astype", x, np.float32, order), array), array.astype("f", order))
    assert_same(computed(lambda b, x, s: b.call(np.copy, x), array), np.copy(array))


def test_shapes_that_do_not_broadcast_are_left_to_numpy() -> None:
    with pytest.raises(PythonRaises, match="broadcast"):
        computed(lambda b, x, y, s: b.operator("add", [x, y], s), np.ones(3), np.ones(4))


def test_equal_lengths_are_guarded_once() -> None:
    def build(b, x, y, s):
        return b.operator("mult", [b.operator("add", [x, y], s), b.operator("sub", [y, x], s)], s)

    made = computed(build, np.ones((3, 4)), np.ones((3, 4)))
    assert [str(guard) for guard in made.builder.guards] == ["p0.0 == p1.0", "p0.1 == p1.1"]


def test_one_array_alone_needs_no_guard() -> None:
    made = computed(lambda b, x, s: b.operator("add", [x, b.operator("mult", [x, x], s)], s), np.ones((3, 4)))
    assert made.builder.guards == []


def test_an_argument_beyond_the_other_operands_range_is_checked() -> None:
    add = lambda b, x, y, s: b.operator("add", [x, y], s)  # noqa: E731
    assert_same(computed(add, np.ones(3, np.int8), 100), np.ones(3, np.int8) + 100)
    with pytest.raises(CheckFailed):
        computed(add, np.ones(3, np.int8), 1000)


def test_where_of_numbers_is_an_array_without_axes() -> None:
    made = computed(lambda b, x, s: b.call(np.where, x, 1.0, 2.0), np.True_)
    assert isinstance(made.value, np.ndarray) and made.value.shape == ()


def test_guards_are_true_of_the_call_they_come_from() -> None:
    made = computed(lambda b, x, y, s: b.operator("add", [x, y], s), np.ones((2, 1, 4)), np.ones((3, 4)))
    guards = [guard for guard in made.builder.guards if isinstance(guard, Guard)]
    assert [str(g) for g in guards] == ["p0.2 == p1.1"]
    assert isinstance(made.result, Node)
