"""What all entry points do alike, as generated functions that are compiled once per process.

An entry point is compiled for every specialization, and what it need not contain makes each compilation shorter by
milliseconds: giving the GIL away and taking it back, floating-point events, the ways to Python. Called by
`lowering.entry`, which writes calls of them, and by `lowering.compile`, which gives their addresses to the loader.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llvmlite import ir

from lowering import engine, events, python_api
from lowering.symbols import address_of
from lowering.writer import BIT, INT32, INT64, NULL, POINTER, Writer, number


def begin_run(writer: Writer, long: ir.Value) -> ir.Value:
    """Before a run: release the GIL if it is long, and clear the floating-point flags. Gives what `end_run` wants."""
    return writer.call_as("p:i", "eqsat.begin_run", writer.builder.zext(long, INT32))


def end_run(writer: Writer, state: ir.Value) -> ir.Value:
    """After a run: the floating-point events that came up; the GIL is held again."""
    return writer.call_as("i:p", "eqsat.end_run", state)


def to_python(
    writer: Writer, method: str, instance: ir.Value, arguments: ir.Value, count: ir.Value, keywords: ir.Value
) -> ir.Value:
    """Call a method of the instance with the arguments of this call, as they stand."""
    name = writer.object(f"name.{method}", method)
    return writer.call_as("p:pppqp", "eqsat.to_python", name, instance, arguments, count, keywords)


def due(writer: Writer, came_up: ir.Value) -> ir.Value:
    """Whether `flagged` will ask Python."""
    return writer.builder.trunc(writer.call_as("i:i", "eqsat.due", came_up), BIT)


def flagged(
    writer: Writer, instance: ir.Value, arguments: ir.Value, count: int, result: ir.Value, came_up: ir.Value
) -> ir.Value:
    """The result if `np.errstate` ignores all events, else what `_flagged` answers. Takes the result over."""
    return writer.call_as("p:ppqpi", "eqsat.flagged", instance, arguments, number(count), result, came_up)


def _write_begin_run(writer: Writer, long: ir.Value) -> None:
    builder = writer.builder
    builder.cbranch(
        builder.trunc(long, BIT), released := builder.append_basic_block(), held := builder.append_basic_block()
    )
    for block, release in ((released, True), (held, False)):
        builder.position_at_end(block)
        state = writer.call("PyEval_SaveThread") if release else NULL
        events.clear(writer)
        builder.ret(state)


def _write_end_run(writer: Writer, state: ir.Value) -> None:
    builder = writer.builder
    came_up = events.raised(writer)
    with builder.if_then(builder.icmp_unsigned("!=", state, NULL), likely=False):
        writer.call("PyEval_RestoreThread", state)
    builder.ret(came_up)


def _write_to_python(
    writer: Writer, name: ir.Value, instance: ir.Value, arguments: ir.Value, count: ir.Value, keywords: ir.Value
) -> None:
    builder = writer.builder
    bound = writer.call("PyObject_GetAttr", instance, name)
    with builder.if_then(builder.icmp_unsigned("==", bound, NULL), likely=False):
        builder.ret(NULL)
    answer = writer.call("PyObject_Vectorcall", bound, arguments, count, keywords)
    writer.call("Py_DecRef", bound)
    builder.ret(answer)


def _write_due(writer: Writer, came_up: ir.Value) -> None:
    writer.builder.ret(writer.builder.zext(events.due(writer, came_up), INT32))


def _write_flagged(
    writer: Writer, instance: ir.Value, arguments: ir.Value, count: ir.Value, result: ir.Value, came_up: ir.Value
) -> None:
    builder = writer.builder
    with builder.if_then(builder.not_(events.due(writer, came_up))):
        builder.ret(result)
    flags = writer.call("PyLong_FromLongLong", builder.zext(came_up, INT64))
    given = writer.call("PyTuple_New", count)
    made = builder.and_(builder.icmp_unsigned("!=", flags, NULL), builder.icmp_unsigned("!=", given, NULL))
    with builder.if_then(builder.not_(made), likely=False):
        for value in (result, flags, given):
            writer.call("Py_DecRef", value)  # which takes NULL
        builder.ret(NULL)

    before = builder.block
    test, body, done = (builder.append_basic_block() for _ in range(3))
    builder.branch(test)
    builder.position_at_end(test)
    position = builder.phi(INT64)
    position.add_incoming(number(0), before)
    builder.cbranch(builder.icmp_signed("<", position, count), body, done)
    builder.position_at_end(body)
    item = builder.load(builder.gep(arguments, [position], source_etype=POINTER), typ=POINTER)
    writer.take(item)
    writer.call("PyTuple_SetItem", given, position, item)
    position.add_incoming(builder.add(position, number(1)), body)
    builder.branch(test)

    builder.position_at_end(done)
    values = writer.words(4, "values")
    for index, value in enumerate((instance, result, flags, given)):
        writer.store(value, values, 8 * index)
    method = writer.object("name._flagged", "_flagged")
    answer = writer.call("PyObject_VectorcallMethod", method, values, number(4), NULL)
    for value in (result, flags, given):
        writer.call("Py_DecRef", value)
    builder.ret(answer)


_FUNCTIONS: dict[str, tuple[ir.Type, list[ir.Type], Callable[..., None]]] = {
    "eqsat.begin_run": (POINTER, [INT32], _write_begin_run),
    "eqsat.end_run": (INT32, [POINTER], _write_end_run),
    "eqsat.to_python": (POINTER, [POINTER, POINTER, POINTER, INT64, POINTER], _write_to_python),
    "eqsat.due": (INT32, [INT32], _write_due),
    "eqsat.flagged": (POINTER, [POINTER, POINTER, INT64, POINTER, INT32], _write_flagged),
}


_AT_EVERY_CALL = frozenset({"eqsat.begin_run", "eqsat.end_run"})


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """The code, and the objects that it names."""

    code: engine.Loaded
    objects: Mapping[str, object]


@functools.cache
def _load() -> _Loaded:
    module = ir.Module("shared")
    objects: dict[str, object] = {}
    for name, (result, parameters, write) in _FUNCTIONS.items():
        function = ir.Function(module, ir.FunctionType(result, parameters), name)
        if name not in _AT_EVERY_CALL:  # LLVM spends two thirds of its time on optimizing these
            function.attributes.add("optnone")
            function.attributes.add("noinline")
        write(Writer(ir.IRBuilder(function.append_basic_block()), None, objects), *function.args)
    known = python_api.addresses() | {name: id(value) for name, value in objects.items()}
    return _Loaded(engine.load(module, lambda name: known.get(name) or address_of(name)), objects)


def addresses() -> dict[str, int]:
    """Where the functions lie."""
    return {name: _load().code.address(name) for name in _FUNCTIONS}
