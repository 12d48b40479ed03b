"""From LLVM IR to machine code in memory: target machine, passes, and one ORC JIT for the process.

Refuses modules that name a symbol which nobody supplied, by name. The only module that imports
`llvmlite.binding`; called by `lowering.compile` and by tests.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import llvmlite.binding as llvm

from eqsat.errors import InternalError
from lowering.quiet import with_quiet_comparisons

_LOCK = threading.RLock()
_NUMBERS = itertools.count(1)
_LOADED: dict[int, llvm.ResourceTracker] = {}
"""What is loaded, by number. The garbage collector never frees code, because a thread may be running in it."""

Resolve = Mapping[str, int] | Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor that code is generated for; `vector_bytes` is the width of its widest registers."""

    triple: str
    cpu: str
    features: str
    vector_bytes: int

    @property
    def wide(self) -> bool:
        """Whether functions need `prefer-vector-width=512`, without which LLVM stays at 256 bits."""
        return self.vector_bytes == 64


@functools.cache
def machine() -> Machine:
    """This machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    return Machine(
        llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten(), vector_bytes_of(dict(features))
    )


def vector_bytes_of(features: Mapping[str, bool]) -> int:
    """The width of the widest vector registers, in bytes; 16 (SSE2, NEON) if the features name none."""
    if all(features.get(name) for name in ("avx512f", "avx512dq", "avx512bw", "avx512vl")):
        return 64
    return 32 if features.get("avx2") else 16


@dataclass(frozen=True, slots=True)
class _Tools:
    machine: llvm.TargetMachine
    hasty: llvm.TargetMachine
    jit: llvm.LLJIT
    layout: str


@functools.cache
def _tools() -> _Tools:
    here = machine()
    if here.triple.startswith(("x86_64", "i686")):
        # Intel's processors from Skylake to Cascade Lake keep no decoded instructions of lines in which a jump touches
        # a boundary of 32 bytes (the erratum on conditional jumps): short loops take up to 1.4 times as long there.
        llvm.set_option("", "-x86-branches-within-32B-boundaries")
    target = llvm.Target.from_triple(here.triple)
    # The large code model: NumPy's loops and libm lie further away than a 32-bit displacement reaches.
    made, own, hasty = (
        target.create_target_machine(here.cpu, here.features, opt=effort, codemodel="large", jit=True)
        for effort in (2, 2, 0)
    )
    return _Tools(made, hasty, llvm.create_lljit_compiler(own, use_jit_link=True), str(made.target_data))


class Loaded:
    """Machine code in memory. It stays until `unload`, even if this object is dropped."""

    __slots__ = ("_addresses", "_number", "llvm")

    def __init__(self, number: int, addresses: dict[str, int], text: str) -> None:
        self._number, self._addresses, self.llvm = number, addresses, text

    def address(self, name: str) -> int:
        """Where the external function or variable `name` of the module lies."""
        return self._addresses[name]

    def asm(self) -> str:
        """The machine code as text; generated again from the IR, since nobody asks in ordinary use."""
        with _LOCK:
            return _tools().machine.emit_assembly(llvm.parse_assembly(self.llvm))

    def unload(self) -> None:
        """Free the code. The caller knows that no thread runs in it, nor ever will."""
        with _LOCK:
            tracker = _LOADED.pop(self._number, None)
            if tracker is not None:
                tracker.close()


def load(module: object, symbols: Resolve, scalar: object | None = None) -> Loaded:
    """Optimize, compile and link a module (`llvmlite.ir.Module` or its text).

    `symbols` gives the addresses of the functions and variables that the module declares without defining: a mapping,
    or a function that returns None for what it does not know. `scalar`: a module that `module` may name functions of,
    to be optimized with all of LLVM's passes, which code needs that is not made of our own vector loops. Then `module`
    has no loops, and is compiled in the shortest time: it would take as long as the other one, to gain nanoseconds.
    """
    find = symbols.get if isinstance(symbols, Mapping) else symbols
    with _LOCK:
        tools = _tools()
        parsed = _parse(str(module))
        _few_passes(parsed, tools.machine)
        images: list[bytes] = []
        if scalar is None:
            images.append(tools.machine.emit_object(parsed))
        else:
            images.append(tools.hasty.emit_object(parsed))
            whole = _thorough(_parse(str(scalar)), tools.machine)
            images.append(tools.machine.emit_object(whole))
            parsed.link_in(whole)
        number = next(_NUMBERS)
        builder = llvm.JITLibraryBuilder()
        exported = _link_names(parsed, find, builder)
        text = str(parsed)
        for name in exported:
            builder.export_symbol(name)
        for image in images:
            builder.add_object_img(image)
        try:
            tracker = builder.link(tools.jit, f"eqsat{number}")
        except RuntimeError as error:
            raise InternalError("generated code does not link", have=str(error)) from error
        _LOADED[number] = tracker
    return Loaded(number, {name: tracker[name] for name in exported}, text)


def _parse(text: str) -> llvm.ModuleRef:
    parsed = llvm.parse_assembly(text)
    parsed.triple, parsed.data_layout = machine().triple, _tools().layout
    if os.environ.get("EQSAT_CHECK") == "1":
        parsed.verify()
    return parsed


def _link_names(
    parsed: llvm.ModuleRef, find: Callable[[str], int | None], builder: llvm.JITLibraryBuilder
) -> list[str]:
    """Import what the module declares; return what it defines for others to see."""
    exported: list[str] = []
    for value in itertools.chain(parsed.functions, parsed.global_variables):
        name = value.name
        if name.startswith("llvm."):
            continue
        if not value.is_declaration:
            if value.linkage.name == "external":
                exported.append(name)
            continue
        address = find(name)
        if address is None:
            raise InternalError(f"generated code names {name!r}, whose address nobody knows")
        builder.import_symbol(name, address)
    for name in CODEGEN_CALLS:
        address = find(name)
        if address is not None:
            builder.import_symbol(name, address)
    return exported


CODEGEN_CALLS = ("memcpy", "memset", "memmove", "fma", "fmaf")
"""What LLVM's code generator calls on its own, without a declaration in the module."""


def _thorough(parsed: llvm.ModuleRef, target: llvm.TargetMachine) -> llvm.ModuleRef:
    """The module after all of LLVM's passes."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_unrolling = options.loop_interleaving = True
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(parsed, builder)
    return _parse(with_quiet_comparisons(str(parsed)))


def _few_passes(parsed: llvm.ModuleRef, target: llvm.TargetMachine) -> None:
    """The few passes that pay: our vector loops need no vectorizer, only common subexpressions found."""
    passes = llvm.create_new_function_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=1))
    for function in parsed.functions:
        if not function.is_declaration:
            passes.run(function, builder)
