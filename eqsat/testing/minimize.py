"""Makes a failing program smaller: fewer calls, fewer statements, smaller expressions, plainer arguments.

It works on the syntax tree, so that programs of any origin can be given; what decides is a function that says whether
a smaller one still fails. Called by `eqsat.testing.fuzz`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

from eqsat.testing.functions import RandomFunction

Edit = Callable[[], None]
Fails = Callable[[RandomFunction], bool]


def minimized(program: RandomFunction, fails: Fails, attempts: int = 600) -> RandomFunction:
    """The smallest program found that `fails`, after so many attempts at most."""
    left = attempts

    def still(candidate: RandomFunction) -> bool:
        nonlocal left
        left -= 1
        return fails(candidate)

    for text in program.arguments if len(program.arguments) > 1 else ():
        alone = RandomFunction(program.source, (text,))
        if still(alone):
            program = alone
            break
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _smaller(program):
            if left <= 0:
                break
            if still(candidate):
                program, smaller = candidate, True
                break
    return program


def _smaller(program: RandomFunction) -> Iterator[RandomFunction]:
    """Programs one step smaller, the greatest steps first."""
    for text in _edited(program.source):
        yield RandomFunction(text, program.arguments)
    for number, made in enumerate(program.arguments):
        for text in _edited(made):
            yield RandomFunction(program.source, (*program.arguments[:number], text, *program.arguments[number + 1 :]))


def _edited(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    count = len(list(_edits(tree)))
    found: dict[str, None] = {}
    for number in range(count):
        other = copy.deepcopy(tree)
        list(_edits(other))[number]()
        try:
            text = ast.unparse(ast.fix_missing_locations(other)) + "\n"
            compile(text, "<smaller>", "exec")
        except (SyntaxError, ValueError):
            continue
        if len(text) < len(source) or (len(text) == len(source) and text < source):
            found[text] = None
    return iter(sorted(found, key=len))


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
