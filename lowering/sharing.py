"""Kernels that agree on their outermost loop share it, and what passes between them shrinks to one turn of it.

Softmax over rows is four kernels, each a loop over the rows; in one loop, a row stays in the first-level cache from
its maximum to its quotient, and the maximum and the sum of a row are single numbers. Only kernels whose outermost
loop is there anyway take part, and only where each reads of the others what the same turn has written. One that writes
into a parameter takes part if no other turn reads there. Called by `lowering.nests`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from eqsat.ir.dims import ONE
from eqsat.ir.program import Buffer, Kernel, Load, Program, Window, walk
from eqsat.ir.region import Overwrite
from eqsat.ir.view import Along
from lowering.geometry import Geometry
from lowering.loops import Axis, Let, Loop, Nest, Statement, total


@dataclass(frozen=True, slots=True)
class Planned:
    """A kernel and its nest. `leading`: the axes of the space it runs over that its outermost loop walks.

    `leading_target`: the same as axes of what it writes. Both are empty if the nest has no loop around its rows.
    """

    kernel: Kernel
    nest: Nest
    leading: tuple[int, ...]
    leading_target: tuple[int, ...]

    @property
    def loop(self) -> Loop | None:
        """The outermost loop."""
        last = self.nest.body[-1]
        return last if isinstance(last, Loop) else None

    def reads(self, buffer: Buffer) -> list[Load]:
        """Its loads of a buffer."""
        return [term for term in walk([self.kernel.term]) if isinstance(term, Load) and term.buffer == buffer]


def groups(planned: Sequence[Planned], overwrites: Sequence[Overwrite] = ()) -> list[list[Planned]]:
    """Neighbours that can share their outermost loop, and do pass something on within it."""
    aliases: dict[int, frozenset[int]] = {}
    for put in overwrites:
        aliases[put.param] = aliases.get(put.param, frozenset()) | put.aliases
    found: list[list[Planned]] = []
    for one in planned:
        if found and _joins(one, found[-1], aliases):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _joins(one: Planned, group: Sequence[Planned], aliases: Mapping[int, frozenset[int]]) -> bool:
    first = group[0]
    if one.loop is None or first.loop is None or one.loop.axis.extent != first.loop.axis.extent:
        return False
    if total(one.nest.nonempty) != total(first.nest.nonempty):
        return False
    if not _keeps_order(one, group, aliases):
        return False
    passed = [(writer, load) for writer in group for load in one.reads(writer.kernel.target)]
    return bool(passed) and all(_same_turn(load, writer, one) for writer, load in passed)


def _keeps_order(one: Planned, group: Sequence[Planned], aliases: Mapping[int, frozenset[int]]) -> bool:
    """Whether no later turn of the group reads what this kernel writes into a parameter, if it does that."""
    if any(other.kernel.window is not None for other in group):
        return False
    window, written = one.kernel.window, one.kernel.target.param
    if window is None or written is None:
        return True
    for other in group:
        for load in (term for term in walk([other.kernel.term]) if isinstance(term, Load)):
            if load.buffer.param in aliases.get(written, frozenset()):
                return False
            if load.buffer.param == written and not _apart_by_turns(load, other, window, one):
                return False
    return True


def _apart_by_turns(load: Load, reader: Planned, window: Window, writer: Planned) -> bool:
    """Whether each turn reads only of the memory that the same turn writes: along some axis both go with the loop."""
    if len(reader.leading) != 1 or len(writer.leading) != 1:
        return False
    (read,), (written,) = reader.leading, writer.leading
    pairs = zip(load.view.axes, window.view.axes, strict=True)
    return any(
        one.axis == read and other.axis == written and (one.start, one.step) == (other.start, other.step)
        for one, other in pairs
    )


def _same_turn(load: Load, writer: Planned, reader: Planned) -> bool:
    """Whether the reader needs, in each turn, only what the writer has written in that turn."""
    if len(writer.leading_target) != len(reader.leading):
        return False
    pairs = zip(writer.leading_target, reader.leading, strict=True)
    return all(load.view.axes[written] == Along(read) for written, read in pairs)


def share(
    group: Sequence[Planned], program: Program, geometry: Geometry, plan: Callable[[Kernel, Geometry], Planned]
) -> Nest:
    """One nest for the group."""
    if len(group) == 1:
        return group[0].nest
    members = {id(one.kernel) for one in group}
    outside = {value for value in program.values.values() if isinstance(value, Buffer)}
    for kernel in program.kernels:
        if id(kernel) not in members:
            outside |= {term.buffer for term in walk([kernel.term]) if isinstance(term, Load)}
    for one in group:
        target = one.kernel.target
        if target.role == "temp" and target not in outside:
            turn = tuple(ONE if axis in one.leading_target else size for axis, size in enumerate(target.shape))
            geometry.rows[target] = replace(target, shape=turn)
    again = [plan(one.kernel, geometry) for one in group]
    kept = [one.nest for one in again if one.kernel.target not in geometry.rows]
    otherwise = tuple(statement for nest in kept for statement in nest.otherwise)
    return _joined([one.nest for one in again], again[0].loop, otherwise)


def _joined(nests: list[Nest], first: Loop | None, otherwise: tuple[Statement, ...]) -> Nest:
    assert first is not None
    lets: list[Statement] = []
    body: list[Statement] = []
    for nest in nests:
        for statement in nest.body:
            if isinstance(statement, Let):
                lets.append(statement)
            else:
                assert isinstance(statement, Loop) and statement.axis == Axis(first.axis.name, first.axis.extent)
                body += statement.body
    targets = tuple(target for nest in nests for target in nest.targets)
    return Nest(targets, nests[0].nonempty, (*lets, Loop(first.axis, tuple(body))), otherwise)
