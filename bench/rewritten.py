"""Programs of the corpus in the words that Numba compiles, by the name of the original; results are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def sieve(n):
    is_prime = np.ones(n + 1, dtype=np.bool_)  # Numba does not know Python's `bool` as a dtype
    is_prime[:2] = False
    i = 2
    while i * i <= n:
        if is_prime[i]:
            is_prime[i * i :: i] = False
        i += 1
    return np.nonzero(is_prime)[0]


def horizontal_diffusion(field, coefficient):
    """Without a mask of three dimensions as an index."""
    lap = 4.0 * field[1:-1, 1:-1, :] - (
        field[2:, 1:-1, :] + field[:-2, 1:-1, :] + field[1:-1, 2:, :] + field[1:-1, :-2, :]
    )
    flux_x = lap[1:, 1:-1] - lap[:-1, 1:-1]
    flux_x = np.where(flux_x * (field[2:-1, 2:-2] - field[1:-2, 2:-2]) > 0, 0.0, flux_x)
    flux_y = lap[1:-1, 1:] - lap[1:-1, :-1]
    flux_y = np.where(flux_y * (field[2:-2, 2:-1] - field[2:-2, 1:-2]) > 0, 0.0, flux_y)
    out = np.copy(field)
    out[2:-2, 2:-2] -= coefficient * (flux_x[1:] - flux_x[:-1] + flux_y[:, 1:] - flux_y[:, :-1])
    return out


def log_sum_exp(x):
    """Without reductions to a maximum along an axis."""
    result = np.empty(x.shape[1])
    for j in range(x.shape[1]):
        largest = x[0, j]
        for i in range(1, x.shape[0]):
            largest = max(largest, x[i, j])
        total = 0.0
        for i in range(x.shape[0]):
            total += np.exp(x[i, j] - largest)
        result[j] = largest + np.log(total)
    return result


def softmax(x):
    """Without `keepdims`."""
    result = np.empty_like(x)
    for i in range(x.shape[0]):
        largest = x[i, 0]
        for j in range(1, x.shape[1]):
            largest = max(largest, x[i, j])
        total = 0.0
        for j in range(x.shape[1]):
            result[i, j] = np.exp(x[i, j] - largest)
            total += result[i, j]
        for j in range(x.shape[1]):
            result[i, j] /= total
    return result


def plain_log_sum_exp(x):
    """The stable form, with loops: what a user of Numba would write."""
    result = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        largest = x[i, 0]
        for j in range(1, x.shape[1]):
            largest = max(largest, x[i, j])
        total = 0.0
        for j in range(x.shape[1]):
            total += np.exp(x[i, j] - largest)
        result[i] = largest + np.log(total)
    return result


def pairwise_distances(x, y):
    """Without an array of three dimensions."""
    result = np.empty((x.shape[0], y.shape[0]))
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = 0.0
            for k in range(x.shape[1]):
                total += (x[i, k] - y[j, k]) ** 2
            result[i, j] = np.sqrt(total)
    return result


REWRITTEN: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (sieve, horizontal_diffusion, log_sum_exp, softmax, plain_log_sum_exp, pairwise_distances)
}
REWRITTEN["plain_softmax"] = softmax
