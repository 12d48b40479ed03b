"""Elementwise functions: every ufunc of the registry, and what NumPy builds from them.

Called through `numpy_impl.library`. Refused: `where=` and the other keywords of ufuncs but `dtype=` and `out=`.
"""

from __future__ import annotations

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import complex_scalars, power, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, Value
from eqsat.frontend.weak import fits
from eqsat.ir.nodes import Node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.types import Array, Scalar
from numpy_impl.calls import ABSENT, NONE, TRUE, handler, integer, optional_dtype, refuse
from numpy_impl.outputs import into

_KEYWORDS = {
    "where": TRUE,
    "casting": Known("same_kind"),
    "order": Known("K"),
    "dtype": NONE,
    "subok": TRUE,
}


def ufunc_handler(ufunc: np.ufunc) -> Handler:
    """The handler of a ufunc."""

    def handle(builder: Builder, call: Call) -> Value:
        operands, outputs = call.args[: ufunc.nin], call.args[ufunc.nin :]
        if len(operands) < ufunc.nin or len(outputs) > 1:
            raise PythonRaises(f"{call.name} takes {ufunc.nin} arguments", call.span)
        given = dict(call.kwargs)
        if outputs:
            given["out"] = outputs[0]
        dtype, out = optional_dtype(call, given.pop("dtype", NONE)), given.pop("out", NONE)
        for name, value in given.items():
            if name not in _KEYWORDS and name not in ("signature", "sig", "axes", "axis", "keepdims"):
                raise PythonRaises(f"{call.name} has no keyword {name}", call.span)
            default = _KEYWORDS.get(name, NONE)
            refuse(call, **{name: (value, default.value)})
        if ufunc is np.power:
            return into(builder, call, out, power.power(builder, operands, call.span, dtype))
        return into(builder, call, out, builder.elementwise(ufunc, operands, call.span, dtype=dtype))

    return handle


def clip(
    builder: Builder,
    call: Call,
    a: Value,
    a_min: Value = ABSENT,
    a_max: Value = ABSENT,
    out: Value = NONE,
    *,
    min: Value = ABSENT,
    max: Value = ABSENT,
    **kwargs: Value,
) -> Value:
    """`np.clip`, whose bounds have two names each."""
    if a_min is ABSENT and a_max is ABSENT:
        a_min, a_max = (NONE if bound is ABSENT else bound for bound in (min, max))
    elif a_min is ABSENT or a_max is ABSENT or min is not ABSENT or max is not ABSENT:
        raise PythonRaises("clip() takes both a_min and a_max, or min and max", call.span)
    return _clip(builder, call, a, a_min, a_max, out, kwargs)


def clip_method(
    builder: Builder, call: Call, self: Value, min: Value = NONE, max: Value = NONE, out: Value = NONE, **kwargs: Value
) -> Value:
    """`x.clip`."""
    return _clip(builder, call, self, min, max, out, kwargs)


def _clip(
    builder: Builder, call: Call, a: Value, low: Value, high: Value, out: Value, kwargs: dict[str, Value]
) -> Value:
    made = _clipped(builder, call, a, low, high, kwargs)
    return into(builder, call, out, made)


def _clipped(builder: Builder, call: Call, a: Value, low: Value, high: Value, kwargs: dict[str, Value]) -> Value:
    dtype = optional_dtype(call, kwargs.pop("dtype", NONE))
    refuse(call, **kwargs)
    node = builder.node(a, call.span)
    source = builder.numeric(node, call.span).dtype
    if source.kind in "iu":
        low = _bound_within(low, source, False)
        high = _bound_within(high, source, True)
    if low == NONE and high == NONE:
        return builder.elementwise(np.positive, [node], call.span, dtype=dtype)
    if low == NONE:
        return builder.elementwise(np.minimum, [node, high], call.span, dtype=dtype)
    if high == NONE:
        return builder.elementwise(np.maximum, [node, low], call.span, dtype=dtype)
    ufunc = UFUNCS["clip"].ufunc
    assert ufunc is not None
    return builder.elementwise(ufunc, [node, low, high], call.span, dtype=dtype)


def _bound_within(bound: Value, dtype: np.dtype, upper: bool) -> Value:
    """A Python int that no value of an integer dtype can pass is no bound, as in NumPy's `_clip`."""
    if isinstance(bound, Known) and type(bound.value) is int:
        limit = int(np.iinfo(dtype).max if upper else np.iinfo(dtype).min)
        if bound.value >= limit if upper else bound.value <= limit:
            return NONE
        if not fits(bound.value, dtype):
            return bound
    return bound


def conjugate_method(builder: Builder, call: Call, self: Value) -> Value:
    """`x.conj()`: unlike `np.conj`, an array of real numbers itself."""
    node = builder.node(self, call.span)
    if isinstance(node.type, Array) and node.type.dtype.kind != "c":
        return node
    if isinstance(node.type, Scalar) and node.type.kind == "python":
        return _python_conjugate(builder, call, node)
    return builder.elementwise(np.conjugate, [node], call.span)


def _python_conjugate(builder: Builder, call: Call, node: Node) -> Node:
    """Of Python's numbers, which have no `conj`."""
    if call.name.endswith(".conj"):
        raise PythonRaises(f"{node.type} has no attribute conj", call.span)
    if builder.numeric(node, call.span).dtype.kind != "c":
        return python_scalars.to_int(builder, node, call.span) if node.type == python_scalars.BOOL else node
    real, imag = (builder.part(name, node, call.span) for name in ("real", "imag"))
    negated = python_scalars.apply(builder, "usub", [imag], call.span)
    return complex_scalars.of_parts(real, negated, call.span)


def round_(builder: Builder, call: Call, a: Value, decimals: Value = Known(0), out: Value = NONE) -> Value:  # noqa: B008
    """`np.round`: scaled by a power of ten, `np.rint`, and scaled back, as `PyArray_Round` does it."""
    refuse(call, out=out)
    node = builder.node(a, call.span)
    source = builder.numeric(node, call.span)
    places = integer(builder, call, decimals)
    weak = isinstance(source, Scalar) and source.kind == "python"
    if weak or source.dtype.kind not in "iuf" or (source.dtype.kind != "f" and places < 0):
        raise UnsupportedError(f"{call.name} of {source} is not compiled yet", call.span, instead="np.rint(x)")
    if source.dtype.kind != "f":
        return builder.copy(node, "K", call.span) if isinstance(source, Array) else node
    if places == 0:
        return builder.elementwise(np.rint, [node], call.span)
    up, down = (np.multiply, np.true_divide) if places > 0 else (np.true_divide, np.multiply)
    factor = Known(_power_of_ten(abs(places)))
    scaled = builder.elementwise(up, [node, factor], call.span)
    rounded = builder.elementwise(np.rint, [scaled], call.span)
    return builder.elementwise(down, [rounded, factor], call.span)


def _power_of_ten(exponent: int) -> float:
    """NumPy has a table up to 1e8 and multiplies by ten from there."""
    result = 10.0 ** min(exponent, 8)
    for _ in range(exponent - 8):
        result *= 10.0
    return result


FUNCTIONS: dict[object, Handler] = {
    **{op.ufunc: ufunc_handler(op.ufunc) for op in UFUNCS.values() if op.ufunc is not None},
    np.clip: handler(clip),
    np.round: handler(round_),
    np.around: handler(round_),
}

METHODS: dict[str, Handler] = {
    "clip": handler(clip_method),
    "round": handler(round_),
    "conj": handler(conjugate_method),
    "conjugate": handler(conjugate_method),
}
