"""Pages are whole, closed and safe; what they link belongs together."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eqsat import jit, rules
from eqsat.egraph.picture import picture
from eqsat.explain.page import ROOM, page
from eqsat.rules.accuracy import log_of_sum_of_exps
from tests.end_to_end.corpus import PROGRAMS, Program
from tests.explain.pages import (
    TAG,
    Element,
    X,
    branched,
    counted,
    graphs_of,
    halved,
    page_of,
    read,
    smoothed,
    tagged,
    wrapped,
)

PANELS = ["kernels", "graph", "typed", "nests", "llvm", "assembly", "facts"]
LARGEST = 2_000_000


@pytest.fixture(scope="module")
def document() -> Element:
    return read(page_of(halved, X, X).html)


def test_a_page_has_the_source_and_a_panel_for_every_stage(document: Element) -> None:
    assert [panel.attributes["id"] for panel in document.all(role="tabpanel")] == PANELS
    assert [tab.attributes["aria-controls"] for tab in document.all(role="tab")] == PANELS
    lines = [line.one("code").text() for line in document.all(class_="line")]
    assert lines == [
        "def halved(a, b):",
        "    difference = a - b",
        "    return np.sqrt(difference / 4.0).sum() + difference",
    ]


def test_the_source_is_there_to_the_last_line() -> None:
    document = read(page_of(wrapped, X).html)
    lines = [line.one("code").text() for line in document.all(class_="line")]
    assert lines[0] == "def wrapped(a):"
    assert lines[-1] == "    )"
    assert [one.text() for one in document.all(class_="place")] == ["a + 1.0", "größer * 2.0  # ä", "größer * 2.0"]


def test_ids_are_given_once(document: Element) -> None:
    ids = [one.attributes["id"] for one in document.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def test_a_kernel_shows_its_code_its_rules_and_their_reasons(document: Element) -> None:
    first = document.all("article", class_="kernel")[0]
    assert first.all("pre")[0].text() == "t0 = np.sum(np.sqrt((a - b) * 0.25))"
    rules = [rule.text() for rule in first.all("li")]
    assert rules[0].startswith("fuse_load_of_store ×3 Reading an array gives")
    assert "on difference / 4.0" in rules[1]
    assert re.search(r"eqsat/rules/arithmetic\.py:\d+$", rules[1])


def marks(element: Element) -> set[str]:
    return set(element.attributes.get("data-lit", "").split())


def lit(document: Element, panel: str, place: str) -> list[str]:
    """The texts in a panel that are lit when a place of the source is pointed at."""
    (pointed,) = (one for one in document.all(class_="place") if one.text() == place)
    (shows,) = pointed.attributes["data-shows"].split()
    return [one.text() for one in document.one(id=panel).all() if shows in marks(one)]


def test_a_place_of_the_source_lights_what_was_made_of_it(document: Element) -> None:
    assert lit(document, "typed", "difference / 4.0") == [
        "  v1 = constant 4.0 : float",
        "  v2 = divide[dd->d](v0, v1) : float64[p0.0]:C",
    ]
    assert lit(document, "nests", "difference / 4.0")[0] == "temp t0: float64[]"
    assert all(not line.startswith("result r0") for line in lit(document, "nests", "difference / 4.0"))
    (kernel,) = (one for one in lit(document, "kernels", "difference / 4.0") if "from lines" in one)
    assert kernel.strip().startswith("t0")


def test_a_kernel_lights_its_places_and_its_loops(document: Element) -> None:
    first, second = document.all("article", class_="kernel")
    for kernel, target, others in ((first, "t0", "result r0"), (second, "r0", "temp t0")):
        (shows,) = kernel.attributes["data-shows"].split()
        nests = [one.text() for one in document.one(id="nests").all("span") if shows in marks(one)]
        assert any(re.match(rf"(temp|result) {target}: ", line) for line in nests)
        assert not any(line.startswith(others) for line in nests)
        assert any(shows in marks(one) for one in document.all(class_="place"))


def test_every_mark_that_is_shown_lights_something(document: Element) -> None:
    shown = {mark for one in document.all() for mark in one.attributes.get("data-shows", "").split()}
    assert shown
    assert shown <= {mark for one in document.all() for mark in marks(one)}


def test_segments_of_a_function_with_control_flow_are_linked_to_their_own_kernels() -> None:
    document = read(page_of(branched, X.copy(), 3).html)
    nests = document.one(id="nests")
    exponential = [one for one in nests.all("span") if "exp" in one.text()]
    (place,) = (one for one in document.all(class_="place") if one.text() == "np.exp(total)")
    assert exponential
    assert all(place.attributes["data-shows"] in marks(one) for one in exponential)
    roots = [one for one in nests.all("span") if "sqrt" in one.text()]
    assert roots
    assert not any(place.attributes["data-shows"] in marks(one) for one in roots)


def test_the_graph_holds_the_program_and_its_alternatives(document: Element) -> None:
    (graph,) = graphs_of(document)
    boxes = graph["boxes"]
    labels = {way[0]: way for box in boxes.values() for way in box["ways"]}
    assert labels["a - b"][3:] == [True, True]
    divided = next(box for box in boxes.values() if any("/ 4.0" in way[0] for way in box["ways"]) and box["lit"])
    ways = {way[0].partition(" ")[2]: way for way in divided["ways"]}
    assert ways["/ 4.0"][3:] == [False, True]
    assert ways["* 0.25"][3:] == [True, False]
    assert ways["* 0.25"][2] < ways["/ 4.0"][2]
    assert "divide_by_power_of_two" in [graph["rules"][rule] for rule in divided["rules"]]
    assert all(str(root) in boxes for root in graph["roots"])


def test_source_and_comments_are_text_and_nothing_else() -> None:
    made = page_of(tagged, X)
    document = read(made.html)
    assert len(document.all("script")) == 2
    assert document.all("b") == []
    assert any(TAG in line.text() for line in document.all(class_="line"))
    assert not any(name.startswith("on") for one in document.all() for name in one.attributes)


def test_functions_of_the_machine_code_are_listed(document: Element) -> None:
    ids = {one.attributes["id"] for one in document.all() if "id" in one.attributes}
    for name in ("llvm", "assembly"):
        links = document.one(id=name).one("nav").all("a")
        assert {link.text() for link in links} >= {"run", "entry"}
        assert {link.attributes["href"][1:] for link in links} <= ids


def test_no_resource_is_named_that_is_not_in_the_page(document: Element) -> None:
    for one in document.all():
        assert "src" not in one.attributes
        assert one.attributes.get("href", "data:,") == "data:," or one.attributes["href"].startswith("#")
    style = document.one("style").text()
    assert "url(" not in style
    assert "@import" not in style


def test_notebooks_show_the_page_in_a_frame_of_its_own() -> None:
    jitted = jit(halved)
    jitted(X, X)
    explanation = jitted.explain()
    (frame,) = read(explanation._repr_html_()).children
    assert frame.tag == "iframe"
    assert frame.attributes["sandbox"] == "allow-scripts"
    assert read(frame.attributes["srcdoc"]).one("title").text() == "halved explained"


def test_a_page_can_be_saved(tmp_path: Path) -> None:
    made = page_of(halved, X, X)
    written = made.save(tmp_path / "halved.html")
    assert written.read_text(encoding="utf-8") == str(made)
    assert repr(made) == f"<page of {len(made.html) / 1e3:.0f} kB: save(path) writes it>"


def test_a_rule_is_told_of_in_text_alone() -> None:
    jitted = jit(halved)
    jitted(X, X)
    with pytest.raises(TypeError, match="leave out html=True"):
        jitted.explain(rule="fuse_load_of_store", html=True)  # type: ignore[call-overload]


def test_a_function_without_array_work_has_a_page() -> None:
    document = read(page_of(counted, 10).html)
    assert "no work on whole arrays" in document.one(id="kernels").text()
    assert "no e-graph" in document.one(id="graph").text()


def test_a_rule_that_raises_accuracy_is_marked() -> None:
    def logarithm(a, b):
        return np.log(np.exp(a) + np.exp(b))

    book = rules(log_of_sum_of_exps)
    document = read(page_of(logarithm, X, X, fastmath=True, rules=book).html)
    (marked,) = (rule for rule in document.all("li") if rule.all(class_="accurate"))
    assert marked.text().startswith("log_of_sum_of_exps needs afn")
    assert "raises accuracy" in marked.text()


def test_library_operations_stand_in_the_graph_with_their_other_ways() -> None:
    def applied(a, b, v):
        return (a @ b) @ v

    square = np.outer(X[:40], X[:40])
    document = read(page_of(applied, square, square, X[:40], fastmath=True).html)
    (graph,) = graphs_of(document)
    (root,) = graph["roots"]
    ways = {way[0]: way for way in graph["boxes"][str(root)]["ways"]}
    (chosen,) = (label for label, way in ways.items() if way[3] and label != "read from memory")
    assert chosen.startswith("matmul(a, #")
    (written,) = (label for label, way in ways.items() if way[4] and label != "read from memory")
    assert written.endswith(", v)")
    assert ways[chosen][2] < ways[written][2]


def test_a_budget_that_was_hit_stands_out() -> None:
    jitted = jit(halved)
    jitted(X, X)
    story = jitted.explain().story
    stop = "over the node budget: 20001 of 20000; rules that grew it: a_to_b (7 times)"
    (stretch,) = story.stretches
    document = read(page(replace(story, stretches=(replace(stretch, stop=stop),))).html)
    assert [one.text() for one in document.one(id="kernels").all(class_="warning")] == [f"Rules: {stop}."]


def test_a_text_that_is_too_long_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROOM, "llvm", 3000)
    monkeypatch.setitem(ROOM, "graph", 900)
    document = read(page_of(halved, X, X).html)
    assert len(document.one(id="llvm").one("pre").text()) < 3000
    assert re.search(r"\d+ more lines are left out .*; f\.inspect_llvm\(\)", document.one(id="llvm").text())
    (graph,) = graphs_of(document)
    assert 0 < len(graph["boxes"]) < graph["all"]


@pytest.mark.parametrize("function", [smoothed, branched], ids=lambda one: one.__name__)
def test_pages_of_control_flow_are_whole(function: object) -> None:
    made = page_of(function, X.copy(), 3)
    read(made.html)
    assert len(made.html) < LARGEST


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.name)
def test_pages_of_the_corpus_are_whole_and_small(program: Program) -> None:
    made = page_of(program.function, *program.arguments(1000, np.float64))
    document = read(made.html)
    assert len(made.html) < LARGEST
    for graph in graphs_of(document) if document.all("script", id="graphs") else []:
        assert graph["roots"]
        assert any(way[3] for box in graph["boxes"].values() for way in box["ways"])


def test_the_graph_is_the_one_that_was_compiled_from() -> None:
    jitted = jit(halved)
    jitted(X, X)
    specialization = jitted._specializations[0]
    (report,) = specialization.reports
    drawn = picture(report.program.region, report.sizes, specialization.book)
    assert drawn.rows == report.nodes
    assert drawn.stop == report.stop
