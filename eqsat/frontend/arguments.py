"""The types of a call's arguments: NumPy arrays and scalars, Python numbers, None.

Called by the pipeline for every new combination of arguments, and by the translation for arrays found in globals.
Refused with `TypingError`, naming the remedy: subclasses of `np.ndarray`, foreign byte order, objects, strings, dates,
records, `longdouble`, lists and everything else. A Python int beyond int64 is an `UnsupportedError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from eqsat.errors import TypingError, UnsupportedError
from eqsat.ir.dims import ONE, Dim, Symbol, dim
from eqsat.ir.span import NOWHERE, Span
from eqsat.ir.types import Alignment, Array, DType, Layout, NoneType, Scalar, Type, c_layout, canonical, packed_layout

DTYPES: Mapping[str, DType] = {
    char: np.dtype(char) for char in (*"?efdFD", *(np.dtype(f"{sign}{bits}").char for sign in "iu" for bits in "1248"))
}
"""The dtypes that eqsat computes in, NumPy's own objects, by type character.

Where two C types have one size (`long` and `long long`), only the one that NumPy calls `np.int64` is here; the other
is taken for it.
"""

PYTHON_TYPES: Mapping[type, DType] = {
    bool: np.dtype(np.bool),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
    complex: np.dtype(np.complex128),
}
"""Python's numbers, and the dtype that holds each."""

INT64_LIMITS = range(-(2**63), 2**63)

_REMEDIES: Mapping[str, str] = {
    "O": "convert it before the call: x.astype(np.float64), or another dtype of numbers",
    "U": "convert it to numbers before the call",
    "S": "convert it to numbers before the call",
    "T": "convert it to numbers before the call",
    "M": "pass x.astype(np.int64), or x.view(np.int64)",
    "m": "pass x.astype(np.int64), or x.view(np.int64)",
    "V": "pass its fields one by one: x['name']",
    "g": "pass x.astype(np.float64)",
    "G": "pass x.astype(np.complex128)",
}


def type_of(value: object, index: int, name: str = "", span: Span = NOWHERE) -> Type:
    """The type of argument number `index`; `name` and `span` say what to call it in messages, and where it is read."""
    if value is None:
        return NoneType()
    called = f"`{name}`" if name else f"argument {index}"
    exact = type(value)
    if exact is np.ndarray:
        assert isinstance(value, np.ndarray)
        dtype = _supported(value.dtype, called, "an array", span)
        if not value.flags.aligned and _alignment_of(value) == "aligned":
            raise TypingError(
                f"{called} is an array that is said to be misaligned and is not", span, instead="x.setflags(align=True)"
            )
        shape = tuple(ONE if n == 1 else dim(Symbol(index, axis)) for axis, n in enumerate(value.shape))
        return Array(dtype, shape, layout_of(value))
    if exact in PYTHON_TYPES:
        if isinstance(value, int) and value not in INT64_LIMITS:
            raise UnsupportedError(
                f"{called} is an int beyond 64 bits",
                span,
                have=f"it has {value.bit_length()} bits",
                instead="pass a float, or call the original function: f.py_func",
            )
        return Scalar(PYTHON_TYPES[exact], "python")
    if isinstance(value, np.generic) and exact.__module__ == "numpy":
        return Scalar(_supported(value.dtype, called, "a scalar", span), "numpy")
    raise _refusal(value, called, span)


def sizes_of(values: Sequence[object], first: int = 0) -> dict[Symbol, int]:
    """Today's numbers for every symbol: lengths of axes, and the values of Python ints and bools.

    `first` is the index of the first value.
    """
    sizes: dict[Symbol, int] = {}
    for index, value in enumerate(values, first):
        if isinstance(value, np.ndarray):
            sizes.update({Symbol(index, axis): n for axis, n in enumerate(value.shape)})
        elif isinstance(value, int):
            sizes[Symbol(index, None)] = int(value)
    return sizes


def strides_of(values: Sequence[object], first: int = 0) -> dict[Symbol, int]:
    """The strides of every axis of every array, in bytes; `first` is the index of the first value."""
    return {
        Symbol(index, axis): stride
        for index, value in enumerate(values, first)
        if isinstance(value, np.ndarray)
        for axis, stride in enumerate(value.strides)
    }


def is_writeable(array: np.ndarray) -> bool:
    """Whether a function may write into an argument.

    NumPy warns when what `np.broadcast_arrays` gave is written to (a flag of its own says so), and elements that share
    bytes are not written one by one: both are left to NumPy. `lowering.guards` asks the same.
    """
    if not array.flags.writeable or array.flags.num & _WARN_ON_WRITE:
        return False
    reach = array.itemsize
    for step, n in sorted((abs(step), n) for n, step in zip(array.shape, array.strides, strict=True) if n > 1):
        if step < reach and array.size:
            return False
        reach += (n - 1) * step
    return True


_WARN_ON_WRITE = 1 << 31
"""NPY_ARRAY_WARN_ON_WRITE (ndarraytypes.h)."""


def memory_of(values: Sequence[object], first: int = 0) -> dict[int, tuple[int, int]]:
    """For every array its lowest address, and the one behind its highest; `first` is the index of the first value.

    An array that has no element is at (0, 0). Two arrays are apart if one ends where the other begins, or before; so
    the guard `Disjoint` is checked.
    """
    found: dict[int, tuple[int, int]] = {}
    for index, value in enumerate(values, first):
        if isinstance(value, np.ndarray):
            ways = [(n - 1) * stride for n, stride in zip(value.shape, value.strides, strict=True)]
            low = value.ctypes.data + sum(way for way in ways if way < 0)
            high = value.ctypes.data + sum(way for way in ways if way > 0) + value.itemsize
            found[index] = (low, high) if value.size else (0, 0)
    return found


def layout_of(array: np.ndarray) -> Layout:
    """The memory order of an array.

    As in NumPy, an array with no element is in C order whatever its strides, and so is one that could be in both
    orders; of the stride of an axis of length one only the sign means anything.
    """
    known: tuple[Dim, ...] = tuple(ONE if n == 1 else dim(Symbol(0, axis)) for axis, n in enumerate(array.shape))
    alignment = _alignment_of(array)
    if array.flags.forc:
        plain = (
            c_layout(known) if array.flags.c_contiguous else packed_layout(known, tuple(reversed(range(array.ndim))))
        )
        single = tuple(stride < 0 and n == 1 for n, stride in zip(array.shape, array.strides, strict=True))
        return replace(plain, negative=single, alignment=alignment)
    sizes = [0 if n == 1 else abs(stride) for n, stride in zip(array.shape, array.strides, strict=True)]
    speeds = sorted(set(sizes) - {0})
    ranks = tuple(speeds.index(size) + 1 if size else 0 for size in sizes)
    negative = tuple(stride < 0 for stride in array.strides)
    unit = bool(speeds) and speeds[0] == array.itemsize
    return Layout(ranks, _is_packed(array, ranks), unit, negative, alignment)


def _alignment_of(array: np.ndarray) -> Alignment:
    """As NumPy's flag, which is what its iterator goes by. The strides of axes of length one mean nothing."""
    step = array.dtype.alignment
    if array.flags.aligned:
        return "aligned"
    if any(stride % step for n, stride in zip(array.shape, array.strides, strict=True) if n != 1):
        return "ragged"
    return "shifted" if array.ctypes.data % step else "aligned"


def _is_packed(array: np.ndarray, ranks: tuple[int, ...]) -> bool:
    """Whether each axis steps exactly over all that lies in the faster ones."""
    step = array.itemsize
    axes = [axis for axis, n in enumerate(array.shape) if n != 1]
    for axis in sorted(axes, key=lambda axis: ranks[axis]):
        if array.strides[axis] != step:
            return False
        step *= array.shape[axis]
    return True


def _supported(dtype: np.dtype, called: str, form: str, span: Span) -> DType:
    found = DTYPES.get(canonical(dtype).char)
    if found is not None and dtype.isnative:
        return found
    if found is not None:
        raise TypingError(
            f"{called} is {form} of foreign byte order",
            span,
            have=f"dtype: {dtype!r}",
            instead="pass x.astype(x.dtype.newbyteorder('='))",
        )
    raise TypingError(
        f"{called} is {form} of dtype {dtype.name if dtype.names is None else 'with fields'}, "
        "which eqsat does not compute in",
        span,
        instead=_REMEDIES.get(dtype.char, "convert it to numbers before the call"),
    )


def _refusal(value: object, called: str, span: Span) -> TypingError:
    kind = type(value)
    text = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    what = f"{called} is of type {text}, which eqsat does not take"
    if isinstance(value, np.ma.MaskedArray):
        remedy = "pass x.data and x.mask, or x.filled(value)"
    elif isinstance(value, int | float | complex):
        remedy = "pass int(x), float(x) or complex(x)"
    elif isinstance(value, list | tuple) or hasattr(value, "__array__"):
        remedy = "pass np.asarray(x)"
    else:
        remedy = "pass arrays and numbers; other objects stay outside the jitted function"
    return TypingError(what, span, instead=remedy)
