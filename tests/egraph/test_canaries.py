"""A wrong rule that makes unequal things equal is found out, named, and costs nothing but the optimization."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from eqsat.egraph.engine import EGraphFailed, Session, session
from eqsat.egraph.optimize import optimize
from eqsat.errors import RuleWarning
from eqsat.ir.dims import Symbol, dim
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.region import Guard, Param, Region
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, c_layout
from eqsat.rules.api import KINDS, Int, RuleBook, Structural, rule, rules
from eqsat.rules.book import DEFAULT
from tests.egraph.executing import assert_means_the_same, optimized
from tests.egraph.test_kernels_and_buffers import A, B, chain


def planted(name: str, text: str) -> RuleBook:
    return DEFAULT + rules(Structural(name, "Wrong on purpose.", text, "simplify"))


WRONG_SHAPE = '(rule ((= l (Fold i x))) ((union l (Binary "add" "dd->d" x x)) $fired) $where)'
WRONG_DTYPE = '(rule ((= l (Unary "cast" s x))) ((union l x) $fired) $where)'
WRONG_CONSTANT = '(rule ((= l (Binary "multiply" s x c)) (= c (Const t b))) ((union l c) $fired) $where)'


def total(a, b):
    return (a * b).sum() + 1.5 * b


def narrowed(a, b):
    return a.astype(np.float32) * np.float32(2) + b.astype(np.float32)


def scaled(a, b):
    return a * 3.0 + b * 3.0, (a * 3.0) * 5.0


@pytest.mark.parametrize(
    ("function", "name", "text"),
    [
        (total, "sum_to_double", WRONG_SHAPE),
        (narrowed, "cast_to_nothing", WRONG_DTYPE),
        (scaled, "product_to_factor", WRONG_CONSTANT),
    ],
)
def test_a_wrong_rule_is_named_and_left_out(function, name, text) -> None:
    with pytest.warns(RuleWarning, match=f"rule {name} is wrong and was left out: .* eqsat.verify"):
        made = optimized(function, A, B, book=planted(name, text))
    assert made.report.stop.startswith(f"rule {name} is wrong and was left out: ")
    right = optimized(function, A, B)
    assert made.report.after == right.report.after and made.report.cost_after == right.report.cost_after
    assert_means_the_same(made, (A, B))


def test_a_wrong_rule_is_looked_for_once() -> None:
    book = planted("cast_to_nothing", WRONG_DTYPE)
    with pytest.warns(RuleWarning):
        optimized(narrowed, A, B, book=book)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimized(narrowed, A, B, book=book)


def test_after_a_failure_the_next_program_is_optimized() -> None:
    book = planted("cast_to_nothing", WRONG_DTYPE)
    with pytest.warns(RuleWarning):
        assert "wrong" in optimized(narrowed, A, B, book=book).report.stop
    assert optimized(chain, A, B, book=book).report.kernels_after == 1


def test_two_constants_that_meet_stop_everything() -> None:
    @rule
    def successor_is_itself(x: Int):
        """Wrong on purpose."""
        return x + 1, x

    type_ = Scalar(np.dtype(np.int64), "numpy")
    two, one = (Node("constant", (), Constant.of(v, type_.dtype), type_, NOWHERE) for v in (2, 1))
    three = Node("add", (two, one), "ll->l", type_, NOWHERE)
    region = Region("f", (), three, (), (), (), NOWHERE)
    with pytest.warns(RuleWarning):
        made = optimize(region, {}, DEFAULT + rules(successor_is_itself))
    assert made.report.stop.startswith("rule successor_is_itself is wrong and was left out")
    assert made.report.after == "return 3"
    assert optimize(region, {}).report.after == "return 3"


def test_a_session_that_failed_is_not_used_again() -> None:
    with pytest.raises(EGraphFailed), session(DEFAULT, KINDS, UFUNCS) as broken:
        broken.run("(no such command")
    with session(DEFAULT, KINDS, UFUNCS) as fresh:
        assert fresh is not broken and not fresh.broken


def test_a_session_is_empty_again_after_use() -> None:
    with session(DEFAULT, KINDS, UFUNCS) as first:
        empty = first.size()
        first.run('(rule () ((Load (Param 0))) :ruleset simplify :name "once") (run simplify 1)')
        assert first.size() > empty
    with session(DEFAULT, KINDS, UFUNCS) as second:
        assert second is first and second.size() == empty


def test_an_interrupt_does_not_leave_a_broken_session_behind() -> None:
    def interrupt() -> list[object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), session(DEFAULT, KINDS, UFUNCS) as opened:
        opened._guarded(interrupt)
    assert opened.broken
    with session(DEFAULT, KINDS, UFUNCS) as fresh:
        assert isinstance(fresh, Session) and fresh is not opened


def test_sizes_that_guards_make_equal_are_one() -> None:
    p, q, r = (dim(Symbol(number, 0)) for number in range(3))

    def region(*guards: Guard) -> Region:
        types = [Array(np.dtype("d"), (size,), c_layout((size,))) for size in (p - 1, q - 1, r)]
        a, b, c = (Node("param", (), k, t, NOWHERE) for k, t in enumerate(types))
        product = Node("multiply", (a, b), "dd->d", types[0], NOWHERE)
        total = Node("add", (product, c), "dd->d", types[2], NOWHERE)
        return Region(
            "f", tuple(Param(n, t) for n, t in zip("abc", types, strict=True)), total, guards, (), (), NOWHERE
        )

    sizes = {Symbol(0, 0): 8, Symbol(1, 0): 8, Symbol(2, 0): 7}
    known = (Guard(p - 1, "==", q - 1, NOWHERE), Guard(r, "==", p - 1, NOWHERE))
    assert optimize(region(*known), sizes).report.kernels_after == 1
