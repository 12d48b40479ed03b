"""The options of `@jit`, normalized: what a dispatcher and the pipeline carry; and rules in use for a while.

Made by `eqsat.compose` from what users write; refuses what `eqsat.ir.flags.granted` refuses, rules that are none, and
unknown words for `verify`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast, get_args

from eqsat.ir.flags import granted
from eqsat.rules.api import Rule, RuleBook, Verify, rules

GivenRules = Rule | RuleBook | Iterable[Rule | RuleBook]
"""What `rules=` takes."""

NO_RULES = rules()


@dataclass(frozen=True, slots=True)
class Options:
    """How a function is to be compiled.

    Without `boundscheck`, indices that are out of range do anything. `flags`: the fast-math flags that are granted.
    `rules`: the user's, beside those of the book. `verify`: when these are checked.
    """

    boundscheck: bool = True
    flags: frozenset[str] = frozenset()
    rules: RuleBook = NO_RULES
    verify: Verify = "once"

    @staticmethod
    def of(
        *, boundscheck: bool, fastmath: object, rules: GivenRules | None = None, verify: str | None = None
    ) -> Options:
        """The options that users gave, each checked; rules in use (`use_rules`) come first."""
        around = _IN_USE.get(_NOTHING)
        word = around.verify if verify is None else verify
        if word not in get_args(Verify):
            raise ValueError(f'verify={word!r} is not "always", "once" or "never"')
        own = _book(rules) if rules is not None else NO_RULES
        return Options(boundscheck, granted(fastmath), around.rules + own, cast(Verify, word))


DEFAULT = Options()


def _book(given: GivenRules) -> RuleBook:
    if isinstance(given, Rule | RuleBook):
        return rules(given)
    if isinstance(given, str) or not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"rules= takes rules and books of rules, not {given!r}")
    return rules(*given)


@dataclass(frozen=True, slots=True)
class _InUse:
    rules: RuleBook = NO_RULES
    verify: Verify = "once"


_NOTHING = _InUse()
_IN_USE: ContextVar[_InUse] = ContextVar("eqsat rules in use")


@contextmanager
def use_rules(*given: Rule | RuleBook, verify: Verify = "once") -> Generator[RuleBook]:
    """Functions that are decorated with `@jit` inside the block are compiled with these rules too.

    Blocks nest; `@jit(rules=...)` adds to them. Functions that are jitted already keep the rules that they have.

    >>> import numpy as np
    >>> from eqsat import Float, jit, rule, use_rules
    >>> @rule(requires={"afn"})
    ... def log_of_power(x: Float):
    ...     "log(x^2) = 2 log|x|"
    ...     return np.log(x * x), 2.0 * np.log(np.abs(x))
    >>> with use_rules(log_of_power):
    ...     @jit(fastmath=True)
    ...     def f(x):
    ...         return np.log(x * x)
    >>> log_of_power.name in f.options.rules
    True
    """
    around = _IN_USE.get(_NOTHING)
    book = around.rules + rules(*given)
    token = _IN_USE.set(_InUse(book, verify))
    try:
        yield book
    finally:
        _IN_USE.reset(token)
