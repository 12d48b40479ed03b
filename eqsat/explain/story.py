"""Everything that there is to tell of one specialization, as data: source, kernels and how they came about, stages.

Text and pages are made of it. Called by `eqsat.explain.explanation`; refuses nothing: a program that cannot be written
as NumPy code tells why.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eqsat.egraph.history import Step, Temporaries
from eqsat.egraph.optimize import Report
from eqsat.egraph.rejected import rejected
from eqsat.errors import UnsupportedError
from eqsat.explain.code import Code, numpy_code
from eqsat.ir.flags import FLAGS
from eqsat.ir.nodes import walk
from eqsat.ir.printer import show
from eqsat.ir.program import Program
from eqsat.ir.span import NOWHERE, Span
from eqsat.pipeline import Specialization
from eqsat.rules.api import RuleBook


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the user's source."""

    file: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class KernelStory:
    """A kernel: its NumPy code, the source that went into it (the whole of it last), the rules that it follows."""

    target: str
    code: tuple[str, ...]
    spans: tuple[Span, ...]
    steps: tuple[Step, ...]
    cost: float

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the source that went into it, each once, in the order of the file."""
        found = {(span.file, span.line): Line(span.file, span.line, span.text) for span in self.spans}
        return tuple(found[place] for place in sorted(found))


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Array work that was optimized as a whole: a function that only computes, or a part of one with control flow.

    `code` is None if it cannot be written as NumPy code, for the reason in `refused`. Costs are estimated nanoseconds
    at the sizes of the first call. `considered`: other plans, with their cost. `stop`: why the rules stopped, and which
    budget was hit.
    """

    code: Code | None
    refused: str
    kernels: tuple[KernelStory, ...]
    before: str
    after: str
    kernels_before: int
    cost_before: float
    cost_after: float
    temporaries_before: Temporaries
    temporaries_after: Temporaries
    considered: tuple[str, ...]
    stop: str


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """One specialization of a function.

    `source`: the function, and those it calls, as far as something was made of them. `assumptions`: what is checked
    at every call. `stages`: the typed IR, the loop nests, LLVM's IR and the assembly, made when asked for.
    `specialization`: what it is the story of.
    """

    name: str
    signature: str
    flags: tuple[str, ...]
    source: tuple[Line, ...]
    stretches: tuple[Stretch, ...]
    assumptions: tuple[str, ...]
    milliseconds: Mapping[str, float]
    stages: Mapping[str, Callable[[], str]]
    specialization: Specialization


def tell(name: str, specialization: Specialization) -> Story:
    """The story of one specialization."""
    region, native = specialization.region, specialization.native
    different = {id(report): report for report in specialization.reports}
    told = {
        key: _stretch(report, specialization.book if number < REJECTED else None)
        for number, (key, report) in enumerate(different.items())
    }
    stretches = tuple(told[id(report)] for report in specialization.reports)  # those that say the same are one
    return Story(
        name=name,
        signature=specialization.signature,
        flags=tuple(flag for flag in FLAGS if flag in region.flags),
        source=_source(specialization, stretches),
        stretches=stretches,
        assumptions=tuple(map(str, region.guards)),
        milliseconds=dict(specialization.milliseconds),
        stages={
            "typed IR": lambda: show(region),
            "loop nests": lambda: native.loops,
            "LLVM": lambda: native.llvm,
            "assembly": native.asm,
        },
        specialization=specialization,
    )


REJECTED = 4
"""Of so many stretches it is told what else the rules offered: finding out takes as long as compiling them."""


def _considered(report: Report, book: RuleBook | None) -> tuple[str, ...]:
    """Other plans for the same program, and other programs that the rules offered."""
    lines = list(report.considered)
    for one in () if book is None else rejected(report.program.region, report.sizes, book):
        lines.append(f"{one.cost:,.0f} ns {'; '.join(one.program)}")
    return tuple(lines)


def _stretch(report: Report, book: RuleBook | None) -> Stretch:
    code, refused = _code(report.program)
    lines = {one.kernel: one.lines for one in code.kernels} if code is not None else {}
    kernels = tuple(
        KernelStory(history.target, lines.get(kernel, ()), history.spans, history.steps, history.cost)
        for kernel, history in zip(report.program.kernels, report.kernels, strict=True)
    )
    return Stretch(
        code=code,
        refused=refused,
        kernels=kernels,
        before=report.before,
        after=report.after,
        kernels_before=report.kernels_before,
        cost_before=report.cost_before,
        cost_after=report.cost_after,
        temporaries_before=report.temporaries_before,
        temporaries_after=report.temporaries_after,
        considered=_considered(report, book),
        stop=report.stop,
    )


def _code(program: Program) -> tuple[Code | None, str]:
    try:
        return numpy_code(program), ""
    except UnsupportedError as error:
        return None, error.what


def _source(specialization: Specialization, stretches: tuple[Stretch, ...]) -> tuple[Line, ...]:
    """Each function that something was made of, whole."""
    spans = [span for stretch in stretches for kernel in stretch.kernels for span in kernel.spans]
    spans += [node.span for node in walk(specialization.region.roots())] + [specialization.region.span]
    lines: dict[tuple[str, str], list[int]] = {}
    for span in spans:
        if span is not NOWHERE:
            lines.setdefault((span.file, span.function), []).append(span.line)
    found: dict[Line, None] = {}
    for (file, _), numbers in lines.items():
        first, last = _function(file, min(numbers), max(numbers))
        for number in range(first, last + 1):
            found[Line(file, number, linecache.getline(file, number).rstrip())] = None
    return tuple(found)


def _function(file: str, first: int, last: int) -> tuple[int, int]:
    """The lines of the innermost function around these; these alone, if there is none or the file cannot be read."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return first, last
    around = [
        (node.lineno, node.end_lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno is not None
        and node.lineno <= first
        and last <= node.end_lineno
    ]
    return max(around, default=(first, last))
