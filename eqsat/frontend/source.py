"""The source text of a Python function, as an AST whose every node has a place.

Called by the translation for the jitted function and for every helper that it inlines. A function is found in its
file by the line of its code object; lambdas of one line are told apart by the columns of their byte code. Refused
with `SourceError`: functions without source text (made by `exec`), and text that no longer is what was loaded.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType

from eqsat.errors import SourceError
from eqsat.frontend.matching import match_to_if
from eqsat.ir.span import Span

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Placed = ast.expr | ast.stmt | ast.arg | ast.keyword


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A function's AST. `lines` are the text that was parsed; line 1 of it is line `first_line` of the file."""

    node: FunctionNode
    file: str
    name: str
    lines: tuple[str, ...]
    first_line: int

    def span(self, node: Placed | None = None) -> Span:
        """Where `node` stands; of what is longer than a line, its first line; by default, the function's head."""
        place = self.node if node is None else node
        line = self.lines[place.lineno - 1]
        start = _characters(line, place.col_offset)
        if place.end_lineno == place.lineno and place.end_col_offset is not None:
            end = _characters(line, place.end_col_offset)
        else:
            end = len(line.rstrip())
        return Span(self.file, self.first_line + place.lineno - 1, start, end, line, self.name)

    def inner(self, node: FunctionNode) -> Source:
        """A function defined within this one."""
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        return Source(node, self.file, name, self.lines, self.first_line)


def parse(function: FunctionType) -> Source:
    """The source of a function made by `def` or `lambda`; read once for each code object.

    The cache is by identity: equal code objects may stand in different files.
    """
    code = function.__code__
    found = _PARSED.get(id(code))
    if found is None or found[0]() is not code:
        key = id(code)
        found = (weakref.ref(code, lambda _: _PARSED.pop(key, None)), _parse(function))
        _PARSED[key] = found
    return found[1]


_PARSED: dict[int, tuple[weakref.ref[CodeType], Source]] = {}


def _parse(function: FunctionType) -> Source:
    code = function.__code__
    file, line, name = code.co_filename, code.co_firstlineno, code.co_name
    linecache.checkcache(file)
    lines = linecache.getlines(file, function.__globals__)
    if not lines:
        raise _unreadable(name, file)
    if name == "<lambda>":
        found = _lambdas(code, lines)
        if len(found) > 1:
            raise SourceError(
                f"line {line} of {file} has {len(found)} lambdas that cannot be told apart",
                instead="put each on a line of its own, or use def",
            )
    else:
        found = _definitions(code, lines)
    if not found and file == "<string>":
        # Text given to exec has this name, and so, since Python 3.13, has the text of `python -c`.
        raise _unreadable(name, file)
    if not found:
        raise SourceError(
            f"line {line} of {file} is not the function `{name}` that was loaded",
            have="the file was changed after it was imported",
            instead="import it again, or restart Python",
        )
    return found[0]


def _definitions(code: CodeType, lines: Sequence[str]) -> list[Source]:
    """A `def`: only its own block of lines is parsed, however long the file is."""
    try:
        block = inspect.getblock(lines[code.co_firstlineno - 1 :])
        # An indented block is put under an `if`, not dedented: lines of its strings may stand further left.
        above = ["if True:\n"] if block[0][:1].isspace() else []
        tree = ast.parse("".join([*above, *block]))
    except (SyntaxError, IndexError):
        return []
    texts = tuple(line.rstrip("\r\n") for line in (*above, *block))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name != code.co_name or not _agrees(node, code):
                return []
            match_to_if(node)
            return [Source(node, code.co_filename, code.co_name, texts, code.co_firstlineno - len(above))]
    return []


def _lambdas(code: CodeType, lines: Sequence[str]) -> list[Source]:
    """A `lambda` may begin anywhere in an expression over many lines, so the whole file is parsed."""
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return []
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno and _agrees(node, code)
    ]
    if len(found) > 1:
        found = [node for node in found if _yields(node.body, code)] or found
    if len(found) > 1 and len({ast.dump(node) for node in found}) == 1:
        del found[1:]
    texts = tuple(line.rstrip("\r\n") for line in lines)
    return [Source(node, code.co_filename, code.co_name, texts, 1) for node in found]


def _yields(body: ast.expr, code: CodeType) -> bool:
    """Whether some instruction stands for the whole of `body`, as the one that returns its value does."""
    place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    return place in set(code.co_positions())


def _agrees(node: FunctionNode, code: CodeType) -> bool:
    """Whether the text can be what the code was made from: the same parameters, and no name that the code lacks."""
    arguments = node.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if list(map(_unmangled, named)) != list(map(_unmangled, parameters)):
        return False
    known = set(map(_unmangled, _names_of(code)))
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return all(_unmangled(name) in known for part in body for name in _names_in(part))


def _names_in(part: ast.AST) -> Iterator[str]:
    """The names and attributes that the compiler is sure to have kept."""
    stack = [part]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and node.id != "__debug__":
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        if isinstance(node, ast.AnnAssign):  # annotations of local names are never evaluated
            stack += [node.target, node.value] if node.value else []
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):  # theirs may be kept as text
            stack += [node.args, *node.body, *node.decorator_list]
        elif not isinstance(node, ast.arg | ast.If | ast.While | ast.IfExp | ast.Assert | ast.BoolOp | ast.JoinedStr):
            stack += ast.iter_child_nodes(node)  # what is left out may have branches that were dropped


def _names_of(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)


def _unmangled(name: str) -> str:
    """`_Class__name` as `__name`: the code of a class mangles names with two underscores, its text does not."""
    head, separator, tail = name.partition("__")
    return f"__{tail}" if separator and head[:1] in ("_", "") and not name.endswith("__") else name


def _characters(line: str, column: int) -> int:
    """The AST counts columns in bytes of UTF-8."""
    return len(line.encode()[:column].decode(errors="ignore"))


def _unreadable(name: str, file: str) -> SourceError:
    return SourceError(
        f"the source of `{name}` cannot be read: there is no text of {file}",
        instead="define the function in a file or a notebook cell, not by exec or eval",
    )
