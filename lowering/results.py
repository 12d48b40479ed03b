"""What each result of a call is: a fresh array, a view, a number, the argument itself; decided before code is written.

What the region names twice is one object; two results that the optimizer found equal are two arrays all the same, as in
NumPy. Refuses nothing that a `Program` or a `Routine` can hold. Called by `lowering.entry`; `lowering.boxing` carries
it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eqsat.errors import InternalError
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.program import Buffer, Program
from eqsat.ir.region import Result, Same
from eqsat.ir.routine import Routine
from eqsat.ir.types import Array, DType, Scalar
from lowering import frame as frames
from lowering.windows import Window, window_of


@dataclass(frozen=True, slots=True)
class Fresh:
    """An array for `run` to fill: result buffer `name`."""

    name: str
    dtype: DType
    shape: tuple[Dim, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """A copy of created object number `of`."""

    of: int


@dataclass(frozen=True, slots=True)
class Boxed:
    """The number that `run` leaves in the cell of result node `index`, as a Python or NumPy scalar."""

    index: int
    type: Scalar


@dataclass(frozen=True, slots=True)
class Point:
    """The same as an array without axes."""

    index: int
    dtype: DType


@dataclass(frozen=True, slots=True)
class Sharing:
    """An array may be in the memory of created object number `of`, whose dtype is `dtype`.

    `same`: it may be that very object. `sure`: it is a view of it, where that object stands as it was made.
    """

    of: int
    dtype: DType
    same: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Made:
    """The array that `run` describes in `slot`. `shape` says no more than which axes have length one for certain.

    `within`: created objects in whose memory it may lie, and how; see `Sharing`.
    """

    slot: frames.Made
    dtype: DType
    shape: tuple[Dim, ...]
    order: tuple[int, ...]
    within: tuple[Sharing, ...]


Creation = Fresh | Again | Window | Boxed | Point | Made


@dataclass(frozen=True, slots=True)
class Created:
    """Created object number `index`."""

    index: int


@dataclass(frozen=True, slots=True)
class Given:
    """The argument itself."""

    param: int


Place = Created | Given | Same | tuple["Place", ...]
"""The structure of what is returned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to create, and how to put it together. All `Fresh` come first.

    What is not put anywhere is the base of what is, and held by it alone.
    """

    creations: tuple[Creation, ...]
    place: Place


def plan(work: Program | Routine, frame: frames.Frame) -> Plan:
    """Decide what each result is."""
    creations = _of_routine(work) if isinstance(work, Routine) else _of_program(work, frame)
    numbers = {node: position for position, node in enumerate(creations)}
    return Plan(tuple(creations.values()), _place(work.region.result, numbers))


def _of_program(program: Program, frame: frames.Frame) -> dict[Node, Creation]:
    fresh: dict[Node, Creation] = {}
    others: dict[Node, Creation] = {}
    filled: dict[str, int] = {}
    cells: dict[Buffer, int] = {}
    for index, node in enumerate(program.region.result_nodes()):
        if node in fresh or node in others or node.op == "param":
            continue
        value, window = program.values.get(node), window_of(node)
        if window is not None:
            others[node] = window
        elif isinstance(value, Buffer) and value.shape:
            if value.role == "param":
                raise InternalError("a result is said to be a parameter, and is no view of one", node.span)
            if value.name in filled:
                others[node] = Again(filled[value.name])
            else:
                filled[value.name] = len(fresh)
                fresh[node] = Fresh(value.name, value.dtype, value.shape, value.order)
        else:
            cell = cells.setdefault(value, index) if isinstance(value, Buffer) else index
            match node.type:
                case Scalar():
                    others[node] = Boxed(cell, node.type)
                case _:
                    others[node] = Point(cell, _array_type(node).dtype)
    for slot in frame.offsets:
        if isinstance(slot, frames.Result) and slot.name not in filled:
            raise InternalError(f"nobody returns {slot.name}: its node is a view of a parameter", program.region.span)
    return fresh | others


def _of_routine(routine: Routine) -> dict[Node, Creation]:
    """Views of arrays that are results themselves come after those."""
    fresh: dict[Node, Creation] = {}
    made: dict[Node, frames.Made] = {}
    others: dict[Node, Creation] = {}
    for node, slot in frames.result_slots(routine):
        match slot, node.type:
            case frames.Result(name), Array():
                fresh[node] = Fresh(name, node.type.dtype, node.type.shape, node.type.layout.order)
            case frames.Made(), _:
                made[node] = slot
            case frames.Cell(index), Scalar():
                others[node] = Boxed(index, node.type)
            case _:
                window = window_of(node)
                if window is None:
                    raise InternalError("nobody knows where a result is", node.span, have=f"node: {node!r}")
                others[node] = window
    created = list(fresh)
    arrays: dict[Node, Creation] = {}
    for node in sorted(made, key=lambda node: node.op in IN_PLACE):
        type_ = _array_type(node)
        within = tuple(
            Sharing(number, _array_type(other).dtype, _may_be(node, other), _root(node) is other)
            for number, other in enumerate(created)
            if _may_share(node, other)
        )
        arrays[node] = Made(made[node], type_.dtype, type_.shape, type_.layout.order, within)
        created.append(node)
    return fresh | arrays | others


def _may_share(one: Node, other: Node) -> bool:
    """Whether two arrays may be in the same memory: what was made at two places is not."""
    first, second = _root(one), _root(other)
    return first is second or "read" in (first.op, second.op)


def _may_be(one: Node, other: Node) -> bool:
    """Whether two names may stand for one object. A view is an object of its own."""
    return one.op not in IN_PLACE and other.op not in IN_PLACE


def _root(node: Node) -> Node:
    while node.op in IN_PLACE:
        node = node.args[0]
    return node


def _place(result: Result, numbers: dict[Node, int]) -> Place:
    if isinstance(result, Same):
        return result
    if isinstance(result, Node):
        if result in numbers:
            return Created(numbers[result])
        assert isinstance(result.attr, int)
        return Given(result.attr)
    return tuple(_place(item, numbers) for item in result.items)


def memory_order(shape: tuple[Dim, ...], order: tuple[int, ...]) -> Literal["C", "F"] | None:
    """The name that NumPy has for the order of a fresh array's axes, if it has one.

    Axes of length one have strides that mean nothing, but they show: NumPy's C and F order settle them.
    """
    walked = [axis for axis in order if shape[axis] != ONE]
    if walked == sorted(walked):
        return "C"
    return "F" if walked == sorted(walked, reverse=True) else None


def _array_type(node: Node) -> Array:
    assert isinstance(node.type, Array)
    return node.type
