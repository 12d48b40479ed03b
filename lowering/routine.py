"""From a `Routine` to one LLVM function `i32 run(i64 *frame)`: scalars in registers, segments in line.

Refuses dtypes that `lowering.values` refuses. Called by `lowering.compile`.
"""

from __future__ import annotations

from llvmlite import ir

from eqsat.ir.body import Set, Variable
from eqsat.ir.nodes import Node
from eqsat.ir.routine import Let, Routine
from eqsat.ir.types import Array
from lowering.arrays import extents, is_formula, reference
from lowering.engine import machine
from lowering.frame import Cell, Made, Status, result_slots
from lowering.roots import all_steps
from lowering.scene import NULL, Place, Scene
from lowering.steps import emit_steps
from lowering.values import I8, I32, I64, POINTER, Value, register_type, store


def emit_routine(routine: Routine, module: ir.Module) -> ir.Function:
    """Add `i32 run(i64 *frame)` to the module; see `lowering.frame`."""
    here = machine()
    function = ir.Function(module, ir.FunctionType(I32, [POINTER]), "run")
    # Half of the widest vectors, where those are 512 bits: they slow down the scalar code around them. Segments that
    # compute say themselves how wide they are. (llvmlite's own `add` knows no string attributes.)
    if here.wide:
        set.add(function.attributes, '"prefer-vector-width"="256"')
    # LLVM would replace calls of C's `pow` and the like by what has other bits.
    set.add(function.attributes, '"no-builtins"')
    scene = Scene.start(routine, function, here.vector_bytes)
    for variable in _variables(routine):
        scene.places[variable] = _place(scene, variable)
    emit_steps(scene, routine.steps)
    if not scene.is_dead:
        _results(scene)
        scene.b.ret(I32(Status.OK))
    scene.finish()
    return function


def _variables(routine: Routine) -> dict[Variable, None]:
    """All variables, in the order in which they come up."""
    found: dict[Variable, None] = {}
    for step in all_steps(routine.steps):
        if isinstance(step, Set):
            found[step.variable] = None
        elif isinstance(step, Let) and isinstance(step.node.attr, Variable):
            found[step.node.attr] = None
    return found


def _place(scene: Scene, variable: Variable) -> Place:
    type_ = variable.type
    if not isinstance(type_, Array):
        room = scene.room(register_type(type_.dtype, 1))
        if type_.dtype.kind == "i":
            scene.entry.store(
                ir.Constant(register_type(type_.dtype, 1), 0), room
            )  # it may be looked at before it is set
        return Place(room)
    strides = tuple(None if is_formula(type_, axis) else scene.room(I64) for axis in range(type_.ndim))
    owner: Value | None = None
    roots = scene.roots.of_variable(variable)
    if any(isinstance(root, Node) and root not in scene.routine.direct for root in roots):
        owner = scene.room(POINTER)
        scene.entry.store(NULL, owner)
    return Place(None, scene.room(POINTER), strides, scene.room(I64), owner)


def _results(scene: Scene) -> None:
    """Say what the results are, where the entry point looks for it."""
    for node, slot in result_slots(scene.routine):
        match slot:
            case Cell():
                assert not isinstance(node.type, Array)
                store(scene.b, scene.number(node), scene.place(slot), node.type.dtype)  # pyright: ignore
            case Made():
                found = reference(scene, node)
                words = (found.pointer, found.origin, *extents(scene, node), *found.strides)
                for k, word in enumerate(words):
                    at = scene.b.gep(scene.place(slot), [I64(8 * k)], source_etype=I8)
                    scene.b.store(word, at, align=8)
            case _:
                pass
