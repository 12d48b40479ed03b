"""Conversions: `np.float32(x)`, `x.astype(...)`, `np.asarray(x)`, copies, and Python's `float`, `int`, `bool`.

Called through `numpy_impl.library`. Refused: conversions whose errors depend on the value in ways that no check
expresses, strings, nested lists.
"""

from __future__ import annotations

import warnings

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import complex_scalars, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.promotion import SUPPORTED_CHARS
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.frontend.weak import long_integer
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, c_layout, canonical
from numpy_impl.calls import FALSE, NONE, TRUE, array, dtype_of, handler, known_bool, optional_dtype, order_of, refuse

SCALAR_TYPES: tuple[type[np.generic], ...] = (
    np.bool_,
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.longlong,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
    np.ulonglong,
    np.float16,
    np.float32,
    np.float64,
    np.complex64,
    np.complex128,
)


_COMPLEX128 = np.dtype(np.complex128)


def converter(type_: type[np.generic]) -> Handler:
    """`np.float32(x)` and its like: a NumPy scalar of a number, the converted array of an array."""
    dtype = canonical(np.dtype(type_))

    def handle(builder: Builder, call: Call) -> Value:
        if dtype == _COMPLEX128 and len(call.args) == 2 and not call.kwargs:
            parts = [to_python(builder, one_number(builder, call, arg), float, call.span) for arg in call.args]
            return builder.cast(complex_scalars.of_parts(parts[0], parts[1], call.span), dtype, call.span)
        if len(call.args) != 1 or call.kwargs:
            raise UnsupportedError(f"{call.name} takes one number or array here", call.span)
        value = call.args[0]
        if isinstance(value, Known) and (known := _known(call, type_, value)) is not None:
            return known
        node = builder.node(value, call.span)
        if isinstance(node.type, Array) and node.type.ndim:
            return _converted(builder, call, node, dtype)
        return number(builder, call, node, dtype)

    return handle


def _known(call: Call, type_: type[np.generic], value: Known) -> Value | None:
    """The number converted now; None where NumPy warns, which it does at every call."""
    try:
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            return Known(type_(value.value))  # type: ignore[call-arg]
    except (FloatingPointError, Warning):
        return None
    except Exception as error:
        raise PythonRaises(f"{call.name}: {error}", call.span) from error


def _converted(builder: Builder, call: Call, node: Node, dtype: DType) -> Node:
    """The array itself if it has the dtype, as `np.asarray` gives it."""
    _leave_discarded(builder, call, node, dtype)
    return node if builder.numeric(node, call.span).dtype == dtype else builder.cast(node, dtype, call.span)


def _leave_discarded(builder: Builder, call: Call, node: Node, dtype: DType) -> None:
    """NumPy warns at every call that the imaginary part is lost."""
    if builder.numeric(node, call.span).dtype.kind == "c" and dtype.kind not in "cb":
        builder.leave_to_python(call.span)


def number(builder: Builder, call: Call, node: Node, dtype: DType) -> Node:
    """A number, or an array without axes, as a NumPy scalar."""
    span = call.span
    if isinstance(node.type, Array):
        node = builder.index(node, (), span)
    type_ = builder.numeric(node, span)
    _leave_discarded(builder, call, node, dtype)
    if isinstance(type_, Scalar) and type_.kind == "python":
        if type_.dtype.kind == "f" and dtype.kind in "iu":
            # NumPy asks Python for the int: NaN, infinities and what does not fit are errors.
            return builder.cast(python_scalars.to_int(builder, node, span), dtype, span)
        if dtype.kind == "b":
            return builder.cast(python_scalars.to_bool(node, span), dtype, span)
    return builder.cast(node, dtype, span)


def astype(
    builder: Builder,
    call: Call,
    self: Value,
    dtype: Value,
    order: Value = Known("K"),  # noqa: B008
    casting: Value = Known("unsafe"),  # noqa: B008
    subok: Value = TRUE,
    copy: Value = TRUE,
) -> Value:
    """`x.astype`."""
    refuse(call, subok=(subok, True))
    target = supported(call, dtype_of(call, dtype))
    node = builder.node(self, call.span)
    source = builder.numeric(node, call.span)
    rule = casting.value if isinstance(casting, Known) else None
    if rule not in ("no", "equiv", "safe", "same_kind", "unsafe"):
        raise PythonRaises(f"casting must be one of NumPy's rules, not {rule!r}", call.span)
    if not np.can_cast(source.dtype, target, rule):
        raise PythonRaises(f"cannot cast from {source.dtype} to {target} according to the rule {rule!r}", call.span)
    _leave_discarded(builder, call, node, target)
    if not isinstance(source, Array):
        return number(builder, call, node, target)
    layout = order_of(call, order, "K")
    if not known_bool(call, "copy", copy) and source.dtype == target:
        if layout == "K" or source.layout.has_order_of(builder.ordered(node, layout, call.span)):
            return node
        return builder.copy(node, layout, call.span)
    if layout == "K":
        return builder.cast(node, target, call.span)
    copied = builder.copy(node, layout, call.span)
    return copied if source.dtype == target else builder.cast(copied, target, call.span)


def supported(call: Call, dtype: DType) -> DType:
    """The dtype, if there are numbers of it here."""
    if dtype.char not in SUPPORTED_CHARS or not dtype.isnative:
        raise UnsupportedError(
            f"a conversion to {dtype} is not compiled",
            call.span,
            instead="convert to bool, an integer, float16/32/64 or complex64/128",
        )
    return dtype


def boxed(builder: Builder, call: Call, node: Node, target: DType | None) -> Node:
    """A number as an array without axes."""
    if target is not None:
        node = number(builder, call, node, supported(call, target))
    dtype = builder.numeric(node, call.span).dtype
    return Node("copy", (node,), None, Array(dtype, (), c_layout(())), call.span)


def _given(builder: Builder, call: Call, value: Value, target: DType | None) -> Node:
    """What an array is made of; an integer beyond 64 bits as NumPy takes it for that dtype."""
    long = long_integer(value, target)
    return builder.node(value if long is None else Known(long), call.span)


def asarray(
    builder: Builder,
    call: Call,
    a: Value,
    dtype: Value = NONE,
    order: Value = NONE,
    *,
    device: Value = NONE,
    copy: Value = NONE,
    like: Value = NONE,
) -> Value:
    """`np.asarray` of an array."""
    refuse(call, device=device, copy=copy, like=like)
    if isinstance(a, TupleValue):
        return display(builder, call, a, dtype, order)
    layout = order_of(call, order, "K")
    target = optional_dtype(call, dtype)
    node = _given(builder, call, a, target)
    if not isinstance(node.type, Array):
        return boxed(builder, call, node, target)
    node = node if target is None else _converted(builder, call, node, supported(call, target))
    source = builder.numeric(node, call.span)
    if (
        layout in "KA"
        or not isinstance(source, Array)
        or source.layout.has_order_of(builder.ordered(node, layout, call.span))
    ):
        return node
    return builder.copy(node, layout, call.span)


def array_(
    builder: Builder,
    call: Call,
    object: Value,
    dtype: Value = NONE,
    *,
    copy: Value = TRUE,
    order: Value = Known("K"),  # noqa: B008
    subok: Value = FALSE,
    ndmin: Value = Known(0),  # noqa: B008
    like: Value = NONE,
) -> Value:
    """`np.array` of an array: a copy."""
    refuse(call, copy=(copy, True), subok=(subok, False), ndmin=(ndmin, 0), like=like)
    if isinstance(object, TupleValue):
        return display(builder, call, object, dtype, order)
    target = optional_dtype(call, dtype)
    node = _given(builder, call, object, target)
    if not isinstance(node.type, Array):
        return boxed(builder, call, node, target)
    layout = order_of(call, order, "K")
    if target is None or builder.numeric(node, call.span).dtype == target:
        return builder.copy(node, layout, call.span)
    node = node if layout == "K" else builder.copy(node, layout, call.span)
    return _converted(builder, call, node, supported(call, target))


def display(builder: Builder, call: Call, items: TupleValue, dtype: Value, order: Value) -> Value:
    """The array of a tuple or list."""
    if order_of(call, order, "K") == "F":
        raise UnsupportedError(f"{call.name} of a list in Fortran order is not compiled yet", call.span)
    target = optional_dtype(call, dtype)
    return array_of(builder, items, None if target is None else supported(call, target), call.span)


def copy(builder: Builder, call: Call, a: Value, order: Value = Known("K"), subok: Value = FALSE) -> Value:  # noqa: B008
    """`np.copy`."""
    refuse(call, subok=(subok, False))
    return builder.copy(array(builder, call, a), order_of(call, order, "K"), call.span)


def copy_method(builder: Builder, call: Call, self: Value, order: Value = Known("C")) -> Value:  # noqa: B008
    """`x.copy`, whose default order is another."""
    node = builder.node(self, call.span)
    if isinstance(node.type, Array):
        return builder.copy(node, order_of(call, order, "C"), call.span)
    return node


def ascontiguousarray(builder: Builder, call: Call, a: Value, dtype: Value = NONE, *, like: Value = NONE) -> Value:
    """`np.ascontiguousarray`: the array itself if it is C-ordered already."""
    refuse(call, like=like)
    if isinstance(a, TupleValue):
        return display(builder, call, a, dtype, NONE)
    node = array(builder, call, a)
    assert isinstance(node.type, Array)
    if node.type.ndim == 0:
        raise UnsupportedError("np.ascontiguousarray of an array without axes is not compiled yet", call.span)
    target = optional_dtype(call, dtype)
    if not node.type.layout.has_order_of(c_layout(node.type.shape)):
        node = builder.copy(node, "C", call.span)
    return node if target is None else _converted(builder, call, node, supported(call, target))


def one_number(builder: Builder, call: Call, value: Value) -> Node:
    """A number; of an array without axes, its element."""
    node = builder.node(value, call.span)
    if not isinstance(node.type, Array):
        return node
    if any(length != ONE for length in node.type.shape):
        raise PythonRaises("only length-1 arrays can be converted to Python scalars", call.span)
    if node.type.ndim:
        raise UnsupportedError(
            f"{call.name} of an array with axes is deprecated by NumPy", call.span, instead="x.item()"
        )
    return builder.index(node, (), call.span)


def to_python(builder: Builder, node: Node, type_: type, span: Span) -> Node:
    """The number as Python's `int`, `float` or `bool` of it."""
    kind = builder.numeric(node, span).dtype.kind
    if kind == "c" and type_ is not bool:
        raise PythonRaises(f"a complex number is converted to {type_.__name__}", span)
    if type_ is bool:
        return python_scalars.to_bool(node, span)
    if type_ is int:
        return python_scalars.to_int(builder, node, span)
    return python_scalars.to_float(node, span)


def python_type(type_: type) -> Handler:
    """`float(x)`, `int(x)`, `bool(x)`."""

    def handle(builder: Builder, call: Call) -> Value:
        if call.kwargs or len(call.args) > 1:
            raise UnsupportedError(f"{call.name} takes one number here", call.span)
        if not call.args or isinstance(call.args[0], Known):
            return known_call(type_, call)
        return to_python(builder, one_number(builder, call, call.args[0]), type_, call.span)

    return handle


def python_complex(
    builder: Builder,
    call: Call,
    real: Value = Known(0.0),  # noqa: B008
    imag: Value = NONE,
) -> Value:
    """`complex(x)`, `complex(x, y)`."""
    if isinstance(real, Known) and isinstance(imag, Known):
        given = (real,) if imag is NONE else (real, imag)
        return known_call(complex, Call(call.name, given, {}, call.span))
    first = one_number(builder, call, real)
    if imag is NONE:
        return complex_scalars.as_complex(first, call.span)
    second = one_number(builder, call, imag)
    if any(builder.numeric(node, call.span).dtype.kind == "c" for node in (first, second)):
        raise UnsupportedError(
            f"{call.name} of a complex part is not compiled",
            call.span,
            instead="complex(z.real, y), or z + complex(0, y)",
        )
    parts = [to_python(builder, node, float, call.span) for node in (first, second)]
    return complex_scalars.of_parts(parts[0], parts[1], call.span)


def known_call(function: object, call: Call) -> Value:
    """The function called now, by Python, on arguments that are all known."""
    try:
        return Known(function(*[arg.value for arg in call.args if isinstance(arg, Known)]))  # type: ignore[operator]
    except Exception as error:
        raise PythonRaises(f"{type(error).__name__}: {error}", call.span) from error


def item(builder: Builder, call: Call, self: Value, *args: Value) -> Value:
    """`x.item()`: the one element as a Python number."""
    node = builder.node(self, call.span)
    if args or (isinstance(node.type, Array) and any(length != ONE for length in node.type.shape)):
        raise UnsupportedError("item() of more than one element is not compiled yet", call.span, instead="x[i, j]")
    if isinstance(node.type, Array):
        node = builder.index(node, (Known(0),) * node.type.ndim, call.span)
    kind = builder.numeric(node, call.span).dtype.kind
    if kind == "c":
        return complex_scalars.as_complex(node, call.span)
    return to_python(builder, node, {"b": bool, "i": int, "u": int, "f": float}[kind], call.span)


_PYTHON_TYPES: tuple[type, ...] = (float, int, bool)

FUNCTIONS: dict[object, Handler] = {
    **{type_: converter(type_) for type_ in SCALAR_TYPES},
    **{type_: python_type(type_) for type_ in _PYTHON_TYPES},
    complex: handler(python_complex),
    np.asarray: handler(asarray),
    np.asanyarray: handler(asarray),
    np.array: handler(array_),
    np.copy: handler(copy),
    np.ascontiguousarray: handler(ascontiguousarray),
}

METHODS: dict[str, Handler] = {
    "astype": handler(astype),
    "copy": handler(copy_method),
    "item": handler(item),
}
