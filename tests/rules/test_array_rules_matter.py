"""Every rule about arrays fires in a program made of its left side, changes what is chosen, and keeps the result.

The left side is written as the body of a jitted function, which is called with arrays that fit; without the rule
another program is chosen, or the same at another cost. Rules that need company have a program of their own.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.egraph.inquiry import inquire
from eqsat.egraph.optimize import Report, optimize
from eqsat.frontend.arguments import sizes_of
from eqsat.rules.api import Rule, RuleBook
from eqsat.rules.book import BOOK, granted
from eqsat.rules.pattern import AXIS, kind_of
from eqsat.rules.shapes import Inference
from eqsat.rules.snippet import code
from eqsat.schedule.planner import plan
from tests.frontend.translating import translated

ARRAY_RULES = tuple(one for one in BOOK.rules if isinstance(one, Rule) and not one.is_elementwise)


def transpose_before_vector(a, b, v):
    return (a @ b).T @ v


def one_vector_twice(a, v):
    return a.T @ v + v @ a


def one_inverse_twice(a):
    return np.linalg.inv(a.T) + np.linalg.inv(a).T


def diagonal_copied(a, b):
    return np.diagonal(a @ b) * 1.5


def two_determinants(a, b):
    return np.linalg.det(a) + np.linalg.det(a @ b)


def one_determinant_twice(a):
    return np.linalg.det(a.T) + np.linalg.det(a)


def column_at_the_end(a, b, v):
    return (a @ b) @ v[:, None]


def two_sums(x, y):
    return np.sum(x, axis=1) + np.sum(np.sqrt(x) * y, axis=1)


def difference_of_sums(x, y):
    return np.sum(x, axis=1) - np.sum(np.sqrt(x) * y, axis=1)


def largest_of_scaled(x):
    return np.max(2.5 * x, axis=1)


def smallest_of_scaled(x):
    return np.min(2.5 * x, axis=1)


def scaled_before_and_after(a, b):
    return ((2.5 * a) @ b) * 3.0


COMPANY: dict[str, Callable[..., Any]] = {
    "scaled_matrix_in_product": scaled_before_and_after,
    "product_of_three_matrices": column_at_the_end,
    "add_sums": two_sums,
    "subtract_sums": difference_of_sums,
    "max_of_scaled": largest_of_scaled,
    "min_of_scaled": smallest_of_scaled,
    "transpose_of_product": transpose_before_vector,
    "transposed_matrix_times_vector": one_vector_twice,
    "inverse_of_transpose": one_inverse_twice,
    "diagonal_of_product": diagonal_copied,
    "product_of_determinants": two_determinants,
    "determinant_of_transpose": one_determinant_twice,
}
"""Programs for rules that save something only beside other work."""


def source_of(one: Rule) -> str:
    names = [name for name, kind in one.kinds if kind != AXIS]
    axes = "".join(f"    {name} = 1\n" for name, kind in one.kinds if kind == AXIS)
    return f"def program({', '.join(names)}):\n{axes}    return {code(one.left)}\n"


def program_of(one: Rule) -> Callable[..., Any]:
    """The left side as a function with a source of its own."""
    text = source_of(one)
    name = f"<left side of {one.name}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space: dict[str, Any] = {"np": np}
    exec(compile(text, name, "exec"), space)
    return space["program"]


SIZE = 60


def arguments_of(one: Rule, char: str) -> list[Any]:
    """Square arrays for the variables, matrices well away from singular ones; vectors are called u, v and w."""
    random = np.random.default_rng(7)
    kinds = dict(one.kinds)
    shapes = Inference(kinds, one.when, dict.fromkeys(kinds, np.dtype(char))).shapes
    ranks = {name: len(shape) if isinstance(shape, tuple) else 2 for name, shape in shapes.items()}
    program = COMPANY.get(one.name)
    if program is not None:
        ranks = {name: 1 if name in "uvw" else 2 for name in inspect.signature(program).parameters}
    made: list[Any] = []
    for name, rank in ranks.items():
        values = random.uniform(0.5, 1.5, (SIZE,) * rank) + (SIZE * np.eye(SIZE) if rank == 2 else 0.0)
        made.append(values > 1.0 if kinds.get(name) == "Bool" else np.asarray(values, char)[()])
    return made


def made_by(function: Callable[..., Any], arguments: list[Any], flags: frozenset[str], book: RuleBook) -> list[Report]:
    """What the optimizer makes of a function with the rules of a book."""
    region = replace(translated(function, *arguments), flags=flags)  # type: ignore[arg-type]
    sizes = {**sizes_of(arguments), **region.estimates}
    if region.body is None:
        return [optimize(region, sizes, book).report]
    return list(plan(region, sizes, book).reports.values())


def told(reports: list[Report]) -> list[tuple[str, float]]:
    return [(report.after, report.cost_after) for report in reports]


def dtypes_of(one: Rule) -> str:
    kinds = [kind for _, name in one.kinds if (kind := kind_of(name)) is not None]
    return next(char for char in "dl?" if all(char in kind.dtypes or kind.dtypes == "?" for kind in kinds))


def idle(one: Rule) -> str:
    """Why the rule does nothing for its program, or nothing."""
    program = COMPANY.get(one.name) or program_of(one)
    arguments = arguments_of(one, dtypes_of(one))
    book = granted(one.requires)
    whole, torn = (made_by(program, arguments, one.requires, each) for each in (book, book.without(one.name)))
    if not any(inquire(report.program.region, report.sizes, book, one).places for report in whole):
        return "did not fire"
    if told(whole) == told(torn):
        return "changed nothing"
    if not torn:  # nothing speaks of the product any more, which runs at its place, unpriced
        return ""
    return "costs more" if sum(r.cost_after for r in whole) > sum(r.cost_after for r in torn) else ""


@pytest.mark.parametrize("one", ARRAY_RULES, ids=lambda one: one.name)
def test_every_rule_about_arrays_changes_a_program(one: Rule) -> None:
    assert idle(one) == ""


@pytest.mark.parametrize("one", ARRAY_RULES, ids=lambda one: one.name)
def test_programs_that_follow_rules_about_arrays_give_what_numpy_gives(one: Rule) -> None:
    program = COMPANY.get(one.name) or program_of(one)
    for order in "CF":
        arguments = [
            np.asarray(a, order=order) if isinstance(a, np.ndarray) and a.ndim else a  # type: ignore[call-overload]
            for a in arguments_of(one, dtypes_of(one))
        ]
        found = jit(fastmath=one.requires)(program)(*arguments)
        expected = program(*arguments)
        assert type(found) is type(expected) and np.shape(found) == np.shape(expected)
        assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)
        if one.requires:
            np.testing.assert_allclose(found, expected, rtol=1e-9)
        else:
            np.testing.assert_array_equal(found, expected)
