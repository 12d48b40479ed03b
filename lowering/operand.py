"""An array as library operations see it: where it begins, and how it lies in memory.

Made by `lowering.library` of nodes and by `lowering.segments` of buffers; read by the operations (`lowering.products`,
`lowering.linalg`, `lowering.opaque`).
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.types import DType
from lowering.values import Value


@dataclass(frozen=True, slots=True)
class Operand:
    """`shape` in elements and `strides` in bytes, an int64 each; without axes it is the one element at `pointer`."""

    pointer: Value
    dtype: DType
    shape: tuple[Value, ...]
    strides: tuple[Value, ...]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)
