"""The parts of a page that are told in words: the summary, each kernel with its rules, what is taken for granted.

Called by `eqsat.explain.page`. Everything that comes from the source or from rules is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from eqsat.egraph.history import Step
from eqsat.explain.amounts import kernels, memory, time
from eqsat.explain.links import Links
from eqsat.explain.story import KernelStory, Story, Stretch

_ELSEWHERE = "print(f.explain()) has them"


def summary(story: Story) -> str:
    """The function, and what the compiler gained."""
    stretches = story.stretches
    before, after = (sum(getattr(one, name) for one in stretches) for name in ("cost_before", "cost_after"))
    gain = f"{before / after:.1f}× less" if after else "nothing to gain"
    counts = sum(one.kernels_before for one in stretches), sum(len(one.kernels) for one in stretches)
    tiles = [
        ("estimated time", f"{time(before)} → {time(after)}", gain),
        ("kernels", f"{counts[0]} → {counts[1]}", "as NumPy runs it → as compiled"),
        ("temporary arrays", _arrays(stretches), memory([one.temporaries_after for one in stretches])),
        ("compile time", f"{sum(story.milliseconds.values()):.0f} ms", "the first call"),
    ]
    shown = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd><small>{escape(more)}</small></div>'
        for name, value, more in tiles
    )
    return (
        f"<header><h1><code>{escape(story.name)}</code></h1>"
        f'<p class="signature"><code>{escape(story.signature)}</code></p>{_flags(story)}<dl class="tiles">{shown}</dl>'
        f"</header>"
    )


def _arrays(stretches: Sequence[Stretch]) -> str:
    before = sum(one.temporaries_before.count for one in stretches)
    return f"{before} → {sum(one.temporaries_after.count for one in stretches)}"


def _flags(story: Story) -> str:
    if not story.flags:
        return ""
    flags = " ".join(f'<span class="flag">{escape(flag)}</span>' for flag in story.flags)
    return f'<p class="signature">granted by fastmath: {flags}</p>'


def linked(story: Story, links: Links) -> None:
    """Give every kernel its mark, so that texts can refer to it."""
    for number, stretch in enumerate(dict.fromkeys(story.stretches)):
        for position, kernel in enumerate(stretch.kernels):
            links.kernel(number, position, kernel.spans)


def work(story: Story, links: Links, room: int) -> str:
    """Every stretch of array work, with its kernels."""
    stretches = list(dict.fromkeys(story.stretches))
    if not stretches:
        return "<p>This function does no work on whole arrays: its loops and numbers went to LLVM as they are.</p>"
    shown: list[str] = []
    left = 0
    for number, stretch in enumerate(stretches):
        title = f"Stretch {number + 1} of {len(stretches)}" if len(stretches) > 1 else "All array work"
        one = "\n".join(_stretch(number, title, stretch, links))
        room -= len(one)
        if room < 0:
            left += 1
        else:
            shown.append(one)
    if left:
        shown.append(f'<p class="note">{left} more stretches are left out to keep the page small; {_ELSEWHERE}.</p>')
    return "\n".join(shown)


def _stretch(number: int, title: str, stretch: Stretch, links: Links) -> Iterator[str]:
    before = memory([stretch.temporaries_before])
    after = memory([stretch.temporaries_after])
    yield '<section class="stretch">'
    yield f"<h3>{escape(title)}</h3>"
    yield (
        '<table class="gain"><thead><tr><th></th><th>kernels</th><th>temporaries</th><th>estimated time</th></tr>'
        f"</thead><tbody><tr><th>as NumPy runs it</th><td>{stretch.kernels_before}</td><td>{escape(before)}</td>"
        f"<td>{escape(time(stretch.cost_before))}</td></tr>"
        f"<tr><th>as compiled</th><td>{len(stretch.kernels)}</td><td>{escape(after)}</td>"
        f"<td>{escape(time(stretch.cost_after))}</td></tr></tbody></table>"
    )
    over = "budget" in stretch.stop or "wrong" in stretch.stop
    yield f'<p class="{"warning" if over else "note"}">Rules: {escape(stretch.stop)}.</p>'
    if stretch.code is None:
        yield f'<p class="warning">Not as NumPy code: {escape(stretch.refused)}</p>'
        yield f"<pre>{escape(stretch.after)}</pre>"
    for position, kernel in enumerate(stretch.kernels):
        yield from _kernel(f"k{number}-{position}", kernel, links)
    if stretch.code is not None:
        yield _folded("The whole program as NumPy code", str(stretch.code))
    yield _folded("The program as NumPy runs it", stretch.before)
    if stretch.considered:
        other = "".join(f"<li>{escape(line)}</li>" for line in dict.fromkeys(stretch.considered))
        yield f"<h4>Other plans considered</h4><ul>{other}</ul>"
    yield "</section>"


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _kernel(name: str, kernel: KernelStory, links: Links) -> Iterator[str]:
    yield f'<article class="kernel" id="{name}" tabindex="0"{links.of_kernel(name)}>'
    yield f"<h4><code>{escape(kernel.target)}</code><span>{escape(time(kernel.cost))}</span></h4>"
    if kernel.code:
        yield f"<pre>{escape(chr(10).join(kernel.code))}</pre>"
    else:
        yield '<p class="note">A check; no line of NumPy code.</p>'
    if kernel.lines:
        lines = ", ".join(str(line.number) for line in kernel.lines)
        yield f'<p class="note">from line{"s" if len(kernel.lines) > 1 else ""} {lines}</p>'
    if kernel.steps:
        yield '<ol class="rules">'
        for step in kernel.steps:
            yield _step(step, links)
        yield "</ol>"
    else:
        yield '<p class="note">computed as written, by no rule</p>'
    yield "</article>"


def _step(step: Step, links: Links) -> str:
    """A rule: its name, how often, what it needs and gives, why it holds, where it is written, where it was applied."""
    count = f" ×{step.count}" if step.count > 1 else ""
    badges = "".join(f'<span class="flag">needs {escape(flag)}</span>' for flag in sorted(step.requires))
    if step.accuracy:
        badges += '<span class="accurate">raises accuracy</span>'
    reason = f"<p>{escape(' '.join(step.reason.split()))}</p>" if step.reason else ""
    if step.written is None:
        place = "a rule about memory and index maps"
    else:
        place = f"{step.written.file}:{step.written.line}"
    applied = ", ".join(f"<code>{escape(span.source())}</code>" for span in dict.fromkeys(step.spans))
    where = f'<p class="note">on {applied}</p>' if applied else ""
    return (
        f'<li tabindex="0"{links.of_places(step.spans)}><strong>{escape(step.rule)}</strong>{count} {badges}'
        f'{reason}{where}<p class="note">{escape(place)}</p></li>'
    )


def facts(story: Story) -> str:
    """What is checked at every call, and where the compile time went."""
    checks = "".join(f"<li><code>{escape(one)}</code></li>" for one in story.assumptions)
    checked = f"<ul>{checks}</ul>" if checks else "<p>Nothing but the types of the arguments.</p>"
    rows = "".join(
        f"<tr><th>{escape(stage)}</th><td>{spent:.1f} ms</td></tr>" for stage, spent in story.milliseconds.items()
    )
    return (
        f"<h3>Checked at every call</h3>{checked}"
        f'<p class="note">A call for which one of these fails is compiled anew, or runs in Python.</p>'
        f'<h3>Compile time</h3><table class="gain"><tbody>{rows}</tbody></table>'
        f'<p class="note">Costs are estimates of a model, at the sizes of the first call: they order plans, '
        f"and are no measurement. This version has {kernels(sum(len(s.kernels) for s in story.stretches))}.</p>"
    )
