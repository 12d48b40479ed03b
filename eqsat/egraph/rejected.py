"""Programs that the rules offered and that cost more: what was rejected, and by how much.

The program is saturated again; for each kernel of the best plan, each other way in which the e-graph has its value is
made the only one, and the best plan with it is priced. Called by `eqsat.explain`, when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from eqsat.egraph.canaries import prepared
from eqsat.egraph.cost import CostModel
from eqsat.egraph.decode import Decoder
from eqsat.egraph.encode import Seeds
from eqsat.egraph.engine import EGraphFailed
from eqsat.egraph.extract import Extractor
from eqsat.egraph.graph import ENode, Graph, Inconsistent
from eqsat.egraph.plan import Plan
from eqsat.egraph.saturate import Budgets, saturate
from eqsat.egraph.show import show
from eqsat.ir.dims import Symbol
from eqsat.ir.region import Region
from eqsat.rules.api import RuleBook

TRIED = 12
"""So many other ways are priced."""
SHOWN = 3
"""So many programs are told of, the cheapest first."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A program, one line for each kernel, and its cost in estimated nanoseconds."""

    program: tuple[str, ...]
    cost: float


def rejected(region: Region, sizes: Mapping[Symbol, int], book: RuleBook) -> tuple[Rejected, ...]:
    """The cheapest programs that lost, each different from the others and from the chosen one."""
    seeds = prepared(region)
    try:
        found = saturate(seeds, book, Budgets(), sizes)
    except (EGraphFailed, Inconsistent):
        return ()
    searched = Extractor(CostModel(found.graph, seeds.tables, sizes)).search()
    if searched is None:
        return ()
    best = searched[0]
    programs: dict[tuple[str, ...], float] = {}
    for _, (graph, _) in zip(range(TRIED), _narrowed(found.graph, best), strict=False):
        extractor = Extractor(CostModel(graph, seeds.tables, sizes))
        other = extractor.search()
        if other is not None and other[0].cost > best.cost * (1 + 1e-6):
            programs.setdefault(_text(other[0], extractor, seeds), other[0].cost)
    cheapest = sorted(programs.items(), key=lambda item: item[1])[:SHOWN]
    return tuple(Rejected(program, cost) for program, cost in cheapest)


def _text(plan: Plan, extractor: Extractor, seeds: Seeds) -> tuple[str, ...]:
    return tuple(show(Decoder(plan, extractor, seeds).run()).splitlines())


def _narrowed(graph: Graph, plan: Plan) -> Iterator[tuple[Graph, ENode]]:
    """The graph, with one other way for the value of one kernel: those of the last kernels first."""
    for kernel in reversed(plan.kernels):
        ways = graph.elements[kernel.element]
        chosen = kernel.choices[kernel.element]
        for way in ways:
            if way.kind not in ("apply", "fold", "call") or way == chosen or _is_mirrored(way, chosen):
                continue
            kept = [way, *(enode for enode in ways if enode.kind == "load")]
            elements = [kept if number == kernel.element else each for number, each in enumerate(graph.elements)]
            yield replace(graph, elements=elements), way


def _is_mirrored(way: ENode, chosen: object) -> bool:
    """Whether it is the chosen one with its operands the other way around."""
    same = isinstance(chosen, ENode) and (way.kind, way.name, way.signature) == (
        chosen.kind,
        chosen.name,
        chosen.signature,
    )
    return same and isinstance(chosen, ENode) and sorted(way.args) == sorted(chosen.args)
