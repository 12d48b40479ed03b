"""Writing into arrays: `a[i] = x`, `a[1:-1] += x`, `a += x`, and what `out=` and its like come to.

The target is a view of the memory that is written; the value is converted and broadcast as NumPy does it. Called by
statements and by functions of the library that fill arrays. Read-only memory is left to Python, which raises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import fancy, structure
from eqsat.frontend.assigned import assigned
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.frontend.weak import long_integer
from eqsat.ir.body import Write
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar, shape_of

IN_PLACE_OPERATORS = frozenset(
    {"add", "sub", "mult", "div", "floordiv", "mod", "pow", "bitand", "bitor", "bitxor", "lshift", "rshift", "matmult"}
)
"""In-place operators of arrays, by the name of their `ast` class: `ufunc(a, b, out=a)`."""


def is_fancy(items: Sequence[Value]) -> bool:
    """Whether an index is advanced: an array, a list of numbers or a bool stands in it."""
    return any(map(fancy.is_advanced, items))


def element_of(builder: Builder, base: Node, items: tuple[Value, ...], span: Span) -> Node:
    """`base[items]`, read: an element, a view, or a new array of what an advanced index picks."""
    return fancy.read(builder, base, items, span) if is_fancy(items) else builder.index(base, items, span)


def write_items(builder: Builder, base: Node, items: tuple[Value, ...], value: Value, span: Span) -> None:
    """`base[items] = value`."""
    refuse_readonly(builder, base, span)
    if is_fancy(items):
        fancy.write(builder, base, items, value, span)
    else:
        write(builder, builder.index(base, items, span), value, span)


def write(builder: Builder, target: Node, value: Value, span: Span) -> None:
    """Put a value into an array, a view or an element, converted as NumPy's assignment does it."""
    type_ = builder.numeric(target, span)
    long = long_integer(value, type_.dtype)
    if long is not None:
        value = Known(long)
    given = array_of(builder, value, None, span, type_.dtype) if isinstance(value, TupleValue) else value
    node = builder.node(given, span)
    if isinstance(target.type, Scalar):
        if builder.ndim(node):
            raise PythonRaises("setting an array element with a sequence", span)
        if isinstance(node.type, Array):
            node = builder.element(node, span)
        builder.emit(Write(target, assigned(builder, node, type_.dtype, span), span))
        return
    made = assigned(builder, fancy.fitted(builder, node, shape_of(type_), span), type_.dtype, span)
    builder.emit(Write(target, made, span))


def update(builder: Builder, symbol: str, target: Node, operand: Value, span: Span) -> None:
    """`target <symbol>= operand` for an array or view: the ufunc with `out=target`."""
    refuse_readonly(builder, target, span)
    if symbol not in IN_PLACE_OPERATORS:
        raise UnsupportedError(f"the in-place operator {symbol} is not compiled yet", span)
    write_out(builder, target, structure.operate(builder, symbol, (target, operand), span), span)


def write_out(builder: Builder, target: Node, made: Value, span: Span) -> None:
    """Put the result of a ufunc into `out`: same shape, and a dtype that it may be converted to (same_kind)."""
    node, type_ = builder.node(made, span), builder.numeric(target, span)
    mine, theirs = shape_of(type_), shape_of(builder.numeric(node, span))
    found = builder.numeric(node, span).dtype
    if len(theirs) > len(mine):
        raise PythonRaises("the result does not fit the array that it is put into", span)
    lead = len(mine) - len(theirs)
    for axis, length in enumerate(theirs, lead):
        if not builder.decide(mine[axis], "==", length, span, expected=True) and length != ONE:
            raise PythonRaises("the result does not fit the array that it is put into", span)
    if not np.can_cast(found, type_.dtype, "same_kind"):
        raise PythonRaises(f"cannot cast {found} to {type_.dtype} with same_kind", span)
    value = fancy.fitted(builder, node, mine, span)
    builder.emit(Write(target, builder.coerce(value, type_.dtype, span), span))


def as_updated(builder: Builder, old: Node, made: Value, span: Span) -> Node:
    """What a new array `old` holds after an in-place operator whose plain result is `made`: its dtype stays."""
    node, dtype = builder.node(made, span), builder.numeric(old, span).dtype
    found = builder.numeric(node, span).dtype
    if not np.can_cast(found, dtype, "same_kind"):
        raise PythonRaises(f"cannot cast {found} to {dtype} with same_kind", span)
    return builder.coerce(node, dtype, span)


def refuse_readonly(builder: Builder, array: Node, span: Span) -> None:
    """Python raises where memory is known to be read-only: an argument's, what NumPy made so, or a view of such."""
    node, closed = array, builder.readonly | builder.locked
    while node.op in IN_PLACE and node not in closed:
        node = node.args[0]
    if node in closed:
        raise PythonRaises("assignment destination is read-only", span)
