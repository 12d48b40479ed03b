"""The nodes of the typed IR: immutable values in an expression graph, each with its type and source span.

A function body is a `Region` (see `eqsat.ir.region`). What happens in which order is said by statements around the
nodes (`eqsat.ir.body`), where it matters.

Op names and what `attr` holds:

========== ======================= ==================================================================
op         attr                    meaning
========== ======================= ==================================================================
param      int                     argument number `attr` of the region
constant   Constant                a known number
dim        Dim                     a Python int that is a formula over sizes
view       View                    the argument's elements under another index map; no new memory
copy       None                    a fresh array with the argument's elements, in the node's layout
cast       None                    the argument converted to the node's dtype
<ufunc>    str, as "dd->d"         elementwise; arguments have exactly the loop's dtypes and the node's
                                   shape, or are scalars
select     None                    `np.where`: condition, then, else
real, imag None                    the parts of complex numbers, of an array in its own memory
reshape    tuple of Dim            a packed array's memory in C order, under another shape; the e-graph never sees it
stride     (Dim, ...)              every so-manieth element along each axis, where steps are known at run time only
reduce     Reduction               a reduction over axes, in NumPy's exact order; axes are dropped
py.<op>    None                    Python's operator on Python scalars (`eqsat.ir.ops.PYTHON_OPS`)
ok.<op>    None                    whether that operator neither raises nor leaves 64 bits
ok.cast    str, as "l->b"          whether the integer is a value of the dtype it is converted to
read       Variable                what a variable holds at this moment (`eqsat.ir.body`)
counter    int                     the counter of the `For` that this stands in; attr: its symbol's number
<library>  (by op)                 a library operation (`eqsat.ir.ops.LIBRARY`): new memory, never fused
========== ======================= ==================================================================

A `view` whose type is a scalar is the one element that it reads; a `view` of an array without axes repeats its number;
a `copy` of a scalar is an array without axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from eqsat.ir.dims import Dim
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, Type, canonical

IN_PLACE = frozenset({"view", "real", "imag", "reshape", "stride"})
"""Ops whose result, if it is an array, is in the memory of their argument."""

NO_MAPS = frozenset({"reshape", "stride"})
"""Those of them that are no index map: the e-graph never sees them, who reads them has an array of its own."""


@dataclass(frozen=True, slots=True)
class Constant:
    """An exact constant: the bytes of the number, so that -0.0 and every NaN stay themselves."""

    dtype: DType
    data: bytes

    @staticmethod
    def of(value: object, dtype: DType) -> Constant:
        """The constant that NumPy makes of `value` as `dtype`."""
        return Constant(dtype, np.asarray(value, dtype).tobytes())

    @property
    def value(self) -> np.generic:
        """As a NumPy scalar."""
        return np.frombuffer(self.data, self.dtype)[0]

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which NumPy combines the elements of one result of a reduction (axes of the operand).

    For each combination of indices of `outer` (slowest first), NumPy runs its inner loop over `inner` (slowest
    first) as one run of elements, and combines the run's result with what it has. A sum within a run is pairwise.
    `inner` is empty where NumPy's inner loop runs along a kept axis: then every element is a run of its own.
    `block`: runs are cut into pieces of at most so many elements, each reduced and combined in turn.
    """

    outer: tuple[int, ...]
    inner: tuple[int, ...]
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Reduction:
    """Reduce over `axes` of the operand with ufunc `op`; the kept axes stay in their order."""

    op: str
    axes: tuple[int, ...]
    order: Order

    def __str__(self) -> str:
        return f"{self.op}{self.axes} outer={self.order.outer} inner={self.order.inner} block={self.order.block}"


next_serial = itertools.count().__next__
"""Counts nodes and statements in the order in which they are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value. Nodes are compared by identity; equal expressions are found by the e-graph.

    `serial` tells when it was made (see `eqsat.ir.body`).
    """

    op: str
    args: tuple[Node, ...]
    attr: object
    type: Type
    span: Span
    serial: int = field(default_factory=next_serial, init=False)

    def __repr__(self) -> str:
        return f"<{self.op} {self.attr or ''}: {self.type}>"


def walk(roots: Iterable[Node]) -> Iterator[Node]:
    """Every node below `roots`, arguments before their users, each once; not into inner regions."""
    seen: set[Node] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args))


def dim_node(value: Dim, type_: Type, span: Span) -> Node:
    """A Python int that is a formula over sizes."""
    return Node("dim", (), value, type_, span)


def constant_node(value: object, dtype: DType, span: Span) -> Node:
    """A NumPy scalar that is known."""
    dtype = canonical(dtype)
    return Node("constant", (), Constant.of(value, dtype), Scalar(dtype, "numpy"), span)


def loop_of(node: Node) -> str:
    """The loop signature of an elementwise node, made of its types where the node does not name one.

    `ok.cast` names the conversion that it asks about: "l->b" becomes "l->b->?", whose result is a bool.
    """
    if isinstance(node.attr, str):
        return node.attr if node.attr[-1] == _char(node) else f"{node.attr}->{_char(node)}"
    chars = "".join(_char(arg) for arg in node.args)
    return f"{chars}->{_char(node)}"


def _char(node: Node) -> str:
    assert isinstance(node.type, Array | Scalar)
    return node.type.dtype.char
