"""Every rule of the book holds to the bit, and wrong rules are caught.

A new rule needs no new test: the walk over the book covers it. A new structural rule needs a row in `STRUCTURAL`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqsat.errors import RuleError
from eqsat.rules.api import Bool, Float, Int, Number, Pattern, Real, Rule, Signed, Structural, rule
from eqsat.rules.book import DEFAULT
from eqsat.rules.certificate import certify
from tests.rules.structural import (
    check_casts,
    check_commutative_operations,
    check_compositions,
    check_fusion,
    check_idempotent_operations,
    check_moves_through_operations,
)

STRUCTURAL: dict[str, Callable[[], None]] = {
    "fuse_load_of_store": check_fusion,
    "move_through_operation": check_moves_through_operations,
    "slice_through_quiet_operation": check_moves_through_operations,
    "compose_moves": check_compositions,
    "move_identity": check_moves_through_operations,
    "scalar_broadcasts_itself": check_moves_through_operations,
    "cast_to_itself": check_casts,
    "cast_of_cast": check_casts,
    "idempotent_operation": check_idempotent_operations,
    "commutative_operation": check_commutative_operations,
}


def test_every_rule_of_the_book_holds() -> None:
    checked = 0
    for one in DEFAULT.rules:
        if isinstance(one, Rule):
            found = certify(one)
            assert found.holds, f"{one}: {found.counterexample}"
            least = {"Bool": 2, "": 50}.get(one.kind, 1000)
            assert found.cases >= least, (one.name, found.cases)
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("name", [one.name for one in DEFAULT.rules if isinstance(one, Structural)])
def test_every_structural_rule_holds(name: str) -> None:
    STRUCTURAL[name]()


def test_no_rule_of_the_book_needs_a_flag() -> None:
    assert [one.name for one in DEFAULT.rules if isinstance(one, Rule) and one.requires] == []


def test_every_rule_has_a_reason() -> None:
    assert [one.name for one in DEFAULT.rules if len(one.reason) < 8] == []


WRONG: dict[str, tuple[object, str]] = {
    "x + 0 loses the sign of -0.0": ((lambda x: (x + 0.0, x), Float), "bits"),
    "x * 0 hides NaN": ((lambda x: (x * 0.0, x - x), Float), "bits"),
    "0 - x is +0.0 for 0.0": ((lambda x: (0.0 - x, -x), Float), "bits"),
    "x / x is NaN for 0": ((lambda x: (x / x, x * 0.0 + 1.0), Float), "bits"),
    "the reciprocal of 3 is rounded": ((lambda x: (x / 3.0, x * (1.0 / 3.0)), Float), "bits"),
    "sqrt(x * x) overflows": ((lambda x: (np.sqrt(x * x), np.absolute(x)), Float), "bits"),
    "log1p is another function": ((lambda x: (np.log(1.0 + x), np.log1p(x)), Float), "bits"),
    "-(x - 1) is -0.0 for 1": ((lambda x: (-(x - 1.0), 1.0 - x), Float), "bits"),
    "not (x < 0) is true of NaN": ((lambda x: (np.logical_not(x < 0.0), x >= 0.0), Float), "bits"),
    "where(x < 0, -x, x) keeps -0.0": ((lambda x: (np.where(x < 0.0, -x, x), np.absolute(x)), Float), "bits"),
    "x == x is false of NaN": ((lambda x: (np.equal(x, x), np.isfinite(x) | np.isinf(x) | np.isnan(x)), Float), "bits"),
    "x ** 3 is rounded otherwise": ((lambda x: (x**3.0, x * x * x), Float), "bits"),
    "unsigned numbers do not go below 0": ((lambda x: (np.where(x < 0, -x, x), np.absolute(-x)), Int), "bits"),
    "dividing by 2 is no shift below 0": ((lambda x: (x // 2, x >> 1 << 0 | 0 * x - (x < 0) * 0), Signed), "RuleError"),
    "the least integer has no opposite": ((lambda x: (np.maximum(x, -x) < 0, (x < 0) & (x > 0)), Signed), "bits"),
    "doubling may overflow": ((lambda x: (x / 2.0 * 2.0, +x), Float), "bits"),
    "a comparison is not dropped for nothing": ((lambda x: (x + x, x * 2.0 * 1.0 + (x - x)), Float), "bits"),
    "1 / (1 / x) raises more": ((lambda x: (np.absolute(x), np.absolute(1.0 / (1.0 / x))), Float), "bits"),
    "an extra product overflows": ((lambda x: (np.isnan(x), np.isnan(x * 2.0)), Float), "flags"),
    "a product that is left out was heard": ((lambda x: (np.isnan(x * 2.0), np.isnan(x)), Float), "flags"),
}


def named(function: Callable[..., object], **kinds: object) -> Rule:
    function.__annotations__.update(kinds)
    function.__doc__ = "Wrong on purpose."
    return rule(function)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_rules_are_caught(case: str) -> None:
    (function, kind), what = WRONG[case]  # type: ignore[misc]
    if what == "RuleError":
        with pytest.raises(RuleError):
            named(function, x=kind)
        return
    found = certify(named(function, x=kind))
    assert not found.holds
    assert found.counterexample is not None and found.counterexample.what == what, str(found.counterexample)


def test_wrong_rules_of_two_and_three_variables_are_caught() -> None:
    def associative(a: Float, b: Float, c: Float) -> object:
        """Wrong: each sum is rounded."""
        return (a + b) + c, a + (b + c)

    def distributive(a: Float, b: Float, c: Float) -> object:
        """Wrong: each product is rounded."""
        return a * c + b * c, (a + b) * c

    def minimum_by_choice(a: Real, b: Real) -> object:
        """Wrong for NaN."""
        return np.where(a < b, a, b), np.minimum(a, b)

    def difference(a: Float, b: Float) -> object:
        """Wrong for a == b: the zero's sign."""
        return -(a - b), b - a

    def undistributed(p: Bool, q: Bool) -> object:
        """Wrong: not De Morgan."""
        return np.logical_not(np.logical_and(p, q)), np.logical_and(np.logical_not(p), np.logical_not(q))

    def order(a: Int, b: Int) -> object:
        """Wrong: wrapping differences do not tell the order."""
        return a - b < 0, a < b

    def flags(p: Bool, a: Float, b: Float) -> object:
        """Wrong: the product of the branch that is not taken overflows no more."""
        return np.where(p, a * 2.0, b * 2.0), np.where(p, a, b) * 2.0

    def complex_sign(a: Number, b: Number) -> object:
        """Wrong for complex numbers: the parts' zeros and infinities."""
        return (-a) * b, -(a * b)

    found = {
        one.__name__: certify(rule(one)).counterexample
        for one in (associative, distributive, minimum_by_choice, difference, undistributed, order, flags, complex_sign)
    }
    assert [name for name, counterexample in found.items() if counterexample is None] == []
    assert found["flags"] is not None and found["flags"].what == "flags"


def test_patterns_are_not_arrays() -> None:
    with pytest.raises(TypeError, match="no elements"):
        np.asarray(Pattern("variable", (), "x"))
