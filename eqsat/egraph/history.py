"""How each kernel of a chosen program came about: from which places of the source, by which rules.

What went into a kernel is what the user wrote of it: from the nodes whose value it computes down to those that it reads
from memory. A rule counts if it fired on a class of these, and the kernel follows it (`eqsat.egraph.provenance`).
Called by `eqsat.egraph.optimize`; shown by `eqsat.explain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from eqsat.egraph.encode import Seeds
from eqsat.egraph.plan import KernelPlan, Leaf, Plan
from eqsat.egraph.provenance import follows, written_alternatives
from eqsat.egraph.readout import Places
from eqsat.ir.dims import Symbol, product
from eqsat.ir.nodes import Node
from eqsat.ir.program import Buffer, Kernel, Program
from eqsat.ir.span import NOWHERE, Span
from eqsat.rules.api import Rule, RuleBook, Structural


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that a kernel follows. `spans`: what of the source it was applied to; `count`: in so many places.

    `written`: where the rule stands; None for those about memory and index maps. `accuracy`: it raises accuracy.
    """

    rule: str
    reason: str
    requires: frozenset[str]
    written: Span | None
    spans: tuple[Span, ...]
    count: int
    accuracy: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """A kernel, in the order of the program. `spans`: the source that went into it; `steps`: from the leaves up."""

    target: str
    spans: tuple[Span, ...]
    steps: tuple[Step, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Temporaries:
    """How many arrays of a program are neither arguments nor results, and their bytes at the first call's sizes."""

    count: int
    size: int


def temporaries(program: Program, sizes: Mapping[Symbol, int]) -> Temporaries:
    """The temporary arrays of a program; single numbers are none."""
    size = count = 0
    for buffer in program.temporaries:
        if buffer.shape:
            count, size = count + 1, size + product(buffer.shape).evaluate(sizes) * buffer.dtype.itemsize
    return Temporaries(count, size)


def histories(
    program: Program,
    plan: Plan,
    buffers: Mapping[int, Buffer],
    seeds: Seeds,
    places: Places | None,
    fired: Sequence[tuple[str, int]],
    book: RuleBook,
) -> tuple[History, ...]:
    """One for each kernel of the program. `places`: where the classes as written are in the plan's graph."""
    teller = _Teller(plan, seeds, places, fired, book)
    by_target = {buffers[k.array]: k for k in plan.kernels if k.array is not None and k.array in buffers}
    for (node, _), scalar in zip(seeds.scalars, plan.scalars, strict=True):
        value = program.values.get(node)
        if isinstance(value, Buffer):
            by_target.setdefault(value, scalar)
    windows = iter(_overwritten(plan, seeds, places))
    filled = {kernel.target for kernel in program.kernels}
    found: list[History] = []
    for kernel in program.kernels:
        planned = next(windows, None) if kernel.window is not None else by_target.get(kernel.target)
        copies = planned is not None and buffers.get(-1 if planned.array is None else planned.array) in filled - {
            kernel.target
        }
        told = teller.history(kernel, planned)
        found.append(replace(told, steps=()) if copies else told)
    return tuple(found)


def _overwritten(plan: Plan, seeds: Seeds, places: Places | None) -> Iterable[KernelPlan | None]:
    """The kernels of what overwrites parameters, in order."""
    by_array = {kernel.array: kernel for kernel in plan.kernels}
    for _, array in seeds.overwrites:
        yield by_array.get(array if places is None else places.arrays[array])


class _Teller:
    def __init__(
        self, plan: Plan, seeds: Seeds, places: Places | None, fired: Sequence[tuple[str, int]], book: RuleBook
    ) -> None:
        self.seeds, self.places = seeds, places
        self.rules = {one.name: one for one in book.rules}
        self.fired: dict[int, list[str]] = {}
        for name, element in fired:
            self.fired.setdefault(element, []).append(name)
        self.as_written = {} if places is None else written_alternatives(seeds, places)
        self.nodes: dict[int, list[Node]] = {}
        for node in seeds.elements:
            for element in self.classes(node):
                self.nodes.setdefault(element, []).append(node)

    def classes(self, node: Node) -> tuple[int, ...]:
        """The classes of a node: of its elements in memory, and of what is put there."""
        seeds = self.seeds
        found = [seeds.elements[node]]
        array = seeds.arrays.get(node)
        if array is not None and seeds.graph.arrays[array].stores:
            found.insert(0, seeds.graph.arrays[array].stores[0][1])
        if self.places is not None:
            found = [self.places.elements[element] for element in found]
        return tuple(dict.fromkeys(found))

    def history(self, kernel: Kernel, planned: KernelPlan | None) -> History:
        if planned is None:
            return History(kernel.target.name, (), (), kernel.cost)
        nodes = self.below(planned)
        spans = tuple(dict.fromkeys(node.span for node in nodes if node.span is not NOWHERE))
        return History(kernel.target.name, spans, self.steps(planned, nodes), kernel.cost)

    def below(self, planned: KernelPlan) -> list[Node]:
        """What the user wrote of a kernel, arguments first."""
        read = {e for e, choice in planned.choices.items() if isinstance(choice, Leaf) and e != planned.element}
        roots = self.nodes.get(planned.element, [])
        if not roots:  # a rule made it up
            roots = [node for element in planned.choices if element not in read for node in self.nodes.get(element, [])]
        order: dict[Node, None] = {}
        stack = [(root, False) for root in reversed(roots)]
        seen: set[Node] = set()
        while stack:
            node, ready = stack.pop()
            if ready:
                order[node] = None
            elif node not in seen:
                seen.add(node)
                outside = node.op in ("param", "constant", "dim") or (
                    node not in roots and any(element in read for element in self.classes(node))
                )
                if not outside:
                    stack.append((node, True))
                    stack.extend((arg, False) for arg in reversed(node.args))
        return list(order)

    def steps(self, planned: KernelPlan, nodes: Sequence[Node]) -> tuple[Step, ...]:
        elements = dict.fromkeys(element for node in nodes for element in self.classes(node))
        elements.update(dict.fromkeys(planned.choices))
        spans: dict[str, dict[Span, None]] = {}
        counts: dict[str, int] = {}
        for element in elements:
            choice = planned.choices.get(element)
            for name in self.fired.get(element, ()):
                if choice is None or not follows(
                    self.rules[name], choice, self.as_written.get(element, set()), element == planned.element
                ):
                    continue
                counts[name] = counts.get(name, 0) + 1
                mine = (node.span for node in self.nodes.get(element, ()) if node.span is not NOWHERE)
                spans.setdefault(name, {}).update(dict.fromkeys(mine))
        return tuple(self.step(self.rules[name], tuple(spans[name]), count) for name, count in counts.items())

    def step(self, rule: Rule | Structural, spans: tuple[Span, ...], count: int) -> Step:
        if isinstance(rule, Rule):
            return Step(rule.name, rule.reason, rule.requires, rule.span, spans, count, rule.accuracy)
        return Step(rule.name, rule.reason, frozenset(), None, spans, count)
