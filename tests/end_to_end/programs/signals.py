"""One-dimensional signals: transforms, filters, running statistics."""

from __future__ import annotations

import cmath
import math

import numpy as np

from tests.end_to_end.programs.program import program


def fft(x):
    """Radix-2, in place: bits of the indices reversed, then stages of butterflies."""
    n = len(x)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            x[i], x[j] = x[j], x[i]
    length = 2
    while length <= n:
        half = length // 2
        for start in range(0, n, length):
            for k in range(half):
                w = cmath.exp(-2j * cmath.pi * k / length)
                a, b = x[start + k], x[start + k + half] * w
                x[start + k] = a + b
                x[start + k + half] = a - b
        length *= 2
    return x


def fft_stages(x):
    """Stockham's order, by whole-array steps between two buffers."""
    n = x.shape[0]
    a = x.astype(np.complex128)
    b = np.empty_like(a)
    half, stride = n // 2, 1
    while half >= 1:
        angle = -np.pi * np.arange(half) / half
        w = np.cos(angle) + 1j * np.sin(angle)
        source = a.reshape(2, half, stride)
        target = b.reshape(half, 2, stride)
        target[:, 0] = source[0] + source[1]
        target[:, 1] = (source[0] - source[1]) * w[:, None]
        a, b = b, a
        half //= 2
        stride *= 2
    return a


def fourier_sums(x):
    """The discrete Fourier transform from its definition, as cosine and sine sums."""
    n = len(x)
    re = np.zeros(n)
    im = np.zeros(n)
    for k in range(n):
        for t in range(n):
            angle = 2 * math.pi * k * t / n
            re[k] += x[t] * math.cos(angle)
            im[k] -= x[t] * math.sin(angle)
    return re, im


def convolve(signal, kernel):
    n, m = signal.size, kernel.size
    out = np.zeros(n + m - 1)
    for i in range(n):
        for j in range(m):
            out[i + j] += signal[i] * kernel[j]
    return out


def fir(signal, taps):
    """Each tap on a shifted slice."""
    out = np.zeros_like(signal)
    for k, tap in enumerate(taps):
        out[k:] += tap * signal[: len(signal) - k]
    return out


def biquad(x, b0, b1, b2, a1, a2):
    y = np.empty_like(x)
    z1 = z2 = 0.0
    for i, sample in enumerate(x):
        out = b0 * sample + z1
        z1 = b1 * sample - a1 * out + z2
        z2 = b2 * sample - a2 * out
        y[i] = out
    return y


def exponential_average(x, alpha):
    y = np.empty_like(x)
    y[0] = x[0]
    for t in range(1, len(x)):
        y[t] = alpha * x[t] + (1 - alpha) * y[t - 1]
    return y


def moving_average(x, window):
    out = np.zeros(len(x) - window + 1)
    total = 0.0
    for i in range(window):
        total += x[i]
    out[0] = total / window
    for i in range(window, len(x)):
        total += x[i] - x[i - window]
        out[i - window + 1] = total / window
    return out


def deriche(image, alpha):
    """A recursive smoothing filter along the rows: one pass forth, one back."""
    height, width = image.shape
    k = (1 - np.exp(-alpha)) ** 2 / (1 + 2 * alpha * np.exp(-alpha) - np.exp(2 * -alpha))
    a1, a2 = k, k * np.exp(-alpha) * (alpha - 1)
    a3, a4 = k * np.exp(-alpha) * (alpha + 1), -k * np.exp(-2 * alpha)
    b1, b2 = 2 * np.exp(-alpha), -np.exp(-2 * alpha)
    forth, back = np.empty_like(image), np.empty_like(image)
    for i in range(height):
        x1 = y1 = y2 = 0.0
        for j in range(width):
            forth[i, j] = a1 * image[i, j] + a2 * x1 + b1 * y1 + b2 * y2
            x1 = image[i, j]
            y1, y2 = forth[i, j], y1
        x1 = x2 = y1 = y2 = 0.0
        for j in range(width - 1, -1, -1):
            back[i, j] = a3 * x1 + a4 * x2 + b1 * y1 + b2 * y2
            x1, x2 = image[i, j], x1
            y1, y2 = back[i, j], y1
    return forth + back


def welford(x):
    count, mean, m2 = 0, 0.0, 0.0
    for value in x:
        count += 1
        delta = value - mean
        mean += delta / count
        m2 += delta * (value - mean)
    if count < 2:
        return mean, 0.0
    return mean, m2 / (count - 1)


def prefix_sums(x):
    out = np.zeros(len(x) + 1, dtype=x.dtype)
    for i in range(len(x)):
        out[i + 1] = out[i] + x[i]
    return out


def scan_by_doubling(x):
    """Prefix sums in log2(n) steps of shifted slices, which overlap what they are added to."""
    shift = 1
    while shift < len(x):
        x[shift:] += x[:-shift].copy()
        shift <<= 1
    return x


def peaks(x, threshold):
    found = np.zeros(len(x), dtype=np.int64)
    count = 0
    for i in range(1, len(x) - 1):
        if x[i - 1] < x[i] > x[i + 1] and x[i] > threshold:
            found[count] = i
            count += 1
    return found[:count]


def zero_crossings(x):
    count = 0
    previous = x[0]
    for value in x[1:]:
        if previous * value < 0:
            count += 1
        if value != 0:
            previous = value
    return count


def autocorrelation(x, lags):
    centred = x - x.mean()
    out = np.empty(lags)
    for lag in range(lags):
        out[lag] = np.sum(centred[: len(x) - lag] * centred[lag:])
    if out[0] != 0:
        out /= out[0]
    return out


def haar(x):
    """The Haar wavelet transform, in place, level by level on views of the first half of the view before."""
    n = len(x)
    while n > 1:
        part = x[:n]
        smooth = (part[::2] + part[1::2]) / np.sqrt(2.0)
        detail = (part[::2] - part[1::2]) / np.sqrt(2.0)
        half = n // 2
        part[:half] = smooth
        part[half:] = detail
        n = half


def goertzel(samples, frequency, rate):
    w = 2.0 * math.cos(2.0 * math.pi * frequency / rate)
    s0, s1 = 0.0, 0.0
    for sample in samples:
        s0, s1 = sample + w * s0 - s1, s0
    return s0 * s0 + s1 * s1 - w * s0 * s1


def levinson(r, order):
    a = np.zeros(order + 1)
    a[0] = 1.0
    error = r[0]
    for i in range(1, order + 1):
        k = -np.sum(a[:i] * r[i:0:-1]) / error
        a[1:i] += k * a[i - 1 : 0 : -1]
        a[i] = k
        error *= 1 - k * k
    return a, error


def durbin(r):
    """A Toeplitz system after Levinson and Durbin, on slices that run backwards."""
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(r[k - 1 :: -1], y[:k])) / beta
        y[:k] += alpha * y[k - 1 :: -1]
        y[k] = alpha
    return y


def resample(x, y, at):
    """Linear interpolation at increasing positions."""
    out = np.empty(len(at))
    k = 0
    for i, position in enumerate(at):
        while k < len(x) - 2 and x[k + 1] < position:
            k += 1
        t = (position - x[k]) / (x[k + 1] - x[k])
        out[i] = (1 - t) * y[k] + t * y[k + 1]
    return out


def noise(rng, n):
    return rng.standard_normal(n)


def tone(n):
    return np.sin(np.linspace(0, 25, n)) + 0.2 * np.cos(np.linspace(0, 170, n))


def decaying(n):
    return 0.6 ** np.arange(n) * np.cos(0.3 * np.arange(n))


def power_of_two(n):
    return 1 << max(n - 1, 0).bit_length()


def complex_noise(rng, n):
    return noise(rng, power_of_two(n)) + 1j * noise(rng, power_of_two(n))


PROGRAMS = [
    program(fft, lambda rng, n: (complex_noise(rng, n),), 1, 2, 8, 128),
    program(fft_stages, lambda rng, n: (complex_noise(rng, n),), 1, 2, 8, 1024),
    program(fourier_sums, lambda rng, n: (noise(rng, n),), 1, 2, 9, 60),
    program(convolve, lambda rng, n: (noise(rng, n), noise(rng, 7)), 1, 9, 300),
    program(fir, lambda rng, n: (noise(rng, n), noise(rng, 7)), 2, 3, 7, 9, 2000),
    program(biquad, lambda rng, n: (noise(rng, n), 0.2, 0.4, 0.2, -0.5, 0.25), 0, 1, 9, 2000),
    program(exponential_average, lambda rng, n: (noise(rng, n), 0.1), 1, 2, 9, 2000),
    program(moving_average, lambda rng, n: (noise(rng, n), 5), 5, 6, 9, 2000),
    program(deriche, lambda rng, n: (rng.random((n, n + 1)), 0.25), 1, 2, 9, 40),
    program(welford, lambda rng, n: (noise(rng, n),), 0, 1, 9, 2000),
    program(prefix_sums, lambda rng, n: (noise(rng, n),), 0, 1, 9, 2000),
    program(scan_by_doubling, lambda rng, n: (noise(rng, n),), 0, 1, 9, 20_000),
    program(peaks, lambda rng, n: (noise(rng, n), 0.5), 1, 3, 9, 2000),
    program(zero_crossings, lambda rng, n: (noise(rng, n),), 1, 2, 9, 2000),
    program(autocorrelation, lambda rng, n: (noise(rng, n), min(n, 20)), 2, 9, 2000),
    program(haar, lambda rng, n: (noise(rng, power_of_two(n)),), 1, 2, 8, 4096),
    program(goertzel, lambda rng, n: (tone(n), 3.0, 200.0), 0, 1, 9, 2000),
    program(levinson, lambda rng, n: (decaying(n + 1), n), 1, 2, 9, 50),
    program(durbin, lambda rng, n: (decaying(n + 1)[1:],), 1, 2, 9, 100),
    program(resample, lambda rng, n: (np.sort(noise(rng, n)), noise(rng, n), np.linspace(-1, 1, 2 * n)), 2, 3, 9, 500),
]
