"""How one row is evaluated when NumPy's own inner loops take part: which values wait in blocks on the stack.

A row without such calls is one vector loop. With them, a row is walked in blocks of a few hundred elements: vector
loops compute the arguments of a call into blocks, the call fills another, the last loop computes the rest. Called by
`lowering.nests`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsat.ir.program import Apply, Load, Term, children, walk, whole
from lowering.loops import NO_BYTES, Accesses, Axis, Backwards, Block, Borrow, Compute, Row, Walks
from lowering.scalar import has_inline


def varies(term: Term, axis: str, accesses: Accesses) -> dict[Term, bool]:
    """For every term below `term`, whether its value changes along the loop."""
    known: dict[Term, bool] = {}
    for node in walk([term]):
        if isinstance(node, Load):
            known[node] = axis in accesses[node].loops
        else:
            known[node] = any(known[child] for child in children(node))
    return known


def plan_row(axis: Axis, term: Term, accesses: Accesses, walks: Walks) -> Row:
    """The row, with its stages."""
    varying = varies(term, axis.name, accesses)
    order = [node for node in walk([term]) if varying[node]]
    calls = [node for node in order if isinstance(node, Apply) and not has_inline(node.name, node.signature)]
    if not calls:
        return Row(axis, term, accesses)
    users: dict[Term, list[Term]] = {}
    for node in order:
        for child in children(node):
            users.setdefault(child, []).append(node)
    held: dict[Term, Block] = {}
    stages: list[_Stage] = []
    for call in calls:
        roots = [arg for arg in dict.fromkeys(call.args) if varying[arg] and arg not in held]
        cone = _cone(roots, held, varying)
        inside = {*cone, call}
        wanted = [
            node
            for node in cone
            if node in roots or (isinstance(node, Apply) and any(user not in inside for user in users.get(node, ())))
        ]
        changes = tuple(varying[arg] for arg in call.args)
        stages.append(_Stage(tuple(wanted), call, changes, _backwards(call, walks)))
        held |= {node: Block(0, node.dtype) for node in (*wanted, call)}
    return Row(axis, term, accesses, _placed(stages, term, varying))


@dataclass(frozen=True, slots=True)
class _Stage:
    """First compute `wanted` into blocks, then call. `backwards` as in `Borrow`."""

    wanted: tuple[Term, ...]
    call: Apply
    varying: tuple[bool, ...]
    backwards: Backwards | None


def _backwards(call: Apply, walks: Walks) -> Backwards | None:
    """The operands of a call, if one of them goes down along the fastest axis that the call runs over."""
    below = _loads(call)
    axes = [k for k in range(len(walks.extents)) if any(walks.steps[load][k] != NO_BYTES for load in below)]
    direct = [load for arg in call.args if isinstance(load := whole(arg), Load)]
    if not axes or not any(walks.down[load][axes[-1]] for load in direct):
        return None
    found = tuple((load.buffer, tuple(walks.steps[load][k] for k in axes)) for load in direct)
    computed = [arg for arg in call.args if not isinstance(whole(arg), Load)]
    spread = [{k for k in axes for load in _loads(arg) if walks.steps[load][k] != NO_BYTES} for arg in computed]
    repeated = sum(0 < len(along) < len(axes) for along in spread)
    return Backwards(found, repeated, tuple(walks.extents[k] for k in axes))


def _loads(term: Term) -> list[Load]:
    return [node for node in walk([term]) if isinstance(node, Load)]


def _cone(roots: Iterable[Term], held: dict[Term, Block], varying: dict[Term, bool]) -> list[Term]:
    """What a vector loop for `roots` computes: every varying term below that no block holds; arguments first."""
    seen: set[Term] = set()
    found: list[Term] = []
    stack = [(root, False) for root in roots]
    while stack:
        node, ready = stack.pop()
        if ready:
            found.append(node)
        elif node not in seen and node not in held and varying[node]:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in children(node))
    return found


def _placed(stages: list[_Stage], last: Term, varying: dict[Term, bool]) -> tuple[Compute | Borrow, ...]:
    """Number the blocks; one whose last reader has run serves a later value of the same item size."""
    dies = _deaths(stages, last, varying)
    free: dict[int, list[int]] = {}
    count = 0
    homes: dict[Term, Block] = {}
    found: list[Compute | Borrow] = []

    def place(term: Term) -> Block:
        nonlocal count
        pool = free.setdefault(term.dtype.itemsize, [])
        if not pool:
            pool.append(count)
            count += 1
        homes[term] = Block(pool.pop(), term.dtype)
        return homes[term]

    for position, stage in enumerate(stages):
        results = tuple((term, place(term)) for term in stage.wanted)
        if results:
            found.append(Compute(results))
        args = tuple(
            homes[arg] if changes else None for arg, changes in zip(stage.call.args, stage.varying, strict=True)
        )
        found.append(Borrow(stage.call, args, place(stage.call), stage.backwards))
        for term in [term for term in homes if dies[term] == position]:
            free[term.dtype.itemsize].append(homes.pop(term).number)
    return tuple(found)


def _deaths(stages: list[_Stage], last: Term, varying: dict[Term, bool]) -> dict[Term, int]:
    """For each term in a block, the number of the last stage that reads it; the last loop of all has the next one."""
    dies: dict[Term, int] = {}
    held: set[Term] = set()
    for position, stage in enumerate(stages):
        read = [*_read(list(stage.wanted), held, varying), *stage.call.args]
        dies |= {term: position for term in read if varying[term]}
        dies |= dict.fromkeys(stage.wanted, position)
        held |= {*stage.wanted, stage.call}
    return dies | {term: len(stages) for term in _read([last], held, varying)}


def _read(roots: list[Term], have: set[Term], varying: dict[Term, bool]) -> list[Term]:
    """The terms in blocks that a vector loop for `roots` reads."""
    found: list[Term] = []
    seen: set[Term] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen or not varying[node]:
            continue
        seen.add(node)
        if node in have:
            found.append(node)
        else:
            stack.extend(children(node))
    return found
