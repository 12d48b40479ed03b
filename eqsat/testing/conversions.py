"""Numbers in the text of random programs, and conversions of values to a given type. Called by the generator."""

from __future__ import annotations

from eqsat.testing.forms import CASTS, LITERALS
from eqsat.testing.kinds import BOOL, FLOAT, INT, Kind, Value, same_kind
from eqsat.testing.scopes import Place


def literal(place: Place, kind: Kind) -> Value:
    """A number in the text."""
    text = place.choices.pick(LITERALS[kind.dtype])
    number = text == "True" if kind == BOOL else float(text) if kind == FLOAT else int(text)
    return Value(text, kind, number)


def tame(place: Place, value: Value) -> Value:
    """Complex NumPy scalars, and those of uint64, are hardly ever computed with: these are converted."""
    if value.kind.family != "numpy" or place.choices.chance(2):
        return value
    if value.kind.letter == "c":
        return Value(
            value.atom + place.choices.pick((".real", ".imag")),
            Kind("numpy", {"complex64": "float32"}.get(value.kind.dtype, "float64")),
        )
    return Value(f"int({value.text})", INT) if value.kind.dtype == "uint64" else value


def dtype_of(place: Place, kind: Kind) -> str:
    """A spelling of a dtype."""
    return place.choices.pick((f"np.{spelled(kind)}", f'"{kind.dtype}"'))


def spelled(kind: Kind) -> str:
    """NumPy's name of the scalar type."""
    return "bool_" if kind.dtype == "bool" else kind.dtype


def cast(value: Value, kind: Kind) -> Value:
    """Converted; complex numbers lose their imaginary parts first, where that would warn."""
    if same_kind(value.kind, kind):
        return value
    text = value.atom
    if value.kind.letter == "c" and kind.letter not in "cb":
        text = f"{text}.real"
    if kind.is_array:
        return Value(f"{text}.astype(np.{spelled(kind)})", kind)
    if kind.family == "python":
        return Value(f"{CASTS[kind.dtype]}({text})", kind)
    if value.kind.is_weak_integer and kind.letter in "iu":
        text = f"{text} % 100"
    return Value(f"np.{spelled(kind)}({text})", kind)
