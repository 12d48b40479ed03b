"""Choose what to compute and what to keep in memory: a cut through the graph, and one term for each kernel.

A class that is in the cut is written to memory by one kernel and read by others; every other class is computed inside
each kernel that needs it. Inside a kernel every class has one alternative and is computed once; between kernels
nothing is shared but memory. Reductions are kernels of their own. The search starts from the least cut or the
largest, flips one array at a time, tries all cuts if few arrays are in doubt, and never ends with more than the
program as it was written costs. Ties fall to the earlier alternative, so that the outcome is the same every time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from time import perf_counter

from eqsat.egraph.cost import BORROWED, CostModel, Read, Work, itemsize
from eqsat.egraph.graph import ENode, Folded, Graph, Shape
from eqsat.egraph.host import is_quiet
from eqsat.errors import InternalError
from eqsat.ir.view import Along, View, identity

EXACT = 4
"""So many arrays in doubt are decided by trying every cut."""
SECONDS = 0.25
"""The search for a cut ends then, with the best so far."""
INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A read of array class `array` through `view` (None: of every element in its place)."""

    array: int
    view: View | None


Choice = ENode | Leaf
_COMPUTED = frozenset({"apply", "constant", "argument", "size"})


@dataclass(frozen=True, slots=True)
class KernelPlan:
    """A kernel: fill `array` (None: a scalar root) from class `element`; `choices` say how each class is had."""

    array: int | None
    element: int
    choices: dict[int, Choice]
    reads: tuple[int, ...]
    work: Work
    cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Kernels in an order in which every array is filled before it is read; then scalars, one for each root."""

    kernels: tuple[KernelPlan, ...]
    scalars: tuple[KernelPlan, ...]
    cost: float
    cut: frozenset[int]


_Remembered = tuple[frozenset[int], frozenset[int], KernelPlan | None]
"""A kernel for every cut that has the first arrays and not the second."""


@dataclass(slots=True)
class Extractor:
    """The search over one graph."""

    model: CostModel
    _cache: dict[tuple[int | None, int], list[_Remembered]] = field(
        default_factory=dict[tuple[int | None, int], list[_Remembered]]
    )
    _loads: list[list[int]] = field(default_factory=list[list[int]])

    def __post_init__(self) -> None:
        self._loads = [[e.attr for e in alternatives if e.kind == "load"] for alternatives in self.graph.elements]

    @property
    def graph(self) -> Graph:
        """The graph that is read out."""
        return self.model.graph

    def everything(self) -> Plan:
        """The plan that keeps every array: with the unfused graph, the program as NumPy runs it."""
        plan = self.plan(frozenset(self._stored()), sharing=False)
        if plan is None:
            raise InternalError("the program as it was written cannot be computed")
        return plan

    def search(self) -> tuple[Plan, list[tuple[int, bool, float]]] | None:
        """The best plan, and what one flip from it would cost: (array, whether it would be kept, cost).

        None if the graph was cut off by a budget before anything could be computed from it.
        """
        deadline = perf_counter() + SECONDS
        forced, doubtful = self._candidates()
        best = self.plan(forced)
        if best is None:
            forced = frozenset(self._stored())
            best = self.plan(forced)
        if best is None:
            return None
        if len(doubtful) <= EXACT:
            cuts = (
                forced | {array for array, kept in zip(doubtful, choice, strict=True) if kept}
                for choice in product((False, True), repeat=len(doubtful))
            )
            for cut in cuts:
                if perf_counter() > deadline:
                    break
                best = self._better(best, cut)
        else:
            best = self._better(best, forced | set(doubtful))  # long chains of shared values are far from the least cut
            improved = True
            while improved:
                before = best.cost
                for array in doubtful:
                    if perf_counter() > deadline:
                        break
                    best = self._better(best, best.cut ^ {array})
                improved = best.cost < before and perf_counter() < deadline
        flips: list[tuple[int, bool, float]] = []
        for array in doubtful[:EXACT]:
            if perf_counter() > deadline:
                break
            other = self.plan(best.cut ^ {array})
            if other is not None:
                flips.append((array, array not in best.cut, other.cost))
        return best, flips

    def _better(self, best: Plan, cut: frozenset[int]) -> Plan:
        plan = self.plan(cut)
        return plan if plan is not None and plan.cost < best.cost * (1 - 1e-9) else best

    def _stored(self) -> Iterable[int]:
        return (number for number, array in enumerate(self.graph.arrays) if array.stores)

    def _candidates(self) -> tuple[frozenset[int], list[int]]:
        """Arrays that must be in memory, and arrays for which it could pay: those with more than one reader."""
        graph = self.graph
        users: dict[int, set[ENode]] = {}
        forced = set[int](graph.array_roots)
        stored = frozenset(self._stored())
        for alternatives in graph.elements:
            moves = [e for e in alternatives if e.kind == "move" and graph.spaces[e.args[0]]]
            for enode in alternatives:
                for arg in enode.args:
                    users.setdefault(arg, set()).add(enode)
            if moves and not any(e.kind in _COMPUTED for e in alternatives):
                sources = [array for e in moves for array in self._loads[e.args[0]]]
                if sources and not any(graph.arrays[array].param is not None for array in sources):
                    forced.add(min(sources, key=lambda array: graph.arrays[array].rank))
        doubtful: list[int] = []
        for number in stored - forced:
            holders = {graph.arrays[number].stores[0][1], *self._classes_of(number)}
            alternatives = [e for c in holders for e in graph.elements[c]]
            if all(e.kind in ("fold", "load") or self.heard(number, e) for e in alternatives):
                forced.add(number)
            elif self._could_pay(number, {user for c in holders for user in users.get(c, ())}):
                doubtful.append(number)
        return frozenset(forced) & stored, sorted(doubtful, key=lambda array: graph.arrays[array].rank)

    def heard(self, array: int, enode: ENode) -> bool:
        """Whether an array is a scalar whose computation can raise a flag: it is not hidden in another's loop."""
        shape = self.model.tables.stores.values[self.graph.arrays[array].stores[0][0]].shape
        return not shape and enode.kind == "apply" and not is_quiet(enode.name, enode.signature)

    def _could_pay(self, array: int, readers: set[ENode]) -> bool:
        tables, count = self.model.tables, self.model.count
        shape = tables.stores.values[self.graph.arrays[array].stores[0][0]].shape
        if not shape:
            return False
        if (
            any(e.name in BORROWED for e in readers)
            and self.model.run_length(shape, tuple(range(len(shape))), False) < 64
        ):
            return True  # NumPy's loops are called on stretches; over memory of its own they are longer
        widened = any(e.kind == "move" and count(tables.moves.values[e.attr].shape) > count(shape) for e in readers)
        return widened or len(readers) > 1

    def _classes_of(self, array: int) -> list[int]:
        return [c for c, loads in enumerate(self._loads) if array in loads]

    def plan(self, cut: frozenset[int], sharing: bool = True) -> Plan | None:
        """The cheapest kernels for a cut, or None if something in it cannot be computed.

        With `sharing`, kernels that agree on their outermost loop are run in one, as `lowering.sharing` does.
        """
        graph = self.graph
        scalars: list[KernelPlan] = []
        wanted = {array for array in graph.array_roots if graph.arrays[array].stores}
        for element in graph.element_roots:
            kernel = self.kernel(None, element, cut)
            if kernel is None:
                return None
            scalars.append(kernel)
            wanted.update(kernel.reads)
        kernels: list[KernelPlan] = []
        pending = {array for array in wanted if graph.arrays[array].param is None}
        while pending:
            array = max(pending, key=lambda a: graph.arrays[a].rank)
            pending.discard(array)
            kernel = self.kernel(array, graph.arrays[array].stores[0][1], cut)
            if kernel is None:
                return None
            kernels.append(kernel)
            pending.update(read for read in kernel.reads if graph.arrays[read].param is None)
        kernels.reverse()
        passed = self._passed(kernels) if sharing else frozenset[int]()
        total = sum(kernel.cost for kernel in scalars)
        total += sum(self.model.work(k.work, k.array, passed) if passed else k.cost for k in kernels)
        for position, array in enumerate(graph.array_roots):
            if array in graph.array_roots[:position]:
                total += copy_cost(self.model, array)
        return Plan(tuple(kernels), tuple(scalars), total, cut)

    def _passed(self, kernels: Iterable[KernelPlan]) -> frozenset[int]:
        """Temporaries that live within a turn of the loop that fills and reads them."""
        filled = {kernel.array for kernel in kernels if kernel.work.rows and kernel.work.temporary}
        for kernel in kernels:
            filled.difference_update(read for read in kernel.reads if read not in kernel.work.turns)
        return frozenset(array for array in filled if array is not None)

    def kernel(self, array: int | None, element: int, cut: frozenset[int]) -> KernelPlan | None:
        """The cheapest kernel for a class when the arrays of `cut` can be read; remembered for what it looked at."""
        entries = self._cache.setdefault((array, element), [])
        for kept, absent, found in entries:
            if kept <= cut and not (absent & cut):
                return found
        made = _Kernel(self, array, element, cut)
        found = made.solve()
        entries.append((frozenset(made.seen & cut), frozenset(made.seen - cut), found))
        return found

    def available(self, element: int, rank: float, cut: frozenset[int], seen: set[int]) -> int | None:
        """An array that holds the class and can be read by a kernel of that rank."""
        for array in self._loads[element]:
            known = self.graph.arrays[array]
            if known.param is not None:
                return array
            seen.add(array)
            if array in cut and known.rank < rank:
                return array
        return None


class _Kernel:
    """One kernel's choice: which alternative of each class, by cost as a tree; then its cost as a DAG."""

    def __init__(self, extractor: Extractor, array: int | None, element: int, cut: frozenset[int]) -> None:
        self.extractor, self.array, self.element, self.cut = extractor, array, element, cut
        self.graph, self.model, self.tables = extractor.graph, extractor.model, extractor.model.tables
        self.rank = float("inf") if array is None else self.graph.arrays[array].rank
        self.scalar = self.graph.spaces[element] == 0
        self.seen: set[int] = set()
        self.options: dict[int, list[tuple[Choice, tuple[int, ...]]]] = {}

    def solve(self) -> KernelPlan | None:
        order = self.reachable()
        cost: dict[int, float] = {}
        best: dict[int, Choice] = {}
        changed = True
        while changed:
            changed = False
            for element in order:
                for choice, below in self.options[element]:
                    total = self.weight(choice, element)
                    for arg in below:
                        total += cost.get(arg, INFINITE)
                    if total < cost.get(element, INFINITE) * (1 - 1e-12):
                        cost[element], best[element] = total, choice
                        changed = True
        if self.element not in best:
            return None
        return self.finish(best)

    def reachable(self) -> list[int]:
        """Classes that the kernel could compute, arguments before their users as far as there are no cycles."""
        order: list[int] = []
        stack: list[tuple[int, bool]] = [(self.element, False)]
        while stack:
            element, ready = stack.pop()
            if ready:
                order.append(element)
            elif element not in self.options:
                self.options[element] = self.choices(element)
                stack.append((element, True))
                for _, below in self.options[element]:
                    stack.extend((arg, False) for arg in below)
        return order

    def choices(self, element: int) -> list[tuple[Choice, tuple[int, ...]]]:
        """The alternatives of a class; what is in memory is read."""
        alternatives = self.graph.elements[element]
        for enode in alternatives:
            if enode.kind in ("constant", "argument", "size"):
                return [(enode, ())]
        array = self.extractor.available(element, self.rank, self.cut, self.seen)
        if array is not None and not self.in_passing(element, array):
            return [(Leaf(array, None), ())]
        found: list[tuple[Choice, tuple[int, ...]]] = [] if array is None else [(Leaf(array, None), ())]
        for enode in alternatives:
            if enode.kind == "move":
                (source,) = enode.args
                if self.graph.spaces[source] == 0:
                    found.append((enode, enode.args))
                    continue
                array = self.extractor.available(source, self.rank, self.cut, self.seen)
                if array is not None:
                    return [(Leaf(array, self.tables.moves.values[enode.attr].view), ())]
            elif enode.kind == "apply" or (enode.kind == "fold" and element == self.element and self.array is not None):
                found.append((enode, enode.args))
        return found

    def in_passing(self, element: int, array: int) -> bool:
        """Whether a stored scalar had better be computed by another scalar's kernel, which runs whatever the sizes."""
        alternatives = self.graph.elements[element]
        stored = self.graph.arrays[array].param is None and self.graph.spaces[element] == 0
        reduced = any(e.kind == "fold" for e in (*alternatives, *self.graph.elements[self.element]))
        return self.scalar and stored and not reduced and any(e.kind == "apply" for e in alternatives)

    def weight(self, choice: Choice, element: int) -> float:
        """The cost of the choice alone, for choosing."""
        if isinstance(choice, Leaf) and self.in_passing(element, choice.array):
            return 1e6
        if isinstance(choice, Leaf):
            return 0.02 * self.model.count(self.tables.spaces.values[self.graph.spaces[element]])
        if choice.kind == "apply":
            space = self.tables.spaces.values[self.graph.spaces[element]]
            return self.model.applied(choice.name, choice.signature, space, 256.0) + 1e-3
        return 1e-3

    def finish(self, best: dict[int, Choice]) -> KernelPlan:
        chosen: dict[int, Choice] = {}
        stack = [self.element]
        while stack:
            element = stack.pop()
            if element not in chosen:
                choice = chosen[element] = best[element]
                if isinstance(choice, ENode):
                    stack.extend(choice.args)
        reads = {choice.array for choice in chosen.values() if isinstance(choice, Leaf)}
        work = self.work(chosen)
        alone = self.array is None and not reads
        cost = work.computing + work.hoisted if alone else self.model.work(work, self.array, frozenset())
        return KernelPlan(self.array, self.element, chosen, tuple(sorted(reads)), work, cost)

    def work(self, chosen: dict[int, Choice]) -> Work:
        """The kernel as a DAG: every class once."""
        model, tables, graph = self.model, self.tables, self.graph
        root = chosen[self.element]
        shape = tables.spaces.values[graph.spaces[self.element]]
        computing = hoisted = 0.0
        if isinstance(root, ENode) and root.kind == "fold":
            fold = tables.folds.values[root.attr]
            space, order = fold.extents, loop_order(fold)
            computing += 0.15 * model.count(space)
        else:
            space = shape
            order = tables.stores.values[graph.arrays[self.array].stores[0][0]].order if self.array is not None else ()
        reads = {choice for choice in chosen.values() if isinstance(choice, Leaf)}
        sizes = tuple((leaf.array, model.bytes_read(self.read(leaf), space, order)) for leaf in reads)
        flat = all(leaf.view is None for leaf in reads)
        depths = self.depths(chosen, space, order)
        for element, choice in chosen.items():
            if isinstance(choice, ENode) and choice.kind == "apply":
                depth = depths[element]
                loops = tuple(space[axis] for axis in order[:depth])
                if depth == len(order):
                    run = model.run_length(space, order, flat)
                    computing += model.applied(choice.name, choice.signature, loops, run)
                else:  # hoisted: one number at a time, and nothing else goes on meanwhile
                    hoisted += model.applied(choice.name, choice.signature, loops, 1.0)
        rows = len(space) > 1 and not (flat and space == shape)
        other = {leaf.array for leaf in reads if not rows or not self.same_turn(leaf, space, order)}
        return Work(
            computing,
            hoisted,
            sizes,
            model.count(shape) * itemsize(graph.dtypes[self.element]),
            self.array is not None and self.array not in graph.array_roots,
            rows,
            frozenset(array for array, _ in sizes if array not in other),
        )

    def same_turn(self, leaf: Leaf, space: Shape, order: tuple[int, ...]) -> bool:
        """Whether a turn of the outermost loop reads one turn of the loop that filled the array."""
        read = self.read(leaf)
        if not read.shape:
            return False
        outer = read.order[0]
        return read.view.axes[outer] == Along(order[0]) and read.shape[outer] == space[order[0]]

    def depths(self, chosen: dict[int, Choice], space: Shape, order: tuple[int, ...]) -> dict[int, int]:
        """How many loops, from the outside, each class must stand in: what hangs on outer axes only is hoisted."""
        place = {axis: position + 1 for position, axis in enumerate(order)}
        found: dict[int, int] = {}
        stack = [self.element]
        while stack:
            element = stack[-1]
            choice = chosen[element]
            if element in found:
                stack.pop()
            elif isinstance(choice, Leaf):
                axes = range(len(space)) if choice.view is None else (along.axis for along in choice.view.axes)
                scalar = choice.view is None and self.graph.spaces[element] == 0
                found[element] = 0 if scalar else max((place[axis] for axis in axes if axis is not None), default=0)
            elif missing := [arg for arg in choice.args if arg not in found]:
                stack.extend(missing)
            else:
                found[element] = max((found[arg] for arg in choice.args), default=0)
        return found

    def read(self, leaf: Leaf) -> Read:
        shape, order, char = describe(self.model, leaf.array)
        return Read(shape, order, itemsize(char), identity(len(shape)) if leaf.view is None else leaf.view)


def loop_order(fold: Folded) -> tuple[int, ...]:
    """The axes of a reduction's operand from the outermost loop to the innermost."""
    order = fold.reduction.order
    kept = tuple(axis for axis in range(len(fold.extents)) if axis not in fold.reduction.axes)
    return (*kept, *order.outer, *order.inner) if order.inner else (*order.outer, *kept)


def copy_cost(model: CostModel, array: int) -> float:
    """A second array with the same elements."""
    shape, _, char = describe(model, array)
    size = model.count(shape) * itemsize(char)
    return model.kernel(0.0, size, size, temporary=False)


def describe(model: CostModel, array: int) -> tuple[Shape, tuple[int, ...], str]:
    """Shape, order and dtype character of an array class."""
    known = model.graph.arrays[array]
    if known.param is not None:
        type_ = model.tables.array_type(known.param)
        return type_.shape, type_.layout.order, type_.dtype.char
    info, element = known.stores[0]
    stored = model.tables.stores.values[info]
    return stored.shape, stored.order, model.graph.dtypes[element]
