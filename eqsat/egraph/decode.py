"""A plan as a `Program`: buffers with names, and a term for each kernel in which equal parts are one object.

Which buffer is what: an array that is a result is allocated by NumPy (`result`), and two results with equal elements
get two, because NumPy returns two arrays. A result that is a view of new memory (`(a * b).T`) becomes a buffer of the
view's own shape, in the order in which NumPy's view lies in memory. A scalar result is a term if nothing must be
loaded for it, else a buffer of rank 0. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

import numpy as np

from eqsat.egraph.encode import Seeds
from eqsat.egraph.extract import Extractor, copy_cost
from eqsat.egraph.graph import ENode
from eqsat.egraph.overwrites import Put, place_overwrites
from eqsat.egraph.plan import KernelPlan, Leaf, Plan, describe
from eqsat.egraph.show import show_term
from eqsat.errors import InternalError
from eqsat.ir.nodes import Node
from eqsat.ir.program import Apply, Argument, Buffer, Call, Fold, Kernel, Known, Load, Program, Size, Term, Window
from eqsat.ir.region import Guard, Overwrite
from eqsat.ir.signature import asked
from eqsat.ir.types import Array, Scalar
from eqsat.ir.view import Along, View, identity


class Decoder:
    """Names the buffers of a plan and builds its terms."""

    def __init__(self, plan: Plan, extractor: Extractor, seeds: Seeds) -> None:
        self.plan, self.extractor, self.seeds = plan, extractor, seeds
        self.graph, self.tables, self.region = extractor.graph, seeds.tables, seeds.tables.region
        self.buffers: dict[int, Buffer] = {}
        self.names = {param.name for param in self.region.params}
        self.kernels: list[Kernel] = []
        self.values: dict[Node, Buffer | Term] = {}

    def run(self) -> Program:
        """The program."""
        graph = self.graph
        scalar_results = set(self.region.result_nodes())
        results: dict[int, list[Node]] = {}
        made = len(self.seeds.results)
        for (node, _), array in zip(self.seeds.results, graph.array_roots[:made], strict=True):
            results.setdefault(array, []).append(node)
        if any(graph.arrays[array].param is not None for array in graph.array_roots):
            raise InternalError("a result in new memory became equal to a parameter's memory")
        role_of_scalar: dict[int, bool] = {}
        for (node, _), scalar in zip(self.seeds.scalars, self.plan.scalars, strict=True):
            root = scalar.choices[scalar.element]
            if isinstance(root, Leaf) and node in scalar_results:
                role_of_scalar[root.array] = True
        for kernel in self.plan.kernels:
            assert kernel.array is not None
            is_result = kernel.array in results or role_of_scalar.get(kernel.array, False)
            buffer = self.new(kernel.array, "result" if is_result else "temp")
            self.kernels.append(Kernel(buffer, self.term(kernel), kernel.cost))
        for array, nodes in results.items():
            for position, node in enumerate(nodes):
                self.values[node] = self.buffers[array] if position == 0 else self.copy(array)
        for (node, _), scalar in zip(self.seeds.scalars, self.plan.scalars, strict=True):
            self.values[node] = self.scalar(scalar, node in scalar_results)
        for node in self.seeds.params:
            if isinstance(node.type, Array):
                assert isinstance(node.attr, int)
                self.values[node] = self.param(node.attr)
            elif isinstance(node.type, Scalar):
                assert isinstance(node.attr, int)
                self.values[node] = Argument(node.attr, node.type.dtype)
        overwriting = zip(self.seeds.overwrites, graph.array_roots[made:], strict=True)
        return Program(self.region, self.overwritten([(one, array) for (one, _), array in overwriting]), self.values)

    def overwritten(self, overwrites: list[tuple[Overwrite, int]]) -> tuple[Kernel, ...]:
        """The kernels, those that write into parameters last."""
        bounds = (guard for guard in self.region.guards if isinstance(guard, Guard) and guard.relation == ">=")
        facts = tuple(self.tables.same.resolve(guard.left - guard.right) for guard in bounds)
        puts = [
            Put(self.param(one.param), self.window(one), self.buffers[array], one.aliases, self.copying(array), facts)
            for one, array in overwrites
        ]
        kept = {value for value in self.values.values() if isinstance(value, Buffer)}
        return place_overwrites(self.kernels, puts, kept)

    def window(self, one: Overwrite) -> Window:
        same = self.tables.same
        axes = tuple(Along(a.axis, same.resolve(a.start), a.step) for a in one.view.axes)
        order = one.view.order(self.tables.array_type(one.param).layout.order)
        return Window(View(axes, one.view.rank), self.tables.resolved(one.shape), order)

    def copying(self, array: int) -> float:
        return copy_cost(self.extractor.model, array)

    def describe(self, array: int) -> str:
        """What an array holds, as text, with the names of this program."""
        if array in self.buffers:
            return self.buffers[array].name
        element = self.graph.arrays[array].stores[0][1]
        kernel = self.extractor.kernel(array, element, self.plan.cut)
        return show_term(self.term(kernel), self.region) if kernel else "an array"

    def new(self, array: int, role: str) -> Buffer:
        shape, order, char = describe(self.extractor.model, array)
        buffer = Buffer(self.name("r" if role == "result" else "t"), np.dtype(char), shape, order, role)  # type: ignore[arg-type]
        self.buffers[array] = buffer
        return buffer

    def name(self, letter: str) -> str:
        number = 0
        while f"{letter}{number}" in self.names:
            number += 1
        self.names.add(f"{letter}{number}")
        return f"{letter}{number}"

    def param(self, number: int) -> Buffer:
        type_ = self.tables.array_type(number)
        return Buffer(self.region.params[number].name, type_.dtype, type_.shape, type_.layout.order, "param", number)

    def copy(self, array: int) -> Buffer:
        """A second result with the same elements."""
        source = self.buffers[array]
        buffer = Buffer(self.name("r"), source.dtype, source.shape, source.order, "result")
        self.kernels.append(Kernel(buffer, Load(source, identity(len(source.shape))), self.copying(array)))
        return buffer

    def buffer(self, array: int) -> Buffer:
        param = self.graph.arrays[array].param
        if param is None:
            return self.buffers.get(array) or self.new(array, "temp")
        return self.buffers.setdefault(array, self.param(param))

    def scalar(self, scalar: KernelPlan, is_result: bool) -> Buffer | Term:
        root = scalar.choices[scalar.element]
        if not scalar.reads:
            return self.term(scalar)
        if isinstance(root, Leaf) and root.view is None and self.graph.arrays[root.array].param is None:
            return self.buffers[root.array]
        dtype = np.dtype(self.graph.dtypes[scalar.element])
        buffer = Buffer(self.name("r" if is_result else "t"), dtype, (), (), "result" if is_result else "temp")
        self.kernels.append(Kernel(buffer, self.term(scalar), scalar.cost))
        return buffer

    def term(self, kernel: KernelPlan) -> Term:
        """The term of a kernel; every class once."""
        root = kernel.choices[kernel.element]
        if isinstance(root, ENode) and root.kind == "fold":
            fold = self.tables.folds.values[root.attr]
            inner = self.build(kernel, root.args[0], len(fold.extents))
            return Fold(fold.reduction, fold.extents, inner, fold.dtype)
        if isinstance(root, ENode) and root.kind == "call":
            called = self.tables.calls.values[root.attr]
            shapes = tuple(self.tables.spaces.values[self.graph.spaces[arg]] for arg in root.args)
            args = tuple(self.build(kernel, arg, len(shape)) for arg, shape in zip(root.args, shapes, strict=True))
            return Call(called.name, called.attr, args, shapes, np.dtype(self.graph.dtypes[kernel.element]))
        rank = len(self.tables.spaces.values[self.graph.spaces[kernel.element]])
        return self.build(kernel, kernel.element, rank)

    def build(self, kernel: KernelPlan, start: int, rank: int) -> Term:
        built: dict[int, Term] = {}
        stack = [start]
        while stack:
            element = stack[-1]
            if element in built:
                stack.pop()
                continue
            choice = kernel.choices[element]
            missing = [] if isinstance(choice, Leaf) else [arg for arg in choice.args if arg not in built]
            if missing:
                stack.extend(reversed(missing))
                continue
            built[element] = self.load(choice, rank) if isinstance(choice, Leaf) else self.operation(choice, built)
            stack.pop()
        return built[start]

    def load(self, leaf: Leaf, rank: int) -> Load:
        buffer = self.buffer(leaf.array)
        view = leaf.view
        if view is None:
            view = identity(rank) if buffer.shape else View((), rank)
        elif view.rank != rank:  # a scalar picked out of an array, in a kernel over more axes
            view = View(view.axes, rank)
        return Load(buffer, view)

    def operation(self, enode: ENode, built: dict[int, Term]) -> Term:
        match enode.kind:
            case "constant":
                return Known(enode.constant)
            case "argument":
                type_ = self.region.params[enode.attr].type
                assert isinstance(type_, Scalar)
                return Argument(enode.attr, type_.dtype)
            case "size":
                return Size(self.tables.sizes.values[enode.attr], np.dtype(np.int64))
            case "move":
                return built[enode.args[0]]
            case "apply":
                args = tuple(built[arg] for arg in enode.args)
                return Apply(enode.name, asked(enode.signature), args, np.dtype(enode.signature[-1]))
            case _:
                raise InternalError(f"{enode.kind} inside a kernel")
