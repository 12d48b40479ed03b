"""Masks: how many elements are true, and where.

The count is a size that is computed in the function. Called by `fancy` and by `numpy_impl`; refuses nothing.
"""

from __future__ import annotations

import numpy as np

from eqsat.frontend import reduction
from eqsat.frontend.builder import Builder
from eqsat.frontend.values import Known, SliceValue
from eqsat.ir.dims import Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, packed_layout

_INT64 = np.dtype(np.int64)
_WHOLE = SliceValue(Known(None), Known(None), Known(None))


def count_nonzero(builder: Builder, mask: Node, span: Span) -> Node:
    """How many elements of an array of bools are true, as a Python int."""
    axes = tuple(range(builder.ndim(mask)))
    return builder.python_int(reduction.reduce(builder, "add", mask, axes, False, None, span), span)


def places(builder: Builder, mask: Node, span: Span, order: tuple[int, int] = (1, 0)) -> tuple[Node, Dim]:
    """`nonzero()` of an array of bools with axes: a row for each axis, and the number of columns.

    In memory a column is one piece, as NumPy has it, unless `order` says otherwise.
    """
    rank = builder.ndim(mask)
    today = 1
    for length in builder.shape(mask, span):
        today *= builder.facts.today(length)
    count = builder.number(count_nonzero(builder, mask, span), max(today // 2, 1))
    builder.facts.assume_length(count)
    shape = (dim(rank), count)
    type_ = Array(_INT64, shape, packed_layout(shape, order))
    return builder.library("nonzero", (mask,), None, type_, span), count


def nonzero(builder: Builder, mask: Node, span: Span) -> tuple[Node, ...]:
    """The rows, one array for each axis."""
    found, _ = places(builder, mask, span)
    return tuple(builder.index(found, (Known(axis), _WHOLE), span) for axis in range(builder.ndim(mask)))
