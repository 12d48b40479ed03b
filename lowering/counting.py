"""Counted loops in the shape that LLVM knows best: a test before the first turn, and one after each.

The counter never leaves 64 bits: a step that could take it beyond the end of the range is looked at once, before the
loop, and where that happens the undecorated function runs. Called by `lowering.steps`; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from lowering.scene import Scene
from lowering.values import I64, Value

LARGEST, SMALLEST = (1 << 63) - 1, -(1 << 63)

Turn = Callable[[Value], None]
"""Writes the body, for this value of the counter."""
Enter = Callable[[Value, Value], None]
"""Writes what comes before the first turn, if there is one; is given the first and the last value of the counter."""


def count(scene: Scene, start: Value, stop: Value, step: Value, up: bool | None, enter: Enter, turn: Turn) -> None:
    """`for counter in range(start, stop, step)`; `up` is the sign of `step`, if that is known."""
    if isinstance(step, ir.Constant):
        up = step.constant > 0
    if up is None:
        _either_way(scene, start, stop, step, enter, turn)
        return
    b = scene.b
    relation = "<" if up else ">"
    if not isinstance(step, ir.Constant) or abs(step.constant) != 1:
        limit = b.sub(I64(LARGEST), b.sub(step, I64(1))) if up else b.sub(I64(SMALLEST), b.add(step, I64(1)))
        scene.require(b.icmp_signed("<=" if up else ">=", stop, limit))

    def follow(counter: Value) -> tuple[Value, Value]:
        following = b.add(counter, step, flags=["nsw"])
        return following, b.icmp_signed(relation, following, stop)

    def last() -> Value:
        if isinstance(step, ir.Constant) and abs(step.constant) == 1:
            return b.sub(stop, step)
        distance = b.sub(stop, start) if up else b.sub(start, stop)
        more = b.udiv(b.sub(distance, I64(1)), step if up else b.neg(step))
        return b.add(start, b.mul(more, step))

    _loop(scene, b.icmp_signed(relation, start, stop), start, last, enter, turn, follow)


def _either_way(scene: Scene, start: Value, stop: Value, step: Value, enter: Enter, turn: Turn) -> None:
    """The turns are counted before the loop, as an unsigned number."""
    b = scene.b
    up = b.icmp_signed(">", step, I64(0))
    low, high = b.select(up, start, stop), b.select(up, stop, start)
    some = b.icmp_signed("<", low, high)
    size = b.select(up, step, b.neg(step))
    more = b.udiv(b.sub(b.sub(high, low), I64(1)), size)
    left = scene.room(I64)
    b.store(more, left)

    def follow(counter: Value) -> tuple[Value, Value]:
        now = b.load(left, typ=I64)
        b.store(b.sub(now, I64(1)), left)
        return b.add(counter, step), b.icmp_unsigned("!=", now, I64(0))

    def last() -> Value:
        return b.add(start, b.mul(more, step))

    _loop(scene, some, start, last, enter, turn, follow)


def _loop(
    scene: Scene,
    some: Value,
    start: Value,
    last: Callable[[], Value],
    enter: Enter,
    turn: Turn,
    follow: Callable[[Value], tuple[Value, Value]],
) -> None:
    b = scene.b
    before, after = b.append_basic_block("before"), ir.Block(scene.function, "after")
    b.cbranch(some, before, after)
    b.position_at_end(before)
    enter(start, last())
    before, body = b.block, b.append_basic_block("turn")
    b.branch(body)
    b.position_at_end(body)
    counter = b.phi(I64)
    counter.add_incoming(start, before)
    turn(counter)
    if not scene.is_dead:
        following, more = follow(counter)
        counter.add_incoming(following, b.block)
        b.cbranch(more, body, after)
    scene.function.blocks.append(after)
    b.position_at_end(after)
