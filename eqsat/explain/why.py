"""Why a rule did, or did not, take part in a program: `f.explain(rule=...)`.

It says, for each stretch of array work, whether the left side was found, and then which flag, guard, hint or cost stood
in the way. Called by `eqsat.jit`; refuses, with KeyError, a name that no rule has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsat.egraph.inquiry import Finding, inquire
from eqsat.egraph.optimize import Report
from eqsat.ir.span import Span
from eqsat.pipeline import Specialization
from eqsat.plugins import installed
from eqsat.rules.api import Rule, RuleBook, Structural
from eqsat.rules.book import BOOK
from eqsat.rules.guards import GUARDS
from eqsat.schedule.planner import plan


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of `rule`; printed, it says so in words.

    `used`: how often the chosen program follows it. `flags`: those that it needs and that are not granted. `known`:
    whether it is among the rules of the function at all. `findings`: one for each stretch of array work.
    """

    rule: Rule
    function: str
    used: int
    flags: frozenset[str]
    known: bool
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        lines = [f"{self.rule} ({self.rule.span})"]
        if self.used:
            lines.append(f"  used in {self.function}, in {_times(self.used)}")
            return "\n".join(lines)
        if self.flags:
            lines.append(f"  needs {', '.join(sorted(self.flags))}, not granted: @jit(fastmath=...) grants it")
        elif not self.known:
            lines.append(f"  is not among the rules of {self.function}: @jit(rules=...) adds it")
        found = [one for one in self.findings if one.places]
        for one in found:
            lines += [f"  {line}" for line in _told(one, takes_part=self.known and not self.flags)]
        if not found:
            lines.append(f"  its left side is not found in {self.function}{_missing(self.findings)}")
        return "\n".join(lines)

    __repr__ = __str__


def why(name: str, specialization: Specialization, rule: Rule | str, given: RuleBook) -> Answer:
    """What became of a rule in one specialization; `given`: the rules that the user gave, whatever flags they need."""
    one = _rule(specialization, rule, given)
    used = sum(dict(report.fired).get(one.name, 0) for report in specialization.reports)
    flags = one.requires - specialization.region.flags
    known = any(other is one for other in specialization.book.rules)
    findings = tuple(
        inquire(report.program.region, report.sizes, specialization.book, one)
        for report in _stretches(specialization, one)
    )
    return Answer(one, name, used, flags, known, findings)


def _stretches(specialization: Specialization, one: Rule) -> Iterable[Report]:
    """The stretches of array work, each once; with the rule, library operations of which it speaks are part of them."""
    region, reports = specialization.region, specialization.reports
    if region.body is not None:
        reports = plan(region, specialization.sizes, _with(specialization.book, one)).reports.values()
    return {id(report): report for report in reports}.values()


def _with(book: RuleBook, one: Rule) -> RuleBook:
    return RuleBook((*(other for other in book.rules if other.name != one.name), one))


def _rule(specialization: Specialization, rule: Rule | str, given: RuleBook) -> Rule:
    if isinstance(rule, Rule):
        return rule
    for one in (*specialization.book.rules, *given.rules, *installed().rules, *BOOK.rules):
        if one.name == rule:
            if isinstance(one, Structural):
                raise KeyError(f"{rule} is a rule about memory and index maps, which explain() tells of by itself")
            return one
    raise KeyError(f"no rule is called {rule!r}")


def _told(found: Finding, takes_part: bool) -> list[str]:
    # A result has the place of the whole function as well, which says less than any other.
    spans = [span for span in found.spans if not span.text.lstrip().startswith("def ")] or found.spans
    lines = [f"its left side is found in {_times(found.places)}", *map(_place, spans)]
    if found.unknown:
        for condition in found.unknown:
            variables = ", ".join(condition.variables)
            lines.append(f"guard {condition}: it is not known that {variables} {GUARDS[condition.test].says}")
    elif found.hint:
        lines.append("its hint `worth` says no at the sizes of the first call")
    elif found.with_rule is not None and found.best is not None and found.with_rule > found.best * (1 + 1e-9):
        lines.append(f"rejected by cost: {_cost(found.with_rule)} with it, {_cost(found.best)} without")
    elif not takes_part:
        pass  # what it lacks was said
    elif found.with_rule is not None:
        lines.append("what it gives costs no less: the program is left as it was, or reached by other rules")
    else:
        lines.append("other rules went on from what it gives, or replaced it")
    return lines


def _place(span: Span) -> str:
    text = span.text[span.column : span.end_column].strip() or span.text.strip()
    return f"  {span}: {text}"


def _times(count: int) -> str:
    return "one place" if count == 1 else f"{count} places"


def _cost(nanoseconds: float) -> str:
    return f"{nanoseconds:,.0f} ns"


def _missing(findings: tuple[Finding, ...]) -> str:
    missing = dict.fromkeys(name for one in findings for name in one.missing)
    return f", which has no {', '.join(missing)}" if missing else ""
