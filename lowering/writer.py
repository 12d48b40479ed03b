"""Writing LLVM IR that talks to CPython and NumPy: calls, struct fields, objects, dimensions, ways out.

A `Writer` is an IR builder for one entry point. Objects are named, so that the code itself holds no address and can
be loaded elsewhere; `objects` says which object each name stands for, and whoever loads the code keeps them alive.
Called by `lowering.entry` and its helpers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from llvmlite import ir

from eqsat.errors import InternalError
from eqsat.ir.dims import Arithmetic, Dim, Symbol
from lowering import python_api

POINTER = ir.PointerType()
BIT, INT8, INT32, INT64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
DOUBLE = ir.DoubleType()
TYPES: dict[str, ir.Type] = {"p": POINTER, "q": INT64, "i": INT32, "d": DOUBLE, "v": ir.VoidType()}
NULL = ir.Constant(POINTER, None)

RARELY = (1, 2000)
"""Branch weights of a way that is taken rarely: the code for it moves out of line."""


def number(value: int, type_: ir.Type = INT64) -> ir.Constant:
    """An integer constant."""
    return ir.Constant(type_, value)


@dataclass(slots=True, eq=False)
class Writer:
    """`miss` is where a call goes that this code does not accept; None in code without guards.

    Guards are collected by `require` and tested together by `settle`, because each branch costs compile time.
    """

    builder: Any  # an `ir.IRBuilder`: llvmlite has no annotations, and what is inferred from its decorators is wrong
    miss: ir.Block | None
    objects: dict[str, object] = field(default_factory=dict[str, object])
    symbols: dict[Symbol, ir.Value] = field(default_factory=dict[Symbol, ir.Value])
    _required: list[ir.Value] = field(default_factory=list[ir.Value])
    _dims: dict[Dim, ir.Value] = field(default_factory=dict[Dim, ir.Value])

    # -- memory and calls -----------------------------------------------------------------------------------------

    def at(self, pointer: ir.Value, offset: int) -> ir.Value:
        """The address `offset` bytes on."""
        if not offset:
            return pointer
        return self.builder.gep(pointer, [number(offset)], inbounds=True, source_etype=INT8)

    def load(self, pointer: ir.Value, offset: int, type_: ir.Type) -> ir.Value:
        """A field of a struct."""
        return self.builder.load(self.at(pointer, offset), typ=type_)

    def store(self, value: ir.Value, pointer: ir.Value, offset: int) -> None:
        """Write a field."""
        self.builder.store(value, self.at(pointer, offset))

    def words(self, count: int, name: str) -> ir.Value:
        """Uninitialized memory for `count` 8-byte words, on the stack of this call; 64-byte aligned."""
        builder = self.builder
        with builder.goto_entry_block():
            made = builder.alloca(ir.ArrayType(INT64, max(count, 1)), name=name)
            made.align = 64
            made.type = POINTER  # else llvmlite remembers what it points to
            return made

    def call(self, name: str, *arguments: ir.Value) -> ir.Value:
        """Call a function of `python_api`."""
        return self.call_as(python_api.SIGNATURES[name], name, *arguments)

    def call_as(self, signature: str, name: str, *arguments: ir.Value) -> ir.Value:
        """Call a function with these C types, written as in `python_api`."""
        result, _, parameters = signature.partition(":")
        function = self.builder.module.globals.get(name)
        if function is None:
            types = [TYPES[letter] for letter in parameters]
            function = ir.Function(self.builder.module, ir.FunctionType(TYPES[result], types), name)
        return self.builder.call(function, arguments)

    def object(self, name: str, value: object) -> ir.Value:
        """The address of a Python object, under a name that says what it is."""
        name = f"object.{name}"
        known = self.objects.setdefault(name, value)
        if known is not value:
            raise InternalError(f"two objects are named {name}")
        made = self.builder.module.globals.get(name)
        if made is None:
            made = ir.GlobalVariable(self.builder.module, INT8, name)
            made.type = POINTER
        return made

    def take(self, reference: ir.Value) -> None:
        """One more reference to an object."""
        if python_api.MORTAL:
            self.store(self.builder.add(self.load(reference, 0, INT64), number(1)), reference, 0)
        else:
            self.call("Py_IncRef", reference)

    # -- ways out -------------------------------------------------------------------------------------------------

    def branch(self, condition: ir.Value, rare: ir.Block) -> None:
        """Go to `rare` where the condition holds, else on."""
        going_on = self.builder.append_basic_block()
        self.builder.cbranch(condition, rare, going_on).set_weights(RARELY)
        self.builder.position_at_end(going_on)

    def require(self, condition: ir.Value) -> None:
        """A guard: where it is false, this code does not accept the call. It holds after the next `settle`."""
        self._required.append(condition)

    def require_equal(self, left: ir.Value, right: ir.Value) -> None:
        """A guard on two integers or pointers."""
        self.require(self.builder.icmp_unsigned("==", left, right))

    def settle(self, rejected: ir.Block | None = None) -> None:
        """Test all guards since the last time; at once, where the next load is only safe if they hold."""
        if self._required:
            target = rejected or self.miss
            assert target is not None
            self.branch(self.builder.not_(reduce(self.builder.and_, self._required)), target)
            self._required.clear()

    # -- dimensions -----------------------------------------------------------------------------------------------

    def dim(self, value: Dim) -> ir.Value:
        """A formula over sizes as an int64. Arithmetic that overflows is a miss, so a `settle` must follow."""
        if value not in self._dims:
            self._dims[value] = value.fold(number, self.symbols.__getitem__, self._arithmetic())
        return self._dims[value]

    def known_dims(self, values: Iterable[Dim]) -> None:
        """Compute dimensions now, because later a miss is no longer possible."""
        for value in values:
            self.dim(value)

    def _arithmetic(self) -> Arithmetic[ir.Value]:
        builder = self.builder

        def checked(operation: Callable[..., ir.Value]) -> Callable[[ir.Value, ir.Value], ir.Value]:
            def apply(left: ir.Value, right: ir.Value) -> ir.Value:
                pair = operation(left, right)
                self.require(builder.not_(builder.extract_value(pair, 1)))
                return builder.extract_value(pair, 0)

            return apply

        def floor_divide(left: ir.Value, right: ir.Value) -> ir.Value:
            quotient, remainder = builder.sdiv(left, right), builder.srem(left, right)
            below = builder.icmp_signed("<", remainder, number(0))  # the divisor is positive
            return builder.sub(quotient, builder.zext(below, INT64))

        return Arithmetic(checked(builder.sadd_with_overflow), checked(builder.smul_with_overflow), floor_divide)
