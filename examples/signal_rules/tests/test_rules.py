"""Every rule holds, fires where it should, and leaves results what they are."""

from __future__ import annotations

from importlib.metadata import entry_points

import numpy as np
import pytest
from signal_rules import RULES, autocorrelation, convolve, smooth

from eqsat import jit
from eqsat.testing import arrays, assert_matches_numpy, assert_rule_fires, assert_rules_hold, size

RANDOM = np.random.default_rng(1)
X, Y = RANDOM.normal(size=(2, 20_000))
G, H = RANDOM.normal(size=(2, 64))
SHORT = RANDOM.normal(size=8)


def in_a_row(x, g, h):
    return convolve(convolve(x, g), h)


def side_by_side(x, g, h):
    return convolve(x, g) + convolve(x, h)


def band(x, g, h):
    return convolve(x, g) - convolve(x, h)


def mixed(x, y, h):
    return convolve(x, h) + convolve(y, h)


def difference(x, y, h):
    return convolve(x, h) - convolve(y, h)


def soft_and_loud(x, h):
    return convolve(x, h), convolve(2.0 * x, h)


def two_gains(x, h):
    return convolve(x, h), convolve(x, 0.5 * h)


def level(x, h):
    return np.sum(convolve(x, h))


def with_its_reverse(x):
    return convolve(x, np.flip(x, 0))


def correlated(x):
    return autocorrelation(-x)


def averaged(x, y):
    return smooth(x, 0.1) + smooth(y, 0.1)


def oscillation(x, y):
    return smooth(x, 0.1) - smooth(y, 0.1)


def averaged_twice(x):
    return smooth(x, 0.1), smooth(2.0 * x, 0.1)


def mirrored(x):
    return smooth(x, 0.1), smooth(-x, 0.1)


FIRES = {
    "filters_in_a_row": (in_a_row, (X, G, H)),
    "filters_side_by_side": (side_by_side, (X, G, H)),
    "difference_of_filters": (band, (X, G, H)),
    "signals_through_one_filter": (mixed, (X, Y, H)),
    "difference_through_one_filter": (difference, (X, Y, H)),
    "gain_before_a_filter": (soft_and_loud, (X, H)),
    "gain_of_a_filter": (two_gains, (X, H)),
    "sum_of_filtered": (level, (X, H)),
    "signal_with_its_reverse": (with_its_reverse, (X,)),
    "autocorrelation_of_negated": (correlated, (X,)),
    "smooth_sum": (averaged, (X, Y)),
    "smooth_difference": (oscillation, (X, Y)),
    "gain_before_smoothing": (averaged_twice, (X,)),
    "smooth_negated": (mirrored, (X,)),
}


def test_rules_hold_for_other_values_than_those_of_eqsat_verify() -> None:
    assert_rules_hold(RULES, seed=1)


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_rule_fires(name: str) -> None:
    function, arguments = FIRES[name]
    assert_rule_fires(name, jit(function, fastmath=True), *arguments)


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_results_stay_what_they_are(name: str) -> None:
    function, arguments = FIRES[name]
    drawn = [arrays("float64", size("n" if one.size > 64 else "k", 1, 40), finite=True) for one in arguments]
    exact = jit(function)
    fast = jit(function, fastmath=True)
    assert_matches_numpy(exact, *arguments)
    assert_matches_numpy(fast, *arguments)
    assert_matches_numpy(exact, *drawn, examples=5)


def test_without_flags_only_the_exact_rule_fires() -> None:
    f = jit(correlated)
    assert_rule_fires("autocorrelation_of_negated", f, X)
    g = jit(mixed)
    assert_matches_numpy(g, X, Y, H)
    assert g.explain().rules == ()
    said = str(g.explain(rule="signals_through_one_filter"))
    assert "needs ninf, nnan, reassoc, not granted" in said


def test_filters_meet_before_the_signal_from_either_side() -> None:
    @jit(fastmath=True)
    def f(g, h, x):
        return convolve(g, convolve(h, x))

    assert_rule_fires("filters_in_a_row", f, SHORT, H, X)
    f(SHORT, H, X)
    assert "convolve(g, h)" in str(f.explain())


def test_the_package_announces_its_rules() -> None:
    (point,) = (one for one in entry_points(group="eqsat.plugins") if one.name == "signal_rules")
    assert point.dist is not None and point.dist.name == "signal-rules"
    assert point.load() is RULES
