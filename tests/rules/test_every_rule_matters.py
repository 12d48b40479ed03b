"""Every elementwise and structural rule of the book fires, and changes the program that is chosen.

Each rule is torn out of the book, and a program made of its own sides is optimized with and without it: the terms or
their cost must differ. A new rule needs no new test, but one that others imply fails here: it goes, or gets a row in
`COMPANY`.
"""

from __future__ import annotations

import pytest

from eqsat.egraph.optimize import Optimized, optimize
from eqsat.ir.region import Region
from eqsat.rules.api import Float, Rule, RuleBook, rule
from eqsat.rules.book import BOOK
from tests.egraph.executing import sizes_for
from tests.frontend.translating import translated
from tests.rules.company import COMPANY
from tests.rules.triggers import SIZES, granted, programs, relevant

ELEMENTWISE = tuple(one for one in BOOK.rules if isinstance(one, Rule) and one.is_elementwise)


def changes(one: Rule, region: Region, book: RuleBook) -> bool:
    """Whether the rule changes what is chosen for a program; `book` has it."""
    whole = optimize(region, SIZES, book)
    assert "wrong" not in whole.report.stop, (one.name, whole.report.stop)
    return chosen(whole) != chosen(optimize(region, SIZES, book.without(one.name)))


def chosen(made: Optimized) -> tuple[str, float]:
    """The terms, and what they cost."""
    return made.report.after, made.report.cost_after


@pytest.mark.parametrize("part", range(8))
def test_every_elementwise_rule_changes_a_program(part: int) -> None:
    alone = [one for one in ELEMENTWISE if one.name not in COMPANY][part::8]
    assert len(alone) > 30
    idle = [
        one.name
        for one in alone
        if not any(changes(one, region, relevant(region, one.requires)) for region in programs(one))
    ]
    assert idle == []


@pytest.mark.parametrize("name", COMPANY)
def test_rules_change_programs_in_company(name: str) -> None:
    function, arguments = COMPANY[name]
    region = translated(function, *arguments)  # type: ignore[arg-type]
    sizes = sizes_for(region, arguments)

    def with_book(book: RuleBook) -> Optimized:
        return optimize(region, sizes, book)

    book = granted(getattr(BOOK[name], "requires", frozenset()))
    whole, torn = with_book(book), with_book(book.without(name))
    assert chosen(whole) != chosen(torn)
    assert whole.report.cost_after <= torn.report.cost_after


def test_the_part_of_the_book_that_can_fire_does_what_the_book_does() -> None:
    for one in ELEMENTWISE[::60]:
        region = next(programs(one))
        part, whole = relevant(region, one.requires), granted(one.requires)
        assert len(part) < len(whole)
        assert chosen(optimize(region, SIZES, part)) == chosen(optimize(region, SIZES, whole))


def test_a_rule_that_others_imply_is_found() -> None:
    @rule
    def implied(a: Float, b: Float):
        """The signs go one after the other."""
        return (-a) / (-b), a / b

    book = granted(frozenset()) + RuleBook((implied,))
    assert not any(changes(implied, region, book) for region in programs(implied))


def test_the_book_has_all_that_was_promised() -> None:
    assert len(BOOK) >= 150
    assert len(ELEMENTWISE) >= 300
    assert sum(one.accuracy for one in ELEMENTWISE) >= 25
