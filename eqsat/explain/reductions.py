"""Reductions as `np.sum` and its like, over operands that lie in memory such that NumPy's order is the program's.

NumPy's order follows from the memory order of the operand. What lies otherwise is copied first; what NumPy would walk
in one run, and the program in several, is written as a sum of sums. Called by `eqsat.explain.code`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.explain.indexing import extents
from eqsat.explain.literals import ATOM, Text, dtype_name
from eqsat.explain.written import Shape, Written, in_order, spread
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Order
from eqsat.ir.program import Buffer, Fold
from eqsat.ir.types import DType, Layout, packed_layout

NAMES = {
    "add": "np.sum",
    "multiply": "np.prod",
    "maximum": "np.max",
    "minimum": "np.min",
    "logical_and": "np.all",
    "logical_or": "np.any",
}


def reduced(
    fold: Fold,
    space: Shape,
    target: Buffer,
    arg: Written,
    unconverted: Written | None,
    names: Sequence[str],
    as_it_lies: Callable[[Fold], bool],
) -> Written:
    """The reduction. `unconverted`: the operand, if `arg` is no more than its conversion to the loop's dtype.

    `as_it_lies` tells whether the user's program reduces such an operand of an argument, in this order.
    """
    order = fold.reduction.order
    inexact = fold.dtype.kind in "fc" and fold.reduction.op in ("add", "multiply")
    default = unconverted is not None and _result_dtype(fold.reduction.op, unconverted.dtype) == fold.dtype
    converts = unconverted is not None and (order.block is not None or (default and not inexact))
    operand = unconverted if converts and unconverted is not None else arg
    if not operand.covers(space):
        operand = spread(operand, space, extents(space, names))
    if converts or not inexact:
        if not _walks(operand.layout, space, fold):
            operand = in_order(operand, _memory(fold, target))
        return _called(fold, operand, target)
    certain = operand.fresh or (operand.layout is not None and operand.layout.packed) or _is_simple(order, space)
    if order.block is None and _walks(operand.layout, space, fold) and (certain or as_it_lies(fold)):
        if operand.layout is not None and operand.layout.alignment != "aligned":
            operand = in_order(operand, _memory(fold, target))
        return _called(fold, operand, target)
    if order.block is not None and operand.layout is not None and operand.layout.alignment != "aligned":
        return _called(fold, operand, target)
    made = in_order(operand, _memory(fold, target))
    if order.block is None and _walks(made.layout, space, fold):
        return _called(fold, made, target)
    return _in_pieces(fold, made, space, names)


def _is_simple(order: Order, space: Shape) -> bool:
    """Whether a run is over one axis, so that nothing depends on how axes lie to one another."""
    return sum(space[axis] != ONE for axis in order.inner) <= 1


def _memory(fold: Fold, target: Buffer) -> tuple[int, ...]:
    """The order of axes in memory that makes NumPy reduce in the program's order."""
    axes, order = fold.reduction.axes, fold.reduction.order
    all_kept = [axis for axis in range(len(fold.extents)) if axis not in axes]
    kept = tuple(all_kept[axis] for axis in target.order) if len(target.order) == len(all_kept) else tuple(all_kept)
    return (*kept, *order.outer, *order.inner) if order.inner else (*order.outer, *kept)


def _walks(layout: Layout | None, space: Shape, fold: Fold) -> bool:
    """Whether NumPy reduces an operand of this layout in the order wanted, apart from where runs end."""
    assert layout is not None
    axes, order = fold.reduction.axes, fold.reduction.order
    inner: list[int] = []
    outer: list[int] = []
    kept_seen = False
    for axis in reversed(layout.order):
        if axis not in axes:
            kept_seen = kept_seen or space[axis] != ONE
        elif space[axis] != ONE:
            (outer if kept_seen else inner).append(axis)
    wanted = tuple(axis for axis in (*order.outer, *order.inner) if space[axis] != ONE)
    if tuple(reversed([*inner, *outer])) != wanted:
        return False
    if layout.packed:
        return tuple(reversed(inner)) == tuple(axis for axis in order.inner if space[axis] != ONE)
    return bool(inner) == any(space[axis] != ONE for axis in order.inner) or not wanted


def _called(fold: Fold, operand: Written, target: Buffer) -> Written:
    axes = fold.reduction.axes
    arguments = [operand.source]
    if len(axes) < len(fold.extents):
        arguments.append(f"axis={axes[0] if len(axes) == 1 else axes}")
    if _result_dtype(fold.reduction.op, operand.dtype) != fold.dtype:
        arguments.append(f"dtype={dtype_name(fold.dtype)}")
    text = Text(f"{NAMES[fold.reduction.op]}({', '.join(arguments)})")
    kept = [axis for axis in range(len(fold.extents)) if axis not in axes]
    if not kept:
        return Written(text, fold.dtype, "numpy")
    assert operand.layout is not None
    order = [kept.index(axis) for axis in operand.layout.order if axis in kept]
    shape = tuple(fold.extents[axis] for axis in kept)
    layout = packed_layout(target.shape, tuple(order))
    return Written(text, fold.dtype, "array", shape, layout, len(kept), True)


def _result_dtype(op: str, dtype: DType) -> DType:
    if op.startswith("logical"):
        return np.dtype(np.bool_)
    if op in ("add", "multiply") and dtype.kind in "bui":
        return np.dtype(np.uint64 if dtype.kind == "u" else np.int64)
    return dtype


def _in_pieces(fold: Fold, made: Written, space: Shape, names: Sequence[str]) -> Written:
    """One run after another, from zero: no single call of NumPy's reduces in this order."""
    axes, order = fold.reduction.axes, fold.reduction.order
    kept = [axis for axis in range(len(space)) if axis not in axes]
    if fold.reduction.op != "add" or fold.dtype.itemsize < 4 or not order.inner or made.dtype != fold.dtype:
        raise UnsupportedError(f"a reduction in the order {order} is not written as NumPy code")
    lengths = [extents((space[axis],), names)[1:-2] for axis in kept]
    runs = " * ".join(f"({extents((space[axis],), names)[1:-2]})" for axis in order.outer) or "1"
    inner = " * ".join(f"({extents((space[axis],), names)[1:-2]})" for axis in order.inner)
    back = (*kept, *order.outer, *order.inner)
    base = made.text.within(ATOM) if back == tuple(range(len(space))) else f"{made.text.within(ATOM)}.transpose{back}"
    shaped = f"{base}.reshape({', '.join([*lengths, runs, inner])})"
    zero = f"{dtype_name(fold.dtype)}(0)"
    block = order.block
    piece = f"k, j : j + {block}" if block is not None else "k"
    loops = f"for k in range({runs})" + (f" for j in range(0, {inner}, {block})" if block is not None else "")
    text = Text(f"sum((np.sum(w[..., {piece}{', :' if block is None else ''}], axis=-1) {loops}), {zero})")
    text = Text(f"(lambda w: {text.source})({shaped})")
    if not kept:
        return Written(text, fold.dtype, "numpy")
    shape = tuple(space[axis] for axis in kept)
    return Written(text, fold.dtype, "array", shape, packed_layout(shape, tuple(range(len(kept)))), len(kept), True)
