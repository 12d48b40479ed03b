"""`z.real` and `z.imag` are NumPy's: in its memory, in its order, with its bits, wherever they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqsat
from eqsat.testing import LAYOUTS, arrays, assert_matches_numpy, dtypes, lengths, place, scalars, shapes
from tests.end_to_end.effort import examples
from tests.end_to_end.inline import jitted

BODIES = (
    "z.real, z.imag, z",
    "z.real.T, z.T.imag, z.imag[..., ::-1], z.real[None]",
    "z.real * z.imag - 1, z.real > z.imag",
    "(z * 2).real, (z + 1j).imag.T",
    "np.hypot(z.real, z.imag), np.angle(z), np.angle(z, deg=True)",
    "z.real.copy(), z.imag.copy(order='K'), z.imag.astype('f4')",
    "z.real.sum(), z.imag.mean(axis=0), z.real.max(axis=-1), (z * z).imag.sum(axis=0)",
    "np.where(z.real > 0, z.imag, z.real), np.real(z) + np.imag(z)[::-1]",
    "np.zeros_like(z.real), z.conj().imag, (-z).real",
    "np.exp(z.imag[::-1]), np.cbrt(z.real), np.arctan2(z.imag, z.real[::-1])",
)


def noise(shape: Any, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(11)
    values = rng.standard_normal((2, *shape)) * 10.0 ** rng.integers(-3, 4, shape)
    return (values[0] + 1j * values[1]).astype(dtype)


@pytest.mark.parametrize("body", BODIES)
@given(data=st.data())
@examples(12)
def test_parts_of_any_array_match_numpy(body: str, data: st.DataObject) -> None:
    array = data.draw(arrays(dtypes("c"), shapes(min_dims=1, min_side=1, max_side=4), finite=True))
    with np.errstate(all="ignore"):
        assert_matches_numpy(jitted("z", body), array, signed_zeros="max" not in body)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "body", ["z.real.sum(), z.imag.T.sum(axis=0)", "(z + 1).real.sum(), (z.T * 2).imag.sum(axis=-1)"]
)
def test_long_sums_of_parts_have_numpys_bits(layout: str, body: str) -> None:
    for shape in [(20_001,), (3, 9001), (130, 90), (5, 60, 70)]:
        for dtype in "FD":
            assert_matches_numpy(jitted("z", body), place(noise(shape, dtype), layout))


@given(lengths(1100), st.sampled_from("FD"))
def test_every_length_of_vector_and_tail_is_right(length: int, dtype: str) -> None:
    assert_matches_numpy(jitted("z", "z.real * z.imag, z[::2].imag + 1, z.real.sum()"), noise((length,), dtype))


@given(scalars())
def test_parts_of_numbers_match_numpy(number: Any) -> None:
    for body in ("z.real, z.imag", "np.real(z), np.imag(z), np.angle(z), np.angle(z, True)", "z.real + 1, 2 - z.imag"):
        with np.errstate(all="ignore"):
            try:
                assert_matches_numpy(jitted("z", body), number, check_warnings=False)
            except AssertionError as error:
                assert isinstance(error.__cause__, eqsat.UnsupportedError) and "uint64" in error.__cause__.what


@given(arrays(dtypes("biuf"), finite=True))
def test_parts_of_real_arrays_match_numpy(x: np.ndarray) -> None:
    assert_matches_numpy(jitted("x", "x.real, np.real(x), x.imag + x.real, np.imag(x).copy(), np.angle(x)"), x)


def test_zeros_that_must_not_be_written_to() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert_matches_numpy(jitted("x", "y = x.imag\ny += 1\nreturn y"), x)
    assert_matches_numpy(jitted("x", "y = np.broadcast_to(x + 1, (4, 2, 3))\ny += 1\nreturn y"), x)
    for body in ("return x.imag\n", "return x.T.imag[1:], x\n", "return np.broadcast_to(x + 1j, (4, 2, 3)).real\n"):
        with pytest.raises(eqsat.UnsupportedError) as caught:
            jitted("x", body)(x)
        assert caught.value.what == "a read-only array is returned, of np.broadcast_to, np.diagonal or .imag"


def test_parts_are_no_arrays_of_their_own() -> None:
    """Writing into one changes the whole."""
    z = noise((5,), "D")
    for body in (
        "y = z.real\ny += 1\nreturn z",
        "w = z * 2\ny = w.imag\ny += 1\nreturn w",
        "w = z * 2\ny = w.real\nw += 1\nreturn y",
    ):
        assert_matches_numpy(jitted("z", body), z)
    frozen = z.copy()
    frozen.flags.writeable = False
    assert_matches_numpy(jitted("z", "y = z.real\ny += 1\nreturn z"), frozen)
    assert_matches_numpy(jitted("z", "z.real, z.imag"), frozen)


def test_a_result_that_is_a_part_keeps_its_argument_alive() -> None:
    parts = jitted("z", "z.real, z.imag[1:]")
    for _ in range(2):
        real, imag = parts(noise((1000,), "D"))
        assert real.base is not None and real.strides == imag.strides == (16,)
        assert (real == noise((1000,), "D").real).all() and (imag == noise((1000,), "D").imag[1:]).all()
