"""The fast-math flags: which freedoms a user grants, in LLVM's vocabulary, which is also Numba's.

One setting governs both worlds: rules that need no more than what is granted may fire, and LLVM gets the same flags.
"""

from __future__ import annotations

from collections.abc import Set

FLAGS: dict[str, str] = {
    "nnan": "no value is NaN",
    "ninf": "no value is infinite",
    "nsz": "the sign of a zero does not matter",
    "arcp": "dividing may become multiplying by the reciprocal",
    "contract": "a product and a sum may be rounded once",
    "afn": "functions may be computed in other ways, of like accuracy",
    "reassoc": "sums and products may be regrouped, as if they were exact",
}
"""Each flag, and what it grants."""

FAST = frozenset(FLAGS)
"""What `fastmath=True` grants."""

Fastmath = bool | Set[str] | list[str] | tuple[str, ...]
"""What users write: all flags, none, or the names of some."""


def granted(fastmath: object) -> frozenset[str]:
    """The flags that `jit(fastmath=...)` grants: True is all of them, False none, else a collection of names.

    Raises TypeError for what is no bool and no set, list or tuple of strings, ValueError for names of no flag.

    >>> sorted(granted(["nsz", "contract"]))
    ['contract', 'nsz']
    >>> granted(True) == FAST
    True
    """
    if isinstance(fastmath, bool):
        return FAST if fastmath else frozenset()
    if not isinstance(fastmath, set | frozenset | list | tuple):
        raise TypeError(f"fastmath is True, False or a set of flags, not {type(fastmath).__name__}")
    names: set[str] = set()
    for name in fastmath:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(name, str):
            raise TypeError(f"the flags of fastmath are strings, not {type(name).__name__}")  # pyright: ignore
        names.add(name)
    unknown = sorted(names - FAST)
    if unknown:
        raise ValueError(f"fastmath knows no {', '.join(map(repr, unknown))}; its flags are {', '.join(FLAGS)}")
    return frozenset(names)
