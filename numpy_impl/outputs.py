"""`out=`: the result of a function is put into an array that is given, and that array is what the call returns.

Called by the functions of NumPy that have the parameter. Refused: several outputs.
"""

from __future__ import annotations

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import writes
from eqsat.frontend.builder import Builder
from eqsat.frontend.library import Call
from eqsat.frontend.values import Known, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array


def into(builder: Builder, call: Call, out: Value, value: Value) -> Value:
    """The value, put into `out` unless that is None."""
    if isinstance(out, Known) and out.value is None:
        return value
    if isinstance(out, TupleValue) and len(out.items) == 1:
        return into(builder, call, out.items[0], value)
    if isinstance(out, TupleValue):
        raise UnsupportedError(f"{call.name} with several outputs is not compiled yet", call.span)
    if not isinstance(out, Node) or not isinstance(out.type, Array):
        raise PythonRaises("return arrays must be of ArrayType", call.span)
    writes.refuse_readonly(builder, out, call.span)
    writes.write_out(builder, out, value, call.span)
    return out
