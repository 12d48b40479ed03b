"""Array programs as people write them, with arguments of any size: run by the tests and by the benchmarks.

`PROGRAMS` lists them; `Program.arguments(n, dtype)` gives arguments with about `n` elements, the same at each call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, tau
from typing import Any

import numpy as np

EARTH_RADIUS_KM = 6371.0088
LUMA = np.array([0.299, 0.587, 0.114])


def example(a, b):
    return a * b - 4.1 * a > 2.5 * b


def example_on_six_lines(a, b):
    product = a * b
    scaled = 4.1 * a
    left = product - scaled
    right = 2.5 * b
    above = left > right
    return above  # noqa: RET504 # the sixth line is the point


def polynomial(x):
    return ((((0.3 * x - 1.2) * x + 2.5) * x - 0.7) * x + 1.1) * x - 4.0


def multiply_add_sum(a, b, c):
    return np.sum(a * b + c)


def damped(a, b, c):
    return np.exp(-a * b) + c


def broadcast_sine(x, y):
    return np.sin(x**2) + np.cos(y**2)


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


def layer_norm(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * gain + bias


def log_sum_exp(x):
    largest = x.max(axis=0)
    return largest + np.log(np.sum(np.exp(x - largest), axis=0))


def mandelbrot_step(z, c, count):
    inside = z.real * z.real + z.imag * z.imag <= 4.0
    return np.where(inside, z * z + c, z), count + inside


def distances(p, q):
    dx = p[:, 0][:, np.newaxis] - q[:, 0]
    dy = p[:, 1][:, np.newaxis] - q[:, 1]
    return np.sqrt(dx * dx + dy * dy)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / pi) * (x + 0.044715 * x**3)))


def stable_sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def grey(image):
    return (image.astype(np.float64) * LUMA).sum(axis=-1).astype(np.uint8)


def standardized(x):
    centred = x - np.mean(x, axis=0)
    return centred / np.sqrt(np.mean(centred**2, axis=0))


def haversine(lat1, lon1, lat2, lon2):
    dlat = np.radians(lat2 - lat1)
    dlon = np.radians(lon2 - lon1)
    a = np.sin(dlat / 2) ** 2 + np.cos(np.radians(lat1)) * np.cos(np.radians(lat2)) * np.sin(dlon / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(a))


def returns(prices):
    relative = prices[1:] / prices[:-1] - 1
    return relative, relative.mean(), (relative > 0).sum()


def second_difference(y, dx=0.1):
    return (y[2:] - 2 * y[1:-1] + y[:-2]) / dx**2


def phasor_power(amplitude, phase, impedance):
    voltage = amplitude * np.exp(1j * phase)
    current = voltage / impedance
    power = np.conj(current) * voltage
    return power.real, power.imag.sum(), np.angle(current, deg=True)


def xorshift(state):
    state = state ^ (state << np.uint64(13))
    state = state ^ (state >> np.uint64(7))
    state = state ^ (state << np.uint64(17))
    return state, (state >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def wrapped_angle(a, b):
    return (a - b + pi) % tau - pi


def huber(x, y, delta=1.0):
    error = np.abs(x - y)
    return np.mean(np.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta)))


def rms_and_peak(signal):
    return np.sqrt(np.mean(signal * signal)), np.abs(signal).max(), np.any(np.isnan(signal))


def saturating_blend(a, b, alpha):
    mixed = a.astype(np.float32) * (1 - alpha) + b.astype(np.float32) * alpha
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Program:
    """A function and what it is called with; `make(rng, n, real)` draws arguments whose floats are made by `real`."""

    function: Callable[..., Any]
    make: Callable[[np.random.Generator, int, Callable[..., Any]], tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.function.__name__

    def arguments(self, n: int, dtype: Any = np.float64) -> tuple[Any, ...]:
        rng = np.random.default_rng(7)

        def real(*shape: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
            return rng.uniform(low, high, shape).astype(dtype)

        return self.make(rng, n, real)


def side(n: int) -> int:
    return max(int(n**0.5), 3)


PROGRAMS = [
    Program(example, lambda rng, n, real: (real(n), real(n))),
    Program(example_on_six_lines, lambda rng, n, real: (real(n), real(n))),
    Program(polynomial, lambda rng, n, real: (real(n),)),
    Program(multiply_add_sum, lambda rng, n, real: (real(n), real(n), real(n))),
    Program(damped, lambda rng, n, real: (real(n), real(n), real(n))),
    Program(broadcast_sine, lambda rng, n, real: (real(1, side(10 * n)), real(side(n / 10), 1))),
    Program(
        black_scholes,
        lambda rng, n, real: (real(n, low=50, high=150), real(n, low=50, high=150), real(n, low=0.1, high=2)),
    ),
    Program(gaussian_kernel, lambda rng, n, real: (real(side(n)), real(side(n)), 0.7)),
    Program(stencil, lambda rng, n, real: (real(side(n), side(n)),)),
    Program(softmax, lambda rng, n, real: (real(max(n // 100, 2), min(n, 100), low=-5, high=5),)),
    Program(layer_norm, lambda rng, n, real: (real(max(n // 64, 2), 64), real(64), real(64))),
    Program(log_sum_exp, lambda rng, n, real: (real(20, max(n // 20, 1)),)),
    Program(
        mandelbrot_step,
        lambda rng, n, real: (
            real(n, high=3) + 1j * real(n),
            real(n) + 1j * real(n),
            rng.integers(0, 50, n),
        ),
    ),
    Program(distances, lambda rng, n, real: (real(side(n), 2), real(side(n), 2))),
    Program(gelu, lambda rng, n, real: (real(n, low=-4, high=4),)),
    Program(stable_sigmoid, lambda rng, n, real: (real(n, low=-40, high=40),)),
    Program(grey, lambda rng, n, real: (rng.integers(0, 256, (side(n / 3), side(n / 3), 3), np.uint8),)),
    Program(standardized, lambda rng, n, real: (real(max(n // 8, 2), 8),)),
    Program(haversine, lambda rng, n, real: tuple(real(n, low=-90, high=90) for _ in range(4))),
    Program(returns, lambda rng, n, real: (real(max(n, 2), low=50, high=150),)),
    Program(second_difference, lambda rng, n, real: (real(max(n, 3)),)),
    Program(phasor_power, lambda rng, n, real: (real(n), real(n, high=6), real(n, low=1, high=2) + 1j * real(n))),
    Program(xorshift, lambda rng, n, real: (rng.integers(1, 2**63, n, np.uint64),)),
    Program(wrapped_angle, lambda rng, n, real: (real(n, low=-20, high=20), real(n))),
    Program(huber, lambda rng, n, real: (real(n, low=-3, high=3), real(n))),
    Program(rms_and_peak, lambda rng, n, real: (real(n),)),
    Program(
        saturating_blend,
        lambda rng, n, real: (rng.integers(0, 256, n, np.uint8), rng.integers(0, 256, n, np.uint8), np.float32(0.3)),
    ),
]

BY_NAME = {program.name: program for program in PROGRAMS}
