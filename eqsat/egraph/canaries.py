"""Saturation that survives wrong rules: one that makes two constants, dtypes or shapes equal is found and left out.

A graph in which a canary died is thrown away; the rule at fault is found by halving the book, a warning names it, and
the program is saturated anew without it, as is every later one with that book. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from eqsat.egraph.encode import Seeds, encode
from eqsat.egraph.engine import EGraphFailed
from eqsat.egraph.graph import Inconsistent, analyse
from eqsat.egraph.saturate import Budgets, Saturated, saturate
from eqsat.errors import RuleWarning
from eqsat.ir.dims import Symbol
from eqsat.ir.region import Region
from eqsat.rules.api import Rule, RuleBook

MOST = 4
"""So many wrong rules of a book are looked for in one program; then it is compiled as written."""

_SOUND: dict[RuleBook, RuleBook] = {}
"""What is left of books in which a wrong rule was found."""


@dataclass(frozen=True, slots=True)
class Survived:
    """What saturation came to: `found` (None: nothing), with the rules of `book`. `notes`: what went wrong."""

    found: Saturated | None
    book: RuleBook
    notes: tuple[str, ...] = ()


def prepared(region: Region) -> Seeds:
    """The seeds of a region, with shapes and dtypes."""
    seeds = encode(region)
    analyse(seeds.graph, seeds.tables)
    return seeds


def saturated(region: Region, seeds: Seeds, book: RuleBook, budgets: Budgets, sizes: Mapping[Symbol, int]) -> Survived:
    """Saturate the seeds with the rules of the book that are not wrong."""
    given, book = book, _SOUND.get(book, book)
    notes: list[str] = []
    for _ in range(MOST):
        try:
            return Survived(saturate(seeds, book, budgets, sizes), book, tuple(notes))
        except (EGraphFailed, Inconsistent) as error:
            name = culprit(region, book, budgets, sizes)
            notes.append(f"rule {name} is wrong and was left out: {error}")
            warnings.warn(f"{notes[-1]}. eqsat.verify(rule) finds values that show it", RuleWarning, stacklevel=2)
        book = _SOUND[given] = book.without(name)
        seeds = prepared(region)
    notes.append("compiled as written, because more rules are wrong")
    return Survived(None, book, tuple(notes))


def culprit(region: Region, rules: RuleBook, budgets: Budgets, sizes: Mapping[Symbol, int]) -> str:
    """The rule at fault for a graph that failed, found by halving: it fails with the rules up to this one."""

    def fails(count: int) -> bool:
        try:
            saturate(prepared(region), RuleBook(ordered[:count]), budgets, sizes)
        except (EGraphFailed, Inconsistent):
            return True
        return False

    ordered = tuple(sorted(rules.rules, key=lambda one: isinstance(one, Rule)))
    passes, failing = 0, len(ordered)
    while failing - passes > 1:
        middle = (passes + failing) // 2
        if fails(middle):
            failing = middle
        else:
            passes = middle
    return ordered[failing - 1].name
