"""What extraction chooses: kernels, and how each class in them is had.

Made by `eqsat.egraph.extract`, read by `decode` and `provenance`.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.egraph.cost import CostModel, Work
from eqsat.egraph.graph import ENode, Shape
from eqsat.ir.view import View


@dataclass(frozen=True, slots=True)
class Leaf:
    """A read of array class `array` through `view` (None: of every element in its place)."""

    array: int
    view: View | None


Choice = ENode | Leaf


@dataclass(frozen=True, slots=True)
class KernelPlan:
    """A kernel: fill `array` (None: a scalar root) from class `element`; `choices` say how each class is had."""

    array: int | None
    element: int
    choices: dict[int, Choice]
    reads: tuple[int, ...]
    work: Work
    cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Kernels in an order in which every array is filled before it is read; then scalars, one for each root."""

    kernels: tuple[KernelPlan, ...]
    scalars: tuple[KernelPlan, ...]
    cost: float
    cut: frozenset[int]


def describe(model: CostModel, array: int) -> tuple[Shape, tuple[int, ...], str]:
    """Shape, order and dtype character of an array class."""
    found = model.described.get(array)
    if found is None:
        found = model.described[array] = _described(model, array)
    return found


def _described(model: CostModel, array: int) -> tuple[Shape, tuple[int, ...], str]:
    known = model.graph.arrays[array]
    if known.param is not None:
        type_ = model.tables.array_type(known.param)
        return type_.shape, type_.layout.order, type_.dtype.char
    info, element = known.stores[0]
    stored = model.tables.stores.values[info]
    return stored.shape, stored.order, model.graph.dtypes[element]
