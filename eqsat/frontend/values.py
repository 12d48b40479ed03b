"""What a name can hold while a function is being translated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eqsat.ir.nodes import Node
from eqsat.ir.span import Span

if TYPE_CHECKING:
    from eqsat.frontend.builder import Builder


@dataclass(frozen=True, slots=True)
class Known:
    """A Python object known while translating: a number, None, a dtype, a module, a function, an `Ellipsis`.

    Arithmetic on known numbers is done by Python itself, so that it is exact.
    """

    value: object


@dataclass(frozen=True, slots=True)
class TupleValue:
    """A tuple, or a list display used as one."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class SliceValue:
    """`start:stop:step`, each `Known` (None where left out) or a Python int node."""

    start: Value
    stop: Value
    step: Value


Value = Node | Known | TupleValue | SliceValue


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the user wrote it; `name` is its text for messages, as `np.sum` or `x.sum`."""

    name: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    span: Span


Handler = Callable[["Builder", Call], Value]
"""How a NumPy function becomes nodes. A method's or attribute's handler gets the object as `args[0]`."""


@dataclass(frozen=True, slots=True)
class Library:
    """Every function, method and attribute that can be used inside a jitted function.

    `functions` is keyed by the callable object itself (`np.sum`, `math.sqrt`, `abs`); `methods` and `attributes`
    by name, for values that are arrays or scalars.
    """

    functions: dict[object, Handler]
    methods: dict[str, Handler]
    attributes: dict[str, Handler]
