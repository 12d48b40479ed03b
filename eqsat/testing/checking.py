"""Runs a program plainly and compiled, and says what came of it: a refusal is counted, never taken for success.

`check_function` takes the text of a module, `check_program` a random program with all its calls; both take the
compiler, `eqsat.jit`. A difference raises AssertionError. Called by tests and by the process that
`eqsat.testing.fuzz` keeps.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from eqsat.errors import PlainPythonWarning, UnsupportedError
from eqsat.testing.compare import Outcome, assert_matches_numpy, observe
from eqsat.testing.functions import PLANNED, RandomFunction
from eqsat.testing.random_programs import define

Compiler = Callable[[Any], Any]
MOST_LINES = 200_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one call.

    agreed:  compiled and plain function returned the same;
    raised:  they raised the same;
    quiet:   they did the same, and warnings about values that nobody uses were left out;
    plain:   they did the same, because the compiler gave the call to the plain function, and said so;
    refused: the compiler raised `UnsupportedError`, whose first line is `detail`;
    failed:  anything else, which `detail` says. Then `sort` is equal for failures that are alike.

    `native`: the last call was answered without the plain function.
    """

    outcome: Literal["agreed", "raised", "quiet", "plain", "refused", "failed"]
    detail: str = ""
    native: bool = True
    sort: str = ""


class Watched:
    """A compiled function that tells whether its last call ran the plain one."""

    def __init__(self, function: Any, original: Callable[..., Any]) -> None:
        self.function, self.py_func = function, original
        self.native = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        code = self.py_func.__code__  # type: ignore[attr-defined]
        before = sys.getprofile()
        self.native = True

        def seen(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and frame.f_code is code:
                self.native = False

        sys.setprofile(seen)
        try:
            return self.function(*args, **kwargs)
        finally:
            sys.setprofile(before)


def check_function(source: str, *args: Any, compiler: Compiler, name: str = "program") -> Verdict:
    """The function `name` of a module with this text does the same compiled; AssertionError if it does not."""
    original = define(source, name)
    return _check(Watched(compiler(original), original), args)


def check_program(program: RandomFunction, compiler: Compiler) -> list[Verdict]:
    """The program does the same compiled, for all its calls one after the other; AssertionError if it does not."""
    original = program.function()
    watched = Watched(compiler(original), original)
    return [_check(watched, args) for args in program.calls()]


def judge(program: RandomFunction, compiler: Compiler) -> list[Verdict]:
    """As `check_program`, with a failure as last verdict instead of an exception.

    Programs that do not end, or raise by mistake what random programs do not, fail without being compiled.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of programs made smaller
        try:
            flaw = plain_flaw(program)
            return [Verdict("failed", flaw, sort="flaw")] if flaw else check_program(program, compiler)
        except AssertionError as error:
            cause = error.__cause__
            return [Verdict("failed", str(error), sort="wrong" if cause is None else type(cause).__name__)]


def plain_flaw(program: RandomFunction) -> str:
    """Why this is no program to compare: it does not end, or raises what is not planned; empty if it is one."""
    try:
        function, calls = program.function(), program.calls()
    except Exception as error:
        return f"the module raises {error!r}"
    for args in calls:
        if type(args) is not tuple:
            return "the arguments are no tuple"
        outcome = _limited(function, args)
        if outcome is None:
            return "the program does not end"
        if outcome.exception is not None and not isinstance(outcome.exception, PLANNED):
            return f"the program raises {outcome.exception!r}"
    return ""


class _TooLong(BaseException):
    pass


def _limited(function: Callable[..., Any], args: tuple[Any, ...]) -> Outcome | None:
    """A plain call, if it ends after a moderate number of lines."""
    left = MOST_LINES

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooLong
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return observe(function, args, {})
    except _TooLong:
        return None
    finally:
        sys.settrace(before)


def _check(watched: Watched, args: tuple[Any, ...]) -> Verdict:
    expected = observe(watched.py_func, args, {})
    try:
        assert_matches_numpy(watched, *args)
    except AssertionError as error:
        refusal = error.__cause__
        if isinstance(refusal, UnsupportedError):
            return Verdict("refused", refusal.what, native=False)
        assert_matches_numpy(watched, *args, calls=1, check_warnings=False)
        return _differing_in_warnings(watched, args, expected, error)
    return Verdict("raised" if expected.exception is not None else "agreed", native=watched.native)


def _differing_in_warnings(
    watched: Watched, args: tuple[Any, ...], expected: Outcome, error: AssertionError
) -> Verdict:
    """Warnings may be left out, all of them together; and one may be given that says who answered."""
    actual = observe(watched, args, {})
    more = [entry for entry in actual.warnings if entry not in expected.warnings]
    if more and all(issubclass(category, PlainPythonWarning) for category, _ in more):
        return Verdict("plain", more[0][1].partition(": ")[2], native=False)
    if expected.warnings and not actual.warnings:
        return Verdict("quiet", native=watched.native)
    raise error
