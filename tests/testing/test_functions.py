"""The generator of random functions: programs that run, of every construct, by which wrong compilers are found out."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from collections import Counter
from functools import cache
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings

from eqsat.testing.checking import check_function, check_program, judge, plain_flaw
from eqsat.testing.functions import PLANNED, RandomFunction, functions, random_function
from eqsat.testing.isolation import Isolated
from eqsat.testing.kinds import family_of
from eqsat.testing.minimize import minimized
from tests.end_to_end.effort import examples
from tests.testing.wrong_compilers import WRONG, plain, refusing, right

COUNT = 300
CONSTRUCTS = """
alias; annotated; array: axis; array: binary; array: call; array: cast; array: compress; array: conditional;
array: created; array: gather; array: move; array: product; array: unary; array: view; array: where; assert;
assign: twice; augment: array; augment: number; break; call; call: assigned; call: result dropped; call: unpacked;
condition: and; condition: chain; condition: not; condition: number; condition: or; condition: total;
conditional expression; continue; create: arange; create: empty; create: empty_like; create: full;
create: full_like; create: ones; create: ones_like; create: zeros; create: zeros_like; docstring; element; elif;
else; for: enumerate; for: enumerate and zip; for: negative step; for: pairs; for: part of an array; for: range;
for: reversed range; for: rows; for: run-time range; for: run-time step; for: step; for: tuple;
for: tuple of arrays; for: zip; helper function; if; index: chained; index: computed; index: counter;
index: literal; index: maybe out of range; index: new axis; indexed: augmented; indexed: write; join: array;
join: number; loop variable used after the loop; loop: else; mask: augmented; mask: number; mask: values;
mathematics; maybe divided by zero; nested function; operate; out=; raise; reassign: array; reassign: number;
reduction; return: argument; return: early; return: early in a loop; return: nothing; return: one;
return: several; return: view; slice: any bounds; slice: reversed; slice: run-time bound; slice: step;
swap: elements; swap: names; swap: rows; unpack; unpack: divmod; view; while: down; while: forever; while: halved;
while: up; write: augmented element; write: augmented slice; write: element; write: same part; write: slice;
write: view of a view
"""


@cache
def some() -> tuple[RandomFunction, ...]:
    return tuple(random_function(seed) for seed in range(COUNT))


def outcome(program: RandomFunction, args: tuple[Any, ...]) -> Exception | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program.function()(*args)
        except Exception as error:
            return error
    return None


def test_programs_run_and_raise_what_is_planned_alone() -> None:
    raised = Counter[str]()
    for program in some():
        for args in program.calls():
            error = outcome(program, args)
            raised["" if error is None else type(error).__name__] += 1
            if error is not None:
                assert isinstance(error, PLANNED), program
                assert "broadcast" not in str(error) and "only integers" not in str(error), program
    assert raised[""] > 0.9 * raised.total(), raised
    assert len(raised) > 4, "some do raise"


def test_programs_end_soon() -> None:
    assert {number: flaw for number, program in enumerate(some()) if (flaw := plain_flaw(program))} == {}


def test_a_seed_is_a_program() -> None:
    code = "from eqsat.testing.functions import random_function as f; print([f(k).script for k in range(9)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == [random_function(seed).script for seed in range(9)]


def test_programs_have_every_construct() -> None:
    found = Counter(name for program in some() for name in program.used)
    wanted = {" ".join(name.split()) for name in CONSTRUCTS.split(";")}
    assert {name: found[name] for name in wanted if found[name] < 2} == {}
    assert set(found) <= wanted, "a construct that is not listed here"


def test_programs_have_every_dtype_and_rank_and_layout() -> None:
    arrays = [
        value for program in some() for args in program.calls() for value in args if isinstance(value, np.ndarray)
    ]
    assert len({array.dtype for array in arrays}) == 14
    assert {array.ndim for array in arrays} == {0, 1, 2, 3}
    assert {0, 1, 3, 6} <= {side for array in arrays for side in array.shape}
    assert any(max(array.shape, default=0) > 16 for array in arrays)
    assert any(not array.flags.aligned for array in arrays)
    assert any(not array.flags.writeable for array in arrays)
    assert any(stride < 0 for array in arrays for stride in array.strides)
    assert any(0 in array.strides and array.size > 1 for array in arrays)


def test_arguments_may_be_one_array_or_overlap() -> None:
    same = overlap = 0
    for program in some():
        for args in program.calls():
            arrays = [value for value in args if isinstance(value, np.ndarray)]
            for number, one in enumerate(arrays):
                same += any(one is other for other in arrays[:number])
                overlap += any(one is not other and np.shares_memory(one, other) for other in arrays[:number])
    assert same > 3
    assert overlap > 3


def test_a_name_keeps_its_type() -> None:
    """Names are read line by line; those whose values are known by the value alone (None) have none."""
    for program in some()[:40]:
        seen: dict[tuple[str, str], Any] = {}

        def look(frame: FrameType, event: str, _: Any) -> Any:
            if "program_" in frame.f_code.co_filename:
                for name, value in frame.f_locals.items():
                    found = (family_of(value), getattr(value, "ndim", 0))
                    if found[0] is not None:
                        place = (frame.f_code.co_name, name)
                        assert seen.setdefault(place, found) == found, (name, seen[place], found, program)
            return look

        for args in program.calls():
            seen.clear()
            sys.settrace(look)
            try:
                outcome(program, args)
            finally:
                sys.settrace(None)


@given(functions(size=8))
@examples(20)
def test_hypothesis_draws_programs(program: RandomFunction) -> None:
    for args in program.calls():
        error = outcome(program, args)
        assert error is None or isinstance(error, PLANNED)


def test_hypothesis_makes_programs_small() -> None:
    few = settings(max_examples=300, derandomize=True, database=None)
    program = find(functions(size=8), lambda made: made.used["write: slice"] > 0, settings=few)
    assert len(program.source.splitlines()) < 20, program


# -- the check itself -----------------------------------------------------------------------------------------------


def test_a_right_compiler_is_never_blamed() -> None:
    outcomes = Counter(verdict.outcome for program in some()[:150] for verdict in check_program(program, right))
    assert set(outcomes) == {"agreed", "raised"}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_compiler_is_found_out(name: str) -> None:
    for program in some():
        if judge(program, WRONG[name])[-1].outcome == "failed":
            return
    raise AssertionError(f"no program of {COUNT} tells")


def test_refusals_are_counted() -> None:
    outcomes = Counter(verdict.outcome for program in some()[:40] for verdict in check_program(program, refusing))
    assert outcomes["refused"] > 3
    assert outcomes["agreed"] > 3


LOOP = "import numpy as np\n\n\ndef program(x, n):\n    while n > 0:\n        x[n] += 1\n        n -= 1\n    return x\n"


def test_one_function_is_checked() -> None:
    args = (np.arange(4.0), 3)
    assert check_function(LOOP, *args, compiler=right).outcome == "agreed"
    assert check_function(LOOP, np.arange(2), 3, compiler=right).outcome == "raised"
    with pytest.raises(AssertionError, match="instead of"):
        check_function(LOOP.replace("n > 0", "0 < n"), *args, compiler=WRONG["less_is_less_or_equal"])
    refused = check_function(LOOP, *args, compiler=refusing)
    assert (refused.outcome, refused.detail) == ("refused", "`while` is not compiled")


def test_the_plain_function_behind_a_compiled_one_is_seen() -> None:
    args = (np.arange(4.0), 3)
    assert check_function(LOOP, *args, compiler=right).native
    assert not check_function(LOOP, *args, compiler=plain).native


@pytest.mark.parametrize("name", ["less_is_less_or_equal", "writes_of_elements_in_loops_are_lost", "views_are_copies"])
def test_failures_are_made_small(name: str) -> None:
    def fails(program: RandomFunction) -> bool:
        return judge(program, WRONG[name])[-1].sort == "wrong"

    large = next(program for program in some() if fails(program))
    small = minimized(large, fails)
    assert fails(small)
    assert len(small.arguments) == 1
    assert len(small.source.splitlines()) <= 14, small
    assert len(small.script) < len(large.script)


def test_a_script_runs_on_its_own(tmp_path: Any) -> None:
    path = tmp_path / "script.py"
    path.write_text(RandomFunction("def program(x):\n    return x + 1\n", (ONE,)).script)
    subprocess.run([sys.executable, str(path)], check=True)


ONE = "def arguments():\n    x = place(np.resize(np.array([1.0, nan]), (3,)), 'strided')\n    return (x,)\n"


def test_crashes_and_endless_loops_are_failures() -> None:
    program = RandomFunction("def program(x):\n    return x + 1\n", (ONE,))
    with Isolated(sys.exit) as process:
        assert process.judge(program)[-1].sort == "crash"
        assert process.judge(program)[-1].sort == "crash", "there is a new process"
    endless = RandomFunction("def program(x):\n    while True:\n        x += 1\n", (ONE,))
    with Isolated(plain) as process:
        assert process.judge(endless)[-1].detail == "the program does not end"
        assert process.judge(program)[-1].outcome == "agreed"
    with Isolated(plain, seconds=0.0) as process:
        assert process.judge(program)[-1].sort == "no answer"
