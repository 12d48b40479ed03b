"""`eqsat.opaque`: a function that the compiler calls without looking into it, with a stated type and a cost.

Reads what is stated from annotations or from `arguments=` and `result=`, and checks it where it is written: `RuleError`
for a type that is missing or means nothing here, TypeError for what is not callable, or a C function whose own
signature is another. What is called and how is in `eqsat.ir.opaque`. Called by users.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, cast, get_args, get_origin, overload

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.opaque import KINDS, Kind, Opaque
from eqsat.ir.types import canonical

_C_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[1]
"""The class of all functions of ctypes."""
_BEHAVES_LIKE_C = 1
"""The flags of a ctypes function that is called without the GIL, with C's convention, and does nothing else."""


@overload
def opaque(
    function: Callable[..., Any],
    *,
    arguments: Sequence[Any] | None = None,
    result: Any = None,
    name: str | None = None,
    cost: float | Callable[..., float] = 1000.0,
    shape: Callable[..., Any] | None = None,
    vectorized: bool = False,
) -> Opaque: ...
@overload
def opaque(
    function: None = None,
    *,
    arguments: Sequence[Any] | None = None,
    result: Any = None,
    name: str | None = None,
    cost: float | Callable[..., float] = 1000.0,
    shape: Callable[..., Any] | None = None,
    vectorized: bool = False,
) -> Callable[[Callable[..., Any]], Opaque]: ...
def opaque(
    function: Callable[..., Any] | None = None,
    *,
    arguments: Sequence[Any] | None = None,
    result: Any = None,
    name: str | None = None,
    cost: float | Callable[..., float] = 1000.0,
    shape: Callable[..., Any] | None = None,
    vectorized: bool = False,
) -> Opaque | Callable[[Callable[..., Any]], Opaque]:
    """State the type of a function, so that jitted functions call it as it is, and rules can speak of it.

    Types are the annotations: `Float`, `Int`, `Bool`, `Complex` (float64, int64, bool, complex128) or `float`, `int`,
    `bool`, `complex`; NumPy's scalar types, as `np.float32`; `Vector`, `Matrix` (float64, 1 or 2 axes);
    `Annotated[np.ndarray, np.float32, 2]` for others. `arguments=` and `result=` state them for functions without
    annotations, as those of ctypes.

    A function of numbers is broadcast over arrays, like a ufunc, and is called once for each element; with
    `vectorized=True` once for all, with arrays of one shape. A function that returns an array says its shape by
    `shape=`, arithmetic over the shapes of the arguments; without it, it is that of the first array.

    `cost`: nanoseconds of a call, for each element if the function is one of numbers; or a function of the arguments'
    shapes. The function must be pure: its result depends on nothing but its arguments, and nobody sees how often it is
    called. It is given Python's numbers and read-only arrays in C order. A function of ctypes is called directly.

    >>> import numpy as np
    >>> from eqsat import jit, opaque
    >>> @opaque(cost=200)
    ... def collatz(n: int) -> int:
    ...     steps = 0
    ...     while n > 1:
    ...         n, steps = (3 * n + 1 if n % 2 else n // 2), steps + 1
    ...     return steps
    >>> collatz(27)
    np.int64(111)
    >>> @jit
    ... def longest(n):
    ...     return np.argmax(collatz(np.arange(n)))
    >>> longest(100)
    np.int64(97)
    """
    if function is None:
        return functools.partial(  # type: ignore[return-value]
            opaque,
            arguments=arguments,
            result=result,
            name=name,
            cost=cost,
            shape=shape,
            vectorized=vectorized,
        )
    if not callable(function):
        raise TypeError(f"opaque expects a function, not {type(function).__name__}")
    called = name or str(getattr(function, "__name__", type(function).__name__))
    price = cast("object", cost)
    if not callable(price) and not (isinstance(price, int | float) and 0 <= price < float("inf")):
        raise _wrong(called, f"has a cost of {cost!r}", "give nanoseconds, or a function of the arguments' shapes")
    if (arguments is None) != (result is None):
        raise _wrong(called, "has arguments= without result=, or the reverse", "give both, or annotate the function")
    names: tuple[str, ...] = ()
    if arguments is None:
        stated, returned, names = _annotated(function, called)
    else:
        stated, returned = list(arguments), result
        names = _names(function, len(stated))
    kinds = tuple(_kind(one, called, f"argument {names[k] if names else k + 1}") for k, one in enumerate(stated))
    given = _kind(returned, called, "the result")
    if not kinds:
        raise _wrong(called, "takes no arguments", "bind its result to a name, which is a constant then")
    _check_shapes(called, kinds, given, shape, vectorized)
    callee, address = _native(function, called, kinds, given)
    made = Opaque(callee, called, kinds, given, names, cost, shape, vectorized, address)
    made.kept["function"] = function  # what the address was read from
    return made


def _check_shapes(name: str, kinds: Sequence[Kind], result: Kind, shape: object, vectorized: bool) -> None:
    """What the shape of the result is must be known, and asked for only where it is not."""
    arrays = [kind for kind in kinds if kind.ndim]
    if shape is not None and not callable(shape):
        raise _wrong(name, f"has shape={shape!r}", "give a function of the arguments' shapes")
    if result.ndim and shape is None and (not arrays or arrays[0].ndim != result.ndim):
        raise _wrong(
            name, f"returns an array ({result}) whose shape is not known", "give shape=, a function of the shapes"
        )
    if not result.ndim and shape is not None:
        raise _wrong(name, "has shape=, and returns a number", "leave it out")
    if vectorized and (arrays or result.ndim):
        raise _wrong(name, "has vectorized=True, and whole arrays in its type", "leave it out")


# What is stated -------------------------------------------------------------------------------------------------


def _annotated(function: Callable[..., Any], name: str) -> tuple[list[Any], Any, tuple[str, ...]]:
    """The annotations of the parameters and of the result, and the names of the parameters."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise _wrong(name, "has no signature that can be read", "give arguments= and result=") from None
    annotations: list[Any] = []
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise _wrong(name, f"has a parameter `{parameter}`", "take each argument by position")
        if parameter.default is not parameter.empty:
            raise _wrong(name, f"has a default for `{parameter.name}`", "leave it out")
        if parameter.annotation is parameter.empty:
            raise _wrong(
                name, f"has no type for `{parameter.name}`", f"{parameter.name}: Float; or arguments= and result="
            )
        annotations.append(_evaluated(parameter.annotation, function))
    if signature.return_annotation is signature.empty:
        raise _wrong(name, "has no type for its result", f"annotate it: def {name}(...) -> Float")
    return annotations, _evaluated(signature.return_annotation, function), tuple(signature.parameters)


def _names(function: Callable[..., Any], count: int) -> tuple[str, ...]:
    """The names of the parameters, where there are as many by position."""
    if not isinstance(function, FunctionType):
        return ()
    code = function.__code__
    return code.co_varnames[:count] if code.co_argcount == count else ()


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """An annotation that is a text, as what it says; the text itself where that is not known."""
    if not isinstance(annotation, str):
        return annotation
    namespace = getattr(function, "__globals__", {})
    cells = zip(
        getattr(getattr(function, "__code__", None), "co_freevars", ()),
        getattr(function, "__closure__", None) or (),
        strict=False,
    )
    local: dict[str, Any] = {}
    for name, cell in cells:
        try:
            local[name] = cell.cell_contents
        except ValueError:
            continue
    try:
        return eval(annotation, namespace, local)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return annotation


_PYTHON: Mapping[type, Kind] = {
    float: KINDS["Float"],
    int: KINDS["Int"],
    bool: KINDS["Bool"],
    complex: KINDS["Complex"],
}


def _kind(stated: Any, name: str, place: str) -> Kind:
    """What an annotation stands for."""
    found = _read(stated)
    if found is None:
        text = stated if isinstance(stated, str) else getattr(stated, "__name__", repr(stated))
        raise _wrong(
            name,
            f"has type {text} for {place}, which means nothing here",
            "Float, Int, Bool, Complex, Vector, Matrix, np.float32, Annotated[np.ndarray, np.float32, 2], ...",
        )
    dtype = canonical(found.dtype)
    if f"{dtype.kind}{dtype.itemsize}" not in _KNOWN or not dtype.isnative:
        raise _wrong(
            name, f"has dtype {dtype} for {place}", "use bool, integers, float16 to float64, complex64 or complex128"
        )
    return Kind(dtype, found.ndim)


_KNOWN = frozenset(np.dtype(char).str[1:] for char in "?bhiqBHIQefdFD")


def _read(stated: Any) -> Kind | None:
    if isinstance(stated, Kind):
        return stated
    if isinstance(stated, str):
        return KINDS.get(stated.rpartition(".")[2])
    if isinstance(stated, np.dtype):
        return Kind(stated)
    if isinstance(stated, type):
        return _PYTHON.get(stated) or (Kind(np.dtype(stated)) if _is_scalar_type(stated) else None)
    details = (*getattr(stated, "__metadata__", ()), *_parameters(stated))
    return _joined([details[k] for k in range(len(details))])


def _is_scalar_type(stated: type) -> bool:
    return issubclass(stated, np.generic) and not inspect.isabstract(stated) and stated not in _ABSTRACT


_ABSTRACT = (np.generic, np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact, np.floating)


def _parameters(stated: Any) -> tuple[Any, ...]:
    """Of `Vector[Float]`: both."""
    origin = get_origin(stated)
    arguments = () if hasattr(stated, "__metadata__") else get_args(stated)
    return (origin, *arguments) if arguments and origin is not None else ()


def _joined(details: Sequence[Any]) -> Kind | None:
    """One kind of all that is said: a rank as a number or as that of `Vector`, `Matrix`; the dtype of a number's."""
    ndim, dtype, array = None, None, None
    for detail in details:
        if type(detail) is int:
            ndim = detail
            continue
        found = _read(detail)
        if found is None:
            return None
        if found.ndim:
            array = found
        else:
            dtype = found.dtype
    if ndim is None:
        ndim = array.ndim if array else 0
    if dtype is None:
        dtype = array.dtype if array else None
    return None if dtype is None or ndim < 0 else Kind(dtype, ndim)


# Functions of C -------------------------------------------------------------------------------------------------


def _native(function: Any, name: str, kinds: Sequence[Kind], result: Kind) -> tuple[Callable[..., Any], int | None]:
    """The function as Python calls it, and the address of its machine code if it has one that can be called."""
    if not isinstance(function, _C_FUNCTION):
        return function, None
    own = getattr(function, "argtypes", None)
    own_result: Any = getattr(function, "restype", None)
    stated = (*kinds, result)
    types: list[Any] = [_C_TYPES.get(f"{kind.dtype.kind}{kind.dtype.itemsize}") for kind in stated]
    if any(kind.ndim for kind in stated) or None in types:
        raise TypeError(
            f"`{name}` is a C function of ({', '.join(map(str, kinds))}) -> {result}; only numbers that C has are"
            " passed to C directly\n  instead: write a Python function around it"
        )
    arguments, returned = types[:-1], types[-1]
    if own is not None and [_dtype_of(one) for one in own] != [kind.dtype for kind in kinds]:
        raise TypeError(
            f"`{name}` takes {_listed(own)} (argtypes), which is not what arguments= says: {_listed(kinds)}"
        )
    default = own is None and own_result is ctypes.c_int  # as it is if nobody has said anything
    if not default and _dtype_of(own_result) != result.dtype:
        raise TypeError(f"`{name}` returns {_listed([own_result])} (restype), which is not what result= says: {result}")
    address = ctypes.cast(function, ctypes.c_void_p).value
    if type(function)._flags_ != _BEHAVES_LIKE_C or getattr(function, "errcheck", None) is not None or not address:
        if default or own is None:
            raise TypeError(f"`{name}` has no argtypes\n  instead: set {name}.argtypes and {name}.restype")
        return function, None
    return ctypes.CFUNCTYPE(returned, *arguments)(address), address


_C_TYPES: Mapping[str, Any] = {
    "b1": ctypes.c_bool,
    "i1": ctypes.c_int8,
    "i2": ctypes.c_int16,
    "i4": ctypes.c_int32,
    "i8": ctypes.c_int64,
    "u1": ctypes.c_uint8,
    "u2": ctypes.c_uint16,
    "u4": ctypes.c_uint32,
    "u8": ctypes.c_uint64,
    "f4": ctypes.c_float,
    "f8": ctypes.c_double,
}


def _dtype_of(type_: Any) -> np.dtype[Any] | None:
    """The dtype of a simple type of ctypes."""
    if not (isinstance(type_, type) and type_.__mro__[1].__name__ == "_SimpleCData"):
        return None
    try:
        return canonical(np.dtype(type_))
    except TypeError:
        return None


def _listed(types: Sequence[Any]) -> str:
    return ", ".join(str(one) if isinstance(one, Kind) else getattr(one, "__name__", str(one)) for one in types)


def _wrong(name: str, what: str, instead: str) -> RuleError:
    return RuleError(f"opaque function `{name}` {what}", instead=instead)
