"""Which loop of a ufunc runs: asked of NumPy, never copied from it.

Called by the builder for every elementwise operation. What NumPy refuses (`TypeError`) is a `PythonRaises`; what it
answers with a type that eqsat has no node for (object, long double, datetimes) is an `UnsupportedError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar, canonical

SUPPORTED_CHARS = frozenset("?bBhHiIlLqQefdFD")
WEAK: dict[str, type] = {"i": int, "f": float, "c": complex}
"""Python's numbers by dtype kind. A Python bool is not weak: it is np.bool."""

_INT64 = np.dtype(np.int64)

Question = DType | type


def operand_type(type_: Scalar | Array) -> Question:
    """What NumPy is asked with: a dtype, or the Python type of a weak scalar."""
    if isinstance(type_, Scalar) and type_.kind == "python":
        return WEAK.get(type_.dtype.kind, type_.dtype)
    return type_.dtype


def resolve_loop(
    ufunc: np.ufunc, operands: Sequence[Question], span: Span, dtype: DType | None = None
) -> tuple[tuple[DType, ...], DType]:
    """The dtypes of the loop that NumPy picks: its inputs and its output."""
    if all(operand is int for operand in operands):
        operands = [_INT64] * len(operands)  # of two Python ints NumPy's comparisons ask Python: they are int64 here
    signature = (None,) * ufunc.nin + (dtype,)
    try:
        resolved = ufunc.resolve_dtypes((*operands, None), signature=signature)
    except TypeError as error:
        raise PythonRaises(str(error), span) from error
    for found in resolved:
        check_supported(found, f"{ufunc.__name__} of these types", span)
    return tuple(canonical(d) for d in resolved[:-1]), canonical(resolved[-1])


def check_supported(dtype: DType, what: str, span: Span) -> None:
    """Refuse dtypes that the IR has no numbers for."""
    if dtype.char not in SUPPORTED_CHARS or not dtype.isnative:
        raise UnsupportedError(
            f"{what} computes in {dtype}, which eqsat does not compile",
            span,
            instead="convert to bool, an integer, float16/32/64 or complex64/128 before the call",
        )


def result_type(operands: Sequence[Question], span: Span) -> DType:
    """`np.result_type`, with weak Python scalars."""
    zero = {int: 0, float: 0.0, complex: 0j}
    try:
        found = np.result_type(*(o if isinstance(o, np.dtype) else zero[o] for o in operands))
    except TypeError as error:
        raise PythonRaises(str(error), span) from error
    check_supported(found, "the common type", span)
    return canonical(found)


@cache
def where_wraps() -> bool:
    """Whether `np.where` converts Python's ints as arrays of int64: they wrap, and are rounded once. Not since 2.5."""
    try:
        return bool(np.where(np.array([True]), 300, np.zeros(1, np.uint8))[0] == 300 % 256)
    except OverflowError:
        return False
