"""What is told of a specialization is true: the source of each kernel, the rules with their reasons, the costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat import jit
from eqsat.explain.story import Story
from tests.end_to_end.corpus import BY_NAME, PROGRAMS, Program

X = np.linspace(0.5, 2.0, 400)


def story_of(function: Any, *arguments: Any) -> Story:
    jitted = jit(function)
    jitted(*arguments)
    return jitted.explain().story


def halved(a, b):
    difference = a - b
    return np.sqrt(difference / 4.0)


def smoothed(u, steps):
    for _ in range(steps):
        u[1:-1] = 0.25 * u[:-2] + 0.5 * u[1:-1] + 0.25 * u[2:]
    return u


def test_a_kernel_names_the_expressions_that_went_into_it() -> None:
    (stretch,) = story_of(halved, X, X).stretches
    (kernel,) = stretch.kernels
    assert [span.source() for span in kernel.spans] == ["a - b", "difference / 4.0", "np.sqrt(difference / 4.0)"]
    assert kernel.code == ("r0 = np.sqrt((a - b) * 0.25)",)


def test_a_step_says_why_its_rule_holds_and_where_it_was_applied() -> None:
    (stretch,) = story_of(halved, X, X).stretches
    steps = {step.rule: step for step in stretch.kernels[0].steps}
    divided = steps["divide_by_power_of_two"]
    assert [span.source() for span in divided.spans] == ["difference / 4.0"]
    assert divided.count == 1
    assert divided.requires == frozenset()
    assert "exact" in divided.reason
    assert divided.written is not None
    assert divided.written.function == "divide_by_power_of_two"
    fused = steps["fuse_load_of_store"]
    assert [span.source() for span in fused.spans] == ["a - b", "difference / 4.0"]
    assert fused.written is None


def test_temporaries_are_counted_in_bytes_of_the_first_call() -> None:
    (stretch,) = story_of(halved, X, X).stretches
    assert (stretch.temporaries_before.count, stretch.temporaries_before.size) == (2, 2 * X.nbytes)
    assert (stretch.temporaries_after.count, stretch.temporaries_after.size) == (0, 0)
    assert stretch.cost_after < stretch.cost_before


def test_softmax_says_which_line_each_kernel_is_from() -> None:
    program = BY_NAME["softmax"]
    (stretch,) = story_of(program.function, *program.arguments(5000)).stretches
    texts = [[line.text.strip().partition(" = ")[0] for line in kernel.lines] for kernel in stretch.kernels]
    result = "return powers / np.sum(powers, axis=-1, keepdims=True)"
    assert texts == [["largest"], ["powers"], [result], [result]]


def test_a_loop_tells_of_its_array_work() -> None:
    story = story_of(smoothed, X.copy(), 3)
    (stretch,) = story.stretches
    assert stretch.code is not None
    assert stretch.kernels[-1].code[-1].startswith("u[1:-1] = ")
    assert all(line.text.strip().startswith("u[1:-1] =") for kernel in stretch.kernels for line in kernel.lines)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_kernel_has_code_source_and_cost(program: Program) -> None:
    story = story_of(program.function, *program.arguments(500))
    for stretch in story.stretches:
        assert stretch.code is not None, stretch.refused
        for kernel in stretch.kernels:
            assert kernel.code[-1].startswith(f"{kernel.target} = ")
            assert kernel.spans
            assert kernel.cost > 0
    source = {(line.file, line.number): line.text for line in story.source}
    spans = [span for stretch in story.stretches for kernel in stretch.kernels for span in kernel.spans]
    assert all(source[span.file, span.line] == span.text.rstrip() for span in spans)


def test_every_stage_can_be_shown() -> None:
    story = story_of(halved, X, X)
    shown = {name: text() for name, text in story.stages.items()}
    assert list(shown) == ["typed IR", "loop nests", "LLVM", "assembly"]
    assert all(shown.values())


def test_the_text_shows_code_lines_rules_and_costs() -> None:
    jitted = jit(halved)
    jitted(X, X)
    text = str(jitted.explain())
    for part in (
        "as NumPy runs it: 3 kernels, 2 temporary arrays of 6.4 kB",
        "as compiled: 1 kernel, no temporary arrays",
        "  r0 = np.sqrt((a - b) * 0.25)  # ",
        "difference = a - b\n",
        "by fuse_load_of_store x2, divide_by_power_of_two x1",
        "  divide_by_power_of_two x1: 1 / 2**k is exact",
    ):
        assert part in text, text
