"""What generated code uses of CPython and NumPy: functions, offsets in structs, objects; probed once and verified.

Functions come from the running interpreter and from NumPy's C-API table, whose slots never change their meaning.
Struct fields are those that NumPy's headers make public. Each is compared with what Python sees before it is used.

Refuses, with `InternalError`, an interpreter or a NumPy whose structs are not where they should be. Called by
`lowering.entry` and its helpers, and by `lowering.compile`.
"""

from __future__ import annotations

import contextvars
import ctypes
import functools
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy._core import umath

from eqsat.errors import InternalError

_multiarray: Any = importlib.import_module("numpy._core._multiarray_umath")  # which NumPy's stubs do not describe
_ARRAY_API: object = _multiarray._ARRAY_API

HEADER = object.__basicsize__
"""Bytes before the first field of an object that is not variable-sized."""

TYPE_FIELD = HEADER - ctypes.sizeof(ctypes.c_void_p)
"""Where every object has its type: the last pointer of the header, also in free-threaded builds."""

MORTAL = sys.version_info < (3, 12)
"""Whether a reference count is a plain number. Since 3.12 some objects are immortal, and CPython must count."""

CPYTHON: dict[str, str] = {
    "PyCapsule_GetPointer": "p:pp",
    "PyComplex_FromDoubles": "p:dd",
    "PyContextVar_Get": "i:ppp",
    "PyDict_Contains": "i:pp",
    "PyDict_GetItemWithError": "p:pp",
    "PyErr_Clear": "v:",
    "PyErr_NoMemory": "p:",
    "PyEval_RestoreThread": "v:p",
    "PyEval_SaveThread": "p:",
    "PyFloat_FromDouble": "p:d",
    "PyLong_AsLongLongAndOverflow": "q:pp",
    "PyLong_FromLongLong": "p:q",
    "PyObject_GetAttr": "p:pp",
    "PyObject_Vectorcall": "p:ppqp",
    "PyObject_VectorcallMethod": "p:ppqp",
    "PyTuple_New": "p:q",
    "PyTuple_SetItem": "i:pqp",
    "Py_DecRef": "v:p",
    "Py_IncRef": "v:p",
}
"""Functions of CPython and their C types, `result:arguments`: pointer, int64 (q), int32 (i), double, void."""

NUMPY: dict[str, tuple[int, str]] = {
    "PyArray_CopyInto": (50, "i:pp"),
    "PyArray_Scalar": (60, "p:ppp"),
    "PyArray_NewCopy": (85, "p:pi"),
    "PyArray_NewFromDescr": (94, "p:ppipppip"),
    "PyArray_SetBaseObject": (282, "i:pp"),
}
"""Functions in NumPy's C-API table (numpy/_core/include/numpy/__multiarray_api.h): slot, C types."""

_ARRAY_TYPE_SLOT = 2

SIGNATURES: dict[str, str] = CPYTHON | {name: signature for name, (_, signature) in NUMPY.items()}

C_CONTIGUOUS, F_CONTIGUOUS, ALIGNED, WRITEABLE = 0x0001, 0x0002, 0x0100, 0x0400
"""Bits of an array's flags (ndarraytypes.h)."""

WARN_ON_WRITE = -(1 << 31)
"""Another one, the sign: NumPy warns when the array is written to, as of `np.broadcast_arrays` (flags.num shows it)."""

KEEP_ORDER = 2
"""NPY_KEEPORDER."""


@dataclass(frozen=True, slots=True)
class ArrayFields:
    """Byte offsets in `PyArrayObject_fields` (ndarraytypes.h)."""

    data: int = HEADER
    ndim: int = HEADER + 8
    extents: int = HEADER + 16
    strides: int = HEADER + 24
    base: int = HEADER + 32
    dtype: int = HEADER + 40
    flags: int = HEADER + 48


@dataclass(frozen=True, slots=True)
class DTypeFields:
    """Byte offsets in `PyArray_Descr`: the leading fields, which NumPy 1 and 2 share."""

    kind: int = HEADER + 8
    byteorder: int = HEADER + 10
    number: int = HEADER + 12


ARRAY, DTYPE = ArrayFields(), DTypeFields()


@functools.cache
def addresses() -> dict[str, int]:
    """The address of every function that generated code may call; the structs are verified on the way."""
    _verify_arrays()
    _verify_dtypes()
    found = {name: _address(getattr(ctypes.pythonapi, name)) for name in CPYTHON}
    table = _numpy_table()
    return found | {name: table(slot) for name, (slot, _) in NUMPY.items()}


def _address(function: ctypes._FuncPointer) -> int:
    value = ctypes.cast(function, ctypes.c_void_p).value
    assert value
    return value


def _numpy_table() -> Callable[[int], int]:
    """From a slot of NumPy's C-API table to the pointer in it."""
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    base = pointer(_ARRAY_API, None)

    def at(slot: int) -> int:
        return ctypes.c_size_t.from_address(base + slot * ctypes.sizeof(ctypes.c_void_p)).value

    if at(_ARRAY_TYPE_SLOT) != id(np.ndarray):
        raise InternalError("NumPy's C-API table is not as expected", have=f"NumPy {np.__version__}")
    return at


def _word(address: int) -> int:
    return ctypes.c_int64.from_address(address).value


def _int(address: int) -> int:
    return ctypes.c_int32.from_address(address).value


def _verify_arrays() -> None:
    samples = [np.arange(24.0).reshape(2, 3, 4)[::-1, :, ::2], np.zeros((3, 5), np.int8).T, np.array(7j)]
    samples[0].flags.writeable = False
    samples[2].setflags(align=False)
    for sample in samples:
        at, ndim = id(sample), sample.ndim
        extents, strides = _word(at + ARRAY.extents), _word(at + ARRAY.strides)
        flags = _int(at + ARRAY.flags)
        seen = (
            _word(at + TYPE_FIELD),
            _word(at + ARRAY.data),
            _int(at + ARRAY.ndim),
            tuple(_word(extents + 8 * k) for k in range(ndim)),
            tuple(_word(strides + 8 * k) for k in range(ndim)),
            _word(at + ARRAY.base),
            _word(at + ARRAY.dtype),
            tuple(bool(flags & bit) for bit in (C_CONTIGUOUS, F_CONTIGUOUS, ALIGNED, WRITEABLE)),
        )
        told = sample.flags
        expected = (
            id(np.ndarray),
            sample.ctypes.data,
            ndim,
            sample.shape,
            sample.strides,
            0 if sample.base is None else id(sample.base),
            id(sample.dtype),
            (told.c_contiguous, told.f_contiguous, told.aligned, told.writeable),
        )
        if seen != expected:
            raise InternalError("NumPy's array struct is not as expected", have=f"{seen} is not {expected}")


def _verify_dtypes() -> None:
    opposite = ">" if sys.byteorder == "little" else "<"
    for dtype in (*(np.dtype(char) for char in "?bBhHiIlLqQefdFD"), np.dtype(opposite + "i4")):
        at = id(dtype)
        swapped = ctypes.c_char.from_address(at + DTYPE.byteorder).value == opposite.encode()
        kind = ctypes.c_char.from_address(at + DTYPE.kind).value.decode()
        if (_int(at + DTYPE.number), kind) != (dtype.num, dtype.kind) or swapped == dtype.isnative:
            raise InternalError("NumPy's dtype struct is not as expected", have=repr(dtype))


@functools.cache
def verify_scalar(scalar: type[np.generic]) -> None:
    """The number in a NumPy scalar object stands right behind the header, in memory format."""
    sample = scalar(1)  # pyright: ignore[reportCallIssue]
    if ctypes.string_at(id(sample) + HEADER, sample.itemsize) != sample.tobytes():
        raise InternalError("NumPy's scalar struct is not as expected", have=scalar.__name__)


@functools.cache
def verify_python_numbers() -> None:
    """The number in a Python float or complex, and the content of a closure cell, stand right behind the header."""
    number, cell = 1.5 - 2.5j, (lambda: sample).__closure__
    sample = -0.375
    assert cell is not None
    good = (
        ctypes.string_at(id(sample) + HEADER, 8) == np.float64(sample).tobytes()
        and ctypes.string_at(id(number) + HEADER, 16) == np.complex128(number).tobytes()
        and _word(id(cell[0]) + HEADER) == id(sample)
    )
    if not good:
        raise InternalError("Python's float, complex or cell is not as expected", have=sys.version)


@functools.cache
def function_part(name: str) -> int:
    """Where a Python function keeps its `__code__`, `__defaults__` or `__kwdefaults__` (None there is NULL)."""

    def first(value: int = 12345, *, other: int = 23456) -> int:
        return value + other

    def second() -> None:
        return

    wanted, absent = getattr(first, name), getattr(second, name)
    for offset in range(HEADER, object.__sizeof__(first), 8):
        if _word(id(first) + offset) == id(wanted) and _word(id(second) + offset) == (
            0 if absent is None else id(absent)
        ):
            return offset
    raise InternalError("Python's function struct is not as expected", have=f"{name}, {sys.version}")


@dataclass(frozen=True, slots=True)
class ErrorState:
    """Where `np.errstate` lives: a context variable that holds a capsule of this name, whose first int is the mask.

    The mask has three bits for each kind of floating-point event, all zero where the event is ignored.
    """

    variable: contextvars.ContextVar[object]
    capsule_name: bytes


EVENT_SHIFTS: dict[int, int] = {1: 9, 4: 0, 8: 3, 16: 6}
"""From the flag of an event (invalid, divide, overflow, underflow) to its bits in NumPy's mask (ufuncobject.h)."""


@functools.cache
def error_state() -> ErrorState | None:
    """How generated code can read `np.errstate`, or None if this NumPy keeps it elsewhere: then Python is asked."""
    variable: contextvars.ContextVar[object] | None = getattr(umath, "_extobj_contextvar", None)
    if variable is None:
        return None
    api = ctypes.pythonapi
    is_capsule_type = type(_ARRAY_API)
    name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", api))
    name = b""
    kinds = {"invalid": 1, "divide": 4, "over": 8, "under": 16}
    for ignored in (*kinds, None):
        modes = {kind: "ignore" if kind == ignored else "raise" for kind in kinds}
        with np.errstate(**modes):  # pyright: ignore[reportArgumentType, reportCallIssue]
            capsule = variable.get()
            if type(capsule) is not is_capsule_type:
                return None
            name = name_of(capsule)
            mask = _int(pointer(capsule, name))
        due = {kind for kind, flag in kinds.items() if mask >> EVENT_SHIFTS[flag] & 7}
        if due != {kind for kind in kinds if kind != ignored}:
            return None
    return ErrorState(variable, name)
