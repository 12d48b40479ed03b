"""An explanation as one HTML file that needs nothing else: `f.explain(html=True)`, and what notebooks show.

Pointing at a place of the source lights what was made of it: kernels, rules, classes of the e-graph, lines of the typed
IR, loop nests. Without scripts the page shows everything but the picture of the e-graph. Called by `eqsat.explain`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from eqsat.egraph.picture import Picture, picture
from eqsat.explain import cards, listing
from eqsat.explain.drawing import drawn
from eqsat.explain.links import Links
from eqsat.explain.story import Story

ROOM = {
    "kernels": 350_000,
    "graph": 400_000,
    "typed": 200_000,
    "nests": 150_000,
    "llvm": 350_000,
    "assembly": 250_000,
}
"""Characters that each part of a page may take."""


@dataclass(frozen=True, slots=True)
class Page:
    """One HTML document. `str(page)` is its text; notebooks show it."""

    html: str

    def __str__(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<page of {len(self.html) / 1e3:.0f} kB: save(path) writes it>"

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and say where that is."""
        written = Path(path)
        written.write_text(self.html, encoding="utf-8")
        return written

    def _repr_html_(self) -> str:
        """A frame of its own, so that no style of the page reaches the notebook, nor one of the notebook the page."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="explanation" '
            f'style="width: 100%; height: 42em; border: 1px solid #8888; border-radius: 6px"></iframe>'
        )


def page(story: Story) -> Page:
    """The page of one specialization."""
    links = Links()
    cards.linked(story, links)
    pictures = _pictures(story)
    panels = [
        ("kernels", "Kernels", _KERNELS, cards.work(story, links, ROOM["kernels"])),
        ("graph", "E-graph", _GRAPH, _graphs(pictures, links)),
        ("typed", "Typed IR", _TYPED, listing.typed(story, links, ROOM["typed"])),
        ("nests", "Loop nests", _NESTS, listing.nests(story, links, ROOM["nests"])),
        ("llvm", "LLVM", _LLVM, _machine(story, "llvm", "LLVM", listing.LLVM_FUNCTION)),
        ("assembly", "Assembly", _ASSEMBLY, _machine(story, "assembly", "assembly", listing.ASSEMBLY_FUNCTION)),
        ("facts", "Checks and times", _FACTS, cards.facts(story)),
    ]
    source = listing.source(story.source, links)  # last: by now it is known which places matter
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{name}" aria-controls="{name}">{title}</button>'
        for name, title, _, _ in panels
    )
    shown = "\n".join(
        f'<section role="tabpanel" id="{name}" aria-labelledby="tab-{name}" tabindex="-1"><h2>{title}</h2>'
        f'<p class="note">{note}</p>{body}</section>'
        for name, title, note, body in panels
    )
    return Page(
        f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(story.name)} explained</title>
<style>
{_text("page.css")}
</style>
</head>
<body>
{cards.summary(story)}
<main>
<section id="source" aria-label="Source"><h2>Source</h2>
<p class="note">Point at a place, or tab to it, to light what was made of it. Click or Enter keeps it lit; Escape ends
that.</p>
<div class="listing" id="text">
{source}
</div></section>
<div id="made">
<div role="tablist" aria-label="What was made of it">{tabs}</div>
{shown}
</div>
</main>
<script>
{_text("page.js")}
</script>
</body>
</html>
"""
    )


def _machine(story: Story, name: str, stage: str, begins: re.Pattern[str]) -> str:
    remedy = f"f.inspect_{'asm' if name == 'assembly' else name}() has all of it"
    return listing.plain(story.stages[stage](), name, begins, ROOM[name], remedy)


def _text(name: str) -> str:
    return files("eqsat.explain").joinpath(name).read_text(encoding="utf-8")


def _pictures(story: Story) -> list[Picture]:
    specialization = story.specialization
    different = {id(report): report for report in specialization.reports}
    return [picture(report.program.region, report.sizes, specialization.book) for report in different.values()]


def _graphs(pictures: list[Picture], links: Links) -> str:
    """Where the script draws, and what it draws."""
    if not pictures:
        return "<p>No array work, so no e-graph.</p>"
    return f"""<noscript><p class="warning">The picture needs scripts.</p></noscript>
<div id="drawing" hidden>
<div class="tools"><label>Stretch <select id="stretch"></select></label>
<label>Search <input id="search" type="search" placeholder="operation, type or rule"></label>
<span id="hits" role="status"></span>
<label><input id="only" type="checkbox"> chosen only</label>
<button type="button" id="closer" aria-label="closer">+</button>
<button type="button" id="farther" aria-label="farther">&minus;</button>
<button type="button" id="fit">fit</button></div>
<div class="canvas"><svg id="svg" role="group" aria-label="E-graph" tabindex="0"></svg>
<aside id="class" aria-live="polite"><p class="note">Click a class to see its alternatives and what they cost.</p>
</aside></div>
<p class="note" id="extent"></p>
</div>
<script type="application/json" id="graphs">{drawn(pictures, links, ROOM["graph"])}</script>"""


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

_KERNELS = (
    "A kernel fills one array or number. Under each: the rules that it follows, why they hold, where they were used."
)
_FACTS = "What the compiled code takes for granted, and what making it took."
_GRAPH = (
    "A box is a class of equal expressions, with one line for each way to compute it from other classes, which are "
    "called by their numbers, or by what they are. Filled lines are what the program does, underlined ones what was "
    "written. Drag to move; click, then turn the wheel to come closer; arrow keys, + and &minus; do the same."
)
_TYPED = "Each value is linked to the place in the source that it comes from."
_NESTS = "A nest is linked to the kernel that it fills. Steps between nests (loops, branches, numbers) are not linked."
_LLVM = (
    "LLVM's instructions carry no places of the source, and belong to several kernels once they are optimized: which "
    "belongs to what is not known, and nothing is linked here."
)
_ASSEMBLY = "As with LLVM: which instruction belongs to which kernel is not known, and nothing is linked here."
