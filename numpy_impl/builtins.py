"""Python's builtin functions on numbers and arrays: `abs`, `pow`, `divmod`, `round`, `min`, `max`, `sum`, `any`, `all`.

Called through `numpy_impl.library`. `min` and `max` of numbers of different types give the wider type, since the type
must be known before the values: that is a difference from Python, which docs/language.md lists. Refused: `key=` and
`default=`, and what no common type holds exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import operators, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.python_scalars import BOOL, FLOAT, INT
from eqsat.frontend.truth import both, either, truth
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.types import Array, DType, Scalar
from numpy_impl import elementwise
from numpy_impl.calls import NONE, handler, integer, items_of
from numpy_impl.casts import known_call, to_python
from numpy_impl.mathematics import operation

_EXACT = {2: 2**11, 4: 2**24, 8: 2**53}
"""Up to where floats of so many bytes hold every integer."""
_COMPENSATED = sum([0.1] * 10) == 1.0
"""Whether `sum` keeps what is lost in adding floats, as since Python 3.12."""
_MOST_PLACES = 22
"""Powers of ten up to here are floats."""


def absolute(builder: Builder, call: Call, x: Value, /) -> Value:
    """`abs(x)`."""
    return operators.apply(builder, "abs", [x], call.span)


def power(builder: Builder, call: Call, base: Value, exp: Value, mod: Value = NONE) -> Value:
    """`pow(x, y)`, and of ints `pow(x, y, modulus)`."""
    if mod is NONE or mod == NONE:
        return operators.apply(builder, "pow", [base, exp], call.span)
    values = (base, exp, mod)
    if all(isinstance(value, Known) for value in values):
        return known_call(pow, Call(call.name, values, {}, call.span))
    nodes = [builder.node(value, call.span) for value in values]
    if any(node.type not in (INT, BOOL) for node in nodes):
        raise UnsupportedError(
            f"{call.name} with a modulus takes Python's ints", call.span, instead="convert: pow(int(x), int(y), int(m))"
        )
    ints = [python_scalars.to_int(builder, node, call.span) for node in nodes]
    return operation(builder, "pow_mod", ints, INT, call.span)


def quotient_and_remainder(builder: Builder, call: Call, x: Value, y: Value, /) -> Value:
    """`divmod(x, y)`."""
    return TupleValue(
        (operators.apply(builder, "floordiv", [x, y], call.span), operators.apply(builder, "mod", [x, y], call.span))
    )


def rounded(builder: Builder, call: Call, number: Value, ndigits: Value = NONE) -> Value:
    """`round(x)` to the nearest int, even in a tie; `round(x, n)` to decimal places, n being known."""
    if isinstance(number, Known) and isinstance(ndigits, Known):
        return known_call(round, Call(call.name, (number, ndigits), {}, call.span))
    node = builder.node(number, call.span)
    type_ = builder.numeric(node, call.span)
    if isinstance(type_, Array) or type_.dtype.kind == "c" or type_ == Scalar(np.dtype(np.bool_), "numpy"):
        raise PythonRaises(f"type {type_} doesn't define __round__ method", call.span)
    whole = type_.dtype.kind in "biu"
    if ndigits == NONE:
        if whole:
            return python_scalars.to_int(builder, node, call.span)
        nearest = operation(builder, "round", [to_python(builder, node, float, call.span)], FLOAT, call.span)
        return python_scalars.to_int(builder, nearest, call.span)
    places = integer(builder, call, ndigits)
    if type_.kind == "numpy":
        return elementwise.round_(builder, call, node, Known(places))
    if whole and places >= 0:
        return python_scalars.to_int(builder, node, call.span)
    if whole or abs(places) > _MOST_PLACES:
        raise UnsupportedError(
            f"{call.name} to {places} places is not compiled",
            call.span,
            f"have: {type_}",
            f"floats, and {-_MOST_PLACES} to {_MOST_PLACES} places" if not whole else "round(float(x), n)",
        )
    if not places:
        return operation(builder, "round", [node], FLOAT, call.span)
    factor = builder.node(Known(10.0 ** abs(places)), call.span)
    return operation(builder, "round_to" if places > 0 else "round_tens", [node, factor], FLOAT, call.span)


def extremum(function: object, symbol: str) -> Handler:
    """`min` and `max` of two or more numbers: the first one that no other one beats, as Python has it."""

    def handle(builder: Builder, call: Call) -> Value:
        values: Sequence[Value] = call.args
        if len(values) == 1 and isinstance(values[0], TupleValue):
            values = values[0].items
        if call.kwargs or not values:
            raise UnsupportedError(f"{call.name} with keywords is not compiled yet", call.span)
        if all(isinstance(value, Known) for value in values):
            return known_call(function, Call(call.name, tuple(values), {}, call.span))
        best = builder.node(values[0], call.span)
        if len(values) == 1 and call.args[0] is values[0]:
            raise UnsupportedError(
                f"{call.name} of one array is not compiled", call.span, instead=f"np.{call.name}(x), or x.{call.name}()"
            )
        for value in values[1:]:
            best = _better(builder, call, symbol, best, builder.node(value, call.span))
        return best

    return handle


def _better(builder: Builder, call: Call, symbol: str, best: Node, other: Node) -> Node:
    if not isinstance(best.type, Scalar) or not isinstance(other.type, Scalar):
        raise PythonRaises("the truth value of an array is ambiguous", call.span)
    beats = operators.apply(builder, symbol, [other, best], call.span)
    condition = python_scalars.to_bool(builder.node(beats, call.span), call.span)
    common = _common_type(call, best, other)
    arms = [_exactly(builder, call, node, common) for node in (other, best)]
    return Node("select", (condition, *arms), None, common, call.span)


def _common_type(call: Call, left: Node, right: Node) -> Scalar:
    """The type that holds both numbers; a Python number beside a NumPy scalar takes its type if it can."""
    one, other = left.type, right.type
    assert isinstance(one, Scalar) and isinstance(other, Scalar)
    if one == other:
        return one
    dtypes = [one.dtype, other.dtype]
    kinds = "biufc"
    if one.kind != other.kind:
        weak, node, strong = (one, left, other) if one.kind == "python" else (other, right, one)
        if kinds.index(weak.dtype.kind) <= kinds.index(strong.dtype.kind) and _takes(strong.dtype, node):
            return strong
    common = np.result_type(*dtypes)
    if common.kind == "f" and all(dtype.kind in "iu" for dtype in dtypes):
        raise _no_common_type(call, one, other)
    return Scalar(common, "numpy" if "numpy" in (one.kind, other.kind) else "python")


def _takes(dtype: DType, node: Node) -> bool:
    """Whether the dtype may hold the Python number, known or not; that it does is checked where it is not known."""
    kind = node.type.dtype.kind if isinstance(node.type, Scalar) else ""
    if node.op == "constant" and isinstance(node.attr, Constant):
        value = node.attr.value.item()
        try:
            return math.isnan(value) or dtype.type(value) == value
        except OverflowError:
            return False
    return kind in "bi" or dtype.itemsize == 8


def _no_common_type(call: Call, one: object, other: object) -> UnsupportedError:
    return UnsupportedError(
        f"{call.name} of numbers that no common type holds exactly",
        call.span,
        f"have: {one} and {other}",
        f"convert them to one type, or use np.{call.name}imum",
    )


def _exactly(builder: Builder, call: Call, node: Node, type_: Scalar) -> Node:
    """The number in another type; an int that a float does not hold is checked for."""
    source = builder.numeric(node, call.span)
    if source == type_:
        return node
    if source.dtype.kind in "iu" and type_.dtype.kind == "f":
        limit = _EXACT[type_.dtype.itemsize]
        if source.dtype.itemsize * 8 > limit.bit_length() - 1:
            python_scalars.check_within(builder, python_scalars.to_int(builder, node, call.span), limit, call.span)
    if type_.kind == "python":
        kind = {"b": bool, "i": int, "f": float}.get(type_.dtype.kind)
        if kind is None:
            raise _no_common_type(call, source, type_)
        return to_python(builder, node, kind, call.span)
    return builder.node(builder.cast(node, type_.dtype, call.span), call.span)


def total(builder: Builder, call: Call, iterable: Value, /, start: Value = Known(0)) -> Value:  # noqa: B008
    """`sum` of a tuple: one addition after the other, of floats as this Python adds them."""
    if not isinstance(iterable, TupleValue):
        raise UnsupportedError(f"{call.name} takes a tuple here", call.span, instead="np.sum(x), for an array")
    items = [start, *iterable.items]
    if all(isinstance(item, Known) for item in items):
        known = [item.value for item in iterable.items if isinstance(item, Known)]
        return known_call(sum, Call(call.name, (Known(known), start), {}, call.span))
    nodes = [builder.node(item, call.span) if not isinstance(item, TupleValue) else item for item in items]
    types = [node.type if isinstance(node, Node) else None for node in nodes]
    if _COMPENSATED and types.count(FLOAT) > 1:
        return _compensated(builder, call, [node for node in nodes if isinstance(node, Node)], types)
    result = start
    for item in iterable.items:
        result = operators.apply(builder, "add", [result, item], call.span)
    return result


def _compensated(builder: Builder, call: Call, nodes: Sequence[Node], types: Sequence[object]) -> Value:
    """Ints, then floats, whose rounding errors are summed apart and added in the end unless they are infinite."""
    span = call.span
    first = types.index(FLOAT)
    if any(type_ not in (INT, BOOL) for type_ in types[:first]) or any(type_ != FLOAT for type_ in types[first:]):
        raise UnsupportedError(
            f"{call.name} of floats mixed with other numbers is not compiled", span, instead="convert them to float"
        )

    def apply(symbol: str, *args: Node) -> Node:
        return builder.node(operators.apply(builder, symbol, args, span), span)

    def choose(condition: Node, one: Node, other: Node) -> Node:
        return Node("select", (condition, one, other), None, FLOAT, span)

    high = nodes[0]
    for node in nodes[1:first]:
        high = apply("add", high, node)
    high = to_python(builder, high, float, span)
    zero = builder.node(Known(0.0), span)
    low = zero
    for x in nodes[max(first, 1) :]:
        added = apply("add", high, x)
        sizes = [operation(builder, "fabs", [one], FLOAT, span) for one in (high, x)]
        kept = apply("add", apply("sub", high, added), x)
        other = apply("add", apply("sub", x, added), high)
        low = apply("add", low, choose(apply("gte", *sizes), kept, other))
        high = added
    good = Node(
        "py.and", (apply("noteq", low, zero), operation(builder, "isfinite", [low], BOOL, span)), None, BOOL, span
    )
    return choose(good, apply("add", high, low), high)


def quantifier(stops_at: bool) -> Handler:
    """`any` and `all` of a tuple."""

    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != 1 or call.kwargs:
            raise PythonRaises(f"{call.name} takes exactly one argument", call.span)
        if not isinstance(call.args[0], TupleValue):
            raise UnsupportedError(f"{call.name} takes a tuple here", call.span, instead=f"np.{call.name}(x)")
        result: bool | Node = not stops_at
        for item in items_of(call.args[0]):
            answer = truth(builder, item, call.span)
            if isinstance(answer, bool):
                if answer is stops_at:
                    return Known(stops_at)
                continue
            answer = python_scalars.to_bool(answer, call.span)
            if isinstance(result, Node):
                result = (either if stops_at else both)(result, answer, call.span)
            else:
                result = answer
        return result if isinstance(result, Node) else Known(result)

    return handle


def _of_class(builder: Builder, call: Call, self: Value, name: str) -> Node:
    """The number, whose class must have the method."""
    node = builder.node(self, call.span)
    type_ = builder.numeric(node, call.span)
    python = {"b": bool, "i": int, "f": float, "c": complex}
    is_python = isinstance(type_, Scalar) and type_.kind == "python"
    class_ = python[type_.dtype.kind] if is_python else type_.dtype.type
    if isinstance(type_, Array) or not hasattr(class_, name):
        raise PythonRaises(f"{type_} has no attribute {name}", call.span)
    return node


def is_integer(builder: Builder, call: Call, self: Value) -> Value:
    """`x.is_integer()`."""
    node = _of_class(builder, call, self, "is_integer")
    if builder.numeric(node, call.span).dtype.kind in "biu":
        return Known(True)
    number = to_python(builder, node, float, call.span)
    whole = operation(builder, "trunc", [number], FLOAT, call.span)
    same = builder.node(operators.apply(builder, "eq", [number, whole], call.span), call.span)
    finite = operation(builder, "isfinite", [number], BOOL, call.span)
    return Node("py.and", (same, finite), None, BOOL, call.span)


def _of_bits(name: str) -> Handler:
    """`n.bit_length()` and `n.bit_count()`."""

    def method(builder: Builder, call: Call, self: Value) -> Value:
        node = _of_class(builder, call, self, name)
        return operation(builder, name, [python_scalars.to_int(builder, node, call.span)], INT, call.span)

    return handler(method)


METHODS: dict[str, Handler] = {
    "is_integer": handler(is_integer),
    "bit_length": _of_bits("bit_length"),
    "bit_count": _of_bits("bit_count"),
}

FUNCTIONS: dict[object, Handler] = {
    abs: handler(absolute),
    pow: handler(power),
    divmod: handler(quotient_and_remainder),
    round: handler(rounded),
    min: extremum(min, "lt"),
    max: extremum(max, "gt"),
    sum: handler(total),
    any: quantifier(True),
    all: quantifier(False),
}
