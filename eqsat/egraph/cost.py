"""What a kernel costs, in nanoseconds at the sizes of the first call.

Cost = max(computing, moving bytes) + making the memory + starting the loop. Every part of a term is computed once for
each index of the kernel's space, but scalars once. A class must therefore know the space over which it is evaluated;
counting operations alone would fuse a reduction into the loop around it. Called by `eqsat.egraph.extract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from eqsat.egraph.graph import ENode, Graph, Shape, Tables
from eqsat.ir.dims import Symbol
from eqsat.ir.ops import OPS, TRANSCENDENTAL
from eqsat.ir.signature import inputs_of
from eqsat.ir.view import View


@dataclass(frozen=True, slots=True)
class Machine:
    """The constants of the model; only ratios matter.

    `bandwidth`: bytes per nanosecond while everything that a kernel touches fits in so many bytes. `fault`:
    nanoseconds for each byte of memory that the system must make anew, for blocks beyond `recycled` bytes. `start`: of
    a loop. `allocate`: of a block of memory. `call`: of one of NumPy's own inner loops, for `block` elements.
    """

    bandwidth: tuple[tuple[float, float], ...] = ((32e3, 90.0), (2.5e6, 45.0), (16e6, 16.0), (float("inf"), 8.0))
    fault: float = 0.45
    recycled: float = 32e6
    start: float = 15.0
    allocate: float = 25.0
    call: float = 10.0
    block: int = 256
    unknown: int = 1024
    """Taken for an extent of zero: the first call's array was empty, later ones will not be. Estimates of sizes that
    are computed in the function may even make it negative."""


BORROWED = frozenset(TRANSCENDENTAL) - {"sqrt", "conjugate", "deg2rad", "rad2deg", "degrees", "radians"}
"""Operations that run NumPy's own loop on blocks: each block is a call."""


ACCURATE = {"log1p": 0.6, "expm1": 0.7}
"""Nanoseconds an element that accuracy is worth where rules may choose between functions: these do not cancel."""


@dataclass(frozen=True, slots=True)
class Read:
    """A read of an array: its shape, its axes from slowest to fastest, its item size, and the map through which."""

    shape: Shape
    order: tuple[int, ...]
    itemsize: int
    view: View


@dataclass(slots=True)
class CostModel:
    """The cost of parts and of kernels at given sizes. `described`: what `plan.describe` has said."""

    graph: Graph
    tables: Tables
    sizes: Mapping[Symbol, int]
    machine: Machine = field(default_factory=Machine)
    _elements: dict[Shape, float] = field(default_factory=dict[Shape, float])
    described: dict[int, tuple[Shape, tuple[int, ...], str]] = field(
        default_factory=dict[int, tuple[Shape, tuple[int, ...], str]]
    )
    _operations: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def count(self, shape: Shape) -> float:
        """The number of elements."""
        found = self._elements.get(shape)
        if found is None:
            found = 1.0
            for extent in shape:
                length = extent.evaluate(self.sizes)
                found *= length if length > 0 else self.machine.unknown
            self._elements[shape] = found
        return found

    def operation(self, name: str, signature: str) -> float:
        """One operation on one element."""
        found = self._operations.get((name, signature))
        if found is None:
            found = self._operations[name, signature] = self._operation(name, signature)
        return found

    def _operation(self, name: str, signature: str) -> float:
        cost = OPS[name].cost
        if name in ACCURATE and "afn" in self.tables.region.flags:
            cost -= ACCURATE[name]
        char = inputs_of(signature)[-1] if name != "cast" else max(signature[0], signature[-1], key=itemsize)
        scale = itemsize(char) / 8
        if char == "e":
            return cost * 2 + 1.0
        if char in "FD":
            return cost * scale * 2
        return cost * max(scale, 0.25)

    def applied(self, name: str, signature: str, loops: Shape, run: float) -> float:
        """One operation within `loops`, the innermost stretch of which is `run` elements long."""
        if not loops:
            return OPS[name].cost + (self.machine.call if name in BORROWED else 0.0)
        each = self.operation(name, signature)
        if name in BORROWED:
            each += self.machine.call / max(1.0, min(run, self.machine.block))
        return each * self.count(loops)

    def folding(self, extents: Shape) -> float:
        """Combining the elements of a reduction's operand."""
        return 0.15 * self.count(extents)

    def reading(self, shape: Shape) -> float:
        """What a read weighs in a choice between ways; what it moves is priced with the kernel."""
        return 0.02 * self.count(shape)

    def called(self, enode: ENode) -> float:
        """One call of a library operation or opaque function, without moving memory."""
        shapes = [self.tables.spaces.values[self.graph.spaces[arg]] for arg in enode.args]
        known = [tuple(int(self.count((extent,))) for extent in shape) for shape in shapes]
        chars = [self.graph.dtypes[arg] for arg in enode.args]
        return self.tables.calls.values[enode.attr].nanoseconds(known, itemsize(chars[0]) if chars else 8)

    def run_length(self, shape: Shape, order: tuple[int, ...], flat: bool) -> float:
        """The length of the innermost stretch of a loop over `shape`: all of it if nothing is broadcast or sliced."""
        if flat or not shape:
            return self.count(shape)
        return self.count((shape[order[-1]],))

    def bytes_read(self, read: Read, target: Shape, order: tuple[int, ...]) -> float:
        """Bytes that a read brings in, lines fetched for the sake of one element included."""
        used = {along.axis for along in read.view.axes if along.axis is not None}
        elements = min(self.count(tuple(target[axis] for axis in used)), self.count(read.shape))
        waste = 1.0
        if read.shape and order:
            fastest = read.view.axes[read.order[-1]]
            if fastest.axis is not None and fastest.axis != order[-1]:
                waste = 4.0
            elif sum(along.axis == order[-1] for along in read.view.axes) > 1:  # a diagonal: each element has its line
                waste = max(64.0 / read.itemsize, 1.0)
            elif abs(fastest.step) > 1:
                waste = float(min(abs(fastest.step), 64 // max(read.itemsize, 8)))
        return elements * read.itemsize * waste

    def kernel(self, computing: float, read: float, written: float, temporary: bool, passed: float = 0.0) -> float:
        """A kernel that computes so long, reads and writes so many bytes.

        `passed` more bytes go from one kernel to the next within a turn of their common loop, in the nearest cache.
        """
        touched = read + written
        speed = next(speed for limit, speed in self.machine.bandwidth if touched <= limit)
        total = max(computing, (read + 1.5 * written) / speed + passed / self.machine.bandwidth[0][1])
        if written > 16:
            total += self.machine.start + (self.machine.allocate if temporary else 0.0)
        if written > self.machine.recycled:
            total += written * self.machine.fault
        return total

    def work(self, work: Work, target: int | None, passed: frozenset[int]) -> float:
        """A kernel whose memory traffic is known, if the arrays in `passed` are handed on within a common loop."""
        near = sum(size for array, size in work.reads if array in passed)
        far = sum(size for array, size in work.reads if array not in passed)
        written = 0.0 if target in passed else work.written
        near += 1.5 * (work.written - written)
        return work.hoisted + self.kernel(work.computing, far, written, work.temporary, near)


@dataclass(frozen=True, slots=True)
class Work:
    """What a kernel does: nanoseconds of computing, inside the innermost loop and outside; bytes moved.

    `rows`: its axes are at least two, and not walked as one. `turns`: the arrays of which each turn of its outermost
    loop reads one turn of an equally long loop that fills them.
    """

    computing: float
    hoisted: float
    reads: tuple[tuple[int, float], ...]
    written: float
    temporary: bool
    rows: bool
    turns: frozenset[int]


def itemsize(char: str) -> int:
    """Bytes of one element."""
    return _ITEMSIZES[char]


_ITEMSIZES = {char: np.dtype(char).itemsize for char in "?bhilqBHILQefdFD"}
