"""Index maps as NumPy's subscripts, transpositions and new axes.

Called by `eqsat.explain.code`. Every affine map that the IR has can be written; a view stays a view.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsat.explain.literals import ATOM, Text, size
from eqsat.explain.written import Shape, Written
from eqsat.frontend.layout import view_layout
from eqsat.ir.dims import ONE, ZERO, Dim
from eqsat.ir.types import Array
from eqsat.ir.view import Along, View


def read(name: str, source: Array, view: View, space: Shape, names: Sequence[str]) -> Written:
    """What an array gives over a space that reads it through `view`."""
    if not source.shape:
        return Written(Text(f"{name}[()]"), source.dtype, "numpy")
    walked = [along.axis for along in view.axes if along.axis is not None]
    if not walked:
        places = ", ".join(_place(along.start, length, names) for along, length in _pairs(view, source))
        return Written(Text(f"{name}[{places}]"), source.dtype, "numpy")
    shape = tuple(space[axis] if axis in walked else ONE for axis in range(len(space)))
    layout = view_layout(source, view, shape)
    if _stands(source, view, space):
        return Written(Text(name), source.dtype, "array", shape, layout, len(source.shape))
    text = _subscripted(name, source, view, space, names)
    return Written(Text(text), source.dtype, "array", shape, layout, len(space) - min(walked))


def _pairs(view: View, source: Array) -> list[tuple[Along, Dim]]:
    return list(zip(view.axes, source.shape, strict=True))


def _stands(source: Array, view: View, space: Shape) -> bool:
    """Whether broadcasting alone does it."""
    lead = len(space) - len(source.shape)
    for k, (along, length) in enumerate(_pairs(view, source)):
        whole = along == Along(lead + k) and space[lead + k] == length
        repeated = along.axis is None and length == ONE
        if not (whole or repeated):
            return False
    return lead >= 0


def _subscripted(name: str, source: Array, view: View, space: Shape, names: Sequence[str]) -> str:
    items: list[str] = []
    axes: list[int] = []
    flipped: list[int] = []
    for along, length in _pairs(view, source):
        if along.axis is None:
            items.append(_place(along.start, length, names))
            continue
        text, flips = _slice(along, space[along.axis], length, names)
        if flips:
            flipped.append(len(axes))
        items.append(text)
        axes.append(along.axis)
    if axes == sorted(set(axes)) and not flipped:
        return name + _subscript(_with_new_axes(items, view, len(space)))
    text = name + _subscript(items)
    if flipped:
        text += _subscript(["::-1" if k in flipped else ":" for k in range(len(axes))])
    while len(set(axes)) < len(axes):
        first = next(k for k, axis in enumerate(axes) if axis in axes[k + 1 :])
        second = axes.index(axes[first], first + 1)
        text += f".diagonal(0, {first}, {second})"
        axes = [axis for k, axis in enumerate(axes) if k not in (first, second)] + [axes[first]]
    if axes != sorted(axes):
        order = tuple(axes.index(axis) for axis in sorted(axes))
        text += ".T" if order == tuple(reversed(range(len(order)))) else f".transpose{order}"
        axes = sorted(axes)
    gaps = [":" if axis in axes else "None" for axis in range(axes[0], len(space))]
    return text + (_subscript(gaps) if "None" in gaps else "")


def _with_new_axes(items: Sequence[str], view: View, rank: int) -> list[str]:
    found: list[str] = []
    last: int | None = None
    for item, along in zip(items, view.axes, strict=True):
        if along.axis is not None:
            found += ["None"] * (along.axis - last - 1 if last is not None else 0)
            last = along.axis
        found.append(item)
    assert last is not None
    return found + ["None"] * (rank - 1 - last)


def _subscript(items: Sequence[str]) -> str:
    items = list(items)
    while items and items[-1] == ":":
        items.pop()
    return f"[{', '.join(items)}]" if items else ""


def _place(value: Dim, length: Dim, names: Sequence[str]) -> str:
    """An index, counted from the end where that is shorter."""
    behind = value - length
    if behind.is_const and behind.const < 0 and not value.is_const:
        return str(behind.const)
    return size(value, names).source


def _slice(along: Along, extent: Dim, length: Dim, names: Sequence[str]) -> tuple[str, bool]:
    """The slice, and whether it is to be walked from its end afterwards."""
    start, step = along.start, along.step
    if step < 0:
        if start == length - 1 and extent == (length - 1 - step) // -step:
            return f"::{step}", False
        low, stride = start + (extent - 1) * step, -step
        text, _ = _slice(Along(along.axis, low, stride), extent, length, names)
        return text, True
    end = start + (extent - 1) * step + 1
    to_the_end = (
        end == length or extent == (length - start - 1) // step + 1 or extent == (length - start + step - 1) // step
    )
    first = "" if start == ZERO else _place(start, length, names)
    last = "" if to_the_end else _place(end, length, names)
    by = "" if step == 1 else f":{step}"
    return f"{first}:{last}{by}", False


def target(one: Written) -> str:
    """What stands on the left of an assignment of elements."""
    return one.source if one.source.endswith("]") else f"{one.text.within(ATOM)}[...]"


def extents(shape: Shape, names: Sequence[str]) -> str:
    """A shape as a tuple."""
    inner = ", ".join(size(length, names).source for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
