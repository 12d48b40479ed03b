"""Random statements without bodies: assignments, augmented ones, writes into arrays, `out=`, `assert`, `raise`.

Each function writes a statement at the given place, or returns False where none of that sort is possible. A name keeps
its type for as long as it exists. Called by the generator of programs.
"""

from __future__ import annotations

import numpy as np

from eqsat.testing.conversions import dtype_of, literal
from eqsat.testing.expressions import arithmetic, array, call, condition, express, scalar
from eqsat.testing.forms import BINARY
from eqsat.testing.indices import element, index_array, mask, subscript
from eqsat.testing.kinds import (
    BOOL,
    DTYPES,
    FLOAT,
    INT,
    ONE,
    Dims,
    Kind,
    Value,
    fits_into,
    names_of,
    result_of,
    same_kind,
)
from eqsat.testing.scopes import Place

SYMBOLS = ("+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "**")


def assign(place: Place) -> bool:
    """A new name for a number or an array."""
    choices = place.choices
    made = array(place) if choices.chance(55) else None
    if made is None:
        made = scalar(place)
        if choices.chance(20):
            made = Value(express(place, BOOL, 2), BOOL)
    name = place.fresh("t" if made.kind.is_array else "s")
    if made.text in place.names and made.kind.is_array:
        place.mark("alias")
    if choices.chance(6) and made.kind in (INT, FLOAT, BOOL):
        place.mark("annotated")
        place.line(f"{name}: {'bool' if made.kind == BOOL else 'int' if made.kind == INT else 'float'} = {made.text}")
    elif choices.chance(5):
        other = place.fresh("t" if made.kind.is_array else "s")
        place.line(f"{name} = {other} = {made.text}")
        place.names[other] = made.kind
        place.mark("assign: twice")
    else:
        place.line(f"{name} = {made.text}")
    place.names[name] = made.kind
    return True


def create(place: Place) -> bool:
    """An array made here, of sizes of others or its own."""
    choices = place.choices
    dims: Dims = ()
    for _ in range(choices.weighted(((1, 4), (2, 3), (0, 1), (3, 1)))):
        known = [dim for value in place.arrays() for dim in value.kind.dims]
        dims += (choices.pick(known) if known else ONE,)
    kind = Kind("array", choices.weighted(DTYPES), dims)
    lengths = [place.length(dim) for dim in dims]
    shape = f"({', '.join(map(str, lengths))}{',' if len(dims) == 1 else ''})"
    name = place.fresh("t")
    form = choices.pick(("zeros", "ones", "full", "empty", "arange", "like"))
    if form == "like":
        known = place.like(kind) or place.arrays()
        if known:
            chosen = choices.pick(known)
            kind = chosen.kind
            maker = choices.pick(("zeros", "ones", "full", "empty"))
            extra = ", 3" if maker == "full" else ""
            place.line(f"{name} = np.{maker}_like({chosen.text}{extra})")
            if maker == "empty":
                place.line(f"{name}[...] = {filling(place, kind)}")
            place.names[name] = kind
            place.mark(f"create: {maker}_like")
            return True
    if form == "arange" and len(dims) == 1 and kind.letter in "iuf":
        place.line(f"{name} = np.arange({lengths[0]}, dtype={dtype_of(place, kind)})")
    elif form == "full":
        place.line(f"{name} = np.full({shape}, {1 if kind.letter == 'b' else 3}, {dtype_of(place, kind)})")
    elif form == "empty":
        place.line(f"{name} = np.empty({shape}, {dtype_of(place, kind)})")
        place.line(f"{name}[...] = {filling(place, kind)}")
    else:
        form = form if form in ("zeros", "ones") else "zeros"
        place.line(f"{name} = np.{form}({shape}, {dtype_of(place, kind)})")
    place.names[name] = kind
    place.mark(f"create: {form}")
    return True


def filling(place: Place, kind: Kind) -> str:
    """What can be written into an array of this type: a number, or an array that broadcasts to it."""
    made = None
    if place.choices.chance(60):
        made = array(place, 2, lambda dims: fits_into(dims, kind.dims))
    if made is None:
        made = scalar(place)
    return storable(made, kind)


def storable(value: Value, kind: Kind) -> str:
    """The value, so that writing it into this dtype raises nothing and warns of nothing but its values."""
    if value.kind.letter == "c" and kind.letter not in "cb":
        return f"{value.atom}.real"
    if value.kind.is_weak_integer and kind.letter in "iu":
        if value.literal is None:
            return f"{value.atom} % 100"
        return value.text.lstrip("-") if kind.letter == "u" else value.text
    return value.text


def reassign(place: Place) -> bool:
    """A name that exists, set to another value of its type."""
    known = place.variables(lambda kind: True, assigned=True)
    if not known:
        return False
    target = place.choices.pick(known)
    text = express(place, target.kind, 2)
    if text == target.text:
        text = f"{text} if {condition(place, 1)} else {text}" if not target.kind.is_array else f"{text}[...]"
    place.line(f"{target.text} = {text}")
    place.mark("reassign: array" if target.kind.is_array else "reassign: number")
    return True


def augment(place: Place) -> bool:
    """`name += value`: of arrays, in place."""
    choices = place.choices
    known = place.variables(lambda kind: kind != BOOL, assigned=True)
    if not known:
        return False
    target = choices.pick(known)
    if target.kind.is_array:
        value = array(place, 1, lambda dims: fits_into(dims, target.kind.dims)) if choices.chance(60) else None
        return in_place(place, target, value or scalar(place, 1))
    value = Value(express(place, target.kind, 1), target.kind) if choices.chance(50) else scalar(place, 1)
    symbols = ("+", "-", "*") if target.kind.family == "python" else ("+", "-", "*", "/", "//", "%", "&", "|", "^")
    if target.kind.family == "python" and value.kind.family == "python":
        divisor = {INT: " or 3", FLOAT: " or 0.5"}.get(value.kind)
        if target.kind == INT and value.kind == INT:
            symbols = ("+", "-", "&", "|", "^")
        if divisor and choices.chance(40):
            symbols = ("/", "//", "%") if target.kind == FLOAT else ("//", "%")
            value = Value(f"{value.atom}{divisor}", value.kind)
    symbol = choices.pick(symbols)
    found = result_of(f"{{0}} {symbol} {{1}}", target, value)
    if found is None or not same_kind(found.kind, target.kind):
        return False
    place.line(f"{target.text} {symbol}= {found.text.removeprefix(f'{target.text} {symbol} ')}")
    place.mark("augment: number")
    return True


def in_place(place: Place, target: Value, value: Value) -> bool:
    """An augmented assignment to an array, a view, or a selection, if NumPy casts the result back."""
    symbol = place.choices.pick(SYMBOLS[:-1])
    if symbol in ("<<", ">>"):
        small = result_of("{0} % 5", value)
        symbol, value = (symbol, small) if small is not None else ("+", value)
    found = result_of(f"{{0}} {symbol} {{1}}", target, value)
    if found is None or names_of(found.kind.dims) != names_of(target.kind.dims):
        symbol = "+"
        found = result_of("{0} + {1}", target, value)
    if found is None or names_of(found.kind.dims) != names_of(target.kind.dims):
        return False
    if not np.can_cast(found.kind.dtype, target.kind.dtype, "same_kind"):
        return False
    place.line(f"{target.text} {symbol}= {found.text.removeprefix(f'{target.atom} {symbol} ')}")
    place.mark("augment: array")
    return True


def write(place: Place) -> bool:
    """Into a slice, a row, a view of a view, or the whole of an array."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims) or choices.chance(50))
    if not known:
        return False
    array_ = choices.pick(known)
    target = subscript(place, array_)
    if target is not None and target.kind.dims and choices.chance(10):
        place.mark("write: view of a view")
        target = subscript(place, target, keep=1)
    if target is None:
        return False
    if not target.kind.is_array:
        return write_element(place)
    if choices.chance(30):
        value = array(place, 1, lambda dims: fits_into(dims, target.kind.dims)) if choices.chance(50) else None
        if in_place(place, target, value or scalar(place, 1)):
            place.mark("write: augmented slice")
            return True
    place.line(f"{target.text} = {moved(place, array_, target) or filling(place, target.kind)}")
    place.mark("write: slice")
    return True


def moved(place: Place, array_: Value, target: Value) -> str | None:
    """The same part of this or another array, whose dims are therefore right: they may overlap."""
    choices = place.choices
    if not choices.chance(45):
        return None
    others = place.arrays(lambda kind: names_of(kind.dims) == names_of(array_.kind.dims))
    other = choices.pick(others)
    text = other.text + target.text[len(array_.text) :]
    source = Value(text, Kind("array", other.kind.dtype, target.kind.dims))
    made = result_of(choices.pick(("{0}", "{0}[::-1]", "{0} * 2", "{0} + {0}[::-1]", "{0}.copy()")), source)
    place.mark("write: same part")
    return storable(made or source, target.kind)


def write_element(place: Place) -> bool:
    """One element, plainly or augmented."""
    choices = place.choices
    known = place.arrays()
    target = element(place, choices.pick(known)) if known else None
    if target is None:
        return False
    value = scalar(place, 1)
    if choices.chance(40):
        found = result_of(f"{{0}} {choices.pick(('+', '-', '*', '//'))} {{1}}", target, value)
        if found is not None and (found.kind.letter != "c" or target.kind.letter == "c"):
            symbol = found.text.removeprefix(target.text).split()[0]
            place.line(f"{target.text} {symbol}= {found.text.removeprefix(f'{target.text} {symbol} ')}")
            place.mark("write: augmented element")
            return True
    place.line(f"{target.text} = {storable(value, target.kind)}")
    place.mark("write: element")
    return True


def swap(place: Place) -> bool:
    """Two elements, two rows, two names, each of them by way of a tuple."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    form = choices.pick(("names", "elements", "rows"))
    if form == "names":
        numbers = place.variables(lambda kind: True, assigned=True)
        pairs = [
            (one.text, two.text)
            for one in numbers
            for two in numbers
            if one is not two and same_kind(one.kind, two.kind)
        ]
        if not pairs:
            return False
        one, two = choices.pick(pairs)
        place.line(f"{one}, {two} = {two}, {one}")
        place.mark("swap: names")
        return True
    if not known:
        return False
    chosen = choices.pick(known)
    if form == "rows":
        ends = [subscript(place, chosen, keep=len(chosen.kind.dims) - 1, newaxis=False) for _ in range(2)]
    else:
        ends = [element(place, chosen) for _ in range(2)]
    first, second = ends
    if first is None or second is None or not same_kind(first.kind, second.kind):
        return False
    place.line(f"{first.text}, {second.text} = {second.text}, {first.text}")
    place.mark(f"swap: {form}")
    return True


def unpack(place: Place) -> bool:
    """Several values at once, nested or not."""
    choices = place.choices
    if choices.chance(15):
        one, two = place.fresh("s"), place.fresh("s")
        place.line(f"{one}, {two} = divmod({express(place, INT, 1)}, {choices.pick((3, -4, 7))})")
        place.names |= {one: INT, two: INT}
        place.mark("unpack: divmod")
        return True
    values = [scalar(place, 1), array(place, 1) or scalar(place, 1), scalar(place, 1)][: choices.number(2, 3)]
    names = [place.fresh("t" if value.kind.is_array else "s") for value in values]
    left, right = ", ".join(names), ", ".join(value.atom for value in values)
    if len(values) == 3 and choices.chance(40):
        left, right = f"({names[0]}, {names[1]}), {names[2]}", f"({values[0].atom}, {values[1].atom}), {values[2].atom}"
    place.line(f"{left} = {right}")
    place.names |= {name: value.kind for name, value in zip(names, values, strict=True)}
    place.mark("unpack")
    return True


def call_helper(place: Place) -> bool:
    """A helper called for its results, all of them, or for what it writes."""
    choices = place.choices
    usable = place.usable()
    if not usable:
        return False
    helper = choices.pick(usable)
    text = call(place, helper, 1)
    if choices.chance(15):
        place.line(text)
        place.mark("call: result dropped")
        return True
    names = [place.fresh("t" if kind.is_array else "s") for kind in helper.results]
    place.line(f"{', '.join(names)} = {text}")
    place.names |= dict(zip(names, helper.results, strict=True))
    place.mark("call: unpacked" if len(names) > 1 else "call: assigned")
    return True


def masked(place: Place) -> bool:
    """Where a mask is true: a number, another array's values, or an augmented assignment."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    target = choices.pick(known)
    where = mask(place, target.kind.dims)
    if where is None:
        return False
    text = f"{target.text}[{where.text}]"
    form = choices.pick(("number", "augmented", "values"))
    if form == "augmented":
        if not in_place(place, Value(text, target.kind), scalar(place, 1)):
            return False
    elif form == "values":
        other = choices.pick(place.arrays(lambda kind: names_of(kind.dims) == names_of(target.kind.dims)))
        place.line(f"{text} = {storable(Value(f'{other.text}[{where.text}]', other.kind), target.kind)}")
    else:
        place.line(f"{text} = {storable(scalar(place, 1), target.kind)}")
    place.mark(f"mask: {form}")
    return True


def indexed(place: Place) -> bool:
    """At the places that an index array tells, which may repeat: of equal ones, the last counts."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    target = choices.pick(known)
    where = index_array(place, target)
    if where is None:
        return False
    dims = (*where.kind.dims, *target.kind.dims[1:])
    selected = Value(f"{target.text}[{where.text}]", Kind("array", target.kind.dtype, dims))
    if choices.chance(50):
        value = where if choices.chance(30) and len(dims) == len(where.kind.dims) else scalar(place, 1)
        if in_place(place, selected, value):
            place.mark("indexed: augmented")
            return True
    place.line(f"{selected.text} = {filling(place, selected.kind)}")
    place.mark("indexed: write")
    return True


def into(place: Place) -> bool:
    """A ufunc or a reduction with `out=`."""
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims))
    if not known:
        return False
    target = choices.pick(known)
    first = array(place, 1, lambda dims: names_of(dims) == names_of(target.kind.dims))
    if first is None:
        return False
    name = choices.pick(("add", "multiply", "subtract", "maximum", "negative", "square", "sqrt", "less"))
    if name in ("negative", "square", "sqrt"):
        found = result_of(f"np.{name}({{0}})", first)
    else:
        second = array(place, 1, lambda dims: fits_into(dims, target.kind.dims)) or literal(place, INT)
        found = result_of(f"np.{name}({{0}}, {{1}})", first, second)
    if found is None or not np.can_cast(found.kind.dtype, target.kind.dtype, "same_kind"):
        return False
    if names_of(found.kind.dims) != names_of(target.kind.dims):
        return False
    text = f"{found.text[:-1]}, {choices.pick(('out=', 'out=', ''))}{target.text})"
    if choices.chance(25):
        result = place.fresh("t")
        place.names[result] = target.kind
        text = f"{result} = {text}"
    place.line(text)
    place.mark("out=")
    return True


def check(place: Place) -> bool:
    """An `assert` that nearly always holds, or a `raise` that is hardly ever reached."""
    choices = place.choices
    bound = choices.pick(("1e9", "10 ** 9", "5000"))
    left = scalar(place, 1)
    if choices.chance(50):
        message = choices.pick(("", ', "too large"', f", {left.atom}"))
        place.line(f"assert not ({left.atom} > {bound}){message}")
        place.mark("assert")
        return True
    kind = choices.pick(("ValueError", "RuntimeError", "ZeroDivisionError"))
    with place.block(f"if {left.atom} > {bound} and {condition(place, 1)}:"):
        place.line(f'raise {kind}("{choices.pick(("out of bounds", "no"))}")')
    place.mark("raise")
    return True


def operate(place: Place) -> bool:
    """A number computed out of two, by an operation of either sign."""
    left, right = scalar(place, 1), scalar(place, 1)
    made = arithmetic(place, left, right) or result_of(place.choices.pick(BINARY), left, right)
    if made is None or made.kind.letter == "c":
        return False
    name = place.fresh("s")
    place.line(f"{name} = {made.text}")
    place.names[name] = made.kind
    place.mark("operate")
    return True
