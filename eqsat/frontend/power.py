"""`x ** p` of arrays: which ufunc NumPy's operator calls for an exponent, and what integers do not allow.

Called by `operators` and by `np.power`. NumPy takes shortcuts for some scalar exponents (`x**2` is `np.square`), and
which ones has changed between releases, so NumPy is asked: a subclass of ndarray reports the ufunc it was sent to.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.frontend.values import Known, Value
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar

if TYPE_CHECKING:
    from eqsat.frontend.builder import Builder


class _Asked(np.ndarray[Any, Any]):
    """An array whose operators say which ufunc they call."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **_: object) -> object:
        return ufunc, len(inputs)


def operator_ufunc(dtype: DType, exponent: object) -> np.ufunc:
    """The ufunc that `x ** exponent` calls for an array of `dtype`."""
    return _asked(dtype, type(exponent), exponent)


@cache
def _asked(dtype: DType, kind: type, exponent: Any) -> np.ufunc:
    found, _ = np.zeros(3, dtype).view(_Asked) ** exponent
    return found


def apply(builder: Builder, args: Sequence[Value], operands: Sequence[Node], span: Span) -> Node:
    """`base ** exponent`, one of them an array."""
    base, exponent = operands
    if isinstance(base.type, Array) and isinstance(exponent.type, Scalar) and isinstance(args[1], Known):
        ufunc = operator_ufunc(base.type.dtype, args[1].value)
        if ufunc.nin == 1:
            return builder.elementwise(ufunc, [base], span)
        if ufunc is not np.power:
            raise UnsupportedError(f"this power is NumPy's {ufunc.__name__}, which is not compiled yet", span)
    return power(builder, args, span)


def power(builder: Builder, args: Sequence[Value], span: Span, dtype: DType | None = None) -> Node:
    """`np.power`; an integer to a negative integer power is an error of NumPy's."""
    return builder.elementwise(np.power, args, span, dtype=dtype)
