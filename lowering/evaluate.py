"""Expressions to instructions: a term graph evaluated for one element or for a vector of neighbours.

What has no inline code is computed by calling NumPy's inner loop: here for a single element, in `lowering.rows` for
whole blocks. Called by `lowering.rows`, `folds` and `kernels`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.program import Apply, Argument, Known, Load, Size, Term, children
from eqsat.ir.signature import backwards, plain
from eqsat.ir.types import DType
from lowering import python_ops
from lowering.context import Code, Point
from lowering.flags import raise_flags, test_flags
from lowering.freedom import flags_of, settled
from lowering.loops import Accesses
from lowering.numpy_loops import inner_loop
from lowering.scalar import dtypes_of, inline
from lowering.site import Care, Site
from lowering.values import I8, I64, POINTER, VOID, Builder, Value, constant, load, splat, store


class Emitting(Protocol):
    """What the code of one operation needs: `lowering.context.Code`, or `lowering.scene.Scene`."""

    @property
    def b(self) -> Builder: ...

    @property
    def function(self) -> ir.Function: ...

    @property
    def granted(self) -> frozenset[str]: ...

    def room(self, type_: ir.Type) -> Value:
        """Room on the stack, for as long as the function runs."""
        ...

    def stack(self, dtype: DType, count: int) -> Value:
        """Room for so many elements."""
        ...


Leaf = Callable[[Term], Value | None]
"""The value of a term that is already there (in a register, in a block, in memory), or None."""


def evaluate(code: Code, roots: Iterable[Term], lanes: int, leaf: Leaf) -> dict[Term, Value]:
    """The values of `roots` and of everything below them that `leaf` does not know."""
    values: dict[Term, Value] = {}
    stack = [(root, False) for root in roots]
    while stack:
        term, ready = stack.pop()
        if term in values:
            continue
        if ready:
            if not isinstance(term, Apply):
                raise InternalError(f"a {type(term).__name__} cannot be evaluated here")
            values[term] = apply(code, term, [values[child] for child in children(term)], lanes)
            continue
        found = leaf(term)
        if found is None:
            found = _constant(code, term, lanes)
        if found is not None:
            values[term] = found
        else:
            stack.append((term, True))
            stack.extend((child, False) for child in reversed(children(term)))
    return values


def _constant(code: Code, term: Term, lanes: int) -> Value | None:
    match term:
        case Known(known):
            return splat(code.b, constant(known), term.dtype, lanes)
        case Argument(param, dtype):
            return splat(code.b, code.around.number(param, dtype), dtype, lanes)
        case Size(size, dtype):
            return splat(code.b, code.size(size), dtype, lanes)
        case _:
            return None


def apply(code: Emitting, term: Apply, args: list[Value], lanes: int, care: Care = "everything") -> Value:
    """The value of an operation on these values of its arguments."""
    if term.name.startswith(("py.", "ok.")):
        value = python_ops.emit(code.b, term, args, care, code.granted)
        return settled(code.b, value, term.dtype, (arg.dtype for arg in term.args), code.granted)
    found = inline(term.name, term.signature)
    if found is not None:
        inputs, _ = dtypes_of(term.signature)
        value = found(Site(code.b, inputs, term.dtype, care, flags_of(term.name, code.granted)), *args)
        return settled(code.b, value, term.dtype, inputs, code.granted)
    if lanes != 1:
        raise InternalError(f"{term.name} {term.signature} has no inline code for vectors")
    return _borrow_one(code, term, args)


def scalars(code: Code, terms: Iterable[Term], accesses: Accesses, known: dict[Term, Value], point: Point) -> None:
    """Add the values of `terms`, as single numbers at `point`, to `known`."""

    def leaf(term: Term) -> Value | None:
        if term in known:
            return known[term]
        if isinstance(term, Load):
            return load(code.b, code.address(accesses[term], point), term.dtype, 1)
        return None

    wanted = [term for term in terms if term not in known]
    values = evaluate(code, wanted, 1, leaf)
    known.update((term, values[term]) for term in wanted)


def _borrow_one(code: Emitting, term: Apply, args: list[Value]) -> Value:
    inputs, output = dtypes_of(term.signature)
    rooms: list[Value] = []
    for value, dtype in zip(args, inputs, strict=True):
        room = code.stack(dtype, 1)
        store(code.b, value, room, dtype)
        rooms.append(room)
    result = code.stack(output, 1)
    steps = [-d.itemsize if back else d.itemsize for d, back in zip(inputs, backwards(term.signature), strict=True)]
    call_loop(code, term, [*rooms, result], [*steps, output.itemsize], I64(1))
    return load(code.b, result, output, 1)


def call_loop(code: Emitting, term: Apply, pointers: list[Value], steps: list[int], count: Value) -> None:
    """Run NumPy's inner loop of `term` over `count` elements."""
    call_inner_loop(code, term.name, term.signature, pointers, steps, count)


def call_inner_loop(
    code: Emitting, name: str, signature: str, pointers: list[Value], steps: Sequence[int | Value], count: Value
) -> None:
    """Run the inner loop `name` for `signature`: pointers and byte steps of the operands, then of the result."""
    signature = plain(signature)
    found = inner_loop(name, signature)
    module, b = code.function.module, code.b
    symbol = f"np.{name}:{signature}"
    function = module.globals.get(symbol)
    if function is None:
        kind = ir.FunctionType(VOID, [POINTER, POINTER, POINTER, POINTER])
        function = ir.Function(module, kind, symbol)
    data: Value = ir.Constant(POINTER, None)
    if found.data:
        data = module.globals.get(f"{symbol}!data") or ir.GlobalVariable(module, I8, f"{symbol}!data")
    operands = len(pointers)
    arguments = code.room(ir.ArrayType(POINTER, operands))
    distances = code.room(ir.ArrayType(I64, operands))
    length = code.room(I64)
    for k, (pointer, step) in enumerate(zip(pointers, steps, strict=True)):
        b.store(pointer, b.gep(arguments, [I64(k)], source_etype=POINTER))
        b.store(I64(step) if isinstance(step, int) else step, b.gep(distances, [I64(k)], source_etype=I64))
    b.store(count, length)
    raised = test_flags(b) if found.clears_flags else None
    b.call(function, [arguments, length, distances, data])
    if raised is not None:
        raise_flags(b, raised)
