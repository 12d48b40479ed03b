"""Which rules a plan owes something to: they fired on a class that it computes, and it computes what they wrote.

Many more rules fire than matter: every comparison is turned around and back. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

from eqsat.egraph.calls import call_key
from eqsat.egraph.encode import Seeds
from eqsat.egraph.graph import ENode
from eqsat.egraph.plan import Choice, Leaf, Plan
from eqsat.egraph.readout import Places
from eqsat.egraph.saturate import Saturated
from eqsat.rules.api import Rule, RuleBook, Structural
from eqsat.rules.fusion import FUSION
from eqsat.rules.pattern import MOVEMENT, Pattern

_FUSION = frozenset(one.name for one in FUSION)


def rules_used(found: Saturated, plan: Plan, seeds: Seeds, book: RuleBook) -> tuple[tuple[str, int], ...]:
    """Names of rules with the number of classes in which the plan follows them, most frequent first."""
    by_name = {one.name: one for one in book.rules}
    as_written = written_alternatives(seeds, found.places)
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
            ways = [way for way in (inlined.get(element), roots.get(element)) if way is not None]
            follows = any(_follows(by_name[name], choice, as_written.get(element, set())) for choice in ways)
        counts[name] = counts.get(name, 0) + follows
    return tuple(sorted(((n, c) for n, c in counts.items() if c), key=lambda item: (-item[1], item[0])))


def _follows(rule: object, choice: Choice, written: set[ENode]) -> bool:
    if isinstance(rule, Rule) and not rule.right.args:  # a part of the left side, or a number
        replaced = [enode for enode in written if is_root(rule.left, enode)]
        if replaced:
            return choice not in replaced
    if isinstance(choice, ENode) and choice in written:
        return False
    if isinstance(rule, Rule) and rule.right.args:
        return isinstance(choice, ENode) and is_root(rule.right, choice)
    return not isinstance(choice, Leaf) or any(enode.kind in ("apply", "move") for enode in written)


def is_root(pattern: Pattern, choice: ENode) -> bool:
    """Whether the alternative is the outermost operation of the pattern."""
    if pattern.op == "reduce":
        return choice.kind == "fold"
    if pattern.op in MOVEMENT:
        return choice.kind == "move"
    return choice.name == (call_key(pattern) if pattern.op == "call" else pattern.op)


def written_alternatives(seeds: Seeds, places: Places) -> dict[int, set[ENode]]:
    """For each class of the saturated graph, the alternatives that stood in the program as written."""
    found: dict[int, set[ENode]] = {}
    for (enode,), place in zip(seeds.graph.elements, places.elements, strict=True):
        if enode.kind != "load":
            args = tuple(places.elements[arg] for arg in enode.args)
            found.setdefault(place, set()).add(ENode(enode.kind, enode.name, enode.signature, enode.attr, args))
    return found


def follows(rule: Rule | Structural, choice: Choice, written: set[ENode], is_root: bool) -> bool:
    """Whether a kernel follows a rule that fired on a class, for which it chose so; `is_root`: the one it stores."""
    if rule.name in _FUSION:
        return not is_root and isinstance(choice, ENode)
    return _follows(rule, choice, written)
