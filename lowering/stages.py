"""How one row is evaluated when NumPy's own inner loops take part: which values wait in blocks on the stack.

A row without such calls is one vector loop. With them, a row is walked in blocks of a few hundred elements: vector
loops compute the arguments of a call into blocks, the call fills another, the last loop computes the rest. Called by
`lowering.nests`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsat.ir.program import Apply, Load, Term, children, walk
from eqsat.ir.signature import backwards
from lowering.loops import Accesses, Axis, Block, Borrow, Compute, Row
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


def plan_row(axis: Axis, term: Term, accesses: Accesses) -> Row:
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
        down = backwards(call.signature)
        changing = [(arg, back) for arg, back in zip(call.args, down, strict=True) if varying[arg]]
        roots = [arg for arg in dict.fromkeys(arg for arg, back in changing if not back) if arg not in held]
        turned = tuple(dict.fromkeys(arg for arg, back in changing if back))
        cone = _cone([*roots, *turned], held, varying)
        inside = {*cone, call}
        wanted = tuple(
            node
            for node in cone
            if node in roots or (isinstance(node, Apply) and any(user not in inside for user in users.get(node, ())))
        )
        stages.append(_Stage(wanted, turned, call, tuple(varying[arg] for arg in call.args)))
        held |= {node: Block(0, node.dtype) for node in (*wanted, call)}
    return Row(axis, term, accesses, _placed(stages, term, varying))


@dataclass(frozen=True, slots=True)
class _Stage:
    """First compute `wanted` into blocks, and `turned` into blocks that are filled from the end; then call."""

    wanted: tuple[Term, ...]
    turned: tuple[Term, ...]
    call: Apply
    varying: tuple[bool, ...]


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

    def place(term: Term, turned: bool = False) -> Block:
        nonlocal count
        pool = free.setdefault(term.dtype.itemsize, [])
        if not pool:
            pool.append(count)
            count += 1
        return Block(pool.pop(), term.dtype, turned)

    for position, stage in enumerate(stages):
        forwards = {term: place(term) for term in stage.wanted}
        turned = {term: place(term, True) for term in stage.turned}
        homes |= forwards
        if forwards or turned:
            found.append(Compute((*forwards.items(), *turned.items())))
        down = backwards(stage.call.signature)
        args = tuple(
            (turned if back else homes)[arg] if changes else None
            for arg, back, changes in zip(stage.call.args, down, stage.varying, strict=True)
        )
        homes[stage.call] = place(stage.call)
        found.append(Borrow(stage.call, args, homes[stage.call]))
        for term in [term for term in homes if dies[term] == position]:
            free[term.dtype.itemsize].append(homes.pop(term).number)
        for term, block in turned.items():
            free[term.dtype.itemsize].append(block.number)
    return tuple(found)


def _deaths(stages: list[_Stage], last: Term, varying: dict[Term, bool]) -> dict[Term, int]:
    """For each term in a block, the number of the last stage that reads it; the last loop of all has the next one."""
    dies: dict[Term, int] = {}
    held: set[Term] = set()
    for position, stage in enumerate(stages):
        read = [*_read([*stage.wanted, *stage.turned], held, varying), *stage.call.args]
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
