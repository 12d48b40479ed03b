"""Whatever the rules do, every result keeps its bits, and NumPy's floating-point flags stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat.errors import EqsatError, PythonRaises
from eqsat.rules.api import RuleBook
from eqsat.testing import RandomProgram, arrays, dtypes, programs
from eqsat.testing.random_programs import define
from tests.egraph.executing import assert_means_the_same, execute, optimized, sizes_for

FLOATS = (
    "-{0}", "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} * 1", "{0} * -1", "{0} * 2", "{0} / 4",
    "{0} / -0.5", "{0} - 0.0", "{0} + -0.0", "-0.0 - {0}", "np.abs({0})", "np.square({0})", "np.copysign({0}, {1})",
    "np.floor({0})",
    "np.rint({0})", "np.trunc({0})", "np.maximum({0}, {1})", "np.where({0} < {1}, {0}, {1})", "np.reciprocal({0})",
    "np.where({0} != {0}, -{0}, -{1})", "np.where(~({0} == {1}), {0}, {1})", "{0}[::-1]", "{0}[1:-1].sum() * {1}",
    "{0}.T", "{0} - {1}.max()", "np.negative({0})", "{0} * 3 / 2", "np.float32({0}).astype(float) + {1}",
)  # fmt: skip
INTEGERS = (
    "-{0}", "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} + 0", "0 - {0}", "{0} * 0", "{0} - {0}", "{0} * 3 + {0}",
    "({0} + 5) - 7", "({0} * 3) * 5", "{0} * {1} + {0} * 7", "~{0}", "{0} & {1}", "{0} | {1}", "{0} ^ {1}",
    "~{0} & ~{1}", "({0} ^ {1}) ^ {1}", "np.where({0} < {1}, {0}, {1})", "np.where({0} > 0, {0}, -{0})", "np.abs(-{0})",
    "~(-{0})",
    "np.maximum({0}, np.minimum({0}, {1}))", "{0} // 1", "{0} << 0", "({0} == {0}) * {1}", "{0}.astype(np.int64) + {1}",
    "np.where(~({0} < {1}), {0} + {1}, {1} + {1})", "{0}[::-1]", "{0}.sum() + {1}",
    "{0}.astype(np.int8).astype(np.int64)",
)  # fmt: skip


@st.composite
def algebraic(draw: st.DrawFn, forms: tuple[str, ...], kinds: str) -> RandomProgram:
    """A program of the forms that rules are about."""
    dtype = draw(dtypes(kinds))
    shape = draw(st.sampled_from([(7,), (3, 3), (5,), (0,), (2, 2)]))
    arguments = [draw(arrays(st.just(dtype), shape)) for _ in range(2)]
    lines, names = ["def program(a, b):"], ["a", "b"]
    for number in range(draw(st.integers(1, 5))):
        form = draw(st.sampled_from(forms))
        lines.append(f"    t{number} = {form.format(draw(st.sampled_from(names)), draw(st.sampled_from(names)))}")
        names.append(f"t{number}")
    others = draw(st.lists(st.sampled_from(names[2:]), max_size=2))
    lines.append(f"    return {', '.join([names[-1], *others])}")
    source = "\n".join(["import numpy as np", "", "", *lines, ""])
    return RandomProgram(source, define(source, "program"), tuple(arguments))


def check(program: RandomProgram) -> None:
    try:
        made = optimized(program.function, *program.arguments)
    except (PythonRaises, EqsatError):
        return  # NumPy's own error, or what eqsat does not compile: no program to compare
    assert "wrong" not in made.report.stop
    assert made.report.cost_after <= made.report.cost_before
    assert_means_the_same(made, program.arguments)
    plain = optimized(program.function, *program.arguments, book=RuleBook(()))
    assert flags_of_program(made, program.arguments) == flags_of_program(plain, program.arguments), made.report.after


def flags_of_program(made: Any, arguments: tuple[Any, ...]) -> set[str]:
    region = made.program.region
    everything = [*arguments, *(param.captured for param in region.params[len(arguments) :])]
    return _flags(lambda: execute(made.program, everything, sizes_for(region, arguments)))


def _flags(act: Any) -> set[str]:
    seen: set[str] = set()
    with np.errstate(all="call", call=lambda kind, _: seen.add(kind)):
        act()
    return seen


@settings(max_examples=40)
@given(programs(finite=False))
def test_any_program_keeps_its_bits(program: RandomProgram) -> None:
    check(program)


@settings(max_examples=60)
@given(algebraic(FLOATS, "f"))
def test_float_programs_keep_their_bits(program: RandomProgram) -> None:
    check(program)


@settings(max_examples=60)
@given(algebraic(INTEGERS, "iu"))
def test_integer_programs_keep_their_bits(program: RandomProgram) -> None:
    check(program)


@pytest.mark.parametrize("text", ["{0} + {1}", "-{0} * {1}", "{0}.real + {1}.imag[::-1]", "np.angle({0})[1:-1].sum()"])
def test_complex_programs_keep_their_bits(text: str) -> None:
    source = (
        f"import numpy as np\ndef program(a, b):\n    t = {text.format('a', 'b')}\n    return t * b + t, -(-t) - t\n"
    )
    values = np.array([1 + 2j, complex(np.inf, np.nan), complex(-0.0, 0.0), 3e300 - 1e-300j])
    check(RandomProgram(source, define(source, "program"), (values, values[::-1].copy())))
