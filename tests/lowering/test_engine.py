"""Loading machine code: names, lifetime, errors, threads."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading

import pytest
from llvmlite import ir

from eqsat.errors import InternalError
from lowering import engine
from lowering.symbols import C_FUNCTIONS, address_of

NUMBER = ctypes.CFUNCTYPE(ctypes.c_long)
I64 = ir.IntType(64)


def constant_function(value: int, calls: str = "") -> ir.Module:
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(I64, []), "answer")
    builder = ir.IRBuilder(function.append_basic_block())
    if calls:
        builder.call(ir.Function(module, ir.FunctionType(I64, []), calls), [])
    builder.ret(I64(value))
    return module


def test_modules_with_the_same_names_live_side_by_side() -> None:
    loaded = [engine.load(constant_function(n), {}) for n in range(5)]
    assert [NUMBER(one.address("answer"))() for one in loaded] == list(range(5))
    for one in loaded:
        one.unload()
        one.unload()  # a second time changes nothing


def test_code_outlives_the_object_that_stands_for_it() -> None:
    address = engine.load(constant_function(7), {}).address("answer")
    assert NUMBER(address)() == 7


def test_a_name_that_nobody_supplies_is_an_error_that_says_so() -> None:
    with pytest.raises(InternalError, match="generated code names 'nobody', whose address nobody knows"):
        engine.load(constant_function(1, calls="nobody"), {})


def test_the_ir_and_the_machine_code_can_be_read() -> None:
    loaded = engine.load(str(constant_function(1234567)), {})
    assert "i64 1234567" in loaded.llvm
    assert "1234567" in loaded.asm()


def test_threads_may_load_at_the_same_time() -> None:
    found: list[int] = []

    def work(value: int) -> None:
        for k in range(5):
            loaded = engine.load(constant_function(value + k), {})
            found.append(NUMBER(loaded.address("answer"))())
            loaded.unload()

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(100 * n + k for n in range(4) for k in range(5))


def test_every_c_function_has_an_address() -> None:
    assert all(address_of(name) for name in C_FUNCTIONS)
    assert address_of("no such name") is None


def test_vector_width_follows_the_features_of_the_processor() -> None:
    assert engine.vector_bytes_of({}) == 16
    assert engine.vector_bytes_of({"avx2": True}) == 32
    assert engine.vector_bytes_of({"avx2": True, "avx512f": True}) == 32
    assert engine.vector_bytes_of(dict.fromkeys(["avx512f", "avx512dq", "avx512bw", "avx512vl"], True)) == 64


def test_a_process_that_loaded_code_ends_quietly() -> None:
    script = "from lowering import engine; x = engine.load('define i64 @f() {\\n ret i64 3\\n}\\n', {}); print(x.llvm)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "ret i64 3" in done.stdout and not done.stderr
