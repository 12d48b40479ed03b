"""No program is costed worse than as it was written, with no flags and with all; under flags results stay close."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from tests.end_to_end import corpus, programs

REFUSED = {"first_above", "table_of_strategies", "xorshift_numbers"}
"""Programs that are not compiled, with or without flags (tests/end_to_end/test_programs.py)."""
STRIDE = 6
"""Of the programs with loops one in so many is taken."""


def smallest(one: programs.Program) -> tuple[Any, ...]:
    """Arguments of the smallest size at which the program returns."""
    for size in one.sizes:
        try:
            one.function(*one.arguments(size))
        except (ValueError, ZeroDivisionError):
            continue
        return one.arguments(size)
    raise AssertionError(f"{one.name} raises at every size")


CASES = {
    **{one.name: (one.function, lambda one=one: one.arguments(100)) for one in corpus.PROGRAMS},
    **{
        one.name: (one.function, lambda one=one: smallest(one))
        for one in [one for one in programs.PROGRAMS if one.name not in REFUSED][::STRIDE]
    },
}


def leaves(value: Any) -> Iterator[np.ndarray]:
    """The arrays and numbers of a result, left to right."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield np.asarray(value)


def tolerance(dtype: np.dtype) -> float:
    """Relative to the largest number of an array: what a few hundred roundings in another order come to."""
    return 500 * float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def assert_close(found: Any, wanted: Any) -> None:
    ours, theirs = list(leaves(found)), list(leaves(wanted))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        if other.dtype.kind not in "fc":
            assert np.array_equal(one, other)
            continue
        finite = np.abs(other[np.isfinite(other)])
        largest = float(finite.max()) if finite.size else 0.0
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance(other.dtype) * largest)


@pytest.mark.parametrize("flags", [False, True], ids=["exact", "flags"])
@pytest.mark.parametrize("name", CASES)
def test_no_program_is_costed_worse_than_as_written(name: str, flags: bool) -> None:
    function, arguments = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = arguments(), arguments()
    compiled = jit(fastmath=flags)(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about what happens to be zero
        found, wanted = copy.deepcopy(compiled(*ours)), function(*theirs)
    (made,) = compiled._specializations
    for report in made.reports:
        assert report.cost_after <= report.cost_before, report.after
    assert_close(found, wanted)
    assert_close(ours, theirs)


def test_most_programs_have_something_to_compare() -> None:
    """A program without array work has no report."""
    counted = 0
    for name in ("black_scholes", "softmax", "layer_norm", "stencil"):
        function, arguments = CASES[name]
        compiled = jit(fastmath=True)(function)
        compiled(*arguments())
        (made,) = compiled._specializations
        counted += sum(report.cost_after < report.cost_before for report in made.reports)
    assert counted >= 4
