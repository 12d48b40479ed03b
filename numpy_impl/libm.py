"""Whether the C library of this process is the one that Python's `math` calls, function by function.

Asked by `numpy_impl.mathematics` before a call of the C library is compiled: where a single result differs, or there is
no such function, the function is refused.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache

_SAMPLES: dict[str, tuple[tuple[float, ...], ...]] = {
    "acosh": ((1.0,), (1.1,), (3.7,), (1e10,)),
    "atan2": ((0.3, -0.7), (-0.0, -1.0), (1e-300, 2.0), (-5.1, 1e9)),
    "fmod": ((7.3, 2.1), (-7.3, 0.1), (1e300, 3.7)),
    "remainder": ((7.3, 2.1), (-7.3, 0.1), (1e300, 3.7)),
    "nextafter": ((0.0, -1.0), (1.0, 2.0), (1e308, -1e308)),
    "pow": ((2.5, 3.1), (0.3, -7.7), (1.0000001, 1e9)),
    "ldexp": ((0.7, 5), (-3.3, -1070), (1.1, 900)),
}
_WITHIN_ONE = ((0.1,), (-0.3,), (0.7,), (0.999,), (1e-9,))
_POSITIVE = ((0.1,), (0.9,), (1.0,), (2.3,), (12345.678,), (1e-300,))
_ANY = ((0.1,), (-0.9,), (2.3,), (-7.7,), (20.25,), (1e-12,))


def _samples(name: str) -> tuple[tuple[float, ...], ...]:
    if name in ("acos", "asin", "atanh"):
        return _WITHIN_ONE
    if name in ("log", "log2", "log10", "log1p"):
        return _POSITIVE
    return _SAMPLES.get(name, _ANY)


@cache
def agrees(name: str) -> bool:
    """Whether the C library's function gives what `math.<name>` gives."""
    python = getattr(math, name, None)
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return False
    samples = _samples(name)
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_int if isinstance(part, int) else ctypes.c_double for part in samples[0]]
    return python is not None and all(function(*sample) == python(*sample) for sample in samples)
