"""The errors of both sides of a rule, the largest and the mean, gathered batch by batch; and which side has less.

Called by `eqsat.rules.inexact`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqsat.rules.api import Rule
from eqsat.rules.arrays import Case
from eqsat.rules.exact import at, given
from eqsat.rules.findings import Counterexample, Errors
from eqsat.rules.sides import FACTOR, off_by


@dataclass(slots=True)
class Measured:
    """Errors of both sides in units in the last place, as they come in."""

    rule: Rule
    dtype: np.dtype
    left: list[np.ndarray] = field(default_factory=list[np.ndarray])
    right: list[np.ndarray] = field(default_factory=list[np.ndarray])
    worst: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    worse: tuple[float, Any] = (0.0, None)
    """Where the right side is further off than the left one by most."""

    def take(
        self, left: np.ndarray, right: np.ndarray, place: Callable[[int], str], keep: Callable[[int], Any]
    ) -> None:
        """More errors; `place` tells where one of them is."""
        if not left.size:
            return
        self.left.append(left)
        self.right.append(right)
        for name, errors in (("left", left), ("right", right)):
            k = int(np.argmax(errors))
            if errors[k] > self.worst.get(name, (0.0, ""))[0]:
                self.worst[name] = (float(errors[k]), place(k))
        with np.errstate(all="ignore"):
            gap = np.log2(1 + right) - np.log2(1 + left)
        gap = np.where(np.isnan(gap), 0, gap)
        k = int(np.argmax(gap))
        if gap[k] > self.worse[0]:
            self.worse = (float(gap[k]), keep(k))

    def errors(self) -> Errors | None:
        """The summary; None if nothing was measured."""
        if not self.left:
            return None
        (left, left_at), (right, right_at) = (self.worst.get(name, (0.0, "")) for name in ("left", "right"))
        bits = [_bits(np.concatenate(side), self.dtype) for side in (self.left, self.right)]
        return Errors(self.dtype.name, left, right, left_at, right_at, *bits)


def _bits(errors: np.ndarray, dtype: np.dtype) -> float:
    """The mean number of bits lost beyond `FACTOR` units; at most all of them."""
    return float(np.mean(np.log2(np.clip(errors / FACTOR, 1.0, 2.0 ** (8 * dtype.itemsize)))))


def is_no_better(rule: Rule, errors: list[Errors], measured: list[Measured]) -> Counterexample | None:
    """A rule that claims accuracy and does not give it, over all dtypes: where the right side is worse by most."""
    left, right = sum(one.left_bits for one in errors), sum(one.right_bits for one in errors)
    if not rule.accuracy or not measured or right < left:
        return None
    worst = max(measured, key=lambda one: one.worse[0])
    if worst.worse[1] is None:
        return None
    values, place, sides = worst.worse[1]
    dtype = worst.dtype
    says = f"{off_by(sides, place, dtype)}; over all dtypes they lose {left:.2f} and {right:.2f} bits on average"
    if isinstance(values, Case):
        return given(rule, dtype.name, values, sides.left, sides.right, "accuracy", says)
    return at(rule, dtype, values, place, sides.left[place], sides.right[place], "accuracy", says)
