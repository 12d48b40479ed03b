"""Why a rule did not fire: whether its left side was found, and what then stood in its way.

The program is saturated again with the rule under the lens: with its flags granted, without its guards, without its
hint. What it takes for the rule to fire is the answer; if it fired and the program does not follow it, the cost of the
best program that does. Called by `eqsat.explain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eqsat.egraph.calls import call_key
from eqsat.egraph.canaries import prepared
from eqsat.egraph.cost import CostModel
from eqsat.egraph.encode import Seeds
from eqsat.egraph.engine import EGraphFailed
from eqsat.egraph.extract import Extractor
from eqsat.egraph.graph import Graph, Inconsistent
from eqsat.egraph.provenance import is_root
from eqsat.egraph.saturate import Budgets, Saturated, saturate
from eqsat.ir.dims import Symbol
from eqsat.ir.region import Region
from eqsat.ir.span import NOWHERE, Span
from eqsat.rules.api import Rule, RuleBook, rules
from eqsat.rules.guards import Condition
from eqsat.rules.pattern import walk

_BUDGETS = Budgets()


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a rule in one stretch of a program.

    `spans`: where in the source its left side was found; `places`: in how many classes. `missing`: operations of the
    left side that the program does not have. `unknown`: guards that are not known to hold there. `hint`: whether the
    rule's `worth` said no. `with_rule`, `best`: the cost of the best program that follows the rule, and of the best.
    """

    places: int = 0
    spans: tuple[Span, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[Condition, ...] = ()
    hint: bool = False
    with_rule: float | None = None
    best: float | None = None


def inquire(region: Region, sizes: Mapping[Symbol, int], book: RuleBook, one: Rule) -> Finding:
    """What the rule finds in a region beside the rules of a book, whatever flags it needs."""
    others = RuleBook(tuple(other for other in book.rules if other.name != one.name))
    found = _fired(region, sizes, others, one)
    if found is not None:
        return _priced(found, sizes, one)
    if one.worth is not None:
        hopeful = _fired(region, sizes, others, replace(one, worth=None))
        if hopeful is not None:
            return Finding(hopeful.count, hopeful.spans(), hint=True)
    bare = _fired(region, sizes, others, replace(one, when=(), worth=None)) if one.when else None
    if bare is not None:
        unknown = tuple(
            condition
            for condition in one.when
            if _fired(region, sizes, others, replace(one, when=(condition,), worth=None)) is None
        )
        return Finding(bare.count, bare.spans(), unknown=unknown or one.when)
    return Finding(missing=_missing(one, prepared(region)))


@dataclass(frozen=True, slots=True)
class _Fired:
    """A saturated program in which the rule fired on the classes `elements`."""

    seeds: Seeds
    saturated: Saturated
    elements: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.elements)

    def spans(self) -> tuple[Span, ...]:
        """The source of the classes."""
        graph, places = self.seeds.graph, self.saturated.places
        found: dict[Span, None] = {}
        for node, element in self.seeds.elements.items():
            array = self.seeds.arrays.get(node)
            classes = {places.elements[element]}
            if array is not None and graph.arrays[array].stores:
                classes.add(places.elements[graph.arrays[array].stores[0][1]])
            if classes & set(self.elements) and node.span is not NOWHERE:
                found[node.span] = None
        return tuple(found)


def _fired(region: Region, sizes: Mapping[Symbol, int], others: RuleBook, one: Rule) -> _Fired | None:
    seeds = prepared(region)
    try:
        found = saturate(seeds, others + rules(one), _BUDGETS, sizes)
    except (EGraphFailed, Inconsistent):
        return None
    elements = tuple(dict.fromkeys(element for name, element in found.fired if name == one.name))
    return _Fired(seeds, found, elements) if elements else None


def _priced(found: _Fired, sizes: Mapping[Symbol, int], one: Rule) -> Finding:
    """What following the rule costs: the best program in which its right side is computed where it fired."""
    graph, tables = found.saturated.graph, found.seeds.tables
    best = Extractor(CostModel(graph, tables, sizes)).search()
    forced: list[float] = []
    for element in found.elements:
        kept = [enode for enode in graph.elements[element] if is_root(one.right, enode) or enode.kind == "load"]
        if not any(enode.kind != "load" for enode in kept):
            continue
        elements = [kept if number == element else ways for number, ways in enumerate(graph.elements)]
        narrowed = replace(graph, elements=elements)
        plan = Extractor(CostModel(_same_roots(narrowed, graph), tables, sizes)).search()
        if plan is not None:
            forced.append(plan[0].cost)
    return Finding(
        found.count,
        found.spans(),
        with_rule=min(forced, default=None),
        best=None if best is None else best[0].cost,
    )


def _same_roots(narrowed: Graph, graph: Graph) -> Graph:
    narrowed.array_roots, narrowed.element_roots = graph.array_roots, graph.element_roots
    narrowed.spaces, narrowed.dtypes = graph.spaces, graph.dtypes
    return narrowed


def _missing(one: Rule, seeds: Seeds) -> tuple[str, ...]:
    """Operations of the left side of which the program has none, as it was written."""
    there = {enode.name for (enode,) in seeds.graph.elements}
    there |= {fold.reduction.op for fold in seeds.tables.folds.values}
    wanted: dict[str, None] = {}
    for part in walk(one.left):
        if part.op == "reduce":
            wanted[part.value[0]] = None
        elif part.op == "call":
            wanted[call_key(part)] = None
        elif part.args and part.op not in ("transpose", "expand", "diagonal", "flip", "size"):
            wanted[part.op] = None
    return tuple(name for name in wanted if name not in there)
