"""What belongs together on a page: places of the source, and what was made of them.

An element *shows* marks when it is pointed at, and is *lit* when one of its own marks is shown. A place of the source
has the mark `s` and a number, a kernel `k` and two numbers. Called by `eqsat.explain.page` and what it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from eqsat.ir.span import NOWHERE, Span


@dataclass(slots=True)
class Links:
    """The marks that were given away so far."""

    numbers: dict[Span, int] = field(default_factory=dict[Span, int])
    kernels: dict[str, tuple[Span, ...]] = field(default_factory=dict[str, tuple[Span, ...]])

    def mark(self, span: Span) -> str:
        """The mark of a place in the source."""
        return f"s{self.numbers.setdefault(span, len(self.numbers))}"

    def marks(self, spans: Iterable[Span]) -> list[str]:
        """The marks of places; those that no line of the user's wrote have none."""
        return [self.mark(span) for span in dict.fromkeys(spans) if span is not NOWHERE]

    def kernel(self, stretch: int, position: int, spans: Sequence[Span]) -> str:
        """The mark of a kernel, which is lit with each place that went into it."""
        name = f"k{stretch}-{position}"
        self.kernels[name] = tuple(span for span in spans if span is not NOWHERE)
        return name

    def of_kernel(self, name: str) -> str:
        """Attributes of what belongs to a kernel."""
        return attributes([name], [name, *self.marks(self.kernels.get(name, ()))])

    def of_places(self, spans: Iterable[Span]) -> str:
        """Attributes of what belongs to places of the source."""
        marks = self.marks(spans)
        return attributes(marks, [*marks, *self.kernels_of(spans)])

    def kernels_of(self, spans: Iterable[Span]) -> list[str]:
        """The marks of the kernels that were made of places."""
        wanted = set(spans)
        return [name for name, made_of in self.kernels.items() if wanted & set(made_of)]


def attributes(shows: Sequence[str], lit: Sequence[str]) -> str:
    """HTML attributes, with a space in front; nothing if there are no marks."""
    if not lit:
        return ""
    return f' data-shows="{escape(" ".join(shows))}" data-lit="{escape(" ".join(dict.fromkeys(lit)))}"'
