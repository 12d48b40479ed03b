"""The command line: `python -m eqsat verify MODULE...`, `python -m eqsat explain FILE.py:FUNCTION`.

Each command is a row of `COMMANDS`: a function that adds its arguments to a parser and returns what runs it. A module
is a dotted name or a `.py` file. The exit status is 1 if a rule does not hold, 2 if a module cannot be read or a
function cannot be explained.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from eqsat.explain import Explanation
    from eqsat.jit import Dispatcher

Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m eqsat", description="eqsat: an optimizing compiler for NumPy code")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (says, add) in COMMANDS.items():
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=add(command))
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except (ImportError, CannotExplain) as error:
        print(f"eqsat: {error}", file=sys.stderr)
        return 2


def loaded(name: str) -> ModuleType:
    """The module of a dotted name or of a file; ImportError if there is none."""
    if not name.endswith(".py"):
        sys.path.insert(0, "")
        return importlib.import_module(name)
    path = Path(name)
    if not path.is_file():
        raise ImportError(f"there is no file {name}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent))  # as Python does for a file that it runs
    spec.loader.exec_module(module)
    return module


# verify -----------------------------------------------------------------------------------------------------------


def _verify(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="a dotted name or a .py file")
    parser.add_argument("--seed", type=int, default=0, help="other random values")
    parser.add_argument("--no-proofs", action="store_true", help="do not ask z3")
    parser.add_argument("--failed", action="store_true", help="print the rules that do not hold alone")
    return _run_verify


def _run_verify(given: argparse.Namespace) -> int:
    from eqsat.errors import RuleError
    from eqsat.rules.certificate import verify

    status = 0
    for name in given.modules:
        try:
            report = verify(loaded(name), seed=given.seed, prove=not given.no_proofs)
        except RuleError as error:
            print(error)
            status = 1
            continue
        if not len(report) and not report.unverified:
            print(f"{name} has no rules")
        elif given.failed:
            print("\n".join(map(str, report.failed)))
        else:
            print(report)
        status = max(status, int(not report.holds))
    return status


# explain ----------------------------------------------------------------------------------------------------------


class CannotExplain(Exception):
    """There is no such function, or it was not compiled."""


def _explain(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument("function", metavar="FILE.py:FUNCTION", help="a file, or a dotted module, and a function in it")
    parser.add_argument("--call", metavar="EXPRESSION", help="a call to compile for, such as 'f(np.ones(3), 2.0)'")
    parser.add_argument("--html", metavar="OUT", help="write a page to this file")
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    return _run_explain


def _run_explain(given: argparse.Namespace) -> int:
    explanation = _explained(given.function, given.call)
    if not (given.html or given.open):
        print(explanation)
        return 0
    out = Path(given.html or Path(tempfile.mkdtemp(prefix="eqsat-")) / f"{explanation.name}.html")
    try:
        written = explanation.page().save(out)
    except OSError as error:
        raise CannotExplain(f"the page cannot be written: {error}") from None
    print(written)
    if given.open and not webbrowser.open(written.resolve().as_uri()):
        raise CannotExplain(f"no browser is found; the page is in {written}")
    return 0


def _explained(target: str, call: str | None) -> Explanation:
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise CannotExplain(f"{target!r} is not FILE.py:FUNCTION")
    try:
        module = loaded(place)
    except ImportError:
        raise
    except Exception as error:
        raise CannotExplain(f"{place} raised {type(error).__name__} when it was imported: {error}") from error
    function = _function(module, place, name)
    if call is not None:
        try:
            eval(compile(call, "<the call>", "eval"), {"np": numpy, **vars(module)})
        except Exception as error:
            raise CannotExplain(f"the call {call} raised {type(error).__name__}: {error}") from error
    try:
        return function.explain()
    except ValueError:
        reason = "is not called by its file" if call is None else f"is not called by {call}, or runs in Python for it"
        raise CannotExplain(f"`{name}` {reason}: say --call '{name}(...)' with arguments to compile for") from None


def _function(module: ModuleType, place: str, name: str) -> Dispatcher:
    """The jitted function of that name; one that is not yet is jitted, and takes its place in the module."""
    from eqsat import jit
    from eqsat.jit import Dispatcher

    found = vars(module).get(name)
    if isinstance(found, FunctionType):
        found = jit(found)
        setattr(module, name, found)
    if isinstance(found, Dispatcher):
        return found
    functions = sorted(
        one
        for one, value in vars(module).items()
        if isinstance(value, Dispatcher) or (isinstance(value, FunctionType) and value.__module__ == module.__name__)
    )
    there = f"it has {', '.join(functions)}" if functions else "it has no functions"
    if found is None:
        raise CannotExplain(f"{place} has no function `{name}`: {there}")
    raise CannotExplain(f"`{name}` in {place} is a {type(found).__name__}, not a function in Python: {there}")


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], Run]]] = {
    "verify": ("check rules and print their certificates", _verify),
    "explain": ("tell what the compiler made of a function, as text or as a page", _explain),
}
"""What each command says of itself, and what adds it."""

if __name__ == "__main__":
    sys.exit(main())
