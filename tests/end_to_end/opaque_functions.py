"""Opaque functions, and jitted ones that call them, for the tests of both."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from typing import Annotated, Any

import numpy as np

import eqsat
from eqsat import Float, Int, Matrix, Vector, jit
from eqsat.testing import assert_matches_numpy
from eqsat.testing.checking import Watched

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
X = np.random.default_rng(3).standard_normal((4, 6))


def assert_native(function: Any, *args: Any) -> None:
    """The compiled function does what Python does, without Python's help."""
    assert_matches_numpy(function, *args)
    watched = Watched(function, function.py_func)
    watched(*args)
    assert watched.native


@eqsat.opaque(cost=200)
def weighted(n: Int, x: Float) -> Float:
    assert type(n) is int and type(x) is float
    return math.sin(n) * x


@eqsat.opaque
def is_odd(n: int) -> bool:
    return n % 2 == 1


@eqsat.opaque
def turned(z: complex, angle: float) -> complex:
    return z * complex(math.cos(angle), math.sin(angle))


@eqsat.opaque
def halved(x: np.float32, y: np.float16) -> np.float32:
    return x / 2 + y


@eqsat.opaque(cost=lambda x, h: 2.0 * x[0] * h[0], shape=lambda x, h: (x[0] + h[0] - 1,))
def convolve(x: Vector, h: Vector) -> Vector:
    return np.convolve(x, h)


@eqsat.opaque
def sorted_rows(x: Matrix) -> Matrix:
    assert x.flags.c_contiguous and not x.flags.writeable
    return np.sort(x, axis=1)


@eqsat.opaque
def norm(x: Vector, order: Float) -> Float:
    return np.linalg.norm(x, order)


@eqsat.opaque(shape=lambda x: (2, 1 + x[0] // 2))
def split(x: Annotated[np.ndarray, np.int32, 1]) -> Annotated[np.ndarray, np.int32, 2]:
    return np.vstack([x, x])[:, : 1 + len(x) // 2] if len(x) > 1 else np.zeros((2, 1 + len(x) // 2), np.int32)


@eqsat.opaque(vectorized=True)
def sinc(x: Float, scale: Float) -> Float:
    return np.sinc(x) * scale


j0 = eqsat.opaque(LIBM.j0, arguments=(Float,), result=Float, name="j0", cost=30)
jn = eqsat.opaque(LIBM.jn, arguments=(np.int32, Float), result=Float, name="jn")
power = eqsat.opaque(LIBM.powf, arguments=(np.float32, np.float32), result=np.float32, name="powf")
exponent = eqsat.opaque(LIBM.ilogb, arguments=(Float,), result=np.int32, name="ilogb")


@jit
def of_numbers(n, x):
    return weighted(n, x)


@jit
def bessel(x):
    return j0(x) + 1


@jit
def bessel_of_order(n, x):
    return jn(n, x) * 2


@jit
def by_name(x):
    return weighted(x=x, n=2), weighted(3, x=x)


@jit
def convolved(x, h):
    return convolve(x, h)[1:] * 2


@jit
def rows(x):
    return sorted_rows(x) + x


@jit
def norms(x, order):
    return norm(x, order)


@jit
def smooth(x, scale):
    return sinc(x, scale)


@jit
def summed(x):
    total = 0.0
    for i in range(x.shape[0]):
        if is_odd(i):
            total += weighted(i, x[i])
        else:
            total -= j0(x[i])
    return total
