"""Compilers that are wrong on purpose: random programs must find out each of them.

Each makes one mistake that compilers of loops, branches, writes and views make, by a change of the program's text or
of what happens around a call. `WRONG` has them by name.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from eqsat import UnsupportedError
from eqsat.testing.memory import clones
from eqsat.testing.random_programs import define

Change = Callable[[ast.AST], Any]
"""A node's replacement, or None to leave it as it is."""

PRELUDE = """
def clipped(a, i):
    return min(max(i, -len(a)), len(a) - 1) if type(i) is int else i

def stored(target, value):
    if np.ndim(value) == target.ndim and len(value) == len(target):
        for k in range(len(target)):
            target[k] = value[k]
    else:
        target[...] = value

def truncated(a, b):
    return int(a / b) if type(a) is int and type(b) is int else a // b

def remainder_of_c(a, b):
    return a - int(a / b) * b if type(a) is int and type(b) is int else a % b

def wrapped(a):
    return (a + 2 ** 63) % 2 ** 64 - 2 ** 63 if type(a) is int else a
"""


class Compiled:
    """What `jit` gives, as far as a comparison needs it."""

    def __init__(self, original: Any, function: Callable[..., Any]) -> None:
        self.py_func, self.function = original, function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class Changing(ast.NodeTransformer):
    def __init__(self, change: Change) -> None:
        self.change = change

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        changed = self.change(node)
        return node if changed is None else changed


def changing(change: Change) -> Callable[[Any], Compiled]:
    """The compiler that has Python compile the changed text."""

    def compiler(original: Any) -> Compiled:
        source = Path(original.__code__.co_filename).read_text()
        tree = ast.fix_missing_locations(Changing(change).visit(ast.parse(source)))
        return Compiled(original, define(f"import numpy as np\n{PRELUDE}\n{ast.unparse(tree)}\n", "program"))

    return compiler


right = changing(lambda node: None)


def plain(original: Any) -> Compiled:
    return Compiled(original, original)


def refusing(original: Any) -> Compiled:
    """Refuses `while`, when it is called first, as `jit` does."""

    def refuse(*_: Any) -> Any:
        raise UnsupportedError("`while` is not compiled")

    loops = "while" in Path(original.__code__.co_filename).read_text()
    return Compiled(original, refuse) if loops else right(original)


def calling(helper: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(helper, ast.Load()), list(args), [])


def method(value: ast.expr, name: str) -> ast.Call:
    return ast.Call(ast.Attribute(value, name, ast.Load()), [], [])


def loaded(node: ast.expr) -> Any:
    return ast.parse(ast.unparse(node), mode="eval").body


def is_slicing(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and any(isinstance(part, ast.Slice) for part in ast.walk(node.slice))


def less_is_less_or_equal(node: ast.AST) -> Any:
    return ast.LtE() if isinstance(node, ast.Lt) else None


def chains_compare_their_first_result(node: ast.AST) -> Any:
    if isinstance(node, ast.Compare) and len(node.ops) == 2:
        first = ast.Compare(node.left, node.ops[:1], node.comparators[:1])
        return ast.Compare(first, node.ops[1:], node.comparators[1:])
    return None


def not_less_is_greater_or_equal(node: ast.AST) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Compare):
        opposite = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
        old = type(node.operand.ops[0])
        if len(node.operand.ops) == 1 and old in opposite:
            return ast.Compare(node.operand.left, [opposite[old]()], node.operand.comparators)
    return None


def and_is_or(node: ast.AST) -> Any:
    if isinstance(node, ast.If) and isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And):
        node.test.op = ast.Or()
    return None


def indices_are_clipped(node: ast.AST) -> Any:
    numbers = ast.Constant | ast.BinOp | ast.UnaryOp | ast.Name
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, numbers):
        node.slice = calling("clipped", node.value, node.slice)
    return None


def writes_into_reversed_views_are_lost(node: ast.AST) -> Any:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return ast.Pass() if ":-1" in ast.unparse(node.targets[0]) else None
    return None


def writes_of_elements_in_loops_are_lost(node: ast.AST) -> Any:
    if isinstance(node, ast.For):
        node.body = [
            ast.Pass() if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Subscript) else one
            for one in node.body
        ]
    return None


def augmented_names_are_made_anew(node: ast.AST) -> Any:
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))
    return None


def views_are_copies(node: ast.AST) -> Any:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and is_slicing(node.value):
        node.value = method(node.value, "copy")
    return None


def overlapping_writes_read_what_they_wrote(node: ast.AST) -> Any:
    if isinstance(node, ast.Assign) and is_slicing(node.targets[0]):
        return ast.Expr(calling("stored", loaded(node.targets[0]), node.value))
    return None


def division_truncates(node: ast.AST) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        return calling("truncated", node.left, node.right)
    return None


def remainders_have_the_sign_of_the_dividend(node: ast.AST) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return calling("remainder_of_c", node.left, node.right)
    return None


def integers_wrap(node: ast.AST) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.LShift):
        return calling("wrapped", node)
    return None


def break_is_continue(node: ast.AST) -> Any:
    """Not where it would be the end of a loop that has no other."""
    if isinstance(node, ast.For):
        for inner in node.body:
            if isinstance(inner, ast.If) and isinstance(inner.body[-1], ast.Break):
                inner.body[-1] = ast.Continue()
    return None


def continue_is_lost(node: ast.AST) -> Any:
    return ast.Pass() if isinstance(node, ast.Continue) else None


def else_runs_after_break(node: ast.AST) -> Any:
    if isinstance(node, ast.For) and node.orelse:
        after, node.orelse = node.orelse, []
        return [node, *after]
    return None


def negative_steps_go_up(node: ast.AST) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range" and isinstance(node.args[-1], ast.UnaryOp):
        node.args[-1] = node.args[-1].operand
    return None


def enumerate_starts_at_zero(node: ast.AST) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "enumerate":
        return ast.Call(node.func, node.args[:1], [])
    return None


def loops_run_over_a_copy(node: ast.AST) -> Any:
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Name):
        node.iter = method(node.iter, "copy")
    return None


def loop_variables_keep_what_they_were(node: ast.AST) -> Any:
    if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and not node.orelse:
        name = node.target.id
        node.target = ast.Name(f"{name}_inside", ast.Store())
        rename = Changing(lambda inner: _renamed(inner, name))
        node.body = [rename.visit(one) for one in node.body]
    return None


def _renamed(node: ast.AST, name: str) -> Any:
    return ast.Name(f"{name}_inside", node.ctx) if isinstance(node, ast.Name) and node.id == name else None


def repeated_indices_add_up(node: ast.AST) -> Any:
    if not isinstance(node, ast.AugAssign) or not isinstance(node.op, ast.Add):
        return None
    if not isinstance(node.target, ast.Subscript) or not isinstance(node.target.slice, ast.BinOp):
        return None
    target, function = loaded(node.target), ast.parse("np.add.at", mode="eval").body
    return ast.Expr(ast.Call(function, [target.value, target.slice, node.value], []))


def swaps_go_one_after_the_other(node: ast.AST) -> Any:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = zip(node.targets[0].elts, node.value.elts, strict=True)
        return [ast.Assign([target], value) for target, value in pairs]
    return None


def early_returns_are_lost(node: ast.AST) -> Any:
    if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Return):
        node.body[-1] = ast.Pass()
    return None


def defaults_are_zero(node: ast.AST) -> Any:
    if isinstance(node, ast.arguments):
        node.defaults = [ast.Constant(type(ast.literal_eval(one))(0)) for one in node.defaults]
    return None


def results_are_copies(node: ast.AST) -> Any:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Name | ast.Tuple):
        copied = Changing(lambda inner: _copied_name(inner))
        node.value = copied.visit(node.value)
    return None


def _copied_name(node: ast.AST) -> Any:
    if isinstance(node, ast.Name) and node.id.startswith(("x", "t")):
        return ast.parse(f"({node.id}.copy() if type({node.id}) is np.ndarray else {node.id})", mode="eval").body
    return None


class TakenApart(Compiled):
    """Arguments that overlap, or are one array, are taken for arrays of their own."""

    def __call__(self, *args: Any) -> Any:
        apart = [clones([value])[0] for value in args]
        try:
            return self.function(*apart)
        finally:
            for value, other in zip(args, apart, strict=True):
                if isinstance(value, np.ndarray) and value.flags.writeable:
                    value[...] = other


class PutBack(Compiled):
    """What was written before an exception is put back."""

    def __call__(self, *args: Any) -> Any:
        before = [value.copy() if isinstance(value, np.ndarray) else value for value in args]
        try:
            return self.function(*args)
        except Exception:
            for value, other in zip(args, before, strict=True):
                if isinstance(value, np.ndarray) and value.flags.writeable:
                    value[...] = other
            raise


class WritingAnywhere(Compiled):
    """Arrays that are read-only are written to."""

    def __call__(self, *args: Any) -> Any:
        locked = [value for value in args if isinstance(value, np.ndarray) and not value.flags.writeable]
        for value in locked:
            if value.base is not None and 0 not in value.strides:
                value.flags.writeable = True
        try:
            return self.function(*args)
        finally:
            for value in locked:
                value.flags.writeable = False


CHANGES: tuple[Change, ...] = (
    *(less_is_less_or_equal, chains_compare_their_first_result, not_less_is_greater_or_equal, and_is_or),
    *(indices_are_clipped, writes_into_reversed_views_are_lost, writes_of_elements_in_loops_are_lost),
    *(augmented_names_are_made_anew, views_are_copies, overlapping_writes_read_what_they_wrote, division_truncates),
    *(remainders_have_the_sign_of_the_dividend, integers_wrap, break_is_continue, continue_is_lost),
    *(else_runs_after_break, negative_steps_go_up, enumerate_starts_at_zero, loops_run_over_a_copy),
    *(loop_variables_keep_what_they_were, repeated_indices_add_up, swaps_go_one_after_the_other),
    *(early_returns_are_lost, defaults_are_zero, results_are_copies),
)
WRONG: dict[str, Callable[[Any], Compiled]] = {
    **{change.__name__: changing(change) for change in CHANGES},
    "arguments_are_taken_apart": lambda original: TakenApart(original, original),
    "writes_are_put_back": lambda original: PutBack(original, original),
    "read_only_arrays_are_written": lambda original: WritingAnywhere(original, original),
}
