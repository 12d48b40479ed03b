"""A rule of one's own: refuted, corrected, verified, used, explained, measured."""

from __future__ import annotations

from timeit import repeat

import numpy as np

import eqsat
from eqsat import FloatVector, jit, rule


@rule
def greatest_sum_by_bits(u: FloatVector, v: FloatVector):
    """The greatest sum is that of the greatest two: rounding keeps the order."""
    return np.max(u[:, None] + v[None, :]), np.max(u) + np.max(v)


refuted = eqsat.verify(greatest_sum_by_bits)  # is it? an infinity meets its opposite
print(refuted)
assert not refuted.holds


@rule(requires={"nnan", "ninf", "nsz"})
def greatest_sum(u: FloatVector, v: FloatVector):
    """The greatest sum is that of the greatest two: rounding keeps the order, and nothing is infinite."""
    return np.max(u[:, None] + v[None, :]), np.max(u) + np.max(v)


print(eqsat.verify(greatest_sum))
assert eqsat.verify(greatest_sum).holds


@jit(rules=greatest_sum, fastmath={"nnan", "ninf", "nsz"})
def farthest(u, v):
    return np.max(u[:, None] + v)


u, v = np.random.default_rng(0).normal(size=(2, 1000))
assert farthest(u, v) == farthest.py_func(u, v)
print(farthest.explain())
assert dict(farthest.explain().rules) == {"greatest_sum": 1}


@jit(rules=greatest_sum)
def exact(u, v):
    return np.max(u[:, None] + v)


exact(u, v)
print(exact.explain(rule=greatest_sum))  # why it did not fire

for name, function in (("NumPy", exact.py_func), ("@jit", exact), ("@jit with the rule", farthest)):
    best = min(repeat(lambda: function(u, v), number=50, repeat=7)) / 50  # noqa: B023
    print(f"{name:20} {best * 1e6:10.2f} us")
