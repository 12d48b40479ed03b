"""Sparse matrices, index arrays, scattering and gathering."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program


def csr_product(data, indices, indptr, x):
    rows = len(indptr) - 1
    y = np.zeros(rows, dtype=x.dtype)
    for i in range(rows):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            total += data[k] * x[indices[k]]
        y[i] = total
    return y


def csr_product_by_rows(data, indices, indptr, x):
    y = np.empty(indptr.size - 1, data.dtype)
    for i in range(y.size):
        row = slice(indptr[i], indptr[i + 1])
        y[i] = data[row] @ x[indices[row]]
    return y


def csc_product(data, indices, indptr, x, rows):
    y = np.zeros(rows)
    for j in range(len(indptr) - 1):
        start, stop = indptr[j], indptr[j + 1]
        y[indices[start:stop]] += data[start:stop] * x[j]
    return y


def coo_product(values, i, j, x, rows):
    y = np.zeros(rows)
    for k in range(len(values)):
        y[i[k]] += values[k] * x[j[k]]
    return y


def coo_accumulate(values, i, j, out):
    """Entries that occur more than once are added up."""
    np.add.at(out, (i, j), values)
    return out


def coo_to_csr(values, rows, columns, n):
    indptr = np.zeros(n + 1, dtype=np.int64)
    for row in rows:
        indptr[row + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    place = indptr[:-1].copy()
    data = np.empty_like(values)
    indices = np.empty_like(columns)
    for value, row, column in zip(values, rows, columns):
        k = place[row]
        data[k] = value
        indices[k] = column
        place[row] += 1
    return data, indices, indptr


def csr_transpose(data, indices, indptr, columns):
    counts = np.bincount(indices, minlength=columns)
    starts = np.zeros(columns + 1, np.int64)
    starts[1:] = np.cumsum(counts)
    at = starts[:-1].copy()
    new_data, new_indices = np.empty_like(data), np.empty_like(indices)
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            new_data[at[j]], new_indices[at[j]] = data[k], i
            at[j] += 1
    return new_data, new_indices, starts


def csr_jacobi(data, indices, indptr, b, sweeps):
    n = len(b)
    x = np.zeros(n)
    for _ in range(sweeps):
        old = x.copy()
        for i in range(n):
            diagonal = 1.0
            total = b[i]
            for k in range(indptr[i], indptr[i + 1]):
                if (j := indices[k]) == i:
                    diagonal += data[k]
                else:
                    total -= data[k] * old[j]
            x[i] = total / diagonal
    return x, np.abs(x - old).max()


def lower_solve(data, indices, indptr, b):
    """Forward substitution; the last entry of each row is the diagonal."""
    x = b.copy()
    for i in range(len(b)):
        last = indptr[i + 1] - 1
        for k in range(indptr[i], last):
            x[i] -= data[k] * x[indices[k]]
        x[i] /= data[last]
    return x


def page_rank(source, target, n, damping, steps):
    """By index arrays over all links at once."""
    out = np.bincount(source, minlength=n)
    rank = np.full(n, 1.0 / n)
    for _ in range(steps):
        share = np.zeros(n)
        used = out > 0
        share[used] = rank[used] / out[used]
        new = np.zeros(n)
        np.add.at(new, target, share[source])
        lost = rank[~used].sum()
        rank = (1 - damping) / n + damping * (new + lost / n)
    return rank


def page_rank_loops(source, target, n, damping, tolerance):
    out = np.zeros(n, dtype=np.int64)
    for s in source:
        out[s] += 1
    rank = np.ones(n) / n
    change, steps = 1.0, 0
    while change > tolerance:
        new = np.zeros(n)
        lost = 0.0
        for i in range(n):
            if out[i] == 0:
                lost += rank[i]
        for k in range(len(source)):
            new[target[k]] += rank[source[k]] / out[source[k]]
        change = 0.0
        for i in range(n):
            new[i] = (1 - damping) / n + damping * (new[i] + lost / n)
            change += abs(new[i] - rank[i])
        rank = new
        steps += 1
    return rank, steps


def segment_sums(values, segment, count):
    sums = np.zeros(count)
    sizes = np.zeros(count, dtype=np.int64)
    for value, s in zip(values, segment):
        sums[s] += value
        sizes[s] += 1
    means = np.full(count, np.nan)
    filled = sizes > 0
    means[filled] = sums[filled] / sizes[filled]
    return sums, means


def gather_scatter(field, index, weight):
    """Interpolate to particles, then change the field where each of them is the last."""
    at = field[index]
    field[index] = at * weight
    return at


def finite_elements(nodes, elements):
    """The stiffness of linear triangles, assembled from blocks of three by three."""
    n = len(nodes)
    K = np.zeros((n, n))
    for element in elements:
        p = nodes[element]
        b = np.array([p[1, 1] - p[2, 1], p[2, 1] - p[0, 1], p[0, 1] - p[1, 1]])
        c = np.array([p[2, 0] - p[1, 0], p[0, 0] - p[2, 0], p[1, 0] - p[0, 0]])
        area = 0.5 * abs(b[0] * c[1] - b[1] * c[0])
        for i in range(3):
            for j in range(3):
                K[element[i], element[j]] += (b[i] * b[j] + c[i] * c[j]) / (4 * area)
    return K


def scatter_by_fancy(target, index, values):
    """`+=` through an index array: what occurs twice counts once."""
    target[index] += values
    target[index[::-1]] -= 0.5
    target[target < 0] = 0
    return target


def csr(rng, rows, columns):
    """Rows of up to seven entries, some of none, columns in rising order."""
    counts = rng.integers(0, min(7, columns) + 1, rows)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    parts = [np.sort(rng.choice(columns, count, replace=False)) for count in counts]
    indices = np.concatenate([np.empty(0, np.int64), *parts])
    return rng.uniform(-1, 1, indptr[-1]), indices, indptr


def csr_small(rng, n):
    data, indices, indptr = csr(rng, n, n)
    return data / 8, indices, indptr


def lower(rng, n):
    dense = np.where(rng.random((n, n)) < 0.2, rng.uniform(-1, 1, (n, n)), 0.0)
    dense = np.tril(dense, -1) + np.diag(2 + rng.random(n))
    rows, columns = np.nonzero(dense)
    return dense[rows, columns], columns, np.searchsorted(rows, np.arange(n + 1)), rng.random(n)


def links(rng, n):
    return rng.integers(0, n, 3 * n), rng.integers(0, n, 3 * n), n, 0.85


def entries(rng, n):
    return rng.standard_normal(4 * n), rng.integers(0, n, 4 * n), rng.integers(0, n, 4 * n)


def mesh(rng, n):
    """A square of n by n cells, each cut into two triangles, with its nodes shaken."""
    side = np.arange(n + 1.0)
    x, y = np.meshgrid(side, side)
    nodes = np.stack([x.ravel(), y.ravel()], axis=1) + 0.2 * rng.random(((n + 1) ** 2, 2))
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    below = np.stack([corner, corner + 1, corner + n + 1], axis=1)
    above = np.stack([corner + 1, corner + n + 2, corner + n + 1], axis=1)
    return nodes, np.concatenate([below, above])


PROGRAMS = [
    program(csr_product, lambda rng, n: (*csr(rng, n, n + 2), rng.random(n + 2)), 0, 1, 9, 400),
    program(csr_product_by_rows, lambda rng, n: (*csr(rng, n, n + 2), rng.random(n + 2)), 0, 1, 9, 400),
    program(csc_product, lambda rng, n: (*csr(rng, n, n + 2), rng.random(n), n + 2), 0, 1, 9, 400),
    program(coo_product, lambda rng, n: (*entries(rng, n), rng.random(n), n), 1, 9, 300),
    program(coo_accumulate, lambda rng, n: (*entries(rng, n), np.zeros((n, n))), 1, 9, 100),
    program(coo_to_csr, lambda rng, n: (*entries(rng, n), n), 1, 9, 200),
    program(csr_transpose, lambda rng, n: (*csr(rng, n, n + 2), n + 2), 0, 1, 9, 200),
    program(csr_jacobi, lambda rng, n: (*csr_small(rng, n), rng.random(n), 5), 1, 9, 150),
    program(lower_solve, lower, 0, 1, 9, 80),
    program(page_rank, lambda rng, n: (*links(rng, n), 20), 1, 9, 1000),
    program(page_rank_loops, lambda rng, n: (*links(rng, n), 1e-4), 1, 9, 50),
    program(segment_sums, lambda rng, n: (rng.random(n), rng.integers(0, 9, n), 10), 0, 1, 9, 1000),
    program(gather_scatter, lambda rng, n: (rng.random(n), rng.permutation(n), rng.random(n)), 0, 1, 9, 2000),
    program(finite_elements, mesh, 1, 2, 7),
    program(scatter_by_fancy, lambda rng, n: (rng.random(n), rng.integers(0, n, n), rng.random(n)), 1, 9, 2000),
]
