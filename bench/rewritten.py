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


REWRITTEN: dict[str, Callable[..., Any]] = {function.__name__: function for function in (sieve, horizontal_diffusion)}
