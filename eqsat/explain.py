"""What the compiler did to a function: called by `f.explain()`, for people."""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.pipeline import Specialization


@dataclass(frozen=True, slots=True)
class Explanation:
    """Printed, it tells the story; its fields hold the facts.

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

    @staticmethod
    def of(name: str, specialization: Specialization) -> Explanation:
        """The explanation of one specialization."""
        report = specialization.report
        return Explanation(
            name=name,
            signature=specialization.signature,
            before=report.before,
            after=report.after,
            rules=report.fired,
            kernels_before=report.kernels_before,
            kernels_after=report.kernels_after,
            cost_before=report.cost_before,
            cost_after=report.cost_after,
            assumptions=tuple(map(str, specialization.region.guards)),
            stop=report.stop,
            considered=report.considered,
            milliseconds=dict(specialization.milliseconds),
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
