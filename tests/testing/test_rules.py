"""Assertions about rules: wrong ones are named with a counterexample, and those that do not fire are told."""

from __future__ import annotations

from textwrap import dedent
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from eqsat import Float, Int, jit, rule, rules
from eqsat.rules import integers
from eqsat.rules.api import Structural
from eqsat.rules.arithmetic import ARITHMETIC
from eqsat.rules.book import DEFAULT
from eqsat.testing import arrays, assert_identical, assert_matches_numpy, assert_rule_fires, assert_rules_hold
from eqsat.testing.rules import rules_of


@rule
def doubled(x: Float):
    "Doubling is exact."
    return x + x, 2 * x


@rule
def plus_zero(x: Float):
    "Wrong for -0.0."
    return x + 0.0, x


@rule
def absolute_is_positive(x: Int):
    "Wrong for the least integer."
    return np.abs(x) < 0, x != x


@jit
def twice_turned(a):
    return -(-a) + 1


@jit
def by_loop(a):
    for i in range(len(a)):
        if a[i] > 3:
            return -(-a)
    return a.copy()


def test_right_rules_pass_in_every_form() -> None:
    book = rules(doubled)
    module = ModuleType("somewhere")
    module.book, module.one, module.table, module.number = book, doubled, [doubled], 3  # type: ignore[attr-defined]
    for given in (doubled, book, [doubled], module):
        assert rules_of(given) == rules_of(given, doubled) == [doubled]
        assert_rules_hold(given)


def test_rules_of_the_book_are_found_and_structural_ones_left_out() -> None:
    assert {one.name for one in rules_of(integers)} >= {one.name for one in rules_of(integers.INTEGERS)}
    assert len(rules_of(DEFAULT)) > 100
    assert not any(isinstance(one, Structural) for one in rules_of(DEFAULT))
    assert_rules_hold(*rules_of(ARITHMETIC)[:3])


def test_a_wrong_rule_is_shown_with_its_line_and_a_counterexample_that_runs() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_rules_hold(plus_zero)
    head, _, snippet = str(caught.value).partition("\n\n")
    assert head.startswith("plus_zero: DOES NOT HOLD\n")
    assert f"\n  {plus_zero.span}\n" in head
    made: dict[str, Any] = {}
    exec(dedent(snippet), made)
    with pytest.raises(AssertionError, match=r"np.float16\(0.0\) \(0x0\) instead of np.float16\(-0.0\)"):
        assert_identical(made["left"], made["right"])


def test_all_wrong_rules_are_shown_together() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_rules_hold(plus_zero, doubled, absolute_is_positive)
    text = str(caught.value)
    assert text.startswith("2 of 3 rules do not hold\n\nplus_zero: ")
    assert "\nabsolute_is_positive: DOES NOT HOLD" in text
    assert "doubled" not in text
    assert "-128" in text


def test_nothing_to_check_is_no_success() -> None:
    for nothing in (np, [], rules()):
        with pytest.raises(ValueError, match=r"^there are no rules to check$"):
            assert_rules_hold(nothing)
    for wrong in (3, "doubled", [3]):
        with pytest.raises(TypeError, match=r"^verify takes"):
            assert_rules_hold(wrong)  # type: ignore[arg-type]


def test_a_rule_that_fires_is_seen_in_calls_of_any_kind() -> None:
    negative = DEFAULT["negative_of_negative"]
    assert_rule_fires(negative, twice_turned, np.ones(3))
    assert_rule_fires("negative_of_negative", twice_turned, a=np.ones((2, 3), "f4"))
    assert_rule_fires(negative, by_loop, np.ones(3))
    assert twice_turned.signatures == by_loop.signatures == []


def test_rules_of_ones_own_fire_where_they_match() -> None:
    @rule
    def common_and_all_bits(x: Int, y: Int):
        "What both have is counted twice."
        return (x & y) + (x | y), x + y

    @jit(rules=common_and_all_bits)
    def added(x, y):
        return (x & y) + (x | y)

    integers = np.arange(100)
    assert_rule_fires(common_and_all_bits, added, integers, integers)
    assert_matches_numpy(added, arrays("int16", ndim=1), 3, examples=5)
    with pytest.raises(AssertionError, match=r"^rule common_and_all_bits did not fire in twice_turned"):
        assert_rule_fires(common_and_all_bits, twice_turned, integers)


def test_a_rule_that_does_not_fire_is_told_with_those_that_do() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_rule_fires(doubled, twice_turned, np.ones(3))
    assert str(caught.value).startswith("rule doubled did not fire in twice_turned; these did: ")
    assert "negative_of_negative" in str(caught.value)


def test_a_call_that_python_answers_fires_no_rule() -> None:
    with pytest.raises(TypeError):  # as NumPy raises it
        assert_rule_fires("negative_of_negative", twice_turned, np.ones(3, bool))
    with pytest.raises(TypeError, match="expects a jitted function"):
        assert_rule_fires(doubled, abs, 1)


def test_a_function_that_is_not_compiled_fires_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSAT_DISABLE", "1")
    with pytest.raises(AssertionError, match=r"^twice_turned was run as plain Python, so that no rule fired$"):
        assert_rule_fires("negative_of_negative", twice_turned, np.ones(3))
