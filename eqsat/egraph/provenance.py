"""Which rules a plan owes something to: they fired on a class that it computes, and it computes what they wrote.

Many more rules fire than matter: every comparison is turned around and back. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqsat.egraph.encode import Seeds
from eqsat.egraph.extract import Choice, Leaf, Plan
from eqsat.egraph.graph import ENode, Graph
from eqsat.egraph.saturate import Saturated
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.fusion import FUSION

_FUSION = frozenset(one.name for one in FUSION)


def rules_used(found: Saturated, plan: Plan, seeds: Seeds, book: RuleBook) -> tuple[tuple[str, int], ...]:
    """Names of rules with the number of classes in which the plan follows them, most frequent first."""
    by_name = {one.name: one for one in book.rules}
    as_written = written_alternatives(found.graph, seeds.graph)
    inlined: dict[int, Choice] = {}
    roots: dict[int, Choice] = {}
    for kernel in (*plan.kernels, *plan.scalars):
        for element, choice in kernel.choices.items():
            (roots if element == kernel.element else inlined).setdefault(element, choice)
    counts: dict[str, int] = {}
    for name, element in found.fired:
        if name in _FUSION:
            follows = isinstance(inlined.get(element), ENode)
        else:
            choice = inlined.get(element) or roots.get(element)
            follows = choice is not None and _follows(by_name[name], choice, as_written.get(element, set()))
        counts[name] = counts.get(name, 0) + follows
    return tuple(sorted(((n, c) for n, c in counts.items() if c), key=lambda item: (-item[1], item[0])))


def _follows(rule: object, choice: Choice, written: set[ENode]) -> bool:
    if isinstance(choice, ENode) and choice in written:
        return False
    if isinstance(rule, Rule) and rule.right.args:
        return isinstance(choice, ENode) and choice.name == rule.right.op
    return not isinstance(choice, Leaf) or any(enode.kind in ("apply", "move") for enode in written)


def written_alternatives(graph: Graph, seeds: Graph) -> dict[int, set[ENode]]:
    """For each class of the saturated graph, the alternatives that stood in the program as written."""
    elements = {enode: number for number, alternatives in enumerate(graph.elements) for enode in alternatives}
    arrays: dict[object, int] = {}
    for number, array in enumerate(graph.arrays):
        for key in _keys(array.param, array.stores):
            arrays[key] = number
    found: dict[int, set[ENode]] = {}
    where: list[int] = []
    for (enode,) in seeds.elements:
        attr = enode.attr
        if enode.kind == "load":
            array = seeds.arrays[enode.attr]
            stores = [(info, where[element]) for info, element in array.stores]
            attr = next(arrays[key] for key in _keys(array.param, stores))
        moved = ENode(enode.kind, enode.name, enode.signature, attr, tuple(where[arg] for arg in enode.args))
        where.append(elements[moved])
        if enode.kind != "load":
            found.setdefault(elements[moved], set()).add(moved)
    return found


def _keys(param: int | None, stores: Iterable[tuple[int, int]]) -> list[object]:
    return [("param", param)] if param is not None else list(stores)
