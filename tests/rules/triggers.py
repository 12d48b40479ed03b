"""Programs that set rules off, made of the rules' own sides, and the part of the book that could fire in them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from eqsat.ir.dims import Symbol, dim
from eqsat.ir.nodes import Constant, Node, constant_node, walk
from eqsat.ir.region import Param, Region
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, c_layout
from eqsat.rules.api import COMPARISONS, KINDS, PREDICATES, Pattern, Rule, RuleBook, literal
from eqsat.rules.book import BOOK
from eqsat.rules.guards import CONSTANT_TESTS, GUARDS
from eqsat.rules.pattern import walk as parts

LENGTH = dim(Symbol(0, 0))
SIZES = {Symbol(0, 0): 1000}

CONSTANTS = (3.0, 5.0, 0.5, 7.0, 4.0)
"""For variables that must be known numbers: each takes the first one left for which the guards hold."""

CHARS = "dlb?DfB"
"""Dtypes in which programs are made, the first that a rule speaks of first."""


def array(dtype: np.dtype) -> Array:
    return Array(dtype, (LENGTH,), c_layout((LENGTH,)))


class Maker:
    """Nodes of patterns. Variables are array parameters, or what their guards ask for: numbers, choices of numbers."""

    def __init__(self, one: Rule, char: str) -> None:
        self.rule, self.dtype = one, np.dtype(char)
        self.params: list[Param] = []
        self.nodes: dict[str, Node] = {}
        self.constants = list(CONSTANTS)
        for name, kind in one.kinds:
            dtype = np.dtype(np.bool_) if kind == "Bool" else self.dtype
            self.nodes[name] = self.variable(dtype, [c.test for c in one.when if name in c.variables])

    def variable(self, dtype: np.dtype, tests: list[str]) -> Node:
        of = {GUARDS[test].of for test in tests}
        if "constant" in of:
            holding = (c for c in self.constants if all(CONSTANT_TESTS[t](Constant.of(c, dtype)) for t in tests))
            value = next(holding)
            self.constants.remove(value)
            return constant_node(value, dtype, NOWHERE)
        if of:
            low = 2 + 3 * len(self.nodes)
            numbers = (constant_node(value, dtype, NOWHERE) for value in (low, low + 1))
            return apply("select", self.param(np.dtype(np.bool_)), *numbers)
        return self.param(dtype)

    def param(self, dtype: np.dtype) -> Node:
        number = len(self.params)
        self.params.append(Param(f"v{number}", array(dtype)))
        return Node("param", (), number, array(dtype), NOWHERE)

    def node(self, pattern: Pattern) -> Node:
        if pattern.op == "variable":
            return self.nodes[str(pattern.value)]
        if pattern.op == "literal":
            of = np.dtype(np.bool_) if isinstance(pattern.value, bool) else self.dtype
            made = literal(pattern.value, of)
            assert made is not None
            return Node("constant", (), made, Scalar(of, "numpy"), NOWHERE)
        return apply(pattern.op, *map(self.node, pattern.args))

    def region(self, node: Node) -> Region:
        flags = self.rule.requires
        return Region("program", tuple(self.params), node, (), (), (), NOWHERE, flags=flags)


def apply(name: str, *args: Node) -> Node:
    """An elementwise operation."""
    types = [arg.type for arg in args]
    assert all(isinstance(type_, Array | Scalar) for type_ in types)
    dtype = types[-1].dtype  # type: ignore[union-attr]
    result = np.dtype(np.bool_) if name in COMPARISONS | PREDICATES else dtype
    type_ = array(result) if any(isinstance(one, Array) for one in types) else Scalar(result, "numpy")
    signature = None if name == "select" else f"{dtype.char * len(args)}->{result.char}"
    return Node(name, args, signature, type_, NOWHERE)


def programs(one: Rule) -> Iterator[Region]:
    """Programs for a rule: its left side; its left side within another operation; both sides side by side.

    The last one is computed once, if the rule says that the sides are one.
    """
    forms = (2, 0, 1) if one.accuracy else (0, 1, 2)  # what is more accurate is rarely what is cheaper
    for char in [c for c in CHARS if c in KINDS[one.kind]][:2]:
        for form in forms:
            maker = Maker(one, char)
            made = maker.node(one.left)
            if form == 1 and char == "d" and made.type == array(maker.dtype):
                made = apply("exp", made)
            elif form == 2:
                right = maker.node(one.right)
                made = apply("logical_xor" if one_bool(made) else "add", made, right)
            elif form == 1:
                continue
            if isinstance(made.type, Array):
                yield maker.region(made)


def one_bool(node: Node) -> bool:
    assert isinstance(node.type, Array | Scalar)
    return node.type.dtype == np.bool_


def relevant(region: Region, flags: frozenset[str]) -> RuleBook:
    """The rules that can fire in a program, or in what others make of it: whose left sides' operations can be there.

    The whole book does the same to the program, more slowly.
    """
    present = {node.op for node in walk(region.roots())}
    rest, chosen = list(granted(flags).rules), set[str]()
    while found := [one for one in rest if not isinstance(one, Rule) or operations(one.left) <= present]:
        rest = [one for one in rest if one not in found]
        for one in found:
            chosen.add(one.name)
            present |= operations(one.right) if isinstance(one, Rule) else set()
    return part_of_book(flags, frozenset(chosen))


@cache
def part_of_book(flags: frozenset[str], names: frozenset[str]) -> RuleBook:
    return RuleBook(tuple(one for one in granted(flags).rules if one.name in names))


def operations(pattern: Pattern) -> set[str]:
    found = {part.op for part in parts(pattern)} - {"variable", "literal"}
    return found | {"matmul" for part in parts(pattern) if part.op == "call" and part.value == "matmul"}


@cache
def granted(flags: frozenset[str]) -> RuleBook:
    return BOOK.granted(flags)
