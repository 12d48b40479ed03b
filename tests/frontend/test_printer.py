"""The typed IR as text, whole."""

from __future__ import annotations

import numpy as np

from eqsat.ir.printer import show
from tests.frontend.translating import translated

WEIGHTS = np.ones(3)


def gauss(x, n, *, mu=0.5):
    assert n > 0.0
    d = (x - mu) / n
    rows = d[:, None] + WEIGHTS
    return np.exp(-d[1:] * abs(n)).max(), (n, None, np.float32(-0.0)), x.shape, rows


GAUSS = """\
region gauss(p0 x: float64[p0.0]:C, p1 n: float, p2 WEIGHTS: float64[p2.0]:C from outside)
  where p0.0 - 1 != 1
  where p0.0 - 1 >= 1
  reads mu, WEIGHTS, np, abs
  v0 = constant 0.5 : float
  v1 = subtract[dd->d](x, v0) : float64[p0.0]:C
  v2 = divide[dd->d](v1, n) : float64[p0.0]:C
  v3 = view [1+i0] (v2) : float64[p0.0 - 1]:C
  v4 = negative[d->d](v3) : float64[p0.0 - 1]:C
  v5 = py.abs(n) : float
  v6 = multiply[dd->d](v4, v5) : float64[p0.0 - 1]:C
  v7 = exp[d->d](v6) : float64[p0.0 - 1]:C
  v8 = reduce maximum(0,) outer=() inner=(0,) block=None (v7) : np.float64
  v9 = dim p0.0 : int
  v10 = view [i0] (v2) : float64[p0.0, 1]:order(1,0)
  v11 = view [i0, 0] (v10) : float64[p0.0, p2.0]:strided(1,0)++u
  v12 = view [i1] (WEIGHTS) : float64[p0.0, p2.0]:strided(0,1)++u
  v13 = add[dd->d](v11, v12) : float64[p0.0, p2.0]:C
  v14 = constant 0.0 : float
  v15 = py.gt(n, v14) : bool
  check v15
  return (v8, (n, None, np.float32(-0.0)), (v9,), v13)
"""


def test_a_region_reads_as_text():
    assert show(translated(gauss, np.ones(4), 2.0)) == GAUSS
