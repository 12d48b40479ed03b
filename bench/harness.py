"""Measuring: candidates interleaved in one process, on one core, in CPU time; medians and ratios.

CPU time, since wall-clock time on a shared machine moves by a factor of two; interleaved, since frequencies and
caches drift; ratios taken round by round, so that drift cancels. Called by `bench.run` and by the demo.
"""

from __future__ import annotations

import gc
import os
import platform
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time_ns

import numpy as np

SAMPLE_NANOSECONDS = 2_000_000
"""A sample repeats its candidate until it takes at least this long: the clock and the loop then cost nothing."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one candidate: the median of all samples, in nanoseconds a call, and the median ratio to the baseline's."""

    nanoseconds: float
    ratio: float


def pin_to_one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(candidates: Mapping[str, Callable[[], object]], seconds: float = 1.0) -> dict[str, Timing]:
    """Time all candidates in turn for about so many seconds together; the first is the baseline of the ratios.

    A ratio above one means faster than the baseline. Results are dropped at once, as a loop of a user's would.
    """
    repeats = {name: _repeats(call) for name, call in candidates.items()}
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    shuffle = random.Random(0)  # each candidate follows every other one as often
    enabled = gc.isenabled()
    gc.disable()
    try:
        end = process_time_ns() + int(seconds * 1e9)
        while process_time_ns() < end or len(next(iter(samples.values()))) < 5:
            order = list(candidates)
            shuffle.shuffle(order)
            for name in order:
                candidates[name]()  # fills caches and the allocator with what is its own
                samples[name].append(_sample(candidates[name], repeats[name]))
    finally:
        if enabled:
            gc.enable()
    baseline = samples[next(iter(candidates))]
    return {
        name: Timing(
            statistics.median(taken),
            statistics.median(base / mine for base, mine in zip(baseline, taken, strict=True)),
        )
        for name, taken in samples.items()
    }


def _repeats(call: Callable[[], object]) -> int:
    call()
    count = 1
    while (spent := _sample(call, count) * count) < SAMPLE_NANOSECONDS:
        count = max(count * 2, int(count * SAMPLE_NANOSECONDS / max(spent, 1.0)))
    return count


def _sample(call: Callable[[], object], count: int) -> float:
    start = process_time_ns()
    for _ in range(count):
        call()
    return max(process_time_ns() - start, 1) / count


def machine() -> str:
    """One line that says what was measured on."""
    cpu, flags = platform.processor() or platform.machine(), ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        named = {key.strip(): value.strip() for key, value in fields.items()}
        cpu = named.get("model name", cpu)
        flags = " (AVX-512)" if "avx512f" in named.get("flags", "") else ""
    packages = [f"{name} {found}" for name in ("numpy", "llvmlite", "numba", "numexpr") if (found := _version(name))]
    return f"{cpu}{flags}, one core, {platform.system()}; Python {platform.python_version()}, {', '.join(packages)}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def readable(nanoseconds: float) -> str:
    """With three digits and a fitting unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def same_bits(one: object, other: object) -> bool:
    """Equal type, dtype, shape and bits, NaNs being equal to one another."""
    from eqsat.testing import assert_identical

    try:
        assert_identical(one, other)
    except AssertionError:
        return False
    return True


def largest_error(one: object, other: object) -> float:
    """The largest relative difference of two results with numbers in them."""
    pairs = zip(one, other, strict=True) if isinstance(one, tuple) and isinstance(other, tuple) else [(one, other)]
    worst = 0.0
    for mine, theirs in pairs:
        a, b = np.asarray(mine, np.float64), np.asarray(theirs, np.float64)
        scale = np.maximum(np.abs(b), np.finfo(np.float64).tiny)
        worst = max(worst, float(np.max(np.abs(a - b) / scale, initial=0.0)))
    return worst
