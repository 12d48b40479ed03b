"""The chosen program as NumPy code: a function that runs, and gives the result of the compiled one, bit for bit.

One assignment for each kernel; values that a kernel uses several times have a name. Checks are not written: where one
fails, the compiled function leaves the call to Python. Called by `eqsat.explain.explanation`, and by tests, which run
the code. Refused: long doubles, and the few orders of reductions that no call of NumPy's has.
"""

from __future__ import annotations

import cmath
import keyword
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.explain.indexing import extents, read, target
from eqsat.explain.literals import ATOM, Text, size, strong, weak
from eqsat.explain.operations import applied
from eqsat.explain.reductions import reduced
from eqsat.explain.written import Shape, Written, as_numpy, as_python, in_order, lies_as, packed, spread
from eqsat.ir.dims import ONE
from eqsat.ir.equalities import Equalities
from eqsat.ir.nodes import Node, Reduction
from eqsat.ir.nodes import walk as walk_nodes
from eqsat.ir.program import (
    Apply,
    Argument,
    Buffer,
    Call,
    Fold,
    Kernel,
    Known,
    Load,
    Program,
    Size,
    Term,
    children,
    walk,
)
from eqsat.ir.region import Result, Same, TupleOf
from eqsat.ir.types import Array, Scalar, packed_layout
from eqsat.ir.view import Along, View


@dataclass(frozen=True, slots=True)
class KernelCode:
    """The lines of one kernel; the last one fills its target."""

    kernel: Kernel
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A Python function. `kernels` are its lines but for the first and the last; `constants`: what it refers to."""

    name: str
    parameters: tuple[str, ...]
    kernels: tuple[KernelCode, ...]
    returns: tuple[str, ...]
    constants: Mapping[str, object]

    @property
    def lines(self) -> tuple[str, ...]:
        """The body."""
        return (*(line for kernel in self.kernels for line in kernel.lines), *self.returns)

    def __str__(self) -> str:
        return "\n".join([f"def {self.name}({', '.join(self.parameters)}):", *(f"    {line}" for line in self.lines)])

    def function(self) -> Callable[..., Any]:
        """The function itself, to be called."""
        namespace: dict[str, Any] = {"np": np, "math": math, "cmath": cmath, **self.constants}
        exec(compile(str(self), f"<code of {self.name}>", "exec"), namespace)
        found: Callable[..., Any] = namespace[self.name]
        return found


def numpy_code(program: Program) -> Code:
    """The code of a program. Arrays that were found in globals are `constants` of the code, under their names."""
    return _Writer(program).run()


@dataclass(slots=True)
class _Writer:
    program: Program
    names: list[str] = field(default_factory=list[str])
    taken: set[str] = field(default_factory=set[str])
    constants: dict[str, object] = field(default_factory=dict[str, object])
    same: Equalities = field(init=False)
    plain: dict[int, Written] = field(default_factory=dict[int, Written])
    named: set[int] = field(default_factory=set[int])
    lines: list[str] = field(default_factory=list[str])
    kernels: list[KernelCode] = field(default_factory=list[KernelCode])

    def __post_init__(self) -> None:
        self.same = Equalities(self.program.region.guards)
        self.taken = {"np", "math", "cmath", "w", "k", "j"}
        for param in self.program.region.params:
            self.names.append(self.unique(param.name))
        self.taken |= {kernel.target.name for kernel in self.program.kernels}

    def run(self) -> Code:
        region = self.program.region
        needed = _needed(self.program)
        for kernel in self.program.kernels:
            if kernel.window is not None or kernel.target in needed:
                self.kernel(kernel)
        returned = self.result(region.result)
        returns = (*self.lines, f"return {returned}")
        parameters = tuple(
            name for name, param in zip(self.names, region.params, strict=True) if param.captured is None
        )
        captured = {
            name: param.captured
            for name, param in zip(self.names, region.params, strict=True)
            if param.captured is not None
        }
        name = region.name if region.name.isidentifier() else "function"
        return Code(name, parameters, tuple(self.kernels), returns, {**captured, **self.constants})

    def unique(self, name: str) -> str:
        stem = re.sub(r"\W", "_", name)
        stem = f"_{stem}" if not stem.isidentifier() or keyword.iskeyword(stem) else stem
        found, count = stem, 1
        while found in self.taken:
            count += 1
            found = f"{stem}_{count}"
        self.taken.add(found)
        return found

    def letter(self, letter: str) -> str:
        number = 0
        while f"{letter}{number}" in self.taken:
            number += 1
        self.taken.add(f"{letter}{number}")
        return f"{letter}{number}"

    def shape(self, shape: Shape) -> Shape:
        return tuple(map(self.same.resolve, shape))

    # Kernels ----------------------------------------------------------------------------------------------------------

    def kernel(self, kernel: Kernel) -> None:
        term, window = kernel.term, kernel.window
        shape = self.shape(kernel.target.shape if window is None else window.shape)
        if isinstance(term, Fold):
            value = self.fold(term, kernel.target)
        elif isinstance(term, Call):
            value = self.call(term, kernel.target)
        else:
            value = self.term(term, shape)
        if window is not None:
            where = read(self.name(kernel.target), self.array(kernel.target), self.view(window.view), shape, self.names)
            last = f"{target(where)} = {value.source}"
        else:
            last = f"{self.name(kernel.target)} = {self.filled(value, kernel.target, shape).source}"
        self.kernels.append(KernelCode(kernel, (*self.lines, last)))
        self.lines.clear()

    def filled(self, value: Written, buffer: Buffer, shape: Shape) -> Written:
        """The value as new memory in the buffer's shape and order."""
        if not shape:
            return as_numpy(value)
        if not value.is_array:
            text = Text(f"np.full({extents(shape, self.names)}, {as_numpy(value).source})")
            value = packed(text, value.dtype, shape, tuple(range(len(shape))))
        if not value.covers(shape):
            value = spread(value, shape, extents(shape, self.names))
        if not value.fresh:
            return _copied(value, buffer.order)
        return value if lies_as(value, shape, buffer.order) else in_order(value, buffer.order)

    def fold(self, fold: Fold, buffer: Buffer) -> Written:
        space = self.shape(fold.extents)
        arg = self.term(fold.arg, space)
        unconverted = None
        if isinstance(fold.arg, Apply) and fold.arg.name == "cast" and fold.arg.signature[-1] == fold.dtype.char:
            unconverted = self.plain[id(fold.arg.args[0])]
            if not unconverted.is_array:
                unconverted = None
        if not arg.is_array:
            arg = as_numpy(arg)
        resolved = Fold(fold.reduction, space, fold.arg, fold.dtype)
        return reduced(resolved, space, buffer, arg, unconverted, self.names, self.as_written)

    def as_written(self, fold: Fold) -> bool:
        """Whether the region reduces an argument as it lies, in this order."""
        return any(
            node.op == "reduce"
            and isinstance(node.attr, Reduction)
            and node.attr == fold.reduction
            and node.args[0].op in ("param", "view", "real", "imag")
            for node in walk_nodes(self.program.region.roots())
        )

    def call(self, call: Call, buffer: Buffer) -> Written:
        args: list[Written] = []
        for arg, shape in zip(call.args, call.shapes, strict=True):
            shape = self.shape(shape)
            value = self.term(arg, shape)
            if shape and not value.covers(shape):
                value = spread(value, shape, extents(shape, self.names))
            args.append(value if shape else as_numpy(value))
        sources = [one.source for one in args]
        if call.name == "matmul":
            left, right = (one.text for one in args)
            text = Text(f"{left.within(10)} @ {right.within(11)}", 10)
        elif call.name in ("inv", "solve", "det"):
            text = Text(f"np.linalg.{call.name}({', '.join(sources)})")
        else:
            name = getattr(call.attr, "name", None)
            function = getattr(call.attr, "function", None)
            if not isinstance(name, str) or function is None:
                raise UnsupportedError(f"a call of {call.name} is not written as NumPy code")
            name = re.sub(r"\W", "_", name)
            self.constants[name] = function
            text = Text(f"{name}({', '.join(sources)})")
        if not buffer.shape:
            return Written(text, call.dtype, "numpy")
        return packed(text, call.dtype, self.shape(buffer.shape), tuple(range(len(buffer.shape))))

    # Terms ------------------------------------------------------------------------------------------------------------

    def term(self, root: Term, space: Shape) -> Written:
        """A term over a space; what is used more than once and is no leaf has a line of its own in front."""
        uses: dict[int, int] = {}
        for part in walk([root]):
            for child in children(part):
                uses[id(child)] = uses.get(id(child), 0) + 1
        self.plain.clear()
        self.named.clear()
        for part in walk([root]):
            written = self.part(part, space)
            if isinstance(part, Apply) and uses.get(id(part), 0) > 1:
                name = self.letter("s")
                self.lines.append(f"{name} = {written.source}")
                written = written.called(name)
                self.named.add(id(part))
            self.plain[id(part)] = written
        return self.plain[id(root)]

    def part(self, part: Term, space: Shape) -> Written:
        match part:
            case Load(buffer, view):
                return self.load(buffer, view, space)
            case Known(constant):
                text = weak(constant)
                if text is None:
                    return Written(strong(constant), constant.dtype, "numpy")
                return Written(text, constant.dtype, "python")
            case Argument(param, dtype):
                type_ = self.program.region.params[param].type
                assert isinstance(type_, Scalar)
                return Written(Text(self.names[param]), dtype, type_.kind)
            case Size(dim, dtype):
                return Written(size(self.same.resolve(dim), self.names), dtype, "python")
            case Apply(args=args):
                plain = [self.plain[id(arg)] for arg in args]
                return applied(part, plain, [self.candidates(arg) for arg in args], len(space))
            case _:
                raise UnsupportedError(f"a {type(part).__name__} inside a term is not written as NumPy code")

    def candidates(self, term: Term) -> list[Written]:
        """Ways to write an operand, the shortest first."""
        plain = self.plain[id(term)]
        found: list[Written] = []
        if isinstance(term, Known) and plain.kind == "python":
            return [plain, Written(strong(term.constant), plain.dtype, "numpy")]
        if isinstance(term, Apply) and term.name == "cast" and id(term) not in self.named:
            found += self.candidates(term.args[0])
        found.append(plain)
        if plain.kind == "python":
            found.append(as_numpy(plain))
        return found

    def load(self, buffer: Buffer, view: View, space: Shape) -> Written:
        if not buffer.shape and buffer.role != "param":
            return Written(Text(self.name(buffer)), buffer.dtype, "numpy")
        return read(self.name(buffer), self.array(buffer), self.view(view), space, self.names)

    def name(self, buffer: Buffer) -> str:
        return buffer.name if buffer.param is None else self.names[buffer.param]

    def array(self, buffer: Buffer) -> Array:
        shape = self.shape(buffer.shape)
        if buffer.param is None:
            return Array(buffer.dtype, shape, packed_layout(shape, buffer.order))
        type_ = self.program.region.params[buffer.param].type
        assert isinstance(type_, Array)
        return Array(buffer.dtype, shape, type_.layout)

    def view(self, view: View) -> View:
        return View(tuple(Along(a.axis, self.same.resolve(a.start), a.step) for a in view.axes), view.rank)

    # Results ----------------------------------------------------------------------------------------------------------

    def result(self, result: Result) -> str:
        if isinstance(result, TupleOf):
            inner = ", ".join(map(self.result, result.items))
            return f"({inner},)" if len(result.items) == 1 else f"({inner})"
        if isinstance(result, Same):
            return self.constant(result.value)
        value = self.program.values.get(result)
        if value is None:
            return self.viewed(result).source
        if isinstance(value, Buffer):
            name = self.name(value)
            if value.shape or value.role == "param":
                return name
            return self.number(Written(Text(name), value.dtype, "numpy"), result)
        return self.number(self.term(value, ()), result)

    def number(self, value: Written, node: Node) -> str:
        """A number as the object that the function returns."""
        if isinstance(node.type, Array):
            return f"np.array({as_numpy(value).source})"
        assert isinstance(node.type, Scalar)
        if node.op == "param":
            return value.source
        return (as_python if node.type.kind == "python" else as_numpy)(value).source

    def constant(self, value: object) -> str:
        plain = type(value) in (type(None), bool, int, str, bytes)
        if plain or (isinstance(value, float) and type(value) is float and math.isfinite(value)):
            return repr(value)
        name = self.letter("c")
        self.constants[name] = value
        return name

    def viewed(self, node: Node) -> Written:
        """A view of an argument."""
        assert isinstance(node.type, Array)
        if node.op == "param":
            assert isinstance(node.attr, int)
            shape = self.shape(node.type.shape)
            return Written(Text(self.names[node.attr]), node.type.dtype, "array", shape, node.type.layout, len(shape))
        below = self.viewed(node.args[0])
        if node.op in ("real", "imag"):
            text = Text(f"{below.text.within(ATOM)}.{node.op}")
            return Written(text, node.type.dtype, "array", below.shape, node.type.layout, below.ndim)
        if node.op != "view" or not isinstance(node.attr, View):
            raise UnsupportedError(f"a result that is a {node.op} is not written as NumPy code", node.span)
        shape = self.shape(node.type.shape)
        source = Array(below.dtype, below.shape, below.layout or packed_layout(below.shape, ()))
        found = read(below.text.within(ATOM), source, self.view(node.attr), shape, self.names)
        if not found.is_array:  # one element, as an array
            places = [found.source.removesuffix("]")] if source.shape else [f"{below.text.within(ATOM)}["]
            ones = ["None"] * len(shape) or ["..."]
            text = ", ".join([*places, *ones]) if source.shape else places[0] + ", ".join(ones)
            found = Written(Text(f"{text}]"), found.dtype, "array", (ONE,) * len(shape), node.type.layout, len(shape))
        if not found.covers(shape):
            found = spread(found, shape, extents(shape, self.names))
        return found


def _copied(value: Written, order: Sequence[int]) -> Written:
    """A copy of what others may refer to, with its axes in this order."""
    order = tuple(order)
    rank = len(order)
    base = value.text.within(ATOM)
    if order == tuple(range(rank)):
        source = f"{base}.copy()"
    elif order == tuple(reversed(range(rank))):
        source = f'{base}.copy(order="F")'
    else:
        back = tuple(order.index(axis) for axis in range(rank))
        source = f"{base}.transpose{order}.copy().transpose{back}"
    return packed(Text(source), value.dtype, value.shape, order)


def _needed(program: Program) -> set[Buffer]:
    """The buffers that results, and writes into arguments, are computed from."""
    results = set(program.region.result_nodes())
    needed = {value for node, value in program.values.items() if node in results and isinstance(value, Buffer)}
    for kernel in reversed(program.kernels):
        if kernel.window is not None or kernel.target in needed:
            needed.update(part.buffer for part in walk([kernel.term]) if isinstance(part, Load))
    return needed


__all__ = ["Code", "KernelCode", "numpy_code"]
