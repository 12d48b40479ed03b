"""Run what the builder recorded, statement by statement, through NumPy: what library operations mean.

For straight-line code only. Arrays are real memory and views are real views, so that writes show where they show in
NumPy. Shares no code with what is tested beyond the IR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.builder import Builder
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.body import Check, Scatter, Statement, Write, operands
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import Node, walk
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, shape_of
from eqsat.ir.view import View
from tests import reference
from tests.reference import CheckFailed


def as_value(item: object) -> Value:
    """An item of an index, or an argument, as the translation hands it on."""
    if isinstance(item, Node | Known | TupleValue | SliceValue):
        return item
    if isinstance(item, slice):
        return SliceValue(Known(item.start), Known(item.stop), Known(item.step))
    if isinstance(item, list | tuple):
        return TupleValue(tuple(map(as_value, item)), isinstance(item, list))
    return Known(item)


def computed(build: Callable[..., Value | None], *arguments: Any) -> Any:
    """What `build(builder, *nodes of the arguments)` gives; `CheckFailed` if a check does not hold."""
    sizes = sizes_of(arguments)
    builder = Builder(sizes, strides_of(arguments))
    params = [builder.param(k, type_of(a, k), NOWHERE) for k, a in enumerate(arguments)]
    result = build(builder, *params)
    for guard in builder.guards:
        assert not hasattr(guard, "holds") or guard.holds(sizes)  # type: ignore[union-attr]
    checks: list[Statement] = [Check(node) for node in builder.checks]
    run = Run(builder, arguments, dict(sizes))
    run.statements([*builder.recorder.open[0].statements, *checks], _nodes(result))
    return run.plain(result)


def _nodes(value: Value | None) -> list[Node]:
    if isinstance(value, TupleValue):
        return [node for item in value.items for node in _nodes(item)]
    return [value] if isinstance(value, Node) else []


class Run:
    """The values of the nodes so far."""

    def __init__(self, builder: Builder, arguments: Sequence[Any], sizes: dict[Symbol, int]) -> None:
        self.arguments, self.sizes = arguments, sizes
        self.symbols = {node: Symbol(number, None) for number, node in builder.recorder.symbols.items()}
        self.values: dict[Node, Any] = {}

    def statements(self, statements: Sequence[Statement], results: Sequence[Node]) -> None:
        """Everything, in the order of serials."""
        nodes = walk([*(n for s in statements for n in operands(s)), *results, *self.symbols])
        for one in sorted([*nodes, *statements], key=lambda one: one.serial):
            if isinstance(one, Node):
                self.values[one] = self.value(one)
                if one in self.symbols:
                    self.sizes[self.symbols[one]] = int(self.values[one])
            else:
                self.perform(one)

    def perform(self, statement: Statement) -> None:
        values = self.values
        if isinstance(statement, Check):
            if not values[statement.condition]:
                raise CheckFailed
        elif isinstance(statement, Write):
            target = values[statement.target] if isinstance(statement.target.type, Array) else None
            value = np.array(values[statement.value])
            assert value.dtype == statement.target.type.dtype, (value.dtype, statement.target)
            assert value.shape in ((), shape_of(statement.target.type) and target.shape), (value.shape, target.shape)
            if target is None:
                target = self.memory(statement.target)
            target[...] = value
        else:
            assert isinstance(statement, Scatter)
            target, value = values[statement.target], np.asarray(values[statement.value])
            indices = [values[index] for index in statement.indices]
            assert value.dtype == target.dtype and not np.may_share_memory(value, target)
            assert all(i.dtype == np.int64 and i.shape == indices[0].shape for i in indices)
            shape = indices[0].shape + target.shape[len(indices) :]
            assert value.shape in ((), shape), (value.shape, shape)
            self.in_range(indices, target)
            for place in np.ndindex(*indices[0].shape):
                target[tuple(i[place] for i in indices)] = value[place] if value.shape else value

    def in_range(self, indices: Sequence[np.ndarray], target: np.ndarray) -> None:
        for index, length in zip(indices, target.shape, strict=False):
            if np.any((index < -length) | (index >= length)):
                raise CheckFailed

    def memory(self, node: Node) -> np.ndarray:
        """The array that a view of scalar type reads, without axes."""
        return self.viewed(self.values[node.args[0]], node.attr, ())

    def viewed(self, source: np.ndarray, view: View, shape: tuple[int, ...]) -> np.ndarray:
        strides = [0] * view.rank
        offset = 0
        for along, stride, length in zip(view.axes, source.strides, source.shape, strict=True):
            start = along.start.evaluate(self.sizes)
            reach = along.step * (shape[along.axis] - 1) if along.axis is not None else 0
            if 0 not in shape:
                assert 0 <= start < length and 0 <= start + reach < length, (view, source.shape)
            offset += start * stride
            if along.axis is not None:
                strides[along.axis] += along.step * stride
        if 0 in shape:
            return np.empty(shape, source.dtype)
        flat = np.ndarray(shape, source.dtype, _whole(source), _offset(source) + offset, strides)
        assert np.may_share_memory(flat, source)
        return flat

    def value(self, node: Node) -> Any:
        args = [self.values[arg] for arg in node.args]
        if node.op == "view":
            shape = tuple(d.evaluate(self.sizes) for d in shape_of(node.type))
            made = self.viewed(np.asarray(args[0]), node.attr, shape)
            return made if isinstance(node.type, Array) else made.copy()[()]
        if node.op == "reshape":
            assert args[0].flags.c_contiguous
            made = args[0].view()
            made.shape = tuple(d.evaluate(self.sizes) for d in node.type.shape)
            return made
        if node.op in ("real", "imag"):
            return getattr(args[0], node.op)
        if node.op in ("empty", "gather", "nonzero", "literal", "iota", "matmul", "accumulate"):
            return self.library(node, args)
        found = reference._value(node, args, self.arguments, self.sizes)
        found = reference.as_typed(found, node.type)
        return self.laid(node, found) if isinstance(node.type, Array) and node.op != "param" else found

    def laid(self, node: Node, array: np.ndarray) -> np.ndarray:
        """The array in new memory of the layout that the type says."""
        assert isinstance(node.type, Array) and node.type.layout.packed
        shape = tuple(d.evaluate(self.sizes) for d in node.type.shape)
        assert array.shape == shape, (node, array.shape, shape)
        order = node.type.layout.order
        made = np.empty([shape[k] for k in order], node.type.dtype).transpose(np.argsort(order))
        made[...] = array
        return made

    def library(self, node: Node, args: list[Any]) -> Any:
        shape = tuple(d.evaluate(self.sizes) for d in shape_of(node.type))
        dtype = node.type.dtype
        if node.op == "empty":
            return self.laid(node, np.full(shape, 77, dtype))
        if node.op == "literal":
            return np.frombuffer(node.attr, dtype).reshape(shape).copy()
        if node.op == "iota":
            start, delta = args
            assert start.dtype == delta.dtype == dtype
            wide = np.float32 if dtype == np.float16 else dtype
            counts = np.arange(shape[0]).astype(wide)
            with np.errstate(all="ignore"):
                return (start.astype(wide) + counts * delta.astype(wide)).astype(dtype)
        if node.op == "nonzero":
            found = np.array(np.nonzero(args[0]))
            assert found.shape == shape
            return self.laid(node, found)
        if node.op == "gather":
            source, indices = args[0], args[1:]
            assert all(i.dtype == np.int64 and i.shape == indices[0].shape for i in indices)
            if node.attr:
                self.in_range(indices, source)
            return self.laid(node, source[tuple(indices)])
        if node.op == "matmul":
            return np.matmul(*args)
        assert node.op == "accumulate"
        name, axis = node.attr
        return self.laid(node, getattr(np, name).accumulate(args[0], axis))

    def plain(self, value: Value | None) -> Any:
        if value is None:
            return None
        if isinstance(value, TupleValue):
            return tuple(map(self.plain, value.items))
        return self.values[value] if isinstance(value, Node) else value.value  # type: ignore[union-attr]


def _whole(array: np.ndarray) -> np.ndarray:
    """The array at the end of the bases: one piece of memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _offset(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0] - _whole(array).__array_interface__["data"][0]


__all__ = ["CheckFailed", "as_value", "computed"]
