"""Functions whose regions, run node by node, give what the functions themselves give."""

# ruff: noqa: F842, PIE790, RUF005, RUF021, RET503, C416

from __future__ import annotations

import linecache
import math

import numpy as np
import pytest

from eqsat.testing import assert_identical
from tests.frontend import odd_module
from tests.frontend.evaluating import evaluated
from tests.frontend.translating import translated

A = np.arange(1.0, 7.0).reshape(2, 3)
B = np.arange(3.0)
N = np.arange(-2, 4)
SCALE = 0.5
TABLE = np.array([1.0, 2.0, 4.0])
STENCIL = (0.25, (1, 2))
NARROW = np.float32(1.5)


def helper(x, scale=2.0, *, shift=0.0):
    return x * scale + shift


def helper_of_helper(x, y):
    def weigh(z, w=SCALE):
        return z * w + y

    return helper(weigh(x), shift=weigh(x, 2))


def first_class(f, x):
    return f(f(x))


class Jitted:
    """Stands for another jitted function."""

    def __init__(self, py_func):
        self.py_func = py_func

    def __call__(self, *args):
        raise AssertionError("it must be translated in place")


TWICE = Jitted(lambda x: 2 * x)


def statements(a, b):
    """A docstring."""
    c = d = a + b
    e: np.ndarray = c * d
    f: float
    pass
    (g, h), i = (e, c), 3
    i += 1
    i *= g[0, 0]
    return g - h / i


def bump(x, by):
    x += by
    return x


def accumulates(a, b):
    total = a * b
    total += a
    total -= b[:, None].T
    total /= 2
    narrow = a.astype(np.float32)
    narrow *= a
    ordered = a.T * 1.0
    ordered += b[:, None]
    count = np.where(True, 1, 2)
    count += 3
    total = total + 0

    def read():
        return total

    total -= 1
    return total, narrow, ordered, count, bump(a + b, b), bump(a.shape[0], 3), read()


def tuples(a):
    t = (a, 1, (2.5, None))
    u = (*t, "end")
    first, (second, nothing) = u[0], u[2]
    return (first + len(u), second), u[1:2] + (nothing,), u[-1], (), ((a[0],),), t[1] * 3


def returns_nothing(a):
    a + 1


def returns_bare(a):
    return


def keyword_arguments(a, b):
    return helper(shift=b, x=a), helper(a, 3), helper(a, shift=1)


def nested(a, b):
    return helper_of_helper(a, b)


def higher_order(a):
    k = 3
    f = lambda x, y=k: x * y + k  # noqa: E731
    k = 4
    return first_class(f, a), first_class(helper, a), (lambda: k)()


def calls_jitted(a):
    return TWICE(a) + TWICE(1)


def module_constants(a):
    return a * math.pi + np.e + odd_module.ALPHA, STENCIL[1][0] * a, a * NARROW, STENCIL


def array_from_outside(a):
    return a * TABLE + TABLE[0]


def known_conditions(a, b, axis=None):
    if axis is None and a.ndim == 2 and b is not None:
        a = a + 1
    elif axis == 0:
        a = a - 1
    else:
        raise ValueError(axis)
    if a.dtype == np.float32 or not (1 < a.ndim <= 2):
        return None
    if a.dtype != np.float64:
        return None
    return a if axis is None else b


def conditional_expressions(a, n):
    m = n if n is not None else 3
    return a * (2 if a.shape[0] > 1 else 3) + m


def sizes(a, b):
    n, m = a.shape
    assert m == b.shape[0]
    if a.shape != (n, m) or b.shape == a.shape:
        return None
    return a.sum() / a.size, n * m, len(a), a.ndim, b[m - 2 : m], a.shape


def slices(a, b):
    which = (slice(None), slice(1, None))
    rows, row = a[:, None, ::-1], a[-1]
    return a[which], rows, row, a[..., 1], b[1:-1] - 2 * b[2:], a.T[0]


def rows(a):
    upper, lower = a
    x, y, z = lower
    return upper + x, y * z


def isinstances(a, n):
    return isinstance(a, np.ndarray), isinstance(n, (int, float)), isinstance(n, (bool, str)), callable(1) if 0 else 2


def strings(a, mode="sum"):
    if mode in ("sum", "mean") and mode != "mean" and mode[0] == "s" and "um" in mode:
        return a.sum()
    return a.mean()


def shadows_builtin(a):
    abs = 3
    return abs * a


def deep_closure(a):
    x = a + 1

    def outer():
        y = x * 2

        def inner(z):
            return x + y + z

        return inner(a)

    x = a + 2
    return outer()


def closes_over(scale, array):
    def inner(a):
        return a * scale + array

    return inner


def methods_and_attributes(a):
    return a.sum(axis=0), a.T.shape, a.astype(np.float32).dtype.itemsize, a.dtype, (a > 2).any()


def unicode_names(α, ß):
    größe = α * ß
    return größe + "ü".__len__() if 0 else größe


PROGRAMS = [
    (statements, (A, B)),
    (accumulates, (A, B)),
    (tuples, (A,)),
    (returns_nothing, (A,)),
    (returns_bare, (A,)),
    (keyword_arguments, (A, B)),
    (nested, (A, B)),
    (higher_order, (A,)),
    (calls_jitted, (A,)),
    (module_constants, (A,)),
    (array_from_outside, (A,)),
    (known_conditions, (A, B)),
    (known_conditions, (A, B, None)),
    (known_conditions, (A.astype(np.float32), B)),
    (known_conditions, (A[0], B, 0)),
    (conditional_expressions, (A, None)),
    (conditional_expressions, (A, 7)),
    (conditional_expressions, (A[:1], 7.0)),
    (sizes, (A, B)),
    (slices, (A, np.arange(9.0))),
    (rows, (A,)),
    (isinstances, (A, 1)),
    (isinstances, (A, True)),
    (strings, (A,)),
    (shadows_builtin, (A,)),
    (deep_closure, (A,)),
    (closes_over(3.0, TABLE), (A,)),
    (closes_over(np.float32(2), B), (A,)),
    (methods_and_attributes, (A,)),
    (unicode_names, (A, B)),
    (lambda a, b: (a + b) * 2, (A, B)),
]


def called(function, arguments):
    original = TWICE.__class__.__call__
    Jitted.__call__ = lambda self, *args: self.py_func(*args)
    try:
        return function(*arguments)
    finally:
        Jitted.__call__ = original


@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=[f.__qualname__.split(".")[0] for f, _ in PROGRAMS])
def test_region_gives_what_the_function_gives(function, arguments):
    assert_identical(evaluated(function, *arguments), called(function, arguments))


def scalars(n, x):
    return n * 2 - 1, n / 4, n // 3, n % 3, -n, n + x, x > n, n == 4, not n, x**2.0, (n < 5) and (x < 3.0), n or x


def chained(n, x):
    return 1.5 < x < 3, 0 < x <= 2.0 < 3, x == x == 2.5, 1 < 2 < 3


def bools(p, q):
    return p and q, p or q, not p, p and not q or q


@pytest.mark.parametrize("x", [2.5, -1.0, 0.0, float("nan")])
@pytest.mark.parametrize("n", [4, 0, -3])
def test_arithmetic_on_python_numbers_is_pythons(n, x):
    assert_identical(evaluated(scalars, n, x), scalars(n, x))
    assert_identical(evaluated(chained, n, x), chained(n, x))


@pytest.mark.parametrize("p", [False, True])
@pytest.mark.parametrize("q", [False, True])
def test_and_or_not_are_pythons(p, q):
    assert_identical(evaluated(bools, p, q), bools(p, q))
    both = (np.bool(p), np.bool(q))
    assert_identical(
        evaluated(lambda p, q: (p and q, p or q, not p), *both), (both[0] and both[1], both[0] or both[1], not p)
    )


def test_integers_beyond_64_bits_are_exact_while_known():
    def exact(a):
        return a * (2**200 // 2**199), 10**30 % 7, 2**100

    assert_identical(evaluated(exact, A), exact(A))


def test_long_sums_are_translated():
    file = "<a long sum>"
    text = "def f(x):\n    return x" + " + x" * 2000 + "\n"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), namespace := {})
    assert_identical(evaluated(namespace["f"], A), 2001 * A)


def test_branches_that_are_not_taken_are_not_translated():
    def guarded(a, verbose=False):
        if verbose:
            print("never")
        return a if True else [x for x in a]

    assert_identical(evaluated(guarded, A), A)


def test_statements_after_return_are_not_translated():
    def early(a):
        return a
        print(a)

    assert evaluated(early, A) is A


def test_an_argument_is_returned_as_the_same_object():
    region = translated(lambda a, n: (a, n, a), A, 3)
    assert [item.op for item in region.result.items] == ["param"] * 3


def test_one_array_of_a_module_is_one_parameter():
    def uses_twice(a):
        return a * TABLE + helper(TABLE)

    region = translated(uses_twice, A)
    assert [param.name for param in region.params] == ["a", "TABLE"]
    assert region.params[1].captured is TABLE


def test_defaults_that_are_not_passed_are_constants():
    def with_default(a, axis=-1, *, keep=True):
        return a.sum(axis=axis, keepdims=keep)

    region = translated(with_default, A)
    assert len(region.params) == 1
    assert not region.guards
