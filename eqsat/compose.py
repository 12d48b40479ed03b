"""The composition root: the one module of eqsat that names all three packages.

It joins the dispatcher with the code generator's native callable type, and hands NumPy's API and the code generator
to the pipeline. Those, llvmlite and egglog are imported at the first compile, not at `import eqsat`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, overload

from eqsat.ir.flags import Fastmath
from eqsat.jit import Dispatcher
from eqsat.options import DEFAULT, GivenRules, Options, Verify
from lowering.callable import NativeCallable, fallback_address

if TYPE_CHECKING:
    from eqsat.pipeline import Stages


class Jitted(Dispatcher, NativeCallable):
    """A dispatcher whose calls go straight to native code once there is some."""

    def install(self, address: int) -> None:
        """Send calls to native code at `address`; 0: to `__call__`."""
        NativeCallable.install(self, address)


@functools.cache
def stages() -> Stages:
    """NumPy's API and the code generator; made at the first compile."""
    from eqsat.pipeline import Stages
    from lowering.compile import compile as lower
    from numpy_impl.library import LIBRARY

    return Stages(LIBRARY, lower)


@overload
def jit(
    function: Callable[..., Any],
    *,
    boundscheck: bool = ...,
    fastmath: Fastmath = ...,
    rules: GivenRules | None = ...,
    verify: Verify | None = ...,
) -> Jitted: ...
@overload
def jit(
    function: None = None,
    *,
    boundscheck: bool = ...,
    fastmath: Fastmath = ...,
    rules: GivenRules | None = ...,
    verify: Verify | None = ...,
) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(
    function: Callable[..., Any] | None = None,
    *,
    boundscheck: bool = True,
    fastmath: Fastmath = False,
    rules: GivenRules | None = None,
    verify: Verify | None = None,
) -> Jitted | Callable[[Callable[..., Any]], Jitted]:
    """Compile a function of NumPy code: same results, to the bit, many times faster.

    Used as `@jit`, `@jit()` or `jit(function)`. Nothing is compiled until the first call; each new combination of
    argument types is compiled once. Arguments are arrays and scalars of bool, (u)int8 to (u)int64, float16/32/64 and
    complex64/128, Python numbers, and None. Raises TypeError if `function` is not a Python function.

    With `boundscheck=False` an index that is out of range is not an IndexError but reads or writes whatever is there,
    as in C; by default it raises. Only indices that are not known to be in range cost anything.

    `fastmath` grants freedoms of arithmetic, by LLVM's names (`eqsat.ir.flags`): True, or a set of "nnan", "ninf",
    "nsz", "arcp", "contract", "afn" and "reassoc". By default none is granted, and every bit is NumPy's.

    `rules`: a rule, a book of rules or several, which take part in the optimization beside those of eqsat. `verify`
    says when they are checked: "once" in a process, when they are first used (the default), "always", or "never";
    RuleError names a rule that does not hold, and values that show it.

    >>> import numpy as np
    >>> @jit
    ... def above(a, b):
    ...     return a * b - 4.1 * a > 2.5 * b
    >>> above(np.array([1.0, 9.0]), np.array([1.0, 8.0]))
    array([False,  True])
    """
    return _decorated(function, Options.of(boundscheck=boundscheck, fastmath=fastmath, rules=rules, verify=verify))


def _decorated(function: Callable[..., Any] | None, options: Options) -> Any:
    if function is None:
        return functools.partial(_decorated, options=options)
    if isinstance(function, Jitted):
        if options in (DEFAULT, function.options):
            return function
        function = function.py_func
    if not isinstance(function, FunctionType):
        raise TypeError(f"jit expects a Python function, not {type(function).__name__}")
    return Jitted(function, stages, fallback_address(), options)
