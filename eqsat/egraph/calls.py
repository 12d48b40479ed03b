"""Library operations and opaque functions in the e-graph: what they give, and what they cost.

Called by `eqsat.egraph.graph` (shapes and dtypes of classes) and `cost`. One row of `FLOPS` adds an operation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from eqsat.errors import InternalError, UnsupportedError
from eqsat.ir.dims import Dim
from eqsat.ir.opaque import Opaque
from eqsat.ir.types import DType
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.pattern import Pattern, kind_of, walk

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Called:
    """A library operation: `name` and `attr` are those of its node."""

    name: str
    attr: object

    @property
    def key(self) -> str:
        """The text that stands for it in the e-graph, and in the left sides of rules."""
        return self.attr.key if isinstance(self.attr, Opaque) else self.name

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """The shape of the result."""
        match self.name:
            case "matmul":
                return (*shapes[0][:-1], *shapes[1][1:])
            case "inv":
                return shapes[0]
            case "solve":
                return shapes[1]
            case "det":
                return ()
            case "opaque":
                assert isinstance(self.attr, Opaque)
                if self.attr.elementwise:
                    return max(shapes, key=len, default=())
                return self.attr.result_shape(shapes)
            case _:
                raise InternalError(f"{self.name} is no operation that the optimizer knows")

    def dtype(self, dtypes: Sequence[DType]) -> DType:
        """The dtype of the result."""
        return self.attr.result.dtype if isinstance(self.attr, Opaque) else dtypes[0]

    def nanoseconds(self, shapes: Sequence[tuple[int, ...]], itemsize: int) -> float:
        """The time of one call, without that of moving memory."""
        if isinstance(self.attr, Opaque):
            return START + _stated(self.attr, shapes)
        return START + FLOPS[self.name](shapes) / RATE * itemsize / 8


Number = TypeVar("Number", int, Dim)

MOVED, OUTER = 4, 100
"""Multiplications that take as long as an element of a matrix that is moved, and of an outer product."""


def _stated(function: Opaque, shapes: Sequence[tuple[int, ...]]) -> float:
    """What the user says that a call costs."""
    try:
        return function.nanoseconds(shapes)
    except Exception as error:
        raise UnsupportedError(
            f"cost= of `{function.name}` raised {error!r}",
            have=f"called with the shapes {', '.join(map(str, shapes))}",
            instead="a number of nanoseconds, or a function from the arguments' shapes to one",
        ) from error


START = 150.0
"""Nanoseconds to begin a call."""
RATE = 40.0
"""Multiplications and additions in a nanosecond, of float64 in a BLAS on one core."""


def product(rows: Number, inner: Number, columns: Number, one: Number) -> Number:
    """The multiplications that a product of matrices takes as long as; `one` is what an extent of one is.

    Each matrix is read or written besides, which takes as long as four multiplications an element: a product with a
    vector waits for memory. Outer products, which NumPy's loops make without a BLAS, take a hundred.
    """
    if inner == one and one not in (rows, columns):
        return rows * columns * (one * OUTER)
    return rows * inner * columns + (rows * inner + inner * columns + rows * columns) * (one * MOVED)


def _matmul(shapes: Sequence[tuple[int, ...]]) -> float:
    rows = shapes[0][0] if len(shapes[0]) == 2 else 1
    columns = shapes[1][1] if len(shapes[1]) == 2 else 1
    return 2.0 * product(rows, shapes[0][-1], columns, 1)


def _solve(shapes: Sequence[tuple[int, ...]]) -> float:
    n = shapes[0][0]
    columns = shapes[1][1] if len(shapes[1]) == 2 else 1
    return (2 / 3 * n**3 + 2.0 * n * n * columns) * _SLOWER


_SLOWER = 2.0
"""LU decompositions run at about half the speed of products."""

FLOPS: dict[str, Callable[[Sequence[tuple[int, ...]]], float]] = {
    "matmul": _matmul,
    "inv": lambda shapes: 8 / 3 * shapes[0][0] ** 3 * _SLOWER,
    "solve": _solve,
    "det": lambda shapes: 2 / 3 * shapes[0][0] ** 3 * _SLOWER,
}
"""Arithmetic operations of each library operation."""


def call_key(pattern: Pattern) -> str:
    """The key of a call's operation."""
    return pattern.value.key if isinstance(pattern.value, Opaque) else str(pattern.value)


@functools.lru_cache(maxsize=64)
def spoken_of(book: RuleBook) -> Mapping[str, str]:
    """The operations in left sides of rules, which the e-graph must hold, by key: for elements of which dtypes."""
    found: dict[str, str] = {}
    for one in book.rules:
        if isinstance(one, Rule):
            kinds = filter(None, (kind_of(kind) for _, kind in one.kinds))
            chars = "".join(kind.dtypes for kind in kinds)
            for part in (*walk(one.left), *(walk(one.right) if one.two_way else ())):
                if part.op == "call":
                    key = call_key(part)
                    found[key] = found.get(key, "") + chars
    return found
