"""What happens with what eqsat cannot do, and with what NumPy refuses."""

from __future__ import annotations

import numpy as np

import eqsat
from eqsat import jit


@jit
def total(x):
    result = 0.0
    for value in x:
        result = result + value
    return result


@jit
def add(x, y):
    return x + y


try:
    total(np.ones(3))
except eqsat.UnsupportedError as error:
    print(f"eqsat refuses:\n{error}\n")

try:
    add(np.ones(3), np.ones(4))
except ValueError as error:
    print(f"NumPy's own error: {error}")
