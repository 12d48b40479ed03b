"""The e-graph as Python sees it: classes of equal expressions, each with its alternatives.

Two graphs have this form: the program as it was written (one alternative in every class) and what is read out after
the rules have run. Extraction works on either. Attributes that egglog need not look into (shapes, index maps,
reductions, dimensions) are interned in `Tables`; the e-graph holds their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar

import numpy as np

from eqsat.egraph.calls import Called
from eqsat.ir.dims import Dim
from eqsat.ir.equalities import Equalities
from eqsat.ir.nodes import Constant, Reduction
from eqsat.ir.region import Region
from eqsat.ir.types import Array, DType, Scalar
from eqsat.ir.view import View

Kind = Literal["load", "constant", "argument", "size", "apply", "move", "fold", "call"]
Shape = tuple[Dim, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ENode:
    """One way to compute an element.

    `apply`: operation `name` with loop `signature` on classes `args`; `constant`: `name` is the dtype's character,
    `signature` the bytes in hex; `load`: of array class `attr`; `argument`: number `attr`; `size`, `move` (of
    `args[0]`) and `fold` (of `args[0]`): `attr` is a number in the tables; `call`: too, `name` is the operation's key.
    """

    kind: Kind
    name: str = ""
    signature: str = ""
    attr: int = 0
    args: tuple[int, ...] = ()

    @property
    def constant(self) -> Constant:
        """The number that a constant is."""
        return Constant(np.dtype(self.name), bytes.fromhex(self.signature))


@dataclass(frozen=True, slots=True)
class Stored:
    """What a `store` needs to know: the shape of the memory and its axes from slowest to fastest."""

    shape: Shape
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """An index map, the shape of what it reads, and the shape of the space that reads through it."""

    view: View
    source: Shape
    shape: Shape


@dataclass(frozen=True, slots=True)
class Folded:
    """A reduction, the shape of its operand, and the dtype of its result."""

    reduction: Reduction
    extents: Shape
    dtype: DType

    @property
    def shape(self) -> Shape:
        """The kept axes."""
        return tuple(d for axis, d in enumerate(self.extents) if axis not in self.reduction.axes)


class Interned(Generic[T]):
    """A numbering of equal values."""

    __slots__ = ("_numbers", "values")

    def __init__(self, *first: T) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}
        for value in first:
            self.number(value)

    def number(self, value: T) -> int:
        """The number of a value, a new one if it is new."""
        found = self._numbers.setdefault(value, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


@dataclass(slots=True)
class Tables:
    """What the numbers in the e-graph stand for. Space 0 is that of scalars."""

    region: Region
    spaces: Interned[Shape] = field(default_factory=lambda: Interned[Shape](()))
    stores: Interned[Stored] = field(default_factory=Interned[Stored])
    moves: Interned[Moved] = field(default_factory=Interned[Moved])
    folds: Interned[Folded] = field(default_factory=Interned[Folded])
    calls: Interned[Called] = field(default_factory=Interned[Called])
    sizes: Interned[Dim] = field(default_factory=Interned[Dim])
    same: Equalities = field(init=False)

    def __post_init__(self) -> None:
        self.same = Equalities(self.region.guards)

    def array_type(self, param: int) -> Array:
        """The type of an array parameter, with one name for sizes that the guards make equal."""
        found = self.region.params[param].type
        assert isinstance(found, Array)
        return replace(found, shape=self.resolved(found.shape))

    def resolved(self, shape: Shape) -> Shape:
        """The shape with one name for sizes that the guards make equal."""
        return tuple(map(self.same.resolve, shape))


@dataclass(slots=True)
class ArrayClass:
    """Memory that holds the same elements in the same order: a parameter, or to be filled from an element class.

    `rank` puts the arrays in an order in which each can be computed from earlier ones.
    """

    param: int | None = None
    stores: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    rank: int = 0


@dataclass(slots=True)
class Graph:
    """Element classes, array classes, and the class of each root; `spaces` and `dtypes` are those of the classes.

    `written`: the number of arrays in the program as written; those of that rank were made by rules.
    """

    elements: list[list[ENode]] = field(default_factory=list[list[ENode]])
    arrays: list[ArrayClass] = field(default_factory=list[ArrayClass])
    array_roots: list[int] = field(default_factory=list[int])
    element_roots: list[int] = field(default_factory=list[int])
    spaces: list[int] = field(default_factory=list[int])
    dtypes: list[str] = field(default_factory=list[str])
    written: int = 1 << 62


class Inconsistent(Exception):
    """A canary died: one class holds two constants, dtypes or shapes, so that some rule was wrong."""


def analyse(graph: Graph, tables: Tables) -> None:
    """Find the shape and dtype of every class, from its alternatives; refuse classes that hold different ones."""
    known: list[tuple[int, str] | None] = [None] * len(graph.elements)
    pending = list(range(len(known)))
    while pending:
        waiting: list[int] = []
        for number in pending:
            for enode in graph.elements[number]:
                known[number] = _type_of(enode, graph, tables, known)
                if known[number] is not None:
                    break
            else:
                waiting.append(number)
        if len(waiting) == len(pending):
            raise Inconsistent("a class is defined by nothing but itself")
        pending = waiting
    for number, alternatives in enumerate(graph.elements):
        constants = {enode for enode in alternatives if enode.kind == "constant"}
        if len(constants) > 1 and not (tables.region.flags and _are_close([enode.constant for enode in constants])):
            raise Inconsistent(f"the constants {', '.join(str(c.constant) for c in constants)} became equal")
        for enode in alternatives:
            if _type_of(enode, graph, tables, known) != known[number]:
                raise Inconsistent(f"{enode.name or enode.kind} became equal to something of another dtype or shape")
    graph.spaces = [found[0] for found in known if found is not None]
    graph.dtypes = [found[1] for found in known if found is not None]


def _are_close(constants: list[Constant]) -> bool:
    """Whether constants are one but for rounding, which rules under fast-math flags do in different places."""
    if constants[0].dtype.kind not in "fc":
        return False
    values = np.array([constant.value for constant in constants])
    size = np.max(np.abs(values))
    spread = np.abs(values - values[0])
    return bool(np.all(spread <= ROUNDED * float(np.finfo(constants[0].dtype).eps) * size) or np.all(np.isnan(values)))


ROUNDED = 256
"""Units in the last place by which constants may differ that rules under flags find equal."""


def _type_of(enode: ENode, graph: Graph, tables: Tables, known: list[tuple[int, str] | None]) -> tuple[int, str] | None:
    """Space and dtype character of an alternative, None while those of its arguments are not known."""
    if enode.kind == "apply":
        space = 0
        for arg in enode.args:
            below = known[arg]
            if below is None:
                return None
            space = max(space, below[0])
        return space, enode.signature[-1]
    if enode.kind == "move":
        below = known[enode.args[0]]
        return None if below is None else (tables.spaces.number(tables.moves.values[enode.attr].shape), below[1])
    if enode.kind == "load":
        array = graph.arrays[enode.attr]
        if array.param is not None:
            type_ = tables.array_type(array.param)
            return tables.spaces.number(type_.shape), type_.dtype.char
        info, element = array.stores[0]
        below = known[element]
        return None if below is None else (tables.spaces.number(tables.stores.values[info].shape), below[1])
    if enode.kind == "fold":
        fold = tables.folds.values[enode.attr]
        return tables.spaces.number(fold.shape), fold.dtype.char
    if enode.kind == "call":
        parts = [known[arg] for arg in enode.args]
        below = [part for part in parts if part is not None]
        if len(below) < len(parts):
            return None
        called = tables.calls.values[enode.attr]
        shape = tables.resolved(called.shape([tables.spaces.values[space] for space, _ in below]))
        return tables.spaces.number(shape), called.dtype([np.dtype(char) for _, char in below]).char
    if enode.kind == "constant":
        return 0, enode.name
    if enode.kind == "argument":
        type_ = tables.region.params[enode.attr].type
        assert isinstance(type_, Scalar)
        return 0, type_.dtype.char
    return 0, SIZE.char


SIZE = np.dtype(np.int64)
"""The dtype of formulas over sizes."""
