"""From a region to the kernels that compute it best: encode, run the rules, choose, decode.

Called by `eqsat.pipeline` and `eqsat.schedule`. A rule that makes two constants, dtypes or shapes equal is found out
and left out (`canaries`), and the report names it. A program over budget is compiled from what was found until then.
The result never costs more than the program as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from eqsat.egraph.canaries import prepared, saturated
from eqsat.egraph.cost import CostModel
from eqsat.egraph.crossover import crossovers
from eqsat.egraph.decode import Decoder
from eqsat.egraph.extract import Extractor
from eqsat.egraph.graph import ENode, Graph
from eqsat.egraph.history import History, Temporaries, histories, temporaries
from eqsat.egraph.plan import Plan
from eqsat.egraph.provenance import rules_used
from eqsat.egraph.saturate import Budgets, Saturated
from eqsat.egraph.show import show
from eqsat.ir.dims import Symbol
from eqsat.ir.program import Program
from eqsat.ir.region import Guard, Region
from eqsat.rules.api import RuleBook
from eqsat.rules.book import DEFAULT

STANDARD = Budgets()

__all__ = ["Budgets", "Optimized", "Report", "optimize"]


@dataclass(frozen=True, slots=True)
class Report:
    """What the optimizer did.

    `before`, `after`: the kernels as text. `fired`: rules that made what was chosen possible, with the number of
    places. Costs are estimated nanoseconds at the sizes of the first call. `nodes`: rows of the e-graph at the end.
    `milliseconds`: time by phase. `stop`: why the rules stopped. `considered`: other plans and their cost.
    `guards`: at which sizes the plan is a good one. `sizes`: those of the first call. `kernels`: how each kernel of
    `program` came about.
    """

    program: Program
    kernels: tuple[History, ...]
    temporaries_before: Temporaries
    temporaries_after: Temporaries
    before: str
    after: str
    fired: tuple[tuple[str, int], ...]
    kernels_before: int
    kernels_after: int
    cost_before: float
    cost_after: float
    nodes: int
    milliseconds: dict[str, float]
    stop: str
    considered: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    sizes: Mapping[Symbol, int] = field(default_factory=dict[Symbol, int])


@dataclass(frozen=True, slots=True)
class Optimized:
    """The program and how it came about."""

    program: Program
    report: Report


@dataclass(slots=True)
class _Watch:
    laps: dict[str, float] = field(default_factory=dict[str, float])
    last: float = field(default_factory=perf_counter)

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + (now - self.last) * 1e3
        self.last = now


def optimize(
    region: Region, sizes: Mapping[Symbol, int], rules: RuleBook = DEFAULT, budgets: Budgets = STANDARD
) -> Optimized:
    """The best program that the rules find for a region, at the sizes of its first call."""
    watch = _Watch()
    seeds = prepared(region)
    written = Extractor(CostModel(seeds.graph, seeds.tables, sizes))
    written_plan = written.everything()
    first = Decoder(written_plan, written, seeds)
    before = first.run()
    watch.lap("encode")
    found: Saturated | None = None
    stop = "nothing to rewrite"
    if rules is not DEFAULT or not is_plain(seeds.graph, written_plan):
        survived = saturated(region, seeds, rules, budgets, sizes)
        found, rules = survived.found, survived.book
        stop = "; ".join([*survived.notes, *([found.stop] if found is not None else [])])
    watch.lap("e-graph")
    extractor, plan, flips = written, written_plan, list[tuple[int, bool, float]]()
    if found is not None:
        chosen = Extractor(CostModel(found.graph, seeds.tables, sizes))
        searched = chosen.search()
        if searched is not None and searched[0].cost <= written_plan.cost:
            extractor, (plan, flips) = chosen, searched
        else:
            stop += "; no plan was better than the program as written"
    watch.lap("extract")
    decoder = first if extractor is written else Decoder(plan, extractor, seeds)
    program = before if extractor is written else decoder.run()
    watch.lap("decode")
    if found is not None:
        watch.laps |= {f"e-graph: {name}": spent for name, spent in found.milliseconds.items()}
    rewritten = found if extractor is not written else None
    places, fired = (rewritten.places, rewritten.fired) if rewritten is not None else (None, [])
    report = Report(
        program=program,
        kernels=histories(program, plan, decoder.buffers, seeds, places, fired, rules),
        temporaries_before=temporaries(before, sizes),
        temporaries_after=temporaries(program, sizes),
        before=show(before),
        after=show(program),
        fired=rules_used(found, plan, seeds, rules) if found is not None and extractor is not written else (),
        kernels_before=len(before.kernels),
        kernels_after=len(program.kernels),
        cost_before=written_plan.cost,
        cost_after=plan.cost,
        nodes=found.nodes if found else 0,
        milliseconds=watch.laps,
        stop=stop,
        considered=_considered(decoder, flips) if extractor is not written else (),
        sizes=dict(sizes),
        guards=crossovers(extractor.graph, seeds.tables, plan, sizes) if extractor is not written else (),
    )
    return Optimized(program, report)


def is_plain(graph: Graph, written: Plan) -> bool:
    """Whether no exact rule of ours can help: one kernel that moves elements, or applies one operation to operands."""
    computed = [scalar for scalar in written.scalars if isinstance(scalar.choices[scalar.element], ENode)]
    if len(written.kernels) + len(computed) > 1:
        return False
    applied = [enode for alternatives in graph.elements for enode in alternatives if enode.kind == "apply"]
    if len(applied) > 1:
        return False
    operands = [arg for enode in applied for arg in enode.args]
    plain = all(graph.elements[arg][0].kind in ("load", "move", "argument") for arg in operands)
    return plain and len(set(operands)) == len(operands)


def _considered(decoder: Decoder, flips: list[tuple[int, bool, float]]) -> tuple[str, ...]:
    lines: list[str] = []
    for array, would_keep, cost in flips:
        if cost <= decoder.plan.cost * (1 + 1e-6):
            continue  # as good as the chosen one
        what = decoder.describe(array)
        lines.append(f"{cost:,.0f} ns {'keeping' if would_keep else 'computing where it is read'} {what}")
    return tuple(lines)
