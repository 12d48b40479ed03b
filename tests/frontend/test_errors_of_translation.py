"""The exact text of every error of the translation: the functions of `refused_programs` against the text beside them.

`EQSAT_REFRESH=1` writes the text anew, to be read before it is committed.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from types import FunctionType

import pytest

from eqsat.errors import EqsatError
from eqsat.frontend.refusals import SYNTAX
from tests.frontend import refused_programs
from tests.frontend.translating import translated

GOLDEN = Path(__file__).with_name("refused_programs.txt")
PROGRAMS = {
    name: function
    for name, function in vars(refused_programs).items()
    if isinstance(function, FunctionType) and not name.startswith("helper")
}


def text_of(function: FunctionType) -> str:
    """The class and the message, without the place, which is checked: the line shown must stand there."""
    with pytest.raises(EqsatError) as caught:
        translated(function, refused_programs.A)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 6
    place = re.fullmatch(r"  (.+):(\d+), in \w+", lines[1])
    assert place
    assert Path(place[1]).read_text(encoding="utf-8").splitlines()[int(place[2]) - 1].strip() == lines[2].strip()
    return "\n".join([f"{type(caught.value).__name__}: {lines[0]}", *lines[2:]])


def expected() -> dict[str, str]:
    sections = GOLDEN.read_text(encoding="utf-8").split("## ")[1:]
    return {name: text.strip() for name, _, text in (section.partition("\n") for section in sections)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_error_says_what_where_and_what_to_do_instead(name):
    if os.environ.get("EQSAT_REFRESH") == "1":
        texts = [f"## {each}\n{text_of(function)}\n" for each, function in PROGRAMS.items()]
        GOLDEN.write_text("\n".join(texts), encoding="utf-8")
    assert text_of(PROGRAMS[name]) == expected()[name]


def test_every_message_belongs_to_a_program():
    assert list(expected()) == list(PROGRAMS)


def test_every_refused_syntax_is_among_the_programs():
    said = GOLDEN.read_text(encoding="utf-8")
    within_others = {ast.Break, ast.Continue, ast.AsyncFor, ast.AsyncWith, ast.Await, ast.YieldFrom, ast.Yield}
    for syntax, (what, instead) in SYNTAX.items():
        assert syntax in within_others or (f"{what} is not supported yet" in said and instead in said), syntax
