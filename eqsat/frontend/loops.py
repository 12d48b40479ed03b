"""`for` and `while`: a body that is translated once for all of its turns.

What a name holds at the head of a loop is found by trying: the body is translated with what the names hold before it,
and again when a turn brings another type, until nothing changes. Loops over known items are unrolled. Called for
statements; refuses what `iterables` and `joins` refuse.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from eqsat.errors import LayoutsDifferError, PythonRaises, UnknownNumberError, UnsupportedError
from eqsat.frontend.control import Left, LoopFrame, Meeting
from eqsat.frontend.facts import is_local
from eqsat.frontend.iterables import Counted, Listed, iterable, known_turns
from eqsat.frontend.joins import reading
from eqsat.frontend.liveness import First, assigned, first_use, has_leaving, live_after, read_by_inner, reads
from eqsat.frontend.recorder import Open
from eqsat.frontend.scope import Scope
from eqsat.frontend.truth import learn, negation
from eqsat.frontend.values import Known, Maybe, Value
from eqsat.ir.body import Block, For, If, Label, Labeled, Leave, While
from eqsat.ir.dims import Dim, dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Node
from eqsat.ir.region import Guard
from eqsat.ir.span import Span

Flow = Value | Left | None
"""How statements end: None at their end, a value returned by every way, or elsewhere."""
Execute = Callable[[Scope, Sequence[ast.stmt]], Flow]
Bind = Callable[[Scope, ast.expr, Value], None]
Evaluate = Callable[[Scope, ast.expr], Value]
Condition = Callable[[Scope, ast.expr], "bool | Node"]

LONGEST = 1 << 40
"""Bounds of loops must be smaller: no loop runs that long, and counters times small numbers stay below 2**63."""
UNROLLED = 64
"""A loop of so many turns is unrolled where its body needs to know the number of the turn."""
_ATTEMPTS = 12


def translate_for(scope: Scope, node: ast.For, execute: Execute, bind: Bind, evaluate: Evaluate) -> Flow:
    """A `for` statement."""
    builder, span = scope.builder, scope.span(node.iter)
    over = iterable(builder, node.iter, lambda part: evaluate(scope, part), span)
    if isinstance(over, Listed):
        return _Unrolled(scope, node, execute, bind).run(over.items)
    turns = known_turns(over)
    if turns is None or len(turns) > UNROLLED:
        mark, before = builder.recorder.mark(), dict(scope.values)
        try:
            return _count(scope, node, over, execute, bind)
        except LayoutsDifferError:
            scope.restore(before)
            builder.recorder.reset(mark)
            rest = _without_first(scope, over, span)
            if rest is None or has_leaving(node.body, ast.Break):
                raise
        # The first turn stands alone: behind it the names hold what the loop itself makes, in an order of its own.
        first = ast.copy_location(ast.For(node.target, node.iter, node.body, []), node)
        flow = _Unrolled(scope, first, execute, bind).run([over.item(builder, over.start, span)])
        return flow if flow is not None else _count(scope, node, rest, execute, bind)
    if len(turns) > 1:
        mark, before = builder.recorder.mark(), dict(scope.values)
        try:
            return _count(scope, node, over, execute, bind)
        except UnknownNumberError:
            scope.restore(before)
            builder.recorder.reset(mark)
    return _Unrolled(scope, node, execute, bind).run([over.item(builder, Known(k), span) for k in turns])


def _without_first(scope: Scope, over: Counted, span: Span) -> Counted | None:
    """The loop from its second turn on; None if it is not known to have a first one."""
    builder = scope.builder
    start, stop, step = (builder.dim(value, span) for value in (over.start, over.stop, over.step))
    if over.up is None or is_local(start) or is_local(stop) or is_local(step):
        return None
    first, last = (start, stop) if over.up else (stop, start)
    if not builder.decide(last, ">=", first + 1, span):
        return None
    return replace(over, start=builder.size(start + step, span))


def translate_while(scope: Scope, node: ast.While, execute: Execute, condition: Condition) -> Flow:
    """A `while` statement: turns without end, of which each begins with asking whether it is the last."""
    builder, span = scope.builder, scope.span(node.test)
    exhausted = Label("exhausted")

    def turn(frame: LoopFrame) -> None:
        holds = condition(scope, node.test)
        if holds is not True:
            ends = negation(holds, span)
            with builder.recorder.block() as ending:
                frame.head.arrive(builder, frame.names, scope.values, span)
                builder.emit(Leave(exhausted))
            with builder.recorder.block() as going:
                pass
            builder.emit(If(builder.truth_node(ends, span), ending.block, going.block, span))
            learn(builder, holds, True, span)
        _turn(scope, node, frame, lambda: execute(scope, node.body))

    def make(body: Block) -> None:
        with builder.recorder.block() as whole:
            builder.emit(While(Block((), body.first, body.first), builder.node(Known(True), span), body, span))
        builder.emit(Labeled(exhausted, whole.block))

    parts: list[ast.stmt] = [ast.Expr(node.test), *node.body]
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    return _Loop(scope, node, parts, endless, turn, make, execute).run()


def _count(scope: Scope, node: ast.For, over: Counted, execute: Execute, bind: Bind) -> Flow:
    """A loop whose turns are counted at run time."""
    builder, span = scope.builder, scope.span(node.iter)
    start, stop, step = (builder.dim(value, span) for value in (over.start, over.stop, over.step))
    for bound in (start, stop, step):
        _refuse_long(scope, bound, span)
    first, last = (start, stop) if over.up else (stop, start)
    runs = False
    if over.up is not None:
        if is_local(first) or is_local(last):
            runs = builder.facts.ensured(last, first + 1, span)
        elif not builder.decide(last, ">=", first + 1, span):
            return execute(scope, node.orelse)
        else:
            runs = True
    counters: list[Node] = []

    def turn(frame: LoopFrame) -> None:
        middle = (builder.facts.today(start) + builder.facts.today(stop)) // 2
        counters.append(builder.counter(middle, span))
        index = builder.dim(counters[-1], span)
        if over.up is not None:
            low, high = (start, stop - 1) if over.up else (stop + 1, start)
            builder.facts.assume(Guard(index, ">=", low, span))
            builder.facts.assume(Guard(high, ">=", index, span))

        def body() -> Flow:
            bind(scope, node.target, over.item(builder, counters[-1], span))
            return execute(scope, node.body)

        _turn(scope, node, frame, body)

    def make(body: Block) -> None:
        bounds = [builder.size_node(bound, span) for bound in (start, stop, step)]
        builder.emit(For(counters[-1], bounds[0], bounds[1], bounds[2], over.up, body, span))

    parts: list[ast.stmt] = [ast.Assign([node.target], ast.Constant(None)), *node.body]
    return _Loop(scope, node, parts, runs, turn, make, execute).run()


def _turn(scope: Scope, node: ast.For | ast.While, frame: LoopFrame, body: Callable[[], Flow]) -> None:
    """One turn, after which the names meet at the head again."""
    builder, span = scope.builder, scope.span(node)
    with builder.recorder.block() as inside:
        try:
            flow = body()
        except PythonRaises:
            builder.check(builder.node(Known(False), span))
            flow = Left.GONE
        if flow is None:
            frame.head.arrive(builder, frame.names, scope.values, span)
    if frame.skipped:
        builder.emit(Labeled(frame.next, inside.block))
    else:
        builder.recorder.splice(inside)


class _Loop:
    """A loop that is translated until the forms of its names are stable.

    `parts` are the statements of a turn in order; `runs`: the loop is known to run at least once.
    """

    def __init__(
        self,
        scope: Scope,
        node: ast.For | ast.While,
        parts: Sequence[ast.stmt],
        runs: bool,
        turn: Callable[[LoopFrame], None],
        make: Callable[[Block], None],
        execute: Execute,
    ) -> None:
        self.scope, self.node, self.turn, self.make, self.execute = scope, node, turn, make, execute
        self.span = scope.span(node.iter if isinstance(node, ast.For) else node.test)
        self.endless = runs and isinstance(node, ast.While)
        names = assigned(parts)
        orelse = node.orelse
        later = {
            name
            for name in names
            if live_after(scope.source.node, node, name) or any(reads(part, name) for part in orelse)
        }
        function = scope.source.node
        firsts = {
            name: First.READ if read_by_inner(function, name) else first_use(parts, name, name in later)
            for name in names
        }
        self.carried = tuple(
            name
            for name in names
            if firsts[name] is First.READ or (name in later and firsts[name] is not First.WRITTEN)
        )
        self.names = tuple(name for name in names if name in self.carried or name in later)
        self.entering = tuple(name for name in self.names if name in self.carried or not runs)
        self.leaving = bool(orelse) and has_leaving(node.body, ast.Break)
        self.names_after = tuple(dict.fromkeys((*self.names, *assigned(orelse)))) if self.leaving else self.names

    def run(self) -> Flow:
        """Translate it."""
        scope, builder = self.scope, self.scope.builder
        builder.recorder.start()
        before, mark = dict(scope.values), builder.recorder.mark()
        key = self._key(before)
        head = scope.translation.met.get(key, Meeting()).again()
        after = Meeting() if self.leaving else head
        for _ in range(_ATTEMPTS):
            frame = LoopFrame(head, after, self.names, self.names_after, Label("next"), Label("end"))
            with builder.recorder.block() as whole:
                head.arrive(builder, self.entering, before, self.span)
                inner = self._body(frame)
                self.make(inner)
                try:
                    flow = self._otherwise(frame, before) if self.node.orelse else None
                except PythonRaises:
                    builder.check(builder.node(Known(False), self.span))
                    flow = Left.GONE
            if not head.widened and not after.widened:
                scope.translation.met[key] = head.again()
                return self._close(frame, whole, before, flow)
            head = head.again()
            after = after.again() if self.leaving else head
            scope.restore(before)
            builder.recorder.reset(mark)
        raise UnsupportedError(
            "the types in this loop do not settle", self.span, instead="convert to one type before the loop"
        )

    def _key(self, before: Mapping[str, Value | Maybe]) -> tuple[object, str]:
        forms = {name: repr(before.get(name)) for name in self.names}
        return self.node, repr(forms)

    def _body(self, frame: LoopFrame) -> Block:
        scope, builder = self.scope, self.scope.builder
        scope.control.loops.append(frame)
        try:
            with scope.control.within(), builder.recorder.block() as inner, builder.facts.inside():
                for name in self.names:
                    if name not in self.carried:
                        scope.values.pop(name, None)
                read_all(scope, frame.head, self.carried, self.span)
                self.turn(frame)
        finally:
            scope.control.loops.pop()
        return inner.block

    def _otherwise(self, frame: LoopFrame, before: Mapping[str, Value | Maybe]) -> Flow:
        """The `else` of a loop: reached by those who do not break."""
        scope = self.scope
        scope.restore(before)
        read_all(scope, frame.head, self.names, self.span)
        if not self.leaving:
            return self.execute(scope, self.node.orelse)
        with scope.control.within():
            flow = self.execute(scope, self.node.orelse)
        if flow is None:
            frame.after.arrive(scope.builder, self.names_after, scope.values, self.span)
        return flow

    def _close(self, frame: LoopFrame, whole: Open, before: Mapping[str, Value | Maybe], flow: Flow) -> Flow:
        scope, recorder = self.scope, self.scope.builder.recorder
        if frame.left:
            recorder.emit(Labeled(frame.end, whole.block))
        else:
            recorder.splice(whole)
        if self.endless and not frame.left:
            return Left.GONE
        if self.node.orelse and not self.leaving:
            return flow
        scope.restore(before)
        read_all(scope, frame.after, self.names_after, self.span)
        return None if frame.left or not self.node.orelse else flow


class _Unrolled:
    """A loop over known items: its body is translated for each."""

    def __init__(self, scope: Scope, node: ast.For, execute: Execute, bind: Bind) -> None:
        self.scope, self.node, self.execute, self.bind = scope, node, execute, bind
        self.span = scope.span(node.iter)
        self.names = assigned([node.target, *node.body, *node.orelse])
        kinds: tuple[type[ast.Break] | type[ast.Continue], ...] = (ast.Break, ast.Continue)
        self.leaving = any(has_leaving(node.body, kind) for kind in kinds)

    def run(self, items: Sequence[Value]) -> Flow:
        """Translate it."""
        if not self.leaving:
            for item in items:
                self.bind(self.scope, self.node.target, item)
                flow = self.execute(self.scope, self.node.body)
                if flow is not None:
                    return flow
            return self.execute(self.scope, self.node.orelse)
        scope, recorder = self.scope, self.scope.builder.recorder
        recorder.start()
        before, mark = dict(scope.values), recorder.mark()
        heads, after = [Meeting() for _ in items], Meeting()
        for _ in range(_ATTEMPTS):
            frame = LoopFrame(Meeting(), after, self.names, self.names, Label("next"), Label("end"))
            with recorder.block() as whole:
                flow = self._turns(frame, items, heads)
                if frame.left and flow is None:
                    after.arrive(scope.builder, self.names, scope.values, self.span)
            if not after.widened and not any(head.widened for head in heads):
                if not frame.left:
                    recorder.splice(whole)
                    return flow
                recorder.emit(Labeled(frame.end, whole.block))
                read_all(scope, after, self.names, self.span)
                return None
            heads, after = [head.again() for head in heads], after.again()
            scope.restore(before)
            recorder.reset(mark)
        raise UnsupportedError("the types in this loop do not settle", self.span, instead="convert to one type")

    def _turns(self, frame: LoopFrame, items: Sequence[Value], heads: Sequence[Meeting]) -> Flow:
        scope, control = self.scope, self.scope.control
        control.loops.append(frame)
        try:
            with control.within():
                frame.depth = control.depth
                for item, head in zip(items, heads, strict=True):
                    frame.head, frame.next, frame.skipped = head, Label("next"), False
                    flow = self._one(frame, item)
                    if flow is Left.BREAK:
                        return None
                    if flow is not None and flow is not Left.CONTINUE:
                        return flow
        finally:
            control.loops.pop()
        return self.execute(scope, self.node.orelse)

    def _one(self, frame: LoopFrame, item: Value) -> Flow:
        scope, recorder = self.scope, self.scope.builder.recorder
        with recorder.block() as inside:
            self.bind(scope, self.node.target, item)
            flow = self.execute(scope, self.node.body)
            if frame.skipped and (flow is None or flow is Left.CONTINUE):
                frame.head.arrive(scope.builder, self.names, scope.values, self.span)
        if not frame.skipped:
            recorder.splice(inside)
            return flow
        recorder.emit(Labeled(frame.next, inside.block))
        read_all(scope, frame.head, self.names, self.span)
        return flow if flow is Left.BREAK else None


def leave_loop(scope: Scope, kind: Left, span: Span) -> Left:
    """`break` or `continue`."""
    frame, builder = scope.control.loops[-1], scope.builder
    if frame.depth == scope.control.depth:
        return kind
    if kind is Left.BREAK:
        frame.left = True
        frame.after.arrive(builder, frame.names_after, scope.values, span)
        builder.emit(Leave(frame.end))
    else:
        frame.skipped = True
        frame.head.arrive(builder, frame.names, scope.values, span)
        builder.emit(Leave(frame.next))
    return Left.GONE


def read_all(scope: Scope, meeting: Meeting, names: Sequence[str], span: Span) -> None:
    """Behind a meeting, the names hold what its variables do; a name without a value on any way has none."""
    for name in names:
        carrier = meeting.carrier(name)
        if carrier is None:
            scope.values.pop(name, None)
        else:
            scope.values[name] = reading(scope.builder, carrier, span)


def _refuse_long(scope: Scope, bound: Dim, span: Span) -> None:
    if all(symbol.axis is not None for symbol in symbols(bound)) and abs(bound.const) < LONGEST:
        return
    for one, other in ((dim(LONGEST), bound), (bound, dim(-LONGEST))):
        if not scope.builder.decide(one, ">=", other, span, expected=True):
            raise PythonRaises("a loop has more than 2**40 turns", span)
