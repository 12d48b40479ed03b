"""What there is to do in a call: the programs in it, and over how many elements they work.

By the number of elements the entry point decides whether to release the GIL. Loops, matrix products and work over sizes
that are computed on the way may take long: of these nothing is told. Called by `lowering.entry` and `lowering.compile`;
refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import prod

from eqsat.ir.dims import Arithmetic, Dim, Symbol, dim
from eqsat.ir.nodes import Node
from eqsat.ir.ops import CALLS
from eqsat.ir.program import Call, Fold, Program
from eqsat.ir.routine import For, If, Invoke, Labeled, Routine, Segment, Step, Steps, While
from eqsat.ir.types import Array
from lowering.windows import has_local

_LONG = CALLS
"""Library operations that do more than one thing for each element, or nobody knows how much."""


@dataclass(frozen=True, slots=True)
class Space:
    """So many elements: `known`, times the other lengths."""

    known: int
    lengths: tuple[Dim, ...] = ()

    @staticmethod
    def of(shape: Iterable[Dim]) -> Space:
        """The space of a shape."""
        lengths = tuple(shape)
        known = prod(length.const for length in lengths if length.is_const)
        return Space(known, tuple(length for length in lengths if not length.is_const))


def programs_of(work: Program | Routine) -> tuple[Program, ...]:
    """The programs in it, in order."""
    if isinstance(work, Program):
        return (work,)
    return tuple(step.program for step in _steps(work.steps) if isinstance(step, Segment))


def _steps(steps: Steps) -> Iterator[Step]:
    """Every step, outer before inner."""
    for step in steps:
        yield step
        match step:
            case If():
                yield from _steps((*step.then, *step.orelse))
            case For() | Labeled():
                yield from _steps(step.body)
            case While():
                yield from _steps((*step.head, *step.body))
            case _:
                pass


class _Unknown(Exception):
    """It cannot be told."""


def spaces_of(work: Program | Routine) -> tuple[Space, ...] | None:
    """The spaces that are walked over, or None if that cannot be told."""
    try:
        if isinstance(work, Program):
            return _of_program(work, lambda size: size)
        return tuple(space for step in _steps(work.steps) for space in _of_step(step))
    except _Unknown:
        return None


def _of_step(step: Step) -> tuple[Space, ...]:
    match step:
        case For() | While():
            raise _Unknown
        case Segment():
            return _of_program(step.program, lambda size: _known(_outside(size, step.inputs)))
        case Invoke(node):
            if node.op in _LONG:
                raise _Unknown
            types = (node.type, *(arg.type for arg in node.args))
            return tuple(Space.of(map(_known, type_.shape)) for type_ in types if isinstance(type_, Array))
        case _:
            return ()


def _of_program(program: Program, outside: Callable[[Dim], Dim]) -> tuple[Space, ...]:
    spaces: list[Space] = []
    for kernel in program.kernels:
        if isinstance(kernel.term, Call):
            raise _Unknown
        written = kernel.target.shape if kernel.window is None else kernel.window.shape
        walked = kernel.term.extents if isinstance(kernel.term, Fold) else written
        spaces.append(Space.of(map(outside, walked)))
    return tuple(spaces)


def _outside(size: Dim, inputs: tuple[Node | Dim, ...]) -> Dim:
    """A formula over the sizes of a segment's parameters, as one over those of the function."""

    def symbol(one: Symbol) -> Dim:
        match inputs[one.param]:
            case Dim() as given:
                return given
            case Node(type=Array(shape=shape)) if one.axis is not None:
                return shape[one.axis]
            case Node(op="dim", attr=Dim() as given):
                return given
            case Node(op="param", attr=int(param)):
                return dim(Symbol(param, None))
            case _:
                raise _Unknown

    return size.fold(dim, symbol, _FORMULAS)


_FORMULAS: Arithmetic[Dim] = Arithmetic(lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b.const)


def _known(size: Dim) -> Dim:
    if has_local([size]):
        raise _Unknown
    return size
