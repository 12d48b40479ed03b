"""Exact comparison: results, warnings, exceptions, and what happened to the arguments.

`assert_identical` compares two results, `assert_matches_numpy` a compiled function with the function as written, for
given or for drawn arguments. Both raise AssertionError with a text that shows the first difference, down to the bits.
Functions that were granted fast-math flags are compared with a tolerance. Called by tests, ours and our users'.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqsat.testing.closeness import BITS, Anything, Closeness, Exact, Near, broken_promises, scale_of
from eqsat.testing.drawn import any_drawn, check_drawn
from eqsat.testing.memory import clones, surroundings


def assert_identical(actual: object, expected: object, *, signed_zeros: bool = True, where: str = "result") -> None:
    """Both are the same: the kind of object, dtype, shape, order of the axes in memory, and every bit.

    NaNs must stand in the same places; their signs and payloads are not compared. `signed_zeros=False` lets -0.0
    and 0.0 be equal. Tuples are compared item by item. Objects other than arrays, numbers and tuples must be equal
    and of one type.

    >>> import numpy as np
    >>> assert_identical(np.array([1.0, 0.0]), np.array([1.0, -0.0]), signed_zeros=False)
    >>> assert_identical(np.array([1.0, 0.0]), np.array([1.0, -0.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: result: np.float64(0.0) (0x0) instead of np.float64(-0.0) (0x8000000000000000) at 1; 1 of ...
    """
    assert_same(actual, expected, Exact(signed_zeros), where)


def assert_same(actual: object, expected: object, closeness: Closeness, where: str = "result") -> None:
    """As `assert_identical`, with numbers as close as `closeness` says."""
    if type(actual) is not type(expected):
        raise AssertionError(f"{where}: {_describe(actual)} instead of {_describe(expected)}")
    if isinstance(actual, tuple) and isinstance(expected, tuple):
        if len(actual) != len(expected):
            raise AssertionError(f"{where}: a tuple of {len(actual)} instead of {len(expected)}")
        for number, (mine, theirs) in enumerate(zip(actual, expected, strict=True)):
            assert_same(mine, theirs, closeness, f"{where}[{number}]")
    elif isinstance(actual, np.ndarray) and isinstance(expected, np.ndarray):
        _same_form(actual, expected, where)
        _same_elements(actual, expected, closeness, where)
    elif isinstance(actual, np.generic | float | complex) and isinstance(expected, np.generic | float | complex):
        mine, theirs = np.asarray(actual), np.asarray(expected)
        _same_dtype(mine.dtype, theirs.dtype, where)
        _same_elements(mine, theirs, closeness, where)
    elif actual != expected:
        raise AssertionError(f"{where}: {actual!r} instead of {expected!r}")


def _same_dtype(actual: np.dtype, expected: np.dtype, where: str) -> None:
    if actual != expected:
        raise AssertionError(f"{where}: dtype {actual} instead of {expected}")
    if actual.char != expected.char:  # C's long and long long, of one size, are two types
        raise AssertionError(f"{where}: dtype {actual} ({actual.char!r}) instead of {expected} ({expected.char!r})")


def _same_form(actual: np.ndarray, expected: np.ndarray, where: str) -> None:
    _same_dtype(actual.dtype, expected.dtype, where)
    if actual.shape != expected.shape:
        raise AssertionError(f"{where}: shape {actual.shape} instead of {expected.shape}")
    if _axis_order(actual) != _axis_order(expected):
        raise AssertionError(f"{where}: strides {actual.strides} instead of {expected.strides} (shape {actual.shape})")
    if actual.flags.writeable != expected.flags.writeable:
        kinds = {True: "writeable", False: "read-only"}
        raise AssertionError(f"{where}: {kinds[actual.flags.writeable]} instead of {kinds[expected.flags.writeable]}")


def _steps(array: np.ndarray) -> dict[int, int]:
    """The stride of every axis that has one: not of an axis of length one, or of an array without elements."""
    return {axis: array.strides[axis] for axis, length in enumerate(array.shape) if length > 1 and array.size}


def _axis_order(array: np.ndarray) -> list[int]:
    """The axes from the slowest to the fastest."""
    steps = _steps(array)
    return sorted(steps, key=lambda axis: -abs(steps[axis]))


def _same_elements(actual: np.ndarray, expected: np.ndarray, closeness: Closeness, where: str) -> None:
    wrong = closeness.differs(actual, expected)
    if wrong.any():
        count, size = int(wrong.sum()), wrong.size
        index = tuple(int(k) for k in np.argwhere(wrong)[0])
        place = f" at {index if len(index) != 1 else index[0]}" if index else ""
        total = f"; {count} of {size} elements differ" if size > 1 else ""
        raise AssertionError(f"{where}: {_shown(actual[index])} instead of {_shown(expected[index])}{place}{total}")


def _shown(value: Any) -> str:
    value = np.asarray(value)
    if value.dtype.kind not in "fc":
        return repr(value[()])
    parts = [np.real(value), np.imag(value)] if value.dtype.kind == "c" else [value]
    bits = [f"0x{part.view(BITS[part.dtype.itemsize])[()]:x}" for part in parts]
    return f"{value[()]!r} ({', '.join(bits)})"


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype}{list(value.shape)}"
    text = repr(value)
    return f"{type(value).__module__}.{type(value).__name__} {text if len(text) < 80 else text[:77] + '...'}".replace(
        "builtins.", ""
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call did: `result` or `exception`, the warnings, the arguments afterwards and the bytes around them."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None
    exception: Exception | None = None
    warnings: list[tuple[type[Warning], str]] = field(default_factory=list[tuple[type[Warning], str]])

    around: list[np.ndarray] = field(default_factory=list[np.ndarray])

    def arrays(self) -> list[np.ndarray]:
        """The arrays among the arguments."""
        return [value for value in (*self.args, *self.kwargs.values()) if isinstance(value, np.ndarray)]


def assert_matches_numpy(
    function: Any,
    *args: Any,
    arguments: Any = None,
    calls: int = 2,
    signed_zeros: bool = True,
    check_warnings: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    examples: int | None = None,
    **kwargs: Any,
) -> Any:
    """`function` does what `function.py_func` does; returns the result of the latter, None if it raises.

    Compared are: the result (as `assert_identical` does), the exception's type and message, the warnings, and the
    arguments afterwards; which results are arguments, views of arguments, or one array; the memory between and around
    the elements of arguments, which nobody may write to. Every call gets copies of the arguments that lie in memory
    as the originals do, overlaps and bases included. `calls`: the first compiles, the second runs native code.

    Where arguments are Hypothesis strategies, they are drawn, `examples` times (by default as often as the Hypothesis
    profile says), and a failure shows the smallest call that fails, as lines that can be run. Then None is returned.
    `arguments` is a strategy that draws several arguments at once, as `operands` and `overlapping` do.

    A function with fast-math flags may round in other ways, so its floats are compared with a tolerance: a difference
    may be `atol` and `rtol` times NumPy's number. Without `rtol` it is the square root of the dtype's precision (1.5e-8
    for float64, 3.5e-4 for float32); without either, that part of the largest finite number among result and arguments
    is allowed as well, since sums may cancel. NaNs and infinities must stand where NumPy has them, unless "nnan" and
    "ninf" are granted; where arguments break such a promise, dtypes and shapes alone are compared. Signs of zeros must
    agree unless "nsz" is granted. Integers and bools must be equal. Warnings are not compared. A tolerance that is
    given holds for functions without flags too.

    >>> import numpy as np
    >>> from eqsat import jit
    >>> from eqsat.testing import arrays
    >>> @jit
    ... def weighted(a, w):
    ...     return np.sum(a * w, axis=-1)
    >>> assert_matches_numpy(weighted, np.ones((2, 3)), np.arange(3.0))
    array([3., 3.])
    >>> assert_matches_numpy(weighted, arrays("float64", ("m", "n")), arrays("float32", "n"), examples=5)
    """
    original: Callable[..., Any] | None = getattr(function, "py_func", None)
    if original is None:
        raise TypeError(f"assert_matches_numpy expects a jitted function, not {function!r}")
    options: dict[str, Any] = {"calls": calls, "signed_zeros": signed_zeros, "check_warnings": check_warnings}
    options |= {"rtol": rtol, "atol": atol}
    if any_drawn([*args, *kwargs.values(), arguments]):

        def check(*drawn: Any, **named: Any) -> None:
            assert_matches_numpy(function, *drawn, **options, **named)

        check_drawn(check, original, args, kwargs, examples, arguments)
        return None
    if arguments is not None:
        raise TypeError(f"arguments= takes a Hypothesis strategy, not {arguments!r}")
    flags: frozenset[str] = getattr(getattr(function, "options", None), "flags", frozenset())
    expected = observe(original, args, kwargs)
    closeness: Closeness = Exact(signed_zeros)
    if broken_promises([*args, *kwargs.values()], flags):
        closeness = Anything()
    elif flags or rtol is not None or atol is not None:
        scale = scale_of([*args, *kwargs.values(), expected.result])
        closeness = Near(rtol, atol, flags, scale, signed_zeros)
    for number in range(1, calls + 1):
        actual = observe(function, args, kwargs)
        try:
            _same_outcome(actual, expected, closeness, check_warnings and not flags)
        except AssertionError as error:
            given = ", ".join([*map(_argument, args), *(f"{key}={_argument(value)}" for key, value in kwargs.items())])
            name = getattr(original, "__name__", repr(original))
            raise AssertionError(f"{error}\n  call {number} of {name}({given})") from actual.exception
    return expected.result


def observe(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Outcome:
    """Call with copies of the arguments and record everything."""
    values = clones([*args, *kwargs.values()])
    mine, named = tuple(values[: len(args)]), dict(zip(kwargs, values[len(args) :], strict=True))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, exception = function(*mine, **named), None
        except Exception as error:
            result, exception = None, error
    seen = [(entry.category, str(entry.message)) for entry in caught]
    return Outcome(mine, named, result, exception, seen, surroundings(values))


def _same_outcome(actual: Outcome, expected: Outcome, closeness: Closeness, check_warnings: bool) -> None:
    if (actual.exception is None) != (expected.exception is None):
        raise AssertionError(f"{_ending(actual)} instead of {_ending(expected)}")
    if actual.exception is not None and expected.exception is not None:
        mine, theirs = actual.exception, expected.exception
        if type(mine) is not type(theirs) or str(mine) != str(theirs):
            raise AssertionError(f"{_ending(actual)} instead of {_ending(expected)}")
    else:
        assert_same(actual.result, expected.result, closeness)
        _same_sharing(actual, expected)
    for number, (mine, theirs) in enumerate(zip(actual.arrays(), expected.arrays(), strict=True)):
        assert_same(mine, theirs, closeness, f"array argument {number} after the call")
    for mine, theirs in zip(actual.around, expected.around, strict=True):
        if (count := np.count_nonzero(mine != theirs)) > 0:
            raise AssertionError(f"{count} bytes beside the arguments' elements were written to")
    if check_warnings and actual.warnings != expected.warnings:
        raise AssertionError(f"warnings {_listed(actual.warnings)} instead of {_listed(expected.warnings)}")


def _same_sharing(actual: Outcome, expected: Outcome) -> None:
    """Results are arguments, views of arguments or of one another, or memory of their own, as NumPy has it."""
    mine, theirs = _named_arrays(actual), _named_arrays(expected)
    for place, (name, one) in enumerate(mine):
        if not name.startswith("result"):
            continue
        for (other_name, other), (_, their_other) in zip(mine[:place], theirs[:place], strict=True):
            so, should_be = _relations(one, other), _relations(theirs[place][1], their_other)
            if so["shares memory with"] and should_be["shares memory with"] and other_name.startswith("array"):
                _same_steps(name, one, theirs[place][1])
            for relation, holds in so.items():
                if relation == "is" and should_be["is"] and _are_twins(one, other):
                    continue  # which of two equal views is which is not promised
                if holds != should_be[relation]:
                    raise AssertionError(f"{name} {relation} {other_name}: {holds} instead of {should_be[relation]}")


def _are_twins(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are equal views of one array."""
    place = (one.ctypes.data, one.shape, one.strides, one.dtype)
    same = place == (other.ctypes.data, other.shape, other.strides, other.dtype)
    return same and one.base is not None and one.base is other.base


def _named_arrays(outcome: Outcome) -> list[tuple[str, np.ndarray]]:
    given = [(f"array argument {number}", array) for number, array in enumerate(outcome.arrays())]
    made = [(f"result {number}", value) for number, value in enumerate(_flat(outcome.result))]
    return given + [(name, value) for name, value in made if isinstance(value, np.ndarray)]


def _relations(one: np.ndarray, other: np.ndarray) -> dict[str, bool]:
    effort: Any = 10_000
    try:
        shared = np.shares_memory(one, other, max_work=effort)
    except np.exceptions.TooHardError:
        shared = np.may_share_memory(one, other)
    return {
        "is": one is other,
        "shares memory with": shared,
        "has for its base": one.base is other,
        "has the base of": one.base is not None and one.base is other.base,
    }


def _same_steps(name: str, mine: np.ndarray, theirs: np.ndarray) -> None:
    if _steps(mine) != _steps(theirs):
        raise AssertionError(f"{name}: strides {mine.strides} instead of {theirs.strides}, in its argument")


def _flat(result: Any) -> list[Any]:
    return [leaf for item in result for leaf in _flat(item)] if isinstance(result, tuple) else [result]


def _ending(outcome: Outcome) -> str:
    if outcome.exception is not None:
        return f"raised {type(outcome.exception).__name__}: {outcome.exception}"
    return f"returned {_describe(outcome.result)}"


def _listed(seen: list[tuple[type[Warning], str]]) -> str:
    return "[" + ", ".join(f"{category.__name__}: {text}" for category, text in seen) + "]"


def _argument(value: object) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    text = np.array2string(value, threshold=12, separator=", ").replace("\n", "")
    return f"<{value.dtype}{list(value.shape)} strides {value.strides}: {text}>"
