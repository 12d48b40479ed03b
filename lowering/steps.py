"""Steps of a routine, in order, with the control structure around them as basic blocks.

A block that has ended (behind a `Leave`) gets no more code. Called by `lowering.routine`; refuses nothing.
"""

from __future__ import annotations

from functools import reduce

from llvmlite import ir

from eqsat.ir.body import LOCAL, Check, Leave, Scatter, Set
from eqsat.ir.nodes import Node
from eqsat.ir.routine import For, If, Invoke, Labeled, Let, Segment, Step, Steps, Store, While
from eqsat.ir.types import Array, DType, Scalar
from lowering import library
from lowering.accumulators import Accumulators, accumulators
from lowering.arrays import fresh, read_array, set_array, store_element
from lowering.counting import count
from lowering.multiples import multiples
from lowering.neighbours import reach
from lowering.numbers import compute
from lowering.positions import locate, position
from lowering.ranges import Bound, bounds
from lowering.roots import leaves_out
from lowering.scalar import CAST
from lowering.scene import Scene
from lowering.segments import emit_segment
from lowering.site import Site
from lowering.values import I1, I64, Value


def emit_steps(scene: Scene, steps: Steps) -> None:
    """Write the steps where the builder stands; what they compute is known afterwards, until its scope ends."""
    for condition, between in multiples(steps):
        scene.learn(("between", condition), between)
    at = 0
    while at < len(steps) and not scene.is_dead:
        found = position(scene, steps, at)
        checks = max(reach(steps, at), 1) if isinstance(steps[at], Check) else 1
        if found is not None:
            locate(scene, found)
            for condition in found.checks:
                scene.learn(("settled", condition), ALWAYS)
        elif checks > 1:
            _together(scene, steps[at : at + checks])
        else:
            _step(scene, steps[at])
        at += checks


def _block(scene: Scene, steps: Steps) -> None:
    with scene.scope():
        emit_steps(scene, steps)


def _step(scene: Scene, step: Step) -> None:
    match step:
        case Let(node):
            if isinstance(node.type, Array):
                read_array(scene, node)
            else:
                compute(scene, node)
        case Store(target, value):
            store_element(scene, target, scene.number(value))
        case Set(variable, value):
            if isinstance(variable.type, Array):
                set_array(scene, variable, value)
            else:
                scene.b.store(_converted(scene, value, variable.type.dtype), scene.places[variable].number)
        case Check(condition):
            _check(scene, condition)
        case Segment():
            emit_segment(scene, step)
        case Invoke(node):
            _invoke(scene, node)
        case Scatter():
            library.emit_scatter(scene, step)
        case If():
            _branch(scene, step)
        case For():
            _for(scene, step)
        case While():
            _while(scene, step)
        case Labeled():
            _labeled(scene, step)
        case Leave(label):
            scene.left.add(label)
            scene.b.branch(scene.labels[label])


def _together(scene: Scene, steps: Steps) -> None:
    """Checks next to each other, as one: LLVM makes one comparison of `0 <= i` and `i < n`."""
    conditions: list[Value] = []
    for step in steps:
        if isinstance(step, Check):
            conditions += _conditions(scene, step.condition)
        else:
            _step(scene, step)
    if conditions:
        scene.require(reduce(scene.b.and_, conditions))


def _check(scene: Scene, condition: Node) -> None:
    for value in _conditions(scene, condition):
        scene.require(value)


def _conditions(scene: Scene, condition: Node) -> list[Value]:
    """What must hold for a check: nothing, if the loop around has seen to it."""
    settled = scene.known(("settled", condition))
    if settled is ALWAYS:
        return []
    here = scene.number(condition)
    return [here if settled is None else scene.b.or_(settled, here)]


ALWAYS = I1(1)
"""For a check that was made before the loop."""


# Control flow ---------------------------------------------------------------------------------------------------


def _go_on(scene: Scene, block: ir.Block) -> None:
    """Put a block into the function, and write there from now on."""
    scene.function.blocks.append(block)
    scene.b.position_at_end(block)


def _after(scene: Scene, step: Step, certain: bool) -> None:
    """What is certain behind a step: what was before it, if nothing within it goes elsewhere."""
    scene.certain = certain and not leaves_out((step,))


def _branch(scene: Scene, step: If) -> None:
    b, certain = scene.b, scene.certain
    then, after = b.append_basic_block("then"), ir.Block(scene.function, "join")
    orelse = ir.Block(scene.function, "else") if step.orelse else after
    b.cbranch(scene.number(step.condition), then, orelse)
    b.position_at_end(then)
    scene.certain = False
    _block(scene, step.then)
    reached = not step.orelse
    if not scene.is_dead:
        b.branch(after)
        reached = True
    if step.orelse:
        _go_on(scene, orelse)
        scene.certain = False
        _block(scene, step.orelse)
        if not scene.is_dead:
            b.branch(after)
            reached = True
    if reached:
        _go_on(scene, after)
    _after(scene, step, certain)


def _for(scene: Scene, step: For) -> None:
    start, stop, size = (scene.number(node) for node in (step.start, step.stop, step.step))
    counter, certain = scene.counter, scene.certain

    def enter(first: Value, last: Value) -> None:
        _settle(scene, step, first, last)

    def turn(value: Value) -> None:
        scene.counter, scene.certain = step.counter, not leaves_out(step.body)
        scene.learn(step.counter, value)
        emit_steps(scene, step.body)

    with scene.scope():
        count(scene, start, stop, size, step.up, enter, turn)
    scene.counter = counter
    _after(scene, step, certain)


def _converted(scene: Scene, value: Node, dtype: DType) -> Value:
    """A number as a variable holds it, which is wide enough for it."""
    assert isinstance(value.type, Scalar)
    number, found = scene.number(value), value.type.dtype
    return number if found == dtype else CAST(Site(scene.b, (found,), dtype), number)


def _settle(scene: Scene, step: For, first: Value, last: Value) -> None:
    """Look at the checks of a loop for all of its turns."""
    b = scene.b
    mine = [bound for bound in bounds(scene.routine, step) if _at_hand(scene, bound, step.counter)]
    perhaps: list[tuple[Node, Value]] = []
    for bound in mine:
        holds: Value = ALWAYS
        for value in (first, last):
            with scene.scope():
                scene.learn(step.counter, value)
                here = b.icmp_signed(bound.relation, scene.size(bound.left), scene.size(bound.right))
                holds = here if holds is ALWAYS else b.and_(holds, here)
        if bound.always:
            scene.require(holds)
            scene.learn(("settled", bound.condition), ALWAYS)
        else:
            perhaps.append((bound.condition, holds))
    counted = accumulators(step)
    if counted is not None:
        fine = _stays_small(scene, counted, first, last)
        perhaps += [(condition, fine) for condition in counted.checks]
    if perhaps:
        together = reduce(b.and_, [holds for _, holds in perhaps])
        for condition, _ in perhaps:
            scene.learn(("settled", condition), together)


def _stays_small(scene: Scene, counted: Accumulators, first: Value, last: Value) -> Value:
    """Whether they stay within 64 bits in all turns, of which there are at most one more than the counter's way."""
    b = scene.b
    way = b.select(b.icmp_signed("<", first, last), b.sub(last, first), b.sub(first, last))
    fine = b.icmp_unsigned("<", way, I64((1 << 61) // counted.change))
    return b.and_(fine, _starts_small(scene, counted))


def _starts_small(scene: Scene, counted: Accumulators) -> Value:
    """Whether they are far from the ends of 64 bits before the loop."""
    b, fine = scene.b, ALWAYS
    for variable in counted.variables:
        now = b.load(scene.places[variable].number, typ=I64)
        here = b.icmp_unsigned("<", b.add(now, I64(1 << 61)), I64(1 << 62))
        fine = here if fine is ALWAYS else b.and_(fine, here)
    return fine


def _at_hand(scene: Scene, bound: Bound, counter: Node) -> bool:
    """Whether all but the counter is known before the loop."""
    nodes = [scene.routine.symbols[symbol.param] for symbol in bound.symbols if symbol.param >= LOCAL]
    leaves = ("constant", "dim", "param")
    return all(node is counter or node.op in leaves or scene.known(node) is not None for node in nodes)


def _while(scene: Scene, step: While) -> None:
    b, certain = scene.b, scene.certain
    head, body, after = (
        b.append_basic_block("head"),
        ir.Block(scene.function, "body"),
        ir.Block(scene.function, "after"),
    )
    counted = accumulators(step)
    fine = None if counted is None else _starts_small(scene, counted)
    b.branch(head)
    b.position_at_end(head)
    with scene.scope():
        scene.certain = False
        if counted is not None:
            for condition in counted.checks:
                scene.learn(("settled", condition), fine)
        emit_steps(scene, step.head)
        if not scene.is_dead:
            b.cbranch(scene.number(step.condition), body, after)
            _go_on(scene, body)
            emit_steps(scene, step.body)
            if not scene.is_dead:
                b.branch(head)
            _go_on(scene, after)
    _after(scene, step, certain)


def _labeled(scene: Scene, step: Labeled) -> None:
    after, certain = ir.Block(scene.function, "end"), scene.certain
    scene.labels[step.label] = after
    _block(scene, step.body)
    reached = step.label in scene.left
    if not scene.is_dead:
        scene.b.branch(after)
        reached = True
    if reached:
        _go_on(scene, after)
    _after(scene, step, certain)


# Operations on whole arrays -------------------------------------------------------------------------------------


def _invoke(scene: Scene, node: Node) -> None:
    if node.op == "empty":
        fresh(scene, node)
    else:
        library.emit(scene, node)
