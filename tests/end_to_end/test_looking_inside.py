"""What users can ask a compiled function, and that it is told in full."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from eqsat import jit
from tests.end_to_end.corpus import BY_NAME

X = np.arange(8.0)


@pytest.fixture(scope="module")
def called() -> Any:
    function = jit(BY_NAME["example"].function)
    function(X, X)
    function(X.astype("f4"), X.astype("f4"))
    return function


def test_signatures_are_listed_oldest_first(called: Any) -> None:
    assert [[str(type_) for type_ in types] for types in called.signatures] == [
        ["float64[p0.0]:C", "float64[p1.0]:C"],
        ["float32[p0.0]:C", "float32[p1.0]:C"],
    ]


def test_inspect_types_prints_every_specialization(called: Any) -> None:
    text = io.StringIO()
    called.inspect_types(text)
    for word in ("float64", "float32", "multiply", "greater", "bool"):
        assert word in text.getvalue()


@pytest.mark.parametrize("method", ["inspect_loops", "inspect_llvm", "inspect_asm"])
def test_inspection_gives_a_text_for_each_signature(called: Any, method: str) -> None:
    texts = getattr(called, method)()
    assert list(texts) == called.signatures
    for signature in called.signatures:
        assert getattr(called, method)(signature) == texts[signature]
        assert len(texts[signature]) > 50


def test_llvm_holds_vector_code(called: Any) -> None:
    assert "x double>" in called.inspect_llvm(called.signatures[0])


def test_an_unknown_signature_is_a_key_error(called: Any) -> None:
    with pytest.raises(KeyError, match="not among the signatures"):
        called.inspect_llvm(())


def test_explain_tells_what_was_fused_and_by_which_rules(called: Any) -> None:
    told = called.explain(called.signatures[0])
    assert told.kernels_before == 5
    assert told.kernels_after == 1
    assert told.cost_after < told.cost_before
    assert told.rules
    text = str(told)
    for word in ("kernels", "rules that fired", "compile time", "a * b"):
        assert word in text


def test_six_lines_compile_to_the_same_loop_as_one() -> None:
    nests = []
    for name in ("example", "example_on_six_lines"):
        function = jit(BY_NAME[name].function)
        function(X, X)
        nests.append(function.inspect_loops(function.signatures[0]))
    assert nests[0] == nests[1]


def test_broadcast_sine_keeps_its_temporaries() -> None:
    function = jit(BY_NAME["broadcast_sine"].function)
    function(np.ones((1, 1000)), np.ones((100, 1)))
    assert function.explain().kernels_after > 1


def test_softmax_does_not_repeat_its_reductions() -> None:
    function = jit(BY_NAME["softmax"].function)
    function(np.ones((100, 50)))
    assert function.explain().kernels_after in (3, 4)


def test_explain_before_the_first_call_says_so() -> None:
    with pytest.raises(ValueError, match="has not been called yet"):
        jit(BY_NAME["example"].function).explain()


def test_a_second_call_of_the_same_types_compiles_nothing(called: Any) -> None:
    count = len(called.signatures)
    for size in (2, 5, 1000):
        called(np.arange(float(size)), np.ones(size))
    assert len(called.signatures) == count


def test_eqsat_can_be_turned_off() -> None:
    program = (
        "import numpy as np, sys\n"
        "from eqsat import jit\n"
        "from tests.end_to_end.corpus import example\n"
        "f = jit(example)\n"
        "assert (f(np.ones(3), np.ones(3)) == example(np.ones(3), np.ones(3))).all()\n"
        "assert f.signatures == [] and 'llvmlite' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], env={"EQSAT_DISABLE": "1"}, check=True)
