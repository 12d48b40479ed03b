"""What the compiler did to a function: called by `f.explain()`, for people."""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.flags import FLAGS
from eqsat.pipeline import Specialization


@dataclass(frozen=True, slots=True)
class Explanation:
    """Printed, it tells the story; its fields hold the facts.

    Of a function with control flow they speak of its stretches of array work, one after the other, each run once.
    `cost_before` and `cost_after` are estimated nanoseconds at the sizes of the first call.
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
    flags: tuple[str, ...] = ()

    @staticmethod
    def of(name: str, specialization: Specialization) -> Explanation:
        """The explanation of one specialization."""
        reports = specialization.reports
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
            considered=tuple(line for report in reports for line in report.considered),
            milliseconds=dict(specialization.milliseconds),
            flags=tuple(flag for flag in FLAGS if flag in specialization.region.flags),
        )

    def __str__(self) -> str:
        gain = self.cost_before / self.cost_after if self.cost_after else 1.0
        lines = [
            f"{self.name} {self.signature}",
            f"as NumPy runs it: {self.kernels_before} kernels, about {_time(self.cost_before)}",
            _indented(self.before),
            f"as compiled: {self.kernels_after} kernels, about {_time(self.cost_after)} ({gain:.1f}x less)",
            _indented(self.after),
            "rules that fired: " + (", ".join(f"{rule} x{count}" for rule, count in self.rules) or "none"),
        ]
        if self.considered:
            lines.append("other plans considered:")
            lines += [f"  {plan}" for plan in self.considered]
        if self.flags:
            lines.append("granted by fastmath: " + ", ".join(self.flags))
        if self.assumptions:
            lines.append("checked at every call: " + ", ".join(self.assumptions))
        total = sum(self.milliseconds.values())
        stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in self.milliseconds.items())
        lines.append(f"compile time: {total:.1f} ms ({stages}); {self.stop}")
        return "\n".join(lines)

    __repr__ = __str__


def _time(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
