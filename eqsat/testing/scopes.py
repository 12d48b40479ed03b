"""What a random program knows where it stands: names and their types, loops around, lines written so far.

Called by the generator of programs, which is functions over a `Place`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eqsat.testing.choices import Choices
from eqsat.testing.kinds import Dim, Kind, Value, same_kind

MOST_WORK = 350
"""Iterations of the loops around a statement, together."""

MOST_CALLS = 50
"""The same, around a call of a helper."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A function that the program may call: its parameters (how many have defaults), and what it returns."""

    name: str
    parameters: tuple[tuple[str, Kind], ...]
    defaults: int
    results: tuple[Kind, ...]


@dataclass(slots=True)
class Place:
    """Where the next statement stands. `below`: counters that are indices of an axis of that length."""

    choices: Choices
    names: dict[str, Kind] = field(default_factory=dict[str, Kind])
    fixed: set[str] = field(default_factory=set[str])
    below: dict[str, Dim] = field(default_factory=dict[str, Dim])
    helpers: list[Helper] = field(default_factory=list[Helper])
    globals: dict[str, Kind] = field(default_factory=dict[str, Kind])
    lines: list[str] = field(default_factory=list[str])
    used: Counter[str] = field(default_factory=Counter[str])
    results: tuple[Kind, ...] | None = None
    depth: int = 1
    work: int = 1
    loops: int = 0
    budget: int = 12
    made: Counter[str] = field(default_factory=Counter[str])

    def line(self, text: str) -> None:
        """Write a line at this depth."""
        self.lines.append("    " * self.depth + text)

    def mark(self, feature: str) -> None:
        """Count that the program has this."""
        self.used[feature] += 1

    def fresh(self, prefix: str) -> str:
        """A name that nothing has."""
        self.made[prefix] += 1
        return f"{prefix}{self.made[prefix] - 1}"

    def variables(self, accepts: Callable[[Kind], bool], assigned: bool = False) -> list[Value]:
        """The names whose types are accepted, last made first. `assigned`: those alone that may be set anew."""
        known = list(self.names.items())[::-1]
        if not assigned:
            known += [*self.globals.items()]
        return [Value(name, kind) for name, kind in known if accepts(kind) and not (assigned and name in self.fixed)]

    def like(self, kind: Kind, assigned: bool = False) -> list[Value]:
        """The names that hold exactly this."""
        return self.variables(lambda other: same_kind(other, kind), assigned)

    def arrays(self, accepts: Callable[[Kind], bool] = lambda kind: True) -> list[Value]:
        """The arrays of the function, not those of its module."""
        return [Value(name, kind) for name, kind in [*self.names.items()][::-1] if kind.is_array and accepts(kind)]

    def length(self, dim: Dim) -> str | None:
        """An expression for a length."""
        if dim.name == "1":
            return "1"
        for value in self.arrays():
            for axis, other in enumerate(value.kind.dims):
                if other.name == dim.name:
                    return (
                        f"len({value.text})" if axis == 0 and self.choices.chance(40) else f"{value.text}.shape[{axis}]"
                    )
        return None

    def knows(self, kind: Kind) -> bool:
        """Whether an array of this type can be made here."""
        known = {dim.name for value in self.arrays() for dim in value.kind.dims}
        return all(dim.name in known or dim.name == "1" for dim in kind.dims)

    def usable(self) -> list[Helper]:
        """The helpers that can be called here, where loops do not yet multiply the work too much."""
        if self.work > MOST_CALLS:
            return []
        return [helper for helper in self.helpers if all(self.knows(kind) for _, kind in helper.parameters)]

    @contextmanager
    def block(self, head: str, work: int = 1, loop: bool = False) -> Generator[None]:
        """Lines within are under `head`; names that are new there are not known afterwards."""
        self.line(head)
        before = dict(self.names), set(self.fixed), dict(self.below)
        outer = self.work, self.loops
        self.depth += 1
        self.work *= work
        self.loops += loop
        count = len(self.lines)
        yield
        if len(self.lines) == count:
            self.line("pass")
        self.depth -= 1
        self.names, self.fixed, self.below = before
        self.work, self.loops = outer
