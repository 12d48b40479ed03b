"""What trying a rule gives: counterexamples, what was tried, the largest errors; and the certificate of them all.

Plain data and how they print. Made by `eqsat.rules.exact`, `inexact` and `certificate`; read by users and tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values for which the sides differ: in `what`.

    "bits", "flags" (of floating point), "dtypes", "shapes", "raises" (the right side alone does), "value" (they are
    different functions of real numbers), "special" (NaN, an infinity or the sign of a zero that the flags do not give
    away), "accuracy" (the right side is further off than rounding explains, or not the more accurate one).
    """

    dtype: str
    values: tuple[tuple[str, object], ...]
    left: object
    right: object
    what: str
    snippet: str = ""
    """A module that runs, and ends with `left` and `right` being what differs."""
    says: str = ""

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {_short(value)}" for name, value in self.values)
        more = f"; {self.says}" if self.says else ""
        verb = "differs" if self.what in ("value", "accuracy") else "differ"
        what = "the right side raises" if self.what == "raises" else f"{self.what} {verb}"
        return f"{what} for {given} ({self.dtype}): {_short(self.left)} and {_short(self.right)}{more}"


def _short(value: object) -> str:
    text = repr(value).replace("\n", "")
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "..."


@dataclass(frozen=True, slots=True)
class Tried:
    """How a rule was tried in one dtype: `cases` elements or arrays, all that there are if `exhaustively`."""

    dtype: str
    cases: int
    exhaustively: bool = False

    def __str__(self) -> str:
        return f"{self.dtype} ({'all of ' if self.exhaustively else ''}{self.cases})"


@dataclass(frozen=True, slots=True)
class Errors:
    """The largest errors of both sides of a rule, in units in the last place of the result, and where; in `dtype`.

    `left_bits`, `right_bits`: the mean number of bits lost beyond four units.
    """

    dtype: str
    left: float
    right: float
    left_at: str
    right_at: str
    left_bits: float
    right_bits: float

    def __str__(self) -> str:
        return (
            f"{self.dtype}: left {_ulps(self.left)}{self._at(self.left_at)}, right {_ulps(self.right)}"
            f"{self._at(self.right_at)}; on average {self.left_bits:.2f} and {self.right_bits:.2f} bits lost"
        )

    def _at(self, place: str) -> str:
        return f" at {place}" if place else ""


def _ulps(size: float) -> str:
    return f"{size:.3g} ulp" if np.isfinite(size) else "everything"


class Found(NamedTuple):
    """What one way of trying gives."""

    tried: list[Tried]
    counterexample: Counterexample | None
    errors: list[Errors] = []  # noqa: RUF012 (never changed)
    shapes: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was tried of one rule, what was proved, and the first counterexample."""

    rule: str
    equation: str
    cases: int
    counterexample: Counterexample | None
    tried: tuple[Tried, ...] = ()
    shapes: int = 0
    """How many different shapes and layouts, of rules about arrays."""
    proved: tuple[str, ...] = ()
    errors: tuple[Errors, ...] = ()
    requires: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    where: str = ""

    @property
    def holds(self) -> bool:
        """Whether no case failed."""
        return self.counterexample is None

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        under = f" under {', '.join(sorted(self.requires))}" if self.requires else ""
        lines = [f"{self.rule}: {verdict}{under}", f"  {self.equation}"]
        if self.where and not self.holds:
            lines.append(f"  {self.where}")
        if self.tried:
            lines.append(
                f"  tried: {', '.join(map(str, self.tried))}" + (f"; {self.shapes} shapes" * bool(self.shapes))
            )
        lines += [f"  proved: {', '.join(self.proved)}"] if self.proved else []
        lines += [f"  largest error, {one}" for one in self.errors]
        lines += [f"  note: {one}" for one in self.notes]
        if self.counterexample is not None:
            lines.append(f"  counterexample: {self.counterexample}")
            lines += ["", *("    " + line if line else "" for line in self.counterexample.snippet.splitlines())]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """The certificates of several rules. `unverified`: rules that have none, with the reason."""

    certificates: tuple[Certificate, ...]
    unverified: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return all(one.holds for one in self.certificates)

    @property
    def failed(self) -> tuple[Certificate, ...]:
        """The certificates with a counterexample."""
        return tuple(one for one in self.certificates if not one.holds)

    def __iter__(self) -> Any:
        return iter(self.certificates)

    def __len__(self) -> int:
        return len(self.certificates)

    def __getitem__(self, name: str) -> Certificate:
        for one in self.certificates:
            if one.rule == name:
                return one
        raise KeyError(name)

    def __str__(self) -> str:
        lines = [str(one) for one in self.certificates]
        lines += [f"{one}" for one in self.unverified]
        failed = len(self.failed)
        total = len(self.certificates)
        lines.append(f"{total - failed} of {total} rules hold" + (f", {failed} do not" if failed else ""))
        return "\n".join(lines)
