"""Functions that generated code calls: of the C library, and such as are written once for each module.

Both are declared free of side effects, so that LLVM merges calls with equal arguments: an operation and the check
beside it share one. Floating-point flags do not count as effects here, since Python's mathematics takes no notice of
them. Called by `lowering.mathematics` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from lowering.flags import declare
from lowering.values import F64, Builder, Value

Body = Callable[[Builder, Sequence[Value]], None]
"""Writes a function, whose builder stands in its first block, for these arguments; ends with `ret`."""


def call_c(b: Builder, name: str, *args: Value, result: ir.Type = F64) -> Value:
    """Call the C library's function, under a name that LLVM does not know."""
    function = declare(b.module, f"c.{name}", result, [arg.type for arg in args])
    _without_effects(function)
    return b.call(function, args)


def call_own(b: Builder, name: str, result: ir.Type, args: Sequence[Value], write: Body) -> Value:
    """Call a function of the module, which is written at its first call."""
    full = f"eqsat.{name}"
    function = b.module.globals.get(full)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(result, [arg.type for arg in args]), full)
        function.linkage = "internal"
        _without_effects(function)
        write(ir.IRBuilder(function.append_basic_block("entry")), function.args)
    return b.call(function, args)


def _without_effects(function: ir.Function) -> None:
    for word in ("memory(none)", "nounwind", "willreturn"):
        set.add(function.attributes, word)  # llvmlite's own `add` does not know the first
