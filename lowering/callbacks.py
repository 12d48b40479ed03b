"""Python functions as C functions: what generated code calls for an opaque function without machine code.

`int callback(char **pointers, int64_t *geometry)`: a pointer for each operand, then for the result; the geometry is
shape and strides of each array among them, in that order. Operands are copied before the function sees them, so that it
may keep them. It returns 1, or 0 if the function raised or returned what was not stated: then Python runs the call
anew, and raises. The callback takes the GIL itself. Called by `lowering.opaque`; refuses nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eqsat.ir.opaque import Opaque, locked
from eqsat.ir.types import DType

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)


def address_of_callback(function: Opaque, ranks: Sequence[int]) -> int:
    """The address of the callback for operands, then a result, of so many axes; it lives as long as the function."""
    key = ("callback", *ranks)
    made = function.kept.get(key)
    if made is None:
        made = function.kept.setdefault(key, _PROTOTYPE(_answer(function, ranks)))
    found = ctypes.cast(made, ctypes.c_void_p).value  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


def _answer(function: Opaque, ranks: Sequence[int]) -> Callable[[int, int], int]:
    """What the callback does."""
    if not any(ranks):
        return _answer_of_numbers(function)
    pointers_type, geometry_type = ctypes.c_void_p * len(ranks), ctypes.c_int64 * (2 * sum(ranks))
    dtypes = [*(kind.dtype for kind in function.parameters), function.result.dtype]
    evaluate, failed = function.evaluate, function.failed

    def answer(pointers: int, geometry: int) -> int:
        try:
            places = pointers_type.from_address(pointers)
            words = list(geometry_type.from_address(geometry))
            arrays: list[np.ndarray] = []
            at = 0
            for place, rank, dtype in zip(places, ranks, dtypes, strict=True):
                middle, end = at + rank, at + 2 * rank
                arrays.append(_array(place, words[at:middle], words[middle:end], dtype))
                at = end
            *operands, result = arrays
            found = evaluate([locked(array.copy("C")) if array.ndim else array.item() for array in operands])
            if found.shape != result.shape:  # where `shape` decides by comparing, formulas mislead it
                return 0
            result[...] = found
        except BaseException as error:
            failed(error)
            return 0
        return 1

    return answer


def _answer_of_numbers(function: Opaque) -> Callable[[int, int], int]:
    """As above, where no operand has axes: then making arrays would take most of the time."""
    pointers_type = ctypes.c_void_p * (len(function.parameters) + 1)
    readers = [_reader(kind.dtype) for kind in function.parameters]
    write, called, given = _writer(function.result.dtype), function.function, function.given
    failed = function.failed

    def answer(pointers: int, _: int) -> int:
        try:
            *places, target = pointers_type.from_address(pointers)
            write(target, given(called(*[read(place) for read, place in zip(readers, places, strict=True)])))
        except BaseException as error:
            failed(error)
            return 0
        return 1

    return answer


_C_TYPES: Mapping[str, Any] = {
    np.dtype(type_).str[1:]: type_
    for type_ in (
        *(ctypes.c_int8, ctypes.c_int16, ctypes.c_int32, ctypes.c_int64),
        *(ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64),
        *(ctypes.c_float, ctypes.c_double),
    )
}


def _reader(dtype: DType) -> Callable[[int], Any]:
    """How a number of Python's is made of what lies at an address."""
    type_ = _C_TYPES.get(f"{dtype.kind}{dtype.itemsize}")
    if type_ is None:
        return lambda place: _array(place, (), (), dtype).item()
    at = type_.from_address
    return lambda place: at(place).value


def _writer(dtype: DType) -> Callable[[int, Any], None]:
    """How a number is put at an address."""
    type_: Any = _C_TYPES.get(f"{dtype.kind}{dtype.itemsize}")

    def by_array(place: int, value: np.generic) -> None:
        _array(place, (), (), dtype)[...] = value

    def by_type(place: int, value: np.generic) -> None:
        type_.from_address(place).value = value.item()

    return by_array if type_ is None else by_type


class _Memory:
    """Memory of others, as NumPy takes it."""

    __slots__ = ("__array_interface__",)

    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


def _array(place: int | None, shape: Sequence[int], strides: Sequence[int], dtype: DType) -> np.ndarray:
    """An array over memory that is there."""
    if 0 in shape or place is None:
        return np.empty(shape, dtype)
    interface = {
        "version": 3,
        "data": (place, False),
        "typestr": dtype.str,
        "shape": tuple(shape),
        "strides": tuple(strides),
    }
    return np.asarray(_Memory(interface))
