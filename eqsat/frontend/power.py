"""Powers of arrays: which of NumPy's ways an exponent takes, each with bits of its own.

Called by `operators` for `x ** p` and by the library for `np.power`. Two kinds of shortcut are followed. NumPy's
*operator* calls another ufunc for some Python numbers (`x**2` is `np.square`); which ones has changed between releases,
so NumPy is asked: a subclass of ndarray reports the ufunc that it was sent to. And NumPy's *loop* for float32 and
float64 has shortcuts for an exponent that does not vary along the loop (its stride is zero). Refused: an exponent of
which it is not known whether the loop sees it vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.layout import aligned_ranks
from eqsat.frontend.promotion import operand_type, resolve_loop
from eqsat.frontend.values import Known, Value
from eqsat.ir.dims import ONE, dim, product
from eqsat.ir.nodes import Node, Order, Reduction
from eqsat.ir.ops import UFUNCS
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, shape_of

SHORTCUTS: dict[float, np.ufunc] = {2.0: np.square, -1.0: np.reciprocal, 0.5: np.sqrt, 1.0: np.positive}
"""What NumPy's loop may compute instead of a power of this exponent."""

_FEW, _MANY = 4096, 8192
"""An exponent that repeats along at most so many elements is copied to a buffer and varies; along so many, never."""


class _Asked(np.ndarray[Any, Any]):
    """An array whose operators say which ufunc they call."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **_: object) -> object:
        return ufunc, len(inputs)


@cache
def _operator_ufunc(dtype: DType, kind: type, exponent: Any) -> np.ufunc:
    """The ufunc that `x ** exponent` calls for an array of `dtype`; `kind` keeps 2 and 2.0 apart."""
    del kind
    found, _ = np.zeros(3, dtype).view(_Asked) ** exponent
    return found


@cache
def loop_shortcut(dtype: DType, exponent: float) -> np.ufunc | None:
    """The ufunc whose bits the loop of `dtype` gives for an exponent that does not vary, None if they are its own."""
    samples = np.exp2(np.linspace(-20, 20, 1021)).astype(dtype)
    samples[::2] *= dtype.type(-1)
    samples[:5] = [0.0, -0.0, np.inf, -np.inf, np.nan]
    with np.errstate(all="ignore"):
        repeated = np.power(samples, dtype.type(exponent))
        varying = np.power(samples, np.full(samples.shape, exponent, dtype))
        if _same_numbers(repeated, varying):
            return None
        other = SHORTCUTS.get(exponent)
        if other is not None and _same_numbers(repeated, other(samples)):
            return other
    raise UnsupportedError(f"the power {exponent} of {dtype} has a shortcut that eqsat does not know")


def _same_numbers(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> bool:
    bits = np.dtype(f"u{x.dtype.itemsize}")
    return bool(np.all((x.view(bits) == y.view(bits)) | (np.isnan(x) & np.isnan(y))))


def apply(builder: Builder, args: Sequence[Value], operands: Sequence[Node], span: Span) -> Node:
    """`base ** exponent`, one of them an array."""
    base, exponent = operands
    if not isinstance(base.type, Array):
        return power(builder, args, span)
    if not isinstance(args[1], Known):
        type_ = builder.numeric(exponent, span)
        if isinstance(type_, Scalar) and type_.kind == "python" and type_.dtype.kind == "i":
            return _by_integer(builder, base, exponent, span)
        if not shape_of(type_):
            _exclude_shortcuts(builder, base.type.dtype, exponent, span)
    if isinstance(args[1], Known):
        ufunc = _operator_ufunc(base.type.dtype, type(args[1].value), args[1].value)
        if ufunc.nin == 1 and ufunc.__name__ in UFUNCS:
            return builder.elementwise(ufunc, [base], span)
        if ufunc is not np.power and args[1].value != 0:  # a power of zero is one, whoever computes it
            raise UnsupportedError(f"this power is NumPy's {ufunc.__name__}, which is not compiled yet", span)
    return power(builder, args, span)


def _exclude_shortcuts(builder: Builder, dtype: DType, exponent: Node, span: Span) -> None:
    """Run the undecorated function for an exponent for which the operator would call another ufunc."""
    type_ = builder.numeric(exponent, span)
    if type_.dtype.kind not in "fc":
        return
    for value in (2.0, -1.0, 0.5, 1.0, 0.0):
        given: Any = value if isinstance(type_, Scalar) and type_.kind == "python" else type_.dtype.type(value)
        called = _operator_ufunc(dtype, type(given), given)
        if called is np.power:
            continue
        if dtype.char not in "fd" or loop_shortcut(dtype, value) is not called:
            number = exponent if isinstance(type_, Scalar) else builder.element(exponent, span)
            builder.check(python_scalars.to_bool(_differs(builder, number, value, span), span))


def _differs(builder: Builder, number: Node, value: float, span: Span) -> Node:
    if isinstance(number.type, Scalar) and number.type.kind == "python":
        return python_scalars.apply(builder, "noteq", [number, builder.node(Known(value), span)], span)
    return builder.elementwise(np.not_equal, [number, Known(value)], span)


def _by_integer(builder: Builder, base: Node, exponent: Node, span: Span) -> Node:
    """A Python int that is an argument: fixed to today's value where NumPy's operator or loop might look at it."""
    assert isinstance(base.type, Array)
    if base.type.dtype.kind in "bui":
        return power(builder, [base, exponent], span)
    return apply(builder, [base, Known(builder.static_int(exponent, span))], [base, exponent], span)


def power(builder: Builder, args: Sequence[Value], span: Span, dtype: DType | None = None) -> Node:
    """`np.power`."""
    operands = [builder.node(arg, span) for arg in args]
    if len(operands) != 2:
        raise PythonRaises("power takes two arguments", span)
    base, exponent = operands
    types = [builder.numeric(node, span) for node in operands]
    loop = resolve_loop(np.power, [operand_type(t) for t in types], span, dtype)[1]
    if loop.kind in "iu":
        return _integer_power(builder, args, exponent, span, dtype)
    if loop.char not in "fd" or not _repeats(builder, base, exponent, span):
        return builder.elementwise(np.power, args, span, dtype=dtype)
    base = builder.coerce(base, loop, span)
    exponent = builder.coerce(exponent, loop, span)
    if isinstance(args[1], Known):
        shortcut = loop_shortcut(loop, float(args[1].value))  # type: ignore[arg-type]
        if shortcut is None:
            return builder.elementwise(np.power, args, span, dtype=dtype)
        return builder.elementwise(shortcut, [base], span)
    return _chosen_by_value(builder, base, exponent, loop, span)


def _chosen_by_value(builder: Builder, base: Node, exponent: Node, loop: DType, span: Span) -> Node:
    """Each shortcut where the exponent asks for it. Elsewhere its operand is one, which raises no flag."""
    result = builder.elementwise(np.power, [base, exponent], span)
    is_array = isinstance(result.type, Array)
    one = builder.constant(1, loop, span)
    for value in SHORTCUTS:
        shortcut = loop_shortcut(loop, value)
        if shortcut is None:
            continue
        asked = builder.elementwise(np.equal, [exponent, builder.constant(value, loop, span)], span)
        harmless = builder.select(asked, base, one, span)
        result = builder.select(asked, builder.elementwise(shortcut, [harmless], span), result, span)
    return result if is_array else builder.element(result, span)


def _repeats(builder: Builder, base: Node, exponent: Node, span: Span) -> bool:
    """Whether NumPy's inner loop sees an exponent of stride zero."""
    if not isinstance(exponent.type, Array) or exponent.type.ndim == 0:
        return True
    joint = builder.joint_type([base, exponent], span)
    shape, ranks = joint.shape, aligned_ranks(exponent.type, joint.ndim)
    if all(length == ONE for length in shape):
        # Operands of one element and of as many axes are walked without NumPy's iterator, which zeroes strides.
        return not (exponent.type.ndim == joint.ndim and len(shape_of(builder.numeric(base, span))) in (0, joint.ndim))
    if not any(ranks):
        return True
    repeated = []
    for axis in reversed(joint.layout.order):
        if shape[axis] == ONE:
            continue
        if ranks[axis]:
            break
        repeated.append(shape[axis])
    if not repeated or builder.decide(dim(_FEW), ">=", product(tuple(repeated)), span):
        return False
    if builder.decide(repeated[0], ">=", dim(_MANY), span):
        return True
    raise UnsupportedError(
        "NumPy computes this power with one of two algorithms, depending on how it buffers the exponent",
        span,
        instead="give the exponent the shape of the base",
    )


def _integer_power(builder: Builder, args: Sequence[Value], exponent: Node, span: Span, dtype: DType | None) -> Node:
    """Integers: NumPy raises if any exponent is negative, so that is checked, and never computed."""
    kind = builder.numeric(exponent, span).dtype.kind
    if isinstance(args[1], Known):
        if args[1].value < 0:  # type: ignore[operator]
            raise PythonRaises("Integers to negative integer powers are not allowed.", span)
    elif kind == "i":
        fine = builder.elementwise(np.greater_equal, [exponent, Known(0)], span)
        if isinstance(fine.type, Array):
            axes = tuple(range(fine.type.ndim))
            every = Reduction("logical_and", axes, Order((), axes))
            fine = Node("reduce", (fine,), every, Scalar(np.dtype(np.bool_), "numpy"), span)
        builder.check(python_scalars.to_bool(fine, span))
        harmless = builder.elementwise(np.maximum, [exponent, Known(0)], span)
        is_weak = isinstance(exponent.type, Scalar) and exponent.type.kind == "python"
        exponent = Node("py.int", (harmless,), None, python_scalars.INT, span) if is_weak else harmless
        return builder.elementwise(np.power, [args[0], exponent], span, dtype=dtype)
    return builder.elementwise(np.power, args, span, dtype=dtype)
