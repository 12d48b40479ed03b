"""Certificates: evidence that a rule holds, or a counterexample that runs.

Rules without flags must keep every bit and floating-point flag (`eqsat.rules.exact`); rules under flags what the flags
do not give away (`eqsat.rules.inexact`); what is within reach of z3 is proved as well, where z3 is installed
(`eqsat.rules.proofs`). Structural rules state nothing that NumPy could compute and have no certificate. Called by
users, through `eqsat.verify` and `python -m eqsat verify`, by tests, and by the pipeline for rules of users.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import ModuleType
from typing import overload

import numpy as np

from eqsat.rules import exact, inexact, proofs
from eqsat.rules.api import Rule, RuleBook, Structural
from eqsat.rules.findings import Certificate, Counterexample, Found, Report
from eqsat.rules.reference import wider

__all__ = ["Certificate", "Counterexample", "Report", "certify", "verify"]


def certify(rule: Rule, seed: int = 0, quick: bool = False) -> Certificate:
    """Try a rule on everything small and on samples of the rest; nothing is proved."""
    random = np.random.default_rng(seed)
    way = inexact if rule.requires else exact
    found = (way.elements if rule.is_elementwise else way.arrays)(rule, random, quick)
    if found.counterexample is None and rule.two_way and not quick:
        back = (way.elements if rule.is_elementwise else way.arrays)(rule.reverse, random, quick)
        found = Found(found.tried, back.counterexample, found.errors, found.shapes)
    notes = []
    if rule.requires and wider(np.dtype(np.float64)) is None:
        notes = ["float64 was not measured: there is no wider precision on this machine"]
    return Certificate(
        rule.name,
        str(rule).partition(": ")[2],
        sum(one.cases for one in found.tried),
        found.counterexample,
        tuple(found.tried),
        found.shapes,
        (),
        tuple(found.errors),
        rule.requires,
        tuple(notes),
        str(rule.span),
    )


Verifiable = Rule | RuleBook | ModuleType | Iterable[Rule | Structural]
"""What can be verified."""


@overload
def verify(what: Rule, *, seed: int = ..., prove: bool = ...) -> Certificate: ...
@overload
def verify(
    what: RuleBook | ModuleType | Iterable[Rule | Structural], *, seed: int = ..., prove: bool = ...
) -> Report: ...
def verify(what: Verifiable, *, seed: int = 0, prove: bool = True) -> Certificate | Report:
    """Check a rule, the rules of a book, or all rules that a module has at its top, and say what was tried.

    A rule without flags must give the same bits on both sides and raise the same floating-point flags; one with
    `requires=` must be the same function of real numbers, differ in nothing that its flags do not give away, and be as
    accurate as regrouping can be expected to be. `seed` chooses other random values. With `prove`, z3 is asked as well,
    if it is installed.

    The certificate prints as a short report. `holds` tells whether no counterexample was found; that is a proof only
    where it says "all of" or "proved".

    >>> from eqsat import Float, rule, verify
    >>> @rule
    ... def add_zero(x: Float):
    ...     "Zero is neutral."
    ...     return x + 0.0, x
    >>> found = verify(add_zero)
    >>> found.holds
    False
    >>> print(found.counterexample.snippet)
    import numpy as np
    <BLANKLINE>
    x = np.array([-0.0], np.float16)
    with np.errstate(all="ignore"):
        left = x + 0.0
        right = x
    print(left)  # np.float16(0.0)
    print(right)  # np.float16(-0.0)
    <BLANKLINE>
    """
    if isinstance(what, Rule):
        return _verified(what, seed, prove)
    rules = rules_of(what)
    without = tuple(f"{one.name}: structural, has no certificate" for one in rules if isinstance(one, Structural))
    return Report(tuple(_verified(one, seed, prove) for one in rules if isinstance(one, Rule)), without)


def _verified(rule: Rule, seed: int, prove: bool) -> Certificate:
    found = certify(rule, seed)
    if not prove or not found.holds or not rule.is_elementwise or rule.requires or rule.kind == "Bool":
        return found
    if not proofs.is_installed():
        return replace(found, notes=(*found.notes, "nothing was proved: z3 is not installed (z3-solver)"))
    said, models = proofs.proved(rule)
    judged = (exact.compare_bits(rule, dtype, values) for dtype, values in models)
    return replace(found, proved=said, counterexample=next((one for one in judged if one is not None), None))


def rules_of(what: object) -> list[Rule | Structural]:
    """The rules of a book, of a module's names (books and collections included) or of a collection, each once.

    Raises TypeError for what is none of these.
    """
    found: dict[int, Rule | Structural] = {}
    if isinstance(what, ModuleType):
        for value in vars(what).values():
            if isinstance(value, Rule | Structural | RuleBook | tuple | list):
                found |= {id(one): one for one in _listed(value)}
        return list(found.values())
    if not isinstance(what, Iterable):
        raise TypeError(f"verify takes a rule, a book of rules or a module, not {type(what).__name__}")
    for one in what:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(one, Rule | Structural):
            raise TypeError(f"verify takes rules, not {one!r}")
        found[id(one)] = one
    return list(found.values())


def _listed(value: object) -> list[Rule | Structural]:
    if isinstance(value, Rule | Structural):
        return [value]
    return [one for one in value if isinstance(one, Rule | Structural)] if isinstance(value, Iterable) else []
