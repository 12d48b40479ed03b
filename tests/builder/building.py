"""Build nodes for real arguments and compute what they mean with the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eqsat.frontend import operators
from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.span import NOWHERE, Span
from eqsat.ir.types import Array
from numpy_impl.library import LIBRARY
from tests.reference import CheckFailed, evaluate

__all__ = ["CheckFailed", "Made", "TestBuilder", "as_value", "check_layout", "computed"]


class TestBuilder(Builder):
    """A builder with short ways to call NumPy's functions."""

    __test__ = False

    def known(self, value: object) -> Value:
        return TupleValue(tuple(map(self.known, value))) if isinstance(value, tuple) else Known(value)

    def operator(self, symbol: str, args: Sequence[Value], span: Span) -> Value:
        return operators.apply(self, symbol, args, span)

    def call(self, function: object, *args: object, **kwargs: object) -> Value:
        name = getattr(function, "__name__", str(function))
        return LIBRARY.functions[function](self, self._call(name, args, kwargs))

    def method(self, name: str, *args: object, **kwargs: object) -> Value:
        return LIBRARY.methods[name](self, self._call("x." + name, args, kwargs))

    def attribute(self, name: str, x: Value) -> Value:
        return LIBRARY.attributes[name](self, self._call("x." + name, (x,), {}))

    def _call(self, name: str, args: tuple, kwargs: dict) -> Call:
        return Call(name, tuple(map(self._value, args)), {k: self._value(v) for k, v in kwargs.items()}, NOWHERE)

    def _value(self, value: object) -> Value:
        return value if isinstance(value, Value) else self.known(value)


@dataclass
class Made:
    """What was built, and its value."""

    builder: TestBuilder
    result: Value
    value: object

    @property
    def node(self) -> Node:
        assert isinstance(self.result, Node)
        return self.result


def computed(build: Callable[..., Value], *arguments: object) -> Made:
    """`build(builder, *nodes of the arguments, span)`, evaluated; `CheckFailed` if a check does not hold."""
    sizes = sizes_of(arguments)
    builder = TestBuilder(sizes, strides_of(arguments))
    params = [builder.param(k, type_of(a, k), NOWHERE) for k, a in enumerate(arguments)]
    result = build(builder, *params, NOWHERE)
    assert all(guard.holds(sizes) for guard in builder.guards if isinstance(guard, Guard))
    nodes = _nodes(result)
    values = evaluate(nodes, arguments, sizes, builder.checks)
    return Made(builder, result, _plain(result, values))


def as_value(item: object) -> Value:
    """An item of an index as the translation hands it on."""
    if isinstance(item, slice):
        return SliceValue(Known(item.start), Known(item.stop), Known(item.step))
    return Known(item)


def _nodes(value: Value) -> list[Node]:
    if isinstance(value, TupleValue):
        return [node for item in value.items for node in _nodes(item)]
    return [value] if isinstance(value, Node) else []


def _plain(value: Value, values: dict) -> object:
    if isinstance(value, TupleValue):
        return tuple(_plain(item, values) for item in value.items)
    return values[value] if isinstance(value, Node) else value.value


def check_layout(node: Node, expected: np.ndarray) -> None:
    """The node's layout says nothing about the memory of NumPy's result that is not so."""
    assert isinstance(node.type, Array)
    layout = node.type.layout
    long = [k for k in range(expected.ndim) if expected.shape[k] != 1]
    if expected.size == 0:
        return
    strides = [abs(s) for s in expected.strides]
    order = [k for k in layout.order if k in long]
    moving = [k for k in order if strides[k]]
    assert moving == sorted(moving, key=lambda k: (-strides[k], k)), (layout, expected.strides)
    for k in long:
        assert (layout.ranks[k] == 0) == (strides[k] == 0), (layout, expected.strides)
        assert layout.negative[k] == (expected.strides[k] < 0)
    if layout.packed:
        assert np.transpose(expected, layout.order).flags.c_contiguous, (layout, expected.strides)
    if layout.unit and moving:
        assert strides[moving[-1]] == expected.itemsize
