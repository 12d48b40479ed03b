"""`@jit(fastmath=...)`: exact functions carry no flag, granted flags stand where they should, results stay close, and
a broken promise gives wrong numbers at worst.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.ir.flags import FLAGS
from eqsat.testing import assert_matches_numpy
from eqsat.testing.functions import random_function
from eqsat.testing.isolation import Isolated
from tests.end_to_end.corpus import BY_NAME, PROGRAMS, Program
from tests.end_to_end.programs import BY_NAME as LOOPS
from tests.house.floors import ROOT

CLOSE = 16
"""Units in the last place of the narrowest floats, relative to the largest number of an array (numeric_contract.md)."""
WHOLE = re.compile(
    r"^[^=]*= (?:tail call|f\w+|call|select|phi) ((?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast) )+)"
)
WITH_LOOPS = [
    "heat_loops",
    "n_body",
    "lu_scalar",
    "csr_product",
    "mandelbrot",
    "smith_waterman",
    "sieve",
    "edit_distance",
]
SETS = [True, *({flag} for flag in FLAGS)]


def fast(function: Callable[..., Any]) -> Any:
    """All flags; named, so that another process finds it."""
    return jit(fastmath=True)(function)


def carried(function: Any) -> dict[str, set[str]]:
    """The flags in the LLVM code of a function, by what carries them."""
    found: dict[str, set[str]] = {}
    for text in function.inspect_llvm().values():
        for line in text.splitlines():
            match = WHOLE.match(line)
            if match:
                carrier = line.partition("= ")[2].split()[0]
                named = set(match[1].split())
                found.setdefault(carrier, set()).update(FLAGS if "fast" in named else named)
    return found


def items(result: Any) -> Iterator[np.ndarray]:
    for item in result if isinstance(result, tuple) else (result,):
        yield np.asarray(item)


# What is granted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_exact_function_carries_no_flag(program: Program) -> None:
    function = jit(program.function)
    function(*program.arguments(100))
    assert carried(function) == {}


@pytest.mark.parametrize("name", WITH_LOOPS)
def test_exact_function_with_loops_carries_no_flag(name: str) -> None:
    function = jit(LOOPS[name].function)
    function(*LOOPS[name].arguments(LOOPS[name].sizes[0]))
    assert carried(function) == {}


def arithmetic(x, y):
    return np.sqrt(np.abs(x * y - x)) / (-y + 2.0)


def total(x):
    t = 0.0
    for i in range(x.size):
        t += x[i] * x[i]
    return t


def branch_of_a_segment(x, n):
    y = x * 0.5
    for _ in range(n):
        y = y * x + 0.25
    return y


@pytest.mark.parametrize("flag", FLAGS)
def test_granted_flag_stands_at_arithmetic_and_no_other_does(flag: str) -> None:
    x = np.linspace(0.1, 0.9, 50)
    for program, args in ((arithmetic, (x, x[::-1].copy())), (total, (x,)), (branch_of_a_segment, (x, 3))):
        function = jit(fastmath={flag})(program)
        function(*args)
        found = carried(function)
        assert set().union(*found.values()) == {flag}
        assert {"fadd", "fmul"} <= set(found) or {"fsub", "fmul", "fdiv"} <= set(found)


def test_some_flags_stand_together() -> None:
    function = jit(fastmath=["nsz", "contract"])(BY_NAME["polynomial"].function)
    function(np.linspace(0, 1, 10))
    assert set().union(*carried(function).values()) == {"nsz", "contract"}


def rounded(x):
    return np.floor(x), np.rint(x), x.astype(np.int32), np.isnan(x), x.astype(np.float32)


def remainders(a, b):
    return a % b, a // b, round(a, 2), a**b


def test_exact_functions_and_conversions_carry_none() -> None:
    for program, args in ((rounded, (np.linspace(-3, 3, 40),)), (remainders, (7.25, 2.5))):
        function = fast(program)
        assert_matches_numpy(function, *args)
        assert carried(function) == {}


def test_extremes_may_take_it_that_no_value_is_nan_but_know_infinities() -> None:
    def extremes(x, y):
        return np.maximum(x, y), np.minimum(x, -np.inf), np.max(x), np.min(x), x < np.inf, np.fmax(x, y)

    function = fast(extremes)
    assert_matches_numpy(function, np.linspace(-1, 1, 50), np.linspace(2, -2, 50))
    assert carried(function) == {"fcmp": {"nnan"}}


def test_largest_so_far_may_start_from_an_infinity() -> None:
    def largest(x):
        best = -np.inf
        for i in range(x.size):
            if x[i] > best:
                best = x[i]
        return best

    assert_matches_numpy(fast(largest), np.sin(np.arange(100.0)))


def test_flags_are_those_of_the_function_that_is_called() -> None:
    x = np.linspace(0, 1, 10)
    helper = fast(total)

    def calls(x):
        return helper(x)

    exact = jit(calls)
    assert_matches_numpy(exact, x)
    assert carried(exact) == {}


def test_contraction_rounds_once() -> None:
    def product_and_sum(x, y, z):
        return x * y + z

    x = np.array([1 + 2.0**-30] * 20)
    z = np.full(20, -(1 + 2.0**-29))
    np.testing.assert_array_equal(jit(product_and_sum)(x, x, z), np.zeros(20))
    assert set(jit(fastmath={"contract"})(product_and_sum)(x, x, z)) <= {2.0**-60, 0.0}  # 0.0 where there is no fma


# How close results stay --------------------------------------------------------------------------------------------


def assert_close(function: Any, args: tuple[Any, ...], plain: Callable[..., Any], narrowest: Any) -> None:
    for found, wanted in zip(items(function(*args)), items(plain(*args)), strict=True):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        if wanted.dtype.kind in "fc":
            unit = max(np.finfo(narrowest).eps, np.finfo(wanted.dtype).eps)
            assert np.max(np.abs(found - wanted)) <= CLOSE * unit * np.max(np.abs(wanted))
        else:  # a number at the border of two may fall on the other side of it
            different = found != wanted
            assert np.count_nonzero(different) <= max(found.size // 100, 0)
            assert np.all(np.abs(found.astype(float) - wanted.astype(float))[different] <= 1)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_results_stay_close(program: Program, dtype: str) -> None:
    args = program.arguments(1009, dtype)
    kinds = {value.dtype for value in args if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fc"}
    narrowest = min(kinds, key=lambda kind: np.finfo(kind).bits, default=np.dtype("f8"))
    function = fast(program.function)
    assert_close(function, args, program.function, narrowest)
    assert type(function(*args)) is type(program.function(*args))


@pytest.mark.parametrize("granted", SETS, ids=lambda granted: "all" if granted is True else "".join(granted))
@pytest.mark.parametrize("name", ["black_scholes", "layer_norm", "stencil", "phasor_power"])
def test_results_stay_close_under_each_flag(name: str, granted: Any) -> None:
    program = BY_NAME[name]
    assert_close(jit(fastmath=granted)(program.function), program.arguments(500), program.function, "f8")


@pytest.mark.parametrize("name", ["sieve", "crc16", "collatz", "edit_distance", "counting_sort", "count_primes"])
def test_integers_are_unaffected(name: str) -> None:
    program = LOOPS[name]
    assert_matches_numpy(fast(program.function), *program.arguments(program.sizes[0]), calls=1)


@pytest.mark.parametrize("size", [1, 7, 8, 129, 1000, 5000])
def test_plain_sums_keep_their_order(size: int) -> None:
    x = np.random.default_rng(size).standard_normal(size)
    assert_matches_numpy(jit(fastmath={"reassoc", "nsz"})(lambda x: np.sum(x)), x)


# Broken promises ---------------------------------------------------------------------------------------------------


def element_at(x, scale):
    return x[int(x[0] * scale - 1.0)]


@pytest.mark.parametrize(("first", "error"), [(np.nan, ValueError), (np.inf, OverflowError), (1e6, IndexError)])
def test_checks_look_at_numbers_as_they_are(first: float, error: type[Exception]) -> None:
    function = fast(element_at)
    good = np.arange(5.0) + 1
    assert function(good, 2.0) == good[1]
    with warnings.catch_warnings(), pytest.raises(error):
        warnings.simplefilter("ignore")
        function(np.array([first, 1, 2]), 2.0)


def gathered(x, y):
    return y[(x * 2.0).astype(np.int64)], y[(x > 0.5).astype(np.int64)], y[np.argmax(x * 2.0)]


def test_indices_made_of_broken_promises_are_in_range_or_raise() -> None:
    function, y = fast(gathered), np.arange(40.0)
    function(np.linspace(0, 1, 30), y)
    for bad in (np.nan, np.inf, -np.inf, 1e300):
        with warnings.catch_warnings(), pytest.raises(IndexError):
            warnings.simplefilter("ignore")
            function(np.full(30, bad), y)


def test_broken_promises_do_not_crash() -> None:
    with Isolated(fast) as process:
        verdicts = [verdict for seed in range(12) for verdict in process.judge(random_function(seed))]
    assert [verdict.detail for verdict in verdicts if verdict.sort in ("crash", "no answer")] == []


@pytest.mark.parametrize("flag", sorted(FLAGS.keys() - {"ninf"}))
def test_single_flag_keeps_quotients_of_zeros_and_infinities(flag: str) -> None:
    def quotients(x, y):
        return 1 / np.sqrt(x), x / y, y / x

    x = np.array([0.0, np.inf, 2.0, 0.0] * 10, "f4")
    y = np.array([1.0, 2.0, np.inf, 3.0] * 10, "f4")
    with np.errstate(all="ignore"):
        for found, wanted in zip(jit(fastmath={flag})(quotients)(x, y), quotients(x, y), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=4e-7)


def test_division_behind_a_condition_does_not_warn() -> None:
    def shares(x, y):
        out = np.zeros(x.size)
        for i in range(x.size):
            if y[i] != 0.0:
                out[i] = x[i] / y[i]
        return out

    x = np.arange(40.0) + 1
    y = np.where(np.arange(40) % 3 == 0, 0.0, 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(fast(shares)(x, y), shares(x, y))


# The parameter -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (
            {"fast"},
            ValueError,
            "fastmath knows no 'fast'; its flags are nnan, ninf, nsz, arcp, contract, afn, reassoc",
        ),
        (
            ["nsz", "x", "a"],
            ValueError,
            "fastmath knows no 'a', 'x'; its flags are nnan, ninf, nsz, arcp, contract, afn, reassoc",
        ),
        ("reassoc", TypeError, "fastmath is True, False or a set of flags, not str"),
        (1, TypeError, "fastmath is True, False or a set of flags, not int"),
        (None, TypeError, "fastmath is True, False or a set of flags, not NoneType"),
        ({"nsz": True}, TypeError, "fastmath is True, False or a set of flags, not dict"),
        (("nsz", 3), TypeError, "the flags of fastmath are strings, not int"),
    ],
)
def test_what_is_no_set_of_flags_is_refused(given: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        jit(fastmath=given)
    assert str(raised.value) == text


@pytest.mark.parametrize("kind", [set, frozenset, list, tuple])
def test_names_come_in_any_collection(kind: Any) -> None:
    assert jit(fastmath=kind(["nsz", "arcp"]))(total).options.flags == {"nsz", "arcp"}


def test_jitted_function_is_compiled_anew_only_for_other_options() -> None:
    exact = jit(total)
    assert jit(exact) is exact
    assert jit(fastmath=False)(exact) is exact
    free = jit(fastmath={"nsz"})(exact)
    assert free is not exact
    assert free.py_func is exact.py_func
    assert jit(fastmath={"nsz"})(free) is free


def test_explanation_names_what_is_granted() -> None:
    x = np.linspace(0, 1, 10)
    free, exact = jit(fastmath={"nsz", "contract"})(arithmetic), jit(arithmetic)
    free(x, x)
    exact(x, x)
    assert free.explain().flags == ("nsz", "contract")
    assert "granted by fastmath: nsz, contract\n" in str(free.explain())
    assert "fastmath" not in str(exact.explain())


def test_keyword_only_parameters_take_the_same_options() -> None:
    def scaled(x, *, by):
        return x * by + 0.5

    function = jit(fastmath={"contract"})(scaled)
    np.testing.assert_allclose(function(np.ones(5), by=2.0), np.full(5, 2.5), rtol=0)
    assert set().union(*carried(function).values()) == {"contract"}


def test_document_says_what_each_flag_means() -> None:
    text = (ROOT / "docs" / "numeric_contract.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| [^|]+ \|$", text, re.MULTILINE)
    assert rows == list(FLAGS.items())
