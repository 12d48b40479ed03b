"""What the documents show runs: code of the README, doctests, examples; what it prints and what they list is so."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.limits import LIMITS
from tests.house.floors import FLOORS, ROOT, modules

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*/*.md")])
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "demo.py")
CODE = re.compile(r"^```python\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
"""A block of code, and what it prints, with `...` for what differs between runs."""
END_OF_BLOCK = "== end of block =="
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
COMMAND = re.compile(r"\bmake ([a-z]+)")


def run(path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, str(path)], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_in_documents_runs(document: Path, tmp_path: Path) -> None:
    blocks = CODE.findall(document.read_text())
    if not blocks:
        return
    path = tmp_path / "document.py"
    path.write_text("\n".join(f"{code}\nprint({END_OF_BLOCK!r})" for code, _ in blocks))
    done = run(path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{END_OF_BLOCK}\n")
    for (code, wanted), got in zip(blocks, printed, strict=False):
        if wanted:
            same = doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)
            assert same, f"{code}\nprints\n\n{got}\nand not\n\n{wanted}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(example: Path) -> None:
    done = run(example)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("name", [name for name, path in modules().items() if ">>> " in path.read_text()])
def test_doctests_hold(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = re.findall(r"`[^`]*`|^    .*$", document.read_text(), re.MULTILINE)
    assert {name for text in code for name in COMMAND.findall(text)} <= targets


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="newer Pythons have more of `math`")
def test_support_table_is_what_the_tables_say() -> None:
    done = subprocess.run(
        [sys.executable, "docs/build.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_architecture_lists_the_floors() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", text, re.MULTILINE)
    listed = {room: int(floor) for floor, rooms in rows for room in re.findall(r"`([\w.]+)`", rooms)}
    assert listed == FLOORS


def test_every_error_class_is_documented() -> None:
    import eqsat

    text = (ROOT / "docs" / "language.md").read_text()
    shown = {name for name in eqsat.__all__ if name.endswith(("Error", "Warning")) and name != "RuleError"}
    assert {name for name in shown if f"eqsat.{name}" not in text} == set()


def test_every_error_of_a_rule_has_a_cure() -> None:
    text = " ".join((ROOT / "docs" / "rules.md").read_text().split())
    assert [said for said in sorted(errors_of_rules()) if said not in text] == []


def errors_of_rules() -> set[str]:
    """The longest constant piece of each error text of `eqsat.rules.api`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "eqsat" / "rules" / "api.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "RuleError":
            parts = [one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)]
            pieces = [piece for part in parts for piece in re.split(r"rule |: |`", str(part))]
            found.add(max((piece.strip() for piece in pieces), key=len, default=""))
    return found


def test_every_limit_that_the_tests_excuse_is_documented() -> None:
    text = (ROOT / "docs" / "language.md").read_text()
    assert [limit for limit in LIMITS if limit not in text] == []
