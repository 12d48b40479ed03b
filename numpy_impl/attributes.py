"""Attributes of arrays and numbers, and the functions that only ask for shapes and types.

Called through `numpy_impl.library`. Sizes are formulas, everything else is known while compiling.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.dims import dim, product
from eqsat.ir.types import Array, Scalar
from numpy_impl.calls import FALSE, NONE, handler, known_bool, normal_axis
from numpy_impl.creation import repeated


def _numpy_only(builder: Builder, call: Call, value: Value) -> Array | Scalar:
    """The type of an array or NumPy scalar; Python's numbers have no such attribute."""
    type_ = builder.numeric(builder.node(value, call.span), call.span)
    if isinstance(type_, Scalar) and type_.kind == "python":
        raise PythonRaises(f"{type_} has no attribute {call.name.rpartition('.')[2]}", call.span)
    return type_


def shape(builder: Builder, call: Call, a: Value) -> Value:
    """`x.shape`, `np.shape(x)`."""
    return TupleValue(tuple(builder.size(d, call.span) for d in builder.shape(a, call.span)))


def ndim(builder: Builder, call: Call, a: Value) -> Value:
    """`x.ndim`, `np.ndim(x)`."""
    return Known(len(builder.shape(a, call.span)))


def size(builder: Builder, call: Call, a: Value, axis: Value = NONE) -> Value:
    """`x.size`, `np.size(x)`."""
    dims = builder.shape(a, call.span)
    if axis == NONE:
        return builder.size(product(dims), call.span)
    return builder.size(dims[normal_axis(builder, call, axis, len(dims))], call.span)


def dtype(builder: Builder, call: Call, a: Value) -> Value:
    """`x.dtype`."""
    return Known(_numpy_only(builder, call, a).dtype)


def itemsize(builder: Builder, call: Call, a: Value) -> Value:
    """`x.itemsize`."""
    return Known(_numpy_only(builder, call, a).dtype.itemsize)


def nbytes(builder: Builder, call: Call, a: Value) -> Value:
    """`x.nbytes`."""
    type_ = _numpy_only(builder, call, a)
    return builder.size(product(builder.shape(a, call.span)) * dim(type_.dtype.itemsize), call.span)


def real(builder: Builder, call: Call, val: Value) -> Value:
    """`x.real`, `np.real(x)`: of real numbers, the number or array itself; Python's bool becomes an int."""
    node = builder.node(val, call.span)
    type_ = builder.numeric(node, call.span)
    if isinstance(val, Known) and isinstance(val.value, int | float | complex | np.generic):
        return Known(val.value.real)
    if type_.dtype.kind == "c":
        return builder.part("real", node, call.span)
    return python_scalars.to_int(builder, node, call.span) if type_ == python_scalars.BOOL else node


def imag(builder: Builder, call: Call, val: Value) -> Value:
    """`x.imag`, `np.imag(x)`: of real numbers, zeros of their type, which are read-only."""
    node = builder.node(val, call.span)
    type_ = builder.numeric(node, call.span)
    if isinstance(val, Known) and isinstance(val.value, int | float | complex | np.generic):
        return Known(val.value.imag)
    if type_.dtype.kind == "c":
        return builder.part("imag", node, call.span)
    if isinstance(type_, Array):
        order = builder.ordered(node, "A", call.span)
        zeros = repeated(builder, call, Known(0), type_.shape, type_.dtype, order)
        builder.readonly.add(zeros)
        return zeros
    if type_.kind == "numpy":
        return builder.constant(0, type_.dtype, call.span)
    return Known(0.0 if type_.dtype.kind == "f" else 0)


def angle(builder: Builder, call: Call, z: Value, deg: Value = FALSE) -> Value:
    """`np.angle`, step by step as NumPy's."""
    node = builder.node(z, call.span)
    type_ = builder.numeric(node, call.span)
    if isinstance(type_, Scalar) and type_.kind == "python":
        node = builder.cast(node, type_.dtype, call.span)  # NumPy makes an array of it, which is not weak
    parts: tuple[Value, Value] = (Known(0), node)
    if type_.dtype.kind == "c":
        parts = builder.part("imag", node, call.span), builder.part("real", node, call.span)
    radians = builder.elementwise(np.arctan2, parts, call.span)
    if not known_bool(call, "deg", deg):
        return radians
    return builder.elementwise(np.multiply, (radians, Known(180 / np.pi)), call.span)


def only_of_numpy(implementation: Callable[..., Value]) -> Handler:
    """An attribute that Python's numbers do not have."""

    def attribute(builder: Builder, call: Call, a: Value) -> Value:
        _numpy_only(builder, call, a)
        return implementation(builder, call, a)

    return handler(attribute)


def length(builder: Builder, call: Call, obj: Value, /) -> Value:
    """`len(x)`."""
    if isinstance(obj, TupleValue):
        return Known(len(obj.items))
    if isinstance(obj, Known) and isinstance(obj.value, tuple | str):
        return Known(len(obj.value))
    dims = builder.shape(obj, call.span)
    if not dims:
        raise PythonRaises("len() of unsized object", call.span)
    return builder.size(dims[0], call.span)


def computed_now(function: object) -> Handler:
    """A function of types and constants alone, called while compiling."""

    def handle(builder: Builder, call: Call) -> Value:
        del builder
        values = [*call.args, *call.kwargs.values()]
        if not all(isinstance(value, Known) for value in values):
            raise UnsupportedError(
                f"{call.name} takes constants here", call.span, instead=f"compute {call.name} before the call"
            )
        positional = [value.value for value in call.args if isinstance(value, Known)]
        named = {name: value.value for name, value in call.kwargs.items() if isinstance(value, Known)}
        try:
            return Known(function(*positional, **named))  # type: ignore[operator]
        except Exception as error:
            raise PythonRaises(f"{type(error).__name__}: {error}", call.span) from error

    return handle


_OF_TYPES_ALONE: tuple[object, ...] = (
    np.dtype,
    np.finfo,
    np.iinfo,
    np.issubdtype,
    np.can_cast,
    np.promote_types,
    np.isdtype,
)

FUNCTIONS: dict[object, Handler] = {
    np.shape: handler(shape),
    np.ndim: handler(ndim),
    np.size: handler(size),
    np.real: handler(real),
    np.imag: handler(imag),
    np.angle: handler(angle),
    len: handler(length),
    **{function: computed_now(function) for function in _OF_TYPES_ALONE},
}

ATTRIBUTES: dict[str, Handler] = {
    "shape": only_of_numpy(shape),
    "ndim": only_of_numpy(ndim),
    "size": only_of_numpy(size),
    "dtype": handler(dtype),
    "itemsize": handler(itemsize),
    "nbytes": handler(nbytes),
    "real": handler(real),
    "imag": handler(imag),
}
