"""Operations on numbers that are all known: NumPy itself computes them, once.

Called by the builder. What NumPy warns of must be computed at every call, so that it warns then.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from eqsat.errors import PythonRaises
from eqsat.ir.span import Span


def computed(ufunc: np.ufunc, values: Sequence[object], span: Span) -> np.generic | None:
    """The result of a ufunc; None where NumPy warns."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            result = ufunc(*values)
        except (TypeError, ValueError, OverflowError) as error:
            raise PythonRaises(str(error), span) from error
    return None if caught or not isinstance(result, np.generic) else result
