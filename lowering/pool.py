"""Memory for the arrays that one run makes: counted blocks which are used again as soon as nobody needs them.

A loop that makes an array in each turn would ask the system for memory each time; here the block of the turn before
serves again. Every run has a pool of its own, a list whose head is a word of its frame (`lowering.frame.Pool`, 0 at
the start), so that runs in several threads share nothing. Functions of generated code:

- `take(word, bytes)`: a block with a count of 1, aligned for vectors, whatever is in it; null where memory is out or
  `bytes` are negative,
- `keep(block)` and `drop(block)`: count up and down; both accept null. At 0 the block is free for the next `take`,
- `release_all(word)`: give everything back to the system, at the end of the call.

What is free is given back before the end too, when it is more than what is in use: a loop whose arrays grow from turn
to turn would otherwise hold memory for all of them. `keep` and `drop` take the address that `take` gave, not one within
the block. The functions are compiled once per process. Called by the code that `lowering` writes for routines, and by
`lowering.compile`, which gives the addresses to the loader.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir

from lowering import engine
from lowering.symbols import address_of
from lowering.writer import INT64, NULL, POINTER, TYPES, Writer, number

ALIGNMENT = 64
SLACK = 1 << 20
"""Bytes that may always be free: below it, giving back and asking again costs more than it saves."""

TOO_LARGE = 4
"""A free block is not used for less than this part of it."""

_COUNT, _CAPACITY, _NEXT, _RAW = -32, -24, -16, -8  # what stands in front of a block; the next one by its address
_HEADER = 32
_MOST = 1 << 62

SIGNATURES = {
    "eqsat.pool.take": "p:pq",
    "eqsat.pool.keep": "v:p",
    "eqsat.pool.drop": "v:p",
    "eqsat.pool.release_all": "v:p",
}


def take(module: ir.Module) -> ir.Function:
    """`block take(i64 *word, i64 bytes)`, declared in a module."""
    return _declared(module, "eqsat.pool.take")


def keep(module: ir.Module) -> ir.Function:
    """`void keep(block)`, declared in a module."""
    return _declared(module, "eqsat.pool.keep")


def drop(module: ir.Module) -> ir.Function:
    """`void drop(block)`, declared in a module."""
    return _declared(module, "eqsat.pool.drop")


def release_all(module: ir.Module) -> ir.Function:
    """`void release_all(i64 *word)`, declared in a module."""
    return _declared(module, "eqsat.pool.release_all")


def _declared(module: ir.Module, name: str) -> ir.Function:
    known = module.globals.get(name)
    return known or ir.Function(module, _type(name), name)


def _type(name: str) -> ir.FunctionType:
    result, _, parameters = SIGNATURES[name].partition(":")
    return ir.FunctionType(TYPES[result], [TYPES[letter] for letter in parameters])


def definitions() -> ir.Module:
    """The module that defines all four, with `malloc` and `free` to be supplied."""
    module = ir.Module("pool")
    for name, write in _WRITERS.items():
        function = ir.Function(module, _type(name), name)
        write(Writer(ir.IRBuilder(function.append_basic_block("start")), None), *function.args)
    return module


@functools.cache
def _loaded() -> engine.Loaded:
    return engine.load(definitions(), address_of)


def addresses() -> Mapping[str, int]:
    """Where the functions lie."""
    return {name: _loaded().address(name) for name in SIGNATURES}


def _write_take(writer: Writer, word: ir.Value, size: ir.Value) -> None:
    """First fit. What is free and what is in use is counted on the way, for the case that nothing fits."""
    builder = writer.builder
    fits = builder.icmp_unsigned("<=", size, number(_MOST))
    with builder.if_then(builder.not_(fits), likely=False):
        builder.ret(NULL)
    rounded = builder.and_(builder.add(size, number(ALIGNMENT - 1)), number(-ALIGNMENT))
    wanted = builder.select(builder.icmp_signed("==", rounded, number(0)), number(ALIGNMENT), rounded)
    most = builder.select(
        builder.icmp_signed("<", wanted, number(_MOST // TOO_LARGE)), builder.mul(wanted, number(TOO_LARGE)), wanted
    )
    head = writer.load(word, 0, POINTER)
    before = builder.block
    test, look, free, used, reuse, make = (
        builder.append_basic_block(name) for name in ("test", "look", "free", "used", "reuse", "make")
    )
    builder.branch(test)

    builder.position_at_end(test)
    block, idle, busy = builder.phi(POINTER), builder.phi(INT64), builder.phi(INT64)
    builder.cbranch(builder.icmp_unsigned("==", block, NULL), make, look)

    builder.position_at_end(look)
    capacity, following = writer.load(block, _CAPACITY, INT64), writer.load(block, _NEXT, POINTER)
    builder.cbranch(builder.icmp_signed("==", writer.load(block, _COUNT, INT64), number(0)), free, used)
    builder.position_at_end(used)
    builder.branch(test)
    builder.position_at_end(free)
    large, small = builder.icmp_signed(">=", capacity, wanted), builder.icmp_signed("<=", capacity, most)
    builder.cbranch(builder.and_(large, small), reuse, test)
    for place, previous, sums in (
        (before, head, (number(0), number(0))),
        (used, following, (idle, _sum(builder, used, busy, capacity))),
        (free, following, (_sum(builder, free, idle, capacity), busy)),
    ):
        for phi, value in zip((block, idle, busy), (previous, *sums), strict=True):
            phi.add_incoming(value, place)

    builder.position_at_end(reuse)
    writer.store(number(1), block, _COUNT)
    builder.ret(block)

    builder.position_at_end(make)
    with builder.if_then(builder.icmp_signed(">", idle, builder.add(busy, builder.add(wanted, number(SLACK))))):
        _sweep(writer, word)
    _make(writer, word, wanted)


def _sum(builder: Any, block: ir.Block, left: ir.Value, right: ir.Value) -> ir.Value:
    with builder.goto_block(block):
        return builder.add(left, right)


def _make(writer: Writer, word: ir.Value, capacity: ir.Value) -> None:
    """Return a new block, at the head of the list."""
    builder = writer.builder
    raw = writer.call_as("p:q", "malloc", builder.add(capacity, number(_HEADER + ALIGNMENT - 1)))
    with builder.if_then(builder.icmp_unsigned("==", raw, NULL), likely=False):
        builder.ret(NULL)
    behind = builder.ptrtoint(writer.at(raw, _HEADER), INT64)
    aligned = builder.and_(builder.add(behind, number(ALIGNMENT - 1)), number(-ALIGNMENT))
    block = builder.inttoptr(aligned, POINTER)
    head = writer.load(word, 0, POINTER)
    for value, place in ((number(1), _COUNT), (capacity, _CAPACITY), (head, _NEXT), (raw, _RAW)):
        writer.store(value, block, place)
    writer.store(block, word, 0)
    builder.ret(block)


def _sweep(writer: Writer, word: ir.Value) -> None:
    """Give free blocks back. `link` is where the address of the present block stands."""
    builder = writer.builder
    before = builder.block
    test, look, free, used, after = (
        builder.append_basic_block(name) for name in ("sweep.test", "sweep.look", "sweep.free", "sweep.used", "swept")
    )
    builder.branch(test)
    builder.position_at_end(test)
    link = builder.phi(POINTER)
    block = writer.load(link, 0, POINTER)
    builder.cbranch(builder.icmp_unsigned("==", block, NULL), after, look)
    builder.position_at_end(look)
    builder.cbranch(builder.icmp_signed("==", writer.load(block, _COUNT, INT64), number(0)), free, used)
    builder.position_at_end(used)
    following = writer.at(block, _NEXT)
    builder.branch(test)
    builder.position_at_end(free)
    writer.store(writer.load(block, _NEXT, POINTER), link, 0)
    writer.call_as("v:p", "free", writer.load(block, _RAW, POINTER))
    builder.branch(test)
    for value, place in ((word, before), (following, used), (link, free)):
        link.add_incoming(value, place)
    builder.position_at_end(after)


def _write_keep(writer: Writer, block: ir.Value) -> None:
    _count(writer, block, 1)


def _write_drop(writer: Writer, block: ir.Value) -> None:
    _count(writer, block, -1)


def _count(writer: Writer, block: ir.Value, change: int) -> None:
    builder = writer.builder
    with builder.if_then(builder.icmp_unsigned("!=", block, NULL)):
        writer.store(builder.add(writer.load(block, _COUNT, INT64), number(change)), block, _COUNT)
    builder.ret_void()


def _write_release_all(writer: Writer, word: ir.Value) -> None:
    builder = writer.builder
    head = writer.load(word, 0, POINTER)
    before = builder.block
    test, free, after = (builder.append_basic_block(name) for name in ("test", "free", "after"))
    builder.branch(test)
    builder.position_at_end(test)
    block = builder.phi(POINTER)
    builder.cbranch(builder.icmp_unsigned("==", block, NULL), after, free)
    builder.position_at_end(free)
    following = writer.load(block, _NEXT, POINTER)
    writer.call_as("v:p", "free", writer.load(block, _RAW, POINTER))
    builder.branch(test)
    block.add_incoming(head, before)
    block.add_incoming(following, free)
    builder.position_at_end(after)
    writer.store(NULL, word, 0)
    builder.ret_void()


_WRITERS: dict[str, Callable[..., None]] = {
    "eqsat.pool.take": _write_take,
    "eqsat.pool.keep": _write_keep,
    "eqsat.pool.drop": _write_drop,
    "eqsat.pool.release_all": _write_release_all,
}
