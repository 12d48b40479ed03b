"""Where the best grouping of a chain of products depends on the sizes: guards under which the chosen one is good.

The choice is made at the sizes of the first call. The guards say, with formulas, that no other grouping in the e-graph
takes clearly fewer operations; at sizes where one fails, the call is specialized anew, with the grouping that is best
there. So the choice is made at call time. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

from collections.abc import Mapping

from eqsat.egraph.calls import product
from eqsat.egraph.graph import ENode, Graph, Tables
from eqsat.egraph.plan import Plan
from eqsat.ir.dims import ONE, ZERO, Dim, Symbol
from eqsat.ir.region import Guard
from eqsat.ir.span import NOWHERE

MOST = 200
"""So many groupings are looked at: chains of up to seven have fewer."""
NEAREST = 48
"""So many of them, those that are best at the first call's sizes, become guards, each of which every call checks."""
SLACK = (20, 21)
"""A grouping is kept while it takes at most 21 operations for 20 of any other."""


def crossovers(graph: Graph, tables: Tables, plan: Plan, sizes: Mapping[Symbol, int]) -> tuple[Guard, ...]:
    """The guards for every chain of products that the plan computes."""
    chosen: dict[int, ENode] = {}
    for kernel in plan.kernels:
        root = kernel.choices[kernel.element]
        if isinstance(root, ENode) and root.name == "matmul" and root.kind == "call":
            chosen[kernel.element] = root
    inner = {arg for root in chosen.values() for arg in root.args}
    chains = _Chains(graph, tables)
    found: dict[Guard, None] = {}
    for element in chosen:
        if element not in inner:
            mine = chains.chosen(element, chosen)
            others = sorted(chains.costs(element), key=lambda other: other.evaluate(sizes))
            for other in others[:NEAREST]:
                guard = Guard(other * SLACK[1], ">=", mine * SLACK[0], NOWHERE)
                if not _always(other - mine) and guard.holds(dict(sizes)):
                    found[guard] = None
    return tuple(found)


def _always(difference: Dim) -> bool:
    """Whether a formula over sizes is surely zero or more."""
    return difference.const >= 0 and all(count >= 0 for _, count in difference.terms)


class _Chains:
    """The groupings of the products in a graph, by what each costs."""

    def __init__(self, graph: Graph, tables: Tables) -> None:
        self.graph, self.tables = graph, tables
        self.known: dict[int, tuple[Dim, ...]] = {}

    def costs(self, element: int, around: frozenset[int] = frozenset()) -> tuple[Dim, ...]:
        """The number of multiplications of every grouping that gives the class."""
        if element in self.known or element in around:
            return self.known.get(element, ())
        products = [e for e in self.graph.elements[element] if e.kind == "call" and e.name == "matmul"]
        if not products:
            return (ZERO,)
        found: dict[Dim, None] = {}
        for made in products:
            first, second = (self.costs(arg, around | {element}) for arg in made.args)
            own = self.own(made)
            for one in first:
                for other in second:
                    found[one + other + own] = None
        costs = tuple(found)[:MOST]
        if not around:
            self.known[element] = costs
        return costs

    def chosen(self, element: int, plan: Mapping[int, ENode]) -> Dim:
        """The number of multiplications of the grouping that the plan has."""
        root = plan.get(element)
        if root is None:
            return ZERO
        return sum((self.chosen(arg, plan) for arg in root.args), self.own(root))

    def own(self, made: ENode) -> Dim:
        """Of one product, in the terms of its cost."""
        left, right = (self.tables.spaces.values[self.graph.spaces[arg]] for arg in made.args)
        rows, inner = (ONE, *left)[-2:]
        columns = right[1] if len(right) == 2 else ONE
        return product(rows, inner, columns, ONE)
