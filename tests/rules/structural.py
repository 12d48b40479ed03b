"""What the structural rules say, checked without an e-graph: index maps, memory, conversions, properties of ops."""

from __future__ import annotations

import warnings
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from eqsat.egraph.encode import commutes
from eqsat.egraph.graph import Moved
from eqsat.egraph.host import cast_pair, is_idempotent, is_quiet, is_value_preserving, reads_everything
from eqsat.ir.dims import dim
from eqsat.ir.ops import UFUNCS
from eqsat.ir.view import Along, View, broadcast, identity, transpose
from eqsat.rules.samples import corners
from tests import reference
from tests.egraph.executing import same

CHARS = "?bhilBHILefdFD"


def views(shape: tuple[int, ...]) -> list[tuple[View, tuple[int, ...]]]:
    """Some views of an array of two axes, with the shape of what reads through them."""
    rows, columns = shape
    ends = View((Along(0, dim(min(1, rows - 1))), Along(1, dim(1), 2)), 2)
    found = [
        (identity(2), shape),
        (transpose((1, 0)), (columns, rows)),
        (View((Along(0, dim(rows - 1), -1), Along(1)), 2), shape),
        (View((Along(1), Along(2)), 3), (2, rows, columns)),
        (View((Along(None, dim(rows - 1)), Along(0)), 1), (columns,)),
        (View((Along(0), Along(None)), 2), (rows, 4)),
        (ends, (max(1, rows - 1), columns // 2)),
        (View((Along(1, dim(rows - 1), -1), Along(0, dim(columns - 1), -1)), 2), (columns, rows)),
    ]
    if rows == 1:
        found.append((broadcast((True, False), 3), (2, 3, columns)))
    return found


def sample(shape: tuple[int, ...], dtype: str = "d") -> np.ndarray:
    values = corners(np.dtype(dtype))
    return np.resize(values, shape)


def check_moves_through_operations() -> None:
    """op(read(x)) == read(op(x)), and a map that is said to read everything does."""
    checked = 0
    for shape in ((3, 4), (1, 5), (2, 2)):
        a, b = sample(shape), sample(shape)[::-1]
        for view, target in views(shape):
            moved = [reference.read(x, view, target, {}) for x in (a, b)]
            with np.errstate(all="ignore"):
                assert same(reference.read(a * b, view, target, {}), moved[0] * moved[1])
                assert same(reference.read(np.exp(a), view, target, {}), np.exp(np.ascontiguousarray(moved[0])))
                assert same(reference.read(a + 1.5, view, target, {}), moved[0] + 1.5)
            places = np.arange(a.size).reshape(shape)
            everything = set(reference.read(places, view, target, {}).ravel().tolist()) == set(range(a.size))
            said = reads_everything(Moved(view, tuple(map(dim, shape)), tuple(map(dim, target))))
            assert not said or everything, (view, shape)
            checked += said
    assert checked > 8
    check_quiet_loops()


def check_quiet_loops() -> None:
    """A loop that is said to be quiet raises no flag on corner values."""
    quiet = 0
    for name, op in UFUNCS.items():
        for signature in loops(name):
            if not is_quiet(name, signature):
                continue
            quiet += 1
            pools = [_few(char) for char in signature.partition("->")[0]]
            columns = np.meshgrid(*pools, indexing="ij")
            assert op.ufunc is not None
            with np.errstate(all="raise"):
                op.ufunc(*(column.ravel() for column in columns), signature=signature)
    for source, target in product(CHARS, CHARS):
        if is_quiet("cast", f"{source}->{target}"):
            quiet += 1
            with np.errstate(all="raise"):
                corners_of(source).astype(target)
    assert quiet > 200


def check_compositions() -> None:
    """Reading a view of a view is reading through the composed view."""
    for shape in ((3, 4), (1, 5)):
        a = sample(shape)
        for first, middle in views(shape):
            if len(middle) != 2 or min(middle) < 1:
                continue
            for second, target in views((middle[0], middle[1])):
                if min(target) < 1 or middle[0] < 2:
                    continue
                twice = reference.read(reference.read(a, first, middle, {}), second, target, {})
                assert same(reference.read(a, first.then(second), target, {}), twice), (first, second)


def check_fusion() -> None:
    """What is stored, in whatever order of memory, is what is loaded."""
    for order in "CF":
        memory = np.empty((3, 4), order=order)  # type: ignore[call-overload]
        memory[...] = -sample((3, 4))
        assert same(np.ascontiguousarray(memory), -sample((3, 4)))


@cache
def corners_of(char: str) -> np.ndarray:
    if char == "?":
        return np.array([False, True])
    dtype = np.dtype(char)
    if dtype.itemsize <= 2:
        return np.arange(256**dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    return corners(dtype)


def check_casts() -> None:
    """Two conversions that are said to be one have its bits and its flags; widening changes nothing."""
    pairs = 0
    for a, b in product(CHARS, CHARS):
        values = corners_of(a)
        if is_value_preserving(a, b):
            with np.errstate(all="raise"):
                assert same(_cast(_cast(values, b), a), values), (a, b)
        for c in CHARS:
            both = cast_pair(f"{a}->{b}", f"{b}->{c}")
            if both is None:
                continue
            pairs += 1
            assert both == f"{a}->{c}"
            (twice, flags), (once, flag) = (_heard(values, (b, c)), _heard(values, (c,)))
            assert same(twice, once), (a, b, c)
            assert flags == flag, (a, b, c, flags, flag)
    assert pairs > 500


def _cast(values: np.ndarray, char: str) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return values.astype(char)


def _heard(values: np.ndarray, chars: tuple[str, ...]) -> tuple[np.ndarray, set[str]]:
    seen: set[str] = set()
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)]  # a signaling NaN is heard by every conversion
    with np.errstate(all="call", call=lambda kind, _: seen.add(kind)):
        for char in chars:
            values = _cast(values, char)
    return values, seen


def loops(name: str) -> list[str]:
    """The loops of a ufunc over the dtypes that eqsat compiles."""
    ufunc = UFUNCS[name].ufunc
    assert ufunc is not None
    return [one for one in ufunc.types if set(one.replace("->", "")) <= set(CHARS)]


def _few(char: str) -> np.ndarray:
    return np.array([False, True]) if char == "?" else corners(np.dtype(char))[::2]


def check_idempotent_operations() -> None:
    checked = 0
    for name, op in UFUNCS.items():
        if op.idempotent:
            for signature in loops(name):
                if is_idempotent(name, signature):
                    checked += 1
                    assert op.ufunc is not None
                    with np.errstate(all="ignore"):
                        once = op.ufunc(corners_of(signature[0]), signature=signature)
                        assert same(op.ufunc(once, signature=signature), once), (name, signature)
    assert checked > 40


def check_commutative_operations() -> None:
    checked = 0
    for name, op in UFUNCS.items():
        for signature in loops(name):
            if op.arity == 2 and signature[0] == signature[1] and commutes(name, signature):
                checked += 1
                a, b = (grid.ravel() for grid in np.meshgrid(_few(signature[0]), _few(signature[0])))
                ufunc: Any = op.ufunc
                with np.errstate(all="ignore"):
                    assert same(ufunc(a, b, signature=signature), ufunc(b, a, signature=signature)), (name, signature)
    assert checked > 60
