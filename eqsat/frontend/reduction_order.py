"""The order in which NumPy's reductions combine elements: a model of its iterator, checked against NumPy's bits.

Called by `reduction`. Only sums of inexact numbers ask for all of it: integers, booleans, extrema and the order of a
product need no more than the order of the axes. NumPy sorts the axes by stride, walks neighbours that lie in memory
as one as one axis, and gives the innermost axis to the ufunc's inner loop; where axes do not lie as one it copies
whole inner axes into a buffer, as many as fit, and gives the buffer to the inner loop
(`npyiter_find_buffering_setup`). This is so since NumPy 2.3; `buffers_as_expected` asks. An operand that is converted
or misaligned goes through the buffer whatever its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend.facts import Facts
from eqsat.frontend.layout import iteration_order
from eqsat.frontend.strides import is_one_line, lie_as_one
from eqsat.ir.dims import ONE, Dim, dim, product
from eqsat.ir.nodes import Node, Order
from eqsat.ir.span import Span
from eqsat.ir.types import Array


@dataclass(frozen=True, slots=True)
class _Run:
    """Axes, slowest first, that NumPy walks as one, and their common length."""

    axes: tuple[int, ...]
    length: Dim


def memory_order(source: Array) -> tuple[int, ...]:
    """The axes of an operand from the slowest to the fastest, as NumPy's iterator walks over it alone."""
    return iteration_order([source.layout.ranks], source.ndim)


def plain_order(source: Array, axes: Sequence[int]) -> Order:
    """The order where only the sequence of the elements matters, or not even that."""
    inner, outer = _innermost(source, axes)
    return Order(outer, inner)


def sum_order(node: Node, axes: Sequence[int], converts: bool, facts: Facts, span: Span) -> Order:
    """The order of a sum of inexact numbers; `converts` says that NumPy converts the elements on the way.

    Refuses what the sizes leave open in NumPy releases that buffer in another way, and long sums over views of which
    is not known whether they are aligned.
    """
    source = node.type
    assert isinstance(source, Array)
    inner, outer = _innermost(source, axes)
    if not inner:
        return Order(outer, inner)
    buffer = np.getbufsize()
    converts = converts or source.layout.alignment in ("shifted", "ragged")
    if not converts and source.layout.alignment == "unknown" and buffers_as_expected():
        size = product(tuple(source.shape[k] for k in inner))
        if not facts.decide(dim(buffer), ">=", size, span):
            raise UnsupportedError(
                f"the order of a sum of more than {buffer} elements depends on their alignment, not known of this view",
                span,
                instead="sum a copy: x.copy()",
            )
        converts = True  # which of so few elements changes nothing
    if is_one_line(node) or sum(source.shape[k] != ONE for k in inner) == 1:
        # One axis, or several that surely lie as one. NumPy before 2.3 cuts it even where nothing is converted.
        return Order(outer, inner, buffer if converts or not buffers_as_expected() else None)
    if not buffers_as_expected():
        if len(_merge(node, inner, facts, span)) > 1:
            raise UnsupportedError(
                "the order of sums over axes that lie apart is not known for this release of NumPy",
                span,
                f"have: NumPy {np.__version__}",
                "NumPy 2.3 or later, or a contiguous array: np.ascontiguousarray(x)",
            )
        return Order(outer, inner, buffer)
    size = product(tuple(source.shape[k] for k in inner))
    if facts.decide(dim(buffer), ">=", size, span):
        return Order(outer, inner)  # all of it is one run, merged or buffered
    runs = _merge(node, inner, facts, span)
    taken, block = _buffered(runs, converts, buffer, facts, span)
    walked = tuple(axis for run in reversed(runs[:taken]) for axis in run.axes)
    rest = tuple(axis for axis in inner if axis not in walked)
    return Order((*outer, *rest), walked, block)


def _innermost(source: Array, axes: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The reduced axes that are faster than every kept one, and the other reduced axes, slowest first."""
    inner: list[int] = []
    outer: list[int] = []
    kept_seen = False
    for axis in reversed(memory_order(source)):
        if axis not in axes:
            kept_seen = kept_seen or source.shape[axis] != ONE
        elif kept_seen:
            outer.append(axis)
        else:
            inner.append(axis)
    return tuple(reversed(inner)), tuple(reversed(outer))


def _merge(node: Node, inner: Sequence[int], facts: Facts, span: Span) -> list[_Run]:
    """The runs, the fastest first, without axes of length one."""
    source = node.type
    assert isinstance(source, Array)
    runs: list[_Run] = []
    for axis in reversed(inner):
        length = source.shape[axis]
        if length == ONE:
            continue
        if runs and lie_as_one(node, axis, runs[-1].axes[0], facts, span):
            runs[-1] = _Run((axis, *runs[-1].axes), runs[-1].length * length)
        else:
            runs.append(_Run((axis,), length))
    return runs


def _buffered(runs: Sequence[_Run], converts: bool, buffer: int, facts: Facts, span: Span) -> tuple[int, int | None]:
    """How many runs NumPy's inner loop takes at once, and of how many elements at most.

    Without conversion a single run needs no buffer and is walked whole. Where no two rows fit into the buffer, each
    row is a run of its own, whatever its length; else as many whole rows as fit are one run.
    """
    core = runs[0].length
    if len(runs) == 1 or facts.decide(core, ">=", dim(buffer), span):
        return 1, buffer if converts else None
    if not facts.decide(dim(buffer), ">=", core * 2, span):
        return 1, None
    taken = 1
    for run in runs[1:]:
        taken += 1
        whole = core * run.length
        if facts.decide(whole, ">=", dim(buffer), span):
            break
        core = whole
    fixed = facts.today(core)
    facts.decide(core, "==", dim(fixed), span)
    return taken, fixed * (buffer // fixed)


@cache
def buffers_as_expected() -> bool:
    """Whether this NumPy sums a long array as one tree, which it does since it buffers in the way modelled here."""
    count = 3 * 8192
    numbers = np.sin(np.arange(count, dtype=np.float64)) * 10.0 ** (np.arange(count) % 7)
    tree = np.float64(0.0)
    blocks = np.float64(0.0)
    for start in range(0, count, 8192):
        blocks = blocks + np.add.reduce(numbers[start : start + 8192])
    half = count // 2 - count // 2 % 8
    tree = np.add.reduce(numbers[:half]) + np.add.reduce(numbers[half:])
    return bool(np.add.reduce(numbers) == tree and tree != blocks)
