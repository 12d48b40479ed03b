"""Random statements with bodies: loops of every kind, branches, early returns; and the choice of what comes next.

Every loop ends: what decides about its end is not assigned to by its body. Called by the generator of programs.
"""

from __future__ import annotations

from collections.abc import Callable

from eqsat.testing.conversions import literal
from eqsat.testing.expressions import condition, express
from eqsat.testing.kinds import FLOAT, INT, Dim, Kind, Value
from eqsat.testing.scopes import MOST_WORK, Place
from eqsat.testing.statements import (
    assign,
    augment,
    call_helper,
    check,
    create,
    indexed,
    into,
    masked,
    operate,
    reassign,
    swap,
    unpack,
    write,
    write_element,
)

LONGEST = 7
"""The iterations of a loop, at most; no axis is longer."""


def body(place: Place, most: int = 4) -> None:
    """Some statements."""
    for number in range(most):
        if number and (place.budget <= 0 or not place.choices.chance(70)):
            break
        statement(place)


def statement(place: Place) -> None:
    """One statement of any kind that is possible here."""
    place.budget -= 1
    nested = place.depth < 5 and place.budget > 0
    options = [(make, weight) for make, weight in SIMPLE]
    if nested:
        options += [(branch, 6), (joined, 3)]
    if nested and place.work * LONGEST <= MOST_WORK:
        options += [(for_range, 8), (for_rows, 3), (for_items, 2), (for_zip, 2), (for_enumerate, 2), (while_counted, 3)]
    if place.loops:
        options += [(leave, 9)]
    if place.results is not None and place.depth > 1:
        options += [(early_return, 2)]
    for _ in range(3):
        if place.choices.weighted(options)(place):
            return
    assign(place)


SIMPLE: tuple[tuple[Callable[[Place], bool], int], ...] = (
    (assign, 6),
    (operate, 3),
    (reassign, 5),
    (augment, 6),
    (write, 7),
    (write_element, 5),
    (create, 4),
    (masked, 3),
    (indexed, 3),
    (into, 2),
    (swap, 2),
    (unpack, 2),
    (check, 1),
    (call_helper, 4),
)


def branch(place: Place) -> bool:
    """`if`, with any number of `elif` and perhaps `else`."""
    choices = place.choices
    with place.block(f"if {condition(place)}:"):
        body(place, 3)
    for _ in range(choices.weighted(((0, 6), (1, 3), (2, 1)))):
        with place.block(f"elif {condition(place)}:"):
            body(place, 2)
        place.mark("elif")
    if choices.chance(45):
        with place.block("else:"):
            body(place, 3)
        place.mark("else")
    place.mark("if")
    return True


def joined(place: Place) -> bool:
    """A name that both ways through an `if` make, of one type, and that is known afterwards."""
    choices = place.choices
    kinds = [INT, FLOAT, Kind("numpy", "float64")]
    kinds += [value.kind for value in place.arrays(place.knows)]
    kind = choices.pick(kinds)
    name = place.fresh("t" if kind.is_array else "s")
    with place.block(f"if {condition(place)}:"):
        body(place, 1)
        place.line(f"{name} = {express(place, kind)}")
    with place.block("else:"):
        body(place, 1)
        place.line(f"{name} = {express(place, kind)}")
    place.names[name] = kind
    place.mark("join: array" if kind.is_array else "join: number")
    return True


def target(place: Place, kind: Kind, prefix: str) -> str:
    """The name of a loop: sometimes one that exists before, and therefore after."""
    name = place.fresh(prefix)
    if place.choices.chance(25) and (not kind.is_array or place.like(kind)):
        place.line(f"{name} = {express(place, kind, 0)}")
        place.names[name] = kind
        place.mark("loop variable used after the loop")
    return name


def ending(place: Place, breaks: int) -> None:
    """The `else` of a loop, more often where a `break` can go past it: `breaks` were there before."""
    if place.choices.chance(50 if place.used["break"] > breaks else 12):
        with place.block("else:"):
            if not (place.choices.chance(50) and augment(place)):
                body(place, 2)
        place.mark("loop: else")


def for_range(place: Place) -> bool:
    """Over the indices of an axis, in any order, or over any range: also empty, also with a negative step."""
    choices = place.choices
    axes = [
        (value, axis, dim) for value in place.arrays() for axis, dim in enumerate(value.kind.dims) if dim.name != "1"
    ]
    below: Dim | None = None
    if axes and choices.chance(60):
        value, axis, below = choices.pick(axes)
        length = f"len({value.text})" if axis == 0 else f"{value.text}.shape[{axis}]"
        form = choices.weighted((("{0}", 6), ("1, {0}", 2), ("{0} - 1, -1, -1", 3), ("0, {0}, 2", 1), ("{0} // 2", 1)))
        text = f"range({form.format(length)})"
        if choices.chance(15):
            text = f"reversed(range({length}))"
            place.mark("for: reversed range")
    else:
        text = any_range(place)
    name = target(place, INT, "i")
    breaks = place.used["break"]
    with place.block(f"for {name} in {text}:", LONGEST, loop=True):
        place.names[name] = INT
        if below is not None:
            place.below[name] = below
            place.fixed.add(name)
        body(place)
    place.mark("for: range")
    ending(place, breaks)
    return True


def any_range(place: Place) -> str:
    """A range of at most `LONGEST` numbers."""
    choices = place.choices
    step = choices.weighted(((1, 5), (-1, 3), (2, 2), (-2, 1), (3, 1), (-3, 1)))
    if choices.chance(35):  # bounds known at run time alone
        place.mark("for: run-time range")
        stop = f"{express(place, INT, 1)}"
        stop = f"({stop}) % {LONGEST}"
        if choices.chance(10):
            runtime = choices.pick(("1 if {0} else -1", "2 if {0} else 1", "-1 if {0} else -2")).format(
                condition(place, 1)
            )
            place.mark("for: run-time step")
            return f"range({choices.pick(('0', '3'))}, {stop}, {runtime})"
        return f"range({stop})" if step == 1 else f"range({stop}, {choices.pick(('0', '-1', '2'))}, {step})"
    start, count = choices.number(-3, 5), choices.number(0, 4)
    stop = start + step * count
    if choices.chance(10):
        stop = start - step
    if step == 1:
        return f"range({stop})" if 0 <= stop <= LONGEST and choices.chance(50) else f"range({start}, {stop})"
    place.mark("for: negative step" if step < 0 else "for: step")
    return f"range({start}, {stop}, {step})"


def for_rows(place: Place) -> bool:
    """Over the first axis of an array, of which the body may write rows; perhaps from its end."""
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    chosen = place.choices.pick(known)
    kind = row_of(chosen.kind)
    text = chosen.text
    if place.choices.chance(20):
        text = place.choices.pick((f"reversed({text})", f"{text}[::-1]", f"{text}[1:]"))
        place.mark("for: part of an array")
    name = target(place, kind, "r")
    breaks = place.used["break"]
    with place.block(f"for {name} in {text}:", LONGEST, loop=True):
        place.names[name] = kind
        body(place)
    place.mark("for: rows")
    ending(place, breaks)
    return True


def row_of(kind: Kind) -> Kind:
    """What an iteration over an array gives."""
    return Kind("array", kind.dtype, kind.dims[1:]) if len(kind.dims) > 1 else Kind("numpy", kind.dtype)


def for_items(place: Place) -> bool:
    """Over a tuple of values of one type: numbers or arrays."""
    choices = place.choices
    if choices.chance(25):
        return for_pairs(place)
    kinds = [INT, FLOAT, *(value.kind for value in place.arrays())]
    kind = choices.pick(kinds)
    count = choices.number(1, 3)
    items = [
        express(place, kind, 0) if kind.is_array or choices.chance(40) else literal(place, kind).text
        for _ in range(count)
    ]
    name = target(place, kind, "r")
    breaks = place.used["break"]
    with place.block(f"for {name} in ({', '.join(items)}{',' if count == 1 else ''}):", count, loop=True):
        place.names[name] = kind
        body(place)
    place.mark("for: tuple of arrays" if kind.is_array else "for: tuple")
    ending(place, breaks)
    return True


def for_pairs(place: Place) -> bool:
    """Over a tuple of tuples, each taken apart."""
    choices = place.choices
    kinds = [choices.pick((INT, FLOAT)), choices.pick((INT, FLOAT, *(value.kind for value in place.arrays())))]
    items = [f"({express(place, kinds[0], 0)}, {express(place, kinds[1], 0)})" for _ in range(choices.number(2, 3))]
    names = [place.fresh("s"), place.fresh("r")]
    breaks = place.used["break"]
    with place.block(f"for {', '.join(names)} in ({', '.join(items)}):", len(items), loop=True):
        place.names |= dict(zip(names, kinds, strict=True))
        body(place)
    place.mark("for: pairs")
    ending(place, breaks)
    return True


def for_enumerate(place: Place) -> bool:
    """`enumerate` of an array, from any number."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    chosen = choices.pick(known)
    counter, name = place.fresh("i"), place.fresh("r")
    start = choices.weighted((("", 5), (", 1", 2), (", start=-2", 1)))
    breaks = place.used["break"]
    with place.block(f"for {counter}, {name} in enumerate({chosen.text}{start}):", LONGEST, loop=True):
        place.names |= {counter: INT, name: row_of(chosen.kind)}
        if not start:
            place.below[counter] = chosen.kind.dims[0]
            place.fixed.add(counter)
        body(place)
    place.mark("for: enumerate")
    ending(place, breaks)
    return True


def for_zip(place: Place) -> bool:
    """Two sequences in step: arrays of any lengths, ranges, tuples."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    first, second = choices.pick(known), choices.pick(known)
    names = [place.fresh("r"), place.fresh("r")]
    counter = place.fresh("i") if choices.chance(25) else None
    kinds, texts = [row_of(first.kind), row_of(second.kind)], [first.text, second.text]
    if choices.chance(30):
        texts[1], kinds[1] = choices.pick(
            ((f"range({first.text}.shape[0])", INT), ("(1, 2, 5)", INT), ("range(3, -3, -1)", INT))
        )
    head = f"for {', '.join(names)} in zip({', '.join(texts)}):"
    if counter is not None:
        head = f"for {counter}, ({', '.join(names)}) in enumerate(zip({', '.join(texts)})):"
        place.mark("for: enumerate and zip")
    breaks = place.used["break"]
    with place.block(head, LONGEST, loop=True):
        place.names |= dict(zip(names, kinds, strict=True))
        if counter is not None:
            place.names[counter] = INT
        body(place)
    place.mark("for: zip")
    ending(place, breaks)
    return True


def while_counted(place: Place) -> bool:
    """A `while` over a counter that the body cannot set, and perhaps over more."""
    choices = place.choices
    name = place.fresh("w")
    extra = f" and ({condition(place, 1)})" if choices.chance(35) else ""
    most = choices.number(0, LONGEST)
    form = choices.pick(("up", "down", "halved", "forever"))
    start, test, step = {
        "up": ("0", f"{name} < {most}{extra}", f"{name} += {choices.pick((1, 2))}"),
        "down": (str(most), f"{name}{' > 0' if choices.chance(50) else ''}{extra}", f"{name} -= 1"),
        "halved": ("8.0", f"{name} > 0.5{extra}", f"{name} {choices.pick(('*= 0.5', '/= 2', '= ' + name + ' / 3'))}"),
        "forever": ("0", "True", f"{name} += 1"),
    }[form]
    place.line(f"{name} = {start}")
    place.names[name] = FLOAT if form == "halved" else INT
    place.fixed.add(name)
    breaks = place.used["break"]
    with place.block(f"while {test}:", LONGEST, loop=True):
        place.line(step)
        if form == "forever":
            with place.block(f"if {name} > {most}{f' or ({condition(place, 1)})' if extra else ''}:"):
                place.line("break")
        body(place)
    place.mark(f"while: {form}")
    ending(place, breaks)
    return True


def leave(place: Place) -> bool:
    """`break` or `continue`, under a condition, and something after it that is then not done."""
    choices = place.choices
    word = choices.pick(("break", "continue"))
    test = condition(place)
    steps = place.variables(lambda kind: kind.family != "array" and kind.letter in "iuf")
    steps = [value for value in steps if value.text[0] in "irw"]
    if steps and choices.chance(60):
        symbol = choices.pick(("==", ">", "<", "!=", ">="))
        test = f"{choices.pick(steps).text} {symbol} {choices.pick((1, 2, 0, 3))}"
    with place.block(f"if {test}:"):
        if choices.chance(30):
            body(place, 1)
        place.line(word)
    place.mark(word)
    statement(place)
    return True


def early_return(place: Place) -> bool:
    """A `return` under a condition, of the types that the function returns."""
    with place.block(f"if {condition(place)}:"):
        give(place)
    place.mark("return: early in a loop" if place.loops else "return: early")
    return True


def give(place: Place) -> None:
    """Return values of the types that are fixed."""
    assert place.results is not None
    texts = [Value(express(place, kind, 1), kind).atom for kind in place.results]
    place.line(f"return {', '.join(texts)}")
