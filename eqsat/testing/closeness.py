"""When two numbers count as the same: to the bit, or near enough where fast-math flags were granted.

`Exact` is the rule. `Near` is for functions that may compute in other ways: it compares with a tolerance and excuses
what the flags give up. `Anything` is for broken promises. They say, for two arrays of one dtype and shape, which
elements differ. Called by `compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

BITS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class Closeness(Protocol):
    """`differs`: where elements are not the same."""

    def differs(self, actual: np.ndarray, expected: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Exact:
    """Every bit; NaN is NaN. Zeros of both signs are the same unless `signed_zeros`."""

    signed_zeros: bool = True

    def differs(self, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
        if actual.dtype.kind == "c":
            return self.differs(np.real(actual), np.real(expected)) | self.differs(np.imag(actual), np.imag(expected))
        if actual.dtype.kind != "f":
            return np.asarray(actual != expected)
        if actual.dtype.itemsize not in BITS:  # long double has padding
            bits_differ = (actual != expected) | (np.signbit(actual) != np.signbit(expected))
        else:
            unsigned = BITS[actual.dtype.itemsize]
            bits_differ = np.ascontiguousarray(actual).view(unsigned) != np.ascontiguousarray(expected).view(unsigned)
            bits_differ = bits_differ.reshape(actual.shape)  # `ascontiguousarray` gives 0-d arrays an axis
        excused = np.isnan(actual) & np.isnan(expected)
        if not self.signed_zeros:
            excused |= (actual == 0) & (expected == 0)
        return bits_differ & ~excused


@dataclass(frozen=True, slots=True)
class Near:
    """Floats and complex numbers are as near as `rtol` and `atol` say, integers and bools equal.

    Without `rtol` it is the square root of the dtype's precision; without either, that part of `scale` is allowed too.
    NaNs and infinities must stand where NumPy has them, but where "nnan" and "ninf" promise that there are none; signs
    of zeros must agree unless "nsz" is granted.
    """

    rtol: float | None
    atol: float | None
    flags: frozenset[str]
    scale: float = 0.0
    signed_zeros: bool = True

    def differs(self, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
        if actual.dtype.kind not in "fc":
            return np.asarray(actual != expected)
        if actual.dtype.kind == "c":
            return self.differs(np.real(actual), np.real(expected)) | self.differs(np.imag(actual), np.imag(expected))
        rtol = float(np.sqrt(np.finfo(actual.dtype).eps)) if self.rtol is None else self.rtol
        atol = (rtol * self.scale if self.rtol is None else 0.0) if self.atol is None else self.atol
        wide = np.promote_types(actual.dtype, "f8")
        mine, theirs = actual.astype(wide), expected.astype(wide)
        with np.errstate(all="ignore"):
            far = ~(np.abs(mine - theirs) <= atol + rtol * np.abs(theirs))
        finite = np.isfinite(mine) & np.isfinite(theirs)
        same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        wrong = np.where(finite, far, ~same)
        if "nnan" in self.flags:
            wrong &= ~np.isnan(theirs)
        if "ninf" in self.flags:
            wrong &= ~np.isinf(theirs)
        if self.signed_zeros and "nsz" not in self.flags:
            wrong |= (mine == 0) & (theirs == 0) & (np.signbit(mine) != np.signbit(theirs))
        return np.asarray(wrong)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any numbers: for calls that break what was promised. Dtypes and shapes are compared nevertheless."""

    def differs(self, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
        return np.zeros(expected.shape, bool)


def scale_of(values: Iterable[Any]) -> float:
    """The largest finite magnitude among floats, arrays of floats, and tuples and lists of these."""
    largest = 0.0
    for array in _floats(values):
        parts = np.abs(np.stack([np.real(array), np.imag(array)]).astype("f8"))
        largest = max(largest, float(np.max(parts, initial=0.0, where=np.isfinite(parts))))
    return largest


def broken_promises(values: Iterable[Any], flags: frozenset[str]) -> bool:
    """Whether arguments are what "nnan" or "ninf" promise that they are not: then any numbers may come out."""
    tests = [test for flag, test in (("nnan", np.isnan), ("ninf", np.isinf)) if flag in flags]
    return bool(tests) and any(test(array).any() for array in _floats(values) for test in tests)


def _floats(values: Iterable[Any]) -> Iterator[np.ndarray]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _floats(value)
        elif isinstance(value, np.ndarray | np.generic | float | complex):
            array = np.asarray(value)
            if array.dtype.kind in "fc":
                yield array
