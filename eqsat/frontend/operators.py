"""Python's operators, on known numbers, Python scalars, NumPy scalars and arrays.

Called by the builder, for the translation of expressions. Known numbers are computed by Python itself. Arrays go to
the ufunc that NumPy's own operator calls.
"""

from __future__ import annotations

import operator as python
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import numpy_scalars, power, products, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.facts import is_local
from eqsat.frontend.formula import formula_of
from eqsat.frontend.values import Known, Value
from eqsat.frontend.weak import without_long_integers
from eqsat.ir.dims import ONE
from eqsat.ir.nodes import Node
from eqsat.ir.region import Relation
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar

PYTHON: dict[str, Callable[..., Any]] = {
    "add": python.add,
    "sub": python.sub,
    "mult": python.mul,
    "div": python.truediv,
    "floordiv": python.floordiv,
    "mod": python.mod,
    "pow": python.pow,
    "lshift": python.lshift,
    "rshift": python.rshift,
    "bitand": python.and_,
    "bitor": python.or_,
    "bitxor": python.xor,
    "matmult": python.matmul,
    "usub": python.neg,
    "uadd": python.pos,
    "invert": python.invert,
    "not": python.not_,
    "eq": python.eq,
    "noteq": python.ne,
    "lt": python.lt,
    "lte": python.le,
    "gt": python.gt,
    "gte": python.ge,
    "abs": abs,
}
"""Python's operators by the name of their `ast` class, and `abs`."""

UFUNC: dict[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mult": np.multiply,
    "div": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "bitand": np.bitwise_and,
    "bitor": np.bitwise_or,
    "bitxor": np.bitwise_xor,
    "usub": np.negative,
    "uadd": np.positive,
    "invert": np.invert,
    "eq": np.equal,
    "noteq": np.not_equal,
    "lt": np.less,
    "lte": np.less_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
    "abs": np.absolute,
}
"""The ufunc behind each operator of an array."""

RELATION: dict[str, tuple[Relation, bool]] = {
    "eq": ("==", False),
    "noteq": ("!=", False),
    "gte": (">=", False),
    "lt": ("<", False),
    "lte": (">=", True),
    "gt": ("<", True),
}
"""A comparison of sizes as a relation of guards, and whether its sides are exchanged."""

_VALUES = (bool, int, float, complex, str, bytes, type(None), tuple, type, np.dtype, np.generic)


def apply(builder: Builder, symbol: str, args: Sequence[Value], span: Span) -> Value:
    """The operator on whatever the operands are."""
    if all(isinstance(arg, Known) for arg in args):
        found = _known(symbol, [arg.value for arg in args if isinstance(arg, Known)], span)
        if found is not None:
            return found
    args = without_long_integers(args)
    operands = [builder.node(arg, span) for arg in args]
    types = [builder.numeric(node, span) for node in operands]
    if symbol == "matmult":
        return products.matmul(builder, operands[0], operands[1], span)
    if symbol == "not":
        return _negation(builder, operands[0], span)
    if any(isinstance(t, Array) for t in types):
        if symbol == "pow":
            return power.apply(builder, args, operands, span)
        return builder.elementwise(UFUNC[symbol], args, span)
    if any(isinstance(t, Scalar) and t.kind == "numpy" for t in types):
        return numpy_scalars.apply(builder, symbol, UFUNC[symbol], operands, span)
    sizes = _sizes(builder, symbol, operands, span)
    return python_scalars.apply(builder, symbol, operands, span) if sizes is None else sizes


def _known(symbol: str, values: Sequence[object], span: Span) -> Known | None:
    """Computed by Python; None where it warns, which it must do at every call and not only now."""
    if not all(isinstance(value, _VALUES) for value in values):
        raise UnsupportedError(
            f"the operator {symbol} on a {type(values[0]).__name__} is not compiled",
            span,
            instead="compute it before the function is decorated",
        )
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            result = PYTHON[symbol](*values)
        except Exception as error:
            raise PythonRaises(f"{type(error).__name__}: {error}", span) from error
    return None if caught else Known(result)


def _negation(builder: Builder, operand: Node, span: Span) -> Node:
    """`not x`; of an array only where it has one element."""
    if isinstance(operand.type, Array):
        if any(length != ONE for length in operand.type.shape):
            raise PythonRaises("the truth value of an array is ambiguous", span)
        operand = builder.index(operand, (Known(0),) * operand.type.ndim, span)
    return python_scalars.apply(builder, "not", [python_scalars.to_bool(operand, span)], span)


def _sizes(builder: Builder, symbol: str, operands: Sequence[Node], span: Span) -> Value | None:
    """Arithmetic on sizes stays a formula, comparisons of sizes are decided; None for any other operands."""
    if not all(node.op in ("dim", "constant", "counter") and node.type == python_scalars.INT for node in operands):
        return None
    formulas = [found for node in operands if (found := builder.formula(node)) is not None]
    local = any(is_local(found) for found in formulas)
    if symbol in RELATION:
        relation, exchanged = RELATION[symbol]
        left, right = reversed(formulas) if exchanged else formulas
        if local:
            proved = builder.facts.proved(left, relation, right)
            return None if proved is None else Known(proved)
        return Known(builder.decide(left, relation, right, span))
    if local and symbol == "mult" and not any(found.is_const and abs(found.const) < _FEW for found in formulas):
        return None  # may leave 64 bits
    result = formula_of(symbol, formulas)
    return None if result is None else builder.size(result, span)


_FEW = 1 << 20
"""Counters of loops stay below 2**40 (`eqsat.frontend.loops`), so that so many times as much is still an int64."""
