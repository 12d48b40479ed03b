"""A function with control flow as the code generator gets it: every value has its place, array work is planned.

Made of a region's `Body` by `eqsat.schedule`, run by `lowering`. The statements are those of `eqsat.ir.body`, with
array writes planned as segments. Every node that a statement uses stands in a `Let`, an `Invoke` or a `Segment` before
it, in the same block or one around it. Leaves need none: `param`, `constant`, `dim` (a formula over symbols), `counter`
within its loop, and views (`IN_PLACE`) of arrays that stand before, which are addresses and no work. Nothing is left to
be computed lazily.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eqsat.ir.body import Check, Label, Leave, Scatter, Set
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Node
from eqsat.ir.program import Program
from eqsat.ir.region import Region


@dataclass(frozen=True, slots=True, eq=False)
class Let:
    """Compute a node now: a scalar operation, one element of an array (`view` of scalar type), or a `read`."""

    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Invoke:
    """Run a library operation (`eqsat.ir.ops.LIBRARY`) now; its array, if it gives one, is new memory."""

    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Put a number into one element: `target` is a `view` of scalar type."""

    target: Node
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Run a program: a stretch of array work, optimized as a whole.

    `inputs` gives for every parameter of `program.region` a value at hand: an array or scalar node, or a formula over
    the function's symbols. `outputs` gives for every result node of `program.region` (in the order of
    `result_nodes()`) the node that it computes: arrays are in new memory, scalars are numbers. Kernels whose target is
    a parameter's buffer write into the memory of that input. The program's checks are `Check`s.
    """

    program: Program
    inputs: tuple[Node | Dim, ...]
    outputs: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """See `eqsat.ir.body.If`."""

    condition: Node
    then: Steps
    orelse: Steps


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """See `eqsat.ir.body.For`."""

    counter: Node
    start: Node
    stop: Node
    step: Node
    up: bool | None
    body: Steps


@dataclass(frozen=True, slots=True, eq=False)
class While:
    """See `eqsat.ir.body.While`."""

    head: Steps
    condition: Node
    body: Steps


@dataclass(frozen=True, slots=True, eq=False)
class Labeled:
    """See `eqsat.ir.body.Labeled`."""

    label: Label
    body: Steps


Step = Let | Invoke | Store | Segment | Scatter | Set | Check | If | For | While | Labeled | Leave
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Routine:
    """A planned function. `region` is the interface: parameters, guards, captures, structure of the result.

    `symbols`: the nodes of local symbols. `direct`: arrays made here, once, that are results or bases of them
    (`Region.held_nodes`) and whose shapes are formulas over the function's own symbols: NumPy allocates them before the
    run, and they are filled in place.
    `written`: the parameters whose memory the function may write to. `restored`: those of them that must be put back
    when a check fails or a floating-point flag came up, since that can happen after a write. `heard`: whether anybody
    listens for floating-point flags (`eqsat.ir.hearing`).
    """

    region: Region
    steps: Steps
    symbols: Mapping[int, Node]
    direct: frozenset[Node]
    written: frozenset[int]
    restored: frozenset[int]
    heard: bool = True
