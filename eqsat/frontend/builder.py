"""The builder: makes typed nodes of NumPy's operations, with NumPy's dtypes, shapes and memory orders.

Called by the translation of Python's syntax and by the functions of the NumPy library. Where NumPy or Python would
raise for these types and sizes it raises `PythonRaises`; what eqsat has no node for it refuses with
`UnsupportedError`. What was decided by a size stands in `guards`, what must hold of values in `checks`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal
from typing import cast as typed

import numpy as np

from eqsat.errors import PythonRaises, TypingError, UnknownNumberError, UnsupportedError
from eqsat.frontend import sizes_now
from eqsat.frontend.backwards import UnknownDirection, backwards
from eqsat.frontend.broadcast import broadcast_shapes, broadcast_view
from eqsat.frontend.computed import computed
from eqsat.frontend.facts import Facts, is_local
from eqsat.frontend.formula import formula
from eqsat.frontend.indexing import expand_items, index_view, read_item
from eqsat.frontend.layout import copy_layout, ordered_layout, part_layout, result_layout, view_layout
from eqsat.frontend.promotion import (
    check_supported,
    operand_type,
    resolve_loop,
    result_type,
    where_wraps,
)
from eqsat.frontend.recorder import Recorder
from eqsat.frontend.values import Known, SliceValue, TupleValue, Value
from eqsat.frontend.weak import convert_weak, fits, without_long_integers
from eqsat.ir import signature
from eqsat.ir.body import Statement
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.equalities import symbols
from eqsat.ir.nodes import Constant, Node, constant_node, dim_node
from eqsat.ir.ops import UFUNCS
from eqsat.ir.region import Guard, Merges, Relation
from eqsat.ir.span import Span
from eqsat.ir.types import Array, DType, Layout, Scalar, Type, part_dtype, shape_of
from eqsat.ir.view import View, identity

PYTHON_INT = Scalar(np.dtype(np.int64), "python")
PYTHON_BOOL = Scalar(np.dtype(np.bool_), "python")
PYTHON_TYPES: dict[type, Scalar] = {
    bool: PYTHON_BOOL,
    int: PYTHON_INT,
    float: Scalar(np.dtype(np.float64), "python"),
    complex: Scalar(np.dtype(np.complex128), "python"),
}
COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
INT64 = range(-(2**63), 2**63)


class Builder:
    """Nodes, and what they take for granted.

    `sizes` are the lengths of the argument's axes and the integer arguments of the call that is compiled for;
    `strides`, in bytes, are needed only where the order of a reduction depends on how a strided argument lies.
    `readonly` are the arrays that NumPy makes read-only: of `np.broadcast_to`, and the `.imag` of real numbers;
    `locked` those arguments that are read-only. `places` tells where names got their values last, for messages.
    """

    def __init__(self, sizes: Mapping[Symbol, int], strides: Mapping[Symbol, int] | None = None) -> None:
        self.facts = Facts(sizes, strides)
        self.facts.now = self
        self.recorder = Recorder()
        self.readonly: set[Node] = set()
        self.locked: set[Node] = set()
        self.places: dict[str, Span] = {}

    @property
    def checks(self) -> list[Node]:
        """What must hold of values, while the function is not yet in order."""
        return self.recorder.checks

    @property
    def guards(self) -> list[Guard | Merges]:
        """What was decided by sizes so far."""
        return self.facts.guards

    @property
    def sizes(self) -> dict[Symbol, int]:
        """Today's sizes."""
        return self.facts.sizes

    # Values ---------------------------------------------------------------------------------------------------

    def param(self, index: int, type: Type, span: Span) -> Node:
        """Argument number `index`."""
        return Node("param", (), index, type, span)

    def node(self, value: Value, span: Span) -> Node:
        """The value as a node; a known number becomes a constant."""
        if isinstance(value, Node):
            return value
        if isinstance(value, Known):
            number = value.value
            if type(number) in PYTHON_TYPES:
                type_ = PYTHON_TYPES[type(number)]
                if isinstance(number, int) and number not in INT64:
                    raise UnsupportedError(
                        "an integer beyond 64 bits is computed with",
                        span,
                        f"value: {number}",
                        "use a float, or np.uint64(...)",
                    )
                return Node("constant", (), Constant.of(number, type_.dtype), type_, span)
            if isinstance(number, np.generic):
                check_supported(number.dtype, "this constant", span)
                return self.constant(number, number.dtype, span)
        what = "a tuple or list" if isinstance(value, TupleValue) else "a slice"
        if isinstance(value, Known):
            what = f"{value.value!r}" if len(repr(value.value)) < 40 else f"a {type(value.value).__name__}"
        raise UnsupportedError(
            f"{what} is used as a number or array", span, instead="use numbers, NumPy scalars and np.ndarray arguments"
        )

    def constant(self, value: object, dtype: DType, span: Span) -> Node:
        """A NumPy scalar."""
        return constant_node(value, dtype, span)

    def check(self, condition: Node) -> None:
        """Run the undecorated function whenever `condition` is false."""
        self.recorder.check(condition)

    # Order ----------------------------------------------------------------------------------------------------

    def emit(self, statement: Statement) -> None:
        """This happens now, in the block that is open; the function is in order from here on."""
        self.recorder.emit(statement)

    def library(self, op: str, args: Sequence[Node], attr: object, type: Type, span: Span) -> Node:
        """An operation of `eqsat.ir.ops.LIBRARY`, run at this place."""
        self.recorder.start()
        return Node(op, tuple(args), attr, type, span)

    def number(self, node: Node, estimate: int = 64) -> Dim:
        """A Python int that is computed in the function as a size: a symbol of its own. `estimate`: for costs."""
        found = self.recorder.number(node)
        (symbol,) = symbols(found)
        self.sizes.setdefault(symbol, estimate)
        return found

    def limited(self, value: Dim, low: Dim, high: Dim, span: Span) -> Dim:
        """`min(max(value, low), high)` as a size, where `low <= high`."""
        today = self.facts.today
        found = self.number(sizes_now.limited(value, low, high, span), max(min(today(value), today(high)), today(low)))
        self.facts.assume(Guard(found, ">=", low, span))
        self.facts.assume(Guard(high, ">=", found, span))
        return found

    def counter(self, estimate: int, span: Span) -> Node:
        """The counter of a loop; `estimate`: for costs."""
        node = self.recorder.counter(PYTHON_INT, span)
        self.number(node, estimate)
        return node

    def truth_node(self, value: bool | Node, span: Span) -> Node:
        """A truth as a bool node."""
        return value if isinstance(value, Node) else self.node(Known(value), span)

    def size_node(self, value: Dim, span: Span) -> Node:
        """A size as a node."""
        return dim_node(value, PYTHON_INT, span)

    def wrapped(self, index: Dim, extent: Dim, span: Span) -> Dim:
        """The index, from the end if it is negative, as a size."""
        today = self.facts.today(index)
        estimate = today if today >= 0 else today + self.facts.today(extent)
        return self.number(sizes_now.wrapped(index, extent, span), estimate)

    def expect(self, guard: Guard) -> None:
        """Check that a relation of sizes holds from here on."""
        self.check(sizes_now.holds(guard))

    def leave_to_python(self, span: Span) -> None:
        """For calls of these types and sizes run the undecorated function: NumPy warns of them, each time."""
        self.check(self.node(Known(False), span))

    # Sizes ----------------------------------------------------------------------------------------------------

    def decide(self, left: Dim, relation: Relation, right: Dim, span: Span, *, expected: bool | None = None) -> bool:
        """Whether the relation holds today; recorded as a guard where it might not hold in another call."""
        return self.facts.decide(left, relation, right, span, expected=expected)

    def dim(self, value: Value, span: Span) -> Dim:
        """The value, an integer, as a formula over sizes."""
        if isinstance(value, Known) and isinstance(value.value, int | np.integer):
            return dim(int(value.value))
        if isinstance(value, Node) and isinstance(value.type, Scalar) and value.type.dtype.kind in "iub":
            found = formula(value, self.recorder.numbered)
            return self.number(self.python_int(value, span)) if found is None else found
        raise PythonRaises(f"{value} is no size or bound", span)

    def formula(self, node: Node) -> Dim | None:
        """The integer as a formula over sizes, where it is one already."""
        return formula(node, self.recorder.numbered)

    def python_int(self, node: Node, span: Span) -> Node:
        """An integer of NumPy's or Python's as a Python int."""
        if node.type == PYTHON_INT:
            return node
        if self.numeric(node, span).dtype == np.dtype(np.uint64):
            limit = self.constant(2**63 - 1, np.dtype(np.uint64), span)
            self.check(Node("py.le", (node, limit), None, PYTHON_BOOL, span))
        return Node("py.int", (node,), None, PYTHON_INT, span)

    def static_int(self, value: Value, span: Span) -> int:
        """The value as a number that this specialization is for."""
        formula = self.dim(value, span)
        if is_local(formula):
            raise UnknownNumberError(
                "this number must be known before the call", span, instead="use a constant, or an integer argument"
            )
        number = self.facts.today(formula)
        self.decide(formula, "==", dim(number), span)
        return number

    def static_bool(self, value: Value, span: Span) -> bool:
        """The truth of a value that must be known now."""
        if isinstance(value, Known):
            return bool(value.value)
        if isinstance(value, Node) and isinstance(value.type, Scalar) and value.type.dtype.kind in "bi":
            return self.static_int(value, span) != 0
        raise UnsupportedError(
            "this truth value must be known before the call", span, instead="use a literal, or an integer argument"
        )

    # Elementwise ----------------------------------------------------------------------------------------------

    def elementwise(self, ufunc: np.ufunc, args: Sequence[Value], span: Span, *, dtype: DType | None = None) -> Node:
        """A ufunc of broadcast operands; a NumPy scalar if no operand has axes, as NumPy's ufuncs return."""
        name = ufunc.__name__
        if UFUNCS.get(name) is None or UFUNCS[name].ufunc is not ufunc:
            raise UnsupportedError(f"np.{name} is not compiled yet", span)
        if len(args) != ufunc.nin:
            raise PythonRaises(f"{name} takes {ufunc.nin} arguments", span)
        if name in COMPARISONS:
            settled = self._settled_comparison(name, args, span)
            if settled is not None:
                return settled
        args = without_long_integers(args)
        operands = [self.node(arg, span) for arg in args]
        if all(isinstance(arg, Known) for arg in args) and dtype is None:
            result = computed(ufunc, [arg.value for arg in args if isinstance(arg, Known)], span)
            if result is not None:
                return self.constant(result, result.dtype, span)
        types = [self.numeric(operand, span) for operand in operands]
        inputs, output = resolve_loop(ufunc, [operand_type(t) for t in types], span, dtype)
        result = self._result_type(types, output, "numpy", span)
        made = self._aligned(operands, inputs, shape_of(result), span)
        return Node(name, made, self._signature(name, operands, inputs, result, span), result, span)

    def _signature(
        self, name: str, operands: Sequence[Node], inputs: Sequence[DType], result: Scalar | Array, span: Span
    ) -> str:
        """The loop, and which operands NumPy hands to it backwards, where that changes bits."""
        chars = [dtype.char for dtype in inputs]
        if not isinstance(result, Array) or chars[0] not in UFUNCS[name].directed:
            return signature.write(chars, result.dtype.char)
        try:
            down = backwards(operands, inputs, result, self.spread, self.facts, span)
        except UnknownDirection:
            self.leave_to_python(span)
            down = ()
        return signature.write(chars, result.dtype.char, down)

    def select(self, cond: Value, then: Value, other: Value, span: Span) -> Node:
        """`np.where`: unlike a ufunc, it returns an array even of scalars."""
        operands = [self.node(value, span) for value in (cond, then, other)]
        types = [self.numeric(operand, span) for operand in operands]
        common = result_type([operand_type(t) for t in types[1:]], span)
        result = self._result_type(types, common, "array", span)
        if where_wraps():
            operands[1:] = [
                self._cast_scalar(node, common, span) if type_ == PYTHON_INT else node
                for node, type_ in zip(operands[1:], types[1:], strict=True)
            ]
        made = self._aligned(operands, (np.dtype(np.bool_), common, common), shape_of(result), span)
        return Node("select", made, None, result, span)

    def cast(self, x: Value, dtype: DType, span: Span) -> Node:
        """`x.astype(dtype)`, always fresh memory; of a scalar, the NumPy scalar of that type."""
        check_supported(dtype, "this conversion", span)
        node = self.node(x, span)
        type_ = self.numeric(node, span)
        if isinstance(type_, Array):
            result = Array(dtype, type_.shape, copy_layout(type_))
            return Node("copy" if type_.dtype == dtype else "cast", (node,), None, result, span)
        if type_.kind == "python" and type_.dtype.kind in "ifc":
            return convert_weak(node, dtype, span, self.check)
        return self._cast_scalar(node, dtype, span)

    def _cast_scalar(self, node: Node, dtype: DType, span: Span) -> Node:
        if node.op == "constant":
            with np.errstate(all="ignore"), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with np.errstate(all="warn"):
                    value = typed(Constant, node.attr).value.astype(dtype)
            if not caught:
                return self.constant(value, dtype, span)
        return Node("cast", (node,), None, Scalar(dtype, "numpy"), span)

    def numeric(self, node: Node, span: Span) -> Scalar | Array:
        """The type of a node that must be a number or an array of numbers."""
        if isinstance(node.type, Scalar | Array):
            return node.type
        raise TypingError(f"{node.type} is used as a number or array", span)

    def _settled_comparison(self, name: str, args: Sequence[Value], span: Span) -> Node | None:
        """A comparison with an integer beyond the range of the other operand's type, which NumPy answers exactly."""
        for k, arg in enumerate(args):
            number, other = _weak_int(arg), args[1 - k]
            if number is None or not isinstance(other, Node) or not isinstance(other.type, Scalar | Array):
                continue
            if isinstance(other.type, Scalar) and other.type.kind == "python":
                continue
            if other.type.dtype.kind not in "iu" or fits(number, other.type.dtype):
                continue
            ordered = (0, number) if k else (number, 0)
            truth = bool(getattr(np, name)(*ordered))
            return self.elementwise(np.equal if truth else np.not_equal, (other, other), span)
        return None

    def _result_type(self, types: Sequence[Scalar | Array], dtype: DType, scalars: str, span: Span) -> Scalar | Array:
        arrays = [t for t in types if isinstance(t, Array)]
        shape = broadcast_shapes([t.shape for t in arrays], self.facts, span)
        if not shape and (scalars == "numpy"):
            return Scalar(dtype, "numpy")
        return Array(dtype, shape, result_layout(arrays, shape))

    def _aligned(
        self, operands: Sequence[Node], dtypes: Sequence[DType], shape: tuple[Dim, ...], span: Span
    ) -> tuple[Node, ...]:
        """The operands with the dtypes of the loop and the shape of the result; scalars stay scalars."""
        pairs = zip(operands, dtypes, strict=True)
        return tuple(self.spread(self.coerce(node, dtype, span), shape, span) for node, dtype in pairs)

    def coerce(self, node: Node, dtype: DType, span: Span) -> Node:
        """The operand as a loop of `dtype` reads it; unlike `cast` it makes nothing where nothing changes."""
        type_ = self.numeric(node, span)
        if type_.dtype == dtype:
            return node
        return self.cast(node, dtype, span)

    def spread(self, node: Node, shape: tuple[Dim, ...], span: Span) -> Node:
        """The operand as it is read over the shape of the result."""
        if not isinstance(node.type, Array) or node.type.ndim == 0:
            return node
        view = broadcast_view(node.type.shape, shape)
        if view == identity(len(shape)):
            return node
        whole = node
        while whole.op == "view":
            whole = whole.args[0]
        if isinstance(whole.type, Array) and whole.type.ndim == 0:
            return whole  # what has no axes is read by every index as it stands
        return self.view(node, view, shape, span)

    # Movement -------------------------------------------------------------------------------------------------

    def view(self, x: Node, view: View, shape: tuple[Dim, ...], span: Span) -> Node:
        """The elements of array `x` under another index map; views of views become one."""
        source = x.type
        assert isinstance(source, Array)
        result = Array(source.dtype, shape, view_layout(source, view, shape))
        return Node("view", (x,), view, result, span)

    def part(self, name: Literal["real", "imag"], x: Node, span: Span) -> Node:
        """The real or imaginary parts of complex numbers; of an array, in its own memory."""
        source = self.numeric(x, span)
        dtype = part_dtype(source.dtype)
        if isinstance(source, Scalar):
            return Node(name, (x,), None, Scalar(dtype, source.kind), span)
        return Node(name, (x,), None, Array(dtype, source.shape, part_layout(source)), span)

    def broadcast(self, x: Node, shape: tuple[Dim, ...], span: Span) -> Node:
        """`np.broadcast_to`."""
        source = self.numeric(x, span)
        if isinstance(source, Scalar):
            raise UnsupportedError("broadcasting a number to a shape is not compiled yet", span)
        if len(source.shape) > len(shape):
            raise PythonRaises("input operand has more dimensions than allowed", span)
        joint = broadcast_shapes([source.shape, shape], self.facts, span)
        for mine, wanted in zip(joint, shape, strict=True):
            if not self.decide(mine, "==", wanted, span):
                raise PythonRaises(f"cannot broadcast {mine} to {wanted}", span)
        made = self.view(x, broadcast_view(source.shape, joint), joint, span)
        self.readonly.add(made)
        return made

    def index(self, x: Node, items: tuple[Value, ...], span: Span) -> Node:
        """`x[items]`, basic indexing. Integers for every axis give a NumPy scalar, with `...` an array."""
        source = self.numeric(x, span)
        if isinstance(source, Scalar):
            raise UnsupportedError("a number is indexed", span, f"have: {source}", "index arrays only")
        whole = expand_items(items, source.ndim, span)
        steps = [self._step_now(item, span) for item in whole]
        if any(step is not None for step in steps):
            return self._striding(x, whole, steps, span)
        read = [read_item(i, lambda v: self.dim(v, span), lambda v: self.static_int(v, span), span) for i in whole]
        view, shape = index_view(source.shape, read, self.facts, span)
        if not shape and not any(isinstance(i, Known) and i.value is Ellipsis for i in items):
            return Node("view", (x,), view, Scalar(source.dtype, "numpy"), span)
        return self.view(x, view, shape, span)

    def _step_now(self, item: Value, span: Span) -> Dim | None:
        """The step of a slice, if it is computed in the function."""
        if not isinstance(item, SliceValue) or isinstance(item.step, Known):
            return None
        step = self.dim(item.step, span)
        return step if is_local(step) else None

    def _striding(self, x: Node, items: Sequence[Value], steps: Sequence[Dim | None], span: Span) -> Node:
        """Slices whose steps are computed in the function, and positive: of the slices without steps, every so many."""
        plain = [
            SliceValue(item.start, item.stop, Known(None))
            if step is not None and isinstance(item, SliceValue)
            else item
            for item, step in zip(items, steps, strict=True)
        ]
        whole = self.index(x, tuple(plain), span)
        assert isinstance(whole.type, Array)
        kept = [s for i, s in zip(items, steps, strict=True) if isinstance(i, SliceValue) or i == Known(None)]
        by_axis: list[Dim] = []
        shape = list(whole.type.shape)
        for axis, step in enumerate(kept):
            if step is None:
                by_axis.append(dim(1))
                continue
            if not self.decide(step, ">=", dim(1), span, expected=True):
                raise PythonRaises("slice step cannot be zero", span)
            by_axis.append(step)
            estimate = -(-self.facts.today(shape[axis]) // max(self.facts.today(step), 1))
            shape[axis] = self.number(sizes_now.steps_in(shape[axis], step, span), estimate)
            self.facts.assume_length(shape[axis])
        found = whole.type.layout.alignment
        layout = replace(
            whole.type.layout, packed=False, unit=False, alignment="unknown" if found == "ragged" else found
        )
        return Node("stride", (whole,), tuple(by_axis), Array(whole.type.dtype, tuple(shape), layout), span)

    def copy(self, x: Node, order: str, span: Span) -> Node:
        """A fresh array, in order `C`, `F`, `A` or `K`."""
        source = self.numeric(x, span)
        assert isinstance(source, Array)
        layout = ordered_layout(source, order, span)
        return Node("copy", (x,), None, Array(source.dtype, source.shape, layout), span)

    # Facts about values ---------------------------------------------------------------------------------------

    def size(self, value: Dim, span: Span) -> Value:
        """A length as the Python int that it is."""
        return Known(value.const) if value.is_const else dim_node(value, PYTHON_INT, span)

    def joint_type(self, operands: Sequence[Node], span: Span) -> Array:
        """The array type of an elementwise result of operands of which one has axes; its dtype is the first one's."""
        types = [self.numeric(node, span) for node in operands]
        joint = self._result_type(types, types[0].dtype, "array", span)
        assert isinstance(joint, Array)
        return joint

    def element(self, x: Node, span: Span) -> Node:
        """The number in an array without axes."""
        return Node("view", (x,), View((), 0), Scalar(self.numeric(x, span).dtype, "numpy"), span)

    def ndim(self, x: Node) -> int:
        """The number of axes."""
        return len(shape_of(self.numeric(x, x.span)))

    def ordered(self, x: Node, order: str, span: Span) -> Layout:
        """The layout that a copy of array `x` has in NumPy's `order`."""
        assert isinstance(x.type, Array)
        return ordered_layout(x.type, order, span)

    def shape(self, x: Value, span: Span) -> tuple[Dim, ...]:
        """The dimensions of a number or array."""
        return shape_of(self.numeric(self.node(x, span), span))


def _weak_int(value: Value) -> int | None:
    """The Python int, where it is known."""
    if isinstance(value, Known):
        return value.value if type(value.value) is int else None
    if isinstance(value, Node) and value.op == "constant" and value.type == PYTHON_INT:
        return int(typed(Constant, value.attr).value)
    return None
