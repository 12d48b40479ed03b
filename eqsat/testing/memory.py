"""Copies of arrays that lie in memory as the originals: strides, alignment, overlaps, bases, read-only flags.

Called by `compare`, so that a function that writes into its arguments can be run twice on equal ones, and so that
what it writes beside them is noticed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

_PAGE = 64
"""Addresses are kept modulo a cache line: more than any alignment that matters."""

_UNTOUCHED = 0xA5
"""What stands around copies that do not own their memory."""


def clones(values: Sequence[Any]) -> list[Any]:
    """Each exact `np.ndarray` copied, everything else as it is.

    What overlapped still overlaps, what was one is one, what were views of one array are views of one copy. An array
    that owns its memory becomes one that owns its memory.
    """
    arrays = {id(value): value for value in values if _is_copied(value)}
    copied: dict[int, np.ndarray] = {}
    for group in together(list(arrays.values())):
        low = min(byte_bounds(array)[0] for array in group)
        high = max(byte_bounds(array)[1] for array in group)
        owner = next((array for array in group if array.base is None and byte_bounds(array) == (low, high)), None)
        twin = None if owner is None else _twin(owner)
        if owner is None or twin is None:
            memory = _aligned_like(low, high - low)
            ctypes.memmove(memory.ctypes.data, low, high - low)
        else:
            memory = copied[id(owner)] = twin
        for array in group:
            if id(array) not in copied:
                offset = array.__array_interface__["data"][0] - low
                copied[id(array)] = np.ndarray(array.shape, array.dtype, memory, max(offset, 0), array.strides)
        for array in group:
            copied[id(array)].flags.writeable = array.flags.writeable
    return [copied.get(id(value), value) for value in values]


def surroundings(copies: Sequence[Any]) -> list[np.ndarray]:
    """The bytes around and between the elements of what `clones` made, for every piece of memory in turn."""
    pieces: dict[int, np.ndarray] = {}
    covered: dict[int, np.ndarray] = {}
    for array in copies:
        block = array.base if _is_copied(array) else None
        if not isinstance(block, np.ndarray) or block.dtype != np.uint8 or block.ndim != 1:
            continue
        pieces[id(block)] = block
        mask = covered.setdefault(id(block), np.zeros(block.size, bool))
        if array.size:
            offset = array.__array_interface__["data"][0] - block.ctypes.data
            element = (*array.shape, array.itemsize)
            np.ndarray(element, bool, mask, offset, (*array.strides, 1))[...] = True
    return [_beside(block, covered[key]) for key, block in pieces.items()]


def _beside(block: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """The uncovered bytes from a cache line before the first covered one to a cache line after the last."""
    inside = np.flatnonzero(covered)
    if not inside.size:
        return block[:0]
    reach = slice(inside[0] - _PAGE, inside[-1] + 1 + _PAGE)
    return block[reach][~covered[reach]]


def _is_copied(value: object) -> bool:
    return type(value) is np.ndarray and value.dtype.kind != "O"


def together(arrays: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Groups of arrays that share a base or whose spans of memory meet; all in one group lie in one allocation."""
    groups: list[list[np.ndarray]] = []
    for array in arrays:
        joined = [group for group in groups if any(_belong(array, other) for other in group)]
        groups = [group for group in groups if not any(group is other for other in joined)]
        groups.append([array, *(other for group in joined for other in group)])
    return groups


def _belong(one: np.ndarray, other: np.ndarray) -> bool:
    if one.base is other or other.base is one or (one.base is not None and one.base is other.base):
        return True
    (low, high), (begin, end) = byte_bounds(one), byte_bounds(other)
    return max(low, begin) < min(high, end)


def _twin(owner: np.ndarray) -> np.ndarray | None:
    """An equal array that owns its memory, or None where NumPy would lay it out in another way."""
    twin = np.empty_like(owner)
    if twin.strides != owner.strides:
        return None
    twin[...] = owner
    return twin


def _aligned_like(address: int, size: int) -> np.ndarray:
    """Part of a block whose other bytes hold `_UNTOUCHED`."""
    block = np.full(size + 3 * _PAGE, _UNTOUCHED, np.uint8)
    start = _PAGE + (address - block.ctypes.data - _PAGE) % _PAGE
    return block[start : start + max(size, 1)]
