"""Searching and sorting, mostly in place."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program


def bubble_sort(a):
    n = len(a)
    for i in range(n - 1):
        swapped = False
        for j in range(n - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
                swapped = True
        if not swapped:
            break


def insertion_sort(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a


def shell_sort(a):
    gap = len(a) // 2
    while gap > 0:
        for i in range(gap, a.size):
            value = a[i]
            j = i
            while j >= gap and value < a[j - gap]:
                a[j] = a[j - gap]
                j -= gap
            a[j] = value
        gap //= 2


def heap_sort(a):
    def sift(root, end):
        while (child := 2 * root + 1) < end:
            if child + 1 < end and a[child] < a[child + 1]:
                child += 1
            if a[root] >= a[child]:
                return
            a[root], a[child] = a[child], a[root]
            root = child

    n = len(a)
    for start in range(n // 2 - 1, -1, -1):
        sift(start, n)
    for end in range(n - 1, 0, -1):
        a[0], a[end] = a[end], a[0]
        sift(0, end)


def merge_sort(a):
    """Bottom up, between two buffers."""
    n = len(a)
    source, target = a.copy(), np.empty_like(a)
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for k in range(low, high):
                if i < middle and (j >= high or source[i] <= source[j]):
                    target[k] = source[i]
                    i += 1
                else:
                    target[k] = source[j]
                    j += 1
        source, target = target, source
        width *= 2
    return source


def counting_sort(keys, most):
    counts = np.zeros(most + 1, dtype=np.int64)
    for key in keys:
        counts[key] += 1
    out = np.empty_like(keys)
    position = 0
    for value, count in enumerate(counts):
        out[position : position + count] = value
        position += count
    return out


def quick_select(a, k):
    """The k-th smallest, by Hoare's partition; reorders."""
    low, high = 0, len(a) - 1
    while low < high:
        pivot = a[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return a[k]


def binary_search(a, wanted):
    low, high = 0, len(a) - 1
    while low <= high:
        middle = (low + high) // 2
        if a[middle] == wanted:
            return middle
        if a[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def insertion_points(a, wanted):
    """As np.searchsorted, from the left."""
    out = np.empty(wanted.size, dtype=np.int64)
    for k, value in enumerate(wanted):
        low, high = 0, a.size
        while low < high:
            middle = (low + high) >> 1
            if a[middle] < value:
                low = middle + 1
            else:
                high = middle
        out[k] = low
    return out


def next_permutation(a):
    i = len(a) - 2
    while i >= 0 and a[i] >= a[i + 1]:
        i -= 1
    if i < 0:
        return False
    j = len(a) - 1
    while a[j] <= a[i]:
        j -= 1
    a[i], a[j] = a[j], a[i]
    a[i + 1 :] = a[i + 1 :][::-1].copy()
    return True


PROGRAMS = [
    program(bubble_sort, lambda rng, n: (rng.random(n),), 0, 1, 9, 70),
    program(insertion_sort, lambda rng, n: (rng.random(n),), 0, 1, 9, 100),
    program(shell_sort, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(heap_sort, lambda rng, n: (rng.random(n),), 0, 1, 9, 200),
    program(merge_sort, lambda rng, n: (rng.random(n),), 0, 1, 9, 500),
    program(counting_sort, lambda rng, n: (rng.integers(0, 40, n), 40), 0, 1, 9, 1000),
    program(quick_select, lambda rng, n: (rng.random(n), n // 3), 1, 2, 9, 1000),
    program(binary_search, lambda rng, n: (np.arange(0, 3 * n, 3), 2 * n), 0, 1, 9, 12, 10_000),
    program(insertion_points, lambda rng, n: (np.sort(rng.random(n)), rng.random(n + 3)), 0, 1, 9, 500),
    program(next_permutation, lambda rng, n: (rng.permutation(n),), 0, 1, 2, 9, 200),
]
