"""One kernel: which alternative of each class, by cost as a tree; then its cost as a DAG.

A reduction or a call stands at the root of a kernel or nowhere; what a call is given is in memory, or a number. Called
by `eqsat.egraph.extract`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from eqsat.egraph.cost import CostModel, Read, Work, itemsize
from eqsat.egraph.graph import ENode, Folded, Shape
from eqsat.egraph.plan import Choice, KernelPlan, Leaf, describe
from eqsat.ir.view import Along, identity

INFINITE = float("inf")
SHARED = 4
"""A kernel of fewer operations has nothing to share."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which arrays hold a class (`loads`), in which order arrays are filled (`rank`), and what reading one is charged.

    `charge`: nanoseconds for each array that would have to be filled for it. `weights`: of alternatives, by identity.
    """

    model: CostModel
    loads: list[list[int]]
    rank: list[float]
    charge: Mapping[int, float]
    weights: dict[int, float] = field(default_factory=dict[int, float])

    def available(self, element: int, rank: float, cut: Collection[int], seen: set[int]) -> int | None:
        """An array that holds the class and can be read by a kernel of that rank."""
        for array in self.loads[element]:
            if self.model.graph.arrays[array].param is not None:
                return array
            seen.add(array)
            if array in cut and self.rank[array] < rank:
                return array
        return None

    def demanded(self, element: int, rank: float) -> int | None:
        """An array that holds the class, or that can be filled with it before a kernel of that rank."""
        arrays = self.model.graph.arrays
        found = [array for array in self.loads[element] if arrays[array].param is not None or self.rank[array] < rank]
        return min(found, key=lambda array: (arrays[array].param is None, self.rank[array]), default=None)


class KernelChoice:
    """One kernel's choice: which alternative of each class, by cost as a tree; then its cost as a DAG."""

    def __init__(self, shelf: Shelf, array: int | None, element: int, cut: frozenset[int]) -> None:
        self.shelf, self.array, self.element, self.cut = shelf, array, element, cut
        self.model = shelf.model
        self.graph, self.tables = self.model.graph, self.model.tables
        self.rank = INFINITE if array is None else shelf.rank[array]
        self.scalar = self.graph.spaces[element] == 0
        self.seen: set[int] = set()
        self.options: dict[int, list[tuple[Choice, tuple[int, ...]]]] = {}
        self.weighed: dict[int, list[tuple[Choice, float, tuple[int, ...]]]] = {}
        self.users: dict[int, dict[int, None]] = {}

    def best(self) -> KernelPlan | None:
        """The cheapest kernel that is found."""
        found = self.solve()
        if found is None or sum(isinstance(choice, ENode) for choice in found.choices.values()) < SHARED:
            return found
        if not any(
            sum(choice.kind == "apply" for choice, _ in ways if isinstance(choice, ENode)) > 1
            for ways in self.options.values()
        ):
            return found
        other = self.shared()
        return other if other is not None and self.price(other) < self.price(found) * (1 - 1e-9) else found

    def price(self, plan: KernelPlan) -> float:
        """What the kernel costs, with what must be filled for it."""
        return plan.cost + sum(self.shelf.charge.get(array, 0.0) for array in plan.reads)

    def shared(self) -> KernelPlan | None:
        """The kernel if what several parts could use is charged to each of them in part only; None if that fails.

        As a tree, five divisions by one number are cheaper than five times its reciprocal and five products.
        """
        _, best = self.cheapest({arg: 1.0 / len(elements) for arg, elements in self.users.items()})
        return self.finish(best) if self.element in best and self.is_acyclic(best) else None

    def is_acyclic(self, best: Mapping[int, Choice]) -> bool:
        """Whether no class is made of itself."""
        state: dict[int, bool] = {}
        stack: list[tuple[int, bool]] = [(self.element, False)]
        while stack:
            element, done = stack.pop()
            if done:
                state[element] = True
            elif state.get(element) is False:
                return False
            elif element not in state:
                state[element] = False
                stack.append((element, True))
                choice = best[element]
                stack.extend((arg, False) for arg in (choice.args if isinstance(choice, ENode) else ()))
        return True

    def cheapest(self, part: Mapping[int, float]) -> tuple[dict[int, float], dict[int, Choice]]:
        """The cost of each class as a tree, and the choice that it comes from; `part`: how much of it a user pays."""
        cost: dict[int, float] = {}
        best: dict[int, Choice] = {}
        pending, waiting = deque(self.weighed), set(self.weighed)
        while pending:
            element = pending.popleft()
            waiting.discard(element)
            least = limit = cost.get(element, INFINITE)
            for choice, weight, below in self.weighed[element]:
                total = weight
                for arg in below:
                    total += cost.get(arg, INFINITE) * part.get(arg, 1.0)
                if total < least * (1 - 1e-12):
                    least, best[element] = total, choice
            if least < limit:
                cost[element] = least
                for user in self.users.get(element, ()):
                    if user not in waiting:
                        waiting.add(user)
                        pending.append(user)
        return cost, best

    def solve(self) -> KernelPlan | None:
        """The kernel that is cheapest as a tree."""
        self.weigh(self.reachable())
        cost, best = self.cheapest({})
        called = self.best_call()
        if called is not None and called[0] < cost.get(self.element, INFINITE) * (1 - 1e-12):
            return self.finished(called[1])
        if self.element not in best:
            return None
        return self.finish(best)

    def best_call(self) -> tuple[float, dict[int, Choice]] | None:
        """The cheapest call that gives the class, if one does: its cost for choosing, and what it reads."""
        found: tuple[float, dict[int, Choice]] | None = None
        for enode in self.graph.elements[self.element] if self.array is not None else ():
            if enode.kind != "call":
                continue
            total = self.model.called(enode)
            chosen: dict[int, Choice] = {self.element: enode}
            for arg in enode.args:
                made = self.operand(arg)
                if made is None:
                    break
                total += sum(self.weight(choice, element) for element, choice in made.items())
                chosen |= made
            else:
                if found is None or total < found[0] * (1 - 1e-12):
                    found = total, chosen
        return found

    def operand(self, arg: int) -> dict[int, Choice] | None:
        """What a call is given: an array through an index map, or the term of a number."""
        if not self.graph.spaces[arg]:
            array = self.shelf.demanded(arg, self.rank)
            if array is not None:
                return {arg: Leaf(array, None)}
            number = KernelChoice(self.shelf, None, arg, self.cut).solve()
            return None if number is None else dict(number.choices)
        array = self.shelf.demanded(arg, self.rank)
        found: list[Leaf] = [] if array is None else [Leaf(array, None)]
        for enode in self.graph.elements[arg]:
            if enode.kind == "move":
                source = self.shelf.demanded(enode.args[0], self.rank)
                if source is not None:
                    found.append(Leaf(source, self.tables.moves.values[enode.attr].view))
        if not found:
            return None
        return {arg: min(found, key=lambda leaf: self.shelf.charge.get(leaf.array, 0.0))}

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

    def weigh(self, order: list[int]) -> None:
        """What each choice costs alone, in that order, and who uses a class."""
        for element in order:
            self.weighed[element] = [
                (choice, self.weight(choice, element), below) for choice, below in self.options[element]
            ]
            for _, below in self.options[element]:
                for arg in below:
                    self.users.setdefault(arg, {})[element] = None

    def choices(self, element: int) -> list[tuple[Choice, tuple[int, ...]]]:
        """The alternatives of a class; what is in memory is read."""
        alternatives = self.graph.elements[element]
        for enode in alternatives:
            if enode.kind in ("constant", "argument", "size"):
                return [(enode, ())]
        array = self.shelf.available(element, self.rank, self.cut, self.seen)
        if array is not None and not self.in_passing(element, array):
            return [(Leaf(array, None), ())]
        found: list[tuple[Choice, tuple[int, ...]]] = [] if array is None else [(Leaf(array, None), ())]
        for enode in alternatives:
            if enode.kind == "move":
                (source,) = enode.args
                if self.graph.spaces[source] == 0:
                    found.append((enode, enode.args))
                    continue
                array = self.shelf.available(source, self.rank, self.cut, self.seen)
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
            reading = self.model.reading(self.tables.spaces.values[self.graph.spaces[element]])
            return reading + self.shelf.charge.get(choice.array, 0.0)
        found = self.shelf.weights.get(id(choice))  # the graph keeps it, so that no other has its number
        if found is None:
            found = self.shelf.weights[id(choice)] = self.alone(choice, element)
        return found

    def alone(self, choice: ENode, element: int) -> float:
        """The cost of an alternative without what it is made of."""
        if choice.kind == "apply":
            space = self.tables.spaces.values[self.graph.spaces[element]]
            return self.model.applied(choice.name, choice.signature, space, 256.0) + 1e-3
        if choice.kind == "fold":
            return self.model.folding(self.tables.folds.values[choice.attr].extents)
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
        return self.finished(chosen)

    def finished(self, chosen: dict[int, Choice]) -> KernelPlan:
        reads = {choice.array for choice in chosen.values() if isinstance(choice, Leaf)}
        work = self.work(chosen)
        alone = self.array is None and not reads
        cost = work.computing + work.hoisted if alone else self.model.work(work, self.array, frozenset())
        return KernelPlan(self.array, self.element, chosen, tuple(sorted(reads)), work, cost)

    def work(self, chosen: dict[int, Choice]) -> Work:
        """The kernel as a DAG: every class once."""
        model, tables, graph = self.model, self.tables, self.graph
        root = chosen[self.element]
        if isinstance(root, ENode) and root.kind == "call":
            return self.call_work(root, chosen)
        shape = tables.spaces.values[graph.spaces[self.element]]
        computing = hoisted = 0.0
        if isinstance(root, ENode) and root.kind == "fold":
            fold = tables.folds.values[root.attr]
            space, order = fold.extents, loop_order(fold)
            computing += model.folding(space)
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

    def call_work(self, root: ENode, chosen: dict[int, Choice]) -> Work:
        """A call reads each of its operands once."""
        model, graph = self.model, self.graph
        sizes = {
            choice.array: model.count(self.tables.spaces.values[graph.spaces[element]])
            * itemsize(graph.dtypes[element])
            for element, choice in chosen.items()
            if isinstance(choice, Leaf)
        }
        written = model.count(self.tables.spaces.values[graph.spaces[self.element]]) * itemsize(
            graph.dtypes[self.element]
        )
        temporary = self.array not in graph.array_roots
        return Work(model.called(root), 0.0, tuple(sizes.items()), written, temporary, False, frozenset())

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
