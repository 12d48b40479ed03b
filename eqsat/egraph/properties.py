"""Which operations give or keep what guards about values ask for: data for the analysis in the e-graph.

A row says of an operation's loops that the result has a property whatever the operands (`GIVES`), or if every operand
has it (`KEEPS`). All rows are true of elements that are not NaN, with rounding, overflow and underflow: `exp` gives
"not negative" and not "positive", because it underflows. Called by `eqsat.egraph.declare` and `saturate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eqsat.ir.ops import UFUNCS
from eqsat.ir.signature import inputs_of
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.guards import GUARDS

_ROUNDING = {"floor", "ceil", "trunc", "rint"}
_SAME = {"positive", "maximum", "minimum", "fmax", "fmin"}
"""Operations that give one of their operands."""

GIVES: dict[str, set[str]] = {
    "is_nonnegative": {"absolute", "fabs", "square", "exp", "exp2", "cosh", "hypot", "arccos"},
    "is_positive": {"cosh"},
    "is_nonzero": {"cosh"},
    "is_integer": {*_ROUNDING, "sign"},
}
KEEPS: dict[str, set[str]] = {
    "is_nonnegative": {
        *_SAME,
        *_ROUNDING,
        *("add", "multiply", "divide", "sqrt", "cbrt", "expm1", "log1p", "tanh", "arctan", "sinh", "arcsinh", "arcsin"),
    },
    "is_positive": {*_SAME, "add", "sqrt", "cbrt", "ceil", "absolute", "fabs"},
    "is_nonzero": {*_SAME, "negative", "absolute", "fabs", "sqrt", "cbrt", "sign"},
    "is_integer": {*_SAME, "add", "subtract", "multiply", "square", "negative", "absolute", "fabs"},
    "is_not_nan": {
        *_SAME,
        *_ROUNDING,
        *("negative", "absolute", "fabs", "square", "sign", "copysign", "exp", "exp2", "expm1", "tanh", "arctan"),
        *("sinh", "cosh", "cbrt", "arcsinh"),
    },
    "is_finite": {
        *_SAME,
        *_ROUNDING,
        *("negative", "absolute", "fabs", "sign", "copysign", "tanh", "arctan", "sin", "cos", "cbrt", "arcsinh"),
    },
}
FOLDS: dict[str, set[str]] = {
    "add": {"is_nonnegative", "is_integer"},
    "multiply": {"is_nonnegative", "is_integer"},
    "maximum": {"is_nonnegative", "is_positive", "is_nonzero", "is_integer", "is_not_nan", "is_finite"},
    "minimum": {"is_nonnegative", "is_positive", "is_nonzero", "is_integer", "is_not_nan", "is_finite"},
}
"""What a reduction by a ufunc keeps."""
ALWAYS: dict[str, str] = {
    "is_integer": "?bhilqBHILQ",
    "is_not_nan": "?bhilqBHILQ",
    "is_finite": "?bhilqBHILQ",
    "is_nonnegative": "?BHILQ",
}
"""The dtypes of which every number has a property."""
IMPLIES = (("is_positive", "is_nonnegative"), ("is_positive", "is_nonzero"), ("is_finite", "is_not_nan"))

ANALYSES = """
(rule ((= e (Unary n s a)) (Gives p n s)) ((Known p e)) :ruleset analysis :name "given by unary operations")
(rule ((= e (Binary n s a b)) (Gives p n s)) ((Known p e)) :ruleset analysis :name "given by binary operations")
(rule ((= e (Unary n s a)) (Keeps p n s) (Known p a)) ((Known p e))
  :ruleset analysis :name "kept by unary operations")
(rule ((= e (Binary n s a b)) (Keeps p n s) (Known p a) (Known p b)) ((Known p e))
  :ruleset analysis :name "kept by binary operations")
(rule ((= e (Ternary "select" s c a b)) (OfValues p) (Known p a) (Known p b)) ((Known p e))
  :ruleset analysis :name "kept by choices")
(rule ((= e (Move m a)) (OfValues p) (Known p a)) ((Known p e)) :ruleset analysis :name "kept by moves")
(rule ((= e (Fold f a)) (Folds p f) (Known p a)) ((Known p e)) :ruleset analysis :name "kept by reductions")
(rule ((Known p e) (Implies p q)) ((Known q e)) :ruleset analysis :name "implied")
(rule ((= d (dtype e)) (Always p d)) ((Known p e)) :ruleset analysis :name "true of the dtype")
"""
SQUARES = """
(rule ((= e (Binary "multiply" s a a)) (Gives "is_nonnegative" "square" s)) ((Known "is_nonnegative" e))
  :ruleset analysis :name "products with itself")
(rule ((= e (Size i))) ((Known "is_nonnegative" e)) :ruleset analysis :name "sizes are not negative")
"""


def asked(book: RuleBook) -> frozenset[str]:
    """The guards about values that rules of the book ask for, and those that imply them."""
    tests = {condition.test for one in book.rules if isinstance(one, Rule) for condition in one.when}
    found = {test for test in tests if GUARDS[test].of == "value"}
    return frozenset(found | {given for given, implied in IMPLIES if implied in found})


def declared(tests: frozenset[str]) -> str:
    """The analysis as egglog text, for the guards that are asked for."""
    if not tests:
        return ""
    facts = [f'(OfValues "{test}")' for test in sorted(tests)]
    facts += [f'(Implies "{given}" "{implied}")' for given, implied in IMPLIES if {given, implied} <= tests]
    facts += [f'(Always "{test}" "{char}")' for test in sorted(tests & ALWAYS.keys()) for char in ALWAYS[test]]
    if "is_nonnegative" in tests:
        facts += [f'(Gives "is_nonnegative" "square" "{char}{char}->{char}")' for char in "efd"]
    return ANALYSES + (SQUARES if "is_nonnegative" in tests else "") + "\n".join(facts)


def facts_about(name: str, signature: str, tests: Iterable[str]) -> Iterator[str]:
    """What an operation gives and keeps, as egglog facts; integers wrap, so that of them only the dtype is known."""
    floats = set(inputs_of(signature)) <= set("efd") and signature[-1] in "efd"
    if name == "cast" and inputs_of(signature) in "?bhilqBHILQ" and signature[-1] in "fd":
        given = {"is_integer", "is_not_nan", "is_finite"}
        given |= {"is_nonnegative"} if inputs_of(signature) in "?BHILQ" else set[str]()
        yield from (f'(Gives "{test}" "cast" "{signature}")' for test in sorted(given.intersection(tests)))
    if name not in UFUNCS or not floats:
        return
    for test in tests:
        if name in GIVES.get(test, ()):
            yield f'(Gives "{test}" "{name}" "{signature}")'
        elif name in KEEPS.get(test, ()):
            yield f'(Keeps "{test}" "{name}" "{signature}")'
