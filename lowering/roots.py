"""Whose memory an array of a routine may lie in: a parameter's, or memory made at one place of the routine.

Two arrays of different roots share no memory, where the parameters are known to be apart. Pure data over a `Routine`.
Called by `lowering.scene`, `lowering.arrays` and `lowering.segments`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from eqsat.ir.body import Leave, Set, Variable
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.region import Disjoint
from eqsat.ir.routine import For, If, Invoke, Labeled, Routine, Segment, Step, Steps, While
from eqsat.ir.types import Array

Root = int | Node
"""A parameter by its number, or the node that makes an array."""


def all_steps(steps: Steps) -> Iterator[Step]:
    """Every step, outer before inner."""
    for step in steps:
        yield step
        match step:
            case If():
                yield from all_steps(step.then)
                yield from all_steps(step.orelse)
            case While():
                yield from all_steps(step.head)
                yield from all_steps(step.body)
            case For() | Labeled():
                yield from all_steps(step.body)
            case _:
                pass


def leaves_out(steps: Steps) -> bool:
    """Whether something in these steps goes to the end of a block around them."""
    everything = list(all_steps(steps))
    inside = {step.label for step in everything if isinstance(step, Labeled)}
    return any(isinstance(step, Leave) and step.label not in inside for step in everything)


class Roots:
    """The roots of every array of a routine."""

    __slots__ = ("_apart", "_kept", "_variables", "all")

    def __init__(self, routine: Routine) -> None:
        self._variables: dict[Variable, set[Root]] = {}
        sets = [step for step in all_steps(routine.steps) if isinstance(step, Set)]
        sets = [step for step in sets if isinstance(step.variable.type, Array)]
        for step in sets:
            self._variables.setdefault(step.variable, set())
        changed = True
        while changed:
            changed = False
            for step in sets:
                known = self._variables[step.variable]
                more = self.of(step.value) - known
                known |= more
                changed |= bool(more)
        self._kept = {root for roots in self._variables.values() for root in roots}
        for node in routine.region.result_nodes():
            if isinstance(node.type, Array):
                self._kept |= self.of(node)
        self.all: tuple[Root, ...] = (*_parameters(routine), *_makers(routine))
        guards = [guard for guard in routine.region.guards if isinstance(guard, Disjoint) and guard.truth]
        self._apart = {frozenset((guard.first, guard.second)) for guard in guards}

    def of(self, node: Node) -> frozenset[Root]:
        """Where the array may lie."""
        node = base_of(node)
        if node.op == "param":
            assert isinstance(node.attr, int)
            return frozenset([node.attr])
        if node.op == "read":
            assert isinstance(node.attr, Variable)
            return frozenset(self._variables[node.attr])
        return frozenset([node])

    def of_variable(self, variable: Variable) -> frozenset[Root]:
        """Where an array that the variable holds may lie."""
        return frozenset(self._variables[variable])

    def is_kept(self, node: Node) -> bool:
        """Whether an array that is made here outlives the next time that it is made: by a variable, or as a result."""
        return node in self._kept

    def apart(self, one: Root, other: Root) -> bool:
        """Whether these roots are known to share no memory."""
        if isinstance(one, int) and isinstance(other, int):
            return frozenset((one, other)) in self._apart
        return one is not other


def _parameters(routine: Routine) -> Iterator[int]:
    for number, param in enumerate(routine.region.params):
        if isinstance(param.type, Array):
            yield number


def _makers(routine: Routine) -> Iterator[Node]:
    for step in all_steps(routine.steps):
        if isinstance(step, Invoke):
            yield step.node
        elif isinstance(step, Segment):
            yield from (node for node in step.outputs if isinstance(node.type, Array))


def base_of(node: Node) -> Node:
    """The array whose memory a node is a view of, or the node itself."""
    while node.op in IN_PLACE and isinstance(node.args[0].type, Array):
        node = node.args[0]
    return node
