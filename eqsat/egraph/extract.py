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
from time import thread_time

from eqsat.egraph.charges import charges, is_contested
from eqsat.egraph.cost import BORROWED, CostModel, itemsize
from eqsat.egraph.graph import ENode, Graph, Shape
from eqsat.egraph.host import is_quiet
from eqsat.egraph.kernel import KernelChoice, Shelf
from eqsat.egraph.plan import KernelPlan, Plan, describe
from eqsat.errors import InternalError

EXACT = 4
"""So many arrays in doubt are decided by trying every cut."""
SECONDS = 0.25
"""Of processor time: the search for a cut ends then, with the best so far. A busy machine does not change it."""
_COMPUTED = frozenset({"apply", "constant", "argument", "size"})
_HEAVY = frozenset({"fold", "call"})

_Remembered = tuple[frozenset[int], frozenset[int], KernelPlan | None]
"""A kernel for every cut that has the first arrays and not the second."""


@dataclass(slots=True)
class Extractor:
    """The search over one graph. `free`: arrays that are filled anyway, in that order.

    `always`: doubtful arrays for which a flip is always tried; `holders`: who could be read from doubtful ones.
    """

    model: CostModel
    free: tuple[int, ...] = ()
    _cache: dict[tuple[int | None, int], list[_Remembered]] = field(
        default_factory=dict[tuple[int | None, int], list[_Remembered]]
    )
    shelf: Shelf = field(init=False)
    contested: bool = field(init=False)
    always: frozenset[int] = frozenset()
    holders: dict[int, list[tuple[int, float]]] = field(default_factory=dict[int, list[tuple[int, float]]])

    def __post_init__(self) -> None:
        loads = [[e.attr for e in alternatives if e.kind == "load"] for alternatives in self.graph.elements]
        arrays = self.graph.arrays
        self.contested = is_contested(self.graph)
        if not self.contested:
            self.shelf = Shelf(self.model, loads, [float(array.rank) for array in arrays], {})
            return
        known = charges(self.model, self.free)
        charge = {
            number: known.cost[array.stores[0][1]]
            for number, array in enumerate(arrays)
            if array.param is None and number not in self.free
        }
        self.shelf = Shelf(self.model, loads, known.rank, charge)

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
        found = self._search()
        if found is None or not self.contested or self.free:
            return found
        filled = tuple(kernel.array for kernel in found[0].kernels if kernel.array is not None)
        again = Extractor(self.model, filled).search()
        return again if again is not None and again[0].cost < found[0].cost * (1 - 1e-9) else found

    def _search(self) -> tuple[Plan, list[tuple[int, bool, float]]] | None:
        deadline = thread_time() + SECONDS
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
                if thread_time() > deadline:
                    break
                best = self._better(best, cut)
        else:
            # Long chains of shared values are far from the least cut, and fused programs from the largest.
            largest = self._largest(best)
            starts = sorted(filter(None, (largest, best)), key=lambda plan: plan.cost)
            for start in starts:
                reached = self._descended(start, doubtful, deadline)
                best = reached if reached.cost < best.cost * (1 - 1e-9) else best
        flips: list[tuple[int, bool, float]] = []
        for array in doubtful[:EXACT]:
            if thread_time() > deadline:
                break
            other = self.plan(best.cut ^ {array})
            if other is not None:
                flips.append((array, array not in best.cut, other.cost))
        return best, flips

    def _descended(self, best: Plan, doubtful: Iterable[int], deadline: float) -> Plan:
        """Flip one array after the other, as long as that helps."""
        improved = True
        while improved:
            before = best.cost
            repeated = self._repeated(best)
            for array in doubtful:
                if thread_time() > deadline:
                    return best
                if array in best.cut or array in repeated:
                    found = self._better(best, best.cut ^ {array})
                    if found is not best:
                        best, repeated = found, self._repeated(found)
            improved = best.cost < before
        return best

    def _largest(self, least: Plan) -> Plan | None:
        """The plan that keeps whatever several kernels need, and what they need of that."""
        cut, plan = least.cut, least
        while plan is not None:
            more = cut | self._repeated(plan)
            if more == cut:
                break
            cut, plan = more, self.plan(more)
        return plan

    def _repeated(self, plan: Plan) -> frozenset[int]:
        """Doubtful arrays that could be kept for some use: a plan computes their elements more than once."""
        once: set[int] = set()
        found = set(self.always)
        for kernel in (*plan.kernels, *plan.scalars):
            loops = self._loops(kernel)
            for element, choice in kernel.choices.items():
                if element != kernel.element and isinstance(choice, ENode):
                    for array, count in self.holders.get(element, ()):
                        if array in once or count < loops:
                            found.add(array)
                        once.add(array)
        return frozenset(found)

    def _loops(self, kernel: KernelPlan) -> float:
        """How often a kernel's innermost loop runs."""
        root = kernel.choices[kernel.element]
        if isinstance(root, ENode) and root.kind == "fold":
            return self.model.count(self.model.tables.folds.values[root.attr].extents)
        return self.model.count(self.model.tables.spaces.values[self.graph.spaces[kernel.element]])

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
                sources = [array for e in moves for array in self.shelf.loads[e.args[0]]]
                if sources and not any(graph.arrays[array].param is not None for array in sources):
                    forced.add(min(sources, key=self.shelf.rank.__getitem__))
        doubtful: list[int] = []
        always: set[int] = set()
        for number in stored - forced:
            holders = {graph.arrays[number].stores[0][1], *self._classes_of(number)}
            alternatives = [e for c in holders for e in graph.elements[c]]
            if all(e.kind in ("fold", "load", "call") or self.heard(number, e) for e in alternatives):
                forced.add(number)
                continue
            readers = {user for c in holders for user in users.get(c, ())}
            if any(e.kind in _HEAVY for e in alternatives) or self._is_on_short_runs(number, readers):
                always.add(number)
            elif not self._could_pay(number, readers):
                continue
            doubtful.append(number)
        self.always, self.holders = frozenset(always), self._holders(doubtful)
        return frozenset(forced) & stored, sorted(doubtful, key=self.shelf.rank.__getitem__)

    def heard(self, array: int, enode: ENode) -> bool:
        """Whether an array is a scalar whose computation can raise a flag: it is not hidden in another's loop."""
        shape = self.model.tables.stores.values[self.graph.arrays[array].stores[0][0]].shape
        return not shape and enode.kind == "apply" and not is_quiet(enode.name, enode.signature)

    def _is_on_short_runs(self, array: int, readers: set[ENode]) -> bool:
        """Whether NumPy's loops are called on short stretches of an array; over memory of its own they are longer."""
        shape = self._shape(array)
        return (
            bool(shape)
            and any(e.name in BORROWED for e in readers)
            and self.model.run_length(shape, tuple(range(len(shape))), False) < 64
        )

    def _could_pay(self, array: int, readers: set[ENode]) -> bool:
        moves, count, shape = self.model.tables.moves.values, self.model.count, self._shape(array)
        if not shape:
            return False
        widened = any(e.kind == "move" and count(moves[e.attr].shape) > count(shape) for e in readers)
        return widened or len(readers) > 1

    def _shape(self, array: int) -> Shape:
        return self.model.tables.stores.values[self.graph.arrays[array].stores[0][0]].shape

    def _holders(self, doubtful: Iterable[int]) -> dict[int, list[tuple[int, float]]]:
        """For each class the arrays from which it could be read, also through index maps, with their lengths."""
        elements = self.graph.elements
        arrays: dict[int, set[int]] = {}
        for array in doubtful:
            for element in {self.graph.arrays[array].stores[0][1], *self._classes_of(array)}:
                arrays.setdefault(element, set()).add(array)
        found = {element: set(held) for element, held in arrays.items()}
        for element, alternatives in enumerate(elements):
            for enode in alternatives:
                if enode.kind == "move" and enode.args[0] in arrays:
                    found.setdefault(element, set()).update(arrays[enode.args[0]])
        count = {array: self.model.count(self._shape(array)) for array in doubtful}
        return {element: [(array, count[array]) for array in sorted(held)] for element, held in found.items()}

    def _classes_of(self, array: int) -> list[int]:
        return [c for c, loads in enumerate(self.shelf.loads) if array in loads]

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
            array = max(pending, key=self.shelf.rank.__getitem__)
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
        made = KernelChoice(self.shelf, array, element, cut)
        found = made.best()
        entries.append((frozenset(made.seen & cut), frozenset(made.seen - cut), found))
        return found


def copy_cost(model: CostModel, array: int) -> float:
    """A second array with the same elements."""
    shape, _, char = describe(model, array)
    size = model.count(shape) * itemsize(char)
    return model.kernel(0.0, size, size, temporary=False)
