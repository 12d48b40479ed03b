"""Texts on a page, line by line, linked to the source as far as known: the source itself, the stages.

A text that would make the page too large is cut, and says so. Called by `eqsat.explain.page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from eqsat.explain.links import Links, attributes
from eqsat.explain.story import Line, Story
from eqsat.ir.printer import lines as typed_lines
from eqsat.ir.routine import For, If, Labeled, Routine, Segment, Steps, While
from eqsat.ir.span import Span

_HEADER = re.compile(r"^\s*(?:temp|result|param) ([^\s:]+): \w+\[.*\]")
LLVM_FUNCTION = re.compile(r"^define .*@\"?([\w.$]+)\"?\(")
ASSEMBLY_FUNCTION = re.compile(r"^([A-Za-z_][\w.$]*):")
"""Where functions begin; labels within them have a dot in front."""
_SEGMENT = re.compile(r"^(\s*).* = segment of .*:$")


def source(lines: Sequence[Line], links: Links) -> str:
    """The source, with an element around every place that something was made of."""
    places: dict[tuple[str, int], list[Span]] = {}
    for span in links.numbers:
        places.setdefault((span.file, span.line), []).append(span)
    shown: list[str] = []
    before: Line | None = None
    for line in lines:
        if before is None or line.file != before.file:
            shown.append(f'<div class="file">{escape(line.file)}</div>')
        elif line.number != before.number + 1:
            shown.append('<div class="gap">…</div>')
        before = line
        text = _marked(line.text, places.get((line.file, line.number), ()), links)
        shown.append(f'<div class="line"><span class="number">{line.number}</span><code>{text}</code></div>')
    return "\n".join(shown)


def _marked(text: str, spans: Iterable[Span], links: Links) -> str:
    """A line in which places stand within others as far as they do in the source; of two that overlap one is cut."""
    ends = {span: span.end_column if span.end_column > span.column else len(text) for span in spans}
    ordered = sorted(ends, key=lambda span: (span.column, -ends[span]))
    shown: list[str] = []
    position = 0
    open_: list[int] = []

    def go(to: int) -> None:
        nonlocal position
        while open_ and open_[-1] <= to:
            shown.append(escape(text[position : open_[-1]]) + "</span>")
            position = open_.pop()
        shown.append(escape(text[position:to]))
        position = max(position, to)

    for span in ordered:
        start = min(span.column, len(text))
        go(start)
        end = min([ends[span], len(text), *open_[-1:]])
        if start < end:
            kernels = links.kernels_of([span])
            mark = links.mark(span)
            shown.append(f'<span class="place" tabindex="0"{attributes([mark], [mark, *kernels])}>')
            open_.append(end)
    go(len(text))
    while open_:
        open_.pop()
        shown.append("</span>")
    return "".join(shown)


def typed(story: Story, links: Links, room: int) -> str:
    """The typed IR; each value belongs to a place in the source."""
    found = ((text, links.of_places([span])) for text, span in typed_lines(story.specialization.region))
    return _listing(found, room, "f.inspect_types() prints all of it")


def nests(story: Story, links: Links, room: int) -> str:
    """The loop nests; each belongs to the kernels that it fills."""
    text = story.stages["loop nests"]()
    work = story.specialization.work
    segments = list(_segments(work.steps)) if isinstance(work, Routine) else []
    reports = story.specialization.reports
    stretch_of = {id(report.program): number for number, report in enumerate(reports)}
    order = [stretch_of.get(id(segment.program)) for segment in segments] if segments else list(range(len(reports)))[:1]
    found = _by_kernel(text.splitlines(), story, links, order, bool(segments))
    return _listing(found, room, "f.inspect_loops() has all of it")


def _segments(steps: Steps) -> Iterator[Segment]:
    """The array work of a routine, in the order in which it is printed."""
    for step in steps:
        match step:
            case Segment():
                yield step
            case If():
                yield from _segments(step.then)
                yield from _segments(step.orelse)
            case While():
                yield from _segments(step.head)
                yield from _segments(step.body)
            case For() | Labeled():
                yield from _segments(step.body)
            case _:
                pass


def _by_kernel(
    lines: Sequence[str], story: Story, links: Links, order: Sequence[int | None], cut: bool
) -> Iterator[tuple[str, str]]:
    """Each line with the attributes of its kernel: a nest begins with its targets, and ends where the next one does."""
    waiting = list(order)
    stretch = waiting.pop(0) if waiting and not cut else None
    margin = 0
    targets: list[str] = []
    heading = False
    for line in lines:
        opened = _SEGMENT.match(line)
        indented = len(line) - len(line.lstrip())
        if opened:
            stretch, margin, targets = (waiting.pop(0) if waiting else None), len(opened[1]) + 2, []
        elif cut and indented < margin:
            stretch, targets = None, []
        header = _HEADER.match(line)
        if header and stretch is not None:
            targets = [*targets, header[1]] if heading else [header[1]]
        heading = header is not None
        meant = [header[1]] if header else [one for one in targets if line.lstrip().startswith(f"{one}[")] or targets
        names = [] if stretch is None else list(_kernels(story, stretch, meant))
        yield line, attributes(names, [*names, *_places(links, names)])


def _kernels(story: Story, stretch: int, targets: Sequence[str]) -> Iterator[str]:
    different = list(dict.fromkeys(story.stretches))
    number = different.index(story.stretches[stretch])
    for position, kernel in enumerate(story.stretches[stretch].kernels):
        if kernel.target in targets:
            yield f"k{number}-{position}"


def _places(links: Links, names: Iterable[str]) -> list[str]:
    return links.marks(span for name in names for span in links.kernels.get(name, ()))


def plain(text: str, name: str, begins: re.Pattern[str], room: int, remedy: str) -> str:
    """A text of which it is only known where functions begin; a list of those leads to them."""
    lines: list[tuple[str, str]] = []
    functions: list[str] = []
    for line in text.splitlines():
        begin = begins.match(line)
        if begin:
            functions.append(begin[1])
        lines.append((line, f' id="{name}-{len(functions)}" class="function" tabindex="-1"' if begin else ""))
    links = " ".join(f'<a href="#{name}-{n}"><code>{escape(one)}</code></a>' for n, one in enumerate(functions, 1))
    there = f'<nav aria-label="Functions">Functions: {links}</nav>' if functions else ""
    return there + _listing(lines, room, remedy)


def _listing(lines: Iterable[tuple[str, str]], room: int, remedy: str) -> str:
    shown: list[str] = []
    left = 0
    for text, marks in lines:
        one = f"<span{marks}>{escape(text)}</span>" if marks else escape(text)
        room -= len(one) + 1
        if room < 0:
            left += 1
        else:
            shown.append(one)
    cut = (
        f'<p class="note">{left:,} more lines are left out to keep the page small; {escape(remedy)}.</p>'
        if left
        else ""
    )
    return '<pre class="listing">' + "\n".join(shown) + f"</pre>{cut}"
