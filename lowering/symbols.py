"""The addresses behind the names that generated code may use: C functions, and NumPy's inner loops.

Names: `memcpy` and the like are C's; `c.sin` is the C library's `sin`, which LLVM shall not know for what it is, lest
it computes another one at compile time or puts other functions in its place; `np.exp:d->d` is NumPy's inner loop for
those types and `np.exp:d->d!data` the data pointer that it gets; `at.7f00` is what stands at that address. Refuses
nothing: what it does not know is None, and `lowering.engine` reports it.
"""

from __future__ import annotations

import ctypes
import functools

from lowering.numpy_loops import inner_loop

C_FUNCTIONS = frozenset(
    ["malloc", "free", "memcpy", "memset", "memmove", "fetestexcept", "feraiseexcept", "feclearexcept"],
)
C_MATHEMATICS = frozenset(
    [
        *(
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "atanh",
            "cbrt",
            "cos",
            "cosh",
            "erf",
            "erfc",
            "exp",
            "exp2",
        ),
        *(
            "expm1",
            "fmod",
            "fmodf",
            "hypot",
            "hypotf",
            "ldexp",
            "log",
            "log10",
            "log1p",
            "log2",
            "nextafter",
            "pow",
            "powf",
        ),
        *("remainder", "sin", "sinh", "tan", "tanh"),
    ]
)
CODE_GENERATOR = frozenset(["fma", "fmaf"])
"""What LLVM calls where the processor has no such instruction."""


@functools.cache
def _process() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@functools.cache
def address_of(name: str) -> int | None:
    """The address of a function or variable, or None."""
    if name.startswith("at."):
        return int(name[3:], 16)
    if name.startswith("np."):
        loop, _, part = name.partition("!")
        op, _, signature = loop.removeprefix("np.").partition(":")
        found = inner_loop(op, signature)
        return found.data if part == "data" else found.address
    if name.startswith("c.") and name[2:] in C_MATHEMATICS:
        name = name[2:]
    elif name not in C_FUNCTIONS and name not in CODE_GENERATOR:
        return None
    if hasattr(_process(), name):
        return ctypes.cast(getattr(_process(), name), ctypes.c_void_p).value
    return None
