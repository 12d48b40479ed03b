"""What the rules gain: the time of a call as plain Python, under `@jit` alone, and with the rules of the package.

The rules take part because the package is installed; without flags all but one of them stand aside.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from signal_rules import RULES, convolve, smooth

from eqsat import jit

GRANTED = {"reassoc", "nnan", "ninf"}


def equalized(x, low, middle, high):
    """Three bands of a signal, each with its own gain."""
    return 1.5 * convolve(x, low) + 0.8 * convolve(x, middle) + 1.2 * convolve(x, high)


def level(x, h):
    """The mean of a filtered signal."""
    return np.sum(convolve(x, h)) / x.size


def oscillation(left, right):
    """The difference of two averages, at twice the volume."""
    return smooth(2 * left, 0.05) - smooth(2 * right, 0.05)


def seconds(function: Callable[..., object], *arguments: object) -> float:
    """The least time of a few calls."""
    found = []
    for _ in range(7):
        start = perf_counter()
        function(*arguments)
        found.append(perf_counter() - start)
    return min(found)


def main() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 50_000))
    low, middle, high = random.normal(size=(3, 400))
    for function, arguments in ((equalized, (x, low, middle, high)), (level, (x, low)), (oscillation, (x, y))):
        exact, fast = jit(function), jit(function, fastmath=GRANTED)
        wanted, found = exact(*arguments), fast(*arguments)  # the first calls compile
        assert np.allclose(wanted, found, rtol=1e-9, atol=1e-9), function.__name__
        plain, alone, ruled = (seconds(one, *arguments) * 1e3 for one in (function, exact, fast))
        fired = ", ".join(name for name, _ in fast.explain().rules if name in RULES)
        print(f"{function.__name__:12} {plain:8.2f} ms   @jit {alone:8.2f} ms   with rules {ruled:8.3f} ms   {fired}")


if __name__ == "__main__":
    main()
