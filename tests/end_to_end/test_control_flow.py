"""Statements, one by one: what each means is what Python means, for results, arguments, errors and types."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from eqsat import PlainPythonWarning, jit
from eqsat.testing import assert_matches_numpy

RNG = np.random.default_rng(7)


def swaps(u, v, steps):
    for _ in range(steps):
        v[1:-1] = 0.5 * (u[:-2] + u[2:])
        u, v = v, u
    return u


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def finds(a, x):
    for i in range(len(a)):
        if a[i] == x:
            return i
    return -1


def breaks_with_else(a, x):
    where = 0
    for i, value in enumerate(a):
        if value == x:
            where = i
            break
    else:
        where = -1
    return where


def continues(a):
    total = 0.0
    for value in a:
        if value < 0.5:
            continue
        total += value
    return total


def goes_backwards(a):
    for i in range(len(a) - 1, 0, -1):
        a[i] -= a[i - 1]
    return a


def steps_of_any_sign(a, start, stop, step):
    total = 0
    for i in range(start, stop, step):
        total = 3 * total + a[i]
    return total


def zips(x, y):
    out = np.zeros_like(x)
    for i, (p, q) in enumerate(zip(x, reversed(y), strict=False)):
        out[i] = p * q if i % 2 else p + q
    return out


def unrolls(x):
    total = 0.0
    for name, factor in (("a", 1.5), ("b", 2.5)):
        if name == "b" and x[0] > 0.5:
            continue
        total += factor * x[1]
    return total


def breaks_out_of_known_items(x):
    last = 0.0
    for factor in (1.0, 2.0, 4.0):
        last = factor * x[0]
        if last > 1.0:
            break
    return last


def matches(n):
    match n % 4:
        case 0:
            return 10
        case 1 | 2:
            return 20
        case _:
            return 30


def assigns_in_conditions(x):
    total = 0.0
    i = 0
    while (value := x[i]) < 0.9 and i < len(x) - 1:
        total += value
        i += 1
    return total, i


def chains(x, low, high):
    count = 0
    for value in x:
        if low <= value < high and value != low:
            count += 1
    return count


def short_circuits(x, k):
    return k < len(x) and x[k] > 0.5


def unpacks(x):
    first, *middle, last = x[0], x[1], x[2], x[3]
    return first + last, middle[0] * middle[1]


def deletes(x):
    y = x * 2
    del y
    y = x + 1
    return y * y


def nests(x):
    def scaled(value, by=2.0):
        if value > 0.5:
            return value * by
        return value

    out = np.empty(len(x))
    for i in range(len(x)):
        out[i] = scaled(x[i])
    return out


def comprehends(x):
    weights = [0.5**k for k in range(3)]
    return weights[0] * x[0] + weights[1] * x[1] + sum(w for w in weights)


def views_of_views(a):
    b = a[1:]
    c = b[::2]
    c[:] = 7
    b *= 2
    return a, b, c


def out_parameters(a, b, c):
    np.add(a, b, out=c)
    np.multiply(c, 2, c)
    np.clip(c, 1, 3, out=c)
    return c


def exchanges_slices(a):
    a[::2], a[1::2] = a[1::2].copy(), a[::2].copy()
    return a


def masks(a, limit):
    a[a > limit] = limit
    a[a < 0.2] += 1
    return a[a > 0.3]


def indexes(a, i):
    a[i] += 1
    a[i[::-1]] = np.arange(len(i))
    return a[i]


def grows(x):
    while len(x) > 2:
        x = x[::2] + x[: (len(x) + 1) // 2]
    return x


def accumulates_in_place(x):
    total = np.zeros(x.shape[1])
    for row in x:
        total += row * row
    return total


def reads_before_overwriting(a):
    old = a + 0
    change = a[1:] - a[:-1]
    a[:-1] = change
    a[-1] = old[0]
    return change.sum(), old


def steps_by_counters(n):
    flags = np.ones(n + 1, dtype=bool)
    flags[:2] = False
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = False
    return flags


CALLS = [
    (swaps, (RNG.random(9), RNG.random(9), 3)),
    (swaps, (RNG.random(9), RNG.random(9), 4)),
    (swaps, (RNG.random(9), RNG.random(9), 0)),
    (collatz, (27,)),
    (finds, (np.arange(10), 7)),
    (finds, (np.arange(10), 70)),
    (finds, (np.arange(0), 7)),
    (breaks_with_else, (np.arange(10), 7)),
    (breaks_with_else, (np.arange(10), -7)),
    (continues, (RNG.random(20),)),
    (goes_backwards, (RNG.random(9),)),
    (steps_of_any_sign, (np.arange(20), 3, 17, 4)),
    (steps_of_any_sign, (np.arange(20), 17, 3, -4)),
    (steps_of_any_sign, (np.arange(20), 17, 3, 4)),
    (zips, (RNG.random(6), RNG.random(6))),
    (unrolls, (RNG.random(3),)),
    (breaks_out_of_known_items, (np.array([0.4]),)),
    (breaks_out_of_known_items, (np.array([0.1]),)),
    *((matches, (n,)) for n in range(-1, 4)),
    (assigns_in_conditions, (RNG.random(30),)),
    (chains, (RNG.random(30), 0.2, 0.7)),
    (short_circuits, (RNG.random(4), 2)),
    (short_circuits, (RNG.random(4), 20)),
    (unpacks, (RNG.random(4),)),
    (deletes, (RNG.random(4),)),
    (nests, (RNG.random(9),)),
    (comprehends, (RNG.random(4),)),
    (views_of_views, (np.arange(9),)),
    (out_parameters, (RNG.random(6), RNG.random(6), np.zeros(6))),
    (out_parameters, (RNG.integers(0, 3, 6), RNG.random(6), np.zeros(6))),
    (exchanges_slices, (RNG.random(8),)),
    (masks, (RNG.random(12), 0.6)),
    (indexes, (np.zeros(5), np.array([1, 1, 3, -1]))),
    (grows, (RNG.random(32),)),
    (accumulates_in_place, (RNG.random((4, 5)),)),
    (reads_before_overwriting, (RNG.random(9),)),
    (steps_by_counters, (97,)),
]


@pytest.mark.parametrize(("function", "args"), CALLS, ids=lambda value: getattr(value, "__name__", ""))
def test_statements_mean_what_python_means(function, args):
    assert_matches_numpy(jit(function), *args)


def writes_then_fails(a, k):
    a[0] = -1
    for i in range(len(a)):
        a[i] *= 2
        if i == 3:
            a[k] = 5
    return a


def divides(a, b):
    for i in range(len(a)):
        a[i] = a[i] // b[i]
    return a


def raises_on_negative(a):
    for i, value in enumerate(a):
        if value < 0:
            raise ValueError(f"element {i} is negative: {value}")
        a[i] = value + 1
    return a


def asserts(a):
    for value in a:
        assert value < 5, value
    return len(a)


def leaves_64_bits(n):
    product = 1
    for k in range(1, n):
        product *= k
    return product


def is_unbound(a):
    for value in a:
        if value > 100:
            last = value
    return last


def divides_by_python_zero(n):
    total = 0
    for k in range(3, -3, -1):
        total += n // k
    return total


FAILING = [
    (writes_then_fails, (np.arange(6.0), 2)),
    (writes_then_fails, (np.arange(6.0), -6)),
    (writes_then_fails, (np.arange(6.0), 6)),
    (writes_then_fails, (np.arange(6.0), -7)),
    (raises_on_negative, (np.array([1.0, 2.0, -3.0, 4.0]),)),
    (asserts, (np.arange(9),)),
    (leaves_64_bits, (30,)),
    (is_unbound, (np.arange(3),)),
    (is_unbound, (np.array([1, 101, 2]),)),
    (divides_by_python_zero, (7,)),
]


@pytest.mark.parametrize(("function", "args"), FAILING, ids=lambda value: getattr(value, "__name__", ""))
def test_what_python_raises_is_raised_and_arguments_are_as_it_left_them(function, args):
    assert_matches_numpy(jit(function), *args)


@pytest.mark.parametrize("mode", ["ignore", "warn", "raise"])
def test_floating_point_events_after_writes_are_numpys(mode):
    with np.errstate(all=mode):
        assert_matches_numpy(jit(divides), np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.0, 1.0]))


def test_read_only_arguments_raise_as_in_numpy():
    array = np.arange(5.0)
    array.flags.writeable = False
    function = jit(goes_backwards)
    with pytest.raises(ValueError, match="read-only"):
        function(array)
    assert_matches_numpy(function, np.arange(5.0))


def shifted(a, b):
    for i in range(len(a)):
        a[i] = b[i] + 1
    a[1:] += b[:-1]
    return a


@pytest.mark.parametrize("shift", [0, 1, 3, 8])
def test_arguments_that_overlap_are_read_and_written_in_order(shift):
    whole, other = np.arange(20.0), np.arange(20.0)
    made = jit(shifted)(whole[shift : shift + 8], whole[:8])
    wanted = shifted(other[shift : shift + 8], other[:8])
    assert (whole == other).all()
    assert (made == wanted).all()


def test_elements_that_share_memory_are_left_to_numpy():
    function = jit(exchanges_slices)
    windows = as_strided(np.arange(12.0), (4, 4), (8, 8))
    expected = as_strided(np.arange(12.0), (4, 4), (8, 8))
    with pytest.warns(PlainPythonWarning):
        function(windows)
    exchanges_slices(expected)
    assert (windows == expected).all()


def picks(a, i):
    total = 0.0
    for k in range(len(i)):
        total += a[i[k]]
    return total


def test_bounds_are_checked_unless_told_otherwise():
    checked, unchecked = jit(picks), jit(boundscheck=False)(picks)
    array, inside = np.arange(8.0), np.array([0, 7, -8, -1])
    assert checked(array, inside) == unchecked(array, inside) == 0 + 7 + 0 + 7
    with pytest.raises(IndexError, match="index 8 is out of bounds for axis 0 with size 8"):
        checked(array, np.array([0, 8]))
    memory = np.arange(9.0)
    assert unchecked(memory[:8], np.array([8])) == 8


def test_a_loop_that_gives_the_same_every_time_is_compiled_once():
    function = jit(collatz)
    assert [function(n) for n in (6, 7, 27, 97)] == [8, 16, 111, 118]
    assert len(function.signatures) <= 2
