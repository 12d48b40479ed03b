"""`a += b` on an array that was made just before and that nothing else refers to: the name gets a new array.

Nobody can tell that from NumPy's writing into the old one, and what is a value can fuse. Called for augmented
assignment; every other write into an array goes to its memory (`writes`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.frontend import structure
from eqsat.frontend.scope import LocalFunction, Scope
from eqsat.frontend.values import Flat, Maybe, SliceValue, TupleValue, Value
from eqsat.ir.body import Scatter, Set, Write, root_of
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Scalar, shape_of

OPERATORS = frozenset({"add", "sub", "mult", "div", "floordiv", "mod", "bitand", "bitor", "bitxor", "lshift", "rshift"})
"""In-place operators that are `ufunc(a, b, out=a)`, by the name of their `ast` class."""

OWNS_MEMORY = frozenset({*UFUNCS, "copy", "cast", "select", "reduce"})
"""Nodes whose array is new memory."""


def is_free(scope: Scope, array: Node, name: str) -> bool:
    """Whether `name` is all that refers to `array`, which was made in the function."""
    if array.op not in OWNS_MEMORY or array in scope.builder.readonly:
        return False
    if not scope.builder.recorder.is_here(array) or is_written(scope, array):
        return False
    for living in scope.translation.scopes:
        for key, value in living.values.items():
            own = living is scope and key == name
            if not own and any(array in _memory_of(node) for node in _nodes(value)):
                return False
    return True


def is_written(scope: Scope, array: Node) -> bool:
    """Whether a statement writes into the array or holds on to it, so that it is more than a value."""
    return any(
        (isinstance(one, Write | Scatter) and root_of(one.target) is array)
        or (isinstance(one, Set) and root_of(one.value) is array)
        for one in scope.builder.recorder.everything()
    )


def updated(scope: Scope, symbol: str, array: Node, operand: Value, span: Span) -> Node:
    """What `array` holds after `array <symbol>= operand`: its dtype, shape and memory order stay."""
    builder = scope.builder
    made = builder.node(structure.operate(builder, symbol, (array, operand), span), span)
    assert isinstance(array.type, Array)
    assert isinstance(made.type, Array | Scalar)
    mine, theirs = array.type.shape, shape_of(made.type)
    fits = len(mine) == len(theirs) and all(
        builder.decide(old, "==", new, span) for old, new in zip(mine, theirs, strict=True)
    )
    if not fits:
        raise PythonRaises("the result does not fit the array that it is assigned to", span)
    if made.type.dtype != array.type.dtype:
        if not np.can_cast(made.type.dtype, array.type.dtype, "same_kind"):
            raise PythonRaises(f"cannot cast {made.type.dtype} to {array.type.dtype} with same_kind", span)
        made = builder.cast(made, array.type.dtype, span)
    return dataclasses.replace(made, type=array.type)


def _memory_of(node: Node) -> Iterator[Node]:
    """The array that a value is, and those that it is a view of."""
    yield node
    while node.op in IN_PLACE:
        node = node.args[0]
        yield node


def _nodes(value: Value | Maybe) -> Iterator[Node]:
    """The nodes in a value."""
    if isinstance(value, Maybe):
        value = value.value
    if isinstance(value, Node):
        yield value
    elif isinstance(value, TupleValue):
        for item in value.items:
            yield from _nodes(item)
    elif isinstance(value, SliceValue):
        yield from (part for part in (value.start, value.stop, value.step) if isinstance(part, Node))
    elif isinstance(value.value, Flat):
        yield value.value.array
    elif isinstance(value.value, LocalFunction):
        for default in value.value.defaults.values():
            yield from _nodes(default)
