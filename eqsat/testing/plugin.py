"""The pytest plug-in: a fixture, plain Python for a whole run, and a test item for each rule of a module.

pytest loads it by the entry point `eqsat`, in every project where eqsat is installed. So it imports nothing before
something of it is used: no NumPy, no Hypothesis, no compiler. `-p no:eqsat` leaves it out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eqsat.rules.api import Rule

_VARIABLE = "EQSAT_DISABLE"
_BEFORE = pytest.StashKey[str | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--eqsat-disable`, `--eqsat-verify`, and the ini setting `eqsat_disable`."""
    group = parser.getgroup("eqsat", "eqsat: compiled NumPy functions and their rules")
    group.addoption("--eqsat-disable", action="store_true", help="run jitted functions as plain Python")
    group.addoption(
        "--eqsat-verify",
        action="append",
        default=[],
        metavar="MODULE",
        help="add a test for each rule of this module, or of the rules that `module:name` stands for; may be repeated",
    )
    parser.addini("eqsat_disable", "run jitted functions as plain Python", type="bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Functions read the variable where they are decorated, which may be in a conftest."""
    if early_config.known_args_namespace.eqsat_disable or early_config.getini("eqsat_disable"):
        early_config.stash[_BEFORE] = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = "1"


def pytest_configure(config: pytest.Config) -> None:
    """The mark of rule items, to select or leave them out with `-m`."""
    config.addinivalue_line("markers", "eqsat_rule: the test of a rule that --eqsat-verify added")


def pytest_unconfigure(config: pytest.Config) -> None:
    """What was set is set back: pytest may be called by a program that goes on."""
    if _BEFORE in config.stash:
        before = config.stash[_BEFORE]
        if before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = before


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say so, if nothing is compiled."""
    return "eqsat: jitted functions run as plain Python" if _BEFORE in config.stash else None


@pytest.fixture(scope="session")
def numpy_check() -> Callable[..., Any]:
    """`eqsat.testing.assert_matches_numpy`: compares a jitted function with NumPy, for given or drawn arguments."""
    from eqsat.testing.compare import assert_matches_numpy

    return assert_matches_numpy


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the rules, before `-k` and `-m` select."""
    chosen: list[str] = config.getoption("eqsat_verify") or []
    for name in chosen:
        collector = RuleModule.from_parent(session, name=name, nodeid=name, rules=_rules(name))
        items += session.genitems(collector)


def _rules(name: str) -> list[Rule]:
    """The rules of a module, or what `module:name` stands for."""
    from importlib import import_module

    from eqsat.testing.rules import rules_of

    module, _, attribute = name.partition(":")
    try:
        found: Any = import_module(module)
        rules = rules_of(getattr(found, attribute) if attribute else found)
    except (ImportError, AttributeError, TypeError) as error:
        raise pytest.UsageError(f"--eqsat-verify {name}: {error}") from error
    if not rules:
        raise pytest.UsageError(f"--eqsat-verify {name}: there are no rules in it")
    return rules


class RuleModule(pytest.Collector):
    """The rules that one name stands for."""

    def __init__(self, *, rules: list[Rule], **given: Any) -> None:
        super().__init__(**given)
        self.rules = rules

    def collect(self) -> Iterator[RuleItem]:
        for rule in self.rules:
            yield RuleItem.from_parent(self, name=rule.name, rule=rule)


class RuleItem(pytest.Item):
    """The test that one rule holds."""

    def __init__(self, *, rule: Rule, **given: Any) -> None:
        super().__init__(**given)
        self.rule = rule
        self.add_marker("eqsat_rule")

    def runtest(self) -> None:
        from eqsat.testing.rules import assert_rules_hold

        assert_rules_hold(self.rule)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The counterexample alone: the way to it through our code tells nobody anything."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int, str]:
        return self.rule.span.file, max(self.rule.span.line - 1, 0), f"rule {self.name}"
