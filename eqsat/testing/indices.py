"""Indices of random programs: elements, slices with all kinds of bounds, rows and columns, index arrays, masks.

Indices are in range but for rare ones, whose IndexError is a result like any other. Called by the generator.
"""

from __future__ import annotations

from eqsat.testing.kinds import ONE, Dim, Dims, Kind, Value
from eqsat.testing.scopes import Place


def index(place: Place, dim: Dim, length: str) -> str | None:
    """An index into an axis, nearly always in range; None where none is known to be. `length`: the axis' length."""
    choices = place.choices
    counters = [name for name, other in place.below.items() if other.name == dim.name and name in place.names]
    if counters and choices.chance(75):
        counter = choices.pick(counters)
        place.mark("index: counter")
        form = choices.pick(("{0}", "{0}", "{0} - 1", "-1 - {0}", "~{0}", "{1} - 1 - {0}", "{0} // 2"))
        return form.format(counter, length)
    if choices.chance(3):
        place.mark("index: maybe out of range")
        return choices.pick((str(dim.least), str(-dim.least - 1), f"{length}", f"-1 - {length}"))
    if dim.least > 0:
        numbers = place.variables(lambda kind: kind.family != "array" and kind.letter in "iu")
        if numbers and choices.chance(40):
            place.mark("index: computed")
            number = choices.pick(numbers)
            text = number.text if number.kind.family == "python" else f"int({number.text})"
            return choices.pick((f"{text} % {length}", f"{text} % {length} - {length}"))
        place.mark("index: literal")
        return str(choices.pick([*range(dim.least), *range(-1, -dim.least - 1, -1)]))
    return counters[0] if counters else None


def bound(place: Place) -> str:
    """A bound of a slice, of any value."""
    choices = place.choices
    numbers = place.variables(lambda kind: kind.is_weak_integer)
    if numbers and choices.chance(55):
        number = choices.pick(numbers).text
        place.mark("slice: run-time bound")
        return choices.pick(("{0}", "{0} + 1", "-{0}", "{0} - 2", "{0} // 2")).format(number)
    return str(choices.pick((1, 2, 0, 3, -1, -2, 4, -3, -4, 9, -9)))


def slice_of(place: Place, dim: Dim) -> tuple[str, Dim]:
    """A slice of an axis, and how long it is: by a name that equal slices of equal axes share."""
    choices = place.choices
    form = choices.weighted((("all", 3), ("but one", 4), ("reversed", 3), ("strided", 2), ("literal", 2), ("any", 5)))
    if form == "all":
        return ":", dim
    if form == "but one" and dim.least >= 1:
        count = choices.number(1, dim.least)
        shorter = Dim(f"{dim.name}-{count}", dim.least - count)
        return choices.pick((f"{count}:", f":-{count}")), shorter
    if form == "reversed":
        place.mark("slice: reversed")
        return "::-1", dim
    if form == "strided":
        step = choices.pick((2, -2, 3, -3))
        place.mark("slice: step")
        return f"::{step}", Dim(f"{dim.name}::{abs(step)}", -(-dim.least // abs(step)))
    if form == "literal":
        count = choices.number(1, 3)
        if dim.least >= count:
            return choices.pick((f":{count}", f"-{count}:")), ONE if count == 1 else Dim(str(count), count)
    start, stop = ("" if choices.chance(25) else bound(place) for _ in range(2))
    step = choices.weighted((("", 5), (":2", 1), (":-1", 2), (":-2", 1), (":3", 1)))
    place.mark("slice: any bounds")
    return f"{start}:{stop}{step}", Dim(place.fresh("part"), 0)


def subscript(place: Place, array: Value, *, keep: int = 0, newaxis: bool = True) -> Value | None:
    """`array[...]`, with `keep` axes or more: an element, a view, a view with more axes."""
    choices, dims = place.choices, array.kind.dims
    parts: list[str] = []
    left: list[Dim] = []
    if not dims:
        return (
            Value(f"{array.text}[()]", Kind("numpy", array.kind.dtype))
            if not keep
            else Value(f"{array.text}[...]", array.kind)
        )
    for axis, dim in enumerate(dims):
        droppable = len(dims) - axis + len(left) > keep
        at = index(place, dim, f"{array.text}.shape[{axis}]") if droppable and choices.chance(45) else None
        if at is not None:
            parts.append(at)
            continue
        text, part = slice_of(place, dim) if choices.chance(70) else (":", dim)
        parts.append(text)
        left.append(part)
    if newaxis and left and len(left) < 3 and choices.chance(10):
        where = choices.number(0, len(parts))
        before = sum(":" in part for part in parts[:where])
        parts.insert(where, "None")
        left.insert(before, ONE)
        place.mark("index: new axis")
    while parts[-1] == ":" and len(parts) > 1 and choices.chance(60):
        parts.pop()
    if len(left) == len(dims) and choices.chance(8) and parts[0] == ":" and len(parts) > 1:
        parts[0] = "..."
    place.mark("view" if left else "element")
    text = f"{array.text}[{', '.join(parts)}]"
    return Value(text, Kind("array", array.kind.dtype, tuple(left)) if left else Kind("numpy", array.kind.dtype))


def element(place: Place, array: Value) -> Value | None:
    """One element, by an index for each axis."""
    parts: list[str] = []
    for axis, dim in enumerate(array.kind.dims):
        at = index(place, dim, f"{array.text}.shape[{axis}]")
        if at is None:
            return None
        parts.append(at)
    if len(parts) > 1 and place.choices.chance(10):
        place.mark("index: chained")
        text = array.text + "".join(f"[{part}]" for part in parts)
    else:
        text = f"{array.text}[{', '.join(parts) or '()'}]"
    place.mark("element")
    return Value(text, Kind("numpy", array.kind.dtype))


def index_array(place: Place, array: Value) -> Value | None:
    """An array of indices for the first axis, all in range, some of them equal or negative."""
    choices = place.choices
    if not array.kind.dims or array.kind.dims[0].least == 0:
        return None
    length = f"{array.text}.shape[0]"
    known = place.arrays(
        lambda kind: kind.letter in "iu" and kind.dtype not in ("int8", "uint64") and 0 < len(kind.dims) < 3
    )
    if known and choices.chance(60):
        chosen = choices.pick(known)
        form = choices.pick(("{0} % {1}", "{0} % {1} - {1}")) if chosen.kind.letter == "i" else "{0} % {1}"
        return Value(form.format(chosen.text, length), Kind("array", "int64", chosen.kind.dims))
    form = choices.pick(("np.arange({0})", "np.arange({0})[::-1]", "np.arange({0}) // 2", "np.arange({0}) - {0}"))
    return Value(form.format(length), Kind("array", "int64", array.kind.dims[:1]))


def mask(place: Place, dims: Dims) -> Value | None:
    """An array of bools of exactly these dims: a variable, or a comparison of one."""
    choices = place.choices
    names = tuple(dim.name for dim in dims)
    known = place.arrays(lambda kind: tuple(dim.name for dim in kind.dims) == names)
    if not known or not dims:
        return None
    chosen = choices.pick(known)
    if chosen.kind.letter == "b":
        return choices.pick((chosen, Value(f"~{chosen.text}", chosen.kind)))
    form = choices.pick(
        ("{0} != 0", "{0} == {0}") if chosen.kind.letter == "c" else ("{0} > 0", "{0} <= 1", "{0} != 0")
    )
    return Value(form.format(chosen.text), Kind("array", "bool", dims))
