"""Random whole functions: the planned routine does what the body means, which NumPy computes node after node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.arguments import memory_of, sizes_of, strides_of, type_of
from eqsat.frontend.translate import translate
from eqsat.ir.verifier import verify
from eqsat.schedule.planner import plan
from eqsat.testing.functions import random_function
from numpy_impl.library import LIBRARY
from tests.egraph.executing import same
from tests.reference import CheckFailed
from tests.schedule.interpreting import copied, meaning, perform, programs

SEEDS = range(96)
AT_A_TIME = 8


def flat(value: Any) -> list:
    return [one for item in value for one in flat(item)] if isinstance(value, tuple) else [value]


def planned(seed: int) -> int:
    """Compare every call of a random function for which there is a body; how many there were."""
    made = random_function(seed)
    function = made.function()
    count = 0
    for given in made.calls():
        missing = function.__code__.co_argcount - len(given)
        arguments = (*given, *(function.__defaults__ or ())[-missing:]) if missing else tuple(given)
        types = tuple(type_of(argument, index) for index, argument in enumerate(arguments))
        readonly = frozenset(k for k, a in enumerate(arguments) if isinstance(a, np.ndarray) and not a.flags.writeable)
        sizes, memory = sizes_of(arguments), memory_of(arguments)
        try:
            region = translate(function, types, sizes, LIBRARY, readonly, strides=strides_of(arguments), memory=memory)
        except (UnsupportedError, PythonRaises):
            continue
        if region.body is None:
            continue
        captured = [param.captured for param in region.params[len(arguments) :]]
        sizes = sizes | sizes_of(captured, len(arguments)) | dict(region.estimates)
        try:
            routine = plan(region, sizes).routine
        except UnsupportedError:
            continue
        for program in programs(routine.steps):
            verify(program.region)
        theirs, ours = (copied([*arguments, *captured]) for _ in range(2))
        try:
            expected = meaning(region, theirs)
        except CheckFailed:
            with pytest.raises(CheckFailed):
                perform(routine, ours)
            continue
        pairs = [*zip(flat(perform(routine, ours)), flat(expected), strict=True), *zip(ours, theirs, strict=True)]
        for found, wanted in pairs:
            assert found is wanted or same(found, wanted), (found, wanted)
        count += 1
    return count


@pytest.mark.parametrize("first", SEEDS[::AT_A_TIME])
def test_random_functions_are_planned_as_they_mean(first: int) -> None:
    assert sum(planned(seed) for seed in range(first, first + AT_A_TIME)) > 0
