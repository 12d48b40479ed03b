"""Rules are made of ordinary expressions; what is ill-formed is refused with its name, line and remedy."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.errors import RuleError
from eqsat.rules.api import Bool, Complex, Float, Int, Number, Pattern, exact_reciprocal, is_constant, rule, rules
from eqsat.rules.book import DEFAULT
from eqsat.rules.pattern import FloatMatrix, FloatScalar, FloatVector, Inexact, Vector


def test_a_rule_is_made_of_numpy_expressions() -> None:
    @rule
    def example(p: Bool, a: Float, b: Float):
        """Both branches are negated."""
        return np.where(p & (a < 0.5), -a, np.negative(b)), -np.where(p & (a < 0.5), a, b)

    assert example.name == "example"
    assert example.reason == "Both branches are negated."
    assert example.kind == "Float" and example.kinds == (("p", "Bool"), ("a", "Float"), ("b", "Float"))
    assert str(example.left) == "select(bitwise_and(p, less(a, 0.5)), negative(a), negative(b))"
    assert str(example.right) == "negative(select(bitwise_and(p, less(a, 0.5)), a, b))"
    assert example.requires == frozenset() and example.when == () and example.dropped == ()
    assert example.span.file == __file__ and example.span.function == "example"


def test_a_rule_can_ask_for_flags_and_about_constants() -> None:
    @rule(requires={"arcp"}, when=lambda c: exact_reciprocal(c))
    def example(x: Float, c: Float):
        """Division by a constant."""
        return x / c, x * (1 / c)

    assert example.requires == {"arcp"}
    assert [(one.test, one.variable) for one in example.when] == [("exact_reciprocal", "c")]


def refused(message: str, have: str = "") -> pytest.RaisesExc[RuleError]:
    return pytest.raises(RuleError, match=message)


def test_a_variable_of_the_right_side_alone_is_refused() -> None:
    with refused("rule loose: only the right side has b"):

        @rule
        def loose(a: Float, b: Float):
            """Wrong."""
            return -a, a + b


def test_an_unused_variable_is_refused() -> None:
    with refused("rule unused: the left side does not use b"):

        @rule
        def unused(a: Float, b: Float):
            """Wrong."""
            return -a, a


def test_a_variable_without_a_kind_is_refused() -> None:
    with refused("rule untyped: b needs a kind\n.*\n.*\n.*\n  instead: one of Float, Complex, Signed"):

        @rule
        def untyped(a: Float, b):  # type: ignore[no-untyped-def]
            """Wrong."""
            return a + b, b + a


def test_a_rule_without_a_reason_is_refused() -> None:
    with refused("rule silent gives no reason"):

        @rule
        def silent(a: Float):
            return -(-a), a


def test_mixed_kinds_are_refused() -> None:
    with refused("rule mixed mixes Float, Int"):

        @rule
        def mixed(a: Float, b: Int):
            """Wrong."""
            return a + b, b + a


def test_sides_of_different_dtype_are_refused() -> None:
    with refused("rule uneven: the sides differ in dtype"):

        @rule
        def uneven(a: Float, b: Float):
            """Wrong."""
            return a < b, a - b


def test_one_side_is_refused() -> None:
    with refused("rule single must return two sides, left and right"):

        @rule
        def single(a: Float):
            """Wrong."""
            return -a


def test_a_bare_left_side_is_refused() -> None:
    with refused("rule bare: the left side must be an operation"):

        @rule
        def bare(a: Float):
            """Wrong."""
            return a, -(-a)


def test_unknown_functions_are_refused() -> None:
    with refused("rule unknown: np.modf with method '__call__' and \\[\\] is no pattern"):

        @rule
        def unknown(a: Float):
            """Wrong."""
            return np.modf(a)[0], a

    with refused("rule sorting: sort is no pattern; see docs/rules.md for what is"):

        @rule
        def sorting(a: Float):
            """Wrong."""
            return np.sort(a), a


def test_python_conditions_are_refused() -> None:
    with refused("rule branching: a pattern is neither true nor false"):

        @rule
        def branching(a: Float):
            """Wrong."""
            return (-a, a) if a > 0 else (a, -a)


def test_logic_of_numbers_and_complex_predicates_are_refused() -> None:
    with refused("rule logical: logical_not is for Bool"):

        @rule
        def logical(a: Float):
            """Wrong."""
            return np.logical_not(a), np.equal(a, 0)

    with refused("rule magnitude: absolute changes a complex dtype"):

        @rule
        def magnitude(a: Complex):
            """Wrong."""
            return np.absolute(-a), np.absolute(a)

    with refused("rule chosen: where needs a bool and two of one dtype"):

        @rule
        def chosen(a: Number):
            """Wrong."""
            return np.where(a, a, a), a


def test_conditions_must_be_known_ones() -> None:
    with refused("rule asking: `when` must return guards, not True"):

        @rule(when=lambda a: True)
        def asking(a: Float):
            """Wrong."""
            return -(-a), a

    with refused("rule elsewhere: `when` asks about b, which is no variable"):

        @rule(when=lambda b: exact_reciprocal(b))
        def elsewhere(a: Float):
            """Wrong."""
            return -(-a), a


def test_messages_are_short_and_show_the_line() -> None:
    with pytest.raises(RuleError) as caught:

        @rule
        def loose(a: Float, b: Float):
            """Wrong."""
            return -a, a + b

    lines = str(caught.value).splitlines()
    assert len(lines) <= 6
    assert __file__ in lines[1] and "@rule" in lines[2]


def test_two_rules_of_one_name_are_refused() -> None:
    @rule
    def multiply_by_one(a: Float):
        """The name of a rule that is there."""
        return 1 * a, a

    with refused("two rules are called multiply_by_one\n.*\n.*\n.*\n  instead: give one of them another name"):
        DEFAULT + rules(multiply_by_one)


def test_a_rule_that_comes_twice_is_in_the_book_once() -> None:
    assert DEFAULT + rules(DEFAULT.rules[0]) == DEFAULT


def test_a_book_without_a_rule_that_it_never_had_is_refused() -> None:
    with refused("no rule is called no_such_rule"):
        DEFAULT.without("no_such_rule")


def test_the_book_grants_rules_by_their_flags() -> None:
    @rule(requires={"reassoc"})
    def reassociated(a: Float, b: Float):
        """Not exact."""
        return (a + b) - b, a + (b - b)

    book = DEFAULT + rules(reassociated)
    assert book.granted(frozenset()) == DEFAULT
    assert reassociated in book.granted(frozenset({"reassoc"})).rules


def test_patterns_compare_by_structure() -> None:
    a, b = Pattern("variable", (), "a"), Pattern("variable", (), "b")
    assert (a + b).same(a + b) and not (a + b).same(b + a)
    assert not Pattern("literal", (), 0.0).same(Pattern("literal", (), -0.0))


def test_real_kinds_with_axes_keep_complex_numbers_out() -> None:
    @rule(requires={"reassoc"})
    def sum_of_scaled(c: FloatScalar, x: FloatVector, a: FloatMatrix):
        """A factor is taken out; for complex numbers the absolute values would be others."""
        return np.sum(np.abs(c * x) @ np.abs(a)), np.abs(c) * np.sum(np.abs(x) @ np.abs(a))

    assert sum_of_scaled.kinds == (("c", "FloatScalar"), ("x", "FloatVector"), ("a", "FloatMatrix"))

    with refused("rule of_any_number: the sides differ in dtype: complex128 and float64"):

        @rule(requires={"reassoc"})
        def of_any_number(x: Vector):
            """The absolute value of a complex number is a float."""
            return np.sum(x * x), np.sum(np.abs(x) * np.abs(x))


def test_options_of_rules_are_checked() -> None:
    with refused("rule hasty: fast is no fast-math flag\n.*\n.*\n.*\n  instead: some of nnan, ninf"):

        @rule(requires={"fast"})
        def hasty(a: Float):
            """Wrong."""
            return -(-a), a

    with pytest.raises(TypeError, match="requires='nnan' is a string; write a set of flags"):
        rule(requires="nnan")
    with pytest.raises(TypeError, match="rule expects a Python function, not int"):
        rule(3)  # type: ignore[call-overload]
    with refused("rule lopsided: two-way needs all variables on both sides"):

        @rule(two_way=True)
        def lopsided(a: Float):
            """Wrong."""
            return -(-a), a

    with refused("rule doubtful: `worth` asks about b, which is no variable"):

        @rule(worth=lambda b: b[0] > 1)
        def doubtful(a: Float):
            """Wrong."""
            return -(-a), a


def test_what_a_rule_raises_is_told() -> None:
    with refused("rule failing raised ZeroDivisionError"):

        @rule
        def failing(a: Float):
            """Wrong."""
            return a + 1 // 0, a


def test_guards_are_asked_of_variables_and_kinds_of_arrays_stand_with_arrays() -> None:
    with refused("rule of_parts: is_constant is asked of a variable, not of negative"):

        @rule(when=lambda a: is_constant(-a))
        def of_parts(a: Float):
            """Wrong."""
            return -(-a), a

    with refused("rule inexact: Inexact is for arrays\n.*\n.*\n.*\n  instead: Float or Complex"):

        @rule
        def inexact(a: Inexact):
            """Wrong."""
            return -(-a), a
