"""What a call must look like for the compiled code to be valid for it, as generated code.

Checks each argument against its type (exact classes, dtype, rank, which lengths are one, memory order), what the
function read from globals and closures, and the region's guards on sizes and strides. Agrees with
`eqsat.frontend.arguments.type_of`: a call passes exactly if its arguments would get these types. Everything else goes
to the writer's `miss`; nothing here has an effect before that.

Refuses tuples as arguments. Called by `lowering.entry`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from types import CellType
from typing import Any

import numpy as np
from llvmlite import ir

from eqsat.errors import UnsupportedError
from eqsat.ir.dims import ONE, Symbol
from eqsat.ir.region import ABSENT, Capture, Disjoint, Guard, Identical, Merges, Param, Region
from eqsat.ir.types import Array, DType, NoneType, Scalar, Type, c_layout, equal_dtypes, packed_layout
from lowering import python_api
from lowering.python_api import ARRAY, DTYPE, HEADER, TYPE_FIELD
from lowering.writer import BIT, INT8, INT32, INT64, NULL, POINTER, Writer, number


@dataclass(frozen=True, slots=True)
class Operand:
    """A parameter whose type has been checked: what the rest of the entry point needs of it.

    `words`: the value of a scalar in memory format, or the address of an array's first element. The rest is an
    array's.
    """

    object: ir.Value
    words: tuple[ir.Value, ...] = ()
    extents: tuple[ir.Value, ...] = ()
    strides: tuple[ir.Value, ...] = ()
    flags: ir.Value | None = None


def check_call(
    writer: Writer, region: Region, arguments: ir.Value, written: frozenset[int] = frozenset()
) -> tuple[Operand, ...]:
    """Check everything but what is still to be settled; the number of positional `arguments` is already right.

    The parameters `written` must be arrays that may be written to, without NumPy's warning about it. Nothing of an
    object is read before its class is settled, nor of an array's axes before their number is.
    """
    _captures(writer, region.captures)  # first: a lookup may run foreign code, which may change arrays
    given: list[ir.Value] = []
    for index, param in enumerate(region.params):
        if param.captured is None:
            given.append(writer.load(arguments, 8 * index, POINTER))
            _class(writer, param, given[index])
        else:
            given.append(writer.object(f"captured.{index}", param.captured))
    writer.settle()
    arrays = [(param.type, given[index]) for index, param in enumerate(region.params) if isinstance(param.type, Array)]
    if arrays:
        _dtypes(writer, [(type_.dtype, value) for type_, value in arrays])
        for type_, value in arrays:
            writer.require_equal(writer.load(value, ARRAY.ndim, INT32), number(type_.ndim, INT32))
        writer.settle()
    operands = tuple(_operand(writer, index, param, given[index]) for index, param in enumerate(region.params))
    for index in sorted(written):
        _writeable(writer, operands[index], region.params[index].type)
    for guard in region.guards:
        if isinstance(guard, Disjoint):
            _disjoint(writer, guard, region.params, operands)
        elif isinstance(guard, Identical):
            relation = "==" if guard.truth else "!="
            writer.require(writer.builder.icmp_unsigned(relation, given[guard.first], given[guard.second]))
        else:
            _guard(writer, guard, operands)
    return operands


def _class(writer: Writer, param: Param, given: ir.Value) -> None:
    """The object is of exactly the class that the parameter's type says; bools and None are known by identity."""
    builder = writer.builder
    match param.type:
        case Array():
            name, class_ = "numpy.ndarray", np.ndarray
        case Scalar(dtype, "numpy"):
            found = writer.load(given, TYPE_FIELD, POINTER)
            classes = dict.fromkeys(equal.type for equal in equal_dtypes(dtype))
            wanted = [writer.object(f"numpy.{class_.__name__}", class_) for class_ in classes]
            writer.require(reduce(builder.or_, [builder.icmp_unsigned("==", found, one) for one in wanted]))
            return
        case Scalar(dtype, _) if dtype.kind == "b":
            true = builder.icmp_unsigned("==", given, writer.object("True", True))
            writer.require(builder.or_(true, builder.icmp_unsigned("==", given, writer.object("False", False))))
            return
        case Scalar(dtype, _):
            class_ = {"i": int, "f": float, "c": complex}[dtype.kind]
            name = class_.__name__
        case NoneType():
            writer.require_equal(given, writer.object("None", None))
            return
        case _:
            raise UnsupportedError(
                f"parameter `{param.name}` is a tuple", have=f"type: {param.type}", instead="pass its items one by one"
            )
    writer.require_equal(writer.load(given, TYPE_FIELD, POINTER), writer.object(name, class_))


def _operand(writer: Writer, index: int, param: Param, given: ir.Value) -> Operand:
    """Read an argument whose class, dtype and rank are settled."""
    match param.type:
        case Array():
            return _array(writer, index, param.type, given)
        case Scalar(dtype, "numpy"):
            return Operand(given, _numpy_scalar(writer, dtype, given))
        case Scalar(dtype, _):
            words = _python_scalar(writer, dtype, given)
            if dtype.kind in "ib":
                writer.symbols[Symbol(index, None)] = words[0]
            return Operand(given, words)
        case _:
            return Operand(given)


def _python_scalar(writer: Writer, dtype: DType, given: ir.Value) -> tuple[ir.Value, ...]:
    """The value of a Python number."""
    builder = writer.builder
    python_api.verify_python_numbers()
    if dtype.kind == "b":
        return (builder.zext(builder.icmp_unsigned("==", given, writer.object("True", True)), INT64),)
    if dtype.kind == "i":
        overflow = writer.words(1, "overflow")
        value = writer.call("PyLong_AsLongLongAndOverflow", given, overflow)
        writer.require_equal(writer.load(overflow, 0, INT32), number(0, INT32))
        return (value,)
    return tuple(writer.load(given, HEADER + at, INT64) for at in range(0, dtype.itemsize, 8))


def _numpy_scalar(writer: Writer, dtype: DType, given: ir.Value) -> tuple[ir.Value, ...]:
    """The bytes of a NumPy scalar."""
    python_api.verify_scalar(dtype.type)
    if dtype.itemsize >= 8:
        return tuple(writer.load(given, HEADER + at, INT64) for at in range(0, dtype.itemsize, 8))
    value = writer.load(given, HEADER, ir.IntType(8 * dtype.itemsize))
    return (writer.builder.zext(value, INT64),)


def _dtypes(writer: Writer, arrays: Sequence[tuple[DType, ir.Value]]) -> None:
    """Each array has NumPy's own dtype object, or another that is equal: from a pickle, say, or of another C type."""
    builder = writer.builder
    found = [writer.load(value, ARRAY.dtype, POINTER) for _, value in arrays]
    own = [
        builder.icmp_unsigned("==", given, writer.object(f"dtype.{dtype.char}", np.dtype(dtype.char)))
        for (dtype, _), given in zip(arrays, found, strict=True)
    ]
    with builder.if_then(builder.not_(reduce(builder.and_, own)), likely=False):
        for (dtype, _), given in zip(arrays, found, strict=True):
            kind = writer.load(given, DTYPE.number, INT32)
            same = [builder.icmp_unsigned("==", kind, number(equal.num, INT32)) for equal in equal_dtypes(dtype)]
            writer.require(reduce(builder.or_, same))
            byteorder = writer.load(given, DTYPE.byteorder, INT8)
            writer.require(builder.icmp_unsigned("!=", byteorder, number(_OPPOSITE, INT8)))
        writer.settle()


def _writeable(writer: Writer, operand: Operand, type_: Type) -> None:
    """NumPy's flag is set, without the one that makes it warn, and no two elements share a byte."""
    builder, asked = writer.builder, python_api.WRITEABLE | python_api.WARN_ON_WRITE
    found = builder.and_(operand.flags, number(asked, INT32))
    writer.require_equal(found, number(python_api.WRITEABLE, INT32))
    if not isinstance(type_, Array) or type_.layout.packed:
        return
    layout = type_.layout
    walked = [axis for axis in range(type_.ndim) if layout.ranks[axis]]
    reach: ir.Value = number(type_.dtype.itemsize)
    apart: ir.Value = number(1, BIT)
    for axis in sorted(walked, key=lambda axis: layout.ranks[axis]):
        stride = operand.strides[axis]
        step = builder.neg(stride) if layout.negative[axis] else stride
        apart = builder.and_(apart, builder.icmp_signed(">=", step, reach))
        reach = builder.add(reach, builder.mul(builder.sub(operand.extents[axis], number(1)), step))
    for extent in operand.extents:
        apart = builder.or_(apart, builder.icmp_signed("==", extent, number(0)))
    writer.require(apart)


_OPPOSITE = ord(">" if np.little_endian else "<")


def _array(writer: Writer, index: int, type_: Array, given: ir.Value) -> Operand:
    extents_at, strides_at = writer.load(given, ARRAY.extents, POINTER), writer.load(given, ARRAY.strides, POINTER)
    flags = writer.load(given, ARRAY.flags, INT32)
    extents = tuple(writer.load(extents_at, 8 * axis, INT64) for axis in range(type_.ndim))
    strides = tuple(writer.load(strides_at, 8 * axis, INT64) for axis in range(type_.ndim))
    for axis, length in enumerate(extents):
        relation = "==" if type_.shape[axis] == ONE else "!="
        writer.require(writer.builder.icmp_signed(relation, length, number(1)))
        writer.symbols[Symbol(index, axis)] = length
    data = writer.load(given, ARRAY.data, INT64)
    writer.require(_layout(writer, type_, extents, strides, flags))
    if type_.layout.alignment != "aligned":
        writer.require(_misaligned(writer, type_, data, strides))
    return Operand(given, (data,), extents, strides, flags)


def _layout(
    writer: Writer, type_: Array, extents: Sequence[ir.Value], strides: Sequence[ir.Value], flags: ir.Value
) -> ir.Value:
    """Whether `layout_of` would answer this layout, but for the two kinds of misaligned arrays."""
    builder, layout = writer.builder, type_.layout
    c_flag, f_flag = python_api.C_CONTIGUOUS, python_api.F_CONTIGUOUS
    aligned = python_api.ALIGNED if layout.alignment == "aligned" else 0

    def flags_are(wanted: int, among: int) -> ir.Value:
        """Whether those `wanted` of the bits `among` are set, no others of them, and alignment as the layout has it."""
        found = builder.and_(flags, number(among | python_api.ALIGNED, INT32))
        return builder.icmp_unsigned("==", found, number(wanted | aligned, INT32))

    single = [axis for axis in range(type_.ndim) if type_.shape[axis] == ONE]
    conditions = [
        builder.icmp_signed("<" if layout.negative[axis] else ">=", strides[axis], number(0)) for axis in single
    ]
    if layout.has_order_of(c_layout(type_.shape)):
        return reduce(builder.and_, conditions, flags_are(c_flag, among=c_flag))
    if layout.has_order_of(packed_layout(type_.shape, tuple(reversed(range(type_.ndim))))):
        return reduce(builder.and_, conditions, flags_are(f_flag, among=c_flag | f_flag))
    conditions.append(flags_are(0, among=c_flag))
    axes = [axis for axis in range(type_.ndim) if axis not in single]
    for axis in axes:
        relation = "==" if not layout.ranks[axis] else "<" if layout.negative[axis] else ">"
        conditions.append(builder.icmp_signed(relation, strides[axis], number(0)))
    walked = sorted((axis for axis in axes if layout.ranks[axis]), key=lambda axis: layout.ranks[axis])
    size = {axis: builder.neg(strides[axis]) if layout.negative[axis] else strides[axis] for axis in walked}
    for faster, slower in pairwise(walked):
        relation = "==" if layout.ranks[faster] == layout.ranks[slower] else "<"
        conditions.append(builder.icmp_signed(relation, size[faster], size[slower]))
    if walked:
        relation = "==" if layout.unit else "!="
        conditions.append(builder.icmp_signed(relation, size[walked[0]], number(type_.dtype.itemsize)))
    if layout.packed or _could_be_packed(type_, axes):
        packed = _packed(builder, type_, walked, extents, strides)
        conditions.append(packed if layout.packed else builder.not_(packed))
    return reduce(builder.and_, conditions)


def _misaligned(writer: Writer, type_: Array, data: ir.Value, strides: Sequence[ir.Value]) -> ir.Value:
    """Whether an array whose flag is not set is `shifted` or `ragged`, as its type says."""
    builder, rest = writer.builder, number(type_.dtype.alignment - 1)
    steps: ir.Value = number(0)
    for axis, stride in enumerate(strides):
        if type_.shape[axis] != ONE:
            steps = builder.or_(steps, stride)
    whole = builder.icmp_signed("==", builder.and_(steps, rest), number(0))
    if type_.layout.alignment == "ragged":
        return builder.not_(whole)
    return builder.and_(whole, builder.icmp_signed("!=", builder.and_(data, rest), number(0)))


def _could_be_packed(type_: Array, axes: Sequence[int]) -> bool:
    """Whether the other facts of a layout leave it open that the elements have no gaps."""
    layout = type_.layout
    ranks = [layout.ranks[axis] for axis in axes]
    down = any(layout.negative[axis] for axis in axes)
    return layout.unit and not down and all(ranks) and len(set(ranks)) == len(ranks)


def _packed(
    builder: Any, type_: Array, walked: Sequence[int], extents: Sequence[ir.Value], strides: Sequence[ir.Value]
) -> ir.Value:
    """Whether each axis steps exactly over all that lies in the faster ones. The product may wrap: then it is not."""
    step: ir.Value = number(type_.dtype.itemsize)
    result: ir.Value = number(1, BIT)
    for axis in walked:
        result = builder.and_(result, builder.icmp_signed("==", strides[axis], step))
        step = builder.mul(step, extents[axis])
    return result


def _captures(writer: Writer, captures: Sequence[Capture]) -> None:
    """The same objects must still be there. Addresses are compared, and the code keeps the objects alive."""
    if not captures:
        return
    builder = writer.builder
    for index, capture in enumerate(captures):
        namespace = writer.object(f"capture.{index}.namespace", capture.namespace)
        wanted = writer.object(f"capture.{index}.value", capture.value)
        if isinstance(capture.namespace, CellType):
            python_api.verify_python_numbers()
            writer.require_equal(writer.load(namespace, HEADER, POINTER), wanted)
            continue
        if not isinstance(capture.namespace, dict):  # a function
            part = writer.load(namespace, python_api.function_part(capture.key), POINTER)
            writer.require_equal(part, NULL if capture.value is None else wanted)
            continue
        key = writer.object(f"capture.{index}.key", sys.intern(capture.key))
        if capture.value is ABSENT:
            writer.require_equal(writer.call("PyDict_Contains", namespace, key), number(0, INT32))
        else:
            writer.require_equal(writer.call("PyDict_GetItemWithError", namespace, key), wanted)
    rebound = builder.append_basic_block("rebound")
    writer.settle(rebound)
    with builder.goto_block(rebound):
        writer.call("PyErr_Clear")  # a key of a foreign class may have failed to compare itself
        builder.branch(writer.miss)


def _guard(writer: Writer, guard: Guard | Merges, operands: Sequence[Operand]) -> None:
    builder = writer.builder
    if isinstance(guard, Guard):
        left, right = writer.dim(guard.left), writer.dim(guard.right)
        writer.require(builder.icmp_signed(guard.relation, left, right))
        return
    operand = operands[guard.param]
    whole = builder.mul(operand.extents[guard.fast], operand.strides[guard.fast])
    writer.require(builder.icmp_signed("==" if guard.truth else "!=", operand.strides[guard.slow], whole))


def _disjoint(writer: Writer, guard: Disjoint, params: Sequence[Param], operands: Sequence[Operand]) -> None:
    """As the front end's `memory_of` has it."""
    builder = writer.builder
    (first, behind_first), (second, behind_second) = (
        _memory(builder, params[param].type, operands[param]) for param in (guard.first, guard.second)
    )
    before, after = (
        builder.icmp_unsigned("<=", behind_first, second),
        builder.icmp_unsigned("<=", behind_second, first),
    )
    apart = builder.or_(before, after)
    writer.require(apart if guard.truth else builder.not_(apart))


def _memory(builder: Any, type_: Type, operand: Operand) -> tuple[ir.Value, ir.Value]:
    """The lowest address of an array, and the one behind the highest; both 0 for one that has no element."""
    assert isinstance(type_, Array)
    (low,) = (high,) = operand.words
    empty: ir.Value = number(0, BIT)
    for length, extent, stride in zip(type_.shape, operand.extents, operand.strides, strict=True):
        if length == ONE:
            continue
        empty = builder.or_(empty, builder.icmp_signed("==", extent, number(0)))
        way = builder.mul(builder.sub(extent, number(1)), stride)
        down = builder.icmp_signed("<", way, number(0))
        low = builder.add(low, builder.select(down, way, number(0)))
        high = builder.add(high, builder.select(down, number(0), way))
    high = builder.add(high, number(type_.dtype.itemsize))
    return builder.select(empty, number(0), low), builder.select(empty, number(0), high)
