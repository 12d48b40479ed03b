"""`python -m eqsat explain`: text, pages, and what it says where nothing can be explained."""

from __future__ import annotations

import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from eqsat.__main__ import main
from tests.explain.pages import read
from tests.house.floors import ROOT

PLAIN = """\
import numpy as np

scale = [2.0]


def root(a, b):
    return np.sqrt(a * a + b) - a
"""
CALLED = """\
import numpy as np

from eqsat import jit


@jit
def root(a, b):
    return np.sqrt(a * a + b) - a


root(np.ones(3), 2.0)
"""
CALL = "root(np.ones(3), 2.0)"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain_source.py"
    path.write_text(PLAIN)
    return path


@pytest.fixture
def called(tmp_path: Path) -> Path:
    path = tmp_path / "called_source.py"
    path.write_text(CALLED)
    return path


def test_a_function_that_its_file_calls_is_explained(called: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", f"{called}:root"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("root (float64[p0.0]:C, float)\n")
    assert "r0 = np.sqrt(a * a + b) - a" in told


def test_a_function_that_is_not_jitted_is_jitted_for_a_call(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", f"{plain}:root", "--call", CALL]) == 0
    assert "r0 = np.sqrt(a * a + b) - a" in capsys.readouterr().out


def test_it_runs_as_a_command(plain: Path) -> None:
    command = [sys.executable, "-m", "eqsat", "explain", f"{plain}:root", "--call", CALL]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "r0 = np.sqrt(a * a + b) - a" in ended.stdout


def test_a_page_is_written(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    assert main(["explain", f"{plain}:root", "--call", CALL, "--html", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert read(out.read_text()).one("title").text() == "root explained"


def test_a_page_is_opened(plain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", opens)
    assert main(["explain", f"{plain}:root", "--call", CALL, "--open"]) == 0
    (url,) = opened
    assert url.startswith("file://")
    assert read(Path(unquote(urlparse(url).path)).read_text()).one("title").text() == "root explained"
    assert url.endswith(Path(capsys.readouterr().out.strip()).name)


def test_where_there_is_no_browser_the_page_is_still_written(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    out = tmp_path / "page.html"
    assert main(["explain", f"{plain}:root", "--call", CALL, "--open", "--html", str(out)]) == 2
    assert capsys.readouterr().err == f"eqsat: no browser is found; the page is in {out}\n"
    assert out.is_file()


REFUSED = [
    (["{plain}"], "'{plain}' is not FILE.py:FUNCTION"),
    (["{plain}:"], "'{plain}:' is not FILE.py:FUNCTION"),
    (["{plain}.py:root"], "there is no file {plain}.py"),
    (["no_such_module_here:root"], "No module named 'no_such_module_here'"),
    (["{plain}:square"], "{plain} has no function `square`: it has root"),
    (["{plain}:scale"], "`scale` in {plain} is a list, not a function in Python: it has root"),
    (["{plain}:root"], "`root` is not called by its file: say --call 'root(...)' with arguments to compile for"),
    (
        ["{plain}:root", "--call", "1 + 1"],
        "`root` is not called by 1 + 1, or runs in Python for it: say --call 'root(...)' with arguments to compile for",
    ),
    (
        ["{plain}:root", "--call", "root(1"],
        "the call root(1 raised SyntaxError: '(' was never closed (<the call>, line 1)",
    ),
    (
        ["{plain}:root", "--call", "root(np.ones(3), np.ones(2))"],
        "the call root(np.ones(3), np.ones(2)) raised ValueError: operands could not be broadcast together with shapes "
        "(3,) (2,) ",
    ),
    (["{raising}:root"], "{raising} raised ZeroDivisionError when it was imported: division by zero"),
    (
        ["{plain}:root", "--call", CALL, "--html", "{plain}/page.html"],
        "the page cannot be written: [Errno 20] Not a directory: '{plain}/page.html'",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[" ".join(given) for given, _ in REFUSED])
def test_what_cannot_be_explained_is_said(
    given: list[str], message: str, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raising = tmp_path / "raising_source.py"
    raising.write_text("1 / 0\n")

    def filled(text: str) -> str:
        return text.replace("{plain}", str(plain)).replace("{raising}", str(raising))

    assert main(["explain", *map(filled, given)]) == 2
    assert capsys.readouterr() == ("", f"eqsat: {filled(message)}\n")
