"""Calls as NumPy's own signatures read them: a handler is a Python function with NumPy's parameters.

Called by the tables of this package. A call that NumPy's signature does not accept is a `PythonRaises`, so that the
user sees NumPy's own `TypeError`; a parameter that is accepted but not compiled is an `UnsupportedError` that names
it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, canonical

NONE = Known(None)
TRUE = Known(True)
FALSE = Known(False)
ABSENT = Known(np._NoValue)
"""NumPy's own default of parameters that may be left out: `<no value>`."""

Implementation = Callable[..., Value]
"""Takes the builder and the call, then NumPy's parameters as values."""


@dataclass(frozen=True, slots=True)
class SignedHandler:
    """A handler that binds a call to the parameters of `implementation` (after builder and call)."""

    implementation: Implementation

    @property
    def __signature__(self) -> inspect.Signature:
        return parameters(self.implementation)

    def __call__(self, builder: Builder, call: Call) -> Value:
        try:
            bound = self.__signature__.bind(*call.args, **call.kwargs)
        except TypeError as error:
            raise PythonRaises(f"{call.name}: {error}", call.span) from error
        return self.implementation(builder, call, *bound.args, **bound.kwargs)


def handler(implementation: Implementation) -> Handler:
    """The handler that reads calls as the parameters of `implementation` say."""
    return SignedHandler(implementation)


@cache
def parameters(implementation: Implementation) -> inspect.Signature:
    """NumPy's part of the parameters; read when first needed, because it takes longer than all imports here."""
    return inspect.Signature(list(inspect.signature(implementation).parameters.values())[2:])


def refuse(call: Call, **given: tuple[Value, object] | Value) -> None:
    """Refuse parameters that were given another value than the default (None, unless a pair says which)."""
    for name, pair in given.items():
        value, default = pair if isinstance(pair, tuple) else (pair, None)
        if isinstance(value, Known) and (
            value.value is np._NoValue or value.value is default or value.value == default
        ):
            continue
        raise UnsupportedError(
            f"the parameter `{name}` of {call.name} is not compiled yet", call.span, instead=f"leave `{name}` out"
        )


def array(builder: Builder, call: Call, value: Value) -> Node:
    """The value, which must be an array."""
    node = builder.node(value, call.span)
    if not isinstance(node.type, Array):
        raise UnsupportedError(f"{call.name} of a number is not compiled yet", call.span, f"have: {node.type}")
    return node


def known_bool(call: Call, name: str, value: Value) -> bool:
    """A flag that must be written in the source."""
    if isinstance(value, Known) and isinstance(value.value, bool | int | np.bool_):
        return bool(value.value)
    if value is ABSENT:
        return False
    raise UnsupportedError(f"`{name}` of {call.name} must be known before the call", call.span, instead="use a literal")


def dtype_of(call: Call, value: Value) -> DType:
    """What NumPy makes a dtype of: a dtype, a scalar type, a Python type or a name."""
    if not isinstance(value, Known):
        raise UnsupportedError(
            f"the dtype of {call.name} must be known before the call", call.span, instead="use np.float64, 'f4', ..."
        )
    try:
        found = np.dtype(value.value)  # type: ignore[arg-type]
    except TypeError as error:
        raise PythonRaises(str(error), call.span) from error
    return canonical(found)


def optional_dtype(call: Call, value: Value) -> DType | None:
    """As `dtype_of`; None where it is left out."""
    if isinstance(value, Known) and (value.value is None or value.value is np._NoValue):
        return None
    return dtype_of(call, value)


def axes_of(builder: Builder, call: Call, value: Value, ndim: int) -> tuple[int, ...]:
    """An axis, a tuple of axes or None (all), as distinct non-negative axes in ascending order."""
    if isinstance(value, Known) and value.value is None:
        return tuple(range(ndim))
    found = [normal_axis(builder, call, item, ndim) for item in items_of(value)]
    if len(set(found)) != len(found):
        raise PythonRaises("duplicate value in 'axis'", call.span)
    return tuple(sorted(found))


def items_of(value: Value) -> Sequence[Value]:
    """The items of a tuple or list; anything else is its own single item."""
    if isinstance(value, TupleValue):
        return value.items
    if isinstance(value, Known) and isinstance(value.value, tuple | list):
        return [Known(item) for item in value.value]
    return [value]


def normal_axis(builder: Builder, call: Call, value: Value, ndim: int) -> int:
    """One axis, counted from the front."""
    axis = integer(builder, call, value)
    if not -ndim <= axis < ndim:
        raise PythonRaises(f"axis {axis} is out of bounds for array of dimension {ndim}", call.span)
    return axis % ndim


def integer(builder: Builder, call: Call, value: Value) -> int:
    """A number that must be an integer and known, or is fixed to what it is today."""
    if isinstance(value, Known) and not isinstance(value.value, int | np.integer):
        raise PythonRaises(f"{call.name}: {value.value!r} is not an integer", call.span)
    return builder.static_int(value, call.span)


def order_of(call: Call, value: Value, default: str) -> str:
    """`order=`."""
    if isinstance(value, Known) and (value.value is None or isinstance(value.value, str)):
        return default if value.value is None else value.value.upper()
    raise UnsupportedError(f"`order` of {call.name} must be known before the call", call.span)


def is_scalar_value(builder: Builder, value: Value, span: Span) -> bool:
    """Whether the value is a number and not an array."""
    return not isinstance(builder.node(value, span).type, Array)
