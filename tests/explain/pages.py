"""Functions whose pages are tested, and a reader of pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np

from eqsat import jit
from eqsat.explain.page import Page

X = np.linspace(0.5, 2.0, 400)
TAG = "</script><script>alert('run')</script><b onclick=\"alert(1)\">&amp;"


def halved(a, b):
    difference = a - b
    return np.sqrt(difference / 4.0).sum() + difference


def smoothed(u, steps):
    for _ in range(steps):
        u[1:-1] = 0.25 * u[:-2] + 0.5 * u[1:-1] + 0.25 * u[2:]
    return u


def branched(a, k):
    total = a * 2.0
    if k > 0:
        total = np.exp(total) + a
    for i in range(k):
        a[i] = total[i] + 1.0
    return total.sum() + np.sqrt(a).max()


def tagged(a):
    b = a + 1.0  # </script><script>alert('run')</script><b onclick="alert(1)">&amp;
    return b * 2.0 < 3.0  # <!-- ]]> &lt;


def wrapped(a):
    größer = a + 1.0
    return (
        größer * 2.0  # ä
        - a
    )


def counted(n):
    total = 0
    for i in range(n):
        total += i
    return total


def page_of(function: Any, *arguments: Any, **options: Any) -> Page:
    jitted = jit(**options)(function) if options else jit(function)
    jitted(*arguments)
    return jitted.explain(html=True)


VOID = {"meta", "link", "input", "br", "hr", "img"}


@dataclass
class Element:
    """An element, with its children and texts in order."""

    tag: str
    attributes: dict[str, str]
    children: list[Any] = field(default_factory=list)

    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text() for one in self.children)

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Elements below with a tag and attributes (`class_` for class, `_` for dashes), in document order."""
        found = []
        for one in self.children:
            if isinstance(one, Element):
                if (not tag or one.tag == tag) and all(
                    value in one.attributes.get(name.rstrip("_").replace("_", "-"), "").split()
                    for name, value in attributes.items()
                ):
                    found.append(one)
                found += one.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(html: str) -> Element:
    """The document; fails if an element is not closed, or closed by another's tag."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is never closed"
    return reader.open[0]


def graphs_of(document: Element) -> list[dict[str, Any]]:
    """What the script draws."""
    return json.loads(document.one("script", id="graphs").text())
