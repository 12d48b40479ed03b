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
from typing import Any

import numpy as np

SAMPLE_NANOSECONDS = 2_000_000
"""A sample repeats its candidate until it takes at least this long: the clock and the loop then cost nothing."""

SLOW_NANOSECONDS = 150_000_000
"""A candidate that takes longer, a loop in plain Python for one, is timed once and takes no part in the rounds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one candidate: the median of all samples, in nanoseconds a call, and the median ratio to the baseline's."""

    nanoseconds: float
    ratio: float
    samples: tuple[float, ...] = ()

    def over(self, other: Timing) -> float:
        """How many times faster than `other`: the median over the rounds, where both took part in them."""
        if len(self.samples) != len(other.samples):
            return other.nanoseconds / self.nanoseconds
        return statistics.median(theirs / mine for mine, theirs in zip(self.samples, other.samples, strict=True))


def pin_to_one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(
    candidates: Mapping[str, Callable[[], object]],
    seconds: float = 1.0,
    restore: Mapping[str, Callable[[], object]] | None = None,
    rounds: int = 5,
) -> dict[str, Timing]:
    """Time all candidates in turn for about so many seconds together; the first is the baseline of the ratios.

    A ratio above one means faster than the baseline. Results are dropped at once, as a loop of a user's would.
    `restore[name]` is run before each call of a candidate that writes into its arguments, outside of the time taken.
    """
    again = restore or {}
    first = {name: _first(call, again.get(name)) for name, call in candidates.items()}
    samples = {name: [taken] for name, taken in first.items() if taken > SLOW_NANOSECONDS}
    in_turn = [name for name in candidates if name not in samples]
    repeats = {name: _repeats(candidates[name], again.get(name)) for name in in_turn}
    samples |= {name: [] for name in in_turn}
    shuffle = random.Random(0)  # each candidate follows every other one as often
    enabled = gc.isenabled()
    gc.disable()
    try:
        end = process_time_ns() + int(seconds * 1e9)
        done = 0
        while in_turn and (process_time_ns() < end or done < rounds):
            shuffle.shuffle(in_turn)
            for name in in_turn:
                _sample(candidates[name], 1, again.get(name))  # fills caches and the allocator with what is its own
                samples[name].append(_sample(candidates[name], repeats[name], again.get(name)))
            done += 1
    finally:
        if enabled:
            gc.enable()
    timings = {name: Timing(statistics.median(taken), 1.0, tuple(taken)) for name, taken in samples.items()}
    baseline = timings[next(iter(candidates))]
    return {
        name: Timing(timings[name].nanoseconds, timings[name].over(baseline), timings[name].samples)
        for name in candidates
    }


def _first(call: Callable[[], object], restore: Callable[[], object] | None) -> float:
    taken = _sample(call, 1, restore)
    return taken if taken > SLOW_NANOSECONDS else _sample(call, 1, restore)


def _repeats(call: Callable[[], object], restore: Callable[[], object] | None) -> int:
    count = 1
    while (spent := _sample(call, count, restore) * count) < SAMPLE_NANOSECONDS:
        count = max(count * 2, int(count * SAMPLE_NANOSECONDS / max(spent, 1.0)))
    return count


def _sample(call: Callable[[], object], count: int, restore: Callable[[], object] | None) -> float:
    if restore is None:
        start = process_time_ns()
        for _ in range(count):
            call()
        return max(process_time_ns() - start, 1) / count
    spent = 0
    for _ in range(count):
        restore()
        start = process_time_ns()
        call()
        spent += process_time_ns() - start
    return max(spent, 1) / count


def machine() -> str:
    """One line that says what was measured on."""
    cpu, flags = platform.processor() or platform.machine(), ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        named = {key.strip(): value.strip() for key, value in fields.items()}
        cpu = named.get("model name", cpu)
        flags = " (AVX-512)" if "avx512f" in named.get("flags", "") else ""
    names = ("numpy", "llvmlite", "numba", "numexpr", "jax")
    packages = [f"{name} {found}" for name in names if (found := _version(name))]
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
    return _largest(one, other, lambda size: np.maximum(size, np.finfo(np.float64).tiny))


def largest_error_by_array(one: object, other: object) -> float:
    """The same with differences relative to the largest number of each array: blind to what cancellation leaves."""
    return _largest(one, other, lambda size: np.max(size, initial=np.finfo(np.float64).tiny))


def _largest(one: object, other: object, scale: Callable[[np.ndarray], Any]) -> float:
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return max((_largest(a, b, scale) for a, b in zip(one, other, strict=True)), default=0.0)
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape:
        return float("inf")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        error = np.where(same, 0.0, np.abs(a - b.astype(np.result_type(b, 0.0))) / scale(np.abs(b).astype(np.float64)))
    return float(np.max(np.nan_to_num(error, nan=np.inf), initial=0.0))
