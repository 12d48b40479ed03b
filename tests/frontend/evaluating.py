"""What a region means: its nodes run one by one through NumPy and Python, for tests of the translation."""

from __future__ import annotations

from types import FunctionType

import numpy as np
from numpy.lib.stride_tricks import as_strided

from eqsat.frontend.arguments import sizes_of
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import Node, walk
from eqsat.ir.ops import UFUNCS
from eqsat.ir.region import Region, Result, Same, TupleOf
from eqsat.ir.types import Array
from tests import reference
from tests.frontend.translating import translated

PYTHON = {f"py.{name}": function for name, function in reference.PYTHON.items()}


class CheckFailed(Exception):
    """A check of the region is false: the undecorated function would run."""


def evaluated(function: FunctionType, *arguments: object) -> object:
    """The result of `function` by way of its region."""
    return run(translated(function, *arguments), *arguments)


def run(region: Region, *arguments: object) -> object:
    inputs = [*arguments, *(param.captured for param in region.params[len(arguments) :])]
    values: dict[Node, object] = {}
    for node in walk(region.roots()):
        values[node] = _value(node, [values[arg] for arg in node.args], inputs)
    if not all(values[check] for check in region.checks):
        raise CheckFailed
    return _result(region.result, values)


def _value(node: Node, args: list, inputs: list) -> object:
    if node.op in UFUNCS:
        made = UFUNCS[node.op].ufunc(*args)
    elif node.op in PYTHON:
        try:
            return PYTHON[node.op](*args)
        except ArithmeticError:  # a check says whether it matters
            return 0
    elif node.op.startswith("ok."):
        try:
            made = PYTHON["py." + node.op[3:]](*args)
        except (ArithmeticError, ValueError):
            return False
        return not isinstance(made, int) or -(2**63) <= made < 2**63
    elif node.op == "param":
        return inputs[node.attr]
    elif node.op == "constant":
        return node.attr.value.item() if node.type.kind == "python" else node.attr.value
    elif node.op == "dim":
        return node.attr.evaluate(sizes_of(inputs))
    elif node.op == "view":
        made = _viewed(np.asarray(args[0]), node, sizes_of(inputs))
    elif node.op in ("cast", "copy"):
        made = np.asarray(args[0]).astype(node.type.dtype)
    elif node.op == "select":
        made = np.where(*args)
    elif node.op in ("real", "imag"):
        made = getattr(args[0], node.op)
    else:
        assert node.op == "reduce", node
        ufunc = UFUNCS[node.attr.op].ufunc
        made = ufunc.reduce(np.asarray(args[0]), axis=node.attr.axes, dtype=node.type.dtype)
    return np.asarray(made) if isinstance(node.type, Array) else np.asarray(made)[()]


def _viewed(source: np.ndarray, node: Node, sizes: dict[Symbol, int]) -> np.ndarray:
    shape = tuple(length.evaluate(sizes) for length in getattr(node.type, "shape", ()))
    strides = [0] * len(shape)
    for along, stride in zip(node.attr.axes, source.strides, strict=True):
        if along.axis is not None:
            strides[along.axis] += along.step * stride
    starts = tuple(slice(along.start.evaluate(sizes), None) for along in node.attr.axes)
    return as_strided(source[starts], shape, strides)


def _result(result: Result, values: dict[Node, object]) -> object:
    if isinstance(result, TupleOf):
        return tuple(_result(item, values) for item in result.items)
    return result.value if isinstance(result, Same) else values[result]
