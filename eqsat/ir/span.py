"""Where in the user's source something stands; every node, error and explanation carries one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Columns `column` to `end_column` (0-based, end exclusive) of line `line` (1-based) of `file`.

    `text` is the line itself, so that an error needs no second look at the file.
    """

    file: str
    line: int
    column: int
    end_column: int
    text: str
    function: str

    def caret(self) -> str:
        """The source line and, under it, carets below the columns meant."""
        stripped = self.text.lstrip()
        start = max(self.column - (len(self.text) - len(stripped)), 0)
        width = max(min(self.end_column, len(self.text)) - self.column, 1)
        return f"    {stripped}\n    {' ' * start}{'^' * width}"

    def source(self) -> str:
        """The columns meant, as text."""
        return self.text[self.column : self.end_column]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}, in {self.function}"


NOWHERE = Span("<eqsat>", 0, 0, 0, "", "<eqsat>")
"""For nodes that no line of the user's wrote."""
