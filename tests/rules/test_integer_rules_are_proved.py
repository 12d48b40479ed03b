"""The integer rules, proved for every value by an SMT solver over bit-vectors, at all widths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqsat import Float, Int, is_nonnegative, rule, verify
from eqsat.rules import exact
from eqsat.rules.api import Pattern, Rule
from eqsat.rules.integers import INTEGERS
from eqsat.rules.proofs import ask, proved

pytest.importorskip("z3")


def test_every_integer_rule_is_proved_at_every_width() -> None:
    asked = {
        (one.name, dtype.name): ask(one, dtype)
        for one in INTEGERS
        if isinstance(one, Rule)
        for dtype in exact.dtypes_of(one)
    }
    assert {key for key, answer in asked.items() if answer != "proved"} == set()
    assert len(asked) > 350


def test_the_solver_finds_a_wrong_rule() -> None:
    one = next(one for one in INTEGERS if one.name == "not_less")
    assert ask(one, np.dtype(np.int8)) == "proved"
    swapped = replace(one, right=Pattern("greater", one.right.args))
    values = ask(swapped, np.dtype(np.int8))
    assert isinstance(values, dict)
    assert exact.compare_bits(swapped, np.dtype(np.int8), values) is not None


def test_what_only_a_proof_finds_is_computed_by_numpy() -> None:
    @rule
    def needle(x: Int):
        """Wrong for one number in 2**32 at 64 bits, which nobody draws."""
        return x ^ 0, np.where(np.equal(x >> 32, 305419896), 0, x)

    assert verify(needle, prove=False).holds
    found = verify(needle).counterexample
    assert found is not None and found.what == "bits" and int(dict(found.values)["x"]) >> 32 == 305419896  # type: ignore[call-overload]


def test_guards_are_assumptions_of_a_proof() -> None:
    @rule(when=is_nonnegative)
    def absolute(x: Float):
        """Nothing to clear."""
        return np.absolute(x), x

    certificate = verify(absolute)
    assert certificate.holds and certificate.proved == ("float16, float32, for all values (z3)",)
    assert proved(replace(absolute, when=()))[0] == ()
