"""Which sizes are known to be equal, so that one formula stands for all of them.

A guard `p1.0 == p0.0` makes `p1.0` another name of `p0.0`. The front end decides further sizes with it, the optimizer
sees that two arrays have one shape.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.region import AnyGuard, Guard


class Equalities:
    """Sizes known to be equal; more become known with `add`."""

    def __init__(self, guards: Iterable[AnyGuard] = ()) -> None:
        self._equal: dict[Symbol, Dim] = {}
        self._whole: dict[Dim, Dim] = {}
        for guard in guards:
            if isinstance(guard, Guard) and guard.relation == "==":
                self.add(guard.left, guard.right)

    def add(self, left: Dim, right: Dim) -> None:
        """From now on read a lone symbol of one side as the other side.

        Else the equation is solved for a symbol that it has but once, with factor 1 or -1 (`p1.0 - 1 == p0.0 - 1`);
        else one side as a whole is read as the other.
        """
        left, right = self.resolve(left), self.resolve(right)
        for symbol, other in ((lone_symbol(right), left), (lone_symbol(left), right)):
            if symbol is not None and symbol not in symbols(other):
                self._equal[symbol] = other
                return
        zero = left - right
        for monomial, coefficient in reversed(zero.terms):
            symbol = monomial[0]
            if len(monomial) == 1 and isinstance(symbol, Symbol) and abs(coefficient) == 1:
                rest = zero - dim(symbol) * coefficient
                if symbol not in symbols(rest):
                    self._equal[symbol] = rest * -coefficient
                    return
        if not zero.is_const:
            self._whole[right] = left

    def resolve(self, value: Dim) -> Dim:
        """The formula with symbols replaced by what they are known to equal."""
        if not any(symbol in self._equal for symbol in symbols(value)):
            return self._whole.get(value, value)
        result = dim(value.const)
        for monomial, coefficient in value.terms:
            factor = dim(coefficient)
            for atom in monomial:
                if isinstance(atom, Symbol):
                    known = self._equal.get(atom)
                    factor = factor * (dim(atom) if known is None else self.resolve(known))
                else:
                    factor = factor * (self.resolve(atom.numerator) // atom.divisor)
            result = result + factor
        return self._whole.get(result, result)


def symbols(value: Dim) -> set[Symbol]:
    """Every symbol in a formula."""
    found: set[Symbol] = set()
    for monomial, _ in value.terms:
        for atom in monomial:
            found |= {atom} if isinstance(atom, Symbol) else symbols(atom.numerator)
    return found


def lone_symbol(value: Dim) -> Symbol | None:
    """The symbol, if the formula is nothing but one."""
    if value.const == 0 and len(value.terms) == 1:
        monomial, coefficient = value.terms[0]
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
            return monomial[0]
    return None
