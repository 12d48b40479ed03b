"""The types of random programs: what a value is, and lengths of axes by name. NumPy is asked for every result.

Two axes of one `Dim` have one length whenever both exist, so that a program whose operands broadcast by name runs on
arguments of all sizes. Called by the generator of programs.
"""

from __future__ import annotations

import ast
import math
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class Dim:
    """A length: equal names are equal lengths. It is `least` or more."""

    name: str
    least: int


ONE = Dim("1", 1)
Dims = tuple[Dim, ...]

DTYPES = (
    *(("float64", 6), ("int64", 5), ("float32", 3), ("int32", 2), ("bool", 2), ("uint8", 2), ("complex128", 2)),
    *(("int8", 1), ("int16", 1), ("uint16", 1), ("uint32", 1), ("uint64", 1), ("float16", 1), ("complex64", 1)),
)
"""By name, each with its weight."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value: an array, a NumPy scalar, or a Python bool (`bool`), int (`int64`) or float (`float64`)."""

    family: Literal["array", "numpy", "python"]
    dtype: str
    dims: Dims = ()

    @property
    def letter(self) -> str:
        """NumPy's letter for what the numbers are: one of `biufc`."""
        return np.dtype(self.dtype).kind

    @property
    def is_array(self) -> bool:
        return self.family == "array"

    @property
    def is_weak_integer(self) -> bool:
        return self.family == "python" and self.dtype == "int64"


BOOL, INT, FLOAT = (Kind("python", name) for name in ("bool", "int64", "float64"))


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of a program. `literal`: its value, where it is a number in the text."""

    text: str
    kind: Kind
    literal: Any = None

    @property
    def atom(self) -> str:
        """The text, in parentheses where an operator next to it could take it apart."""
        return self.text if _is_atom(self.text) else f"({self.text})"


@cache
def _is_atom(text: str) -> bool:
    node = ast.parse(text, mode="eval").body
    return isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute | ast.Constant)


def broadcast(*shapes: Dims) -> Dims | None:
    """The dims that NumPy's rules give, or None where they are not known to fit."""
    result: list[Dim] = []
    for place in range(1, max((len(dims) for dims in shapes), default=0) + 1):
        found = {dims[-place] for dims in shapes if len(dims) >= place} - {ONE}
        if len({dim.name for dim in found}) > 1:
            return None
        result.append(found.pop() if found else ONE)
    return tuple(reversed(result))


def fits_into(dims: Dims, target: Dims) -> bool:
    """Whether an array of these dims can be written into one of the target's."""
    together = broadcast(dims, target)
    return together is not None and names_of(together) == names_of(target)


def names_of(dims: Dims) -> tuple[str, ...]:
    """The names alone: lengths that are equal may be known to be of different size at least."""
    return tuple(dim.name for dim in dims)


def same_kind(one: Kind, other: Kind) -> bool:
    """Whether a variable may hold the one and later the other."""
    return (one.family, one.dtype, names_of(one.dims)) == (other.family, other.dtype, names_of(other.dims))


def result_of(template: str, *values: Value) -> Value | None:
    """The template filled in, with its type; None where NumPy or Python would raise, or operands do not fit."""
    dims = broadcast(*(value.kind.dims for value in values))
    if dims is None:
        return None
    values = tuple(_fitting(value, values) for value in values)
    family_and_dtype = _typed(
        template, *((value.kind.family, value.kind.dtype, len(value.kind.dims), value.literal) for value in values)
    )
    if family_and_dtype is None:
        return None
    family, dtype = family_and_dtype
    text = template.format(*(value.atom for value in values))
    return Value(text, Kind(family, dtype, dims if family == "array" else ()))


def _fitting(value: Value, others: tuple[Value, ...]) -> Value:
    """Python's integers do not convert to small dtypes that cannot hold them: remainders are taken."""
    if not value.kind.is_weak_integer or value.literal is not None:
        return value
    narrow = [other for other in others if other.kind.letter in "iu" and other.kind.family != "python"]
    if any(other.kind.dtype != "int64" for other in narrow):
        return Value(f"{value.atom} % 100", value.kind)
    return value


Sample = tuple[str, str, int, Any]


@cache
def _typed(template: str, *samples: Sample) -> tuple[Any, str] | None:
    names = {f"v{number}": _sample(*sample) for number, sample in enumerate(samples)}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = eval(template.format(*names), {"np": np, "math": math}, names)
        except (TypeError, ValueError, OverflowError, ArithmeticError):
            return None
    return family_of(result)


def family_of(value: Any) -> tuple[Any, str] | None:
    """Family and dtype of a value, if programs have such values."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.name
    if isinstance(value, np.generic):
        return "numpy", value.dtype.name
    known = {bool: "bool", int: "int64", float: "float64"}
    return ("python", known[type(value)]) if type(value) in known else None


def _sample(family: str, dtype: str, rank: int, literal: Any) -> Any:
    if literal is not None:
        return literal
    if family == "array":
        return np.ones((1,) * rank, dtype)
    scalar = np.dtype(dtype).type(1)
    return scalar.item() if family == "python" else scalar
