"""The fast-math flags: which freedoms a user grants, in LLVM's vocabulary, which is also Numba's.

One setting governs both worlds: rules that need no more than what is granted may fire, and LLVM gets the same flags.
"""

from __future__ import annotations

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
