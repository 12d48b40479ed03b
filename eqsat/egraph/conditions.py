"""Whether the guards of a rule about arrays are known to hold where its left side was found.

Called by `eqsat.egraph.apply`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from eqsat.egraph.graph import ENode
from eqsat.egraph.match import Binding
from eqsat.egraph.terms import Terms
from eqsat.errors import RuleError
from eqsat.ir.dims import Symbol
from eqsat.ir.view import transpose
from eqsat.rules.api import Rule
from eqsat.rules.guards import CONSTANT_TESTS, GUARDS, Condition

_T = transpose((1, 0))


def unmet(one: Rule, binding: Binding, terms: Terms) -> Condition | None:
    """The first guard that is not known to hold."""
    for condition in one.when:
        if not _holds(condition, [binding.values[name] for name in condition.variables], terms):
            return condition
    return None


def is_worth(one: Rule, binding: Binding, terms: Terms, sizes: Mapping[Symbol, int]) -> bool:
    """What the rule's hint says of today's sizes."""
    if one.worth is None:
        return True
    shapes = {
        name: tuple(extent.evaluate(sizes) for extent in terms.shape(element))
        for name, element in binding.values.items()
    }
    names = inspect.signature(one.worth).parameters
    try:
        return bool(one.worth(**{name: shapes[name] for name in names}))
    except Exception as error:
        have = ", ".join(f"{name}: {shapes[name]}" for name in names)
        raise RuleError(f"rule {one.name}: `worth` raised {error!r}", one.span, f"shapes of {have}") from error


def _holds(condition: Condition, classes: list[int], terms: Terms) -> bool:
    test = condition.test
    shapes = [terms.shape(element) for element in classes]
    match test:
        case "is_scalar" | "is_vector" | "is_matrix":
            return len(shapes[0]) == ("is_scalar", "is_vector", "is_matrix").index(test)
        case "is_square":
            return len(shapes[0]) == 2 and shapes[0][0] == shapes[0][1]
        case "same_shape":
            return shapes[0] == shapes[1]
        case "is_symmetric":
            return is_symmetric(classes[0], terms)
        case _:
            if test in terms.known.get(classes[0], ()):
                return True
            if GUARDS[test].of == "constant" or test in CONSTANT_TESTS:
                return any(CONSTANT_TESTS[test](enode.constant) for enode in terms.constants(classes[0]))
            return False


def is_symmetric(element: int, terms: Terms, depth: int = 4) -> bool:
    """Whether a matrix is known to equal its transpose, by the way in which it is computed."""
    shape = terms.shape(element)
    if len(shape) != 2 or shape[0] != shape[1] or not depth:
        return False
    return any(_is_symmetric(enode, element, terms, depth) for enode in terms.graph.elements[element])


def _is_symmetric(enode: ENode, element: int, terms: Terms, depth: int) -> bool:
    match enode.kind:
        case "load":
            array = terms.graph.arrays[enode.attr]
            return any(inner != element and is_symmetric(inner, terms, depth - 1) for _, inner in array.stores)
        case "move":
            moved = terms.tables.moves.values[enode.attr]
            if not moved.source:
                return True
            return moved.view == _T and (enode.args[0] == element or is_symmetric(enode.args[0], terms, depth - 1))
        case "apply":
            if len(enode.args) == 2 and enode.name in ("add", "multiply") and _transposed(*enode.args, terms):
                return True
            return all(not terms.shape(arg) or is_symmetric(arg, terms, depth - 1) for arg in enode.args)
        case "call":
            if enode.name == "matmul":
                return _transposed(enode.args[0], enode.args[1], terms)
            return enode.name == "inv" and is_symmetric(enode.args[0], terms, depth - 1)
        case _:
            return False


def _transposed(one: int, other: int, terms: Terms) -> bool:
    """Whether two classes are each other's transpose."""
    for element, target in ((one, other), (other, one)):
        for enode in terms.graph.elements[element]:
            if enode.kind == "move" and enode.args[0] == target and terms.tables.moves.values[enode.attr].view == _T:
                return True
    return False
