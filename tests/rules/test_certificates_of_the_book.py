"""Every rule under flags is what its flags permit, and no more: the walk over the book covers new rules."""

from __future__ import annotations

import pytest

from eqsat.rules.api import Rule
from eqsat.rules.book import BOOK
from eqsat.rules.certificate import certify

FLAGGED = [one for one in BOOK.rules if isinstance(one, Rule) and one.requires]
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_every_rule_under_flags_holds(part: int) -> None:
    for one in FLAGGED[part::PARTS]:
        found = certify(one)
        assert found.holds, str(found)
        assert found.cases >= (1000 if one.is_elementwise else 30), (one.name, found.cases)
        assert found.errors or not one.is_elementwise or one.right.op == "literal", one.name


def test_errors_are_measured_where_they_can_be() -> None:
    found = certify(BOOK["log_of_one_plus"])  # type: ignore[arg-type]
    double = next(one for one in found.errors if one.dtype == "float64")
    assert double.left > 1000 and double.right < 4 and double.left_bits > 10 * double.right_bits
