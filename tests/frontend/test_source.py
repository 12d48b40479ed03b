"""Functions are found in their files, at the right line and columns; what cannot be found is refused."""

from __future__ import annotations

import ast
import linecache
import textwrap

import pytest

from eqsat.errors import SourceError
from eqsat.frontend.source import parse


def decorated(function):
    return function


@decorated
@(lambda f: f)
def with_decorators(x,
                    y=(1,
                       2)):  # fmt: skip
    """Text that
    stands further left than the function.
    """
    return x + y


class Holder:
    def __private(self, x):
        return self.__hidden + x

    if True:

        @staticmethod
        def deep(x):  # fmt: skip
            text = """
left
"""
            return x, text

    method = __private


PAIR = (lambda x: x + 1, lambda x: x + 2)
SPREAD = [
    lambda x: (
        x
        * 3
    ), lambda x: x * 4,
]  # fmt: skip
SAME = (lambda x: x, lambda x: x)


def returned(function) -> str:
    body = parse(function).node.body
    return ast.unparse(body if isinstance(body, ast.expr) else body[-1])


def test_definitions_are_found_under_decorators_and_indentation():
    assert returned(with_decorators) == "return x + y"
    assert returned(Holder.deep) == "return (x, text)"
    assert returned(Holder.method) == "return self.__hidden + x"


def test_lambdas_of_one_line_are_told_apart():
    assert [returned(f) for f in PAIR] == ["x + 1", "x + 2"]
    assert [returned(f) for f in SPREAD] == ["x * 3", "x * 4"]
    assert [returned(f) for f in SAME] == ["x", "x"]


@pytest.mark.parametrize("function", [with_decorators, Holder.deep, *PAIR, *SPREAD], ids=lambda f: f.__name__)
def test_spans_show_the_text_of_the_node(function):
    source = parse(function)
    lines = linecache.getlines(source.file)
    for node in ast.walk(source.node):
        if isinstance(node, ast.Name | ast.Constant) and node.end_lineno == node.lineno:
            span = source.span(node)
            assert span.source() == ast.unparse(node).replace("'", '"')
            assert lines[span.line - 1].rstrip("\n") == span.text
            assert span.function == function.__name__


def test_columns_are_characters_not_bytes():
    source = parse(lambda ä: "ü" + ä.größe)
    attribute = next(node for node in ast.walk(source.node) if isinstance(node, ast.Attribute))
    assert source.span(attribute).source() == "ä.größe"


def test_the_file_is_read_once_for_each_function():
    assert parse(with_decorators) is parse(with_decorators)


def made(text: str, file: str, register: bool = True):
    """A function made from text, as notebooks make theirs."""
    text = textwrap.dedent(text)
    if register:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = {}
    exec(compile(text, file, "exec"), namespace)
    return namespace["f"]


def test_functions_of_notebook_cells_are_found():
    assert returned(made("def f(x):\n    return x + 1\n", "<cell 1>")) == "return x + 1"
    assert returned(made("f = lambda x: x + 1\n", "<cell 2>")) == "x + 1"


def test_a_function_without_text_is_refused():
    with pytest.raises(SourceError) as caught:
        parse(made("def f(x):\n    return x\n", "<string>", register=False))
    assert str(caught.value) == (
        "the source of `f` cannot be read: there is no text of <string>\n"
        "  instead: define the function in a file or a notebook cell, not by exec or eval"
    )


@pytest.mark.parametrize(
    "now",
    [
        "\n\ndef f(x):\n    return x\n",
        "def g(x):\n    return x\n",
        "def f(y):\n    return y\n",
        "def f(x):\n    return x + other\n",
        "def f(x) return\n",
    ],
)
def test_a_file_that_changed_since_it_was_imported_is_refused(now):
    function = made("def f(x):\n    return x\n", "<changed>")
    linecache.cache["<changed>"] = (len(now), None, now.splitlines(keepends=True), "<changed>")
    with pytest.raises(SourceError) as caught:
        parse(function)
    assert str(caught.value) == (
        "line 1 of <changed> is not the function `f` that was loaded\n"
        "  the file was changed after it was imported\n"
        "  instead: import it again, or restart Python"
    )


def test_lambdas_that_cannot_be_told_apart_are_refused():
    function = made("f, g = (lambda x: x + 1, lambda x: x + 2)\n", "<lambdas>")
    function.__code__ = function.__code__.replace(co_linetable=b"")
    with pytest.raises(SourceError) as caught:
        parse(function)
    assert str(caught.value) == (
        "line 1 of <lambdas> has 2 lambdas that cannot be told apart\n"
        "  instead: put each on a line of its own, or use def"
    )


def test_equal_functions_of_two_files_have_their_own_places():
    first, second = (made("def f(x):\n    return x\n", file) for file in ("<one>", "<two>"))
    assert [parse(f).span().file for f in (first, second)] == ["<one>", "<two>"]
