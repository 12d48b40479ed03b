"""A Hypothesis strategy for whole random array programs: source, function, arguments.

Programs use every construct that eqsat compiles, over two-dimensional, one-dimensional and scalar operands that
broadcast, so that nearly all of them run; those at which NumPy raises are good tests too. Functions are written
to files, since eqsat reads source. Called by tests that compare programs with NumPy, ours and our users'.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from atexit import register
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from eqsat.testing.strategies import arrays, dtypes, st, values

UNARY = ("-{0}", "np.abs({0})", "np.sqrt({0})", "np.exp({0})", "np.sin({0})", "np.tanh({0})", "np.square({0})")
BINARY = ("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "np.maximum({0}, {1})", "np.minimum({0}, {1})")
COMPARISONS = ("{0} < {1}", "{0} >= {1}", "{0} == {1}", "{0} != {1}")
REDUCTIONS = ("sum", "prod", "min", "max", "mean", "any", "all")
AXES = (("axis=None", -1), ("keepdims=True", 0), ("axis=-1, keepdims=True", 0), ("axis=0", 1), ("axis=-1", 1))
"""With how many axes each drops; -1: all."""
MOVEMENT = ("{0}[::-1]", "{0}[:1]", "{0}[-1:]", "{0}.T.T")
CASTS = ("np.float32", "np.float64", "np.int32", "bool", "np.complex128")
CONSTANTS = ("2", "0.5", "-1", "3.0", "True", "np.pi", "np.float32(0.1)", "np.int64(3)")


@dataclass(frozen=True, slots=True)
class RandomProgram:
    """`function(*arguments)` is `source`."""

    source: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        given = ", ".join(
            f"{value!r} ({value.dtype}, strides {value.strides})" if isinstance(value, np.ndarray) else repr(value)
            for value in self.arguments
        )
        return f"{self.source}\n# called with: {given}"


@st.composite
def programs(draw: st.DrawFn, max_statements: int = 6, kinds: str = "biufc", finite: bool = False) -> RandomProgram:
    """A program of some statements, with arguments for it.

    >>> from hypothesis import find
    >>> made = find(programs(), lambda program: "np.exp" in program.source)
    >>> made.source.count("np.exp")
    1
    """
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(1, 5))
    possible = st.sampled_from([(rows, columns), (columns,), (1, columns), (rows, 1)])
    sides = draw(st.lists(possible, min_size=1, max_size=3))
    arguments: list[Any] = [draw(arrays(dtypes(kinds), shape, finite=finite)) for shape in sides]
    ranks = {f"x{number}": len(shape) for number, shape in enumerate(sides)}
    if draw(st.booleans()):
        ranks[f"x{len(arguments)}"] = 0
        arguments.append(draw(values("d", finite=True).map(float) | st.integers(-9, 9)))
    lines = [f"def program({', '.join(ranks)}):"]
    for number in range(draw(st.integers(1, max_statements))):
        text, rank = draw(_expressions(tuple(ranks.items())))
        lines.append(f"    t{number} = {text}")
        ranks[f"t{number}"] = rank
    made = list(ranks)[len(arguments) :]
    # What nothing uses is returned: compilers leave dead code out, and with it the warnings that NumPy would give.
    unused = [name for name in made if not any(re.search(rf"= .*\b{name}\b", line) for line in lines)]
    lines.append(f"    return {', '.join([*unused, *draw(st.lists(st.sampled_from(made), max_size=2))])}")
    source = "\n".join(["import numpy as np", "", "", *lines, ""])
    return RandomProgram(source, define(source, "program"), tuple(arguments))


Ranked = tuple[str, int]
"""An expression or name, and the rank of its value."""


@st.composite
def _expressions(draw: st.DrawFn, names: tuple[Ranked, ...], depth: int = 2) -> Ranked:
    if depth == 0:
        constants = [(text, 0) for text in CONSTANTS]
        return draw(st.sampled_from([*names, *names, *constants]))

    def operand() -> Ranked:
        text, rank = draw(_expressions(names, depth - 1))
        return (f"({text})" if " " in text or text.startswith("-") else text), rank

    kinds = ["leaf", "unary", "binary", "binary", "compare", "where", "reduce", "move", "cast"]
    kind = draw(st.sampled_from(kinds))
    if kind in ("move", "cast"):
        text, rank = draw(st.sampled_from([name for name in names if name[1]]))
        if kind == "cast":
            return f"{text}.astype({draw(st.sampled_from(CASTS))})", rank
        return draw(st.sampled_from(MOVEMENT)).format(text), rank
    if kind == "where":
        (a, m), (b, n) = operand(), operand()
        (c, p), (d, q) = operand(), operand()
        return f"np.where({draw(st.sampled_from(COMPARISONS)).format(a, b)}, {c}, {d})", max(m, n, p, q)
    (a, m), (b, n) = operand(), operand()
    if kind == "reduce":
        if not m:  # a reduction of a number is not compiled
            a, m = draw(st.sampled_from([name for name in names if name[1]]))
        axis, dropped = draw(st.sampled_from(AXES))
        return f"np.{draw(st.sampled_from(REDUCTIONS))}({a}, {axis})", m - dropped if dropped >= 0 else 0
    if kind == "unary":
        return draw(st.sampled_from(UNARY)).format(a), m
    if kind == "leaf":
        return a, m
    return draw(st.sampled_from(BINARY if kind == "binary" else COMPARISONS)).format(a, b), max(m, n)


def define(source: str, name: str) -> Callable[..., Any]:
    """The function `name` of a module with this text, which is written to a file so that it can be read back."""
    path = _folder() / f"program_{hashlib.sha256(source.encode()).hexdigest()[:16]}.py"
    path.write_text(source)
    namespace: dict[str, Any] = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), namespace)
    return namespace[name]


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="eqsat-programs-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    return folder
