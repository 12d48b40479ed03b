"""NumPy code of a pattern, and counterexamples as snippets that run.

A snippet imports NumPy, gives the variables their exact values and dtypes, and computes `left` and `right`. It is run
before it is shown: what depends on how many elements NumPy's loops see at once is shown with as many. Functions of the
user's are imported where that is possible, else named in a comment. Called by the certificates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eqsat.rules.api import Rule
from eqsat.rules.pattern import Pattern, walk

OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
    "left_shift": "<<",
    "right_shift": ">>",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}
"""Operations written as operators; the others are called by name."""
PREFIXES = {"negative": "-", "invert": "~"}
REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"} | {
    "logical_or": "any",
    "logical_and": "all",
}


def code(pattern: Pattern, unsigned: str = "") -> str:
    """The pattern as NumPy code; `unsigned` names the dtype that negative integers wrap in."""
    text = _code(pattern, unsigned)
    return text[1:-1] if _is_bracketed(text) else text


def _is_bracketed(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _code(pattern: Pattern, unsigned: str) -> str:
    if pattern.op == "variable":
        return str(pattern.value)
    if pattern.op == "literal":
        return _number(pattern.value, unsigned)
    parts = [_code(arg, unsigned) for arg in pattern.args]
    bare = [part[1:-1] if _is_bracketed(part) else part for part in parts]
    match pattern.op:
        case "reduce":
            name, axes = pattern.value
            call = f"np.{REDUCTIONS[name]}" if name in REDUCTIONS else f"np.{name}.reduce"
            return f"{call}({bare[0]}{'' if axes is None else f', axis={_axes(axes)}'})"
        case "transpose":
            return f"{parts[0]}.T" if pattern.value is None else f"np.transpose({bare[0]}, {pattern.value})"
        case "expand":
            return f"np.expand_dims({bare[0]}, {_axes(pattern.value)})"
        case "diagonal":
            return f"np.diagonal({bare[0]})"
        case "flip":
            return f"np.flip({bare[0]}, {pattern.value})"
        case "size":
            return f"np.size({bare[0]}{'' if pattern.value is None else f', {pattern.value}'})"
        case "call":
            if pattern.value == "matmul":
                return f"({parts[0]} @ {parts[1]})"
            name = f"np.linalg.{pattern.value}" if isinstance(pattern.value, str) else pattern.value.__name__
            return f"{name}({', '.join(bare)})"
        case "select":
            return f"np.where({', '.join(bare)})"
        case op if op in OPERATORS:
            return f"({parts[0]} {OPERATORS[op]} {parts[1]})"
        case op if op in PREFIXES:
            return f"({PREFIXES[op]}{parts[0]})"
        case _:
            return f"np.{pattern.op}({', '.join(bare)})"


def _axes(axes: Any) -> str:
    return str(axes[0]) if isinstance(axes, tuple) and len(axes) == 1 else str(axes)  # pyright: ignore


def _number(value: object, unsigned: str) -> str:
    if unsigned and type(value) is int and value < 0:
        return f"np.{unsigned}({int(np.array(value, np.int64).astype(unsigned))})"
    if isinstance(value, float) and not np.isfinite(value):
        return _element(value)
    return repr(value)


def _element(value: Any) -> str:
    """One element, exactly."""
    if isinstance(value, complex | np.complexfloating):
        return f"complex({_element(float(value.real))}, {_element(float(value.imag))})"
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return "np.nan"
        if np.isinf(value):
            return "np.inf" if value > 0 else "-np.inf"
        return repr(float(value))
    return repr(value.item() if isinstance(value, np.generic) else value)


def assigned(name: str, array: np.ndarray) -> list[str]:
    """Statements that make an array with the same elements, dtype and layout, as far as it matters to loops."""
    kind = f"np.{array.dtype.name}" if array.dtype != np.bool_ else "np.bool_"
    if not array.size:
        return [f"{name} = np.zeros({array.shape}, {kind})"]
    back = (slice(None, None, -1),) * array.ndim
    if any(stride < 0 for stride in array.strides):
        index = ", ".join(["::-1"] * array.ndim)
        return [f"{name} = np.array({_nested(array[back])}, {kind})[{index}]"]
    order = tuple(int(k) for k in np.argsort([-stride for stride in array.strides], kind="stable"))
    base = array.transpose(order)
    made = f"np.array({_nested(base)}, {kind})"
    if base.flags.c_contiguous:
        turned = tuple(int(k) for k in np.argsort(order))
        plain = turned == tuple(range(array.ndim))
        return [f"{name} = {made}" + ("" if plain else ".T" if array.ndim == 2 else f".transpose({turned})")]
    index = ", ".join(["::2"] * array.ndim)
    room = tuple(2 * length for length in array.shape)
    return [f"{name} = np.zeros({room}, {kind})[{index}]", f"{name}[...] = {_nested(array)}"]


def _nested(array: np.ndarray) -> str:
    if not array.ndim:
        return _element(array[()])
    if array.size > 16 and (array.view(f"V{array.itemsize}") if array.flags.c_contiguous else None) is not None:
        first = array.ravel()[0]
        if array.ndim == 1 and first.tobytes() * array.size == array.tobytes():
            return f"[{_element(first)}] * {array.size}"
    return f"[{', '.join(_nested(row) for row in array)}]"


HEARD = """def heard(side):
    raised = set()
    with np.errstate(all="call", call=lambda kind, _: raised.add(kind)):
        side()
    return sorted(raised)
"""
"""Which floating-point flags NumPy raises, as part of a snippet."""


def snippet(rule: Rule, values: Mapping[str, Any], what: str, says: tuple[str, str, str] = ("", "", "")) -> str:
    """The counterexample as a module: variables, both sides, and what is to be seen, in comments."""
    arrays = [value.dtype for value in values.values() if isinstance(value, np.ndarray)]
    unsigned = next((dtype.name for dtype in arrays if dtype.kind == "u"), "")
    lines = ["import numpy as np", *_imports(rule), ""]
    for name, value in values.items():
        lines += assigned(name, value) if isinstance(value, np.ndarray) else [f"{name} = {value!r}"]
    left, right = code(rule.left, unsigned), code(rule.right, unsigned)
    if what == "flags":
        lines += ["", *HEARD.splitlines(), "", f"left = heard(lambda: {left})", f"right = heard(lambda: {right})"]
    else:
        if rule.right.op == "literal":
            right = f"np.full_like(left, {right})"
        quiet = [] if what == "raises" else ['with np.errstate(all="ignore"):']
        indent = "    " if quiet else ""
        lines += [*quiet, f"{indent}left = {left}", f"{indent}right = {right}"]
    lines += ["print(left)" + _said(says[0]), "print(right)" + _said(says[1])]
    return "\n".join([*lines, *([f"# {says[2]}"] if says[2] else [])]) + "\n"


def _said(text: str) -> str:
    return f"  # {text}" if text and "\n" not in text and len(text) < 90 else ""


def functions(rule: Rule) -> dict[str, Any]:
    """The user's functions in the rule, by name."""
    parts = [*walk(rule.left), *walk(rule.right)]
    return {str(part.value.__name__): part.value for part in parts if part.op == "call" and callable(part.value)}


def _imports(rule: Rule) -> list[str]:
    lines: list[str] = []
    for name, function in functions(rule).items():
        inner = getattr(function, "function", function)
        module, place = getattr(inner, "__module__", None), getattr(inner, "__qualname__", "<locals>")
        if module and module != "__main__" and "<" not in place:
            lines.append(f"from {module} import {name}")
        else:
            lines.append(f"# {name}: as it stands where the rule was written, {rule.span}")
    return lines


def _silent(*_: object) -> None:
    """In place of `print`."""


def run(text: str, rule: Rule) -> tuple[Any, Any]:
    """What `left` and `right` are after the snippet has run; an exception in place of a side that raises."""
    names: dict[str, Any] = {**functions(rule), "print": _silent}
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("from "))
    try:
        exec(compile(plain, "<counterexample>", "exec"), names)
    except Exception as error:
        return names.get("left", error), error
    return names["left"], names["right"]
