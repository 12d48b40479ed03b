"""Elements by index and by condition: `take`, `compress`, `nonzero` and its like, `put`, `copyto`, `putmask`, `place`.

Called through `numpy_impl.library`. Refused: `out=`, modes other than `raise`, values that NumPy repeats because they
are fewer than the places.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend import fancy, masks, reduction, reshaping
from eqsat.frontend.assigned import assigned
from eqsat.frontend.broadcast import broadcast_view
from eqsat.frontend.builder import Builder
from eqsat.frontend.displays import array_of
from eqsat.frontend.fancy import fitted
from eqsat.frontend.library import Call, Handler
from eqsat.frontend.promotion import operand_type
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.frontend.writes import refuse_readonly
from eqsat.ir.body import Write
from eqsat.ir.dims import ONE, Dim, product
from eqsat.ir.nodes import Node
from eqsat.ir.types import Array, Scalar, c_layout, packed_layout
from eqsat.ir.view import transpose
from numpy_impl.calls import ABSENT, FALSE, NONE, TRUE, array, axes_of, handler, known_bool, normal_axis, refuse
from numpy_impl.creation import repeated

_BOOL, _INT64 = np.dtype(np.bool_), np.dtype(np.int64)
_WHOLE = SliceValue(NONE, NONE, NONE)
_RAISE = Known("raise")


def operand(builder: Builder, call: Call, value: Value) -> Node:
    """A number, an array, or the array of a list."""
    return (
        array_of(builder, value, None, call.span) if isinstance(value, TupleValue) else builder.node(value, call.span)
    )


def _flat(builder: Builder, call: Call, x: Node) -> Node:
    return x if builder.ndim(x) == 1 else reshaping.ravel(builder, x, "C", call.span)


def _mask(builder: Builder, call: Call, value: Value) -> Node:
    node = operand(builder, call, value)
    return node if builder.numeric(node, call.span).dtype == _BOOL else builder.cast(node, _BOOL, call.span)


# Reading --------------------------------------------------------------------------------------------------------


def take(
    builder: Builder, call: Call, a: Value, indices: Value, axis: Value = NONE, out: Value = NONE, mode: Value = _RAISE
) -> Value:
    """`np.take`: the result is in C order, unlike that of indexing."""
    refuse(call, out=out, mode=(mode, "raise"))
    x = array(builder, call, operand(builder, call, a))
    index = (
        array_of(builder, indices, None, call.span, empty=np.dtype(np.float64))
        if isinstance(indices, TupleValue)
        else builder.node(indices, call.span)
    )
    type_ = builder.numeric(index, call.span)
    if not np.can_cast(type_.dtype, _INT64, "safe"):
        raise PythonRaises(f"cannot take indices of {type_.dtype}", call.span)
    if axis == NONE:
        x, at = _flat(builder, call, x), 0
    else:
        at = normal_axis(builder, call, axis, builder.ndim(x))
    if isinstance(type_, Scalar):
        if type_.dtype.kind == "b":
            raise UnsupportedError(f"{call.name} at a bool is not compiled", call.span)
        found = builder.index(x, (*(_WHOLE,) * at, index), call.span)
        return builder.copy(found, "C", call.span) if isinstance(found.type, Array) else found
    return _taken(builder, call, x, index, at)


def _taken(builder: Builder, call: Call, x: Node, index: Node, axis: int) -> Node:
    """`x` at the places of an array of indices along one axis, in C order."""
    assert isinstance(x.type, Array) and isinstance(index.type, Array)
    shape = x.type.shape
    others = tuple(k for k in range(len(shape)) if k != axis)
    source = x
    if axis:
        source = builder.view(x, transpose((axis, *others)), tuple(shape[k] for k in (axis, *others)), call.span)
    rest = tuple(shape[k] for k in others)
    joint = index.type.shape
    picked = fancy.Picked(source, (builder.coerce(index, _INT64, call.span),), (index.type.layout,), joint, axis, rest)
    order = picked.order
    return fancy.gather(builder, picked, packed_layout((*joint, *rest), order), call.span)


def compress(builder: Builder, call: Call, condition: Value, a: Value, axis: Value = NONE, out: Value = NONE) -> Value:
    """`np.compress`."""
    refuse(call, out=out)
    x = array(builder, call, operand(builder, call, a))
    mask = _mask(builder, call, condition)
    if builder.ndim(mask) != 1:
        raise PythonRaises("condition must be a 1-d array", call.span)
    at = 0 if axis == NONE else normal_axis(builder, call, axis, builder.ndim(x))
    (index,) = masks.nonzero(builder, mask, call.span)
    return _taken(builder, call, _flat(builder, call, x) if axis == NONE else x, index, at)


def compress_method(
    builder: Builder, call: Call, self: Value, condition: Value, axis: Value = NONE, out: Value = NONE
) -> Value:
    """`x.compress`."""
    return compress(builder, call, condition, self, axis, out)


def extract(builder: Builder, call: Call, condition: Value, arr: Value) -> Value:
    """`np.extract`."""
    x = _flat(builder, call, array(builder, call, operand(builder, call, arr)))
    mask = _flat(builder, call, array(builder, call, _mask(builder, call, condition)))
    (index,) = masks.nonzero(builder, mask, call.span)
    return _taken(builder, call, x, index, 0)


def nonzero(builder: Builder, call: Call, a: Value) -> Value:
    """`np.nonzero`, `x.nonzero`."""
    mask = _mask(builder, call, a)
    if builder.ndim(mask) == 0:
        raise PythonRaises("calling nonzero on 0d arrays is not allowed", call.span)
    return TupleValue(masks.nonzero(builder, mask, call.span))


def where(builder: Builder, call: Call, condition: Value, x: Value = NONE, y: Value = NONE, /) -> Value:
    """`np.where`: with one argument, `nonzero`."""
    if x == NONE and y == NONE:
        return nonzero(builder, call, condition)
    if NONE in (x, y):
        raise PythonRaises("either both or neither of x and y should be given", call.span)
    return builder.select(condition, x, y, call.span)


def flatnonzero(builder: Builder, call: Call, a: Value) -> Value:
    """`np.flatnonzero`."""
    mask = _flat(builder, call, array(builder, call, operand(builder, call, a)))
    (index,) = masks.nonzero(builder, _mask(builder, call, mask), call.span)
    return index


def argwhere(builder: Builder, call: Call, a: Value) -> Value:
    """`np.argwhere`: the transpose of `nonzero()`."""
    mask = _mask(builder, call, a)
    if builder.ndim(mask) == 0:
        raise UnsupportedError("np.argwhere of a number is not compiled", call.span)
    found, count = masks.places(builder, mask, call.span, (0, 1))
    assert isinstance(found.type, Array)
    return builder.view(found, transpose((1, 0)), (count, found.type.shape[0]), call.span)


def count_nonzero(builder: Builder, call: Call, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    """`np.count_nonzero`: of all elements it was a Python int once."""
    mask = _mask(builder, call, a)
    keep = known_bool(call, "keepdims", keepdims)
    if axis == NONE and not keep:
        if builder.ndim(mask) == 0:
            raise UnsupportedError("np.count_nonzero of a number is not compiled", call.span, instead="int(x != 0)")
        if isinstance(np.count_nonzero(np.ones(1)), int):
            return masks.count_nonzero(builder, mask, call.span)
    axes = axes_of(builder, call, axis, builder.ndim(mask))
    return reduction.reduce(builder, "add", mask, axes, keep, _INT64, call.span)


def extreme(op: str) -> Callable[..., Value]:
    """`np.argmax` and `np.argmin`."""

    def function(
        builder: Builder, call: Call, a: Value, axis: Value = NONE, out: Value = NONE, *, keepdims: Value = ABSENT
    ) -> Value:
        refuse(call, out=out)
        x = array(builder, call, operand(builder, call, a))
        assert isinstance(x.type, Array)
        if x.type.dtype.kind == "c":
            raise UnsupportedError(
                f"{call.name} of complex numbers is not compiled", call.span, instead=f"{call.name}(abs(x))"
            )
        if x.type.ndim == 0:
            raise UnsupportedError(f"{call.name} of a number is not compiled", call.span)
        at = None if axis == NONE else normal_axis(builder, call, axis, x.type.ndim)
        keep = known_bool(call, "keepdims", keepdims)
        length = product(x.type.shape) if at is None else x.type.shape[at]
        if not builder.decide(length, ">=", ONE, call.span, expected=True):
            raise PythonRaises(f"attempt to get {op} of an empty sequence", call.span)
        if at is None or x.type.ndim == 1:
            found = builder.library(op, (x,), None, Scalar(_INT64, "numpy"), call.span)
            whole = (ONE,) * x.type.ndim
            return repeated(builder, call, found, whole, _INT64, c_layout(whole)) if keep else found
        shape = tuple(extent for k, extent in enumerate(x.type.shape) if k != at)
        made = builder.library(op, (x,), at, Array(_INT64, shape, c_layout(shape)), call.span)
        items = (*(_WHOLE,) * at, NONE, Known(Ellipsis))
        return builder.index(made, items, call.span) if keep else made

    return function


# Writing --------------------------------------------------------------------------------------------------------


def put(builder: Builder, call: Call, a: Value, ind: Value, v: Value, mode: Value = _RAISE) -> Value:
    """`np.put` of one value, or of one for each place."""
    refuse(call, mode=(mode, "raise"))
    target = array(builder, call, a)
    refuse_readonly(builder, target, call.span)
    index, value = operand(builder, call, ind), operand(builder, call, v)
    if not isinstance(index.type, Array):
        raise UnsupportedError(f"{call.name} at one place is not compiled yet", call.span, instead="x[i] = v")
    index, flat = _flat(builder, call, index), _flat_in_place(builder, call, target)
    if isinstance(value.type, Array):
        value = _flat(builder, call, value)
        count = builder.shape(value, call.span)[0]
        if count != ONE and not builder.decide(
            count, "==", builder.shape(index, call.span)[0], call.span, expected=True
        ):
            raise UnsupportedError(f"{call.name} with values that are repeated is not compiled yet", call.span)
    dtype, wanted = builder.numeric(value, call.span).dtype, builder.numeric(target, call.span).dtype
    index_dtype = builder.numeric(index, call.span).dtype
    if not np.can_cast(index_dtype, _INT64, "safe") or not np.can_cast(dtype, wanted, "same_kind"):
        raise UnsupportedError(f"{call.name} with conversions is not compiled yet", call.span, f"have: {dtype}")
    fancy.write(builder, flat, (builder.coerce(index, _INT64, call.span),), value, call.span)
    return NONE


def _flat_in_place(builder: Builder, call: Call, x: Node) -> Node:
    if builder.ndim(x) == 1:
        return x
    made = reshaping.ravel(builder, x, "C", call.span)
    if made.args[0] is not x:
        raise UnsupportedError(f"{call.name} into a strided array is not compiled yet", call.span)
    return made


def copyto(
    builder: Builder,
    call: Call,
    dst: Value,
    src: Value,
    casting: Value = Known("same_kind"),  # noqa: B008
    where: Value = TRUE,
) -> Value:
    """`np.copyto`."""
    target = array(builder, call, dst)
    refuse_readonly(builder, target, call.span)
    value, rule = operand(builder, call, src), casting.value if isinstance(casting, Known) else None
    if rule not in ("no", "equiv", "safe", "same_kind", "unsafe"):
        raise PythonRaises(f"casting must be one of NumPy's rules, not {rule!r}", call.span)
    type_, wanted = builder.numeric(value, call.span), builder.numeric(target, call.span)
    if isinstance(type_, Scalar) and type_.kind == "python" and not _is_weakly(type_.dtype, wanted.dtype):
        raise PythonRaises(f"cannot cast {type_} to {wanted.dtype}", call.span)
    if isinstance(operand_type(type_), np.dtype) and not np.can_cast(type_.dtype, wanted.dtype, rule):
        raise PythonRaises(f"cannot cast {type_.dtype} to {wanted.dtype} according to the rule {rule!r}", call.span)
    _put_where(builder, call, target, value, None if where == TRUE else _mask_of(builder, call, where))
    return NONE


def _is_weakly(dtype: np.dtype, wanted: np.dtype) -> bool:
    """Whether a Python number of this kind goes into an array under the rule `same_kind`."""
    return "biufc".index(dtype.kind.replace("u", "i")) <= "biufc".index(wanted.kind)


def _mask_of(builder: Builder, call: Call, where: Value) -> Node:
    node = operand(builder, call, where)
    if builder.numeric(node, call.span).dtype != _BOOL:
        raise PythonRaises(f"the mask of {call.name} must be of bools", call.span)
    return node


def _put_where(builder: Builder, call: Call, target: Node, value: Node, mask: Node | None) -> None:
    """Write the value into those elements of an array for which the mask is true."""
    span = call.span
    assert isinstance(target.type, Array)
    shape, dtype = target.type.shape, target.type.dtype
    made = assigned(builder, fitted(builder, value, shape, span), dtype, span)
    if mask is not None:
        chosen = _spread(builder, call, mask, shape)
        layout = builder.ordered(target, "K", span)
        made = Node("select", (chosen, made, target), None, Array(dtype, shape, layout), span)
    builder.emit(Write(target, made, span))


def _spread(builder: Builder, call: Call, mask: Node, shape: tuple[Dim, ...]) -> Node:
    """The mask over the shape that is written to."""
    if not isinstance(mask.type, Array):
        return mask
    lead = len(shape) - mask.type.ndim
    lengths = zip(mask.type.shape, shape[lead:], strict=False)
    if lead < 0 or any(
        mine != ONE and not builder.decide(mine, "==", theirs, call.span, expected=True) for mine, theirs in lengths
    ):
        raise PythonRaises(f"the mask of {call.name} does not fit", call.span)
    if not mask.type.ndim:
        return builder.element(mask, call.span)
    view = broadcast_view(mask.type.shape, shape)
    return mask if view.is_identity else builder.view(mask, view, shape, call.span)


def putmask(builder: Builder, call: Call, a: Value, /, mask: Value, values: Value) -> Value:
    """`np.putmask` of one value, or of one for each element."""
    return _by_mask(builder, call, a, mask, values)


def place(builder: Builder, call: Call, arr: Value, mask: Value, vals: Value) -> Value:
    """`np.place` of one value."""
    value = operand(builder, call, vals)
    if any(length != ONE for length in builder.shape(value, call.span)):
        raise UnsupportedError(f"{call.name} of several values is not compiled yet", call.span, instead="x[mask] = v")
    return _by_mask(builder, call, arr, mask, value)


def _by_mask(builder: Builder, call: Call, a: Value, mask: Value, values: Value) -> Value:
    span = call.span
    target, value = array(builder, call, a), operand(builder, call, values)
    refuse_readonly(builder, target, span)
    assert isinstance(target.type, Array)
    chosen = _mask(builder, call, mask)
    shape = builder.shape(value, span)
    if isinstance(value.type, Array):
        if all(length == ONE for length in shape):
            value = builder.index(value, (Known(0),) * len(shape), span)
        elif len(shape) != target.type.ndim or not all(
            builder.decide(mine, "==", theirs, span) for mine, theirs in zip(shape, target.type.shape, strict=True)
        ):
            raise UnsupportedError(f"{call.name} with values that are repeated is not compiled yet", span)
    if builder.ndim(chosen) != target.type.ndim:
        raise UnsupportedError(f"{call.name} with a mask of another shape is not compiled yet", span)
    for mine, theirs in zip(builder.shape(chosen, span), target.type.shape, strict=True):
        if not builder.decide(mine, "==", theirs, span, expected=True):
            raise UnsupportedError(f"{call.name} with a mask of another shape is not compiled yet", span)
    type_ = builder.numeric(value, span)
    weak = isinstance(type_, Scalar) and type_.kind == "python"
    if not (_is_weakly(type_.dtype, target.type.dtype) if weak else np.can_cast(type_.dtype, target.type.dtype)):
        raise UnsupportedError(f"{call.name} with conversions is not compiled yet", span, f"have: {type_.dtype}")
    _put_where(builder, call, target, value, chosen)
    return NONE


FUNCTIONS: dict[object, Handler] = {
    np.take: handler(take),
    np.compress: handler(compress),
    np.extract: handler(extract),
    np.nonzero: handler(nonzero),
    np.where: handler(where),
    np.flatnonzero: handler(flatnonzero),
    np.argwhere: handler(argwhere),
    np.count_nonzero: handler(count_nonzero),
    np.argmax: handler(extreme("argmax")),
    np.argmin: handler(extreme("argmin")),
    np.put: handler(put),
    np.copyto: handler(copyto),
    np.putmask: handler(putmask),
    np.place: handler(place),
}

METHODS: dict[str, Handler] = {
    "take": handler(take),
    "compress": handler(compress_method),
    "nonzero": handler(nonzero),
    "argmax": handler(extreme("argmax")),
    "argmin": handler(extreme("argmin")),
    "put": handler(put),
}
