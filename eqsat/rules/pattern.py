"""Patterns: what the two sides of a rule are made of, and the kinds of things that their variables stand for.

A variable records what is done to it: operators, ufuncs, `np.where`, reductions, transposition, new axes, the diagonal,
matrix products, `np.linalg`, and functions marked `@eqsat.opaque`. Whatever else is asked of one raises TypeError,
which `eqsat.rules.api` turns into an error of the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, cast

import numpy as np

from eqsat.ir.ops import UFUNCS

DTYPES: dict[str, str] = {
    "Float": "efd",
    "Complex": "FD",
    "Signed": "bhilq",
    "Unsigned": "BHILQ",
    "Int": "bhilqBHILQ",
    "Real": "bhilqBHILQefd",
    "Number": "bhilqBHILQefdFD",
    "Inexact": "efdFD",
    "Bool": "?",
}
"""What a variable's elements can be: NumPy's type characters by the name of the kind."""

SHAPED = {
    "Scalar": "Inexact[0]",
    "Vector": "Inexact[1]",
    "Matrix": "Inexact[2]",
    "FloatScalar": "Float[0]",
    "FloatVector": "Float[1]",
    "FloatMatrix": "Float[2]",
    "IntScalar": "Int[0]",
    "IntVector": "Int[1]",
    "IntMatrix": "Int[2]",
}
"""Names of kinds with a number of axes."""

AXIS = "Axis"
"""The kind of a variable for the axes of a reduction."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A parsed kind: type characters, and the number of axes (None: any; then operations broadcast)."""

    dtypes: str
    ndim: int | None


def kind_of(name: str) -> Kind | None:
    """`Float` or `Inexact[2]` or `Matrix` or `float64[1]`, parsed; None if it is no kind of values."""
    base, _, rest = SHAPED.get(name, name).partition("[")
    dtypes = DTYPES.get(base) or _ONE_DTYPE.get(base)
    if dtypes is None or (rest and not (rest.endswith("]") and rest[:-1].isdecimal())):
        return None
    return Kind(dtypes, int(rest[:-1]) if rest else None)


def narrowed(name: str, dtype: np.dtype) -> str:
    """The kind with elements of one dtype alone, if it has them; else as it is."""
    kind = kind_of(name)
    if kind is None or dtype.char not in kind.dtypes:
        return name
    return dtype.name if kind.ndim is None else f"{dtype.name}[{kind.ndim}]"


_ONE_DTYPE = {np.dtype(char).name: char for char in "?bhilBHILefdFD"}


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A variable (`op` is "variable", `value` its name), a number ("literal") or an operation on patterns.

    `op` is the name of a ufunc or "select", or one of: "reduce" (`value`: the ufunc's name, and the axes: None, numbers
    or the name of an `Axis` variable), "transpose" (`value`: the axes or None), "expand" (`value`: where axes of length
    one are added, or the name of an `Axis` variable), "diagonal", "flip" (`value`: the axis), "size" (`value`: an axis,
    or None for all), "call" (`value`: the name of a library operation, or an opaque function).
    """

    op: str
    args: tuple[Pattern, ...] = ()
    value: Any = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        if ufunc is np.matmul and method == "__call__" and not kwargs:
            return call("matmul", *inputs)
        if method == "reduce" and ufunc.__name__ in REDUCED.values():
            return _reduction(ufunc.__name__)(*inputs, **{"axis": 0, **kwargs})
        if method != "__call__" or kwargs or ufunc.__name__ not in UFUNCS:
            raise TypeError(f"np.{ufunc.__name__} with method {method!r} and {sorted(kwargs)} is no pattern")
        return apply(ufunc.__name__, *inputs)

    def __array_function__(
        self, function: Any, types: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Any:
        known = FUNCTIONS.get(function)
        if known is None:
            raise TypeError(f"{getattr(function, '__name__', function)} is no pattern; see docs/rules.md for what is")
        return known(*args, **kwargs)

    def __eqsat_call__(self, function: object, args: Sequence[object]) -> Pattern:
        return call(function, *args)

    def __array__(self, *_: object) -> NoReturn:
        raise TypeError("a pattern has no elements")

    def __bool__(self) -> bool:
        raise TypeError("a pattern is neither true nor false; write conditions with `when=`")

    def __add__(self, other: object) -> Pattern:
        return apply("add", self, other)

    def __radd__(self, other: object) -> Pattern:
        return apply("add", other, self)

    def __sub__(self, other: object) -> Pattern:
        return apply("subtract", self, other)

    def __rsub__(self, other: object) -> Pattern:
        return apply("subtract", other, self)

    def __mul__(self, other: object) -> Pattern:
        return apply("multiply", self, other)

    def __rmul__(self, other: object) -> Pattern:
        return apply("multiply", other, self)

    def __truediv__(self, other: object) -> Pattern:
        return apply("divide", self, other)

    def __rtruediv__(self, other: object) -> Pattern:
        return apply("divide", other, self)

    def __floordiv__(self, other: object) -> Pattern:
        return apply("floor_divide", self, other)

    def __mod__(self, other: object) -> Pattern:
        return apply("remainder", self, other)

    def __pow__(self, other: object) -> Pattern:
        return apply("power", self, other)

    def __matmul__(self, other: object) -> Pattern:
        return call("matmul", self, other)

    def __lshift__(self, other: object) -> Pattern:
        return apply("left_shift", self, other)

    def __rshift__(self, other: object) -> Pattern:
        return apply("right_shift", self, other)

    def __and__(self, other: object) -> Pattern:
        return apply("bitwise_and", self, other)

    def __or__(self, other: object) -> Pattern:
        return apply("bitwise_or", self, other)

    def __xor__(self, other: object) -> Pattern:
        return apply("bitwise_xor", self, other)

    def __invert__(self) -> Pattern:
        return apply("invert", self)

    def __neg__(self) -> Pattern:
        return apply("negative", self)

    def __pos__(self) -> Pattern:
        return apply("positive", self)

    def __abs__(self) -> Pattern:
        return apply("absolute", self)

    def __lt__(self, other: object) -> Pattern:
        return apply("less", self, other)

    def __le__(self, other: object) -> Pattern:
        return apply("less_equal", self, other)

    def __gt__(self, other: object) -> Pattern:
        return apply("greater", self, other)

    def __ge__(self, other: object) -> Pattern:
        return apply("greater_equal", self, other)

    def __getitem__(self, index: object) -> Pattern:
        """`x[:, None]` and the like: new axes, and everything else whole."""
        items = index if isinstance(index, tuple) else (index,)
        if not all(item is None or item is ... or item == slice(None) for item in cast(tuple[object, ...], items)):
            raise TypeError(f"the index {index!r} is no pattern; new axes (None) and whole axes (:) are")
        if Ellipsis in cast(tuple[object, ...], items):
            raise TypeError("an index with ... is no pattern; write every axis")
        return Pattern(
            "expand", (self,), tuple(k for k, item in enumerate(cast(tuple[object, ...], items)) if item is None)
        )

    @property
    def T(self) -> Pattern:
        return Pattern("transpose", (self,), None)

    @property
    def size(self) -> Pattern:
        return Pattern("size", (self,), None)

    @property
    def shape(self) -> _Shape:
        return _Shape(self)

    def sum(self, axis: object = None, keepdims: bool = False) -> Pattern:
        return reduced("add", self, axis=axis, keepdims=keepdims)

    def prod(self, axis: object = None, keepdims: bool = False) -> Pattern:
        return reduced("multiply", self, axis=axis, keepdims=keepdims)

    def max(self, axis: object = None, keepdims: bool = False) -> Pattern:
        return reduced("maximum", self, axis=axis, keepdims=keepdims)

    def min(self, axis: object = None, keepdims: bool = False) -> Pattern:
        return reduced("minimum", self, axis=axis, keepdims=keepdims)

    def trace(self) -> Pattern:
        return reduced("add", Pattern("diagonal", (self,)))

    def same(self, other: Pattern) -> bool:
        """Whether both are the same expression."""
        if (self.op, len(self.args), repr(self.value)) != (other.op, len(other.args), repr(other.value)):
            return False
        return all(mine.same(theirs) for mine, theirs in zip(self.args, other.args, strict=True))

    def __str__(self) -> str:
        if self.op in ("variable", "literal"):
            return str(self.value)
        inside = [str(arg) for arg in self.args]
        if self.op == "call":
            name = self.value if isinstance(self.value, str) else getattr(self.value, "name", repr(self.value))
            return f"{name}({', '.join(inside)})"
        if self.op == "reduce":
            name, axes = self.value
            return f"{name}.reduce({inside[0]}, axis={axes})"
        if self.op in STRUCTURE and self.value is not None:
            inside.append(str(self.value))
        return f"{self.op}({', '.join(inside)})"


@dataclass(frozen=True, slots=True)
class _Shape:
    """`x.shape`, of which patterns know `x.shape[0]`."""

    of: Pattern

    def __getitem__(self, axis: int) -> Pattern:
        return Pattern("size", (self.of,), axis)


STRUCTURE = frozenset({"reduce", "transpose", "expand", "diagonal", "flip", "size", "call"})
"""Ops of patterns that are no elementwise operation."""
MOVEMENT = frozenset({"transpose", "expand", "diagonal", "flip"})
"""Those of them that are index maps."""

REDUCED = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "amax": "maximum", "amin": "minimum"}
"""NumPy's reductions, and the ufunc of each."""

Float = Annotated[Pattern, "Float"]
Complex = Annotated[Pattern, "Complex"]
Signed = Annotated[Pattern, "Signed"]
Unsigned = Annotated[Pattern, "Unsigned"]
Int = Annotated[Pattern, "Int"]
Real = Annotated[Pattern, "Real"]
Number = Annotated[Pattern, "Number"]
Inexact = Annotated[Pattern, "Inexact"]
Bool = Annotated[Pattern, "Bool"]
Scalar = Annotated[Pattern, "Scalar"]
Vector = Annotated[Pattern, "Vector"]
Matrix = Annotated[Pattern, "Matrix"]
FloatScalar = Annotated[Pattern, "FloatScalar"]
FloatVector = Annotated[Pattern, "FloatVector"]
FloatMatrix = Annotated[Pattern, "FloatMatrix"]
IntScalar = Annotated[Pattern, "IntScalar"]
IntVector = Annotated[Pattern, "IntVector"]
IntMatrix = Annotated[Pattern, "IntMatrix"]
Axis = Annotated[Any, "Axis"]


def apply(op: str, *args: object) -> Pattern:
    """The pattern of an elementwise operation; numbers become literals."""
    return Pattern(op, tuple(as_pattern(arg) for arg in args))


def call(what: object, *args: object) -> Pattern:
    """The pattern of a library operation or an opaque function."""
    return Pattern("call", tuple(as_pattern(arg) for arg in args), what)


def reduced(op: str, x: object, axis: object = None, keepdims: bool = False) -> Pattern:
    """The pattern of a reduction by ufunc `op`."""
    axes: object = axis
    if isinstance(axis, Pattern):
        if axis.op != "variable":
            raise TypeError("the axis of a reduction is a number, a tuple of numbers, None or an Axis variable")
        axes = str(axis.value)
    elif isinstance(axis, int):
        axes = (axis,)
    folded = Pattern("reduce", (as_pattern(x),), (op, axes))
    if not keepdims:
        return folded
    if axes is None:
        raise TypeError("keepdims=True of a reduction over all axes is no pattern; leave it out")
    return Pattern("expand", (folded,), axes)


def as_pattern(value: object) -> Pattern:
    """A pattern as it is, a number as a literal."""
    if isinstance(value, Pattern):
        return value
    if isinstance(value, bool | int | float):
        return Pattern("literal", (), value)
    raise TypeError(f"{value!r} is no part of a pattern")


def _reduction(op: str) -> Callable[..., Pattern]:
    def reduction(x: Pattern, axis: object = None, keepdims: bool = False) -> Pattern:
        return reduced(op, x, axis, keepdims)

    return reduction


def _called(name: str) -> Callable[..., Pattern]:
    def library(*args: Pattern) -> Pattern:
        return call(name, *args)

    return library


def _elementwise(op: str) -> Callable[..., Pattern]:
    def operation(first: object, second: object, third: object) -> Pattern:
        return apply(op, first, second, third)

    return operation


def _flip(x: Pattern, axis: int) -> Pattern:
    return Pattern("flip", (x,), axis)


def _trace(x: Pattern) -> Pattern:
    return x.trace()


def _mean(x: Pattern, axis: object = None, keepdims: bool = False) -> Pattern:
    if axis is None:
        return reduced("add", x) / Pattern("size", (x,), None)
    if not isinstance(axis, int):
        raise TypeError("the mean over several axes, or over an Axis variable, is no pattern; write the sum")
    return reduced("add", x, axis, keepdims) / Pattern("size", (x,), axis)


def _transpose(x: Pattern, axes: Sequence[int] | None = None) -> Pattern:
    return Pattern("transpose", (x,), None if axes is None else tuple(axes))


def _expand(x: Pattern, axis: int | tuple[int, ...]) -> Pattern:
    return Pattern("expand", (x,), (axis,) if isinstance(axis, int) else axis)


def _diagonal(x: Pattern) -> Pattern:
    return Pattern("diagonal", (x,))


def _outer(x: Pattern, y: Pattern) -> Pattern:
    return x[:, None] * y[None, :]


FUNCTIONS: dict[Any, Callable[..., Pattern]] = {
    np.where: _elementwise("select"),
    np.clip: _elementwise("clip"),
    np.sum: _reduction("add"),
    np.prod: _reduction("multiply"),
    np.max: _reduction("maximum"),
    np.min: _reduction("minimum"),
    np.any: _reduction("logical_or"),
    np.all: _reduction("logical_and"),
    np.mean: _mean,
    np.transpose: _transpose,
    np.expand_dims: _expand,
    np.flip: _flip,
    np.diagonal: _diagonal,
    np.diag: _diagonal,
    np.trace: _trace,
    np.outer: _outer,
    np.dot: _called("matmul"),
    np.inner: _called("matmul"),
    np.vdot: _called("matmul"),
    np.linalg.inv: _called("inv"),
    np.linalg.solve: _called("solve"),
    np.linalg.det: _called("det"),
}
"""NumPy's functions that patterns know. `np.diag` is that of a matrix; `dot`, `inner` and `vdot` those of vectors."""


def walk(pattern: Pattern) -> Iterator[Pattern]:
    """The pattern and everything in it."""
    yield pattern
    for arg in pattern.args:
        yield from walk(arg)


def variables(pattern: Pattern) -> Iterator[str]:
    """Names of the variables, axes among them, with repetitions, left to right."""
    for one in walk(pattern):
        if one.op == "variable":
            yield str(one.value)
        elif one.op == "reduce" and isinstance(one.value[1], str):
            yield one.value[1]
        elif one.op == "expand" and isinstance(one.value, str):
            yield one.value
