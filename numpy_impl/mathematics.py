"""Python's module `math`: of constants called at once, of numbers compiled with CPython's bits.

Called through `numpy_impl.library`. Errors of Python are checks, so that the undecorated function raises them.
Refused: `fsum`, `sumprod`, vectors of more than three coordinates, and functions whose bits are not to be had here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import operators, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.python_scalars import BOOL, FLOAT, INT
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.ops import MATH_CHECKS
from eqsat.ir.span import Span
from eqsat.ir.types import Scalar
from numpy_impl import libm
from numpy_impl.calls import NONE, handler, items_of
from numpy_impl.casts import one_number, to_python

_LIBRARY = (
    *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1"),
    *("log10", "log1p", "log2", "sin", "sinh", "tan", "tanh"),
)
_PLAIN = ("sqrt", "fabs", "gamma", "lgamma", "degrees", "radians", "ulp")
_PREDICATES = ("isnan", "isinf", "isfinite")
_PAIRS = ("atan2", "fmod", "pow", "remainder", "copysign")
_OF_LIBRARY = frozenset({*_LIBRARY, "log", "atan2", "fmod", "pow", "remainder", "nextafter", "ldexp"})
_USES: dict[str, tuple[str, ...]] = {"gamma": ("pow", "exp", "sin", "cos"), "lgamma": ("log", "sin", "cos")}


def operation(builder: Builder, name: str, args: Sequence[Node], result: Scalar, span: Span) -> Node:
    """`py.math.<name>`, with its check where there is one."""
    if f"ok.math.{name}" in MATH_CHECKS:
        builder.check(Node(f"ok.math.{name}", tuple(args), None, BOOL, span))
    return Node(f"py.math.{name}", tuple(args), None, result, span)


def as_float(builder: Builder, call: Call, value: Value) -> Node:
    """The argument as the float that CPython makes of it."""
    return to_python(builder, one_number(builder, call, value), float, call.span)


def as_index(builder: Builder, call: Call, value: Value) -> Node:
    """The argument, which must be an integer, as a Python int."""
    node = one_number(builder, call, value)
    type_ = builder.numeric(node, call.span)
    if type_.dtype.kind in "iu" or type_ == BOOL:
        return python_scalars.to_int(builder, node, call.span)
    raise PythonRaises(f"{call.name}: {type_} cannot be interpreted as an integer", call.span)


def _refuse_foreign(call: Call, name: str) -> None:
    for used in _USES.get(name, (name,) if name in _OF_LIBRARY else ()):
        if not libm.agrees(used):
            raise UnsupportedError(
                f"{call.name} of a number that is not constant is not compiled on this platform",
                call.span,
                have=f"the C library's {used} is not the one that Python uses",
                instead=f"use np.{call.name.rpartition('.')[2]}, whose last bit may differ",
            )


def _of_floats(name: str, arity: int, result: Scalar) -> Handler:
    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != arity or call.kwargs:
            raise PythonRaises(f"{call.name} takes {arity} arguments", call.span)
        _refuse_foreign(call, name)
        args = [as_float(builder, call, arg) for arg in call.args]
        return operation(builder, name, args, result, call.span)

    return handle


def _rounding(name: str) -> Handler:
    """`math.floor` and its like give an int; NaN and infinities raise.

    Numbers whose class has the method (Python's, and np.float64, which is a float) use it; `floor` and `ceil` of others
    ask for a float first.
    """

    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != 1 or call.kwargs:
            raise PythonRaises(f"{call.name} takes exactly one argument", call.span)
        node = one_number(builder, call, call.args[0])
        type_ = builder.numeric(node, call.span)
        own = isinstance(type_, Scalar) and (type_.kind == "python" or hasattr(type_.dtype.type, f"__{name}__"))
        if own and type_.dtype.kind in "bui":
            return python_scalars.to_int(builder, node, call.span)
        if not own and name == "trunc":
            raise PythonRaises(f"type {type_} doesn't define __trunc__ method", call.span)
        number = to_python(builder, node, float, call.span)
        return python_scalars.to_int(builder, operation(builder, name, [number], FLOAT, call.span), call.span)

    return handle


def log(builder: Builder, call: Call, x: Value, base: Value = NONE, /) -> Value:
    """`math.log`, with a base the quotient of two logarithms."""
    _refuse_foreign(call, "log")
    parts = [x] if base is NONE else [x, base]
    logs = [operation(builder, "log", [as_float(builder, call, part)], FLOAT, call.span) for part in parts]
    return logs[0] if len(logs) == 1 else operators.apply(builder, "div", logs, call.span)


def hypot(builder: Builder, call: Call, *coordinates: Value) -> Value:
    """`math.hypot`."""
    return _norm(builder, call, [as_float(builder, call, one) for one in coordinates])


def _norm(builder: Builder, call: Call, numbers: Sequence[Node]) -> Value:
    if len(numbers) > 3:
        raise UnsupportedError(
            f"{call.name} of more than three coordinates is not compiled yet",
            call.span,
            have=f"{len(numbers)} coordinates",
            instead="math.sqrt of the sum of squares, whose last bit may differ",
        )
    if not numbers:
        return Known(0.0)
    name = {1: "fabs", 2: "hypot", 3: "hypot3"}[len(numbers)]
    return operation(builder, name, numbers, FLOAT, call.span)


def dist(builder: Builder, call: Call, p: Value, q: Value, /) -> Value:
    """`math.dist` of two points."""
    points = [items_of(point) for point in (p, q) if isinstance(point, TupleValue | Known)]
    if len(points) < 2:
        raise UnsupportedError(f"{call.name} takes tuples here", call.span, instead="math.dist((x0, y0), (x1, y1))")
    if len(points[0]) != len(points[1]):
        raise PythonRaises("both points must have the same number of dimensions", call.span)
    pairs = [[as_float(builder, call, one) for one in pair] for pair in zip(*points, strict=True)]
    differences = [operators.apply(builder, "sub", pair, call.span) for pair in pairs]
    return _norm(builder, call, [builder.node(one, call.span) for one in differences])


def ldexp(builder: Builder, call: Call, x: Value, i: Value, /) -> Value:
    """`math.ldexp`, whose exponent is one of Python's ints."""
    _refuse_foreign(call, "ldexp")
    exponent = builder.node(i, call.span)
    if exponent.type not in (INT, BOOL):
        raise PythonRaises("Expected an int as second argument to ldexp.", call.span)
    args = [as_float(builder, call, x), python_scalars.to_int(builder, exponent, call.span)]
    return operation(builder, "ldexp", args, FLOAT, call.span)


def nextafter(builder: Builder, call: Call, x: Value, y: Value, /, *, steps: Value = NONE) -> Value:
    """`math.nextafter`, one step."""
    if steps is not NONE and steps != Known(None):
        raise UnsupportedError(f"`steps` of {call.name} is not compiled yet", call.span, instead="leave `steps` out")
    _refuse_foreign(call, "nextafter")
    return operation(builder, "nextafter", [as_float(builder, call, n) for n in (x, y)], FLOAT, call.span)


def frexp(builder: Builder, call: Call, x: Value, /) -> Value:
    """`math.frexp`."""
    number = [as_float(builder, call, x)]
    mantissa = operation(builder, "frexp_mantissa", number, FLOAT, call.span)
    return TupleValue((mantissa, operation(builder, "frexp_exponent", number, INT, call.span)))


def modf(builder: Builder, call: Call, x: Value, /) -> Value:
    """`math.modf`."""
    number = [as_float(builder, call, x)]
    fraction = operation(builder, "modf_fraction", number, FLOAT, call.span)
    return TupleValue((fraction, operation(builder, "trunc", number, FLOAT, call.span)))


def isclose(
    builder: Builder,
    call: Call,
    a: Value,
    b: Value,
    *,
    rel_tol: Value = Known(1e-09),  # noqa: B008
    abs_tol: Value = Known(0.0),  # noqa: B008
) -> Value:
    """`math.isclose`."""
    span = call.span
    x, y, relative, absolute = (as_float(builder, call, value) for value in (a, b, rel_tol, abs_tol))

    def compare(symbol: str, one: Node, other: Node) -> Node:
        return builder.node(operators.apply(builder, symbol, [one, other], span), span)

    def logic(name: str, *args: Node) -> Node:
        return Node(f"py.{name}", args, None, BOOL, span)

    def size(node: Node) -> Node:
        return operation(builder, "fabs", [node], FLOAT, span)

    zero = builder.node(Known(0.0), span)
    for tolerance in (relative, absolute):
        builder.check(logic("not", compare("lt", tolerance, zero)))
    difference = size(compare("sub", y, x))
    near = compare("lte", difference, absolute)
    for number in (x, y):
        near = logic("or", near, compare("lte", difference, size(compare("mult", relative, number))))
    infinite = logic("or", *(operation(builder, "isinf", [number], BOOL, span) for number in (x, y)))
    return logic("or", compare("eq", x, y), logic("and", near, logic("not", infinite)))


def fma(builder: Builder, call: Call, x: Value, y: Value, z: Value, /) -> Value:
    """`math.fma`."""
    return operation(builder, "fma", [as_float(builder, call, one) for one in (x, y, z)], FLOAT, call.span)


def product(builder: Builder, call: Call, iterable: Value, /, *, start: Value = Known(1)) -> Value:  # noqa: B008
    """`math.prod` of a tuple."""
    if not isinstance(iterable, TupleValue):
        raise UnsupportedError(f"{call.name} takes a tuple here", call.span, instead="np.prod(x), for an array")
    result = start
    for item in iterable.items:
        result = operators.apply(builder, "mult", [result, item], call.span)
    return result


def _of_ints(name: str, arity: int) -> Handler:
    def handle(builder: Builder, call: Call) -> Value:
        if len(call.args) != arity or call.kwargs:
            raise PythonRaises(f"{call.name} takes {arity} arguments", call.span)
        return operation(builder, name, [as_index(builder, call, arg) for arg in call.args], INT, call.span)

    return handle


def _chained(name: str, neutral: int) -> Callable[..., Value]:
    """`gcd` and `lcm` of any number of ints."""

    def handle(builder: Builder, call: Call, *integers: Value) -> Value:
        numbers = [as_index(builder, call, one) for one in integers]
        if not numbers:
            return Known(neutral)
        if len(numbers) == 1:
            return operators.apply(builder, "abs", numbers, call.span)
        result = numbers[0]
        for number in numbers[1:]:
            result = operation(builder, name, [result, number], INT, call.span)
        return result

    return handle


def perm(builder: Builder, call: Call, n: Value, k: Value = NONE, /) -> Value:
    """`math.perm`, of all of them the factorial."""
    if k is NONE or k == NONE:
        return operation(builder, "factorial", [as_index(builder, call, n)], INT, call.span)
    return operation(builder, "perm", [as_index(builder, call, one) for one in (n, k)], INT, call.span)


AT_RUN_TIME: dict[str, Handler] = {
    **{name: _of_floats(name, 1, FLOAT) for name in (*_LIBRARY, *_PLAIN)},
    **{name: _of_floats(name, 1, BOOL) for name in _PREDICATES},
    **{name: _of_floats(name, 2, FLOAT) for name in _PAIRS},
    **{name: _rounding(name) for name in ("floor", "ceil", "trunc")},
    "log": handler(log),
    "hypot": handler(hypot),
    "dist": handler(dist),
    "ldexp": handler(ldexp),
    "nextafter": handler(nextafter),
    "frexp": handler(frexp),
    "modf": handler(modf),
    "isclose": handler(isclose),
    "fma": handler(fma),
    "prod": handler(product),
    "factorial": _of_ints("factorial", 1),
    "isqrt": _of_ints("isqrt", 1),
    "comb": _of_ints("comb", 2),
    "gcd": handler(_chained("gcd", 0)),
    "lcm": handler(_chained("lcm", 1)),
    "perm": handler(perm),
}
"""By name, since not every Python has all of them."""


def _computed_or_compiled(function: Callable[..., object], compiled: Handler | None) -> Handler:
    def handle(builder: Builder, call: Call) -> Value:
        known = [arg.value for arg in call.args if isinstance(arg, Known)]
        named = {name: value.value for name, value in call.kwargs.items() if isinstance(value, Known)}
        if len(known) == len(call.args) and len(named) == len(call.kwargs):
            try:
                return Known(function(*known, **named))
            except Exception as error:
                raise PythonRaises(f"{type(error).__name__}: {error}", call.span) from error
        if compiled is None:
            raise UnsupportedError(
                f"{call.name} of what is not constant is not compiled", call.span, instead="compute it before the call"
            )
        return compiled(builder, call)

    return handle


def computed(module: ModuleType, at_run_time: Mapping[str, Handler]) -> dict[object, Handler]:
    """The functions of a module: called now where all is known, else compiled where their bits are certain."""
    functions = {name: value for name, value in vars(module).items() if callable(value) and name[0] != "_"}
    return {value: _computed_or_compiled(value, at_run_time.get(name)) for name, value in functions.items()}


FUNCTIONS: dict[object, Handler] = computed(math, AT_RUN_TIME)
