"""Symbolic dimensions: polynomials with integer coefficients over the sizes of the arguments.

A dimension is known exactly or as a formula, `a.shape[0] - 2`; equal formulas are equal objects, so that most
shape checks are decided once, at specialization. The rest become `Guard`s (see `eqsat.ir.region`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Symbol:
    """Dimension `axis` of parameter `param` (an index), or with `axis=None` the value of an integer parameter."""

    param: int
    axis: int | None

    def __str__(self) -> str:
        return f"p{self.param}" if self.axis is None else f"p{self.param}.{self.axis}"


@dataclass(frozen=True, slots=True)
class FloorDiv:
    """`numerator // divisor` with Python's rounding, `divisor` positive."""

    numerator: Dim
    divisor: int

    def __str__(self) -> str:
        return f"(({self.numerator})//{self.divisor})"


Atom = Symbol | FloorDiv
Monomial = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Dim:
    """`const` plus the sum of `coefficient * product(monomial)`; build with `dim(...)` and operators."""

    terms: tuple[tuple[Monomial, int], ...] = ()
    const: int = 0

    @property
    def is_const(self) -> bool:
        return not self.terms

    def __add__(self, other: Dim | int) -> Dim:
        other = dim(other)
        if not other.terms or not self.terms:
            return Dim(self.terms or other.terms, self.const + other.const)
        return _collect([*self.terms, *other.terms], self.const + other.const)

    def __radd__(self, other: int) -> Dim:
        return self + other

    def __rsub__(self, other: int) -> Dim:
        return -self + other

    def __rmul__(self, other: int) -> Dim:
        return self * other

    def __neg__(self) -> Dim:
        return Dim(tuple((monomial, -count) for monomial, count in self.terms), -self.const)

    def __sub__(self, other: Dim | int) -> Dim:
        other = dim(other)
        return self + -other if other.terms else Dim(self.terms, self.const - other.const)

    def __mul__(self, other: Dim | int) -> Dim:
        other = dim(other)
        if not other.terms and other.const:
            return Dim(
                tuple((monomial, count * other.const) for monomial, count in self.terms), self.const * other.const
            )
        mine = [*self.terms, ((), self.const)]
        theirs = [*other.terms, ((), other.const)]
        return _collect([(m + n, a * b) for m, a in mine for n, b in theirs], 0)

    def __floordiv__(self, divisor: int) -> Dim:
        if divisor == 1:
            return self
        if self.is_const:
            return Dim((), self.const // divisor)
        if self.const % divisor == 0 and all(c % divisor == 0 for _, c in self.terms):
            return Dim(tuple((m, c // divisor) for m, c in self.terms), self.const // divisor)
        return Dim((((FloorDiv(self, divisor),), 1),), 0)

    def fold(self, constant: Callable[[int], T], symbol: Callable[[Symbol], T], ops: Arithmetic[T]) -> T:
        """Evaluate in any arithmetic: Python's integers, or instructions of generated code."""
        total = constant(self.const) if self.const or not self.terms else None
        for monomial, coefficient in self.terms:
            product = None if coefficient == 1 else constant(coefficient)
            for atom in monomial:
                if isinstance(atom, Symbol):
                    value = symbol(atom)
                else:
                    value = ops.floordiv(atom.numerator.fold(constant, symbol, ops), constant(atom.divisor))
                product = value if product is None else ops.mul(product, value)
            assert product is not None
            total = product if total is None else ops.add(total, product)
        assert total is not None
        return total

    def evaluate(self, sizes: Mapping[Symbol, int]) -> int:
        """The number, for given sizes."""
        return self.fold(int, sizes.__getitem__, INTEGERS)

    def __str__(self) -> str:
        text = ""
        for monomial, coefficient in self.terms:
            names = "*".join(map(str, monomial))
            factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {factor}{names}"
        if self.const or not self.terms:
            text += f" {'-' if self.const < 0 else '+'} {abs(self.const)}"
        return text.removeprefix(" + ").replace(" - ", "-", 1) if text.startswith(" - ") else text.removeprefix(" + ")


@dataclass(frozen=True, slots=True)
class Arithmetic(Generic[T]):
    """The three operations that a dimension needs."""

    add: Callable[[T, T], T]
    mul: Callable[[T, T], T]
    floordiv: Callable[[T, T], T]


INTEGERS: Arithmetic[int] = Arithmetic(lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b)


def dim(value: Dim | int | Symbol) -> Dim:
    """A dimension from an integer or a symbol."""
    if isinstance(value, Dim):
        return value
    if isinstance(value, Symbol):
        return Dim((((value,), 1),), 0)
    return Dim((), value)


def product(dims: tuple[Dim, ...]) -> Dim:
    """The number of elements of a shape."""
    result = ONE
    for d in dims:
        result = result * d
    return result


def _collect(terms: list[tuple[Monomial, int]], const: int) -> Dim:
    sums: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        if not monomial:
            const += coefficient
        else:
            key = monomial if len(monomial) == 1 else tuple(sorted(monomial, key=str))
            sums[key] = sums.get(key, 0) + coefficient
    kept = [(m, c) for m, c in sums.items() if c]
    if len(kept) > 1:
        kept.sort(key=lambda term: _place(term[0]))
    return Dim(tuple(kept), const)


@functools.lru_cache(maxsize=4096)
def _place(monomial: Monomial) -> tuple[int, str]:
    """Where a monomial stands in a formula."""
    return len(monomial), str(monomial)


ZERO, ONE = Dim((), 0), Dim((), 1)
