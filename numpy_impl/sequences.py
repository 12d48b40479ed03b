"""Regular sequences and matrices: `arange`, `linspace`, `eye`, `tri` and their like; and memory as it comes.

Called through `numpy_impl.library`. NumPy computes `start + k * delta` in the dtype of the result, where `delta` is the
difference of the first two elements. Refused: half precision and complex sequences, arrays as ends.
"""

from __future__ import annotations

from typing import Any
from typing import cast as typed

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import operators, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.body import Write
from eqsat.ir.dims import ONE, ZERO, Dim, dim
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, c_layout, canonical
from numpy_impl.calls import FALSE, NONE, TRUE, array, handler, integer, known_bool, optional_dtype, order_of, refuse
from numpy_impl.casts import supported
from numpy_impl.creation import layout_of, shape_given

_WHOLE = SliceValue(NONE, NONE, NONE)
_INT64, _FLOAT64, _BOOL = np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.bool_)
_SEQUENCES = "bhilqBHILQfd"
_ONE = Known(1)


def iota(builder: Builder, start: Node, delta: Node, count: Dim, span: Span) -> Node:
    """`start + k * delta` for `k` below `count`, in the dtype of both."""
    dtype = builder.numeric(start, span).dtype
    shape = (ONE if builder.facts.is_one(count, span) else count,)
    return builder.library("iota", (start, delta), None, Array(dtype, shape, c_layout(shape)), span)


def counted(builder: Builder, count: Dim, dtype: DType, span: Span) -> Node:
    """`0, 1, 2, ...`."""
    return iota(builder, builder.constant(0, dtype, span), builder.constant(1, dtype, span), count, span)


# Ranges ---------------------------------------------------------------------------------------------------------


def arange(
    builder: Builder,
    call: Call,
    start_or_stop: Value,
    /,
    stop: Value = NONE,
    step: Value = _ONE,
    *,
    dtype: Value = NONE,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.arange`."""
    refuse(call, device=device, like=like)
    first, last = (Known(0), start_or_stop) if stop == NONE else (start_or_stop, stop)
    step = _ONE if step == NONE else step
    ends = [_number(builder, call, value) for value in (first, last, step)]
    found = canonical(np.arange(*(_sample(builder, call, value) for value in (first, last, step))).dtype)
    wanted = optional_dtype(call, dtype) or found
    if wanted.char not in _SEQUENCES or (found.kind == "f" and wanted.kind != "f"):
        raise UnsupportedError(f"{call.name} of {wanted} is not compiled yet", call.span)
    if found.kind == "f":
        return _range_of_floats(builder, call, (first, last, step), wanted)
    return _range_of_ints(builder, call, ends, wanted)


def _number(builder: Builder, call: Call, value: Value) -> Value:
    node = builder.node(value, call.span)
    if isinstance(node.type, Array) or builder.numeric(node, call.span).dtype.kind not in "iuf":
        raise UnsupportedError(f"{call.name} takes ints and floats here", call.span, f"have: {node.type}")
    return value


def _sample(builder: Builder, call: Call, value: Value) -> Any:
    """A number of the type of the value, for NumPy to find the dtype of the result."""
    type_ = builder.numeric(builder.node(value, call.span), call.span)
    one = type_.dtype.type(1)
    return one.item() if isinstance(type_, Scalar) and type_.kind == "python" else one


def _range_of_ints(builder: Builder, call: Call, ends: list[Value], dtype: DType) -> Node:
    span = call.span
    first, last, stride = (builder.dim(value, span) for value in ends)
    step = stride.const if stride.is_const else builder.static_int(ends[2], span)
    if step == 0:
        raise PythonRaises("arange: division by zero", span)
    reach = last - first if step > 0 else first - last
    size = abs(step)
    count = (reach + (size - 1)) // size if builder.decide(reach, ">=", ZERO, span, expected=True) else ZERO
    start = builder.cast(builder.size_node(first, span), dtype, span)
    return iota(builder, start, builder.cast(builder.node(Known(step), span), dtype, span), count, span)


def _range_of_floats(builder: Builder, call: Call, ends: tuple[Value, Value, Value], dtype: DType) -> Node:
    span = call.span
    if all(isinstance(value, Known) for value in ends):
        first, last, step = (typed(Any, value.value) for value in ends if isinstance(value, Known))
        try:
            count = len(np.arange(first, last, step))
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            raise PythonRaises(str(error), span) from error
        start, following = dtype.type(first), dtype.type(first + step)
        return iota(
            builder,
            builder.constant(start, dtype, span),
            builder.constant(following - start, dtype, span),
            dim(count),
            span,
        )
    first, last, step = ends
    reach = builder.node(operators.apply(builder, "sub", [last, first], span), span)
    turns = builder.node(operators.apply(builder, "div", [reach, step], span), span)
    plain = python_scalars.to_float(turns, span)
    ceiling = python_scalars.to_int(builder, Node("ceil", (plain,), "d->d", python_scalars.FLOAT, span), span)
    none = builder.node(Known(0), span)
    below = python_scalars.apply(builder, "lt", [ceiling, none], span)
    count = builder.number(Node("select", (below, none, ceiling), None, python_scalars.INT, span))
    builder.facts.assume_length(count)
    zero = builder.node(Known(0.0), span)
    vanished = python_scalars.apply(builder, "eq", [plain, zero], span)
    nothing = python_scalars.apply(builder, "eq", [python_scalars.to_float(reach, span), zero], span)
    fine = python_scalars.apply(builder, "not", [vanished], span)
    builder.check(Node("select", (vanished, nothing, fine), None, python_scalars.BOOL, span))
    start = builder.cast(first, dtype, span)
    following = builder.cast(operators.apply(builder, "add", [first, step], span), dtype, span)
    return iota(builder, start, builder.elementwise(np.subtract, [following, start], span), count, span)


def linspace(
    builder: Builder,
    call: Call,
    start: Value,
    stop: Value,
    num: Value = Known(50),  # noqa: B008
    endpoint: Value = TRUE,
    retstep: Value = FALSE,
    dtype: Value = NONE,
    axis: Value = Known(0),  # noqa: B008
    *,
    device: Value = NONE,
) -> Value:
    """`np.linspace` between numbers, step by step as NumPy's function."""
    refuse(call, axis=(axis, 0), device=device)
    span = call.span
    samples = [_sample(builder, call, _number(builder, call, value)) for value in (start, stop)]
    if np.linspace(samples[0], samples[1], 1).dtype != _FLOAT64:
        raise UnsupportedError(f"{call.name} of this type is not compiled yet", span, instead="use float64 ends")
    wanted = optional_dtype(call, dtype) or _FLOAT64
    closed = known_bool(call, "endpoint", endpoint)
    count = builder.dim(num, span)
    if not builder.decide(count, ">=", ZERO, span, expected=True):
        raise PythonRaises("Number of samples must be non-negative", span)
    first, last = (builder.cast(value, _FLOAT64, span) for value in (start, stop))
    delta = builder.elementwise(np.subtract, [last, first], span)
    made = counted(builder, count, _FLOAT64, span)
    parts = count - 1 if closed else count
    step: Value = Known(np.nan)
    if builder.decide(parts, ">=", ONE, span, expected=True):
        step = builder.elementwise(np.divide, [delta, builder.size(parts, span)], span)
        _check_step(builder, delta, step, span)
        made = builder.elementwise(np.multiply, [made, step], span)
    else:
        made = builder.elementwise(np.multiply, [made, delta], span)
    made = builder.elementwise(np.add, [made, first], span)
    if closed and builder.decide(count, ">=", dim(2), span, expected=True):
        end = builder.index(made, (Known(-1),), span)
        builder.emit(Write(end, last, span))
    if wanted.kind in "iu":
        made = builder.elementwise(np.floor, [made], span)
    made = builder.coerce(made, supported(call, wanted), span)
    return TupleValue((made, step)) if known_bool(call, "retstep", retstep) else made


def _check_step(builder: Builder, delta: Node, step: Node, span: Span) -> None:
    """Of a step that vanishes although the ends differ NumPy takes another way."""
    zero = builder.constant(0, _FLOAT64, span)
    usual = builder.elementwise(np.not_equal, [step, zero], span)
    empty = builder.elementwise(np.equal, [delta, zero], span)
    builder.check(python_scalars.to_bool(builder.elementwise(np.logical_or, [usual, empty], span), span))


# Matrices -------------------------------------------------------------------------------------------------------


def eye(
    builder: Builder,
    call: Call,
    N: Value,
    M: Value = NONE,
    k: Value = Known(0),  # noqa: B008
    dtype: Value = Known(float),  # noqa: B008
    order: Value = Known("C"),  # noqa: B008
    *,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.eye`."""
    refuse(call, device=device, like=like, order=(order, "C"))
    return _band(builder, call, N, N if M == NONE else M, k, optional_dtype(call, dtype), np.equal)


def identity(builder: Builder, call: Call, n: Value, dtype: Value = NONE, *, like: Value = NONE) -> Value:
    """`np.identity`."""
    refuse(call, like=like)
    return _band(builder, call, n, n, Known(0), optional_dtype(call, dtype), np.equal)


def tri(
    builder: Builder,
    call: Call,
    N: Value,
    M: Value = NONE,
    k: Value = Known(0),  # noqa: B008
    dtype: Value = Known(float),  # noqa: B008
    *,
    like: Value = NONE,
) -> Value:
    """`np.tri`: ones at and below a diagonal."""
    refuse(call, like=like)
    return _band(builder, call, N, N if M == NONE else M, k, optional_dtype(call, dtype), np.greater_equal)


def _band(
    builder: Builder, call: Call, rows: Value, columns: Value, k: Value, dtype: DType | None, relation: np.ufunc
) -> Node:
    """Ones where `row + k` stands in the relation to the column."""
    span = call.span
    height, width = shape_given(builder, call, TupleValue((rows, columns)))
    shift = builder.cast(builder.size_node(builder.dim(k, span), span), _INT64, span)
    one = builder.constant(1, _INT64, span)
    down, across = iota(builder, shift, one, height, span), counted(builder, width, _INT64, span)
    column, row = builder.index(down, (_WHOLE, NONE), span), builder.index(across, (NONE, _WHOLE), span)
    return builder.coerce(builder.elementwise(relation, [column, row], span), supported(call, dtype or _FLOAT64), span)


def triangle(upper: bool) -> Handler:
    """`np.tril` and `np.triu`: a choice between the elements and zero."""

    def implementation(builder: Builder, call: Call, m: Value, k: Value = Known(0)) -> Value:  # noqa: B008
        x = array(builder, call, m)
        assert isinstance(x.type, Array)
        if x.type.ndim < 2:
            raise UnsupportedError(f"{call.name} of a vector is not compiled yet", call.span)
        below = integer(builder, call, k) - (1 if upper else 0)
        height, width = x.type.shape[-2:]
        span = call.span
        shift = builder.constant(below, _INT64, span)
        down = iota(builder, shift, builder.constant(1, _INT64, span), height, span)
        across = counted(builder, width, _INT64, span)
        column, row = builder.index(down, (_WHOLE, NONE), span), builder.index(across, (NONE, _WHOLE), span)
        mask = builder.elementwise(np.greater_equal, [column, row], span)
        zero = builder.constant(0, x.type.dtype, span)
        return builder.select(mask, *((zero, x) if upper else (x, zero)), span)

    return handler(implementation)


# Memory as it comes ---------------------------------------------------------------------------------------------


def empty(
    builder: Builder,
    call: Call,
    shape: Value,
    dtype: Value = NONE,
    order: Value = Known("C"),  # noqa: B008
    *,
    device: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.empty`."""
    refuse(call, device=device, like=like)
    dims = shape_given(builder, call, shape)
    wanted = supported(call, optional_dtype(call, dtype) or _FLOAT64)
    return builder.library("empty", (), None, Array(wanted, dims, layout_of(call, dims, order)), call.span)


def empty_like(
    builder: Builder,
    call: Call,
    prototype: Value,
    /,
    dtype: Value = NONE,
    order: Value = Known("K"),  # noqa: B008
    subok: Value = TRUE,
    shape: Value = NONE,
    *,
    device: Value = NONE,
) -> Value:
    """`np.empty_like`."""
    refuse(call, subok=(subok, True), shape=shape, device=device)
    source = array(builder, call, prototype)
    assert isinstance(source.type, Array)
    wanted = supported(call, optional_dtype(call, dtype) or source.type.dtype)
    layout = builder.ordered(source, order_of(call, order, "K"), call.span)
    return builder.library("empty", (), None, Array(wanted, source.type.shape, layout), call.span)


FUNCTIONS: dict[object, Handler] = {
    np.arange: handler(arange),
    np.linspace: handler(linspace),
    np.eye: handler(eye),
    np.identity: handler(identity),
    np.tri: handler(tri),
    np.tril: triangle(upper=False),
    np.triu: triangle(upper=True),
    np.empty: handler(empty),
    np.empty_like: handler(empty_like),
}
