"""Floating-point events around a run, and what `np.errstate` wants done about them.

As around a ufunc: the processor's flags are cleared before the work and read after it. They are asked of the C
library, not of a register: on x86 `feraiseexcept`, with which NumPy's loops report what their arithmetic does not
raise, leaves overflow in the x87 status word. Asking takes 3 ns; clearing takes 70 and is rarely needed. Inexact
results are no event.

Called by `lowering.entry`, for which `FLAGS` are numbered as in the x86 register, on every processor: 1 invalid, 4
divide by zero, 8 overflow, 16 underflow.
"""

from __future__ import annotations

from functools import reduce

from llvmlite import ir

from lowering import flags, python_api
from lowering.writer import BIT, INT32, NULL, POINTER, Writer, number

INVALID, DIVIDE, OVERFLOW, UNDERFLOW = 1, 4, 8, 16
FLAGS = INVALID | DIVIDE | OVERFLOW | UNDERFLOW

_PLATFORM = {INVALID: flags.INVALID, DIVIDE: flags.DIVIDE, OVERFLOW: flags.OVERFLOW, UNDERFLOW: flags.UNDERFLOW}


def clear(writer: Writer) -> None:
    """Before the work: no event has come up yet."""
    _test_and_clear(writer)


def raised(writer: Writer) -> ir.Value:
    """After the work: the events that came up, an int32 of `FLAGS`. The processor's flags are left without them."""
    found = _test_and_clear(writer)
    if all(flag == bit for flag, bit in _PLATFORM.items()):
        return found
    builder = writer.builder
    bits = [
        builder.select(_any(writer, found, bit), number(flag, INT32), number(0, INT32))
        for flag, bit in _PLATFORM.items()
    ]
    return reduce(builder.or_, bits)


def _test_and_clear(writer: Writer) -> ir.Value:
    builder = writer.builder
    found = flags.test_flags(builder)
    with builder.if_then(builder.icmp_unsigned("!=", found, number(0, INT32)), likely=False):
        clear_flags = flags.declare(builder.module, "feclearexcept", INT32, [INT32])
        builder.call(clear_flags, [number(flags.ALL, INT32)])
    return found


def _any(writer: Writer, value: ir.Value, bits: int) -> ir.Value:
    builder = writer.builder
    return builder.icmp_unsigned("!=", builder.and_(value, number(bits, INT32)), number(0, INT32))


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
            builder.select(_any(writer, events, flag), number(7 << shift, INT32), number(0, INT32))
            for flag, shift in python_api.EVENT_SHIFTS.items()
        ]
        asked = builder.icmp_unsigned("!=", builder.and_(mask, reduce(builder.or_, wanted)), number(0, INT32))
        inside = builder.block
    result = builder.phi(BIT)
    result.add_incoming(number(1, BIT), before)
    result.add_incoming(asked, inside)
    return result
