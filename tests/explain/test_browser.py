"""Pages in a real browser: they load, light what belongs together, draw and search the e-graph, and ask for nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqsat.explain.page import Page
from tests.end_to_end.corpus import BY_NAME
from tests.explain.pages import X, branched, halved, page_of, tagged

webdriver: Any = pytest.importorskip("selenium.webdriver", reason="pages are tested in a browser by selenium")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None,
    reason="no Chromium with its driver is installed (Debian: chromium, chromium-driver)",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


Show = Callable[[Page], Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Shows a page; afterwards, nothing may have been written to the console."""

    def shown(page: Page) -> Any:
        browser.get(page.save(tmp_path / "page.html").as_uri())
        return browser

    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    yield shown
    assert browser.get_log("browser") == []


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(halved, X, X)


def all_of(browser: Any, selector: str) -> list[Any]:
    return browser.find_elements("css selector", selector)


def one_of(browser: Any, selector: str) -> Any:
    (found,) = all_of(browser, selector)
    return found


def hover(browser: Any, element: Any) -> None:
    webdriver.ActionChains(browser).move_to_element(element).perform()


def press(browser: Any, *keys: str) -> None:
    chain = webdriver.ActionChains(browser)
    for key in keys:
        chain.send_keys(key)
    chain.perform()


def place(browser: Any, text: str) -> Any:
    (found,) = (one for one in all_of(browser, ".place") if one.text == text)
    return found


def to_tab(browser: Any, name: str) -> None:
    one_of(browser, f"#tab-{name}").click()


def panels(browser: Any) -> list[str]:
    return [one.get_attribute("id") for one in all_of(browser, "[role=tabpanel]") if one.is_displayed()]


def box_with(browser: Any, label: str) -> Any:
    (found,) = (one for one in all_of(browser, ".box") if label in one.get_attribute("aria-label"))
    return found


def test_a_page_asks_for_nothing_but_itself(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"}
    assert {url for url in asked if not url.startswith("data:")} == {browser.current_url}


def test_pointing_at_a_place_lights_its_kernels(show: Show, page: Page) -> None:
    browser = show(page)
    first, second = all_of(browser, "article.kernel")
    hover(browser, place(browser, "difference / 4.0"))
    assert "lit" in first.get_attribute("class").split()
    assert "lit" not in second.get_attribute("class").split()
    assert one_of(browser, "#tab-typed").get_attribute("data-count") == "2"
    hover(browser, place(browser, "a - b"))
    assert "lit" in second.get_attribute("class").split()
    hover(browser, one_of(browser, "h1"))
    assert all_of(browser, ".lit") == []


def test_pointing_at_a_kernel_lights_its_places(show: Show, page: Page) -> None:
    browser = show(page)
    hover(browser, all_of(browser, "article.kernel > h4")[0])
    assert [one.text for one in all_of(browser, "#source .lit")] == [
        "a - b",
        "np.sqrt(difference / 4.0).sum()",
        "np.sqrt(difference / 4.0)",
        "difference / 4.0",
    ]


def test_a_click_keeps_light_until_escape(show: Show, page: Page) -> None:
    browser = show(page)
    place(browser, "difference / 4.0").click()
    hover(browser, one_of(browser, "h1"))
    to_tab(browser, "nests")
    lit = [one.text for one in all_of(browser, "#nests .lit")]
    assert lit[0] == "temp t0: float64[]"
    assert all(not line.startswith("result") for line in lit)
    press(browser, "\ue00c")
    hover(browser, one_of(browser, "h1"))
    assert all_of(browser, ".lit") == []


def test_tabs_and_places_are_reached_by_keys(show: Show, page: Page) -> None:
    browser = show(page)
    assert panels(browser) == ["kernels"]
    browser.execute_script("document.getElementById('tab-kernels').focus()")
    press(browser, "\ue014")
    assert panels(browser) == ["graph"]
    press(browser, "\ue010")
    assert panels(browser) == ["facts"]
    press(browser, "\ue011")
    assert panels(browser) == ["kernels"]
    browser.execute_script("document.querySelector('.place').focus()")
    assert all_of(browser, "#kernels .lit") != []
    press(browser, "\ue007")
    browser.execute_script("document.activeElement.blur()")
    assert all_of(browser, "#kernels .lit") != []


def test_a_class_opens_with_its_alternatives_and_costs(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    box_with(browser, "* 0.25").click()
    aside = one_of(browser, "#class")
    assert "difference / 4.0" in aside.text
    assert "divide_by_power_of_two" in aside.text
    ways = [one.text for one in all_of(browser, "#class li")]
    assert len(ways) == 3
    assert "* 0.25" in ways[0]
    assert re.search(r"\d ns · chosen$", ways[0])
    assert "/ 4.0" in ways[1]
    assert ways[1].endswith("as written")
    assert "open" in box_with(browser, "* 0.25").get_attribute("class").split()
    all_of(browser, "#class li button")[0].click()
    assert "a - b" in aside.text


def test_a_class_opens_by_keys(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    browser.execute_script("arguments[0].focus()", box_with(browser, "sqrt("))
    press(browser, "\ue007")
    assert "np.sqrt(difference / 4.0)" in one_of(browser, "#class").text


def test_the_list_of_functions_leads_to_them(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "llvm")
    (link,) = (one for one in all_of(browser, "#llvm nav a") if one.text == "entry")
    link.click()
    assert "@entry(" in browser.execute_script("return document.activeElement.textContent")
    assert browser.execute_script("return document.querySelector('#llvm pre').scrollTop") > 0


def test_search_finds_operations_and_rules(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    field = one_of(browser, "#search")
    field.send_keys("sqrt(")
    assert len(all_of(browser, ".box.hit")) == 1
    assert one_of(browser, "#hits").text == "1 found; Enter goes through them"
    field.send_keys("\ue007")
    assert "sqrt" in one_of(browser, "#class").text
    assert one_of(browser, "#hits").text == "1 of 1"
    field.clear()
    field.send_keys("DIVIDE_by_power")
    assert len(all_of(browser, ".box.hit")) == 1
    field.clear()
    field.send_keys("no such thing")
    assert all_of(browser, ".box.hit") == []
    assert one_of(browser, "#hits").text.startswith("0 found")


def view_of(browser: Any) -> list[float]:
    return [float(one) for one in one_of(browser, "#svg").get_dom_attribute("viewBox").split()]


def test_the_picture_is_moved_and_magnified(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    before = view_of(browser)
    one_of(browser, "#closer").click()
    closer = view_of(browser)
    assert closer[2] < before[2]
    svg = one_of(browser, "#svg")
    webdriver.ActionChains(browser).move_to_element_with_offset(svg, -190, 150).click_and_hold().move_by_offset(
        40, -30
    ).release().perform()
    moved = view_of(browser)
    assert moved[0] < closer[0]
    assert moved[1] > closer[1]
    one_of(browser, "#fit").click()
    fitted = view_of(browser)
    assert fitted[0] < moved[0] + moved[2] / 2 < fitted[0] + fitted[2]


def test_the_wheel_magnifies_a_picture_that_was_clicked(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    svg = one_of(browser, "#svg")
    before = view_of(browser)
    wheel(browser, svg)
    assert view_of(browser) == before
    browser.execute_script("arguments[0].focus()", svg)
    wheel(browser, svg)
    assert view_of(browser)[2] < before[2]
    magnified = view_of(browser)
    press(browser, "\ue014")
    assert view_of(browser)[0] > magnified[0]


def wheel(browser: Any, element: Any) -> None:
    origin = webdriver.common.action_chains.ScrollOrigin.from_element(element)
    webdriver.ActionChains(browser).scroll_from_origin(origin, 0, -100).perform()


def test_chosen_only_leaves_the_program(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    assert " / 4.0" in box_with(browser, "* 0.25").text
    one_of(browser, "#only").click()
    assert " / 4.0" not in box_with(browser, "* 0.25").text
    assert all("used" in one.get_attribute("class").split() for one in all_of(browser, ".box"))


def test_numbers_are_drawn_when_they_are_looked_for(show: Show, page: Page) -> None:
    browser = show(page)
    to_tab(browser, "graph")
    before = len(all_of(browser, ".box"))
    assert "numbers and arguments, which stand in the lines" in one_of(browser, "#extent").text
    one_of(browser, "#search").send_keys("-4.0\ue007")
    assert len(all_of(browser, ".box")) > before
    assert "-4.0" in one_of(browser, "#class").text


def test_boxes_do_not_overlap(show: Show) -> None:
    browser = show(page_of(BY_NAME["black_scholes"].function, *BY_NAME["black_scholes"].arguments(1000, np.float64)))
    to_tab(browser, "graph")
    frames = browser.execute_script(
        "return [...document.querySelectorAll('.box')].map(box => {"
        "const [x, y] = box.getAttribute('transform').match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);"
        "const frame = box.querySelector('.frame');"
        "return [x, y, +frame.getAttribute('width'), +frame.getAttribute('height')]})"
    )
    assert len(frames) > 20
    for place_, (x, y, width, height) in enumerate(frames):
        for left, top, across, down in frames[:place_]:
            assert x + width <= left or left + across <= x or y + height <= top or top + down <= y


def test_a_large_graph_is_drawn_in_part_and_grows_on_demand(show: Show) -> None:
    browser = show(page_of(many, X, X))
    to_tab(browser, "graph")
    drawn = len(all_of(browser, ".box"))
    extent = one_of(browser, "#extent").text
    assert f"{drawn} of" in extent
    assert drawn <= 200
    assert "Open a class to draw what it is made of" in extent
    browser.execute_script(
        "document.querySelector('.box .more').closest('.box').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    one_of(browser, "#expand").click()
    assert len(all_of(browser, ".box")) > drawn


FACTORS = tuple(0.5 + 3 * number for number in range(60))


def many(a, b):
    total = a
    for factor in FACTORS:
        total = np.sin(total * factor) / (b + factor) + a
    return total


def test_every_stretch_has_a_picture(show: Show) -> None:
    browser = show(page_of(branched, X.copy(), 3))
    to_tab(browser, "graph")
    options = all_of(browser, "#stretch option")
    assert len(options) > 1
    labels = set()
    for option in options:
        option.click()
        labels.add(tuple(one.get_attribute("aria-label") for one in all_of(browser, ".box")))
    assert len(labels) == len(options)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_paper(show: Show, page: Page, scheme: str) -> None:
    browser = show(page)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    ink, paper = browser.execute_script(
        "const style = getComputedStyle(document.body);"
        "return [style.color, style.backgroundColor].map(one => one.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert (sum(ink) > sum(paper)) == (scheme == "dark")
    assert contrast(ink, paper) > 7


def contrast(one: list[float], other: list[float]) -> float:
    """The ratio of luminances, as the guidelines for accessible content define it."""

    def luminance(color: list[float]) -> float:
        parts = [part / 255 for part in color]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_nothing_in_the_source_runs(show: Show) -> None:
    browser = show(page_of(tagged, X))
    to_tab(browser, "graph")
    assert len(all_of(browser, "script")) == 2
    assert all_of(browser, "b") == []
    assert "<script>alert('run')</script>" in one_of(browser, "#source").text


def test_a_page_fits_a_narrow_window(show: Show, page: Page) -> None:
    browser = show(page)
    metrics = {"width": 420, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= 420


def test_the_frame_of_a_notebook_works(browser: Any, tmp_path: Path, page: Page) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'><h1>notebook</h1>{page._repr_html_()}", encoding="utf-8")
    browser.get(path.as_uri())
    plain = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert plain == "rgba(0, 0, 0, 0)"
    browser.switch_to.frame(one_of(browser, "iframe"))
    to_tab(browser, "graph")
    assert all_of(browser, ".box") != []
    browser.switch_to.default_content()
