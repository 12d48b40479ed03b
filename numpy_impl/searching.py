"""Places in sorted vectors: `searchsorted`.

Called through `numpy_impl.library`. Refused: complex numbers, and a `sorter`.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, Value
from eqsat.ir.dims import ONE
from eqsat.ir.types import Array, Scalar, c_layout, canonical
from numpy_impl.calls import NONE, array, handler, refuse
from numpy_impl.creation import repeated
from numpy_impl.selecting import operand

_INT64 = np.dtype(np.int64)


def searchsorted(
    builder: Builder,
    call: Call,
    a: Value,
    v: Value,
    side: Value = Known("left"),  # noqa: B008
    sorter: Value = NONE,
) -> Value:
    """`np.searchsorted`: Python's numbers count as int64 or float64 here."""
    refuse(call, sorter=sorter)
    if not isinstance(side, Known) or side.value not in ("left", "right"):
        raise PythonRaises("search side must be 'left' or 'right'", call.span)
    span = call.span
    vector, sought = array(builder, call, operand(builder, call, a)), operand(builder, call, v)
    if builder.ndim(vector) != 1:
        raise PythonRaises("object too deep for desired array", span)
    dtype = canonical(np.promote_types(builder.numeric(vector, span).dtype, builder.numeric(sought, span).dtype))
    if dtype.kind not in "biuf":
        raise UnsupportedError(f"{call.name} of {dtype} is not compiled", span)
    if isinstance(sought.type, Scalar) or not builder.ndim(sought):
        number = sought if isinstance(sought.type, Scalar) else builder.element(sought, span)
        sought = repeated(builder, call, number, (ONE,), dtype, c_layout((ONE,)))
        type_ = Array(_INT64, (ONE,), c_layout((ONE,)))
        operands = (builder.coerce(vector, dtype, span), sought)
        return builder.index(builder.library("searchsorted", operands, side.value, type_, span), (Known(0),), span)
    shape = builder.shape(sought, span)
    operands = (builder.coerce(vector, dtype, span), builder.coerce(sought, dtype, span))
    return builder.library("searchsorted", operands, side.value, Array(_INT64, shape, c_layout(shape)), span)


FUNCTIONS: dict[object, Handler] = {np.searchsorted: handler(searchsorted)}

METHODS: dict[str, Handler] = {"searchsorted": handler(searchsorted)}
