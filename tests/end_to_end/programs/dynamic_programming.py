"""Tables that are filled from their own earlier entries."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program

INFINITY = 10**9


def edit_distance(a, b):
    m, n = len(a), len(b)
    d = np.zeros((m + 1, n + 1), dtype=np.int64)
    for i in range(m + 1):
        d[i, 0] = i
    for j in range(n + 1):
        d[0, j] = j
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + cost)
    return d[m, n]


def edit_distance_two_rows(a, b):
    before = np.arange(len(b) + 1)
    row = np.empty_like(before)
    for i, x in enumerate(a):
        row[0] = i + 1
        for j, y in enumerate(b):
            row[j + 1] = min(before[j] + (x != y), before[j + 1] + 1, row[j] + 1)
        before, row = row, before
    return int(before[-1])


def common_subsequence(a, b):
    """The length, and one longest common subsequence, traced back through the table."""
    m, n = a.size, b.size
    table = np.zeros((m + 1, n + 1), np.int32)
    for i in range(m):
        for j in range(n):
            if a[i] == b[j]:
                table[i + 1, j + 1] = table[i, j] + 1
            else:
                table[i + 1, j + 1] = max(table[i, j + 1], table[i + 1, j])
    length = int(table[m, n])
    found = np.empty(length, a.dtype)
    i, j, k = m, n, length
    while k > 0:
        if a[i - 1] == b[j - 1]:
            k -= 1
            found[k] = a[i - 1]
            i, j = i - 1, j - 1
        elif table[i - 1, j] >= table[i, j - 1]:
            i -= 1
        else:
            j -= 1
    return length, found


def knapsack(weights, values, capacity):
    best = np.zeros(capacity + 1, dtype=np.int64)
    for i in range(len(weights)):
        w, v = weights[i], values[i]
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


def knapsack_rows(weights, values, capacity):
    """A row at a time; tells which things are packed, too."""
    n = len(weights)
    table = np.zeros((n + 1, capacity + 1))
    for i in range(n):
        w = weights[i]
        table[i + 1] = table[i]
        if w <= capacity:
            table[i + 1, w:] = np.maximum(table[i, w:], table[i, : capacity + 1 - w] + values[i])
    packed = np.zeros(n, dtype=bool)
    left = capacity
    for i in range(n - 1, -1, -1):
        if table[i + 1, left] != table[i, left]:
            packed[i] = True
            left -= weights[i]
    return table[n, capacity], packed


def coin_change(coins, amount):
    fewest = np.full(amount + 1, INFINITY)
    fewest[0] = 0
    for total in range(1, amount + 1):
        for coin in coins:
            if coin <= total and fewest[total - coin] + 1 < fewest[total]:
                fewest[total] = fewest[total - coin] + 1
    return -1 if fewest[amount] >= INFINITY else fewest[amount]


def matrix_chain(sizes):
    n = len(sizes) - 1
    cost = np.zeros((n, n), dtype=np.int64)
    split = np.zeros((n, n), dtype=np.int64)
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i, j] = np.iinfo(np.int64).max
            for k in range(i, j):
                q = cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                if q < cost[i, j]:
                    cost[i, j] = q
                    split[i, j] = k
    return cost[0, n - 1], split


def nussinov(sequence):
    """The most pairs that a strand of bases can fold into."""
    n = sequence.shape[0]
    table = np.zeros((n, n), np.int32)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            if j - 1 >= 0:
                table[i, j] = max(table[i, j], table[i, j - 1])
            if i + 1 < n:
                table[i, j] = max(table[i, j], table[i + 1, j])
            if j - 1 >= 0 and i + 1 < n:
                pair = sequence[i] + sequence[j] == 3 and i < j - 1
                table[i, j] = max(table[i, j], table[i + 1, j - 1] + (1 if pair else 0))
            for k in range(i + 1, j):
                table[i, j] = max(table[i, j], table[i, k] + table[k + 1, j])
    return table


def viterbi(observations, start, transition, emission):
    """The most likely path of a hidden Markov model, in logarithms, by loops."""
    steps, states = len(observations), start.shape[0]
    score = np.full((steps, states), -np.inf)
    back = np.zeros((steps, states), dtype=np.int64)
    for s in range(states):
        score[0, s] = start[s] + emission[s, observations[0]]
    for t in range(1, steps):
        for s in range(states):
            for r in range(states):
                candidate = score[t - 1, r] + transition[r, s]
                if candidate > score[t, s]:
                    score[t, s] = candidate
                    back[t, s] = r
            score[t, s] += emission[s, observations[t]]
    path = np.zeros(steps, dtype=np.int64)
    path[-1] = np.argmax(score[-1])
    for t in range(steps - 2, -1, -1):
        path[t] = back[t + 1, path[t + 1]]
    return path, score[-1].max()


def viterbi_by_rows(observations, start, transition, emission):
    score = start + emission[:, observations[0]]
    for symbol in observations[1:]:
        score = np.max(score[:, None] + transition, axis=0) + emission[:, symbol]
    return score


def forward_algorithm(observations, start, transition, emission):
    alpha = np.exp(start) * np.exp(emission[:, observations[0]])
    log_likelihood = 0.0
    for t in range(1, len(observations)):
        scale = alpha.sum()
        log_likelihood += np.log(scale)
        alpha = (alpha / scale) @ np.exp(transition) * np.exp(emission[:, observations[t]])
    return log_likelihood + np.log(alpha.sum())


def smith_waterman(a, b, match=2, mismatch=-1, gap=-1):
    """The best local alignment's score, and where it ends."""
    H = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int32)
    best, best_i, best_j = 0, 0, 0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            diagonal = H[i - 1, j - 1] + (match if a[i - 1] == b[j - 1] else mismatch)
            H[i, j] = max(0, diagonal, H[i - 1, j] + gap, H[i, j - 1] + gap)
            if H[i, j] > best:
                best, best_i, best_j = H[i, j], i, j
    return best, best_i, best_j


def needleman_wunsch(a, b, gap):
    m, n = len(a), len(b)
    score = np.empty((m + 1, n + 1))
    score[:, 0] = -gap * np.arange(m + 1)
    score[0, :] = -gap * np.arange(n + 1)
    for i in range(m):
        for j in range(n):
            same = 1.0 if a[i] == b[j] else -1.0
            score[i + 1, j + 1] = max(score[i, j] + same, max(score[i, j + 1], score[i + 1, j]) - gap)
    return score


def time_warping(x, y, window):
    n, m = len(x), len(y)
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(max(1, i - window), min(m, i + window) + 1):
            distance = abs(x[i - 1] - y[j - 1])
            cost[i, j] = distance + min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
    return cost[n, m]


def longest_increasing(x):
    n = len(x)
    if n == 0:
        return 0
    length = np.ones(n, dtype=np.int64)
    for i in range(1, n):
        for j in range(i):
            if x[j] < x[i] and length[j] + 1 > length[i]:
                length[i] = length[j] + 1
    return length.max()


def maximum_subarray(x):
    """Kadane's algorithm, with the bounds."""
    best = here = x[0]
    start = first = last = 0
    for i in range(1, len(x)):
        if here < 0:
            here = x[i]
            start = i
        else:
            here += x[i]
        if here > best:
            best, first, last = here, start, i
    return best, first, last + 1


def grid_paths(blocked):
    rows, columns = blocked.shape
    ways = np.zeros((rows, columns), dtype=np.int64)
    if blocked[0, 0] or blocked[-1, -1]:
        return 0
    ways[0, 0] = 1
    for i in range(rows):
        for j in range(columns):
            if blocked[i, j]:
                continue
            if i > 0:
                ways[i, j] += ways[i - 1, j]
            if j > 0:
                ways[i, j] += ways[i, j - 1]
    return int(ways[rows - 1, columns - 1])


def seam(energy):
    """The path of least energy from top to bottom: rows at a time, then traced back."""
    rows, columns = energy.shape
    total = energy.copy()
    for i in range(1, rows):
        least = total[i - 1].copy()
        least[1:] = np.minimum(least[1:], total[i - 1, :-1])
        least[:-1] = np.minimum(least[:-1], total[i - 1, 1:])
        total[i] += least
    path = np.zeros(rows, dtype=np.intp)
    path[-1] = np.argmin(total[-1])
    for i in range(rows - 2, -1, -1):
        low = max(path[i + 1] - 1, 0)
        high = min(path[i + 1] + 2, columns)
        path[i] = low + np.argmin(total[i, low:high])
    return path


def letters(rng, n):
    return rng.integers(0, 4, n)


def things(rng, n):
    return rng.integers(1, 20, n), rng.integers(1, 100, n), 5 * n


def hidden_markov(rng, n):
    states, symbols = 4, 6
    parts = (rng.random(states), rng.random((states, states)), rng.random((states, symbols)))
    return (rng.integers(0, symbols, n), *(np.log(part / part.sum(axis=-1, keepdims=True)) for part in parts))


PROGRAMS = [
    program(edit_distance, lambda rng, n: (letters(rng, n), letters(rng, n + 2)), 0, 1, 9, 50),
    program(edit_distance_two_rows, lambda rng, n: (letters(rng, n), letters(rng, n + 2)), 0, 1, 9, 50),
    program(common_subsequence, lambda rng, n: (letters(rng, n), letters(rng, n + 2)), 0, 1, 9, 50),
    program(knapsack, things, 1, 9, 20),
    program(knapsack_rows, things, 1, 9, 60),
    program(coin_change, lambda rng, n: (np.array([1, 5, 12, 25]), n), 0, 1, 9, 500),
    program(matrix_chain, lambda rng, n: (rng.integers(5, 50, n + 1),), 1, 2, 9, 24),
    program(nussinov, lambda rng, n: (letters(rng, n),), 0, 1, 9, 30),
    program(viterbi, hidden_markov, 1, 2, 9, 80),
    program(viterbi_by_rows, hidden_markov, 1, 2, 9, 300),
    program(forward_algorithm, hidden_markov, 1, 2, 9, 300),
    program(smith_waterman, lambda rng, n: (letters(rng, n), letters(rng, n + 3)), 0, 1, 9, 40),
    program(needleman_wunsch, lambda rng, n: (letters(rng, n), letters(rng, n + 3), 0.6), 0, 1, 9, 40),
    program(time_warping, lambda rng, n: (rng.random(n), rng.random(n), 6), 0, 1, 9, 100),
    program(longest_increasing, lambda rng, n: (rng.random(n),), 0, 1, 9, 100),
    program(maximum_subarray, lambda rng, n: (rng.standard_normal(n),), 1, 2, 9, 2000),
    program(grid_paths, lambda rng, n: (rng.random((n, n + 1)) < 0.1,), 1, 2, 9, 20),
    program(seam, lambda rng, n: (rng.random((n, n + 4)),), 1, 2, 9, 60),
]
