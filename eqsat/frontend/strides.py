"""How far apart the neighbours along an axis lie, as far as it is known: what reductions ask of a node.

Called by `reduction_order`. A fresh array and a packed argument have strides that are formulas over sizes; of a
strided argument only `Merges` facts can be had; a view scales the strides of what it reads, and the parts of complex
numbers have the strides of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.errors import UnsupportedError
from eqsat.frontend.facts import Facts
from eqsat.ir.dims import Dim, dim, product
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array
from eqsat.ir.view import View, identity


@dataclass(frozen=True, slots=True)
class Origin:
    """The array whose memory a node reads, and the view through which it reads it."""

    base: Node
    view: View


def origin(node: Node) -> Origin:
    """Through views and parts of views, down to an argument, a fresh array, or another shape, which is packed."""
    assert isinstance(node.type, Array)
    view = identity(node.type.ndim)
    while node.op in IN_PLACE and node.op != "reshape":
        if isinstance(node.attr, View):
            view = node.attr.then(view)
        node = node.args[0]
    return Origin(node, view)


def is_one_line(node: Node) -> bool:
    """Whether all axes surely lie as one: of a packed array, and of the parts of its elements."""
    while node.op in ("real", "imag"):
        node = node.args[0]
    assert isinstance(node.type, Array)
    return node.type.layout.packed


def lie_as_one(node: Node, slow: int, fast: int, facts: Facts, span: Span) -> bool:
    """Whether a step along axis `slow` of `node` is as far as all of axis `fast`."""
    assert isinstance(node.type, Array)
    source = origin(node)
    base = source.base.type
    assert isinstance(base, Array)
    walks = {along.axis: (k, along.step) for k, along in enumerate(source.view.axes) if along.axis is not None}
    if slow not in walks or fast not in walks:
        return slow not in walks and fast not in walks  # a repeated axis has stride zero
    (slow_axis, slow_step), (fast_axis, fast_step) = walks[slow], walks[fast]
    reach = node.type.shape[fast] * fast_step
    if base.layout.packed:
        return facts.decide(_ratio(base, slow_axis, fast_axis) * slow_step, "==", reach, span)
    repeated = [base.layout.ranks[k] == 0 for k in (slow_axis, fast_axis)]
    if any(repeated):
        return all(repeated)
    param = source.base.attr  # what a variable holds in a loop has strides of which nothing is known
    merged = facts.merges(param, slow_axis, fast_axis, span) if isinstance(param, int) else None
    if merged is None:
        raise UnsupportedError(
            "the bits of this depend on the strides of an argument, which are not known here",
            span,
            instead="pass a contiguous array: np.ascontiguousarray(x)",
        )
    whole = base.shape[fast_axis] * slow_step
    if merged:
        return facts.decide(whole, "==", reach, span)
    if facts.decide(whole, "==", reach, span):
        return False
    raise UnsupportedError(
        "the order of this sum depends on the strides of an argument and on how it is sliced",
        span,
        instead="pass a contiguous array: np.ascontiguousarray(x)",
    )


def _ratio(base: Array, slow: int, fast: int) -> Dim:
    """How many steps along `fast` one step along `slow` is, in a packed array."""
    order = base.layout.order
    between = order[order.index(slow) + 1 : order.index(fast) + 1]
    return product(tuple(base.shape[k] for k in between)) if between else dim(1)
