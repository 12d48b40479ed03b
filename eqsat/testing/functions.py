"""Whole random functions, well-typed by construction: control flow, scalar code, writes, views; and arguments.

`random_function(seed)` is one of them; `functions()` is a Hypothesis strategy of them, whose failures get small. Both
give a `RandomFunction`: the text of a module and of functions that make arguments. Programs end after little work.
Most of them return; what they may raise instead, by values, are `PLANNED` exceptions. Called by tests and by
`eqsat.testing.fuzz`.

>>> from eqsat.testing.functions import random_function
>>> made = random_function(1)
>>> made == random_function(1)
True
>>> "def program(" in made.source
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eqsat.testing.arguments import arguments
from eqsat.testing.choices import Choices, drawn, seeded
from eqsat.testing.kinds import BOOL, DTYPES, FLOAT, INT, Dim, Kind
from eqsat.testing.loops import give, statement
from eqsat.testing.random_programs import define
from eqsat.testing.scopes import MOST_CALLS, Helper, Place
from eqsat.testing.strategies import SearchStrategy, st

HEADER = "import math\n\nimport numpy as np\n"
MAKING = "from numpy import inf, nan\n\nfrom eqsat.testing.strategies import place\n"
PLANNED = (IndexError, ZeroDivisionError, OverflowError, ValueError, AssertionError, RuntimeError)
"""What programs may raise."""

N, M, K = Dim("n", 3), Dim("m", 2), Dim("k", 0)
SHAPES = (
    ((N,), 7),
    ((N, M), 4),
    ((M,), 3),
    ((), 1),
    ((N, N), 2),
    ((K,), 1),
    ((K, N), 1),
    ((M, N, M), 1),
    ((N, M, K), 1),
)


@dataclass(frozen=True, slots=True)
class RandomFunction:
    """A module's text, which defines `program`, and texts that each define `arguments()`, to call it with.

    `used` counts what the program is made of.
    """

    source: str
    arguments: tuple[str, ...]
    used: Counter[str] = field(default_factory=Counter[str], compare=False)

    def function(self) -> Callable[..., Any]:
        """`program`, of a module of its own whose source can be read."""
        return define(self.source, "program")

    def calls(self) -> list[tuple[Any, ...]]:
        """New arguments for each call."""
        return [define(f"{HEADER}{MAKING}\n\n{text}", "arguments")() for text in self.arguments]

    @property
    def script(self) -> str:
        """A module that runs the program with its arguments, plainly and compiled, and compares."""
        makers = [text.replace("def arguments(", f"def arguments_{k}(", 1) for k, text in enumerate(self.arguments)]
        names = ", ".join(f"arguments_{number}" for number in range(len(makers)))
        main = f"""if __name__ == "__main__":
    from eqsat import jit
    from eqsat.testing import assert_matches_numpy

    function = jit(program)
    for make in [{names}]:
        assert_matches_numpy(function, *make())
"""
        body = self.source.removeprefix(HEADER).lstrip("\n")
        return "\n\n".join([HEADER + MAKING, body, *makers, main])

    def __repr__(self) -> str:
        return self.script


def random_function(seed: int, size: int = 14) -> RandomFunction:
    """The program of that number, of about `size` statements."""
    return generate(seeded(seed), size)


def functions(size: int = 14) -> SearchStrategy[RandomFunction]:
    """Any such program, drawn decision by decision."""

    @st.composite
    def made(draw: st.DrawFn) -> RandomFunction:
        return generate(drawn(draw), size)

    return made()


def generate(choices: Choices, size: int) -> RandomFunction:
    """A program, by these choices."""
    parameters: list[tuple[str, Kind]] = []
    for number in range(choices.weighted(((1, 3), (2, 5), (3, 3), (4, 1)))):
        # Of one type with one before: these may be one array, or overlap.
        again = bool(parameters) and choices.chance(30)
        parameters.append((f"x{number}", choices.pick(parameters)[1] if again else parameter(choices)))
    if not any(kind.is_array for _, kind in parameters):
        parameters[0] = ("x0", Kind("array", choices.weighted(DTYPES), (N,)))
    defaults = 0
    if choices.chance(20):
        parameters.append((f"x{len(parameters)}", choices.pick((INT, FLOAT, BOOL))))
        defaults = 1
    place = Place(choices, budget=choices.number(1, size))
    source = [HEADER]
    if choices.chance(35):
        source.append("SCALE = 2.5\nCOUNT = 3\n")
        place.globals |= {"SCALE": FLOAT, "COUNT": INT}
    if choices.chance(15):
        source.append("TABLE = np.array([1.5, -2.0, 0.25])\nTABLE.flags.writeable = False\n")
        place.globals["TABLE"] = Kind("array", "float64", (Dim("3", 3),))
    for _ in range(choices.weighted(((0, 5), (1, 4), (2, 1)))):
        source.append("\n" + "\n".join(helper(place, parameters, nested=False)) + "\n")
    source.append("\n" + "\n".join(program(place, parameters, defaults)) + "\n")
    calls: list[str] = []
    for _ in range(choices.weighted(((1, 1), (2, 3), (3, 2)))):
        given = len(parameters) - (defaults if choices.chance(40) else 0)
        calls.append(arguments(choices, parameters, given))
    return RandomFunction("\n".join(source), tuple(calls), place.used)


def parameter(choices: Choices) -> Kind:
    """The type of a parameter."""
    form = choices.weighted((("array", 7), ("python", 3), ("numpy", 1)))
    if form == "python":
        return choices.pick((INT, FLOAT, BOOL))
    dtype = choices.weighted(DTYPES)
    if form == "numpy":
        return Kind("numpy", choices.pick(("float64", "int64", "float32", "int32", "bool", dtype)))
    return Kind("array", dtype, choices.weighted(SHAPES))


def program(place: Place, parameters: list[tuple[str, Kind]], defaults: int) -> list[str]:
    """The lines of the function itself."""
    choices = place.choices
    place.names |= dict(parameters)
    texts = [name for name, _ in parameters]
    for number in range(len(texts) - defaults, len(texts)):
        texts[number] += f"={default(choices, parameters[number][1])}"
    if choices.chance(30):
        place.results = results(place)
    if choices.chance(10):
        place.line('"""Text that says what it does."""')
        place.mark("docstring")
    nested = choices.chance(20)
    while place.budget > 0:
        if nested and choices.chance(40):
            nested = False
            place.lines += ["    " + line for line in helper(place, parameters, nested=True)]
        statement(place)
        if choices.chance(4):
            break
    if place.results is not None:
        give(place)
    else:
        final(place, {name for name, _ in parameters})
    return [f"def program({', '.join(texts)}):", *place.lines]


def results(place: Place) -> tuple[Kind, ...]:
    """The types that all returns of a function have."""
    kinds = [*(kind for kind in place.names.values()), INT, FLOAT, Kind("numpy", "float64")]
    return tuple(place.choices.pick(kinds) for _ in range(place.choices.weighted(((1, 3), (2, 2), (3, 1)))))


def final(place: Place, parameters: set[str]) -> None:
    """Return what was made: values that nothing uses would not be compared, and may be left out by compilers."""
    choices = place.choices
    if choices.chance(6):
        place.mark("return: nothing")
        return
    made = [name for name in place.names if name not in parameters][-9:]
    if choices.chance(25):
        made = [choices.pick(made) for _ in range(choices.number(1, 3))] if made else []
    if choices.chance(20) or not made:
        made.append(choices.pick(sorted(parameters)))
        place.mark("return: argument")
    views = place.arrays(lambda kind: bool(kind.dims))
    if views and choices.chance(25):
        made.append(f"{choices.pick(views).text}{choices.pick(('[::-1]', '[1:]', '.T', '[...]'))}")
        place.mark("return: view")
    place.mark("return: several" if len(made) > 1 else "return: one")
    place.line(f"return {', '.join(made)}")


def default(choices: Choices, kind: Kind) -> str:
    """A default of a parameter."""
    return choices.pick({"bool": ("False", "True"), "int64": ("2", "0", "-1"), "float64": ("0.5", "-1.0")}[kind.dtype])


def helper(place: Place, parameters: list[tuple[str, Kind]], nested: bool) -> list[str]:
    """The lines of another function, which the program may call from then on."""
    choices = place.choices
    known = [kind for _, kind in parameters]
    name = place.fresh("inner" if nested else "helper")
    count = choices.number(1, 2)
    mine = [(f"{name}_p{number}", choices.pick([*known, INT, FLOAT])) for number in range(count)]
    if not any(kind.is_array for _, kind in mine):
        mine.insert(0, (f"{name}_x", choices.pick([kind for kind in known if kind.is_array])))
    defaults = int(choices.chance(30))
    if defaults:
        mine.append((f"{name}_d", choices.pick((INT, FLOAT, BOOL))))
    inside = Place(
        choices,
        dict(place.names) if nested else {},
        set(place.names) if nested else set(),
        helpers=[*place.helpers],
        globals=place.globals,
        used=place.used,
        made=place.made,
        work=MOST_CALLS,
        budget=choices.number(1, 4),
    )
    inside.names |= dict(mine)
    inside.results = results(inside)
    while inside.budget > 0:
        statement(inside)
    give(inside)
    texts = [
        parameter if k < len(mine) - defaults else f"{parameter}={default(choices, kind)}"
        for k, (parameter, kind) in enumerate(mine)
    ]
    place.helpers.append(Helper(name, tuple(mine), defaults, inside.results))
    place.mark("nested function" if nested else "helper function")
    return [f"def {name}({', '.join(texts)}):", *inside.lines]
