"""The text of the house: lengths, docstrings, words that must not stand there."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.floors import ROOT, modules

FOLDERS = (*("eqsat", "lowering", "numpy_impl", "tests", "bench", "docs", "examples"),)
PYTHON = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST = 500

VAGUE_NAMES = {"utils", "util", "misc", "common", "helpers", "stuff", "tools"}
# Written in pieces, so that this file does not hold them.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"\b" + "TO" + r"DO\b",
            r"\b" + "FIX" + r"ME\b",
            r"\b" + "X" + r"XX\b",
            "/wo" + "rk/",
            "/ro" + "ot/",
            "/op" + "t/",
            "file" + "s.pythonhosted",
            "pypi" + r"\.org",
        ]
    )
)


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_can_be_read() -> None:
    lengths = {identity(path): len(path.read_text().splitlines()) for path in PYTHON}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_file_says_what_it_is_for() -> None:
    missing = [identity(path) for path in PYTHON if path.read_text().strip() and not docstring(path)]
    assert missing == []


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text()))


def test_modules_are_named_for_what_they_hold() -> None:
    assert [name for name in modules() if name.rpartition(".")[2] in VAGUE_NAMES] == []


@pytest.mark.parametrize("package", ["lowering", "numpy_impl"])
def test_private_packages_say_so(package: str) -> None:
    text = docstring(ROOT / package / "__init__.py")
    assert text is not None
    assert "private part of eqsat" in text


def test_no_forbidden_words() -> None:
    """In all files under version control."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout")
    found = []
    for name in listed.stdout.split():
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".yml", ""}:
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if FORBIDDEN.search(line):
                    found.append(f"{name}:{number}: {line.strip()}")
    assert found == []
