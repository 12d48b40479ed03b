"""The integer rules, proved for every value by an SMT solver over bit-vectors, at 8 and at 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eqsat.rules.api import Pattern, Rule, type_of
from eqsat.rules.integers import INTEGERS

z3 = pytest.importorskip("z3")

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "negative": lambda a: -a,
    "invert": lambda a: ~a,
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_not": lambda p: z3.Not(p),
    "select": lambda p, a, b: z3.If(p, a, b),
    "left_shift": lambda a, b: a << b,
}
ORDERED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "less": (lambda a, b: a < b, lambda a, b: z3.ULT(a, b)),
    "less_equal": (lambda a, b: a <= b, lambda a, b: z3.ULE(a, b)),
    "greater": (lambda a, b: a > b, lambda a, b: z3.UGT(a, b)),
    "greater_equal": (lambda a, b: a >= b, lambda a, b: z3.UGE(a, b)),
    "minimum": (lambda a, b: z3.If(a < b, a, b), lambda a, b: z3.If(z3.ULT(a, b), a, b)),
    "maximum": (lambda a, b: z3.If(a > b, a, b), lambda a, b: z3.If(z3.UGT(a, b), a, b)),
    "absolute": (lambda a: z3.If(a < 0, -a, a), lambda a: a),
    "right_shift": (lambda a, b: a >> b, lambda a, b: z3.LShR(a, b)),
    "floor_divide": (lambda a, b: a if z3.is_bv_value(b) and b.as_long() == 1 else None, lambda a, b: z3.UDiv(a, b)),
}
"""Signed and unsigned; division only by 1, which is all that a rule divides by."""


def meaning(one: Rule, pattern: Pattern, bits: int, signed: bool) -> Any:
    if pattern.op == "variable":
        return z3.BitVec(str(pattern.value), bits)
    if pattern.op == "literal":
        return z3.BoolVal(pattern.value) if type_of(one, pattern) == "?" else z3.BitVecVal(pattern.value, bits)
    args = [meaning(one, arg, bits, signed) for arg in pattern.args]
    if pattern.op in OPERATIONS:
        return OPERATIONS[pattern.op](*args)
    return ORDERED[pattern.op][not signed](*args)


def proved(one: Rule, bits: int, signed: bool) -> str:
    solver = z3.Solver()
    solver.set("timeout", 4000)
    left, right = (z3.simplify(meaning(one, side, bits, signed), som=True) for side in (one.left, one.right))
    solver.add(left != right)
    return str(solver.check())


@pytest.mark.parametrize("bits", [8, 64])
def test_every_integer_rule_is_proved(bits: int) -> None:
    found = {
        (one.name, signed): proved(one, bits, signed)
        for one in INTEGERS
        for signed in ((True,) if one.kind == "Signed" else (True, False))
    }
    assert {name for name, answer in found.items() if answer != "unsat"} == set()
    assert len(found) > 100


def test_the_solver_finds_a_wrong_rule() -> None:
    wrong = next(one for one in INTEGERS if one.name == "not_less")
    assert proved(wrong, 8, signed=True) == "unsat"
    swapped = Rule(
        wrong.name, wrong.reason, wrong.left, Pattern("greater", wrong.right.args), wrong.kinds, wrong.kind,
        wrong.requires, wrong.when, wrong.span,
    )  # fmt: skip
    assert proved(swapped, 8, signed=True) == "sat"
