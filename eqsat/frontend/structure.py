"""Python's operators on what is not a number: tuples, strings, None, dtypes, types.

Called by the translation of expressions, before numbers and arrays are handed to the builder. Refused: operators
between such a value and an array, and all but the plainest strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType, ModuleType

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import operators
from eqsat.frontend.arguments import PYTHON_TYPES
from eqsat.frontend.builder import Builder
from eqsat.frontend.scope import LocalFunction
from eqsat.frontend.truth import truth
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar

SINGLETONS = (type(None), bool, type(Ellipsis), type, ModuleType)
"""What may be compared by `is`: of these, equal objects are the same object."""


def is_number(value: object) -> bool:
    """Whether a known object is a number that the builder computes with."""
    return type(value) in PYTHON_TYPES or isinstance(value, np.generic)


def operate(builder: Builder, symbol: str, args: Sequence[Value], span: Span) -> Value:
    """Python's operator of the `ast` class `symbol`, in lower case, on any values."""
    numbers = all(isinstance(arg, Node) or (isinstance(arg, Known) and is_number(arg.value)) for arg in args)
    if numbers or all(isinstance(arg, Known) for arg in args):
        return operators.apply(builder, symbol, args, span)
    if any(isinstance(arg, TupleValue) for arg in args):
        return _of_tuples(builder, symbol, args, span)
    return _mixed(symbol, args, span)


def identical(left: Value, right: Value, span: Span) -> bool:
    """`left is right`."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Known) and isinstance(one.value, SINGLETONS):
            if isinstance(other, Known):
                return other.value is one.value
            if not (isinstance(one.value, bool) and is_python_bool(other)):
                return False
    raise UnsupportedError(
        "`is` between these is not supported yet", span, instead="use ==, or `is None` to ask for None"
    )


def is_python_bool(value: Value) -> bool:
    """Whether the value is one of Python's bools, known only at run time."""
    return isinstance(value, Node) and value.type == Scalar(np.dtype(np.bool), "python")


def contains(builder: Builder, item: Value, container: Value, span: Span) -> bool:
    """`item in container`."""
    if isinstance(container, TupleValue):
        return any(_equal(builder, item, member, span) for member in container.items)
    if isinstance(container, Known) and isinstance(item, Known) and isinstance(container.value, str):
        if isinstance(item.value, str):
            return item.value in container.value
        raise PythonRaises("`in` a string takes a string", span)
    raise UnsupportedError(
        "`in` is not supported for these", span, instead="use a tuple of constants; for arrays, np.any(x == value)"
    )


def python_type(value: Value) -> type:
    """The class of the object that the user's code holds."""
    if isinstance(value, Known):
        return FunctionType if isinstance(value.value, LocalFunction) else type(value.value)
    if isinstance(value, Node):
        if isinstance(value.type, Array):
            return np.ndarray
        if isinstance(value.type, Scalar) and value.type.kind == "numpy":
            return value.type.dtype.type
        if isinstance(value.type, Scalar):
            return next(t for t, dtype in PYTHON_TYPES.items() if dtype == value.type.dtype)
        return type(None)
    if isinstance(value, SliceValue):
        return slice
    return list if value.is_list else tuple


def _added(left: TupleValue, right: TupleValue, span: Span) -> TupleValue:
    if left.is_list != right.is_list:
        raise PythonRaises("a tuple and a list cannot be added", span)
    return TupleValue(left.items + right.items, left.is_list)


def _of_tuples(builder: Builder, symbol: str, args: Sequence[Value], span: Span) -> Value:
    if len(args) == 2:
        left, right = args
        if isinstance(left, TupleValue) and isinstance(right, TupleValue):
            if symbol == "add":
                return _added(left, right, span)
            if symbol in ("eq", "noteq"):
                return Known(_equal(builder, left, right, span) == (symbol == "eq"))
        for several, count in ((left, right), (right, left)):
            if isinstance(several, TupleValue) and symbol == "mult" and not isinstance(count, TupleValue):
                if python_type(count) not in (int, bool):
                    break
                return TupleValue(several.items * builder.static_int(count, span), several.is_list)
        others = {python_type(left), python_type(right)} - {tuple}
        if symbol in ("eq", "noteq") and not any(issubclass(kind, np.ndarray | np.generic) for kind in others):
            return Known(symbol == "noteq")
    if np.ndarray in map(python_type, args) or any(issubclass(python_type(arg), np.generic) for arg in args):
        raise UnsupportedError(
            "a tuple is combined with an array or NumPy scalar",
            span,
            instead="make it an array outside the function: np.asarray(...)",
        )
    if symbol in ("lt", "lte", "gt", "gte"):
        raise UnsupportedError("tuples are ordered", span, instead="compare their items")
    raise PythonRaises(f"unsupported operand types for {symbol}", span)


def _equal(builder: Builder, left: Value, right: Value, span: Span) -> bool:
    """`left == right` as tuples ask it of their items; it must be known now or depend on sizes alone."""
    if isinstance(left, TupleValue) and isinstance(right, TupleValue):
        return len(left.items) == len(right.items) and all(
            _equal(builder, mine, theirs, span) for mine, theirs in zip(left.items, right.items, strict=True)
        )
    if left is right:
        return True  # tuples and `in` ask `is` first
    answer = truth(builder, operate(builder, "eq", (left, right), span), span)
    if isinstance(answer, bool):
        return answer
    raise UnsupportedError(
        "whether these are equal is known only at run time", span, instead="compare them one by one, outside"
    )


def _mixed(symbol: str, args: Sequence[Value], span: Span) -> Value:
    """An array or number with None, a string, a dtype, a slice, ..."""
    types = [python_type(arg) for arg in args]
    if symbol in ("eq", "noteq"):
        if not any(t is np.ndarray or issubclass(t, np.generic) for t in types):
            return Known(symbol == "noteq")
        raise UnsupportedError(
            f"an array is compared with {_named(args)}", span, instead="use `is None`, or compare numbers"
        )
    if str in types or bytes in types:
        raise UnsupportedError("text is combined with a number", span, instead="format outside the jitted function")
    raise PythonRaises(f"unsupported operand types for {symbol}: {', '.join(t.__name__ for t in types)}", span)


def _named(args: Sequence[Value]) -> str:
    known = [arg.value for arg in args if isinstance(arg, Known) and not is_number(arg.value)]
    return repr(known[0]) if known and len(repr(known[0])) < 40 else "something that is no number"
