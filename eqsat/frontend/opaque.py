"""Calls of opaque functions: arguments in the stated dtypes, one node of the operation `opaque`.

What is known of such a function is its type (`eqsat.ir.opaque`). A function of numbers is broadcast over arrays; its
operands are arrays of the result's shape or numbers. Arguments that do not fit are left to Python, which raises. A
shape that is no arithmetic over the arguments' is refused. Called by `eqsat.frontend.calls`.
"""

from __future__ import annotations

from dataclasses import replace

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.nodes import Node
from eqsat.ir.opaque import Kind, Opaque
from eqsat.ir.types import Array, Scalar, c_layout, shape_of


def call_opaque(builder: Builder, function: Opaque, call: Call) -> Node:
    """The result of a call."""
    try:
        given = function.ordered(call.args, call.kwargs)
    except TypeError as error:
        raise PythonRaises(str(error), call.span) from error
    args = [_lone(builder, builder.node(arg, call.span), call) for arg in given]
    for kind, arg in zip(function.parameters, args, strict=True):
        _require(builder, function, kind, arg, call)
    if not function.elementwise:
        return _of_arrays(builder, function, args, call)
    span, dtype = call.span, function.result.dtype
    if not any(isinstance(arg.type, Array) for arg in args):
        operands = [builder.coerce(arg, k.dtype, span) for arg, k in zip(args, function.parameters, strict=True)]
        return builder.library("opaque", operands, function, Scalar(dtype, "numpy"), span)
    type_ = replace(builder.joint_type(args, span), dtype=dtype)
    operands = [
        builder.spread(builder.coerce(arg, kind.dtype, span), type_.shape, span)
        for arg, kind in zip(args, function.parameters, strict=True)
    ]
    return builder.library("opaque", operands, function, type_, span)


def _lone(builder: Builder, node: Node, call: Call) -> Node:
    """An array without axes as the number in it."""
    return builder.element(node, call.span) if isinstance(node.type, Array) and not node.type.shape else node


def _require(builder: Builder, function: Opaque, kind: Kind, arg: Node, call: Call) -> None:
    """Leave to Python what is not converted silently, or has other axes."""
    type_ = builder.numeric(arg, call.span)
    weak = isinstance(type_, Scalar) and type_.kind == "python"
    known = "biufc".index(type_.dtype.kind) <= "biufc".index(kind.dtype.kind) if weak else kind.accepts(type_.dtype)
    if weak and type_.dtype.kind == "i" and kind.dtype.kind == "u":
        known = True
    axes = len(shape_of(type_))
    fits = axes == kind.ndim or (function.elementwise and not kind.ndim)
    if not (known and fits):
        raise PythonRaises(f"`{function.name}` takes {kind}, not {type_}", call.span)


def _of_arrays(builder: Builder, function: Opaque, args: list[Node], call: Call) -> Node:
    """A function of whole arrays, as they lie."""
    span = call.span
    operands = [builder.coerce(arg, kind.dtype, span) for arg, kind in zip(args, function.parameters, strict=True)]
    if not function.result.ndim:
        return builder.library("opaque", operands, function, Scalar(function.result.dtype, "numpy"), span)
    try:
        lengths = function.result_shape([builder.shape(arg, span) for arg in args])
    except Exception as error:
        raise UnsupportedError(
            f"the shape of what `{function.name}` returns cannot be told",
            span,
            f"shape= raised {type(error).__name__}: {error}",
            "compute it by +, -, * and // of the arguments' lengths",
        ) from error
    shape = tuple(_length(builder, length, call) for length in lengths)
    type_ = Array(function.result.dtype, shape, c_layout(shape))
    return builder.library("opaque", operands, function, type_, span)


def _length(builder: Builder, length: Dim, call: Call) -> Dim:
    if not builder.decide(length, ">=", ZERO, call.span, expected=True):
        raise PythonRaises(f"a length of {length} is negative", call.span)
    return ONE if builder.facts.is_one(length, call.span) else length
