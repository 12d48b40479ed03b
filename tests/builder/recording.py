"""A ufunc of our own, made through NumPy's C-API, whose loop writes down the strides that it is given."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy._core import _multiarray_umath

_LOOP = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_ssize_t), ctypes.POINTER(ctypes.c_ssize_t), ctypes.c_void_p
)
_FROM_FUNC_AND_DATA = 1
"""Its place in NumPy's table of ufunc functions."""


@dataclass
class Recorder:
    """A ufunc of `arity` float64 operands that computes nothing."""

    arity: int
    seen: list[tuple[int, ...]] = field(default_factory=list)
    """The strides of the operands, call by call; calls for no element left out."""

    def __post_init__(self) -> None:
        def loop(_args: int, count: Any, steps: Any, _data: int) -> None:
            if count[0]:
                self.seen.append(tuple(steps[k] for k in range(self.arity)))

        number = np.dtype(np.float64).num
        self._kept: tuple[Any, ...] = (
            _LOOP(loop),
            (ctypes.c_void_p * 1)(None),
            (ctypes.c_char * (self.arity + 1))(*[number] * (self.arity + 1)),
        )
        self._functions = (ctypes.c_void_p * 1)(ctypes.cast(self._kept[0], ctypes.c_void_p))
        at = [ctypes.addressof(part) for part in (self._functions, *self._kept[1:])]
        self._ufunc: Any = _maker()(*at, 1, self.arity, 1, -1, b"recorder", b"", 0)

    def signs(self, *operands: np.ndarray) -> list[set[bool]]:
        """For each operand, whether the loop gets it with a negative stride; of several calls, all that occurs."""
        self.seen.clear()
        self._ufunc(*operands)
        return [{steps[k] < 0 for steps in self.seen} for k in range(self.arity)]


def _maker() -> Callable[..., Any]:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(pointer(_multiarray_umath._UFUNC_API, None), ctypes.POINTER(ctypes.c_void_p))  # type: ignore[attr-defined]
    kind = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        *[ctypes.c_void_p] * 3,
        *[ctypes.c_int] * 4,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_int,
    )
    return kind(table[_FROM_FUNC_AND_DATA])
