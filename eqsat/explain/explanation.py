"""What the compiler did to a function: called by `f.explain()`, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eqsat.explain.amounts import kernels, memory, time
from eqsat.explain.page import Page, page
from eqsat.explain.story import Story, Stretch, tell
from eqsat.pipeline import Specialization


@dataclass(frozen=True, slots=True)
class Explanation:
    """Printed, it tells the story; its fields hold the facts.

    Of a function with control flow they speak of its stretches of array work, one after the other, each run once.
    `cost_before` and `cost_after` are estimated nanoseconds at the sizes of the first call. `before` and `after`: the
    kernels, as text; `story` has them one by one, with the source and the rules that went into each, and as NumPy code.
    """

    name: str
    signature: str
    before: str
    after: str
    rules: tuple[tuple[str, int], ...]
    kernels_before: int
    kernels_after: int
    cost_before: float
    cost_after: float
    assumptions: tuple[str, ...]
    stop: str
    considered: tuple[str, ...]
    milliseconds: dict[str, float]
    flags: tuple[str, ...]
    story: Story

    @staticmethod
    def of(name: str, specialization: Specialization) -> Explanation:
        """The explanation of one specialization."""
        reports = specialization.reports
        story = tell(name, specialization)
        fired: dict[str, int] = {}
        for report in reports:
            for rule, count in report.fired:
                fired[rule] = fired.get(rule, 0) + count
        stops = dict.fromkeys(report.stop for report in reports)
        return Explanation(
            name=name,
            signature=specialization.signature,
            before="".join(report.before for report in reports),
            after="".join(report.after for report in reports),
            rules=tuple(fired.items()),
            kernels_before=sum(report.kernels_before for report in reports),
            kernels_after=sum(report.kernels_after for report in reports),
            cost_before=sum(report.cost_before for report in reports),
            cost_after=sum(report.cost_after for report in reports),
            assumptions=tuple(map(str, specialization.region.guards)),
            stop="; ".join(stops) or "no array work",
            considered=tuple(line for stretch in dict.fromkeys(story.stretches) for line in stretch.considered),
            milliseconds=dict(specialization.milliseconds),
            flags=story.flags,
            story=story,
        )

    def __str__(self) -> str:
        gain = self.cost_before / self.cost_after if self.cost_after else 1.0
        stretches = self.story.stretches
        before = memory([one.temporaries_before for one in stretches])
        after = memory([one.temporaries_after for one in stretches])
        lines = [
            f"{self.name} {self.signature}",
            f"as NumPy runs it: {kernels(self.kernels_before)}, {before}, about {time(self.cost_before)}",
            f"as compiled: {kernels(self.kernels_after)}, {after}, about {time(self.cost_after)} ({gain:.1f}x less)",
        ]
        for stretch in dict.fromkeys(stretches):
            lines += _indented(_stretch(stretch))
        lines += _rules(self.rules, stretches)
        if self.considered:
            lines.append("other plans considered:")
            lines += _indented(dict.fromkeys(self.considered))
        if self.flags:
            lines.append("granted by fastmath: " + ", ".join(self.flags))
        if self.assumptions:
            lines.append("checked at every call: " + ", ".join(self.assumptions))
        total = sum(self.milliseconds.values())
        stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in self.milliseconds.items())
        lines.append(f"compile time: {total:.1f} ms ({stages}); {self.stop}")
        return "\n".join(lines)

    __repr__ = __str__

    def page(self) -> Page:
        """The same as one HTML file, with the source, the e-graph and the stages of the compiler linked."""
        return page(self.story)

    def _repr_html_(self) -> str:
        return self.page()._repr_html_()


def _stretch(stretch: Stretch) -> Iterator[str]:
    """For each kernel its code, the lines of the source that went into it, and the rules that it follows."""
    if stretch.code is None:
        yield from stretch.after.splitlines()
        yield f"(not as code: {stretch.refused})"
    for kernel in stretch.kernels:
        if stretch.code is not None and not kernel.code:
            continue  # it is there for a check alone
        yield from kernel.code[:-1]
        for last in kernel.code[-1:]:
            yield f"{last}  # {time(kernel.cost)}"
        for line in kernel.lines:
            yield f"    line {line.number}: {line.text.strip()}"
        if kernel.steps:
            yield "    by " + ", ".join(f"{step.rule} x{step.count}" for step in kernel.steps)
    if stretch.code is not None and stretch.code.returns != ("return ()",):
        yield from stretch.code.returns


def _rules(fired: Iterable[tuple[str, int]], stretches: Iterable[Stretch]) -> Iterator[str]:
    """Each rule once: how often, why it holds, what it needs, where it stands."""
    steps = {step.rule: step for stretch in stretches for kernel in stretch.kernels for step in kernel.steps}
    told = False
    for name, count in fired:
        if not told:
            yield "rules that fired:"
        told = True
        step = steps.get(name)
        reason = f": {' '.join(step.reason.split())}" if step is not None else ""
        needs = f" [needs {', '.join(sorted(step.requires))}]" if step is not None and step.requires else ""
        needs += " [raises accuracy]" if step is not None and step.accuracy else ""
        place = f" ({step.written.file}:{step.written.line})" if step is not None and step.written is not None else ""
        yield f"  {name} x{count}{needs}{reason}{place}"
    if not told:
        yield "rules that fired: none"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
