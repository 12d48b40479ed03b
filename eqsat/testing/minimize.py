"""Makes a failing program smaller: fewer calls, fewer statements, smaller expressions, plainer arguments.

It works on the syntax tree, so that programs of any origin can be given; what decides is a function that says whether
a smaller one still fails. Called by `eqsat.testing.fuzz`.
"""

from __future__ import annotations

import ast
import copy
import itertools
import warnings
from collections.abc import Callable, Iterator

from eqsat.testing.functions import RandomFunction

Edit = Callable[[], None]
Fails = Callable[[RandomFunction], bool]


def minimized(program: RandomFunction, fails: Fails, attempts: int = 600) -> RandomFunction:
    """The smallest program found that `fails`, after so many attempts at most."""
    left = attempts

    def still(candidate: RandomFunction) -> bool:
        nonlocal left
        if "def program(" not in candidate.source:
            return False
        if not all("def arguments(" in text for text in candidate.arguments):
            return False
        left -= 1
        return fails(candidate)

    for text in program.arguments if len(program.arguments) > 1 else ():
        alone = RandomFunction(program.source, (text,))
        if still(alone):
            program = alone
            break
    start = since = 0  # the edit to try next, and how many were tried since one succeeded
    while left > 0:
        texts = (program.source, *program.arguments)
        counts = [len(list(_edits(ast.parse(text)))) for text in texts]
        if since >= sum(counts):
            break
        candidate = _edited(program, counts, start % sum(counts))
        if candidate is not None and still(candidate):
            program, since = candidate, 0
        else:
            start, since = start + 1, since + 1
    return program


def _edited(program: RandomFunction, counts: list[int], number: int) -> RandomFunction | None:
    """The program after that edit, counted through its texts; None if it is not smaller, or no program."""
    texts = [program.source, *program.arguments]
    for place, count in enumerate(counts):
        if number < count:
            text = _edited_text(texts[place], number)
            if text is None:
                return None
            texts[place] = text
            return RandomFunction(texts[0], tuple(texts[1:]))
        number -= count
    return None


def _edited_text(source: str, number: int) -> str | None:
    tree = ast.parse(source)
    next(itertools.islice(_edits(tree), number, None))()
    try:
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(text, "<smaller>", "exec")
    except (SyntaxError, ValueError):
        return None
    return text if (len(text), text) < (len(source), source) else None


def _edits(tree: ast.Module) -> Iterator[Edit]:
    """Everything that can be done to a tree, as functions that do it."""
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from _edits_of_block(node, name, block)
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                for smaller in _parts(value):
                    yield _setting(node, field, smaller)
            elif isinstance(value, list):
                for place, item in enumerate(value):
                    if isinstance(item, ast.expr):
                        yield _removing(value, place)
                        for smaller in _parts(item):
                            yield _replacing(value, place, [smaller])


def _edits_of_block(node: ast.AST, name: str, block: list[ast.stmt]) -> Iterator[Edit]:
    if len(block) > 3:
        half = len(block) // 2
        yield _replacing(block, slice(0, half), [])
        yield _replacing(block, slice(half, len(block)), [])
    for place, statement in enumerate(block):
        # A loop that lost what ends it would be tried for long.
        empty: list[ast.stmt] = [] if len(block) > 1 or name == "orelse" else [ast.Pass()]
        yield _replacing(block, place, empty)
        inner = getattr(statement, "body", None)
        if isinstance(inner, list) and not isinstance(statement, ast.FunctionDef):
            yield _replacing(block, place, inner)
            if getattr(statement, "orelse", None):
                yield _replacing(block, place, statement.orelse)  # type: ignore[attr-defined]


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """What an expression can be replaced by: what it is made of, or a smaller number."""
    for child in ast.walk(node):
        if child is not node and isinstance(child, ast.expr) and not isinstance(child, ast.Slice):
            yield copy.deepcopy(child)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, 1):
        yield ast.Constant(1 if isinstance(node.value, int) else 1.0)
        yield ast.Constant(0 if isinstance(node.value, int) else 0.0)


def _setting(node: ast.AST, field: str, value: ast.expr) -> Edit:
    return lambda: setattr(node, field, value)


def _removing(items: list[ast.expr], place: int) -> Edit:
    return lambda: items.__delitem__(place)


def _replacing(
    items: list[ast.expr] | list[ast.stmt], place: int | slice, values: list[ast.expr] | list[ast.stmt]
) -> Edit:
    where = place if isinstance(place, slice) else slice(place, place + 1)
    return lambda: items.__setitem__(where, values)  # type: ignore[call-overload]
