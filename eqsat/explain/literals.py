"""Numbers, dtypes and sizes as Python source that means exactly them.

Called by the other modules of `eqsat.explain`. A NaN is written as `np.nan`: its sign and payload are not kept.
Refused: long doubles, which no literal of Python's can say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.ir.dims import Dim, FloorDiv, Monomial, Symbol
from eqsat.ir.nodes import Constant
from eqsat.ir.types import DType

ATOM, SUM, PRODUCT = 14, 9, 10
"""How tightly Python binds a name or call, a sum, a product."""


@dataclass(frozen=True, slots=True)
class Text:
    """Source of an expression, and how tightly its outermost operation binds."""

    source: str
    tight: int = ATOM

    def within(self, tightness: int) -> str:
        """In parentheses, if it binds less tightly."""
        return self.source if self.tight >= tightness else f"({self.source})"


def dtype_name(dtype: DType) -> str:
    """As `np.float32`."""
    return "np.bool" if dtype.kind == "b" else f"np.{dtype.name}"


def number(value: complex, dtype: DType) -> Text:
    """A Python number; one that starts with a sign binds like a product."""
    if dtype.kind == "b":
        return Text(str(bool(value)))
    if dtype.kind in "iu":
        text = str(int(value.real))
    elif dtype.kind == "f":
        text = _float(float(value.real))
    else:
        text = _complex(complex(value))
    return Text(text, PRODUCT + 1 if text.startswith("-") else ATOM)


def _float(value: float) -> str:
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _complex(value: complex) -> str:
    real, imag = _float(value.real), _float(value.imag)
    plain = real == "0.0" and not imag.startswith(("-", "np."))
    return f"{imag}j" if plain else f"complex({real}, {imag})"


def weak(constant: Constant) -> Text | None:
    """As a Python number that NumPy converts to exactly this one; None if the shortest text that says it does not."""
    value, dtype = constant.value, constant.dtype
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        return None
    found: complex = value.item()
    if dtype.kind == "f" and dtype.itemsize < 8:
        found = float(str(value))
    if dtype.kind in "fc" and not _same(np.asarray(found).astype(dtype), value):
        return None
    return number(found, dtype)


def strong(constant: Constant) -> Text:
    """As a NumPy scalar."""
    dtype = constant.dtype
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        raise UnsupportedError(f"a constant of {dtype} cannot be written as NumPy code")
    text = weak(constant) or number(constant.value.item(), dtype)
    return Text(f"{dtype_name(dtype)}({text.source})")


def _same(one: object, other: object) -> bool:
    mine, theirs = np.asarray(one), np.asarray(other)
    return mine.tobytes() == theirs.tobytes() or bool(np.all(np.isnan(mine)) and np.all(np.isnan(theirs)))


def size(value: Dim, names: Sequence[str]) -> Text:
    """A formula over sizes; `names` are those of the parameters."""
    text = ""
    for monomial, coefficient in value.terms:
        factors = _product(monomial, names)
        magnitude = abs(coefficient)
        term = factors if magnitude == 1 else f"{magnitude} * {factors}"
        text += (" - " if coefficient < 0 else " + ") + term if text else ("-" if coefficient < 0 else "") + term
    if value.const and text:
        return Text(f"{text} {'-' if value.const < 0 else '+'} {abs(value.const)}", SUM)
    if not text:
        return Text(str(value.const), ATOM if value.const >= 0 else PRODUCT + 1)
    if len(value.terms) > 1:
        return Text(text, SUM)
    monomial, coefficient = next(iter(value.terms))
    alone = coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol)
    return Text(text, ATOM if alone else PRODUCT)


def _product(monomial: Monomial, names: Sequence[str]) -> str:
    return " * ".join(_atom(atom, names) for atom in monomial)


def _atom(atom: Symbol | FloorDiv, names: Sequence[str]) -> str:
    if isinstance(atom, FloorDiv):
        return f"({size(atom.numerator, names).within(PRODUCT)} // {atom.divisor})"
    return names[atom.param] if atom.axis is None else f"{names[atom.param]}.shape[{atom.axis}]"


Kind = Literal["python", "numpy", "array"]
