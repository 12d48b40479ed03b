"""For testing compiled functions against NumPy: odd arrays, random programs, exact comparison. Public.

`compare` needs nothing but NumPy; the others need Hypothesis (`pip install eqsat[testing]`): `strategies` makes
arguments, `programs` functions of array expressions, `functions` whole functions with loops, branches and writes.
`checking` runs these plainly and compiled, `python -m eqsat.testing.fuzz` does so for as long as you like.

>>> import numpy as np
>>> from eqsat.testing import assert_identical
>>> assert_identical(np.float32(1) + 1, np.float32(2))
"""

from __future__ import annotations

from eqsat.testing.compare import assert_identical, assert_matches_numpy

__all__ = ["assert_identical", "assert_matches_numpy"]
