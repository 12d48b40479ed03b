"""Programs as text that reads like NumPy, for explanations: one line for each kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from eqsat.ir.program import Apply, Argument, Buffer, Call, Fold, Kernel, Known, Load, Program, Size, Term, walk
from eqsat.ir.region import Region
from eqsat.ir.view import Along, View

INFIX: dict[str, tuple[str, int]] = {
    "logical_or": ("|", 1),
    "bitwise_or": ("|", 1),
    "bitwise_xor": ("^", 2),
    "logical_and": ("&", 3),
    "bitwise_and": ("&", 3),
    "equal": ("==", 4),
    "not_equal": ("!=", 4),
    "less": ("<", 4),
    "less_equal": ("<=", 4),
    "greater": (">", 4),
    "greater_equal": (">=", 4),
    "left_shift": ("<<", 5),
    "right_shift": (">>", 5),
    "add": ("+", 6),
    "subtract": ("-", 6),
    "multiply": ("*", 7),
    "divide": ("/", 7),
    "floor_divide": ("//", 7),
    "remainder": ("%", 7),
    "py.add": ("+", 6),
    "py.sub": ("-", 6),
    "py.mul": ("*", 7),
    "py.truediv": ("/", 7),
    "py.floordiv": ("//", 7),
    "py.mod": ("%", 7),
}
"""Python's operators and how tightly they bind; comparisons and the bitwise ones as NumPy users write them."""
PREFIX = {"negative": "-", "py.neg": "-", "invert": "~", "logical_not": "~"}
_TIGHT = 9


def show(program: Program) -> str:
    """One line for each kernel, then the scalars that need none."""
    lines = [f"{_target(k)} = {show_term(k.term, program.region)}" for k in program.kernels]
    for node in program.region.result_nodes():
        value = program.values.get(node)
        if value is not None and not isinstance(value, Buffer):
            lines.append(f"return {show_term(value, program.region)}")
    return "\n".join(dict.fromkeys(lines))


def _target(kernel: Kernel) -> str:
    buffer, window = kernel.target, kernel.window
    shape = ", ".join(map(str, buffer.shape if window is None else window.shape))
    return f"{buffer.name}{_index(window.view) if window else ''}: {buffer.dtype.name}[{shape}]"


def show_term(term: Term, region: Region) -> str:
    """A term; what is used more than once and is no leaf gets a name of its own in front."""
    uses: dict[int, int] = {}
    for part in walk([term]):
        for child in _below(part):
            uses[id(child)] = uses.get(id(child), 0) + 1
    texts: dict[int, tuple[str, int]] = {}
    named: list[str] = []
    for part in walk([term]):
        text = _one(part, region, lambda child: texts[id(child)])
        if uses.get(id(part), 0) > 1 and isinstance(part, Apply):
            name = f"s{len(named)}"
            named.append(f"{name} := {text[0]}")
            text = (name, _TIGHT)
        texts[id(part)] = text
    whole = texts[id(term)][0]
    return f"{whole}  where {'; '.join(named)}" if named else whole


def _below(term: Term) -> Iterable[Term]:
    if isinstance(term, Apply | Call):
        return term.args
    return (term.arg,) if isinstance(term, Fold) else ()


def _one(term: Term, region: Region, of: Callable[[Term], tuple[str, int]]) -> tuple[str, int]:
    match term:
        case Load(buffer, view):
            return buffer.name + _index(view), _TIGHT
        case Known(constant):
            text = str(constant)
            return text, (8 if text.startswith("-") else _TIGHT)
        case Argument(param):
            return region.params[param].name, _TIGHT
        case Size(dim):
            return f"({dim})", _TIGHT
        case Fold(reduction, _, arg):
            name = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}.get(
                reduction.op, reduction.op
            )
            return f"{name}({of(arg)[0]}, axis={reduction.axes})", _TIGHT
        case Call(name, attr, args):
            inner = [of(arg)[0] for arg in args]
            if name == "matmul":
                return f"{inner[0]} @ {inner[1]}", 7
            return f"{getattr(attr, 'name', name)}({', '.join(inner)})", _TIGHT
        case Apply(name, signature, args):
            if name in INFIX and len(args) == 2:
                symbol, tightness = INFIX[name]
                left, right = (
                    text if tight > tightness - (not place) else f"({text})"
                    for place, (text, tight) in enumerate(map(of, args))
                )
                return f"{left} {symbol} {right}", tightness
            if name in PREFIX:
                text, tight = of(args[0])
                return PREFIX[name] + (text if tight >= 8 else f"({text})"), 8
            if name == "cast":
                return f"{np_name(signature[-1])}({of(args[0])[0]})", _TIGHT
            inner = ", ".join(of(arg)[0] for arg in args)
            return f"{'where' if name == 'select' else name.removeprefix('py.')}({inner})", _TIGHT


def np_name(char: str) -> str:
    """The name of a dtype."""
    import numpy as np

    return np.dtype(char).name


def _index(view: View) -> str:
    if view.is_identity or not view.axes:
        return ""
    return "[" + ", ".join(map(_along, view.axes)) + "]"


def _along(along: Along) -> str:
    if along.axis is None:
        return str(along.start)
    index = {1: f"i{along.axis}", -1: f"-i{along.axis}"}.get(along.step, f"{along.step}*i{along.axis}")
    start = str(along.start)
    return index if start == "0" else f"{start}{'' if along.step < 0 else '+'}{index}"
