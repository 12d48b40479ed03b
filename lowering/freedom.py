"""Fast-math flags in LLVM: which operations carry what a function grants, and where the freedom ends.

The arithmetic that users write carries all granted flags. Everything else has none: conversions, remainders and
rounding, functions that are built from error-free steps, quotients of complex numbers, what decides on an error of
Python's or on an address. Two things more keep a broken promise ("no value is NaN", and one was) from doing worse than
a wrong number. Comparisons may take it that nothing is NaN, but know infinities, since the largest of nothing is one.
And where a number that is no float comes of floats it is frozen: LLVM may then think of it what it likes, but one thing
at all places, so that an index that was found in range is in range. Called by `lowering.evaluate`, `python_ops`,
`folds` and `pairwise`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from llvmlite import ir

from eqsat.ir.flags import FLAGS
from eqsat.ir.types import DType
from lowering.values import Builder, Value

Flags = tuple[str, ...]
"""In the order of `eqsat.ir.flags.FLAGS`."""

ARITHMETIC = frozenset(
    [
        *("add", "subtract", "multiply", "divide", "negative", "square", "reciprocal", "sqrt", "absolute", "fabs"),
        *("deg2rad", "radians", "rad2deg", "degrees"),
        *("py.add", "py.sub", "py.mul", "py.truediv", "py.neg", "py.abs", "py.numpy_multiply"),
    ]
)
"""Operations whose floating-point instructions carry every granted flag."""

COMPARING = frozenset(
    [
        *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
        *("maximum", "minimum", "fmax", "fmin", "sign"),
        *("py.eq", "py.ne", "py.lt", "py.le", "py.gt", "py.ge"),
    ]
)
"""Operations made of comparisons, which carry `nnan` alone."""

FOLDED = frozenset({"add", "multiply"})
"""Reductions that carry flags. Extremes start from an infinity or a NaN."""

_COMPARED = frozenset({"nnan"})
_PROMISES = frozenset({"nnan", "ninf"})


def flags_of(name: str, granted: Iterable[str]) -> Flags:
    """The flags of an operation's floating-point instructions."""
    carried = frozenset(granted)
    if name in COMPARING:
        carried &= _COMPARED
    elif name not in ARITHMETIC:
        carried = frozenset()
    return tuple(flag for flag in FLAGS if flag in carried)


def flags_of_fold(op: str, granted: Iterable[str]) -> Flags:
    """The flags of a reduction's instructions."""
    return flags_of(op, granted) if op in FOLDED else ()


def settled(b: Builder, value: Value, output: DType, inputs: Iterable[DType], granted: frozenset[str]) -> Value:
    """The value, frozen if it is no float and was made of floats that somebody promised something about."""
    if output.kind in "fc" or not any(dtype.kind in "fc" for dtype in inputs):
        return value
    return frozen(b, value, granted)


def frozen(b: Builder, value: Value, granted: frozenset[str]) -> Value:
    """The value as it is, even where a promise is broken; the same value if nothing was promised."""
    if isinstance(value, ir.Constant) or not granted & _PROMISES:
        return value
    instruction: Value = ir.Instruction(b.block, value.type, "freeze", [value])
    b._insert(instruction)  # llvmlite has no method of its own for it
    return instruction


ESTIMATED = frozenset({"nnan", "ninf", "arcp", "afn"})
"""What quotients of float32 by way of an estimate need: those of zero and of infinities come out as NaN."""


def choose_quotients(function: ir.Function, granted: frozenset[str]) -> None:
    """Let LLVM estimate reciprocals, and improve on them, only where it is granted that they may be wrong."""
    if not granted >= ESTIMATED:
        set.add(function.attributes, '"reciprocal-estimates"="none"')  # llvmlite's own `add` knows no such attributes
