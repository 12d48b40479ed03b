"""Which sizes cannot be negative, given others that are not: a small prover for bounds of indices.

A fact is a formula that is known to be zero or more, as `n - 1 - i` within `for i in range(n)`. A formula is implied if
subtracting facts from it leaves something that cannot be negative. Called by `eqsat.frontend.facts`; what it does not
find is unknown, never false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eqsat.ir.dims import Atom, Dim, Monomial, Symbol

DEEPEST = 5
"""So many facts are combined at most."""


class Facts:
    """Formulas that are zero or more, found by what they hold: most questions concern few of many."""

    def __init__(self, facts: Sequence[Dim]) -> None:
        self.natural = naturals(facts)
        self.holding: dict[Monomial, list[tuple[Dim, int]]] = {}
        for fact in facts:
            for monomial, coefficient in fact.terms:
                self.holding.setdefault(monomial, []).append((fact, coefficient))


def is_implied(value: Dim, facts: Facts) -> bool:
    """Whether `value >= 0` follows from `fact >= 0` for each fact."""
    return _search(value, facts, DEEPEST)


def remainders(value: Dim, facts: Facts, is_local: Callable[[Dim], bool]) -> Iterator[Dim]:
    """Formulas without local symbols of which each, if it is zero or more, implies that `value` is."""
    yield from _remainders(value, facts, is_local, DEEPEST)


def naturals(facts: Sequence[Dim]) -> frozenset[Symbol]:
    """Symbols that a fact says to be zero or more."""
    found: list[Symbol] = []
    for fact in facts:
        if len(fact.terms) == 1 and fact.const <= 0:
            (monomial, coefficient), *_ = fact.terms
            if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
                found.append(monomial[0])
    return frozenset(found)


def never_negative(value: Dim, natural: frozenset[Symbol]) -> bool:
    """Whether nothing in the formula can be negative: lengths are not, nor are the symbols in `natural`."""
    return value.const >= 0 and all(c >= 0 and _is_natural(m, natural) for m, c in value.terms)


def _is_natural(monomial: Monomial, natural: frozenset[Symbol]) -> bool:
    if len(monomial) == 1:
        return _natural_atom(monomial[0], natural)
    odd = [atom for atom in set(monomial) if monomial.count(atom) % 2]  # a square is never negative
    return all(_natural_atom(atom, natural) for atom in odd)


def _natural_atom(atom: Atom, natural: frozenset[Symbol]) -> bool:
    if isinstance(atom, Symbol):
        return atom.axis is not None or atom in natural
    return never_negative(atom.numerator, natural)


def _search(value: Dim, facts: Facts, depth: int) -> bool:
    if never_negative(value, facts.natural):
        return True
    if not depth:
        return False
    for monomial, coefficient in value.terms:
        if coefficient > 0 and _is_natural(monomial, facts.natural):
            continue
        return any(_search(rest, facts, depth - 1) for rest in _without(value, monomial, coefficient, facts))
    return False


def _remainders(value: Dim, facts: Facts, is_local: Callable[[Dim], bool], depth: int) -> Iterator[Dim]:
    for monomial, coefficient in value.terms:
        if is_local(Dim(((monomial, 1),))):
            if depth:
                for rest in _without(value, monomial, coefficient, facts):
                    yield from _remainders(rest, facts, is_local, depth - 1)
            return
    yield value


def _without(value: Dim, monomial: Monomial, coefficient: int, facts: Facts) -> Iterator[Dim]:
    """What is left of `value` when a fact takes the monomial out of it."""
    for fact, have in facts.holding.get(monomial, ()):
        if have * coefficient > 0 and coefficient % have == 0:
            yield value - fact * (coefficient // have)
