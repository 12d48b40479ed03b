"""The comparison itself: what passes, what does not, and the exact texts."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from eqsat.testing import assert_identical, assert_matches_numpy
from eqsat.testing.memory import clones

NEGATIVE_NAN = np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0]
SHORT, LONG = np.arange(6.0), np.arange(24.0).reshape(4, 6)

SAME = [
    (1, 1),
    (1.0, 1.0),
    (float("nan"), float("nan")),
    (None, None),
    ((1, (2.0, None)), (1, (2.0, None))),
    (np.float64(2), np.float64(2)),
    (np.array([np.nan, 1]), np.array([NEGATIVE_NAN, 1])),
    (SHORT[::2], LONG[0, ::2]),
    (np.zeros((1, 3)), np.zeros((3, 1)).T),
    (np.zeros((0, 3)), np.zeros((3, 0)).T),
    (np.array(complex(np.nan, 1)), np.array(complex(np.nan, 1))),
    (np.float16(-0.0), np.float16(-0.0)),
]

DIFFERENT = [
    (1, True, "result: bool True instead of int 1"),
    (1.0, np.float64(1), "result: numpy.float64 np.float64(1.0) instead of float 1.0"),
    (np.float64(1), np.array(1.0), "result: an array float64[] instead of numpy.float64 np.float64(1.0)"),
    ((1,), (1, 2), "result: a tuple of 2 instead of 1"),
    ((1, (2, 3)), (1, (2, 4)), "result[1][1]: 4 instead of 3"),
    (np.zeros(2), np.zeros(2, "f"), "result: dtype float32 instead of float64"),
    (np.zeros(2, "l"), np.zeros(2, "q"), "result: dtype int64 ('q') instead of int64 ('l')"),
    (np.zeros(2), np.zeros(3), "result: shape (3,) instead of (2,)"),
    (np.zeros((2, 3)), np.zeros((2, 3), order="F"), "result: strides (8, 16) instead of (24, 8) (shape (2, 3))"),
    (np.zeros(2), np.broadcast_to(0.0, 2), "result: read-only instead of writeable"),
    (0.0, -0.0, "result: np.float64(-0.0) (0x8000000000000000) instead of np.float64(0.0) (0x0)"),
    (
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [5, 6]]),
        "result: np.int64(5) instead of np.int64(3) at (1, 0); 2 of 4 elements differ",
    ),
    (
        np.array([1.0, np.nan], "f"),
        np.array([1.0, 2.0], "f"),
        "result: np.float32(2.0) (0x40000000) instead of np.float32(nan) (0x7fc00000) at 1; 1 of 2 elements differ",
    ),
    (
        np.complex64(1),
        np.complex64(complex(1, -0.0)),
        "result: np.complex64(1-0j) (0x3f800000, 0x80000000) instead of np.complex64(1+0j) (0x3f800000, 0x0)",
    ),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_the_same_values_are_identical(expected: object, actual: object) -> None:
    assert_identical(actual, expected)


@pytest.mark.parametrize(("expected", "actual", "text"), DIFFERENT)
def test_different_values_are_told_apart_with_the_first_difference(expected: object, actual: object, text: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_identical(actual, expected)
    assert str(caught.value) == text


def test_read_only_differs_from_writeable() -> None:
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    with pytest.raises(AssertionError, match=r"^result: read-only instead of writeable$"):
        assert_identical(frozen, np.zeros(2))


def test_signed_zeros_can_be_excused() -> None:
    assert_identical(np.array([0.0, -0.0]), np.array([-0.0, -0.0]), signed_zeros=False)


def jitted(compiled: object, original: object) -> object:
    class Jitted(SimpleNamespace):
        def __call__(self, *args: object, **kwargs: object) -> object:
            return compiled(*args, **kwargs)

    return Jitted(py_func=original)


def warn_and_return(text: str) -> object:
    def function(x: object) -> object:
        warnings.warn(text, RuntimeWarning, stacklevel=1)
        return x

    return function


def write(x: np.ndarray) -> None:
    x[0] = 7


def write_and_fail(x: np.ndarray) -> None:
    x[0] = 7
    raise ValueError("a")


def fail(error: Exception) -> object:
    def function(x: object) -> object:
        raise error

    return function


BAD = [
    (lambda x: x + 1, lambda x: x + 1.0, None),
    (lambda x: x.copy(), lambda x: x, "result 0 is array argument 0: False instead of True"),
    (lambda x: x[::-1], lambda x: x[::-1][::-1], "result: np.float64(2.0)"),
    (lambda x: x[2:], lambda x: x[::3][:1], "result: np.float64(2.0)"),
    (lambda x: x[:].copy(), lambda x: x[:], "result 0 shares memory with array argument 0: False instead of True"),
    (write, lambda x: None, "array argument 0 after the call: np.float64(7.0)"),
    (lambda x: None, write, "array argument 0 after the call: np.float64(0.0)"),
    (lambda x: (x + 1,) * 2, lambda x: (x + 1, x + 1), "result 1 is result 0: True instead of False"),
    (lambda x: x[1:][:1], lambda x: np.asarray(memoryview(x))[1:2], "result 0 has for its base array argument 0: True"),
    (write_and_fail, fail(ValueError("a")), "array argument 0 after the call: np.float64(7.0)"),
    (fail(ValueError("a")), fail(ValueError("b")), "raised ValueError: a instead of raised ValueError: b"),
    (fail(ValueError("a")), fail(TypeError("a")), "raised ValueError: a instead of raised TypeError: a"),
    (fail(ValueError("a")), lambda x: 1, "raised ValueError: a instead of returned int 1"),
    (lambda x: 1, fail(ValueError("a")), "returned int 1 instead of raised ValueError: a"),
    (warn_and_return("a"), lambda x: x, "warnings [RuntimeWarning: a] instead of []"),
]


@pytest.mark.parametrize(("compiled", "original", "text"), BAD)
def test_every_kind_of_difference_from_numpy_is_found(compiled: object, original: object, text: str | None) -> None:
    function = jitted(compiled, original)
    if text is None:
        assert_matches_numpy(function, np.arange(3.0))
        return
    with pytest.raises(AssertionError) as caught:
        assert_matches_numpy(function, np.arange(3.0))
    assert str(caught.value).startswith(text)


def test_views_of_an_argument_must_step_alike() -> None:
    function = jitted(lambda x: x[::2], lambda x: x[:2])
    with pytest.raises(AssertionError, match=r"^result 0: strides \(16,\) instead of \(8,\), in its argument"):
        assert_matches_numpy(function, np.ones(4))


@pytest.mark.parametrize("offset", [-8, 8, 56])
def test_bytes_written_beside_the_elements_are_found(offset: int) -> None:
    def write_beside(x: np.ndarray) -> None:
        block = x.base
        np.ndarray(1, "f8", block, x.ctypes.data - block.ctypes.data + offset)[0] = 7

    with pytest.raises(AssertionError, match=r"^[28] bytes beside the arguments' elements were written to"):
        assert_matches_numpy(jitted(write_beside, lambda x: None), np.arange(8.0)[::2])


def test_the_report_names_the_call_and_its_arguments() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_matches_numpy(jitted(lambda x, y: 1, lambda x, y: 2), np.arange(3)[::-1], y=2)
    assert str(caught.value) == (
        "result: 1 instead of 2\n  call 1 of <lambda>(<int64[3] strides (-8,): [2, 1, 0]>, y=2)"
    )


def test_a_difference_in_the_second_call_is_found() -> None:
    answers = iter([2, 3])
    with pytest.raises(AssertionError, match="call 2 of"):
        assert_matches_numpy(jitted(lambda x: next(answers), lambda x: 2), 1)


def test_a_plain_function_is_refused() -> None:
    with pytest.raises(TypeError, match="expects a jitted function"):
        assert_matches_numpy(abs, 1)


def test_copies_keep_strides_alignment_overlap_and_flags() -> None:
    base = np.arange(20.0)
    odd = np.ndarray((2,), "f8", np.zeros(17, np.uint8), 1)
    odd[...] = 5
    frozen = np.broadcast_to(np.array([1, 2], "i2"), (3, 2))
    given = [base[2:12:2], base[15:5:-1], odd, frozen, "text", base[3:3], base[2:12:2], SHORT, SHORT[1:], SHORT[:0]]
    copies = clones([*given, given[0]])
    for one, other in zip(given, copies[:-1], strict=True):
        assert_identical(other, one)
    assert copies[-1] is copies[0]
    assert np.shares_memory(copies[0], copies[1])
    assert not np.shares_memory(copies[0], base)
    assert copies[2].flags.aligned == odd.flags.aligned is False
    assert copies[3].strides == (0, 2)
    assert copies[0].base is copies[1].base is not None
    assert copies[7].base is None
    assert copies[8].base is copies[9].base is copies[7]
    copies[0][1] = -1
    assert not (copies[1] == -1).any()
