"""Every loop of every ufunc that eqsat knows, inline or borrowed, against NumPy."""

from __future__ import annotations

import ctypes
import warnings

import numpy as np
import pytest
from kernel_building import Build, cast, known, select, ufunc
from kernel_running import Runner
from kernel_samples import SUPPORTED, assert_same, operands, specials

from eqsat.ir.ops import UFUNCS
from eqsat.ir.program import Apply
from lowering.scalar import has_inline

MATH = ctypes.CDLL(None)
ALL_FLAGS = 1 | 4 | 8 | 16
POSITION_DEPENDENT = {"fmax", "fmin"}
"""NumPy's own results for zeros of different signs depend on where in the array they stand."""


def loops_of(name: str) -> list[str]:
    found = UFUNCS[name].ufunc.types
    return [s for s in dict.fromkeys(found) if set(s.replace("->", "")) <= set(SUPPORTED)]


def run_loops(name: str, signatures: list[str]) -> None:
    op = UFUNCS[name]
    arrays, want = [], []
    for number, signature in enumerate(signatures):
        dtypes = [np.dtype(c) for c in signature.partition("->")[0]]
        arrays.append(operands(dtypes, number, op.samples == "small"))
        if name == "power" and dtypes[1].kind == "i":
            arrays[-1][1] = np.abs(arrays[-1][1] % 50)  # NumPy raises for negative ones
        with np.errstate(all="ignore"):
            want.append(op.ufunc(*arrays[-1], signature=signature))
    flat = [a for group in arrays for a in group]
    build, at = Build(*flat), 0
    for signature, group in zip(signatures, arrays, strict=True):
        for k in range(at + 1, at + len(group)):
            build.equal(build.shape(at)[0], build.shape(k)[0])
        terms = tuple(build.load(at + k) for k in range(len(group)))
        term = Apply(name, signature, terms, np.dtype(signature[-1]))
        build.kernel(term, build.shape(at))
        at += len(group)
    for signature, got, expected in zip(signatures, Runner(build.program())(*flat), want, strict=True):
        assert_same(got, expected, zero_signs=name not in POSITION_DEPENDENT, label=f"{name} {signature}")


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_every_loop_of_every_ufunc_has_the_bits_of_numpy(name: str) -> None:
    signatures = loops_of(name)
    assert signatures
    for start in range(0, len(signatures), 8):
        run_loops(name, signatures[start : start + 8])


@pytest.mark.parametrize("source", SUPPORTED)
def test_casts_have_the_bits_of_numpy(source: str) -> None:
    (values,) = operands([np.dtype(source)])
    build = Build(values)
    for target in SUPPORTED:
        build.kernel(cast(build.load(0), target), build.shape(0))
    results = Runner(build.program())(values)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        real = values.real.astype(np.float64)
        for target, got in zip(SUPPORTED, results, strict=True):
            want = values.astype(target)
            if target == "I" and source in "fdFD":
                # Beyond the range NumPy's result depends on the place in the array; the flag is tested below.
                known_result = (real > -(2.0**31)) & (real < 2.0**32)
                got, want = got[known_result], want[known_result]
            assert_same(got, want, label=f"{source}->{target}")


@pytest.mark.parametrize("char", SUPPORTED)
def test_select_has_the_bits_of_where(char: str) -> None:
    x, y = operands([np.dtype(char)] * 2)
    condition = np.random.default_rng(3).integers(0, 2, len(x)).astype(bool)
    build = Build(condition, x, y)
    build.equal(build.shape(0)[0], build.shape(1)[0])
    build.equal(build.shape(0)[0], build.shape(2)[0])
    build.kernel(select(build.load(0), build.load(1), build.load(2)), build.shape(0))
    (got,) = Runner(build.program())(condition, x, y)
    assert got.tobytes() == np.where(condition, x, y).tobytes()


def flags_of(run: object) -> int:
    MATH.feclearexcept(ALL_FLAGS)
    run()
    found = MATH.fetestexcept(ALL_FLAGS)
    MATH.feclearexcept(ALL_FLAGS)
    return found


NAMES = ["invalid", "divide by zero", "overflow", "underflow"]


def numpy_flags(run: object) -> int:
    """What NumPy reports; it clears the flags, so that they are taken from its error callback."""
    found = 0

    def note(kind: str, _: int) -> None:
        nonlocal found
        found |= {"invalid value": 1, "divide by zero": 4, "overflow": 8, "underflow": 16}[kind]

    with np.errstate(all="call", call=note):
        run()
    return found


FLOAT_OPS = sorted(
    name
    for name in UFUNCS
    if any(has_inline(name, s) and set(s[: s.index("-")]) & set("fd") for s in UFUNCS[name].ufunc.types)
)


@pytest.mark.parametrize("name", FLOAT_OPS)
def test_inline_float_code_raises_the_flags_of_numpy(name: str) -> None:
    for signature in loops_of(name):
        if not has_inline(name, signature) or signature[0] not in "fd":
            continue
        dtypes = [np.dtype(c) for c in signature.partition("->")[0]]
        columns = operands(dtypes)
        runner = None
        for k in range(0, len(columns[0]), max(1, len(columns[0]) // 150)):
            values = [np.full(9, c[k]) for c in columns]
            if runner is None:
                build = Build(*values)
                for other in range(1, len(values)):
                    build.equal(build.shape(0)[0], build.shape(other)[0])
                terms = tuple(build.load(n) for n in range(len(values)))
                build.kernel(Apply(name, signature, terms, np.dtype(signature[-1])), build.shape(0))
                runner = Runner(build.program())
            words, _ = runner.prepare(values)
            got = flags_of(lambda: runner.entry(words.ctypes.data))
            want = numpy_flags(lambda: UFUNCS[name].ufunc(*values, signature=signature))
            assert got == want, (signature, [v[0] for v in values], got, want)


@pytest.mark.parametrize("source", "efd")
def test_casts_raise_the_flags_of_numpy(source: str) -> None:
    for target in "bBhHiIlLefd":
        values = specials(np.dtype(source))
        build = Build(values[:9].copy())
        build.kernel(cast(build.load(0), target), build.shape(0))
        runner = Runner(build.program())
        for x in values:
            nine = np.full(9, x)
            words, _ = runner.prepare([nine])
            got = flags_of(lambda: runner.entry(words.ctypes.data))
            want = numpy_flags(lambda: nine.astype(target))
            if target == "I" and not -(2.0**31) <= x < 2.0**32:
                want |= 1
            assert got == want, (source, target, x, got, want)


def test_operations_on_constants_still_raise_their_flag() -> None:
    build = Build(np.ones(3))
    build.kernel(ufunc("divide", known(1.0, "d"), known(0.0, "d")), build.shape(0))
    runner = Runner(build.program())
    words, (result,) = runner.prepare([np.ones(3)])
    assert flags_of(lambda: runner.entry(words.ctypes.data)) == 4
    assert result.tolist() == [np.inf] * 3


def test_nothing_is_computed_for_an_empty_array() -> None:
    build = Build(np.ones(3))
    build.kernel(ufunc("divide", known(1.0, "d"), known(0.0, "d")), build.shape(0))
    runner = Runner(build.program())
    words, _ = runner.prepare([np.ones(0)])
    assert flags_of(lambda: runner.entry(words.ctypes.data)) == 0


@pytest.mark.parametrize("name", ["divide", "multiply", "sqrt", "cast"])
def test_an_arm_that_is_not_chosen_raises_its_flag_all_the_same(name: str) -> None:
    x = np.array([1.0, 4.0, 2.0] * 7)
    build = Build(x, x)
    build.equal(build.shape(0)[0], build.shape(1)[0])
    values = build.load(1)
    arm = {
        "divide": lambda: ufunc("divide", build.load(0), values),
        "multiply": lambda: ufunc("multiply", build.load(0), values),
        "sqrt": lambda: ufunc("sqrt", values),
        "cast": lambda: cast(cast(values, "f"), "d"),
    }[name]()
    chosen = ufunc("greater", values, known(0.0, "d"))
    chosen = ufunc("logical_and", chosen, ufunc("less", values, known(1e100, "d")))
    build.kernel(select(chosen, arm, known(0.0, "d")), build.shape(0))
    runner = Runner(build.program())
    bad, flag = {"divide": (0.0, 4), "multiply": (1e308, 8), "sqrt": (-1.0, 1), "cast": (1e308, 8)}[name]
    for length in (3, 21):
        for wrong in range(length):
            y = x[:length].copy()
            y[wrong] = bad
            words, results = runner.prepare([np.full(length, 1e300), y])
            assert flags_of(lambda: runner.entry(words.ctypes.data)) == flag, (length, wrong)
            assert results[0][wrong] == 0.0
