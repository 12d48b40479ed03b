"""Everything that is read from outside a function is recorded, with what it was."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest

from eqsat.ir.region import ABSENT
from tests.frontend import odd_module
from tests.frontend.translating import translated

A = np.ones((2, 3))
SCALE = 2.0


def helper(x):
    return x * SCALE


def captures(function, *arguments) -> set[tuple[str, str, int]]:
    places = {id(globals()): "module", id(vars(builtins)): "builtins", id(vars(odd_module)): "odd_module"}
    places[id(helper)] = "helper"
    found = translated(function, *arguments).captures
    return {(places.get(id(capture.namespace), "cell"), capture.key, capture.value) for capture in found}


def test_helpers_their_code_and_their_globals_are_captured():
    assert captures(lambda a: helper(a), A) == {
        ("module", "helper", helper),
        ("helper", "__code__", helper.__code__),
        ("module", "SCALE", SCALE),
    }


def test_a_builtin_is_captured_together_with_the_absence_of_a_global():
    found = captures(lambda a: abs(a), A)
    assert found == {("builtins", "abs", abs), ("module", "abs", ABSENT)}


def test_cells_of_a_closure_are_captured():
    def make(scale):
        return lambda a: a * scale

    assert captures(make(3.0), A) == {("cell", "scale", 3.0)}


def test_attributes_of_user_modules_are_captured_and_numpys_are_not():
    found = captures(lambda a: np.sqrt(a) * math.pi * odd_module.ALPHA, A)
    assert found == {
        ("module", "np", np),
        ("module", "math", math),
        ("module", "odd_module", odd_module),
        ("odd_module", "ALPHA", odd_module.ALPHA),
    }


def test_names_that_are_not_reached_are_not_captured():
    assert captures(lambda a: a if True else helper(a), A) == set()


@pytest.mark.parametrize("change", ["rebind", "delete", "hide a builtin", "fill a cell"])
def test_a_capture_holds_until_the_name_is_rebound(change, monkeypatch):
    def make(scale):
        def set_scale(value):
            nonlocal scale
            scale = value

        return (lambda a: helper(a) * abs(scale)), set_scale

    function, set_scale = make(1.0)
    region = translated(function, A)
    assert all(capture.holds() for capture in region.captures)
    module = globals()
    if change == "rebind":
        monkeypatch.setitem(module, "SCALE", 3.0)
    elif change == "delete":
        monkeypatch.delitem(module, "SCALE")
    elif change == "hide a builtin":
        monkeypatch.setitem(module, "abs", len)
    else:
        set_scale(2.0)
    assert [capture.key for capture in region.captures if not capture.holds()] == [
        {"hide a builtin": "abs", "fill a cell": "scale"}.get(change, "SCALE")
    ]
