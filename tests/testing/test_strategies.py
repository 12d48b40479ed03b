"""The strategies make what they promise, all of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from eqsat.testing import (
    LAYOUTS,
    RandomProgram,
    arrays,
    broadcastable_shapes,
    dtypes,
    overlapping,
    place,
    programs,
    python_scalars,
    scalars,
)
from eqsat.testing.random_programs import define
from eqsat.testing.strategies import specials

BASE = np.arange(1.0, 25.0).reshape(2, 3, 4)


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"broadcast"}))
@pytest.mark.parametrize("shape", [(), (1,), (24,), (4, 6), (2, 3, 4), (0,), (3, 0, 2)])
def test_a_layout_changes_memory_and_never_values(layout: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int), dtype="f8").reshape(shape)
    placed = place(array.copy(), layout)
    assert placed.shape == array.shape
    assert placed.dtype == array.dtype
    assert (placed == array).all()


PROPERTIES = {
    "C": lambda array: array.flags.c_contiguous,
    "F": lambda array: array.flags.f_contiguous,
    "transposed": lambda array: not array.flags.c_contiguous and not array.flags.f_contiguous,
    "strided": lambda array: min(array.strides) > array.itemsize,
    "reversed": lambda array: max(array.strides) < 0,
    "padded rows": lambda array: array.strides[-1] == array.itemsize and not array.flags.c_contiguous,
    "broadcast": lambda array: array.strides[0] == 0,
    "misaligned": lambda array: not array.flags.aligned,
    "record field": lambda array: not array.flags.aligned and array.strides[-1] == array.itemsize + 1,
    "read-only": lambda array: not array.flags.writeable,
    "mixed": lambda array: min(array.strides) < 0 < max(array.strides),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_what_it_says(layout: str) -> None:
    assert PROPERTIES[layout](place(BASE.copy(), layout))


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        (None, lambda array: array.ndim == 0),
        (None, lambda array: array.size == 0 and array.ndim > 1),
        ("f8", lambda array: np.isnan(array).any() and array.size > 3),
        ("f4", lambda array: (np.signbit(array) & (array == 0)).any()),
        ("i8", lambda array: (array == np.iinfo(np.int64).min).any()),
        (None, lambda array: not array.flags.aligned),
        (None, lambda array: array.ndim > 1 and 0 in array.strides and array.size > 1),
        (None, lambda array: array.size and min(array.strides, default=0) < 0),
        (None, lambda array: array.dtype == np.complex64),
    ],
)
def test_odd_arrays_are_found(dtype: str | None, wanted: Any) -> None:
    assert (
        find(arrays(dtype), wanted, settings=settings(max_examples=2000, derandomize=True, database=None)) is not None
    )


@given(broadcastable_shapes(3))
def test_shapes_broadcast_together(drawn: tuple[tuple[int, ...], ...]) -> None:
    np.broadcast_shapes(*drawn)


@given(overlapping("f8"))
def test_views_are_of_one_length(views: list[np.ndarray]) -> None:
    assert len({view.shape for view in views}) == 1


def test_some_views_overlap() -> None:
    found = find(overlapping("f8"), lambda views: np.shares_memory(*views) and views[0].strides != views[1].strides)
    assert found[0].base is not None


@given(dtypes().flatmap(lambda dtype: st.sampled_from(specials(dtype)).map(lambda value: (dtype, value))))
def test_specials_are_values_of_their_dtype(pair: tuple[np.dtype, object]) -> None:
    dtype, value = pair
    assert np.asarray(value, dtype).dtype == dtype


@given(python_scalars())
def test_python_scalars_are_pythons(value: object) -> None:
    assert type(value) in (bool, int, float, complex)


@given(scalars(finite=True))
def test_finite_scalars_are_finite(value: object) -> None:
    assert np.isfinite(value)


def test_long_arrays_have_no_period() -> None:
    long = find(arrays("f8", 10_007, "C"), lambda array: len(set(array.tolist())) > 3)
    assert not any((long[:5000] == long[shift : 5000 + shift]).all() for shift in range(1, 5000))


@given(programs(finite=True, kinds="f"))
@settings(max_examples=40)
def test_random_programs_run_as_written(program: RandomProgram) -> None:
    assert program.source.startswith("import numpy as np")
    with np.errstate(all="ignore"):
        try:
            program.function(*program.arguments)
        except (TypeError, ValueError) as error:
            assert str(error)


def test_a_defined_function_has_source() -> None:
    import inspect

    function = define("def double(x):\n    return x + x\n", "double")
    assert function(2) == 4
    assert inspect.getsource(function) == "def double(x):\n    return x + x\n"


@pytest.mark.parametrize("use", ["import eqsat.testing.strategies", "from eqsat.testing import arrays"])
def test_without_hypothesis_the_remedy_is_named(use: str) -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from eqsat.testing import assert_matches_numpy\n"
        f"try: {use}\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "eqsat.testing.strategies needs Hypothesis: pip install eqsat[testing]\n"
