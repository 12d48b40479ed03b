"""Rules about arrays, applied to a read-out e-graph: what they find equal, as egglog text.

Called by `eqsat.egraph.saturate` between iterations. A rule that finds too much in one round goes on in the next;
what is equal already is not told again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from eqsat.egraph.conditions import is_worth, unmet
from eqsat.egraph.graph import ENode, Graph, Tables
from eqsat.egraph.instantiate import instantiate
from eqsat.egraph.match import Binding, Matcher, root_key
from eqsat.egraph.readout import ReadOut
from eqsat.egraph.terms import Impossible, Terms
from eqsat.egraph.text import text_of
from eqsat.ir.dims import Symbol
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.pattern import STRUCTURE, Pattern, walk

MOST = 40
"""So often may one rule fire in one round."""


@dataclass(slots=True)
class Told:
    """A firing as egglog text: what it asks for (`queries`), and what it does."""

    queries: list[str] = field(default_factory=list[str])
    actions: list[str] = field(default_factory=list[str])


def array_rules(book: RuleBook, graph: Graph, tables: Tables) -> list[Rule]:
    """The rules of a book that are applied here, two-way ones in both directions; those that could match at all."""
    found = [(one, _keys(one.left), _keys(one.right)) for one in _all_of(book)]
    there = {f"reduce {fold.reduction.op}" for fold in tables.folds.values}
    there |= {f"call {called.key}" for called in tables.calls.values}
    there |= {"move"} if any(e.kind == "move" for (e,) in graph.elements) else set[str]()
    chosen: dict[str, Rule] = {}
    size = -1
    while size < len(chosen):
        size = len(chosen)
        for one, left, right in found:
            if left <= there:
                chosen.setdefault(f"{one.name} {one.left}", one)
                there |= right
    return list(chosen.values())


@functools.lru_cache(maxsize=64)
def _all_of(book: RuleBook) -> tuple[Rule, ...]:
    rules = (one for one in book.rules if isinstance(one, Rule) and not one.is_elementwise)
    return tuple(each for one in rules for each in ((one, one.reverse) if one.two_way else (one,)))


def _keys(pattern: Pattern) -> set[str]:
    """What a graph must hold for the pattern to match, beside elementwise operations."""
    return {root_key(part) for part in walk(pattern) if part.op in STRUCTURE and part.op != "size"}


def apply_rules(chosen: Iterable[Rule], out: ReadOut, tables: Tables, sizes: Mapping[Symbol, int]) -> list[Told]:
    """Everything that the rules find equal in the graph, that is not yet; the graph is left as it was."""
    terms = Terms(out, tables)
    matcher = Matcher(terms)
    told: list[Told] = []
    depths: _Depths | None = None
    for one in chosen:
        seen: set[tuple[int, int]] = set()
        for root, binding in matcher.matches(one):
            if len(seen) == MOST:
                break
            right = _right(one, root, binding, terms, sizes)
            if right is not None and (root, right) not in seen:
                seen.add((root, right))
                depths = depths or _Depths(terms)
                told.append(_tell(one.name, root, right, depths))
    terms.forget()
    return told


def _right(one: Rule, root: int, binding: Binding, terms: Terms, sizes: Mapping[Symbol, int]) -> int | None:
    """The class of the right side, if the rule may fire and it is another class."""
    if unmet(one, binding, terms) is not None or not is_worth(one, binding, terms, sizes):
        return None
    try:
        right = instantiate(one.right, binding, terms, root)
    except Impossible:
        return None
    return None if right == root or _is_same(right, root, terms) else int(right)


def _is_same(element: int, root: int, terms: Terms) -> bool:
    """Whether a new class reads memory that holds the other one."""
    if element < terms.classes:
        return False
    for enode in terms.graph.elements[element]:
        if enode.kind == "load":
            array = terms.graph.arrays[enode.attr]
            if any(
                inner == root or (inner >= terms.classes and _is_same(inner, root, terms)) for _, inner in array.stores
            ):
                return True
    return False


def _tell(name: str, root: int, right: int, depths: _Depths) -> Told:
    told = Told()
    writer = _Writer(depths, told)
    left = writer.element(root)
    other = writer.element(right)
    told.actions += [f"(union {left} {other})", f'(Fired "{name}" {left})']
    return told


class _Writer:
    """Names classes in a firing's text: numbered ones are asked for, others are made again from their parts."""

    def __init__(self, depths: _Depths, told: Told) -> None:
        self.terms, self.depths, self.told = depths.terms, depths, told
        self.elements: dict[int, str] = {}
        self.arrays: dict[int, str] = {}

    def element(self, number: int) -> str:
        found = self.elements.get(number)
        if found is not None:
            return found
        name = self.elements[number] = f"c{number}"
        seed = self.terms.seeds.get(number)
        if seed is not None:
            self.told.queries.append(f"(= {name} (element_seed {seed}))")
            return name
        enode = min(self.terms.graph.elements[number], key=self.depths.depth)
        self.told.actions.append(f"(let {name} {text_of(enode, self.element, self.array)})")
        if enode.kind == "call":
            space, char = self.terms.graph.spaces[number], self.terms.graph.dtypes[number]
            self.told.actions += [f"(set (space {name}) {space})", f'(set (dtype {name}) "{char}")']
        return name

    def array(self, number: int) -> str:
        found = self.arrays.get(number)
        if found is None:
            known = self.terms.graph.arrays[number]
            if known.param is not None:
                text = f"(Param {known.param})"
            else:
                info, element = min(known.stores, key=lambda stored: self.depths.element(stored[1]))
                text = f"(Store {info} {self.element(element)})"
            found = self.arrays[number] = f"a{number}"
            self.told.actions.append(f"(let {found} {text})")
        return found


class _Depths:
    """How deep classes are, by their shallowest way to be written: what is written down must not go in circles."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.known: dict[int, float] = dict.fromkeys(terms.seeds, 0.0)
        changed = True
        while changed:
            changed = False
            for number in range(terms.classes):
                if number not in terms.seeds:
                    found = min(map(self.depth, terms.graph.elements[number]))
                    if found < self.known.get(number, _DEEP):
                        self.known[number] = found
                        changed = True

    def element(self, number: int) -> float:
        if number >= self.terms.classes and number not in self.known:  # new: made of what was there before it
            self.known[number] = min(map(self.depth, self.terms.graph.elements[number]))
        return self.known.get(number, _DEEP)

    def depth(self, enode: ENode) -> float:
        if enode.kind == "load":
            array = self.terms.graph.arrays[enode.attr]
            if array.param is not None:
                return 1.0
            return 1.0 + min((self.element(element) for _, element in array.stores), default=_DEEP)
        return 1.0 + max((self.element(arg) for arg in enode.args), default=0.0)


_DEEP = float("inf")


def as_rules(told: Iterable[Told], number: int) -> Iterator[str]:
    """Each firing as a rule that fires once."""
    for position, one in enumerate(told):
        name = f"found{number}_{position}"
        rule = f'(rule ({" ".join(one.queries)}) ({" ".join(one.actions)}) :ruleset {name} :name "{name}")'
        yield f"(ruleset {name})\n{rule}\n(run {name} 1)"
