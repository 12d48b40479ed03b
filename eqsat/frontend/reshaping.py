"""Other shapes of the same elements: `reshape`, `ravel`, `flatten`.

NumPy gives a view where it can and a copy where it must, which shows when either is written to. Axes of length one come
and go by views; what lies in one piece is `reshape`d in place; what surely cannot be is copied first. Refused: arrays
with gaps of which NumPy would make views that are no affine map of the old axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.builder import PYTHON_INT, Builder
from eqsat.frontend.contiguity import is_contiguous
from eqsat.frontend.facts import is_local
from eqsat.frontend.strides import lie_as_one
from eqsat.ir.dims import ONE, ZERO, Dim, Monomial, dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.span import Span
from eqsat.ir.types import Array, Layout, c_layout
from eqsat.ir.view import Along, View
from eqsat.ir.view import transpose as transpose_view


def reshape(builder: Builder, x: Node, shape: Sequence[Dim], order: str, span: Span) -> Node:
    """`x.reshape(shape)`, where one length may be -1."""
    assert isinstance(x.type, Array)
    wanted = _completed(builder, x.type.shape, shape, span)
    if order == "A":
        fortran = is_contiguous(builder, x, "F", span) and not is_contiguous(builder, x, "C", span)
        order = "F" if fortran else "C"
    if order == "C":
        return reshaped(builder, x, wanted, span)
    if order != "F":
        raise PythonRaises(f"order {order!r} is not permitted for reshaping", span)
    return _turned(builder, reshaped(builder, _turned(builder, x, span), tuple(reversed(wanted)), span), span)


def reshaped(builder: Builder, x: Node, shape: tuple[Dim, ...], span: Span) -> Node:
    """The array in a shape of as many elements, in C order."""
    source = x.type
    assert isinstance(source, Array)
    long, wanted = _long(source.shape), _long(shape)
    along = [Along(None)] * source.ndim
    if [source.shape[k] for k in long] == [shape[k] for k in wanted]:
        for mine, theirs in zip(long, wanted, strict=True):
            along[mine] = Along(theirs)
        return builder.view(x, View(tuple(along), len(shape)), shape, span)
    if is_contiguous(builder, x, "C", span):
        return in_place(builder, x, shape, span)
    if not builder.decide(product(source.shape), ">=", ONE, span, expected=True):
        return in_place(builder, builder.copy(x, "C", span), shape, span)
    groups = _groups(builder, [source.shape[k] for k in long], [shape[k] for k in wanted], span)
    if all(len(mine) == len(theirs) == 1 for mine, theirs in groups):
        for (mine,), (theirs,) in groups:
            along[long[mine]] = Along(wanted[theirs])
        return builder.view(x, View(tuple(along), len(shape)), shape, span)
    if any(_are_apart(builder, x, [long[k] for k in mine], span) for mine, _ in groups):
        return in_place(builder, builder.copy(x, "C", span), shape, span)
    raise UnsupportedError(
        "a new shape of an array with gaps would be a view that eqsat does not have",
        span,
        f"have: {source}",
        "np.ascontiguousarray(x) first",
    )


def ravel(builder: Builder, x: Node, order: str, span: Span) -> Node:
    """`x.ravel()`: in place where the elements are contiguous in this order, else a copy."""
    assert isinstance(x.type, Array)
    shape = (product(x.type.shape),)
    if order == "A":
        fortran = is_contiguous(builder, x, "F", span) and not is_contiguous(builder, x, "C", span)
        order = "F" if fortran else "C"
    if order not in ("C", "F"):
        raise UnsupportedError(f"ravel in order {order!r} is not compiled yet", span, instead="x.ravel()")
    turned = x if order == "C" else _turned(builder, x, span)
    if is_contiguous(builder, turned, "C", span):
        return in_place(builder, turned, shape, span)
    return in_place(builder, builder.copy(turned, "C", span), shape, span)


def flatten(builder: Builder, x: Node, order: str, span: Span) -> Node:
    """`x.flatten()`: always a copy."""
    assert isinstance(x.type, Array)
    if order == "A":
        fortran = is_contiguous(builder, x, "F", span) and not is_contiguous(builder, x, "C", span)
        order = "F" if fortran else "C"
    if order not in ("C", "F"):
        raise UnsupportedError(f"flatten in order {order!r} is not compiled yet", span, instead="x.flatten()")
    turned = x if order == "C" else _turned(builder, x, span)
    return in_place(builder, builder.copy(turned, "C", span), (product(x.type.shape),), span)


def in_place(builder: Builder, x: Node, shape: tuple[Dim, ...], span: Span) -> Node:
    """Another shape of what lies in C order without gaps."""
    source = x.type
    assert isinstance(source, Array)
    shape = tuple(ONE if builder.facts.is_one(length, span) else length for length in shape)
    plain = c_layout(shape)
    layout = Layout(plain.ranks, True, True, plain.negative, source.layout.alignment)
    builder.recorder.start()
    made = Node("reshape", (x,), shape, Array(source.dtype, shape, layout), span)
    if x in builder.readonly:
        builder.readonly.add(made)
    return made


def _turned(builder: Builder, x: Node, span: Span) -> Node:
    assert isinstance(x.type, Array)
    order = tuple(reversed(range(x.type.ndim)))
    if len(order) < 2:
        return x
    return builder.view(x, transpose_view(order), tuple(x.type.shape[k] for k in order), span)


def _long(shape: Sequence[Dim]) -> list[int]:
    return [k for k, length in enumerate(shape) if length != ONE]


def _are_apart(builder: Builder, x: Node, axes: Sequence[int], span: Span) -> bool:
    """Whether axes that must become one do not lie as one."""
    return not all(lie_as_one(x, slow, fast, builder.facts, span) for slow, fast in pairwise(axes))


def _groups(
    builder: Builder, old: Sequence[Dim], new: Sequence[Dim], span: Span
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Old and new axes that belong together: the shortest runs with as many elements."""
    groups: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    first = second = 0
    while first < len(old) and second < len(new):
        last, end = first + 1, second + 1
        mine, theirs = old[first], new[second]
        while not builder.decide(mine, "==", theirs, span):
            if builder.decide(mine, "<", theirs, span):
                mine, last = mine * old[last], last + 1
            else:
                theirs, end = theirs * new[end], end + 1
        groups.append((tuple(range(first, last)), tuple(range(second, end))))
        first, second = last, end
    return groups


# Sizes ----------------------------------------------------------------------------------------------------------


def _completed(builder: Builder, source: tuple[Dim, ...], shape: Sequence[Dim], span: Span) -> tuple[Dim, ...]:
    """The new shape without its -1."""
    total = product(source)
    unknown = [k for k, length in enumerate(shape) if _is_unknown(builder, length, span)]
    if len(unknown) > 1:
        raise PythonRaises("can only specify one unknown dimension", span)
    rest = product(tuple(length for k, length in enumerate(shape) if k not in unknown))
    made = list(shape)
    if unknown:
        made[unknown[0]] = quotient(builder, total, rest, span)
    elif not builder.decide(total, "==", rest, span, expected=True):
        raise PythonRaises(f"cannot reshape array of size {total} into shape {shape}", span)
    return tuple(ONE if builder.facts.is_one(length, span) else length for length in made)


def _is_unknown(builder: Builder, length: Dim, span: Span) -> bool:
    if builder.decide(length, ">=", ZERO, span, expected=True):
        return False
    if builder.decide(length, "==", dim(-1), span):
        return True
    raise PythonRaises("negative dimensions are not allowed", span)


def quotient(builder: Builder, total: Dim, divisor: Dim, span: Span) -> Dim:
    """`total / divisor`, which must be whole."""
    if not builder.decide(divisor, "!=", ZERO, span, expected=True):
        raise PythonRaises("cannot reshape an array of size 0 into an unknown dimension", span)
    found = _divided(total, divisor)
    if found is None and divisor.is_const:
        found = total // divisor.const
    elif found is None and (is_local(total) or is_local(divisor)):
        nodes = (builder.size_node(total, span), builder.size_node(divisor, span))
        today = builder.facts.today(total) // max(builder.facts.today(divisor), 1)
        found = builder.number(Node("py.floordiv", nodes, None, PYTHON_INT, span), max(today, 1))
    elif found is None:
        found = dim(builder.facts.today(total) // builder.facts.today(divisor))
    if not builder.decide(found * divisor, "==", total, span, expected=True):
        raise PythonRaises(f"cannot reshape array of size {total}: it is no multiple of {divisor}", span)
    return found


def _divided(total: Dim, divisor: Dim) -> Dim | None:
    """The quotient of two formulas, where every term has the factors of a divisor of one term."""
    if total == divisor:
        return ONE
    if len(divisor.terms) != 1 or divisor.const or total.const:
        return None
    ((factors, scale),) = divisor.terms
    terms: list[tuple[Monomial, int]] = []
    for monomial, coefficient in total.terms:
        rest = list(monomial)
        for factor in factors:
            if factor not in rest:
                return None
            rest.remove(factor)
        if coefficient % scale:
            return None
        terms.append((tuple(rest), coefficient // scale))
    result = ZERO
    for monomial, coefficient in terms:
        result = result + (Dim(((monomial, coefficient),), 0) if monomial else dim(coefficient))
    return result
