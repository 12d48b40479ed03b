"""The e-graph stays as small as the program: no rule builds on what another one has made superfluous."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.egraph.optimize import Budgets
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
