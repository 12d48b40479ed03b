"""Where elements lie: strides of buffers, and which sizes are known to be equal. Called by `lowering.nests`.

A stride is a formula wherever the type of a parameter or the packing of a fresh buffer determines it, so that
"can these two loops be one?" is a comparison of polynomials.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, ZERO, Arithmetic, Dim, Symbol, dim
from eqsat.ir.program import Buffer
from eqsat.ir.region import Guard, Merges, Region
from eqsat.ir.types import Array
from eqsat.ir.view import View
from lowering.loops import NO_BYTES, Access, Axis, Bytes

Steps = tuple[Bytes, tuple[Bytes, ...]]
"""A start, and a step for each axis."""


class Geometry:
    """The strides of every buffer of a region's program, in terms of sizes of its parameters."""

    __slots__ = ("_equal", "_merges", "_region", "rows")

    def __init__(self, region: Region) -> None:
        self._region = region
        self.rows: dict[Buffer, Buffer] = {}
        """Buffers of which only the part that one turn of a shared loop needs is kept, and what stands for them."""
        self._equal: dict[Symbol, Dim] = {}
        self._merges = {(g.param, g.slow, g.fast) for g in region.guards if isinstance(g, Merges) and g.truth}
        for guard in region.guards:
            if isinstance(guard, Guard) and guard.relation == "==":
                self._learn(self.size(guard.left), self.size(guard.right))

    def _learn(self, left: Dim, right: Dim) -> None:
        """Two sizes are equal: read the one that is a lone symbol as the other from now on."""
        for lone, other in ((right, left), (left, right)):
            symbol = _lone_symbol(lone)
            if symbol is not None and lone != other and symbol not in _symbols(other):
                self._equal = {s: _replace(d, {symbol: other}) for s, d in self._equal.items()}
                self._equal[symbol] = other
                return

    def size(self, size: Dim) -> Dim:
        """The same size, written so that sizes known to be equal are equal objects."""
        return _replace(size, self._equal)

    def strides(self, buffer: Buffer) -> tuple[Bytes, ...]:
        """The stride of each axis."""
        if buffer.param is None:
            return self._packed(buffer.shape, buffer.order, buffer.dtype.itemsize)
        type_ = self._region.params[buffer.param].type
        if not isinstance(type_, Array):
            raise InternalError(f"buffer {buffer.name} stands for parameter {buffer.param}, which is no array")
        layout = type_.layout
        if layout.packed:
            return self._packed(type_.shape, layout.order, buffer.dtype.itemsize)
        found: list[Bytes] = []
        for axis, rank in enumerate(layout.ranks):
            if rank == 0:
                found.append(NO_BYTES)
            elif rank == 1 and layout.unit:
                sign = -1 if layout.negative[axis] else 1
                found.append(Bytes(dim(sign * buffer.dtype.itemsize)))
            else:
                found.append(Bytes(ZERO, ((axis, ONE),)))
        for _, slow, fast in sorted(m for m in self._merges if m[0] == buffer.param):
            if layout.ranks[slow] and layout.ranks[fast]:
                found[slow] = found[fast].times(self.size(type_.shape[fast]))
        return tuple(found)

    def _packed(self, shape: tuple[Dim, ...], order: Iterable[int], itemsize: int) -> tuple[Bytes, ...]:
        found = [NO_BYTES] * len(shape)
        step = dim(itemsize)
        for axis in reversed(tuple(order)):
            if shape[axis] != ONE:
                found[axis] = Bytes(step)
                step = step * self.size(shape[axis])
        return tuple(found)

    def steps(self, buffer: Buffer, view: View) -> Steps:
        """The start, and the step for each axis of the space that reads `buffer` through `view`."""
        start, steps = NO_BYTES, [NO_BYTES] * view.rank
        for along, stride in zip(view.axes, self.strides(buffer), strict=True):
            start = start + stride.times(self.size(along.start))
            if along.axis is not None:
                steps[along.axis] = steps[along.axis] + stride.times(along.step)
        return start, tuple(steps)

    def access(self, buffer: Buffer, view: View, loops: Iterable[tuple[Axis, int]]) -> Access:
        """Where `view` of a buffer is touched in these loops, each with the axis of the view that it steps along.

        What holds one turn of a shared loop depends on that loop, which is the first, though it does not move.
        """
        row = self.rows.get(buffer)
        start, steps = self.steps(row or buffer, view)
        named = enumerate((loop.name, steps[axis]) for loop, axis in loops)
        turns = row is not None
        kept = tuple((name, step) for k, (name, step) in named if step != NO_BYTES or (turns and k == 0))
        return Access(row or buffer, start, kept)


SIZES: Arithmetic[Dim] = Arithmetic(
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b.const if b.is_const else a
)


def _replace(size: Dim, known: dict[Symbol, Dim]) -> Dim:
    return size.fold(dim, lambda symbol: known.get(symbol, dim(symbol)), SIZES)


def _lone_symbol(size: Dim) -> Symbol | None:
    if size.const == 0 and len(size.terms) == 1:
        (monomial, coefficient), *_ = size.terms
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
            return monomial[0]
    return None


def _symbols(size: Dim) -> set[Symbol]:
    found: set[Symbol] = set()

    def note(symbol: Symbol) -> Dim:
        found.add(symbol)
        return ONE

    size.fold(dim, note, SIZES)
    return found
