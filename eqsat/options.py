"""The options of `@jit`, normalized: what a dispatcher and the pipeline carry.

Made by `eqsat.compose` from what users write; refuses what `eqsat.ir.flags.granted` refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.flags import granted


@dataclass(frozen=True, slots=True)
class Options:
    """How a function is to be compiled.

    Without `boundscheck`, indices that are out of range do anything. `flags`: the fast-math flags that are granted.
    """

    boundscheck: bool = True
    flags: frozenset[str] = frozenset()

    @staticmethod
    def of(*, boundscheck: bool, fastmath: object) -> Options:
        """The options that users gave, each checked."""
        return Options(boundscheck, granted(fastmath))


DEFAULT = Options()
