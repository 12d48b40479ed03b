"""What functions with fast-math flags are held to: near enough, and no freedom that was not granted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.testing import arrays, assert_matches_numpy

EPS = np.finfo(float).eps
NAN, INF = np.nan, np.inf


def assert_passes(compiled: Any, expected: Any, flags: str = "reassoc", args: Any = (), **kwargs: Any) -> None:
    class Function(SimpleNamespace):
        def __call__(self, *args: Any) -> Any:
            return compiled

    options = SimpleNamespace(flags=frozenset(flags.split()))
    assert_matches_numpy(Function(py_func=lambda *args: expected, options=options), *args, **kwargs)


NEAR: list[tuple[Any, Any, str, dict[str, Any]]] = [
    (1.0 + 1e-9, 1.0, "reassoc", {}),
    (np.float32(1.0002), np.float32(1), "arcp", {}),
    (np.array([1e-9, 1.0]), np.array([0.0, 1.0]), "reassoc", {}),
    (np.array([NAN, INF, -INF]), np.array([NAN, INF, -INF]), "contract", {}),
    (np.array([7.0]), np.array([NAN]), "nnan", {}),
    (np.array([NAN]), np.array([INF]), "ninf", {}),
    (np.array([-0.0]), np.array([0.0]), "nsz", {}),
    (np.complex128(1 + 1e-9j), np.complex128(1), "reassoc", {}),
    ((1.1, 3), (1.0, 3), "afn", {"rtol": 0.2}),
    (1.1, 1.0, "", {"atol": 0.2}),
    (1.0 + 1e-9, 1.0, "", {"rtol": 1e-8}),
    (-0.0, 0.0, "reassoc", {"signed_zeros": False}),
]

FAR: list[tuple[Any, Any, str, dict[str, Any]]] = [
    (1.0 + EPS, 1.0, "", {}),
    (1.0 + 1e-7, 1.0, "reassoc", {}),
    (np.float32(1.01), np.float32(1), "arcp", {}),
    (np.float64(1), np.float32(1), "reassoc", {}),
    (np.zeros(2), np.zeros(3), "reassoc", {}),
    (np.array([1e-9, 1.0]), np.array([0.0, 1.0]), "reassoc", {"rtol": 1e-8}),
    (np.array([1e-9, 1.0]), np.array([0.0, 1.0]), "reassoc", {"atol": 1e-10}),
    (NAN, 1.0, "nnan ninf", {}),
    (1.0, NAN, "ninf", {}),
    (INF, 1.0, "nnan", {}),
    (1.0, INF, "nnan", {}),
    (INF, -INF, "nnan", {}),
    (-0.0, 0.0, "nnan ninf arcp contract afn reassoc", {}),
    (np.complex128(1 + 1e-3j), np.complex128(1), "reassoc", {}),
    (np.array([2]), np.array([3]), "reassoc", {"rtol": 1.0}),
    (np.array([True]), np.array([False]), "reassoc", {"rtol": 1.0}),
]


@pytest.mark.parametrize(("actual", "expected", "flags", "given"), NEAR)
def test_what_is_near_enough_passes(actual: Any, expected: Any, flags: str, given: dict[str, Any]) -> None:
    assert_passes(actual, expected, flags, **given)


@pytest.mark.parametrize(("actual", "expected", "flags", "given"), FAR)
def test_what_is_not_granted_fails(actual: Any, expected: Any, flags: str, given: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        assert_passes(actual, expected, flags, **given)


def test_sums_may_cancel_as_far_as_their_terms_were_large() -> None:
    assert_passes(np.float64(1e-3), np.float64(0), args=(np.array([1e6, -1e6]),))
    with pytest.raises(AssertionError):
        assert_passes(np.float64(1e-3), np.float64(0), args=(np.array([1.0, -1.0]),))


def test_broken_promises_leave_dtypes_and_shapes() -> None:
    broken = (np.array([NAN, 1.0]),)
    assert_passes(np.array([5.0, 6.0]), np.array([1.0, 2.0]), "nnan", broken)
    assert_passes(np.array([True]), np.array([False]), "ninf", (np.array([INF]),))
    for args, flags in ((broken, "ninf reassoc"), ((np.array([INF]),), "nnan"), ((np.array([1.0]),), "nnan ninf")):
        with pytest.raises(AssertionError, match="instead of"):
            assert_passes(np.array([5.0, 6.0]), np.array([1.0, 2.0]), flags, args)
    with pytest.raises(AssertionError, match="shape"):
        assert_passes(np.zeros(2), np.zeros(3), "nnan", broken)
    with pytest.raises(AssertionError, match="dtype"):
        assert_passes(np.zeros(2, "f"), np.zeros(2), "nnan", broken)


def test_a_function_that_may_regroup_is_near_numpy() -> None:
    @jit(fastmath=True)
    def variance(x):
        return np.sum(x * x) / len(x) - (np.sum(x) / len(x)) ** 2

    assert_matches_numpy(variance, np.linspace(0, 1, 1001))
    assert_matches_numpy(variance, arrays("float64", ndim=1, finite=True), examples=10)
