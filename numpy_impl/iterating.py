"""What is looped over element by element: `x.flat`, `np.ndenumerate`, `np.ndindex`.

Called through `numpy_impl.library`. Refused: `x.flat` of a number.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend import iterables
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Flat, Known, TupleValue, Value
from eqsat.ir.dims import ZERO
from numpy_impl.calls import array, handler


def flat(builder: Builder, call: Call, a: Value) -> Value:
    """`x.flat`."""
    return Known(Flat(array(builder, call, a)))


def ndenumerate(builder: Builder, call: Call, arr: Value) -> Value:
    """`np.ndenumerate`, in the head of a loop."""
    return Known(iterables.over_elements(builder, array(builder, call, arr), True, call.span))


def ndindex(builder: Builder, call: Call, *shape: Value) -> Value:
    """`np.ndindex`, in the head of a loop."""
    items = shape
    if len(shape) == 1 and isinstance(shape[0], TupleValue):
        items = shape[0].items
    lengths = tuple(builder.dim(item, call.span) for item in items)
    if not all(builder.decide(length, ">=", ZERO, call.span, expected=True) for length in lengths):
        raise PythonRaises("negative dimensions are not allowed", call.span)
    return Known(iterables.over_indices(builder, lengths, call.span))


FUNCTIONS: dict[object, Handler] = {np.ndenumerate: handler(ndenumerate), np.ndindex: handler(ndindex)}

ATTRIBUTES: dict[str, Handler] = {"flat": handler(flat)}
