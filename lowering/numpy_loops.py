"""NumPy's own compiled inner loops: their addresses, read from the ufunc objects, and how they treat flags.

`PyUFuncObject` is a public struct whose leading fields are the same from NumPy 2.0 on; they are compared with the
ufunc's attributes before anything is read. Refuses a loop that the ufunc does not have. Called by
`lowering.evaluate` (is there a loop?) and `lowering.symbols` (where is it?).
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.linalg import _umath_linalg

from eqsat.errors import InternalError, UnsupportedError
from eqsat.ir.ops import UFUNCS

_HEADER = object.__basicsize__

_GENERALIZED: dict[str, np.ufunc] = {
    "matmul": np.matmul,
    **{name: getattr(_umath_linalg, name) for name in ("inv", "solve", "solve1", "det")},
}
"""Those whose loops work on whole matrices and vectors (`lowering.core_loops`)."""


class _UFunc(ctypes.Structure):
    _fields_ = (
        ("header", ctypes.c_byte * _HEADER),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("types", ctypes.POINTER(ctypes.c_char)),
    )


@dataclass(frozen=True, slots=True)
class InnerLoop:
    """`void loop(char **args, npy_intp const *count, npy_intp const *steps, void *data)`."""

    address: int
    data: int
    clears_flags: bool
    """Whether it ends with cleared floating-point flags, so that what was raised before it must be kept."""


@functools.cache
def inner_loop(name: str, signature: str) -> InnerLoop:
    """The loop of a ufunc for operands of exactly these types, as `exp` and `d->d`."""
    op = UFUNCS.get(name)
    ufunc = _GENERALIZED.get(name, None if op is None else op.ufunc)
    if ufunc is None:
        raise InternalError(f"{name} is no ufunc that eqsat knows")
    struct = _UFunc.from_address(id(ufunc))
    if (struct.nin, struct.nout, struct.nargs, struct.ntypes, struct.name) != (
        ufunc.nin,
        ufunc.nout,
        ufunc.nargs,
        ufunc.ntypes,
        ufunc.__name__.encode(),
    ):
        raise UnsupportedError(
            f"the struct of NumPy's ufuncs is not as eqsat knows it (numpy {np.__version__})",
            instead="use a version of NumPy that eqsat was tested with",
        )
    wanted = [np.dtype(char) for char in signature.replace("->", "")]
    nargs = ufunc.nargs
    types = ctypes.string_at(struct.types, struct.ntypes * nargs)
    rows = [types[k * nargs : (k + 1) * nargs] for k in range(struct.ntypes)]
    exact = [k for k, row in enumerate(rows) if list(row) == [dtype.num for dtype in wanted]]
    # int64 has two type numbers (`l` and `q` on Linux), and a mixed loop may be there for one of them only.
    equal = [
        k for k, row in enumerate(rows) if all(_NUMBERS.get(n) == dtype for n, dtype in zip(row, wanted, strict=True))
    ]
    for k in (*exact, *equal):
        address, data = struct.functions[k], struct.data[k] if struct.data else None
        if address:
            found = InnerLoop(address, data or 0, False)
            # What a generalized loop does to the flags is known to who calls it; it takes other arguments.
            return found if name in _GENERALIZED else InnerLoop(address, data or 0, _clears_flags(found, signature))
    raise UnsupportedError(f"NumPy has no loop {signature} of {name}", have=f"its loops: {', '.join(ufunc.types)}")


@contextmanager
def _flags_kept() -> Generator[None]:
    """The floating-point flags afterwards are what they were before."""
    math = _math()
    before = math.fetestexcept(_ALL_FLAGS)
    yield
    math.feclearexcept(_ALL_FLAGS)
    math.feraiseexcept(before)


LOOP_TYPE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)


_NUMBERS: dict[int, np.dtype[Any]] = {np.dtype(char).num: np.dtype(char) for char in "?bBhHiIlLqQefdFD"}


def _clears_flags(loop: InnerLoop, signature: str) -> bool:
    """Raise a flag, run the loop over ones, and look whether the flag is still there."""
    arrays = [np.ones(16, char) for char in signature.replace("->", "")]
    args = (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))
    steps = (ctypes.c_ssize_t * len(arrays))(*(a.itemsize for a in arrays))
    count = ctypes.c_ssize_t(16)
    math = _math()
    with _flags_kept():
        math.feclearexcept(_ALL_FLAGS)
        math.feraiseexcept(DIVIDE_FLAG)
        LOOP_TYPE(loop.address)(args, ctypes.byref(count), steps, loop.data)
        return not math.fetestexcept(DIVIDE_FLAG)


DIVIDE_FLAG = 4
"""FE_DIVBYZERO of x86; elsewhere the probe raises another flag, which serves as well."""
_ALL_FLAGS = 0x1D


@functools.cache
def _math() -> ctypes.CDLL:
    return ctypes.CDLL(None)
