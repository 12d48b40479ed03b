"""The frame: the one block of 8-byte words through which an entry point hands a call to its kernels.

The entry point (`lowering.entry`) fills it from Python objects, the generated function `run(frame)` reads it and
writes results. Tests fill one by hand with ctypes. `run` returns a `Status`. Refuses nothing that a `Program` or a
`Routine` can hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from eqsat.ir.nodes import Node
from eqsat.ir.program import Buffer, Program
from eqsat.ir.region import Region
from eqsat.ir.routine import Routine
from eqsat.ir.types import Array, Scalar
from lowering.windows import window_of


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


@dataclass(frozen=True, slots=True)
class Pool:
    """Word: the list of the run's own memory (`lowering.pool`), 0 at the start."""


@dataclass(frozen=True, slots=True)
class Made:
    """Number `index` of `region.held_nodes()`, an array of which the run says where it is: `2 + 2 * ndim` words.

    Address of element 0, origin, `ndim` extents, `ndim` strides in bytes. Origin: 0 (`OWN`) for memory of the run's own
    pool, or of another result; `ITSELF + 2 * p` for array parameter `p`, the very object; `VIEW + 2 * p` for an array
    in its memory.
    """

    index: int
    ndim: int

    @property
    def size(self) -> int:
        return 2 + 2 * self.ndim


OWN, ITSELF, VIEW = 0, 2, 3

Slot = Data | Extent | Stride | Value | Result | Cell | Pool | Made


@dataclass(frozen=True, slots=True)
class Frame:
    """Which word holds what; `size` is in words."""

    offsets: dict[Slot, int]
    size: int

    @staticmethod
    def of(work: Program | Routine) -> Frame:
        """The frame of a program or a routine: parameters in order, then results."""
        offsets: dict[Slot, int] = {}
        at = 0
        results = _results(work) if isinstance(work, Program) else _of_routine(work)
        for slot in (*_params(work.region), *results):
            if slot not in offsets:
                offsets[slot] = at
                at += _words(slot)
        return Frame(offsets, at)


def _words(slot: Slot) -> int:
    match slot:
        case Value() | Cell():
            return 2
        case Made():
            return slot.size
        case _:
            return 1


def _params(region: Region) -> Iterator[Slot]:
    for number, param in enumerate(region.params):
        if isinstance(param.type, Array):
            yield Data(number)
            for axis in range(param.type.ndim):
                yield Extent(number, axis)
                yield Stride(number, axis)
        elif isinstance(param.type, Scalar):
            yield Value(number)


def _results(program: Program) -> Iterator[Slot]:
    for index, node in enumerate(program.region.result_nodes()):
        value = program.values.get(node)
        if isinstance(value, Buffer) and value.role == "param":
            continue
        if isinstance(value, Buffer) and value.shape:
            yield Result(value.name)
        else:
            yield Cell(index)


def _of_routine(routine: Routine) -> Iterator[Slot]:
    yield Pool()
    for _, slot in result_slots(routine):
        if slot is not None:
            yield slot


def result_slots(routine: Routine) -> Iterator[tuple[Node, Result | Made | Cell | None]]:
    """Where each result node of a routine and each base of one is found, once; parameters themselves are left out.

    None: a view of a parameter that the entry point makes without asking the run.
    """
    seen: set[Node] = set()
    for index, node in enumerate(routine.region.held_nodes()):
        if node in seen or node.op == "param":
            continue
        seen.add(node)
        if node in routine.direct:
            yield node, Result(f"direct{index}")
        elif not isinstance(node.type, Array):
            yield node, Cell(index)
        elif window_of(node) is not None:
            yield node, None
        else:
            yield node, Made(index, node.type.ndim)
