"""From a function and the arguments of one call to a specialization: every stage, in order, with its time.

Called by the dispatcher when no compiled specialization accepts a call. The stages that live in other packages
(NumPy's API, the code generator) come in as `Stages`, put together in `eqsat.compose`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from types import FunctionType
from typing import Protocol

import numpy as np

from eqsat.egraph.optimize import Report, optimize
from eqsat.frontend.arguments import is_writeable, memory_of, sizes_of, strides_of, type_of
from eqsat.frontend.library import Library
from eqsat.frontend.translate import translate
from eqsat.ir.body import Block, Body, Check
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import next_serial
from eqsat.ir.program import Call, Program
from eqsat.ir.region import Region
from eqsat.ir.routine import Routine
from eqsat.ir.types import Type
from eqsat.ir.verifier import verify
from eqsat.options import DEFAULT, Options
from eqsat.plugins import installed
from eqsat.rules.api import RuleBook
from eqsat.rules.book import granted
from eqsat.schedule.planner import plan


class Native(Protocol):
    """Loaded machine code of one specialization."""

    @property
    def entry(self) -> int:
        """Address of the vectorcall entry point."""
        ...

    def set_next(self, address: int) -> None:
        """Where a call goes that this specialization does not accept."""
        ...

    @property
    def loops(self) -> str:
        """The loop nests, as text."""
        ...

    @property
    def llvm(self) -> str:
        """The optimized LLVM IR."""
        ...

    def asm(self) -> str:
        """The assembly."""
        ...


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of the pipeline that `eqsat` itself does not name."""

    library: Library
    lower: Callable[[Program | Routine], Native]


@dataclass(frozen=True, slots=True, eq=False)
class Specialization:
    """One compiled version of a function, for argument types, a set of guards and what its globals were.

    `reports`: what the optimizer did, for each stretch of array work in order, with the rules of `book`, at `sizes`.
    `milliseconds` says where the compile time went, by stage.
    """

    types: tuple[Type, ...]
    region: Region
    work: Program | Routine
    reports: tuple[Report, ...]
    native: Native
    milliseconds: dict[str, float]
    book: RuleBook
    sizes: Mapping[Symbol, int]

    @property
    def signature(self) -> str:
        """The types of the arguments, as text."""
        return f"({', '.join(map(str, self.types))})"


def specialize(
    function: FunctionType, arguments: tuple[object, ...], stages: Stages, options: Options = DEFAULT
) -> Specialization:
    """Compile `function` for `arguments`, as `options` say.

    Raises `PythonRaises` where NumPy or Python would raise for them, and the errors of `eqsat.errors` for what is
    not supported.
    """
    clock = _Clock()
    names = function.__code__.co_varnames
    types = tuple(type_of(argument, position, names[position]) for position, argument in enumerate(arguments))
    sizes = sizes_of(arguments)
    readonly = frozenset(
        position
        for position, argument in enumerate(arguments)
        if isinstance(argument, np.ndarray) and not is_writeable(argument)
    )
    region = translate(
        function,
        types,
        sizes,
        stages.library,
        readonly,
        strides=strides_of(arguments),
        memory=memory_of(arguments),
        objects={position: id(argument) for position, argument in enumerate(arguments)},
        boundscheck=options.boundscheck,
    )
    region = replace(region, flags=options.flags)
    sizes |= sizes_of([param.captured for param in region.params[len(arguments) :]], len(arguments))
    sizes |= region.estimates
    if os.environ.get("EQSAT_CHECK") == "1":
        verify(region, sizes)
    clock.lap("types and IR")
    book = book_for(options)
    work, reports = _optimized(region, sizes, book)
    clock.lap("e-graph")
    native = stages.lower(work)
    clock.lap("code generation")
    return Specialization(types, work.region, work, reports, native, clock.laps, book, sizes)


def book_for(options: Options) -> RuleBook:
    """The rules that a function is compiled with: ours, those of plug-ins, and the user's, as the flags permit.

    Rules that are not ours are checked first, as `options.verify` says; raises RuleError for one that does not hold.
    """
    own = installed() + options.rules
    if len(own):
        from eqsat.rules.checked import checked

        checked(own.granted(options.flags), options.verify)
    return _granted(own, options.flags)


@functools.lru_cache(maxsize=64)
def _granted(own: RuleBook, flags: frozenset[str]) -> RuleBook:
    """One object for equal books, since e-graphs are kept by book."""
    return granted(flags) + own.granted(flags)


def _optimized(
    region: Region, sizes: Mapping[Symbol, int], book: RuleBook
) -> tuple[Program | Routine, tuple[Report, ...]]:
    if region.body is None:
        optimized = optimize(region, sizes, book)
        if not any(isinstance(kernel.term, Call) for kernel in optimized.program.kernels):
            return optimized.program, (optimized.report,)
        region = _in_order(region)  # a rule brought a library operation in, which routines run
    planned = plan(region, sizes, book)
    return planned.routine, tuple(planned.reports.values())


def _in_order(region: Region) -> Region:
    """The region as a function in order, whose checks are statements."""
    checks = tuple(map(Check, region.checks))
    return replace(region, checks=(), body=Body(Block(checks, 0, next_serial()), {}))


class _Clock:
    """Wall-clock milliseconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = (now - self._last) * 1e3
        self._last = now
