"""egglog's bindings, and one e-graph for each thread and book of rules: declared once, then pushed and popped.

The extension module is loaded from the package's folder without running `egglog/__init__.py`, which would cost half a
second; a later `import egglog` finds the same module. Where that does not work the ordinary import is the way back.
An e-graph that raised is thrown away and never used again. Called by `eqsat.egraph.saturate` alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsat.egraph.declare import declarations, literals, needed_rules, texts_of
from eqsat.egraph.properties import asked
from eqsat.errors import EqsatError
from eqsat.rules.api import Rule, RuleBook

if TYPE_CHECKING:
    from types import ModuleType

    from egglog.bindings import EGraph, FrozenEGraph, RunReport

_NAME = "egglog.bindings"
_KEPT = 4
"""Books of rules whose e-graphs a thread keeps."""


def bindings() -> ModuleType:
    """The extension module of egglog."""
    loaded = sys.modules.get(_NAME)
    if loaded is not None:
        return loaded
    with _LOADING:
        loaded = sys.modules.get(_NAME)
        if loaded is None:
            loaded = _load_alone() or importlib.import_module(_NAME)
        return loaded


_LOADING = threading.Lock()


def _load_alone() -> ModuleType | None:
    package = importlib.util.find_spec("egglog")
    for folder in package.submodule_search_locations or () if package else ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder) / f"bindings{suffix}"
            if path.exists():
                loader = ExtensionFileLoader(_NAME, str(path))
                spec = importlib.util.spec_from_file_location(_NAME, path, loader=loader)
                if spec is None:
                    continue
                try:
                    module = importlib.util.module_from_spec(spec)
                    loader.exec_module(module)
                except ImportError:
                    continue
                if hasattr(module, "EGraph"):
                    sys.modules[_NAME] = module
                    return module
    return None


class EGraphFailed(EqsatError):
    """egglog refused to go on: two facts that must be equal differ, or it broke down."""


class Session:
    """An e-graph with the rules declared, used for one program at a time."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self.literals = literals(book)
        self.tests = asked(book)
        self.egraph: EGraph = bindings().EGraph()
        self.broken = False
        self.parsed: dict[str, list[Any]] = {}
        self.declared: set[Rule] = set()
        self._declare(declarations(book))

    def need(self, kinds: Iterable[str], operations: Iterable[str]) -> None:
        """Declare the rules that a program can need, if they are not there yet; only while the e-graph is empty."""
        missing = [one for one in needed_rules(self.book, kinds, operations) if one not in self.declared]
        self.declared.update(missing)
        self._declare([text for one in missing for text in texts_of(one)])

    def _declare(self, texts: list[str]) -> None:
        commands: list[Any] = []
        for text in texts:
            commands += self.parse(text)
        self._guarded(lambda: self.egraph.run_program(*commands))

    def run(self, text: str, keep: bool = False) -> list[Any]:
        """Run egglog commands; `keep` remembers the parsed form, for text that comes again."""
        commands = self.parsed.get(text)
        if commands is None:
            commands = self.parse(text)
            if keep:
                self.parsed[text] = commands
        return self._guarded(lambda: self.egraph.run_program(*commands))

    def parse(self, text: str) -> list[Any]:
        """Commands from text, one at a time: each part of what is parsed holds a copy of all the text."""
        return [
            command
            for one in _commands(text)
            for command in self._guarded(lambda one=one: self.egraph.parse_program(one))
        ]

    def _guarded(self, act: Callable[[], list[Any]]) -> list[Any]:
        try:
            return act()
        except (KeyboardInterrupt, SystemExit):
            self.broken = True
            raise
        except BaseException as error:  # a panic in Rust arrives as an exception that is no `Exception`
            self.broken = True
            raise EGraphFailed(str(error).strip().split("\n", maxsplit=1)[0] or type(error).__name__) from None

    def iterate(self, *rulesets: str) -> RunReport:
        """One iteration of each of some sets of rules."""
        runs = " ".join(f"(run {ruleset})" for ruleset in rulesets)
        (output,) = self.run(f"(run-schedule (seq {runs}))", keep=True)
        return output.report

    def size(self) -> int:
        """The number of rows of all tables."""
        (output,) = self.run("(print-size)", keep=True)
        return sum(count for _, count in output.sizes)  # type: ignore[attr-defined]

    def freeze(self) -> FrozenEGraph:
        """Everything in it, for reading."""
        return self.egraph.freeze()


def _commands(text: str) -> Iterator[str]:
    """The lines of a text, those together that one command goes over."""
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        lines.append(line)
        depth += line.count("(") - line.count(")")
        if depth == 0:
            yield "\n".join(lines)
            lines.clear()
    if lines:
        yield "\n".join(lines)


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}


_SESSIONS = _PerThread()


@contextmanager
def session(book: RuleBook, kinds: Iterable[str], operations: Iterable[str]) -> Generator[Session]:
    """An empty e-graph with the rules of `book` that a program can need; whatever is added is gone afterwards."""
    kept = _SESSIONS.sessions
    found = kept.pop(id(book), None) or Session(book)
    found.need(kinds, operations)
    found.run("(push)", keep=True)
    try:
        yield found
    except BaseException:
        found.broken = True
        raise
    if not found.broken:
        found.run("(pop)", keep=True)
        while len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[id(book)] = found  # which keeps the book, so that no other can have its number
