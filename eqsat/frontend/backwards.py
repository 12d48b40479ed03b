"""Which operands NumPy's inner loop walks from their end: a model of its iterator, for loops whose bits depend on it.

NumPy gives vectors to the loop with the strides that they have. Everything else goes through its iterator, which turns
no axis around where the result is yet to be allocated. It walks neighbouring axes as one where all operands let it, and
then weighs how many of these runs the loop shall walk at once (`npyiter_find_buffering_setup`, since NumPy 2.3): an
operand that does not lie as one there is copied to a buffer, and goes up; so does what is converted or misaligned.
Called by the builder; raises `UnknownDirection` where strides leave it open, or in older releases the sizes, and
refuses slices of unknown alignment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend.facts import Facts
from eqsat.frontend.reduction_order import buffers_as_expected
from eqsat.frontend.strides import lie_as_one
from eqsat.ir.dims import ONE, Dim, dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar


class UnknownDirection(Exception):
    """What NumPy does cannot be told from what a specialization knows."""


def backwards(
    operands: Sequence[Node],
    inputs: Sequence[DType],
    result: Array,
    spread: Callable[[Node, tuple[Dim, ...], Span], Node],
    facts: Facts,
    span: Span,
) -> tuple[bool, ...]:
    """For every operand, whether the loop for `inputs` gets it with a negative stride.

    `spread` makes of an operand what is read over the shape of the result.
    """
    copied = [_is_copied(node, dtype) for node, dtype in zip(operands, inputs, strict=True)]
    down = [_has_down(node) and not copies for node, copies in zip(operands, copied, strict=True)]
    if not any(down):
        return tuple(down)
    if any(_alignment(node) == "unknown" for node in operands):
        raise UnsupportedError("a slice whose alignment is not known is read backwards", span, instead="pass x.copy()")
    arrays = [node.type for node in operands if isinstance(node.type, Array) and node.type.ndim]
    if all(array.ndim == 1 and (array.shape[0] == ONE) == (result.shape == (ONE,)) for array in arrays):
        return tuple(down)
    whole = [spread(node, result.shape, span) for node in operands]
    axes = tuple(axis for axis in result.layout.order if result.shape[axis] != ONE)
    walk = _Walk(whole, copied, axes, result.shape, facts, span)
    try:
        return tuple(may and walk.goes_down(node) for node, may in zip(whole, down, strict=True))
    except UnsupportedError as error:
        raise UnknownDirection from error


def _has_down(node: Node) -> bool:
    return isinstance(node.type, Array) and any(node.type.layout.negative)


def _alignment(node: Node) -> str:
    return node.type.layout.alignment if isinstance(node.type, Array) else "aligned"


def _is_copied(node: Node, dtype: DType) -> bool:
    """Whether the loop reads a copy whatever the strides. Python's numbers are made as the loop wants them."""
    if isinstance(node.type, Scalar) and node.type.kind == "python":
        return False
    assert isinstance(node.type, Array | Scalar)
    return node.type.dtype != dtype or _alignment(node) in ("shifted", "ragged")


@dataclass(frozen=True, slots=True)
class _Walk:
    """The iteration over several operands, each read over the shape of the result.

    `copied`: operands that are copied in any case. `axes`: those that are longer than one, slowest first.
    """

    operands: Sequence[Node]
    copied: Sequence[bool]
    axes: tuple[int, ...]
    shape: tuple[Dim, ...]
    facts: Facts
    span: Span

    def goes_down(self, node: Node) -> bool:
        assert isinstance(node.type, Array)
        layout = node.type.layout
        if not self.axes or not (layout.negative[self.axes[-1]] and layout.ranks[self.axes[-1]]):
            return False
        if all(layout.ranks[axis] for axis in self.axes) and self._is_run(node, self.axes):
            return True
        runs = self._runs()
        walked = self._walked_at_once(runs) if buffers_as_expected() else self._walked_at_once_before(runs)
        return self._is_run(node, tuple(axis for run in reversed(runs[:walked]) for axis in run))

    def _lie_as_one(self, node: Node, slow: int, fast: int) -> bool:
        if not isinstance(node.type, Array) or not node.type.ndim:
            return True
        return lie_as_one(node, slow, fast, self.facts, self.span)

    def _is_run(self, node: Node, axes: Sequence[int]) -> bool:
        """Whether the operand lies as one over these axes, slowest first."""
        return all(self._lie_as_one(node, slow, fast) for slow, fast in pairwise(axes))

    def _runs(self) -> list[tuple[int, ...]]:
        """The axes that all operands let NumPy walk as one, slowest first; the fastest run comes first."""
        runs: list[tuple[int, ...]] = []
        for axis in reversed(self.axes):
            if runs and all(self._lie_as_one(node, axis, runs[-1][0]) for node in self.operands):
                runs[-1] = (axis, *runs[-1])
            else:
                runs.append((axis,))
        return runs

    def _length(self, run: Sequence[int]) -> Dim:
        return product(tuple(self.shape[axis] for axis in run))

    def _walked_at_once(self, runs: Sequence[tuple[int, ...]]) -> int:
        """How many runs. NumPy takes copies for passes over everything, and weighs them against calls of the loop."""
        buffer = dim(np.getbufsize())
        size = self._length(runs[0])
        copied = list(self.copied)
        best, best_cost, best_size = 1, 1 + sum(copied), size
        for count, (fast, slow) in enumerate(pairwise(runs), 2):
            if any(copied) and self.facts.decide(size, ">=", buffer, self.span):
                break
            for k, node in enumerate(self.operands):
                copied[k] = copied[k] or not self._lie_as_one(node, slow[-1], fast[0])
            cost = 1 + sum(copied)
            size = size * self._length(slow)
            capped = cost > 1 and not self.facts.decide(buffer, ">=", size, self.span)
            reach = buffer if capped else size
            if self.facts.decide(reach * best_cost, ">=", best_size * cost, self.span):
                best, best_cost, best_size = count, cost, size
        return best

    def _walked_at_once_before(self, runs: Sequence[tuple[int, ...]]) -> int:
        """As NumPy before 2.3: all where it fits into the buffer, a run where that fills it, else by turns."""
        buffer = dim(np.getbufsize())
        if self.facts.decide(buffer, ">=", self._length(self.axes), self.span):
            return len(runs)
        if self.facts.decide(self._length(runs[0]), ">=", buffer, self.span):
            return 1
        raise UnknownDirection
