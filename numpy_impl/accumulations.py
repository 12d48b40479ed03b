"""Running sums and products, and differences: `cumsum`, `cumprod`, `diff`.

Called through `numpy_impl.library`. Refused: `out=`, `prepend=` and `append=` of differences.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend import reshaping
from eqsat.frontend.builder import Builder
from eqsat.frontend.layout import result_layout
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, SliceValue, Value
from eqsat.ir.types import Array, DType
from numpy_impl.calls import ABSENT, NONE, array, handler, integer, normal_axis, optional_dtype, refuse
from numpy_impl.casts import supported

_WHOLE = SliceValue(NONE, NONE, NONE)
_TAIL = SliceValue(Known(1), NONE, NONE)
_HEAD = SliceValue(NONE, Known(-1), NONE)


def accumulation(op: str) -> Callable[..., Value]:
    """`np.cumsum` and `np.cumprod`."""

    def function(
        builder: Builder, call: Call, a: Value, axis: Value = NONE, dtype: Value = NONE, out: Value = NONE
    ) -> Value:
        refuse(call, out=out)
        x = array(builder, call, a)
        span = call.span
        if axis == NONE:
            x = x if builder.ndim(x) == 1 else reshaping.ravel(builder, x, "C", span)
            at = 0
        else:
            at = normal_axis(builder, call, axis, builder.ndim(x))
        assert isinstance(x.type, Array)
        wanted = supported(call, optional_dtype(call, dtype) or _summed_dtype(x.type.dtype))
        if x.type.dtype.kind == "c" and wanted.kind not in "cb":
            builder.leave_to_python(span)
        source = builder.coerce(x, wanted, span)
        type_ = Array(wanted, x.type.shape, result_layout([x.type], x.type.shape))
        return builder.library("accumulate", (source,), (op, at), type_, span)

    return function


def _summed_dtype(dtype: DType) -> DType:
    """Small integers and bools are added up as long ones."""
    if dtype.kind in "bi":
        return np.dtype(np.int64)
    return np.dtype(np.uint64) if dtype.kind == "u" else dtype


def diff(
    builder: Builder,
    call: Call,
    a: Value,
    n: Value = Known(1),  # noqa: B008
    axis: Value = Known(-1),  # noqa: B008
    prepend: Value = ABSENT,
    append: Value = ABSENT,
) -> Value:
    """`np.diff`."""
    refuse(call, prepend=(prepend, np._NoValue), append=(append, np._NoValue))
    turns = integer(builder, call, n)
    x = array(builder, call, a)
    if turns < 0:
        raise PythonRaises(f"order must be non-negative but got {turns}", call.span)
    if builder.ndim(x) == 0:
        raise PythonRaises("diff requires input that is at least one dimensional", call.span)
    at = normal_axis(builder, call, axis, builder.ndim(x))
    kind = builder.numeric(x, call.span).dtype.kind
    for _ in range(turns):
        ends = [builder.index(x, (*(_WHOLE,) * at, part, Known(Ellipsis)), call.span) for part in (_TAIL, _HEAD)]
        x = builder.elementwise(np.not_equal if kind == "b" else np.subtract, ends, call.span)
    return x


FUNCTIONS: dict[object, Handler] = {
    np.cumsum: handler(accumulation("add")),
    np.cumprod: handler(accumulation("multiply")),
    np.diff: handler(diff),
}

METHODS: dict[str, Handler] = {
    "cumsum": handler(accumulation("add")),
    "cumprod": handler(accumulation("multiply")),
}
