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


def loops(x):
    for row in x:
        x = x + row
    return x


def loops_while(x):
    while True:
        x = x + 1


def tries(x):
    try:
        return x + 1
    except ValueError:
        return x


def with_errstate(x):
    with np.errstate(all="ignore"):
        return x / 0.0


def matches(x):
    match x:
        case 1:
            return x


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


def deletes(x):
    y = x + 1
    del y
    return x


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


def walrus(x):
    return (y := x + 1) * y


def formats(x):
    return f"{x}"


def lists(x):
    return [x, x]


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


def if_on_values(x):
    if x[0, 0] > 0:
        return x
    return -x


def conditional_on_values(x):
    return x if x[0, 0] > 0 else -x


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


def assigns_item(x):
    y = x + 1
    y[0] = 2
    return y


def assigns_slice_of_argument(x):
    x[1:, 0] = 0.0


def augments(x):
    x += 1
    return x


def augments_alias(x):
    y = z = x + 1
    y += 1
    return y, z


def augments_with_view(x):
    y = x + 1
    z = (y[1:],)
    y += 1
    return y, z


def augments_view(x):
    y = (x + 1)[1:]
    y += 1
    return y


def helper_augments(x):
    x += 1
    return x


def augments_in_helper(x):
    y = x * 2
    return helper_augments(y) + y


def augments_what_a_default_holds(x):
    y = x * 2
    f = lambda z=y: z
    y += 1
    return f()


def augments_power(x):
    y = x * 2
    y **= 2
    return y


def augments_item(x):
    x[0] += 1
    return x


def assigns_attribute(x):
    x.shape = (6,)
    return x


def unpacks_star(x):
    first, *rest = x.shape
    return first


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
    return x.sum() is x


def compares_with_text(x):
    return x == "a"


def tuple_plus_array(x):
    return x + (1, 2, 3)


def long_expression_over_lines(x):
    return (x +
            np.linalg.inv(
                x))  # fmt: skip


def unicode_columns(x):
    return "ä·ö" and print(x)
