"""The frame: the one block of 8-byte words through which an entry point hands a call to its kernels.

The entry point (`lowering.entry`) fills it from Python objects, the generated function `run(frame)` reads it and
writes results. Tests fill one by hand with ctypes. `run` returns a `Status`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from eqsat.ir.program import Buffer, Program
from eqsat.ir.types import Array, Scalar


class Status(IntEnum):
    """What `run` returns."""

    OK = 0
    CHECK_FAILED = 1
    """A check of the region is false: the undecorated function must run (and raise)."""
    NO_MEMORY = 2


@dataclass(frozen=True, slots=True)
class Data:
    """Word: address of element 0 of array parameter `param`."""

    param: int


@dataclass(frozen=True, slots=True)
class Extent:
    """Word: length of `axis` of array parameter `param`, an int64."""

    param: int
    axis: int


@dataclass(frozen=True, slots=True)
class Stride:
    """Word: bytes between neighbours along `axis` of array parameter `param`, an int64."""

    param: int
    axis: int


@dataclass(frozen=True, slots=True)
class Value:
    """Two words: the value of scalar parameter `param`, in its dtype's own memory format."""

    param: int


@dataclass(frozen=True, slots=True)
class Result:
    """Word: address of the memory that the entry point allocated for result buffer `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Two words: where `run` writes result node number `index` (of `region.result_nodes()`) if it has rank 0."""

    index: int


Slot = Data | Extent | Stride | Value | Result | Cell


@dataclass(frozen=True, slots=True)
class Frame:
    """Which word holds what; `size` is in words."""

    offsets: dict[Slot, int]
    size: int

    @staticmethod
    def of(program: Program) -> Frame:
        """The frame of a program: parameters in order, then results."""
        offsets: dict[Slot, int] = {}
        at = 0
        for slot in _slots(program):
            if slot not in offsets:
                offsets[slot] = at
                at += 2 if isinstance(slot, Value | Cell) else 1
        return Frame(offsets, at)


def _slots(program: Program) -> Iterator[Slot]:
    for number, param in enumerate(program.region.params):
        if isinstance(param.type, Array):
            yield Data(number)
            for axis in range(param.type.ndim):
                yield Extent(number, axis)
                yield Stride(number, axis)
        elif isinstance(param.type, Scalar):
            yield Value(number)
    for index, node in enumerate(program.region.result_nodes()):
        value = program.values.get(node)
        if isinstance(value, Buffer) and value.role == "param":
            continue
        if isinstance(value, Buffer) and value.shape:
            yield Result(value.name)
        else:
            yield Cell(index)
