"""What is refused for now, by the first line of the refusal; `docs/language.md` lists each in these words."""

from __future__ import annotations

from typing import Any

import eqsat
from eqsat.testing import assert_matches_numpy

LIMITS = (
    "arithmetic on Python's complex numbers is not compiled yet",
    "Python's complex numbers take np.float64 for a float of their own, which is not compiled yet",
    "complex NumPy scalars have operators of their own, which are not compiled yet",
    "arithmetic on uint64 NumPy scalars is not compiled yet",
    "`**` on NumPy scalars other than float64 is not compiled yet",
)


def check(function: Any, *args: Any, **kwargs: Any) -> bool:
    """As `assert_matches_numpy`, but a refusal that is listed above is no failure; whether it ran."""
    try:
        assert_matches_numpy(function, *args, **kwargs)
    except AssertionError as error:
        refusal = error.__cause__
        if isinstance(refusal, eqsat.UnsupportedError) and refusal.what in LIMITS:
            return False
        raise
    return True
