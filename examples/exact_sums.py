"""A fused sum has NumPy's bits: the order of NumPy's pairwise summation, without NumPy's temporaries."""

from __future__ import annotations

import numpy as np

from eqsat import jit
from eqsat.testing import assert_matches_numpy


@jit
def weighted_mean(x, w):
    return np.sum(x * w) / np.sum(w)


rng = np.random.default_rng(1)
for n in (10, 1000, 100_003):
    x, w = rng.standard_normal(n) * 1e6, rng.random(n)
    result = assert_matches_numpy(weighted_mean, x, w)
    one_by_one = sum((x * w).tolist()) / sum(w.tolist())
    print(f"{n:7}: {result!r}, as NumPy; summed one by one: {one_by_one!r}")
