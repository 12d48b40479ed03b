"""The front door: a program in, machine code out, with the real kernels."""

from __future__ import annotations

import numpy as np
import pytest

from eqsat.errors import InternalError
from eqsat.frontend.arguments import type_of
from eqsat.ir.nodes import Constant
from eqsat.ir.program import Apply, Argument, Buffer, Kernel, Known, Load, Program
from eqsat.ir.region import Region, TupleOf
from eqsat.ir.span import NOWHERE
from eqsat.ir.view import identity
from lowering import compile as compiling
from lowering.compile import compile
from lowering.engine import load

F8 = np.dtype("f8")


def scaled(kit, x: np.ndarray) -> Program:
    """(x, factor) -> (x * factor + 1.0, factor)."""
    params = kit.params(x, 2.5)
    type_ = params[0].type
    node = kit.node("add", type_)
    source = Buffer("x", F8, type_.shape, type_.layout.order, "param", 0)
    out = kit.buffer("out", type_)
    product = Apply("multiply", "dd->d", (Load(source, identity(x.ndim)), Argument(1, F8)), F8)
    term = Apply("add", "dd->d", (product, Known(Constant.of(1.0, F8))), F8)
    region = Region("scaled", params, TupleOf((node, kit.param(params, 1))), (), (), (), NOWHERE)
    return Program(region, (Kernel(out, term, 1.0),), {node: out})


@pytest.fixture
def scaled_call(kit):
    def make(x):
        call = kit.accepting(None)
        call.native = compile(scaled(kit, x))
        call.install(call.native.entry)
        return call

    return make


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 63, 1000, 40_000])
def test_a_program_gives_numpys_bits_at_every_size(scaled_call, n):
    x = np.random.default_rng(n).standard_normal(n)
    call = scaled_call(np.zeros(5) if n != 1 else np.zeros(1))
    result, same = call(x, 0.1)
    assert result.tobytes() == (x * 0.1 + 1.0).tobytes() and same == 0.1


def test_a_program_takes_the_memory_order_that_it_was_made_for(scaled_call):
    for x in (
        np.random.default_rng(0).standard_normal((5, 6)).T,
        np.arange(20.0)[::-2],
        np.arange(24.0).reshape(4, 6)[:, ::3],
    ):
        result, _ = scaled_call(x)(x, 0.1)
        assert result.tobytes("A") == (x * 0.1 + 1.0).tobytes("A") and result.strides == (x * 0.1).strides


def test_overflow_in_a_kernel_is_an_event(scaled_call):
    x = np.array([1e308, 1.0])
    kind, result, flags, args = scaled_call(x)(x, 10.0)
    assert kind == "flagged" and np.isinf(result[0][0]) and flags == 8 and args == (x, 10.0)


def test_everything_can_be_looked_at(kit):
    native = compile(scaled(kit, np.zeros(5)))
    assert "entry" in native.llvm and "entry" in native.asm() and "out" in native.loops
    assert str(id(np.ndarray)) not in native.llvm, "the code holds names of objects, not their addresses"


def test_code_that_names_what_nobody_knows_is_refused():
    with pytest.raises(InternalError, match="'unheard'"):
        load("declare void @unheard()\ndefine void @f() { call void @unheard() ret void }", {})


def test_the_module_offers_what_the_pipeline_asks_for(kit):
    native = compiling.compile(scaled(kit, np.zeros(5)))
    assert isinstance(native.entry, int) and native.set_next(0) is None and native.program.region.name == "scaled"
    assert type_of(np.zeros(5), 0) == native.program.region.params[0].type
