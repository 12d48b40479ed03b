"""Operations on whole arrays that are not elementwise: indexing by arrays, products, sequences, joined arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import assert_matches_numpy

RANDOM = np.random.default_rng(5)
X = RANDOM.standard_normal((6, 5))
V = RANDOM.standard_normal(40)


@jit
def picked(x, i):
    return x[i]


@jit
def picked_columns(x, i):
    return x[:, i], x[i, ..., None]


@jit
def put(x, i, v):
    x[i] = v
    return x


@jit
def added_to(x, i, v):
    x[i] += v


@jit
def mean_of_positive(x):
    return x[x > 0].mean()


@jit
def cleaned(x):
    x[x < 0] = 0
    x[np.isnan(x)] = x[0]
    return x


@jit
def rows_of_largest(x):
    order = np.zeros(x.shape[0], np.int64)
    for i in range(x.shape[0]):
        for j in range(1, x.shape[1]):
            if x[i, j] > x[i, order[i]]:
                order[i] = j
    return x[np.arange(x.shape[0]), order]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "?", "c16", "f2"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("index", [[0, 3, -1], [[0, 1], [4, 4]], []], ids=str)
def test_arrays_of_indices(dtype: str, order: str, index: list) -> None:
    x = np.asarray(X * 3, order=order).astype(dtype)
    at = np.array(index, np.int64)
    assert_matches_numpy(picked, x, at)
    assert_matches_numpy(picked_columns, x, at)
    assert_matches_numpy(put, x.copy(), at, np.ones(5, dtype))
    assert_matches_numpy(put, x.copy(), at, 1)


def test_masks() -> None:
    assert_matches_numpy(picked, X, X > 0)
    assert_matches_numpy(picked, X, X[:, 0] > 0)
    assert_matches_numpy(put, X.copy(), X > 0, 2.5)
    assert_matches_numpy(put, X[:, 0].copy(), X[:, 0] > 0, np.arange(float((X[:, 0] > 0).sum())))
    assert_matches_numpy(put, X[:, 0].copy(), X[:, 0] > 9, 1.0)
    assert_matches_numpy(mean_of_positive, X)
    assert_matches_numpy(mean_of_positive, V)
    assert_matches_numpy(cleaned, V.copy())
    assert_matches_numpy(rows_of_largest, X)


def test_what_is_out_of_range_raises_and_changes_nothing() -> None:
    for index in ([0, 6], [-7]):
        assert_matches_numpy(picked, X, np.array(index))
        assert_matches_numpy(put, X.copy(), np.array([0, *index]), 1.0)
        assert_matches_numpy(added_to, X.copy(), np.array([0, *index]), 1.0)
    assert_matches_numpy(put, V.copy(), V > 0, np.arange(3.0))
    assert_matches_numpy(picked, X, np.ones(5, bool))


def test_equal_indices_count_once() -> None:
    assert_matches_numpy(added_to, np.zeros(4), np.array([1, 1, 2]), np.array([1.0, 2.0, 3.0]))
    assert_matches_numpy(put, np.zeros(4), np.array([1, 1, 2]), np.array([1.0, 2.0, 3.0]))


@jit
def product(a, b):
    return a @ b


@jit
def dotted(a, b):
    return np.dot(a, b)


def layouts(x: np.ndarray) -> list[np.ndarray]:
    return [x, np.asfortranarray(x), np.repeat(x, 2, axis=-1)[..., ::2], x[::-1].copy()[::-1]]


@pytest.mark.parametrize("function", [product, dotted], ids=["matmul", "dot"])
@pytest.mark.parametrize(("left", "right"), [("d", "d"), ("f", "f"), ("D", "D"), ("l", "l"), ("i", "d"), ("?", "?")])
def test_matrix_products_have_numpys_bits(function: object, left: str, right: str) -> None:
    a, b = ((RANDOM.standard_normal(shape) * 4).astype(char) for shape, char in (((7, 9), left), ((9, 4), right)))
    ours, theirs = layouts(a), layouts(b)
    pairs = itertools.product(ours, theirs) if left == right == "d" else zip(ours, theirs[1:] + theirs[:1], strict=True)
    for one, other in pairs:
        assert_matches_numpy(function, one, other, calls=1)
        assert_matches_numpy(function, one, other[:, 1], calls=1)
        assert_matches_numpy(function, one[2], other, calls=1)
        assert_matches_numpy(function, one[2], other[:, 2], calls=1)


def test_products_that_do_not_fit_raise() -> None:
    assert_matches_numpy(product, np.ones((2, 3)), np.ones((2, 3)))
    assert_matches_numpy(product, np.ones(0), np.ones(0))
    assert_matches_numpy(product, np.ones((2, 0)), np.ones((0, 3)))


@jit
def factored(A):
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]


def test_small_products_in_loops() -> None:
    assert_matches_numpy(factored, RANDOM.random((12, 12)) + 12 * np.eye(12))


@jit
def sequences(n, x):
    return np.arange(n), np.arange(2, n, 3), np.arange(x, 3.0, 0.25), np.linspace(x, 2.0, n), np.eye(n, k=1)


@jit
def constants():
    return np.array([[1, 2], [3, 4]]), np.array([1, 2.5]), np.arange(0.5, 3, 0.7, dtype=np.float32), np.identity(3)


@jit
def filled(n):
    made = np.empty((n, 2), np.int32)
    for i in range(n):
        made[i, 0] = i
        made[i, 1] = -i
    return made


def test_sequences() -> None:
    assert_matches_numpy(sequences, 9, 0.1)
    assert_matches_numpy(sequences, 2, 4.0)
    assert_matches_numpy(constants)
    assert_matches_numpy(filled, 5)


@jit
def joined(x, y):
    return np.concatenate((x, y)), np.stack([x, y], axis=1), np.vstack((x, y)), np.hstack((x, y)), np.append(x, y)


@jit
def turned(x, k):
    return np.roll(x, k), np.roll(x, -1, axis=0), np.repeat(x, 2), np.tile(x, 2)


@jit
def running(x):
    return np.cumsum(x), np.cumsum(x, axis=0), np.cumprod(x, axis=-1), np.diff(x)


@jit
def reshaped(x):
    return x.reshape(-1), x.ravel() + 1, x.T.flatten(), x.reshape((30, 1), order="F"), x[:, None].reshape(6, 1, 5)


@jit
def in_groups(x):
    return x.reshape(2, -1, 5).sum(axis=1), x.reshape(5, 6), x.reshape(-1, 3) * 2


@jit
def selected(x, m):
    return np.take(x, [0, -1], axis=1), np.compress(m, x, axis=0), np.argwhere(x > 0), np.flatnonzero(x), np.tril(x)


@jit
def copied(x, y, m):
    np.copyto(x, y, where=m)
    np.putmask(y, m, 0)
    return x + y


@pytest.mark.parametrize("order", ["C", "F"])
def test_joined_turned_and_reshaped(order: str) -> None:
    x = np.asarray(X, order=order)
    assert_matches_numpy(joined, x, np.asarray(X + 1, order="C"))
    assert_matches_numpy(turned, x, 2)
    assert_matches_numpy(running, x)
    assert_matches_numpy(reshaped, x)
    assert_matches_numpy(in_groups, np.ascontiguousarray(x))
    assert_matches_numpy(selected, x, X[:, 0] > 0)
    assert_matches_numpy(copied, x.copy(), X + 1, X > 0)


@jit
def ordered(x):
    rows, columns = np.nonzero(x > 0)
    total = 0.0
    for k in range(rows.shape[0]):
        total += x[rows[k], columns[k]] * k
    return total, np.count_nonzero(x > 0)


@jit
def histogram(x, n):
    counts = np.zeros(n, np.int64)
    for i in (x * n).astype(np.int64):
        counts[i] += 1
    return counts, counts[counts > 1]


def test_places_are_used_in_loops() -> None:
    assert_matches_numpy(ordered, X)
    assert_matches_numpy(histogram, RANDOM.random(100), 10)


@jit
def extremes(x):
    return np.argmax(x), x.argmin(), np.argmin(x, axis=0), x.argmax(axis=-1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "u1", "?"])
def test_places_of_extremes(dtype: str) -> None:
    for x in layouts((X * 3).astype(dtype)):
        assert_matches_numpy(extremes, x)
    assert_matches_numpy(extremes, np.zeros((0, 2), dtype))


def test_nan_is_the_most_extreme() -> None:
    x = np.array([[1.0, np.nan, 3.0, np.nan], [-np.inf, np.inf, 2.0, np.nan], [0.0, -0.0, 0.0, 0.0]])
    assert_matches_numpy(extremes, x)


@jit
def accumulated(x, i, v):
    np.add.at(x, i, v)


@jit
def accumulated_in_rows(x, i, j, v):
    np.add.at(x, (i, j), v)
    np.maximum.at(x, (j, i), 0.5)


@jit
def counted(x):
    return np.bincount(x), np.bincount(x, minlength=9)


@jit
def weighed(x, w):
    return np.bincount(x, weights=w, minlength=2)


def test_one_element_after_the_other() -> None:
    i, j, v = RANDOM.integers(0, 6, 30), RANDOM.integers(-6, 6, 30), RANDOM.random(30)
    for dtype in ("f8", "f4", "c16"):
        assert_matches_numpy(accumulated, np.zeros(6, dtype), i, v)
        assert_matches_numpy(accumulated, np.zeros(6, dtype), j, 0.1)
    assert_matches_numpy(accumulated, np.zeros(6, np.int64), i, 1)
    assert_matches_numpy(accumulated, np.zeros(5), i, v)
    assert_matches_numpy(accumulated_in_rows, np.zeros((6, 6)), i, j, v)


def test_counts() -> None:
    i, v = RANDOM.integers(0, 6, 30), RANDOM.random(30)
    for x in (i, i.astype(np.uint8), i[:0], i - 3):
        assert_matches_numpy(counted, x)
        assert_matches_numpy(weighed, x, v[: x.size])
    assert_matches_numpy(counted, v)
