"""Copies of arguments, taken before a run that writes to them, so that Python can begin where the call began.

An argument is put back before the undecorated function runs instead of what was compiled: when a check is false, or a
floating-point event came up that `np.errstate` does not ignore. Where nothing is to be kept, this writes no code.
Refuses nothing. Called by `lowering.entry`.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from lowering import python_api
from lowering.writer import INT32, NULL, POINTER, Writer, number


class Saved:
    """The copies of one call: words on the stack, null until `save`. `arrays` are the arguments."""

    def __init__(self, writer: Writer, arrays: Sequence[ir.Value]) -> None:
        self.writer, self.arrays = writer, tuple(arrays)
        self._copies = writer.words(len(arrays), "copies") if arrays else NULL
        for position in range(len(arrays)):
            writer.store(NULL, self._copies, 8 * position)

    def save(self, failed: ir.Block) -> None:
        """Copy them all, or go to `failed` with an exception set."""
        writer = self.writer
        for position, array in enumerate(self.arrays):
            copy = writer.call("PyArray_NewCopy", array, number(python_api.KEEP_ORDER, INT32))
            writer.store(copy, self._copies, 8 * position)
            writer.branch(writer.builder.icmp_unsigned("==", copy, NULL), failed)

    def put_back(self, failed: ir.Block) -> None:
        """Give the arguments the content that they had, or go to `failed` with an exception set."""
        writer = self.writer
        for position, array in enumerate(self.arrays):
            done = writer.call("PyArray_CopyInto", array, self._copy(position))
            writer.branch(writer.builder.icmp_signed("!=", done, number(0, INT32)), failed)

    def release(self) -> None:
        """The copies are not needed any more."""
        for position in range(len(self.arrays)):
            self.writer.call("Py_DecRef", self._copy(position))  # which takes NULL

    def _copy(self, position: int) -> ir.Value:
        return self.writer.load(self._copies, 8 * position, POINTER)
