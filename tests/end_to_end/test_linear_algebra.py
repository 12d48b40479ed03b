"""`np.linalg` and diagonals against NumPy, to the bit, natively: all dtypes, sizes, ways to lie, and what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import eqsat
from eqsat import jit
from eqsat.testing import assert_matches_numpy
from eqsat.testing.checking import Watched

RANDOM = np.random.default_rng(11)
SIZES = (0, 1, 2, 33)


def noise(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = RANDOM.random(shape) * 9
    if dtype in "FD":
        return (values + 1j * RANDOM.random(shape)).astype(dtype)
    return (values > 4).astype(dtype) if dtype == "?" else values.astype(dtype)


def misaligned(x: np.ndarray) -> np.ndarray:
    found = np.frombuffer(bytearray(b"0" + x.tobytes()), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    assert x.itemsize == 1 or not x.size or not found.flags.aligned
    return found


def ways(x: np.ndarray) -> Iterator[np.ndarray]:
    """The matrix and others, which lie differently."""
    yield x
    yield x[::-1].T
    yield np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3]
    yield misaligned(x)


def check(function: Callable[..., Any], *args: Any, native: bool = True) -> None:
    watched = Watched(function, function.py_func)  # type: ignore[attr-defined]
    assert_matches_numpy(watched, *args)
    assert watched.native == native, args


@jit
def inverse(a):
    return np.linalg.inv(a)


@jit
def determinant(a):
    return np.linalg.det(a)


@jit
def solution(a, b):
    return np.linalg.solve(a, b)


@pytest.mark.parametrize("dtype", "?df")
def test_inverses_and_determinants(dtype: str) -> None:
    for n in SIZES:
        a = noise((n, n), dtype)
        a = a + np.triu(np.ones((n, n), a.dtype)) if dtype in "fdFD" else np.triu(a) | np.eye(n, dtype=a.dtype)
        for one in ways(a):
            singular = n > 0 and np.linalg.matrix_rank(one) < n
            check(inverse, one, native=not singular)
            check(determinant, one)


@pytest.mark.parametrize("pair", ["fd", "FF", "?F"])
def test_solutions(pair: str) -> None:
    for n in SIZES:
        a = np.eye(n, dtype=pair[0]) | noise((n, n), pair[0]) if pair[0] == "?" else noise((n, n), pair[0])
        a = np.triu(a) + np.eye(n, dtype=a.dtype) if pair[0] != "?" else np.triu(a)
        b = noise((n, 3), pair[1])
        for one in ways(a):
            check(solution, one, b)
        for right in (b[::-1, 1], b[:, :1], b[:, :0], misaligned(b)):
            check(solution, a, right)


def test_one_right_side_has_one_axis_and_no_other() -> None:
    """NumPy 2: what has two axes is a matrix, whatever its shape."""
    a = noise((3, 3), "d")
    for b in (a[0], a[:, :1], a[:1].T, a):
        check(solution, a, b)
    for b in (a[:1], a[0, :2], np.float64(1)):
        check(solution, a, b, native=False)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308, 5e-324])
def test_what_is_not_finite_goes_through_lapack_as_in_numpy(bad: float) -> None:
    for k in (0, 7, 24):
        a = noise((5, 5), "d")
        a.flat[k] = bad
        for function in (inverse, determinant):
            assert_matches_numpy(function, a)
        assert_matches_numpy(solution, a, a[0])
        assert_matches_numpy(solution, noise((5, 5), "d"), a)


def test_results_in_single_precision_overflow_as_in_numpy() -> None:
    tiny = np.diag(np.full(4, 1e-39, np.float32))
    large = np.diag(np.full(4, 1e30, np.float32))
    for a in (tiny, large, tiny.astype("F")):
        assert_matches_numpy(inverse, a)
        assert_matches_numpy(determinant, a)
        assert_matches_numpy(solution, a, large[0] * a[0, 0].dtype.type(1))


def test_arguments_that_numpy_does_not_take() -> None:
    for a in (np.ones((2, 3)), np.ones(3), np.ones((3, 3), np.float16), np.zeros((3, 3)), np.ones((4, 4), "F")):
        for function in (inverse, determinant):
            assert_matches_numpy(function, a)
        assert_matches_numpy(solution, a, a)
    assert_matches_numpy(solution, np.eye(3), np.ones(3, np.float16))
    assert_matches_numpy(inverse, 2.0)


def test_stacks_are_refused() -> None:
    for function, args in ((inverse, ()), (determinant, ()), (solution, (np.ones(3),))):
        with pytest.raises(eqsat.UnsupportedError, match="of a stack of matrices is not compiled yet"):
            function(np.ones((2, 3, 3)), *args)
    with pytest.raises(eqsat.UnsupportedError, match="of a stack of matrices is not compiled yet"):
        solution(np.eye(3), np.ones((2, 3, 3)))


@jit
def steps_of_newton(a, b, n):
    x = np.zeros_like(b)
    for i in range(n):
        a[i % 3, 0] += 1
        x += np.linalg.solve(a, b - a @ x)
        a[0, 0] = np.linalg.det(a) / 100
    return x, np.linalg.inv(a)[0] * 2


@jit
def fails_late(a, out):
    for i in range(4):
        out[i] = i
        a[i, i] = 0
        out += np.linalg.inv(a)[0]
    return out


def test_in_loops_and_among_other_work() -> None:
    a = noise((4, 4), "d") + 10 * np.eye(4)
    for n in (0, 1, 5):
        check(steps_of_newton, a, noise((4,), "d"), n)
        check(steps_of_newton, np.asfortranarray(a), noise((4,), "d")[::-1], n)


def test_what_was_written_before_a_singular_matrix_is_put_back() -> None:
    check(fails_late, noise((4, 4), "d"), np.zeros(4))
    check(fails_late, np.diag(np.ones(4)), np.zeros(4), native=False)
    check(fails_late, np.triu(np.ones((4, 4))), np.arange(4.0), native=False)


@jit
def flags_around(a, x):
    y = x / a[0, 0]
    z = np.linalg.inv(a)
    return y, z


def test_flags_that_were_up_before_are_not_lost() -> None:
    """Division by zero is warned of, whatever LAPACK does afterwards."""
    a = np.array([[0.0, 1.0], [1.0, 0.0]])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        flags_around(a, np.ones(3))
    assert_matches_numpy(flags_around, a, np.ones(3))
    check(flags_around, a + 2 * np.eye(2), np.ones(3))


@jit
def nested(x):
    return (
        np.linalg.inv([[x, 1.0], [2.0, 5.0]]),
        np.linalg.det(((1, 2), (3, 4))),
        np.linalg.matmul(x * np.eye(2), np.eye(2)),
    )


def test_lists_of_numbers() -> None:
    check(nested, 3.5)


# Diagonals ------------------------------------------------------------------------------------------------------


@jit
def traces(a):
    return np.trace(a), a.trace(1, 1, 0), np.trace(a, -2), np.trace(a, 40, dtype=np.float64)


@jit
def diagonals(a):
    return np.diagonal(a).copy(), np.diag(a, 1) + 1, np.diag(a, -2)[:, None] * 2, a.diagonal(1, -1, -2).sum()


@jit
def from_vectors(v):
    return np.diag(v), np.diag(v, 2), np.diag(v, -1), np.diag(np.diag(v))[::-1] * 2


@jit
def of_what_is_computed(a):
    return (a @ a).diagonal() * 3, np.trace(a * a), np.diagonal(a) @ np.diagonal(a), np.exp(np.diagonal(a[::-1]))


SHAPES = [(0, 0), (33, 33), (3, 7)]


@pytest.mark.parametrize("dtype", "Hf")
def test_traces_and_diagonals(dtype: str) -> None:
    for shape in SHAPES:
        a = noise(shape, dtype)
        for one in (a, a.T, misaligned(a)[::2]):
            check(traces, one)
            check(diagonals, one)


@pytest.mark.parametrize("dtype", "fF")
def test_diagonals_have_the_direction_of_their_longer_stride(dtype: str) -> None:
    squares = jit(_squares)
    for shape in ((5, 5), (40, 2), (1, 1), (1, 4)):
        a = noise(shape, dtype)
        repeated = [np.broadcast_to(a[:1], (5, shape[1]))[:, ::-1]] if shape[1] > 1 else []  # one row, five times
        for one in (a[::-1], a[:, ::-1], *repeated):
            assert_matches_numpy(squares, one)


def _squares(a):
    d = np.diagonal(a)
    return np.square(d), d.sum(), d[::-1] * d


@pytest.mark.parametrize("dtype", "?bldF")
def test_matrices_of_diagonals(dtype: str) -> None:
    for n in (0, 1, 3, 20):
        v = noise((n,), dtype)
        for one in (v, v[::-1], v[::2], misaligned(v)):
            check(from_vectors, one)


@pytest.mark.parametrize("dtype", "bdfD")
def test_diagonals_fuse_with_other_work(dtype: str) -> None:
    for n in (0, 1, 4, 50):
        # Of one element nobody knows whose stride is longer.
        check(of_what_is_computed, np.asarray(noise((n, n), dtype) / 9, dtype), native=n != 1)


@jit
def overwritten(a):
    d = np.diagonal(a)
    before = d * 2
    a[0] = d
    a[:, 0] += d[::-1]
    a[1:, 1:] = np.diagonal(a)[:-1]
    return before, d + 1, d[:, None] * a


@jit
def moved_along(a, n):
    for i in range(n):
        a[i] = np.diagonal(a) + a[i]
        a[:, i] -= np.diag(a, 0)[::-1]
    return np.trace(a)


def test_writes_into_the_matrix_are_seen_by_its_diagonal() -> None:
    for n in (1, 2, 6, 40):
        for a in (noise((n, n), "d"), noise((n, n), "d").T, noise((n, n), "l"), noise((2 * n, n), "f")[::2]):
            check(overwritten, a)
            check(moved_along, a, n)


@jit
def written(a):
    d = np.diagonal(a)
    d[0] = 1


@jit
def written_through_a_view(a):
    np.diag(a)[1:] += 1


@jit
def returned(a):
    return np.diagonal(a)


def test_diagonals_are_read_only() -> None:
    check(written, np.eye(3), native=False)
    check(written_through_a_view, np.eye(3), native=False)
    with pytest.raises(eqsat.UnsupportedError, match="a read-only array is returned"):
        returned(np.eye(3))


def test_what_is_no_matrix() -> None:
    for a in (np.ones(3), np.ones(())):
        assert_matches_numpy(traces, a)
    with pytest.raises(eqsat.UnsupportedError, match="of more than two axes is not compiled yet"):
        traces(np.ones((2, 2, 2)))
    assert_matches_numpy(from_vectors, np.ones((2, 2, 2)))
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(5.0), 3)
    with pytest.raises(eqsat.UnsupportedError, match="a diagonal of overlapping windows is not compiled yet"):
        traces(windows)
