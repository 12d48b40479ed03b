"""Whether an array lies in one piece of memory, in C or Fortran order, as NumPy's flags say it.

Where that depends on sizes it is decided, and so a guard or a check. Called by `products` and `reshaping`; strides that
are not known are refused by `lie_as_one`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from eqsat.frontend.builder import Builder
from eqsat.frontend.strides import lie_as_one
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array


def is_contiguous(builder: Builder, x: Node, order: Literal["C", "F"], span: Span) -> bool:
    """Whether the elements of `x` follow one another in this order."""
    assert isinstance(x.type, Array)
    layout, shape = x.type.layout, x.type.shape
    axes = [k for k in range(x.type.ndim) if shape[k] != ONE]
    if order == "F":
        axes.reverse()
    if not axes:
        return True
    ranks = [layout.ranks[k] for k in axes]
    if layout.packed:
        return ranks == sorted(ranks, reverse=True) and 0 not in ranks
    if not layout.unit or any(layout.negative[k] or not layout.ranks[k] for k in axes) or ranks[-1] != 1:
        return False
    if ranks != sorted(ranks, reverse=True):
        return False
    return all(lie_as_one(x, slow, fast, builder.facts, span) for slow, fast in pairwise(axes))
