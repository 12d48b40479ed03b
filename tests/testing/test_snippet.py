"""Lines that make arguments again: they run, and make the same arrays in the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqsat.testing import LAYOUTS, arrays, assert_identical, overlapping, place, scalars
from eqsat.testing.snippet import snippet


def f(x: Any, y: Any = None, *, z: Any = None) -> None: ...


def run(text: str) -> tuple[Any, ...]:
    called: list[Any] = []

    def record(x: Any, y: Any = None, *, z: Any = None) -> None:
        called.append((x, y, z))

    exec(text, {"f": record})
    return called[0]


@given(arrays(), scalars())
def test_any_argument_is_made_again(x: np.ndarray, y: Any) -> None:
    made, number, also = run(snippet(f, (x, y), {"z": x}))
    assert also is made
    assert_identical(number, y)
    assert_identical(made, x)
    assert made.flags.aligned == x.flags.aligned
    if x.size > 1:
        assert [s for s, n in zip(made.strides, x.shape, strict=True) if n > 1] == [
            s for s, n in zip(x.strides, x.shape, strict=True) if n > 1
        ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_made_again(layout: str) -> None:
    x = place(np.arange(1.0, 25).reshape(2, 3, 4), layout)
    (made, _, _) = run(snippet(f, (x,), {}))
    assert_identical(made, x)
    assert made.strides == x.strides


@given(overlapping(count=2), st.booleans())
def test_overlaps_are_made_again(pair: list[np.ndarray], frozen: bool) -> None:
    x, y = pair
    x.flags.writeable = not frozen
    one, other, _ = run(snippet(f, (x, y), {}))
    assert_identical(one, x)
    assert_identical(other, y)
    apart = y.__array_interface__["data"][0] - x.__array_interface__["data"][0]
    assert other.__array_interface__["data"][0] - one.__array_interface__["data"][0] == apart


def test_plain_arrays_are_written_plainly() -> None:
    frozen = np.array([[1, 2]], "i2")
    frozen.flags.writeable = False
    assert snippet(f, (np.array([1.0, np.nan, -0.0]), np.complex64(complex(1, -0.0))), {"z": frozen}) == (
        "import numpy as np\n"
        "from numpy import inf, nan\n\n"
        'x = np.array([1.0, nan, -0.0], "float64")\n'
        'z = np.array([[1, 2]], "int16")\n'
        "z.flags.writeable = False\n"
        "f(x, np.complex64(complex(1.0, -0.0)), z=z)  # f.py_func is the function as written"
    )


def test_functions_without_names_for_their_parameters_get_some() -> None:
    assert snippet(lambda *rest: None, (np.zeros(1, bool), 3), {}).splitlines()[3:] == [
        'rest = np.array([False], "bool")',
        "<lambda>(rest, 3)  # <lambda>.py_func is the function as written",
    ]
