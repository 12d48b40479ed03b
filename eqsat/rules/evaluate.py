"""What a pattern means, computed by NumPy: for columns of values, or for arrays of any shape.

Called by the certificates. Where NumPy raises, so does this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.ops import UFUNCS
from eqsat.rules.api import Rule, literal, type_of
from eqsat.rules.pattern import Pattern

Values = Mapping[str, Any]
"""An array for each variable; for an axis variable, a tuple of axes."""


def evaluate(pattern: Pattern, values: Values, number: Callable[[Pattern], Any] | None = None) -> Any:
    """One side of a rule. `number` makes the operand of a literal; without it that is Python's number."""
    if pattern.op == "variable":
        return values[str(pattern.value)]
    if pattern.op == "literal":
        return pattern.value if number is None else number(pattern)
    args = [evaluate(arg, values, number) for arg in pattern.args]
    return applied(pattern, args, values)


def applied(pattern: Pattern, args: list[Any], values: Values) -> Any:
    """One operation on operands that are known."""
    match pattern.op:
        case "reduce":
            name, axes = pattern.value
            return getattr(np, name).reduce(args[0], axis=axes_of(axes, values))
        case "transpose":
            return np.transpose(args[0], pattern.value)
        case "expand":
            axes: Any = axes_of(pattern.value, values)
            return np.expand_dims(args[0], axes)
        case "diagonal":
            return np.diagonal(args[0])
        case "flip":
            return np.flip(args[0], pattern.value)
        case "size":
            return np.size(args[0], pattern.value)
        case "call":
            return function_of(pattern)(*args)
        case "select":
            return np.where(*_fitting(args))
        case _:
            ufunc = UFUNCS[pattern.op].ufunc
            assert ufunc is not None
            return ufunc(*_fitting(args))


def function_of(pattern: Pattern) -> Callable[..., Any]:
    """What a call calls."""
    if callable(pattern.value):
        return pattern.value
    return np.matmul if pattern.value == "matmul" else getattr(np.linalg, pattern.value)


def axes_of(axes: Any, values: Values) -> tuple[int, ...] | None:
    """Axes, where they are a variable those that were drawn for it."""
    return values[axes] if isinstance(axes, str) else axes


def _fitting(args: list[Any]) -> list[Any]:
    """Python's integers beside unsigned ones wrap, so that -1 is all ones."""
    kinds = {arg.dtype for arg in args if isinstance(arg, np.ndarray | np.generic) and arg.dtype.kind in "iu"}
    if len(kinds) != 1:
        return args
    (dtype,) = kinds
    return [np.array(arg, np.int64).astype(dtype)[()] if type(arg) is int else arg for arg in args]


def columns(rule: Rule, pattern: Pattern, dtype: np.dtype, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """One side of an elementwise rule for columns of values.

    A constant operand is a column too: NumPy's loops have shortcuts for a single number.
    """
    length = len(next(iter(values.values())))

    def number(of: Pattern) -> np.ndarray:
        kind = np.dtype(np.bool_) if type_of(rule, of) == "?" else dtype
        constant = literal(of.value, kind)
        if constant is None:
            raise RuleError(f"rule {rule.name}: {of.value!r} is no {kind.name}", rule.span)
        return np.full(length, constant.value)

    return evaluate(pattern, values, number)
