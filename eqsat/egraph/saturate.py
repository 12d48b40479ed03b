"""Run the rules over a program, one iteration at a time, and read out what came of it.

Between iterations the host looks for what egglog cannot know: the value of an operation on constants, the composition
of two index maps. Budgets hold between iterations; over budget, no more rules run and the graph is read as it is.
Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter, thread_time

import numpy as np

from eqsat.egraph import properties
from eqsat.egraph.apply import Told, apply_rules, array_rules, as_rules
from eqsat.egraph.declare import STANDARD_SIGNATURES, equal_literals, kinds_of
from eqsat.egraph.encode import Seeds, commutes
from eqsat.egraph.engine import Session, session
from eqsat.egraph.graph import ENode, Graph, Moved, Tables, analyse
from eqsat.egraph.host import cast_pair, fold_constants, is_idempotent, is_quiet, reads_everything
from eqsat.egraph.readout import Places, ReadOut, has_mirrored, locate, read_out
from eqsat.egraph.text import text_of
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import Constant
from eqsat.ir.ops import UFUNCS
from eqsat.ir.types import Array, Scalar
from eqsat.ir.view import View
from eqsat.rules.api import CONSTANT_TESTS, RuleBook, literal, walk


@dataclass(frozen=True, slots=True)
class Budgets:
    """What the rules may cost.

    `nodes`: rows of all tables (20,000). `growth`: by how much one iteration may multiply a graph of more than a
    thousand rows (4.0), because nothing stops the next one while it runs, and such growth is squared each time.
    `seconds`: processor time (1.0), so that a busy machine does not change the outcome. `iterations`: of the
    simplifying rules in a row (16). `rounds`: how often the host talks to the rules, and the rules copy expressions to
    where they are read (24).
    """

    nodes: int = 20_000
    growth: float = 4.0
    seconds: float = 1.0
    iterations: int = 16
    rounds: int = 24


_SMALL = 1000
"""Rows: a graph below this may grow by any factor."""

GROWING = 4
"""Rules that can go on for ever run while the graph has less than one in so many of the rows that it may have."""

_CHUNK = 48
"""Parts of a program, or facts, that are told in one rule."""

SATURATED, EXPANDED = "saturated", "expanded"
"""Why a phase ended: nothing changes any more, or it is the host's turn. Anything else is a budget."""


@dataclass(slots=True)
class Saturated:
    """The e-graph after the rules, and where the program as written is in it.

    `fired` says on which classes which rule fired.
    """

    graph: Graph
    places: Places
    fired: list[tuple[str, int]]
    nodes: int
    stop: str
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])


def saturate(seeds: Seeds, book: RuleBook, budgets: Budgets, sizes: Mapping[Symbol, int]) -> Saturated:
    """Everything that the rules find equal; `sizes` are those of the first call, which rules have hints at."""
    start = perf_counter()
    milliseconds: dict[str, float] = {}

    def lap(name: str) -> None:
        nonlocal start
        now = perf_counter()
        milliseconds[name] = milliseconds.get(name, 0.0) + (now - start) * 1e3
        start = now

    arrays = array_rules(book, seeds.graph, seeds.tables)
    loops = {e.signature for (e,) in seeds.graph.elements if e.name in UFUNCS or e.name == "select"}
    operations = {"negative", *(e.name for (e,) in seeds.graph.elements if e.kind == "apply")}
    if arrays:  # which bring operations of their own
        loops |= {f"{char}->{char}" for char in seeds.graph.dtypes}
        operations |= {part.op for one in arrays for part in walk(one.right) if part.args}
    kinds = kinds_of(loops)
    with session(book, kinds, operations) as opened:
        lap("open")
        run = _Run(opened, seeds.tables, kinds, budgets, bool(arrays))
        for text in run.seed_texts(seeds):
            opened.run(text)
        lap("load")
        mirrored, over, rounds = False, False, 0
        while True:
            stop = run.phase(mirrored)
            lap("rules")
            out = read_out(opened)
            lap("read")
            rounds += 1
            over = stop not in (SATURATED, EXPANDED)
            news = run.numbers(out) if over else run.news(out)
            mirrored = not run.commuted and has_mirrored(out.graph)
            found: list[Told] = []
            if arrays and not over and not run.numbered_anew:
                analyse(out.graph, seeds.tables)
                found = apply_rules(arrays, out, seeds.tables, sizes)
                news += run.told_of(found, rounds)
                lap("rules about arrays")
            if stop == SATURATED and not news and not mirrored:
                break
            if not over and rounds == budgets.rounds:
                stop, over = f"stopped after {rounds} rounds", True
            if news:
                opened.run(news)
            if over:
                # Numbers that rules wrote are now one with the constants that they are: before, those were two classes.
                out = read_out(opened) if news else out
                break
            lap("host")
        nodes = opened.size()
    lap("close")
    analyse(out.graph, seeds.tables)
    places = locate(seeds.graph, out.graph)
    lap("check")
    if over:
        stop += f"; rules that grew it: {_most_active(out.fired)}"
    return Saturated(out.graph, places, out.fired, nodes, stop, milliseconds)


def _most_active(fired: Iterable[tuple[str, int]]) -> str:
    """The rules that fired on the most classes."""
    counts = Counter(name for name, _ in fired)
    return ", ".join(f"{name} ({count} times)" for name, count in counts.most_common(3))


class _Run:
    """One program's stay in an e-graph: what the host has told it already, and when it began."""

    def __init__(
        self, opened: Session, tables: Tables, kinds: list[str], budgets: Budgets, numbered: bool = False
    ) -> None:
        self.opened, self.tables, self.budgets, self.numbered = opened, tables, budgets, numbered
        self.start = thread_time()
        self.told: set[str] = set()
        self.texts = 0
        self.commuted = self.began = self.numbered_anew = False
        self.rulesets = ("simplify", *(f"simplify_{kind}" for kind in kinds))
        self.growing = tuple(f"grow_{kind}" for kind in kinds)
        self.spaces_told = self.stores_told = self.moves_told = self.folds_told = 0

    def over(self, before: int) -> str:
        """Why no more rules may run after an iteration on a graph of `before` rows, or nothing."""
        if thread_time() - self.start > self.budgets.seconds:
            return f"over the time budget of {self.budgets.seconds} s"
        nodes = self.opened.size()
        if nodes > self.budgets.nodes:
            return f"over the node budget: {nodes} of {self.budgets.nodes}"
        if nodes > max(before, _SMALL) * self.budgets.growth:
            return f"over the growth budget: from {before} nodes to {nodes} in one iteration"
        return ""

    def phase(self, commute: bool) -> str:
        """Simplify to the end, then copy once: the host must see what maps were put one after the other."""
        if commute:
            self.commuted = True
            self.opened.iterate("commute")
        for _ in range(self.budgets.iterations):
            self.opened.run("(run-schedule (saturate (run analysis)))", keep=True)
            before = self.opened.size()
            # All rules see the program as it was written: none goes first, and takes away what another looks for.
            growing = () if self.began or before > self.budgets.nodes / GROWING else self.growing
            self.began = True
            if not self.opened.iterate(*growing, *self.rulesets).updated:
                break
            if why := self.over(before):
                return why
        before = self.opened.size()
        small = before < self.budgets.nodes / GROWING
        updated = self.opened.iterate("expand", *(self.growing if small else ())).updated
        if why := self.over(before):
            return why
        return EXPANDED if updated else SATURATED

    def seed_texts(self, seeds: Seeds) -> Iterator[str]:
        """The program as rules with a local name for every part, and the facts about it.

        A rule takes time with the square of the number of its names, so that a long program is several, each of
        which finds what it needs of earlier ones in a table.
        """
        parts = list(_parts(seeds))
        chunk_of = {part.name: number // _CHUNK for number, part in enumerate(parts)}
        last_use: dict[str, int] = {}
        for number, part in enumerate(parts):
            last_use.update((name, number // _CHUNK) for name in part.uses)
        for number, first in enumerate(range(0, len(parts), _CHUNK)):
            chunk = parts[first : first + _CHUNK]
            lines = [line for part in chunk for line in (f"(let {part.name} {part.text})", *part.facts)]
            lines += [
                f"(set {_seed(part.name)} {part.name})"
                for part in chunk
                if last_use.get(part.name, 0) > number or (self.numbered and part.name[0] == "e")
            ]
            used = dict.fromkeys(name for part in chunk for name in part.uses if chunk_of[name] < number)
            yield self._as_rule(lines, [f"(= {name} {_seed(name)})" for name in used])
        facts = [*self._param_facts()]
        for (enode,) in seeds.graph.elements:
            facts += self.facts_about(enode)
            if enode.kind == "constant":
                facts += self._negated(enode)
        facts += self.table_facts()
        for first in range(0, len(facts), _CHUNK):
            yield self._as_rule(facts[first : first + _CHUNK])

    def _param_facts(self) -> Iterator[str]:
        tables = self.tables
        for number, param in enumerate(tables.region.params):
            if isinstance(param.type, Array):
                space = tables.spaces.number(tables.resolved(param.type.shape))
                yield f"(set (param_space {number}) {space})"
                yield f'(set (param_dtype {number}) "{param.type.dtype.char}")'
            elif isinstance(param.type, Scalar):
                yield f'(set (argument_dtype {number}) "{param.type.dtype.char}")'

    def _as_rule(self, actions: list[str], queries: Sequence[str] = ()) -> str:
        """Actions as rules, of which each fires once; what takes rows away comes in a second one, after the others.

        In one rule, egglog would leave out everything after the first row that is not there yet.
        """
        taken = [action for action in actions if action.startswith("(subsume")]
        made = [action for action in actions if not action.startswith("(subsume")]
        texts: list[str] = []
        for body in filter(None, (made, taken)):
            name = f"text{self.texts}"
            self.texts += 1
            rule = f'(rule ({" ".join(queries)}) ({" ".join(body)}) :ruleset {name} :name "{name}")'
            texts.append(f"(ruleset {name})\n{rule}\n(run {name} 1)")
        return "\n".join(texts)

    def facts_about(self, enode: ENode) -> Iterator[str]:
        """What the host knows of a part that is new."""
        for fact in self._facts_about(enode):
            if fact not in self.told:
                self.told.add(fact)
                yield fact

    def _facts_about(self, enode: ENode) -> Iterator[str]:
        if enode.kind == "constant":
            constant, text = enode.constant, _text(enode)
            for name in equal_literals(constant, self.opened.literals):
                yield f'(Equals {text} "{name}")'
            for test, holds in CONSTANT_TESTS.items():
                if holds(constant):
                    yield f'(Known "{test}" {text})'
        elif enode.kind == "apply":
            if enode.signature not in STANDARD_SIGNATURES:
                yield f'(set (result "{enode.signature}") "{enode.signature[-1]}")'
            if is_quiet(enode.name, enode.signature):
                yield f'(Quiet "{enode.name}" "{enode.signature}")'
            yield from properties.facts_about(enode.name, enode.signature, sorted(self.opened.tests))
            op = UFUNCS.get(enode.name)
            if is_idempotent(enode.name, enode.signature):
                yield f'(Idempotent "{enode.name}" "{enode.signature}")'
            if op is not None and commutes(enode.name, enode.signature):
                yield f'(Commutes "{enode.name}" "{enode.signature}")'

    def table_facts(self) -> Iterator[str]:
        """Facts about the numbers in the tables that egglog has not heard of."""
        tables = self.tables
        while self.spaces_told < len(tables.spaces.values):
            shape = tables.spaces.values[self.spaces_told]
            filled = Moved(View((), len(shape)), (), shape)
            if shape:
                yield f"(set (fill {self.spaces_told}) {tables.moves.number(filled)})"
            self.spaces_told += 1
        while self.moves_told < len(tables.moves.values):
            number = self.moves_told
            moved = tables.moves.values[number]
            space = tables.spaces.number(moved.shape)
            yield f"(set (move_space {number}) {space})"
            if reads_everything(moved):
                yield f"(Covers {number})"
            if moved.view.is_identity and moved.source == moved.shape:
                yield f"(set (same {number}) {space})"
            self.moves_told += 1
        while self.stores_told < len(tables.stores.values):
            shape = tables.stores.values[self.stores_told].shape
            yield f"(set (store_space {self.stores_told}) {tables.spaces.number(shape)})"
            self.stores_told += 1
        while self.folds_told < len(tables.folds.values):
            fold = tables.folds.values[self.folds_told]
            yield f"(set (fold_space {self.folds_told}) {tables.spaces.number(fold.shape)})"
            yield f'(set (fold_dtype {self.folds_told}) "{fold.dtype.char}")'
            for test in sorted(properties.FOLDS.get(fold.reduction.op, set[str]()) & self.opened.tests):
                yield f'(Folds "{test}" {self.folds_told})'
            self.folds_told += 1

    def numbers(self, out: ReadOut) -> str:
        """That numbers which rules wrote are the constants that they are."""
        lines = self._literals(out)
        return self._as_rule(lines) if lines else ""

    def _literals(self, out: ReadOut) -> list[str]:
        lines: list[str] = []
        for char, value in out.literals:
            constant = literal(ast.literal_eval(value), np.dtype(char))
            if constant is not None:
                enode = ENode("constant", char, constant.data.hex())
                lines += self._once(f'(union (Literal "{value}" "{char}") {_text(enode)})')
                lines += self.facts_about(enode)
        self.numbered_anew = bool(lines)  # until this is told, a number and the constant that it is are two classes
        return lines

    def news(self, out: ReadOut) -> str:
        """What the host finds in a read-out that the e-graph has not been told."""
        graph, lines = out.graph, self._literals(out)
        constants = [next((e for e in alternatives if e.kind == "constant"), None) for alternatives in graph.elements]
        for alternatives in graph.elements:
            for enode in alternatives:
                if enode.kind == "apply":
                    lines += self.facts_about(enode)
                    if enode.name == "cast":
                        lines += self._casts(enode, graph)
                    lines += self._folded(enode, constants)
                elif enode.kind == "move":
                    lines += self._compositions(enode, graph)
        lines += self.table_facts()
        return self._as_rule(lines) if lines else ""

    def told_of(self, found: list[Told], number: int) -> str:
        """What rules about arrays found, and the facts about the shapes that it has."""
        lines = list(self.table_facts())
        texts = [self._as_rule(lines)] if lines else []
        return "\n".join([*texts, *as_rules(found, number)])

    def _once(self, text: str) -> list[str]:
        if text in self.told:
            return []
        self.told.add(text)
        return [text]

    def _folded(self, enode: ENode, constants: list[ENode | None]) -> list[str]:
        args = [constants[arg] for arg in enode.args]
        known = [arg for arg in args if arg is not None]
        if len(known) < len(args):
            return []
        result = fold_constants(enode.name, enode.signature, tuple(arg.constant for arg in known))
        if result is None:
            return []
        arity = {1: "Unary", 2: "Binary", 3: "Ternary"}[len(known)]
        term = f'({arity} "{enode.name}" "{enode.signature}" {" ".join(map(_text, known))})'
        return self._once_folded(term, result)

    def _once_folded(self, term: str, result: Constant) -> list[str]:
        """The operation is that number, and is of no further use: rules must not take the number apart again."""
        folded = ENode("constant", result.dtype.char, result.data.hex())
        if f"(subsume {term})" in self.told:
            return []
        self.told.add(f"(subsume {term})")
        return [f"(union {term} {_text(folded)})", f"(subsume {term})", *self.facts_about(folded)]

    def _negated(self, enode: ENode) -> list[str]:
        """The opposite of a constant, told before the rules run: moving signs around is what they do most."""
        char = enode.name
        result = fold_constants("negative", f"{char}->{char}", (enode.constant,)) if char != "?" else None
        return (
            [] if result is None else self._once_folded(f'(Unary "negative" "{char}->{char}" {_text(enode)})', result)
        )

    def _casts(self, enode: ENode, graph: Graph) -> list[str]:
        lines: list[str] = []
        for inner in graph.elements[enode.args[0]]:
            if inner.kind == "apply" and inner.name == "cast":
                both = cast_pair(inner.signature, enode.signature)
                if both is not None:
                    lines += self._once(f'(CastPair "{inner.signature}" "{enode.signature}" "{both}")')
        return lines

    def _compositions(self, enode: ENode, graph: Graph) -> list[str]:
        lines: list[str] = []
        moves = self.tables.moves
        outer = moves.values[enode.attr]
        for inner in graph.elements[enode.args[0]]:
            if inner.kind == "move":
                first = moves.values[inner.attr]
                both = moves.number(Moved(first.view.then(outer.view), first.source, outer.shape))
                lines += self._once(f"(set (compose {inner.attr} {enode.attr}) {both})")
        return lines


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the program as written: its local name, its term, and the names that the term uses."""

    name: str
    text: str
    uses: tuple[str, ...]
    facts: tuple[str, ...] = ()


def _parts(seeds: Seeds) -> Iterator[_Part]:
    """Every class and array of the program as written, those that are used before their users."""
    arrays = iter(enumerate(seeds.graph.arrays))
    written = 0

    def until(limit: int) -> Iterator[_Part]:
        nonlocal written
        while written <= limit:
            number, array = next(arrays)
            if array.param is not None:
                yield _Part(f"a{number}", f"(Param {array.param})", ())
            else:
                info, element = array.stores[0]
                yield _Part(f"a{number}", f"(Store {info} e{element})", (f"e{element}",))
            written += 1

    for number, (enode,) in enumerate(seeds.graph.elements):
        uses = tuple(f"e{arg}" for arg in enode.args)
        if enode.kind == "load":
            yield from until(enode.attr)
            uses = (f"a{enode.attr}",)
        facts = _type_facts(seeds.graph, number) if enode.kind == "call" else ()
        yield _Part(f"e{number}", _text(enode), uses, facts)
    yield from until(len(seeds.graph.arrays) - 1)


def _type_facts(graph: Graph, number: int) -> tuple[str, ...]:
    """The shape and dtype of a call, which the e-graph does not find by itself."""
    return f"(set (space e{number}) {graph.spaces[number]})", f'(set (dtype e{number}) "{graph.dtypes[number]}")'


def _seed(name: str) -> str:
    """Where a part with a local name is found again."""
    return f"({'element' if name[0] == 'e' else 'array'}_seed {name[1:]})"


def _text(enode: ENode) -> str:
    return text_of(enode, lambda element: f"e{element}", lambda array: f"a{array}")
