"""The library itself: functions that stand for themselves, each with its type and what a call costs.

They are NumPy and plain Python, and work without `@jit` as well. Costs are nanoseconds, as measured on a laptop: they
need be right to a factor of two, since all that depends on them is the choice between programs that are equal.
"""

from __future__ import annotations

import numpy as np

from eqsat import Float, Vector, opaque


def direct(signal: int, taps: int) -> float:
    """The cost of a convolution by its definition: half a nanosecond for each product."""
    return 2000.0 + 0.5 * signal * taps


def by_fourier(*sizes: int) -> float:
    """The cost of one by Fourier transforms of a power of two."""
    length = padded(sum(sizes))
    return 20000.0 + 7.0 * length * length.bit_length()


def padded(size: int) -> int:
    """The next power of two."""
    return 1 << (size - 1).bit_length()


@opaque(cost=lambda x, h: min(direct(x[0], h[0]), by_fourier(x[0], h[0])), shape=lambda x, h: (x[0] + h[0] - 1,))
def convolve(x: Vector, h: Vector) -> Vector:
    """The whole convolution of a signal with the taps of a filter, by whichever way is the quicker one."""
    if direct(x.size, h.size) <= by_fourier(x.size, h.size):
        return np.convolve(x, h)
    size = x.size + h.size - 1
    length = padded(size)
    return np.fft.irfft(np.fft.rfft(x, length) * np.fft.rfft(h, length), length)[:size]


@opaque(cost=lambda x: min(direct(x[0], x[0]), by_fourier(x[0], x[0]) * 2 / 3), shape=lambda x: (2 * x[0] - 1,))
def autocorrelation(x: Vector) -> Vector:
    """The correlation of a signal with itself at every lag, the earliest first: two transforms instead of three."""
    if direct(x.size, x.size) <= by_fourier(x.size, x.size):
        return np.correlate(x, x, "full")
    length = padded(2 * x.size - 1)
    spectrum = np.fft.rfft(x, length)
    power = np.fft.irfft(spectrum.real * spectrum.real + spectrum.imag * spectrum.imag, length)
    return np.concatenate((power[length - x.size + 1 :], power[: x.size]))


@opaque(cost=lambda x, a: 60.0 * x[0])
def smooth(x: Vector, a: Float) -> Vector:
    """The exponential average y[n] = a x[n] + (1 - a) y[n - 1], from y[-1] = 0: a loop over Python's numbers."""
    last, rest = 0.0, 1.0 - a
    out = np.empty_like(x)
    for n, value in enumerate(x.tolist()):
        last = a * value + rest * last
        out[n] = last
    return out
