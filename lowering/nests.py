"""From a `Program` to loop nests: order of the loops, which of them become one, what is computed outside of which.

Refuses nothing that the verifier lets through. Called by `lowering.kernels` and by `f.inspect_loops()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Constant
from eqsat.ir.program import Buffer, Fold, Known, Load, Program, Term, children, walk
from eqsat.ir.types import DType
from lowering.geometry import Geometry, access
from lowering.loops import (
    NO_BYTES,
    Access,
    Axis,
    Bytes,
    Fill,
    FoldColumns,
    FoldRuns,
    Let,
    Loop,
    Nest,
    Statement,
    Store,
    total,
)
from lowering.stages import plan_row


def nests_of(program: Program) -> tuple[Nest, ...]:
    """One nest for each kernel, in the order in which they run."""
    geometry = Geometry(program.region)
    return tuple(
        _fold(kernel.target, kernel.term, geometry)
        if isinstance(kernel.term, Fold)
        else _elementwise(kernel.target, kernel.term, geometry)
        for kernel in program.kernels
    )


@dataclass(frozen=True, slots=True)
class _Space:
    """Loops over (merged) axes, class by class; for the target and every load a start and a step for each loop."""

    loops: tuple[tuple[Axis, ...], ...]
    target: Access
    accesses: dict[Load, Access]


def _elementwise(target: Buffer, term: Term, geometry: Geometry) -> Nest:
    shape = tuple(geometry.size(d) for d in target.shape)
    order = [axis for axis in target.order if shape[axis] != ONE]
    space = _space(target, geometry.target_steps(target), term, shape, [order], geometry)
    (loops,) = space.loops
    if not loops:
        return Nest((target,), shape, _around((), (), term, space.accesses, Store(space.target, term, space.accesses)))
    backwards = [load for load in space.accesses if geometry.is_backwards(load)]
    leaf = Fill(space.target, plan_row(loops[-1], term, space.accesses, backwards))
    return Nest((target,), shape, _around(loops[:-1], loops[-1:], term, space.accesses, leaf))


def _around(
    loops: Sequence[Axis], inner: Sequence[Axis], term: Term, accesses: dict[Load, Access], leaf: Statement
) -> tuple[Statement, ...]:
    """`leaf`, which runs the loops `inner`, inside of `loops`; each term is computed as far out as it can be."""
    body: tuple[Statement, ...] = (leaf,)
    bound = [axis.name for axis in loops]
    lets = _hoisted(term, accesses, bound, frozenset(axis.name for axis in inner))
    for depth in range(len(loops), -1, -1):
        if lets[depth]:
            body = (Let(lets[depth], accesses), *body)
        if depth:
            body = (Loop(loops[depth - 1], body),)
    return body


def _hoisted(
    term: Term, accesses: dict[Load, Access], bound: list[str], inner: frozenset[str]
) -> list[tuple[Term, ...]]:
    """For each depth of `bound` loops, the largest terms that vary there and not further in."""
    depths: dict[Term, int] = {}
    inside = len(bound) + 1
    found: list[list[Term]] = [[] for _ in range(inside)]
    taken: set[Term] = set()
    order = list(walk([term]))
    for node in order:
        if isinstance(node, Load):
            loops = accesses[node].loops
            level = max((k + 1 for k, name in enumerate(bound) if name in loops), default=0)
            depths[node] = inside if loops & inner else level
        else:
            depths[node] = max((depths[child] for child in children(node)), default=0)
    for node in [*order, None]:
        users = children(node) if node is not None else (term,)
        for child in users:
            outer = depths[child] < (inside if node is None else depths[node])
            if outer and child not in taken and not isinstance(child, Known):
                taken.add(child)
                found[depths[child]].append(child)
    return [tuple(terms) for terms in found]


def _space(
    target: Buffer,
    target_steps: tuple[Bytes, tuple[Bytes, ...]],
    term: Term,
    shape: tuple[Dim, ...],
    classes: Sequence[Sequence[int]],
    geometry: Geometry,
) -> _Space:
    """Loops over `classes` of axes, slowest first in each; neighbours of a class merge where every step allows."""
    loads = [node for node in walk([term]) if isinstance(node, Load)]
    places = [target_steps, *(geometry.steps(load) for load in loads)]
    merged: list[list[int]] = []
    loops: list[tuple[Axis, ...]] = []
    for axes in classes:
        first = len(merged)
        for axis in axes:
            if len(merged) > first and _merge(merged[-1][-1], axis, shape, places):
                merged[-1].append(axis)
            else:
                merged.append([axis])
        groups = enumerate(merged[first:], first)
        loops.append(tuple(Axis(f"i{k}", total(tuple(shape[axis] for axis in group))) for k, group in groups))
    flat = [axis for found in loops for axis in found]
    accesses = [
        access(buffer, start, (steps[group[-1]] for group in merged), flat)
        for buffer, (start, steps) in zip([target, *(load.buffer for load in loads)], places, strict=True)
    ]
    return _Space(tuple(loops), accesses[0], dict(zip(loads, accesses[1:], strict=True)))


def _merge(slow: int, fast: int, shape: tuple[Dim, ...], places: list[tuple[Bytes, tuple[Bytes, ...]]]) -> bool:
    return all(steps[slow] == steps[fast].times(shape[fast]) for _, steps in places)


FREE = frozenset(
    [
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "logical_and",
        "logical_or",
        "logical_xor",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
    ]
)
"""Operations that a reduction may apply in any order; sums and products of integers and bools are free as well."""


def _fold(target: Buffer, fold: Fold, geometry: Geometry) -> Nest:
    reduction, order, term = fold.reduction, fold.reduction.order, fold.arg
    shape = tuple(geometry.size(d) for d in fold.extents)
    kept = [axis for axis in range(len(shape)) if axis not in reduction.axes]
    start, steps = geometry.target_steps(target)
    spread = [NO_BYTES] * len(shape)
    for axis, step in zip(kept, steps, strict=True):
        spread[axis] = step
    outside = [kept[axis] for axis in target.order if shape[kept[axis]] != ONE]
    outer = [axis for axis in order.outer if axis in reduction.axes and shape[axis] != ONE]
    inner = [axis for axis in order.inner if shape[axis] != ONE]
    columns = not order.inner and bool(outside)
    free = reduction.op in FREE or (fold.dtype.kind in "biu" and reduction.op in ("add", "multiply"))
    if free:
        outer, inner = ([*outer, *inner], []) if columns else ([], [*outer, *inner])
    space = _space(target, (start, tuple(spread)), term, shape, [outside, outer, inner], geometry)
    rows, runs, along = space.loops
    if columns:
        leaf: Statement = FoldColumns(
            space.target, reduction.op, fold.dtype, runs, plan_row(rows[-1], term, space.accesses)
        )
        body = _around(rows[:-1], [rows[-1], *runs], term, space.accesses, leaf)
    else:
        tree = "free" if free else "pairwise" if reduction.op == "add" and order.inner else "sequential"
        backwards = [load for load in space.accesses if geometry.is_backwards(load)]
        row = plan_row(along[-1] if along else Axis("one", ONE), term, space.accesses, backwards)
        leaf = FoldRuns(space.target, reduction.op, fold.dtype, runs, along, row, tree, order.block)
        body = _around(rows, [*runs, *along], term, space.accesses, leaf)
    neutral = neutral_element(reduction.op, fold.dtype)
    empty = () if neutral is None else _elementwise(target, Known(neutral), geometry).body
    return Nest((target,), shape, body, empty)


def neutral_element(op: str, dtype: DType) -> Constant | None:
    """What a reduction over nothing gives; None where NumPy raises."""
    values = {"add": 0, "multiply": 1, "logical_and": True, "logical_or": False, "logical_xor": False}
    values |= {"bitwise_and": -1, "bitwise_or": 0, "bitwise_xor": 0, "hypot": 0.0}
    if op not in values:
        return None
    if op == "bitwise_and" and dtype.kind in "bu":
        return Constant(dtype, b"\x01" if dtype.kind == "b" else b"\xff" * dtype.itemsize)
    return Constant.of(values[op], dtype)
