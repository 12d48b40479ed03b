"""Powers have NumPy's bits: the operator's shortcuts, the loop's shortcuts, and integers that may not be negative."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.power import loop_shortcut
from tests.builder.building import CheckFailed, Made, computed

FLOATS = np.concatenate(
    [np.random.default_rng(3).standard_normal(400) * 3, [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 1e300]]
)
EXPONENTS = [2, 2.0, -1, -1.0, 0.5, 0, 0.0, 1, 1.0, 3, 3.0, -0.5, np.float64(2), np.float32(0.5), np.int64(2)]


def floats(dtype: str) -> np.ndarray:
    with np.errstate(all="ignore"):
        made = FLOATS.astype(dtype)
    return made + 1j * made[::-1] if dtype in "FD" else made


def same(made: Made, expected: object) -> None:
    found = made.value
    assert type(found) is type(expected)
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert np.where(np.isnan(found), 0, found).tobytes() == np.where(np.isnan(expected), 0, expected).tobytes()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", "efdFD")
@pytest.mark.parametrize("exponent", EXPONENTS, ids=repr)
def test_power_of_an_array_by_a_number_matches_numpy_bits(dtype: str, exponent: object) -> None:
    x = floats(dtype)
    same(computed(lambda b, x, s: b.operator("pow", [x, b.known(exponent)], s), x), x**exponent)
    same(computed(lambda b, x, s: b.call(np.power, x, b.known(exponent)), x), np.power(x, exponent))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("exponent", [2, 2.0, -1, 0.5, 1.0, 3.0, np.float64(2.0), np.float32(0.5)], ids=repr)
def test_power_by_a_number_that_is_an_argument_matches_numpy_bits(dtype: str, exponent: object) -> None:
    x = floats(dtype)
    try:
        same(computed(lambda b, x, p, s: b.operator("pow", [x, p], s), x, exponent), x**exponent)
    except CheckFailed:
        assert dtype == "e" and exponent == 0.5
    same(computed(lambda b, x, p, s: b.call(np.power, x, p), x, exponent), np.power(x, exponent))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exponent", [2.0, 0.5])
@pytest.mark.parametrize(
    ("base", "power"),
    [
        ((40, 50), (40, 1)),
        ((40, 50), (1, 50)),
        ((40, 50), (50,)),
        ((40, 50), (1, 1)),
        ((40, 50), (1,)),
        ((40, 50), ()),
        ((2, 9000), (2, 1)),
        ((1, 60), (50, 1)),
        ((50, 1), (1, 60)),
        ((1,), (1,)),
        ((1, 1), (1,)),
        ((1,), (1, 1)),
        ((), (1,)),
        ((1,), ()),
        ((), ()),
        ((7,), (7,)),
    ],
    ids=str,
)
def test_shortcuts_are_taken_where_the_loop_sees_one_exponent(base: tuple, power: tuple, exponent: float) -> None:
    for seed in range(40 if np.prod(base) < 10 else 1):
        x = np.random.default_rng(seed).standard_normal(base) ** 2 + np.float64(0.1)
        x = np.asarray(x)
        y = np.full(power, exponent)
        same(computed(lambda b, x, y, s: b.call(np.power, x, y), x, y), np.power(x, y))


def test_a_power_whose_algorithm_depends_on_buffers_is_refused() -> None:
    x, y = np.ones((3, 5000)), np.ones((3, 1))
    with pytest.raises(UnsupportedError, match="one of two algorithms"):
        computed(lambda b, x, y, s: b.operator("pow", [x, y], s), x, y)


@pytest.mark.parametrize("dtype", "bBil")
def test_integers_to_negative_powers_are_left_to_numpy(dtype: str) -> None:
    x = np.arange(-3 if dtype != "B" else 0, 5).astype(dtype)
    same(computed(lambda b, x, s: b.operator("pow", [x, b.known(3)], s), x), x**3)
    y = np.full(x.shape, 2, dtype)
    same(computed(lambda b, x, y, s: b.operator("pow", [x, y], s), x, y), x**y)
    same(computed(lambda b, x, p, s: b.operator("pow", [x, p], s), x, 2), x**2)
    with pytest.raises(PythonRaises, match="negative"):
        computed(lambda b, x, s: b.operator("pow", [x, b.known(-1)], s), x)
    if dtype != "B":
        y[2] = -1
        for exponent in (y, -2):
            with pytest.raises(CheckFailed):
                computed(lambda b, x, y, s: b.operator("pow", [x, y], s), x, exponent)


def test_a_shortcut_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqsat.frontend.power.SHORTCUTS", {})
    loop_shortcut.cache_clear()
    with pytest.raises(UnsupportedError, match="shortcut"):
        loop_shortcut(np.dtype("d"), 2.0)
    loop_shortcut.cache_clear()
