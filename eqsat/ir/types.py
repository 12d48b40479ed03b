"""The types of values: scalars, arrays, tuples, None. Dtypes are NumPy's own objects.

Python's int, float, bool and complex are *weak* scalars (NEP 50): they take the dtype of what they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eqsat.ir.dims import Dim

DType = np.dtype


def canonical(dtype: DType) -> DType:
    """One dtype object for each type: `long long` is `long` where both have 64 bits."""
    return np.dtype(dtype.str) if dtype.kind in "iufc" else dtype


def equal_dtypes(dtype: DType) -> tuple[DType, ...]:
    """The dtypes of numbers that NumPy holds equal to this one: itself, and other C types of the same size."""
    everything = (np.dtype(char) for char in "?bBhHiIlLqQefdgFDG")
    return tuple(found for found in everything if found == dtype)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single number. `kind` says what the user's code holds: a Python object or a NumPy scalar."""

    dtype: DType
    kind: Literal["python", "numpy"]

    def __str__(self) -> str:
        python = {"b": "bool", "i": "int", "f": "float", "c": "complex"}
        return python[self.dtype.kind] if self.kind == "python" else f"np.{self.dtype.name}"


Alignment = Literal["aligned", "shifted", "ragged", "unknown"]
"""Whether elements stand at addresses that their dtype asks for; where not, NumPy copies them to a buffer first.

`aligned`: NumPy's flag is set. `shifted`: the first element stands wrong and the strides are multiples of what is asked
for, so that the elements of every view stand wrong as well. `ragged`: some stride is no such multiple, as of a field of
packed records; a slice with steps may be aligned or not: `unknown`.
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """The memory order of an array, as far as results can depend on it.

    `ranks[k]` orders the axes by the size of their strides: 0 for an axis of length one or stride zero, then 1 for
    the fastest, equal numbers for equal strides. `packed`: the elements fill memory without gaps, in that order and
    with positive strides. `unit`: the fastest axis (rank 1) is one element apart. `negative[k]`: the stride of axis
    k is below zero, which shows on an axis of length one too.
    """

    ranks: tuple[int, ...]
    packed: bool
    unit: bool
    negative: tuple[bool, ...]
    alignment: Alignment = "aligned"

    def has_order_of(self, fresh: Layout) -> bool:
        """Whether the elements lie as in the fresh array, without gaps."""
        return self.packed and fresh.packed and self.ranks == fresh.ranks

    @property
    def order(self) -> tuple[int, ...]:
        """All axes from the slowest to the fastest in memory; axes of rank 0 come first, ties in C order."""
        speeds = sorted(range(len(self.ranks)), key=lambda k: (-self.ranks[k] if self.ranks[k] else -(10**9), k))
        return tuple(speeds)

    def __str__(self) -> str:
        ndim = len(self.ranks)
        marks = "" if self.alignment == "aligned" else f":{self.alignment}"
        signs = "".join("-" if n else "+" for n in self.negative)
        if self.packed:
            plain = self.order == tuple(range(ndim)) or ndim < 2
            return f"{'C' if plain else f'order{self.order}'}{signs if any(self.negative) else ''}{marks}".replace(
                " ", ""
            )
        return f"strided{self.ranks}{signs}{'u' if self.unit else ''}{marks}".replace(" ", "")


def packed_layout(shape: tuple[Dim, ...], order: tuple[int, ...]) -> Layout:
    """The layout of a fresh array whose axes, slowest first, are `order`."""
    ranks = [0] * len(order)
    speed = 0
    for axis in reversed(order):
        if not (shape[axis].is_const and shape[axis].const == 1):
            speed += 1
            ranks[axis] = speed
    return Layout(tuple(ranks), True, True, (False,) * len(order))


def c_layout(shape: tuple[Dim, ...]) -> Layout:
    """The layout of a fresh C-ordered array."""
    return packed_layout(shape, tuple(range(len(shape))))


@dataclass(frozen=True, slots=True)
class Array:
    """An `np.ndarray` of `dtype`; `shape` are symbolic dimensions, one of length one is always known as such."""

    dtype: DType
    shape: tuple[Dim, ...]
    layout: Layout

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        dims = ", ".join(map(str, self.shape))
        return f"{self.dtype.name}[{dims}]:{self.layout}"


def part_dtype(dtype: DType) -> DType:
    """The dtype of the real and imaginary parts of complex numbers."""
    return np.dtype(f"f{dtype.itemsize // 2}")


@dataclass(frozen=True, slots=True)
class NoneType:
    """The type of None."""

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of typed values."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.items)) + ")"


Type = Scalar | Array | Tuple | NoneType


def shape_of(type_: Scalar | Array) -> tuple[Dim, ...]:
    """The dimensions; a scalar has none."""
    return type_.shape if isinstance(type_, Array) else ()
