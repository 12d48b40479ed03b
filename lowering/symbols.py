"""The addresses behind the names that generated code may use: C functions, and NumPy's inner loops.

Names: `memcpy` and the like are C's; `np.exp:d->d` is NumPy's inner loop for those types and `np.exp:d->d!data` the
data pointer that it gets. Refuses nothing: what it does not know is None, and `lowering.engine` reports it.
"""

from __future__ import annotations

import ctypes
import functools

from lowering.numpy_loops import inner_loop

C_FUNCTIONS = frozenset(
    ["malloc", "free", "memcpy", "memset", "memmove", "fetestexcept", "feraiseexcept", "feclearexcept", "fmod", "pow"],
)


@functools.cache
def _process() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@functools.cache
def address_of(name: str) -> int | None:
    """The address of a function or variable, or None."""
    if name.startswith("np."):
        loop, _, part = name.partition("!")
        op, _, signature = loop.removeprefix("np.").partition(":")
        found = inner_loop(op, signature)
        return found.data if part == "data" else found.address
    if name in C_FUNCTIONS:
        return ctypes.cast(getattr(_process(), name), ctypes.c_void_p).value
    return None
