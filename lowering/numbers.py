"""Scalar operations of a routine: from nodes to values in registers.

Division, square roots and conversions to integers raise flags for operands that a condition before them may keep out.
So they are executed exactly as written wherever LLVM could move them in front of such a condition: behind one, and in
a loop where they do not depend on its counter (`lowering.scalar.Care`). Elsewhere plain instructions leave LLVM's loop
passes free. Called by `lowering.steps`; refuses nothing.
"""

from __future__ import annotations

from llvmlite import ir

from eqsat.ir.body import LOCAL
from eqsat.ir.dims import Dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Node, loop_of
from eqsat.ir.program import Apply, Argument
from eqsat.ir.signature import asked
from eqsat.ir.types import Scalar
from eqsat.ir.view import View
from lowering.arrays import load_element
from lowering.evaluate import apply
from lowering.multiples import Between
from lowering.ranges import RELATIONS, formula, simpler
from lowering.scene import Scene
from lowering.site import Care
from lowering.values import Value, register_type


def compute(scene: Scene, node: Node) -> Value:
    """Compute a node of scalar type now."""
    type_ = node.type
    assert isinstance(type_, Scalar)
    match node.op:
        case "view" if isinstance(node.args[0].type, Scalar):
            value = scene.number(node.args[0])
        case "view":
            value = load_element(scene, node)
        case "read":
            place = scene.places[node.attr].number  # pyright: ignore[reportArgumentType]
            value = scene.b.load(place, typ=register_type(type_.dtype, 1))
        case _:
            value = _comparison(scene, node) or _between(scene, node) or _operation(scene, node, type_)
    return scene.learn(node, value)


def _comparison(scene: Scene, node: Node) -> Value | None:
    """A comparison of formulas that is simpler than each of them."""
    if node.op not in RELATIONS:
        return None
    left, right = (formula(arg, scene.names) for arg in node.args)
    found = None if left is None or right is None else simpler(left, RELATIONS[node.op], right)
    return None if found is None else scene.b.icmp_signed(found[1], scene.size(found[0]), scene.size(found[2]))


def _between(scene: Scene, node: Node) -> Value | None:
    """A check that is a comparison with known bounds."""
    found = scene.known(("between", node))
    return found.holds(scene.b, scene.number(found.number)) if isinstance(found, Between) else None


def _operation(scene: Scene, node: Node, type_: Scalar) -> Value:
    args = [scene.number(arg) for arg in node.args]
    operands = tuple(Argument(k, arg.type.dtype) for k, arg in enumerate(node.args) if isinstance(arg.type, Scalar))
    assert len(operands) == len(node.args), node
    term = Apply(node.op, asked(loop_of(node)), operands, type_.dtype)
    return apply(scene, term, args, 1, _care(scene, node, args))


def _care(scene: Scene, node: Node, args: list[Value]) -> Care:
    if len(args) == 2 and isinstance(args[1], ir.Constant) and not _is_zero(args[1]):
        return "nothing"  # divided by a known number
    free = scene.certain and (scene.counter is None or varies_with(scene, node, scene.counter))
    return "nothing" if free else "traps"


def _is_zero(value: ir.Constant) -> bool:
    return isinstance(value.constant, int | float) and value.constant == 0


def varies_with(scene: Scene, node: Node, counter: Node) -> bool:
    """Whether a node is computed from the counter of a loop, so that it cannot be computed before the loop."""
    known = scene.varying.setdefault(counter, {})
    stack = [node]
    while stack:
        top = stack[-1]
        if top in known:
            stack.pop()
            continue
        below = [*top.args, *_named(scene, top)]
        waiting = [one for one in below if one not in known]
        if top is counter:
            known[top] = True
        elif waiting:
            stack.extend(waiting)
        else:
            known[top] = any(known[one] for one in below)
    return known[node]


def _named(scene: Scene, node: Node) -> list[Node]:
    """The nodes behind the local symbols of a node's formulas."""
    formulas: list[Dim] = []
    if isinstance(node.attr, Dim):
        formulas.append(node.attr)
    elif isinstance(node.attr, View):
        formulas += [along.start for along in node.attr.axes]
    found = [symbol for formula in formulas for symbol in symbols(formula) if symbol.axis is None]
    return [scene.routine.symbols[symbol.param] for symbol in found if symbol.param >= LOCAL]
