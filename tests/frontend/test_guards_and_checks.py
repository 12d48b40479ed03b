"""What a specialization takes for granted: decisions on sizes are guards, conditions on values are checks."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.errors import PythonRaises
from tests.frontend.evaluating import CheckFailed, evaluated
from tests.frontend.translating import translated

A = np.ones((2, 3))
READONLY = np.ones(3)
READONLY.flags.writeable = False


def guards(function, *arguments) -> list[str]:
    return [str(guard) for guard in translated(function, *arguments).guards]


def test_branch_on_a_size_is_a_guard():
    def by_size(a):
        return a + 1 if a.shape[0] > 1 else a

    assert guards(by_size, A) == ["1 < p0.0"]
    assert guards(by_size, np.ones(0)) == ["1 >= p0.0"]
    assert guards(by_size, np.ones(1)) == []  # an axis of length one is part of the type


def test_branch_on_an_integer_argument_is_a_guard():
    def by_number(a, n, flag):
        if n >= 3 and flag:
            return a
        return a * 2

    assert guards(by_number, A, 3, True) == ["p1 >= 3", "p2 != 0"]
    assert guards(by_number, A, 2, True) == ["p1 < 3"]


def test_tuples_of_sizes_are_compared_by_guards():
    def same_shape(a, b):
        if a.shape != b.shape:
            raise ValueError
        return a.sum() + b.sum()

    assert guards(same_shape, A, A.copy()) == ["p0.0 == p1.0", "p0.1 == p1.1"]
    with pytest.raises(PythonRaises):
        translated(same_shape, A, np.ones((2, 4)))


def test_unpacking_an_array_is_a_guard():
    def unpack(a):
        x, y = a
        return x + y

    assert guards(unpack, A) == ["p0.0 == 2"]
    with pytest.raises(PythonRaises):
        translated(unpack, np.ones((4, 3)))


def test_tuple_item_by_an_integer_argument_is_fixed_by_a_guard():
    assert guards(lambda a, k: (a, a + 1)[k], A, 1) == ["p1 == 1"]


def test_assertion_on_values_is_a_check():
    def positive(x, n):
        assert x > 0, "positive, please"
        assert n
        if x > 100:
            raise ValueError(x)
        if x < 50:
            pass
        else:
            raise ValueError("large")
        return x * 2

    region = translated(positive, 2.5, 1)
    assert [str(guard) for guard in region.guards] == ["p1 != 0"]
    assert len(region.checks) == 3
    assert evaluated(positive, 2.5, 1) == 5.0
    for refused in (-1.0, 101.0, 70.0):
        with pytest.raises(CheckFailed):
            evaluated(positive, refused, 1)


def test_checks_of_what_is_not_reached_do_not_count():
    def divides(n, x):
        return x != 0.0 and n / x > 1.0, x == 0.0 or 1.0 / x < 2.0, 0.0 < x < 1.0 / x

    for x in (0.0, 0.25, 4.0):
        assert evaluated(divides, 3, x) == divides(3, x)


def test_what_surely_raises_must_not_be_reached():
    def divides(x):
        return x > 0.0 and 1 / 0 > x  # noqa: SIM300

    assert evaluated(divides, -1.0) is False
    with pytest.raises(CheckFailed):
        evaluated(divides, 1.0)


def test_overflow_of_python_integers_is_a_check():
    assert evaluated(lambda n: n * n, 2**31) == 2**62
    with pytest.raises(CheckFailed):
        evaluated(lambda n: n * n, 2**32)


def unbound(a):
    if a is None:
        b = a
    return b


def late(a):
    def inner():
        return b

    c = inner()
    b = a
    return b + c


def bad_augmented(a):
    counter += 1  # noqa: F821, F841
    return a


RAISING = {
    "unbound local": (unbound, A),
    "free variable without a value": (late, A),
    "augmented local without a value": (bad_augmented, A),
    "shapes do not broadcast": (lambda a, b: a + b, A, np.ones(4)),
    "truth of an array": (lambda a: not (a > 1), A),
    "and of arrays": (lambda a: a > 1 and a < 2, A),
    "chained comparison of arrays": (lambda a: 0 < a < 2, A),
    "wrong number of arguments": (lambda a: unbound(a, a), A),
    "missing argument": (lambda a: unbound(), A),
    "unknown keyword": (lambda a: unbound(a, b=1), A),
    "argument given twice": (lambda a: unbound(a, a=1), A),
    "calling a number": (lambda a: a.ndim(), A),
    "calling a size": (lambda a: a.size(), A),
    "calling an array": (lambda a: a(1), A),
    "attribute of None": (lambda a: a.shape if a is not None else a.b, None),
    "unpacking too few": (lambda a: [0 for _ in a] if (lambda t: t)(a) is None else _unpack(a), A),
    "indexing a number": (lambda a: a[0], 1),
    "tuple index out of range": (lambda a: a.shape[2], A),
    "array index out of range": (lambda a: a[5], A),
    "division of known numbers": (lambda a: a * (1 / 0), A),
    "unknown attribute": (lambda a: a.shaep, A),
    "unknown method": (lambda a: a.summ(), A),
    "array that grows in place": (lambda a, b: grows(a, b), A[:1], A),
    "array that gets axes in place": (lambda a, b: grows(a, b), A[0], A),
    "array that would be rounded in place": (lambda a, b: grows(a, b), np.arange(3), A[0]),
    "None in arithmetic": (lambda a, b: a + b, A, None),
    "length of a number": (lambda a: len(a), 3.0),
    "ordering a number and None": (lambda a: a < None, 3.0),
}


def grows(a, b):
    made = a * 1
    made += b
    return made


def _unpack(a):
    _b, _c, _d = a.shape
    return a


@pytest.mark.parametrize("name", RAISING)
def test_where_python_raises_the_function_is_left_to_python(name):
    function, *arguments = RAISING[name]
    with pytest.raises(Exception) as by_python:
        function(*arguments)
    assert not isinstance(by_python.value, PythonRaises)
    with pytest.raises(PythonRaises):
        translated(function, *arguments)


def test_writing_into_read_only_memory_is_left_to_python():
    def writes(a):
        a[0] = 1.0

    def writes_view(a):
        b = a[1:]
        b[0] = 1.0

    def adds(a):
        a += 1

    def writes_global(a):
        READONLY[0] = 1.0

    for function in (writes, writes_view, adds, writes_global):
        with pytest.raises(ValueError, match="read-only"):
            function(READONLY)
        with pytest.raises(PythonRaises):
            translated(function, READONLY)
