"""Assertions about rules: that they hold, and that they are used.

`assert_rules_hold` tries every rule of a book or module; `assert_rule_fires` looks into the program that a function was
compiled to. Called by tests, ours and our users', and by the pytest plug-in.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from eqsat.rules import certificate
from eqsat.rules.api import Rule, RuleBook, Structural
from eqsat.testing.memory import clones

Given = Rule | RuleBook | ModuleType | Iterable[Rule | Structural]
"""What has rules: a rule, a book, a module in which rules or books have names, or a collection of rules."""


def assert_rules_hold(*given: Given, seed: int = 0) -> None:
    """Every rule in what is given holds, by `eqsat.verify`: rules, books, modules, collections of rules.

    All that fail are reported, each with its line and with a counterexample that runs. `seed` chooses other random
    values. Raises ValueError if there is no rule at all, and what `eqsat.verify` raises.

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
    AssertionError: plus_zero: DOES NOT HOLD
    ...
    """
    found = rules_of(*given)
    if not found:
        raise ValueError("there are no rules to check")
    certificates = [certificate.verify(one, seed=seed) for one in found]
    failed = [one for one in certificates if not one.holds]
    if failed:
        total = f"{len(failed)} of {len(found)} rules do not hold\n\n" if len(found) > 1 else ""
        raise AssertionError(total + "\n".join(map(str, failed)))


def rules_of(*given: Given) -> list[Rule]:
    """The rules in what is given, each once. Structural ones are left out: no NumPy expression states them."""
    found: dict[int, Rule] = {}
    for one in given:
        listed = [one] if isinstance(one, Rule) else certificate.rules_of(one)
        found |= {id(each): each for each in listed if isinstance(each, Rule)}
    return list(found.values())


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
