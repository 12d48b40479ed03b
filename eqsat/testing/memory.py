"""Copies of arrays that lie in memory as the originals: strides, alignment, overlaps, read-only flags.

Called by `compare`, so that a function that writes into its arguments can be run twice on equal ones.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

_PAGE = 64
"""Addresses are kept modulo a cache line: more than any alignment that matters."""


def clones(values: Sequence[Any]) -> list[Any]:
    """Each exact `np.ndarray` copied, everything else as it is; what overlapped still overlaps, what was one is one."""
    arrays = {id(value): value for value in values if type(value) is np.ndarray and value.dtype.kind != "O"}
    copied: dict[int, np.ndarray] = {}
    for group in _overlapping(list(arrays.values())):
        low = min(byte_bounds(array)[0] for array in group)
        high = max(byte_bounds(array)[1] for array in group)
        memory = _aligned_like(low, high - low)
        ctypes.memmove(memory.ctypes.data, low, high - low)
        for array in group:
            offset = array.__array_interface__["data"][0] - low
            copy = np.ndarray(array.shape, array.dtype, memory, max(offset, 0), array.strides)
            copy.flags.writeable = array.flags.writeable
            copied[id(array)] = copy
    return [copied.get(id(value), value) for value in values]


def _overlapping(arrays: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Groups of arrays whose spans of memory meet; all in one group lie in one allocation."""
    groups: list[list[np.ndarray]] = []
    end = -1
    for array in sorted(arrays, key=byte_bounds):
        low, high = byte_bounds(array)
        if groups and low < end:
            groups[-1].append(array)
        else:
            groups.append([array])
        end = max(end, high)
    return groups


def _aligned_like(address: int, size: int) -> np.ndarray:
    block = np.zeros(size + 2 * _PAGE, np.uint8)
    start = (address - block.ctypes.data) % _PAGE
    return block[start : start + max(size, 1)]
