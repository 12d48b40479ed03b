"""Find the left side of a rule about arrays in a read-out e-graph.

Rules about single elements are egglog's; those that speak of shapes, index maps, reductions or calls are matched here,
where shapes are known. An index map in a pattern is compared with the maps of a class, which are composed already:
`A.T[:, None]` is one. Operands that are broadcast match by what is broadcast. Called by `eqsat.egraph.apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from eqsat.egraph.calls import call_key
from eqsat.egraph.encode import commutes
from eqsat.egraph.graph import ENode, Shape
from eqsat.egraph.terms import Impossible, Ref, Terms
from eqsat.ir.dims import ONE, Dim, product
from eqsat.ir.ops import UFUNCS
from eqsat.ir.view import Along, View, broadcast, identity, transpose
from eqsat.rules.api import Rule, literal, walk
from eqsat.rules.pattern import MOVEMENT, STRUCTURE, Pattern, kind_of

PYTHON = {
    "add": "py.add",
    "subtract": "py.sub",
    "multiply": "py.mul",
    "divide": "py.truediv",
    "floor_divide": "py.floordiv",
    "remainder": "py.mod",
    "power": "py.pow",
    "negative": "py.neg",
    "absolute": "py.abs",
}
"""Python's operators on Python's numbers, which patterns write as they write ufuncs."""


_CONVERSIONS = 2
"""So many conversions, one after the other, may stand between a size and where it is used."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What the variables of a pattern stand for: classes, or axes; `folds`: the reductions that were met."""

    values: Mapping[str, int]
    axes: Mapping[str, tuple[int, ...]]
    folds: tuple[int, ...] = ()

    def with_value(self, name: str, element: int) -> Binding | None:
        """The binding with one more variable; None if it stands for something else already."""
        found = self.values.get(name)
        if found is not None:
            return self if found == element else None
        return Binding({**self.values, name: element}, self.axes, self.folds)

    def with_fold(self, number: int, name: str | None, axes: tuple[int, ...]) -> Binding | None:
        """The binding after a reduction over `axes`, which variable `name` stands for."""
        known = self.axes.get(name) if name is not None else None
        if known is not None and known != axes:
            return None
        mapping = self.axes if name is None else {**self.axes, name: axes}
        return Binding(self.values, mapping, (*self.folds, number))


EMPTY = Binding({}, {})


class Matcher:
    """Matches the patterns of rules in one graph."""

    def __init__(self, terms: Terms) -> None:
        self.terms, self.graph, self.tables = terms, terms.graph, terms.tables
        self.by_op: dict[str, list[int]] = {}
        for number, alternatives in enumerate(self.graph.elements[: terms.classes]):
            for key in {self.key(enode) for enode in alternatives}:
                self.by_op.setdefault(key, []).append(number)

    def key(self, enode: ENode) -> str:
        """What the root of a pattern is looked up by."""
        if enode.kind == "fold":
            return f"reduce {self.tables.folds.values[enode.attr].reduction.op}"
        return f"{enode.kind} {enode.name}" if enode.kind in ("call", "apply") else enode.kind

    def matches(self, one: Rule) -> Iterator[tuple[int, Binding]]:
        """Every class that the left side of a rule matches, with what its variables stand for."""
        found = _Search(self, dict(one.kinds), speaks_of_axes(one))
        for root in self.by_op.get(root_key(one.left), ()):
            for binding in found.match(one.left, root, EMPTY):
                yield root, binding


def speaks_of_axes(one: Rule) -> bool:
    """Whether a rule does more than to combine elements side by side, so that broadcasting would change its meaning.

    Any of all p in a row or any of all q is not any of p or q, where q has another number of axes, or one of length one
    beside one of length zero. Then variables with any number of axes have one shape, or none (`eqsat.rules.shapes`).
    """
    parts = (*walk(one.left), *walk(one.right))
    return any(part.op in {"reduce", "size", *MOVEMENT} for part in parts)


def root_key(pattern: Pattern) -> str:
    """The key under which classes are found that the pattern can match."""
    if pattern.op == "reduce":
        return f"reduce {pattern.value[0]}"
    if pattern.op == "call":
        return f"call {call_key(pattern)}"
    return "move" if pattern.op in MOVEMENT else f"apply {pattern.op}"


class _Search:
    """One rule's pattern; `kinds` are those of its variables. `one_shape`: see `speaks_of_axes`."""

    def __init__(self, matcher: Matcher, kinds: Mapping[str, str], one_shape: bool) -> None:
        self.matcher, self.kinds, self.one_shape = matcher, kinds, one_shape
        self.terms, self.graph, self.tables = matcher.terms, matcher.graph, matcher.tables

    def match(self, pattern: Pattern, element: int, binding: Binding) -> Iterator[Binding]:
        """The ways in which a class is the pattern."""
        match pattern.op:
            case "variable":
                yield from self.variable(str(pattern.value), element, binding)
            case "literal":
                if self.is_number(pattern.value, element):
                    yield binding
            case "size":
                yield from self.size(pattern, element, binding)
            case "reduce":
                yield from self.reduce(pattern, element, binding)
            case "call":
                yield from self.call(pattern, element, binding)
            case op if op in MOVEMENT:
                yield from self.moved(pattern, element, self.terms.shape(element), binding)
            case _:
                yield from self.elementwise(pattern, element, binding)

    def variable(self, name: str, element: int, binding: Binding) -> Iterator[Binding]:
        kind = kind_of(self.kinds[name])
        assert kind is not None
        if self.graph.dtypes[element] not in kind.dtypes:
            return
        rank = len(self.terms.shape(element))
        if kind.ndim is None and self.one_shape and not self.has_the_shape(element, binding):
            return
        if kind.ndim is None or kind.ndim == rank:
            found = binding.with_value(name, element)
            if found is not None:
                yield found
        elif kind.ndim < rank:  # broadcast to the shape of its neighbours
            for source, view in self.moves(element):
                shape = self.terms.shape(source)
                if len(shape) == kind.ndim and view == _spread(shape, self.terms.shape(element)):
                    found = binding.with_value(name, source)
                    if found is not None:
                        yield found

    def has_the_shape(self, element: int, binding: Binding) -> bool:
        """Whether a class is a number, or has the shape of the other variables with any number of axes."""
        shape = self.terms.shape(element)
        kinds = {name: kind_of(self.kinds[name]) for name in binding.values}
        others = [self.terms.shape(binding.values[name]) for name, kind in kinds.items() if kind and kind.ndim is None]
        return not shape or all(other in ((), shape) for other in others)

    def moves(self, element: int) -> Iterator[tuple[int, View]]:
        for enode in self.graph.elements[element]:
            if enode.kind == "move":
                yield enode.args[0], self.tables.moves.values[enode.attr].view

    def is_number(self, value: object, element: int) -> bool:
        """Whether a class is that number, or repeats it."""
        classes = [element, *(source for source, _ in self.moves(element) if not self.terms.shape(source))]
        for one in classes:
            for constant in self.terms.constants(one):
                if literal(value, np.dtype(constant.name)) == constant.constant:
                    return True
        return False

    def size(self, pattern: Pattern, element: int, binding: Binding) -> Iterator[Binding]:
        """`x.size` or `x.shape[k]`, possibly converted, which a class may be to itself."""
        wanted = self.size_of(pattern, binding)
        classes = {element: None} if wanted is not None else {}
        for _ in range(_CONVERSIONS):
            below = [
                e.args[0] for c in classes for e in self.graph.elements[c] if e.name in ("cast", "py.float") and e.args
            ]
            classes |= dict.fromkeys(below)
        for enode in (enode for one in classes for enode in self.graph.elements[one]):
            if enode.kind == "size" and self.tables.sizes.values[enode.attr] == wanted:
                yield binding
                return
            known = wanted.const if wanted is not None and wanted.is_const and enode.kind == "constant" else None
            if known is not None and literal(known, np.dtype(enode.name)) == enode.constant:
                yield binding
                return

    def size_of(self, pattern: Pattern, binding: Binding) -> Dim | None:
        shape = self.shape_of(pattern.args[0], binding)
        if shape is None:
            return None
        if pattern.value is None:
            return self.tables.same.resolve(product(shape))
        axis: int = pattern.value
        return shape[axis] if -len(shape) <= axis < len(shape) else None

    def shape_of(self, pattern: Pattern, binding: Binding) -> Shape | None:
        """The shape of a pattern whose variables are known; None if they are not, or it is not elementwise."""
        if pattern.op == "variable":
            found = binding.values.get(str(pattern.value))
            return None if found is None else self.terms.shape(found)
        if pattern.op == "literal":
            return ()
        if pattern.op in STRUCTURE:
            return None
        shapes = [self.shape_of(arg, binding) for arg in pattern.args]
        known = [shape for shape in shapes if shape is not None]
        try:
            return self.terms.broadcast(known) if len(known) == len(shapes) else None
        except Impossible:
            return None

    def reduce(self, pattern: Pattern, element: int, binding: Binding) -> Iterator[Binding]:
        op, axes = pattern.value
        for enode in self.graph.elements[element]:
            if enode.kind != "fold":
                continue
            fold = self.tables.folds.values[enode.attr]
            rank = len(fold.extents)
            (below,) = enode.args
            if fold.reduction.op != op or (
                fold.dtype.char != self.graph.dtypes[below] and not op.startswith("logical")
            ):
                continue
            wanted = axes_of(axes, rank)
            if wanted is not None and set(wanted) != set(fold.reduction.axes):
                continue
            name = axes if isinstance(axes, str) else None
            found = binding.with_fold(enode.attr, name, fold.reduction.axes)
            if found is not None:
                yield from self.match(pattern.args[0], below, found)

    def call(self, pattern: Pattern, element: int, binding: Binding) -> Iterator[Binding]:
        key = call_key(pattern)
        for enode in self.graph.elements[element]:
            if enode.kind == "call" and enode.name == key and len(enode.args) == len(pattern.args):
                yield from self.all(pattern.args, enode.args, binding)

    def elementwise(self, pattern: Pattern, element: int, binding: Binding) -> Iterator[Binding]:
        names = {pattern.op, PYTHON.get(pattern.op, pattern.op)}
        for enode in self.graph.elements[element]:
            if enode.kind != "apply" or enode.name not in names or len(enode.args) != len(pattern.args):
                continue
            orders = [enode.args]
            swaps = len(enode.args) == 2 and (
                commutes(enode.name, enode.signature) if enode.name in UFUNCS else enode.name in ("py.add", "py.mul")
            )
            if swaps and enode.args[0] != enode.args[1]:
                orders = [*permutations(enode.args)]
            for args in orders:
                yield from self.all(pattern.args, args, binding)

    def all(self, patterns: tuple[Pattern, ...], elements: tuple[int, ...], binding: Binding) -> Iterator[Binding]:
        if not patterns:
            yield binding
            return
        for found in self.match(patterns[0], elements[0], binding):
            yield from self.all(patterns[1:], elements[1:], found)

    def moved(self, pattern: Pattern, element: int, shape: Shape, binding: Binding) -> Iterator[Binding]:
        """A chain of index maps, which the graph holds as one."""
        chain: list[Pattern] = []
        while pattern.op in MOVEMENT:
            chain.insert(0, pattern)
            pattern = pattern.args[0]
        for source, view in self.moves(element):
            if len(view.axes) != len(self.terms.shape(source)):
                continue  # a map that went through an operation reached a scalar among its operands
            try:
                made, reached = map_of(chain, self.terms.shape(source), binding)
            except Impossible:
                continue
            spread = len(reached) <= len(shape)  # else the map picks elements of what the pattern makes
            if spread and view == (made if reached == shape else made.then(_spread(reached, shape))):
                yield from self.match(pattern, source, binding)
            elif pattern.op == "variable":
                yield from self.undone(pattern, view, chain, source, shape, binding)

    def undone(
        self, pattern: Pattern, view: View, chain: list[Pattern], source: int, shape: Shape, binding: Binding
    ) -> Iterator[Binding]:
        """A variable transposed, where the graph has a slice (or the like) of something transposed: the slice alone."""
        if len(chain) != 1 or chain[0].op != "transpose" or chain[0].value is not None or len(shape) != 2:
            return
        axes = [along.axis for along in view.axes if along.axis is not None]
        if axes == [1, 0]:
            back = view.then(transpose((1, 0)))
            straight = self.terms.move(back, (shape[1], shape[0]), Ref(source))
            yield from self.match(pattern, straight, binding)


def axes_of(axes: object, rank: int) -> tuple[int, ...] | None:
    """The axes that a pattern names, of so many; None for a variable. Out of range ones match nothing."""
    if axes is None:
        return tuple(range(rank))
    if isinstance(axes, str):
        return None
    assert isinstance(axes, tuple)
    return tuple(sorted(axis % rank if -rank <= axis < rank else -1 for axis in axes))


def _spread(shape: Shape, target: Shape) -> View:
    ones = tuple(extent == ONE != target[len(target) - len(shape) + k] for k, extent in enumerate(shape))
    return broadcast(ones, len(target))


def map_of(chain: list[Pattern], shape: Shape, binding: Binding) -> tuple[View, Shape]:
    """The index map of movements one after the other, and the shape that it ends with."""
    view = identity(len(shape))
    for step in chain:
        rank = len(shape)
        match step.op:
            case "transpose":
                order = tuple(reversed(range(rank))) if step.value is None else step.value
                if sorted(order) != list(range(rank)):
                    raise Impossible("axes do not match")
                view, shape = view.then(transpose(order)), tuple(shape[k] for k in order)
            case "expand":
                added = binding.axes.get(step.value) if isinstance(step.value, str) else step.value
                if added is None:
                    raise Impossible("the axes are not known yet")
                total = rank + len(added)
                places = {axis % total for axis in added}
                kept = [axis for axis in range(total) if axis not in places]
                if len(kept) != rank:
                    raise Impossible("axes do not match")
                view = view.then(View(tuple(Along(axis) for axis in kept), total))
                rest = iter(shape)
                shape = tuple(ONE if axis in places else next(rest) for axis in range(total))
            case "diagonal":
                if rank != 2 or shape[0] != shape[1]:
                    raise Impossible("not a square matrix")
                view, shape = view.then(View((Along(0), Along(0)), 1)), shape[:1]
            case _:
                axis = step.value % rank if -rank <= step.value < rank else None
                if axis is None:
                    raise Impossible("axis out of range")
                along = tuple(Along(k) if k != axis else Along(k, shape[k] - 1, -1) for k in range(rank))
                view = view.then(View(along, rank))
    return view, shape
