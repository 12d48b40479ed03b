"""Programs as people write them give NumPy's bits, at every size, in both precisions, in any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import assert_matches_numpy, place
from tests.end_to_end.corpus import PROGRAMS, Program

SIZES = (1, 7, 100, 1009, 20_011)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_realistic_program_matches_numpy(program: Program, dtype: str) -> None:
    function = jit(program.function)
    for size in SIZES:
        assert_matches_numpy(function, *program.arguments(size, dtype), calls=1)
    assert_matches_numpy(function, *program.arguments(SIZES[-1], dtype), calls=1)


@pytest.mark.parametrize("layout", ["F", "strided", "reversed", "misaligned"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_realistic_program_matches_numpy_on_odd_memory(program: Program, layout: str) -> None:
    def placed(value: Any) -> Any:
        return place(value, layout) if isinstance(value, np.ndarray) else value

    assert_matches_numpy(jit(program.function), *map(placed, program.arguments(300)))
