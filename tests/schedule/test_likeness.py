"""Segments that say the same are optimized once, and those that differ anywhere are not taken for each other."""

from __future__ import annotations

import numpy as np

from tests.schedule.test_planned_bodies import check, programs
from tests.schedule.writing import Writing

rng = np.random.default_rng(11)


def planned_programs(*factors: float, lengths: tuple[int, int] = (20, 20)):
    """The programs of two statements `x *= factor`, each of its own array."""
    w = Writing(*(rng.normal(size=length) for length in lengths))
    for node, factor in zip(w.nodes, factors, strict=True):
        w.write(node, w.mul(w.at(node, slice(None)), factor))
    return programs(check(w, *w.nodes).routine.steps)


def scaled_twice(first: float, second: float):
    """The programs of `x *= first` and `x *= second`."""
    w = Writing(rng.normal(size=20))
    (x,) = w.nodes
    with w.loop(0, 3):
        w.write(x, w.mul(w.at(x, slice(None)), first))
    with w.loop(0, 2):
        w.write(x, w.mul(w.at(x, slice(None)), second))
    return programs(check(w, x).routine.steps)


def test_the_same_work_is_optimized_once() -> None:
    first, second = scaled_twice(2.5, 2.5)
    assert first is second


def test_another_constant_is_other_work() -> None:
    first, second = scaled_twice(2.5, 3.5)
    assert first is not second


def test_negative_zero_is_not_zero() -> None:
    first, second = scaled_twice(0.0, -0.0)
    assert first is not second


def test_other_sizes_or_names_are_other_work() -> None:
    first, second = planned_programs(2.5, 2.5, lengths=(20, 3000))
    assert first is not second
