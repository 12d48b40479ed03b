"""Floating-point flags that generated code raises itself, where NumPy's C code calls `npy_set_floatstatus_...`.

The numbers are those of this platform's <fenv.h>. Called by `lowering.half`, `lowering.python_ops` and
`lowering.evaluate`.
"""

from __future__ import annotations

import platform

from llvmlite import ir

from lowering.values import I32, Builder, Value, lanes_of

_X86 = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
INVALID, DIVIDE, OVERFLOW, UNDERFLOW = (1, 4, 8, 16) if _X86 else (1, 2, 4, 8)
ALL = INVALID | DIVIDE | OVERFLOW | UNDERFLOW


def declare(module: ir.Module, name: str, result: ir.Type, arguments: list[ir.Type]) -> ir.Function:
    """The declaration of a C function, made once for each module."""
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(result, arguments), name)


def raise_flag_if_any(b: Builder, condition: Value, flag: int) -> None:
    """Raise a flag if the condition holds in any lane; expected to be rare."""
    lanes = lanes_of(condition)
    if lanes > 1:
        whole = ir.IntType(lanes)
        condition = b.icmp_unsigned("!=", b.bitcast(condition, whole), whole(0))
    with b.if_then(condition, likely=False):
        raise_flags(b, I32(flag))


def raise_flags(b: Builder, flags: Value) -> None:
    """Raise these flags."""
    b.call(declare(b.module, "feraiseexcept", I32, [I32]), [flags])


def test_flags(b: Builder) -> Value:
    """The flags that are up."""
    return b.call(declare(b.module, "fetestexcept", I32, [I32]), [I32(ALL)])
