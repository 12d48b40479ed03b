"""Dense linear algebra: factorizations, solves, iterations, and kernels of the kind that PolyBench collects."""

from __future__ import annotations

from math import sqrt

import numpy as np

from tests.end_to_end.programs.program import program


def matrix_product(A, B):
    rows, inner = A.shape
    columns = B.shape[1]
    C = np.zeros((rows, columns), dtype=A.dtype)
    for i in range(rows):
        for j in range(columns):
            total = 0.0
            for k in range(inner):
                total += A[i, k] * B[k, j]
            C[i, j] = total
    return C


def blocked_matrix_product(A, B, block):
    n = A.shape[0]
    C = np.zeros_like(A)
    for i in range(0, n, block):
        for j in range(0, n, block):
            for k in range(0, n, block):
                C[i : i + block, j : j + block] += A[i : i + block, k : k + block] @ B[k : k + block, j : j + block]
    return C


def lu_doolittle(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, n):
            A[i, j] -= A[i, :i] @ A[:i, j]


def lu_scalar(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return A


def lu_pivoted(A):
    """Right-looking, by slices, with partial pivoting."""
    n = A.shape[0]
    order = np.arange(n)
    sign = 1
    for k in range(n - 1):
        p = k + np.argmax(np.abs(A[k:, k]))
        if A[p, k] == 0:
            raise ValueError("the matrix is singular")
        if p != k:
            for j in range(n):
                A[k, j], A[p, j] = A[p, j], A[k, j]
            order[k], order[p] = order[p], order[k]
            sign = -sign
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= A[k + 1 :, k, np.newaxis] * A[k, k + 1 :]
    return order, sign


def cholesky(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                if s <= 0:
                    raise ValueError("the matrix is not positive definite")
                L[i, i] = sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


def cholesky_in_place(A):
    n = A.shape[0]
    A[0, 0] = np.sqrt(A[0, 0])
    for i in range(1, n):
        for j in range(i):
            A[i, j] -= np.dot(A[i, :j], A[j, :j])
            A[i, j] /= A[j, j]
        A[i, i] -= np.dot(A[i, :i], A[i, :i])
        A[i, i] = np.sqrt(A[i, i])


def forward_substitution(L, b):
    x = np.empty_like(b)
    for i in range(len(b)):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return x


def back_substitution(U, b):
    n = b.shape[0]
    x = b.copy()
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] -= U[i, j] * x[j]
        x[i] /= U[i, i]
    return x


def solve_by_elimination(A, b):
    A = A.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            if A[i, k] == 0:
                continue
            factor = A[i, k] / A[k, k]
            A[i, k:] -= factor * A[k, k:]
            b[i] -= factor * b[k]
    for i in range(n - 1, -1, -1):
        b[i] = (b[i] - np.sum(A[i, i + 1 :] * b[i + 1 :])) / A[i, i]
    return b


def thomas(lower, diagonal, upper, right):
    """A tridiagonal system; the four bands are left as they were."""
    n = diagonal.size
    c = np.zeros(n)
    d = np.zeros(n)
    c[0] = upper[0] / diagonal[0]
    d[0] = right[0] / diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / m
        d[i] = (right[i] - lower[i] * d[i - 1]) / m
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return d


def jacobi(A, b, tolerance, most):
    n = len(b)
    x = np.zeros(n)
    for iteration in range(most):
        new = np.empty(n)
        for i in range(n):
            total = b[i]
            for j in range(n):
                if j != i:
                    total -= A[i, j] * x[j]
            new[i] = total / A[i, i]
        if np.max(np.abs(new - x)) < tolerance:
            return new, iteration + 1
        x = new
    return x, most


def gauss_seidel(A, b, tolerance=1e-9, most=100):
    n = len(b)
    x = np.zeros_like(b)
    sweeps = 0
    while sweeps < most:
        change = 0.0
        for i in range(n):
            before = x[i]
            x[i] = (b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
            change = max(change, abs(x[i] - before))
        sweeps += 1
        if change < tolerance:
            break
    else:
        return x, -1
    return x, sweeps


def power_iteration(A, v, steps):
    for _ in range(steps):
        w = A @ v
        v = w / np.sqrt(np.sum(w * w))
    return v, v @ (A @ v)


def conjugate_gradient(A, b, tolerance):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    old = r @ r
    for k in range(2 * len(b)):
        Ap = A @ p
        alpha = old / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        if np.sqrt(new) < tolerance:
            break
        p = r + (new / old) * p
        old = new
    return x, k


def gram_schmidt(A):
    m, n = A.shape
    Q = np.zeros((m, n))
    R = np.zeros((n, n))
    for k in range(n):
        v = A[:, k].copy()
        for j in range(k):
            R[j, k] = np.sum(Q[:, j] * v)
            v -= R[j, k] * Q[:, j]
        R[k, k] = np.sqrt(np.sum(v * v))
        Q[:, k] = v / R[k, k]
    return Q, R


def gemver(alpha, beta, A, u1, v1, u2, v2, y, z):
    A += np.outer(u1, v1) + np.outer(u2, v2)
    x = beta * (y @ A) + z
    w = alpha * (A @ x)
    return x, w


def gemver_loops(alpha, beta, A, u1, v1, u2, v2, x, y, z, w):
    n = A.shape[0]
    for i in range(n):
        for j in range(n):
            A[i, j] = A[i, j] + u1[i] * v1[j] + u2[i] * v2[j]
    for i in range(n):
        for j in range(n):
            x[i] = x[i] + beta * A[j, i] * y[j]
    for i in range(n):
        x[i] += z[i]
    for i in range(n):
        for j in range(n):
            w[i] += alpha * A[i, j] * x[j]


def atax(A, x):
    return (A @ x) @ A


def syrk(alpha, beta, C, A):
    for i in range(A.shape[0]):
        C[i, : i + 1] *= beta
        for k in range(A.shape[1]):
            C[i, : i + 1] += alpha * A[i, k] * A[: i + 1, k]


def symmetric_product(alpha, A, B, C):
    """Of A only the lower triangle is read."""
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[:i, j] += alpha * B[i, j] * A[i, :i]
            C[i, j] += alpha * B[i, j] * A[i, i] + alpha * np.dot(B[:i, j], A[i, :i])


def covariance(data):
    samples, features = data.shape
    means = np.mean(data, axis=0)
    data -= means
    result = np.zeros((features, features), dtype=data.dtype)
    for i in range(features):
        for j in range(i, features):
            value = (data[:, i] * data[:, j]).sum() / (samples - 1.0)
            result[i, j] = result[j, i] = value
    return result


def determinant(A):
    A = np.array(A)
    n = A.shape[0]
    result = 1.0
    for k in range(n):
        result *= A[k, k]
        if A[k, k] == 0:
            return 0.0
        for i in range(k + 1, n):
            A[i, k + 1 :] -= A[k, k + 1 :] * (A[i, k] / A[k, k])
    return result


def jacobi_rotation_sweeps(A, sweeps):
    """Eigenvalues of a symmetric matrix by plane rotations."""
    n = A.shape[0]
    for _ in range(sweeps):
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-14:
                    continue
                theta = (A[q, q] - A[p, p]) / (2 * A[p, q])
                t = (1.0 if theta >= 0 else -1.0) / (abs(theta) + sqrt(theta * theta + 1))
                c = 1 / sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    left, right = A[k, p], A[k, q]
                    A[k, p] = c * left - s * right
                    A[k, q] = s * left + c * right
                row = A[p, :].copy()
                A[p, :] = c * row - s * A[q, :]
                A[q, :] = s * row + c * A[q, :]
    values = np.empty(n)
    for i in range(n):
        values[i] = A[i, i]
    return values


def matrix(rng, *shape):
    return rng.uniform(-1, 1, shape)


def dominant(rng, n):
    return matrix(rng, n, n) + n * np.eye(n)


def positive(rng, n):
    A = matrix(rng, n, n)
    return A @ A.T + n * np.eye(n)


def vectors(rng, n, count):
    return [matrix(rng, n) for _ in range(count)]


def bands(rng, n):
    return matrix(rng, n), 3 + rng.random(n), matrix(rng, n), matrix(rng, n)


PROGRAMS = [
    program(matrix_product, lambda rng, n: (matrix(rng, n, n + 1), matrix(rng, n + 1, n)), 1, 2, 7, 20),
    program(blocked_matrix_product, lambda rng, n: (matrix(rng, n, n), matrix(rng, n, n), 8), 1, 8, 30),
    program(lu_doolittle, lambda rng, n: (dominant(rng, n),), 1, 2, 9, 30),
    program(lu_scalar, lambda rng, n: (dominant(rng, n),), 1, 2, 9, 20),
    program(lu_pivoted, lambda rng, n: (matrix(rng, n, n),), 1, 2, 9, 30),
    program(cholesky, lambda rng, n: (positive(rng, n),), 1, 2, 9, 25),
    program(cholesky_in_place, lambda rng, n: (positive(rng, n),), 1, 2, 9, 30),
    program(forward_substitution, lambda rng, n: (dominant(rng, n), matrix(rng, n)), 0, 1, 9, 60),
    program(back_substitution, lambda rng, n: (dominant(rng, n), matrix(rng, n)), 0, 1, 9, 50),
    program(solve_by_elimination, lambda rng, n: (dominant(rng, n), matrix(rng, n)), 1, 2, 9, 30),
    program(thomas, bands, 1, 2, 9, 200),
    program(jacobi, lambda rng, n: (dominant(rng, n), matrix(rng, n), 1e-6, 20), 1, 2, 9, 20),
    program(gauss_seidel, lambda rng, n: (dominant(rng, n), matrix(rng, n)), 1, 2, 9, 30),
    program(power_iteration, lambda rng, n: (positive(rng, n), np.ones(n), 12), 1, 2, 9, 40),
    program(conjugate_gradient, lambda rng, n: (positive(rng, n), matrix(rng, n), 1e-5), 1, 2, 9, 40),
    program(gram_schmidt, lambda rng, n: (matrix(rng, n + 2, n),), 1, 2, 9, 25),
    program(gemver, lambda rng, n: (1.5, 1.2, matrix(rng, n, n), *vectors(rng, n, 6)), 1, 9, 40),
    program(gemver_loops, lambda rng, n: (1.5, 1.2, matrix(rng, n, n), *vectors(rng, n, 8)), 1, 9, 40),
    program(atax, lambda rng, n: (matrix(rng, n, n + 3), matrix(rng, n + 3)), 1, 9, 40),
    program(syrk, lambda rng, n: (1.5, 1.2, matrix(rng, n, n), matrix(rng, n, n + 2)), 1, 9, 30),
    program(covariance, lambda rng, n: (matrix(rng, 2 * n + 2, n),), 1, 2, 9, 25),
    program(determinant, lambda rng, n: (matrix(rng, n, n),), 1, 2, 9, 25),
    program(
        symmetric_product,
        lambda rng, n: (1.5, matrix(rng, n, n), matrix(rng, n, n + 1), matrix(rng, n, n + 1)),
        1,
        9,
        25,
    ),
    program(jacobi_rotation_sweeps, lambda rng, n: (positive(rng, n), 2), 1, 2, 5, 10),
]
