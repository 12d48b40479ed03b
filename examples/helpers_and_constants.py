"""Helpers are seen through, and constants of the module are compiled in; rebinding one is noticed."""

from __future__ import annotations

import numpy as np

from eqsat import jit

GRAVITY = 9.81


def drag(speed, area=0.5):
    return 0.6 * area * speed**2


@jit
def acceleration(speed, mass):
    return GRAVITY - drag(speed) / mass


speed = np.linspace(0, 60, 7)
print("on Earth:", acceleration(speed, 80.0).round(2))
GRAVITY = 1.62
print("on the Moon:", acceleration(speed, 80.0).round(2))
assert np.array_equal(acceleration(speed, 80.0), acceleration.py_func(speed, 80.0))
