"""One case, all its implementations: each with arguments of its own, checked against the program as written, timed.

A program that writes into its arguments gets them back before each call, outside of the time taken. What an
implementation that does not agree would have taken is not told: only that it does not. Called by `bench.run` and
`bench.bounds`.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

from bench.cases import Case
from bench.harness import Timing, largest_error_by_array, measure, same_bits
from bench.peers import numba_version, numexpr_version, rewritten_for_numba

CLOSE = 1e-9
"""What another order of additions explains, relative to the largest number of an array: peers are held to it."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """An implementation, warmed up: `call` runs it on its own arguments, `restore` makes those as they were.

    `outcome` is the result of the first call, and the arrays among the arguments after it.
    """

    name: str
    call: Callable[[], object]
    restore: Callable[[], object] | None
    outcome: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The timings of those that ran and agree; remarks on all others, and on how they agree, by name."""

    timings: dict[str, Timing]
    remarks: dict[str, str]

    def over(self, one: str, other: str) -> float | None:
        """How many times faster `one` is than `other`, if both ran."""
        if one not in self.timings or other not in self.timings:
            return None
        return self.timings[one].over(self.timings[other])


def enter(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Entrant:
    """Call once, and see what it returns and which of its arguments it writes into."""
    originals = copy.deepcopy(args)
    result = function(*args)
    outcome = copy.deepcopy((result, *(value for value in args if isinstance(value, np.ndarray))))
    written = [
        (value, original)
        for value, original in zip(args, originals, strict=True)
        if isinstance(value, np.ndarray) and not same_bits(value, original)
    ]

    def restore() -> None:
        for value, original in written:
            np.copyto(value, original)

    return Entrant(name, lambda: function(*args), restore if written else None, outcome)


def runs_python(entrant: Entrant, code: CodeType) -> bool:
    """Whether a call goes back to the function as written, as it does where something exceptional came up."""
    seen = False

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal seen
        seen = seen or (event == "call" and frame.f_code is code)

    if entrant.restore:
        entrant.restore()
    sys.setprofile(look)
    try:
        entrant.call()
    finally:
        sys.setprofile(None)
    return seen


def agreement(entrant: Entrant, reference: Entrant) -> tuple[str, bool]:
    """`equal` to the bit, or how far off; and whether that is close enough."""
    if same_bits(entrant.outcome, reference.outcome):
        return "equal", True
    try:
        error = largest_error_by_array(entrant.outcome, reference.outcome)
    except (TypeError, ValueError):
        return "another kind of result", False
    return f"off by {error:.1e}", error <= CLOSE


def contest(case: Case, seconds: float, versions: dict[str, list[Callable[..., Any]]] | None = None) -> Result:
    """Check and time `versions` of a case, the first that runs of each; without them, ours and the peers'."""
    function = case.function
    reference = enter("NumPy", case.baseline or function, case.args())
    entrants, remarks = {"NumPy": reference}, {"NumPy": ""}
    for name, choices in (versions or _versions(case)).items():
        for choice in choices:
            try:
                entrant = enter(name, choice, case.args())
            except Exception as error:
                remarks[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
                continue
            remarks[name], agrees = agreement(entrant, reference)
            if agrees or name.startswith("eqsat"):
                entrants[name] = entrant
                break
    for name, entrant in entrants.items():
        if name.startswith("eqsat") and runs_python(entrant, function.__code__):  # type: ignore[attr-defined]
            remarks[name] += ", in Python"
    timings = measure(
        {name: entrant.call for name, entrant in entrants.items()},
        seconds,
        {name: entrant.restore for name, entrant in entrants.items() if entrant.restore},
    )
    return Result(timings, remarks)


def _versions(case: Case) -> dict[str, list[Callable[..., Any]]]:
    from eqsat import jit

    numba = [numba_version(case.function), rewritten_for_numba(case.function.__name__)]  # type: ignore[arg-type]
    numexpr = numexpr_version(case.function.__name__)
    return {
        "eqsat": [jit(case.function)],
        "Numba": [version for version in numba if version is not None],
        "NumExpr": [] if numexpr is None else [numexpr],
    }
