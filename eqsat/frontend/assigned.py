"""Values on their way into an array: NumPy's conversions at assignment, and copies of what lies in the target's memory.

Called by `fancy` and by whatever else writes into arrays. Complex numbers that lose their imaginary part are left to
Python, which warns. Refuses nothing.
"""

from __future__ import annotations

from eqsat.errors import PythonRaises
from eqsat.frontend import python_scalars
from eqsat.frontend.builder import Builder
from eqsat.ir.body import Set, root_of
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Scalar


def assigned(builder: Builder, value: Node, dtype: DType, span: Span) -> Node:
    """The value as it is put into an array of `dtype`."""
    type_ = builder.numeric(value, span)
    if type_.dtype.kind == "c" and dtype.kind not in "cb":
        if isinstance(type_, Scalar) and type_.kind == "python":
            raise PythonRaises("a Python complex is converted to a real number", span)
        builder.leave_to_python(span)
    if isinstance(type_, Scalar) and type_.kind == "python":
        if type_.dtype.kind == "f" and dtype.kind in "iu":
            return builder.cast(python_scalars.to_int(builder, value, span), dtype, span)
        if dtype.kind == "b":
            return builder.cast(python_scalars.to_bool(value, span), dtype, span)
        return builder.cast(value, dtype, span)
    if isinstance(type_, Scalar) and dtype.kind == "i" and type_.dtype != dtype:
        # NumPy asks its own scalars for a Python int here (MyLong_AsLong in arraytypes.c.src), and raises if it is too
        # large; the elements of arrays, and what goes into unsigned integers, are converted as in C.
        return builder.cast(python_scalars.to_int(builder, value, span), dtype, span)
    return builder.coerce(value, dtype, span)


def copied_if_shared(builder: Builder, value: Node, target: Node, span: Span) -> Node:
    """The value, or a copy of it if it may lie in the memory of the target."""
    if isinstance(value.type, Array) and may_share(builder, value, target):
        return builder.copy(value, "K", span)
    return value


def may_share(builder: Builder, one: Node, other: Node) -> bool:
    """Whether two arrays may have memory in common."""
    first, second = root_of(one), root_of(other)
    if first is second:
        return True
    if {first.op, second.op} <= {"param", "read"}:
        return True
    for fresh, held in ((first, second), (second, first)):
        if held.op == "read":
            return _is_held(builder, fresh)
    return False


def _is_held(builder: Builder, fresh: Node) -> bool:
    """Whether some variable may refer to a fresh array."""
    statements = builder.recorder.everything()
    return any(isinstance(one, Set) and root_of(one.value) is fresh for one in statements)
