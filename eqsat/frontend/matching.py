"""`match` on numbers and strings, as the `if` that it stands for.

Done on the syntax tree, when a source is read, so that nobody else needs to know. A `match` with a pattern that takes
things apart stays as it is, and is refused where it is translated.
"""

from __future__ import annotations

import ast
from typing import TypeVar

T = TypeVar("T", bound=ast.AST)


def match_to_if(parent: ast.AST) -> None:
    """Replace every `match` below whose patterns are values, `|` of values and `_`."""
    for field in ("body", "orelse"):
        statements = getattr(parent, field, None)
        if isinstance(statements, list):
            statements[:] = [made for statement in statements for made in _replaced(statement)]


def _replaced(node: ast.stmt) -> list[ast.stmt]:
    if not isinstance(node, ast.Match):
        match_to_if(node)
        return [node]
    for case in node.cases:
        match_to_if(case)
    subject = f"match in line {node.lineno}"  # no name that a program could have
    whole: list[ast.stmt] = []
    for case in reversed(node.cases):
        try:
            test = _test(case.pattern, subject)
        except NotImplementedError:
            return [node]
        if case.guard is not None:
            test = case.guard if test is None else ast.BoolOp(ast.And(), [test, case.guard])
        if test is None:
            whole = list(case.body)
        else:
            whole = [_placed(ast.If(_placed(test, case.pattern), case.body, whole), case.pattern)]
    keep = ast.Assign([ast.Name(subject, ast.Store())], node.subject)
    return [_placed(keep, node.subject), *whole]


def _test(pattern: ast.pattern, subject: str) -> ast.expr | None:
    """What a pattern asks; None for one that takes everything."""
    read = ast.Name(subject, ast.Load())
    match pattern:
        case ast.MatchValue(value):
            return ast.Compare(read, [ast.Eq()], [value])
        case ast.MatchSingleton(value):
            return ast.Compare(read, [ast.Is()], [ast.Constant(value)])
        case ast.MatchOr(patterns):
            tests = [_test(part, subject) for part in patterns]
            known = [test for test in tests if test is not None]
            return None if len(known) < len(tests) else ast.BoolOp(ast.Or(), known)
        case ast.MatchAs(None, None):
            return None
        case _:
            raise NotImplementedError


def _placed(node: T, place: ast.AST) -> T:
    """A node that was made up stands where `place` does, and so do its parts."""
    for part in ast.walk(node):
        if isinstance(part, ast.expr | ast.stmt) and not hasattr(part, "lineno"):
            ast.copy_location(part, place)
    return node
