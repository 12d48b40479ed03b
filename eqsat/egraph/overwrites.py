"""Kernels that write into parameters: straight into the elements, where no element is read after it was written.

A kernel may fill part of a parameter if it reads of that memory the very element that it writes, or none that is
written; it then runs after all kernels that do not write into parameters. Any other value is computed into memory of
its own, which a last kernel copies. Where it is not known that two pieces of memory are apart, they are not. Called by
`eqsat.egraph.decode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from math import gcd

from eqsat.frontend.implied import Facts, is_implied
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.program import Apply, Buffer, Call, Fold, Kernel, Load, Term, Window, walk
from eqsat.ir.view import Along, identity


@dataclass(frozen=True, slots=True)
class Put:
    """What fills `source` is to go to the `window` of `target`; `aliases`: parameters that may lie in its memory.

    `cost`: of copying it. `facts`: formulas that are known to be zero or more.
    """

    target: Buffer
    window: Window
    source: Buffer
    aliases: frozenset[int]
    cost: float
    facts: tuple[Dim, ...] = ()


def place_overwrites(kernels: Sequence[Kernel], puts: Sequence[Put], kept: AbstractSet[Buffer]) -> tuple[Kernel, ...]:
    """The kernels, then those that write into parameters; `kept` are the buffers that are needed for themselves."""
    before = list(kernels)
    last: list[Kernel] = []
    written: list[Put] = []
    for put in puts:
        found = _straight(put, [*before, *last], puts, kept, written)
        if found is not None:
            before = [kernel for kernel in before if kernel.target != put.source]
            last.append(found)
        else:
            copy = Load(put.source, identity(len(put.source.shape)))
            last.append(Kernel(put.target, copy, put.cost, put.window))
        written.append(put)
    return (*before, *last)


def _straight(
    put: Put, kernels: Sequence[Kernel], puts: Sequence[Put], kept: AbstractSet[Buffer], written: Iterable[Put]
) -> Kernel | None:
    """The kernel that fills `put.source`, made to write into the parameter; None if it must not."""
    if put.source in kept or sum(other.source == put.source for other in puts) > 1:
        return None
    if any(load.buffer == put.source for kernel in kernels for load in _loads(kernel.term)):
        return None
    kernel = next(kernel for kernel in kernels if kernel.target == put.source)
    if isinstance(kernel.term, Fold | Call):  # fills packed memory, row by row or at once
        return None
    sources = {other.source for other in puts} - kept
    lasting = [other for other in kernels if other.window is None and other.target not in sources]
    for term in (kernel.term, _from_copies(kernel.term, put, lasting)):
        loads = _loads(term)
        if all(_undisturbed(load, put) for load in loads) and all(
            _apart(load, other) for load in loads for other in written
        ):
            return Kernel(put.target, term, kernel.cost, put.window)
    return None


def _loads(term: Term) -> list[Load]:
    return [part for part in walk([term]) if isinstance(part, Load)]


def _undisturbed(load: Load, put: Put) -> bool:
    """Whether the load reads the very element that is written, or none of those that are."""
    same = load.buffer.param == put.target.param and load.buffer.role == "param"
    return (same and load.view == put.window.view and _is_one_to_one(put.window)) or _apart(load, put)


def _is_one_to_one(window: Window) -> bool:
    """Whether no two indices of the window are one element, as far as the index map tells."""
    used = {along.axis for along in window.view.axes}
    return all(axis in used or extent == ONE for axis, extent in enumerate(window.shape))


def _apart(load: Load, put: Put) -> bool:
    """Whether nothing of what the load reads, in all of its kernel, is in the window."""
    if load.buffer.role != "param":
        return True
    if load.buffer.param != put.target.param:
        return load.buffer.param not in put.aliases
    pairs = zip(load.view.axes, put.window.view.axes, strict=True)
    return any(_never_meet(one, other, put) for one, other in pairs)


def _never_meet(one: Along, other: Along, put: Put) -> bool:
    """Whether two index maps into one axis have no index in common; both run over the space of the window."""
    low, high = _span(one, put.window.shape)
    start, end = _span(other, put.window.shape)
    if any(_is_positive(distance, put.facts) for distance in (start - high, low - end)):
        return True
    gap = one.start - other.start
    steps = [abs(along.step) for along in (one, other) if along.axis is not None]
    common = gcd(*steps)
    return common > 1 and gap.is_const and gap.const % common != 0


def _span(along: Along, shape: tuple[Dim, ...]) -> tuple[Dim, Dim]:
    """The lowest and the highest index."""
    if along.axis is None:
        return along.start, along.start
    end = along.start + (shape[along.axis] - 1) * along.step
    return (along.start, end) if along.step > 0 else (end, along.start)


def _is_positive(value: Dim, facts: Sequence[Dim]) -> bool:
    return value.const > 0 if value.is_const else is_implied(value - 1, Facts(facts))


def _from_copies(term: Term, put: Put, kernels: Sequence[Kernel]) -> Term:
    """The term with the parameter's elements read from a copy of all of them that is made before, if one is."""
    copies: dict[Buffer, Buffer] = {}
    for kernel in kernels:
        source = kernel.term
        if isinstance(source, Load) and source.view.is_identity and kernel.target.shape == source.buffer.shape:
            copies.setdefault(source.buffer, kernel.target)
    made: dict[int, Term] = {}
    for part in walk([term]):
        if isinstance(part, Load) and part.buffer in copies and not _undisturbed(part, put):
            made[id(part)] = Load(copies[part.buffer], part.view)
        elif isinstance(part, Apply):
            args = tuple(made[id(arg)] for arg in part.args)
            changed = any(new is not old for new, old in zip(args, part.args, strict=True))
            made[id(part)] = replace(part, args=args) if changed else part
        else:
            made[id(part)] = part
    return made[id(term)]
