"""From a `Program` to loop nests: order of the loops, which of them become one, what is computed outside of which.

Refuses nothing that the verifier lets through. Called by `lowering.kernels` and by `f.inspect_loops()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Constant
from eqsat.ir.program import Argument, Buffer, Call, Fold, Kernel, Known, Load, Program, Size, Term, children, walk
from eqsat.ir.types import DType
from eqsat.ir.view import Along, View, identity
from lowering.geometry import Geometry, Steps
from lowering.loops import (
    Access,
    Axis,
    Fill,
    FoldColumns,
    FoldRuns,
    Let,
    Loop,
    Nest,
    Run,
    Statement,
    Store,
    total,
)
from lowering.sharing import Planned, groups, share
from lowering.stages import plan_row


def nests_of(program: Program) -> tuple[Nest, ...]:
    """The nests, in the order in which they run: one for each kernel, or for several that share a loop."""
    geometry = Geometry(program.region)
    planned = [_plan(kernel, geometry) for kernel in program.kernels]
    return tuple(share(group, program, geometry, _plan) for group in groups(planned, program.region.overwrites))


def _plan(kernel: Kernel, geometry: Geometry) -> Planned:
    if isinstance(kernel.term, Fold):
        return _fold(kernel, kernel.term, geometry)
    if isinstance(kernel.term, Call):
        return _call(kernel, kernel.term, geometry)
    return _elementwise(kernel, kernel.term, geometry)


def _call(kernel: Kernel, call: Call, geometry: Geometry) -> Planned:
    """No loop of ours, so that nothing is shared."""
    if kernel.window is not None:
        raise InternalError(f"{call.name} fills a part of {kernel.target}, which need not lie as it writes")

    def whole(buffer: Buffer, view: View) -> Access:
        start, steps = geometry.steps(buffer, view)
        return Access(buffer, start, tuple((f"i{axis}", step) for axis, step in enumerate(steps)))

    loads = [term for term in walk([call]) if isinstance(term, Load)]
    accesses = {load: whole(load.buffer, load.view) for load in loads}
    run = Run(whole(kernel.target, identity(len(kernel.target.shape))), call, accesses)
    return Planned(kernel, Nest((kernel.target,), (), (run,)), (), ())


@dataclass(frozen=True, slots=True)
class _Space:
    """Loops over (merged) axes, class by class; for the target and every load a start and a step for each loop.

    `leading`: the axes that the first loop walks.
    """

    loops: tuple[tuple[Axis, ...], ...]
    leading: tuple[int, ...]
    target: Access
    accesses: dict[Load, Access]


def _elementwise(kernel: Kernel, term: Term, geometry: Geometry) -> Planned:
    view, extents, walked = _filled(kernel)
    shape = tuple(geometry.size(d) for d in extents)
    order = [axis for axis in walked if shape[axis] != ONE]
    space = _space(kernel.target, view, term, shape, [order], geometry)
    (loops,) = space.loops
    leaf: Statement = Store(space.target, term, space.accesses)
    if loops:
        leaf = Fill(space.target, plan_row(loops[-1], term, space.accesses))
    body = _around(loops[:-1], loops[-1:], term, space.accesses, leaf)
    leading = space.leading if len(loops) > 1 else ()
    return Planned(kernel, Nest((space.target.buffer,), shape, body), leading, leading)


def _filled(kernel: Kernel) -> tuple[View, tuple[Dim, ...], tuple[int, ...]]:
    """Which elements of the target a kernel fills: the index map, the space, and its axes from slowest to fastest."""
    target, window = kernel.target, kernel.window
    if window is None:
        return identity(len(target.shape)), target.shape, target.order
    return window.view, window.shape, window.order


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
            if outer and child not in taken and not isinstance(child, Known | Argument | Size):
                taken.add(child)
                found[depths[child]].append(child)
    return [tuple(terms) for terms in found]


def _space(
    target: Buffer,
    target_view: View,
    term: Term,
    shape: tuple[Dim, ...],
    classes: Sequence[Sequence[int]],
    geometry: Geometry,
) -> _Space:
    """Loops over `classes` of axes, slowest first in each; neighbours of a class merge where every step allows."""
    loads = [node for node in walk([term]) if isinstance(node, Load)]
    views = [(target, target_view), *((load.buffer, load.view) for load in loads)]
    places = [geometry.steps(buffer, view) for buffer, view in views]
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
    walked = list(zip([axis for found in loops for axis in found], [group[-1] for group in merged], strict=True))
    accesses = [geometry.access(buffer, view, walked) for buffer, view in views]
    leading = tuple(merged[0]) if merged else ()
    return _Space(tuple(loops), leading, accesses[0], dict(zip(loads, accesses[1:], strict=True)))


def _merge(slow: int, fast: int, shape: tuple[Dim, ...], places: Sequence[Steps]) -> bool:
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


def _fold(kernel: Kernel, fold: Fold, geometry: Geometry) -> Planned:
    if kernel.window is not None:
        raise InternalError(f"a reduction fills a part of {kernel.target}, which need not lie row by row")
    target, reduction, order, term = kernel.target, fold.reduction, fold.reduction.order, fold.arg
    shape = tuple(geometry.size(d) for d in fold.extents)
    kept = [axis for axis in range(len(shape)) if axis not in reduction.axes]
    view = View(tuple(Along(axis) for axis in kept), len(shape))
    outside = [kept[axis] for axis in target.order if shape[kept[axis]] != ONE]
    outer = [axis for axis in order.outer if axis in reduction.axes and shape[axis] != ONE]
    inner = [axis for axis in order.inner if shape[axis] != ONE]
    columns = not order.inner and bool(outside)
    free = reduction.op in FREE or (fold.dtype.kind in "biu" and reduction.op in ("add", "multiply"))
    pairwise = reduction.op == "add" and not free and bool(order.inner)
    if free:
        outer, inner = ([*outer, *inner], []) if columns else ([], [*outer, *inner])
    elif not columns and not pairwise:
        outer, inner = [], [*outer, *inner]  # one element after the other, whichever loop it is in
    space = _space(target, view, term, shape, [outside, outer, inner], geometry)
    rows, runs, along = space.loops
    if columns:
        row = plan_row(rows[-1], term, space.accesses)
        leaf: Statement = FoldColumns(space.target, reduction.op, fold.dtype, runs, row)
        rows, inside = rows[:-1], [rows[-1], *runs]
    else:
        tree = "free" if free else "pairwise" if pairwise else "sequential"
        row_axis = along[-1] if along else Axis("one", ONE)
        row = plan_row(row_axis, term, space.accesses)
        leaf = FoldRuns(space.target, reduction.op, fold.dtype, runs, along, row, tree, order.block)
        inside = [*runs, *along]
    body = _around(rows, inside, term, space.accesses, leaf)
    neutral = neutral_element(reduction.op, fold.dtype)
    empty = () if neutral is None else _elementwise(kernel, Known(neutral), geometry).nest.body
    leading = space.leading if rows else ()
    nest = Nest((space.target.buffer,), shape, body, empty)
    return Planned(kernel, nest, leading, tuple(kept.index(axis) for axis in leading))


def neutral_element(op: str, dtype: DType) -> Constant | None:
    """What a reduction over nothing gives; None where NumPy raises."""
    values = {"add": 0, "multiply": 1, "logical_and": True, "logical_or": False, "logical_xor": False}
    values |= {"bitwise_and": -1, "bitwise_or": 0, "bitwise_xor": 0, "hypot": 0.0}
    if op not in values:
        return None
    if op == "bitwise_and" and dtype.kind in "bu":
        return Constant(dtype, b"\x01" if dtype.kind == "b" else b"\xff" * dtype.itemsize)
    return Constant.of(values[op], dtype)
