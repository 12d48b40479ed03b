"""The code generator's front door: a `Program` in, loaded machine code with its entry point out.

Called through `eqsat.compose` by the pipeline. Refuses what `lowering.kernels` and `lowering.entry` refuse.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llvmlite import ir

from eqsat.ir.program import Program
from lowering import engine, kernels, nests, python_api, symbols
from lowering.entry import ENTRY, NEXT, emit_entry
from lowering.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """Loaded machine code of one specialization, and the objects that it names.

    It must live as long as any thread can call it; its dispatcher keeps it.
    """

    program: Program
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
        return nests.show(nests.nests_of(self.program))

    @property
    def llvm(self) -> str:
        """The optimized LLVM IR."""
        return self.loaded.llvm

    def asm(self) -> str:
        """The machine code, as text."""
        return self.loaded.asm()


def compile(program: Program) -> Native:
    """Generate, compile and load the code of a program."""
    return assemble(program, kernels.emit_run, symbols.resolve)


def assemble(
    program: Program,
    emit_run: Callable[[Program, ir.Module], ir.Function],
    resolve: Callable[[str], int | None],
) -> Native:
    """Put an entry point around the function that `emit_run` writes, and load both."""
    module = ir.Module(program.region.name)
    run = emit_run(program, module)
    run.linkage = "internal"
    entry = emit_entry(program, run, module, Frame.of(program))
    ours = python_api.addresses() | {name: id(value) for name, value in entry.objects.items()}
    loaded = engine.load(module, lambda name: ours.get(name) or resolve(name))
    return Native(program, loaded, entry.objects)
