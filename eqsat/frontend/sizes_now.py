"""Arithmetic on sizes when the function runs, as nodes: what a bound is clipped to, where an index points.

Called by the builder for sizes that depend on integers which are computed in the function. Refuses nothing.
"""

from __future__ import annotations

import numpy as np

from eqsat.ir.dims import ZERO, Dim
from eqsat.ir.nodes import Node, dim_node
from eqsat.ir.region import Guard, Relation
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar

INT = Scalar(np.dtype(np.int64), "python")
BOOL = Scalar(np.dtype(np.bool_), "python")
_COMPARISONS: dict[Relation, str] = {"==": "py.eq", "!=": "py.ne", ">=": "py.ge", "<": "py.lt"}


def limited(value: Dim, low: Dim, high: Dim, span: Span) -> Node:
    """`min(max(value, low), high)`."""
    node, least, most = (dim_node(size, INT, span) for size in (value, low, high))
    raised = Node("select", (Node("py.lt", (node, least), None, BOOL, span), least, node), None, INT, span)
    return Node("select", (Node("py.gt", (raised, most), None, BOOL, span), most, raised), None, INT, span)


def wrapped(index: Dim, extent: Dim, span: Span) -> Node:
    """The index, from the end if it is negative."""
    node, from_end = dim_node(index, INT, span), dim_node(index + extent, INT, span)
    below = Node("py.lt", (node, dim_node(ZERO, INT, span)), None, BOOL, span)
    return Node("select", (below, from_end, node), None, INT, span)


def steps_in(length: Dim, step: Dim, span: Span) -> Node:
    """How many steps of a positive size fit into a length, a last short one counted."""
    parts = (dim_node(length + step - 1, INT, span), dim_node(step, INT, span))
    return Node("py.floordiv", parts, None, INT, span)


def holds(guard: Guard) -> Node:
    """Whether a relation of sizes holds."""
    sides = (dim_node(guard.left, INT, guard.span), dim_node(guard.right, INT, guard.span))
    return Node(_COMPARISONS[guard.relation], sides, None, BOOL, guard.span)
