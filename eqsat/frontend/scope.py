"""Where a name is looked up while a function is being translated.

A `Translation` is one specialization in the making; a `Scope` is one call within it: the jitted function's own, or
that of a helper translated in place. Called by the translation of expressions and statements. Names follow Python's
rules: a name bound anywhere in a function is local to it, and inner functions see the enclosing one's names as they
are when they are called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.arguments import PYTHON_TYPES, memory_of, sizes_of, strides_of, type_of
from eqsat.frontend.builder import Builder
from eqsat.frontend.captures import Captures, Home
from eqsat.frontend.control import Control, Meeting
from eqsat.frontend.library import Call, Library
from eqsat.frontend.source import FunctionNode, Placed, Source
from eqsat.frontend.values import Known, Maybe, SliceValue, TupleValue, Value
from eqsat.ir.nodes import Node
from eqsat.ir.region import Identical, Param
from eqsat.ir.span import Span

STATIC_TYPES = (*PYTHON_TYPES, str, bytes, type(None), type(Ellipsis), ModuleType, np.finfo, np.iinfo)
"""Types of the immutable objects that can be known while translating, beside dtypes, NumPy scalars and callables."""


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function defined within a jitted one: its text, where it was defined, and its defaults by name."""

    source: Source
    scope: Scope
    defaults: Mapping[str, Value]

    @property
    def __name__(self) -> str:
        return self.source.name


Inline = Callable[["Scope", FunctionType | LocalFunction, Call], Value]


@dataclass(slots=True)
class Translation:
    """One specialization in the making.

    `inline` translates a call of a Python function in place. `params` are the arguments, then the arrays found in
    globals and closures, `memory` the lowest address of each and the one behind its highest, `objects` equal numbers
    for those that are one object, `identical` where that was asked. `calls` counts what was inlined, `scopes` are those
    whose names can still be read. `met`: what the names of a loop were found to hold, so that translating it again
    begins with that.
    """

    builder: Builder
    library: Library
    inline: Inline
    params: list[Param]
    memory: dict[int, tuple[int, int]]
    objects: dict[int, int]
    identical: dict[tuple[int, int], Identical] = field(default_factory=dict[tuple[int, int], Identical])
    captures: Captures = field(default_factory=Captures)
    calls: int = 0
    scopes: list[Scope] = field(default_factory=list)
    met: dict[object, Meeting] = field(default_factory=dict)
    _arrays: dict[int, Node] = field(default_factory=dict)

    def static(self, value: object, name: str, span: Span) -> Value:
        """A Python object found in a global, closure, module or default, as a value."""
        if type(value) is tuple:
            return TupleValue(tuple(self.static(item, name, span) for item in value))
        if type(value) is slice:
            return SliceValue(Known(value.start), Known(value.stop), Known(value.step))
        if isinstance(value, np.ndarray):
            return self._captured(value, name, span)
        if isinstance(value, np.generic):
            type_of(value, 0, name, span)
            return Known(value)
        if type(value) in STATIC_TYPES or isinstance(value, np.dtype) or callable(value):
            return Known(value)
        kind = type(value).__qualname__
        remedies = {
            "list": "make it a tuple, or np.asarray(...) of it, outside the function",
            "dict": "bind what you need of it to global names",
            "set": "make it a tuple",
        }
        raise UnsupportedError(
            f"`{name}` is {'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}, which eqsat cannot compile",
            span,
            instead=remedies.get(kind, "bind its numbers and arrays to global names, or pass them as arguments"),
        )

    def _captured(self, array: np.ndarray, name: str, span: Span) -> Node:
        if id(array) not in self._arrays:
            index = len(self.params)
            type_ = type_of(array, index, name, span)
            self.builder.sizes.update(sizes_of([array], index))
            if self.builder.facts.strides is not None:
                self.builder.facts.strides.update(strides_of([array], index))
            self.params.append(Param(name, type_, array))
            self.memory[index] = memory_of([array])[0]
            self.objects[index] = id(array)
            self._arrays[id(array)] = self.builder.param(index, type_, span)
            if not array.flags.writeable:
                self.builder.locked.add(self._arrays[id(array)])
        return self._arrays[id(array)]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One call of one function: its local names so far.

    `home` holds the globals and closure in reach; `enclosing` the scope that an inner
    function was defined in; `depth` how many calls this one is inside of.
    """

    translation: Translation
    source: Source
    home: Home
    enclosing: Scope | None
    depth: int
    local: frozenset[str]
    values: dict[str, Value | Maybe] = field(default_factory=dict)
    control: Control = field(default_factory=Control)

    @staticmethod
    def of(
        translation: Translation,
        source: Source,
        home: Home,
        enclosing: Scope | None,
        depth: int,
        local: frozenset[str] | None = None,
    ) -> Scope:
        """A fresh scope for a call of the function `source`, or of a part of it with names of its own."""
        return Scope(translation, source, home, enclosing, depth, bound_names(source.node) if local is None else local)

    @property
    def builder(self) -> Builder:
        return self.translation.builder

    def span(self, node: Placed) -> Span:
        return self.source.span(node)

    def read(self, node: ast.Name) -> Value:
        """The value of a name."""
        span, name = self.span(node), node.id
        scope: Scope | None = self
        while scope is not None:
            if name in scope.local:
                if name not in scope.values:
                    raise PythonRaises(f"`{name}` is read before it has a value", span)
                return self._held(scope.values[name])
            scope = scope.enclosing
        if name == "__debug__":
            return Known(__debug__)
        found = self.translation.captures.name(self.home, name, span)
        return self.translation.static(found, name, span)

    def _held(self, value: Value | Maybe) -> Value:
        if isinstance(value, Maybe):
            self.builder.check(value.bound)
            return value.value
        return value

    def restore(self, values: Mapping[str, Value | Maybe]) -> None:
        """The names hold what they held before."""
        self.values.clear()
        self.values.update(values)


def bound_names(node: FunctionNode) -> frozenset[str]:
    """The local names of a function: its parameters, and whatever a statement of its own binds."""
    arguments = node.args
    names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    names |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None}
    stack: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and part.name:
            names.add(part.name)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(part.name)  # what it binds inside is its own
        elif not isinstance(part, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            stack += ast.iter_child_nodes(part)
    return frozenset(names)
