"""Scalar operations as Python: ufuncs and operators whose loops are those of the program, Python's own on numbers.

Which loop NumPy takes is asked of NumPy (`ufunc.resolve_dtypes`): an operand may be written as a Python number, and a
conversion be left to NumPy, where the loop stays the same. Called by `eqsat.explain.code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from eqsat.errors import InternalError, UnsupportedError
from eqsat.explain.literals import ATOM, Text, dtype_name
from eqsat.explain.written import Written, as_numpy, as_python, fresh, operand
from eqsat.ir.ops import OPS, UFUNCS
from eqsat.ir.program import Apply
from eqsat.ir.signature import backwards, inputs_of
from eqsat.ir.types import DType, packed_layout, part_dtype

_UNARY, _POWER = 11, 12

INFIX: dict[str, tuple[str, int]] = {
    "equal": ("==", 4),
    "not_equal": ("!=", 4),
    "less": ("<", 4),
    "less_equal": ("<=", 4),
    "greater": (">", 4),
    "greater_equal": (">=", 4),
    "bitwise_or": ("|", 5),
    "logical_or": ("|", 5),
    "bitwise_xor": ("^", 6),
    "logical_xor": ("^", 6),
    "bitwise_and": ("&", 7),
    "logical_and": ("&", 7),
    "left_shift": ("<<", 8),
    "right_shift": (">>", 8),
    "add": ("+", 9),
    "subtract": ("-", 9),
    "multiply": ("*", 10),
    "divide": ("/", 10),
    "floor_divide": ("//", 10),
    "remainder": ("%", 10),
}
"""NumPy's ufuncs that an operator calls; the logical ones on bools alone."""
PREFIX = {"negative": "-", "invert": "~", "logical_not": "~"}
_LOGICAL = frozenset({"logical_or", "logical_xor", "logical_and", "logical_not"})
_ALSO_OF_NUMBERS = frozenset({"add", "subtract", "multiply", "divide"}) | {n for n, (_, t) in INFIX.items() if t == 4}
"""Operators that on two NumPy scalars give what the ufunc gives, if they are real."""
_PYTHON_INFIX: dict[str, tuple[str, int]] = {
    "eq": ("==", 4),
    "ne": ("!=", 4),
    "lt": ("<", 4),
    "le": ("<=", 4),
    "gt": (">", 4),
    "ge": (">=", 4),
    "or": ("|", 5),
    "xor": ("^", 6),
    "and": ("&", 7),
    "lshift": ("<<", 8),
    "rshift": (">>", 8),
    "add": ("+", 9),
    "sub": ("-", 9),
    "mul": ("*", 10),
    "truediv": ("/", 10),
    "floordiv": ("//", 10),
    "mod": ("%", 10),
    "pow": ("**", _POWER),
    "whole_power": ("**", _POWER),
    "numpy_multiply": ("*", 10),
    "numpy_divide": ("/", 10),
    "numpy_less": ("<", 4),
    "numpy_less_equal": ("<=", 4),
    "numpy_greater": (">", 4),
    "numpy_greater_equal": (">=", 4),
}
_PYTHON_PREFIX = {"neg": "-", "invert": "~"}
_PYTHON_CALLS = {
    "abs": "abs({})",
    "numpy_absolute": "abs({})",
    "float": "float({})",
    "int": "int({})",
    "bool": "bool({})",
    "complex": "complex({}, {})",
    "as_complex": "complex({})",
    "math.hypot3": "math.hypot({}, {}, {})",
    "math.frexp_mantissa": "math.frexp({})[0]",
    "math.frexp_exponent": "math.frexp({})[1]",
    "math.modf_fraction": "math.modf({})[0]",
    "math.floor": "float(np.floor({}))",
    "math.ceil": "float(np.ceil({}))",
    "math.trunc": "float(np.trunc({}))",
    "math.round": "float(np.rint({}))",
    "math.round_to": "round({}, round(math.log10({})))",
    "math.round_tens": "round({}, -round(math.log10({})))",
    "math.bit_length": "int.bit_length({})",
    "math.bit_count": "int.bit_count({})",
    "math.pow_mod": "pow({}, {}, {})",
}
"""Python's spelling of what is no operator and not simply `math.<name>` or `cmath.<name>`."""
_SHORTCUTS = (2.0, -1.0, 0.5, 1.0)
"""Exponents for which NumPy's loop does something else if they do not vary."""
_PYTHON_DTYPES = frozenset("?ldD")

Candidates = Sequence[Written]
"""Ways to write an operand, the shortest first; the last one has the loop's dtype and is no Python number."""


def applied(term: Apply, plain: Sequence[Written], operands: Sequence[Candidates], rank: int) -> Written:
    """The operation on its operands: `plain`, as they are by themselves, or written in other ways."""
    name = term.name
    if name.startswith("py."):
        return _python(term, plain)
    if name == "cast":
        return _cast(plain[0], term.dtype, rank)
    if name in ("real", "imag"):
        return _part(name, plain[0])
    if name == "select":
        return _select(term, plain, operands, rank)
    if name in UFUNCS:
        return _ufunc(term, operands, rank)
    raise UnsupportedError(f"{name} is a check, which is not written as NumPy code")


# Ufuncs ---------------------------------------------------------------------------------------------------------------


def _ufunc(term: Apply, operands: Sequence[Candidates], rank: int) -> Written:
    directed = inputs_of(term.signature)[0] in OPS[term.name].directed
    if directed:
        operands = [
            [_turned(candidates[-1], back)] if candidates[-1].is_array else candidates
            for candidates, back in zip(operands, backwards(term.signature), strict=True)
        ]
    if term.name == "power" and not operands[1][-1].is_array and operands[0][-1].is_array:
        operands = [operands[0], [_varying(operands[0][-1], operands[1][-1])]]
    chosen = next((list(found) for found in product(*operands) if _takes_loop(term, found)), None)
    if chosen is None:
        raise InternalError(f"no operands of {term.name} take the loop {term.signature}")
    if not any(one.is_array for one in chosen):
        return Written(_spelled(term, chosen), term.dtype, "numpy")
    return fresh(_spelled(term, chosen), term.dtype, chosen, rank)


def _takes_loop(term: Apply, chosen: Sequence[Written]) -> bool:
    ufunc = OPS[term.name].ufunc
    assert ufunc is not None
    try:
        found = ufunc.resolve_dtypes((*map(operand, chosen), None))
    except TypeError:
        return False
    wanted = [np.dtype(char) for char in inputs_of(term.signature)]
    return list(found) == [*wanted, term.dtype]


def _spelled(term: Apply, chosen: Sequence[Written]) -> Text:
    bools = all(one.dtype.kind == "b" for one in chosen)
    operator = (term.name not in _LOGICAL or bools) and _operator_calls(term.name, chosen)
    if operator and term.name in INFIX:
        symbol, tight = INFIX[term.name]
        return infix(symbol, tight, chosen)
    if operator and term.name in PREFIX:
        return Text(f"{PREFIX[term.name]}{chosen[0].text.within(_UNARY)}", _UNARY)
    return Text(f"np.{term.name}({', '.join(one.source for one in chosen)})")


def _operator_calls(name: str, chosen: Sequence[Written]) -> bool:
    """Whether the operator on these operands runs the ufunc's loop, or computes what it computes."""
    if any(one.is_array for one in chosen):
        return True
    real = all(one.dtype.kind in "biuf" for one in chosen)
    same = len({one.dtype for one in chosen}) == 1
    return real and same and name in _ALSO_OF_NUMBERS and any(one.kind == "numpy" for one in chosen)


def infix(symbol: str, tight: int, chosen: Sequence[Written]) -> Text:
    """Two operands around an operator."""
    left, right = (one.text for one in chosen)
    if symbol == "**":
        return Text(f"{left.within(tight + 1)} ** {right.within(_UNARY)}", tight)
    if 5 <= tight <= 8:
        # Few know how tightly these bind: only a chain of one of them goes without parentheses.
        chain = tight if f" {symbol} " in left.source and left.tight == tight else _UNARY
        return Text(f"{left.within(chain)} {symbol} {right.within(_UNARY)}", tight)
    outer = tight + 1 if tight == 4 else tight  # comparisons would be a chain
    return Text(f"{left.within(outer)} {symbol} {right.within(tight + 1)}", tight)


def _turned(one: Written, back: bool) -> Written:
    """The operand as NumPy's loop must get it where its bits depend on the direction."""
    if back == one.negative:
        return one
    assert one.layout is not None
    if not back:
        straight = replace(one.layout, negative=(False,) * len(one.layout.negative))
        return replace(one, text=Text(f"np.copy({one.source})"), layout=straight, fresh=True)
    turned = replace(one.layout, negative=tuple(rank != 0 for rank in one.layout.ranks))
    return replace(one, text=Text(f"np.flip(np.flip({one.source}).copy())"), layout=turned, fresh=True)


def _varying(base: Written, exponent: Written) -> Written:
    """An exponent that NumPy's loop must not see as one number."""
    try:
        value = float(exponent.source.removeprefix(dtype_name(exponent.dtype)).strip("()"))
    except ValueError:
        return as_numpy(exponent)
    if value not in _SHORTCUTS or base.dtype.kind != "f":
        return as_numpy(exponent)
    text = Text(f"np.full_like({base.source}, {exponent.source})")
    return replace(base, text=text, fresh=True)


# What is no ufunc -----------------------------------------------------------------------------------------------------


def _select(term: Apply, plain: Sequence[Written], operands: Sequence[Candidates], rank: int) -> Written:
    condition = plain[0]
    if all(one.kind == "python" for one in plain):
        _, then, other = plain
        text = Text(f"{then.text.within(1)} if {condition.text.within(1)} else {other.text.within(1)}", 0)
        return Written(text, term.dtype, "python")
    ways = [(then, other) for then, other in product(*operands[1:]) if _common(then, other) == term.dtype]
    then, other = ways[0] if ways else (as_numpy(operands[1][-1]), as_numpy(operands[2][-1]))
    chosen = (condition, then, other)
    source = f"np.where({', '.join(one.source for one in chosen)})"
    if not any(one.is_array for one in chosen):
        return Written(Text(f"{source}[()]"), term.dtype, "numpy")
    return fresh(Text(source), term.dtype, chosen, rank)


def _common(one: Written, other: Written) -> DType:
    examples = {int: 0, float: 0.0, complex: 0j}
    found = [examples[o] if isinstance(o, type) else o for o in map(operand, (one, other))]
    return np.result_type(*found)


def _cast(one: Written, dtype: DType, rank: int) -> Written:
    if one.kind == "python" and (one.dtype.kind, dtype.kind) in {("i", "f"), ("f", "f"), ("i", "c"), ("f", "c")}:
        return Written(Text(f"{dtype_name(dtype)}({one.source})"), dtype, "numpy")
    text = Text(f"{as_numpy(one).text.within(ATOM)}.astype({dtype_name(dtype)})")
    if not one.is_array:
        return Written(text, dtype, "numpy")
    assert one.layout is not None
    ranks = one.layout.ranks
    order = sorted(range(rank), key=lambda axis: -ranks[axis])  # as `astype` does, which sorts strides of zero as well
    return replace(fresh(text, dtype, [one], rank), layout=packed_layout(one.shape, tuple(order)))


def _part(name: str, one: Written) -> Written:
    text = Text(f"{one.text.within(ATOM)}.{name}")
    layout = replace(one.layout, packed=False, unit=False) if one.layout is not None else None
    return replace(one, text=text, dtype=part_dtype(one.dtype), layout=layout, fresh=False)


# Python's numbers -----------------------------------------------------------------------------------------------------


def _python(term: Apply, operands: Sequence[Written]) -> Written:
    name = term.name.removeprefix("py.")
    ours = name.startswith("numpy_") or not {o.dtype.char for o in operands} | {term.dtype.char} <= _PYTHON_DTYPES
    convert = as_numpy if ours else as_python
    kind = "numpy" if ours else "python"
    if name in ("float", "int", "bool", "as_complex"):
        if name == "float" and operands[0].source.isdecimal():
            return Written(Text(f"{operands[0].source}.0"), term.dtype, "python")
        return Written(Text(_PYTHON_CALLS[name].format(operands[0].source)), term.dtype, "python")
    chosen = [convert(one) for one in operands]
    return Written(_python_text(name, chosen), term.dtype, kind)


def _python_text(name: str, chosen: Sequence[Written]) -> Text:
    if name in _PYTHON_INFIX:
        return infix(*_PYTHON_INFIX[name], chosen)
    if name in _PYTHON_PREFIX:
        return Text(f"{_PYTHON_PREFIX[name]}{chosen[0].text.within(_UNARY)}", _UNARY)
    if name == "not":
        return Text(f"not {chosen[0].text.within(4)}", 3)
    sources = [one.source for one in chosen]
    if name in _PYTHON_CALLS:
        return Text(_PYTHON_CALLS[name].format(*sources))
    if name.startswith(("math.", "cmath.")):
        return Text(f"{name}({', '.join(sources)})")
    raise InternalError(f"py.{name} has no spelling")
