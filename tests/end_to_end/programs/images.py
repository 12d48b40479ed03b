"""Pictures: convolutions, edges, medians, histograms, fractals, transforms."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program

SHARPEN = np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]])


def convolve_2d(image, kernel):
    height, width = image.shape
    kh, kw = kernel.shape
    out = np.zeros((height - kh + 1, width - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = 0.0
            for di in range(kh):
                for dj in range(kw):
                    total += image[i + di, j + dj] * kernel[di, dj]
            out[i, j] = total
    return out


def convolve_by_shifts(image, kernel):
    """One slice of the image for each weight."""
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns), image.dtype)
    for di, row in enumerate(kernel):
        for dj, weight in enumerate(row):
            out += weight * image[di : di + rows, dj : dj + columns]
    return out


def sharpen(image):
    out = image.copy()
    for i in range(1, image.shape[0] - 1):
        for j in range(1, image.shape[1] - 1):
            value = np.sum(image[i - 1 : i + 2, j - 1 : j + 2] * SHARPEN)
            out[i, j] = min(max(value, 0.0), 1.0)
    return out


def sobel(image, threshold):
    gx = np.zeros_like(image)
    gy = np.zeros_like(image)
    gx[1:-1, 1:-1] = (image[:-2, 2:] + 2 * image[1:-1, 2:] + image[2:, 2:]) - (
        image[:-2, :-2] + 2 * image[1:-1, :-2] + image[2:, :-2]
    )
    gy[1:-1, 1:-1] = (image[2:, :-2] + 2 * image[2:, 1:-1] + image[2:, 2:]) - (
        image[:-2, :-2] + 2 * image[:-2, 1:-1] + image[:-2, 2:]
    )
    magnitude = np.sqrt(gx**2 + gy**2)
    edges = np.zeros(image.shape, dtype=np.uint8)
    edges[magnitude > threshold] = 255
    return edges, magnitude.max()


def median_filter(image):
    """Three by three, by insertion into a small buffer."""
    height, width = image.shape
    out = image.copy()
    window = np.empty(9, dtype=image.dtype)
    for i in range(1, height - 1):
        for j in range(1, width - 1):
            count = 0
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    value = image[i + di, j + dj]
                    k = count
                    while k > 0 and window[k - 1] > value:
                        window[k] = window[k - 1]
                        k -= 1
                    window[k] = value
                    count += 1
            out[i, j] = window[4]
    return out


def histogram(image, bins):
    counts = np.zeros(bins, dtype=np.int64)
    for row in image:
        for value in row:
            counts[int(value) * bins // 256] += 1
    return counts


def equalize(image):
    counts = np.zeros(256, dtype=np.int64)
    for value in image.ravel():
        counts[value] += 1
    total = np.cumsum(counts)
    table = np.round(255 * total / image.size).astype(np.uint8)
    return table[image]


def otsu(histogram):
    """The threshold that parts dark from light best."""
    total = histogram.sum()
    weighted = 0
    for level in range(len(histogram)):
        weighted += level * histogram[level]
    dark, dark_sum = 0, 0
    best, threshold = -1.0, 0
    for level, count in enumerate(histogram):
        dark += count
        if dark == 0:
            continue
        light = total - dark
        if light == 0:
            break
        dark_sum += level * count
        between = dark * light * (dark_sum / dark - (weighted - dark_sum) / light) ** 2
        if between > best:
            best, threshold = between, level
    return threshold


def box_blur(image, radius):
    """Running sums, first along the rows, then along the columns through a transposed view."""

    def along_rows(source, target):
        n = source.shape[1]
        for i in range(source.shape[0]):
            for j in range(n):
                low, high = max(0, j - radius), min(n, j + radius + 1)
                target[i, j] = source[i, low:high].sum() / (high - low)

    half = np.empty_like(image)
    out = np.empty_like(image)
    along_rows(image, half)
    along_rows(half.T, out.T)
    return out


def integral_image(image):
    rows, columns = image.shape
    total = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    for i in range(rows):
        running = 0
        for j in range(columns):
            running += int(image[i, j])
            total[i + 1, j + 1] = total[i, j + 1] + running
    return total


def erode(mask, times):
    for _ in range(times):
        inner = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        mask[:] = False
        mask[1:-1, 1:-1] = inner
    return mask


def label(mask):
    """Connected parts, by flooding from each new point with a stack of its own."""
    rows, columns = mask.shape
    labels = np.zeros((rows, columns), dtype=np.int32)
    stack = np.empty((mask.size + 1, 2), dtype=np.int64)
    current = 0
    for i in range(rows):
        for j in range(columns):
            if not mask[i, j] or labels[i, j]:
                continue
            current += 1
            labels[i, j] = current
            stack[0] = i, j
            top = 1
            while top:
                top -= 1
                y, x = stack[top]
                for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    v, u = y + dy, x + dx
                    if 0 <= v < rows and 0 <= u < columns and mask[v, u] and labels[v, u] == 0:
                        labels[v, u] = current
                        stack[top, 0], stack[top, 1] = v, u
                        top += 1
    return labels, current


def dither(image):
    """Floyd and Steinberg: the error of each pixel goes on to its neighbours."""
    work = image.astype(np.float64)
    height, width = work.shape
    for y in range(height):
        for x in range(width):
            old = work[y, x]
            new = 255.0 if old > 127 else 0.0
            work[y, x] = new
            error = old - new
            if x + 1 < width:
                work[y, x + 1] += error * 7 / 16
            if y + 1 < height:
                if x > 0:
                    work[y + 1, x - 1] += error * 3 / 16
                work[y + 1, x] += error * 5 / 16
                if x + 1 < width:
                    work[y + 1, x + 1] += error * 1 / 16
    return work.astype(np.uint8)


def bilinear(image, height, width):
    rows, columns = image.shape
    out = np.empty((height, width), dtype=image.dtype)
    for i in range(height):
        y = i * (rows - 1) / max(height - 1, 1)
        y0 = int(y)
        y1 = min(y0 + 1, rows - 1)
        for j in range(width):
            x = j * (columns - 1) / max(width - 1, 1)
            x0 = int(x)
            x1 = min(x0 + 1, columns - 1)
            fy, fx = y - y0, x - x0
            top = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
            bottom = image[y1, x0] * (1 - fx) + image[y1, x1] * fx
            out[i, j] = top * (1 - fy) + bottom * fy
    return out


def composite(foreground, background, alpha):
    """Over, into the background, for each channel."""
    for channel in range(3):
        view = background[..., channel]
        view[...] = (foreground[..., channel] * alpha + view * (1 - alpha)).astype(np.uint8)


def rotate_quarter(image):
    """In place, ring by ring, with a swap of four."""
    n = image.shape[0]
    for ring in range(n // 2):
        last = n - 1 - ring
        for k in range(last - ring):
            (
                image[ring, ring + k],
                image[ring + k, last],
                image[last, last - k],
                image[last - k, ring],
            ) = (
                image[last - k, ring],
                image[ring, ring + k],
                image[ring + k, last],
                image[last, last - k],
            )
    return image


def mandelbrot(width, height, limit):
    counts = np.zeros((height, width), dtype=np.int32)
    for i in range(height):
        for j in range(width):
            c = complex(-2.0 + 3.0 * j / width, -1.2 + 2.4 * i / height)
            z = 0j
            for k in range(limit):
                if abs(z) > 2:
                    break
                z = z * z + c
                counts[i, j] = k
    return counts


def mandelbrot_reals(x0, x1, y0, y1, width, height, limit):
    counts = np.empty((height, width), dtype=np.uint16)
    dx = (x1 - x0) / width
    dy = (y1 - y0) / height
    for row in range(height):
        cy = y0 + row * dy
        for column in range(width):
            cx = x0 + column * dx
            x = y = 0.0
            n = 0
            while n < limit and x * x + y * y <= 4.0:
                x, y = x * x - y * y + cx, 2 * x * y + cy
                n += 1
            counts[row, column] = n
    return counts


def mandelbrot_arrays(c, limit):
    """On the whole grid, with masks; points that have left are no longer moved."""
    z = np.zeros_like(c)
    counts = np.zeros(c.shape, dtype=np.int64)
    for k in range(limit):
        inside = np.abs(z) < 2.0
        counts[inside] = k
        z[inside] = z[inside] ** 2 + c[inside]
    counts[counts == limit - 1] = 0
    return z, counts


def julia(grid, c, limit):
    counts = np.zeros(grid.shape, np.uint8)
    for index in range(grid.size):
        z = grid.flat[index]
        n = 0
        while n < limit and (z * z.conjugate()).real < 4:
            z = z * z + c
            n += 1
        counts.flat[index] = n
    return counts


def distance_transform(mask):
    """City-block distance to the nearest point of the mask: one pass down, one up."""
    rows, columns = mask.shape
    far = rows + columns
    d = np.where(mask, 0, far)
    for i in range(rows):
        for j in range(columns):
            if i > 0:
                d[i, j] = min(d[i, j], d[i - 1, j] + 1)
            if j > 0:
                d[i, j] = min(d[i, j], d[i, j - 1] + 1)
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            if i < rows - 1:
                d[i, j] = min(d[i, j], d[i + 1, j] + 1)
            if j < columns - 1:
                d[i, j] = min(d[i, j], d[i, j + 1] + 1)
    return d


def picture(rng, *shape):
    return rng.integers(0, 256, shape, np.uint8)


def plane(n):
    x, y = np.linspace(-2, 0.6, n), np.linspace(-1.2, 1.2, n)
    return x + 1j * y[:, None]


PROGRAMS = [
    program(convolve_2d, lambda rng, n: (rng.random((n, n + 1)), rng.standard_normal((3, 5))), 5, 9, 24),
    program(convolve_by_shifts, lambda rng, n: (rng.random((n, n + 1)), rng.standard_normal((3, 5))), 5, 9, 100),
    program(sharpen, lambda rng, n: (rng.random((n, n + 1)),), 1, 3, 9, 20),
    program(sobel, lambda rng, n: (rng.random((n, n + 1)), 1.0), 3, 9, 100),
    program(median_filter, lambda rng, n: (picture(rng, n, n + 1),), 1, 3, 9, 20),
    program(histogram, lambda rng, n: (picture(rng, n, n + 1), 16), 0, 1, 9, 60),
    program(equalize, lambda rng, n: (picture(rng, n, n + 1),), 1, 9, 60),
    program(otsu, lambda rng, n: (rng.integers(0, 50, n),), 1, 2, 9, 256),
    program(box_blur, lambda rng, n: (rng.random((n, n + 1)), 2), 1, 2, 9, 20),
    program(integral_image, lambda rng, n: (picture(rng, n, n + 1),), 0, 1, 9, 40),
    program(erode, lambda rng, n: (rng.random((n, n + 1)) < 0.95, 3), 1, 3, 9, 100),
    program(label, lambda rng, n: (rng.random((n, n + 1)) < 0.6,), 0, 1, 9, 24),
    program(dither, lambda rng, n: (picture(rng, n, n + 1),), 0, 1, 9, 40),
    program(bilinear, lambda rng, n: (rng.random((n, n + 1)), 2 * n, n), 1, 2, 9, 24),
    program(composite, lambda rng, n: (picture(rng, n, n, 3), picture(rng, n, n, 3), rng.random((n, n))), 0, 1, 9, 60),
    program(rotate_quarter, lambda rng, n: (picture(rng, n, n),), 0, 1, 2, 9, 30),
    program(mandelbrot, lambda rng, n: (n, n, 20), 0, 1, 9, 24),
    program(mandelbrot_reals, lambda rng, n: (-2.0, 0.6, -1.2, 1.2, n, n + 1, 30), 0, 1, 9, 24),
    program(mandelbrot_arrays, lambda rng, n: (plane(n), 20), 1, 9, 60),
    program(julia, lambda rng, n: (plane(n), -0.4 + 0.6j, 30), 1, 9, 20),
    program(distance_transform, lambda rng, n: (rng.random((n, n + 1)) < 0.05,), 0, 1, 9, 30),
]
