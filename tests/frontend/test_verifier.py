"""Every promise of the typed IR that the verifier knows, broken once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eqsat.errors import InternalError
from eqsat.frontend.arguments import sizes_of
from eqsat.ir.body import Block, Body
from eqsat.ir.dims import ONE, ZERO, Dim, Symbol, dim
from eqsat.ir.nodes import Constant, Node, Order, Reduction
from eqsat.ir.opaque import KINDS, Opaque
from eqsat.ir.region import Disjoint, Guard, Merges, Overwrite, Param, Region, Same
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Layout, Scalar, c_layout
from eqsat.ir.verifier import verify
from eqsat.ir.view import Along, View, identity
from tests.frontend.translating import translated

F8, I8, B1 = np.dtype("f8"), np.dtype("i8"), np.dtype("?")
ROWS, COLUMNS, OTHER = (dim(Symbol(k, axis)) for k, axis in ((0, 0), (0, 1), (1, 0)))


def array(*shape: Dim, dtype: np.dtype = F8) -> Array:
    return Array(dtype, shape, c_layout(shape))


def node(op: str, args: tuple, attr: object, type_: object) -> Node:
    return Node(op, args, attr, type_, NOWHERE)


MATRIX, VECTOR, COUNT = array(ROWS, COLUMNS), array(OTHER), Scalar(I8, "python")
PARAMS = (Param("m", MATRIX), Param("v", VECTOR), Param("n", COUNT), Param("x", Scalar(F8, "python")))
M, V, N, X = (node("param", (), k, param.type) for k, param in enumerate(PARAMS))
ALL = Order((), (1,))


def region(result: Node, guards: tuple = (), checks: tuple = ()) -> Region:
    return Region("f", PARAMS, result, guards, checks, (), NOWHERE)


BROKEN = {
    "there is no such operation": node("frobnicate", (), None, COUNT),
    "it has 1 operands instead of 2": node("add", (M,), "dd->d", MATRIX),
    "the region has no such parameter": node("param", (), 7, MATRIX),
    "its type is not that of the parameter": node("param", (), 1, MATRIX),
    "it is no constant": node("constant", (), 1.0, Scalar(F8, "python")),
    "its bytes are not those of one number": node("constant", (), Constant(F8, bytes(16)), Scalar(F8, "python")),
    "its dtype is not that of its constant": node("constant", (), Constant.of(1, I8), Scalar(F8, "python")),
    "it is no size": node("dim", (), ONE, Scalar(F8, "python")),
    "its index map has other axes than its operand or its result": node("view", (M,), identity(1), VECTOR),
    "a view has another dtype than its operand": node("view", (V,), identity(1), array(OTHER, dtype=I8)),
    "its index map reads an axis that it does not have": node("view", (V,), View((Along(1),), 1), VECTOR),
    "it reads indices 1 to 3 of an axis of 3": node("view", (V,), View((Along(0, ONE),), 1), VECTOR),
    "it reads indices -1 to -1 of an axis of 3": node(
        "view", (V,), View((Along(None, dim(-1)),), 0), Scalar(F8, "numpy")
    ),
    "a copy has another dtype than its operand": node("copy", (V,), None, array(OTHER, dtype=I8)),
    "its shape is not that of its operand": node("cast", (M,), None, array(OTHER, dtype=I8)),
    "it is no part of complex numbers": node("real", (V,), None, VECTOR),
    "it does not name a loop": node("add", (M, M), None, MATRIX),
    "NumPy has no such loop": node("add", (M, M), "dd->?", MATRIX),
    "its operands have other dtypes than its loop": node("add", (M, N), "dd->d", MATRIX),
    "its dtype is not that of its loop": node("less", (M, M), "dd->?", MATRIX),
    "its operands have other shapes": node("add", (M, V), "dd->d", MATRIX),
    "its operands have other dtypes than a bool and its own": node("select", (M, M, M), None, MATRIX),
    "it is no reduction": node("reduce", (M,), "add", array(ROWS)),
    "its operand does not have the axes that it reduces": node(
        "reduce", (M,), Reduction("add", (2,), ALL), array(ROWS)
    ),
    "its order is not one of its axes": node("reduce", (M,), Reduction("add", (0,), ALL), array(COLUMNS)),
    "its shape is not that of the axes it keeps": node("reduce", (M,), Reduction("add", (1,), ALL), array(COLUMNS)),
    "its dtype is not that of its operand": node("reduce", (M,), Reduction("add", (1,), ALL), array(ROWS, dtype=I8)),
    "Python's operators work on single numbers": node("py.add", (M, X), None, MATRIX),
    "a check is not a bool": node("ok.add", (N, N), None, COUNT),
    "its shape has no p5.0": node("add", (M, M), "dd->d", array(dim(Symbol(5, 0)))),
    "its shape has no p3": node("add", (M, M), "dd->d", array(dim(Symbol(3, None)))),
    "its layout has another number of axes": node(
        "add", (V, V), "dd->d", Array(F8, (OTHER,), Layout((1, 2), True, True, (False, False)))
    ),
    "its layout orders an axis of length one": node(
        "view", (X,), identity(1), Array(F8, (ONE,), Layout((1,), True, True, (False,)))
    ),
    "its shape has a negative length": node("add", (V, V), "dd->d", array(dim(-2))),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_node_is_named(problem):
    with pytest.raises(InternalError) as caught:
        verify(region(BROKEN[problem]), sizes_of([np.ones((2, 3)), np.ones(3), 4]))
    assert str(caught.value) == f"broken IR: {problem}\n  node: {BROKEN[problem]!r}"


def test_a_check_is_one_bool():
    for check in (X, node("greater", (M, M), "dd->?", array(ROWS, COLUMNS, dtype=B1))):
        with pytest.raises(InternalError, match="a check is not one bool"):
            verify(region(M, checks=(check,)))


def test_a_guard_speaks_of_parameters_and_holds():
    for guard in (Guard(dim(Symbol(4, 0)), "==", ONE, NOWHERE), Guard(dim(Symbol(0, 2)), "==", ONE, NOWHERE)):
        with pytest.raises(InternalError, match="there is no p"):
            verify(region(M, (guard,)))
    with pytest.raises(InternalError, match="it speaks of axes that are not there"):
        verify(region(M, (Merges(1, 0, 1, True, NOWHERE),)))
    for first, second in ((0, 2), (2, 0), (0, 5), (-1, 0)):
        with pytest.raises(InternalError, match="it speaks of arrays that are not there"):
            verify(region(M, (Disjoint(first, second, True, NOWHERE),)))
    verify(region(M, (Disjoint(0, 1, True, NOWHERE),)))
    equal = Guard(ROWS, "==", OTHER, NOWHERE)
    verify(region(M, (equal,)))
    with pytest.raises(InternalError, match="it does not hold"):
        verify(region(M, (equal,)), sizes_of([np.ones((2, 3)), np.ones(3), 4]))


def test_shapes_are_equal_where_guards_make_them_equal():
    total = node(
        "add", (node("view", (M,), View((Along(None, ZERO), Along(0)), 1), array(COLUMNS)), V), "dd->d", VECTOR
    )
    guards = (
        Guard(COLUMNS - 2, "==", dim(Symbol(2, None)), NOWHERE),
        Guard(dim(Symbol(2, None)), "==", OTHER - 2, NOWHERE),
    )
    verify(region(total, guards))
    with pytest.raises(InternalError, match="its operands have other shapes"):
        verify(region(total, guards[:1]))


def test_what_the_translation_makes_is_whole_without_sizes_too():
    made = translated(lambda a, b: (a[1:] - a[:-1]) / b.sum() + a[:, None].T[:, 1:], np.ones(4), np.ones((2, 3)))
    verify(made)
    verify(dataclasses.replace(made, result=Same(None)))


def overwriting(one: Overwrite) -> Region:
    return dataclasses.replace(region(M), overwrites=(one,))


def test_what_is_put_into_a_parameter_fits_it():
    whole = identity(2)
    verify(overwriting(Overwrite(0, whole, (ROWS, COLUMNS), M, frozenset({1}))))
    row = View((Along(None, ZERO), Along(0)), 1)
    verify(overwriting(Overwrite(0, row, (COLUMNS,), X)))
    broken = {
        "what is overwritten is no array": Overwrite(3, whole, (ROWS, COLUMNS), M),
        "its index map has other axes than what it overwrites, or than its shape": Overwrite(0, whole, (ROWS,), M),
        "it has another dtype than what it overwrites": Overwrite(
            0, whole, (ROWS, COLUMNS), node("cast", (M,), None, array(ROWS, COLUMNS, dtype=I8))
        ),
        "it has another shape": Overwrite(0, row, (COLUMNS,), V),
    }
    for problem, one in broken.items():
        with pytest.raises(InternalError, match=f"broken IR: {problem}"):
            verify(overwriting(one))


FLOAT = KINDS["Float"]
ELEMENTWISE = Opaque(max, "larger", (FLOAT, FLOAT), FLOAT)
OF_ARRAYS = Opaque(sum, "total", (KINDS["Vector"],), FLOAT)
NUMBER, WHOLE = Scalar(F8, "numpy"), node("constant", (), Constant.of(1, I8), Scalar(I8, "numpy"))
BROKEN_CALLS = {
    "it is no call of a function with its arguments": [
        node("opaque", (V, V), None, VECTOR),
        node("opaque", (V,), ELEMENTWISE, VECTOR),
    ],
    "its dtypes are not those that its function states": [
        node("opaque", (V, WHOLE), ELEMENTWISE, VECTOR),
        node("opaque", (V, X), ELEMENTWISE, array(OTHER, dtype=I8)),
    ],
    "its operands have other shapes": [
        node("opaque", (M, V), ELEMENTWISE, MATRIX),
        node("opaque", (V, V), ELEMENTWISE, NUMBER),
    ],
    "its axes are not those that its function states": [
        node("opaque", (M,), OF_ARRAYS, NUMBER),
        node("opaque", (V,), OF_ARRAYS, VECTOR),
    ],
}


@pytest.mark.parametrize("problem", BROKEN_CALLS)
def test_a_broken_call_of_an_opaque_function_is_named(problem: str) -> None:
    for broken in BROKEN_CALLS[problem]:
        with pytest.raises(InternalError, match=problem):
            verify(in_order(broken))
    for whole in (node("opaque", (V, X), ELEMENTWISE, VECTOR), node("opaque", (V,), OF_ARRAYS, NUMBER)):
        verify(in_order(whole))


def in_order(result: Node) -> Region:
    """A region in which statements have an order, as library operations want it."""
    return dataclasses.replace(region(result), body=Body(Block((), result.serial, result.serial), {}))
