"""Python's module `cmath`: of constants called at once, of numbers compiled with CPython's bits.

Called through `numpy_impl.library`. Infinite, huge and tiny numbers are left to Python by checks. Refused: the inverse
trigonometric and hyperbolic functions, and `isclose`.
"""

from __future__ import annotations

import cmath

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import complex_scalars, operators
from eqsat.frontend.builder import Builder
from eqsat.frontend.complex_scalars import BOOL, COMPLEX, FLOAT
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.values import TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.types import Scalar
from numpy_impl import libm
from numpy_impl.calls import NONE, handler
from numpy_impl.casts import one_number
from numpy_impl.mathematics import as_float, computed, operation

_USES: dict[str, tuple[str, ...]] = {
    "cos": ("cos", "sin", "cosh", "sinh"),
    "cosh": ("cos", "sin", "cosh", "sinh"),
    "sin": ("cos", "sin", "cosh", "sinh"),
    "sinh": ("cos", "sin", "cosh", "sinh"),
    "tan": ("tan", "tanh", "cosh"),
    "tanh": ("tan", "tanh", "cosh"),
    "exp": ("exp", "cos", "sin"),
    "log": ("log", "log1p", "atan2"),
    "log10": ("log", "log1p", "atan2"),
    "sqrt": (),
    "phase": ("atan2",),
    "rect": ("cos", "sin"),
}


def _apply(builder: Builder, call: Call, name: str, args: tuple[Node, ...], result: Scalar = COMPLEX) -> Node:
    missing = [used for used in _USES[name] if not libm.agrees(used)]
    if missing:
        raise UnsupportedError(
            f"{call.name} is not compiled on this platform",
            call.span,
            have=f"the C library's {missing[0]} is not the one that Python uses",
        )
    builder.check(Node(f"ok.cmath.{name}", args, None, BOOL, call.span))
    return Node(f"py.cmath.{name}", args, None, result, call.span)


def _number(builder: Builder, call: Call, value: Value) -> Node:
    return complex_scalars.as_complex(one_number(builder, call, value), call.span)


def _of_one(name: str, result: Scalar = COMPLEX) -> Handler:
    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != 1 or call.kwargs:
            raise PythonRaises(f"{call.name} takes exactly one argument", call.span)
        return _apply(builder, call, name, (_number(builder, call, call.args[0]),), result)

    return handle


def log(builder: Builder, call: Call, z: Value, base: Value = NONE, /) -> Value:
    """`cmath.log`, with a base the quotient of two logarithms."""
    parts = [z] if base is NONE else [z, base]
    logs = [_apply(builder, call, "log", (_number(builder, call, part),)) for part in parts]
    return logs[0] if len(logs) == 1 else operators.apply(builder, "div", logs, call.span)


def polar(builder: Builder, call: Call, z: Value, /) -> Value:
    """`cmath.polar`."""
    number = _number(builder, call, z)
    size = operators.apply(builder, "abs", [number], call.span)
    return TupleValue((size, _apply(builder, call, "phase", (number,), FLOAT)))


def rect(builder: Builder, call: Call, r: Value, phi: Value, /) -> Value:
    """`cmath.rect`."""
    return _apply(builder, call, "rect", (as_float(builder, call, r), as_float(builder, call, phi)))


def _predicate(name: str, joint: str) -> Handler:
    """What is asked of both parts."""

    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != 1 or call.kwargs:
            raise PythonRaises(f"{call.name} takes exactly one argument", call.span)
        number = _number(builder, call, call.args[0])
        parts = [Node(part, (number,), None, FLOAT, call.span) for part in ("real", "imag")]
        answers = tuple(operation(builder, name, [part], BOOL, call.span) for part in parts)
        return Node(f"py.{joint}", answers, None, BOOL, call.span)

    return handle


AT_RUN_TIME: dict[str, Handler] = {
    **{name: _of_one(name) for name in ("cos", "cosh", "exp", "log10", "sin", "sinh", "sqrt", "tan", "tanh")},
    "log": handler(log),
    "phase": _of_one("phase", FLOAT),
    "polar": handler(polar),
    "rect": handler(rect),
    "isnan": _predicate("isnan", "or"),
    "isinf": _predicate("isinf", "or"),
    "isfinite": _predicate("isfinite", "and"),
}
"""By name."""

FUNCTIONS: dict[object, Handler] = computed(cmath, AT_RUN_TIME)
