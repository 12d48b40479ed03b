"""Regions: a function body as inputs, outputs, and what must hold for the compiled code to be valid.

What a specialization took for granted about sizes is a `Guard`, checked once per call before any work; a guard
that fails sends the call back to be specialized anew. What Python would raise on is a check: when it fails, the
undecorated function is run and raises. What was read from outside (globals, closure cells) is a `Capture`,
compared by identity at every call, so that nothing is ever stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import CellType, FunctionType
from typing import Literal

from eqsat.ir.body import Body, root_of
from eqsat.ir.dims import Dim, Symbol
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Type
from eqsat.ir.view import View

Relation = Literal["==", "!=", ">=", "<"]


@dataclass(frozen=True, slots=True)
class Guard:
    """`left relation right`, over sizes and integer arguments."""

    left: Dim
    relation: Relation
    right: Dim
    span: Span

    def holds(self, sizes: dict[Symbol, int]) -> bool:
        """Whether it is true for these sizes."""
        a, b = self.left.evaluate(sizes), self.right.evaluate(sizes)
        return {"==": a == b, "!=": a != b, ">=": a >= b, "<": a < b}[self.relation]

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class Merges:
    """Whether axes `slow` and `fast` of array parameter `param` can be walked as one (a fact about strides).

    True means `stride[slow] == extent_of_fast * stride[fast]`.
    """

    param: int
    slow: int
    fast: int
    truth: bool
    span: Span

    def __str__(self) -> str:
        return f"p{self.param} axes {self.slow},{self.fast} {'merge' if self.truth else 'do not merge'}"


@dataclass(frozen=True, slots=True)
class Disjoint:
    """Whether array parameters `first` and `second` are apart in memory, by the lowest and highest address of each."""

    first: int
    second: int
    truth: bool
    span: Span

    def __str__(self) -> str:
        return f"p{self.first} and p{self.second} {'are apart' if self.truth else 'overlap'}"


@dataclass(frozen=True, slots=True)
class Identical:
    """Whether array parameters `first` and `second` are one object."""

    first: int
    second: int
    truth: bool
    span: Span

    def __str__(self) -> str:
        return f"p{self.first} is {'' if self.truth else 'not '}p{self.second}"


AnyGuard = Guard | Merges | Disjoint | Identical


class Absent(Enum):
    """The one object that stands for "no such key" in a `Capture`."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


FUNCTION_PARTS = ("__code__", "__defaults__", "__kwdefaults__")
"""What a function is defined with; reloading a module while it is in use rebinds these."""


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """`namespace[key]` (a dict), the content of a closure cell or what a function was defined with, at specialization.

    Of a function, `key` is one of `FUNCTION_PARTS` and stands for the attribute of that name. With `value` = `ABSENT`
    the dict must not have the key: a builtin is read only while no global hides it.
    """

    namespace: dict[str, object] | CellType | FunctionType
    key: str
    value: object

    def holds(self) -> bool:
        """Whether the same object is there now."""
        if isinstance(self.namespace, dict):
            return self.namespace.get(self.key, ABSENT) is self.value
        if isinstance(self.namespace, CellType):
            try:
                return self.namespace.cell_contents is self.value
            except ValueError:  # the cell is empty
                return False
        return getattr(self.namespace, self.key) is self.value


@dataclass(frozen=True, slots=True, eq=False)
class Param:
    """An input: an argument of the call by position, or an array found in a global or closure (`captured`)."""

    name: str
    type: Type
    captured: object | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """A result that is the same Python object at every call: None, a string, a dtype, a constant of Python's."""

    value: object


@dataclass(frozen=True, slots=True)
class TupleOf:
    """A tuple of results."""

    items: tuple[Result, ...]


Result = Node | Same | TupleOf
"""What a function returns. A `param` node is returned as the same object, a `view` of one as a view of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Overwrite:
    """After everything else, put `value` into the elements of array parameter `param` that `view` maps to.

    `value` has the parameter's dtype and the shape `shape`, or no axes. `aliases`: other parameters that may lie in the
    same memory.
    """

    param: int
    view: View
    shape: tuple[Dim, ...]
    value: Node
    aliases: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A typed function body.

    With a `body` (see `eqsat.ir.body`) it has control flow or writes into arrays, and no `checks` of its own.
    `overwrites` stand in the regions that `eqsat.schedule` makes of stretches of such a body. `estimates`: numbers that
    the cost model takes for local symbols. `flags`: the fast-math flags that are granted (`eqsat.ir.flags`).
    """

    name: str
    params: tuple[Param, ...]
    result: Result
    guards: tuple[AnyGuard, ...]
    checks: tuple[Node, ...]
    captures: tuple[Capture, ...]
    span: Span
    body: Body | None = None
    overwrites: tuple[Overwrite, ...] = ()
    estimates: Mapping[Symbol, int] = field(default_factory=dict[Symbol, int])
    flags: frozenset[str] = frozenset()

    def result_nodes(self) -> Iterator[Node]:
        """The nodes among the results, left to right."""
        yield from nodes_of(self.result)

    def held_nodes(self) -> tuple[Node, ...]:
        """The results, and behind them the arrays that are none, but in whose memory a result is a view."""
        results = tuple(self.result_nodes())
        views = (root_of(node) for node in results if node.op in IN_PLACE and isinstance(node.type, Array))
        bases = (base for base in dict.fromkeys(views) if base.op != "param" and base not in results)
        return (*results, *bases)

    def roots(self) -> tuple[Node, ...]:
        """Everything that must be computed: results, then checks, then what overwrites parameters."""
        return (*self.result_nodes(), *self.checks, *(one.value for one in self.overwrites))


def nodes_of(result: Result) -> Iterator[Node]:
    """The nodes of a result structure, left to right."""
    if isinstance(result, Node):
        yield result
    elif isinstance(result, TupleOf):
        for item in result.items:
            yield from nodes_of(item)
