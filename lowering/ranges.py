"""Checks that a loop makes in every turn, made once for all of them.

A check that compares formulas, linear in the counter, holds in every turn if it holds in the first and in the last. If
every turn comes to it, it is looked at before the loop and nowhere else: where it fails the undecorated function runs,
a little earlier. If not (behind a branch, or with a way out of the loop), it is known before the loop whether it would
hold always, and looked at in its place only where that is not so; LLVM makes two loops of that. Either way the loop is
one that LLVM can compute in vectors. Pure data; called by `lowering.steps`, refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from eqsat.ir.body import Check
from eqsat.ir.dims import Dim, FloorDiv, Symbol, dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.routine import For, If, Labeled, Routine, Steps, While
from eqsat.ir.types import Scalar
from lowering.roots import leaves_out

RELATIONS = {"py.lt": "<", "py.le": "<=", "py.gt": ">", "py.ge": ">="}


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """`left relation right`, as the check of node `condition`; `always`: every turn of the loop comes to it."""

    condition: Node
    left: Dim
    relation: str
    right: Dim
    always: bool

    @property
    def symbols(self) -> set[Symbol]:
        """What it is computed from."""
        return symbols(self.left) | symbols(self.right)


def bounds(routine: Routine, loop: For) -> list[Bound]:
    """The checks of a loop that are linear in its counter, or do not depend on it."""
    assert isinstance(loop.counter.attr, int)
    counter = Symbol(loop.counter.attr, None)
    names = names_of(routine)
    found: list[Bound] = []
    for check, always in _checks(loop.body, not leaves_out(loop.body)):
        relation, args = RELATIONS.get(check.condition.op), check.condition.args
        if relation is None:
            continue
        left, right = (formula(arg, names) for arg in args)
        if left is not None and right is not None and _is_linear(left - right, counter):
            found.append(Bound(check.condition, left, relation, right, always))
    return found


def names_of(routine: Routine) -> Mapping[Node, Symbol]:
    """The local symbols of nodes."""
    return {node: Symbol(number, None) for number, node in routine.symbols.items()}


def simpler(left: Dim, relation: str, right: Dim) -> tuple[Dim, str, Dim] | None:
    """The same comparison between two lone sizes, where it is one: `1 + i <= n` is `i < n`.

    LLVM would have to know that the sum does not leave 64 bits.
    """
    difference = left - right
    if sorted(factor for _, factor in difference.terms) != [-1, 1]:
        return None
    sides = {factor: Dim(((monomial, 1),)) for monomial, factor in difference.terms}
    if difference.const == 0:
        return sides[1], relation, sides[-1]
    other = {("<", -1): "<=", ("<=", 1): "<", (">", 1): ">=", (">=", -1): ">"}.get((relation, difference.const))
    return None if other is None else (sides[1], other, sides[-1])


def _checks(steps: Steps, always: bool) -> Iterator[tuple[Check, bool]]:
    """The checks of a block but those of loops within, and whether they are always come to."""
    for step in steps:
        match step:
            case Check():
                yield step, always
            case If():
                yield from _checks(step.then, False)
                yield from _checks(step.orelse, False)
            case Labeled():
                yield from _checks(step.body, always)
            case While():
                yield from _checks(step.head, False)
                yield from _checks(step.body, False)
            case _:
                pass
        always = always and not leaves_out((step,))


def formula(node: Node, names: Mapping[Node, Symbol]) -> Dim | None:
    """An int as a formula, where it is one."""
    if not (isinstance(node.type, Scalar) and node.type.dtype == np.int64):
        return None
    match node.attr:
        case Dim() if node.op == "dim":
            return node.attr
        case Constant() if node.op == "constant":
            return dim(int(node.attr.value))
        case int() if node.op in ("param", "counter"):
            return dim(Symbol(node.attr, None))
        case _:
            return dim(names[node]) if node in names else None


def _is_linear(difference: Dim, counter: Symbol) -> bool:
    """Whether the counter stands in it with a known factor, or not at all."""
    for monomial, _ in difference.terms:
        within = [atom for atom in monomial if atom == counter or _names(atom, counter)]
        if within and monomial != (counter,):
            return False
    return True


def _names(atom: Symbol | FloorDiv, counter: Symbol) -> bool:
    return isinstance(atom, FloorDiv) and counter in symbols(atom.numerator)
