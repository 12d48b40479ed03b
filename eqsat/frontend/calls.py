"""Calls: of NumPy's functions and methods (by the library), of the user's own functions (translated in place).

Called by the translation of expressions. Also here: the builtins that concern structure, not numbers. What is neither
in the library nor Python code with a source is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType, MethodType

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.captures import is_of_numpy
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.opaque import call_opaque
from eqsat.frontend.refusals import OUTSIDE, refused_function
from eqsat.frontend.scope import LocalFunction, Scope
from eqsat.frontend.structure import python_type
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.opaque import Opaque


def call_function(scope: Scope, callee: Value, call: Call) -> Value:
    """A call of whatever a name or expression holds."""
    if not isinstance(callee, Known):
        raise PythonRaises(f"`{call.name}` is not callable", call.span)
    function = callee.value
    if isinstance(function, LocalFunction):
        return scope.translation.inline(scope, function, call)
    if isinstance(function, Opaque):
        return call_opaque(scope.builder, function, call)
    handler = _lookup(STRUCTURAL, function) or _lookup(scope.translation.library.functions, function)
    if handler is not None:
        return handler(scope.builder, call)
    original = getattr(function, "py_func", None)  # another jitted function, of eqsat or of a like compiler
    if isinstance(original, FunctionType):
        return scope.translation.inline(scope, original, call)
    if isinstance(function, FunctionType) and not is_of_numpy(function):
        return scope.translation.inline(scope, function, call)
    if isinstance(function, MethodType):
        raise UnsupportedError(
            f"`{call.name}` is a method of an object, which is not supported yet",
            call.span,
            instead="call a plain function with the object's numbers and arrays",
        )
    if not callable(function):
        raise PythonRaises(f"`{call.name}` is not callable", call.span)
    raise refused_function(function, call.name, call.span)


def call_method(scope: Scope, name: str, call: Call) -> Value:
    """`call.args[0].name(...)`, for a number, array, tuple, string or other value that is not a module."""
    owner = call.args[0]
    library = scope.translation.library
    if is_numeric(owner) and name in library.methods:
        return library.methods[name](scope.builder, call)
    if is_numeric(owner) and name in library.attributes:
        value = library.attributes[name](scope.builder, Call(call.name, (owner,), {}, call.span))
        return call_function(scope, value, Call(call.name, call.args[1:], call.kwargs, call.span))
    raise missing_attribute(owner, name, call)


def missing_attribute(owner: Value, name: str, call: Call) -> Exception:
    """The error for an attribute or method that the library does not have; Python's own if the class has none."""
    kind = python_type(owner)
    if not hasattr(kind, name):
        return PythonRaises(f"{kind.__name__} has no attribute `{name}`", call.span)
    text = f"{kind.__name__}.{name}"
    return UnsupportedError(f"`{text}` is not supported yet", call.span, instead=OUTSIDE)


def is_numeric(value: Value) -> bool:
    """Whether a value is a number or an array."""
    if isinstance(value, Known):
        return isinstance(value.value, bool | int | float | complex | np.generic)
    return isinstance(value, Node)


def _lookup(table: Mapping[object, Handler], function: object) -> Handler | None:
    try:
        return table.get(function)
    except TypeError:  # unhashable
        return None


def _positional(call: Call, least: int, most: int) -> Sequence[Value]:
    if call.kwargs or not least <= len(call.args) <= most:
        raise PythonRaises(f"`{call.name}` got other arguments than it takes", call.span)
    return call.args


def _slice(builder: Builder, call: Call) -> Value:
    parts = [*_positional(call, 1, 3)]
    if len(parts) == 1:
        parts.insert(0, Known(None))
    start, stop, step = (*parts, Known(None))[:3]
    return SliceValue(start, stop, step)


def _isinstance(builder: Builder, call: Call) -> Value:
    value, classes = _positional(call, 2, 2)
    wanted = classes.items if isinstance(classes, TupleValue) else (classes,)
    known = [item.value for item in wanted if isinstance(item, Known)]
    if len(known) < len(wanted) or not all(isinstance(item, type) for item in known):
        raise UnsupportedError("`isinstance` with these is not supported", call.span, instead="name the classes")
    kind = python_type(value)
    return Known(any(issubclass(kind, item) for item in known if isinstance(item, type)))


def _tuple(builder: Builder, call: Call) -> Value:
    parts = _positional(call, 0, 1)
    if not parts:
        return TupleValue(())
    if isinstance(parts[0], TupleValue):
        return TupleValue(parts[0].items)
    raise UnsupportedError("`tuple` of this is not supported", call.span, instead="write its items: (x[0], x[1])")


def _length(builder: Builder, call: Call) -> Value:
    (value,) = _positional(call, 1, 1)
    if isinstance(value, TupleValue):
        return Known(len(value.items))
    if isinstance(value, Known) and isinstance(value.value, str | bytes):
        return Known(len(value.value))
    if not isinstance(value, Node) or python_type(value) is not np.ndarray:
        raise PythonRaises("this has no length", call.span)
    shape = builder.shape(value, call.span)
    if not shape:
        raise PythonRaises("a 0-d array has no length", call.span)
    return builder.size(shape[0], call.span)


STRUCTURAL: Mapping[object, Handler] = {slice: _slice, isinstance: _isinstance, tuple: _tuple, len: _length}
"""Python's builtins that concern the structure of values."""
