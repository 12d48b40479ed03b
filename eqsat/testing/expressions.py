"""Random expressions, well-typed by construction: NumPy is asked for the type of each as it is made.

`scalar`, `integer`, `condition` and `array` make any value of that sort; `express` makes one of a given type. What
raises does so because of values (division by zero, a conversion of NaN), and rarely. Called by the generator.
"""

from __future__ import annotations

from collections.abc import Callable

from eqsat.testing.conversions import cast, dtype_of, literal, spelled, tame
from eqsat.testing.forms import (
    BINARY,
    COMPARISONS,
    EQUALITIES,
    MATHEMATICS,
    ON_FLOATS,
    ON_INTEGERS,
    REDUCTIONS,
    UNARY,
    UNSAFE,
)
from eqsat.testing.indices import element, index_array, mask, subscript
from eqsat.testing.kinds import (
    BOOL,
    DTYPES,
    FLOAT,
    INT,
    Dim,
    Dims,
    Kind,
    Value,
    broadcast,
    fits_into,
    names_of,
    result_of,
    same_kind,
)
from eqsat.testing.scopes import Helper, Place

# -- scalars ------------------------------------------------------------------------------------------------------


def scalar(place: Place, depth: int = 2) -> Value:
    """A number of any type but complex."""
    choices = place.choices
    known = place.variables(lambda kind: kind.family != "array" and kind.letter != "c")
    if depth <= 0 or choices.chance(30):
        if known and choices.chance(80):
            return choices.pick(known)
        return literal(place, choices.pick((INT, FLOAT)))
    form = choices.weighted(
        (("binary", 4), ("element", 5), ("integer", 3), ("real", 2), ("unary", 2), ("reduction", 2), ("mathematics", 1))
    )
    made = None
    if form == "binary":
        made = arithmetic(place, scalar(place, depth - 1), scalar(place, depth - 1))
    elif form == "element":
        made = tame_element(place)
    elif form == "integer":
        made = Value(integer(place, depth - 1), INT)
    elif form == "real":
        made = Value(express(place, FLOAT, depth - 1), FLOAT)
    elif form == "mathematics":
        made = result_of(choices.pick(MATHEMATICS), scalar(place, depth - 1))
        place.mark("mathematics")
    elif form == "unary":
        operand = scalar(place, depth - 1)
        made = result_of(
            choices.pick(UNARY if operand.kind.family == "numpy" else ("-{0}", "abs({0})", "+{0}")), operand
        )
    else:
        made = total(place, depth - 1)
    return made if made is not None and made.kind.letter != "c" else literal(place, INT)


def tame_element(place: Place) -> Value | None:
    """An element of some array."""
    known = place.arrays(lambda kind: len(kind.dims) < 3 or place.choices.chance(30))
    found = element(place, place.choices.pick(known)) if known else None
    return tame(place, found) if found is not None else None


def total(place: Place, depth: int) -> Value | None:
    """A reduction to one number."""
    operand = array(place, depth)
    if operand is None or not operand.kind.dims:
        return None
    name = place.choices.pick(REDUCTIONS)
    if name in ("max", "min", "mean") and any(dim.least == 0 for dim in operand.kind.dims):
        name = "sum"
    if operand.kind.letter == "c" and name in ("max", "min"):
        name = "sum"
    place.mark("reduction")
    form = place.choices.pick((f"np.{name}({{0}})", f"{{0}}.{name}()"))
    found = result_of(form, operand)
    return tame(place, Value(found.text, Kind("numpy", found.kind.dtype))) if found is not None else None


def arithmetic(place: Place, left: Value, right: Value) -> Value | None:
    """An operation on two numbers."""
    choices = place.choices
    if left.kind.family == right.kind.family == "python":
        if "bool" in (left.kind.dtype, right.kind.dtype):
            forms = ("{0} + {1}", "{0} * {1} - {1}", "{0} & {1}", "{0} | {1}", "{0} == {1}")
        elif choices.chance(2):
            place.mark("maybe divided by zero")
            forms = UNSAFE
        else:
            forms = ON_INTEGERS if left.kind == right.kind == INT else ON_FLOATS
            if left.kind != right.kind:  # the type of a maximum would depend on the values
                forms = tuple(form for form in forms if "m" not in form[:3])
        return result_of(choices.pick(forms), left, right)
    return result_of(choices.pick(BINARY[:13]), left, right)


def integer(place: Place, depth: int = 1) -> str:
    """A Python integer."""
    return express(place, INT, depth)


def condition(place: Place, depth: int = 2) -> str:
    """What can be true or false: Python's and NumPy's bools, numbers, comparisons of any number of values."""
    choices = place.choices
    form = choices.weighted(
        (("compare", 6), ("chain", 2), ("not", 2), ("and", 2), ("or", 2), ("number", 1), ("total", 2))
    )
    if depth <= 0 or form == "compare":
        return comparison(place, depth)
    place.mark(f"condition: {form}")
    if form == "chain":
        one, two, three = (scalar(place, 1).atom for _ in range(3))
        symbols = ("<", "<=", ">", ">=", "==", "!=")
        return f"{one} {choices.pick(symbols)} {two} {choices.pick(symbols)} {three}"
    if form == "not":
        floats = place.variables(lambda kind: kind.family != "array" and kind.letter == "f")
        if floats and choices.chance(60):  # which may be NaN: then the opposite comparison is not the same
            return f"not {choices.pick(floats).text} {choices.pick(('<', '>=', '>', '<='))} {scalar(place, 1).atom}"
        return f"not ({condition(place, depth - 1)})"
    if form in ("and", "or"):
        return f"({condition(place, depth - 1)}) {form} ({condition(place, depth - 1)})"
    if form == "number":
        return scalar(place, 1).text
    operand = array(place, 1)
    if operand is None or not operand.kind.dims:
        return comparison(place, depth)
    compared = result_of(
        choices.pick(EQUALITIES if operand.kind.letter == "c" else COMPARISONS), operand, literal(place, INT)
    )
    if compared is None:
        return f"{operand.atom}.any()"
    return choices.pick((f"{compared.atom}.any()", f"np.all({compared.text})"))


def comparison(place: Place, depth: int) -> str:
    """Two numbers compared."""
    left, right = scalar(place, depth - 1), scalar(place, depth - 1)
    if left.literal is not None and right.literal is not None:
        known = place.variables(lambda kind: kind.family != "array" and kind.letter != "c")
        left = tame_element(place) or (place.choices.pick(known) if known else left)
    made = result_of(place.choices.pick(COMPARISONS), left, right)
    return made.text if made is not None else f"{left.atom} == {right.atom}"


# -- arrays -------------------------------------------------------------------------------------------------------


def array(place: Place, depth: int = 2, fits: Callable[[Dims], bool] = lambda dims: True) -> Value | None:
    """An array whose dims `fits` accepts; None where no variable has such."""
    choices = place.choices
    known = [value for value in place.variables(lambda kind: kind.is_array) if fits(value.kind.dims)]
    if not known:
        return None
    if depth <= 0 or choices.chance(25):
        return choices.pick(known)
    forms = (
        ("binary", 6),
        ("unary", 3),
        ("view", 3),
        ("where", 2),
        ("axis", 2),
        ("gather", 2),
        ("compress", 1),
        ("cast", 2),
    )
    forms += (("conditional", 1), ("product", 1), ("move", 1), ("call", 2 if place.usable() else 0))
    form = choices.weighted(forms)
    made = ARRAYS[form](place, depth, fits, known)
    if made is None or not made.kind.is_array or not fits(made.kind.dims):
        return choices.pick(known)
    place.mark(f"array: {form}")
    return made


Fits = Callable[[Dims], bool]


def _other(place: Place, depth: int, first: Value, fits: Fits) -> Value:
    """A second operand for the first: an array that broadcasts with it, or a number."""

    def together(dims: Dims) -> bool:
        both = broadcast(dims, first.kind.dims)
        return both is not None and fits(both)

    second = array(place, depth, together) if place.choices.chance(65) else None
    return second if second is not None else scalar(place, 1)


def _binary(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    first = array(place, depth - 1, fits) or known[0]
    second = _other(place, depth - 1, first, fits)
    if place.choices.chance(30):
        first, second = second, first
    return result_of(place.choices.pick((*BINARY, *COMPARISONS)), first, second) or result_of(
        "{0} * {1}", first, second
    )


def _unary(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    operand = array(place, depth - 1, fits) or known[0]
    return result_of(place.choices.pick((*UNARY, "{0} ** 2")), operand)


def _view(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    everything = place.arrays(lambda kind: bool(kind.dims))
    if not everything:
        return None
    for _ in range(3):
        made = subscript(place, place.choices.pick(everything))
        if made is not None and made.kind.is_array and fits(made.kind.dims):
            return made
    return Value(f"{known[0].text}[::-1]", known[0].kind) if known[0].kind.dims else None


def _where(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    first = array(place, depth - 1, fits) or known[0]
    second = _other(place, depth - 1, first, fits)
    together = broadcast(first.kind.dims, second.kind.dims)
    compared = result_of(place.choices.pick(COMPARISONS[:4]), first, literal(place, INT))
    if compared is None or together is None:
        return None
    return result_of("np.where({0}, {1}, {2})", compared, first, second)


def _axis(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    operands = place.arrays(lambda kind: len(kind.dims) >= 2)
    if not operands:
        return None
    operand = place.choices.pick(operands)
    axis = place.choices.number(0, len(operand.kind.dims) - 1)
    name = place.choices.pick(REDUCTIONS)
    dims = operand.kind.dims
    if (name in ("max", "min", "mean") and any(dim.least == 0 for dim in dims)) or operand.kind.letter == "c":
        name = "sum"
    spelled = axis - len(dims) if place.choices.chance(30) else axis
    found = result_of(f"{{0}}.{name}(axis={spelled})", operand)
    return (
        Value(found.text, Kind("array", found.kind.dtype, dims[:axis] + dims[axis + 1 :]))
        if found is not None
        else None
    )


def _gather(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    operands = place.arrays(lambda kind: 0 < len(kind.dims) < 3)
    operand = place.choices.pick(operands) if operands else None
    indices = index_array(place, operand) if operand is not None else None
    if operand is None or indices is None:
        return None
    dims = (*indices.kind.dims, *operand.kind.dims[1:])
    return Value(f"{operand.text}[{indices.text}]", Kind("array", operand.kind.dtype, dims)) if len(dims) < 4 else None


def _compress(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    operands = place.arrays(lambda kind: 0 < len(kind.dims) < 3)
    operand = place.choices.pick(operands) if operands else None
    chosen = mask(place, operand.kind.dims) if operand is not None else None
    if operand is None or chosen is None:
        return None
    return Value(f"{operand.text}[{chosen.text}]", Kind("array", operand.kind.dtype, (Dim(place.fresh("part"), 0),)))


def _cast(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    operand = array(place, depth - 1, fits) or known[0]
    dtype = place.choices.weighted(DTYPES)
    return cast(operand, Kind("array", dtype, operand.kind.dims))


def _conditional(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    first = place.choices.pick(known)
    second = express(place, first.kind, depth - 1)
    return Value(f"{first.text} if {condition(place, 1)} else {second}", first.kind)


def _product(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    left = place.arrays(lambda kind: len(kind.dims) in (1, 2) and kind.letter in "iufc")
    pairs = [
        (one, two)
        for one in left
        for two in left
        if one.kind.dims[-1].name == two.kind.dims[0].name and (len(one.kind.dims), len(two.kind.dims)) != (1, 1)
    ]
    if not pairs:
        return None
    one, two = place.choices.pick(pairs)
    dtype = result_of(
        "{0} * {1}", Value(one.text, Kind("array", one.kind.dtype)), Value(two.text, Kind("array", two.kind.dtype))
    )
    dims = (*one.kind.dims[:-1], *two.kind.dims[1:])
    return Value(f"{one.text} @ {two.text}", Kind("array", dtype.kind.dtype, dims)) if dtype is not None else None


def _move(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    choices = place.choices
    known = place.arrays(lambda kind: bool(kind.dims) and (fits(kind.dims[::-1]) or fits(kind.dims)))
    if not known:
        return None
    chosen = choices.pick(known)
    if fits(chosen.kind.dims[::-1]) and choices.chance(50):
        return Value(f"{chosen.text}.T", Kind("array", chosen.kind.dtype, chosen.kind.dims[::-1]))
    form = choices.pick(
        ("{0}.copy()", "{0}[::-1]", "{0}[...]", "np.zeros_like({0})", "np.ones_like({0})", "{0}.T.T", "np.flip({0})")
    )
    return Value(form.format(chosen.text), chosen.kind) if fits(chosen.kind.dims) else None


def _call(place: Place, depth: int, fits: Fits, known: list[Value]) -> Value | None:
    usable = [helper for helper in place.usable() if len(helper.results) == 1 and fits(helper.results[0].dims)]
    if not usable:
        return None
    helper = place.choices.pick(usable)
    return Value(call(place, helper, depth - 1), helper.results[0])


ARRAYS: dict[str, Callable[[Place, int, Fits, list[Value]], Value | None]] = {
    "binary": _binary,
    "unary": _unary,
    "view": _view,
    "where": _where,
    "axis": _axis,
    "gather": _gather,
    "compress": _compress,
    "cast": _cast,
    "conditional": _conditional,
    "product": _product,
    "move": _move,
    "call": _call,
}


def call(place: Place, helper: Helper, depth: int) -> str:
    """A call of a helper, by position and keyword, sometimes with defaults left out."""
    choices = place.choices
    place.mark("call")
    count = len(helper.parameters)
    given = count - choices.number(0, helper.defaults)
    keywords = choices.number(0, given) if choices.chance(25) else 0
    texts: list[str] = []
    for number, (name, kind) in enumerate(helper.parameters[:given]):
        text = express(place, kind, depth)
        texts.append(f"{name}={text}" if number >= given - keywords else text)
    return f"{helper.name}({', '.join(texts)})"


# -- values of a given type -----------------------------------------------------------------------------------------


def express(place: Place, kind: Kind, depth: int = 2) -> str:
    """An expression of exactly this type."""
    choices = place.choices
    same = place.like(kind)
    if same and (depth <= 0 or choices.chance(30)):
        return choices.pick(same).text
    if kind.is_array:
        return _array_of(place, kind, depth)
    if depth <= 0:
        return (
            literal(place, kind).text
            if kind.family == "python"
            else f"np.{spelled(kind)}({literal(place, INT).text.lstrip('-')})"
        )
    if choices.chance(12) and depth > 1:
        place.mark("conditional expression")
        return f"({express(place, kind, depth - 1)} if {condition(place, 1)} else {express(place, kind, depth - 1)})"
    if kind == INT:
        return _integer_of(place, depth)
    if kind == BOOL:
        return choices.pick((f"bool({condition(place, depth - 1)})", literal(place, BOOL).text))
    made = None
    if choices.chance(60):  # an operation that stays within the type
        one = Value(express(place, kind, depth - 1), kind)
        other = one if choices.chance(10) else Value(express(place, kind, depth - 1), kind)
        made = arithmetic(place, one, other)
    if made is not None and same_kind(made.kind, kind):
        return made.text
    return cast(scalar(place, depth - 1), kind).text


def _integer_of(place: Place, depth: int) -> str:
    choices = place.choices
    form = choices.weighted((("binary", 5), ("literal", 2), ("length", 2), ("convert", 2)))
    if form == "binary":
        one, two = (Value(express(place, INT, depth - 1), INT) for _ in range(2))
        made = arithmetic(place, one, two)
        return made.text if made is not None and made.kind == INT else one.text
    if form == "length":
        known = place.arrays(lambda kind: bool(kind.dims))
        if known:
            chosen = choices.pick(known)
            return choices.pick(
                (f"len({chosen.text})", f"{chosen.text}.size", f"{chosen.text}.shape[-1]", f"{chosen.text}.ndim")
            )
    if form == "convert":
        return cast(scalar(place, depth - 1), INT).text
    return literal(place, INT).text


def _array_of(place: Place, kind: Kind, depth: int) -> str:
    choices = place.choices
    names = names_of(kind.dims)

    def fits(dims: Dims) -> bool:
        return names_of(dims) == names

    for _ in range(0 if choices.chance(15) else 2):
        made = array(place, max(depth, 1), fits)
        if made is None:
            break
        if same_kind(made.kind, kind):
            return made.text
        if choices.chance(50):
            return cast(made, kind).text
    lengths = [place.length(dim) for dim in kind.dims]
    shape = f"({', '.join(map(str, lengths))}{',' if len(lengths) == 1 else ''})"
    if len(lengths) == 1 and choices.chance(40):
        shape = str(lengths[0])
    dtype = dtype_of(place, kind)
    if None in lengths:  # no variable tells of an axis: some array of that type must be known
        known = place.like(kind)
        return f"{known[0].text}.copy()"
    place.mark("array: created")
    form = choices.pick(
        ("np.zeros({0}, {1})", "np.ones({0}, {1})", "np.full({0}, {2}, {1})", "np.zeros({0}, dtype={1})")
    )
    number = "True" if kind.letter == "b" else choices.pick(("2", "0", "7", "1"))
    if choices.chance(35):
        wide = array(place, depth - 1, lambda dims: fits_into(dims, kind.dims))
        if wide is not None and not (wide.kind.letter == "c" and kind.letter != "c"):
            added = result_of("{0} + {1}", Value(f"np.zeros({shape}, {dtype})", kind), wide)
            if added is not None and same_kind(added.kind, kind):
                return added.text
    return form.format(shape, dtype, number)
