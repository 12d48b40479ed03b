"""Python's operators on NumPy scalars, which are NumPy's scalar mathematics and not its ufuncs.

Called by `operators`. Most operators give the bits of the ufunc. Those that do not: `**` calls libm's `pow`; an
integer that overflows warns, so a check sends such a call to the undecorated function. Refused: what neither
gives, with the way around.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.promotion import operand_type, result_type
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import DType, Scalar

_BOOL = Scalar(np.dtype(np.bool_), "python")
PYTHON_COMPLEX = Scalar(np.dtype(np.complex128), "python")
_INT64 = np.dtype(np.int64)
_FLOAT64 = np.dtype(np.float64)
_WARNS_ON_OVERFLOW: dict[str, str] = {"add": "add", "sub": "sub", "mult": "mul", "usub": "neg", "abs": "abs"}
_COMPLEX_APART = frozenset({"mult", "lt", "lte", "gt", "gte"})
"""Complex operators whose scalar form differs: products round otherwise, orderings treat NaN otherwise."""


def apply(builder: Builder, symbol: str, ufunc: np.ufunc, operands: Sequence[Node], span: Span) -> Node:
    """The operator on scalars of which one is NumPy's."""
    types = [builder.numeric(node, span) for node in operands]
    common = result_type([operand_type(type_) for type_ in types], span)
    if len(types) == 2 and types[0] == PYTHON_COMPLEX and types[1].dtype == _FLOAT64:
        raise UnsupportedError(
            "Python's complex numbers take np.float64 for a float of their own, which is not compiled yet",
            span,
            instead="put the NumPy scalar first, or use np.complex128(...)",
        )
    if symbol == "pow":
        return _power(builder, operands, common, span)
    if common.kind in "iu" and symbol in _WARNS_ON_OVERFLOW and not _through_ufunc(builder, operands, span):
        return _checked(builder, _WARNS_ON_OVERFLOW[symbol], operands, common, span)
    if common.kind == "c" and symbol in _COMPLEX_APART:
        raise UnsupportedError(
            "complex NumPy scalars have operators of their own, which are not compiled yet",
            span,
            f"have: {common}",
            f"use np.{ufunc.__name__}",
        )
    return builder.elementwise(ufunc, operands, span)


def _through_ufunc(builder: Builder, operands: Sequence[Node], span: Span) -> bool:
    """np.bool has no scalar mathematics: its operators are the ufuncs, which never warn of overflow."""
    types = [builder.numeric(node, span) for node in operands]
    return all(t.dtype.kind == "b" or (isinstance(t, Scalar) and t.kind == "python") for t in types)


def _power(builder: Builder, operands: Sequence[Node], common: DType, span: Span) -> Node:
    if common != _FLOAT64:
        raise UnsupportedError(
            "`**` on NumPy scalars other than float64 is not compiled yet", span, f"have: {common}", "use np.power"
        )
    made = tuple(builder.coerce(node, _FLOAT64, span) for node in operands)
    builder.check(Node("ok.pow", made, None, _BOOL, span))
    return Node("py.pow", made, None, Scalar(_FLOAT64, "numpy"), span)


def _checked(builder: Builder, name: str, operands: Sequence[Node], common: DType, span: Span) -> Node:
    """Integer arithmetic in int64, checked to fit the common type."""
    if common == np.dtype(np.uint64):
        raise UnsupportedError(
            "arithmetic on uint64 NumPy scalars is not compiled yet",
            span,
            instead="use the ufunc (np.add, ...), which does not warn of overflow",
        )
    narrow = [builder.coerce(node, common, span) for node in operands]
    made = tuple(builder.coerce(node, _INT64, span) for node in narrow)
    result = Scalar(_INT64, "numpy")
    if common == _INT64:
        builder.check(Node("ok." + name, made, None, _BOOL, span))
        return Node("py." + name, made, None, result, span)
    wide = Node("py." + name, made, None, result, span)
    builder.check(Node("ok.cast", (wide,), f"{_INT64.char}->{common.char}", _BOOL, span))
    return Node("cast", (wide,), None, Scalar(common, "numpy"), span)
