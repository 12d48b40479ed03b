"""Runs a check for arguments that Hypothesis draws, and shows the smallest failing ones as lines that can be run.

Called by `assert_matches_numpy`, where some of its arguments are strategies.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import indent
from typing import Any

from eqsat.testing.snippet import snippet


def any_drawn(values: Iterable[object]) -> bool:
    """Whether one of them is a strategy; Hypothesis is not imported to find out."""
    strategies = sys.modules.get("hypothesis.strategies")
    return strategies is not None and any(isinstance(value, strategies.SearchStrategy) for value in values)


def check_drawn(
    check: Callable[..., object],
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    examples: int | None,
    arguments: Any = None,
) -> None:
    """`check(*args, **kwargs)` with what the strategies among them draw; the others are as they are.

    `arguments` is a strategy of sequences of further arguments. `function` is what is called in the report. The
    settings are those of the Hypothesis profile that is loaded, without its limits on time, since examples compile;
    `examples`: how many, if not as many as the profile says.
    """
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis import strategies as st

    def run(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        try:
            check(*positional, **named)
        except AssertionError as error:
            lines = indent(snippet(function, positional, named), "    ")
            raise AssertionError(f"{error}\n  smallest failing call:\n{lines}") from error.__cause__

    # Hypothesis tells tests apart by their names, when it keeps examples and when it chooses a seed.
    run.__name__ = run.__qualname__ = "check_" + re.sub(r"\W", "_", getattr(function, "__name__", "function"))

    def strategy(value: Any) -> Any:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    chosen = settings(
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, *settings().suppress_health_check],
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[phase for phase in settings().phases if phase is not Phase.explain],  # it would explain the compiler
        max_examples=settings().max_examples if examples is None else examples,
    )
    positional = st.tuples(*map(strategy, args))
    if arguments is not None:
        positional = st.tuples(positional, arguments).map(lambda pair: (*pair[0], *pair[1]))
    named = st.fixed_dictionaries({name: strategy(value) for name, value in kwargs.items()})
    chosen(given(positional, named)(run))()
