"""Groups in data, and other statistics of tables."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program


def k_means(points, centres, most):
    """Lloyd's algorithm, in loops; ends when no point moves to another group."""
    n, d = points.shape
    k = centres.shape[0]
    labels = np.full(n, -1, dtype=np.int64)
    for iteration in range(most):
        moved = 0
        for i in range(n):
            best, nearest = np.inf, 0
            for c in range(k):
                distance = 0.0
                for j in range(d):
                    distance += (points[i, j] - centres[c, j]) ** 2
                if distance < best:
                    best, nearest = distance, c
            if labels[i] != nearest:
                labels[i] = nearest
                moved += 1
        if moved == 0:
            break
        sums = np.zeros((k, d))
        counts = np.zeros(k)
        for i in range(n):
            sums[labels[i]] += points[i]
            counts[labels[i]] += 1
        for c in range(k):
            if counts[c] > 0:
                centres[c] = sums[c] / counts[c]
    return labels, iteration


def k_means_arrays(points, centres, steps):
    for _ in range(steps):
        distances = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        labels = np.argmin(distances, axis=1)
        for c in range(len(centres)):
            members = labels == c
            if members.any():
                centres[c] = points[members].mean(axis=0)
    return centres, labels


def farthest_points(points, k):
    """Every next one is as far as possible from those already chosen."""
    chosen = np.empty(k, dtype=np.int64)
    chosen[0] = 0
    distance = np.sum((points - points[0]) ** 2, axis=1)
    for i in range(1, k):
        chosen[i] = np.argmax(distance)
        distance = np.minimum(distance, np.sum((points - points[chosen[i]]) ** 2, axis=1))
    return chosen, np.sqrt(distance.max())


def mean_shift(x, width, tolerance):
    modes = x.copy()
    for i in range(len(x)):
        while True:
            weights = np.exp(-0.5 * ((x - modes[i]) / width) ** 2)
            new = np.sum(weights * x) / np.sum(weights)
            change = abs(new - modes[i])
            modes[i] = new
            if change < tolerance:
                break
    return modes


def mixture(x, means, sigmas, weights, steps):
    """Expectation and maximization for normal distributions in one dimension."""
    k = len(means)
    r = np.zeros((len(x), k))
    for _ in range(steps):
        for c in range(k):
            r[:, c] = weights[c] / sigmas[c] * np.exp(-((x - means[c]) ** 2) / (2 * sigmas[c] ** 2))
        r /= r.sum(axis=1, keepdims=True)
        for c in range(k):
            total = r[:, c].sum()
            weights[c] = total / len(x)
            means[c] = (r[:, c] * x).sum() / total
            sigmas[c] = np.sqrt((r[:, c] * (x - means[c]) ** 2).sum() / total) + 1e-3
    return r.argmax(axis=1)


def dbscan(points, radius, least):
    n = len(points)
    labels = np.zeros(n, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    cluster = 0
    for start in range(n):
        if labels[start] != 0:
            continue
        near = np.sum((points - points[start]) ** 2, axis=1) <= radius**2
        if near.sum() < least:
            labels[start] = -1
            continue
        cluster += 1
        labels[start] = cluster
        head, tail = 0, 0
        for j in range(n):
            if near[j] and labels[j] <= 0:
                labels[j] = cluster
                queue[tail] = j
                tail += 1
        while head < tail:
            i = queue[head]
            head += 1
            near = np.sum((points - points[i]) ** 2, axis=1) <= radius**2
            if near.sum() < least:
                continue
            for j in range(n):
                if near[j] and labels[j] <= 0:
                    if labels[j] == 0 and tail < n:
                        queue[tail] = j
                        tail += 1
                    labels[j] = cluster
    return labels, cluster


def single_linkage(distances):
    """Merge the two nearest groups again and again; the heights at which they merge."""
    d = distances.copy()
    n = len(d)
    alive = np.ones(n, dtype=bool)
    heights = np.zeros(n - 1)
    for step in range(n - 1):
        best = np.inf
        a = b = -1
        for i in range(n):
            if not alive[i]:
                continue
            for j in range(i + 1, n):
                if alive[j] and d[i, j] < best:
                    best, a, b = d[i, j], i, j
        heights[step] = best
        d[a, :] = np.minimum(d[a, :], d[b, :])
        d[:, a] = d[a, :]
        alive[b] = False
    return heights


def nearest_class(train, classes, test, k):
    """k nearest neighbours, with a small sorted list for each test point."""
    out = np.zeros(len(test), dtype=np.int64)
    for t in range(len(test)):
        nearest = np.full(k, np.inf)
        votes_of = np.zeros(k, dtype=np.int64)
        for i in range(len(train)):
            d = np.sum(np.abs(train[i] - test[t]))
            if d >= nearest[-1]:
                continue
            place = k - 1
            while place > 0 and nearest[place - 1] > d:
                nearest[place] = nearest[place - 1]
                votes_of[place] = votes_of[place - 1]
                place -= 1
            nearest[place], votes_of[place] = d, classes[i]
        votes = np.zeros(3, dtype=np.int64)
        for v in votes_of:
            votes[v] += 1
        out[t] = np.argmax(votes)
    return out


def pairwise_distances(points):
    n, d = points.shape
    out = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(d):
                difference = points[i, k] - points[j, k]
                total += difference * difference
            out[i, j] = np.sqrt(total)
    return out


def confusion(truth, guess, classes):
    matrix = np.zeros((classes, classes), dtype=np.int64)
    for t, g in zip(truth, guess):
        matrix[t, g] += 1
    right = 0
    for c in range(classes):
        right += matrix[c, c]
    return matrix, right / max(len(truth), 1)


def outliers_removed(x, limit):
    """Clip to the mean of what is left, until nothing is out."""
    keep = np.ones(len(x), dtype=bool)
    rounds = 0
    while True:
        mean = x[keep].mean()
        sigma = x[keep].std()
        bad = keep & (np.abs(x - mean) > limit * sigma)
        if not bad.any():
            return mean, sigma, rounds
        keep[bad] = False
        rounds += 1


def points_of(rng, n, d=2):
    return rng.integers(0, 3, (n, 1)) * 2.0 + 0.5 * rng.standard_normal((n, d))


def distances_of(rng, n):
    p = points_of(rng, n)
    return np.sqrt(((p[:, None] - p[None]) ** 2).sum(-1))


def starts(n, d=2):
    return np.linspace(0, 4, 3)[:, None] * np.ones(d)


PROGRAMS = [
    program(k_means, lambda rng, n: (points_of(rng, n), starts(n), 8), 1, 2, 9, 60),
    program(k_means_arrays, lambda rng, n: (points_of(rng, n), starts(n), 5), 1, 2, 9, 400),
    program(farthest_points, lambda rng, n: (points_of(rng, n), min(n, 9)), 1, 2, 9, 400),
    program(mean_shift, lambda rng, n: (points_of(rng, n, 1)[:, 0], 0.4, 1e-3), 0, 1, 9, 30),
    program(
        mixture,
        lambda rng, n: (points_of(rng, n, 1)[:, 0], np.linspace(0, 4, 3), np.ones(3), np.ones(3) / 3, 5),
        2,
        9,
        400,
    ),
    program(dbscan, lambda rng, n: (points_of(rng, n), 0.3, 4), 0, 1, 9, 100),
    program(single_linkage, lambda rng, n: (distances_of(rng, n),), 1, 2, 9, 24),
    program(
        nearest_class, lambda rng, n: (points_of(rng, n), rng.integers(0, 3, n), points_of(rng, 5), 3), 0, 1, 9, 150
    ),
    program(pairwise_distances, lambda rng, n: (points_of(rng, n, 3),), 0, 1, 9, 40),
    program(confusion, lambda rng, n: (rng.integers(0, 5, n), rng.integers(0, 5, n), 5), 0, 1, 9, 1000),
    program(outliers_removed, lambda rng, n: (rng.standard_normal(n) ** 3, 2.5), 1, 2, 9, 1000),
]
