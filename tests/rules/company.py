"""Programs for rules that matter in company alone: what they make another rule can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

X, Y = np.linspace(0.5, 2, 1000), np.linspace(-1, 3, 1000)
WHOLE, OTHER = np.arange(1000), np.arange(1000)[::-1].copy()
M = np.linspace(0.5, 2, 2500).reshape(50, 50)


def greater(a, b):
    return (-a) > (-b)


def chosen(a, b):
    return np.where(a < b, b, a)


def fused(a, b):
    return np.exp(a) + b


def reversed_sum(a, b):
    return (a + b)[::-1] * 2.5


def sliced_negative(a, b):
    return np.negative(a)[1:-1] + b[1:-1]


def transposed_twice(a):
    return (np.exp(a).T + 1.5).T


def copied(a):
    return np.exp(a.copy())


def scaled_backwards(a):
    return -((a * 3.0)[::-1])


def cast_twice(a):
    return a.astype(np.float64).astype(np.float32) + np.float32(1.5)


def sign_twice(a):
    return np.sign(np.sign(a)) + 1.5


def mirrored(a, b):
    return (b * a + 1.5) + (a * b.copy() + 1.5)


def zero_added_to_size(a):
    return np.abs(a) + 0.0


def zero_added_to_nonzero(a):
    return np.where(a > 1.0, -2.0, 3.0) + 0.0


def floor_of_rint(a):
    return np.floor(np.rint(a))


def floor_and_trunc(a):
    return np.floor(np.abs(a)) + np.trunc(np.abs(a))


def size_by_choice(a):
    x = np.where(a > 1.0, -2.0, 3.0)
    return np.where(x < 0.0, -x, x)


def size_by_other_choice(a):
    x = np.where(a > 1.0, -2.0, 3.0)
    return np.where(x > 0.0, x, -x)


COMPANY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "greater_to_less": (greater, (X, Y)),
    "less_to_greater": (chosen, (WHOLE, OTHER)),
    "add_zero_to_nonnegative": (zero_added_to_size, (X,)),
    "add_zero_to_nonzero": (zero_added_to_nonzero, (X,)),
    "floor_of_whole": (floor_of_rint, (X,)),
    "floor_of_nonnegative": (floor_and_trunc, (X,)),
    "where_negative_to_absolute_of_nonzero": (size_by_choice, (X,)),
    "where_positive_to_absolute_of_nonzero": (size_by_other_choice, (X,)),
    "fuse_load_of_store": (fused, (X, Y)),
    "move_through_operation": (reversed_sum, (X, Y)),
    "slice_through_quiet_operation": (sliced_negative, (X, Y)),
    "compose_moves": (transposed_twice, (M,)),
    "move_identity": (transposed_twice, (M,)),
    "scalar_broadcasts_itself": (scaled_backwards, (X,)),
    "cast_to_itself": (cast_twice, (X.astype(np.float32),)),
    "cast_of_cast": (cast_twice, (X.astype(np.float32),)),
    "idempotent_operation": (sign_twice, (X,)),
    "commutative_operation": (mirrored, (X, Y)),
}
"""For each rule, a function and its arguments."""
