"""Array references of a routine: from nodes to addresses and strides, elements in and out, new arrays.

A view is arithmetic on the reference of its argument. Loads and stores of elements say which memory they may touch, so
that LLVM can move and widen them; their indices are in bounds, since checks stand before them. Whoever emits code for
an operation on whole arrays (`lowering.library`) gets a `Scene` (`lowering.scene`), `reference(scene, node)` for
operands, `extents(scene, node)` for their lengths, and `fresh(scene, node)` for memory of its own. A check that it
makes is `scene.require(condition)`; `lowering.evaluate.call_inner_loop(scene, ...)` calls a loop of NumPy's. Refuses
nothing. Called by `lowering.steps`, `numbers`, `segments`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.body import Variable
from eqsat.ir.dims import ONE, dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, Layout, part_dtype
from eqsat.ir.view import View
from lowering.flags import declare
from lowering.frame import Data, Result, Stride
from lowering.roots import Root
from lowering.scene import NULL, ArrayRef, Scene
from lowering.values import I1, I8, I64, POINTER, Value, format_of, truth, vector

SMALL = 4096
"""Bytes up to which an array of known size that nobody keeps lies on the stack."""


def array_type(node: Node) -> Array:
    """The type of a node that is an array."""
    assert isinstance(node.type, Array), node
    return node.type


def extents(scene: Scene, node: Node) -> tuple[Value, ...]:
    """The lengths of the axes."""
    return tuple(scene.size(length) for length in array_type(node).shape)


# References -----------------------------------------------------------------------------------------------------


def reference(scene: Scene, node: Node) -> ArrayRef:
    """The array, which is at hand or a view of one that is."""
    found = scene.known(node)
    if found is None:
        found = scene.learn(node, _reference(scene, node))
    return found


def _reference(scene: Scene, node: Node) -> ArrayRef:
    match node.op:
        case "param":
            return _parameter(scene, node)
        case "view":
            assert isinstance(node.attr, View)
            return _view(scene, node, reference(scene, node.args[0]), node.attr)
        case "real" | "imag":
            base = reference(scene, node.args[0])
            part = part_dtype(array_type(node.args[0]).dtype)
            distance = part.itemsize if node.op == "imag" else 0
            return _part_of(scene, node, base, scene.offset(base.pointer, I64(distance)), base.strides)
        case "stride":
            base = reference(scene, node.args[0])
            steps = node.attr
            assert isinstance(steps, tuple)
            strides = [times(scene, scene.size(step), stride) for step, stride in zip(steps, base.strides, strict=True)]
            return _part_of(scene, node, base, base.pointer, strides)
        case "reshape":
            base = reference(scene, node.args[0])
            return _part_of(scene, node, base, base.pointer, packed_strides(scene, node))
        case _:
            raise InternalError(f"{node.op} is used before it is computed", node.span, have=repr(node))


def _parameter(scene: Scene, node: Node) -> ArrayRef:
    number = node.attr
    assert isinstance(number, int)
    given = [scene.word(Stride(number, axis)) for axis in range(array_type(node).ndim)]
    pointer = scene.word(Data(number), POINTER)
    return ArrayRef(pointer, _known_strides(scene, node, given), I64(2 * number + 2), NULL, frozenset([number]))


def _view(scene: Scene, node: Node, base: ArrayRef, view: View) -> ArrayRef:
    b = scene.b
    pointer = base.pointer
    strides: list[Value | None] = [None] * view.rank
    for along, stride in zip(view.axes, base.strides, strict=True):
        pointer = scene.offset(pointer, times(scene, scene.size(along.start), stride))
        if along.axis is not None:
            step = times(scene, I64(along.step), stride)
            before = strides[along.axis]
            strides[along.axis] = step if before is None else b.add(before, step)
    return _part_of(scene, node, base, pointer, [I64(0) if stride is None else stride for stride in strides])


def _part_of(scene: Scene, node: Node, base: ArrayRef, pointer: Value, strides: Sequence[Value]) -> ArrayRef:
    """A view of `base`: of a parameter's memory if that is one's."""
    origin = base.origin
    if isinstance(origin, ir.Constant):
        origin = I64(origin.constant | 1 if origin.constant else 0)
    else:
        b = scene.b
        origin = b.or_(origin, b.zext(b.icmp_signed("!=", origin, I64(0)), I64))
    return ArrayRef(pointer, _known_strides(scene, node, strides), origin, base.owner, base.roots)


def times(scene: Scene, count: Value, stride: Value) -> Value:
    """A distance within an array, which no int64 is too small for."""
    for one, other in ((count, stride), (stride, count)):
        if isinstance(one, ir.Constant):
            if one.constant == 1:
                return other
            if one.constant == 0:
                return I64(0)
            if isinstance(other, ir.Constant):
                return I64(one.constant * other.constant)
    return scene.b.mul(count, stride, flags=["nsw"])


# Strides --------------------------------------------------------------------------------------------------------


def _known_strides(scene: Scene, node: Node, given: Sequence[Value]) -> tuple[Value, ...]:
    """The strides, as formulas where the layout determines them; those of axes of length one stay as they are."""
    type_ = array_type(node)
    layout = type_.layout
    packed = packed_strides(scene, node) if layout.packed else ()
    found: list[Value] = []
    for axis, stride in enumerate(given):
        if layout.ranks[axis] == 0:
            found.append(stride)
        elif layout.packed:
            found.append(packed[axis])
        elif layout.ranks[axis] == 1 and layout.unit:
            found.append(I64(-type_.dtype.itemsize if layout.negative[axis] else type_.dtype.itemsize))
        else:
            found.append(stride)
    return tuple(found)


def is_formula(type_: Array, axis: int) -> bool:
    """Whether the layout says the stride of an axis, so that nobody needs to keep it."""
    layout: Layout = type_.layout
    return layout.ranks[axis] != 0 and (layout.packed or (layout.ranks[axis] == 1 and layout.unit))


def packed_strides(scene: Scene, node: Node) -> tuple[Value, ...]:
    """The strides of a packed array in the order of its layout; as NumPy's, those of axes of length one too."""
    type_ = array_type(node)
    found: list[Value] = [I64(0)] * type_.ndim
    step = dim(type_.dtype.itemsize)
    for axis in reversed(type_.layout.order):
        found[axis] = scene.size(step)
        if type_.shape[axis] != ONE:
            step = step * type_.shape[axis]
    return tuple(found)


# Elements -------------------------------------------------------------------------------------------------------


def load_element(scene: Scene, node: Node) -> Value:
    """The number that a view of scalar type reads now."""
    pointer, base, align = _element(scene, node)
    dtype = array_type(node.args[0]).dtype
    form = format_of(dtype)
    found = scene.b.load(pointer, align=align, typ=vector(form.memory, form.parts))
    mark(scene, found, base.roots)
    return truth(scene.b, found) if dtype.kind == "b" else found


def store_element(scene: Scene, node: Node, value: Value) -> None:
    """Put a number into the element that a view of scalar type reads."""
    pointer, base, align = _element(scene, node)
    if array_type(node.args[0]).dtype.kind == "b":
        value = scene.b.zext(value, I8)
    mark(scene, scene.b.store(value, pointer, align=align), base.roots)


def _element(scene: Scene, node: Node) -> tuple[Value, ArrayRef, int]:
    """Address, array and alignment."""
    if node.op != "view" or not isinstance(node.attr, View):
        raise InternalError(f"{node.op} is no element of an array", node.span)
    array = node.args[0]
    base, type_ = reference(scene, array), array_type(array)
    distance: Value = I64(0)
    for axis, (along, stride) in enumerate(zip(node.attr.axes, base.strides, strict=True)):
        if type_.layout.ranks[axis] == 0:
            continue  # there is but one index, or all lie at one place
        step = times(scene, scene.size(along.start), stride)
        distance = step if distance == I64(0) else scene.b.add(distance, step, flags=["nsw"])
    pointer = base.pointer
    if distance != I64(0):
        pointer = scene.b.gep(pointer, [distance], source_etype=I8, inbounds=True)
    aligned = type_.layout.alignment == "aligned"
    return pointer, base, type_.dtype.alignment if aligned else 1


def mark(scene: Scene, access: Any, roots: frozenset[Root]) -> None:
    """Tell LLVM which memory a load or store may touch, and which it does not."""
    if roots not in scene.aliases:
        scene.aliases[roots] = _alias(scene, roots)
    for name, scopes in zip(("alias.scope", "noalias"), scene.aliases[roots], strict=True):
        if scopes:
            access.set_metadata(name, scene.function.module.add_metadata(scopes))


MANY = 100
"""Roots from which on nothing is said: each access would name them all."""


def _alias(scene: Scene, roots: frozenset[Root]) -> tuple[list[Any], list[Any]]:
    known, module = scene.roots.all, scene.function.module
    if len(known) > MANY or not roots.issubset(known):
        return [], []
    domain = module.add_metadata(["eqsat"])
    scopes = {root: module.add_metadata([f"eqsat {number}", domain]) for number, root in enumerate(known)}
    mine = [scopes[root] for root in known if root in roots]
    others = [scopes[root] for root in known if all(scene.roots.apart(root, own) for own in roots)]
    return mine, others


# New arrays -----------------------------------------------------------------------------------------------------


def fresh(scene: Scene, node: Node) -> ArrayRef:
    """New memory for the array that `node` makes, which is at hand from now on.

    What this place made before is given up. An array that the entry point has allocated is taken from the frame, a
    small one that nobody keeps lies on the stack.
    """
    return scene.learn(node, _fresh(scene, node))


def _fresh(scene: Scene, node: Node) -> ArrayRef:
    roots = frozenset[Root]([node])
    if node in scene.routine.direct:
        number = scene.routine.region.held_nodes().index(node)
        pointer = scene.word(Result(f"direct{number}"), POINTER)
        return ArrayRef(pointer, packed_strides(scene, node), I64(0), NULL, roots)
    type_ = array_type(node)
    strides = packed_strides(scene, node)
    count = product(type_.shape)
    if count.is_const and count.const * type_.dtype.itemsize <= SMALL and not scene.roots.is_kept(node):
        return ArrayRef(scene.stack(type_.dtype, max(count.const, 1)), strides, I64(0), NULL, roots)
    slot = slot_of(scene, node)
    size = bytes_of(scene, node)
    scene.drop(scene.b.load(slot, typ=POINTER))
    block = scene.take(size)
    scene.b.store(block, slot)
    return ArrayRef(block, strides, I64(0), block, roots)


def slot_of(scene: Scene, node: Node) -> Value:
    """Where a place that makes or holds arrays notes the block that it holds: null at first."""
    if node not in scene.slots:
        slot = scene.room(POINTER)
        scene.entry.store(NULL, slot)
        scene.slots[node] = slot
    return scene.slots[node]


def bytes_of(scene: Scene, node: Node) -> Value:
    """How many bytes the elements of an array take; -1 if that is more than an int64 holds."""
    type_ = array_type(node)
    count = product(type_.shape)
    if count.is_const:
        return I64(count.const * type_.dtype.itemsize)
    b = scene.b
    pair = ir.LiteralStructType([I64, I1])
    multiply = declare(scene.function.module, "llvm.umul.with.overflow.i64", pair, [I64, I64])
    size: Value = I64(type_.dtype.itemsize)
    wrapped: Value = I1(0)
    for extent in type_.shape:
        found = b.call(multiply, [size, scene.size(extent)])
        size, wrapped = b.extract_value(found, 0), b.or_(wrapped, b.extract_value(found, 1))
    return b.select(wrapped, I64(-1), size)


# Variables ------------------------------------------------------------------------------------------------------


def set_array(scene: Scene, variable: Variable, node: Node) -> None:
    """From now on the variable refers to this array."""
    value, type_ = reference(scene, node), variable.type
    place = scene.places[variable]
    assert isinstance(type_, Array) and place.pointer is not None
    b = scene.b
    if place.owner is not None:
        scene.keep(value.owner)
        scene.drop(b.load(place.owner, typ=POINTER))
        b.store(value.owner, place.owner)
    b.store(value.pointer, place.pointer)
    b.store(value.origin, place.origin)
    for axis, stride in enumerate(value.strides):
        if place.strides[axis] is not None:
            b.store(stride, place.strides[axis])


def read_array(scene: Scene, node: Node) -> ArrayRef:
    """The array that a variable refers to now; it stays as long as this place is not reached again."""
    variable = node.attr
    assert isinstance(variable, Variable)
    place, b = scene.places[variable], scene.b
    owner: Value = NULL
    if place.owner is not None:
        owner = b.load(place.owner, typ=POINTER)
        slot = slot_of(scene, node)
        scene.keep(owner)
        scene.drop(b.load(slot, typ=POINTER))
        b.store(owner, slot)
    given = [I64(0) if room is None else b.load(room, typ=I64) for room in place.strides]
    strides = _known_strides(scene, node, given)
    pointer, origin = b.load(place.pointer, typ=POINTER), b.load(place.origin, typ=I64)
    return scene.learn(node, ArrayRef(pointer, strides, origin, owner, scene.roots.of(node)))
