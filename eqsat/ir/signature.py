"""Loop signatures: NumPy's `dd->d`, with a `-` after each operand that the loop walks from its end, as in `dd-->d`.

Some of NumPy's loops have other bits for an operand whose stride is negative (`eqsat.ir.ops`, `directed`). Where NumPy
would hand one over so, the signature says it: then equal expressions of equal bits have equal names, in the e-graph
too. Called by all who read or write signatures; refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

ARROW = "->"


def write(inputs: Sequence[str], output: str, backwards: Sequence[bool] = ()) -> str:
    """The signature for operands and a result of these type characters."""
    marks = backwards or [False] * len(inputs)
    return "".join(char + "-" * back for char, back in zip(inputs, marks, strict=True)) + ARROW + output


def asked(signature: str) -> str:
    """The loop that a check asks about: `l->b->?` is a bool, whether `l->b` is possible."""
    return ARROW.join(signature.split(ARROW)[:2])


def inputs_of(signature: str) -> str:
    """The type characters of the operands."""
    return signature.partition(ARROW)[0].replace("-", "")


def plain(signature: str) -> str:
    """The signature as NumPy knows it."""
    _, arrow, output = signature.partition(ARROW)
    return inputs_of(signature) + arrow + output


def backwards(signature: str) -> tuple[bool, ...]:
    """For every operand, whether the loop walks it from its end."""
    given = signature.partition(ARROW)[0] + " "
    return tuple(mark == "-" for char, mark in pairwise(given) if char != "-")
