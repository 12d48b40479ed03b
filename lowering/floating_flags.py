"""The processor's floating-point status flags around a run, and what `np.errstate` wants done about them.

Like NumPy's ufuncs: flags are cleared before the work and read after it. In ordinary use that is two reads of the
status register; writing it is slow and rarely needed. `FLAGS` are numbered as in the x86 register, on every
processor: 1 invalid, 4 divide by zero, 8 overflow, 16 underflow. Inexact results are no event.

Refuses processors other than x86-64 and AArch64. Called by `lowering.entry`.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import reduce

from llvmlite import ir

from eqsat.errors import UnsupportedError
from lowering import python_api
from lowering.writer import BIT, INT32, NULL, POINTER, Writer, number

FLAGS = 1 | 4 | 8 | 16


@dataclass(frozen=True, slots=True)
class StatusRegister:
    """A register that holds the flags: `events` are those that count, `all_flags` everything that is sticky.

    `shifted`: the flags without denormal operands, which x86 has between the first two.
    """

    read: str
    write: str
    width: int
    events: int
    all_flags: int
    in_memory: bool
    shifted: bool


_X86 = StatusRegister("llvm.x86.sse.stmxcsr", "llvm.x86.sse.ldmxcsr", 32, 0x1D, 0x3F, in_memory=True, shifted=False)
_ARM = StatusRegister("llvm.aarch64.get.fpsr", "llvm.aarch64.set.fpsr", 64, 0x0F, 0x9F, in_memory=False, shifted=True)
REGISTERS: dict[str, StatusRegister] = {"x86_64": _X86, "amd64": _X86, "aarch64": _ARM, "arm64": _ARM}
"""By `platform.machine()`, in lower case."""


def register() -> StatusRegister:
    """This machine's."""
    machine = platform.machine().lower()
    if machine not in REGISTERS:
        raise UnsupportedError(f"eqsat does not know the floating-point flags of {machine!r} processors")
    return REGISTERS[machine]


def clear(writer: Writer, status: StatusRegister) -> None:
    """Before the work: no event has come up yet."""
    _read_and_clear(writer, status)


def raised(writer: Writer, status: StatusRegister) -> ir.Value:
    """After the work: the events that came up, an int32 of `FLAGS`; the register is left without them."""
    events = _read_and_clear(writer, status)
    builder = writer.builder
    if status.width == 64:
        events = builder.trunc(events, INT32)
    if not status.shifted:
        return events
    invalid = builder.and_(events, number(1, INT32))
    return builder.or_(invalid, builder.shl(builder.and_(events, number(0x0E, INT32)), number(1, INT32)))


def _read_and_clear(writer: Writer, status: StatusRegister) -> ir.Value:
    builder, held = writer.builder, ir.IntType(status.width)
    memory = writer.words(1, "status") if status.in_memory else None
    if memory is None:
        before = builder.call(_intrinsic(writer, status.read, held, []), [])
    else:
        builder.call(_intrinsic(writer, status.read, ir.VoidType(), [POINTER]), [memory])
        before = writer.load(memory, 0, held)
    events = builder.and_(before, ir.Constant(held, status.events))
    with builder.if_then(builder.icmp_unsigned("!=", events, ir.Constant(held, 0)), likely=False):
        without = builder.and_(before, ir.Constant(held, ~status.all_flags))
        if memory is None:
            builder.call(_intrinsic(writer, status.write, ir.VoidType(), [held]), [without])
        else:
            writer.store(without, memory, 0)
            builder.call(_intrinsic(writer, status.write, ir.VoidType(), [POINTER]), [memory])
    return events


def _intrinsic(writer: Writer, name: str, result: ir.Type, parameters: list[ir.Type]) -> ir.Function:
    module = writer.builder.module
    known = module.globals.get(name)
    return known if known is not None else ir.Function(module, ir.FunctionType(result, parameters), name)


def due(writer: Writer, events: ir.Value) -> ir.Value:
    """Whether `np.errstate` asks for anything but to ignore one of these events. Where it cannot be read: yes."""
    state = python_api.error_state()
    if state is None:
        return number(1, BIT)
    builder = writer.builder
    found = writer.words(1, "state")
    variable = writer.object("numpy.errstate", state.variable)
    failed = writer.call("PyContextVar_Get", variable, NULL, found)
    capsule = writer.load(found, 0, POINTER)
    readable = builder.and_(
        builder.icmp_signed("==", failed, number(0, INT32)), builder.icmp_unsigned("!=", capsule, NULL)
    )
    before = builder.block
    with builder.if_then(readable):
        name = writer.object("capsule.name", state.capsule_name)
        text = writer.at(name, bytes.__basicsize__ - 1)  # the characters of a bytes object
        contents = writer.call("PyCapsule_GetPointer", capsule, text)
        mask = writer.load(contents, 0, INT32)
        writer.call("Py_DecRef", capsule)
        wanted = [
            builder.select(
                builder.icmp_unsigned("!=", builder.and_(events, number(flag, INT32)), number(0, INT32)),
                number(7 << shift, INT32),
                number(0, INT32),
            )
            for flag, shift in python_api.EVENT_SHIFTS.items()
        ]
        asked = builder.icmp_unsigned("!=", builder.and_(mask, reduce(builder.or_, wanted)), number(0, INT32))
        inside = builder.block
    result = builder.phi(BIT)
    result.add_incoming(number(1, BIT), before)
    result.add_incoming(asked, inside)
    return result
