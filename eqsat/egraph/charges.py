"""What it costs to have a class in memory, everything that it is made of included.

A kernel's choice between reading an array and computing anew must know what filling the array costs, where rules offer
ways without it: reading the diagonal of A @ B is cheap, having A @ B is not. Charged is the cost as a tree, in which
what is shared counts twice; `eqsat.egraph.extract` therefore searches again with what the first plan has anyway for
free. Where no class with a reduction or a call has another way to be had, nothing is charged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from eqsat.egraph.cost import CostModel, itemsize
from eqsat.egraph.graph import ENode, Graph

_HEAVY = ("fold", "call")
INFINITE = float("inf")


def is_contested(graph: Graph) -> bool:
    """Whether some class with a reduction or a call can be had in another way too, or rules have made arrays."""
    if any(array.rank >= graph.written for array in graph.arrays):
        return True
    for alternatives in graph.elements:
        kinds = [enode.kind for enode in alternatives if enode.kind != "load"]
        if len(kinds) > 1 and any(kind in _HEAVY for kind in kinds):
            return True
    return any(_through_heavy(graph, alternatives) for alternatives in graph.elements)


def _through_heavy(graph: Graph, alternatives: list[ENode]) -> bool:
    """Whether a class is an index map of something heavy, and something else."""
    computed = [enode for enode in alternatives if enode.kind != "load"]
    moved = (enode for enode in computed if enode.kind == "move")
    return len(computed) > 1 and any(e.kind in _HEAVY for move in moved for e in graph.elements[move.args[0]])


@dataclass(frozen=True, slots=True)
class Charges:
    """`cost[class]`: nanoseconds to have it. `rank[array]`: arrays are filled from those of a lower rank."""

    cost: list[float]
    rank: list[float]


def charges(model: CostModel, free: Collection[int] = ()) -> Charges:
    """The costs of all classes; arrays in `free` (in the order in which they are filled) are there anyway."""
    graph = model.graph
    cost = [INFINITE] * len(graph.elements)
    there = set(free)
    own = [
        [(own_cost(model, number, e, there), e) for e in alternatives]
        for number, alternatives in enumerate(graph.elements)
    ]
    changed = True
    while changed:
        changed = False
        for number, alternatives in enumerate(own):
            for alone, enode in alternatives:
                total = alone
                for below in made_of(enode, graph, there):
                    total += cost[below]
                if total < cost[number] * (1 - 1e-12):
                    cost[number], changed = total, True
    position = {array: place - len(there) for place, array in enumerate(free)}
    ranked = sorted(
        range(len(graph.arrays)), key=lambda array: (_filling(graph, cost, array), graph.arrays[array].rank)
    )
    rank = [0.0] * len(graph.arrays)
    for place, array in enumerate(ranked):
        rank[array] = float(position.get(array, place))
    return Charges(cost, rank)


def _filling(graph: Graph, cost: list[float], array: int) -> float:
    return min((cost[element] for _, element in graph.arrays[array].stores), default=0.0)


def made_of(enode: ENode, graph: Graph, there: Collection[int]) -> tuple[int, ...]:
    """The classes that an alternative is computed from; arrays in `there` need nothing."""
    if enode.kind != "load":
        return enode.args
    array = graph.arrays[enode.attr]
    if array.param is not None or enode.attr in there:
        return ()
    return (array.stores[0][1],)


def own_cost(model: CostModel, number: int, enode: ENode, there: Collection[int]) -> float:
    """The cost of one alternative, without what it is made of."""
    graph, tables = model.graph, model.tables
    shape = tables.spaces.values[graph.spaces[number]]
    match enode.kind:
        case "apply":
            return model.applied(enode.name, enode.signature, shape, 256.0) + 1e-3
        case "fold":
            return model.folding(tables.folds.values[enode.attr].extents) + 1e-3
        case "call":
            return model.called(enode) + 1e-3
        case "load":
            reading = model.reading(shape) + 1e-3
            if graph.arrays[enode.attr].param is not None or enode.attr in there:
                return reading
            return reading + model.machine.start + model.count(shape) * itemsize(graph.dtypes[number]) / 16.0
        case _:
            return 1e-3
