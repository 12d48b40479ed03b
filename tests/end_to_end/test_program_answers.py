"""The programs of the corpus compute what their names say, as far as NumPy can tell: in plain Python, uncompiled."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import pytest

from tests.end_to_end.programs import BY_NAME


def run(name: str, n: int) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The result, the arguments as they were, and as they are afterwards."""
    program = BY_NAME[name]
    before, after = program.arguments(n), program.arguments(n)
    return program.function(*after), before, after


@pytest.mark.parametrize("name", ["bubble_sort", "insertion_sort", "shell_sort", "heap_sort"])
def test_sorted_in_place(name: str) -> None:
    _, (given,), (left,) = run(name, 40)
    np.testing.assert_array_equal(left, np.sort(given))


@pytest.mark.parametrize("name", ["matrix_product", "blocked_matrix_product"])
def test_product(name: str) -> None:
    result, (a, b, *_), _ = run(name, 17)
    np.testing.assert_allclose(result, a @ b)


@pytest.mark.parametrize("name", ["lu_doolittle", "lu_scalar"])
def test_factors_multiply_to_the_matrix(name: str) -> None:
    _, (matrix,), (factors,) = run(name, 9)
    np.testing.assert_allclose((np.tril(factors, -1) + np.eye(9)) @ np.triu(factors), matrix)


def test_pivoted_factors_multiply_to_the_rows_in_their_order() -> None:
    (order, sign), (matrix,), (factors,) = run("lu_pivoted", 9)
    np.testing.assert_allclose((np.tril(factors, -1) + np.eye(9)) @ np.triu(factors), matrix[order])
    assert sign == round(np.linalg.det(np.eye(9)[order]))


def test_cholesky_factor() -> None:
    result, (matrix,), _ = run("cholesky", 9)
    np.testing.assert_allclose(result @ result.T, matrix)


@pytest.mark.parametrize("name", ["solve_by_elimination", "jacobi", "gauss_seidel", "conjugate_gradient"])
def test_solution_solves(name: str) -> None:
    result, (matrix, right, *_), _ = run(name, 9)
    solution = result[0] if isinstance(result, tuple) else result
    np.testing.assert_allclose(matrix @ solution, right, atol=1e-4)


def test_columns_are_orthogonal_and_span_the_matrix() -> None:
    (q, r), (matrix,), _ = run("gram_schmidt", 9)
    np.testing.assert_allclose(q.T @ q, np.eye(9), atol=1e-10)
    np.testing.assert_allclose(q @ r, matrix)


def test_eigenvalues() -> None:
    result, (matrix, _), _ = run("jacobi_rotation_sweeps", 5)
    np.testing.assert_allclose(np.sort(result), np.linalg.eigvalsh(matrix), rtol=1e-3)


@pytest.mark.parametrize("name", ["fft", "fft_stages", "fourier_sums"])
def test_fourier_transform(name: str) -> None:
    result, (signal,), _ = run(name, 32)
    transform = result[0] + 1j * result[1] if isinstance(result, tuple) else result
    np.testing.assert_allclose(transform, np.fft.fft(signal), atol=1e-10)


def test_convolution() -> None:
    result, (signal, kernel), _ = run("convolve", 30)
    np.testing.assert_allclose(result, np.convolve(signal, kernel))


def test_toeplitz_system() -> None:
    result, (r,), _ = run("durbin", 9)
    matrix = np.eye(9) + sum(np.eye(9, k=sign * k) * r[k - 1] for k in range(1, 9) for sign in (1, -1))
    np.testing.assert_allclose(matrix @ result, -r, atol=1e-10)


@pytest.mark.parametrize("name", ["sieve", "first_primes"])
def test_primes(name: str) -> None:
    result, _, _ = run(name, 50)
    expected = [n for n in range(2, 500) if all(n % d for d in range(2, n))]
    np.testing.assert_array_equal(result, expected[: len(result)])
    assert expected[len(result)] > 50


def test_checksum() -> None:
    result, (data,), _ = run("crc32_with_table", 100)
    assert result == zlib.crc32(data.tobytes())
    assert BY_NAME["crc16"].function(np.frombuffer(b"123456789", np.uint8)) == 0x29B1


@pytest.mark.parametrize("name", ["popcounts", "popcounts_by_loop"])
def test_counts_of_bits(name: str) -> None:
    result, (words,), _ = run(name, 50)
    assert [int(count) for count in result] == [int(word).bit_count() for word in words]


@pytest.mark.parametrize(
    ("name", "n", "expected"),
    [
        ("queens", 6, 4),
        ("collatz", 30, (27, 111)),
        ("count_primes", 100, 25),
        ("sieve_loops", 100, 25),
        ("fibonacci", 100, 354224848179261915075),
        ("power_modulo", 10, 7**10 % 1_000_000_007),
        ("coprime_pairs", 4, 11),
        ("pythagorean_triples", 20, 6),
        ("integer_root", 10**12, 10**6),
    ],
)
def test_known_number(name: str, n: int, expected: Any) -> None:
    assert run(name, n)[0] == expected


@pytest.mark.parametrize(
    ("name", "n", "expected"),
    [
        ("bisection", 1, 0.7390851332151607),
        ("simpson", 100, math.sqrt(math.pi) / 2 * math.erf(2)),
        ("romberg", 7, 2.0),
        ("sine_series", 9, math.sin(9 / 7)),
        ("welford", 50, None),
    ],
)
def test_known_value(name: str, n: int, expected: float | None) -> None:
    result, given, _ = run(name, n)
    if expected is None:
        np.testing.assert_allclose(result, (given[0].mean(), given[0].var(ddof=1)))
    else:
        np.testing.assert_allclose(result[0] if isinstance(result, tuple) else result, expected, rtol=1e-8)


@pytest.mark.parametrize("name", ["csr_product", "csr_product_by_rows"])
def test_sparse_product(name: str) -> None:
    result, (data, indices, indptr, x), _ = run(name, 12)
    dense = np.zeros((12, 14))
    for row in range(12):
        dense[row, indices[indptr[row] : indptr[row + 1]]] = data[indptr[row] : indptr[row + 1]]
    np.testing.assert_allclose(result, dense @ x)


def test_two_ways_to_rank_pages_agree() -> None:
    links = BY_NAME["page_rank"].arguments(40)[:4]
    by_arrays = BY_NAME["page_rank"].function(*links, 60)
    by_loops, _ = BY_NAME["page_rank_loops"].function(*links, 1e-9)
    np.testing.assert_allclose(by_arrays, by_loops, atol=1e-8)


def test_two_ways_to_the_likeliest_path_agree() -> None:
    (_, likelihood), _, _ = run("viterbi", 40)
    scores, _, _ = run("viterbi_by_rows", 40)
    np.testing.assert_allclose(likelihood, scores.max())


@pytest.mark.parametrize("name", ["floyd_warshall", "floyd_warshall_outer"])
def test_shortest_paths(name: str) -> None:
    result, (distance,), _ = run(name, 9)
    shortest = distance.copy()
    for _ in range(9):
        shortest = np.minimum(shortest, (shortest[:, :, None] + shortest[None]).min(axis=1))
    np.testing.assert_array_equal(result, shortest)


def test_picture_turned() -> None:
    _, (image,), (turned,) = run("rotate_quarter", 9)
    np.testing.assert_array_equal(turned, np.rot90(image, -1))


def test_histogram_and_median() -> None:
    counts, (image, bins), _ = run("histogram", 20)
    np.testing.assert_array_equal(counts, np.histogram(image, bins, (0, 256))[0])
    smooth, (image,), _ = run("median_filter", 9)
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    np.testing.assert_array_equal(smooth[1:-1, 1:-1], np.median(windows, axis=(2, 3)))


def test_mandelbrot_of_the_same_points_in_two_ways() -> None:
    function = BY_NAME["mandelbrot_reals"].function
    counts = function(-2.0, 1.0, -1.2, 1.2, 12, 12, 30)
    inside = BY_NAME["mandelbrot"].function(12, 12, 30) == 29
    np.testing.assert_array_equal(inside, counts == 30)
