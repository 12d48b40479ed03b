"""One exception class per situation that the reader is in; the docstring of each is the cure.

A message has at most six lines: what, where, the source line, carets, the types or shapes at hand, and what
to do instead. Where NumPy or Python raise an exception of their own, eqsat lets them: the undecorated function is
run and raises it (see `PythonRaises`).
"""

from __future__ import annotations

from eqsat.ir.span import NOWHERE, Span


class EqsatError(Exception):
    """The base of everything that eqsat itself raises."""

    def __init__(self, what: str, span: Span = NOWHERE, have: str = "", instead: str = "") -> None:
        self.what, self.span, self.have, self.instead = what, span, have, instead
        super().__init__(self._report())

    def _report(self) -> str:
        lines = [self.what]
        if self.span is not NOWHERE:
            lines += [f"  {self.span}", self.span.caret()]
        if self.have:
            lines.append(f"  {self.have}")
        if self.instead:
            lines.append(f"  instead: {self.instead}")
        return "\n".join(lines)


class UnsupportedError(EqsatError, NotImplementedError):
    """The program is right, and eqsat does not compile this part of it yet.

    Cure: follow the line `instead:`; or compute that part outside the jitted function and pass it in.
    """


class UnknownNumberError(UnsupportedError):
    """A number must be known before the call: use a constant, or an integer argument."""


class LayoutsDifferError(UnsupportedError):
    """A name holds arrays that lie in memory in different orders: copy the first one into the order of the others."""


class TypingError(EqsatError, TypeError):
    """An argument, or the operands of an expression, have types that eqsat cannot give a meaning.

    Cure: convert what the message names, with `np.asarray(x)` or `x.astype(dtype)`, before the call.
    """


class UndefinedNameError(EqsatError, NameError):
    """A name has no value where it is read, in the function, its closure, its module or the builtins."""


class UnknownAttributeError(EqsatError, AttributeError):
    """A module or value has no attribute of that name."""


class SourceError(EqsatError, OSError):
    """The source text of a function cannot be read, so there is nothing to compile.

    Cure: define the function in a file or a notebook cell, not by `exec` or `eval`.
    """


class RuleError(EqsatError, ValueError):
    """A rewrite rule is ill-formed; the message names the rule and the line where it was written."""


class InternalError(EqsatError, RuntimeError):
    """A promise that eqsat makes to itself was broken: a bug of eqsat, never of the program.

    Cure: `EQSAT_DISABLE=1` runs plain Python meanwhile; please report the message.
    """


class PythonRaises(Exception):
    """Signals to the dispatcher that NumPy or Python raises for these arguments: run the function as it stands.

    Never seen by users: the exception that they see is NumPy's own.
    """

    def __init__(self, reason: str, span: Span = NOWHERE) -> None:
        self.reason, self.span = reason, span
        super().__init__(reason)


class RuleWarning(UserWarning):
    """A rule made two different things equal, and was left out of the program that it spoiled.

    Cure: `eqsat.verify(rule)` finds values for which its sides differ; correct the rule, or guard it with `when=`.
    """


class PluginError(EqsatError, ImportError):
    """A package that announces rules in the entry-point group `eqsat.plugins` could not be loaded.

    Cure: repair or remove that package, or turn plug-ins off with the environment variable EQSAT_NO_PLUGINS=1.
    """


class PlainPythonWarning(UserWarning):
    """A call was answered by the undecorated function because eqsat expected it to raise and it did not."""
