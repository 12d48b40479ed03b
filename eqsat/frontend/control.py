"""Where a statement stands: within which loops and branches of its function, and where leaving them goes.

One `Control` for each call that is being translated; kept by its `Scope`, changed by loops, branches and returns.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from eqsat.frontend.builder import Builder
from eqsat.frontend.joins import Carrier, Form, assignments, carrier_for, form_of, unify
from eqsat.frontend.values import Maybe, Value
from eqsat.ir.body import Label, Set
from eqsat.ir.nodes import next_serial
from eqsat.ir.span import Span


@dataclass(slots=True, eq=False)
class Meeting:
    """Where ways meet, at the head of a loop or behind it: the names that differ, and the variables that carry them.

    `forms` is what is known of each name so far; a name without a form has no value yet on any way. `maybe`: names
    that have none on some way. `places`: where a name got the value of the first way, for messages. `born`: the serial
    from which on integers are computed on the ways, and not before them.
    """

    forms: dict[str, Form] = field(default_factory=dict[str, Form])
    maybe: set[str] = field(default_factory=set[str])
    carriers: dict[str, Carrier] = field(default_factory=dict[str, Carrier])
    places: dict[str, Span] = field(default_factory=dict[str, Span])
    widened: bool = False
    born: int = field(default_factory=next_serial)

    def carrier(self, name: str) -> Carrier | None:
        """The variables of a name, made when first asked for; None while it has no value on any way."""
        if name not in self.carriers and name in self.forms:
            self.carriers[name] = carrier_for(name, self.forms[name], name in self.maybe)
        return self.carriers.get(name)

    def arrive(self, builder: Builder, names: tuple[str, ...], values: Mapping[str, Value | Maybe], span: Span) -> None:
        """A way ends here: the variables get what the names hold on it."""
        made = [statement for name in names for statement in self._arrival(builder, name, values.get(name), span)]
        for statement in made:
            builder.emit(statement)

    def _arrival(self, builder: Builder, name: str, value: Value | Maybe | None, span: Span) -> list[Set]:
        known = self.forms.get(name)
        if value is not None:
            own = form_of(builder, value.value if isinstance(value, Maybe) else value, self.born, span)
            place = builder.places.get(name, span)
            form = own if known is None else unify(builder, name, known, own, span, (self.places[name], place))
            self.places.setdefault(name, place)
            if form != known:
                self.forms[name] = form
                self.widened = self.widened or known is not None or name in self.carriers
        if (value is None or isinstance(value, Maybe)) and name not in self.maybe:
            self.maybe.add(name)
            self.widened = True
        carrier = self.carrier(name)
        if self.widened or carrier is None:
            return []
        return list(assignments(builder, carrier, value, span))

    def again(self) -> Meeting:
        """The same for another translation, which begins with what is known now."""
        return Meeting(dict(self.forms), set(self.maybe), places=dict(self.places), born=self.born)


@dataclass(slots=True, eq=False)
class LoopFrame:
    """A loop that is being translated.

    `head` is where turns meet, `after` where all who leave it meet: of a loop without `else` the same. `depth`: of an
    unrolled loop, that of its body; a `break` or `continue` there is known to be taken. `left`, `skipped`: whether
    somebody went to the labels.
    """

    head: Meeting
    after: Meeting
    names: tuple[str, ...]
    names_after: tuple[str, ...]
    next: Label
    end: Label
    depth: int | None = None
    left: bool = False
    skipped: bool = False


@dataclass(slots=True, eq=False)
class ReturnFrame:
    """Early returns of a function: what they return meets behind `label`."""

    label: Label = field(default_factory=lambda: Label("return"))
    meeting: Meeting = field(default_factory=Meeting)
    used: bool = False


@dataclass(slots=True, eq=False)
class Control:
    """`depth`: in how many branches and loops, of which not every way comes by."""

    depth: int = 0
    loops: list[LoopFrame] = field(default_factory=list[LoopFrame])
    returns: ReturnFrame = field(default_factory=ReturnFrame)

    @contextmanager
    def within(self) -> Generator[None]:
        """The `with` block is a way that not every call takes."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


class Left(Enum):
    """How statements end, if not at their end: with `break` or `continue` that are known to be taken, or elsewhere."""

    BREAK = "break"
    CONTINUE = "continue"
    GONE = "gone"


RESULT = "return value"
"""The name under which what a function returns is carried."""
