"""The loop-nest IR: what runs in which order over which memory. Pure data, printable; no instruction in it.

A `Nest` does the work of one kernel (or of several that share a loop). Loops are listed from the outside in, and
every place where memory is read or written is an `Access`: a start and one step in bytes per loop. Made by
`lowering.nests`, printed by `show`, turned into instructions by `lowering.rows`, `folds` and `kernels`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from eqsat.ir.dims import ONE, ZERO, Dim, dim
from eqsat.ir.opaque import Opaque
from eqsat.ir.ops import STRUCTURAL
from eqsat.ir.program import Apply, Argument, Buffer, Call, Fold, Known, Load, Size, Term, children
from eqsat.ir.signature import plain
from eqsat.ir.types import DType


@dataclass(frozen=True, slots=True)
class Bytes:
    """A distance in bytes: `fixed` plus, for each pair, so many times the stride of that axis of the parameter.

    Strides that the type of the parameter determines are in `fixed`; the others are read from the frame.
    """

    fixed: Dim = ZERO
    strides: tuple[tuple[int, Dim], ...] = ()

    def __add__(self, other: Bytes) -> Bytes:
        sums = dict(self.strides)
        for axis, count in other.strides:
            sums[axis] = sums.get(axis, ZERO) + count
        return Bytes(self.fixed + other.fixed, tuple(sorted((a, c) for a, c in sums.items() if c != ZERO)))

    def times(self, count: Dim | int) -> Bytes:
        """This distance `count` times."""
        scaled = ((axis, have * count) for axis, have in self.strides)
        return Bytes(self.fixed * count, tuple((a, c) for a, c in scaled if c != ZERO))

    @property
    def known(self) -> int | None:
        """The number, if it is one."""
        return self.fixed.const if self.fixed.is_const and not self.strides else None

    def __str__(self) -> str:
        parts = [] if self.fixed == ZERO and self.strides else [str(self.fixed)]
        for axis, count in self.strides:
            parts.append(f"s{axis}" if count == ONE else f"({count})*s{axis}")
        return " + ".join(parts)


NO_BYTES = Bytes()


@dataclass(frozen=True, slots=True)
class Axis:
    """A loop variable and how often it runs."""

    name: str
    extent: Dim


@dataclass(frozen=True, slots=True)
class Access:
    """Where `buffer` is touched: `start` plus, for each loop that matters, its variable times a step."""

    buffer: Buffer
    start: Bytes
    steps: tuple[tuple[str, Bytes], ...]

    def step(self, name: str) -> Bytes:
        """How far one turn of loop `name` moves."""
        return dict(self.steps).get(name, NO_BYTES)

    @property
    def loops(self) -> frozenset[str]:
        """The loops on which the place depends."""
        return frozenset(name for name, _ in self.steps)

    def __str__(self) -> str:
        size = self.buffer.dtype.itemsize
        parts: list[str] = []
        for name, step in self.steps:
            known = step.known
            if known == 0:
                continue
            if known is not None and known % size == 0:
                parts.append({1: name, -1: f"-{name}"}.get(known // size, f"{known // size}*{name}"))
            else:
                parts.append(f"{name}:({step})")
        if self.start != NO_BYTES or not parts:
            known = self.start.known
            parts.append(str(known // size) if known is not None and known % size == 0 else f"@({self.start})")
        return f"{self.buffer}[{', '.join(parts)}]"


Accesses = Mapping[Load, Access]


@dataclass(frozen=True, slots=True, eq=False)
class Let:
    """Compute these terms here, once, as single numbers; what stands inside the loops below uses them."""

    terms: tuple[Term, ...]
    accesses: Accesses


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """Run `body` for each value of the variable, in order."""

    axis: Axis
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A row's worth of values of one term, kept on the stack: `number` tells blocks apart within a row.

    `backwards`: the last element comes first, for a loop of NumPy's that shall get a negative stride.
    """

    number: int
    dtype: DType
    backwards: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.backwards else ''}b{self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Compute:
    """One vector loop over a block: evaluate each term and put it into its block."""

    results: tuple[tuple[Term, Block], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Borrow:
    """Let NumPy's own inner loop compute `term` over a block.

    `args` are blocks; None stands for an argument that does not vary along the row.
    """

    term: Apply
    args: tuple[Block | None, ...]
    into: Block


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """How `term` is evaluated along `axis`: block by block through `stages`, then the rest in one vector loop.

    The last loop reads the terms that the stages have put into blocks. Without stages there are no blocks.
    """

    axis: Axis
    term: Term
    accesses: Accesses
    stages: tuple[Compute | Borrow, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """Store a row into `target`."""

    target: Access
    row: Row


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Store a single number into `target`."""

    target: Access
    term: Term
    accesses: Accesses


@dataclass(frozen=True, slots=True, eq=False)
class FoldRuns:
    """Reduce to a single number: for each combination of `outer`, one run over `inner` (slowest first).

    `tree`: `pairwise` is NumPy's summation tree, `sequential` one element after the other, `free` any order.
    `piece`: a run is cut into pieces of so many elements, each reduced and combined in turn.
    """

    target: Access
    op: str
    dtype: DType
    outer: tuple[Axis, ...]
    inner: tuple[Axis, ...]
    row: Row
    tree: Literal["pairwise", "sequential", "free"]
    piece: int | None


@dataclass(frozen=True, slots=True, eq=False)
class FoldColumns:
    """Reduce along `outer`, one element after the other, for a whole row of results at a time."""

    target: Access
    op: str
    dtype: DType
    outer: tuple[Axis, ...]
    row: Row


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A library operation on whole arrays, `call`, which fills `target`; the axes of each are numbered from `i0`."""

    target: Access
    call: Call
    accesses: Accesses


Statement = Let | Loop | Fill | Store | FoldRuns | FoldColumns | Run


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """Fill buffers: run `body` if no extent in `nonempty` is zero, else `otherwise`."""

    targets: tuple[Buffer, ...]
    nonempty: tuple[Dim, ...]
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


def show(nests: tuple[Nest, ...]) -> str:
    """The nests as text, one line a statement.

    `a[i0, 5]` is 5 elements beyond the place for loop variable `i0`; `i0:(...)` and `@(...)` give a step and a start
    in bytes, in which `s1` is the stride of axis 1.
    """
    lines: list[str] = []
    for nest in nests:
        for target in nest.targets:
            shape = ", ".join(map(str, target.shape))
            order = "" if target.order == tuple(range(len(target.shape))) else f" order {target.order}"
            lines.append(f"{target.role} {target}: {target.dtype.name}[{shape}]{order}")
        names: dict[Term, str] = {}
        for statement in nest.body:
            lines += _show(statement, "  ", names)
        if nest.otherwise:
            lines.append("  if empty:")
            for statement in nest.otherwise:
                lines += _show(statement, "    ", names)
    return "\n".join(lines) + "\n"


def _show(statement: Statement, pad: str, names: dict[Term, str]) -> Iterator[str]:
    match statement:
        case Let(terms, accesses):
            for term in terms:
                text = _lines(term, accesses, names)
                yield from (pad + line for line in text[:-1])
                names[term] = f"v{len(names)}"
                yield f"{pad}{names[term]} = {text[-1]}"
        case Loop(axis, body):
            yield f"{pad}for {axis.name} < {axis.extent}:"
            for inner in body:
                yield from _show(inner, pad + "  ", names)
        case Fill(target, row):
            yield f"{pad}row {row.axis.name} < {row.axis.extent}:"
            yield from _show_row(row, pad + "  ", names, lambda value: f"{target} = {value}")
        case Store(target, term, accesses):
            text = _lines(term, accesses, names)
            yield from (pad + line for line in text[:-1])
            yield f"{pad}{target} = {text[-1]}"
        case Run(target, call, accesses):
            args: list[str] = []
            for arg, shape in zip(call.args, call.shapes, strict=True):
                text = _lines(arg, accesses, names)
                yield from (pad + line for line in text[:-1])
                lengths = ", ".join(f"i{axis} < {length}" for axis, length in enumerate(shape))
                args.append(f"{text[-1]} for {lengths}" if shape else text[-1])
            yield f"{pad}{target} = {_name(call)} of {'; '.join(args)}"
        case FoldRuns(target, op, dtype, outer, inner, row, tree, piece):
            runs = "".join(f" for {axis.name} < {axis.extent}" for axis in outer)
            over = ", ".join(f"{axis.name} < {axis.extent}" for axis in inner)
            cut = "" if piece is None else f" in pieces of {piece}"
            yield f"{pad}{target} = {op} as {dtype.name}{runs}, {tree} run over {over}{cut}:"
            yield from _show_row(row, pad + "  ", names, lambda value: value)
        case FoldColumns(target, op, dtype, outer, row):
            runs = "".join(f" for {axis.name} < {axis.extent}" for axis in outer)
            yield f"{pad}row {row.axis.name} < {row.axis.extent}:"
            yield f"{pad}  {target} = {op} as {dtype.name}{runs}:"
            yield from _show_row(row, pad + "    ", names, lambda value: value)


def _name(call: Call) -> str:
    """The operation's name, or that of the user's function."""
    return call.attr.name if isinstance(call.attr, Opaque) else call.name


def _show_row(row: Row, pad: str, names: dict[Term, str], last: Callable[[str], str]) -> Iterator[str]:
    known = dict(names)
    for stage in row.stages:
        if isinstance(stage, Compute):
            for term, block in stage.results:
                text = _lines(term, row.accesses, known)
                yield from (pad + line for line in text[:-1])
                yield f"{pad}{block} = {text[-1]}"
                if not block.backwards:
                    known[term] = str(block)
        else:
            args = ", ".join(
                _lines(term, row.accesses, known)[-1] if block is None else str(block)
                for term, block in zip(stage.term.args, stage.args, strict=True)
            )
            yield f"{pad}{stage.into} = NumPy's {stage.term.name}:{plain(stage.term.signature)}({args})"
            known[stage.term] = str(stage.into)
    text = _lines(row.term, row.accesses, known)
    yield from (pad + line for line in text[:-1])
    yield pad + last(text[-1])


def _lines(root: Term, accesses: Accesses, names: dict[Term, str]) -> list[str]:
    """The expression of `root` on the last line; before it, one line for each inner term that is used twice."""
    uses: dict[Term, int] = {}
    order: list[Term] = []
    stack: list[tuple[Term, bool]] = [(root, False)]
    while stack:
        term, ready = stack.pop()
        if ready:
            order.append(term)
            continue
        uses[term] = uses.get(term, 0) + 1
        if uses[term] == 1:
            stack.append((term, True))
            if term not in names:
                stack.extend((child, False) for child in reversed(children(term)))
    texts: dict[Term, str] = {}
    lines: list[str] = []
    local = len(names)
    for term in order:
        text = names.get(term) or _text(term, accesses, texts)
        if uses[term] > 1 and isinstance(term, Apply) and term not in names and term is not root:
            lines.append(f"v{local} = {text}")
            text = f"v{local}"
            local += 1
        texts[term] = text
    return [*lines, texts[root]]


def _text(term: Term, accesses: Accesses, texts: dict[Term, str]) -> str:
    match term:
        case Load():
            return str(accesses[term])
        case Known(constant):
            return str(constant)
        case Argument(param, _):
            return f"p{param}"
        case Size(size, _):
            return f"({size})"
        case Apply(name, signature, args, dtype):
            shown = f"cast.{dtype.name}" if name == "cast" else name
            mark = "" if name in STRUCTURAL or name.startswith(("py.", "ok.")) else f":{signature}"
            return f"{shown}{mark}({', '.join(texts[arg] for arg in args)})"
        case Fold() | Call():
            raise AssertionError("a fold or call is a statement of its own")


def total(extents: tuple[Dim, ...]) -> Dim:
    """The number of elements."""
    result = dim(1)
    for extent in extents:
        result = result * extent
    return result
