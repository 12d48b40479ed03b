"""Why a rule did not fire has an answer: not found, a flag, a guard, a hint, or its cost."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat import Float, Matrix, Scalar, Vector, is_positive, jit, rule
from eqsat.rules.api import Rule


@rule(requires={"afn"}, when=lambda x: is_positive(x))
def log_of_square(x: Float):
    """log(x^2) = 2 log(x) for x > 0."""
    return np.log(x * x), 2.0 * np.log(x)


@rule(requires={"reassoc"})
def product_after_sum(a: Matrix, x: Vector, y: Vector):
    """A(x + y) = Ax + Ay: twice the work."""
    return a @ (x + y), a @ x + a @ y


@rule(requires={"reassoc"}, worth=lambda x: x[0] > 1_000_000)
def sum_of_doubled(x: Vector, c: Scalar):
    """sum(xc) = sum(x) c, for long vectors."""
    return np.sum(np.sqrt(x) * c), np.sum(np.sqrt(x)) * c


def logarithm(x):
    return np.log(x * x)


def product(a, x, y):
    return a @ (x + y)


def doubled(x, c):
    return np.sum(np.sqrt(x) * c)


X = np.linspace(1.0, 2.0, 300)
A = np.outer(X, X)


def answer(function, args, one: Rule | str, **options) -> str:
    jitted = jit(**options)(function)
    jitted(*args)
    return str(jitted.explain(rule=one))


def test_a_rule_that_was_used_is_said_to_be() -> None:
    said = answer(lambda_product, (A, A, X), "product_of_matrices_with_vector", fastmath=True)
    assert said.splitlines()[1:] == ["  used in lambda_product, in one place"]


def lambda_product(a, b, x):
    return (a @ b) @ x


def test_a_missing_flag_is_named_and_where_the_rule_would_fire() -> None:
    said = answer(lambda_product, (A, A, X), "product_of_matrices_with_vector")
    assert "needs reassoc, not granted: @jit(fastmath=...) grants it" in said
    assert "its left side is found in one place" in said and ": (a @ b) @ x" in said


def test_a_guard_that_is_not_known_is_named() -> None:
    said = answer(logarithm, (X,), log_of_square, fastmath=True, rules=log_of_square, verify="never")
    assert "guard is_positive(x): it is not known that x is above zero" in said
    assert "its left side is found in one place" in said


def test_a_rule_that_costs_more_is_rejected_by_cost() -> None:
    said = answer(product, (A, X, X), product_after_sum, fastmath=True, rules=product_after_sum, verify="never")
    assert "rejected by cost: " in said and " with it, " in said


def test_a_hint_that_says_no_is_told() -> None:
    said = answer(doubled, (X, 2.0), sum_of_doubled, fastmath=True, rules=sum_of_doubled, verify="never")
    assert "its hint `worth` says no at the sizes of the first call" in said


def test_what_the_program_does_not_have_is_named() -> None:
    said = answer(logarithm, (X,), "trace_of_product", fastmath=True)
    assert "its left side is not found in logarithm, which has no add, matmul" in said


def test_a_rule_that_was_not_given_is_told() -> None:
    said = answer(product, (A, X, X), product_after_sum, fastmath=True)
    assert "is not among the rules of product: @jit(rules=...) adds it" in said


def test_a_name_that_no_rule_has_is_refused() -> None:
    with pytest.raises(KeyError, match="no rule is called 'no_such_rule'"):
        answer(logarithm, (X,), "no_such_rule")


def test_a_rule_whose_flags_are_not_granted_is_found_by_its_name() -> None:
    @rule(requires={"reassoc"})
    def regrouped_sum(x: Float, y: Float, z: Float):
        """(x + y) + z = x + (y + z)."""
        return (x + y) + z, x + (y + z)

    @jit(rules=regrouped_sum)
    def f(x, y):
        return (x + y) + 1.0

    f(np.ones(3), np.ones(3))
    assert "needs reassoc, not granted" in str(f.explain(rule="regrouped_sum"))


def test_rules_about_memory_are_told_of_anyway() -> None:
    with pytest.raises(KeyError, match="fuse_load_of_store is a rule about memory and index maps"):
        answer(logarithm, (X,), "fuse_load_of_store")
