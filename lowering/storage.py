"""Where temporaries live: on the stack, in memory of their own, in that of a dead one, or of a result not yet written.

Pure data over nests; `lowering.kernels` carries it out. A temporary that dies in the very row that writes a result of
the same shape shares its memory element by element (`in_place`). What is written into a parameter may have been read
from there; no temporary lies in a parameter's memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.dims import Dim
from eqsat.ir.program import Buffer, Load, Program, walk
from lowering.loops import Accesses, Fill, FoldColumns, FoldRuns, Let, Loop, Nest, Run, Statement, Store, total

SMALL = 4096
"""Bytes up to which a temporary of known size lies on the stack."""


@dataclass(frozen=True, slots=True)
class Storage:
    """`home[t]`: the buffer whose memory temporary `t` uses (itself if it has memory of its own)."""

    home: dict[Buffer, Buffer]
    in_place: frozenset[int]
    """Nests that may write elements over those that they read, one by one."""


def on_stack(buffer: Buffer) -> bool:
    """Whether it is small, for certain."""
    size = _bytes(buffer)
    return size.is_const and size.const <= SMALL


def _bytes(buffer: Buffer) -> Dim:
    return total(buffer.shape) * buffer.dtype.itemsize


@dataclass(slots=True)
class _Room:
    """Memory: who owns it, its size, and from when to when its present content is needed."""

    owner: Buffer
    size: Dim
    free_after: int
    written_from: int | None
    """The nest that writes the result to which it belongs; None for a temporary's."""


def plan_storage(program: Program, nests: tuple[Nest, ...]) -> Storage:
    """Give every temporary a home."""
    last_read = _last_reads(nests)
    written = {target: number for number, nest in enumerate(nests) for target in nest.targets}
    kept = {value for value in program.values.values() if isinstance(value, Buffer)}
    rooms: list[_Room] = []
    for buffer, number in written.items():
        if buffer.role == "result" and buffer.shape and not on_stack(buffer):
            rooms.append(_Room(buffer, _bytes(buffer), -1, number))
    home: dict[Buffer, Buffer] = {}
    in_place = {number for number, nest in enumerate(nests) if any(target.role == "param" for target in nest.targets)}
    for number, nest in enumerate(nests):
        for buffer in nest.targets:
            if buffer.role != "temp":
                continue
            home[buffer] = buffer
            if on_stack(buffer) or buffer in kept:
                continue
            dies = last_read.get(buffer, number)
            room = _find_room(rooms, buffer, number, dies, nests, in_place)
            if room is None:
                room = _Room(buffer, _bytes(buffer), -1, None)
                rooms.append(room)
            room.free_after = max(room.free_after, dies)
            home[buffer] = room.owner
    return Storage(home, frozenset(in_place))


def _find_room(
    rooms: list[_Room], buffer: Buffer, born: int, dies: int, nests: tuple[Nest, ...], in_place: set[int]
) -> _Room | None:
    for room in rooms:
        if room.size != _bytes(buffer) or room.free_after >= born:
            continue
        if room.written_from is None or dies < room.written_from:
            return room
        if dies == room.written_from and _elementwise_over(nests[dies], room.owner, buffer):
            in_place.add(dies)
            return room
    return None


def _elementwise_over(nest: Nest, result: Buffer, temporary: Buffer) -> bool:
    """Whether the nest reads `temporary` only where, in the same turn, it writes `result`."""
    pending = list(nest.body)
    while len(pending) > 1 or (pending and isinstance(pending[0], Let | Loop)):
        statement = pending.pop(0)
        if isinstance(statement, Loop):
            pending = [*statement.body, *pending]
        elif not isinstance(statement, Let) or any(
            isinstance(term, Load) and term.buffer == temporary for term in walk(statement.terms)
        ):
            return False
    fill = pending[0] if pending else None
    if not isinstance(fill, Fill) or fill.target.buffer != result:
        return False
    if result.dtype.itemsize != temporary.dtype.itemsize:
        return False
    return all(
        (fill.row.accesses[term].start, fill.row.accesses[term].steps) == (fill.target.start, fill.target.steps)
        for term in walk([fill.row.term])
        if isinstance(term, Load) and term.buffer == temporary
    )


def _last_reads(nests: tuple[Nest, ...]) -> dict[Buffer, int]:
    found: dict[Buffer, int] = {}
    for number, nest in enumerate(nests):
        for statement in (*nest.body, *nest.otherwise):
            for accesses in _accesses(statement):
                for access in accesses.values():
                    found[access.buffer] = number
    return found


def _accesses(statement: Statement) -> list[Accesses]:
    match statement:
        case Let(_, accesses) | Store(_, _, accesses) | Run(_, _, accesses):
            return [accesses]
        case Loop(_, body):
            return [found for inner in body for found in _accesses(inner)]
        case Fill(_, row):
            return [row.accesses]
        case FoldRuns() | FoldColumns():
            return [statement.row.accesses]
