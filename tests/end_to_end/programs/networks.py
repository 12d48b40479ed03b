"""Layers that learn, and graphs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.end_to_end.programs.program import program

FAR = 1_000_000


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def dense_forward(x, w1, b1, w2, b2, w3, b3):
    x = relu(x @ w1 + b1)
    x = relu(x @ w2 + b2)
    return softmax(x @ w3 + b3)


def dense_loops(x, weights, bias):
    out = np.zeros((x.shape[0], weights.shape[1]))
    for i in range(x.shape[0]):
        for j in range(weights.shape[1]):
            total = bias[j]
            for k in range(x.shape[1]):
                total += x[i, k] * weights[k, j]
            out[i, j] = total if total > 0 else 0
    return out


def convolution_layer(images, weights):
    """A window of all channels at a time."""
    k = weights.shape[0]
    batch, height, width, _ = images.shape
    rows, columns = height - k + 1, width - k + 1
    out = np.empty((batch, rows, columns, weights.shape[3]), dtype=images.dtype)
    for i in range(rows):
        for j in range(columns):
            window = images[:, i : i + k, j : j + k, :, np.newaxis]
            out[:, i, j, :] = np.sum(window * weights[np.newaxis, :, :, :], axis=(1, 2, 3))
    return out


def max_pool(x):
    rows, columns = x.shape[1] // 2, x.shape[2] // 2
    out = np.empty((x.shape[0], rows, columns, x.shape[3]), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            out[:, i, j, :] = np.max(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, :], axis=(1, 2))
    return out


def batch_norm(x, gain, bias, running_mean, running_var, momentum=0.1, epsilon=1e-5):
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    running_mean *= 1 - momentum
    running_mean += momentum * mean
    running_var[:] = (1 - momentum) * running_var + momentum * var
    return gain * (x - mean) / np.sqrt(var + epsilon) + bias


def perceptron(x, y, rate, epochs):
    n, d = x.shape
    w = np.zeros(d)
    b = 0.0
    errors = np.zeros(epochs, dtype=np.int64)
    for epoch in range(epochs):
        for i in range(n):
            guess = 1 if np.dot(w, x[i]) + b >= 0 else -1
            if guess != y[i]:
                w += rate * y[i] * x[i]
                b += rate * y[i]
                errors[epoch] += 1
        if errors[epoch] == 0:
            break
    return w, b, errors


def logistic_regression(x, y, rate, steps):
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(x @ w)))
        w -= rate * (x.T @ (p - y)) / len(y)
    loss = -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9))
    return w, loss


def train_two_layers(x, y, w1, w2, rate, steps):
    """Forward, backward, update in place."""
    loss = 0.0
    for _ in range(steps):
        hidden = np.tanh(x @ w1)
        out = hidden @ w2
        error = out - y
        loss = np.mean(error * error)
        back = 2 * error / error.size
        grad2 = hidden.T @ back
        grad1 = x.T @ ((back @ w2.T) * (1 - hidden**2))
        w1 -= rate * grad1
        w2 -= rate * grad2
    return loss


def adam(gradients, rate, beta1, beta2, epsilon):
    m = np.zeros(gradients.shape[1])
    v = np.zeros(gradients.shape[1])
    w = np.zeros(gradients.shape[1])
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        w -= rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return w


def recurrent_cell(inputs, h, w, u, b):
    states = np.empty((len(inputs), len(h)))
    for t in range(len(inputs)):
        h = np.tanh(w @ inputs[t] + u @ h + b)
        states[t] = h
    return states


def attention(q, k, v):
    """Causal: every row sees those before it and itself."""
    n = q.shape[0]
    out = np.empty_like(v)
    for i in range(n):
        score = k[: i + 1] @ q[i] / np.sqrt(q.shape[1])
        weights = np.exp(score - np.max(score))
        weights /= weights.sum()
        out[i] = weights @ v[: i + 1]
    return out


def hopfield(patterns, state, sweeps):
    n = patterns.shape[1]
    W = np.zeros((n, n))
    for p in patterns:
        W += np.outer(p, p)
    for i in range(n):
        W[i, i] = 0
    for _ in range(sweeps):
        changed = False
        for i in range(n):
            new = 1.0 if W[i] @ state >= 0 else -1.0
            if new != state[i]:
                state[i] = new
                changed = True
        if not changed:
            break
    return state


def floyd_warshall(distance):
    n = distance.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if distance[i, k] + distance[k, j] < distance[i, j]:
                    distance[i, j] = distance[i, k] + distance[k, j]
    return distance


def floyd_warshall_rows(path):
    for k in range(path.shape[0]):
        for i in range(path.shape[0]):
            path[i, :] = np.minimum(path[i, :], path[i, k] + path[k, :])


def floyd_warshall_outer(path):
    for k in range(len(path)):
        path[:] = np.minimum(path, path[:, k, None] + path[k])
    return path


def dijkstra(weights, source):
    """On a matrix of weights, where zero means: no edge."""
    n = len(weights)
    distance = np.full(n, np.inf)
    previous = np.full(n, -1)
    done = np.zeros(n, dtype=bool)
    distance[source] = 0
    for _ in range(n):
        u, best = -1, np.inf
        for v in range(n):
            if not done[v] and distance[v] < best:
                u, best = v, distance[v]
        if u < 0:
            break
        done[u] = True
        for v in range(n):
            if weights[u, v] > 0 and not done[v]:
                new = best + weights[u, v]
                if new < distance[v]:
                    distance[v] = new
                    previous[v] = u
    return distance, previous


def bellman_ford(source, target, weight, n, start):
    distance = np.full(n, np.inf)
    distance[start] = 0.0
    for _ in range(n - 1):
        changed = False
        for s, t, w in zip(source, target, weight):
            if distance[s] + w < distance[t]:
                distance[t] = distance[s] + w
                changed = True
        if not changed:
            break
    for k in range(len(source)):
        if distance[source[k]] + weight[k] < distance[target[k]] - 1e-9:
            raise ValueError("there is a cycle of negative weight")
    return distance


def breadth_first(indptr, neighbours, start):
    n = len(indptr) - 1
    level = np.full(n, -1, dtype=np.int32)
    queue = np.zeros(n, dtype=np.int64)
    level[start] = 0
    queue[0] = start
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        for v in neighbours[indptr[u] : indptr[u + 1]]:
            if level[v] < 0:
                level[v] = level[u] + 1
                queue[tail] = v
                tail += 1
    return level


def components(source, target, n):
    """Union and find, with halved paths."""
    parent = np.arange(n)

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    count = n
    for s, t in zip(source, target):
        a, b = find(s), find(t)
        if a != b:
            parent[max(a, b)] = min(a, b)
            count -= 1
    for i in range(n):
        parent[i] = find(i)
    return parent, count


def spanning_tree(weights):
    """Prim's algorithm: the total weight and the tree."""
    n = weights.shape[0]
    in_tree = np.zeros(n, bool)
    cost = np.full(n, np.inf)
    parent = np.full(n, -1)
    cost[0] = 0
    total = 0.0
    for _ in range(n):
        u = int(np.argmin(np.where(in_tree, np.inf, cost)))
        in_tree[u] = True
        total += cost[u]
        better = ~in_tree & (weights[u] < cost)
        cost[better] = weights[u][better]
        parent[better] = u
    return total, parent


def triangles(adjacent):
    count = 0
    n = adjacent.shape[0]
    for i in range(n):
        for j in range(i + 1, n):
            if adjacent[i, j]:
                for k in range(j + 1, n):
                    if adjacent[i, k] and adjacent[j, k]:
                        count += 1
    return count


def transitive_closure(reach):
    n = len(reach)
    for k in range(n):
        for i in range(n):
            if reach[i, k]:
                reach[i] |= reach[k]
    return reach


def topological_order(adjacent):
    n = len(adjacent)
    incoming = np.zeros(n, dtype=np.int64)
    for i in range(n):
        for j in range(n):
            if adjacent[i, j]:
                incoming[j] += 1
    order = np.empty(n, dtype=np.int64)
    placed = 0
    while placed < n:
        for i in range(n):
            if incoming[i] == 0:
                break
        else:
            raise ValueError("there is a cycle")
        incoming[i] = -1
        order[placed] = i
        placed += 1
        for j in range(n):
            if adjacent[i, j]:
                incoming[j] -= 1
    return order


def normal(rng, *shape):
    return rng.standard_normal(shape)


def layers(rng, n):
    sizes = [n, 12, 8, 5]
    parts = [part for a, b in pairwise(sizes) for part in (normal(rng, a, b), normal(rng, b))]
    return normal(rng, 3, n), *parts


def two_classes(rng, n):
    x = normal(rng, n, 3)
    return x, np.where(x @ np.array([1.0, -2.0, 0.5]) + 0.3 > 0, 1, -1)


def labelled(rng, n):
    x, y = two_classes(rng, n)
    return x, (y > 0).astype(float)


def roads(rng, n):
    """Whole numbers, FAR where there is no road."""
    d = np.where(rng.random((n, n)) < 0.4, rng.integers(1, 100, (n, n)), FAR)
    d[np.arange(n), np.arange(n)] = 0
    return d


def edges(rng, n):
    return rng.integers(0, n, 2 * n), rng.integers(0, n, 2 * n)


def adjacency(rng, n):
    source = np.sort(rng.integers(0, n, 2 * n))
    return np.searchsorted(source, np.arange(n + 1)), rng.integers(0, n, 2 * n), n // 2


def symmetric(rng, n):
    w = rng.random((n, n))
    return w + w.T


def signs(rng, *shape):
    return rng.choice([-1.0, 1.0], shape)


PROGRAMS = [
    program(dense_forward, layers, 1, 2, 9, 100),
    program(dense_loops, lambda rng, n: (normal(rng, 4, n), normal(rng, n, 6), normal(rng, 6)), 0, 1, 9, 40),
    program(convolution_layer, lambda rng, n: (normal(rng, 2, n, n, 3), normal(rng, 3, 3, 3, 4)), 3, 4, 12),
    program(max_pool, lambda rng, n: (normal(rng, 2, n, n, 3),), 2, 3, 9, 24),
    program(
        batch_norm,
        lambda rng, n: (normal(rng, n, 5), np.ones(5), np.zeros(5), np.zeros(5), np.ones(5)),
        1,
        2,
        9,
        500,
    ),
    program(perceptron, lambda rng, n: (*two_classes(rng, n), 0.1, 6), 1, 2, 9, 150),
    program(logistic_regression, lambda rng, n: (*labelled(rng, n), 0.5, 12), 1, 2, 9, 500),
    program(
        train_two_layers,
        lambda rng, n: (normal(rng, n, 3), normal(rng, n, 2), normal(rng, 3, 6), normal(rng, 6, 2), 0.05, 8),
        1,
        2,
        9,
        200,
    ),
    program(adam, lambda rng, n: (normal(rng, 10, n), 1e-3, 0.9, 0.999, 1e-8), 1, 2, 9, 500),
    program(
        recurrent_cell,
        lambda rng, n: (normal(rng, n, 4), np.zeros(6), normal(rng, 6, 4), normal(rng, 6, 6) / 3, normal(rng, 6)),
        0,
        1,
        9,
        200,
    ),
    program(attention, lambda rng, n: (normal(rng, n, 8), normal(rng, n, 8), normal(rng, n, 8)), 0, 1, 9, 60),
    program(hopfield, lambda rng, n: (signs(rng, 3, n), signs(rng, n), 3), 1, 2, 9, 60),
    program(floyd_warshall, lambda rng, n: (roads(rng, n),), 0, 1, 2, 9, 18),
    program(floyd_warshall_rows, lambda rng, n: (rng.random((n, n)),), 0, 1, 2, 9, 40),
    program(floyd_warshall_outer, lambda rng, n: (roads(rng, n),), 0, 1, 2, 9, 60),
    program(dijkstra, lambda rng, n: (rng.random((n, n)) * (rng.random((n, n)) < 0.4), 0), 1, 2, 9, 40),
    program(bellman_ford, lambda rng, n: (*edges(rng, n), rng.uniform(0.1, 1, 2 * n), n, 0), 1, 2, 9, 80),
    program(breadth_first, adjacency, 1, 2, 9, 500),
    program(components, lambda rng, n: (*edges(rng, n), n), 1, 2, 9, 300),
    program(spanning_tree, lambda rng, n: (symmetric(rng, n),), 1, 2, 9, 60),
    program(triangles, lambda rng, n: (rng.random((n, n)) < 0.5,), 0, 1, 9, 24),
    program(transitive_closure, lambda rng, n: (rng.random((n, n)) < 0.1,), 0, 1, 9, 40),
    program(topological_order, lambda rng, n: (np.triu(rng.random((n, n)) < 0.3, 1),), 0, 1, 9, 30),
]
