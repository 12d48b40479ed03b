"""Small helpers that build routines by hand: nodes of Python's and NumPy's operators, elements, loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.ir.body import LOCAL, Check, Set, Variable
from eqsat.ir.dims import ZERO, Dim, Symbol, dim
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.region import Disjoint, Region, TupleOf
from eqsat.ir.routine import For, Let, Routine, Step, Store
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, Type, c_layout
from eqsat.ir.view import Along, View
from tests.lowering.kernel_building import param_of

INT, FLOAT, BOOL = (Scalar(np.dtype(kind), "python") for kind in ("i8", "f8", "?"))
DOUBLE = Scalar(np.dtype("f8"), "numpy")
LARGEST, SMALLEST = (1 << 63) - 1, -(1 << 63)


def node(op: str, args: Sequence[Node], type_: Type, attr: object = None) -> Node:
    return Node(op, tuple(args), attr, type_, NOWHERE)


def number(value: float) -> Node:
    type_ = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT
    return node("constant", (), type_, Constant.of(value, type_.dtype))


def size(value: Dim) -> Node:
    return node("dim", (), INT, value)


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge", "not")


class Write:
    """Collects the steps of one block."""

    def __init__(self, build: Routines) -> None:
        self.build, self.steps = build, list[Step]()

    def let(self, found: Node) -> Node:
        self.steps.append(Let(found))
        return found

    def py(self, op: str, *args: Node | float) -> Node:
        """Python's operator."""
        nodes = [arg if isinstance(arg, Node) else number(arg) for arg in args]
        type_ = BOOL if op in COMPARISONS else FLOAT if op == "truediv" else nodes[0].type
        return self.let(node(f"py.{op}", nodes, type_))

    def ufunc(self, op: str, *args: Node, bool_: bool = False) -> Node:
        char = args[0].type.dtype.char
        out = "?" if bool_ else char
        return self.let(node(op, args, Scalar(np.dtype(out), "numpy"), f"{char * len(args)}->{out}"))

    def at(self, array: Node, *indices: Dim | int) -> Node:
        """An element, not loaded yet."""
        view = View(tuple(Along(None, dim(index)) for index in indices), 0)
        return node("view", [array], Scalar(array.type.dtype, "numpy"), view)

    def load(self, array: Node, *indices: Dim | int) -> Node:
        return self.let(self.at(array, *indices))

    def store(self, array: Node, indices: Sequence[Dim | int], value: Node) -> None:
        self.steps.append(Store(self.at(array, *indices), value))

    def check(self, condition: Node) -> None:
        self.steps.append(Check(condition))

    def read(self, variable: Variable) -> Node:
        return self.let(node("read", (), variable.type, variable))

    def symbol(self, found: Node) -> Dim:
        """A local symbol for an int."""
        return self.build.symbol(found)


class Routines:
    """Builds one routine over the given arguments."""

    def __init__(self, *args: object) -> None:
        self.args = args
        self.params = tuple(param_of(k, arg) for k, arg in enumerate(args))
        self.nodes = [node("param", (), param.type, k) for k, param in enumerate(self.params)]
        self.symbols: dict[int, Node] = {}
        self.guards: list[Disjoint] = []
        self.top = Write(self)

    def symbol(self, found: Node) -> Dim:
        number = LOCAL + len(self.symbols)
        self.symbols[number] = found
        return dim(Symbol(number, None))

    def counter(self) -> tuple[Node, Dim]:
        found = node("counter", (), INT, LOCAL + len(self.symbols))
        return found, self.symbol(found)

    def write(self) -> Write:
        return Write(self)

    def size(self, param: int, axis: int | None = None) -> Dim:
        return dim(Symbol(param, axis))

    def apart(self) -> None:
        """All arrays are apart."""
        arrays = [k for k, param in enumerate(self.params) if isinstance(param.type, Array)]
        self.guards += [Disjoint(a, b, True, NOWHERE) for a in arrays for b in arrays if a < b]

    def loop(self, outer: Write, stop: Dim | Node, start: Dim | Node = ZERO, step: int = 1) -> tuple[Dim, Node, Write]:
        """Add `for i in range(start, stop, step)`; the body may be filled afterwards."""
        counter, symbol = self.counter()
        inner = self.write()
        start, stop = (end if isinstance(end, Node) else size(end) for end in (start, stop))
        outer.steps.append(_Open(counter, start, stop, number(step), step > 0, inner))
        return symbol, counter, inner

    def close(self, block: Write) -> tuple[Step, ...]:
        """The steps of a block, with its loops as they have been filled."""
        return close(block.steps)

    def routine(self, *results: Node, direct: Sequence[Node] = ()) -> Routine:
        result = results[0] if len(results) == 1 else TupleOf(results)
        region = Region("routine", self.params, result, tuple(self.guards), (), (), NOWHERE)
        return Routine(region, close(self.top.steps), self.symbols, frozenset(direct), frozenset(), frozenset())


class _Open:
    """A loop whose body is still being filled."""

    def __init__(self, counter: Node, start: Node, stop: Node, step: Node, up: bool | None, inner: Write) -> None:
        self.parts, self.inner = (counter, start, stop, step, up), inner


def close(steps: Sequence[object]) -> tuple[Step, ...]:
    return tuple(For(*step.parts, close(step.inner.steps)) if isinstance(step, _Open) else step for step in steps)


def array(shape: Sequence[Dim | int], dtype: str = "f8") -> Array:
    dims = tuple(dim(length) for length in shape)
    return Array(np.dtype(dtype), dims, c_layout(dims))


def double(value: float) -> Node:
    return node("constant", (), DOUBLE, Constant.of(value, np.dtype("f8")))


def put(variable: Variable, value: Node) -> Set:
    return Set(variable, value, NOWHERE)


def final(routines: Routines, variable: Variable) -> Node:
    """What a variable holds at the end."""
    return routines.top.read(variable)
