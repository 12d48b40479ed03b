"""Which results are views of parameters that can be told before the run: by formulas over the function's own sizes.

A view whose place depends on an integer that is computed in the run, or on the way that was taken, is none of them: the
run says where it lies (`lowering.frame.Made`). Called by `lowering.frame` and `lowering.results`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsat.ir.body import LOCAL
from eqsat.ir.dims import Dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import IN_PLACE, NO_MAPS, Node
from eqsat.ir.types import Array, DType
from eqsat.ir.view import View, identity


@dataclass(frozen=True, slots=True)
class Window:
    """A view of array parameter `param`, or of the parts of its complex numbers that stand at `offset` bytes."""

    param: int
    view: View
    shape: tuple[Dim, ...]
    part: DType | None = None
    offset: int = 0


def window_of(node: Node) -> Window | None:
    """What of which parameter a node is a view of, if that is known."""
    if node.op not in IN_PLACE or not isinstance(node.type, Array):
        return None
    shape, view, part, offset = node.type.shape, identity(node.type.ndim), None, 0
    while node.op in IN_PLACE:
        if node.op in NO_MAPS:
            return None
        assert isinstance(node.type, Array)
        if isinstance(node.attr, View):
            view = node.attr.then(view)
        else:
            part, offset = node.type.dtype, node.type.dtype.itemsize if node.op == "imag" else 0
        node = node.args[0]
    if node.op != "param" or has_local((*shape, *(along.start for along in view.axes))):
        return None
    assert isinstance(node.attr, int)
    return Window(node.attr, view, shape, part, offset)


def has_local(sizes: Iterable[Dim]) -> bool:
    """Whether any size depends on an integer that is computed in the run."""
    return any(symbol.param >= LOCAL for size in sizes for symbol in symbols(size))
