"""A routine as text, for `f.inspect_loops()`: its steps in the order in which they run, and the loop nests within.

What is computed is named `v0`, `v1`, ...; counters are `i0`, ..., variables keep their names. A segment says what its
parameters are, then shows its nests in terms of them (`lowering.loops.show`). Pure data; called by `lowering.compile`,
refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eqsat.ir.body import LOCAL, Check, Leave, Scatter, Set, Variable
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Node
from eqsat.ir.opaque import Opaque
from eqsat.ir.routine import For, If, Invoke, Labeled, Let, Routine, Segment, Step, Steps, Store, While
from eqsat.ir.view import View
from lowering.loops import show
from lowering.nests import nests_of

PAD = "  "


def outline(routine: Routine) -> str:
    """The steps of a routine, one line each."""
    return "\n".join(_Outline(routine).block(routine.steps, "")) + "\n"


class _Outline:
    def __init__(self, routine: Routine) -> None:
        self.routine = routine
        self.names: dict[Node, str] = {}
        self.counters = 0

    def block(self, steps: Steps, pad: str) -> Iterator[str]:
        for step in steps:
            yield from self.step(step, pad)

    def step(self, step: Step, pad: str) -> Iterator[str]:
        match step:
            case Let(node) | Invoke(node):
                text = self.operation(node)
                yield f"{pad}{self.name(node)} = {text}"
            case Store(target, value):
                yield f"{pad}{self.operation(target)} = {self.text(value)}"
            case Set(variable, value):
                yield f"{pad}{variable.name} = {self.text(value)}"
            case Check(condition):
                yield f"{pad}check {self.text(condition)}"
            case Scatter():
                places = ", ".join(map(self.text, step.indices))
                yield f"{pad}{self.text(step.target)}[{places}] = {self.text(step.value)}"
            case Segment():
                yield from self.segment(step, pad)
            case Leave(label):
                yield f"{pad}leave {label.name}"
            case _:
                yield from self.structure(step, pad)

    def structure(self, step: If | For | While | Labeled, pad: str) -> Iterator[str]:
        inner = pad + PAD
        match step:
            case If():
                yield f"{pad}if {self.text(step.condition)}:"
                yield from self.block(step.then, inner)
                if step.orelse:
                    yield f"{pad}else:"
                    yield from self.block(step.orelse, inner)
            case For():
                borders = ", ".join(self.text(node) for node in (step.start, step.stop, step.step))
                self.names[step.counter] = f"i{self.counters}"
                self.counters += 1
                yield f"{pad}for {self.names[step.counter]} in range({borders}):"
                yield from self.block(step.body, inner)
            case While():
                yield f"{pad}while:"
                yield from self.block(step.head, inner)
                yield f"{pad}{self.text(step.condition)}, do:"
                yield from self.block(step.body, inner)
            case Labeled():
                yield f"{pad}{step.label.name}:"
                yield from self.block(step.body, inner)

    def segment(self, step: Segment, pad: str) -> Iterator[str]:
        given = ", ".join(f"p{number} = {self.text(value)}" for number, value in enumerate(step.inputs))
        made = ", ".join(map(self.name, step.outputs))
        yield f"{pad}{made or 'nothing'} = segment of {given}:"
        for line in show(nests_of(step.program)).splitlines():
            yield f"{pad}{PAD}{line}"

    # Expressions ------------------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """A new name for what is computed."""
        return self.names.setdefault(node, f"v{len(self.names)}")

    def text(self, value: Node | Dim) -> str:
        """A value that is at hand."""
        if isinstance(value, Dim):
            return self.formula(value)
        return self.names[value] if value in self.names else self.operation(value)

    def operation(self, node: Node) -> str:
        match node.attr:
            case int() if node.op == "param":
                return f"p{node.attr}"
            case Variable():
                return node.attr.name
            case View():
                return f"{self.text(node.args[0])}[{', '.join(self.index(node.attr))}]"
            case Dim():
                return self.formula(node.attr)
            case Opaque():
                return f"{node.attr.name}({', '.join(map(self.text, node.args))})"
            case attr if node.op == "constant":
                return str(attr)
            case _:
                return f"{node.op}({', '.join(map(self.text, node.args))})"

    def index(self, view: View) -> Iterator[str]:
        for along in view.axes:
            start = self.formula(along.start)
            yield start if along.axis is None else f"{start}::{along.step} as axis {along.axis}"

    def formula(self, value: Dim) -> str:
        """A formula, with what local symbols stand for."""

        def named(found: re.Match[str]) -> str:
            number = int(found[1])
            return self.text(self.routine.symbols[number]) if number >= LOCAL else found[0]

        return re.sub(r"\bp(\d+)\b(?!\.)", named, str(value))
