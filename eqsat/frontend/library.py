"""What the translation knows of NumPy and Python functions: how a call of each becomes nodes.

Filled by `numpy_impl`, looked up by `eqsat.frontend.calls` and `eqsat.frontend.expressions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eqsat.frontend.builder import Builder
from eqsat.frontend.values import Value
from eqsat.ir.span import Span


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the user wrote it; `name` is its text for messages, as `np.sum` or `x.sum`."""

    name: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    span: Span


Handler = Callable[[Builder, Call], Value]
"""How a NumPy function becomes nodes. A method's or attribute's handler gets the object as `args[0]`."""


@dataclass(frozen=True, slots=True)
class Library:
    """Every function, method and attribute that can be used inside a jitted function.

    `functions` is keyed by the callable object itself (`np.sum`, `math.sqrt`, `abs`); `methods` and `attributes`
    by name, for values that are arrays or scalars.
    """

    functions: dict[object, Handler]
    methods: dict[str, Handler]
    attributes: dict[str, Handler]
