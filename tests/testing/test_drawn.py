"""`assert_matches_numpy` with drawn arguments: right functions pass, wrong ones are shown by the smallest call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from eqsat import jit
from eqsat.testing import arrays, assert_matches_numpy, dtypes, operands, overlapping, size, special_values


class Pretended(SimpleNamespace):
    """A compiled function that is wrong."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.compiled(*args, **kwargs)


def pretended(compiled: Callable[..., Any], original: Callable[..., Any]) -> Pretended:
    return Pretended(compiled=compiled, py_func=original)


@jit
def weighted(a, w):
    return np.sum(a * w, axis=-1)


@jit
def rotated(x, k=1, *, scale=1.0):
    y = x.copy()
    for i in range(len(x)):
        y[i] = x[(i + k) % len(x)] * scale
    return y


def plain(x, y):
    return x + y


def test_a_right_function_passes_for_drawn_arrays() -> None:
    assert assert_matches_numpy(weighted, arrays(dtypes("fi"), ("m", "n")), arrays("float64", "n")) is None


def test_strategies_and_values_may_stand_side_by_side_and_under_keywords() -> None:
    assert_matches_numpy(rotated, arrays("int32", ndim=1), 2, examples=5)
    assert_matches_numpy(rotated, np.arange(4.0), st.integers(-5, 5), scale=st.floats(-2, 2), examples=5)


def run_of(strategy: Any, **kwargs: Any) -> list[Any]:
    seen = []

    def original(x: Any) -> None:
        seen.append(x)

    assert_matches_numpy(pretended(lambda x: None, original), strategy, **kwargs)
    return seen


def test_so_many_examples_are_drawn_as_asked_for() -> None:
    assert len(run_of(arrays("float64"), examples=7)) == 7
    assert len(run_of(arrays("float64"))) == settings().max_examples


def test_axes_of_one_name_have_one_length() -> None:
    pairs = run_of(st.tuples(arrays("int8", ("m", "n", 2)), arrays("bool", "n")), examples=50)
    assert all(one.shape[1:] == (*other.shape, 2) for one, other in pairs)
    assert len({one.shape[0] == one.shape[1] for one, _ in pairs}) == 2
    sides = {len(x) for x in run_of(arrays("int8", size("long", 7, 9)), examples=50)}
    assert sides == {7, 8, 9}


def test_a_rank_can_be_asked_for() -> None:
    assert {x.ndim for x in run_of(arrays("int8", ndim=3), examples=20)} == {3}
    with pytest.raises(TypeError, match=r"^arrays\(\) takes a shape or a rank \(ndim=\), not both"):
        run_of(arrays("int8", 3, ndim=1))


def test_a_range_of_lengths_must_be_one() -> None:
    with pytest.raises(ValueError, match=r"^size 'n': 3 to 2 is no range of lengths$"):
        size("n", 3, 2)


def test_special_values_are_all_drawn_in_the_end() -> None:
    drawn = run_of(special_values("float32"), examples=500)
    assert {type(x) for x in drawn} == {np.float32}
    assert any(np.isnan(x) for x in drawn)
    assert any(x == 0 and np.signbit(x) for x in drawn)


WRONG = {
    "negative zeros are lost": (
        lambda x: x + 0.0,
        lambda x: x.copy(),
        (arrays("float64", ndim=1),),
        'x = np.array([-0.0], "float64")',
    ),
    "the maximum loses NaNs": (
        lambda x: np.fmax.reduce(x, initial=-np.inf),
        lambda x: np.max(x, initial=-np.inf),
        (arrays("float64", ndim=1),),
        'x = np.array([nan], "float64")',
    ),
    "int8 does not wrap": (
        lambda x: (x.astype(int) + 1).clip(-128, 127).astype("int8"),
        lambda x: x + np.int8(1),
        (arrays("int8", ndim=1),),
        'x = np.array([127], "int8")',
    ),
    "strides are taken for those of C": (
        lambda x: np.ndarray(x.shape, x.dtype, x.tobytes("A")).copy(),
        lambda x: np.array(x, order="C"),
        (arrays("int8", (2, 2), st.sampled_from(["C", "F"]), elements=st.integers(0, 1)),),
        'x = np.asfortranarray(np.array([[0, 0], [1, 0]], "int8"))',
    ),
    "empty arrays have a sum of one": (
        lambda x: np.sum(x) if x.size else np.float64(1),
        lambda x: np.sum(x),
        (arrays("float64", ndim=1),),
        'x = np.array([], "float64")',
    ),
    "numbers beyond a byte": (lambda x: x % 256, lambda x: x, (st.integers(0, 10**6),), "<lambda>(256)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_functions_are_shown_by_the_smallest_call(name: str) -> None:
    compiled, original, arguments, text = WRONG[name]
    with pytest.raises(AssertionError) as caught:
        assert_matches_numpy(pretended(compiled, original), *arguments, examples=300)
    assert "  smallest failing call:\n    import numpy as np\n" in str(caught.value)
    assert text in str(caught.value)


def test_a_wrong_function_of_overlapping_arrays_is_found() -> None:
    def original(x, y):
        x[...] = y

    def compiled(x, y):
        for k in range(len(x)):
            x[k] = y[k]

    with pytest.raises(AssertionError, match="array argument 0 after the call") as caught:
        assert_matches_numpy(pretended(compiled, original), arguments=overlapping("int8"), examples=200)
    assert 'x = np.ndarray((2,), "int8", memory_of_' in str(caught.value)


def test_what_is_refused_fails_and_says_why() -> None:
    @jit
    def sorted_copy(x):
        return np.partition(x, 0)

    with pytest.raises(AssertionError, match="raised UnsupportedError"):
        assert_matches_numpy(sorted_copy, arrays("float64", 3))


def test_operands_that_broadcast_are_drawn_together() -> None:
    assert_matches_numpy(pretended(plain, plain), arguments=operands(2, "float64"), examples=10)


def test_arguments_must_be_drawn() -> None:
    with pytest.raises(TypeError, match=r"^arguments= takes a Hypothesis strategy, not \[1, 2\]$"):
        assert_matches_numpy(pretended(plain, plain), arguments=[1, 2])


def test_hypothesis_is_not_imported_for_given_arguments() -> None:
    code = (
        "import sys\nfrom eqsat.testing import assert_matches_numpy\n"
        "class F:\n    py_func = staticmethod(abs)\n    __call__ = staticmethod(abs)\n"
        "print(assert_matches_numpy(F(), -2), 'hypothesis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"


def test_every_public_name_is_there_and_unknown_ones_are_not() -> None:
    import eqsat.testing as public

    assert all(getattr(public, name) is not None for name in public.__all__)
    assert set(public.__all__) <= set(dir(public))
    assert set(public._PLACES) == set(public.__all__)
    with pytest.raises(AttributeError, match=r"^module 'eqsat.testing' has no attribute 'array'$"):
        public.array
