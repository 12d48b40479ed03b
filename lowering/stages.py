"""How one row is evaluated when NumPy's own inner loops take part: which values wait in blocks on the stack.

A row without such calls is one vector loop. With them, a row is walked in blocks of a few hundred elements: vector
loops compute the arguments of a call into blocks, the call fills another, the last loop computes the rest. Called by
`lowering.nests`.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqsat.ir.program import Apply, Load, Term, children, walk
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
    stages: list[Compute | Borrow] = []
    for call in calls:
        roots = [arg for arg in dict.fromkeys(call.args) if varying[arg] and arg not in held]
        cone = _cone(roots, held, varying)
        inside = {*cone, call}
        wanted = [
            node
            for node in cone
            if node in roots or (isinstance(node, Apply) and any(user not in inside for user in users.get(node, ())))
        ]
        results = tuple((node, Block(len(held) + k, node.dtype)) for k, node in enumerate(wanted))
        held.update(results)
        if results:
            stages.append(Compute(results))
        into = Block(len(held), call.dtype)
        args = tuple(held[arg] if varying[arg] else None for arg in call.args)
        reverse = all(_backwards(arg, axis, accesses) for arg in call.args if varying[arg])
        stages.append(Borrow(call, args, into, reverse))
        held[call] = into
    return Row(axis, term, accesses, _reuse(stages, term, held, varying))


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


def _backwards(term: Term, axis: Axis, accesses: Accesses) -> bool:
    """Whether NumPy would read this operand with a negative stride: a reversed view of one dimension, as it is."""
    if not isinstance(term, Load) or len(term.buffer.shape) != 1 or term.view.rank != 1:
        return False
    known = accesses[term].step(axis.name).known
    return known is not None and known < 0


def _reuse(
    stages: list[Compute | Borrow], last: Term, held: dict[Term, Block], varying: dict[Term, bool]
) -> tuple[Compute | Borrow, ...]:
    """Give blocks whose last reader has run to later values of the same item size."""
    dies: dict[Term, int] = {}
    made: set[Term] = set()
    for position, stage in enumerate([*stages, None]):
        have = {term: block for term, block in held.items() if term in made}
        roots: list[Term] = [last] if stage is None else []
        if isinstance(stage, Compute):
            roots = [term for term, _ in stage.results]
        for term in _read(roots, have, varying):
            dies[term] = position
        if isinstance(stage, Borrow):
            dies.update((arg, position) for arg in stage.term.args if varying[arg])
            made.add(stage.term)
        elif isinstance(stage, Compute):
            made.update(term for term, _ in stage.results)
    free: dict[int, list[int]] = {}
    renamed: dict[Term, Block] = {}
    count = 0

    def place(term: Term) -> Block:
        nonlocal count
        pool = free.setdefault(term.dtype.itemsize, [])
        if not pool:
            pool.append(count)
            count += 1
        renamed[term] = Block(pool.pop(), term.dtype)
        return renamed[term]

    placed: list[Compute | Borrow] = []
    for position, stage in enumerate(stages):
        if isinstance(stage, Compute):
            placed.append(Compute(tuple((term, place(term)) for term, _ in stage.results)))
        else:
            args = tuple(None if b is None else renamed[a] for a, b in zip(stage.term.args, stage.args, strict=True))
            placed.append(Borrow(stage.term, args, place(stage.term), stage.reverse))
        for term, when in dies.items():
            if when == position and term in renamed:
                free[term.dtype.itemsize].append(renamed[term].number)
    return tuple(placed)


def _read(roots: list[Term], have: dict[Term, Block], varying: dict[Term, bool]) -> list[Term]:
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
