"""The dispatcher: what `@jit` puts in a function's place.

Calls go to native code (`install`, from the code generator's callable type, with which `eqsat.compose` joins this
class). This module is everything else: what happens when no specialization accepts a call, when a check fails or
a floating-point flag asks for NumPy's warning, and the methods with which users look inside.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TextIO, overload

from eqsat.errors import PlainPythonWarning, PythonRaises, UnsupportedError
from eqsat.options import DEFAULT, Options

if TYPE_CHECKING:
    from eqsat.explain import Explanation
    from eqsat.explain.page import Page
    from eqsat.explain.why import Answer
    from eqsat.ir.types import Type
    from eqsat.pipeline import Specialization, Stages
    from eqsat.rules.api import Rule

_UNSUPPORTED_KINDS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Dispatcher:
    """A compiled function. It is called like the original, `py_func`, and gives what the original gives.

    Specializations are compiled at the first call with new argument types, and kept. `signatures`, `inspect_types`,
    `inspect_loops`, `inspect_llvm`, `inspect_asm` and `explain` show them.
    """

    def __init__(
        self, function: types.FunctionType, stages: Callable[[], Stages], fallback: int, options: Options = DEFAULT
    ) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self.options = options
        self._stages = stages
        self._fallback = fallback
        self._specializations: list[Specialization] = []
        self._retired: list[Specialization] = []
        self._compiled = 0
        self._lock = threading.RLock()
        self._trying = threading.local()
        self._disabled = os.environ.get("EQSAT_DISABLE") == "1"
        self._signature = inspect.signature(function)
        kinds = [parameter.kind for parameter in self._signature.parameters.values()]
        self._keyword_only = inspect.Parameter.KEYWORD_ONLY in kinds
        self._variadic = any(kind in _UNSUPPORTED_KINDS for kind in kinds)
        self._count = len(kinds)
        self._positional: Dispatcher | None = None

    def install(self, address: int) -> None:
        """Send calls to native code at `address` (0: to `__call__`). Given by the class that this is joined with."""
        raise NotImplementedError

    # -- calls ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._miss(*args, **kwargs)

    def _miss(self, *args: Any, **kwargs: Any) -> Any:
        """A call that no native code accepted: bind it, or compile for it."""
        if self._disabled:
            return self.py_func(*args, **kwargs)
        if self._variadic:
            raise UnsupportedError(
                f"`{self.py_func.__name__}` takes starred parameters, which eqsat does not compile",
                instead="name each parameter",
            )
        if kwargs or len(args) != self._count or self._keyword_only:
            return self._bound(args, kwargs)
        if getattr(self._trying, "args", None) == tuple(map(id, args)):
            return self._as_python(args, PythonRaises("the new specialization does not accept its own arguments"))
        before = self._compiled
        with self._lock:
            mine = self._compiled == before
            reason = self._compile(args) if mine else None  # else another thread did, perhaps for these types
        if reason is not None:
            return self._as_python(args, reason)
        return self._first_call(args) if mine else self(*args)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Put keywords and defaults in their places and call again, by position alone."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return self.py_func(*args, **kwargs)  # raises Python's own message
        bound.arguments = {**self._defaults(), **bound.arguments}
        ordered = tuple(bound.arguments[name] for name in self._signature.parameters)
        if not self._keyword_only:
            return self(*ordered)
        if self._positional is None:
            self._positional = self._as_positional()
        return self._positional(*ordered)

    def _defaults(self) -> dict[str, Any]:
        """Read at each call: `__defaults__` may be rebound."""
        named = list(self._signature.parameters)
        code = self.py_func.__code__
        positional = named[: code.co_argcount]
        values = self.py_func.__defaults__ or ()
        defaults = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
        return {**defaults, **(self.py_func.__kwdefaults__ or {})}

    def _as_positional(self) -> Dispatcher:
        """A second dispatcher whose native code takes the keyword-only parameters by position."""
        other = type(self)(self.py_func, self._stages, self._fallback, self.options)
        other._keyword_only = False
        other._specializations = self._specializations
        other._retired = self._retired
        return other

    def _compile(self, args: tuple[Any, ...]) -> PythonRaises | None:
        """Add a specialization for the arguments, or say why Python would raise for them."""
        from eqsat.pipeline import specialize

        try:
            new = specialize(self.py_func, args, self._stages(), self.options)
        except PythonRaises as reason:
            return reason.with_traceback(None)  # whose frames would keep the arguments alive
        stale = [old for old in self._specializations if not all(c.holds() for c in old.region.captures)]
        self._retired += stale  # another thread may still be running their code
        self._compiled += 1
        self._specializations[:] = [new, *(old for old in self._specializations if old not in stale)]
        following = self._fallback
        for specialization in reversed(self._specializations):
            specialization.native.set_next(following)
            following = specialization.native.entry
        self.install(following)
        return None

    def _first_call(self, args: tuple[Any, ...]) -> Any:
        """Run the new code; should it refuse the very arguments that it was compiled for, do not compile again."""
        self._trying.args = tuple(map(id, args))
        try:
            return self(*args)
        finally:
            self._trying.args = None

    def _as_python(self, args: tuple[Any, ...], reason: PythonRaises) -> Any:
        result = self.py_func(*args)
        warnings.warn(
            f"`{self.py_func.__name__}` was run as plain Python: {reason} ({reason.span})",
            PlainPythonWarning,
            stacklevel=4,
        )
        return result

    def _rerun(self, *args: Any) -> Any:
        """A check failed: Python raises here, or leaves the range of int64."""
        return self.py_func(*args)

    def _flagged(self, _result: Any, _flags: int, args: tuple[Any, ...]) -> Any:
        """Floating-point events that `np.errstate` does not ignore came up: let NumPy warn, raise or call."""
        return self.py_func(*args)

    # -- looking inside -------------------------------------------------------------------------------------------

    @property
    def signatures(self) -> list[tuple[Type, ...]]:
        """The argument types of every specialization, oldest first."""
        return [specialization.types for specialization in reversed(self._specializations)]

    def inspect_types(self, file: TextIO | None = None, signature: tuple[Type, ...] | None = None) -> None:
        """Print the typed IR of every specialization, or of one (an item of `signatures`), to `file` or stdout."""
        from eqsat.ir.printer import show

        for specialization in self._chosen(signature):
            print(f"{self.py_func.__name__} {specialization.signature}", file=file or sys.stdout)
            print(show(specialization.region), file=file or sys.stdout)

    def inspect_loops(self, signature: tuple[Type, ...] | None = None) -> Any:
        """The loop nests: a dict from signatures to texts, or the text for one signature."""
        return self._texts(signature, lambda specialization: specialization.native.loops)

    def inspect_llvm(self, signature: tuple[Type, ...] | None = None) -> Any:
        """The LLVM IR: a dict from signatures to texts, or the text for one signature."""
        return self._texts(signature, lambda specialization: specialization.native.llvm)

    def inspect_asm(self, signature: tuple[Type, ...] | None = None) -> Any:
        """The assembly: a dict from signatures to texts, or the text for one signature."""
        return self._texts(signature, lambda specialization: specialization.native.asm())

    @overload
    def explain(self, signature: tuple[Type, ...] | None = ...) -> Explanation: ...
    @overload
    def explain(self, signature: tuple[Type, ...] | None = ..., *, rule: Rule | str) -> Answer: ...
    @overload
    def explain(self, signature: tuple[Type, ...] | None = ..., *, html: Literal[True]) -> Page: ...
    def explain(
        self, signature: tuple[Type, ...] | None = None, *, rule: Rule | str | None = None, html: bool = False
    ) -> Explanation | Answer | Page:
        """What was rewritten, by which rules, and what it saved, for the newest specialization or a given one.

        With `rule`, a rule or the name of one: what became of it, and if it did not take part, why not. With `html`,
        one HTML file that needs nothing else: `f.explain(html=True).save("f.html")`.

        Raises ValueError before the first call: nothing is compiled yet; KeyError if no rule has that name.
        """
        chosen = self._chosen(signature)
        if not chosen:
            raise ValueError(f"`{self.py_func.__name__}` has not been called yet, so there is nothing to explain")
        if rule is not None:
            if html:
                raise TypeError("explain() tells of a rule as text only: leave out html=True")
            from eqsat.explain.why import why

            return why(self.py_func.__name__, chosen[-1], rule, self.options.rules)
        from eqsat.explain import Explanation

        explanation = Explanation.of(self.py_func.__name__, chosen[-1])
        return explanation.page() if html else explanation

    def _chosen(self, signature: tuple[Type, ...] | None) -> list[Specialization]:
        known = list(reversed(self._specializations))
        if signature is None:
            return known
        found = [specialization for specialization in known if specialization.types == signature]
        if not found:
            raise KeyError(f"{signature} is not among the signatures of `{self.py_func.__name__}`")
        return found

    def _texts(self, signature: tuple[Type, ...] | None, text: Callable[[Specialization], str]) -> Any:
        chosen = self._chosen(signature)
        if signature is not None:
            return text(chosen[-1])
        return {specialization.types: text(specialization) for specialization in chosen}

    def __repr__(self) -> str:
        return f"<jitted {self.py_func.__qualname__}, {len(self._specializations)} specializations>"
