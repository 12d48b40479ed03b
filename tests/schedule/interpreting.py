"""Two interpreters: what a body means, node after node in NumPy, and what a routine does, step after step.

They share how a single node is computed, and nothing with the planner.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from eqsat.frontend.arguments import sizes_of
from eqsat.ir import body as ir
from eqsat.ir import routine as steps
from eqsat.ir.body import Block, Label, Statement, inner_blocks, operands
from eqsat.ir.dims import Dim, Symbol
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import IN_PLACE, Node, walk
from eqsat.ir.program import Program
from eqsat.ir.region import Region, Result, Same, TupleOf
from eqsat.ir.routine import Routine, Step
from eqsat.ir.types import Array
from eqsat.ir.view import View
from tests import reference
from tests.egraph.executing import execute
from tests.reference import CheckFailed

UNSET = object()
"""What a variable holds that has not been set: nobody may look at it, but it may be handed on."""
LEAVES = ("param", "constant", "dim", "counter")


def copied(arguments: Sequence[object]) -> list:
    """Arguments again, in memory that overlaps, and is aligned, in the same way."""
    memories: dict[int, tuple[np.ndarray, int]] = {}
    found: list[object] = []
    for argument in arguments:
        if not isinstance(argument, np.ndarray) or not argument.size:
            found.append(argument.copy() if isinstance(argument, np.ndarray) else argument)
            continue
        root = argument
        while isinstance(root.base, np.ndarray):
            root = root.base
        low, high = np.lib.array_utils.byte_bounds(root)
        if id(root) not in memories:
            memory = np.empty(high - low + 64, np.uint8)
            first = (low - memory.ctypes.data) % 64
            memory[first : first + high - low] = np.frombuffer(ctypes.string_at(low, high - low), np.uint8)
            memories[id(root)] = memory, first - low
        memory, shift = memories[id(root)]
        start = argument.ctypes.data + shift
        found.append(np.ndarray(argument.shape, argument.dtype, memory, start, argument.strides))
    return found


class Left(Exception):
    """A block was left."""

    def __init__(self, label: Label) -> None:
        self.label = label


class Machine:
    """Values of nodes and variables, and today's sizes."""

    def __init__(self, region: Region, arguments: Sequence[object], symbols: dict[int, Node]) -> None:
        self.region, self.arguments = region, arguments
        self.sizes = sizes_of(arguments)
        self.symbols = {node: number for number, node in symbols.items()}
        self.values: dict[Node, Any] = {}
        self.variables: dict[ir.Variable, Any] = {}

    def value(self, node: Node) -> Any:
        """The value of a node that is computed, or can be had at any time."""
        if node in self.values:
            return self.values[node]
        if node.op == "param":
            return self.arguments[node.attr]
        if node.op == "constant":
            return node.attr.value
        if node.op == "dim":
            return node.attr.evaluate(self.sizes)
        if node.op in IN_PLACE and isinstance(node.type, Array):
            return self.view(node, self.value(node.args[0]))
        raise AssertionError(f"{node!r} is used before it is computed")

    def view(self, node: Node, source: np.ndarray) -> np.ndarray:
        """The array in the memory of its operand."""
        if node.op in ("real", "imag"):
            return getattr(source, node.op)
        shape = [d.evaluate(self.sizes) for d in node.type.shape]
        if node.op == "reshape":
            assert source.flags.c_contiguous
            return source.reshape(shape)
        assert isinstance(node.attr, View)
        if 0 in shape:
            return np.empty(shape, source.dtype)
        strides, first = [0] * len(shape), []
        for along, stride, length in zip(node.attr.axes, source.strides, source.shape, strict=True):
            start = along.start.evaluate(self.sizes)
            last = start if along.axis is None else start + along.step * (shape[along.axis] - 1)
            assert min(start, last) >= 0 and max(start, last) < length, (node, start, last, length)
            first.append(slice(start, None))
            if along.axis is not None:
                strides[along.axis] += along.step * stride
        return as_strided(source[(*first, ...)], shape, strides)

    def compute(self, node: Node) -> None:
        """Compute a node from those that it uses."""
        args = [self.value(arg) for arg in node.args]
        if any(arg is UNSET for arg in args):
            self.values[node] = UNSET
            return
        try:
            with np.errstate(all="ignore"):
                self.values[node] = self.computed(node, args)
        except (ArithmeticError, ValueError):  # a check sees to it that nobody looks at this
            assert not isinstance(node.type, Array)
            self.values[node] = reference.as_typed(node.type.dtype.type(0), node.type)
        if node in self.symbols:
            self.know(node)

    def know(self, node: Node) -> None:
        """A number that sizes are made of."""
        value = self.values[node]
        self.sizes[Symbol(self.symbols[node], None)] = 0 if value is UNSET else int(value)

    def computed(self, node: Node, args: list[Any]) -> Any:
        match node.op:
            case "read":
                return self.variables.get(node.attr, UNSET)
            case "empty":
                return np.full([d.evaluate(self.sizes) for d in node.type.shape], 77, node.type.dtype)
            case "gather":
                return args[0][tuple(args[1:])].copy()
            case "nonzero":
                return np.array(np.nonzero(args[0]))
            case "matmul":
                return np.matmul(*args)
            case "literal":
                shape = [d.evaluate(self.sizes) for d in node.type.shape]
                return np.frombuffer(node.attr, node.type.dtype).reshape(shape).copy()
            case "iota":
                (length,) = (d.evaluate(self.sizes) for d in node.type.shape)
                wide = np.dtype("f4") if node.type.dtype == np.float16 else node.type.dtype
                start, delta = (np.asarray(arg, wide) for arg in args)
                return (start + np.arange(length).astype(wide) * delta).astype(node.type.dtype)
            case "accumulate":
                name, axis = node.attr
                return getattr(np, name).accumulate(args[0], axis, node.type.dtype)
            case "view" if not isinstance(node.type, Array):
                return self.view_number(node, args[0])
            case _ if node.op in IN_PLACE and isinstance(node.type, Array):
                return self.view(node, args[0])
            case _:
                return reference.as_typed(reference._value(node, args, self.arguments, self.sizes), node.type)

    def view_number(self, node: Node, source: np.ndarray) -> Any:
        return source[self.index(node, source)]

    def index(self, node: Node, source: np.ndarray) -> tuple[int, ...]:
        """Which element a `view` of scalar type reads."""
        found = tuple(along.start.evaluate(self.sizes) for along in node.attr.axes)
        assert all(0 <= place < length for place, length in zip(found, source.shape, strict=True)), "out of range"
        return found

    def put(self, target: Node, value: Any) -> None:
        if isinstance(target.type, Array):
            self.value(target)[...] = np.array(value)
        else:
            source = self.value(target.args[0])
            source[self.index(target, source)] = value

    def scatter(self, statement: ir.Scatter) -> None:
        target = self.value(statement.target)
        places = [self.value(index) for index in statement.indices]
        for place, length in zip(places, target.shape, strict=False):
            if statement.checked and np.any((place < -length) | (place >= length)):
                raise CheckFailed
        value = np.broadcast_to(self.value(statement.value), places[0].shape + target.shape[len(places) :])
        for at in np.ndindex(places[0].shape):
            target[tuple(place[at] for place in places)] = value[at]

    def range(self, loop: ir.For | steps.For) -> Iterable[int]:
        assert isinstance(loop.counter.attr, int)
        for number in range(*(int(self.value(bound)) for bound in (loop.start, loop.stop, loop.step))):
            self.values[loop.counter] = number
            self.sizes[Symbol(loop.counter.attr, None)] = number
            yield number

    def results(self) -> Any:
        def of(result: Result) -> Any:
            if isinstance(result, Same):
                return result.value
            return tuple(map(of, result.items)) if isinstance(result, TupleOf) else self.value(result)

        return of(self.region.result)


def _sizes(node: Node) -> list[Dim]:
    found = list(node.type.shape) if isinstance(node.type, Array) else []
    if isinstance(node.attr, View):
        found += [along.start for along in node.attr.axes]
    return [*found, node.attr] if isinstance(node.attr, Dim) else found


# What a body means ------------------------------------------------------------------------------------------------


class _Meaning(Machine):
    def __init__(self, region: Region, arguments: Sequence[object]) -> None:
        assert region.body is not None
        super().__init__(region, arguments, dict(region.body.symbols))
        self.items: dict[Block, list[Node | Statement]] = {}
        self.collect(region.body.block)
        for node in self.needed(region, region.body):
            if node.op not in LEAVES:
                inner = [b for b in self.items if b.first <= node.serial <= b.last]
                self.items[min(inner, key=lambda b: b.last - b.first)].append(node)
        for block, items in self.items.items():
            found = list(block.statements)
            for node in sorted((item for item in items if isinstance(item, Node)), key=lambda item: item.serial):
                earlier = [k for k, item in enumerate(found) if item.serial < node.serial]
                found.insert(earlier[-1] + 1 if earlier else 0, node)
            self.items[block] = found

    def needed(self, region: Region, body: ir.Body) -> list[Node]:
        """The nodes of results and statements, and those of the integers that their sizes are made of."""
        roots = list(region.result_nodes())
        for items in self.items.values():
            for item in items:
                roots += [item.condition] if isinstance(item, ir.While) else operands(item)
        while True:
            nodes = list(walk(roots))
            named = {symbol.param for node in nodes for size in _sizes(node) for symbol in symbols(size)}
            more = [body.symbols[number] for number in named if number in body.symbols]
            if set(more) <= set(nodes):
                return nodes
            roots += more

    def collect(self, block: Block) -> None:
        self.items[block] = list(block.statements)
        for statement in block.statements:
            for inner in inner_blocks(statement):
                self.collect(inner)

    def block(self, block: Block) -> None:
        for item in self.items[block]:
            if isinstance(item, Node):
                self.compute(item)
            else:
                self.statement(item)

    def statement(self, statement: Statement) -> None:
        match statement:
            case ir.Set(variable, value):
                self.variables[variable] = self.value(value)
            case ir.Write(target, value):
                self.put(target, self.value(value))
            case ir.Scatter():
                self.scatter(statement)
            case ir.Check(condition):
                if not self.value(condition):
                    raise CheckFailed
            case ir.If(condition, then, orelse):
                self.block(then if self.value(condition) else orelse)
            case ir.For():
                for _ in self.range(statement):
                    self.block(statement.body)
            case ir.While(head, condition, body):
                self.block(head)
                while self.value(condition):
                    self.block(body)
                    self.block(head)
            case ir.Labeled(label, body):
                try:
                    self.block(body)
                except Left as left:
                    if left.label is not label:
                        raise
            case ir.Leave(label):
                raise Left(label)


def meaning(region: Region, arguments: Sequence[object]) -> Any:
    """The results of a region with a body; writes into the arguments."""
    machine = _Meaning(region, arguments)
    assert region.body is not None
    machine.block(region.body.block)
    return machine.results()


# What a routine does ----------------------------------------------------------------------------------------------


class _Running(Machine):
    def steps(self, steps_: Sequence[Step]) -> None:
        """Run a block; what was computed in it is not there afterwards."""
        before = set(self.values)
        try:
            for step in steps_:
                self.step(step)
        finally:
            self.values = {node: value for node, value in self.values.items() if node in before}

    def head(self, loop: steps.While) -> bool:
        for step in loop.head:
            self.step(step)
        return bool(self.value(loop.condition))

    def step(self, step: Step) -> None:
        match step:
            case steps.Let(node) | steps.Invoke(node):
                self.compute(node)
            case steps.Store(target, value):
                self.put(target, self.value(value))
            case steps.Segment():
                self.segment(step)
            case steps.Scatter():
                self.scatter(step)
            case steps.Set(variable, value):
                self.variables[variable] = self.value(value)
            case steps.Check(condition):
                if not self.value(condition):
                    raise CheckFailed
            case steps.If(condition, then, orelse):
                self.steps(then if self.value(condition) else orelse)
            case steps.For():
                for _ in self.range(step):
                    self.steps(step.body)
            case steps.While():
                before = dict(self.values)
                while self.head(step):
                    self.steps(step.body)
                    self.values = dict(before)
                self.values = before
            case steps.Labeled(label, body):
                try:
                    self.steps(body)
                except Left as left:
                    if left.label is not label:
                        raise
            case steps.Leave(label):
                raise Left(label)

    def segment(self, segment: steps.Segment) -> None:
        given = [i.evaluate(self.sizes) if isinstance(i, Dim) else self.value(i) for i in segment.inputs]
        region = segment.program.region
        assert len(given) == len(region.params)
        sizes = sizes_of(given)
        for value, param in zip(given, region.params, strict=True):
            if isinstance(param.type, Array):
                assert value.dtype == param.type.dtype
                assert value.shape == tuple(d.evaluate(sizes) for d in param.type.shape), (param, value.shape)
        with np.errstate(all="ignore"):
            found = execute(segment.program, given, sizes)
        if not all(found[check] for check in region.checks):
            raise CheckFailed
        results = list(region.result_nodes())
        assert len(results) == len(segment.outputs)
        for node, result in zip(segment.outputs, results, strict=True):
            value = found[result]
            self.values[node] = np.array(value) if isinstance(node.type, Array) else value
            if node in self.symbols:
                self.know(node)


def perform(routine: Routine, arguments: Sequence[object]) -> Any:
    """The results of a routine; writes into the arguments."""
    machine = _Running(routine.region, arguments, dict(routine.symbols))
    for step in routine.steps:
        machine.step(step)
    return machine.results()


def programs(found: Iterable[Step]) -> list[Program]:
    """The programs of all segments, in order."""
    made: list[Program] = []
    for step in found:
        if isinstance(step, steps.Segment):
            made.append(step.program)
        for name in ("then", "orelse", "head", "body"):
            made += programs(getattr(step, name, ()))
    return made
