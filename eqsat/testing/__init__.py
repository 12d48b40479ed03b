"""For testing compiled functions against NumPy: odd arrays, random programs, exact comparison. Public.

`compare` needs nothing but NumPy; `strategies` and `programs` need Hypothesis (`pip install eqsat[testing]`).

>>> import numpy as np
>>> from eqsat.testing import assert_identical
>>> assert_identical(np.float32(1) + 1, np.float32(2))
"""

from __future__ import annotations

from eqsat.testing.compare import assert_identical, assert_matches_numpy

__all__ = ["assert_identical", "assert_matches_numpy"]
