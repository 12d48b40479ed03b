"""From a region to the kernels that compute it best: encode, run the rules, choose, decode.

Called by `eqsat.pipeline`. A rule that makes two constants, dtypes or shapes equal is found out: the graph is thrown
away, the program is compiled as it was written, and the report names what happened. A program over budget is
compiled from what was found until then. The result never costs more than the program as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from eqsat.egraph.cost import CostModel
from eqsat.egraph.decode import Decoder
from eqsat.egraph.encode import encode
from eqsat.egraph.engine import EGraphFailed
from eqsat.egraph.extract import Extractor, Plan
from eqsat.egraph.graph import ENode, Graph, Inconsistent, analyse
from eqsat.egraph.provenance import rules_used
from eqsat.egraph.saturate import Budgets, Saturated, saturate
from eqsat.egraph.show import show
from eqsat.ir.dims import Symbol
from eqsat.ir.program import Program
from eqsat.ir.region import Region
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.book import DEFAULT

STANDARD = Budgets()

__all__ = ["Budgets", "Optimized", "Report", "optimize"]


@dataclass(frozen=True, slots=True)
class Report:
    """What the optimizer did.

    `before`, `after`: the kernels as text. `fired`: rules that made what was chosen possible, with the number of
    places. Costs are estimated nanoseconds at the sizes of the first call. `nodes`: rows of the e-graph at the end.
    `milliseconds`: time by phase. `stop`: why the rules stopped. `considered`: other plans and their cost.
    """

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
    seeds = encode(region)
    analyse(seeds.graph, seeds.tables)
    written = Extractor(CostModel(seeds.graph, seeds.tables, sizes))
    written_plan = written.everything()
    before = Decoder(written_plan, written, seeds).run()
    watch.lap("encode")
    found: Saturated | None = None
    try:
        if is_plain(seeds.graph, written_plan):
            stop = "nothing to rewrite"
        else:
            found = saturate(seeds, rules, budgets)
            stop = found.stop
    except (EGraphFailed, Inconsistent) as error:
        stop = f"compiled as written, because rule {culprit(region, rules, budgets)} is wrong: {error}"
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
    decoder = Decoder(plan, extractor, seeds)
    program = before if extractor is written else decoder.run()
    watch.lap("decode")
    if found is not None:
        watch.laps |= {f"e-graph: {name}": spent for name, spent in found.milliseconds.items()}
    report = Report(
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
    )
    return Optimized(program, report)


def is_plain(graph: Graph, written: Plan) -> bool:
    """Whether no rule can help: one kernel that moves elements, or applies one operation to different operands."""
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
        what = decoder.describe(array)
        lines.append(f"{cost:,.0f} ns {'keeping' if would_keep else 'computing where it is read'} {what}")
    return tuple(lines)


def culprit(region: Region, rules: RuleBook, budgets: Budgets) -> str:
    """The rule at fault for a graph that failed, found by halving: it fails with the rules up to this one."""

    def fails(count: int) -> bool:
        try:
            saturate(encode(region), RuleBook(ordered[:count]), budgets)
        except (EGraphFailed, Inconsistent):
            return True
        return False

    ordered = tuple(sorted(rules.rules, key=lambda one: isinstance(one, Rule)))
    passes, failing = 0, len(ordered)
    while failing - passes > 1:
        middle = (passes + failing) // 2
        if fails(middle):
            failing = middle
        else:
            passes = middle
    return ordered[failing - 1].name
