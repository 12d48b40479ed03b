"""What a function reads from outside itself: globals, builtins, closure cells, attributes of the user's modules.

Every read is recorded as a `Capture`, which the entry point compares by identity at each call, so that a rebound
name is never answered with what it was. Attributes of NumPy's modules and of `math` are not recorded: they are taken
as constant. The code and the defaults of helpers count as well. Called by the scopes of the translation.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CellType, FunctionType, ModuleType

from eqsat.errors import PythonRaises, UndefinedNameError, UnknownAttributeError, UnsupportedError
from eqsat.ir.region import ABSENT, Capture
from eqsat.ir.span import Span

CONSTANT_MODULES = ("numpy", "math", "cmath")
"""Modules whose attributes nobody rebinds, with their submodules."""


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """Where a function finds what is not local to it."""

    closure: Mapping[str, CellType]
    namespace: dict[str, object]
    builtins: dict[str, object]

    @staticmethod
    def of(function: FunctionType) -> Home:
        """The surroundings of a Python function."""
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        return Home(cells, function.__globals__, function.__builtins__)


@dataclass(frozen=True, slots=True)
class Captures:
    """The reads so far, each place once."""

    found: dict[tuple[int, str], Capture] = field(default_factory=dict)

    def name(self, home: Home, name: str, span: Span) -> object:
        """What `name`, which is no local name, holds: a closure cell, a global or a builtin."""
        if name in home.closure:
            return self._cell(home.closure[name], name, span)
        namespace, builtins = home.namespace, home.builtins
        if name in namespace:
            return self._record(namespace, name, namespace[name])
        if name in builtins:
            self._record(namespace, name, ABSENT)
            return self._record(builtins, name, builtins[name])
        near = difflib.get_close_matches(name, [*namespace, *builtins], 1)
        raise UndefinedNameError(f"`{name}` is not defined", span, instead=f"did you mean `{near[0]}`?" if near else "")

    def attribute(self, module: ModuleType, name: str, text: str, span: Span) -> object:
        """`module.name`, where `text` is the module as the user wrote it."""
        namespace = vars(module)
        if module.__name__.partition(".")[0] in CONSTANT_MODULES:
            try:
                return getattr(module, name)
            except AttributeError:
                pass
        elif name in namespace:
            return self._record(namespace, name, namespace[name])
        elif "__getattr__" in namespace:
            raise UnsupportedError(
                f"`{text}.{name}` is computed by `__getattr__` of module {module.__name__}",
                span,
                instead=f"bind it to a global name first: {name} = {text}.{name}",
            )
        near = difflib.get_close_matches(name, dir(module), 1)
        raise UnknownAttributeError(
            f"module {module.__name__} has no attribute `{name}`",
            span,
            instead=f"did you mean `{text}.{near[0]}`?" if near else "",
        )

    def code(self, function: FunctionType) -> None:
        """The body of a helper is read."""
        self._record(function, "__code__", function.__code__)

    def default(self, function: FunctionType, name: str) -> object:
        """The default of a parameter of a helper; `ABSENT` if it has none."""
        code = function.__code__
        keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if name in keyword_only:
            named = function.__kwdefaults__
            self._record(function, "__kwdefaults__", named)
            return ABSENT if named is None or name not in named else self._record(named, name, named[name])
        values = function.__defaults__
        self._record(function, "__defaults__", values)
        positional = code.co_varnames[: code.co_argcount]
        return dict(zip(reversed(positional), reversed(values or ()), strict=False)).get(name, ABSENT)

    def _cell(self, cell: CellType, name: str, span: Span) -> object:
        try:
            value = cell.cell_contents
        except ValueError:
            raise PythonRaises(f"`{name}` has no value yet in the enclosing function", span) from None
        return self._record(cell, name, value)

    def _record(self, namespace: dict[str, object] | CellType | FunctionType, name: str, value: object) -> object:
        self.found.setdefault((id(namespace), name), Capture(namespace, name, value))
        return value


def is_of_numpy(value: object) -> bool:
    """Whether a function or class was defined by NumPy, so that it is never translated from its source."""
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
    if not isinstance(module, str):
        return False
    return module.partition(".")[0] == "numpy"


def refuse_unless_plain(function: FunctionType, span: Span) -> None:
    """Refuse a function whose call does not run its body at once."""
    flags = function.__code__.co_flags
    if flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise UnsupportedError(f"`{function.__name__}` is an `async` function", span, instead="use def")
    if flags & inspect.CO_GENERATOR:
        raise UnsupportedError(f"`{function.__name__}` is a generator", span, instead="return a tuple")
