"""A part of a program as source text, with what NumPy will make of it: dtype, kind of object, memory order.

The order in memory decides in which order NumPy reduces, so it is followed through every expression by the rules of
`eqsat.frontend.layout`. Called by the modules of `eqsat.explain` that write code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqsat.explain.literals import ATOM, Kind, Text, dtype_name
from eqsat.frontend.layout import iteration_order
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.types import DType, Layout, packed_layout

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An expression over a space of axes.

    Of an array, `shape` has an entry for every axis of the space, ONE where it is repeated; its own axes are the last
    `ndim` of them. `fresh`: it is new memory, which nothing else refers to. `kind`: of numbers, whose object it is.
    """

    text: Text
    dtype: DType
    kind: Kind
    shape: Shape = ()
    layout: Layout | None = None
    ndim: int = 0
    fresh: bool = False

    @property
    def source(self) -> str:
        return self.text.source

    @property
    def is_array(self) -> bool:
        return self.kind == "array"

    @property
    def negative(self) -> bool:
        """Whether some axis is walked from its end."""
        return self.layout is not None and any(self.layout.negative)

    def covers(self, space: Shape) -> bool:
        """Whether the array has all axes of the space at their length."""
        return self.is_array and self.ndim == len(space) and self.shape == space

    def called(self, name: str) -> Written:
        """The same value under a name."""
        return replace(self, text=Text(name), fresh=False)


def fresh(text: Text, dtype: DType, operands: Sequence[Written], rank: int) -> Written:
    """What an elementwise operation makes of arrays, of which there is one at least."""
    arrays = [one for one in operands if one.is_array]
    shape = list[Dim]([ONE] * rank)
    for one in arrays:
        shape = [mine if theirs == ONE else theirs for mine, theirs in zip(shape, one.shape, strict=True)]
    order = iteration_order([one.layout.ranks for one in arrays if one.layout is not None], rank)
    ndim = max(one.ndim for one in arrays)
    return packed(text, dtype, tuple(shape), order, ndim)


def packed(text: Text, dtype: DType, shape: Shape, order: Sequence[int], ndim: int | None = None) -> Written:
    """A fresh array with this order of its axes."""
    layout = packed_layout(shape, tuple(order))
    return Written(text, dtype, "array", shape, layout, len(shape) if ndim is None else ndim, True)


def as_numpy(one: Written) -> Written:
    """A Python number as a NumPy scalar of its dtype."""
    if one.kind != "python":
        return one
    return replace(one, text=Text(f"{dtype_name(one.dtype)}({one.source})"), kind="numpy")


def as_python(one: Written) -> Written:
    """A NumPy scalar as Python's number."""
    if one.kind == "python":
        return one
    return replace(one, text=Text(f"{one.text.within(ATOM)}.item()"), kind="python")


_EXAMPLES: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}


def operand(one: Written) -> DType | type:
    """What NumPy's promotion is told: Python's numbers are weak, but for bools."""
    if one.kind == "python" and one.dtype.kind in "ifc":
        return _EXAMPLES[one.dtype.kind]
    return one.dtype


def in_order(one: Written, order: Sequence[int]) -> Written:
    """A copy whose axes lie in memory in this order, slowest first; the array covers its space."""
    rank = one.ndim
    order = tuple(order)
    if order == tuple(range(rank)):
        source = f"np.ascontiguousarray({one.source})"
    elif order == tuple(reversed(range(rank))):
        source = f"np.asfortranarray({one.source})"
    else:
        back = tuple(int(k) for k in np.argsort(order))
        source = f"np.ascontiguousarray({one.text.within(ATOM)}.transpose{order}).transpose{back}"
    return packed(Text(source), one.dtype, one.shape, order)


def lies_as(one: Written, shape: Shape, order: Sequence[int]) -> bool:
    """Whether the axes of a packed array lie in this order; axes of length one do not matter."""
    assert one.layout is not None
    return one.layout.packed and one.layout.ranks == packed_layout(shape, tuple(order)).ranks


def spread(one: Written, space: Shape, extents: str) -> Written:
    """The number or array repeated over the space, `extents` in source; a view, which may not be written to then."""
    if one.is_array and one.shape == space:  # only axes of length one are missing, in front
        new = ", ".join(["None"] * (len(space) - one.ndim))
        return replace(one, text=Text(f"{one.text.within(ATOM)}[{new}]"), ndim=len(space), fresh=False)
    source = f"np.broadcast_to({one.source}, {extents})"
    ranks = one.layout.ranks if one.layout is not None else (0,) * len(space)
    negative = one.layout.negative if one.layout is not None else (False,) * len(space)
    return Written(Text(source), one.dtype, "array", space, Layout(ranks, False, False, negative), len(space), False)
