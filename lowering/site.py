"""Where the code of one scalar operation is emitted: for which dtypes, and with what care for floating-point flags.

Comparisons are quiet: NumPy raises no floating-point flag for a NaN operand of theirs, and LLVM's plain `fcmp` would on
x86. Called by `lowering.scalar`, `lowering.python_ops` and their neighbours; refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from eqsat.ir.types import DType
from lowering.values import F32, F64, I1, Builder, Value, lanes_of, vector

Care = Literal["everything", "traps", "nothing"]
"""Which float operations are executed exactly as often as it is written, whatever that hides from LLVM's loop passes.

`traps`: those that often meet operands for which they raise a flag (`TRAPS`), since they stand behind a condition that
may be there to prevent it. The others may be computed early, which raises a flag once in a while for nothing: then
Python answers the call, and the answer is right all the same.
"""

TRAPS = frozenset({"fdiv", "sqrt", "fptosi", "fptrunc"})
FREE = frozenset({"fadd", "fsub", "fmul", "fdiv", "sqrt"})
"""What may carry fast-math flags; conversions have none."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where code is emitted, for operands of dtypes `inputs` and a result of dtype `output`."""

    b: Builder
    inputs: tuple[DType, ...]
    output: DType
    care: Care = "everything"
    flags: tuple[str, ...] = ()
    """The fast-math flags of the operation (`lowering.freedom`)."""

    def of(self, inputs: tuple[DType, ...], output: DType) -> Site:
        """The same place, for other dtypes."""
        return Site(self.b, inputs, output, self.care, self.flags)

    def float(self, name: str, *args: Value, to: ir.Type | None = None) -> Value:
        """A float operation (`fadd`, `fdiv`, `sqrt`, `fptosi`, ...); `to` is the type that a conversion gives.

        Where `care` is taken it is executed for every element, and so raises the flags that NumPy raises: LLVM would
        compute a plain operation early, only where its result is selected, or at compile time. It costs nothing in
        loops that are written in vectors. An operation with fast-math flags is a plain one, unless it may trap behind
        a condition: LLVM uses no flags of others.
        """
        known = all(isinstance(arg, ir.Constant) for arg in args)
        plain = not known and not (self.care == "traps" and name in TRAPS)
        if plain and self.flags and name in FREE:
            return self.intrinsic(name, *args) if name == "sqrt" else getattr(self.b, name)(*args, flags=self.flags)
        if plain and self.care != "everything":
            if name == "sqrt":
                return self.intrinsic(name, *args)
            return getattr(self.b, name)(*args, *([] if to is None else [to]))
        result = args[0].type if to is None else to
        converts = "" if to is None else f".{mangled(to)}"
        full = f"llvm.experimental.constrained.{name}{converts}.{mangled(args[0].type)}"
        words = ["fpexcept.strict"] if name in ("fptosi", "fpext") else ["round.tonearest", "fpexcept.strict"]
        module = self.b.module
        function = module.globals.get(full)
        if function is None:
            kinds = [*(arg.type for arg in args), *(ir.MetaDataType() for _ in words)]
            function = ir.Function(module, ir.FunctionType(result, kinds), full)
        return self.b.call(function, [*args, *(ir.MetaDataString(module, word) for word in words)])

    def intrinsic(self, name: str, *args: Value) -> Value:
        """Call `llvm.<name>`, overloaded on the type of its first argument."""
        function = self._declare(f"llvm.{name}.{mangled(args[0].type)}", args[0].type, args)
        return self.b.call(function, args, fastmath=self.flags if is_float(args[0].type) else ())

    def negative(self, x: Value) -> Value:
        """The sign of each part turned around."""
        return self.b.fneg(x, flags=self.flags)

    def compare(self, predicate: str, x: Value, y: Value) -> Value:
        """Compare floats without raising the invalid flag for quiet NaNs (`olt`, `une`, ...).

        Without care that is seen to after LLVM's passes, by `lowering.engine`. Where no value is NaN, none is seen to.
        """
        if self.care != "everything" or "nnan" in self.flags:
            symbol = PREDICATES[predicate]
            return (self.b.fcmp_ordered if predicate[0] == "o" else self.b.fcmp_unordered)(
                symbol, x, y, flags=self.flags
            )
        name = f"llvm.experimental.constrained.fcmp.{mangled(x.type)}"
        metadata = ir.MetaDataType()
        function = self.b.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(vector(I1, lanes_of(x)), [x.type, y.type, metadata, metadata])
            function = ir.Function(self.b.module, kind, name)
        module = self.b.module
        words = [ir.MetaDataString(module, word) for word in (predicate, "fpexcept.strict")]
        return self.b.call(function, [x, y, *words])

    def _declare(self, name: str, result: ir.Type, args: tuple[Value, ...]) -> ir.Function:
        found = self.b.module.globals.get(name)
        return found or ir.Function(self.b.module, ir.FunctionType(result, [arg.type for arg in args]), name)


PREDICATES = {"oeq": "==", "one": "!=", "olt": "<", "ole": "<=", "ogt": ">", "oge": ">=", "une": "!=", "uno": "uno"}
"""Comparisons as llvmlite names them."""


def is_float(type_: Any) -> bool:
    """Whether it is a type of floats, or of vectors of them."""
    return (type_.element if isinstance(type_, ir.VectorType) else type_) in (F32, F64)


def mangled(type_: Any) -> str:
    """The type as it stands in the name of an intrinsic."""
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{mangled(type_.element)}"
    return f"i{type_.width}" if isinstance(type_, ir.IntType) else {F32: "f32", F64: "f64"}[type_]
