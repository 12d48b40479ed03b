"""Writes functions in order by hand: nodes by the builder, statements and blocks around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.builder import PYTHON_INT
from eqsat.ir.body import (
    LOCAL,
    Block,
    Body,
    Check,
    For,
    If,
    Label,
    Labeled,
    Leave,
    Scatter,
    Set,
    Statement,
    Variable,
    While,
    Write,
)
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.nodes import Constant, Node, next_serial
from eqsat.ir.region import Disjoint, Param, Region, TupleOf
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, c_layout
from eqsat.ir.view import Along, View
from tests.builder.building import TestBuilder

NAMES = {"+": "add", "-": "sub", "*": "mult", "/": "div", "<": "lt", ">": "gt"}
Part = slice | int | Dim | Node


class Writing:
    """A function being written for real arguments."""

    def __init__(self, *arguments: object, apart: bool = True) -> None:
        self.arguments = arguments
        self.sizes = sizes_of(arguments)
        self.builder = TestBuilder(self.sizes, strides_of(arguments))
        self.params = tuple(Param("abcdefgh"[k], type_of(a, k)) for k, a in enumerate(arguments))
        self.nodes = [Node("param", (), k, param.type, NOWHERE) for k, param in enumerate(self.params)]
        arrays = [k for k, param in enumerate(self.params) if isinstance(param.type, Array)]
        self.apart = [Disjoint(j, k, True, NOWHERE) for j in arrays for k in arrays if j < k and apart]
        self.symbols: dict[int, Node] = {}
        self.statements: list[Statement] = []
        self.first = next_serial()

    # Expressions ------------------------------------------------------------------------------------------------

    def apply(self, symbol: str, *args: object) -> Node:
        made = self.builder.operator(NAMES[symbol], [self.value(arg) for arg in args], NOWHERE)
        assert isinstance(made, Node)
        return made

    def add(self, x: object, y: object) -> Node:
        return self.apply("+", x, y)

    def mul(self, x: object, y: object) -> Node:
        return self.apply("*", x, y)

    def after(self, counter: Node) -> Node:
        """The next integer after a counter."""
        return Node("dim", (), self.size(counter) + 1, PYTHON_INT, NOWHERE)

    def above(self, x: Node, y: int) -> Node:
        """A comparison of integers of Python's that are computed here."""
        return Node("py.gt", (x, self.integer(y)), None, Scalar(np.dtype("?"), "python"), NOWHERE)

    def call(self, function: object, *args: object, **kwargs: object) -> Node:
        made = self.builder.call(function, *args, **kwargs)
        assert isinstance(made, Node)
        return made

    def value(self, item: object) -> object:
        return item if isinstance(item, Node) else self.builder.known(item)

    def value_node(self, number: float) -> Node:
        return self.builder.node(self.builder.known(np.float64(number)), NOWHERE)

    def copy(self, x: Node) -> Node:
        return self.builder.copy(x, "C", NOWHERE)

    def number(self, node: Node) -> Dim:
        """An integer that is computed here, as a size."""
        number = LOCAL + len(self.symbols)
        self.symbols[number] = node
        return dim(Symbol(number, None))

    def at(self, x: Node, *parts: Part) -> Node:
        """`x[parts]`: an integer for an axis, or `slice(start, stop, step)` with bounds that are sizes."""
        axes: list[Along] = []
        shape: list[Dim] = []
        for k, length in enumerate(x.type.shape):
            part = parts[k] if k < len(parts) else slice(None)
            if not isinstance(part, slice):
                axes.append(Along(None, self.size(part)))
                continue
            step = part.step or 1
            start = self.size(0 if part.start is None else part.start)
            stop = length if part.stop is None else self.size(part.stop)
            stop = length + stop if stop.is_const and stop.const < 0 else stop
            axes.append(Along(len(shape), start, step))
            shape.append((stop - start + (step - 1)) // step)
        view = View(tuple(axes), len(shape))
        if shape:
            return self.builder.view(x, view, tuple(shape), NOWHERE)
        return Node("view", (x,), view, Scalar(x.type.dtype, "numpy"), NOWHERE)

    def size(self, part: int | Dim | Node) -> Dim:
        if not isinstance(part, Node):
            return dim(part)
        known = next((number for number, node in self.symbols.items() if node is part), None)
        return self.number(part) if known is None else dim(Symbol(known, None))

    def integer(self, value: int) -> Node:
        return Node("constant", (), Constant.of(value, np.dtype(np.int64)), PYTHON_INT, NOWHERE)

    def empty_like(self, x: Node) -> Node:
        return Node("empty", (), None, Array(x.type.dtype, x.type.shape, c_layout(x.type.shape)), NOWHERE)

    def read(self, variable: Variable) -> Node:
        return Node("read", (), variable, variable.type, NOWHERE)

    # Statements -------------------------------------------------------------------------------------------------

    def write(self, target: Node, value: Node) -> None:
        if isinstance(target.type, Array) and isinstance(value.type, Array) and value.type.shape:
            for one, other in zip(target.type.shape, value.type.shape, strict=True):
                assert self.builder.decide(one, "==", other, NOWHERE)
        self.statements.append(Write(target, value, NOWHERE))

    def scatter(self, target: Node, indices: Sequence[Node], value: Node, checked: bool = True) -> None:
        self.statements.append(Scatter(target, tuple(indices), value, checked, NOWHERE))

    def variable(self, name: str, value: Node) -> Variable:
        variable = Variable(name, value.type)
        self.set(variable, value)
        return variable

    def set(self, variable: Variable, value: Node) -> None:
        self.statements.append(Set(variable, value, NOWHERE))

    def check(self, condition: Node) -> None:
        self.statements.append(Check(condition))

    def leave(self, label: Label) -> None:
        self.statements.append(Leave(label))

    @contextmanager
    def block(self) -> Iterator[list[Block]]:
        """Statements within are those of a block, which is in the list afterwards."""
        outside, self.statements = self.statements, []
        first, made = next_serial(), list[Block]()
        yield made
        made.append(Block(tuple(self.statements), first, next_serial()))
        self.statements = outside

    @contextmanager
    def loop(self, start: Node | int, stop: Node | int, step: int = 1) -> Iterator[Node]:
        number = LOCAL + len(self.symbols)
        bounds = [bound if isinstance(bound, Node) else self.integer(bound) for bound in (start, stop, step)]
        counter = Node("counter", (), number, PYTHON_INT, NOWHERE)
        self.symbols[number] = counter
        with self.block() as made:
            yield counter
        self.statements.append(For(counter, *bounds, step > 0, made[0], NOWHERE))

    @contextmanager
    def labeled(self) -> Iterator[Label]:
        label = Label("end")
        with self.block() as made:
            yield label
        self.statements.append(Labeled(label, made[0]))

    @contextmanager
    def when(self, condition: Node) -> Iterator[None]:
        with self.block() as then:
            yield
        with self.block() as otherwise:
            pass
        self.statements.append(If(condition, then[0], otherwise[0], NOWHERE))

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """The other branch of the `when` that was just written."""
        last = self.statements.pop()
        assert isinstance(last, If)
        with self.block() as made:
            yield
        self.statements.append(If(last.condition, last.then, made[0], NOWHERE))

    @contextmanager
    def repeat(self, head: list[Block], condition: Node) -> Iterator[None]:
        with self.block() as made:
            yield
        self.statements.append(While(head[0], condition, made[0], NOWHERE))

    def region(self, *results: Node) -> Region:
        for check in self.builder.checks:
            raise AssertionError(f"write this check as a statement: {check}")
        body = Body(Block(tuple(self.statements), self.first, next_serial()), dict(self.symbols))
        guards = (*self.builder.guards, *self.apart)
        result = results[0] if len(results) == 1 else TupleOf(results)
        return Region("written", self.params, result, guards, (), (), NOWHERE, body)
