"""A stretch of array work as a region of its own, which the optimizer can hold.

What is at hand becomes parameters, every size a formula over theirs: the length of an axis of an array that is read,
or an integer of its own. Called by `eqsat.schedule.planner`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqsat.ir.body import LOCAL, Variable, Write
from eqsat.ir.dims import INTEGERS, ZERO, Arithmetic, Dim, Symbol, dim
from eqsat.ir.equalities import Equalities, lone_symbol, symbols
from eqsat.ir.nodes import NO_MAPS, Node, dim_node
from eqsat.ir.ops import CALLS
from eqsat.ir.region import Guard, Merges, Overwrite, Param, Region, TupleOf
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, Type
from eqsat.ir.view import Along, View, identity
from eqsat.schedule.memory import Memory
from eqsat.schedule.placement import base, is_view

_INT = Scalar(np.dtype(np.int64), "python")
_ESTIMATE = 64
"""Taken for an integer that is computed in the function, where nobody has a better guess."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a segment shall do: compute `outputs` and `checks`, then carry out `write`."""

    outputs: tuple[Node, ...]
    checks: tuple[Node, ...] = ()
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class Carved:
    """The region, what each of its parameters is in the function, and sizes to plan it for."""

    region: Region
    inputs: tuple[Node | Dim, ...]
    sizes: dict[Symbol, int]

    def outside(self, guards: Iterable[Guard]) -> Iterator[Guard]:
        """Guards over the segment's sizes, over those of the function; without those over sizes computed in it."""
        for guard in guards:
            sides = [side.fold(dim, self._outer, _FORMULAS) for side in (guard.left, guard.right)]
            if all(symbol.param < LOCAL for side in sides for symbol in symbols(side)):
                yield replace(guard, left=sides[0], right=sides[1])

    def _outer(self, symbol: Symbol) -> Dim:
        """The size in the function that a symbol of the segment stands for."""
        given = self.inputs[symbol.param]
        if isinstance(given, Dim):
            return given
        if symbol.axis is None:  # an integer of which nothing is known outside
            return dim(Symbol(LOCAL, None))
        assert isinstance(given.type, Array)
        return given.type.shape[symbol.axis]


class Carver:
    """Makes segments of one function. `at_hand` says whether a node need not be computed any more."""

    def __init__(
        self, region: Region, sizes: Mapping[Symbol, int], memory: Memory, at_hand: Callable[[Node], bool]
    ) -> None:
        self.region, self.sizes, self.memory, self.at_hand = region, sizes, memory, at_hand
        self.facts: list[Dim] = []
        """Formulas that are known to be zero or more where the segment runs: between which numbers a counter is."""

    def carve(self, work: Work, known_as: Callable[[Node], Node]) -> Carved:
        """The region of some work; `known_as` gives one node for all that are the same array."""
        return _Segment(self, work, known_as).run()


class _Segment:
    def __init__(self, carver: Carver, work: Work, known_as: Callable[[Node], Node]) -> None:
        self.carver, self.work, self.known_as = carver, work, known_as
        self.inputs: list[Node | Dim] = []
        self.numbers: dict[object, int] = {}
        self.symbols: dict[Symbol, Dim] = {}
        self.built: dict[Node, Node] = {}
        self.same = Equalities(carver.region.guards)
        target = work.write.target if work.write is not None else None
        self.target = _memory_of(target) if target is not None else None

    def run(self) -> Carved:
        work = self.work
        roots = [*work.outputs, *work.checks]
        if work.write is not None:
            assert self.target is not None
            self.number(self.target)
            roots.append(work.write.value)
        order = self.order(roots)
        self.learn(order)
        for node in order:
            if self.is_input(node):
                self.number(node)
        self.name_sizes()
        for node in order:
            self.built[node] = self.build(node)
        write = () if work.write is None else (self.overwrite(work.write),)
        outputs = tuple(self.built[node] for node in work.outputs)
        checks = tuple(self.built[node] for node in work.checks)
        params = self.params()
        region = self.carver.region
        span = work.write.span if work.write is not None else region.span
        made = Region(
            region.name, params, TupleOf(outputs), self.guards(), checks, (), span, None, write, flags=region.flags
        )
        return Carved(made, tuple(self.inputs), self.estimates(params))

    # What is read ------------------------------------------------------------------------------------------------

    def is_input(self, node: Node) -> bool:
        """Whether the node is a parameter of the segment, and not computed or viewed in it."""
        if node.op in ("constant", "dim", "counter"):
            return False
        if not is_view(node):
            return self.carver.at_hand(node)
        if node.op == "view" or not self.carver.at_hand(node):
            return False
        return node.op in NO_MAPS or (self.target is not None and self.key(node) == self.key(self.target))

    def order(self, roots: Sequence[Node]) -> list[Node]:
        """Every node of the segment, arguments first."""
        found: dict[Node, None] = {}
        stack = [(root, False) for root in reversed(roots)]
        while stack:
            node, ready = stack.pop()
            if ready:
                found[node] = None
            elif node not in found:
                stack.append((node, True))
                if not self.is_input(node):
                    stack.extend((arg, False) for arg in reversed(node.args))
        return list(found)

    def key(self, node: Node) -> object:
        """Equal for nodes that are the same memory described in the same way."""
        if not is_view(node):
            return self.known_as(node)
        return (node.op, node.attr, self.key(node.args[0]))

    def number(self, node: Node) -> int:
        """The parameter that stands for a node."""
        found = self.numbers.setdefault(self.key(node), len(self.inputs))
        if found == len(self.inputs):
            self.inputs.append(node)
        return found

    # Sizes -------------------------------------------------------------------------------------------------------

    def learn(self, nodes: Sequence[Node]) -> None:
        """What is computed together has one shape, though a check at run time and no guard may have seen to that."""
        work = [node for node in nodes if node.op not in {"view", "reduce", *CALLS} and not self.is_input(node)]
        pairs = [(node, arg) for node in work for arg in node.args]
        if self.work.write is not None:
            pairs.append((self.work.write.target, self.work.write.value))
        for one, other in pairs:
            if isinstance(one.type, Array) and isinstance(other.type, Array) and other.type.shape:
                for left, right in zip(one.type.shape, other.type.shape, strict=True):
                    if self.same.resolve(left) != self.same.resolve(right):
                        self.same.add(left, right)

    def name_sizes(self) -> None:
        """Sizes that are the length of an axis of an array that is read have that name."""
        for number, node in enumerate(self.inputs):
            if isinstance(node, Node) and isinstance(node.type, Array):
                for axis, length in enumerate(node.type.shape):
                    symbol = lone_symbol(self.same.resolve(length))
                    if symbol is not None:
                        self.symbols.setdefault(symbol, dim(Symbol(number, axis)))

    def size(self, value: Dim) -> Dim:
        """A size in terms of the segment's parameters."""
        return self.same.resolve(value).fold(dim, self.symbol, _FORMULAS)

    def symbol(self, symbol: Symbol) -> Dim:
        if symbol not in self.symbols:
            self.symbols[symbol] = dim(Symbol(len(self.inputs), None))
            self.inputs.append(dim(symbol))
        return self.symbols[symbol]

    def type(self, type_: Type) -> Type:
        return replace(type_, shape=tuple(map(self.size, type_.shape))) if isinstance(type_, Array) else type_

    def view(self, view: View) -> View:
        return View(tuple(Along(a.axis, self.size(a.start), a.step) for a in view.axes), view.rank)

    def estimates(self, params: Sequence[Param]) -> dict[Symbol, int]:
        """A number for every size that the region names."""
        found: dict[Symbol, int] = {}
        for number, (value, param) in enumerate(zip(self.inputs, params, strict=True)):
            if isinstance(value, Dim):
                found[Symbol(number, None)] = self.estimate(value)
            elif isinstance(value.type, Array):
                for axis, length in enumerate(value.type.shape):
                    found[Symbol(number, axis)] = self.estimate(length)
            elif isinstance(param.type, Scalar) and param.type.dtype.kind in "bi":
                found[Symbol(number, None)] = _ESTIMATE
        return found

    def estimate(self, value: Dim) -> int:
        return max(value.fold(int, lambda symbol: self.carver.sizes.get(symbol, _ESTIMATE), INTEGERS), 0)

    # Nodes -------------------------------------------------------------------------------------------------------

    def build(self, node: Node) -> Node:
        if self.is_input(node):
            number = self.number(node)
            read = self.inputs[number]
            assert isinstance(read, Node)
            return Node("param", (), number, self.type(read.type), node.span)
        match node.op:
            case "constant":
                return node
            case "counter":
                assert isinstance(node.attr, int)
                return dim_node(self.size(dim(Symbol(node.attr, None))), node.type, node.span)
            case "dim":
                assert isinstance(node.attr, Dim)
                return dim_node(self.size(node.attr), node.type, node.span)
            case _:
                attr = self.view(node.attr) if isinstance(node.attr, View) else node.attr
                return Node(node.op, tuple(self.built[a] for a in node.args), attr, self.type(node.type), node.span)

    def overwrite(self, write: Write) -> Overwrite:
        assert self.target is not None and isinstance(write.target.type, Array)
        number = self.number(self.target)
        view = identity(write.target.type.ndim)
        node = write.target
        while node is not self.target:
            assert isinstance(node.attr, View)
            view = node.attr.then(view)
            node = node.args[0]
        aliases = {
            other
            for other, value in enumerate(self.inputs)
            if isinstance(value, Node) and isinstance(value.type, Array) and other != number
            if self.carver.memory.may_meet(self.known_as(base(value)), self.known_as(base(self.target)))
        }
        shape = tuple(map(self.size, write.target.type.shape))
        return Overwrite(number, self.view(view), shape, self.built[write.value], frozenset(aliases))

    # Parameters --------------------------------------------------------------------------------------------------

    def params(self) -> tuple[Param, ...]:
        names: set[str] = set()
        params: list[Param] = []
        number = 0
        while number < len(self.inputs):  # the type of one may name a size that becomes another
            value = self.inputs[number]
            type_ = _INT if isinstance(value, Dim) else self.type(value.type)
            params.append(Param(_unique(self.name(value), names), type_))
            number += 1
        return tuple(params)

    def name(self, value: Node | Dim) -> str:
        """As the user calls it, where there is a name."""
        if isinstance(value, Dim):
            return "n"
        root = base(value)
        if root.op == "param":
            assert isinstance(root.attr, int)
            return self.carver.region.params[root.attr].name
        if isinstance(root.attr, Variable):
            return root.attr.name
        return "array" if isinstance(value.type, Array) else "x"

    def guards(self) -> tuple[Guard | Merges, ...]:
        """What is known of how the arrays lie, and of the sizes that the segment names."""
        place = {
            value.attr: number
            for number, value in enumerate(self.inputs)
            if isinstance(value, Node) and value.op == "param"
        }
        merges = (guard for guard in self.carver.region.guards if isinstance(guard, Merges))
        lie = [replace(guard, param=place[guard.param]) for guard in merges if guard.param in place]
        facts = [self.same.resolve(fact) for fact in self.carver.facts]
        known = [self.size(fact) for fact in facts if symbols(fact) <= self.symbols.keys()]
        return (*lie, *(Guard(fact, ">=", ZERO, NOWHERE) for fact in known if not fact.is_const))


def _memory_of(target: Node) -> Node:
    """The array whose elements the target's index maps choose: what the segment is told of."""
    while target.op == "view":
        target = target.args[0]
    return target


def _unique(name: str, names: set[str]) -> str:
    found, count = name, 1
    while found in names:
        count += 1
        found = f"{name}_{count}"
    names.add(found)
    return found


_FORMULAS: Arithmetic[Dim] = Arithmetic(lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b.const)
