"""The order of work: numbers at once, array work as late as may be, so that it fuses; memory is read in time.

Operations on numbers, single elements and library operations run at their place. Operations on arrays wait until their
value is needed in memory: by a statement, by control flow, or because what they read is about to be overwritten. Then
they are computed together, as one segment. What waited is computed once: if it is needed again later it is kept in
memory, as NumPy does. Called by `eqsat.pipeline`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from eqsat.egraph.calls import Called, spoken_of
from eqsat.egraph.optimize import Optimized, Report, optimize
from eqsat.errors import InternalError
from eqsat.ir import body as ir
from eqsat.ir.body import Block, Check, Leave, Scatter, Set, Statement, Variable, Write
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.equalities import symbols
from eqsat.ir.hearing import hears
from eqsat.ir.nodes import NO_MAPS, Constant, Node
from eqsat.ir.ops import CALLS, LIBRARY
from eqsat.ir.region import Guard, Region
from eqsat.ir.routine import For, If, Invoke, Labeled, Let, Routine, Segment, Step, Steps, Store, While
from eqsat.ir.types import Array, Scalar, shape_of
from eqsat.ir.view import View
from eqsat.rules.api import RuleBook
from eqsat.rules.book import DEFAULT
from eqsat.schedule.likeness import likeness
from eqsat.schedule.memory import Memory
from eqsat.schedule.placement import LEAVES, Item, User, base, is_number, is_view, place
from eqsat.schedule.segments import Carver, Work
from eqsat.schedule.writes import refuse_repetition, restored, written, written_array


@dataclass(frozen=True, slots=True)
class Planned:
    """The routine, and how the program of each segment came about, in the order of the segments."""

    routine: Routine
    reports: Mapping[Segment, Report]

    @property
    def kernels(self) -> int:
        """Of all segments."""
        return sum(report.kernels_after for report in self.reports.values())

    @property
    def kernels_before(self) -> int:
        """Of all segments, as NumPy runs them."""
        return sum(report.kernels_before for report in self.reports.values())

    @property
    def milliseconds(self) -> float:
        """Spent in the optimizer, once for all segments that are alike."""
        different = {id(report): report for report in self.reports.values()}
        return sum(sum(report.milliseconds.values()) for report in different.values())


def plan(region: Region, sizes: Mapping[Symbol, int], rules: RuleBook = DEFAULT) -> Planned:
    """The routine of a region with a body; `sizes` are today's, of the function's symbols, and estimates of others.

    Library operations of which the rules speak are part of the array work, which the e-graph holds.
    """
    return _Planner(region, sizes, rules).run()


_WRAPPERS = frozenset({"view", "cast", "copy", "negative"})
"""What stands between a number and the call that it is given to."""


class _Planner:
    def __init__(self, region: Region, sizes: Mapping[Symbol, int], rules: RuleBook) -> None:
        self.region, self.rules = region, rules
        self.held = spoken_of(rules)
        self.placement = place(region)
        self.memory = Memory(region, self.placement)
        refuse_repetition(self.placement, self.memory)
        self.carver = Carver(region, sizes, self.memory, self.at_hand)
        self.computed: set[Node] = set()
        self.done: set[User] = set()
        self.pending: dict[Node, None] = {}
        self.waiting: list[Check] = []
        self.values: dict[Variable, Node] = {}
        """What an array variable holds now, where that is known."""
        self.same: dict[Node, Node] = {}
        self.steps: list[Step] = []
        self.reports: dict[Segment, Report] = {}
        self.guards: dict[Guard, None] = {}
        self.optimized: dict[Hashable, Optimized] = {}

    def run(self) -> Planned:
        region, body = self.region, self.placement.body
        steps = self.block(body.block, list(region.result_nodes()), body)
        region = replace(region, guards=(*region.guards, *self.guards))
        numbers = {
            number: node
            for number, node in body.symbols.items()
            if node.op == "counter" or node in self.placement.sized
        }
        targets = written(self.placement, self.memory)
        heard = hears(region)
        back = restored(steps, targets, heard)
        routine = Routine(region, steps, numbers, self.direct(steps), targets, back, heard)
        return Planned(routine, self.reports)

    def direct(self, steps: Steps) -> frozenset[Node]:
        """Arrays made in the outermost block that are results, or bases of them, of a shape that the caller knows."""
        made: set[Node] = set()
        for step in steps:
            made |= {step.node} if isinstance(step, Invoke) else set(step.outputs if isinstance(step, Segment) else ())
        return frozenset(
            node
            for node in self.region.held_nodes()
            if node in made and isinstance(node.type, Array)
            if all(symbol.param < ir.LOCAL for length in node.type.shape for symbol in symbols(length))
        )

    # What is there -----------------------------------------------------------------------------------------------

    def at_hand(self, node: Node) -> bool:
        """Whether the node is computed, or an address in memory that is there."""
        node = base(node)
        return node.op in LEAVES or node in self.computed

    def known_as(self, node: Node) -> Node:
        """One node for all reads that give the same array."""
        return self.same.get(node, node)

    def needed_beside(self, node: Node, users: AbstractSet[User]) -> bool:
        """Whether anything uses the node that is neither done nor among `users`."""
        for user in self.placement.users[node]:
            if isinstance(user, Node) and is_view(user):
                if self.needed_beside(user, users):
                    return True
            elif user not in self.done and user not in users:
                return True
        return False

    def work_for(self, roots: Iterable[Node]) -> set[Node]:
        """What must be computed for the nodes: whatever waits below them, themselves included."""
        found: set[Node] = set()
        stack = [base(root) for root in roots]
        while stack:
            node = stack.pop()
            if node in found or self.at_hand(node):
                continue
            if node not in self.pending:
                raise InternalError(f"{node!r} is used where it was not computed", node.span)
            found.add(node)
            stack.extend(base(arg) for arg in node.args)
        return found

    def reads(self, node: Node) -> set[Node]:
        """The owners of the memory that computing a waiting node reads, those that wait themselves included."""
        found: set[Node] = set()
        for one in self.work_for([node]):
            found.update(base(arg) for arg in one.args if isinstance(arg.type, Array))
        return found

    def endangered(self, targets: Iterable[Node], users: AbstractSet[User] = frozenset()) -> list[Node]:
        """What waits, reads memory that may be that of a target, and is needed beside `users`."""
        owners = {self.known_as(base(target)) for target in targets}
        return [
            node
            for node in self.pending
            if self.needed_beside(node, users)
            if any(self.memory.may_meet(self.known_as(read), one) for read in self.reads(node) for one in owners)
        ]

    # Computing ---------------------------------------------------------------------------------------------------

    def force(self, nodes: Iterable[Node], also: Iterable[Node] = (), users: AbstractSet[User] = frozenset()) -> None:
        """Have the nodes in memory, or as numbers; take what `also` waits into the same segment."""
        wanted = [node for node in dict.fromkeys(map(base, nodes)) if not self.at_hand(node)]
        rest = list(also)
        if wanted or rest:
            self.segment(wanted, rest, None, users)

    def segment(
        self, wanted: Sequence[Node], also: Sequence[Node], write: Write | None, users: AbstractSet[User]
    ) -> None:
        """Compute `wanted`, what is needed later of all that must be computed for it, and carry out a write."""
        self.release_checks()
        value = () if write is None else (write.value,)
        while True:
            conditions = [check.condition for check in self.waiting]
            work = self.work_for([*wanted, *also, *conditions, *value])
            barrier = next(filter(None, (self.before_reshape(node) for node in work)), None)
            if barrier is None and write is not None:
                barrier = self.before_reshape(write.value)
            if barrier is None:
                break
            self.force([barrier], users=users)
            wanted = [node for node in wanted if not self.at_hand(node)]
            also = [node for node in also if not self.at_hand(node)]
        inside = {*users, *work, *self.waiting}
        outputs = [
            node for node in self.pending if node in work and (node in wanted or self.needed_beside(node, inside))
        ]
        checks = tuple(dict.fromkeys(condition for condition in conditions if not self.at_hand(condition)))
        self.waiting_done()
        if outputs or checks or write is not None:
            self.emit(Work(tuple(outputs), checks, write))
        self.computed.update(outputs)
        self.done |= work
        for node in work:
            self.pending.pop(node, None)

    def waiting_done(self) -> None:
        self.done.update(self.waiting)
        self.waiting = []

    def before_reshape(self, node: Node) -> Node | None:
        """What must be in memory before the node can be computed: a reshaped array is not part of a segment."""
        for arg in (node, *node.args):
            while is_view(arg):
                if arg.op in NO_MAPS and not self.at_hand(arg):
                    return base(arg)
                arg = arg.args[0]
        return None

    def emit(self, work: Work) -> None:
        """Optimize a segment, and put it here."""
        carved = self.carver.carve(work, self.known_as)
        key = likeness(carved)
        optimized = self.optimized.get(key) or optimize(carved.region, carved.sizes, self.rules)
        if key is not None:
            self.optimized[key] = optimized
        segment = Segment(optimized.program, carved.inputs, work.outputs)
        self.steps.append(segment)
        self.reports[segment] = optimized.report
        self.guards.update(dict.fromkeys(carved.outside(optimized.report.guards)))

    def release_checks(self) -> None:
        """Put the checks here whose condition is known by now."""
        still: list[Check] = []
        for check in self.waiting:
            if self.at_hand(check.condition):
                self.steps.append(check)
                self.done.add(check)
            else:
                still.append(check)
        self.waiting = still

    def settle_checks(self) -> None:
        """Have nothing left to check."""
        self.release_checks()
        if self.waiting:
            self.segment([], [], None, frozenset())

    # Walking -----------------------------------------------------------------------------------------------------

    def block(self, block: Block, final: Sequence[Node], user: User | None = None) -> Steps:
        """The steps of a block, at whose end `final` must be there, for `user`."""
        outside, self.steps = self.steps, []
        for item in self.placement.items[block]:
            if isinstance(item, Node):
                self.node(item)
            else:
                self.statement(item)
        rest = [node for node in self.pending if self.placement.block_of[node] is block]
        self.force(final, users=frozenset() if user is None else {user})
        self.force([node for node in rest if node in self.pending and self.needed_later(node, user)])
        self.settle_checks()
        for node in rest:
            self.pending.pop(node, None)
        steps, self.steps = tuple(self.steps), outside
        return steps

    def needed_later(self, node: Node, user: User | None) -> bool:
        """Whether a node that still waits at the end of its block is used after it: only a loop's head is so used."""
        waiting = {*self.pending, *(() if user is None else (user,))}
        return self.needed_beside(node, waiting)

    def node(self, node: Node) -> None:
        """Compute a node at its place, or let it wait."""
        if is_view(node) or self.is_only_written(node):
            return
        if node.op == "read":
            self.read(node)
        elif node.op in LIBRARY and not self.is_held(node):
            self.force(node.args)
            self.settle_checks()
            self.now(node, Invoke(node))
        elif node.op == "view" and is_number(node) and self.at_hand(node.args[0]):
            self.settle_checks()
            self.now(node, Let(node))
        elif self.is_of_numbers(node) and not self.feeds_rules(node):
            self.now(node, Let(node))
        else:
            self.pending[node] = None
        if node in self.placement.sized:
            self.force([node])

    def is_held(self, node: Node) -> bool:
        """Whether the node is a library operation that rules speak of, and that therefore waits like array work."""
        if node.op not in CALLS:
            return False
        chars = self.held.get(Called(node.op, node.attr).key, "")
        return bool(chars) and (node.op == "opaque" or _typed(node).dtype.char in chars)

    def is_of_numbers(self, node: Node) -> bool:
        """Whether the node is one number, computed of numbers at hand."""
        return node.op not in CALLS and is_number(node) and all(is_number(a) and self.at_hand(a) for a in node.args)

    def feeds_rules(self, node: Node) -> bool:
        """Whether the number is an operand of a call that rules speak of: `f(n - 1)` can match only as a whole."""
        if not self.held or not node.args:
            return False
        users = [user for user in self.placement.users[node] if isinstance(user, Node)]
        return any(self.is_held(user) or (user.op in _WRAPPERS and self.feeds_rules(user)) for user in users)

    def now(self, node: Node, step: Step) -> None:
        self.steps.append(step)
        self.computed.add(node)
        self.done.add(node)

    def is_only_written(self, node: Node) -> bool:
        """Whether the node is one element that is written to, and never read."""
        users = self.placement.users[node]
        return (
            node.op == "view"
            and is_number(node)
            and bool(users)
            and all(isinstance(user, Write) and user.target is node and user.value is not node for user in users)
        )

    def read(self, node: Node) -> None:
        variable = node.attr
        assert isinstance(variable, Variable)
        self.now(node, Let(node))
        if isinstance(variable.type, Array):
            known = self.values.setdefault(variable, node)
            if known is not node:
                self.same[node] = known

    def statement(self, statement: Statement) -> None:
        match statement:
            case Check():
                self.waiting.append(statement)
                self.release_checks()
                return
            case Set():
                self.set(statement)
            case Write():
                self.write(statement)
            case Scatter():
                parts = [statement.target, *statement.indices, statement.value]
                self.force(parts, self.endangered([statement.target], {statement}), {statement})
                self.settle_checks()
                self.steps.append(statement)
            case Leave():
                self.settle_checks()
                self.steps.append(statement)
            case _:
                self.control(statement)
        self.done.add(statement)

    def set(self, statement: Set) -> None:
        self.force([statement.value], users={statement})
        self.steps.append(Set(statement.variable, statement.value, statement.span))
        if isinstance(statement.variable.type, Array):
            value = self.known_as(statement.value)
            if value.type == statement.variable.type and not is_view(value):
                self.values[statement.variable] = value
            else:
                self.values.pop(statement.variable, None)

    def write(self, statement: Write) -> None:
        target = statement.target
        if not shape_of(_typed(target)):
            self.write_number(statement)
            return
        if not self.at_hand(target):
            self.force([target], self.endangered([target], {statement}), {statement})
        self.segment([], self.endangered([target], {statement}), statement, {statement})

    def write_number(self, statement: Write) -> None:
        target, value = statement.target, statement.value
        if isinstance(target.type, Array):  # without axes: the one element
            target = _element(target)
        if isinstance(value.type, Array):
            value = _element(value)
            self.force([value.args[0]], self.endangered([target.args[0]], {statement}), {statement})
            self.steps.append(Let(value))
        self.force([target.args[0], statement.value], self.endangered([target.args[0]], {statement}), {statement})
        self.settle_checks()
        self.steps.append(Store(target, value))

    def control(self, statement: ir.If | ir.For | ir.While | ir.Labeled) -> None:
        """A statement with blocks: what waits and is used within is computed before."""
        inside = list(self.placement.inside(statement))
        used = [node for item in inside for node in _parts(item)]
        waits = [node for node in dict.fromkeys(map(base, used)) if node in self.pending]
        targets = [written_array(item) for item in inside if isinstance(item, Write | Scatter)]
        users: set[User] = {*inside, statement}
        self.force([*ir.operands(statement), *waits], self.endangered(targets), users)
        self.settle_checks()
        sets = {item.variable for item in inside if isinstance(item, Set)}
        for variable in sets:
            self.values.pop(variable, None)
        known = dict(self.values)
        match statement:
            case ir.If():
                then = self.block(statement.then, ())
                self.values = dict(known)
                made: Step = If(statement.condition, then, self.block(statement.orelse, ()))
            case ir.For(counter, start, stop, step, up):
                facts = list(self.carver.facts)
                self.carver.facts += self.bounds(statement)
                made = For(counter, start, stop, step, up, self.block(statement.body, ()))
                self.carver.facts = facts
            case ir.While(head, condition):
                first = self.block(head, (condition,), statement)
                made = While(first, condition, self.block(statement.body, ()))
            case ir.Labeled(label):
                made = Labeled(label, self.block(statement.body, ()))
        self.values = {variable: node for variable, node in known.items() if variable not in sets}
        self.steps.append(made)

    def bounds(self, loop: ir.For) -> list[Dim]:
        """Formulas that are zero or more in every turn."""
        here, start, stop = map(self.formula, (loop.counter, loop.start, loop.stop))
        if here is None or loop.up is None:
            return []
        sign = 1 if loop.up else -1
        found = [] if start is None else [(here - start) * sign]
        return found if stop is None else [*found, (stop - here) * sign - 1]

    def formula(self, node: Node) -> Dim | None:
        """The integer as a formula, where it is one."""
        if isinstance(node.attr, Dim):
            return node.attr
        if isinstance(node.attr, Constant):
            return dim(int(node.attr.value))
        symbol = next((number for number, one in self.placement.body.symbols.items() if one is node), None)
        return None if symbol is None else dim(Symbol(symbol, None))


def _parts(item: Item) -> tuple[Node, ...]:
    """The nodes that a node or statement uses itself."""
    if isinstance(item, Node):
        return item.args
    return (item.condition,) if isinstance(item, ir.While) else ir.operands(item)


def _typed(node: Node) -> Scalar | Array:
    assert isinstance(node.type, Scalar | Array)
    return node.type


def _element(array: Node) -> Node:
    """The number in an array without axes."""
    return Node("view", (array,), View((), 0), Scalar(_typed(array).dtype, "numpy"), array.span)
