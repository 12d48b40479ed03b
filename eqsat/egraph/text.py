"""Parts of the e-graph as egglog text.

Called by `eqsat.egraph.saturate` for the program as written, and by `apply` for what rules about arrays found.
"""

from __future__ import annotations

from collections.abc import Callable

from eqsat.egraph.graph import ENode


def text_of(enode: ENode, element: Callable[[int], str], array: Callable[[int], str]) -> str:
    """The term of an alternative; `element` and `array` name the classes that it is made of."""
    args = " ".join(map(element, enode.args))
    arity = len(enode.args)
    match enode.kind:
        case "load":
            return f"(Load {array(enode.attr)})"
        case "constant":
            return f'(Const "{enode.name}" "{enode.signature}")'
        case "argument":
            return f"(Argument {enode.attr})"
        case "size":
            return f"(Size {enode.attr})"
        case "move":
            return f"(Move {enode.attr} {args})"
        case "fold":
            return f"(Fold {enode.attr} {args})"
        case "call":
            return f'(Call{arity} "{enode.name}" {enode.attr} {args})'
        case "apply":
            return f'({("Unary", "Binary", "Ternary")[arity - 1]} "{enode.name}" "{enode.signature}" {args})'
