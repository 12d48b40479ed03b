"""NumPy's broadcasting over symbolic dimensions: which axes repeat is known, which lengths agree is decided.

Called by the builder. An axis of length one is always known as such, so only equality of lengths is ever a guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.errors import PythonRaises
from eqsat.frontend.facts import Facts
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.span import Span
from eqsat.ir.view import Along, View


def broadcast_shapes(shapes: Sequence[tuple[Dim, ...]], facts: Facts, span: Span) -> tuple[Dim, ...]:
    """The common shape; `PythonRaises` where NumPy finds that operands could not be broadcast."""
    ndim = max((len(shape) for shape in shapes), default=0)
    result: list[Dim] = [ONE] * ndim
    for shape in shapes:
        lead = ndim - len(shape)
        for axis, length in enumerate(shape, lead):
            if length == ONE:
                continue
            if result[axis] == ONE:
                result[axis] = length
            elif not facts.decide(result[axis], "==", length, span, expected=True):
                raise PythonRaises(f"operands could not be broadcast together: {result[axis]} and {length}", span)
    return tuple(result)


def broadcast_view(source: tuple[Dim, ...], shape: tuple[Dim, ...]) -> View:
    """How an operand of shape `source` is read over `shape`."""
    lead = len(shape) - len(source)
    return View(
        tuple(Along(None if length == ONE and shape[lead + k] != ONE else lead + k) for k, length in enumerate(source)),
        len(shape),
    )
