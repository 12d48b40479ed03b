"""Writes docs/support.md, what is compiled, and docs/rulebook.md, the rules, from the tables of the source.

`python docs/build.py` writes them; with `--check` it only says whether the files are as they should be.
"""

from __future__ import annotations

import ast
import builtins
import cmath
import inspect
import math
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from rulebook import rulebook

from eqsat.frontend.library import Handler
from eqsat.ir.ops import UFUNCS
from numpy_impl import complex_mathematics, mathematics
from numpy_impl.library import LIBRARY

HERE = Path(__file__).parent
SPACES = (("np", np), ("np.linalg", np.linalg), ("math", math), ("cmath", cmath), ("", builtins))

HEAD = """\
# What is compiled

Generated from the tables by `make docs`. A parameter in the last column is accepted at its default alone;
another value is refused by name. Functions, methods and attributes that are not listed are refused by name as
well. [language.md](language.md) lists the Python around them.
"""

KEYWORDS = "with `dtype=` and one `out=`, and not `where=`, `casting=`, `order=`, `subok=`, `signature=`"


def names_of(function: object) -> list[str]:
    """Every public name under which users reach a function, the function's own first."""
    own = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return [f"{name}.{own}" for name in names_of(owner)]
    found = [
        (f"{prefix}.{name}" if prefix else name)
        for prefix, module in SPACES
        for name in sorted(vars(module), key=lambda name: (name != own, name))
        if not name.startswith("_") and vars(module)[name] is function
    ]
    return found or [str(own or function)]


def refused(handler: Handler) -> list[str]:
    """The parameters that the implementation of a handler hands to `refuse`, itself or one call below."""
    implementation = getattr(handler, "implementation", None)
    if implementation is None:
        return []
    called = [implementation.__globals__.get(name) for name in implementation.__code__.co_names]
    below = [one for one in called if inspect.isfunction(one) and one.__module__ == implementation.__module__]
    return list(dict.fromkeys(name for function in [implementation, *below] for name in _refused_in(function)))


def _refused_in(function: Any) -> list[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "refuse"]
    return [keyword.arg for call in calls for keyword in call.keywords if keyword.arg]


def needs_constants(function: object, handler: Handler) -> bool:
    """Whether a function is called while compiling, and on constants only."""
    modules = {"math": mathematics.AT_RUN_TIME, "cmath": complex_mathematics.AT_RUN_TIME}
    at_run_time = modules.get(getattr(function, "__module__", ""))
    if at_run_time is not None:
        return getattr(function, "__name__", "") not in at_run_time
    return getattr(handler, "__qualname__", "").startswith("computed_now")


def parameters(handler: Handler, *, skip_first: bool = False) -> tuple[list[str], list[str]]:
    """The compiled parameters of a handler, and the refused ones."""
    signature: inspect.Signature | None = getattr(handler, "__signature__", None)
    if signature is None:
        return [], []
    without = refused(handler)
    known = list(signature.parameters.values())[1 if skip_first else 0 :]
    shown = {inspect.Parameter.VAR_POSITIONAL: "*{}", inspect.Parameter.VAR_KEYWORD: "**{}"}
    kept = [shown.get(one.kind, "{}").format(one.name) for one in known if one.name not in without]
    return kept, [name for name in without if name in signature.parameters]


def cell(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def table(title: str, rows: list[tuple[list[str], tuple[list[str], list[str]]]]) -> str:
    lines = [f"## {title}\n", "| name | parameters | at their default only |", "|---|---|---|"]
    lines += [f"| {cell(names)} | {cell(kept)} | {cell(without)} |" for names, (kept, without) in rows]
    return "\n".join(lines)


def document() -> str:
    """The page of what is compiled."""
    by_name = sorted(LIBRARY.functions.items(), key=lambda item: names_of(item[0]))
    ufuncs = {id(op.ufunc) for op in UFUNCS.values()}
    elementwise, conversions, constants, plain, rest = [], [], [], [], []
    for function, handler in by_name:
        names = names_of(function)
        if id(function) in ufuncs:
            if names[0].startswith("np."):
                elementwise.append(cell(names))
        elif isinstance(function, type) and issubclass(function, np.generic | float | int | complex):
            conversions.append(cell(names))
        elif needs_constants(function, handler):
            constants.append(cell(names))
        elif not hasattr(handler, "__signature__"):
            plain.append(cell(names))
        else:
            rest.append((names, parameters(handler)))
    methods = [([f"x.{name}"], parameters(one, skip_first=True)) for name, one in sorted(LIBRARY.methods.items())]
    attributes = cell([f"x.{name}" for name in sorted(LIBRARY.attributes)])
    return "\n\n".join(
        [
            HEAD.strip(),
            f"## Ufuncs\n\n{len(elementwise)} ufuncs, on every supported dtype that NumPy has a loop for, {KEYWORDS}.",
            "; ".join(elementwise),
            "## Conversions\n\n" + "; ".join(conversions),
            table("Functions", rest),
            "With positional arguments alone: " + "; ".join(plain),
            "On constants alone, when compiling: " + "; ".join(constants),
            table("Methods", methods),
            f"## Attributes\n\n{attributes}\n",
        ]
    )


PAGES = {"support.md": document, "rulebook.md": rulebook}
"""Each generated page, and what makes it."""


def main() -> int:
    stale = 0
    for name, made in PAGES.items():
        text, target = made(), HERE / name
        if (target.read_text() if target.exists() else "") == text:
            continue
        if "--check" in sys.argv[1:]:
            print(f"docs/{name} is not what the tables say: run `make docs`")
            stale = 1
        else:
            target.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
