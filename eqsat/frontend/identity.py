"""`is` between arrays: decided where they are made, or for two arguments by what they are today, with a guard.

Called by the translation of comparisons. Refused: arrays that a name holds on one of several ways.
"""

from __future__ import annotations

from eqsat.frontend import structure
from eqsat.frontend.scope import Translation
from eqsat.frontend.values import Value
from eqsat.ir.nodes import Node
from eqsat.ir.region import Identical
from eqsat.ir.span import Span
from eqsat.ir.types import Array


def identical(translation: Translation, left: Value, right: Value, span: Span) -> bool:
    """`left is right`."""
    if not isinstance(left, Node) or not isinstance(right, Node):
        return structure.identical(left, right, span)
    arrays = [isinstance(node.type, Array) for node in (left, right)]
    if not all(arrays):
        return False if any(arrays) else structure.identical(left, right, span)
    if left is right:
        return True
    if "read" in (left.op, right.op):
        return structure.identical(left, right, span)
    if left.op != "param" or right.op != "param":
        return False  # a view is an object of its own, as is a new array
    assert isinstance(left.attr, int) and isinstance(right.attr, int)
    first, second = sorted((left.attr, right.attr))
    if not {first, second} <= translation.objects.keys():
        return structure.identical(left, right, span)
    truth = translation.objects[first] == translation.objects[second]
    translation.identical[first, second] = Identical(first, second, truth, span)
    return truth
