"""Rules that users write: given to a function, used for a while, checked when first used, over arrays of any layout."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

import eqsat
from eqsat import (
    Axis,
    Bool,
    Float,
    Inexact,
    Int,
    IntMatrix,
    IntVector,
    Matrix,
    RuleError,
    RuleWarning,
    Vector,
    is_integer,
    is_nonnegative,
    is_positive,
    is_scalar,
    is_square,
    is_symmetric,
    jit,
    rule,
    same_shape,
    use_rules,
)
from eqsat.rules.api import Rule


def used(function, name: str) -> bool:
    """Whether the newest specialization of a jitted function follows a rule."""
    return name in dict(function.explain().rules)


@rule(requires={"reassoc"})
def mean_of_shifted(x: Vector, c: Vector):
    """The mean of a sum is the sum of the means."""
    return np.mean(x + c), np.mean(x) + np.mean(c)


@rule(requires={"afn"})
def softplus_twice(x: Float):
    """2 log(1 + e^x), by the function for it."""
    return np.log1p(np.exp(x)) + np.log1p(np.exp(x)), 2.0 * np.logaddexp(0.0, x)


@rule
def any_of_either(p: Bool, q: Bool, axis: Axis):
    """Some are true of either if some are of one or of the other."""
    return np.any(p, axis=axis) | np.any(q, axis=axis), np.any(p | q, axis=axis)


X = np.linspace(0.5, 4.0, 40)
GRID = np.linspace(-2.0, 2.0, 48).reshape(6, 8)


def test_a_rule_is_given_to_one_function() -> None:
    def f(p, q):
        return np.any(p, axis=0) | np.any(q, axis=0)

    with_rule, without = jit(rules=any_of_either)(f), jit(f)
    arguments = GRID > 0.5, GRID < -1.0
    for one in (with_rule, without):
        np.testing.assert_array_equal(one(*arguments), f(*arguments))
    assert not used(without, "any_of_either")
    assert "any_of_either" in with_rule.options.rules


def test_flags_that_are_not_granted_keep_a_rule_out() -> None:
    def f(x):
        return np.log1p(np.exp(x)) + np.log1p(np.exp(x))

    exact = jit(rules=softplus_twice)(f)
    np.testing.assert_array_equal(exact(X), f(X))
    assert not used(exact, "softplus_twice")
    assert "needs afn, not granted" in str(exact.explain(rule=softplus_twice))


def test_rules_in_use_are_for_functions_decorated_in_the_block() -> None:
    def f(x):
        return np.sqrt(x * x)

    @rule(when=lambda x: is_positive(x))
    def root_of_square(x: Float):
        """Wrong where x x overflows, but not on what this test gives it."""
        return np.sqrt(x * x), x

    with use_rules(root_of_square, verify="never") as book:
        inside = jit(f)
        with use_rules(any_of_either):
            both = jit(f)
    outside = jit(f)
    assert root_of_square.name in book
    assert [root_of_square.name in one.options.rules for one in (inside, both, outside)] == [True, True, False]
    assert any_of_either.name in both.options.rules and both.options.verify == "once"
    assert inside.options.verify == "never"


def test_a_rule_that_does_not_hold_is_refused_at_the_first_call() -> None:
    @rule
    def root_of_square(x: Float):
        """Wrong for negative numbers."""
        return np.sqrt(x * x), x

    @jit(rules=root_of_square)
    def f(x):
        return np.sqrt(x * x)

    with pytest.raises(RuleError) as caught:
        f(X)
    lines = str(caught.value).splitlines()
    assert lines[0] == "rule root_of_square does not hold"
    assert len(lines) <= 6 and __file__ in lines[1]
    assert "print(eqsat.verify(root_of_square))" in lines[-1]


def test_words_for_verify_and_things_that_are_no_rules_are_refused() -> None:
    with pytest.raises(ValueError, match='verify=\'sometimes\' is not "always", "once" or "never"'):
        jit(verify="sometimes")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="rules= takes rules and books of rules, not 'fast'"):
        jit(rules="fast")
    with pytest.raises(TypeError, match="rules\\(\\) takes rules and books of rules, not 3"):
        jit(rules=[3])  # type: ignore[list-item]


def test_a_contradiction_is_named_and_the_function_compiled_without_it() -> None:
    @rule
    def next_is_the_same(x: Int):
        """Wrong on purpose."""
        return x + 1, x

    @jit(rules=next_is_the_same, verify="never")
    def f(x):
        return ((x * 0) + 3) + 1

    x = np.arange(5)
    with pytest.warns(RuleWarning, match="rule next_is_the_same is wrong and was left out"):
        np.testing.assert_array_equal(f(x), np.full(5, 4))
    assert "next_is_the_same is wrong" in f.explain().stop


def test_rules_over_axes_match_whatever_the_layout() -> None:
    def f(p, q):
        return np.any(p, axis=1) | np.any(q, axis=1)

    jitted = jit(rules=any_of_either)(f)
    p, q = GRID > 0.5, GRID < -1.0
    for a, b in ((p, q), (np.asfortranarray(p), q), (p[::2, ::-1], q[::2]), (p[:0], q[:0])):
        np.testing.assert_array_equal(jitted(a, b), f(a, b))


def test_means_match_sums_that_are_divided() -> None:
    def f(x, c):
        return np.mean(x + c)

    @jit(rules=mean_of_shifted, fastmath=True)
    def g(x, c):
        return np.mean(x + c)

    np.testing.assert_allclose(g(X, X[::-1]), f(X, X[::-1]), rtol=1e-12)
    assert "its left side is found in one place" in str(g.explain(rule=mean_of_shifted)) or used(g, "mean_of_shifted")


def fires(one: Rule, function, *arguments, flags: object = False) -> bool:
    """Whether the left side is found, guards and all, in a function."""
    jitted = jit(rules=one, verify="never", fastmath=flags)(function)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuleWarning)
        jitted(*arguments)
    answer = jitted.explain(rule=one)
    return bool(answer.used) or any(found.places and not found.unknown for found in answer.findings)


def test_guards_about_values_are_known_of_what_is_computed_so() -> None:
    @rule(when=lambda x: is_nonnegative(x))
    def magnitude(x: Float):
        """For numbers that are not negative."""
        return np.fabs(x), x

    @rule(when=lambda x: is_integer(x))
    def rounded(x: Float):
        """Of whole numbers."""
        return np.rint(x), x

    def of_square(x):
        return np.fabs(np.sqrt(x * x))

    def of_anything(x):
        return np.fabs(np.sin(x))

    def of_floor(x):
        return np.rint(np.floor(x) * 2.0)

    def of_half(x):
        return np.rint(x * 0.5)

    assert fires(magnitude, of_square, X) and not fires(magnitude, of_anything, X)
    assert fires(rounded, of_floor, X) and not fires(rounded, of_half, X)


def test_guards_about_shapes() -> None:
    @rule(requires={"reassoc"}, when=lambda c: is_scalar(c))
    def product_of_scaled(c: Inexact, x: Inexact):
        """A factor goes out of a maximum of magnitudes."""
        return np.max(np.abs(c * x)), np.abs(c) * np.max(np.abs(x))

    @rule(when=lambda x, y: same_shape(x, y))
    def larger_of_two(x: Float, y: Float):
        """Of equal shapes alone."""
        return np.maximum(np.max(x), np.max(y)), np.max(np.maximum(x, y))

    @rule(when=lambda a: is_square(a))
    def trace_twice(a: Matrix):
        """Of square matrices."""
        return np.sum(a) + np.sum(a), 2.0 * np.sum(a)

    @eqsat.opaque(cost=1.0)
    def det_of_symmetric(a: Matrix) -> Float:
        return float(np.linalg.det(a))

    @rule(requires={"reassoc"}, when=lambda a: is_symmetric(a))
    def symmetric_determinant(a: Matrix):
        """By a function that takes symmetric matrices alone."""
        return np.linalg.det(a), det_of_symmetric(a)

    def scaled(c, x):
        return np.max(np.abs(c * x))

    def two(x, y):
        return np.maximum(np.max(x), np.max(y * 1.0 + x))

    def doubled(a):
        m = a @ a
        return np.sum(m) + np.sum(m)

    def oblong(a):
        return np.sum(a) + np.sum(a)

    def symmetric(a):
        return np.linalg.det(a + a.T)

    def gram(a):
        return np.linalg.det(a.T @ a)

    def not_symmetric(a):
        return np.linalg.det(a + 1.0)

    square = X[:, None] * X
    assert fires(product_of_scaled, scaled, 2.0, X, flags=True)
    assert not fires(product_of_scaled, scaled, X, X, flags=True)
    assert fires(larger_of_two, two, X, X[::-1])
    assert fires(trace_twice, doubled, square) and not fires(trace_twice, oblong, GRID)
    regular = square + 10 * np.eye(len(square))
    assert fires(symmetric_determinant, symmetric, regular, flags=True)
    assert fires(symmetric_determinant, gram, regular, flags=True)
    assert not fires(symmetric_determinant, not_symmetric, regular, flags=True)


def test_two_way_rules_go_both_ways_and_end() -> None:
    @rule(two_way=True)
    def grouped(a: IntMatrix, b: IntMatrix, v: IntVector):
        """Integers that wrap are a ring."""
        return (a @ b) @ v, a @ (b @ v)

    def left(a, b, v):
        return (a @ b) @ v

    def right(a, b, v):
        return a @ (b @ v)

    a, v = np.arange(400).reshape(20, 20), np.arange(20)
    for f in (left, right):
        jitted = jit(rules=grouped)(f)
        np.testing.assert_array_equal(jitted(a, a, v), f(a, a, v))
        assert jitted.explain().after.count("@") == 2


def test_the_grouping_of_a_chain_is_chosen_at_each_call() -> None:
    def f(a, b, c, d):
        return a @ b @ c @ d

    jitted = jit(fastmath={"reassoc"})(f)
    random = np.random.default_rng(3)
    sizes = [(60, 5, 60, 5, 60), (5, 60, 5, 60, 5), (60, 60, 60, 60, 1), (1, 60, 60, 60, 60), (7, 7, 7, 7, 7)]
    groupings: set[str] = set()
    for size in sizes:
        matrices = [random.normal(size=pair) for pair in pairwise(size)]
        np.testing.assert_allclose(jitted(*matrices), f(*matrices), rtol=1e-10, atol=1e-10)
        groupings.add(jitted.explain().after)
    count = len(jitted.signatures)
    assert 3 <= count <= len(sizes) and len(groupings) >= 3
    for size in sizes:  # each is compiled by now
        matrices = [random.normal(size=pair) for pair in pairwise(size)]
        np.testing.assert_allclose(jitted(*matrices), f(*matrices), rtol=1e-10, atol=1e-10)
    assert len(jitted.signatures) == count


def test_rules_take_part_inside_loops() -> None:
    @jit(fastmath={"reassoc"})
    def power(a, b, v, steps):
        for _ in range(steps):
            v = (a @ b) @ v
        return v

    a = np.eye(30) + 0.01 * X[:30]
    np.testing.assert_allclose(power(a, a, X[:30], 3), power.py_func(a, a, X[:30], 3), rtol=1e-10)
    assert used(power, "product_of_matrices_with_vector")


def test_the_public_names_are_there() -> None:
    for name in ("rule", "rules", "use_rules", "verify", "opaque", "jit", *("Axis", "Vector", "Matrix", "Scalar")):
        assert hasattr(eqsat, name) and name in dir(eqsat)


def test_rules_about_arrays_match_what_rules_with_numbers_wrote() -> None:
    def f(a, b, v):
        return np.trace(a @ b) + np.sum((2 * (v * 3.0)) / 7.0 - (-v))

    jitted = jit(fastmath=True)(f)
    a = np.eye(30) + 0.01 * X[:30]
    np.testing.assert_allclose(jitted(a, a, X[:30]), f(a, a, X[:30]), rtol=1e-12)
    assert used(jitted, "trace_of_product") and used(jitted, "sum_of_scaled")


def test_one_operation_alone_is_rewritten() -> None:
    @rule(requires={"afn"})
    def log_of_sum(a: Float, b: Float):
        """By the definition, where neither overflows."""
        return np.logaddexp(a, b), np.log(np.exp(a) + np.exp(b))

    def f(a, b):
        return np.logaddexp(a, b)

    jitted = jit(fastmath={"afn"}, rules=log_of_sum, verify="never")(f)
    np.testing.assert_allclose(jitted(X, X[::-1]), f(X, X[::-1]), rtol=1e-12)
    assert used(jitted, "log_of_sum")


def test_a_hint_that_raises_is_an_error_of_its_rule() -> None:
    @rule(requires={"reassoc"}, worth=lambda x: x[3] > 2)
    def sum_of_tripled(x: Vector):
        """A factor goes out of a sum."""
        return np.sum(x * 3.0), np.sum(x) * 3.0

    @jit(rules=sum_of_tripled, fastmath=True, verify="never")
    def f(x):
        return np.sum(x * 3.0)

    with pytest.raises(RuleError) as caught:
        f(X)
    lines = str(caught.value).splitlines()
    assert lines[0] == "rule sum_of_tripled: `worth` raised IndexError('tuple index out of range')"
    assert lines[-1] == "  shapes of x: (40,)" and len(lines) <= 6


def test_rules_over_axes_do_not_match_what_is_broadcast() -> None:
    def f(p, q):
        return np.any(p, axis=1) | np.any(q, axis=1)

    jitted = jit(rules=any_of_either)(f)
    square = GRID[:6, :6] > 0.5
    cube = np.stack([square, ~square, square.T])
    column = np.ones((6, 1), np.bool_)
    for p, q in ((square, cube), (square[:, :0], column), (square, column), (cube, column)):
        np.testing.assert_array_equal(jitted(p, q), f(p, q))
    assert not fires(any_of_either, f, square, column)
    assert fires(any_of_either, lambda p: np.any(p, axis=1) | np.any(~p, axis=1), square)
