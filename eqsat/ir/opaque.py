"""Functions of the user's that are called without being looked into, as data; how they are called outside of `jit`.

An `Opaque` is what `eqsat.opaque` returns: a callable with a stated type. All of its arguments are numbers
(*elementwise*: over arrays it is broadcast, like a ufunc) or some are whole arrays. What it is given never depends on
where it is called from: Python's numbers, and read-only arrays in C order. What it returns is compared with what was
stated, at each call. Refused with TypeError: arguments and results that are not castable under "same_kind"; with
ValueError: arrays of another shape than stated. Called by users, by the front end (for types and shapes) and by the
callbacks of generated code (`evaluate`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from threading import get_ident
from typing import Any

import numpy as np

from eqsat.ir.dims import Dim, dim
from eqsat.ir.types import DType

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter or a result is: a number (`ndim` 0) or an array of so many axes."""

    dtype: DType
    ndim: int = 0

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(':' * self.ndim)}]" if self.ndim else self.dtype.name

    def accepts(self, dtype: DType) -> bool:
        """Whether elements of that dtype are converted silently."""
        return np.can_cast(dtype, self.dtype, "same_kind")


KINDS: Mapping[str, Kind] = {
    "Float": Kind(np.dtype(np.float64)),
    "Int": Kind(np.dtype(np.int64)),
    "Bool": Kind(np.dtype(np.bool_)),
    "Complex": Kind(np.dtype(np.complex128)),
    "Vector": Kind(np.dtype(np.float64), 1),
    "Matrix": Kind(np.dtype(np.float64), 2),
    "Scalar": Kind(np.dtype(np.float64)),
    "FloatVector": Kind(np.dtype(np.float64), 1),
    "FloatMatrix": Kind(np.dtype(np.float64), 2),
    "FloatScalar": Kind(np.dtype(np.float64)),
    "IntVector": Kind(np.dtype(np.int64), 1),
    "IntMatrix": Kind(np.dtype(np.int64), 2),
    "IntScalar": Kind(np.dtype(np.int64)),
}
"""What the names in annotations stand for."""

Shape = tuple[int, ...]
Number = bool | int | float | complex

_WEAK: Mapping[type, str] = {bool: "biufc", int: "iufc", float: "fc", complex: "c"}
"""The kinds of dtypes that a Python number of a type is converted to."""


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """`name(parameters) -> result`, computed by `function`; two of them are the same if they are one object.

    `cost`: nanoseconds, of an element if it is elementwise, else of a call; or a function from the shapes of the
    arguments to the nanoseconds of a call. `shape`: from the shapes of the arguments (those of numbers are empty) to
    that of the result; without it that of the first array. `vectorized`: an elementwise function that is given whole
    arrays of one shape. `address`: of machine code with C's calling convention for these types.
    """

    function: Callable[..., Any]
    name: str
    parameters: tuple[Kind, ...]
    result: Kind
    names: tuple[str, ...] = ()
    """Of the parameters, where they are known."""
    cost: float | Callable[..., float] = 1000.0
    shape: Callable[..., Sequence[int]] | None = None
    vectorized: bool = False
    address: int | None = None
    number: int = field(default_factory=itertools.count().__next__, init=False)
    kept: dict[object, object] = field(default_factory=dict[object, object], repr=False)
    """What lives as long as this: callbacks that generated code calls, and by threads what interrupted them."""

    @property
    def key(self) -> str:
        """A text of which there is one for each function."""
        return f"{self.name}#{self.number}"

    @property
    def elementwise(self) -> bool:
        """Whether it is a function of numbers, which is broadcast over arrays."""
        return not any(kind.ndim for kind in (*self.parameters, self.result))

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self.function

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))}) -> {self.result}"

    def __repr__(self) -> str:
        return f"<opaque {self}>"

    def nanoseconds(self, shapes: Sequence[Shape]) -> float:
        """The estimated cost of a call with arguments of these shapes."""
        if callable(self.cost):
            return float(self.cost(*shapes))
        return self.cost * (prod(np.broadcast_shapes(*shapes)) if self.elementwise else 1)

    def result_shape(self, shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
        """The shape of the result, as formulas; TypeError or ValueError where `shape` is no arithmetic."""
        if not self.result.ndim:
            return ()
        if self.shape is None:
            first = next(shape for shape, kind in zip(shapes, self.parameters, strict=True) if kind.ndim)
            return tuple(map(dim, first))
        found: Any = self.shape(*shapes)
        lengths = [found] if isinstance(found, int | Dim) else list(found)
        for length in lengths:
            if not isinstance(length, int | np.integer | Dim):
                raise TypeError(f"shape= of `{self.name}` gave {length!r} where a length is expected")
        if len(lengths) != self.result.ndim:
            raise ValueError(
                f"shape= of `{self.name}` gave {len(lengths)} lengths for a result with {self.result.ndim} axes"
            )
        return tuple(length if isinstance(length, Dim) else dim(int(length)) for length in lengths)

    # Calls ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **named: Any) -> Any:
        interrupted = self.kept.pop(get_ident(), None)
        if isinstance(interrupted, BaseException):
            raise interrupted
        for arg in (*args, *named.values()):
            answer = getattr(type(arg), "__eqsat_call__", None)
            if answer is not None:
                return answer(arg, self, self.ordered(args, named))
        args = self.ordered(args, named)
        if not self.elementwise:
            return self.evaluate([self._whole(k, arg) for k, arg in enumerate(args)])
        taken = [self._taken(k, arg) for k, arg in enumerate(args)]
        arrays = [arg for arg in taken if isinstance(arg, np.ndarray)]
        if not arrays:
            return self.evaluate(taken)
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        spread = [
            np.broadcast_to(arg, shape).astype(kind.dtype, "C") if isinstance(arg, np.ndarray) else arg
            for arg, kind in zip(taken, self.parameters, strict=True)
        ]
        return _laid_out_like(arrays, self.evaluate(spread))

    def ordered(self, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments by position; TypeError as Python has it."""
        found = dict(enumerate(args))
        for name, value in named.items():
            if name not in self.names:
                raise TypeError(f"{self.name}() got an unexpected keyword argument {name!r}")
            if self.names.index(name) in found:
                raise TypeError(f"{self.name}() got multiple values for argument {name!r}")
            found[self.names.index(name)] = value
        if len(found) != len(self.parameters):
            raise TypeError(f"{self.name}() takes {len(self.parameters)} arguments but {len(found)} were given")
        return tuple(found[k] for k in range(len(found)))

    def _taken(self, k: int, arg: Any) -> Number | np.ndarray:
        """An argument of an elementwise function: a number as Python's, or an array of a dtype that fits."""
        number = _as_number(self.parameters[k], arg)
        if number is not None:
            return number.item()
        array = np.asarray(arg)
        if not self.parameters[k].accepts(array.dtype):
            raise TypeError(f"{self._place(k)} is {self.parameters[k]}, which {array.dtype} is not converted to")
        return array if array.ndim else array.astype(self.parameters[k].dtype).item()

    def _whole(self, k: int, arg: Any) -> Number | np.ndarray:
        """An argument of a function of arrays: a number as Python's, or a read-only array in C order."""
        kind = self.parameters[k]
        if not kind.ndim:
            taken = self._taken(k, arg)
            if isinstance(taken, np.ndarray):
                raise TypeError(f"{self._place(k)} is {kind}, not an array of {taken.ndim} axes")
            return taken
        array = np.asarray(arg)
        if array.ndim != kind.ndim or not kind.accepts(array.dtype):
            raise TypeError(f"{self._place(k)} is {kind}, not {Kind(array.dtype, array.ndim)}")
        return locked(np.asarray(array, kind.dtype, order="C"))

    def _place(self, k: int) -> str:
        return f"argument {self.names[k] if self.names else k + 1} of `{self.name}`"

    def evaluate(self, operands: Sequence[Any]) -> Any:
        """Call the function: operands are Python's numbers and arrays in C order, of exactly the stated dtypes.

        Arrays of an elementwise function all have the shape of its result.
        """
        arrays = [operand for operand in operands if isinstance(operand, np.ndarray)]
        if not self.elementwise:
            found = self.function(*operands)
            if not self.result.ndim:
                return self.given(found)
            shape = self.result_shape([np.shape(operand) for operand in operands])  # pyright: ignore
            return self._given_array(found, tuple(length.const for length in shape))
        if not arrays:
            return self.given(self.function(*operands))
        shape = arrays[0].shape
        if self.vectorized:
            return self._given_array(self.function(*map(locked, operands)), shape)
        columns = [o.ravel().tolist() if isinstance(o, np.ndarray) else itertools.repeat(o) for o in operands]
        given, is_float = self.given, self.result.dtype == _FLOAT64
        found = [value if is_float and type(value) is float else given(value) for value in map(self.function, *columns)]
        return np.array(found, self.result.dtype).reshape(shape)

    def failed(self, error: BaseException) -> None:
        """Called from machine code it raised, and is about to be called again by Python.

        What the function itself raised it will raise again; an interrupt from outside is kept until then.
        """
        if not isinstance(error, Exception):
            self.kept[get_ident()] = error

    def given(self, value: Any) -> np.generic:
        """A number that the function returned, as a NumPy scalar of the stated dtype."""
        if type(value) is float and self.result.dtype == _FLOAT64:
            return np.float64(value)
        number = _as_number(self.result, value[()] if isinstance(value, np.ndarray) and not value.ndim else value)
        if number is None:
            raise TypeError(f"`{self.name}` returned {_described(value)} where {self.result.dtype} was stated")
        return number

    def _given_array(self, value: Any, shape: Shape) -> np.ndarray:
        """An array that the function returned, as a new one in C order of the stated dtype."""
        array = np.asarray(value)
        if not self.result.accepts(array.dtype):
            raise TypeError(f"`{self.name}` returned {array.dtype} elements where {self.result.dtype} was stated")
        if array.shape != shape:
            raise ValueError(f"`{self.name}` returned an array of shape {array.shape} where {shape} was stated")
        return np.array(array, self.result.dtype, order="C")


def locked(operand: Any) -> Any:
    """A read-only view of an array; anything else as it is."""
    if isinstance(operand, np.ndarray):
        operand = operand.view()
        operand.flags.writeable = False
    return operand


def _as_number(kind: Kind, value: Any) -> np.generic | None:
    """The number in the dtype of the kind; None if it is no number. TypeError where it is not converted silently."""
    if isinstance(value, np.generic):
        fits = kind.accepts(value.dtype)
    elif type(value) in _WEAK:
        fits = kind.dtype.kind in _WEAK[type(value)]
    else:
        return None
    if not fits:
        raise TypeError(f"{_described(value)} is not converted to {kind.dtype}")
    if type(value) is int and kind.dtype.kind in "fc":
        value = float(value)  # as NumPy does, so that a float32 is rounded twice
    return kind.dtype.type(value)


def _described(value: Any) -> str:
    """The value as an error names it."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    text = repr(value)
    return text if len(text) < 40 else f"a {type(value).__name__}"


def _laid_out_like(arrays: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """The values in the memory order in which a ufunc of these arrays puts its result."""
    flags: Any = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]]
    types: Any = [None] * len(arrays) + [values.dtype]
    made = np.nditer([*arrays, None], ["zerosize_ok"], flags, types).operands[-1]
    made[...] = values
    return made
