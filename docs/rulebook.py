"""The text of docs/rulebook.md, from the tables of `eqsat.rules`. Called by `docs/build.py`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

from eqsat.ir.flags import FLAGS
from eqsat.rules.api import Rule, Structural
from eqsat.rules.book import BOOK
from eqsat.rules.guards import GUARDS
from eqsat.rules.snippet import code

HEADING = re.compile(r"^# (.+?) -{5,}$")
TABLES = {
    "fusion": "Fusion",
    "movement": "Movement",
    "casts": "Conversions and properties",
    "arithmetic": "Arithmetic",
    "integers": "Integers and bits",
    "logic": "Logic and comparisons",
    "select": "Choice",
    "guarded": "Where something is known",
    "whole_arrays": "Whole arrays",
    "algebra": "Algebra",
    "powers": "Powers and roots",
    "exponentials": "Exponentials and logarithms",
    "trigonometry": "Trigonometry",
    "accuracy": "Accuracy",
    "reductions": "Reductions",
    "linear_algebra": "Linear algebra",
}
"""The modules, in the order of the book, and the title of each."""

HEAD = """\
# The rule book

Generated from the tables by `make docs`. {count} rules, of which {exact} are exact and take part in every program; the
others wait until their flags are granted, by `@jit(fastmath=...)`. How rules are written and read is in
[rules.md](rules.md). In an equation `=` is rewritten from left to right, `<->` both ways.

What the variables stand for is in the second column: a kind of number (of every dtype of that kind), or an array.
"needs" names flags and guards: {flags}. A guard must be known to hold.
"""


def rulebook() -> str:
    """The whole page."""
    modules = [(import_module(f"eqsat.rules.{name}"), title) for name, title in TABLES.items()]
    parts = [part for module, title in modules for part in chapter(module, title)]
    listed = {id(one) for module, _ in modules for one in rules_of(module)}
    missing = [one.name for one in BOOK if id(one) not in listed]
    if missing:
        raise ValueError(f"rules of the book that are in no module of TABLES: {', '.join(missing)}")
    exact = sum(1 for one in BOOK if isinstance(one, Structural) or not one.requires)
    flags = ", ".join(f'"{name}" ({says})' for name, says in FLAGS.items())
    return "\n\n".join([HEAD.format(count=len(BOOK), exact=exact, flags=flags).strip(), *parts, guards()]) + "\n"


def rules_of(module: ModuleType) -> list[Rule | Structural]:
    """The rules of the book in a module's tables, in the order of the book."""
    own = {
        id(one)
        for value in vars(module).values()
        if isinstance(value, tuple)
        for one in value
        if isinstance(one, Rule | Structural)
    }
    return [one for one in BOOK if id(one) in own]


def chapter(module: ModuleType, title: str) -> list[str]:
    """A module: what its docstring says, then its rules under the headings of its source."""
    said = inspect.cleandoc(module.__doc__ or "")
    sections: dict[str, list[Rule | Structural]] = {}
    lines = inspect.getsource(module).splitlines()
    for one in rules_of(module):
        sections.setdefault(heading(lines, one), []).append(one)
    parts = [f"## {title}\n\n{said}"]
    for name, rules in sections.items():
        parts.append((f"### {name}\n\n" if name else "") + table(rules))
    return parts


def heading(lines: list[str], one: Rule | Structural) -> str:
    """The last heading in the source before a rule."""
    before = lines[: one.span.line] if isinstance(one, Rule) else []
    found = [match[1] for line in before if (match := HEADING.match(line))]
    return found[-1] if found else ""


def table(rules: Iterable[Rule | Structural]) -> str:
    """One row for each rule; those about memory and index maps have no equation."""
    rows = [row(one) for one in rules]
    if all(not equation for _, _, equation, *_ in rows):
        return "\n".join(["| rule | because |", "|---|---|", *(f"| {name} | {reason} |" for name, *_, reason in rows)])
    head = ["| rule | of | equation | needs | because |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(cells)} |" for cells in rows)])


def row(one: Rule | Structural) -> tuple[str, str, str, str, str]:
    """Name, kinds, equation, needs and reason of a rule."""
    reason = cell(" ".join(one.reason.split()))
    if isinstance(one, Structural):
        return f"`{one.name}`", "", "", "", reason
    arrow = "<->" if one.two_way else "="
    equation = f"`{cell(code(one.left))}` {arrow} `{cell(code(one.right))}`"
    needs = [*(f'"{flag}"' for flag in FLAGS if flag in one.requires), *(f"`{guard}`" for guard in one.when)]
    return f"`{one.name}`", kinds(one), equation, ", ".join(needs), reason


def kinds(one: Rule) -> str:
    """What the variables stand for: one kind for all of them, or each with its own."""
    if len({kind for _, kind in one.kinds}) == 1:
        return one.kinds[0][1]
    by_kind: dict[str, list[str]] = {}
    for name, kind in one.kinds:
        by_kind.setdefault(kind, []).append(name)
    return "; ".join(f"{', '.join(f'`{name}`' for name in names)}: {kind}" for kind, names in by_kind.items())


def cell(text: str) -> str:
    """Text that does not end a cell of a table."""
    return text.replace("|", "\\|")


def guards() -> str:
    """What can be asked."""
    rows = [f"| `{name}` | {guard.says} | {guard.of} |" for name, guard in GUARDS.items()]
    return "\n".join(["## Guards\n", "| guard | what it asks for | known of |", "|---|---|---|", *rows])
