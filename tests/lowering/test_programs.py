"""Whole programs: Python's operators, checks, temporaries and their memory, results of every kind."""

from __future__ import annotations

import ctypes
import itertools
import math
import operator

import numpy as np
import pytest
from kernel_building import Build, cast, fold, known, select, ufunc
from kernel_running import Runner
from kernel_samples import assert_same, random_values

from eqsat.ir.dims import ONE, Symbol, dim
from eqsat.ir.program import Apply, Load, Size
from eqsat.ir.types import Scalar
from eqsat.ir.view import Along, View, broadcast, identity
from lowering.frame import Status
from lowering.nests import nests_of
from lowering.storage import plan_storage

INT, FLOAT, BOOL = np.dtype("i8"), np.dtype("f8"), np.dtype("?")
INTS = [0, 1, -1, 2, 3, -7, 10, 62, 63, 64, 2**53, 2**53 + 1, -(2**53), 2**62, 2**63 - 1, -(2**63), -(2**63) + 1, 3**20]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, -3.0, 7.3, 1e300, -1e-300, 1e308, 5e-324, 2.0**62, 2.0**63,
          -(2.0**63), math.inf, -math.inf, math.nan, 1e16, -0.1, 0.1]  # fmt: skip


def python_program(op: str, dtypes: list[np.dtype], result: np.dtype) -> Runner:
    build = Build(*(np.zeros((), d)[()].item() for d in dtypes))
    args = tuple(build.arg(k) for k in range(len(dtypes)))
    value, ok = Apply(f"py.{op}", "", args, result), Apply(f"ok.{op}", "", args, BOOL)
    build.result(value, Scalar(result, "python"))
    if op in OK:
        build.result(ok, Scalar(BOOL, "python"))
    return Runner(build.program())


OK = {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "abs", "int", "lshift", "rshift"}
BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}
COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
BITS = {
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
}


def outcome(function, *args):
    """Python's result, or None where it raises, is no float or leaves int64."""
    if function is operator.lshift and args[1] > 200:
        return None  # Python answers for zero alone, and slowly for the rest
    if function is operator.pow and isinstance(args[0], int) and abs(args[0]) > 1 and args[1] > 200:
        return None
    if function is operator.pow and isinstance(args[0], int) and args[1] < 0:
        return None
    try:
        found = function(*args)
    except (ArithmeticError, ValueError, OverflowError):
        return None
    if isinstance(found, complex) or (isinstance(found, int) and not -(2**63) <= found < 2**63):
        return None
    return found


def check_python(op: str, function, values: list, result_kind: np.dtype | None = None, arity: int = 2) -> None:
    dtype = INT if isinstance(values[0], int) else FLOAT
    result = result_kind or dtype
    runner = python_program(op, [dtype] * arity, result)
    for args in itertools.product(values, repeat=arity):
        want = outcome(function, *args)
        found = runner(*args)
        ok = bool(found[1][0]) if len(found) > 1 else True
        if want is None:
            assert not ok, (op, args)
        elif ok:
            assert_same(found[0], np.array([want], result), label=(op, args))
        else:
            # A check may be false where Python gives a result; only where the exact cases say so.
            assert op == "truediv" or (op, args[0]) == ("lshift", 0), (op, args, want)
            assert op == "lshift" or max(map(abs, args)) > 2**53


@pytest.mark.parametrize("op", BINARY)
def test_python_arithmetic_on_floats(op: str) -> None:
    check_python(op, BINARY[op], FLOATS)


@pytest.mark.parametrize("op", BINARY)
def test_python_arithmetic_on_ints(op: str) -> None:
    check_python(op, BINARY[op], INTS, FLOAT if op == "truediv" else INT)


@pytest.mark.parametrize("op", BITS)
def test_python_operators_on_the_bits_of_ints(op: str) -> None:
    check_python(op, BITS[op], INTS)


@pytest.mark.parametrize("op", COMPARISONS)
def test_python_comparisons(op: str) -> None:
    check_python(op, COMPARISONS[op], FLOATS, BOOL)
    check_python(op, COMPARISONS[op], INTS, BOOL)


def test_python_unary_operators_and_conversions() -> None:
    check_python("neg", operator.neg, INTS, arity=1)
    check_python("neg", operator.neg, FLOATS, arity=1)
    check_python("abs", abs, INTS, arity=1)
    check_python("abs", abs, FLOATS, arity=1)
    check_python("invert", operator.invert, INTS, arity=1)
    check_python("float", float, INTS, FLOAT, arity=1)
    check_python("int", int, FLOATS, INT, arity=1)
    check_python("bool", bool, FLOATS, BOOL, arity=1)
    check_python("bool", bool, INTS, BOOL, arity=1)
    check_python("not", operator.not_, INTS, BOOL, arity=1)


def test_an_int_fits_a_dtype_or_the_check_fails() -> None:
    for char in "bBhHiIlL":
        build = Build(1)
        build.result(Apply("ok.cast", f"l->{char}", (build.arg(0),), BOOL), Scalar(BOOL, "python"))
        runner, limits = Runner(build.program()), np.iinfo(char)
        for value in [0, -1, 127, 128, 255, 256, -128, -129, 2**31, 2**32, 2**63 - 1, -(2**63)]:
            assert bool(runner(value)[0][0]) == (limits.min <= value <= limits.max)


def test_a_division_that_python_refuses_does_not_trap() -> None:
    runner = python_program("floordiv", [INT, INT], INT)
    assert not runner(5, 0)[1][0]
    assert not runner(-(2**63), -1)[1][0]


# Checks ---------------------------------------------------------------------------------------------------------


def test_a_false_check_ends_the_call_before_anything_is_written() -> None:
    build = Build(np.zeros(3), 5)
    build.kernel(ufunc("add", build.load(0), cast(build.arg(1), "d")), build.shape(0))
    build.check(Apply("py.gt", "", (build.arg(1), known(3, "l")), BOOL))
    runner = Runner(build.program())
    (got,) = runner(np.zeros(3), 5)
    assert runner.status == Status.OK and got.tolist() == [5.0] * 3
    (got,) = runner(np.zeros(3), 2)
    assert runner.status == Status.CHECK_FAILED and got.tobytes() == np.full(3, 0x5A, "d").tobytes()


def test_a_check_on_a_reduction_is_made_once_its_kernel_has_run() -> None:
    build = Build(np.zeros(3))
    positive = ufunc("greater", build.load(0), known(0.0, "d"))
    every = build.kernel(fold("logical_and", positive, build.shape(0), (0,), (), (0,)), (), role="temp")
    build.check(every)
    build.kernel(ufunc("sqrt", build.load(0)), build.shape(0))
    runner = Runner(build.program())
    (got,) = runner(np.array([4.0, 9.0]))
    assert runner.status == Status.OK and got.tolist() == [2.0, 3.0]
    runner(np.array([4.0, -9.0]))
    assert runner.status == Status.CHECK_FAILED


# Temporaries ----------------------------------------------------------------------------------------------------


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return random_values(np.dtype("d"), int(np.prod(shape)), np.random.default_rng(seed)).reshape(shape)


def chain(build: Build, steps: int):
    """Each step reads the one before it forwards and backwards, so that no two can be one."""
    size = build.shape(0)[0]
    flip = View((Along(0, size - 1, -1),), 1)
    buffer = build.buffers[0]
    for step in range(steps):
        term = ufunc("subtract", Load(buffer, identity(1)), Load(buffer, flip))
        buffer = build.kernel(term, build.shape(0), role="result" if step == steps - 1 else "temp")
    return buffer


def test_dead_temporaries_are_used_again() -> None:
    data = numbers(5000)
    build = Build(data)
    chain(build, 7)
    program = build.program()
    storage = plan_storage(program, nests_of(program))
    assert len({home.name for home in storage.home.values()}) <= 2  # one of its own, one in the result
    want = data
    for _ in range(7):
        want = want - want[::-1]
    assert_same(Runner(program)(data)[0], want)


def test_a_temporary_takes_the_memory_of_the_result_that_replaces_it_element_by_element() -> None:
    data = numbers(4000)
    build = Build(data)
    e = build.kernel(ufunc("exp", build.load(0)), build.shape(0), role="temp")
    s = build.kernel(fold("add", Load(e, identity(1)), build.shape(0), (0,), (), (0,)), (), role="temp")
    build.kernel(ufunc("divide", Load(e, identity(1)), Load(s, View((), 1))), build.shape(0))
    program = build.program()
    storage = plan_storage(program, nests_of(program))
    assert storage.home[e].role == "result"
    for n in (4000, 4001, 600):
        x = data[:n]
        with np.errstate(all="ignore"):
            assert_same(Runner(program)(x)[0], np.exp(x) / np.exp(x).sum())


def softmax(build: Build):
    rows, columns = build.shape(0)
    column = View((Along(0),), 2)
    top = build.kernel(fold("maximum", build.load(0), build.shape(0), (1,), (), (1,)), (rows,), role="temp")
    e = build.kernel(ufunc("exp", ufunc("subtract", build.load(0), Load(top, column))), (rows, columns), role="temp")
    s = build.kernel(fold("add", Load(e, identity(2)), build.shape(0), (1,), (), (1,)), (rows,), role="temp")
    build.kernel(ufunc("divide", Load(e, identity(2)), Load(s, column)), (rows, columns))


def test_the_kernels_of_a_softmax_share_the_loop_over_rows() -> None:
    for shape in [(40, 50), (3, 1000), (2, 2), (300, 3)]:
        data = numbers(*shape)
        build = Build(data)
        softmax(build)
        program = build.program()
        (nest,) = nests_of(program)
        assert [tuple(map(str, t.shape)) for t in nest.targets[:3]] == [("1",), ("1", "p0.1"), ("1",)]
        e = np.exp(data - data.max(axis=1, keepdims=True))
        assert_same(Runner(program)(data)[0], e / e.sum(axis=1, keepdims=True))


def test_a_flat_kernel_joins_a_shared_loop_when_it_reads_what_each_turn_makes() -> None:
    data = numbers(12, 7)
    build = Build(data)
    rows, columns = build.shape(0)
    column = View((Along(0),), 2)
    top = build.kernel(fold("maximum", build.load(0), build.shape(0), (1,), (), (1,)), (rows,), role="temp")
    e = ufunc("exp", ufunc("subtract", build.load(0), Load(top, column)))
    s = build.kernel(fold("add", e, build.shape(0), (1,), (), (1,)), (rows,), role="temp")
    again = ufunc("exp", ufunc("subtract", build.load(0), Load(top, column)))
    build.kernel(ufunc("divide", again, Load(s, column)), (rows, columns))
    program = build.program()
    (nest,) = nests_of(program)
    assert [tuple(map(str, t.shape)) for t in nest.targets[:2]] == [("1",), ("1",)]
    e = np.exp(data - data.max(axis=1, keepdims=True))
    assert_same(Runner(program)(data)[0], e / e.sum(axis=1, keepdims=True))


def test_a_loop_over_two_merged_axes_is_shared() -> None:
    data = numbers(3, 4, 17)
    build = Build(data)
    shape = build.shape(0)
    view = View((Along(0), Along(1)), 3)
    s = build.kernel(fold("add", build.load(0), shape, (2,), (), (2,)), shape[:2], role="temp")
    build.kernel(ufunc("divide", build.load(0), Load(s, view)), shape)
    program = build.program()
    (nest,) = nests_of(program)
    assert tuple(map(str, nest.targets[0].shape)) == ("1", "1")
    assert_same(Runner(program)(data)[0], data / data.sum(axis=2, keepdims=True))


def test_kernels_that_read_other_rows_do_not_share_a_loop() -> None:
    data = numbers(30, 20)
    build = Build(data)
    rows, columns = build.shape(0)
    column = View((Along(0),), 2)
    top = build.kernel(fold("maximum", build.load(0), build.shape(0), (1,), (), (1,)), (rows,), role="temp")
    flipped = View((Along(0, rows - 1, -1),), 2)
    build.kernel(ufunc("subtract", build.load(0), Load(top, flipped)), (rows, columns))
    build.kernel(ufunc("subtract", build.load(0), Load(top, column)), (rows, columns))
    program = build.program()
    assert len(nests_of(program)) >= 2
    first, second = Runner(program)(data)
    assert_same(first, data - data.max(axis=1)[::-1, None])
    assert_same(second, data - data.max(axis=1)[:, None])


def test_no_memory_is_lost_whichever_way_a_call_ends() -> None:
    data = numbers(100_000)
    build = Build(data, 1)
    chain(build, 3)
    total = build.kernel(fold("add", build.load(0), build.shape(0), (0,), (), (0,)), (), role="temp")
    build.check(ufunc("less", Load(total, View((), 0)), cast(build.arg(1), "d")))
    runner = Runner(build.program())
    libc = ctypes.CDLL(None)

    names = ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]

    class Info(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in names]

    if not hasattr(libc, "mallinfo2"):
        pytest.skip("the C library counts no memory")
    libc.mallinfo2.restype = Info

    def used() -> int:
        info = libc.mallinfo2()
        return info.uordblks + info.hblkhd

    for limit, status in ((2**60, Status.OK), (-(2**60), Status.CHECK_FAILED)):
        words, results = runner.prepare((data, limit))
        runner.entry(words.ctypes.data)
        before = used()
        for _ in range(20):
            assert runner.entry(words.ctypes.data) == status
        assert used() - before < 100_000
        assert results


@pytest.mark.parametrize("rows, columns", [(2**44, 8), (2**33, 2**33)])
def test_memory_that_cannot_be_had_is_reported(rows: int, columns: int) -> None:
    build = Build(np.zeros(2))
    temp = build.kernel(known(1.0, "d"), (build.shape(0)[0] * rows, build.shape(0)[0] * columns), role="temp")
    build.kernel(Load(temp, View((Along(None), Along(None)), 1)), build.shape(0))
    runner = Runner(build.program())
    runner(np.zeros(2))
    assert runner.status == Status.NO_MEMORY


# Results --------------------------------------------------------------------------------------------------------


def test_numbers_are_written_to_their_cells() -> None:
    data = numbers(9)
    build = Build(data, 3, 2.5 + 1j, np.float32(1.5))
    total = build.kernel(fold("add", build.load(0), build.shape(0), (0,), (), (0,)), ())
    build.result(total, Scalar(FLOAT, "numpy"))
    build.result(Size(build.shape(0)[0] * 2 + 1, INT), Scalar(INT, "python"))
    build.result(ufunc("conjugate", build.arg(2)), Scalar(np.dtype("D"), "python"))
    build.result(build.arg(3), Scalar(np.dtype("f"), "numpy"))
    build.result(Apply("py.gt", "", (build.arg(1), known(2, "l")), BOOL), Scalar(BOOL, "python"))
    got = Runner(build.program())(data, 3, 2.5 + 1j, np.float32(1.5))
    want = [data.sum(), data.sum(), np.int64(19), np.complex128(2.5 - 1j), np.float32(1.5), np.True_]
    for g, w in zip(got, want, strict=True):
        assert_same(g, np.asarray(w)[None])


def test_the_length_of_an_axis_may_be_a_number_in_the_expression() -> None:
    data = numbers(6, 8)
    build = Build(data)
    build.kernel(ufunc("divide", build.load(0), cast(Size(build.shape(0)[1] // 2, INT), "d")), build.shape(0))
    assert_same(Runner(build.program())(data)[0], data / 4.0)


def test_zero_dimensional_arrays_are_operands() -> None:
    data, scale = numbers(5), np.array(2.5)
    build = Build(data, scale)
    build.kernel(ufunc("multiply", build.load(0), Load(build.buffers[1], broadcast((), 1))), build.shape(0))
    assert_same(Runner(build.program())(data, scale)[0], data * scale)


def test_shared_terms_are_computed_once_for_each_element() -> None:
    data = numbers(1000)
    build = Build(data)
    root = ufunc("sqrt", ufunc("absolute", build.load(0)))
    shared = ufunc("exp", ufunc("negative", root))
    term = ufunc("add", ufunc("multiply", shared, shared), ufunc("divide", root, ufunc("add", shared, root)))
    build.kernel(term, build.shape(0))
    program = build.program()
    runner = Runner(program)
    r = np.sqrt(np.abs(data))
    e = np.exp(-r)
    assert_same(runner(data)[0], e * e + r / (e + r))
    assert runner.loaded.llvm.count("vsqrtpd") == 0  # one vector and one scalar square root, in IR
    assert runner.loaded.llvm.count("call <8 x double> @llvm.sqrt") <= 1


def test_many_calls_share_blocks() -> None:
    data = np.abs(numbers(3000)) + 0.5
    build = Build(data)
    term, want = build.load(0), data
    for name in ("log1p", "sin", "exp", "cos", "arctan", "tanh", "cbrt", "log1p", "expm1"):
        other = ufunc("add", term, build.load(0))
        term = ufunc("multiply", ufunc(name, term), ufunc("tanh", other))
        want = getattr(np, name)(want) * np.tanh(want + data)
    build.kernel(term, build.shape(0))
    program = build.program()
    (nest,) = nests_of(program)
    row = nest.body[0].row
    numbers_used = {stage.into.number for stage in row.stages if hasattr(stage, "into")}
    assert len(numbers_used) <= 4
    assert_same(Runner(program)(data)[0], want)


def test_selection_between_arrays_and_numbers() -> None:
    data = numbers(50, 3)
    build = Build(data, 2.5)
    condition = ufunc("less", build.load(0), known(0.0, "d"))
    build.kernel(select(condition, build.arg(1), build.load(0)), build.shape(0))
    assert_same(Runner(build.program())(data, 2.5)[0], np.where(data < 0, 2.5, data))


def test_a_constant_fills_an_array() -> None:
    build = Build(np.zeros((4, 5)))
    build.kernel(known(2.5, "d"), (build.shape(0)[1], ONE, dim(Symbol(0, 0)) + 1))
    (got,) = Runner(build.program())(np.zeros((4, 5)))
    assert got.shape == (5, 1, 5) and (got == 2.5).all()


def test_deep_expressions_need_no_stack() -> None:
    data = numbers(10)
    build = Build(data)
    term, want = build.load(0), data
    for k in range(600):
        term = ufunc("add", ufunc("multiply", term, known(0.5, "d")), build.load(0) if k % 50 == 0 else known(1.0, "d"))
        want = want * 0.5 + (data if k % 50 == 0 else 1.0)
    build.kernel(term, build.shape(0))
    assert_same(Runner(build.program())(data)[0], want)
