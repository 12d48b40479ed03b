"""Shapes and dtypes of the sides of a rule, found without arrays: both must agree wherever the left one is right.

Axes of vectors and matrices are unknowns, which operations on the left side make equal (`A @ B` has the columns of A
equal the rows of B). The right side may add no such equation, and must end with the same axes. A variable that may have
any number of axes has one unknown shape, the same for all of them that are no scalars. Called by `eqsat.rules.api`;
refuses, with TypeError, what NumPy would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eqsat.ir.dims import ONE, Dim, Symbol, dim
from eqsat.ir.equalities import Equalities
from eqsat.ir.opaque import Opaque
from eqsat.ir.ops import UFUNCS
from eqsat.rules.guards import Condition
from eqsat.rules.pattern import AXIS, Pattern, kind_of


@dataclass(frozen=True, slots=True)
class Whole:
    """The shape of the variables that may have any number of axes, without those in `dropped`.

    `dropped`: axis numbers, or the name of an axis variable.
    """

    dropped: tuple[int, ...] | str = ()


Axes = tuple[Dim, ...]
"""Lengths: formulas over unknowns."""
Shape = Axes | Whole


class Lengths:
    """Unknown lengths, and which of them are equal. `fixed`: no more may be made equal."""

    def __init__(self) -> None:
        self.same = Equalities(())
        self.count = 0
        self.fixed = False

    def new(self) -> Dim:
        """One more unknown."""
        self.count += 1
        return dim(Symbol(self.count, None))

    def find(self, length: Dim) -> Dim:
        """The formula in terms of representatives."""
        return self.same.resolve(length)

    def equal(self, one: Dim, other: Dim, what: str) -> None:
        """Make two lengths equal, or refuse to."""
        if self.find(one) == self.find(other):
            return
        if self.fixed:
            raise TypeError(f"{what} needs two lengths to be equal of which the left side does not say so")
        self.same.add(one, other)
        if self.find(one) != self.find(other):
            raise TypeError(f"{what} needs an axis of length {one} to have length {other}")

    def broadcast(self, one: Dim, other: Dim, what: str) -> Dim:
        """The length of two axes side by side."""
        if ONE in (one, other):
            return other if one == ONE else one
        self.equal(one, other, what)
        return one


@dataclass(frozen=True, slots=True)
class Typed:
    """The shape and dtype of a part; None for the dtype of a literal, which takes that of its neighbours."""

    shape: Shape
    dtype: np.dtype | None
    number: object = None


class Inference:
    """Shapes and dtypes of one rule, for one choice of dtypes."""

    def __init__(
        self, kinds: Mapping[str, str], conditions: tuple[Condition, ...], dtypes: Mapping[str, np.dtype]
    ) -> None:
        self.lengths = Lengths()
        self.dtypes = dtypes
        ranks: dict[str, int | None] = {}
        for name, kind in kinds.items():
            parsed = kind_of(kind)
            ranks[name] = None if parsed is None else parsed.ndim
        for condition in conditions:
            known = {"is_scalar": 0, "is_vector": 1, "is_matrix": 2, "is_square": 2, "is_symmetric": 2}
            if condition.test in known:
                ranks[condition.variable] = known[condition.test]
        self.shapes: dict[str, Shape] = {
            name: Whole() if rank is None else tuple(self.lengths.new() for _ in range(rank))
            for name, rank in ranks.items()
            if kinds[name] != AXIS
        }
        for condition in conditions:
            shapes = [self.shapes.get(name, ()) for name in condition.variables]
            if condition.test in ("is_square", "is_symmetric") and isinstance(shapes[0], tuple):
                self.lengths.equal(shapes[0][0], shapes[0][1], condition.test)
            elif condition.test == "same_shape" and all(isinstance(shape, tuple) for shape in shapes):
                self._same(shapes[0], shapes[1], condition.test)

    def check(self, left: Pattern, right: Pattern) -> None:
        """Refuse sides that differ in shape or dtype."""
        one = self.type(left)
        self.lengths.fixed = True
        other = self.type(right)
        if other.dtype is None:
            other = Typed(other.shape, one.dtype)
        if one.dtype != other.dtype:
            raise TypeError(f"the sides differ in dtype: {one.dtype} and {other.dtype}")
        if self._text(one.shape) != self._text(other.shape) and not (right.op == "literal"):
            raise TypeError(f"the sides differ in shape: {self._text(one.shape)} and {self._text(other.shape)}")

    def type(self, pattern: Pattern) -> Typed:
        """The shape and dtype of a part."""
        match pattern.op:
            case "variable":
                name = str(pattern.value)
                if name not in self.shapes:
                    raise TypeError(f"{name} stands for axes, not for a value")
                return Typed(self.shapes[name], self.dtypes[name])
            case "literal":
                return Typed((), np.dtype(np.bool_) if isinstance(pattern.value, bool) else None, pattern.value)
            case "size":
                self.type(pattern.args[0])
                return Typed((), None, 1)
            case "reduce":
                return self.reduce(pattern)
            case "transpose" | "expand" | "diagonal" | "flip":
                below = self.type(pattern.args[0])
                return Typed(self.moved(pattern, below.shape), below.dtype)
            case "call":
                return self.call(pattern)
            case _:
                return self.elementwise(pattern)

    def elementwise(self, pattern: Pattern) -> Typed:
        """A ufunc or `np.where`."""
        parts = [self.type(arg) for arg in pattern.args]
        shape: Shape = ()
        for part in parts:
            shape = self.broadcast(shape, part.shape, str(pattern))
        if pattern.op == "select":
            if parts[0].dtype != np.dtype(np.bool_):
                raise TypeError(f"where asks a bool: {pattern}")
            return Typed(shape, self.common(parts[1:]))
        op = UFUNCS[pattern.op]
        if op.ufunc is None or op.arity != len(parts):
            raise TypeError(f"{pattern.op} takes {op.arity} arguments: {pattern}")
        asked = [part.dtype if part.dtype is not None else type(part.number) for part in parts]
        if all(isinstance(one, type) for one in asked):
            raise TypeError(f"{pattern} is a number: write it as one")
        try:
            return Typed(shape, op.ufunc.resolve_dtypes((*asked, *[None] * op.ufunc.nout))[-1])  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise TypeError(f"np.{pattern.op} is not defined for these dtypes: {pattern}") from None

    def common(self, parts: list[Typed]) -> np.dtype:
        """The dtype that NumPy gives values side by side."""
        known = [part.dtype for part in parts if part.dtype is not None]
        numbers = [part.number for part in parts if part.dtype is None]
        return np.result_type(*known, *numbers)  # type: ignore[arg-type]

    def broadcast(self, one: Shape, other: Shape, what: str) -> Shape:
        """The shape of two operands side by side."""
        if one == () or other == ():
            return one or other
        if isinstance(one, Whole) or isinstance(other, Whole):
            if isinstance(one, tuple) or isinstance(other, tuple):
                return one if isinstance(one, tuple) else other  # one unknown shape, of which all that we know is this
            return one if not one.dropped else other if not other.dropped else self._same_whole(one, other, what)
        short, long = sorted((one, other), key=len)
        lead = len(long) - len(short)
        tail = tuple(self.lengths.broadcast(a, b, what) for a, b in zip(short, long[lead:], strict=True))
        return (*long[:lead], *tail)

    def _same_whole(self, one: Whole, other: Whole, what: str) -> Whole:
        if one != other:
            raise TypeError(f"{what} mixes reductions over different axes")
        return one

    def _same(self, one: Shape, other: Shape, what: str) -> None:
        if isinstance(one, tuple) and isinstance(other, tuple):
            if len(one) != len(other):
                raise TypeError(f"{what} compares arrays of {len(one)} and {len(other)} axes")
            for a, b in zip(one, other, strict=True):
                self.lengths.equal(a, b, what)

    def reduce(self, pattern: Pattern) -> Typed:
        """A reduction."""
        name, axes = pattern.value
        below = self.type(pattern.args[0])
        if below.dtype is None:
            raise TypeError(f"{pattern} reduces a number")
        dtype = np.dtype(np.bool_) if name.startswith("logical") else below.dtype
        if name in ("add", "multiply") and below.dtype.kind in "bui" and below.dtype.itemsize < 8:
            raise TypeError(
                f"{pattern} changes the dtype of small integers: speak of Float, Signed[...] or int64 alone"
            )
        shape = below.shape
        if axes is None:
            return Typed((), dtype)
        if isinstance(shape, Whole):
            if shape.dropped:
                raise TypeError(f"{pattern} reduces twice; name the axes of a vector or matrix instead")
            return Typed(Whole(axes), dtype)
        if isinstance(axes, str):
            raise TypeError(f"{pattern}: an axis variable is for values with any number of axes")
        gone = {self._axis(axis, len(shape), pattern) for axis in axes}
        return Typed(tuple(length for k, length in enumerate(shape) if k not in gone), dtype)

    def _axis(self, axis: int, ndim: int, pattern: Pattern) -> int:
        if not -ndim <= axis < ndim:
            raise TypeError(f"axis {axis} is out of bounds for {ndim} axes: {pattern}")
        return axis % ndim

    def moved(self, pattern: Pattern, shape: Shape) -> Shape:
        """The shape of an index map."""
        if isinstance(shape, Whole):
            if pattern.op == "expand" and shape.dropped and pattern.value == shape.dropped:
                return Whole()
            raise TypeError(f"{pattern} needs to know how many axes there are: use Vector, Matrix or Kind[n]")
        match pattern.op:
            case "transpose":
                order = tuple(reversed(range(len(shape)))) if pattern.value is None else pattern.value
                if sorted(order) != list(range(len(shape))):
                    raise TypeError(f"{pattern}: axes do not match {len(shape)} axes")
                return tuple(shape[k] for k in order)
            case "expand":
                if isinstance(pattern.value, str):
                    raise TypeError(f"{pattern}: an axis variable is for values with any number of axes")
                total = len(shape) + len(pattern.value)
                added = {self._axis(axis, total, pattern) for axis in pattern.value}
                rest = iter(shape)
                return tuple(ONE if k in added else next(rest) for k in range(total))
            case "diagonal":
                if len(shape) != 2:
                    raise TypeError(f"{pattern}: the diagonal is that of a matrix")
                self.lengths.equal(*shape, "the diagonal of a matrix (square, in rules)")
                return shape[:1]
            case _:
                self._axis(pattern.value, len(shape), pattern)
                return shape

    def call(self, pattern: Pattern) -> Typed:
        """A library operation or an opaque function."""
        parts = [self.type(arg) for arg in pattern.args]
        if not isinstance(pattern.value, str):
            return self.opaque(pattern, parts)
        dtypes = {part.dtype for part in parts}
        dtype = parts[0].dtype
        if len(dtypes) > 1 or dtype is None:
            raise TypeError(f"{pattern} mixes dtypes")
        shapes = [part.shape for part in parts]
        if any(isinstance(shape, Whole) for shape in shapes):
            raise TypeError(f"{pattern} needs to know how many axes there are: use Vector or Matrix")
        known = [shape for shape in shapes if isinstance(shape, tuple)]
        return Typed(self._library(pattern, known), dtype)

    def _library(self, pattern: Pattern, shapes: list[Axes]) -> Axes:
        ranks = tuple(map(len, shapes))
        text = str(pattern)
        match pattern.value:
            case "matmul":
                if not all(rank in (1, 2) for rank in ranks) or len(ranks) != 2:
                    raise TypeError(f"{text}: a product is one of vectors and matrices")
                a, b = shapes
                self.lengths.equal(a[-1], b[0], text)
                return (*a[:-1], *b[1:])
            case "inv" | "det":
                if ranks != (2,):
                    raise TypeError(f"{text} is of a matrix")
                self.lengths.equal(shapes[0][0], shapes[0][1], text)
                return shapes[0] if pattern.value == "inv" else ()
            case "solve":
                if len(ranks) != 2 or ranks[0] != 2 or ranks[1] not in (1, 2):
                    raise TypeError(f"{text} is of a matrix and a vector or matrix")
                self.lengths.equal(shapes[0][0], shapes[0][1], text)
                self.lengths.equal(shapes[0][0], shapes[1][0], text)
                return shapes[1]
            case _:
                raise TypeError(f"{pattern.value} is no operation that rules know")

    def opaque(self, pattern: Pattern, parts: list[Typed]) -> Typed:
        """A user's function: elementwise, or with a shape that follows from those of the arguments."""
        function = pattern.value
        assert isinstance(function, Opaque)
        if len(parts) != len(function.parameters):
            raise TypeError(f"{function.name} takes {len(function.parameters)} arguments: {pattern}")
        if function.elementwise:
            shape: Shape = ()
            for part in parts:
                shape = self.broadcast(shape, part.shape, str(pattern))
            return Typed(shape, function.result.dtype)
        shapes: list[Axes] = []
        for part, kind in zip(parts, function.parameters, strict=True):
            if isinstance(part.shape, Whole):
                raise TypeError(f"{pattern} needs to know how many axes there are: use Vector, Matrix or Kind[n]")
            if len(part.shape) != kind.ndim:
                raise TypeError(f"{function.name} takes {function}: {pattern}")
            shapes.append(tuple(map(self.lengths.find, part.shape)))
        return Typed(function.result_shape(shapes), function.result.dtype)

    def _text(self, shape: Shape) -> str:
        if isinstance(shape, Whole):
            return "all axes" + (f" but {shape.dropped}" if shape.dropped else "")
        return f"({', '.join(str(self.lengths.find(length)) for length in shape)}{',' if len(shape) == 1 else ''})"
