"""Functions that eqsat refuses, each called with `A`; what it says of them stands in `refused_programs.txt`."""

# ruff: noqa
# fmt: off

from __future__ import annotations

import math

import numpy as np

from tests.frontend import odd_module

A = np.arange(6.0).reshape(2, 3)
CONFIG = {"alpha": 1.0}
NAMES = ["a", "b"]


class Settings:
    alpha = 2.0

    def scaled(self, x):
        return self.alpha * x


SETTINGS = Settings()
METHOD = SETTINGS.scaled
MASKED = np.ma.masked_array(A)
TEXTS = np.array(["a", "b"])


def tries(x):
    try:
        return x + 1
    except ValueError:
        return x


def with_errstate(x):
    with np.errstate(all="ignore"):
        return x / 0.0


def defines_class(x):
    class Point:
        pass

    return x


def says_global(x):
    global A
    A = x


def says_nonlocal(x):
    y = x

    def inner():
        nonlocal y
        y = 1

    inner()
    return y


def imports(x):
    import math

    return x * math.pi


def imports_from(x):
    from math import pi

    return x * pi


def comprehends(x):
    return [row + 1 for row in x]


def generates(x):
    return sum(row for row in x)


def yields(x):
    yield x


async def awaits(x):
    return x


def formats(x):
    return f"{x}"


def dicts(x):
    return {"x": x}


def comprehends_set(x):
    return {row for row in x.shape}


def comprehends_dict(x):
    return {row: row + 1 for row in x.shape}


def defines_async(x):
    async def inner():
        return x

    return x


def sets(x):
    return {1, 2}


def prints(x):
    print(x)
    return x


def sums(x):
    return sum(x)


def ranges(x):
    return range(3)


def calls_unknown_numpy(x):
    return np.linalg.norm(x)


def calls_unknown_method(x):
    return x.argsort()


def calls_class(x):
    return Settings()


def calls_method(x):
    return METHOD(x)


def reads_missing_name(x):
    return x + scael  # noqa: F821


def reads_name_like_another(x):
    return x + SETTING  # noqa: F821


def reads_missing_attribute(x):
    return np.sine(x)


def reads_missing_of_math(x):
    return x * math.tau2


def reads_missing_of_user_module(x):
    return x * odd_module.ALPHAA


def reads_computed_attribute(x):
    return x * odd_module.computed


def reads_dict(x):
    return x * CONFIG["alpha"]


def reads_list(x):
    return x, NAMES


def reads_object(x):
    return x * SETTINGS.alpha


def reads_masked(x):
    return x + MASKED


def reads_texts(x):
    return x, TEXTS


def method_as_value(x):
    f = x.sum
    return f()


def helper_augments(x):
    x += 1
    return x


def assigns_attribute(x):
    x.shape = (6,)
    return x


def unpacks_keywords(x):
    return np.sum(x, **{"axis": 0})


def starred_list(x):
    return np.add(*x)


def takes_star(*x):
    return x


def takes_keywords(x, **more):
    return x


def recurses(x):
    return x + recurses(x)


def helper_with_keywords(x, **more):
    return x


def calls_helper_with_keywords(x):
    return helper_with_keywords(x, y=1)


def helper_that_loops(x):
    total = 0.0
    for row in x:
        total = total + row
    return total


def calls_helper_that_loops(x):
    return 2 * helper_that_loops(x)


def decorated_inner(x):
    @np.vectorize
    def inner(y):
        return y

    return inner(x)


def returns_function(x):
    return lambda y: x + y


def is_between_numbers(x):
    return x.sum() is x.max()


def compares_with_text(x):
    return x == "a"


def tuple_plus_array(x):
    return x + (1, 2, 3)


def long_expression_over_lines(x):
    return (x +
            np.linalg.svd(
                x))  # fmt: skip


def unicode_columns(x):
    return "ä·ö" and print(x)


def matches(x):
    match x.shape:
        case (rows, columns):
            return rows


def joins_number_and_array(x):
    if x[0, 0] > 0:
        y = x
    else:
        y = 1.0
    return y


def joins_arrays_of_two_dtypes(x):
    y = x
    for _ in range(3):
        y = y > 0
    return y


def joins_tuples_of_two_lengths(x):
    t = (1, 2)
    while x[0, 0] > 0:
        t = (1, 2, 3)
        x[0, 0] -= 1
    return t


def joins_tuple_and_number(x):
    t = 1
    for k in range(x.shape[0]):
        t = (t, k) if x[k, 0] > 1 else k
    return t


def returns_array_or_number(x):
    for row in x:
        if row[0] > 1:
            return row
    return 0


def returns_none_or_array(x):
    for row in x:
        if row[0] > 1:
            return row


def steps_by_what_it_computes_in_a_tuple(x):
    t = (1.0, 2.0, 3.0)
    total = 0.0
    k = 0
    while k < x.shape[0]:
        total += t[k]
        k += 1
    return total


def reduces_over_an_axis_that_it_computes(x):
    for axis in range(x.shape[0]):
        y = x.sum(axis=axis)
    return y


def comprehends_at_run_time(x):
    return np.sum([row[0] for row in x])


def comprehends_on_a_condition(x):
    return tuple(k for k in range(3) if x[0, k] > 0)


def comprehends_twice(x):
    return [i + j for i in range(2) for j in range(2)]


def assigns_into_a_list(x):
    parts = [1, 2]
    parts[0] = 3
    return x + parts[0]


def appends(x):
    parts = []
    for row in x:
        parts.append(row)
    return parts


def returns_a_list(x):
    return [x, x]


def deletes_item(x):
    del x[0]
    return x


def loops_over_a_dict(x):
    for key in {1: 2}:
        x = x + key
    return x


def writes_an_attribute(x):
    x.shape = (6,)
    return x


def sums_what_it_cannot(x):
    return sum(x)


def joins_functions(x):
    f = (lambda v: v + 1) if x[0, 0] > 0 else (lambda v: v - 1)
    return f(x)
