"""Dimensions that a region's guards make equal, written one way.

`a.shape[0] == b.shape[0]` is checked before any kernel runs; here every formula that uses the one is rewritten to use
the other, so that equal shapes are equal objects. A guard is solved for a size that it has alone in a term with
factor 1 or -1; what cannot be solved so is left alone, which loses an optimization and nothing else.
"""

from __future__ import annotations

from eqsat.ir.dims import Arithmetic, Dim, FloorDiv, Symbol, dim
from eqsat.ir.region import Guard, Region
from eqsat.ir.view import Along, View

DIMS: Arithmetic[Dim] = Arithmetic(lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b.const)
"""Formulas, computed with as numbers are."""


class Equalities:
    """A way to write every formula over sizes."""

    def __init__(self, region: Region) -> None:
        self.known: dict[Symbol, Dim] = {}
        for guard in region.guards:
            if isinstance(guard, Guard) and guard.relation == "==":
                self._learn(self.dim(guard.left) - self.dim(guard.right))

    def dim(self, formula: Dim) -> Dim:
        """The formula over the sizes that are left."""
        if not self.known or formula.is_const:
            return formula
        return formula.fold(dim, lambda symbol: self.known.get(symbol) or dim(symbol), DIMS)

    def shape(self, dims: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """Every dimension of a shape."""
        return tuple(map(self.dim, dims))

    def view(self, view: View) -> View:
        """An index map with its starts rewritten."""
        if not self.known:
            return view
        return View(tuple(Along(a.axis, self.dim(a.start), a.step) for a in view.axes), view.rank)

    def _learn(self, zero: Dim) -> None:
        """Solve `zero == 0` for the latest size that stands alone."""
        uses: dict[Symbol, int] = {}
        for monomial, _ in zero.terms:
            for symbol in _symbols(monomial):
                uses[symbol] = uses.get(symbol, 0) + 1
        for monomial, factor in sorted(zero.terms, key=lambda term: _age(term[0]), reverse=True):
            if len(monomial) == 1 and isinstance(symbol := monomial[0], Symbol) and uses[symbol] == 1:
                if abs(factor) != 1:
                    continue
                rest = zero - dim(symbol) * factor
                solved = rest * -factor
                for other, formula in self.known.items():
                    self.known[other] = formula.fold(dim, lambda s, of=symbol: solved if s == of else dim(s), DIMS)
                self.known[symbol] = solved
                return


def _symbols(monomial: tuple[Symbol | FloorDiv, ...]) -> set[Symbol]:
    found: set[Symbol] = set()
    for atom in monomial:
        if isinstance(atom, Symbol):
            found.add(atom)
        else:
            for inner, _ in atom.numerator.terms:
                found |= _symbols(inner)
    return found


def _age(monomial: tuple[Symbol | FloorDiv, ...]) -> tuple[int, int]:
    first = monomial[0]
    if not isinstance(first, Symbol):
        return (-1, -1)
    return (first.param, -1 if first.axis is None else first.axis)
