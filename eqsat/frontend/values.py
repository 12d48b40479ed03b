"""What a name can hold while a function is being translated."""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.nodes import Node


@dataclass(frozen=True, slots=True)
class Known:
    """A Python object known while translating: a number, None, a dtype, a module, a function, an `Ellipsis`.

    Arithmetic on known numbers is done by Python itself, so that it is exact.
    """

    value: object


@dataclass(frozen=True, slots=True)
class TupleValue:
    """A tuple, or a list display used as one (`is_list`)."""

    items: tuple[Value, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class SliceValue:
    """`start:stop:step`, each `Known` (None where left out) or a Python int node."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """`x.flat`: the elements of an array in C order, in its own memory. Held as `Known`."""

    array: Node


@dataclass(frozen=True, slots=True)
class Maybe:
    """What a name holds if `bound`, a bool, is true; else it has no value."""

    value: Value
    bound: Node


Value = Node | Known | TupleValue | SliceValue
