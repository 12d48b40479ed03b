"""Hypothesis strategies for everything that a NumPy function can be given: all of the odd arrays, and scalars.

Odd is: rank 0, no elements, every order and stride, negative and zero strides, misaligned, read-only, overlapping;
NaN, infinities, -0.0, subnormals, the ends of the integers. Failures shrink towards short C-ordered arrays of zeros.
Raises ImportError with the remedy where Hypothesis is missing. Public by way of `eqsat.testing`.

>>> from hypothesis import given
>>> from eqsat.testing import arrays
>>> @given(arrays("float32", ndim=2))
... def test_transposing_twice_changes_nothing(a):
...     assert a.T.T.strides == a.strides
>>> test_transposing_twice_changes_nothing()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError("eqsat.testing.strategies needs Hypothesis: pip install eqsat[testing]") from error

_NAMES = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 complex64 complex128"
DTYPES = "".join(np.dtype(name).char for name in _NAMES.split())
"""The dtypes that eqsat compiles, by NumPy's characters (`q` or `l` is int64, by platform)."""

LAYOUTS = (
    "C",
    "F",
    "transposed",
    "strided",
    "reversed",
    "padded rows",
    "broadcast",
    "misaligned",
    "record field",
    "read-only",
    "mixed",
)


def dtypes(kinds: str = "biufc") -> SearchStrategy[np.dtype]:
    """Any dtype that eqsat compiles and whose `kind` is among `kinds`: bool, int, unsigned int, float, complex.

    >>> from hypothesis import find
    >>> find(dtypes("f"), lambda dtype: dtype.itemsize == 4)
    dtype('float32')
    """
    known = [np.dtype(character) for character in DTYPES]
    return st.sampled_from([dtype for dtype in known if dtype.kind in kinds])


def layouts() -> SearchStrategy[str]:
    """How an array lies in memory: any of `LAYOUTS`, for `arrays(layout=...)` and `place`.

    >>> from hypothesis import find
    >>> find(layouts(), lambda layout: layout != "C")
    'F'
    """
    return st.sampled_from(LAYOUTS)


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 5
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes of little arrays.

    >>> from hypothesis import find
    >>> find(shapes(min_dims=2), lambda shape: 0 not in shape)
    (1, 1)
    """
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


@cache
def size(name: str, least: int = 0, most: int = 5) -> SearchStrategy[int]:
    """A length with a name: the same wherever that name stands among the arguments of one call.

    In the `shape` of `arrays` the name alone will do, unless other bounds are wanted. One name has one pair of bounds.

    >>> from hypothesis import find, strategies as st
    >>> matrix, vector = find(st.tuples(arrays("f8", (3, size("k", 2, 9))), arrays("f8", size("k", 2, 9))), bool)
    >>> matrix.shape, vector.shape
    ((3, 2), (2,))
    """
    if not 0 <= least <= most:
        raise ValueError(f"size {name!r}: {least} to {most} is no range of lengths")
    return st.shared(st.integers(least, most), key=("eqsat.testing", name))


def lengths(longest: int = 20_000) -> SearchStrategy[int]:
    """Lengths at which NumPy's loops change their ways: vector widths, blocks of 8 and 128, buffers of 8192."""
    edges = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 136, 255, 256, 257, 1000, 1025, 8191, 8192]
    edges += [8193, 10_007, 16_384, 16_391]
    return st.sampled_from([edge for edge in edges if edge <= longest])


@st.composite
def broadcastable_shapes(
    draw: st.DrawFn, count: int = 2, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> tuple[tuple[int, ...], ...]:
    """`count` shapes that NumPy broadcasts together: leading axes left out, others of length one."""
    full = draw(shapes(0, max_dims, min_side, max_side))
    operands = []
    for _ in range(count):
        dropped = draw(st.integers(0, len(full)))
        ones = draw(st.lists(st.booleans(), min_size=len(full), max_size=len(full)))
        operands.append(tuple(1 if one else side for side, one in zip(full, ones, strict=True))[dropped:])
    return tuple(operands)


def specials(dtype: np.dtype) -> list[Any]:
    """The values of a dtype on which programs break, simplest first."""
    if dtype.kind == "b":
        return [False, True]
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        numbers = [0, 1, 2, 3, 7, info.max, info.max - 1, info.min, info.min + 1, info.max // 2]
        return [dtype.type(number) for number in numbers] + ([dtype.type(-1)] if dtype.kind == "i" else [])
    if dtype.kind == "f":
        info = np.finfo(dtype)
        numbers = [0.0, 1.0, -0.0, -1.0, 0.5, 2.0, 0.1, 1 / 3, 3.75, -7.25, np.pi, np.inf, -np.inf, np.nan]
        numbers += [info.max, info.min, info.tiny, info.smallest_subnormal, -info.smallest_subnormal, info.eps]
        return [dtype.type(number) for number in numbers]
    part = np.dtype(dtype.type(0).real.dtype)
    small = [0.0, 1.0, -0.0, -1.5, 0.1, np.inf, np.nan]
    return [dtype.type(complex(part.type(x), part.type(y))) for x in small for y in small]


def special_values(dtype: Any) -> SearchStrategy[Any]:
    """The values of a dtype on which programs break: ends of the range, -0.0, NaN, infinities, subnormals.

    >>> from hypothesis import find
    >>> find(special_values("int8"), lambda value: value < -1)
    np.int8(-128)
    """
    return st.sampled_from(specials(np.dtype(dtype)))


def values(dtype: Any, *, finite: bool = False) -> SearchStrategy[Any]:
    """Elements of a dtype: the special ones and any others. `finite`: numbers of moderate size, no NaN, no infinity."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return st.booleans()
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        if finite:
            return st.integers(0 if dtype.kind == "u" else -20, 20)
        return special_values(dtype) | st.integers(int(info.min), int(info.max))
    if dtype.kind == "f":
        if finite:
            return st.floats(-8, 8, width=_width(dtype), allow_subnormal=False)
        return special_values(dtype) | st.floats(width=_width(dtype))
    width = {8: 64, 16: 128}[dtype.itemsize]
    if finite:
        return st.complex_numbers(max_magnitude=8, width=width, allow_nan=False, allow_subnormal=False)  # type: ignore[arg-type]
    return special_values(dtype) | st.complex_numbers(width=width)  # type: ignore[arg-type]


def _width(dtype: np.dtype) -> Any:
    return 8 * dtype.itemsize


@st.composite
def arrays(
    draw: st.DrawFn,
    dtype: Any = None,
    shape: Any = None,
    layout: Any = None,
    *,
    ndim: int | None = None,
    elements: SearchStrategy[Any] | None = None,
    finite: bool = False,
) -> np.ndarray:
    """An array. `dtype`, `shape` and `layout` are values or strategies; by default any.

    `ndim` asks for a rank and leaves the shape free. A shape may hold names: axes of one name, also those of other
    arguments, have one length (see `size`); a single length or name is the shape of a vector. `finite`: numbers of
    moderate size, no NaN, no infinity. Up to eight different elements are drawn (from `elements`, or
    `values(dtype, finite=finite)`) and scattered over the array, so that long arrays cost no more than short ones and
    shrink as well.

    >>> from hypothesis import find, strategies as st
    >>> find(arrays("float64", ndim=2), lambda a: a.size == 1)
    array([[0.]])
    >>> pairs = st.tuples(arrays("int8", ("m", "n")), arrays("int8", "n"))
    >>> matrix, vector = find(pairs, lambda pair: pair[0].size == 1)
    >>> matrix @ vector
    array([0], dtype=int8)
    """
    if ndim is not None and shape is not None:
        raise TypeError("arrays() takes a shape or a rank (ndim=), not both")
    dtype = np.dtype(_drawn(draw, dtype if dtype is not None else dtypes()))
    free = shapes() if ndim is None else shapes(ndim, ndim)
    shape = _sides(draw, _drawn(draw, shape if shape is not None else free))
    layout = _drawn(draw, layout if layout is not None else layouts())
    count = int(np.prod(shape, dtype=int))
    source = elements if elements is not None else values(dtype, finite=finite)
    pool = np.array(draw(st.lists(source, min_size=1, max_size=max(min(count, 8), 1))), dtype)
    return place(_scattered(pool, count).reshape(shape), layout)


def _drawn(draw: st.DrawFn, value: Any) -> Any:
    return draw(value) if isinstance(value, SearchStrategy) else value


def _sides(draw: st.DrawFn, shape: Any) -> tuple[int, ...]:
    """The lengths of a shape that may hold names and strategies."""
    sides = (shape,) if isinstance(shape, int | str | SearchStrategy) else tuple(shape)
    return tuple(draw(size(side)) if isinstance(side, str) else _drawn(draw, side) for side in sides)


def _scattered(pool: np.ndarray, size: int) -> np.ndarray:
    """Without a period, else sums in different orders could agree by symmetry."""
    if size <= len(pool):
        return pool[:size].copy()
    mixed = np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return pool[(mixed >> np.uint64(33)) % np.uint64(len(pool))]


def place(array: np.ndarray, layout: str) -> np.ndarray:
    """The same elements (`broadcast` repeats some), laid out in memory as one of `LAYOUTS` says.

    >>> place(np.arange(3.0), "reversed").strides
    (-8,)
    """
    return _PLACES[layout](array)


def _in_larger(array: np.ndarray, steps: Sequence[int], extra: int = 0) -> np.ndarray:
    """A view with these steps into memory full of other numbers, which nobody may read."""
    if not array.ndim:
        return array
    sides = [abs(step) * length + extra for step, length in zip(steps, array.shape, strict=True)]
    large = np.full(sides, _poison(array.dtype), array.dtype)
    view = large[
        tuple(slice(None, abs(step) * length, abs(step)) for step, length in zip(steps, array.shape, strict=True))
    ]
    view = view[tuple(slice(None, None, -1 if step < 0 else 1) for step in steps)]
    view[...] = array
    return view


def _poison(dtype: np.dtype) -> Any:
    return dtype.type(True if dtype.kind == "b" else 113)


def _transposed(array: np.ndarray) -> np.ndarray:
    """Axes rotated by one in memory: neither C nor Fortran order from rank 3 on."""
    order = [*range(1, array.ndim), 0] if array.ndim else []
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order)) if order else array


def _broadcast(array: np.ndarray) -> np.ndarray:
    """The first axis has stride zero (and by NumPy's rule is read-only)."""
    return np.broadcast_to(array[:1].copy(), array.shape) if array.ndim and array.shape[0] else array


def _misaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = np.ndarray(array.shape, array.dtype, memory, 1)
    moved[...] = array
    return moved


def _record_field(array: np.ndarray) -> np.ndarray:
    """Of packed records, so that the strides are no multiples of the item size, and few elements are aligned."""
    records = np.zeros(array.shape, [("flag", "?"), ("value", array.dtype)])
    records["value"] = array
    return records["value"]


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


_PLACES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda array: array,
    "F": lambda array: array.copy(order="F"),
    "transposed": _transposed,
    "strided": lambda array: _in_larger(array, [2 + axis for axis in range(array.ndim)]),
    "reversed": lambda array: _in_larger(array, [-1] * array.ndim),
    "padded rows": lambda array: _in_larger(array, [1] * array.ndim, extra=3),
    "broadcast": _broadcast,
    "misaligned": _misaligned,
    "record field": _record_field,
    "read-only": _read_only,
    "mixed": lambda array: _in_larger(array, [(-1) ** axis * (1 + axis % 2) for axis in range(array.ndim)], extra=1),
}


@st.composite
def overlapping(
    draw: st.DrawFn, dtype: Any = None, count: int = 2, max_side: int = 8, **kwargs: Any
) -> list[np.ndarray]:
    """`count` one-dimensional views, of one length, of one piece of memory, in any direction."""
    length = draw(st.integers(1, max_side))
    base = draw(arrays(dtype, 2 * length + 3, "C", **kwargs))
    views = []
    for _ in range(count):
        step = draw(st.sampled_from([1, 2, -1, -2]))
        reach = abs(step) * (length - 1)
        low = draw(st.integers(0, len(base) - 1 - reach))
        start = low if step > 0 else low + reach
        views.append(base[start::step][:length])
    return views


@st.composite
def operands(
    draw: st.DrawFn, count: int = 2, dtype: Any = None, layout: Any = None, max_dims: int = 3, **kwargs: Any
) -> list[np.ndarray]:
    """Arrays that broadcast together, each of a dtype and layout of its own."""
    sides = draw(broadcastable_shapes(count, max_dims))
    return [draw(arrays(dtype, shape, layout, **kwargs)) for shape in sides]


def python_scalars(*, finite: bool = False) -> SearchStrategy[Any]:
    """Python's own bool, int (of 64 bits), float and complex numbers."""
    small = st.integers(-100, 100)
    integers = small if finite else small | st.integers(-(2**63), 2**63 - 1)
    reals = values("d", finite=finite).map(float)
    return st.booleans() | integers | reals | values("D", finite=finite).map(complex)


def numpy_scalars(dtype: Any = None, *, finite: bool = False) -> SearchStrategy[Any]:
    """NumPy's scalars, as indexing an array gives them."""
    chosen = dtype if isinstance(dtype, SearchStrategy) else st.just(np.dtype(dtype)) if dtype else dtypes()

    def scalars_of(kind: np.dtype) -> SearchStrategy[Any]:
        return values(kind, finite=finite).map(kind.type)

    return chosen.flatmap(scalars_of)


def scalars(*, finite: bool = False) -> SearchStrategy[Any]:
    """Any number, Python's or NumPy's."""
    return python_scalars(finite=finite) | numpy_scalars(finite=finite)
