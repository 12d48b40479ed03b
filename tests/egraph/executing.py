"""A reference executor of programs: NumPy runs every kernel, one operation at a time, and no kernel reads too early.

It shares no code with the code generator. What a program computes is compared with what its region means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from eqsat.egraph.optimize import Budgets, Optimized, optimize
from eqsat.frontend.arguments import sizes_of
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import IN_PLACE
from eqsat.ir.program import Apply, Argument, Buffer, Fold, Kernel, Known, Load, Program, Size, Term, Window, walk
from eqsat.ir.region import Region
from eqsat.ir.signature import inputs_of
from eqsat.ir.types import Array, Scalar
from eqsat.ir.view import View
from eqsat.rules.api import RuleBook
from eqsat.rules.book import DEFAULT
from tests import reference
from tests.frontend.translating import translated


def execute(program: Program, arguments: Sequence[object], sizes: Mapping[Symbol, int]) -> dict[Any, Any]:
    """The value of every result and check that the program gives one."""
    memory: dict[Buffer, np.ndarray] = {}
    for kernel in program.kernels:
        target = kernel.target
        if kernel.window is not None:
            assert_checks_hold(program, memory, arguments, sizes)
            overwrite(kernel, kernel.window, memory, arguments, sizes)
            continue
        assert not any(k.window for k in program.kernels[: program.kernels.index(kernel)])
        assert target not in memory, f"{target} is filled twice"
        assert target.role in ("temp", "result")
        assert sorted(target.order) == list(range(len(target.shape)))
        shape = tuple(d.evaluate(sizes) for d in target.shape)
        value = evaluate(kernel.term, shape, memory, arguments, sizes)
        assert value.dtype == target.dtype, (value.dtype, target)
        memory[target] = np.broadcast_to(value, shape).copy()
    assert_folds_stand_at_roots(program)
    found: dict[Any, Any] = {}
    for node, value in program.values.items():
        if not isinstance(value, Buffer):
            assert not any(isinstance(part, Load) for part in walk([value]))
            found[node] = evaluate(value, (), memory, arguments, sizes)[()]
        elif value.role == "param":
            assert value.param is not None
            found[node] = arguments[value.param]
        else:
            assert value in memory, f"{value} is never filled"
            found[node] = memory[value]
    return found


def assert_checks_hold(
    program: Program, memory: Mapping[Buffer, np.ndarray], arguments: Sequence[object], sizes: Mapping[Symbol, int]
) -> None:
    """Leave before anything is written, if a check does not hold."""
    for check in program.region.checks:
        value = program.values[check]
        known = memory[value] if isinstance(value, Buffer) else evaluate(value, (), memory, arguments, sizes)
        if not known[()]:
            raise reference.CheckFailed


def overwrite(
    kernel: Kernel,
    window: Window,
    memory: Mapping[Buffer, np.ndarray],
    arguments: Sequence[object],
    sizes: Mapping[Symbol, int],
) -> None:
    """Write into a parameter. No element may be read for another index than the one for which it is written."""
    assert kernel.target.role == "param" and kernel.target.param is not None
    target = arguments[kernel.target.param]
    assert isinstance(target, np.ndarray)
    assert sorted(window.order) == list(range(len(window.shape)))
    shape = tuple(d.evaluate(sizes) for d in window.shape)
    value = evaluate(kernel.term, shape, memory, arguments, sizes)
    assert value.dtype == target.dtype
    written = addresses(target, window.view, shape, sizes)
    at = {int(address): number for number, address in enumerate(written)}
    assert len(at) == len(written), "two indices are one element"
    for load in walk([kernel.term]):
        if isinstance(load, Load) and load.buffer.role == "param":
            assert load.buffer.param is not None
            source = arguments[load.buffer.param]
            assert isinstance(source, np.ndarray)
            if not np.may_share_memory(source, target):
                continue
            assert not isinstance(kernel.term, Fold) and source.dtype == target.dtype
            for number, address in enumerate(addresses(source, load.view, shape, sizes)):
                assert at.get(int(address), number) == number, "an element is read after it was written"
    target[indices(window.view, shape, sizes)] = np.broadcast_to(value, shape)


def indices(view: View, shape: tuple[int, ...], sizes: Mapping[Symbol, int]) -> tuple[np.ndarray, ...]:
    """For each axis of what a view reads, the index for every place of the space."""
    grids = np.indices(shape)
    found = []
    for along in view.axes:
        start = along.start.evaluate(sizes)
        place = start if along.axis is None else start + along.step * grids[along.axis]
        found.append(np.broadcast_to(place, shape))
    return tuple(found)


def addresses(array: np.ndarray, view: View, shape: tuple[int, ...], sizes: Mapping[Symbol, int]) -> np.ndarray:
    """Where the elements that a view reads lie, in C order of the space."""
    places = np.full(shape, array.ctypes.data)
    for stride, place in zip(array.strides, indices(view, shape, sizes), strict=True):
        places = places + stride * place
    return places.ravel()


def assert_folds_stand_at_roots(program: Program) -> None:
    for kernel in program.kernels:
        folds = [part for part in walk([kernel.term]) if isinstance(part, Fold)]
        assert all(part is kernel.term for part in folds)


def evaluate(
    root: Term,
    shape: tuple[int, ...],
    memory: Mapping[Buffer, np.ndarray],
    arguments: Sequence[object],
    sizes: Mapping[Symbol, int],
) -> np.ndarray:
    """A term over a space."""
    if isinstance(root, Fold):
        extents = tuple(d.evaluate(sizes) for d in root.extents)
        operand = np.broadcast_to(evaluate(root.arg, extents, memory, arguments, sizes), extents)
        return reference.fold(root.reduction, operand, root.dtype)
    values: dict[int, Any] = {}
    for part in walk([root]):
        values[id(part)] = _one(
            part, [values[id(a)] for a in getattr(part, "args", ())], shape, memory, arguments, sizes
        )
    return np.asarray(values[id(root)])


def _one(
    term: Term,
    args: list[Any],
    shape: tuple[int, ...],
    memory: Mapping[Buffer, np.ndarray],
    arguments: Sequence[object],
    sizes: Mapping[Symbol, int],
) -> Any:
    match term:
        case Load(buffer, view):
            if buffer.role == "param":
                assert buffer.param is not None
                source = np.asarray(arguments[buffer.param])
            else:
                source = memory[buffer]  # a KeyError here is a kernel that reads what is not filled yet
            assert view.rank == len(shape), (view, shape)
            assert len(view.axes) == source.ndim
            return reference.read(source, view, shape, sizes)
        case Known(constant):
            return constant.value
        case Argument(param, dtype):
            return np.asarray(arguments[param], dtype)[()]
        case Size(dim, dtype):
            return np.asarray(dim.evaluate(sizes), dtype)[()]
        case Apply(name, signature, _, dtype):
            return _apply(name, signature, args, dtype)
        case Fold():
            raise AssertionError("a reduction inside a term")


def _apply(name: str, signature: str, args: list[Any], dtype: np.dtype) -> Any:
    kind, _, short = name.partition(".")
    if short in reference.NUMPY:
        return np.asarray(reference.NUMPY[short](*(np.asarray(arg).flat[0] for arg in args)), dtype)[()]
    if kind == "py":
        found = reference.PYTHON[short](*map(_number, args))
        if dtype == np.int64:  # beyond 64 bits a check fails
            found = (found + 2**63) % 2**64 - 2**63
        return np.asarray(found, dtype)[()]
    if kind == "ok":
        operands = tuple(SimpleNamespace(type=Scalar(np.asarray(arg).dtype, "numpy")) for arg in args)
        node: Any = SimpleNamespace(attr=signature, args=operands)
        return np.asarray(reference.check(short, [_number(a) for a in args], node))[()]
    assert [np.asarray(a).dtype for a in args] == [np.dtype(c) for c in inputs_of(signature)], (name, signature)
    if name == "cast":
        return np.asarray(args[0]).astype(dtype)
    if name == "select":
        return np.where(*args)
    if name in ("real", "imag"):
        return getattr(np.asarray(args[0]), name)
    return reference.run_loop(name, signature, args)


def _number(value: Any) -> Any:
    """One number, which a kernel over more axes has everywhere."""
    array = np.asarray(value)
    if array.ndim == 0:
        return array.item()
    assert array.tobytes() == array.size * array.reshape(-1)[:1].tobytes(), "Python's operators take single numbers"
    return array.flat[0].item() if array.size else array.dtype.type(1).item()


def same(actual: Any, expected: Any) -> bool:
    """Equal dtype, shape and bits; every NaN is one."""
    one, other = np.asarray(actual), np.asarray(expected)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    parts = [(one, other)] if one.dtype.kind != "c" else [(one.real, other.real), (one.imag, other.imag)]
    for mine, theirs in parts:
        if mine.dtype.kind == "f":
            nans = np.isnan(mine)
            if not np.array_equal(nans, np.isnan(theirs)):
                return False
            mine, theirs = mine[~nans], theirs[~nans]
        if mine.tobytes() != theirs.tobytes():
            return False
    return True


def sizes_for(region: Region, arguments: Sequence[object]) -> dict[Symbol, int]:
    return sizes_of([*arguments, *(param.captured for param in region.params[len(arguments) :])])


def optimized(
    function: Callable[..., Any], *arguments: object, book: RuleBook = DEFAULT, budgets: Budgets | None = None
) -> Optimized:
    """The program of a function for real arguments."""
    region = translated(function, *arguments)  # type: ignore[arg-type]
    return optimize(region, sizes_for(region, arguments), book, budgets or Budgets())


def assert_means_the_same(made: Optimized, arguments: Sequence[object]) -> None:
    """Every result and check of the program has the bits that its region means."""
    region = made.program.region
    sizes = sizes_for(region, arguments)
    everything = [*arguments, *(param.captured for param in region.params[len(arguments) :])]
    expected = reference.evaluate(region.roots(), everything, sizes)
    with np.errstate(all="ignore"):
        actual = execute(made.program, everything, sizes)
    for node in region.roots():
        if node not in actual:
            assert node.op in (*IN_PLACE, "param") and not (node.op == "param" and isinstance(node.type, Array)), node
            continue
        assert same(actual[node], expected[node]), f"{node}\n{made.report.after}\n{actual[node]!r}\n{expected[node]!r}"
