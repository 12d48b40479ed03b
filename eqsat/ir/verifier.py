"""Checks that a region keeps the promises of the table in `eqsat.ir.nodes`.

Called after every pass when `EQSAT_CHECK=1`, and always in tests. The first promise that is broken is an
`InternalError` that names the node: a bug of eqsat's, never of the user's program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from eqsat.errors import InternalError
from eqsat.ir.body import LOCAL, Variable, operands, statements
from eqsat.ir.dims import ONE, ZERO, Arithmetic, Dim, Symbol, dim
from eqsat.ir.equalities import Equalities, symbols
from eqsat.ir.nodes import Constant, Node, Reduction, walk
from eqsat.ir.opaque import Opaque
from eqsat.ir.ops import OPS, UFUNCS
from eqsat.ir.region import AnyGuard, Disjoint, Guard, Identical, Merges, Overwrite, Region
from eqsat.ir.signature import ARROW, backwards, inputs_of
from eqsat.ir.types import Array, DType, Scalar, Tuple, Type, part_dtype, shape_of
from eqsat.ir.view import View

_BOOL, _INT = np.dtype(np.bool), np.dtype(np.int64)


def verify(region: Region, sizes: Mapping[Symbol, int] | None = None) -> None:
    """Raise `InternalError` where the region breaks a promise; with `sizes`, also where a guard or a view does."""
    for guard in region.guards:
        problem = _guard(guard, region, sizes)
        if problem:
            raise InternalError(f"broken IR: {problem}", guard.span, have=f"guard: {guard}")
    # Sizes that are computed in the function have no number before it runs.
    known = sizes if region.body is None else None
    facts = _Facts(region, known, _solved(region), Equalities(region.guards))
    done = () if region.body is None else tuple(n for s in statements(region.body.block) for n in operands(s))
    for node in walk((*region.roots(), *done)):
        problem = _problem(node, facts)
        if problem:
            raise InternalError(f"broken IR: {problem}", node.span, have=f"node: {node!r}")
    for node in region.checks:
        if _dtype(node) != _BOOL or _shape(node):
            raise InternalError("broken IR: a check is not one bool", node.span, have=f"node: {node!r}")
    for one in region.overwrites:
        problem = _overwrite(one, facts)
        if problem:
            raise InternalError(f"broken IR: {problem}", one.value.span, have=f"value: {one.value!r}")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known while nodes are checked. `solved`: symbols that the guards make equal to formulas.

    `equalities` knows in addition which formulas are equal that cannot be solved for a symbol: `(n + 1)//2 == n`.
    """

    region: Region
    sizes: Mapping[Symbol, int] | None
    solved: Mapping[Symbol, Dim]
    equalities: Equalities

    def number(self, value: Dim) -> int | None:
        """The formula as a number, where it is one."""
        if value.is_const:
            return value.const
        return None if self.sizes is None else value.evaluate(self.sizes)

    def same(self, one: tuple[Dim, ...], other: tuple[Dim, ...]) -> bool:
        """Whether two shapes are equal wherever the guards hold; a check sees to sizes that are computed here."""
        return len(one) == len(other) and all(
            _is_local(a - b)
            or _substituted(a - b, self.solved) == ZERO
            or self.equalities.resolve(a) == self.equalities.resolve(b)
            for a, b in zip(one, other, strict=True)
        )


def _is_local(value: Dim) -> bool:
    return any(symbol.param >= LOCAL for symbol in symbols(value))


def _solved(region: Region) -> dict[Symbol, Dim]:
    """Every equality among the guards, solved for a symbol in it."""
    solved: dict[Symbol, Dim] = {}
    for guard in region.guards:
        if not isinstance(guard, Guard) or guard.relation != "==":
            continue
        difference = _substituted(guard.left - guard.right, solved)
        for monomial, coefficient in difference.terms:
            symbol = monomial[0]
            if isinstance(symbol, Symbol) and len(monomial) == 1 and abs(coefficient) == 1:
                others = dim(symbol) - difference * coefficient
                if symbol not in symbols(others):
                    solved = {key: _substituted(value, {symbol: others}) for key, value in solved.items()}
                    solved[symbol] = others
                    break
    return solved


def _substituted(value: Dim, solved: Mapping[Symbol, Dim]) -> Dim:
    return value.fold(dim, lambda symbol: solved.get(symbol, dim(symbol)), _FORMULAS)


_FORMULAS: Arithmetic[Dim] = Arithmetic(lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a // b.const)


def _guard(guard: AnyGuard, region: Region, sizes: Mapping[Symbol, int] | None) -> str:
    if isinstance(guard, Disjoint | Identical):
        known = all(_is_array(region, param) for param in (guard.first, guard.second))
        return "" if known else "it speaks of arrays that are not there"
    if isinstance(guard, Merges):
        known = all(_is_array_axis(region, guard.param, axis) for axis in (guard.slow, guard.fast))
        return "" if known else "it speaks of axes that are not there"
    wrong = _unknown_symbol((guard.left, guard.right), region)
    if wrong:
        return f"there is no {wrong}"
    return "" if sizes is None or guard.holds(dict(sizes)) else "it does not hold"


def _problem(node: Node, facts: _Facts) -> str:
    """What is wrong with a node, or nothing."""
    problem = _type_problem(node.type, facts.region)
    if problem:
        return problem
    if facts.region.body is not None and node.op in _IN_ORDER:
        return _IN_ORDER[node.op](node, facts)
    kind = "ufunc" if node.op in UFUNCS else node.op.partition(".")[0]
    record = OPS.get(node.op)
    arity = _ARITY.get(kind) if record is None else record.arity
    if arity is None or kind not in _RULES:
        return "there is no such operation"
    if len(node.args) != arity:
        return f"it has {len(node.args)} operands instead of {arity}"
    return _RULES[kind](node, facts)


def _type_problem(type_: Type, region: Region) -> str:
    if isinstance(type_, Tuple):
        return next(filter(None, (_type_problem(item, region) for item in type_.items)), "")
    if not isinstance(type_, Array):
        return ""
    wrong = _unknown_symbol(type_.shape, region)
    if wrong:
        return f"its shape has no {wrong}"
    if not len(type_.layout.ranks) == len(type_.layout.negative) == type_.ndim:
        return "its layout has another number of axes"
    if any(rank for length, rank in zip(type_.shape, type_.layout.ranks, strict=True) if length == ONE):
        return "its layout orders an axis of length one"
    return "its shape has a negative length" if any(d.is_const and d.const < 0 for d in type_.shape) else ""


def _param(node: Node, facts: _Facts) -> str:
    params = facts.region.params
    if not isinstance(node.attr, int) or not 0 <= node.attr < len(params):
        return "the region has no such parameter"
    return "" if node.type == params[node.attr].type else "its type is not that of the parameter"


def _constant(node: Node, facts: _Facts) -> str:
    if not isinstance(node.attr, Constant) or not isinstance(node.type, Scalar):
        return "it is no constant"
    if len(node.attr.data) != node.attr.dtype.itemsize:
        return "its bytes are not those of one number"
    return "" if node.attr.dtype == node.type.dtype else "its dtype is not that of its constant"


def _dim(node: Node, facts: _Facts) -> str:
    return "" if isinstance(node.attr, Dim) and node.type == Scalar(_INT, "python") else "it is no size"


def _view(node: Node, facts: _Facts) -> str:
    view, source, shape = node.attr, _shape(node.args[0]), _shape(node)
    if not isinstance(view, View) or len(view.axes) != len(source) or view.rank != len(shape):
        return "its index map has other axes than its operand or its result"
    if _dtype(node) != _dtype(node.args[0]):
        return "a view has another dtype than its operand"
    if any(along.axis is not None and not 0 <= along.axis < view.rank for along in view.axes):
        return "its index map reads an axis that it does not have"
    lengths = [facts.number(length) for length in shape]
    if 0 in lengths:
        return ""
    for along, extent in zip(view.axes, source, strict=True):
        length = 1 if along.axis is None else lengths[along.axis]
        first, available = facts.number(along.start), facts.number(extent)
        if length is None or first is None or available is None:
            continue
        last = first + along.step * (length - 1)
        if min(first, last) < 0 or max(first, last) >= available:
            return f"it reads indices {first} to {last} of an axis of {available}"
    return ""


def _overwrite(one: Overwrite, facts: _Facts) -> str:
    """What is wrong with what is put into a parameter, or nothing."""
    if not all(_is_array(facts.region, param) for param in (one.param, *one.aliases)):
        return "what is overwritten is no array"
    type_ = facts.region.params[one.param].type
    assert isinstance(type_, Array)
    if len(one.view.axes) != type_.ndim or one.view.rank != len(one.shape) or not one.shape:
        return "its index map has other axes than what it overwrites, or than its shape"
    if _dtype(one.value) != type_.dtype:
        return "it has another dtype than what it overwrites"
    return "" if facts.same(_shape(one.value), one.shape) or not _shape(one.value) else "it has another shape"


def _copy(node: Node, facts: _Facts) -> str:
    problem = "" if _dtype(node) == _dtype(node.args[0]) else "a copy has another dtype than its operand"
    return problem or _cast(node, facts)


def _cast(node: Node, facts: _Facts) -> str:
    return "" if facts.same(_shape(node), _shape(node.args[0])) else "its shape is not that of its operand"


def _part(node: Node, facts: _Facts) -> str:
    whole = _dtype(node.args[0])
    if whole is None or whole.kind != "c" or _dtype(node) != part_dtype(whole):
        return "it is no part of complex numbers"
    return _cast(node, facts)


def _ufunc(node: Node, facts: _Facts) -> str:
    if not isinstance(node.attr, str) or node.attr.count("->") != 1:
        return "it does not name a loop"
    inputs, output = inputs_of(node.attr), node.attr.partition(ARROW)[2]
    if any(back and not _shape(arg) for back, arg in zip(backwards(node.attr), node.args, strict=False)):
        return "a number has no end to begin from"
    if _loop(inputs, output) not in _loops_of(node.op):
        return "NumPy has no such loop"
    if [_dtype(arg) for arg in node.args] != [np.dtype(char) for char in inputs]:
        return "its operands have other dtypes than its loop"
    if _dtype(node) != np.dtype(output):
        return "its dtype is not that of its loop"
    return _aligned(node, facts)


def _select(node: Node, facts: _Facts) -> str:
    if [_dtype(arg) for arg in node.args] != [_BOOL, _dtype(node), _dtype(node)]:
        return "its operands have other dtypes than a bool and its own"
    return _aligned(node, facts)


def _aligned(node: Node, facts: _Facts) -> str:
    """Operands have the shape of the result, or are scalars; some operand has its axes."""
    shapes = [shape for arg in node.args if (shape := _shape(arg))]
    if bool(shapes) == bool(_shape(node)) and all(facts.same(shape, _shape(node)) for shape in shapes):
        return ""
    return "its operands have other shapes"


def _reduce(node: Node, facts: _Facts) -> str:
    reduction, source = node.attr, _shape(node.args[0])
    if not isinstance(reduction, Reduction) or reduction.op not in UFUNCS:
        return "it is no reduction"
    if len(set(reduction.axes)) < len(reduction.axes) or not set(reduction.axes) <= set(range(len(source))):
        return "its operand does not have the axes that it reduces"
    if sorted((*reduction.order.outer, *reduction.order.inner)) != sorted(reduction.axes):
        return "its order is not one of its axes"
    kept = tuple(length for axis, length in enumerate(source) if axis not in reduction.axes)
    if not facts.same(_shape(node), kept):
        return "its shape is not that of the axes it keeps"
    return "" if _dtype(node) == _dtype(node.args[0]) else "its dtype is not that of its operand"


def _python(node: Node, facts: _Facts) -> str:
    if any(_shape(arg) for arg in node.args) or not isinstance(node.type, Scalar):
        return "Python's operators work on single numbers"
    return ""


def _check(node: Node, facts: _Facts) -> str:
    return _python(node, facts) if _dtype(node) == _BOOL else "a check is not a bool"


def _read(node: Node, facts: _Facts) -> str:
    return "" if isinstance(node.attr, Variable) and not node.args else "it reads no variable"


def _counter(node: Node, facts: _Facts) -> str:
    assert facts.region.body is not None
    known = isinstance(node.attr, int) and facts.region.body.symbols.get(node.attr) is node
    return "" if known and node.type == Scalar(_INT, "python") else "it is the counter of no loop"


def _reshape(node: Node, facts: _Facts) -> str:
    if len(node.args) != 1 or _dtype(node) != _dtype(node.args[0]):
        return "a new shape has another dtype than its operand"
    return "" if isinstance(node.type, Array) and node.type.layout.packed else "its elements have gaps"


def _stride(node: Node, facts: _Facts) -> str:
    if len(node.args) != 1 or _dtype(node) != _dtype(node.args[0]):
        return "every so-manieth element has another dtype"
    steps = node.attr
    return "" if isinstance(steps, tuple) and len(steps) == len(_shape(node)) else "it has no step for each axis"


def _made(arity: int) -> Callable[[Node, _Facts], str]:
    """A rule for an operation that makes an array of so many operands."""

    def rule(node: Node, facts: _Facts) -> str:
        if len(node.args) != arity:
            return f"it has {len(node.args)} operands instead of {arity}"
        return "" if isinstance(node.type, Array) and node.type.layout.packed else "it makes no array in one piece"

    return rule


def _gather(node: Node, facts: _Facts) -> str:
    if len(node.args) < 2 or not isinstance(node.attr, bool):
        return "it has no indices"
    source, *indices = node.args
    if any(_dtype(index) != _INT for index in indices):
        return "its indices are not int64"
    joint = _shape(indices[0])
    if not all(facts.same(_shape(index), joint) for index in indices):
        return "its indices have several shapes"
    if not facts.same(_shape(node), (*joint, *_shape(source)[len(indices) :])) or _dtype(node) != _dtype(source):
        return "its shape or dtype is not that of what it picks"
    return _made(len(node.args))(node, facts)


def _extreme(node: Node, facts: _Facts) -> str:
    if len(node.args) != 1 or _dtype(node) != _INT:
        return "it is not the place of one of its operand's elements"
    source, axis = _shape(node.args[0]), node.attr
    kept = tuple(length for k, length in enumerate(source) if axis is not None and k != axis)
    return "" if facts.same(_shape(node), kept) else "its shape is not that of the axes it keeps"


def _search(node: Node, facts: _Facts) -> str:
    if len(node.args) != 2 or node.attr not in ("left", "right") or _dtype(node) != _INT:
        return "it is no search for places from one side"
    vector, array = node.args
    if len(_shape(vector)) != 1 or _dtype(vector) != _dtype(array):
        return "it does not look into a vector for numbers of its dtype"
    return (
        _made(2)(node, facts) if facts.same(_shape(node), _shape(array)) else "its shape is not that of what it seeks"
    )


def _nonzero(node: Node, facts: _Facts) -> str:
    problem = _made(1)(node, facts)
    if problem:
        return problem
    mask = node.args[0]
    rank = dim(len(_shape(mask)))
    fits = _dtype(mask) == _BOOL and _dtype(node) == _INT and len(_shape(node)) == 2 and _shape(node)[0] == rank
    return "" if fits else "it is not the places of bools"


def _matmul(node: Node, facts: _Facts) -> str:
    if len(node.args) != 2:
        return "it is no product of two"
    left, right = (_shape(arg) for arg in node.args)
    if not all(1 <= len(shape) <= 2 for shape in (left, right)) or not facts.same(left[-1:], right[:1]):
        return "its operands do not fit"
    if {_dtype(arg) for arg in node.args} != {_dtype(node)}:
        return "its operands have other dtypes"
    return "" if facts.same(_shape(node), (*left[:-1], *right[1:])) else "it has another shape"


def _square(node: Node, facts: _Facts) -> str:
    """A matrix, which LAPACK computes something of: its inverse or determinant."""
    if len(node.args) != 1 or _dtype(node) != _dtype(node.args[0]):
        return "it is not computed of one array of its dtype"
    problem = _system(node.args[0], facts)
    wanted = _shape(node.args[0]) if node.op == "inv" else ()
    return problem or ("" if facts.same(_shape(node), wanted) else "it has another shape")


def _solution(node: Node, facts: _Facts) -> str:
    if len(node.args) != 2 or {_dtype(arg) for arg in node.args} != {_dtype(node)}:
        return "it is not computed of two arrays of its dtype"
    matrix, right = node.args
    problem = _system(matrix, facts)
    if problem:
        return problem
    if not 1 <= len(_shape(right)) <= 2 or not facts.same(_shape(right)[:1], _shape(matrix)[:1]):
        return "its operands do not fit"
    return "" if facts.same(_shape(node), _shape(right)) else "it has another shape"


def _system(matrix: Node, facts: _Facts) -> str:
    dtype, shape = _dtype(matrix), _shape(matrix)
    if dtype is None or dtype.char not in "fdFD":
        return "LAPACK does not compute with its dtype"
    return "" if len(shape) == 2 and facts.same(shape[:1], shape[1:]) else "its operand is no square matrix"


def _opaque(node: Node, facts: _Facts) -> str:
    function = node.attr
    if not isinstance(function, Opaque) or len(node.args) != len(function.parameters):
        return "it is no call of a function with its arguments"
    stated = (*function.parameters, function.result)
    if [_dtype(one) for one in (*node.args, node)] != [kind.dtype for kind in stated]:
        return "its dtypes are not those that its function states"
    if function.elementwise:
        return _aligned(node, facts)
    axes = [len(_shape(one)) for one in (*node.args, node)]
    return "" if axes == [kind.ndim for kind in stated] else "its axes are not those that its function states"


def _dtype(node: Node) -> DType | None:
    return node.type.dtype if isinstance(node.type, Scalar | Array) else None


def _shape(node: Node) -> tuple[Dim, ...]:
    return shape_of(node.type) if isinstance(node.type, Scalar | Array) else ()


def _unknown_symbol(dims: tuple[Dim, ...], region: Region) -> Symbol | None:
    """A symbol that stands for no size of the region's parameters."""
    local = () if region.body is None else region.body.symbols
    for symbol in (symbol for value in dims for symbol in symbols(value)):
        if symbol.param in local and symbol.axis is None:
            continue
        if not 0 <= symbol.param < len(region.params):
            return symbol
        type_ = region.params[symbol.param].type
        if symbol.axis is None:
            known = isinstance(type_, Scalar) and type_.kind == "python" and type_.dtype.kind in "bi"
        else:
            known = _is_array_axis(region, symbol.param, symbol.axis)
        if not known:
            return symbol
    return None


def _is_array(region: Region, param: int) -> bool:
    return 0 <= param < len(region.params) and isinstance(region.params[param].type, Array)


def _is_array_axis(region: Region, param: int, axis: int) -> bool:
    type_ = region.params[param].type if 0 <= param < len(region.params) else None
    return isinstance(type_, Array) and 0 <= axis < type_.ndim


def _loop(inputs: str, output: str) -> tuple[str, ...]:
    """A loop by the dtypes themselves: two C types of one size are the same dtype here."""
    return tuple(np.dtype(char).str for char in (*inputs, *output))


@functools.cache
def _loops_of(name: str) -> frozenset[tuple[str, ...]]:
    ufunc = UFUNCS[name].ufunc
    assert ufunc is not None
    pairs = (signature.partition("->") for signature in ufunc.types)
    return frozenset(_loop(inputs, output) for inputs, _, output in pairs)


_ARITY: Mapping[str, int] = {
    "param": 0,
    "constant": 0,
    "dim": 0,
    "view": 1,
    "copy": 1,
    "reduce": 1,
}

_RULES: Mapping[str, Callable[[Node, _Facts], str]] = {
    "param": _param,
    "view": _view,
    "constant": _constant,
    "dim": _dim,
    "copy": _copy,
    "cast": _cast,
    "real": _part,
    "imag": _part,
    "ufunc": _ufunc,
    "select": _select,
    "reduce": _reduce,
    "py": _python,
    "ok": _check,
}

_IN_ORDER: Mapping[str, Callable[[Node, _Facts], str]] = {
    "read": _read,
    "counter": _counter,
    "reshape": _reshape,
    "stride": _stride,
    "empty": _made(0),
    "literal": _made(0),
    "iota": _made(2),
    "gather": _gather,
    "nonzero": _nonzero,
    "matmul": _matmul,
    "inv": _square,
    "det": _square,
    "solve": _solution,
    "opaque": _opaque,
    "accumulate": _made(1),
    "argmax": _extreme,
    "argmin": _extreme,
    "searchsorted": _search,
}
"""What only functions with a body have."""
