"""The e-graph stays as small as the program: no rule builds on what another one has made superfluous."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from eqsat import Float, Matrix, jit, rule
from eqsat.egraph.crossover import NEAREST
from eqsat.egraph.optimize import Budgets, Report
from eqsat.egraph.saturate import SATURATED
from eqsat.rules.api import RuleBook, Structural, rules
from eqsat.rules.book import DEFAULT
from tests.egraph.executing import assert_means_the_same, optimized

INTEGERS = tuple(np.arange(start, start + 5, dtype=np.int16) for start in (-2, 3, 100))


def absorbed(a, b, c):
    t = (a * 0 + b) * c + a * 0
    u = a * c + b * c + t * 0
    return u * 0 + t, (a + b) * 0 + (b + c) * 0 + u


def neutral(a, b, c):
    t = (a * 1 + 0) * c + (b + 0) * c * 1
    return (t - 0) * a + (t * 1) * b + (c + 0) * a


def cancelled(a, b, c):
    t = (a + b) - b
    return t * c + (a - a) * b + (c - b + b) * t + (a ^ a) * c


def masked(a, b, c):
    t = (a & 0) | (b | -1) & (c & -1)
    return (t ^ 0) * a + (t & t) * b + (a & (a | b)) * c


@pytest.mark.parametrize("function", [absorbed, neutral, cancelled, masked])
def test_what_is_zero_or_itself_is_no_material_for_other_rules(function) -> None:
    made = optimized(function, *INTEGERS)
    assert made.report.stop == SATURATED
    assert made.report.nodes < 1500
    assert_means_the_same(made, INTEGERS)


def planted(name: str, text: str) -> RuleBook:
    return DEFAULT + rules(Structural(name, "Without end, on purpose.", text, "simplify"))


def test_growth_ends_before_the_iteration_that_nobody_can_stop() -> None:
    text = """(rule ((= l (Binary "add" s a b)) (= x (Binary "add" s c d)))
        ((Binary "add" s l x) $fired) $where)"""
    made = optimized(absorbed, *INTEGERS, book=planted("sums_of_all_sums", text), budgets=Budgets(nodes=10**9))
    assert made.report.stop.startswith("over the growth budget: from ")
    assert_means_the_same(made, INTEGERS)


@pytest.mark.parametrize("budgets", [Budgets(nodes=10), Budgets(seconds=0.0), Budgets(rounds=1), Budgets(iterations=1)])
@pytest.mark.parametrize("function", [absorbed, neutral, cancelled, masked])
def test_whatever_the_budget_the_program_as_written_is_found_again(function, budgets: Budgets) -> None:
    made = optimized(function, *INTEGERS, budgets=budgets)
    assert made.report.cost_after <= made.report.cost_before
    assert_means_the_same(made, INTEGERS)


REGROUPED = frozenset({"reassoc", "nnan", "ninf"})


@rule(requires=REGROUPED, two_way=True)
def sum_regrouped(a: Float, b: Float, c: Float):
    """Open associativity of sums."""
    return (a + b) + c, a + (b + c)


@rule(requires=REGROUPED, two_way=True)
def product_regrouped(a: Float, b: Float, c: Float):
    """Open associativity of products."""
    return (a * b) * c, a * (b * c)


@rule(two_way=True)
def sum_swapped(a: Float, b: Float):
    """Open commutativity of sums."""
    return a + b, b + a


@rule(two_way=True)
def product_swapped(a: Float, b: Float):
    """Open commutativity of products."""
    return a * b, b * a


@rule(requires=REGROUPED, two_way=True)
def distributed(a: Float, b: Float, c: Float):
    """Distribution both ways."""
    return a * (b + c), a * b + a * c


@rule(requires=REGROUPED, two_way=True)
def matrices_regrouped(a: Matrix, b: Matrix, c: Matrix):
    """Open associativity of products of matrices."""
    return (a @ b) @ c, a @ (b @ c)


OPEN = rules(sum_regrouped, product_regrouped, sum_swapped, product_swapped, distributed)
CHAINED = rules(matrices_regrouped)


def sum_of_twelve(a, b, c, d, e, f, g, h, i, j, k, m):
    return a + b + c + d + e + f + g + h + i + j + k + m


def product_of_twelve(a, b, c, d, e, f, g, h, i, j, k, m):
    return a * b * c * d * e * f * g * h * i * j * k * m


def sums_of_products(a, b, c, d, e, f, g, h, i, j, k, m):
    return a * (b + c + d) * (e + f) + a * (g + h) * (i + j * k) * m


def chain_of_ten(a, b, c, d, e, f, g, h, i, j):
    return a @ b @ c @ d @ e @ f @ g @ h @ i @ j


def vectors(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(2)
    return [random.uniform(0.5, 1.5, 50) for _ in range(count)]


def matrices(*sizes: int) -> list[np.ndarray]:
    random = np.random.default_rng(2)
    return [random.uniform(0.5, 1.5, pair) for pair in pairwise(sizes)]


def exploded(function, book: RuleBook, arguments: list[np.ndarray]) -> Report:
    """The report of a program with rules without end, which gives the right result all the same."""
    compiled = jit(fastmath=REGROUPED, rules=book, verify="never")(function)
    np.testing.assert_allclose(compiled(*arguments), function(*arguments), rtol=1e-12)
    ((report,),) = (made.reports for made in compiled._specializations)
    assert report.cost_after <= report.cost_before
    return report


@pytest.mark.parametrize("function", [sum_of_twelve, product_of_twelve, sums_of_products])
def test_open_associativity_and_distribution_end_within_the_budget(function) -> None:
    report = exploded(function, OPEN, vectors(12))
    assert report.nodes <= Budgets().nodes * Budgets().growth  # the iteration that went over is the last one
    assert report.stop.startswith("over the ")
    named = report.stop.partition("; rules that grew it: ")[2]
    assert any(one.name in named for one in OPEN), report.stop
    assert report.kernels_after == 1


def test_regrouping_ten_matrices_ends_within_the_budget() -> None:
    report = exploded(chain_of_ten, CHAINED, matrices(20, 3, 50, 7, 40, 2, 30, 60, 5, 10, 8))
    assert report.nodes <= Budgets().nodes
    assert (
        report.stop == SATURATED or "; rules that grew it: " in report.stop
    )  # where time is up depends on the machine
    assert report.cost_after < report.cost_before
    assert len(report.guards) <= NEAREST
