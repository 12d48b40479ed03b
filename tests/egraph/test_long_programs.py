"""What long programs cost to optimize: about as much a line as short ones."""

from __future__ import annotations

import numpy as np

from eqsat.egraph.saturate import SATURATED
from eqsat.testing.random_programs import define
from tests.egraph.executing import assert_means_the_same, optimized

X = np.linspace(0.1, 2, 100)


def made_of(lines: list[str]):
    text = "\n".join(["import numpy as np", "", "", "def made(x):", *(f"    {line}" for line in lines), ""])
    return optimized(define(text, "made"), X)


def test_a_sum_of_hundreds_of_terms_is_loaded_piece_by_piece() -> None:
    made = made_of([f"return {' + '.join(f'x * {k}.5' for k in range(300))}"])
    # Seconds, once, in one rule; a machine as slow as that would be too slow for everything else here.
    assert made.report.milliseconds["e-graph: load"] < 3000
    assert made.report.stop == SATURATED
    assert made.report.kernels_after == 1
    assert_means_the_same(made, (X,))


def test_a_long_chain_of_shared_values_is_fused_all_the_same() -> None:
    lines = ["t = x"] + [f"t = np.tanh(t) * {k}.5 + t" for k in range(60)] + ["return t"]
    made = made_of(lines)
    assert made.report.kernels_after < made.report.kernels_before / 2
    assert made.report.milliseconds["extract"] < 3000
    assert_means_the_same(made, (X,))


def test_many_arrays_in_doubt_are_searched_only_so_long() -> None:
    lines = ["t = x"] + ["t = (t - t.mean()) / (t.std() + 1)"] * 25 + ["return t"]
    made = made_of(lines)
    assert made.report.cost_after < made.report.cost_before
    assert made.report.milliseconds["extract"] < 3000
    assert_means_the_same(made, (X,))
