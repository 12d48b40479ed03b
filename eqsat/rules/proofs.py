"""Proofs by z3: elementwise rules about integers for every value at every width, about floats where it is quick.

Integers are bit-vectors of 8 to 64 bits, floats those of IEEE 754 at 16 and 32 bits with NaN equal to NaN. Guards are
assumptions. Not translated, and so not proved: functions beyond arithmetic, powers, most divisions of integers, guards
about reciprocals. A model in which the sides differ is computed by NumPy before it counts. z3 is optional, and imported
when first asked for. Called by `eqsat.rules.certificate`.
"""

# pyright: reportUnknownLambdaType=false
# (terms of z3 have no types that we know)

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from eqsat.rules.api import Rule, literal, type_of
from eqsat.rules.exact import dtypes_of
from eqsat.rules.guards import Condition
from eqsat.rules.pattern import Pattern
from eqsat.rules.samples import Columns

INTEGERS_STEPS = 20_000_000
FLOATS_STEPS = 300_000
"""What z3 may spend on one question, in its own count: the same answer on every machine."""
FLOATS = (np.dtype(np.float16), np.dtype(np.float32))


class UntranslatedError(Exception):
    """A part of a rule means nothing to us in z3."""


def is_installed() -> bool:
    """Whether z3 can be asked."""
    return find_spec("z3") is not None


def z3() -> Any:
    """The module."""
    return import_module("z3")


def proved(rule: Rule) -> tuple[tuple[str, ...], list[tuple[np.dtype, Columns]]]:
    """What was proved of a rule, in words; and models in which the sides differ, for NumPy to judge."""
    done: list[np.dtype] = []
    models: list[tuple[np.dtype, Columns]] = []
    for dtype in dtypes_of(rule):
        if dtype.kind not in "iu" and dtype not in FLOATS:
            continue
        answer = ask(rule, dtype)
        if answer == "proved":
            done.append(dtype)
        elif isinstance(answer, dict):
            models.append((dtype, answer))
        elif dtype.kind == "f":
            break  # the wider one takes longer
    return ((f"{', '.join(dtype.name for dtype in done)}, for all values (z3)",) if done else ()), models


def ask(rule: Rule, dtype: np.dtype) -> str | Columns:
    """Whether it is "proved" or "unknown" (also where nothing is translated); or values for which the sides differ."""
    solver_of = z3()
    try:
        left, right = (meaning(rule, side, dtype) for side in (rule.left, rule.right))
        assumed = [_assumption(rule, one, dtype) for one in rule.when]
    except UntranslatedError:
        return "unknown"
    solver = solver_of.Solver()
    solver.set("rlimit", FLOATS_STEPS if dtype.kind == "f" else INTEGERS_STEPS)
    if dtype.kind != "f":
        left, right = (solver_of.simplify(side, som=True) for side in (left, right))
    solver.add(*assumed, left != right)  # as terms: NaN is one, and zeros have signs
    answer = str(solver.check())
    if answer == "unsat":
        return "proved"
    return _values(rule, dtype, solver.model()) if answer == "sat" else "unknown"


def _values(rule: Rule, dtype: np.dtype, model: Any) -> Columns:
    found: Columns = {}
    for name, kind in rule.kinds:
        value = model.eval(_variable(name, np.dtype(np.bool_) if kind == "Bool" else dtype), model_completion=True)
        if kind == "Bool":
            found[name] = np.full(2, z3().is_true(value))
        else:
            bits = value if dtype.kind != "f" else z3().simplify(z3().fpToIEEEBV(value))
            number = np.array(bits.as_long() if z3().is_bv_value(bits) else 0, f"u{dtype.itemsize}")
            found[name] = np.full(2, number).view(dtype)
    return found


def _sort(dtype: np.dtype) -> Any:
    return z3().FPSort(*{2: (5, 11), 4: (8, 24), 8: (11, 53)}[dtype.itemsize])


def _variable(name: str, dtype: np.dtype) -> Any:
    if dtype.kind == "b":
        return z3().Bool(name)
    return z3().FP(name, _sort(dtype)) if dtype.kind == "f" else z3().BitVec(name, 8 * dtype.itemsize)


def meaning(rule: Rule, pattern: Pattern, dtype: np.dtype) -> Any:
    """The term of one side where numbers are of `dtype`; UntranslatedError for what has none."""
    kind = np.dtype(np.bool_) if type_of(rule, pattern) == "?" else dtype
    if pattern.op == "variable":
        return _variable(str(pattern.value), kind)
    if pattern.op == "literal":
        return _number(pattern.value, kind)
    args = [meaning(rule, arg, dtype) for arg in pattern.args]
    if all(z3().is_bool(arg) for arg in args):
        table = BOOLS
    else:
        table = FLOAT if dtype.kind == "f" else SIGNED if dtype.kind == "i" else UNSIGNED
    found = table.get(pattern.op) or ANY.get(pattern.op)
    if found is None:
        raise UntranslatedError(pattern.op)
    return found(*args)


def _number(value: object, dtype: np.dtype) -> Any:
    constant = literal(value, dtype)
    if constant is None:
        raise UntranslatedError(repr(value))
    if dtype.kind == "b":
        return z3().BoolVal(bool(constant.value))
    bits = int(np.array(constant.value).view(f"u{dtype.itemsize}"))
    vector = z3().BitVecVal(bits, 8 * dtype.itemsize)
    return z3().fpBVToFP(vector, _sort(dtype)) if dtype.kind == "f" else vector


def _divided(a: Any, b: Any) -> Any:
    """Division by 1 alone: of anything else, zero and the least number are cases of their own."""
    if not (z3().is_bv_value(b) and b.as_long() == 1):
        raise UntranslatedError("floor_divide")
    return a


def _nearest() -> Any:
    return z3().RNE()


def _whole(mode: str) -> Callable[[Any], Any]:
    return lambda a: z3().fpRoundToIntegral(getattr(z3(), mode)(), a)


def _minimum(less: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """NumPy's: NaN wins. Of zeros the first or the second one, as the machine has it: not translated."""

    def chosen(a: Any, b: Any) -> Any:
        z = z3()
        either = z.FreshConst(a.sort())
        zeros = z.And(z.fpIsZero(a), z.fpIsZero(b), a != b)
        best = z.If(z.fpIsNaN(a), a, z.If(z.fpIsNaN(b), b, z.If(less(a, b), a, b)))
        return z.If(zeros, either, best)

    return chosen


ANY: dict[str, Callable[..., Any]] = {
    "select": lambda p, a, b: z3().If(p, a, b),
    "positive": lambda a: a,
}
BOOLS: dict[str, Callable[..., Any]] = {
    "logical_not": lambda p: z3().Not(p),
    "invert": lambda p: z3().Not(p),
    "logical_and": lambda p, q: z3().And(p, q),
    "bitwise_and": lambda p, q: z3().And(p, q),
    "logical_or": lambda p, q: z3().Or(p, q),
    "bitwise_or": lambda p, q: z3().Or(p, q),
    "logical_xor": lambda p, q: z3().Xor(p, q),
    "bitwise_xor": lambda p, q: z3().Xor(p, q),
    "equal": lambda p, q: p == q,
    "not_equal": lambda p, q: p != q,
}
INTEGER: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "square": lambda a: a * a,
    "negative": lambda a: -a,
    "invert": lambda a: ~a,
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "left_shift": lambda a, b: a << b,
    "floor_divide": _divided,
}
SIGNED: dict[str, Callable[..., Any]] = INTEGER | {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "minimum": lambda a, b: z3().If(a < b, a, b),
    "maximum": lambda a, b: z3().If(a > b, a, b),
    "absolute": lambda a: z3().If(a < 0, -a, a),
    "right_shift": lambda a, b: a >> b,
}
UNSIGNED: dict[str, Callable[..., Any]] = INTEGER | {
    "less": lambda a, b: z3().ULT(a, b),
    "less_equal": lambda a, b: z3().ULE(a, b),
    "greater": lambda a, b: z3().UGT(a, b),
    "greater_equal": lambda a, b: z3().UGE(a, b),
    "minimum": lambda a, b: z3().If(z3().ULT(a, b), a, b),
    "maximum": lambda a, b: z3().If(z3().UGT(a, b), a, b),
    "absolute": lambda a: a,
    "right_shift": lambda a, b: z3().LShR(a, b),
}
FLOAT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: z3().fpAdd(_nearest(), a, b),
    "subtract": lambda a, b: z3().fpSub(_nearest(), a, b),
    "multiply": lambda a, b: z3().fpMul(_nearest(), a, b),
    "divide": lambda a, b: z3().fpDiv(_nearest(), a, b),
    "square": lambda a: z3().fpMul(_nearest(), a, a),
    "reciprocal": lambda a: z3().fpDiv(_nearest(), z3().FPVal(1.0, a.sort()), a),
    "sqrt": lambda a: z3().fpSqrt(_nearest(), a),
    "negative": lambda a: z3().fpNeg(a),
    "absolute": lambda a: z3().fpAbs(a),
    "fabs": lambda a: z3().fpAbs(a),
    "floor": _whole("RTN"),
    "ceil": _whole("RTP"),
    "trunc": _whole("RTZ"),
    "rint": _whole("RNE"),
    "equal": lambda a, b: z3().fpEQ(a, b),
    "not_equal": lambda a, b: z3().Not(z3().fpEQ(a, b)),
    "less": lambda a, b: z3().fpLT(a, b),
    "less_equal": lambda a, b: z3().fpLEQ(a, b),
    "greater": lambda a, b: z3().fpGT(a, b),
    "greater_equal": lambda a, b: z3().fpGEQ(a, b),
    "minimum": _minimum(lambda a, b: z3().fpLT(a, b)),
    "maximum": _minimum(lambda a, b: z3().fpGT(a, b)),
    "isnan": lambda a: z3().fpIsNaN(a),
    "isinf": lambda a: z3().fpIsInf(a),
    "isfinite": lambda a: z3().Not(z3().Or(z3().fpIsNaN(a), z3().fpIsInf(a))),
}


def _assumption(rule: Rule, condition: Condition, dtype: np.dtype) -> Any:
    """What a guard says."""
    z = z3()
    if condition.test == "is_constant":
        return z.BoolVal(True)
    if type_of(rule, Pattern("variable", (), condition.variable)) == "?":
        raise UntranslatedError(condition.test)
    x = _variable(condition.variable, dtype)
    if dtype.kind == "f":
        zero = z.FPVal(0.0, x.sort())
        nan, infinite = z.fpIsNaN(x), z.fpIsInf(x)
        found = {
            "is_positive": z.Or(nan, z.fpGT(x, zero)),
            "is_nonnegative": z.Or(nan, z.Not(z.fpIsNegative(x))),
            "is_nonzero": z.Not(z.fpEQ(x, zero)),
            "is_integer": z.Or(nan, z.And(z.Not(infinite), z.fpEQ(_whole("RTN")(x), x))),
            "is_not_nan": z.Not(nan),
            "is_finite": z.Not(z.Or(nan, infinite)),
        }
    else:
        signed = dtype.kind == "i"
        found = {
            "is_positive": x > 0 if signed else x != 0,
            "is_nonnegative": x >= 0 if signed else z.BoolVal(True),
            "is_nonzero": x != 0,
            **dict.fromkeys(("is_integer", "is_not_nan", "is_finite"), z.BoolVal(True)),
        }
    if condition.test not in found:
        raise UntranslatedError(condition.test)
    return found[condition.test]
