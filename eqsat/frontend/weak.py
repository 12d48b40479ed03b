"""Python's numbers where NumPy takes them into an operation: weak scalars get the dtype of what they meet (NEP 50).

Called by the builder. A Python integer that does not fit is an `OverflowError` of NumPy's: `PythonRaises` where it
is known, a check where it is an argument.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import cast as typed

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.values import Known, Value
from eqsat.ir.nodes import Constant, Node, constant_node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar

_BOOL = np.dtype(np.bool_)
_INT64 = np.dtype(np.int64)
_UINT64 = np.dtype(np.uint64)
_FLOAT64 = np.dtype(np.float64)


def fits(value: int, dtype: DType) -> bool:
    """Whether a Python int is a value of an integer dtype."""
    limits = np.iinfo(dtype)
    return int(limits.min) <= value <= int(limits.max)


def without_long_integers(args: Sequence[Value]) -> Sequence[Value]:
    """Known ints beyond 64 bits as what NumPy makes of them beside arrays of inexact numbers, or of uint64.

    Beside uint64 scalars alone they are of C's `unsigned long long`, which is a dtype of its own.
    """
    inexact = any(isinstance(a, Node) and isinstance(a.type, Array) and a.type.dtype.kind in "fc" for a in args)
    if inexact:
        return [arg if (number := _as_float(arg)) is None else Known(number) for arg in args]
    dtypes = {type_.dtype for arg in args if (type_ := _strong(arg)) is not None}
    axes = any(isinstance(arg, Node) and isinstance(arg.type, Array) and arg.type.ndim for arg in args)
    if not axes or dtypes != {_UINT64} or any(_is_weak_inexact(arg) for arg in args):
        return args
    return [arg if (number := long_integer(arg, _UINT64)) is None else Known(number) for arg in args]


def long_integer(value: Value, dtype: DType | None) -> np.generic | None:
    """A known int beyond 64 bits as NumPy puts it into an array of that dtype; None if it is no such int.

    Without a dtype NumPy makes arrays of C's `unsigned long long` of it, which is a dtype of its own.
    """
    if dtype is None or not isinstance(value, Known) or type(value.value) is not int or fits(value.value, _INT64):
        return None
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            made = np.array(value.value, dtype)[()]
        except (TypeError, OverflowError, ValueError) as error:
            raise PythonRaises(str(error)) from error
    return made if isinstance(made, np.generic) and not caught else None


def _strong(value: Value) -> Array | Scalar | None:
    """The type of an array or a NumPy scalar."""
    if isinstance(value, Known):
        return Scalar(value.value.dtype, "numpy") if isinstance(value.value, np.generic) else None
    if isinstance(value, Node) and isinstance(value.type, Array | Scalar):
        return None if isinstance(value.type, Scalar) and value.type.kind == "python" else value.type
    return None


def _is_weak_inexact(value: Value) -> bool:
    if isinstance(value, Known):
        return type(value.value) in (float, complex)
    return isinstance(value, Node) and isinstance(value.type, Scalar) and value.type.dtype.kind in "fc"


def _as_float(value: Value) -> float | None:
    if not isinstance(value, Known) or type(value.value) is not int or fits(value.value, _INT64):
        return None
    try:
        return float(value.value)
    except OverflowError:
        return None


def convert_weak(node: Node, dtype: DType, span: Span, check: Callable[[Node], None]) -> Node:
    """A Python int, float or complex as a NumPy scalar of `dtype`."""
    if node.op == "constant":
        folded = _convert_constant(typed(Constant, node.attr), dtype, span)
        if folded is not None:
            return folded
    kind = node.type.dtype.kind if isinstance(node.type, Scalar) else ""
    if kind == "i" and dtype.kind in "iu":
        return _convert_int(check, node, dtype, span)
    if kind == "i" and dtype.kind in "fc":
        # NumPy asks Python for a float first, so that a float32 is rounded twice.
        return _cast(_cast(node, _FLOAT64, span), dtype, span)
    if kind == "f" and dtype.kind in "iu":
        raise UnsupportedError(
            f"a Python float is converted to {dtype.name}", span, instead=f"np.asarray(x).astype(np.{dtype.name})"
        )
    if kind == "c" and dtype.kind in "iuf":
        raise PythonRaises("a Python complex is converted to a real number", span)
    return _cast(node, dtype, span)


def _convert_constant(constant: Constant, dtype: DType, span: Span) -> Node | None:
    """The constant in `dtype`, unless NumPy would warn of the conversion, at every call."""
    value = constant.value.item()
    if isinstance(value, int) and dtype.kind in "iu" and not fits(value, dtype):
        raise PythonRaises(f"Python integer {value} out of bounds for {dtype.name}", span)
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            made = dtype.type(value)
        except (TypeError, OverflowError, ValueError) as error:
            raise PythonRaises(str(error), span) from error
    return None if caught else constant_node(made, dtype, span)


def _convert_int(check: Callable[[Node], None], node: Node, dtype: DType, span: Span) -> Node:
    if dtype != _INT64:
        signature = f"{_INT64.char}->{dtype.char}"
        check(Node("ok.cast", (node,), signature, Scalar(_BOOL, "python"), span))
    return _cast(node, dtype, span)


def _cast(node: Node, dtype: DType, span: Span) -> Node:
    return Node("cast", (node,), None, Scalar(dtype, "numpy"), span)
