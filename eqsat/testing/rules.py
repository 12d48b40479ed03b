"""Assertions about rules: that they hold, and that they are used.

`assert_rules_hold` tries every rule of a book or module; `assert_rule_fires` looks into the program that a function was
compiled to. Called by tests, ours and our users', and by the pytest plug-in.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from eqsat.rules.api import Rule, RuleBook, Structural
from eqsat.rules.certificate import certify
from eqsat.testing.memory import clones


def assert_rules_hold(*given: Rule | RuleBook | ModuleType | Iterable[Any]) -> None:
    """Every rule holds: of books, of modules in which rules or books have names, of collections, or given alone.

    Each is tried on everything small and on the values at which arithmetic changes its ways. All that fail are
    reported, each with the values for which it does. Raises ValueError if there is no rule at all.

    >>> from eqsat import Float, rule
    >>> @rule
    ... def doubled(x: Float):
    ...     "Doubling is exact."
    ...     return x + x, 2 * x
    >>> assert_rules_hold(doubled)
    >>> @rule
    ... def plus_zero(x: Float):
    ...     "Wrong for -0.0."
    ...     return x + 0.0, x
    >>> assert_rules_hold(plus_zero)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: plus_zero: add(x, 0.0) = x does not hold
    ...
    """
    found = rules_of(given)
    if not found:
        raise ValueError("there are no rules to check")
    failures = [text for one in found if (text := failure(one)) is not None]
    if failures:
        total = f"{len(failures)} of {len(found)} rules fail\n" if len(found) > 1 else ""
        raise AssertionError(total + "\n".join(failures))


def rules_of(given: Any) -> list[Rule]:
    """The rules in what `assert_rules_hold` takes, each once, in order. Raises TypeError for what holds no rules."""
    found: dict[int, Rule] = {}
    _collect(given, found)
    return list(found.values())


def _collect(given: Any, found: dict[int, Rule]) -> None:
    if isinstance(given, Rule):
        found[id(given)] = given
    elif isinstance(given, Structural):
        pass  # no NumPy expression states it, so there are no two sides to compute
    elif isinstance(given, ModuleType):
        for value in vars(given).values():
            if _holds_rules(value):
                _collect(value, found)
    elif isinstance(given, Iterable) and not isinstance(given, str):
        for one in given:
            _collect(one, found)
    else:
        raise TypeError(f"expected rules, books of rules or modules, not {given!r}")


def _holds_rules(value: Any) -> bool:
    """Whether a name of a module stands for rules: a rule, a book, or a list or tuple of these."""
    if isinstance(value, list | tuple):
        return bool(value) and all(_holds_rules(one) for one in value)
    return isinstance(value, Rule | RuleBook | Structural)


def failure(rule: Rule) -> str | None:
    """What is wrong with a rule, and where it stands; None if it holds."""
    certificate = certify(rule)
    if certificate.holds:
        return None
    return f"{rule} does not hold\n  {rule.span}\n  {certificate.counterexample}"


def assert_rule_fires(rule: Rule | str, function: Any, *args: Any, **kwargs: Any) -> None:
    """The program that is chosen for these arguments came about by the rule, given itself or by name.

    The function is compiled anew, so that it does not matter what it was called with before.

    >>> import numpy as np
    >>> from eqsat import jit
    >>> @jit
    ... def twice_turned(a):
    ...     return -(-a)
    >>> assert_rule_fires("negative_of_negative", twice_turned, np.ones(3))
    >>> assert_rule_fires("square_to_product", twice_turned, np.ones(3))
    Traceback (most recent call last):
    AssertionError: rule square_to_product did not fire in twice_turned; these did: negative_of_negative
    """
    if not hasattr(function, "py_func"):
        raise TypeError(f"assert_rule_fires expects a jitted function, not {function!r}")
    name = rule if isinstance(rule, str) else rule.name
    used = rules_used(function, args, kwargs)
    if name not in used:
        others = ", ".join(used) or "none"
        raise AssertionError(f"rule {name} did not fire in {function.py_func.__name__}; these did: {others}")


def rules_used(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
    """The names of the rules that led to the program chosen for these arguments."""
    fresh = type(function)(function.py_func, function._stages, function._fallback, function.options)
    values = clones([*args, *kwargs.values()])
    named = dict(zip(kwargs, values[len(args) :], strict=True))
    fresh(*values[: len(args)], **named)
    try:
        explanation = fresh.explain()
    except ValueError:
        raise AssertionError(f"{function.py_func.__name__} was run as plain Python, so that no rule fired") from None
    return tuple(dict.fromkeys(name for name, _ in explanation.rules))
