"""Which operands NumPy's loops get backwards is told as NumPy does it: a ufunc of our own writes down its strides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.backwards import UnknownDirection, backwards
from eqsat.frontend.reduction_order import buffers_as_expected
from eqsat.ir import signature
from eqsat.ir.nodes import Node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.span import NOWHERE
from eqsat.testing import place
from tests.builder.building import TestBuilder, as_value
from tests.builder.recording import Recorder

RECORDERS = {arity: Recorder(arity) for arity in (1, 2)}
F8 = np.dtype(np.float64)
SIDES = [1, 1, 2, 3, 5]
LONG_SIDES = [1, 2, 3, 700, 2730, 4096, 4097, 5000, 8192, 8193]


def predicted(arrays: list[np.ndarray], change: slice | None = None) -> list[bool]:
    """What the model says of these arguments, each cut by `change` within the function."""
    builder = TestBuilder(sizes_of(arrays), strides_of(arrays))
    nodes: list[Node] = []
    for k, array in enumerate(arrays):
        node = builder.param(k, type_of(array, k), NOWHERE)
        if change is not None and array.ndim:
            node = builder.index(node, (as_value(change),), NOWHERE)
        nodes.append(node)
    joint = builder.joint_type(nodes, NOWHERE)
    return list(backwards(nodes, [F8] * len(nodes), joint, builder.spread, builder.facts, NOWHERE))


@st.composite
def laid_out(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of a shape, in any order, direction and distance."""
    steps = [draw(st.sampled_from([1, -1, -1, -1, 2, -2])) for _ in shape]
    order = draw(st.permutations(range(len(shape))))
    whole = np.zeros(tuple(shape[k] * abs(steps[k]) for k in order), draw(st.sampled_from(["f8", "f8", "f8", "f4"])))
    array = whole.transpose(np.argsort(order))[tuple(slice(None, None, step) for step in steps)]
    assert array.shape == shape
    if array.ndim and array.size < 1000 and draw(st.integers(0, 7)) == 0:
        array = place(array, "misaligned")[::-1]
    return array


@st.composite
def operands(draw: st.DrawFn, sides: list[int]) -> list[np.ndarray]:
    shape = tuple(draw(st.lists(st.sampled_from(sides), min_size=1, max_size=3)))
    if np.prod(shape) > 100_000:
        shape = shape[:1]
    found: list[np.ndarray] = []
    for _ in range(draw(st.integers(1, 2))):
        mine = tuple(1 if draw(st.integers(0, 5)) == 0 else n for n in shape)
        mine = mine[draw(st.sampled_from([0, 0, 0, 1, len(shape)])) :]
        found.append(draw(laid_out(mine)))
    return found if any(array.ndim for array in found) else [np.zeros(shape)[..., ::-1]]


@given(operands(SIDES))
@settings(max_examples=300)
@example([np.zeros(5)[::-1][-1:]])
@example([np.zeros((5, 1))[::-1]])
@example([np.zeros((1, 5))[:, ::-1], np.zeros(5)])
@example([np.zeros(5)[::-1][-1:], np.zeros((1, 1))])
def test_small_operands_go_as_numpy_lets_them_go(arrays: list[np.ndarray]) -> None:
    assert [{down} for down in predicted(arrays)] == RECORDERS[len(arrays)].signs(*arrays)


@given(operands(LONG_SIDES))
@settings(max_examples=150)
def test_large_operands_go_as_numpy_lets_them_go(arrays: list[np.ndarray]) -> None:
    try:
        told = predicted(arrays)
    except UnknownDirection:
        assert not buffers_as_expected()
        return
    assert [{down} for down in told] == RECORDERS[len(arrays)].signs(*arrays)


@given(operands([n for n in SIDES if n > 1]), st.sampled_from([slice(None, None, -1), slice(-1, None), slice(None, 2)]))
@settings(max_examples=100)
def test_slices_go_as_numpy_lets_them_go(arrays: list[np.ndarray], change: slice) -> None:
    if len(arrays) == 2 and (arrays[0].ndim != arrays[1].ndim or arrays[0].shape[0] != arrays[1].shape[0]):
        arrays = arrays[:1]
    if not arrays[0].ndim:
        return
    cut = [array[change] for array in arrays]
    try:
        told = predicted(arrays, change)
    except UnknownDirection:
        return
    assert [{down} for down in told] == RECORDERS[len(arrays)].signs(*cut)


def test_of_repeated_and_converted_operands_none_goes_backwards() -> None:
    back = np.zeros((3, 4))[::-1, ::-1]
    assert predicted([back]) == [True]
    assert predicted([np.broadcast_to(back[0], (3, 4))]) == [False]
    assert predicted([back.astype("f4")[::-1, ::-1]]) == [False]
    assert predicted([back, back[0]]) == [True, False]


@pytest.mark.parametrize(
    ("text", "inputs", "plain", "down"),
    [
        ("d->d", "d", "d->d", (False,)),
        ("d-->d", "d", "d->d", (True,)),
        ("dd-->d", "dd", "dd->d", (False, True)),
        ("F-F->F", "FF", "FF->F", (True, False)),
        ("l->b->?", "l", "l->b->?", (False,)),
    ],
)
def test_a_signature_says_which_operands_go_backwards(
    text: str, inputs: str, plain: str, down: tuple[bool, ...]
) -> None:
    assert (signature.inputs_of(text), signature.plain(text), signature.backwards(text)) == (inputs, plain, down)
    if text.count("->") == 1:
        assert signature.write(inputs, text[-1], down) == text


LOOPS = [
    (name, types)
    for name, op in UFUNCS.items()
    if op.ufunc is not None
    for types in op.ufunc.types
    if not set(types) & set("gGOmMSUTqQ") and types[0] not in op.directed
]


@pytest.mark.parametrize("name", sorted({name for name, _ in LOOPS}))
def test_only_directed_loops_have_other_bits_for_negative_strides(name: str) -> None:
    ufunc = UFUNCS[name].ufunc
    assert ufunc is not None
    rng = np.random.default_rng(7)
    for types in (types for other, types in LOOPS if other == name):
        inputs = types.partition("->")[0]
        values = [_values(char, rng) for char in inputs]
        with np.errstate(all="ignore"):
            up = ufunc(*values, signature=types)
            for mask in range(1, 2 ** len(inputs)):
                mixed = [v[::-1].copy()[::-1] if mask >> k & 1 else v for k, v in enumerate(values)]
                np.testing.assert_array_equal(ufunc(*mixed, signature=types), up, f"{name} {types} {mask}")


def _values(char: str, rng: np.random.Generator) -> np.ndarray:
    if char in "?bBhHiIlL":
        return rng.integers(0, 7, 333).astype(char)
    found = rng.standard_normal(333) * np.exp(rng.uniform(-6, 6, 333))
    if char in "FD":
        return (found + 1j * rng.standard_normal(333)).astype(char)
    found[:8] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 0.5]
    return rng.permutation(found).astype(char)
