"""Statements fuse: six lines compile to the same loop as one line, which is printed."""

from __future__ import annotations

import numpy as np

from eqsat import jit


@jit
def one_line(a, b):
    return a * b - 4.1 * a > 2.5 * b


@jit
def six_lines(a, b):
    product = a * b
    scaled = 4.1 * a
    left = product - scaled
    right = 2.5 * b
    above = left > right
    return above  # noqa: RET504


a, b = np.linspace(0, 10, 1000), np.linspace(5, 0, 1000)
assert np.array_equal(one_line(a, b), six_lines(a, b))

(first,), (second,) = one_line.inspect_loops().values(), six_lines.inspect_loops().values()
assert first == second
print(first)
