"""Values to test on: specials of each dtype, every pair of them, and random ones."""

from __future__ import annotations

import itertools

import numpy as np

SUPPORTED = "?bBhHiIlLefdFD"


def specials(dtype: np.dtype) -> np.ndarray:
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        return np.array(
            [low, low + 1, high, high - 1, 0, 1, 2, 3, 7, 8, 9, 31, 63, 64, 65, high // 2], np.object_
        ).astype(dtype)
    if dtype.kind == "c":
        parts = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 3e-5]
        return np.array([complex(x, y) for x in parts for y in parts], dtype)
    info = np.finfo(dtype)
    tiny, big = info.smallest_subnormal, info.max
    wide = [2.0**31, 2.0**31 - 1, -(2.0**31), 2.0**32, 2.0**63, -(2.0**63), 2.0**64, 2.0**62, 300.7, -129.5, 65535.9]
    some = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 0.1, 100.0, 7.3, np.inf, np.nan, tiny, info.smallest_normal, big]
    signed = [s * x for x in some for s in (1.0, -1.0)]
    with np.errstate(all="ignore"):
        return np.array(signed + wide, np.float64).astype(dtype)


def operands(dtypes: list[np.dtype], seed: int = 0, small: bool = False) -> list[np.ndarray]:
    """All pairs of specials (triples are sampled), then random values; one array for each dtype, an odd length."""
    random = np.random.default_rng(seed)
    pools = [specials(d) for d in dtypes]
    if small and len(pools) > 1:
        pools = [pools[0], *(p[np.abs(p) < 100] for p in pools[1:])]
    if len(pools) <= 2:
        rows = list(itertools.product(*pools))[:2500]
    else:
        rows = [tuple(random.choice(p) for p in pools) for _ in range(800)]
    found = [np.array([row[k] for row in rows], d) for k, d in enumerate(dtypes)]
    extra = [random_values(d, 301, random) for d in dtypes]
    return [np.concatenate([a, b])[: (len(a) + len(b)) // 2 * 2 - 1] for a, b in zip(found, extra, strict=True)]


def random_values(dtype: np.dtype, count: int, random: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, count).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return random.integers(info.min, info.max, count, dtype, endpoint=True)
    if dtype.kind == "c":
        half = f"f{dtype.itemsize // 2}"
        return (random_values(half, count, random) + 1j * random_values(half, count, random)).astype(dtype)
    return (random.standard_normal(count) * 10.0 ** random.integers(-3, 4, count)).astype(dtype)


def assert_same(got: np.ndarray, want: np.ndarray, *, zero_signs: bool = True, label: object = "") -> None:
    """Equal bytes, except that any NaN equals any NaN."""
    assert got.dtype == want.dtype, (label, got.dtype, want.dtype)
    assert got.shape == want.shape, (label, got.shape, want.shape)
    got, want = np.ascontiguousarray(got), np.ascontiguousarray(want)
    if got.dtype.kind == "c":
        half = f"f{got.dtype.itemsize // 2}"
        got, want = got.view(half), want.view(half)
    if got.dtype.kind == "f":
        nans = np.isnan(want)
        same = np.where(nans, np.isnan(got), (got == want) & ((np.signbit(got) == np.signbit(want)) | (not zero_signs)))
    else:
        same = got == want
    if not same.all():
        bad = np.flatnonzero(~same.ravel())[:5]
        raise AssertionError(f"{label}: at {bad}: got {got.ravel()[bad]}, want {want.ravel()[bad]}")
