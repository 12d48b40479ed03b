"""Affine index maps: how one array's axes are read through slices, transposition, new axes and broadcasting.

A view never moves memory. NumPy's basic indexing, `.T`, `np.flip` and broadcasting are all one `View`, and views
of views compose into one `View`.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqsat.ir.dims import ZERO, Dim


@dataclass(frozen=True, slots=True)
class Along:
    """The index into one source axis: `start + step * i[axis]`, or `start` alone with `axis=None`."""

    axis: int | None
    start: Dim = ZERO
    step: int = 1

    def __str__(self) -> str:
        if self.axis is None:
            return str(self.start)
        scaled = {1: f"i{self.axis}", -1: f"-i{self.axis}"}.get(self.step, f"{self.step}*i{self.axis}")
        return scaled if self.start == ZERO else f"{self.start}{'' if self.step < 0 else '+'}{scaled}"


@dataclass(frozen=True, slots=True)
class View:
    """One `Along` for every source axis; `rank` is the number of axes of the space that reads."""

    axes: tuple[Along, ...]
    rank: int

    @property
    def is_identity(self) -> bool:
        return self == identity(self.rank)

    def then(self, outer: View) -> View:
        """The view that reads through `self` what `outer` reads from it: source <- self <- outer."""
        composed = []
        for along in self.axes:
            if along.axis is None:
                composed.append(along)
            else:
                o = outer.axes[along.axis]
                composed.append(
                    Along(o.axis, along.start + o.start * along.step, o.step * along.step if o.axis is not None else 1)
                )
        return View(tuple(composed), outer.rank)

    def order(self, source: tuple[int, ...]) -> tuple[int, ...]:
        """The axes of the space that reads, slowest first, given those of the source; added ones are the slowest."""
        walked = [self.axes[axis].axis for axis in source]
        used = list(dict.fromkeys(axis for axis in walked if axis is not None))
        return (*(axis for axis in range(self.rank) if axis not in used), *used)

    def __str__(self) -> str:
        return "[" + ", ".join(map(str, self.axes)) + "]"


def identity(rank: int) -> View:
    """Every axis as it is."""
    return View(tuple(Along(k) for k in range(rank)), rank)


def transpose(order: tuple[int, ...]) -> View:
    """As `np.transpose(a, order)`: axis `k` of the result is axis `order[k]` of the source."""
    return View(tuple(Along(order.index(k)) for k in range(len(order))), len(order))


def broadcast(source_is_one: tuple[bool, ...], rank: int) -> View:
    """Align to the right and repeat axes of length one, as NumPy's broadcasting does."""
    lead = rank - len(source_is_one)
    return View(tuple(Along(None if one else lead + k) for k, one in enumerate(source_is_one)), rank)
