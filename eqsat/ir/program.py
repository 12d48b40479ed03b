"""What the optimizer hands to the code generator: which buffers exist, and one term for each.

A `Kernel` fills one buffer from a term, an expression evaluated per index of the buffer's shape. Kernels are listed
in an order in which every buffer is filled before it is read. Terms share nodes freely: the same object is the same
value, computed once per index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Constant, Node, Reduction
from eqsat.ir.region import Region
from eqsat.ir.types import DType
from eqsat.ir.view import View


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for an array. `order`: its axes from the slowest to the fastest; packed, but for parameters.

    `role`: `param` (parameter number `param` of the region), `result` (allocated by NumPy and returned) or `temp`.
    A buffer of rank 0 holds one number.
    """

    name: str
    dtype: DType
    shape: tuple[Dim, ...]
    order: tuple[int, ...]
    role: Literal["param", "result", "temp"]
    param: int | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """The element of `buffer` at the place where `view` maps the current index."""

    buffer: Buffer
    view: View

    @property
    def dtype(self) -> DType:
        return self.buffer.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A constant."""

    constant: Constant

    @property
    def dtype(self) -> DType:
        return self.constant.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """The value of scalar parameter `param`."""

    param: int
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """An int64: a formula over sizes."""

    dim: Dim
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """A scalar operation of `eqsat.ir.ops`: a ufunc (its loop given by `signature`), a structural one or `py.*`.

    The dtypes of `args` are those of the loop. `name` is the op's name.
    """

    name: str
    signature: str
    args: tuple[Term, ...]
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A reduction of `arg`, which is evaluated over the space `extents` (the operand's axes, kept and reduced)."""

    reduction: Reduction
    extents: tuple[Dim, ...]
    arg: Term
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A library operation (`eqsat.ir.ops.CALLS`) on whole arrays: `name` and `attr` are those of the node.

    Each of `args` is a `Load`, which gives an array of the shape in `shapes` (not of the kernel's), or, with the shape
    (), a term of a number, in which every `Load` is of a buffer without axes. It may fail, as a check does.
    """

    name: str
    attr: object
    args: tuple[Term, ...]
    shapes: tuple[tuple[Dim, ...], ...]
    dtype: DType


Term = Load | Known | Argument | Size | Apply | Fold | Call


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a buffer: the space `shape` whose indices `view` maps to elements; `order`: its axes, slowest first."""

    view: View
    shape: tuple[Dim, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """Fill `target`, or with a `window` the part of it that the window maps to, which may be a parameter's.

    A `Fold` or a `Call` stands at the root of the term or nowhere. A kernel with a window reads of the memory that it
    writes to the very element that it writes, or none that it writes.
    """

    target: Buffer
    term: Term
    cost: float
    """Estimated nanoseconds at the sizes of the first call."""
    window: Window | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """`region` is the interface: parameters, guards, structure of the result.

    `values` says where the value of each result node and each check is found: a buffer, or a term without loads
    (a scalar computed before any kernel runs).
    """

    region: Region
    kernels: tuple[Kernel, ...]
    values: dict[Node, Buffer | Term]

    @property
    def temporaries(self) -> tuple[Buffer, ...]:
        """Buffers that are neither parameters nor results."""
        return tuple(k.target for k in self.kernels if k.target.role == "temp")


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly below."""
    if isinstance(term, Apply | Call):
        return term.args
    return (term.arg,) if isinstance(term, Fold) else ()


def walk(roots: Iterable[Term]) -> Iterator[Term]:
    """Every term below `roots`, arguments first, each object once."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        term, ready = stack.pop()
        if ready:
            yield term
        elif id(term) not in seen:
            seen.add(id(term))
            stack.append((term, True))
            stack.extend((child, False) for child in reversed(children(term)))
