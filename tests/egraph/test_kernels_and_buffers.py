"""Which kernels and buffers a program gets: decided by rules and cost, never by how the program was written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from eqsat.egraph.optimize import Budgets, Optimized, optimize
from eqsat.errors import InternalError
from eqsat.ir.body import Block, Body
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.program import Apply, Buffer, Fold, Load, Term, walk
from eqsat.ir.region import Param, Region
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Scalar
from eqsat.rules.book import DEFAULT
from eqsat.testing.random_programs import define
from tests.egraph.executing import assert_means_the_same, optimized

A, B = np.linspace(0.5, 2, 1000), np.linspace(-1, 3, 1000)


def chain(a, b):
    t = a * b
    u = 4.1 * a
    v = t - u
    w = 2.5 * b
    return v > w


def softmax(x):
    m = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - m)
    return e / np.sum(e, axis=-1, keepdims=True)


def broadcast_sine(x, y):
    return np.sin(x**2) + np.cos(y**2)


def shared_exponential(x):
    e = np.exp(x)
    return e + 1, e * 3


def shared_sum(x, y):
    t = x + y
    return t * 3, t * 5


def operations(made: Optimized, name: str) -> list[Apply]:
    """Every place in the program where an operation is computed."""
    terms: list[Term] = [kernel.term for kernel in made.program.kernels]
    found: list[Apply] = []
    for term in terms:
        found += [part for part in walk([term]) if isinstance(part, Apply) and part.name == name]
    return found


def kernel_of(made: Optimized, name: str) -> Buffer:
    """What the kernel fills that computes an operation."""
    return next(
        k.target for k in made.program.kernels if any(isinstance(p, Apply) and p.name == name for p in walk([k.term]))
    )


def test_statements_fuse_into_one_kernel() -> None:
    made = optimized(chain, A, B)
    assert (made.report.kernels_before, made.report.kernels_after) == (5, 1)
    assert made.program.temporaries == ()
    assert made.report.after == "r0: bool[p0.0] = a * b - a * 4.1 > b * 2.5"


def test_without_the_fusion_rule_nothing_fuses() -> None:
    made = optimized(chain, A, B, book=DEFAULT.without("fuse_load_of_store"))
    assert len(made.program.kernels) == 5
    assert len(made.program.temporaries) == 4


def test_softmax_keeps_the_exponential_and_inlines_the_difference() -> None:
    x = np.ones((1000, 200))
    made = optimized(softmax, x)
    assert [type(k.term).__name__ for k in made.program.kernels] == ["Fold", "Apply", "Fold", "Apply"]
    assert len(operations(made, "exp")) == 1
    assert kernel_of(made, "subtract") is kernel_of(made, "exp")
    assert [len(t.shape) for t in made.program.temporaries] == [1, 2, 1]


def test_what_stays_within_a_row_is_kept_however_many_rows_there_are() -> None:
    made = optimized(softmax, np.ones((10_000, 100)))  # too much for the cache as a whole, little as a row
    assert made.report.after.count("exp(") == 1


def test_softmax_of_short_rows_gets_another_plan() -> None:
    long, short = (optimized(softmax, np.ones(shape)) for shape in ((1000, 200), (1000, 4)))
    assert long.report.after != short.report.after


def test_broadcast_sines_are_computed_once_for_each_of_their_own_elements() -> None:
    made = optimized(broadcast_sine, np.ones((1, 1000)), np.ones((100, 1)))
    sine, cosine = kernel_of(made, "sin"), kernel_of(made, "cos")
    assert [str(d) for d in sine.shape] == ["1", "p0.1"]
    assert [str(d) for d in cosine.shape] == ["p1.0", "1"]
    assert len(made.program.kernels) == 3


def test_a_shared_exponential_is_computed_once() -> None:
    made = optimized(shared_exponential, A)
    assert len(operations(made, "exp")) == 1


def test_a_shared_sum_is_cheaper_twice_than_stored() -> None:
    made = optimized(shared_sum, A, B)
    assert made.program.temporaries == ()
    assert len(operations(made, "add")) == 2


def test_a_shared_part_of_one_kernel_is_one_object() -> None:
    made = optimized(function_of("np.exp(a) * (np.exp(a) + b) + b * a - a * b"), A, B)
    assert len(made.program.kernels) == 1
    assert len(operations(made, "exp")) == 1
    assert len(operations(made, "multiply")) == 2  # b * a is a * b


def function_of(text: str) -> Callable[..., Any]:
    return define(f"import numpy as np\n\n\ndef made(a, b):\n    return {text}\n", "made")


def test_equal_results_get_memory_of_their_own_and_the_same_result_once() -> None:
    made = optimized(function_of("a * 2, 2 * a"), A, B)
    first, second = (made.program.values[node] for node in made.program.region.result_nodes())
    assert isinstance(first, Buffer) and isinstance(second, Buffer) and first != second
    twice = optimized(same_twice, A, B)
    assert len({id(node) for node in twice.program.region.result_nodes()}) == 1
    assert len(twice.program.kernels) == 1


def same_twice(a, b):
    t = a * b
    return t, t


def test_a_neutral_operation_still_returns_new_memory() -> None:
    made = optimized(function_of("a * 1"), A, B)
    (kernel,) = made.program.kernels
    assert kernel.target.role == "result"
    assert isinstance(kernel.term, Load) and kernel.term.buffer.role == "param"


def test_parameters_and_their_views_need_no_kernel() -> None:
    made = optimized(function_of("a, a[1:], b"), A, B)
    assert made.program.kernels == ()
    nodes = list(made.program.region.result_nodes())
    assert isinstance(made.program.values[nodes[0]], Buffer)
    assert nodes[1] not in made.program.values


def test_a_view_of_new_memory_lies_as_numpys_view_does() -> None:
    made = optimized(function_of("(a * b).T"), np.ones((3, 4)), np.ones((3, 4)))
    (kernel,) = made.program.kernels
    assert kernel.target.order == (1, 0)
    assert_means_the_same(made, (np.ones((3, 4)), np.ones((3, 4))))


def test_scalars_are_terms_unless_something_must_be_loaded() -> None:
    made = optimized(function_of("a * 2.0 + b"), 1.5, 2.0)
    (node,) = made.program.region.result_nodes()
    assert isinstance(made.program.values[node], Apply) and made.program.kernels == ()
    summed = optimized(function_of("(a * b).sum() / a[0]"), A, B)
    (node,) = summed.program.region.result_nodes()
    value = summed.program.values[node]
    assert isinstance(value, Buffer) and value.shape == () and value.role == "result"


def test_a_reduction_is_the_root_of_its_kernel() -> None:
    made = optimized(function_of("(a - a.mean()) / np.sqrt(((a - a.mean())**2).mean()) + b.max()"), A, B)
    assert sum(isinstance(k.term, Fold) for k in made.program.kernels) == 3
    assert_means_the_same(made, (A, B))


def test_a_slice_of_a_quotient_is_not_cut_short() -> None:
    """NumPy divides by b[0] too, and warns if that is zero."""
    made = optimized(function_of("(a / b)[1:] + 1.0"), A, B)
    assert len(made.program.kernels) == 2
    assert str(kernel_of(made, "divide").shape[0]) == "p0.0"


def test_a_slice_of_an_integer_sum_is() -> None:
    made = optimized(function_of("(a + b)[1:] * 3"), np.arange(1000), np.arange(1000))
    assert len(made.program.kernels) == 1


def test_transposed_products_are_found_equal() -> None:
    made = optimized(function_of("(a * b).T + a.T * b.T"), np.ones((300, 400)), np.ones((300, 400)))
    assert len(made.program.kernels) == 1
    assert len(operations(made, "multiply")) == 1


def test_hundreds_of_operations_in_a_row() -> None:
    lines = ["import numpy as np", "", "", "def made(a, b):"]
    lines += [f"    a = np.{'sqrt' if k % 3 else 'exp'}(a * b)" for k in range(150)] + ["    return a", ""]
    made = optimized(define("\n".join(lines), "made"), A, B)
    assert (made.report.kernels_before, made.report.kernels_after) == (300, 1)


def test_over_budget_the_best_so_far_is_compiled() -> None:
    made = optimized(chain, A, B, budgets=Budgets(nodes=10))
    assert made.report.stop.startswith("over the node budget")
    assert made.report.cost_after <= made.report.cost_before
    assert_means_the_same(made, (A, B))
    late = optimized(chain, A, B, budgets=Budgets(seconds=0.0))
    assert late.report.stop.startswith("over the time budget")
    assert_means_the_same(late, (A, B))


def test_the_outcome_is_the_same_every_time() -> None:
    reports = []
    for _ in range(3):
        reports.append(optimized(softmax, np.ones((100, 50))).report)
        optimized(chain, A, B)
    assert len({report.after for report in reports}) == 1
    assert len({report.cost_after for report in reports}) == 1


def test_two_threads_optimize_at_once() -> None:
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda _: optimized(chain, A, B).report.after, range(6)))
    assert set(texts) == {"r0: bool[p0.0] = a * b - a * 4.1 > b * 2.5"}


def test_an_empty_first_call_is_planned_for_what_comes_later() -> None:
    assert optimized(shared_exponential, A[:0]).report.after == optimized(shared_exponential, A).report.after


def test_the_report_names_the_rules_that_the_plan_follows() -> None:
    made = optimized(function_of("-(-a) * 1 + b / 4"), A, B)
    fired = dict(made.report.fired)
    assert fired.keys() >= {"negative_of_negative", "multiply_by_one", "divide_by_power_of_two", "fuse_load_of_store"}
    assert not fired.keys() & {"multiply_by_two", "greater_to_less"}
    assert made.report.after == "r0: float64[p0.0] = a + b * 0.25"


def test_the_report_tells_of_other_plans() -> None:
    report = optimized(shared_exponential, A).report
    (line,) = report.considered
    assert "ns computing where it is read t0" in line
    assert float(line.split(" ns")[0].replace(",", "")) > report.cost_after


def test_a_mean_of_one_element_is_that_element() -> None:
    """Dividing by 1 puts the quotient and the sum into one class."""
    made = optimized(function_of("np.sqrt(np.mean(a * a)), a - a.mean()"), A[:1], B[:1])
    assert "divide" not in made.report.after
    assert_means_the_same(made, (A[:1], B[:1]))


def test_scalars_that_can_warn_have_kernels_which_always_run() -> None:
    made = optimized(function_of("a - np.sqrt(a.sum() / b.sum())"), A, B)
    assert [k.target.shape for k in made.program.kernels[:3]] == [(), (), ()]
    assert len(made.program.kernels) == 4
    assert isinstance(made.program.kernels[2].term, Apply) and made.program.kernels[2].term.name == "sqrt"


@pytest.mark.parametrize("text", ["a + b", "np.sqrt(a)", "a[::-1].copy()", "a.sum()", "np.full(a.shape, 2.0)"])
def test_what_no_rule_can_help_is_compiled_at_once(text: str) -> None:
    made = optimized(function_of(text), A, B)
    assert made.report.stop == "nothing to rewrite"
    assert_means_the_same(made, (A, B))


@pytest.mark.parametrize("text", ["a + a", "a / 2", "a * b + b", "(a + b)[::-1]"])
def test_what_a_rule_may_help_is_not(text: str) -> None:
    assert optimized(function_of(text), A, B).report.stop == "saturated"


def test_control_flow_is_refused() -> None:
    type_ = Scalar(np.dtype("d"), "python")
    zero = Node("constant", (), Constant.of(0.0, type_.dtype), type_, NOWHERE)
    body = Body(Block((), 0, zero.serial), {})
    region = Region("f", (Param("x", type_),), zero, (), (), (), NOWHERE, body)
    with pytest.raises(InternalError, match="control flow"):
        optimize(region, {})
