"""What a specialization takes for granted about sizes: decisions on today's numbers, each recorded as a guard.

Called by everything of the front end that must choose by a size: broadcasting, slices, reductions. Nothing is
recorded where formulas alone decide. Where a size depends on integers that are computed in the function, no guard can
speak of it: then it is proved from what holds at this place (`assume`), or expected and checked when it is reached.
Refuses nothing; a size that has no number today is a `KeyError` of ours.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Protocol

from eqsat.frontend import implied
from eqsat.ir.body import LOCAL
from eqsat.ir.dims import ONE, Dim, Symbol, dim
from eqsat.ir.equalities import Equalities, lone_symbol, symbols
from eqsat.ir.region import Guard, Merges, Relation
from eqsat.ir.span import Span

_NEGATION: dict[Relation, Relation] = {"==": "!=", "!=": "==", ">=": "<", "<": ">="}


class Now(Protocol):
    """What is done with sizes when the function runs, where nothing can be decided before."""

    def expect(self, guard: Guard) -> None:
        """Check that it holds from here on."""
        ...

    def limited(self, value: Dim, low: Dim, high: Dim, span: Span) -> Dim:
        """`min(max(value, low), high)`, where `low <= high`."""
        ...

    def wrapped(self, index: Dim, extent: Dim, span: Span) -> Dim:
        """The index, from the end if it is negative."""
        ...


class Facts:
    """Today's sizes and strides, and the guards recorded so far."""

    now: Now
    """Set by who makes nodes."""

    def __init__(self, sizes: Mapping[Symbol, int], strides: Mapping[Symbol, int] | None = None) -> None:
        self.sizes = dict(sizes)
        self.strides = None if strides is None else dict(strides)
        self.guards: list[Guard | Merges] = []
        self.boundscheck = True
        """Whether indices that are not known to be in range are checked."""
        self._equalities = Equalities()
        self._assumed: list[Dim] = []
        self._resolved: list[tuple[Relation, Dim]] | None = None
        self._known: implied.Facts | None = None

    def today(self, value: Dim) -> int:
        """The number that `value` is for the sizes of this call."""
        return value.evaluate(self.sizes)

    def decide(self, left: Dim, relation: Relation, right: Dim, span: Span, *, expected: bool | None = None) -> bool:
        """Whether the relation holds today; recorded as a guard unless it always or never holds.

        Of sizes that are computed in the function it is `expected`, if not given what estimates say, and checked.
        """
        if left == right:
            return relation in ("==", ">=")
        proved = self.proved(left, relation, right)
        if proved is not None:
            return proved
        if is_local(left) or is_local(right):
            difference = left - right
            if not is_local(difference):
                return self.decide(difference, relation, dim(0), span)
            return self._expected(Guard(left, relation, right, span), expected)
        truth = Guard(left, relation, right, span).holds(self.sizes)
        self._record(Guard(left, relation if truth else _NEGATION[relation], right, span))
        return truth

    def is_one(self, length: Dim, span: Span) -> bool:
        """Whether an axis has length one; one whose length is computed in the function counts as any other."""
        return length == ONE if is_local(length) else self.decide(length, "==", ONE, span)

    def _expected(self, guard: Guard, expected: bool | None) -> bool:
        truth = guard.holds(self.sizes) if expected is None else expected
        found = guard if truth else Guard(guard.left, _NEGATION[guard.relation], guard.right, guard.span)
        self.now.expect(found)
        self.assume(found)
        return truth

    def check_bounds(self, guard: Guard) -> None:
        """An index must be in range from here on."""
        if self.boundscheck:
            self.now.expect(guard)
        self.assume(guard)

    # What holds at this place ---------------------------------------------------------------------------------

    def assume(self, guard: Guard) -> None:
        """From here to the end of the block the relation is known to hold."""
        difference = guard.left - guard.right
        facts: dict[Relation, tuple[Dim, ...]] = {
            ">=": (difference,),
            "<": (-difference - 1,),
            "==": (difference, -difference),
            "!=": (),
        }
        self._assumed += facts[guard.relation]
        self._known = None

    def assume_length(self, length: Dim) -> None:
        """The length of an array is never negative."""
        self._assumed.append(length)
        self._known = None

    @contextmanager
    def inside(self) -> Generator[None]:
        """What is assumed in the `with` block is forgotten at its end."""
        before = list(self._assumed)
        try:
            yield
        finally:
            self._assumed, self._known = before, None

    def ensured(self, left: Dim, right: Dim, span: Span) -> bool:
        """Whether `left >= right` can be known here, if need be by a guard on the arguments' sizes that holds today."""
        proved = self.proved(left, ">=", right)
        if proved is not None:
            return proved
        for rest in implied.remainders(left - right, self._facts(), is_local):
            if rest.evaluate(self.sizes) >= 0:
                return self.decide(rest, ">=", dim(0), span)
        return False

    def _facts(self) -> implied.Facts:
        """What holds here; gathered again where something was added or forgotten since."""
        if self._known is None:
            guards = (g for g in self.guards if isinstance(g, Guard) and g.relation == ">=")
            self._known = implied.Facts(self._assumed + [guard.left - guard.right for guard in guards])
        return self._known

    def proved(self, left: Dim, relation: Relation, right: Dim) -> bool | None:
        """The truth of the relation where formulas and earlier guards decide it, else None."""
        difference = self._equalities.resolve(left) - self._equalities.resolve(right)
        if relation in ("!=", "<"):
            opposite = self.proved(left, _NEGATION[relation], right)
            return None if opposite is None else not opposite
        found = self._holds(difference, relation)
        if found is None and self._assumed:
            facts = self._facts()
            above = implied.is_implied(difference, facts)
            below = not above and implied.is_implied(-difference - 1, facts)
            if relation == ">=" and (above or below):
                return above
            if relation == "==" and (below or implied.is_implied(difference - 1, facts)):
                return False
        return found

    def _holds(self, difference: Dim, relation: Relation) -> bool | None:
        """Whether `difference` is `== 0` or `>= 0`."""
        if difference.is_const:
            return difference.const == 0 if relation == "==" else difference.const >= 0
        if relation == ">=":
            if _never_negative(difference):
                return True
            if _never_negative(-difference - 1):
                return False
        elif _is_length_less_one(difference) or _is_length_less_one(-difference):
            return False  # an axis of length one is known as such, so the symbol of an axis is never one
        elif _never_negative(difference - 1) or _never_negative(-difference - 1):
            return False
        return self._recorded(difference, relation)

    def _recorded(self, difference: Dim, relation: Relation) -> bool | None:
        negated = -difference
        for guard, known in self._differences():
            if guard in ("!=", "=="):
                if relation == "==" and known in (difference, negated):
                    return guard == "=="
            elif relation == ">=":
                if known.terms == difference.terms and (
                    difference.const >= known.const if guard == ">=" else difference.const <= known.const
                ):
                    return guard == ">="
            elif guard == ">=" and any(
                known.terms == one.terms and one.const > known.const for one in (difference, negated)
            ):
                return False  # known >= 0, and difference = known + c with c > 0, cannot be zero
        return None

    def _differences(self) -> list[tuple[Relation, Dim]]:
        """Of every guard its relation, and left minus right with one name for equal sizes."""
        if self._resolved is None:
            resolve = self._equalities.resolve
            guards = (guard for guard in self.guards if isinstance(guard, Guard))
            self._resolved = [(guard.relation, resolve(guard.left) - resolve(guard.right)) for guard in guards]
        return self._resolved

    def _record(self, guard: Guard) -> None:
        if guard.relation == ">=":  # the stricter of two bounds of one formula says it all
            terms = (guard.left - guard.right).terms
            self.guards = [
                g
                for g in self.guards
                if not (isinstance(g, Guard) and g.relation == ">=" and (g.left - g.right).terms == terms)
            ]
        self.guards.append(guard)
        self._resolved = self._known = None
        if guard.relation == "==":
            self._equalities.add(guard.left, guard.right)

    def merges(self, param: int, slow: int, fast: int, span: Span) -> bool | None:
        """Whether two axes of a strided parameter lie in memory as one; None if strides are not known here."""
        for guard in self.guards:
            if isinstance(guard, Merges) and (guard.param, guard.slow, guard.fast) == (param, slow, fast):
                return guard.truth
        if self.strides is None:
            return None
        extent = self.sizes.get(Symbol(param, fast), 1)
        truth = self.strides[Symbol(param, slow)] == extent * self.strides[Symbol(param, fast)]
        self.guards.append(Merges(param, slow, fast, truth, span))
        return truth


def _is_length_less_one(value: Dim) -> bool:
    symbol = lone_symbol(value + 1)
    return symbol is not None and symbol.axis is not None


def _never_negative(value: Dim) -> bool:
    """Lengths are never negative; an integer argument may be."""
    return implied.never_negative(value, frozenset())


def is_local(value: Dim) -> bool:
    """Whether a size depends on integers that are computed in the function."""
    return any(symbol.param >= LOCAL for symbol in symbols(value))
