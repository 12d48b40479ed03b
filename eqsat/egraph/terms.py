"""A read-out e-graph that right sides of rules are built in, and its parts as egglog text.

What is built is looked up first, so that nothing is there twice. New parts are known by number like the others, until
`forget`; `text` tells the e-graph of them. NumPy's promotion and broadcasting are those of NumPy and of the front end.
Called by `eqsat.egraph.instantiate` and `apply`. What NumPy would refuse is `Impossible`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from eqsat.egraph.calls import Called
from eqsat.egraph.encode import commutes
from eqsat.egraph.graph import SIZE, ArrayClass, ENode, Folded, Graph, Moved, Shape, Stored, Tables
from eqsat.egraph.readout import ReadOut
from eqsat.ir.dims import ONE, Dim
from eqsat.ir.nodes import Order, Reduction
from eqsat.ir.ops import UFUNCS
from eqsat.ir.view import View, broadcast
from eqsat.rules.api import literal

Number = bool | int | float
Operand = int | Number | Dim
"""A class, tagged by `Ref`; a number or a size, which take the dtype of their neighbours."""


class Impossible(Exception):
    """The right side of a rule has no meaning here: operands do not broadcast, or a literal does not fit."""


class Ref(int):
    """The number of a class, to tell it from a number."""


class Terms:
    """The classes of a graph, and new ones."""

    def __init__(self, out: ReadOut, tables: Tables) -> None:
        self.graph: Graph = out.graph
        self.tables = tables
        self.known = out.known
        self.classes = len(self.graph.elements)
        self.arrays = len(self.graph.arrays)
        self.seeds = {element: number for number, element in out.names.items()}
        self.index = {e: number for number, alternatives in enumerate(self.graph.elements) for e in alternatives}
        self.stores: dict[tuple[int, int], int] = {}
        for number, array in enumerate(self.graph.arrays):
            for stored in array.stores:
                self.stores.setdefault(stored, number)

    def forget(self) -> None:
        """Take the new parts away again."""
        del self.graph.elements[self.classes :]
        del self.graph.spaces[self.classes :]
        del self.graph.dtypes[self.classes :]
        del self.graph.arrays[self.arrays :]

    def shape(self, element: int) -> Shape:
        """The shape of a class."""
        return self.tables.spaces.values[self.graph.spaces[element]]

    def dtype(self, element: int) -> np.dtype:
        """The dtype of a class."""
        return np.dtype(self.graph.dtypes[element])

    def constants(self, element: int) -> Iterable[ENode]:
        """The constant that a class is, if it is one."""
        return (e for e in self.graph.elements[element] if e.kind == "constant")

    # Building ---------------------------------------------------------------------------------------------------

    def add(self, enode: ENode, shape: Shape, char: str) -> Ref:
        """The class of a part, a new one if there is none."""
        found = self.index.get(enode)
        if found is None:
            found = self.index[enode] = len(self.graph.elements)
            self.graph.elements.append([enode])
            self.graph.spaces.append(self.tables.spaces.number(shape))
            self.graph.dtypes.append(char)
        return Ref(found)

    def number(self, value: Number | Dim, dtype: np.dtype) -> Ref:
        """A number, or a size, in a dtype."""
        if isinstance(value, Dim):
            if value.is_const:
                return self.number(value.const, dtype)
            size = self.add(ENode("size", attr=self.tables.sizes.number(value)), (), SIZE.char)
            return self.cast(size, dtype)
        constant = literal(value, dtype)
        if constant is None:
            raise Impossible(f"{value!r} is no {dtype.name}")
        return self.add(ENode("constant", dtype.char, constant.data.hex()), (), dtype.char)

    def cast(self, element: Ref, dtype: np.dtype) -> Ref:
        """The class converted."""
        char = self.graph.dtypes[element]
        if np.dtype(char) == dtype:
            return element
        enode = ENode("apply", "cast", f"{char}->{dtype.char}", args=(int(element),))
        return self.add(enode, self.shape(element), dtype.char)

    def elementwise(self, name: str, operands: Sequence[Ref | Number | Dim]) -> Ref:
        """A ufunc or "select" of classes and numbers, converted and broadcast."""
        if name == "select":
            parts = [one for one in operands[1:] if isinstance(one, Ref)]
            asked = [self.dtype(one) for one in parts] + [
                _weak(one) for one in operands[1:] if not isinstance(one, Ref)
            ]
            common = np.result_type(*asked)
            loop = (np.dtype(np.bool_), common, common, common)
        else:
            ufunc = UFUNCS[name].ufunc
            assert ufunc is not None
            asked = [self.dtype(one) if isinstance(one, Ref) else _weak_type(one) for one in operands]
            try:
                loop = ufunc.resolve_dtypes((*asked, *[None] * ufunc.nout))  # type: ignore[arg-type]
            except (TypeError, ValueError) as error:
                raise Impossible(str(error)) from None
        args = [
            self.cast(one, dtype) if isinstance(one, Ref) else self.number(one, dtype)
            for one, dtype in zip(operands, loop, strict=False)
        ]
        shape = self.broadcast([self.shape(arg) for arg in args])
        args = [self.spread(arg, shape) for arg in args]
        signature = "".join(dtype.char for dtype in loop[: len(args)]) + "->" + loop[-1].char
        if len(args) == 2 and commutes(name, signature):
            args.sort(key=lambda arg: any(True for _ in self.constants(arg)))
        return self.add(ENode("apply", name, signature, args=tuple(map(int, args))), shape, loop[-1].char)

    def broadcast(self, shapes: Iterable[Shape]) -> Shape:
        """The common shape; sizes that are not known to be equal do not broadcast."""
        found: list[Dim] = []
        for shape in shapes:
            for place, extent in enumerate(reversed(shape)):
                if place == len(found):
                    found.append(extent)
                elif found[place] == ONE:
                    found[place] = extent
                elif extent not in (ONE, found[place]):
                    raise Impossible(f"lengths {extent} and {found[place]} are not known to be equal")
        return tuple(reversed(found))

    def spread(self, element: Ref, shape: Shape) -> Ref:
        """The class over a larger shape; scalars spread by themselves."""
        own = self.shape(element)
        if own == shape or not own:
            return element
        ones = tuple(extent == ONE != shape[len(shape) - len(own) + k] for k, extent in enumerate(own))
        return self.move(broadcast(ones, len(shape)), shape, element)

    def fill(self, element: Ref, shape: Shape) -> Ref:
        """The class over a larger shape, a scalar repeated."""
        own = self.shape(element)
        return self.spread(element, shape) if own else self.move(View((), len(shape)), shape, element)

    def move(self, view: View, shape: Shape, element: Ref) -> Ref:
        """The class through an index map; a map of a map is one."""
        source = self.shape(element)
        if view.is_identity and shape == source:
            return element
        for inner in self.graph.elements[element]:
            if inner.kind == "move" and self.graph.spaces[inner.args[0]]:
                moved = self.tables.moves.values[inner.attr]
                return self.move(moved.view.then(view), shape, Ref(inner.args[0]))
        number = self.tables.moves.number(Moved(view, source, shape))
        return self.add(ENode("move", attr=number, args=(int(element),)), shape, self.graph.dtypes[element])

    def stored(self, element: Ref, shape: Shape | None = None) -> Ref:
        """The class, read from memory that it is written to in C order."""
        shape = self.shape(element) if shape is None else shape
        info = self.tables.stores.number(Stored(shape, tuple(range(len(shape)))))
        array = self.stores.get((info, int(element)))
        if array is None:
            array = self.stores[info, int(element)] = len(self.graph.arrays)
            self.graph.arrays.append(ArrayClass(None, [(info, int(element))]))
        return self.add(ENode("load", attr=array), shape, self.graph.dtypes[element])

    def in_memory(self, element: Ref) -> Ref:
        """The class, or a copy in memory: what a call can be given."""
        if not self.shape(element):
            return element
        for enode in self.graph.elements[element]:
            if enode.kind == "load":
                return element
            if enode.kind == "move" and any(e.kind == "load" for e in self.graph.elements[enode.args[0]]):
                return element
        return self.stored(element)

    def fold(self, op: str, axes: tuple[int, ...], element: Ref, like: Iterable[int]) -> Ref:
        """A reduction, in the order of one of `like` that reduces the same axes of the same shape."""
        shape = self.shape(element)
        dtype = np.dtype(np.bool_) if op.startswith("logical") else self.dtype(element)
        if not shape:
            raise Impossible("a number has no axes to reduce")
        order = next(
            (
                known.reduction.order
                for known in map(self.tables.folds.values.__getitem__, like)
                if known.extents == shape and known.reduction.axes == axes and known.reduction.op == op
            ),
            None,
        ) or plain_order(self.memory_order(element), axes)
        folded = Folded(Reduction(op, axes, order), shape, dtype)
        number = self.tables.folds.number(folded)
        made = self.add(ENode("fold", attr=number, args=(int(element),)), folded.shape, dtype.char)
        return self.stored(made)

    def memory_order(self, element: int, depth: int = 3) -> tuple[int, ...]:
        """The axes of a class from slowest to fastest, as what it reads lies in memory."""
        rank = len(self.shape(element))
        for enode in self.graph.elements[element]:
            if enode.kind == "load":
                array = self.graph.arrays[enode.attr]
                if array.param is not None:
                    return self.tables.array_type(array.param).layout.order
                return self.tables.stores.values[array.stores[0][0]].order
            if enode.kind == "move" and depth:
                view = self.tables.moves.values[enode.attr].view
                return view.order(self.memory_order(enode.args[0], depth - 1))
            if enode.kind == "apply" and depth:
                for arg in enode.args:
                    if len(self.shape(arg)) == rank:
                        return self.memory_order(arg, depth - 1)
        return tuple(range(rank))

    def call(self, called: Called, operands: Sequence[Ref]) -> Ref:
        """A library operation or opaque function, and its result in memory."""
        args = [self.in_memory(one) for one in operands]
        shape = self.tables.resolved(called.shape([self.shape(arg) for arg in args]))
        char = called.dtype([self.dtype(arg) for arg in args]).char
        number = self.tables.calls.number(called)
        made = self.add(ENode("call", called.key, attr=number, args=tuple(map(int, args))), shape, char)
        return self.stored(made)


def plain_order(memory: tuple[int, ...], axes: tuple[int, ...]) -> Order:
    """The order of a reduction that walks memory from one end to the other."""
    inner: list[int] = []
    outer: list[int] = []
    kept = False
    for axis in reversed(memory):
        if axis not in axes:
            kept = True
        else:
            (outer if kept else inner).append(axis)
    return Order(tuple(reversed(outer)), tuple(reversed(inner)))


def _weak(value: Number | Dim) -> Number:
    return 1 if isinstance(value, Dim) else value


def _weak_type(value: Number | Dim) -> type:
    return int if isinstance(value, Dim) else type(value)
