"""The code generator's front door: a `Program` or a `Routine` in, loaded machine code with its entry point out.

Called through `eqsat.compose` by the pipeline. Refuses what `lowering.kernels`, `lowering.routine` and
`lowering.entry` refuse.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from llvmlite import ir

from eqsat.ir.program import Program
from eqsat.ir.routine import Routine
from lowering import engine, made, pool, python_api, shared
from lowering.entry import ENTRY, NEXT, emit_entry
from lowering.frame import Frame
from lowering.freedom import choose_quotients
from lowering.kernels import emit_run
from lowering.loops import show
from lowering.nests import nests_of
from lowering.outline import outline
from lowering.routine import emit_routine
from lowering.symbols import address_of

Work = TypeVar("Work", Program, Routine)


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """Loaded machine code of one specialization, and the objects that it names.

    It must live as long as any thread can call it; its dispatcher keeps it.
    """

    program: Program | Routine
    loaded: engine.Loaded
    objects: Mapping[str, object]

    @property
    def entry(self) -> int:
        """The address of the entry point, a `vectorcallfunc`."""
        return self.loaded.address(ENTRY)

    def set_next(self, address: int) -> None:
        """Where a call goes that this code does not accept; 0: to the instance's `_miss` in Python."""
        ctypes.c_size_t.from_address(self.loaded.address(NEXT)).value = address

    @property
    def loops(self) -> str:
        """The loop nests, as text."""
        return outline(self.program) if isinstance(self.program, Routine) else show(nests_of(self.program))

    @property
    def llvm(self) -> str:
        """The optimized LLVM IR."""
        return self.loaded.llvm

    def asm(self) -> str:
        """The machine code, as text."""
        return self.loaded.asm()


def compile(work: Program | Routine) -> Native:
    """Generate, compile and load the code of a program or a routine."""
    if isinstance(work, Routine):
        return assemble(work, emit_routine, address_of)
    return assemble(work, emit_run, address_of)


def assemble(
    work: Work,
    write_run: Callable[[Work, ir.Module], ir.Function],
    find: Callable[[str], int | None],
) -> Native:
    """Put an entry point around the function that `write_run` writes, and load both; `find` knows what that names."""
    module = ir.Module(work.region.name)
    scalar = ir.Module(work.region.name) if isinstance(work, Routine) else None
    run = write_run(work, module if scalar is None else scalar)
    choose_quotients(run, work.region.flags)
    if scalar is None:
        run.linkage = "internal"
    else:
        run = ir.Function(module, run.function_type, run.name)
    entry = emit_entry(work, run, module, Frame.of(work))
    ours = python_api.addresses() | shared.addresses() | {name: id(value) for name, value in entry.objects.items()}
    loaded = engine.load(module, lambda name: ours.get(name) or _of_routines(name) or find(name), scalar)
    return Native(work, loaded, entry.objects)


def _of_routines(name: str) -> int | None:
    """The address of what is loaded when the first routine needs it."""
    if name in pool.SIGNATURES:
        return pool.addresses()[name]
    return made.addresses()[name] if name in made.SIGNATURES else None
