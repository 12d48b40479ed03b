"""Python's operators on Python scalars, and the checks beside them. Called by `lowering.evaluate`."""

from __future__ import annotations

from llvmlite import ir

from eqsat.errors import UnsupportedError
from eqsat.ir.program import Apply


def emit(b: ir.IRBuilder, term: Apply, args: list[ir.Value]) -> ir.Value:
    """The value of a `py.*` or `ok.*` term."""
    raise UnsupportedError(f"{term.name} is not lowered yet")
