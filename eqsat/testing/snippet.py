"""The text of a few lines that make the arguments of a call again, wherever these lie in memory, and make the call.

Reports of failures show it, so that they can be pasted and run. Called for arguments that were drawn.

>>> import numpy as np
>>> def f(x, y): ...
>>> print(snippet(f, (np.array([1.0, -0.0]), 2), {}))
import numpy as np
from numpy import inf, nan
<BLANKLINE>
x = np.array([1.0, -0.0], "float64")
f(x, 2)  # f.py_func is the function as written
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from eqsat.testing.memory import together

HEADER = "import numpy as np\nfrom numpy import inf, nan\n"
_ALIGNED = 16
"""What NumPy's own memory is aligned to: further bits of an address are not made again."""


def snippet(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The lines for `function(*args, **kwargs)`."""
    named = dict(zip(_names(function, len(args)), args, strict=True)) | dict(kwargs)
    arrays: dict[int, tuple[str, np.ndarray]] = {}
    texts: dict[str, str] = {}
    for name, value in named.items():
        if isinstance(value, np.ndarray):
            texts[name] = arrays.setdefault(id(value), (name, value))[0]
        else:
            texts[name] = number(value)
    lines = [HEADER]
    for group in together([array for _, array in arrays.values()]):
        members = [arrays[id(array)] for array in reversed(group)]
        lines += _alone(*members[0]) if len(members) == 1 else _in_one_memory(members)
    given = list(texts.values())
    call = ", ".join([*given[: len(args)], *(f"{name}={texts[name]}" for name in kwargs)])
    name = getattr(function, "__name__", "function")
    lines.append(f"{name}({call})  # {name}.py_func is the function as written")
    return "\n".join(lines)


def _names(function: Callable[..., Any], count: int) -> list[str]:
    try:
        known = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        known = []
    return [known[place] if place < len(known) else f"argument{place}" for place in range(count)]


def number(value: Any) -> str:
    """A number, or a list of them, as text that gives it again: every bit but a NaN's."""
    if isinstance(value, list):
        return "[" + ", ".join(map(number, value)) + "]"
    if isinstance(value, np.generic):
        return f"np.{type(value).__name__}({number(value.item())})"
    if isinstance(value, complex):
        return f"complex({value.real!r}, {value.imag!r})"
    return repr(value)


def _alone(name: str, array: np.ndarray) -> list[str]:
    elements = f'np.array({number(array.tolist())}, "{array.dtype}")'
    if array.flags.c_contiguous and array.flags.aligned:
        lines = [f"{name} = {elements}" + (f".reshape({array.shape})" if not array.size and array.ndim > 1 else "")]
        return lines if array.flags.writeable else [*lines, f"{name}.flags.writeable = False"]
    if array.flags.f_contiguous and array.flags.aligned and array.flags.writeable:
        return [f"{name} = np.asfortranarray({elements})"]
    return _in_one_memory([(name, array)])


def _in_one_memory(members: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """Views of bytes, by offset and strides."""
    low = min(byte_bounds(array)[0] for _, array in members)
    high = max(byte_bounds(array)[1] for _, array in members)
    start = low % _ALIGNED
    memory = f"memory_of_{members[0][0]}"
    lines = [f'{memory} = np.zeros({start + high - low}, "uint8")']
    for name, array in members:
        offset = start + array.__array_interface__["data"][0] - low
        lines.append(f'{name} = np.ndarray({array.shape}, "{array.dtype}", {memory}, {offset}, {array.strides})')
        lines.append(f"{name}[...] = {number(array.tolist())}")
        if not array.flags.writeable:
            lines.append(f"{name}.flags.writeable = False")
    return lines
