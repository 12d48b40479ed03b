"""What is computed in Python for the e-graph: operations on constants, index maps, which loops raise flags.

Pure functions; called by `eqsat.egraph.saturate` between iterations.
"""

from __future__ import annotations

import numpy as np

from eqsat.egraph.graph import Moved
from eqsat.ir.dims import ONE, ZERO
from eqsat.ir.nodes import Constant
from eqsat.ir.ops import UFUNCS
from eqsat.ir.signature import backwards, inputs_of, plain
from eqsat.rules.api import COMPARISONS, CONNECTIVES, PREDICATES

_QUIET_ALWAYS = frozenset({"negative", "positive", "absolute", "maximum", "minimum", "fmax", "fmin", "conjugate"})
_QUIET_INTEGERS = _QUIET_ALWAYS | {
    *("add", "subtract", "multiply", "square", "sign", "clip", "bitwise_and", "bitwise_or", "bitwise_xor", "invert"),
    *("left_shift", "right_shift", "bitwise_count"),
}
_QUIET_FLOATS = _QUIET_ALWAYS | {"fabs", "copysign", "floor", "ceil", "trunc", "rint"}
_MANTISSA = {"e": 11, "f": 24, "d": 53}


def is_quiet(name: str, signature: str) -> bool:
    """Whether NumPy's loop raises no floating-point flag, whatever the elements (unknown counts as no)."""
    if name in ("select", "real", "imag"):
        return True
    if name in COMPARISONS | CONNECTIVES | PREDICATES:
        return name in ("equal", "not_equal") or signature[0] not in "FD"
    if name.startswith("ok."):
        return False
    args, result = inputs_of(signature), signature[-1]
    if name == "cast":
        small = result == "e" or np.dtype(args).kind not in "biu"
        return is_value_preserving(args, result) or result == "?" or not small
    if set(args) <= set("?bhilqBHILQ"):
        return name in _QUIET_INTEGERS
    return name in _QUIET_FLOATS and set(args) == {result} and result in "efd"


def is_idempotent(name: str, signature: str) -> bool:
    """Whether a loop does nothing the second time; the sign of a complex number is rounded both times."""
    op = UFUNCS.get(name)
    return op is not None and op.idempotent and signature[0] == signature[-1] and signature[0] not in "FD"


def is_value_preserving(source: str, target: str) -> bool:
    """Whether every number of dtype `source` is one of dtype `target`, so that a conversion changes nothing."""
    if source == target:
        return True
    one, other = np.dtype(source), np.dtype(target)
    if one.kind == "b":
        return True
    if other.kind == "c":
        real = {"F": "f", "D": "d"}
        return is_value_preserving(real.get(source, source), real[target])
    if one.kind in "iu" and other.kind == "f":
        return 8 * one.itemsize - (one.kind == "i") <= _MANTISSA.get(target, 0)
    if one.kind == other.kind:
        return one.itemsize <= other.itemsize
    return one.kind == "u" and other.kind == "i" and one.itemsize < other.itemsize


def cast_pair(first: str, second: str) -> str | None:
    """The one conversion, as "a->c", that two conversions "a->b" and "b->c" amount to, if there is one.

    Widening and going on is going there at once, and wrapping integers can be cut in one step as in two. Left out:
    float16 as a goal, which NumPy reaches from integers through float32, and floats to integers, whose result for
    numbers out of range depends on the loop.
    """
    (a, b), (b_again, c) = first.split("->"), second.split("->")
    if b != b_again or c == "?" != a:
        return None
    source, between, target = np.dtype(a), np.dtype(b), np.dtype(c)
    if is_value_preserving(a, b) and a == c:
        return f"{a}->{c}"
    if target.char == "e" or "c" in (source.kind, between.kind, target.kind) or source.kind == "b":
        return None
    if "f" in (source.kind, between.kind) and target.kind in "iu" and not is_value_preserving(a, c):
        return None
    if is_value_preserving(a, b):
        return f"{a}->{c}"
    if source.kind in "iu" and between.kind in "iu" and target.kind in "iu" and between.itemsize >= target.itemsize:
        return f"{a}->{c}"
    return None


def fold_constants(name: str, signature: str, args: tuple[Constant, ...]) -> Constant | None:
    """What NumPy computes of constants; None where it would raise a flag, or for what is not a ufunc.

    A vector of one element goes to NumPy's loop with the stride that it has, up or down.
    """
    result = np.dtype(signature[-1])
    values = [
        np.frombuffer(arg.data, arg.dtype)[:: -1 if back else 1]
        for arg, back in zip(args, backwards(signature), strict=True)
    ]
    try:
        with np.errstate(all="raise"):
            if name == "cast":
                discards = values[0].dtype.kind == "c" and result.kind not in "cb"
                computed = (np.real(values[0]) if discards else values[0]).astype(result)  # quiet: the call is Python's
            elif name in ("real", "imag"):
                computed = getattr(values[0], name)
            elif name == "select":
                computed = np.where(values[0], values[1], values[2])
            else:
                op = UFUNCS.get(name)
                if op is None or op.ufunc is None:
                    return None
                computed = op.ufunc(*values, signature=plain(signature))
    except (FloatingPointError, ArithmeticError, ValueError, TypeError):
        return None
    if not isinstance(computed, np.ndarray) or computed.dtype != result:
        return None
    return Constant(result, computed.tobytes())


def reads_everything(moved: Moved) -> bool:
    """Whether every element of the source is read, whatever the sizes: a permutation or reversal, not a slice.

    A broadcast along an axis of length zero reads nothing, so only axes known to have a length may be added.
    """
    used: set[int] = set()
    for along, extent in zip(moved.view.axes, moved.source, strict=True):
        if along.axis is None:
            if extent != ONE:
                return False
            continue
        if along.axis in used or moved.shape[along.axis] != extent:
            return False
        used.add(along.axis)
        forward = along.step == 1 and along.start == ZERO
        backward = along.step == -1 and along.start == extent - 1
        if not (forward or backward):
            return False
    added = (extent for axis, extent in enumerate(moved.shape) if axis not in used)
    return all(extent.is_const and extent.const > 0 for extent in added)
