"""Times, sizes and counts in words, for texts and pages. Called by `eqsat.explain`."""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.egraph.history import Temporaries


def kernels(count: int) -> str:
    """So many kernels."""
    return f"{count} kernel{'s' if count != 1 else ''}"


def memory(found: Sequence[Temporaries]) -> str:
    """So many temporary arrays, and how large they are."""
    count, size = sum(one.count for one in found), sum(one.size for one in found)
    if not count:
        return "no temporary arrays"
    for unit, bytes_ in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_:
            return f"{count} temporary array{'s' if count != 1 else ''} of {size / bytes_:.3g} {unit}"
    return f"{count} temporary array{'s' if count != 1 else ''} of {size} bytes"


def time(nanoseconds: float) -> str:
    """A time in the unit that fits."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"
