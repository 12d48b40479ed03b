"""A reference interpreter of regions: NumPy executes each node for itself, and reductions go as their `Order` says.

It is slow and plain, and shares no code with eqsat beyond the IR. Its results are what a region *means*; comparing
them with NumPy's tests the front end, comparing compiled code with them tests everything behind it.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eqsat.ir.dims import Dim, Symbol
from eqsat.ir.nodes import Constant, Node, Order, Reduction, walk
from eqsat.ir.ops import COMPLEX, MATH, UFUNCS
from eqsat.ir.region import Region, Result, Same, TupleOf
from eqsat.ir.signature import backwards, inputs_of
from eqsat.ir.types import Array, Scalar, shape_of
from eqsat.ir.view import View

PYTHON: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "float": float,
    "int": int,
    "bool": bool,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "invert": operator.invert,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "not": operator.not_,
    **{
        f"math.{record.name.rpartition('.')[2]}": getattr(math, record.name.rpartition(".")[2])
        for record in MATH.values()
        if hasattr(math, record.name.rpartition(".")[2])
    },
    "math.hypot3": math.hypot,
    "math.frexp_mantissa": lambda x: math.frexp(x)[0],
    "math.frexp_exponent": lambda x: math.frexp(x)[1],
    "math.modf_fraction": lambda x: math.modf(x)[0],
    "math.floor": lambda x: float(np.floor(x)),
    "math.ceil": lambda x: float(np.ceil(x)),
    "math.trunc": lambda x: float(np.trunc(x)),
    "math.round": lambda x: float(np.rint(x)),
    "math.round_to": lambda x, power: round(x, round(math.log10(power))),
    "math.round_tens": lambda x, power: round(x, -round(math.log10(power))),
    "math.bit_length": int.bit_length,
    "math.bit_count": int.bit_count,
    "math.pow_mod": pow,
    **{
        f"cmath.{record.name.rpartition('.')[2]}": getattr(cmath, record.name.rpartition(".")[2])
        for record in COMPLEX.values()
        if record.name.startswith("py.cmath.")
    },
    "complex": complex,
    "as_complex": complex,
    "whole_power": operator.pow,
    "some_number": lambda z: not (math.isnan(z.real) and math.isnan(z.imag)),
    "numpy_multiply": operator.mul,
    "numpy_divide": operator.truediv,
    "numpy_absolute": abs,
    "numpy_less": operator.lt,
    "numpy_less_equal": operator.le,
    "numpy_greater": operator.gt,
    "numpy_greater_equal": operator.ge,
}
"""Python's operators. Those of NumPy's scalars are given them as they are, the others as Python's numbers."""

NUMPY: dict[str, Callable[..., Any]] = {
    "numpy_multiply": operator.mul,
    "numpy_divide": operator.truediv,
    "numpy_absolute": abs,
    "numpy_less": operator.lt,
    "numpy_less_equal": operator.le,
    "numpy_greater": operator.gt,
    "numpy_greater_equal": operator.ge,
}
"""Operators of NumPy's scalars."""


class CheckFailed(Exception):
    """A check of the region is false for these arguments."""


def run(region: Region, arguments: Sequence[object], sizes: Mapping[Symbol, int]) -> object:
    """The result of the region; `CheckFailed` where the undecorated function would run instead."""
    values = evaluate([*region.result_nodes()], arguments, sizes, checks=region.checks)
    return _structure(region.result, values)


def _structure(result: Result, values: Mapping[Node, object]) -> object:
    if isinstance(result, Same):
        return result.value
    if isinstance(result, TupleOf):
        return tuple(_structure(item, values) for item in result.items)
    return values[result]


def evaluate(
    roots: Sequence[Node], arguments: Sequence[object], sizes: Mapping[Symbol, int], checks: Sequence[Node] = ()
) -> dict[Node, Any]:
    """The value of every node below `roots`, once every check, in turn, has been found true."""
    values: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in walk([*checks, *roots]):
            found = _value(node, [values[arg] for arg in node.args], arguments, sizes)
            values[node] = as_typed(found, node.type)
            if node in checks and not values[node]:
                raise CheckFailed
    return values


def as_typed(value: Any, type_: object) -> Any:
    """The value as Python object, NumPy scalar or array, after a check of its dtype."""
    if isinstance(type_, Array):
        result = np.asarray(value)
        assert result.dtype == type_.dtype, (result.dtype, type_)
        return result
    assert isinstance(type_, Scalar)
    if type_.kind == "python":
        number = value.item() if isinstance(value, np.generic | np.ndarray) else value
        return {"b": bool, "i": int, "f": float, "c": complex}[type_.dtype.kind](number)
    result = np.asarray(value)
    if type_.dtype != result.dtype:  # Python's integers wrap around where a NumPy scalar is meant
        assert not isinstance(value, np.generic | np.ndarray), (result.dtype, type_)
        lowest = int(np.iinfo(type_.dtype).min) if type_.dtype.kind in "iu" else 0
        wraps = isinstance(value, int) and type_.dtype.itemsize == 8
        result = np.asarray((value - lowest) % 2**64 + lowest if wraps else value, type_.dtype)
    return result[()]


def _value(node: Node, args: list[Any], arguments: Sequence[object], sizes: Mapping[Symbol, int]) -> Any:
    attr = node.attr
    if node.op == "param":
        assert isinstance(attr, int)
        return arguments[attr]
    if node.op == "constant":
        assert isinstance(attr, Constant)
        return attr.value
    if node.op == "dim":
        assert isinstance(attr, Dim)
        return attr.evaluate(sizes)
    if node.op == "view":
        assert isinstance(attr, View)
        return read(np.asarray(args[0]), attr, [d.evaluate(sizes) for d in shape_of(node.type)], sizes)
    if node.op == "copy":
        return np.array(args[0])
    if node.op == "cast":
        return _cast(args[0], node.type.dtype)
    if node.op == "select":
        return np.where(*args)
    if node.op in ("real", "imag"):
        return getattr(args[0], node.op)
    if node.op == "reduce":
        assert isinstance(attr, Reduction)
        return fold(attr, np.asarray(args[0]), node.type.dtype)
    if node.op in UFUNCS:
        return _ufunc(node, args)
    kind, _, name = node.op.partition(".")
    if name in NUMPY:
        return NUMPY[name](*(np.asarray(arg)[()] for arg in args))
    return PYTHON[name](*map(_plain, args)) if kind == "py" else check(name, list(map(_plain, args)), node)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _cast(value: Any, dtype: np.dtype) -> Any:
    return np.asarray(value).astype(dtype)


def _ufunc(node: Node, args: list[Any]) -> Any:
    signature = node.attr
    assert isinstance(signature, str)
    return run_loop(node.op, signature, args)


def run_loop(name: str, signature: str, args: list[Any]) -> Any:
    """What NumPy's loop gives for operands that are vectors, walked in the directions that the signature names."""
    operands = [np.asarray(arg) for arg in args]
    assert [o.dtype for o in operands] == [np.dtype(c) for c in inputs_of(signature)], (name, signature, operands)
    ufunc = UFUNCS[name].ufunc
    assert ufunc is not None
    shape = np.broadcast_shapes(*(o.shape for o in operands))
    # Nothing here is broadcast or of stride zero, for which NumPy's loops have shortcuts of other bits.
    padded = [_padded(o, shape).ravel() for o in operands]
    turned = [o[::-1].copy()[::-1] if back else o for o, back in zip(padded, backwards(signature), strict=True)]
    return ufunc(*turned).reshape(*shape, 2)[..., 0].reshape(shape)


def _padded(operand: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Every element twice, so that even a single number makes a loop without strides of zero."""
    return np.repeat(np.broadcast_to(operand, shape)[..., None], 2, axis=-1)


def check(name: str, args: list[Any], node: Node) -> bool:
    """`ok.<name>`."""
    if name == "cast":
        assert isinstance(node.attr, str)
        limits = np.iinfo(node.attr[-1])
        return int(limits.min) <= args[0] <= int(limits.max)
    if name == "numpy_divide":
        return args[0] == args[0]
    if name == "numpy_divmod":
        return all(map(math.isfinite, args)) and args[1] != 0
    if name in ("numpy_divide", "numpy_divmod"):
        return bool(np.all(np.isfinite(args))) and (name == "numpy_divide" or args[1] != 0)
    try:
        result = PYTHON[name](*args)
    except (ArithmeticError, ValueError):
        return False
    if isinstance(result, complex) and not any(isinstance(arg, complex) for arg in args):
        return False
    if name == "some_number":
        return bool(result)
    if isinstance(node.args[0].type, Scalar) and node.args[0].type.dtype == np.uint64:
        return 0 <= result < 2**64
    if name == "truediv" and isinstance(args[0], int) and max(abs(args[0]), abs(args[1])) > 2**53:
        return False
    if name == "pow" and isinstance(args[0], int) and isinstance(result, float):
        return False
    return not isinstance(result, int) or -(2**63) <= result < 2**63


def read(source: np.ndarray, view: View, shape: Sequence[int], sizes: Mapping[Symbol, int]) -> np.ndarray:
    """The elements of `source` that `view` reads, one index at a time; out of range is an error."""
    if math.prod(shape) == 0:
        return np.empty(shape, source.dtype)
    grids = np.indices(shape) if shape else []
    index = []
    for axis, along in enumerate(view.axes):
        position = along.start.evaluate(sizes)
        place = position if along.axis is None else position + along.step * grids[along.axis]
        assert np.all((np.asarray(place) >= 0) & (np.asarray(place) < source.shape[axis])), (view, source.shape)
        index.append(np.broadcast_to(place, shape))
    return source[tuple(index)] if index else np.full(shape, source)


def fold(reduction: Reduction, operand: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The reduction, in its order."""
    order = reduction.order
    assert sorted((*order.outer, *order.inner)) == sorted(reduction.axes), reduction
    kept = [k for k in range(operand.ndim) if k not in reduction.axes]
    moved = operand.astype(dtype).transpose(*kept, *order.outer, *order.inner)
    shape = moved.shape[: len(kept)]
    outer = math.prod(moved.shape[len(kept) : len(kept) + len(order.outer)])
    inner = math.prod(moved.shape[len(kept) + len(order.outer) :])
    return _fold(reduction.op, moved.reshape(*shape, outer, inner), order, dtype)


def _fold(op: str, runs: np.ndarray, order: Order, dtype: np.dtype) -> np.ndarray:
    outer, length = runs.shape[-2:]
    piece = order.block or max(length, 1)
    if op not in ("add", "multiply") or dtype.kind in "biu":
        flat = runs.reshape(*runs.shape[:-2], outer * length)
        return getattr(np, op).reduce(flat, axis=-1, dtype=dtype)
    result = np.full(runs.shape[:-2], 0 if op == "add" else 1, dtype)
    for k in range(outer):
        for start in range(0, length, piece):
            run = runs[..., k, start : start + piece]
            if dtype == np.float16:
                wide = run.astype(np.float32)
                total = result.astype(np.float32)
                total = total + pairwise(wide) if op == "add" else _product(total, wide)
                result = total.astype(np.float16)
            elif op == "multiply":
                result = _product(result, run)
            else:
                result = result + pairwise(run)
    return result


def _product(result: np.ndarray, run: np.ndarray) -> np.ndarray:
    """One element after another."""
    for j in range(run.shape[-1]):
        result = result * run[..., j]
    return result


def pairwise(run: np.ndarray) -> np.ndarray:
    """NumPy's pairwise sum over the last axis."""
    if run.dtype.kind == "c":
        return _pairwise_complex(run)
    count = run.shape[-1]
    if count < 8:
        total = np.full(run.shape[:-1], -0.0, run.dtype)
        for k in range(count):
            total = total + run[..., k]
        return total
    if count <= 128:
        lanes = [run[..., k] for k in range(8)]
        whole = count - count % 8
        for start in range(8, whole, 8):
            lanes = [lane + run[..., start + k] for k, lane in enumerate(lanes)]
        r = lanes
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
        for k in range(whole, count):
            total = total + run[..., k]
        return total
    half = count // 2
    half -= half % 8
    return pairwise(run[..., :half]) + pairwise(run[..., half:])


def _pairwise_complex(run: np.ndarray) -> np.ndarray:
    """Over numbers of two parts the unit is the part: four numbers are eight lanes."""
    count = 2 * run.shape[-1]
    if count < 8:
        total = np.full(run.shape[:-1], complex(-0.0, -0.0), run.dtype)
        for k in range(run.shape[-1]):
            total = total + run[..., k]
        return total
    if count <= 128:
        lanes = [run[..., k] for k in range(4)]
        whole = count - count % 8
        for start in range(4, whole // 2, 4):
            lanes = [lane + run[..., start + k] for k, lane in enumerate(lanes)]
        total = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
        for k in range(whole // 2, run.shape[-1]):
            total = total + run[..., k]
        return total
    half = count // 2
    half -= half % 8
    return _pairwise_complex(run[..., : half // 2]) + _pairwise_complex(run[..., half // 2 :])
