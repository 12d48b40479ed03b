"""Which arguments a function may write to, and whether what it wrote may have to be put back.

Called by `eqsat.schedule.planner`. An operation that is not known to be quiet may raise a flag. Refused: arguments of
which two elements are known to be one, since the order in which those are written would show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eqsat.egraph.host import is_quiet
from eqsat.errors import UnsupportedError
from eqsat.ir.body import Check, Scatter, Write, statements
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node, loop_of
from eqsat.ir.program import Apply, Buffer, Fold, Program, Term, walk
from eqsat.ir.routine import For, If, Invoke, Labeled, Let, Segment, Step, Steps, Store, While
from eqsat.ir.types import Array, Scalar
from eqsat.schedule.memory import Memory
from eqsat.schedule.placement import LEAVES, Placement

_QUIET_OF_INTEGERS = frozenset(
    ["add", "sub", "mul", "floordiv", "mod", "float", "int", "lshift", "rshift", "and", "or", "xor", "invert"]
)
_QUIET_OF_ALL = frozenset(["neg", "abs", "bool", "not", "eq", "ne", "lt", "le", "gt", "ge"])


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


def restored(steps: Steps, targets: frozenset[int]) -> frozenset[int]:
    """The parameters to be put back.

    None if nothing fails after a write and nothing raises a flag; flags are looked at when all is done, so that they
    count wherever they are raised.
    """
    everything = list(_all(steps))
    writes = any(map(_writes, everything))
    if not targets or not writes:
        return frozenset()
    heard = any(not _is_quiet(step) for step in everything)
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
            return step.node.op == "gather"
        case Segment():
            return bool(step.program.region.checks)
        case _:
            return False


def _is_quiet(step: Step) -> bool:
    match step:
        case Let():
            return _is_quiet_node(step.node)
        case Invoke():
            return step.node.op in ("empty", "gather", "nonzero")
        case Segment():
            return all(map(_is_quiet_term, _terms(step.program)))
        case _:
            return True


def _terms(program: Program) -> Iterator[Term]:
    values = [value for value in program.values.values() if not isinstance(value, Buffer)]
    return walk([*(kernel.term for kernel in program.kernels), *values])


def _is_quiet_term(term: Term) -> bool:
    if isinstance(term, Fold):
        char = term.dtype.char
        return is_quiet(term.reduction.op, f"{char}{char}->{char}")
    if not isinstance(term, Apply):
        return True
    if term.name.startswith(("py.", "ok.")):
        return _is_quiet_python(term.name, [arg.dtype.kind for arg in term.args])
    return is_quiet(term.name, term.signature)


def _is_quiet_node(node: Node) -> bool:
    if node.op in LEAVES or node.op in ("view", "read"):
        return True
    kinds = [arg.type.dtype.kind for arg in node.args if isinstance(arg.type, Scalar | Array)]
    if "." in node.op:
        return _is_quiet_python(node.op, kinds)
    return is_quiet(node.op, loop_of(node))


def _is_quiet_python(op: str, kinds: list[str]) -> bool:
    """Of Python's operators, those on integers but for `/` and `**`, and comparisons."""
    prefix, _, name = op.partition(".")
    if set(kinds) <= {"b", "i"}:
        return prefix == "ok" or name in _QUIET_OF_INTEGERS | _QUIET_OF_ALL
    return prefix == "py" and name in _QUIET_OF_ALL and "c" not in kinds
