"""The e-graph of a stretch of array work, for looking at: classes, their alternatives, what they cost, what is chosen.

Nothing of it is kept from the compilation: the rules run again when somebody asks. Called by `eqsat.explain`; a time
budget may stop them elsewhere than the first time, which `stop` says.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eqsat.egraph.canaries import prepared, saturated
from eqsat.egraph.charges import made_of, own_cost
from eqsat.egraph.cost import CostModel
from eqsat.egraph.encode import Seeds
from eqsat.egraph.extract import Extractor
from eqsat.egraph.graph import ENode, Graph, Tables
from eqsat.egraph.optimize import STANDARD, is_plain
from eqsat.egraph.plan import KernelPlan, Leaf, Plan
from eqsat.egraph.readout import Places
from eqsat.egraph.show import INFIX, PREFIX
from eqsat.errors import RuleWarning
from eqsat.ir.dims import Symbol
from eqsat.ir.opaque import Opaque
from eqsat.ir.region import Region
from eqsat.ir.span import NOWHERE, Span
from eqsat.rules.api import RuleBook
from eqsat.rules.book import DEFAULT


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to compute a class from others, `args`.

    `cost`: estimated nanoseconds, with everything that it is made of; infinite if a cycle leads back to it alone.
    `chosen`: the program does it. `written`: so it stands in the source.
    """

    label: str
    args: tuple[int, ...]
    cost: float
    chosen: bool
    written: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A class of equal expressions.

    `kept`: a kernel puts it into memory. `leaf`: a number or an argument, which labels name. `rules`: those that fired
    on it.
    """

    dtype: str
    shape: str
    alternatives: tuple[Alternative, ...]
    kept: bool
    leaf: bool
    spans: tuple[Span, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The classes by number, those of the results, the rows of the e-graph, and why the rules stopped."""

    boxes: tuple[Box, ...]
    roots: tuple[int, ...]
    rows: int
    stop: str


def picture(region: Region, sizes: Mapping[Symbol, int], book: RuleBook) -> Picture:
    """The e-graph of a region without control flow, at the sizes of a call."""
    seeds = prepared(region)
    written = Extractor(CostModel(seeds.graph, seeds.tables, sizes))
    plan = written.everything()
    if book is DEFAULT and is_plain(seeds.graph, plan):
        return _Painter(seeds, seeds.graph, sizes, plan, None, ()).paint(0, "nothing to rewrite")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuleWarning)  # it was given when the function was compiled
        survived = saturated(region, seeds, book, STANDARD, sizes)
    stop = "; ".join(survived.notes)
    found = survived.found
    if found is None:
        return _Painter(seeds, seeds.graph, sizes, plan, None, ()).paint(0, stop)
    stop = "; ".join([*survived.notes, found.stop])
    searched = Extractor(CostModel(found.graph, seeds.tables, sizes)).search()
    if searched is None or searched[0].cost > plan.cost:
        stop += "; no plan was better than the program as written"
        return _Painter(seeds, seeds.graph, sizes, plan, None, ()).paint(found.nodes, stop)
    painter = _Painter(seeds, found.graph, sizes, searched[0], found.places, tuple(found.fired))
    return painter.paint(found.nodes, stop)


class _Painter:
    def __init__(
        self,
        seeds: Seeds,
        graph: Graph,
        sizes: Mapping[Symbol, int],
        plan: Plan,
        places: Places | None,
        fired: tuple[tuple[str, int], ...],
    ) -> None:
        self.seeds, self.graph, self.plan, self.places = seeds, graph, plan, places
        self.tables: Tables = seeds.tables
        self.model = CostModel(graph, self.tables, sizes)
        self.rules: dict[int, dict[str, None]] = {}
        for name, element in fired:
            self.rules.setdefault(element, {})[name] = None
        self.own = [[own_cost(self.model, k, e, ()) for e in ways] for k, ways in enumerate(graph.elements)]
        self.cost = self.cheapest()

    def cheapest(self) -> list[float]:
        """The least cost of each class, as a tree."""
        cost = [math.inf] * len(self.graph.elements)
        changed = True
        while changed:
            changed = False
            for number, ways in enumerate(self.graph.elements):
                best = min((self.total(number, way, cost) for way in range(len(ways))), default=math.inf)
                if best < cost[number] * (1 - 1e-12):
                    cost[number], changed = best, True
        return cost

    def total(self, number: int, way: int, cost: list[float]) -> float:
        """What an alternative costs, with what it is made of."""
        args = made_of(self.graph.elements[number][way], self.graph, ())
        return self.own[number][way] + sum(cost[arg] for arg in args)

    def paint(self, rows: int, stop: str) -> Picture:
        graph, spans = self.graph, self.spans()
        chosen = self.chosen()
        as_written = self.as_written()
        kernels: tuple[KernelPlan, ...] = (*self.plan.kernels, *self.plan.scalars)
        kept = {kernel.element for kernel in kernels if kernel.array is not None}
        boxes = tuple(
            Box(
                dtype=np.dtype(graph.dtypes[number]).name,
                shape=", ".join(map(str, self.tables.spaces.values[graph.spaces[number]])),
                alternatives=tuple(
                    Alternative(
                        self.label(enode),
                        made_of(enode, graph, ()),
                        self.total(number, way, self.cost),
                        (number, enode) in chosen,
                        (number, enode) in as_written,
                    )
                    for way, enode in enumerate(ways)
                ),
                kept=number in kept,
                leaf=self.leaf(number) is not None,
                spans=spans.get(number, ()),
                rules=tuple(self.rules.get(number, ())),
            )
            for number, ways in enumerate(graph.elements)
        )
        return Picture(boxes, tuple(dict.fromkeys(self.roots())), rows, stop)

    def roots(self) -> list[int]:
        """The classes of results, checks and of what is written."""
        found = [stores[0][1] for stores in (self.graph.arrays[k].stores for k in self.graph.array_roots) if stores]
        found += [kernel.element for kernel in (*self.plan.kernels, *self.plan.scalars)] if not found else []
        return [*found, *self.graph.element_roots]

    def chosen(self) -> set[tuple[int, ENode]]:
        """How the kernels of the program have each class."""
        found: set[tuple[int, ENode]] = set()
        for kernel in (*self.plan.kernels, *self.plan.scalars):
            for element, choice in kernel.choices.items():
                if isinstance(choice, Leaf):
                    found.update(self.read(element, choice))
                else:
                    found.add((element, choice))
        return found

    def read(self, element: int, leaf: Leaf) -> list[tuple[int, ENode]]:
        """A read from memory, through an index map or not."""
        load = ENode("load", attr=leaf.array)
        if leaf.view is None:
            return [(element, load)]
        for enode in self.graph.elements[element]:
            if enode.kind == "move" and self.tables.moves.values[enode.attr].view == leaf.view:
                (source,) = enode.args
                if load in self.graph.elements[source]:
                    return [(element, enode), (source, load)]
        return []

    def as_written(self) -> set[tuple[int, ENode]]:
        """The program as it was written, in the graph of now."""
        found: set[tuple[int, ENode]] = set()
        for number, (enode,) in enumerate(self.seeds.graph.elements):
            if self.places is None:
                found.add((number, enode))
                continue
            elements, arrays = self.places.elements, self.places.arrays
            attr = arrays[enode.attr] if enode.kind == "load" else enode.attr
            args = tuple(elements[arg] for arg in enode.args)
            found.add((elements[number], ENode(enode.kind, enode.name, enode.signature, attr, args)))
            if enode.kind == "apply" and len(args) == 2:  # the e-graph puts operands in an order of its own
                turned = ENode(enode.kind, enode.name, enode.signature, attr, args[::-1])
                found.add((elements[number], turned))
        return found

    def spans(self) -> dict[int, tuple[Span, ...]]:
        """The source of each class: what it is an element of, and what is put there."""
        found: dict[int, dict[Span, None]] = {}
        seeds = self.seeds
        for node, element in seeds.elements.items():
            if node.span is NOWHERE or node.op == "param":
                continue
            classes = [element]
            array = seeds.arrays.get(node)
            if array is not None and seeds.graph.arrays[array].stores:
                classes.append(seeds.graph.arrays[array].stores[0][1])
            for one in classes:
                place = one if self.places is None else self.places.elements[one]
                found.setdefault(place, {})[node.span] = None
        return {element: tuple(spans) for element, spans in found.items()}

    def leaf(self, element: int) -> ENode | None:
        """What a class is, if that is a number or an argument."""
        for enode in self.graph.elements[element]:
            if enode.kind in ("constant", "argument", "size"):
                return enode
            if enode.kind == "load" and self.graph.arrays[enode.attr].param is not None:
                return enode
        return None

    def short(self, element: int) -> str:
        """A class within a label: what it is if that is short, or its number."""
        leaf = self.leaf(element)
        return f"#{element}" if leaf is None else self.label(leaf)

    def label(self, enode: ENode) -> str:
        """An alternative in a few characters; classes have a `#` before their number."""
        tables = self.tables
        args = [self.short(arg) for arg in enode.args]
        match enode.kind:
            case "load":
                param = self.graph.arrays[enode.attr].param
                return "read from memory" if param is None else tables.region.params[param].name
            case "constant":
                return str(enode.constant)
            case "argument":
                return tables.region.params[enode.attr].name
            case "size":
                return f"size {tables.sizes.values[enode.attr]}"
            case "move":
                return f"{args[0]}{tables.moves.values[enode.attr].view}"
            case "fold":
                reduction = tables.folds.values[enode.attr].reduction
                return f"{reduction.op}.reduce({args[0]}, axis={reduction.axes})"
            case "call":
                called = tables.calls.values[enode.attr]
                name = called.attr.name if isinstance(called.attr, Opaque) else called.name
                return f"{name}({', '.join(args)})"
            case "apply":
                return _applied(enode, args)


def _applied(enode: ENode, args: Sequence[str]) -> str:
    if enode.name == "cast":
        return f"{np.dtype(enode.signature[-1]).name}({args[0]})"
    if enode.name in INFIX and len(args) == 2:
        return f"{args[0]} {INFIX[enode.name][0]} {args[1]}"
    if enode.name in PREFIX and len(args) == 1:
        return f"{PREFIX[enode.name]}{args[0]}"
    name = "where" if enode.name == "select" else enode.name.removeprefix("py.")
    return f"{name}({', '.join(args)})"
