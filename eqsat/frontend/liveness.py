"""Which names a piece of a function assigns, and whether it may read one before it assigns it.

Asked before a loop or branch is translated, to know what must be carried around it. Answers err on the side of
reading: a name that is carried for nothing costs nothing, one that is not carried would be wrong.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum


class First(Enum):
    """What happens to a name first, on every way through some statements."""

    READ = "read on some way before it is written"
    WRITTEN = "written on every way, or no way goes on"
    NEITHER = "perhaps written, not read"


def assigned(parts: Iterable[ast.AST]) -> tuple[str, ...]:
    """The names that these statements bind, each once, in order of appearance."""
    return tuple(dict.fromkeys(name for part in parts for name in _bound(part)))


@functools.lru_cache(maxsize=1024)
def _bound(part: ast.AST) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for node in _own(part):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names[node.id] = None
        elif isinstance(node, ast.FunctionDef):
            names[node.name] = None
    return tuple(names)


def first_use(statements: Sequence[ast.stmt], name: str, leaving_reads: bool) -> First:
    """What happens to `name` first. `leaving_reads`: `break` and `continue` count as reads, since it is read later."""
    for statement in statements:
        found = _of_statement(statement, name, leaving_reads)
        if found is not First.NEITHER:
            return found
    return First.NEITHER


def reads(part: ast.AST, name: str) -> bool:
    """Whether the name is read anywhere in it, inner functions included."""
    return name in _read(part)


@functools.lru_cache(maxsize=1024)
def _read(part: ast.AST) -> frozenset[str]:
    """The names that are read in a piece of code; asked once for each name that is assigned around it."""
    names: set[str] = set()
    for node in ast.walk(part):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return frozenset(names)


def read_by_inner(function: ast.AST, name: str) -> bool:
    """Whether a function defined within this one reads the name, whenever that is called."""
    return any(reads(inner, name) for inner in _functions(function))


def live_after(function: ast.AST, place: ast.stmt, name: str) -> bool:
    """Whether `name` may be read once `place` is done, before it is written again."""
    if read_by_inner(function, name):
        return True
    parents = _parents(function)
    while place in parents:
        parent, following = parents[place]
        found = first_use(following, name, True)
        if found is not First.NEITHER:
            return found is First.READ
        if isinstance(parent, ast.For | ast.While):
            around: list[ast.stmt] = [*parent.body, *parent.orelse]
            if isinstance(parent, ast.While):
                around.insert(0, ast.Expr(parent.test))
            written = isinstance(parent, ast.For) and name in assigned([parent.target])
            if not written and first_use(around, name, True) is First.READ:
                return True
        if not isinstance(parent, ast.stmt) or parent is function:
            return False
        place = parent
    return False


@functools.lru_cache(maxsize=32)
def _parents(function: ast.AST) -> dict[ast.stmt, tuple[ast.AST, list[ast.stmt]]]:
    """For every statement of a function: what it stands in, and the statements that follow it there."""
    found: dict[ast.stmt, tuple[ast.AST, list[ast.stmt]]] = {}
    stack: list[ast.AST] = [function]
    while stack:
        parent = stack.pop()
        for statements in (getattr(parent, field, None) for field in ("body", "orelse")):
            if isinstance(statements, list):
                for index, statement in enumerate(statements):
                    found[statement] = (parent, statements[index + 1 :])
                    stack.append(statement)
    return found


@functools.lru_cache(maxsize=32)
def _functions(function: ast.AST) -> tuple[ast.AST, ...]:
    """The functions defined within one: they may read its names whenever they are called."""
    inner = (n for n in ast.walk(function) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not function)
    return tuple(inner)


def has_leaving(statements: Sequence[ast.stmt], kind: type[ast.Break] | type[ast.Continue]) -> bool:
    """Whether a `break` or `continue` in there leaves the loop whose body these statements are."""
    for statement in statements:
        if isinstance(statement, kind):
            return True
        if isinstance(statement, ast.If) and (has_leaving(statement.body, kind) or has_leaving(statement.orelse, kind)):
            return True
        if isinstance(statement, ast.For | ast.While) and has_leaving(statement.orelse, kind):
            return True
    return False


def has_inner_return(statements: Sequence[ast.stmt]) -> bool:
    """Whether a `return` stands inside a branch or loop."""
    inner = (s for s in statements if isinstance(s, ast.If | ast.For | ast.While))
    return any(isinstance(node, ast.Return) for s in inner for node in _own(s))


def leaves(statements: Sequence[ast.stmt]) -> bool:
    """Whether no way reaches the end of these statements."""
    for statement in statements:
        if isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue):
            return True
        if isinstance(statement, ast.If) and leaves(statement.body) and leaves(statement.orelse):
            return True
    return False


def _own(part: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a piece of code, without the insides of functions and comprehensions, in order of appearance."""
    stack = [part]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ListComp | ast.GeneratorExp):
            stack += reversed(list(ast.iter_child_nodes(node)))


def _of_statement(node: ast.stmt, name: str, leaving_reads: bool) -> First:
    match node:
        case ast.If(test, body, orelse):
            return First.READ if reads(test, name) else _both(body, orelse, name, leaving_reads)
        case ast.While(test, body, orelse):
            inside = First.READ if reads(test, name) else first_use(body, name, leaving_reads)
            return First.READ if inside is First.READ else _maybe(orelse, name, leaving_reads)
        case ast.For(target, iter_, body, orelse):
            if reads(iter_, name):
                return First.READ
            inside = First.WRITTEN if name in assigned([target]) else first_use(body, name, leaving_reads)
            return First.READ if inside is First.READ else _maybe(orelse, name, leaving_reads)
        case ast.Break() | ast.Continue():
            return First.READ if leaving_reads else First.WRITTEN
        case ast.Return() | ast.Raise():
            return First.READ if reads(node, name) else First.WRITTEN
        case ast.FunctionDef():
            return First.READ if reads(node, name) else First.WRITTEN if node.name == name else First.NEITHER
        case _:
            if reads(node, name):
                return First.READ
            return First.WRITTEN if name in assigned([node]) else First.NEITHER


def _both(body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], name: str, leaving_reads: bool) -> First:
    ways = {first_use(body, name, leaving_reads), first_use(orelse, name, leaving_reads)}
    if First.READ in ways:
        return First.READ
    return First.WRITTEN if ways == {First.WRITTEN} else First.NEITHER


def _maybe(statements: Sequence[ast.stmt], name: str, leaving_reads: bool) -> First:
    """After a loop, which may have run or not."""
    found = first_use(statements, name, leaving_reads)
    return First.READ if found is First.READ else First.NEITHER
