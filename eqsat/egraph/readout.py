"""Read an e-graph into Python once, as classes with their alternatives.

Called by `eqsat.egraph.saturate` after each phase.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eqsat.egraph.encode import commutes
from eqsat.egraph.engine import Session
from eqsat.egraph.graph import ArrayClass, ENode, Graph, Kind
from eqsat.ir.ops import UFUNCS
from eqsat.rules.api import literal

if TYPE_CHECKING:
    from egglog.bindings import Value


CALLS_BY_ARITY = ("Call1", "Call2", "Call3", "Call4")
"""The constructors of calls, by their number of arguments."""


@dataclass(slots=True)
class ReadOut:
    """A graph, the literals that rules wrote, and which rule fired on which class.

    `known`: the guards that hold of a class. `names`: the classes that have a number in the e-graph.
    """

    graph: Graph
    literals: list[tuple[str, str]]
    fired: list[tuple[str, int]]
    known: dict[int, set[str]]
    names: dict[int, int]


def read_out(opened: Session) -> ReadOut:
    """The e-graph as Python data, with classes numbered in the order in which they are met."""
    functions = opened.freeze().functions
    egraph = opened.egraph
    elements: dict[Value, int] = {}
    arrays: dict[Value, int] = {}
    strings: dict[Value, str] = {}
    graph, written = Graph(), list[tuple[str, str]]()

    def element(value: Value) -> int:
        number = elements.setdefault(value, len(elements))
        if number == len(graph.elements):
            graph.elements.append([])
        return number

    def array(value: Value) -> int:
        number = arrays.setdefault(value, len(arrays))
        if number == len(graph.arrays):
            graph.arrays.append(ArrayClass())
        return number

    def text(value: Value) -> str:
        found = strings.get(value)
        if found is None:
            found = strings[value] = egraph.value_to_string(value)
        return found

    integer = egraph.value_to_i64
    for row in functions["Param"].rows:
        graph.arrays[array(row.output)].param = integer(row.inputs[0])
    for row in functions["Store"].rows:
        info, below = row.inputs
        graph.arrays[array(row.output)].stores.append((integer(info), element(below)))
    for row in functions["Load"].rows:
        graph.elements[element(row.output)].append(ENode("load", attr=array(row.inputs[0])))
    for row in functions["Const"].rows:
        char, data = row.inputs
        graph.elements[element(row.output)].append(ENode("constant", text(char), text(data)))
    for row in functions["Literal"].rows:
        value, char = map(text, row.inputs)
        written.append((char, value))
        constant = literal(ast.literal_eval(value), np.dtype(char))
        if constant is not None:
            enode = ENode("constant", char, constant.data.hex())
            if enode not in (alternatives := graph.elements[element(row.output)]):
                alternatives.append(enode)
    leaves: tuple[tuple[str, Kind], ...] = (("Argument", "argument"), ("Size", "size"))
    for name, kind in leaves:
        for row in functions[name].rows:
            graph.elements[element(row.output)].append(ENode(kind, attr=integer(row.inputs[0])))
    for name in ("Unary", "Binary", "Ternary"):
        for row in functions[name].rows:
            op, signature, *args = row.inputs
            below = tuple(map(element, args))
            graph.elements[element(row.output)].append(ENode("apply", text(op), text(signature), args=below))
    wrapped: tuple[tuple[str, Kind], ...] = (("Move", "move"), ("Fold", "fold"))
    for name, kind in wrapped:
        for row in functions[name].rows:
            info, below = row.inputs
            graph.elements[element(row.output)].append(ENode(kind, attr=integer(info), args=(element(below),)))
    for name in CALLS_BY_ARITY:
        for row in functions[name].rows:
            key, info, *args = row.inputs
            below = tuple(map(element, args))
            graph.elements[element(row.output)].append(ENode("call", text(key), attr=integer(info), args=below))
    known: dict[int, set[str]] = {}
    for row in functions["Known"].rows:
        known.setdefault(element(row.inputs[1]), set()).add(text(row.inputs[0]))
    names = {integer(row.inputs[0]): element(row.output) for row in functions["element_seed"].rows}
    fired = [(text(row.inputs[0]), element(row.inputs[1])) for row in functions["Fired"].rows]
    return ReadOut(graph, written, fired, known, names)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the classes of the program as written are now."""

    elements: tuple[int, ...]
    arrays: tuple[int, ...]


def locate(seeds: Graph, graph: Graph) -> Places:
    """Find every part of the program as written in a graph that holds it, and mark its roots and ranks there."""
    elements = {enode: number for number, alternatives in enumerate(graph.elements) for enode in alternatives}
    arrays: dict[tuple[int, int], int] = {}
    for number, array in enumerate(graph.arrays):
        keys = [(-1, array.param)] if array.param is not None else array.stores
        arrays.update((key, number) for key in keys)
    element_places: list[int] = []
    array_places: list[int] = []

    def place_arrays(limit: int) -> None:
        """An array comes after the class that it holds and before the load that reads it."""
        for array in seeds.arrays[len(array_places) : limit + 1]:
            stored = (-1, array.param) if array.param is not None else array.stores[0]
            info, element = stored
            place = arrays[info, element if info < 0 else element_places[element]]
            graph.arrays[place].rank = min(graph.arrays[place].rank, len(array_places))
            array_places.append(place)

    graph.written = len(seeds.arrays)
    for array in graph.arrays:
        array.rank = graph.written
    for (enode,) in seeds.elements:
        attr = enode.attr
        if enode.kind == "load":
            place_arrays(enode.attr)
            attr = array_places[enode.attr]
        args = tuple(element_places[arg] for arg in enode.args)
        element_places.append(elements[ENode(enode.kind, enode.name, enode.signature, attr, args)])
    place_arrays(len(seeds.arrays) - 1)
    graph.array_roots = [array_places[array] for array in seeds.array_roots]
    graph.element_roots = [element_places[element] for element in seeds.element_roots]
    return Places(tuple(element_places), tuple(array_places))


def has_mirrored(graph: Graph) -> bool:
    """Whether two classes differ only in the order of a commutative operation's arguments."""
    seen: dict[tuple[str, str, tuple[int, ...]], int] = {}
    for number, alternatives in enumerate(graph.elements):
        for enode in alternatives:
            if len(enode.args) == 2 and enode.name in UFUNCS and commutes(enode.name, enode.signature):
                first, second = sorted(enode.args)
                if seen.setdefault((enode.name, enode.signature, (first, second)), number) != number:
                    return True
    return False
