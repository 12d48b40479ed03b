"""Python's builtin functions on numbers and arrays: `abs`, `pow`, `divmod`, `min`, `max`.

Called through `numpy_impl.library`. Refused: `min` and `max` of numbers of different types, whose result type
would depend on the values.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import operators, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, Scalar
from numpy_impl.calls import handler
from numpy_impl.casts import known_call


def absolute(builder: Builder, call: Call, x: Value, /) -> Value:
    """`abs(x)`."""
    return operators.apply(builder, "abs", [x], call.span)


def power(builder: Builder, call: Call, base: Value, exp: Value) -> Value:
    """`pow(x, y)`."""
    return operators.apply(builder, "pow", [base, exp], call.span)


def quotient_and_remainder(builder: Builder, call: Call, x: Value, y: Value, /) -> Value:
    """`divmod(x, y)`."""
    return TupleValue(
        (operators.apply(builder, "floordiv", [x, y], call.span), operators.apply(builder, "mod", [x, y], call.span))
    )


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
        if len(values) == 1:
            raise UnsupportedError(
                f"{call.name} of one array is not compiled", call.span, instead=f"np.{call.name}(x), or x.{call.name}()"
            )
        for value in values[1:]:
            best = _better(builder, call, symbol, best, builder.node(value, call.span))
        return best

    return handle


def _better(builder: Builder, call: Call, symbol: str, best: Node, other: Node) -> Node:
    if isinstance(best.type, Array) or isinstance(other.type, Array):
        raise PythonRaises("the truth value of an array is ambiguous", call.span)
    if best.type != other.type or not isinstance(best.type, Scalar):
        raise UnsupportedError(
            f"{call.name} of numbers of different types is not compiled",
            call.span,
            f"have: {best.type} and {other.type}",
            f"convert them to one type, or use np.{call.name}imum",
        )
    beats = operators.apply(builder, symbol, [other, best], call.span)
    condition = python_scalars.to_bool(builder.node(beats, call.span), call.span)
    return Node("select", (condition, other, best), None, best.type, call.span)


FUNCTIONS: dict[object, Handler] = {
    abs: handler(absolute),
    pow: handler(power),
    divmod: handler(quotient_and_remainder),
    min: extremum(min, "lt"),
    max: extremum(max, "gt"),
}
