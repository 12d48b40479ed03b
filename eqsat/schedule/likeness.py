"""Segments that say the same of other arrays, so that what the optimizer made of one serves them all.

A key holds all that the optimizer reads of a region, in the order in which it reads it: parameters, operations, guards,
and the sizes to plan for; places in the source, which only errors name, are no part of it. Called by
`eqsat.schedule.planner`; what cannot be compared is like nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from eqsat.ir.nodes import Node, walk
from eqsat.ir.region import Guard, Merges
from eqsat.schedule.segments import Carved


def likeness(carved: Carved) -> Hashable | None:
    """Equal for two segments of which the optimizer makes the same; None if that is not known."""
    key = tuple(_parts(carved))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _parts(carved: Carved) -> Iterator[object]:
    region = carved.region
    yield tuple((param.name, param.type) for param in region.params)
    writes = region.overwrites
    roots = [*region.result_nodes(), *region.checks, *(write.value for write in writes)]
    numbers: dict[Node, int] = {}
    for node in walk(roots):
        numbers[node] = len(numbers)
        # A type tells 1 from 1.0 and True, which are equal.
        yield node.op, tuple(numbers[arg] for arg in node.args), type(node.attr), node.attr, node.type
    yield tuple(numbers[root] for root in roots), len(region.checks)
    for write in writes:
        yield write.param, write.view, write.shape, write.aliases
    for guard in region.guards:
        match guard:
            case Guard(left, relation, right):
                yield left, relation, right
            case Merges(param, slow, fast, truth):
                yield param, slow, fast, truth
            case _:
                yield id(guard)
    yield frozenset(carved.sizes.items())
