"""Python's operators on NumPy scalars, which are NumPy's scalar mathematics and not its ufuncs.

Called by `operators`. Most operators give the bits of the ufunc. Those that do not: `**` calls libm's `pow` or
multiplies out; complex products and quotients round otherwise; an integer that overflows warns, so a check sends such
a call to the undecorated function. Refused: complex powers but to small whole numbers that are known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend import power, python_scalars
from eqsat.frontend.builder import Builder
from eqsat.frontend.promotion import operand_type, result_type
from eqsat.frontend.values import Known, Value
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.span import Span
from eqsat.ir.types import DType, Scalar, part_dtype

_BOOL = Scalar(np.dtype(np.bool_), "python")
_NUMPY_BOOL = Scalar(np.dtype(np.bool_), "numpy")
PYTHON_COMPLEX = Scalar(np.dtype(np.complex128), "python")
_INT64 = np.dtype(np.int64)
_UINT64 = np.dtype(np.uint64)
_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_CHECKED: dict[str, str] = {
    "add": "add",
    "sub": "sub",
    "mult": "mul",
    "usub": "neg",
    "abs": "abs",
    "floordiv": "floordiv",
    "mod": "mod",
}
"""Operators of integers that warn: of overflow, of division by zero."""
_COMPLEX: dict[str, str] = {
    "mult": "multiply",
    "div": "divide",
    "abs": "absolute",
    "lt": "less",
    "lte": "less_equal",
    "gt": "greater",
    "gte": "greater_equal",
}
"""Complex operators whose scalar form differs: products round otherwise, orderings treat NaN otherwise."""
_MULTIPLIED_OUT = 100


def apply(builder: Builder, symbol: str, ufunc: np.ufunc, operands: Sequence[Node], span: Span) -> Node:
    """The operator on scalars of which one is NumPy's."""
    types = [node.type for node in operands if isinstance(node.type, Scalar)]
    if len(types) == 2 and types[0] == PYTHON_COMPLEX and types[1].dtype == _FLOAT64:
        # np.float64 is one of Python's floats, so that complex numbers ask nobody else.
        return python_scalars.apply(builder, symbol, [operands[0], python_scalars.to_float(operands[1], span)], span)
    common = result_type([operand_type(type_) for type_ in types], span)
    if not any(t.dtype == common for t in types if t.kind == "numpy"):
        return _promoted(builder, symbol, ufunc, operands, common, span)
    if symbol == "pow":
        return _power(builder, operands, common, span)
    if symbol in ("floordiv", "mod") and common.kind == "f":
        return _divided(builder, symbol, operands, common, span)
    if common.kind in "iu" and symbol in _CHECKED and not _through_ufunc(builder, operands, span):
        if common.kind == "u" and symbol == "abs":
            return operands[0]
        return _checked(builder, _CHECKED[symbol], operands, common, span)
    if symbol in python_scalars.COMPARISON and _are_ints(types):
        made = tuple(python_scalars.to_int(builder, node, span) for node in operands)
        return Node("py." + python_scalars.COMPARISON[symbol], made, None, _NUMPY_BOOL, span)
    if common.kind == "c" and symbol in _COMPLEX:
        made = tuple(builder.coerce(node, common, span) for node in operands)
        compares = symbol in python_scalars.COMPARISON
        if compares and types[0] == _NUMPY_BOOL:
            return builder.elementwise(ufunc, operands, span)  # np.bool has no scalar mathematics
        if symbol == "div":
            builder.check(Node("ok.numpy_divide", (made[1],), None, _BOOL, span))
        dtype = part_dtype(common) if symbol == "abs" else common
        result = _NUMPY_BOOL if compares else Scalar(dtype, "numpy")
        return Node(f"py.numpy_{_COMPLEX[symbol]}", made, None, result, span)
    return builder.elementwise(ufunc, operands, span)


def _are_ints(types: Sequence[object]) -> bool:
    """Integers that all are int64s, of whatever width and sign, and no bools."""
    return all(isinstance(t, Scalar) and t.dtype.kind in "iu" and t.dtype != _UINT64 for t in types)


def _through_ufunc(builder: Builder, operands: Sequence[Node], span: Span) -> bool:
    """np.bool has no scalar mathematics: its operators are the ufuncs, which never warn of overflow."""
    types = [builder.numeric(node, span) for node in operands]
    return all(t.dtype.kind == "b" or (isinstance(t, Scalar) and t.kind == "python") for t in types)


def _promoted(
    builder: Builder, symbol: str, ufunc: np.ufunc, operands: Sequence[Node], common: DType, span: Span
) -> Node:
    """The common type is neither operand's, as of an int and Python's float: then NumPy calls the ufunc."""
    if symbol == "pow" and common.kind not in "biu":
        return power.power(builder, [_known(node) for node in operands], span)
    if symbol == "pow" and common.kind != "b":
        return _integer_power(builder, operands, common, span)
    if symbol in ("floordiv", "mod") and common.kind in "iu" and not _through_ufunc(builder, operands, span):
        return _checked(builder, _CHECKED[symbol], operands, common, span)
    return builder.elementwise(ufunc, operands, span)


def _known(node: Node) -> Value:
    """A constant of Python's as the number."""
    is_python = isinstance(node.type, Scalar) and node.type.kind == "python"
    return Known(node.attr.value.item()) if is_python and isinstance(node.attr, Constant) else node


def _divided(builder: Builder, symbol: str, operands: Sequence[Node], common: DType, span: Span) -> Node:
    """`//` and `%` of floats: Python's algorithm in the width of the type, float16 in that of float32."""
    wide = _FLOAT64 if common == _FLOAT64 else _FLOAT32
    args = tuple(builder.coerce(builder.coerce(node, common, span), wide, span) for node in operands)
    builder.check(Node("ok.numpy_divmod", args, None, _BOOL, span))
    return builder.coerce(Node(f"py.{symbol}", args, None, Scalar(wide, "numpy"), span), common, span)


def _power(builder: Builder, operands: Sequence[Node], common: DType, span: Span) -> Node:
    if common.kind == "b":  # np.bool has no scalar mathematics: the ufunc, which computes in int8
        return builder.elementwise(np.power, operands, span)
    if common.kind in "iu":
        return _integer_power(builder, operands, common, span)
    if common.kind == "c":
        return _complex_power(builder, operands, common, span)
    made = [builder.coerce(node, common, span) for node in operands]
    wide = _FLOAT64 if common == _FLOAT64 else _FLOAT32  # float16 is computed as float32
    args = tuple(builder.coerce(node, wide, span) for node in made)
    builder.check(Node("ok.pow", args, None, _BOOL, span))
    return builder.coerce(Node("py.pow", args, None, Scalar(wide, "numpy"), span), common, span)


def _integer_power(builder: Builder, operands: Sequence[Node], common: DType, span: Span) -> Node:
    """Wraps around without a warning; the int64 that is multiplied out has the right lower bits."""
    narrow = [builder.coerce(node, common, span) for node in operands]
    base, exponent = (builder.coerce(node, _INT64, span) for node in narrow)
    zero = builder.constant(0, _INT64, span)
    builder.check(Node("py.ge", (exponent, zero), None, _BOOL, span))  # NumPy raises for a negative one
    power = Node("py.pow", (base, exponent), None, Scalar(_INT64, "numpy"), span)
    return builder.coerce(power, common, span)


def _complex_power(builder: Builder, operands: Sequence[Node], common: DType, span: Span) -> Node:
    base = builder.coerce(operands[0], common, span)
    exponent = operands[1].attr
    known = complex(exponent.value.item()) if isinstance(exponent, Constant) else 0.5
    whole = known.imag == 0 and known.real.is_integer() and abs(known.real) < _MULTIPLIED_OUT
    if not whole:
        raise UnsupportedError(
            "a complex NumPy scalar is raised to what is no small whole number",
            span,
            f"have: {common}",
            "use np.power, or complex(z) ** x",
        )
    return _multiplied_out(builder, base, int(known.real), common, span)


def _multiplied_out(builder: Builder, base: Node, exponent: int, common: DType, span: Span) -> Node:
    """As npymath's `npy_cpow`: cubes by two products, others by squares; zero to what is not positive is undefined."""
    type_ = Scalar(common, "numpy")

    def times(x: Node, y: Node) -> Node:
        return Node("py.numpy_multiply", (x, y), None, type_, span)

    one = builder.constant(1, common, span)
    if exponent == 0:
        return one
    some = python_scalars.to_bool(base, span)

    def unless_zero(power: Node) -> Node:
        return Node("select", (some, power, builder.constant(0, common, span)), None, type_, span)

    if exponent in (1, 2, 3):
        return unless_zero((base, times(base, base), times(base, times(base, base)))[exponent - 1])
    if exponent < 0:
        builder.check(some)
    result, square, left = one, base, abs(exponent)
    while True:
        if left & 1:
            result = times(result, square)
        left >>= 1
        if not left:
            break
        square = times(square, square)
    if exponent > 0:
        return unless_zero(result)
    builder.check(Node("ok.numpy_divide", (result,), None, _BOOL, span))
    return Node("py.numpy_divide", (one, result), None, type_, span)


def _checked(builder: Builder, name: str, operands: Sequence[Node], common: DType, span: Span) -> Node:
    """Integer arithmetic in int64 or uint64, checked to fit the common type."""
    narrow = [builder.coerce(node, common, span) for node in operands]
    wide_type = _UINT64 if common == _UINT64 else _INT64
    made = tuple(builder.coerce(node, wide_type, span) for node in narrow)
    result = Scalar(wide_type, "numpy")
    if common == wide_type or name in ("floordiv", "mod"):
        builder.check(Node("ok." + name, made, None, _BOOL, span))
    wide = Node("py." + name, made, None, result, span)
    if common == wide_type:
        return wide
    builder.check(Node("ok.cast", (wide,), f"{_INT64.char}->{common.char}", _BOOL, span))
    return Node("cast", (wide,), None, Scalar(common, "numpy"), span)
