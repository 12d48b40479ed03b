"""Floating-point events, false checks, failures: the ways from native code to Python, and what is left behind."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import sys

import numpy as np
import pytest

from eqsat.errors import InternalError
from eqsat.frontend.arguments import type_of
from eqsat.ir.region import TupleOf
from lowering import events, flags, python_api, shared
from lowering.frame import Status

FENV = ctypes.CDLL(ctypes.util.find_library("m"))
FENV_BITS = {1: flags.INVALID, 4: flags.DIVIDE, 8: flags.OVERFLOW, 16: flags.UNDERFLOW}
INEXACT = 32 if flags.UNDERFLOW == 16 else 16
NAMES = {"invalid": 1, "divide": 4, "over": 8, "under": 16}
IGNORE = dict.fromkeys(NAMES, "ignore")


def fenv(raised: int) -> int:
    """Our flags as those of <fenv.h>."""
    return sum(bit for flag, bit in FENV_BITS.items() if raised & flag)


def raising(kit, raised: int):
    """A callable (x) -> -x whose run raises these floating-point flags."""
    x = np.arange(3.0)
    params = kit.params(x)
    node = kit.node("negative", params[0].type, kit.param(params, 0))

    def work(memory):
        memory.result("out")[:] = -memory.array(0)
        FENV.feclearexcept(fenv(31))
        FENV.feraiseexcept(fenv(raised))

    return kit.call(kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items()), work)


@pytest.mark.parametrize("raised", [1, 4, 8, 16, 5, 9, 12, 24, 25, 29])
def test_python_is_asked_about_events_that_are_not_ignored(kit, raised):
    call, x = raising(kit, raised), np.arange(3.0)
    for wanted in (*({**IGNORE, name: "warn"} for name in NAMES), IGNORE, dict.fromkeys(NAMES, "raise"), None):
        with np.errstate(**(wanted or {})):
            modes = np.geterr()
            answer = call(x)
        due = any(modes[name] != "ignore" and raised & bit for name, bit in NAMES.items())
        if due:
            kind, result, seen, args = answer
            assert kind == "flagged" and seen == raised and args == (x,) and args[0] is x
        else:
            result = answer
        assert isinstance(result, np.ndarray) and result.tolist() == [0, -1, -2]


def test_flags_from_before_the_call_are_not_the_calls(kit):
    params = kit.params(np.arange(3.0))
    node = kit.node("negative", params[0].type, kit.param(params, 0))
    call = kit.call(kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items()))
    x = np.arange(3.0)
    FENV.feraiseexcept(fenv(31))
    assert isinstance(call(x), np.ndarray)


def test_no_event_outlives_the_call_as_with_a_ufunc(kit):
    call = raising(kit, 31)
    with np.errstate(**IGNORE):
        call(np.arange(3.0))
        assert FENV.fetestexcept(fenv(31)) == 0


def test_inexact_results_are_no_event(kit):
    call = raising(kit, 0)
    FENV.feraiseexcept(INEXACT)
    assert isinstance(call(np.arange(3.0)), np.ndarray)


def test_an_error_state_that_cannot_be_read_is_pythons_to_judge(kit, monkeypatch):
    monkeypatch.setattr(python_api, "error_state", lambda: None)
    monkeypatch.setattr(shared, "_load", functools.cache(shared._load.__wrapped__))
    call = raising(kit, 16)
    with np.errstate(**IGNORE):
        assert call(np.arange(3.0))[0] == "flagged"


def test_the_error_state_of_this_numpy_is_read():
    assert python_api.error_state() is not None


@pytest.mark.parametrize("spare", [None, "not a capsule"])
def test_a_strange_error_state_is_not_read(monkeypatch, spare):
    import contextvars

    python_api.error_state.cache_clear()
    variable = contextvars.ContextVar("strange", default=spare) if spare else None
    monkeypatch.setattr(python_api.umath, "_extobj_contextvar", variable)
    assert python_api.error_state() is None
    python_api.error_state.cache_clear()


# -- checks and failures ----------------------------------------------------------------------------------------------


def test_a_false_check_runs_the_call_in_python_with_the_same_arguments(kit):
    x, y = np.arange(3.0), 5
    params = kit.params(x, y)
    nodes = [kit.node("negative", params[0].type, kit.param(params, 0)) for _ in range(2)]
    buffers = {node: kit.buffer(f"out{i}", params[0].type) for i, node in enumerate(nodes)}
    call = kit.call(kit.program(params, TupleOf(tuple(nodes)), buffers.items()), Status.CHECK_FAILED)
    kind, args = call(x, y)
    assert kind == "rerun" and args[0] is x and args[1] is y


def test_running_out_of_memory_in_the_run_is_a_memory_error(kit):
    x = np.arange(3.0)
    params = kit.params(x)
    node = kit.node("negative", params[0].type, kit.param(params, 0))
    program = kit.program(params, node, {node: kit.buffer("out", params[0].type)}.items())
    with pytest.raises(MemoryError):
        kit.call(program, Status.NO_MEMORY)(x)


@pytest.mark.parametrize("method", ["_miss", "_rerun", "_flagged"])
def test_what_python_raises_or_lacks_is_passed_on(kit, method):
    calls = {"_miss": kit.accepting(1.0), "_rerun": kit.call(kit.accepting(1).native.program, Status.CHECK_FAILED)}
    calls["_flagged"] = raising(kit, 1)
    args = {"_miss": ("x",), "_rerun": (1,), "_flagged": (np.arange(3.0),)}[method]
    call = calls[method]

    def failing(*_):
        raise ZeroDivisionError("from Python")

    setattr(call, method, failing)
    with pytest.raises(ZeroDivisionError, match="from Python"):
        call(*args)

    class Bare(type(call).__mro__[1]):
        def __call__(self):
            return None

    bare = Bare()
    bare.install(call.native.entry)
    with pytest.raises(AttributeError, match=method):
        bare(*args)


def test_no_reference_is_lost_or_kept_on_any_way(kit):
    x, wrong = np.arange(3.0), np.arange(4)
    params = kit.params(x)
    node = kit.node("negative", params[0].type, kit.param(params, 0))
    program = kit.program(params, TupleOf((node, node)), {node: kit.buffer("out", params[0].type)}.items())
    huge = kit.params(1)
    calls = [kit.call(program, status) for status in Status] + [raising(kit, 1), raising(kit, 16)]
    del huge
    tracked = [x, wrong, np.dtype("f8"), np.ndarray, *calls]
    before = [sys.getrefcount(one) for one in tracked]
    for _ in range(300):
        for call in calls:
            for args, kwargs in (((x,), {}), ((wrong,), {}), ((x,), {"k": x}), ((), {})):
                with contextlib.suppress(MemoryError):
                    call(*args, **kwargs)
    after = [sys.getrefcount(one) for one in tracked]
    assert all(abs(a - b) < 50 for a, b in zip(after, before, strict=True)), (before, after)


# -- probes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        ("ARRAY", python_api.ArrayFields(strides=python_api.ARRAY.extents), "array struct"),
        ("ARRAY", python_api.ArrayFields(flags=python_api.ARRAY.ndim), "array struct"),
        ("DTYPE", python_api.DTypeFields(number=python_api.DTYPE.number + 4), "dtype struct"),
        ("_ARRAY_TYPE_SLOT", 3, "C-API table"),
    ],
)
def test_a_numpy_that_is_built_otherwise_is_refused(monkeypatch, place, value, text):
    monkeypatch.setattr(python_api, place, value)
    python_api.addresses.cache_clear()
    with pytest.raises(InternalError, match=f"NumPy's {text} is not as expected"):
        python_api.addresses()
    monkeypatch.undo()
    assert set(python_api.addresses()) == set(python_api.SIGNATURES)


def test_every_supported_scalar_has_its_number_behind_the_header():
    python_api.verify_python_numbers()
    for char in "?bBhHiIlLqQefdFD":
        python_api.verify_scalar(np.dtype(char).type)
    assert type_of(np.float16(1), 0).dtype == np.float16 and events.FLAGS == 29
