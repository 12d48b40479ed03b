"""Five programs under NumPy, eqsat, and Numba and NumExpr where installed: `make demo`.

Each line is one program: medians of CPU time on one core, and whether eqsat's result equals NumPy's to the bit. Then
eqsat explains what it did to one of them.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import warnings

import numpy as np

from bench.harness import largest_error, machine, measure, pin_to_one_core, readable, same_bits
from bench.peers import numba_version, numexpr_version
from eqsat import jit


def example(a, b):
    return a * b - 4.1 * a > 2.5 * b


def erf(x):
    """Abramowitz and Stegun, 7.1.26."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-(x**2)))


def cdf(x):
    return 0.5 * (1 + erf(x / np.sqrt(2.0)))


def black_scholes(S, K, T, r=0.03, sigma=0.2):
    root = sigma * np.sqrt(T)
    d1 = (np.log(S / K) + (r + sigma**2 / 2) * T) / root
    d2 = d1 - root
    discounted = K * np.exp(-r * T)
    call = S * cdf(d1) - discounted * cdf(d2)
    return call, call + discounted - S


def gaussian_kernel(x, y, width):
    squares = (x[:, None] - y[None, :]) ** 2
    return np.exp(-squares / (2 * width**2))


def stencil(u):
    return u[1:-1, 1:-1] + 0.1 * (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4 * u[1:-1, 1:-1])


def softmax(x):
    largest = np.max(x, axis=-1, keepdims=True)
    powers = np.exp(x - largest)
    return powers / np.sum(powers, axis=-1, keepdims=True)


def programs():
    rng = np.random.default_rng(0)
    n = 1_000_000
    yield example, (rng.random(n), rng.random(n))
    yield black_scholes, (rng.uniform(50, 150, n), rng.uniform(50, 150, n), rng.uniform(0.1, 2, n))
    yield gaussian_kernel, (rng.random(1000), rng.random(1000), 0.7)
    yield stencil, (rng.random((1000, 1000)),)
    yield softmax, (rng.uniform(-5, 5, (10_000, 100)),)


def show(function, args):
    """Measure one program and print its line; returns the compiled function."""
    compiled = jit(function)
    expected = function(*args)
    result = compiled(*args)
    peers = {"Numba": numba_version(function), "NumExpr": numexpr_version(function.__name__)}
    runnable = {"NumPy": lambda: function(*args), "eqsat": lambda: compiled(*args)}
    for name, peer in peers.items():
        if peer is not None:
            try:
                peer(*args)
            except Exception:  # a program that this peer does not compile
                continue
            runnable[name] = lambda peer=peer: peer(*args)
    times = measure(runnable, seconds=2.0)
    cells = [readable(times[name].nanoseconds) if name in times else "-" for name in ("NumPy", "eqsat", *peers)]
    same = "equal bits" if same_bits(result, expected) else f"differs by {largest_error(result, expected):.1e}"
    line = f"{function.__name__:16}" + "".join(f"{cell:>10}" for cell in cells)
    print(f"{line}   {times['eqsat'].ratio:5.1f} x NumPy   {same}", flush=True)
    return compiled


def main():
    pin_to_one_core()
    warnings.simplefilter("ignore")
    print(machine(), "\n")
    print(f"{'program':16}" + "".join(f"{name:>10}" for name in ("NumPy", "eqsat", "Numba", "NumExpr")))
    compiled = {function.__name__: show(function, args) for function, args in programs()}
    print("\nWhat was done to softmax:\n")
    print(compiled["softmax"].explain())


if __name__ == "__main__":
    main()
