"""What a name holds where several ways meet: one type for all of them, and the variables that carry it.

Called for loops, branches and early returns. Numbers are joined as Numba unifies them: bool, int, float and complex
widen in this order, and NumPy's scalars win over Python's. Arrays must agree in dtype, rank and memory order; a length
that differs is carried beside the array. What else differs is refused, with both assignments named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqsat.errors import LayoutsDifferError, PythonRaises, UnsupportedError
from eqsat.frontend.builder import PYTHON_BOOL, PYTHON_INT, PYTHON_TYPES, Builder
from eqsat.frontend.facts import is_local
from eqsat.frontend.values import Known, Maybe, SliceValue, TupleValue, Value
from eqsat.ir.body import LOCAL, Set, Variable
from eqsat.ir.dims import Dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Layout, Scalar


@dataclass(frozen=True, slots=True)
class Static:
    """The same known object on every way."""

    value: Known | SliceValue


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number, or an array whose lengths along the axes in `loose` differ between the ways."""

    type: Scalar | Array
    loose: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple, item by item."""

    items: tuple[Form, ...]
    is_list: bool


Form = Static | Leaf | Items


@dataclass(frozen=True, slots=True)
class Carrier:
    """The variables that hold a value of `form`; `bound` tells whether there is a value, where that is in doubt.

    `parts` are those of the items of a tuple; `lengths` those of the loose axes of an array, in order.
    """

    form: Form
    variable: Variable | None
    lengths: tuple[Variable, ...]
    parts: tuple[Carrier, ...]
    bound: Variable | None = None


_SHOWN = (bool, int, float, complex, str, type(None), np.generic, np.dtype)
_PYTHON = [np.dtype(np.bool_), np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.complex128)]


def form_of(builder: Builder, value: Value, born: int, span: Span) -> Form:
    """The form of one value; integers that are computed from serial `born` on are not known where ways meet."""
    if isinstance(value, TupleValue):
        return Items(tuple(form_of(builder, item, born, span) for item in value.items), value.is_list)
    if not isinstance(value, Node):
        return Static(value)
    type_ = value.type
    if isinstance(type_, Array):
        loose = (axis for axis, length in enumerate(type_.shape) if _is_younger(builder, length, born))
        return Leaf(type_, frozenset(loose))
    if isinstance(type_, Scalar):
        return Leaf(type_)
    raise UnsupportedError("this value cannot be carried", span, instead="keep numbers and arrays")


def _is_younger(builder: Builder, length: Dim, born: int) -> bool:
    nodes = builder.recorder.symbols
    return any(symbol.param >= LOCAL and nodes[symbol.param].serial >= born for symbol in symbols(length))


def unify(builder: Builder, name: str, one: Form, other: Form, span: Span, places: Sequence[Span]) -> Form:
    """The form that holds both; an error that shows both, and where they come from, where there is none."""
    if isinstance(one, Static) and isinstance(other, Static) and _same(one.value, other.value):
        return one
    if isinstance(one, Items) and isinstance(other, Items) and len(one.items) == len(other.items):
        pairs = zip(one.items, other.items, strict=True)
        items = (unify(builder, name, a, b, span, places) for a, b in pairs)
        return Items(tuple(items), one.is_list and other.is_list)
    first, second = _leaf(one), _leaf(other)
    if first is not None and second is not None:
        if isinstance(first.type, Scalar) and isinstance(second.type, Scalar):
            return Leaf(_numbers(first.type, second.type))
        if isinstance(first.type, Array) and isinstance(second.type, Array):
            joint = _arrays(builder, first, second, span)
            if joint is not None:
                return joint
    laid_out = first is not None and second is not None and _differ_in_layout(first.type, second.type)
    raise (LayoutsDifferError if laid_out else UnsupportedError)(
        f"`{name}` holds values of two kinds where these ways meet",
        span,
        have=" and ".join(
            f"{_text(form)} (line {place.line})" for form, place in zip((one, other), places, strict=True)
        ),
        instead="give it one type on all ways, or two names",
    )


def _differ_in_layout(one: Scalar | Array, other: Scalar | Array) -> bool:
    if not isinstance(one, Array) or not isinstance(other, Array):
        return False
    return one.ndim == other.ndim and one.dtype == other.dtype


def carrier_for(name: str, form: Form, maybe: bool) -> Carrier:
    """Fresh variables for a form."""
    bound = Variable(f"{name}.bound", PYTHON_BOOL) if maybe else None
    match form:
        case Static():
            return Carrier(form, None, (), (), bound)
        case Items():
            parts = tuple(carrier_for(f"{name}.{k}", item, False) for k, item in enumerate(form.items))
            return Carrier(form, None, (), parts, bound)
        case Leaf():
            lengths = tuple(Variable(f"{name}.length{axis}", PYTHON_INT) for axis in sorted(form.loose))
            return Carrier(form, Variable(name, form.type), lengths, (), bound)


def assignments(builder: Builder, carrier: Carrier, value: Value | Maybe | None, span: Span) -> Iterator[Set]:
    """The statements that give the variables this value; None: the name has no value on this way."""
    if carrier.bound is not None:
        bound = value.bound if isinstance(value, Maybe) else builder.node(Known(value is not None), span)
        yield Set(carrier.bound, bound, span)
    if isinstance(value, Maybe):
        value = value.value
    if value is None or isinstance(carrier.form, Static):
        return
    if isinstance(carrier.form, Items):
        assert isinstance(value, TupleValue)
        for part, item in zip(carrier.parts, value.items, strict=True):
            yield from assignments(builder, part, item, span)
        return
    node = builder.node(value, span)
    assert carrier.variable is not None
    if node.op == "read" and node.attr is carrier.variable:
        return
    node = _fitting(builder, node, carrier.variable.type, span)
    for variable, axis in zip(carrier.lengths, sorted(carrier.form.loose), strict=True):
        yield Set(variable, builder.size_node(builder.shape(node, span)[axis], span), span)
    yield Set(carrier.variable, node, span)


def _fitting(builder: Builder, node: Node, type_: Scalar | Array, span: Span) -> Node:
    """A Python int as the NumPy integer that the variable holds; a check where it is none."""
    if node.type != PYTHON_INT or type_ == PYTHON_INT or type_.dtype.kind not in "iu":
        return node
    try:
        return builder.cast(node, type_.dtype, span)
    except PythonRaises:
        builder.check(builder.node(Known(False), span))
        return node


def reading(builder: Builder, carrier: Carrier, span: Span) -> Value | Maybe:
    """What the variables hold now."""
    value = _reading(builder, carrier, span)
    if carrier.bound is None:
        return value
    return Maybe(value, Node("read", (), carrier.bound, PYTHON_BOOL, span))


def _reading(builder: Builder, carrier: Carrier, span: Span) -> Value:
    form = carrier.form
    if isinstance(form, Static):
        return form.value
    if isinstance(form, Items):
        return TupleValue(tuple(_reading(builder, part, span) for part in carrier.parts), form.is_list)
    builder.recorder.start()
    type_ = form.type
    if isinstance(type_, Array) and form.loose:
        shape = list(type_.shape)
        for variable, axis in zip(carrier.lengths, sorted(form.loose), strict=True):
            length = builder.number(Node("read", (), variable, PYTHON_INT, span))
            builder.facts.assume_length(length)
            shape[axis] = length
        type_ = replace(type_, shape=tuple(shape))
    return Node("read", (), carrier.variable, type_, span)


def _same(one: Known | SliceValue, other: Known | SliceValue) -> bool:
    if isinstance(one, SliceValue) or isinstance(other, SliceValue):
        return one == other
    if type(one.value) is not type(other.value):
        return False
    if isinstance(one.value, float | complex | np.inexact):
        return np.asarray(one.value).tobytes() == np.asarray(other.value).tobytes()
    try:
        return one.value is other.value or bool(one.value == other.value)
    except Exception:
        return False


def _leaf(form: Form) -> Leaf | None:
    """A known number as a number like any other."""
    if isinstance(form, Leaf):
        return form
    if isinstance(form, Static) and isinstance(form.value, Known):
        number = form.value.value
        if type(number) in PYTHON_TYPES:
            return Leaf(PYTHON_TYPES[type(number)])
        if isinstance(number, np.generic):
            return Leaf(Scalar(number.dtype, "numpy"))
    return None


def _numbers(one: Scalar, other: Scalar) -> Scalar:
    if one.kind == other.kind:
        if one.kind == "python":
            return max(one, other, key=lambda t: _PYTHON.index(t.dtype))
        return Scalar(np.promote_types(one.dtype, other.dtype), "numpy")
    python, numpy = (one, other) if one.kind == "python" else (other, one)
    if _rank(python.dtype) <= _rank(numpy.dtype):
        return numpy
    return Scalar(np.promote_types(python.dtype, numpy.dtype), "numpy")


def _rank(dtype: np.dtype) -> int:
    return {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}[dtype.kind]


def _arrays(builder: Builder, one: Leaf, other: Leaf, span: Span) -> Leaf | None:
    first, second = one.type, other.type
    assert isinstance(first, Array) and isinstance(second, Array)
    if first.dtype != second.dtype or first.ndim != second.ndim:
        return None
    layout = _layouts(first.layout, second.layout)
    if layout is None:
        return None
    loose = set(one.loose | other.loose)
    for axis, (a, b) in enumerate(zip(first.shape, second.shape, strict=True)):
        if axis not in loose and not _equal(builder, a, b, span):
            loose.add(axis)
    return Leaf(replace(first, layout=layout), frozenset(loose))


def _equal(builder: Builder, one: Dim, other: Dim, span: Span) -> bool:
    if is_local(one) or is_local(other):
        return builder.facts.proved(one, "==", other) is True
    return builder.decide(one, "==", other, span)


def _layouts(one: Layout, other: Layout) -> Layout | None:
    """The layout of which nothing is known that is not true of both."""
    same = (one.ranks, one.negative, one.alignment) == (other.ranks, other.negative, other.alignment)
    if not same:
        return None
    return replace(one, packed=one.packed and other.packed, unit=one.unit and other.unit)


def _text(form: Form) -> str:
    match form:
        case Leaf():
            return str(form.type)
        case Items():
            return f"({', '.join(map(_text, form.items))})"
        case Static(value):
            if isinstance(value, SliceValue):
                return "a slice"
            return repr(value.value) if isinstance(value.value, _SHOWN) else "a function or other object"
