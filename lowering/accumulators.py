"""Ints that a loop counts up in small steps, so that one look before the loop shows that none leaves 64 bits.

`count += 1` behind a condition must be checked in each turn, for all that LLVM knows. But where variables are set to
each other, give or take so much, the largest of them moves by no more than all of that in a turn. So with the number of
turns, and what they hold before the first, the checks are known to hold throughout. A `while` has no such number. There
small steps from a start within 2**61 would need 2**53 turns to leave 64 bits, which is months in which nobody waits for
the answer: this alone is taken for granted. Pure data; called by `lowering.steps`, refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from eqsat.ir.body import Check, Set, Variable
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.routine import For, If, Labeled, Step, Steps, While
from eqsat.ir.types import Scalar
from lowering.roots import all_steps

LARGEST = 1 << 32
"""The most that is added in a turn."""
SMALL = 1 << 8
"""The most that is added in a turn of a `while`."""


@dataclass(frozen=True, slots=True)
class Accumulators:
    """The largest of `variables` moves by at most `change` in a turn; `checks`: conditions that ask for no more."""

    variables: tuple[Variable, ...]
    change: int
    checks: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Near:
    """A number that is at most `distance` away from `variable`, or from zero."""

    variable: Variable | None
    distance: int


def accumulators(loop: For | While) -> Accumulators | None:
    """The variables of a loop that only move in small steps and have checks."""
    turn = loop.body if isinstance(loop, For) else (*loop.head, *loop.body)
    own = list(_own_steps(turn))
    moves = _moves(turn, own)
    variables: dict[Variable, None] = {}
    checks: list[Node] = []
    for step in own:
        if isinstance(step, Check) and step.condition.op in ("ok.add", "ok.sub"):
            near = _sum(*step.condition.args)
            if near is not None and _closure(near, moves, variables):
                checks.append(step.condition)
    distances = [near.distance for variable in variables for near in moves.get(variable, ()) if near is not None]
    change = max(sum(distances), 1)
    most = LARGEST if isinstance(loop, For) else SMALL
    return Accumulators(tuple(variables), change, tuple(checks)) if checks and change <= most else None


def _own_steps(steps: Steps) -> Iterator[Step]:
    """The steps that run at most once in a turn."""
    for step in steps:
        yield step
        match step:
            case If():
                yield from _own_steps(step.then)
                yield from _own_steps(step.orelse)
            case Labeled():
                yield from _own_steps(step.body)
            case _:
                pass


Moves = Mapping[Variable, tuple[_Near | None, ...]]
"""What each variable is set to in a turn; None for what nothing is known about."""


def _moves(turn: Steps, own: list[Step]) -> Moves:
    found: dict[Variable, tuple[_Near | None, ...]] = {}
    mine = {id(step) for step in own}
    for step in all_steps(turn):
        if isinstance(step, Set):
            near = _near(step.value) if id(step) in mine else None
            found[step.variable] = (*found.get(step.variable, ()), near)
    return found


def _closure(near: _Near, moves: Moves, variables: dict[Variable, None]) -> bool:
    """Add the variables that a number depends on, if all of them only move in small steps."""
    if near.distance > LARGEST:
        return False
    found: dict[Variable, None] = {}
    waiting = [near]
    while waiting:
        variable = waiting.pop().variable
        if variable is None or variable in found:
            continue
        found[variable] = None
        for move in moves.get(variable, ()):
            if move is None:
                return False
            waiting.append(move)
    variables.update(found)
    return True


def _near(node: Node) -> _Near | None:
    if not (isinstance(node.type, Scalar) and node.type.dtype == np.int64):
        return None
    match node.op, node.attr:
        case "read", Variable():
            return _Near(node.attr, 0)
        case "constant", Constant():
            return _Near(None, abs(int(node.attr.value)))
        case (("py.int" | "cast"), _) if isinstance(node.args[0].type, Scalar):
            dtype = node.args[0].type.dtype
            narrow = dtype.kind in "biu" and dtype.itemsize < 4
            return _Near(None, 1 if dtype.kind == "b" else 1 << (8 * dtype.itemsize)) if narrow else None
        case (("py.add" | "py.sub"), _):
            return _sum(*node.args)
        case _:
            return None


def _sum(left: Node, right: Node) -> _Near | None:
    """Of a sum or difference."""
    one, other = _near(left), _near(right)
    if one is None or other is None or (one.variable is not None and other.variable is not None):
        return None
    return _Near(one.variable or other.variable, one.distance + other.distance)
