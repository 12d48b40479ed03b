"""Arguments of random programs, as the text of a function that makes them: odd memory, overlaps, one array twice.

A text can be printed, sent to another process and made smaller, and what it makes is new at every call. Called by the
generator of programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eqsat.testing.choices import Choices
from eqsat.testing.kinds import Dim, Kind
from eqsat.testing.strategies import LAYOUTS, specials

LONGEST = 6
READ_ONLY = ("read-only", "broadcast")


def arguments(choices: Choices, parameters: Sequence[tuple[str, Kind]], given: int) -> str:
    """`def arguments():`, which returns a tuple of the first `given` of the parameters."""
    dims = {dim for _, kind in parameters for dim in kind.dims}
    sizes = {dim: choices.number(dim.least, max(LONGEST, dim.least)) for dim in sorted(dims, key=lambda dim: dim.name)}
    if choices.chance(6):
        sizes = {dim: choices.pick((9, 17, 33)) if dim.name == "n" else size for dim, size in sizes.items()}
    wild = choices.chance(40)
    lines = ["def arguments():"]
    before: list[tuple[str, Kind]] = []
    for name, kind in parameters[:given]:
        lines += [f"    {line}" for line in _made(choices, name, kind, sizes, before, wild)]
        before.append((name, kind))
    names = [name for name, _ in parameters[:given]]
    lines.append(f"    return ({', '.join(names)}{',' if len(names) == 1 else ''})")
    return "\n".join(lines) + "\n"


def _made(
    choices: Choices, name: str, kind: Kind, sizes: dict[Dim, int], before: list[tuple[str, Kind]], wild: bool
) -> list[str]:
    if not kind.is_array:
        return [f"{name} = {scalar(choices, kind, wild)}"]
    shape = tuple(sizes[dim] for dim in kind.dims)
    text = f"np.resize({elements(choices, kind, wild)}, {shape})"
    others = [other for other, theirs in before if theirs == kind]
    if others and choices.chance(12):
        return [f"{name} = {choices.pick(others)}"]
    related = [
        other for other, theirs in before if theirs.dtype == kind.dtype and theirs.dims[:1] == kind.dims[:1] != ()
    ]
    related = [other for other in related if dict(before)[other].dims == kind.dims]
    if related and choices.chance(25):
        other = choices.pick(related)
        low, high = choices.pick(((0, 1), (1, 0), (0, 0), (2, 0)))
        turned = choices.pick(("", "", "[::-1]"))
        memory = f"memory_{name}"
        length = shape[0]
        whole = f"np.resize({elements(choices, kind, wild)}, {(length + 2, *shape[1:])})"
        return [
            f"{memory} = {whole}",
            f"{other} = {memory}[{low}:{low + length}]",
            f"{name} = {memory}[{high}:{high + length}]{turned}",
        ]
    layout = choices.weighted([("C", 12), *((layout, 1) for layout in LAYOUTS if layout not in ("C", *READ_ONLY))])
    if choices.chance(2):
        layout = choices.pick(READ_ONLY)
    return [f"{name} = {text}" if layout == "C" else f'{name} = place({text}, "{layout}")']


def elements(choices: Choices, kind: Kind, wild: bool) -> str:
    """The text of a short array; `wild`: of the numbers at which programs break."""
    pool = [number(choices, kind, wild and choices.chance(50)) for _ in range(choices.number(1, 6))]
    return f'np.array([{", ".join(pool)}], "{kind.dtype}")'


def number(choices: Choices, kind: Kind, wild: bool) -> str:
    """The text of an element."""
    if wild:
        if kind.letter == "f" and choices.chance(25):
            return "nan"
        return shown(choices.pick(specials(np.dtype(kind.dtype))))
    if kind.letter == "b":
        return choices.pick(("False", "True"))
    if kind.letter in "iu":
        return str(
            choices.pick((0, 1, 2, 3, 5, 7, 4, 30) if kind.letter == "u" else (0, 1, 2, -1, 3, -3, 5, 7, -8, 30))
        )
    real = choices.pick(("0.0", "1.0", "-1.0", "0.5", "2.0", "-2.5", "3.25", "0.1", "-7.0", "100.0"))
    return f"complex({real}, {choices.pick(('0.0', '1.0', '-0.5', '2.0'))})" if kind.letter == "c" else real


def scalar(choices: Choices, kind: Kind, wild: bool) -> str:
    """The text of a scalar argument."""
    if kind.family == "python":
        if kind.letter == "i" and choices.chance(8):
            return choices.pick(("2 ** 40", "-(2 ** 33)", "2 ** 62", "2 ** 63 - 1", "-(2 ** 63)"))
        return number(choices, kind, wild and kind.letter == "f" and choices.chance(40))
    name = "bool_" if kind.letter == "b" else kind.dtype
    return f"np.{name}({number(choices, kind, wild and choices.chance(50))})"


def shown(value: Any) -> str:
    """A number as text that gives it again."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, complex | np.complexfloating):
        return f"complex({float(value.real)!r}, {float(value.imag)!r})"
    return repr(float(value)) if isinstance(value, float | np.floating) else str(int(value))
