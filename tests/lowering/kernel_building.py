"""Small helpers that build programs by hand: parameters from arrays, terms, kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqsat.frontend.arguments import layout_of
from eqsat.ir.dims import ONE, Dim, Symbol, dim
from eqsat.ir.nodes import Constant, Node, Order, Reduction
from eqsat.ir.ops import UFUNCS
from eqsat.ir.program import Apply, Argument, Buffer, Call, Fold, Kernel, Known, Load, Program, Term
from eqsat.ir.region import Guard, Param, Region, TupleOf
from eqsat.ir.signature import write
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, packed_layout
from eqsat.ir.view import View, broadcast, identity


def param_of(number: int, value: object) -> Param:
    if isinstance(value, np.ndarray):
        shape = tuple(ONE if n == 1 else dim(Symbol(number, axis)) for axis, n in enumerate(value.shape))
        return Param(f"p{number}", Array(value.dtype, shape, layout_of(value)))
    kind = "numpy" if isinstance(value, np.generic) else "python"
    return Param(f"p{number}", Scalar(np.asarray(value).dtype, kind))


class Build:
    """Collects kernels over the given arguments."""

    def __init__(self, *args: object) -> None:
        self.args = args
        self.params = tuple(param_of(k, a) for k, a in enumerate(args))
        self.guards: list[Guard] = []
        self.kernels: list[Kernel] = []
        self.results: list[tuple[Node, Buffer | Term]] = []
        self.checks: list[tuple[Node, Buffer | Term]] = []
        self.buffers = {
            k: Buffer(f"p{k}", p.type.dtype, p.type.shape, p.type.layout.order, "param", k)
            for k, p in enumerate(self.params)
            if isinstance(p.type, Array)
        }

    def load(self, number: int, view: View | None = None, rank: int | None = None) -> Load:
        buffer = self.buffers[number]
        if view is None:
            rank = len(buffer.shape) if rank is None else rank
            view = broadcast(tuple(d == ONE for d in buffer.shape), rank)
            if not any(d == ONE for d in buffer.shape) and rank == len(buffer.shape):
                view = identity(rank)
        return Load(buffer, view)

    def arg(self, number: int) -> Argument:
        return Argument(number, self.params[number].type.dtype)

    def equal(self, left: Dim, right: Dim) -> None:
        self.guards.append(Guard(left, "==", right, NOWHERE))

    def shape(self, number: int) -> tuple[Dim, ...]:
        return self.buffers[number].shape

    def kernel(self, term: Term, shape: tuple[Dim, ...], order: Sequence[int] | None = None, role: str = "result"):
        order = tuple(range(len(shape))) if order is None else tuple(order)
        buffer = Buffer(f"{role[0]}{len(self.kernels)}", term.dtype, shape, order, role)
        self.kernels.append(Kernel(buffer, term, 1.0))
        if role == "result":
            layout = packed_layout(shape, order)
            self.result(buffer, Array(term.dtype, shape, layout) if shape else Scalar(term.dtype, "numpy"))
        return buffer

    def result(self, value: Buffer | Term, type_: object) -> None:
        self.results.append((Node("result", (), len(self.results), type_, NOWHERE), value))

    def check(self, value: Buffer | Term) -> None:
        self.checks.append((Node("check", (), len(self.checks), Scalar(np.dtype("?"), "python"), NOWHERE), value))

    def program(self) -> Program:
        nodes = tuple(n for n, _ in self.results)
        checks = tuple(n for n, _ in self.checks)
        result = nodes[0] if len(nodes) == 1 else TupleOf(nodes)
        region = Region("test", self.params, result, tuple(self.guards), checks, (), NOWHERE)
        return Program(region, tuple(self.kernels), dict(self.results + self.checks))


def known(value: object, dtype: object) -> Known:
    return Known(Constant.of(value, np.dtype(dtype)))


def ufunc(name: str, *args: Term, backwards: tuple[bool, ...] = ()) -> Apply:
    """The ufunc on terms that have exactly the dtypes of one of its loops; Python's float ops included."""
    resolved = UFUNCS[name].ufunc.resolve_dtypes((*(a.dtype for a in args), None))
    assert tuple(resolved[:-1]) == tuple(a.dtype for a in args), (name, resolved)
    signature = write([d.char for d in resolved[:-1]], resolved[-1].char, backwards)
    return Apply(name, signature, args, resolved[-1])


def cast(term: Term, dtype: object) -> Apply:
    dtype = np.dtype(dtype)
    return Apply("cast", f"{term.dtype.char}->{dtype.char}", (term,), dtype)


def select(condition: Term, x: Term, y: Term) -> Apply:
    return Apply("select", f"?{x.dtype.char}{y.dtype.char}->{x.dtype.char}", (condition, x, y), x.dtype)


def fold(
    op: str,
    term: Term,
    extents: Sequence[Dim],
    axes: Sequence[int],
    outer: Sequence[int],
    inner: Sequence[int],
    dtype: object = None,
    block: int | None = None,
) -> Fold:
    dtype = term.dtype if dtype is None else np.dtype(dtype)
    return Fold(Reduction(op, tuple(axes), Order(tuple(outer), tuple(inner), block)), tuple(extents), term, dtype)


def call(name: str, args: Sequence[Term], shapes: Sequence[Sequence[Dim]], attr: object = None) -> Call:
    """A library operation of arrays of these shapes; numbers have none."""
    return Call(name, attr, tuple(args), tuple(map(tuple, shapes)), args[0].dtype)
