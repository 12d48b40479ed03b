"""Ways to write statements that the other themes have little of: what is not an algorithm but a manner."""

from __future__ import annotations

import math

import numpy as np

from tests.end_to_end.programs.program import program

DEFAULT_LIMIT = 3.0
PRIMES = (2, 3, 5, 7, 11)


def first_above(x, limit=DEFAULT_LIMIT):
    for i, value in enumerate(x):
        if value > limit:
            return i
    return None


def index_or_error(x, wanted):
    for i in range(len(x)):
        if x[i] == wanted:
            break
    else:
        raise ValueError(f"{wanted} is not there")
    return i


def checked_mean(x):
    assert x.ndim == 1, "one axis is expected"
    if not len(x):
        raise ValueError("the mean of nothing")
    total = 0.0
    for value in x:
        if math.isnan(value):
            raise ValueError("not a number")
        total += value
    return total / len(x)


def clip_in_place(x, low, high):
    for i in range(len(x)):
        if not low <= x[i] <= high:
            x[i] = low if x[i] < low else high


def grade(score):
    if score >= 0.9:
        return 1
    elif score >= 0.7:  # noqa: RET505 # an `elif` after a return is the point
        return 2
    elif score >= 0.5:
        return 3
    else:
        return 4


def grades(scores):
    counts = np.zeros(5, dtype=np.int64)
    for score in scores:
        counts[grade(score)] += 1
    return counts


def grade_with_match(numbers):
    total = 0
    for number in numbers:
        match int(number) % 4:
            case 0:
                total += 1
            case 1 | 2:
                total -= number
            case _:
                total *= 2
    return total


def nested_breaks(matrix, wanted):
    """Leaves both loops by a flag."""
    found = False
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            if matrix[i, j] == wanted:
                found = True
                break
        if found:
            break
    return (i, j) if found else (-1, -1)


def saddle_points(matrix):
    count = 0
    for i, row in enumerate(matrix):
        j = row.argmin()
        for k in range(matrix.shape[0]):
            if matrix[k, j] > matrix[i, j]:
                break
        else:
            count += 1
    return count


def countdown(n):
    out = np.empty(n, dtype=np.int64)
    k = 0
    while (n := n - 1) >= 0:
        out[k] = n * n
        k += 1
    return out


def reversed_pairs(a, b):
    total = 0.0
    for x, y in zip(reversed(a), b[::-1]):
        total = total * 0.5 + x * y
    return total


def palindrome(a):
    i, j = 0, -1
    while i < len(a) // 2:
        if a[i] != a[j]:
            return False
        i += 1
        j -= 1
    return True


def reverse_in_place(a):
    n = len(a)
    for i in range(n // 2):
        a[i], a[-1 - i] = a[-1 - i], a[i]
    return a


def rotate(a, k):
    """By three reversals of views."""
    k %= max(len(a), 1)
    for part in (a[:k], a[k:], a):
        part[:] = part[::-1].copy()
    return a


def views_of_views(a):
    middle = a[1:-1]
    every_other = middle[::2]
    back = every_other[::-1]
    back += 1
    back[:1] *= 10
    middle[-1] = 0
    return back


def column_views(a):
    for column in a.T:
        column -= column.min()
        if column.max() > 0:
            column /= column.max()
    return a


def swap_rows(a, i, j):
    a[[i, j]] = a[[j, i]]
    row = a[i].copy()
    a[i] = a[j]
    a[j] = row
    return a


def spiral(n):
    """Numbers from the outside in."""
    out = np.zeros((n, n), dtype=np.int64)
    top, left, bottom, right = 0, 0, n - 1, n - 1
    number = 1
    while top <= bottom and left <= right:
        for j in range(left, right + 1):
            out[top, j] = number
            number += 1
        top += 1
        for i in range(top, bottom + 1):
            out[i, right] = number
            number += 1
        right -= 1
        if top <= bottom:
            for j in range(right, left - 1, -1):
                out[bottom, j] = number
                number += 1
            bottom -= 1
        if left <= right:
            for i in range(bottom, top - 1, -1):
                out[i, left] = number
                number += 1
            left += 1
    return out


def run_lengths(x):
    values = np.empty_like(x)
    lengths = np.zeros(len(x), dtype=np.int64)
    k = -1
    for i in range(len(x)):
        if i == 0 or x[i] != x[i - 1]:
            k += 1
            values[k] = x[i]
        lengths[k] += 1
    return values[: k + 1], lengths[: k + 1]


def unique_sorted(x):
    if x.size == 0:
        return x
    kept = 0
    for i in range(1, x.size):
        if x[i] != x[kept]:
            kept += 1
            x[kept] = x[i]
    return x[: kept + 1]


def balanced(codes):
    """Brackets as +1 and -1."""
    depth = deepest = 0
    for code in codes:
        depth += code
        if depth < 0:
            return False, deepest
        deepest = max(deepest, depth)
    return depth == 0, deepest


def state_machine(symbols):
    """Counts words: runs of nonzero symbols."""
    inside = False
    words = longest = length = 0
    for symbol in symbols:
        if symbol and not inside:
            inside = True
            words += 1
            length = 1
        elif symbol:
            length += 1
        else:
            inside = False
            longest = max(longest, length)
            length = 0
    return words, max(longest, length)


def extremes(x):
    low = high = x[0]
    where_low = where_high = 0
    for i in range(1, len(x)):
        if x[i] < low:
            low, where_low = x[i], i
        elif x[i] > high:
            high, where_high = x[i], i
    return (low, where_low), (high, where_high)


def any_and_all(x, y):
    """Loops with a meaning of their own for nothing at all."""
    some, every = False, True
    for a, b in zip(x, y):
        some = some or a > b
        every = every and a > b
        if some and not every:
            break
    return some, every


def piecewise(x):
    out = np.empty_like(x)
    for i, v in enumerate(x):
        out[i] = 0 if v < -1 else (v + 1) ** 2 if v < 0 else 1 if v < 1 else math.exp(1 - v)
    return out


def masked_cleanup(x, low, high):
    x[np.isnan(x)] = 0
    x[(x < low) | (x > high)] = -1
    x[x > 0] *= 2
    negative = x < 0
    count = negative.sum()
    return x, count, ~negative


def divisible(n):
    """A constant tuple, read in a loop."""
    counts = np.zeros(len(PRIMES), dtype=np.int64)
    rest = 0
    for number in range(1, n + 1):
        hit = False
        for k, p in enumerate(PRIMES):
            if number % p == 0:
                counts[k] += 1
                hit = True
        rest += not hit
    return counts, rest


def accumulate_types(n):
    """An int that becomes a float, in a loop."""
    x = 1
    for i in range(n):
        x = x * 2 if i % 2 else x / 3
    return x


def maybe_defined(x):
    for value in x:
        if value > 0.9:
            last = value
    return last


def floor_and_mod(a, b):
    quotients = np.zeros(len(a), dtype=np.int64)
    rests = np.zeros(len(a), dtype=np.int64)
    for i in range(len(a)):
        if b[i] == 0:
            continue
        quotients[i] = a[i] // b[i]
        rests[i] = a[i] % b[i]
    return quotients, rests


def index_too_far(x, shift):
    out = np.zeros_like(x)
    for i in range(len(x)):
        x[i] += 1
        out[i] = x[i + shift]
    return out


def clock(seconds):
    """One number into four, for all of them."""
    out = np.zeros((len(seconds), 4), dtype=np.int32)
    for i, s in enumerate(seconds):
        minutes, second = divmod(int(s), 60)
        hours, minute = divmod(minutes, 60)
        day, hour = divmod(hours, 24)
        out[i] = day, hour, minute, second
    return out


def early_out(a, b):
    if a.shape != b.shape:
        return False
    if a is b:
        return True
    for x, y in zip(a.ravel(), b.ravel()):  # noqa: SIM110 # a loop is the point
        if abs(x - y) > 1e-8 + 1e-5 * abs(y):
            return False
    return True


def table_of_strategies(x, kind):
    if kind == "mean":
        return x.mean()
    if kind == "middle":
        return x[len(x) // 2]
    if kind in ("low", "high"):
        return x.min() if kind == "low" else x.max()
    raise KeyError(kind)


def two_pointers(a, wanted):
    """Two entries of a sorted array with a given sum."""
    i, j = 0, len(a) - 1
    while i < j:
        total = a[i] + a[j]
        if total == wanted:
            return i, j
        if total < wanted:
            i += 1
        else:
            j -= 1
    return -1, -1


def rain(heights):
    """Water between the bars, with the highest so far from both sides."""
    n = len(heights)
    left = np.zeros_like(heights)
    right = np.zeros_like(heights)
    highest = 0
    for i in range(n):
        left[i] = highest = max(highest, heights[i])
    highest = 0
    for i in range(n - 1, -1, -1):
        highest = max(highest, heights[i])
        right[i] = highest
    return np.sum(np.minimum(left, right) - heights)


def blocks(x, size):
    """The means of blocks, the last of which may be short."""
    out = np.zeros(-(-len(x) // size))
    for k, start in enumerate(range(0, len(x), size)):
        block = x[start : start + size]
        out[k] = block.mean()
        block[...] = out[k]
    return out


def optional(x, weights=None, *, squared=False):
    if weights is None:
        weights = np.ones(len(x))
    total = 0.0
    for value, w in zip(x, weights):
        total += w * (value * value if squared else value)
    return total


def integers(rng, n, low=0, high=20):
    return rng.integers(low, high, n)


def with_gaps(rng, n):
    x = rng.standard_normal(n)
    x[::7] = np.nan
    return x


PROGRAMS = [
    program(first_above, lambda rng, n: (rng.standard_normal(n),), 0, 1, 9, 500),
    program(index_or_error, lambda rng, n: (integers(rng, n), 7), 0, 1, 9, 100),
    program(checked_mean, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(clip_in_place, lambda rng, n: (rng.standard_normal(n), -0.5, 0.5), 0, 1, 9, 500),
    program(grades, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(grade_with_match, lambda rng, n: (integers(rng, min(n, 60)),), 0, 1, 9, 60),
    program(nested_breaks, lambda rng, n: (rng.integers(0, 90, (n, n + 1)), 5), 1, 2, 9, 30),
    program(saddle_points, lambda rng, n: (rng.integers(0, 9, (n, n + 1)),), 0, 1, 2, 9, 30),
    program(countdown, lambda rng, n: (n,), 0, 1, 9, 500),
    program(reversed_pairs, lambda rng, n: (rng.random(n), rng.random(n)), 0, 1, 9, 500),
    program(palindrome, lambda rng, n: (np.abs(np.arange(n) - (n - 1) / 2),), 0, 1, 2, 9, 500),
    program(reverse_in_place, lambda rng, n: (rng.random(n),), 0, 1, 2, 9, 500),
    program(rotate, lambda rng, n: (np.arange(n), 3), 0, 1, 2, 9, 500),
    program(views_of_views, lambda rng, n: (rng.random(n),), 3, 4, 9, 500),
    program(column_views, lambda rng, n: (rng.random((n + 1, n)),), 1, 2, 9, 40),
    program(swap_rows, lambda rng, n: (rng.random((n, 3)), 0, n - 1), 1, 2, 9, 40),
    program(spiral, lambda rng, n: (n,), 0, 1, 2, 9, 30),
    program(run_lengths, lambda rng, n: (integers(rng, n, 0, 3),), 0, 1, 9, 500),
    program(unique_sorted, lambda rng, n: (np.sort(integers(rng, n)),), 0, 1, 9, 500),
    program(balanced, lambda rng, n: (np.where(np.arange(n) < n / 2, 1, -1),), 0, 1, 2, 9, 500),
    program(state_machine, lambda rng, n: (integers(rng, n, 0, 4),), 0, 1, 9, 500),
    program(extremes, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(any_and_all, lambda rng, n: (rng.random(n), rng.random(n)), 0, 1, 9, 500),
    program(piecewise, lambda rng, n: (3 * rng.standard_normal(n),), 0, 1, 9, 500),
    program(masked_cleanup, lambda rng, n: (with_gaps(rng, n), -1.5, 1.0), 0, 1, 9, 2000),
    program(divisible, lambda rng, n: (n,), 0, 1, 9, 500),
    program(accumulate_types, lambda rng, n: (n,), 0, 1, 2, 9, 40),
    program(maybe_defined, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(floor_and_mod, lambda rng, n: (integers(rng, n, -50, 50), integers(rng, n, -5, 5)), 0, 1, 9, 500),
    program(index_too_far, lambda rng, n: (rng.random(n), n % 2), 0, 1, 8, 9, 100),
    program(clock, lambda rng, n: (integers(rng, n, 0, 10**6),), 0, 1, 9, 200),
    program(early_out, lambda rng, n: (np.ones((n, n)), np.ones((n, n)) + 1e-9), 0, 1, 9, 30),
    program(table_of_strategies, lambda rng, n: (rng.random(n), ("low", "middle", "mean", "other")[n % 4]), 1, 2, 3, 8),
    program(two_pointers, lambda rng, n: (np.sort(integers(rng, n, 0, 500)), 300), 0, 1, 9, 200),
    program(rain, lambda rng, n: (integers(rng, n),), 0, 1, 9, 500),
    program(blocks, lambda rng, n: (rng.random(n), 4), 0, 1, 9, 500),
    program(optional, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
]
