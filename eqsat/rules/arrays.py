"""Arrays on which certificates try a rule: dtypes, shapes for which the left side has a meaning, layouts.

Shapes come from `Inference`: its unknown lengths are given 0, 1, 2, 3 in every combination where those are few, then
lengths at which NumPy's sums change their grouping. Variables with any number of axes get up to three; each is a number
now and then, unless a guard says `same_shape`. Layouts are C and Fortran order, every second element, reversed axes.
Called by the certificates; a fixed seed draws the same arrays each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np

from eqsat.ir.dims import Dim, Symbol
from eqsat.ir.equalities import symbols
from eqsat.rules.api import Rule
from eqsat.rules.pattern import AXIS, Pattern, kind_of, walk
from eqsat.rules.samples import drawn, kind_char
from eqsat.rules.shapes import Inference, Shape, Whole

Shapes = dict[str, tuple[int, ...]]
LENGTHS = (0, 1, 2, 3)
"""Lengths of axes that are tried in every combination."""
LONGER = (1, 2, 3, 5, 8, 9, 17, 33, 130)
"""Lengths that are drawn: NumPy's sums change their grouping above 8 and above 128 elements."""
MOST = 6000
"""Elements of the arrays of one case."""


@dataclass(frozen=True, slots=True)
class Case:
    """Arrays for the variables, and axes for axis variables."""

    values: dict[str, Any]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the arrays, in the order of the rule's parameters."""
        return tuple(value.shape for value in self.values.values() if isinstance(value, np.ndarray))

    @property
    def is_filled(self) -> bool:
        """Whether no array is empty."""
        return all(value.size for value in self.values.values() if isinstance(value, np.ndarray))


def assignments(rule: Rule) -> list[dict[str, np.dtype]]:
    """Dtypes for the variables: of one kind all have the same; every dtype of a kind comes up."""
    kinds = {name: parsed for name, kind in rule.kinds if (parsed := kind_of(kind)) is not None}
    sets = {kind.dtypes: _distinct(kind.dtypes) for kind in kinds.values()}
    turns = max((len(dtypes) for dtypes in sets.values()), default=0)
    return [
        {name: sets[kind.dtypes][turn % len(sets[kind.dtypes])] for name, kind in kinds.items()}
        for turn in range(turns)
    ]


def _distinct(chars: str) -> list[np.dtype]:
    return list({np.dtype(char).str: np.dtype(char) for char in chars}.values())


def cases(
    rule: Rule,
    dtypes: dict[str, np.dtype],
    count: int,
    random: np.random.Generator,
    draw: Callable[..., np.ndarray],
) -> Iterator[Case]:
    """About `count` cases with elements drawn by `draw` of `eqsat.rules.samples`."""
    for turn, (shapes, axes) in enumerate(drawn_shapes(rule, dtypes, count, random)):
        values: dict[str, Any] = {}
        for name, kind in rule.kinds:
            if kind == AXIS:
                values[name] = axes
                continue
            dtype = dtypes[name] if kind_char(rule, name, dtypes[name]) != "?" else np.dtype(np.bool_)
            size = prod(shapes[name])
            flat = drawn(rule, name, max(size, 1), lambda n, dtype=dtype: draw(dtype, n, random))[:size]
            array = _structured(rule, name, flat.reshape(shapes[name]))
            values[name] = array if turn % 3 == 0 else laid_out(array, random)
        yield Case(values)


def _structured(rule: Rule, name: str, array: np.ndarray) -> np.ndarray:
    if any(one.test == "is_symmetric" and name in one.variables for one in rule.when):
        return np.where(np.tri(len(array), dtype=np.bool_), array, array.T)
    return array


def drawn_shapes(
    rule: Rule, dtypes: dict[str, np.dtype], count: int, random: np.random.Generator
) -> Iterator[tuple[Shapes, tuple[int, ...]]]:
    """Shapes of the variables, and axes for axis variables."""
    inference = Inference(dict(rule.kinds), rule.when, dtypes)
    inference.type(rule.left)
    found = {name: _resolved(inference, shape) for name, shape in inference.shapes.items()}
    unknown = list(
        dict.fromkeys(
            s for shape in found.values() if isinstance(shape, tuple) for length in shape for s in symbols(length)
        )
    )
    unknown.sort(key=str)
    whole = any(isinstance(shape, Whole) for shape in found.values())
    small = list(product(LENGTHS, repeat=len(unknown))) if len(unknown) < 4 else []
    if len(small) > count // 2:
        small = [small[k] for k in random.permutation(len(small))[: count // 2]]
    made = 0
    for turn in range(4 * count):
        if made == count:
            return
        lengths = small[turn % len(small)] if small and turn < len(small) else random.choice(LONGER, len(unknown))
        sizes = dict(zip(unknown, map(int, lengths), strict=True))
        full, axes = _whole(rule, turn, random) if whole else ((), ())
        shapes: Shapes = {}
        for name, shape in found.items():
            if isinstance(shape, Whole):
                shapes[name] = full if not shapes or _same(rule) or random.random() < 0.8 else ()
            else:
                shapes[name] = tuple(_length(length, sizes) for length in shape)
        if all(length >= 0 for shape in shapes.values() for length in shape) and (
            sum(map(prod, shapes.values())) <= MOST
        ):
            made += 1
            yield shapes, axes


def _resolved(inference: Inference, shape: Shape) -> Shape:
    return shape if isinstance(shape, Whole) else tuple(map(inference.lengths.find, shape))


def _length(length: Dim, sizes: dict[Symbol, int]) -> int:
    return int(length.evaluate(sizes))


def _same(rule: Rule) -> bool:
    return any(one.test == "same_shape" for one in rule.when)


def _whole(rule: Rule, turn: int, random: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A shape of up to three axes, at least as many as fixed axes ask for, and some of its axes."""
    least = max((_least_rank(part) for side in (rule.left, rule.right) for part in walk(side)), default=0)
    rank = max(least, turn % 4)
    choices = LENGTHS if turn % 3 else LONGER
    shape = tuple(int(length) for length in random.choice(choices, rank))
    if rank == 3 and prod(shape) > MOST // 3:
        shape = (2, 3, *shape[2:])
    some = [axes for count in range(1, rank + 1) for axes in combinations(range(rank), count)]
    return shape, some[int(random.integers(len(some)))] if some else ()


def _least_rank(part: Pattern) -> int:
    if part.op != "reduce" or part.value[1] is None:
        return 0
    axes = part.value[1]
    return 1 if isinstance(axes, str) else max((axis + 1 if axis >= 0 else -axis for axis in axes), default=0)


def laid_out(array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same elements in another layout."""
    if not array.ndim:
        return array
    match int(random.integers(5)):
        case 0:
            return np.asfortranarray(array)
        case 1:
            apart = np.zeros(tuple(2 * length for length in array.shape), array.dtype)
            view = apart[(slice(None, None, 2),) * array.ndim]
            view[...] = array
            return view
        case 2:
            back = (slice(None, None, -1),) * array.ndim
            return np.ascontiguousarray(array[back])[back]
        case 3:
            order = tuple(int(k) for k in random.permutation(array.ndim))
            return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))
        case _:
            return array
