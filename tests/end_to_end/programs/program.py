"""A numerical program of the corpus: the function as its user writes it, and arguments of any size for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Program:
    """`arguments(n)` makes the same arguments at each call, new arrays every time, as most programs write into them.

    `n` is the length, the side or the number of things that the program is about, not a number of bytes: what a
    program costs may grow with its cube. `sizes` are those at which plain Python takes well under a second.
    `single`: the arguments make sense in float32 as well.
    """

    name: str
    function: Callable[..., Any]
    arguments: Callable[[int], tuple[Any, ...]]
    sizes: tuple[int, ...]
    single: bool = True

    def arguments_of(self, n: int, dtype: Any) -> tuple[Any, ...]:
        """The arguments with their floats, real and complex, of the precision of `dtype`; integers stay."""
        kinds = {"f": np.dtype(dtype), "c": np.result_type(dtype, np.complex64)}
        return tuple(
            value.astype(kinds[value.dtype.kind])
            if isinstance(value, np.ndarray) and value.dtype.kind in kinds
            else value
            for value in self.arguments(n)
        )

    def has_floats(self) -> bool:
        """Among the arguments is an array of floats, so that there are precisions to choose from."""
        given = self.arguments(self.sizes[0])
        return any(isinstance(value, np.ndarray) and value.dtype.kind in "fc" for value in given)


def program(function: Callable[..., Any], arguments: Callable[..., Any], *sizes: int, single: bool = True) -> Program:
    """A program by the name of its function; `arguments(rng, n)` draws from a generator that is seeded by `n`."""

    def drawn(n: int) -> tuple[Any, ...]:
        return tuple(arguments(np.random.default_rng(abs(n)), n))

    return Program(function.__name__, function, drawn, sizes, single)
