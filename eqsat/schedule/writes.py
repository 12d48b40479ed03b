"""Which arguments a function may write to, and whether what it wrote may have to be put back.

Called by `eqsat.schedule.planner`. Refused: arguments of which two elements are known to be one, since the order in
which those are written would show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eqsat.errors import UnsupportedError
from eqsat.ir.body import Check, Scatter, Write, statements
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node
from eqsat.ir.program import Call
from eqsat.ir.routine import For, If, Invoke, Labeled, Segment, Step, Steps, Store, While
from eqsat.ir.types import Array
from eqsat.schedule.memory import Memory
from eqsat.schedule.placement import Placement

_FAIL = frozenset({"gather", "inv", "solve", "opaque"})
"""Library operations that may fail as a check does."""


def written(placement: Placement, memory: Memory) -> frozenset[int]:
    """The parameters whose memory may be written to."""
    found: set[int] = set()
    for statement in statements(placement.body.block):
        if isinstance(statement, Write | Scatter):
            owners = memory.owners(written_array(statement))
            found |= {owner.attr for owner in owners if owner.op == "param" and isinstance(owner.attr, int)}
    return frozenset(found)


def refuse_repetition(placement: Placement, memory: Memory) -> None:
    """Refuse to write to an argument of which two elements are known to be one."""
    for statement in statements(placement.body.block):
        if isinstance(statement, Write | Scatter):
            for owner in memory.owners(written_array(statement)):
                if isinstance(owner.type, Array) and _repeats(owner.type):
                    raise UnsupportedError(
                        "an array of which two elements lie in the same memory is written to",
                        statement.span,
                        f"have: {owner.type}",
                        "pass a copy of it",
                    )


def _repeats(type_: Array) -> bool:
    """Whether axes do not move, or two move equally far: broadcast arrays and windows."""
    pairs = zip(type_.shape, type_.layout.ranks, strict=True)
    ranks = [rank for length, rank in pairs if length != ONE]
    return 0 in ranks or len(set(ranks)) < len(ranks)


def written_array(statement: Write | Scatter) -> Node:
    """The array that a statement writes to, or to one element of."""
    target = statement.target
    return target if isinstance(target.type, Array) else target.args[0]


def restored(steps: Steps, targets: frozenset[int], heard: bool) -> frozenset[int]:
    """The parameters to be put back; `heard`: somebody listens for floating-point events.

    None if nothing fails after a write and nobody listens for floating-point flags; these are looked at when all is
    done, so that they count wherever they are raised.
    """
    if not targets or not any(map(_writes, _all(steps))):
        return frozenset()
    return targets if heard or _fails_late(steps, False)[0] else frozenset()


def _fails_late(steps: Iterable[Step], after: bool) -> tuple[bool, bool]:
    """Whether a check may fail after a write, and whether a write may have happened in the end."""
    fails = False
    for step in steps:
        fails |= after and _checks(step)
        inner = _inner(step)
        if isinstance(step, For | While):  # what is written in one turn is there in the next
            after = after or any(_writes(one) for block in inner for one in _all(block))
        ends = [_fails_late(block, after) for block in inner]
        fails |= any(found for found, _ in ends)
        after = after or _writes(step) or any(end for _, end in ends)
    return fails, after


def _inner(step: Step) -> tuple[Steps, ...]:
    match step:
        case If():
            return (step.then, step.orelse)
        case While():
            return (step.head, step.body)
        case For() | Labeled():
            return (step.body,)
        case _:
            return ()


def _all(steps: Steps) -> Iterator[Step]:
    for step in steps:
        yield step
        for block in _inner(step):
            yield from _all(block)


def _writes(step: Step) -> bool:
    if isinstance(step, Segment):
        return any(kernel.window is not None for kernel in step.program.kernels)
    return isinstance(step, Store | Scatter)


def _checks(step: Step) -> bool:
    match step:
        case Check():
            return True
        case Scatter():
            return step.checked
        case Invoke():
            return step.node.op in _FAIL
        case Segment():
            called = {kernel.term.name for kernel in step.program.kernels if isinstance(kernel.term, Call)}
            return bool(step.program.region.checks) or not called.isdisjoint(_FAIL)
        case _:
            return False
