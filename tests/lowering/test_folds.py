"""Reductions in every order that NumPy has, against NumPy where it reduces so, else against the order spelled out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_building import Build, cast, fold, known, ufunc
from kernel_running import Runner
from kernel_samples import assert_same, random_values, specials

from eqsat.ir.dims import Symbol, dim
from eqsat.ir.program import Load
from eqsat.ir.view import broadcast

LENGTHS = [*range(300), 383, 384, 385, 511, 512, 513, 1000, 1023, 1025, 2000, 4097, 8193, 12345, 100_003]


def numbers(shape: int | tuple[int, ...], dtype: object, seed: int = 0) -> np.ndarray:
    count = int(np.prod(shape))
    return random_values(np.dtype(dtype), count, np.random.default_rng(seed)).reshape(shape)


@pytest.mark.parametrize("dtype", ["e", "f", "d", "F", "D"])
def test_the_sum_of_a_vector_has_the_bits_of_numpy_at_every_length(dtype: str) -> None:
    data = numbers(LENGTHS[-1], dtype)
    data = np.clip(data, -100, 100) if dtype == "e" else data
    build = Build(data)
    build.kernel(fold("add", build.load(0), build.shape(0), (0,), (), (0,)), ())
    runner = Runner(build.program())
    for n in LENGTHS:
        with np.errstate(all="ignore"):
            assert_same(runner(data[:n])[0], np.sum(data[:n])[None], label=n)


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_the_sum_of_an_expression_has_the_bits_of_numpy(dtype: str) -> None:
    a, b, c = (numbers(LENGTHS[-1], dtype, s) for s in range(3))
    build = Build(a, b, c)
    for k in (1, 2):
        build.equal(build.shape(0)[0], build.shape(k)[0])
    product = ufunc("multiply", build.load(0), build.load(1))
    build.kernel(fold("add", ufunc("add", product, build.load(2)), build.shape(0), (0,), (), (0,)), ())
    build.kernel(fold("add", ufunc("sin", product), build.shape(0), (0,), (), (0,)), ())
    runner = Runner(build.program())
    for n in LENGTHS:
        x, y, z = a[:n], b[:n], c[:n]
        first, second = runner(x, y, z)
        assert_same(first, np.sum(x * y + z)[None], label=n)
        assert_same(second, np.sum(np.sin(x * y))[None], label=n)


def test_a_sum_of_negative_zeros_is_what_numpy_says() -> None:
    for n in (1, 5, 8, 9, 200):
        data = np.full(n, -0.0)
        build = Build(data)
        build.kernel(fold("add", build.load(0), build.shape(0), (0,), (), (0,)), ())
        assert_same(Runner(build.program())(data)[0], np.sum(data)[None])


@pytest.mark.parametrize("step", [2, 3, -1, -2])
def test_sum_matches_numpy_bits_on_any_stride(step: int) -> None:
    data = numbers(5000, "d")[::step]
    build = Build(data)
    build.kernel(fold("add", build.load(0), build.shape(0), (0,), (), (0,)), ())
    assert_same(Runner(build.program())(data)[0], np.sum(data)[None])


REDUCING = {
    "add": "bhilBHILfdFDe",
    "multiply": "ilLfdFD",
    "maximum": "?bhilBHILfdFD",
    "minimum": "?bhilBHILfdFD",
    "fmax": "fd",
    "logical_and": "?",
    "logical_or": "?",
    "logical_xor": "?",
    "bitwise_and": "?bL",
    "bitwise_or": "?iH",
    "bitwise_xor": "?lB",
}
FORMS = [("rows", (1,), (), (1,)), ("columns", (0,), (0,), ()), ("all", (0, 1), (), (0, 1))]


@pytest.mark.parametrize("op", REDUCING)
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f[0])
def test_every_reduction_over_rows_columns_and_all(op: str, form: tuple) -> None:
    _, axes, outer, inner = form
    shapes = [(3, 5), (17, 90), (40, 7), (1, 33), (33, 1), (2, 600), (150, 65)]
    for char in REDUCING[op]:
        build = Build(numbers((3, 5), char))
        term = fold(op, build.load(0), build.shape(0), axes, outer, inner)
        build.kernel(term, tuple(build.shape(0)[k] for k in range(2) if k not in axes))
        runner = Runner(build.program())
        for shape in shapes:
            if 1 in shape:
                continue  # another specialization
            data = numbers(shape, char, 5)
            if op == "multiply" and char in "fdFD":
                data = (data / (1 + np.abs(data))).astype(char) + np.dtype(char).type(0.7)
            if char == "e":
                data = np.clip(data, -50, 50)
            with np.errstate(all="ignore"):
                want = getattr(np, op).reduce(data, axis=axes, dtype=char)
                assert_same(runner(data)[0], np.asarray(want, char).reshape(runner(data)[0].shape), label=(op, char))


def test_extrema_propagate_nan_and_hold_infinities() -> None:
    for op in ("maximum", "minimum", "fmax", "fmin"):
        for char in "fd":
            values = specials(np.dtype(char))
            build = Build(values)
            build.kernel(fold(op, build.load(0), build.shape(0), (0,), (), (0,)), ())
            runner = Runner(build.program())
            for data in (values, values[np.isfinite(values)], np.repeat(values[-3:], 30), np.full(40, -np.inf, char)):
                assert_same(runner(data)[0], getattr(np, op).reduce(data)[None], zero_signs=False)


def test_a_sum_converts_its_elements_in_blocks_as_numpy_does() -> None:
    data = numbers(50_000, "f")
    build = Build(data)
    build.kernel(fold("add", cast(build.load(0), "d"), build.shape(0), (0,), (), (0,), block=np.getbufsize()), ())
    assert_same(Runner(build.program())(data)[0], np.sum(data, dtype="d")[None])


def test_any_and_all_take_numbers() -> None:
    data = np.array([[0.0, -0.0, np.nan], [0.0, 0.0, 0.0], [1.0, 2.0, -3.0]])
    build = Build(data)
    for op in ("logical_or", "logical_and"):
        build.kernel(fold(op, build.load(0), build.shape(0), (1,), (), (1,), dtype="?"), build.shape(0)[:1])
        build.kernel(fold(op, build.load(0), build.shape(0), (0,), (0,), (), dtype="?"), build.shape(0)[1:])
    results = Runner(build.program())(data)
    for got, want in zip(results, [data.any(1), data.any(0), data.all(1), data.all(0)], strict=True):
        assert_same(got, want)


def spelled_out(op: str, data: np.ndarray, axes, outer, inner, block) -> np.ndarray:
    """The order of a reduction, one NumPy call for each run."""
    kept = [k for k in range(data.ndim) if k not in axes]
    start = {"add": 0, "multiply": 1}[op]
    found = np.full([data.shape[k] for k in kept], start, data.dtype)
    ufunc_ = getattr(np, op)
    for where in np.ndindex(*found.shape):
        total = data.dtype.type(start)
        for turn in itertools.product(*(range(data.shape[k]) for k in outer)):
            index = [slice(None)] * data.ndim
            for k, i in [*zip(kept, where, strict=True), *zip(outer, turn, strict=True)]:
                index[k] = i
            left = sorted(inner)
            run = data[tuple(index)].transpose([left.index(k) for k in inner]).ravel()
            size = block or max(run.size, 1)
            for first in range(0, run.size, size):
                total = ufunc_(total, ufunc_.reduce(np.ascontiguousarray(run[first : first + size])))
        found[where] = total
    return found


@st.composite
def orders(draw: st.DrawFn):
    rank = draw(st.integers(1, 4))
    shape = tuple(draw(st.sampled_from([2, 3, 5, 8, 13, 20])) for _ in range(rank))
    axes = sorted(draw(st.sets(st.integers(0, rank - 1), min_size=1)))
    mixed = draw(st.permutations(axes))
    cut = draw(st.integers(0, len(mixed)))
    if len(axes) == rank:
        cut = 0 if cut == len(mixed) else cut
    return shape, tuple(axes), tuple(mixed[:cut]), tuple(mixed[cut:]), draw(st.sampled_from([None, None, 16, 1000]))


@settings(max_examples=50)
@given(orders(), st.sampled_from(["add", "add", "add", "multiply"]), st.booleans(), st.booleans())
def test_any_order_is_followed(case, op: str, broadcasts: bool, borrow: bool) -> None:
    shape, axes, outer, inner, block = case
    data = numbers(shape, "d") / 50
    row = numbers(shape[-1:], "d", 1)
    kept = [k for k in range(len(shape)) if k not in axes]
    build = Build(data, row)
    build.equal(build.shape(0)[-1], build.shape(1)[0])
    term, value = build.load(0), data
    if borrow:
        term, value = ufunc("exp", term), np.exp(value)
    if broadcasts:
        term = ufunc("add", term, Load(build.buffers[1], broadcast((False,), len(shape))))
        value = value + row
    blocked = block if op == "add" else None
    build.kernel(
        fold(op, term, build.shape(0), axes, outer, inner, block=blocked), tuple(build.shape(0)[k] for k in kept)
    )
    (got,) = Runner(build.program())(data, row)
    want = spelled_out(op, value, axes, outer, inner, blocked)
    if inner:
        assert_same(got, want.reshape(got.shape), label=case)
    else:
        with np.errstate(all="ignore"):
            assert_same(got, want.reshape(got.shape), label=case)


def test_reductions_of_nothing_give_their_identity() -> None:
    for op, identity in (("add", 0.0), ("multiply", 1.0)):
        for axes, outer, inner in (((1,), (), (1,)), ((0,), (0,), ())):
            build = Build(numbers((3, 5), "d"))
            kept = 1 - axes[0]
            term = fold(op, ufunc("divide", build.load(0), known(0.0, "d")), build.shape(0), axes, outer, inner)
            build.kernel(term, (build.shape(0)[kept],))
            shape = [4, 4]
            shape[axes[0]] = 0
            (got,) = Runner(build.program())(np.zeros(shape))
            assert got.tolist() == [identity] * 4
            shape = [0, 0]
            (got,) = Runner(build.program())(np.zeros(shape))
            assert got.size == 0


def test_a_result_in_another_memory_order_is_filled_along_its_fastest_axis() -> None:
    data = np.asfortranarray(numbers((6, 7, 5), "d"))
    build = Build(data)
    kept = build.shape(0)[:2]
    build.kernel(fold("add", build.load(0), build.shape(0), (2,), (2,), ()), kept, order=(1, 0))
    (got,) = Runner(build.program())(data)
    assert_same(got, np.sum(data, axis=2))
    assert got.strides == np.sum(data, axis=2).strides


def test_a_sum_feeds_the_next_kernel() -> None:
    data = numbers((9, 31), "d")
    build = Build(data)
    sums = build.kernel(fold("add", build.load(0), build.shape(0), (1,), (), (1,)), build.shape(0)[:1], role="temp")
    total = build.kernel(fold("maximum", build.load(0), build.shape(0), (0, 1), (), (0, 1)), (), role="temp")
    shares = ufunc("divide", build.load(0), Load(sums, broadcast((False,), 1).then(_column())))
    build.kernel(ufunc("subtract", shares, Load(total, broadcast((), 2))), build.shape(0))
    (got,) = Runner(build.program())(data)
    assert_same(got, data / data.sum(axis=1, keepdims=True) - data.max())


def _column():
    from eqsat.ir.view import Along, View

    return View((Along(0),), 2)


def test_sizes_of_one_do_not_disturb_the_order() -> None:
    data = numbers((1, 37, 1), "d")
    build = Build(data)
    build.kernel(fold("add", build.load(0), build.shape(0), (0, 1, 2), (), (0, 1, 2)), ())
    assert_same(Runner(build.program())(data)[0], np.sum(data)[None])
    assert dim(Symbol(0, 1)) == build.shape(0)[1]


def test_any_and_all_may_stop_early_and_are_right_wherever_the_answer_lies() -> None:
    build = Build(np.zeros(9, bool), np.zeros(9))
    build.equal(build.shape(0)[0], build.shape(1)[0])
    for op in ("logical_or", "logical_and"):
        build.kernel(fold(op, build.load(0), build.shape(0), (0,), (), (0,)), ())
        above = ufunc("greater", build.load(1), known(0.5, "d"))
        build.kernel(fold(op, above, build.shape(0), (0,), (), (0,)), ())
    runner = Runner(build.program())
    for n in (1, 7, 64, 300, 5000):
        for at in sorted({0, n // 3, n // 2, n - 1}):
            for value in (False, True):
                bools = np.full(n, not value)
                bools[at] = value
                got = runner(bools, bools.astype("d"))
                assert [bool(g[0]) for g in got] == [bools.any(), bools.any(), bools.all(), bools.all()]


def test_an_early_answer_does_not_hide_a_flag() -> None:
    import ctypes

    math = ctypes.CDLL(None)
    data = np.ones(5000)
    data[-1] = 0.0
    build = Build(data)
    quotient = ufunc("greater", ufunc("divide", known(1.0, "d"), build.load(0)), known(0.5, "d"))
    build.kernel(fold("logical_or", quotient, build.shape(0), (0,), (), (0,)), ())
    runner = Runner(build.program())
    words, results = runner.prepare([data])
    math.feclearexcept(29)
    runner.entry(words.ctypes.data)
    assert math.fetestexcept(4) and results[0][0]
    math.feclearexcept(29)


@pytest.mark.parametrize("vector_bytes", [16, 32])
def test_narrower_vectors_give_the_same_bits(vector_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from lowering import engine, kernels

    here = engine.machine()
    narrow = engine.Machine(here.triple, here.cpu, here.features, vector_bytes)
    monkeypatch.setattr(kernels, "machine", lambda: narrow)
    data = numbers((7, 45), "d")
    build = Build(data)
    term = ufunc("sin", ufunc("multiply", build.load(0), build.load(0)))
    build.kernel(term, build.shape(0))
    build.kernel(fold("add", term, build.shape(0), (1,), (), (1,)), build.shape(0)[:1])
    build.kernel(fold("maximum", build.load(0), build.shape(0), (0,), (0,), ()), build.shape(0)[1:])
    build.kernel(cast(ufunc("multiply", build.load(0), build.load(0)), "D"), build.shape(0))
    with np.errstate(all="ignore"):
        sine = np.sin(data * data)
    wants = [sine, sine.sum(axis=1), data.max(axis=0), (data * data).astype("D")]
    for got, want in zip(Runner(build.program())(data), wants, strict=True):
        assert_same(got, want)
