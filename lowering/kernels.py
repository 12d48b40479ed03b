"""From a `Program` to one LLVM function `i32 run(i64 *frame)`: buffers, nests, results, checks.

Temporaries are allocated when first filled; those of a known small size lie on the stack. Refuses dtypes that
`lowering.values` refuses. Called by `lowering.compile`.
"""

from __future__ import annotations

from llvmlite import ir

from eqsat.ir.program import Buffer, Program, Term
from lowering.context import Code, Point
from lowering.engine import machine
from lowering.evaluate import scalars
from lowering.flags import declare
from lowering.frame import Cell, Result, Status
from lowering.folds import fold_columns, fold_runs
from lowering.loops import Fill, FoldColumns, FoldRuns, Let, Loop, Nest, Statement, Store, total
from lowering.nests import nests_of
from lowering.rows import fill
from lowering.values import I32, I64, POINTER, VOID, store

SMALL = 4096
"""Bytes up to which a temporary of known size lies on the stack."""


def emit_run(program: Program, module: ir.Module) -> ir.Function:
    """Add `i32 run(i64 *frame)` to the module; see `lowering.frame`."""
    here = machine()
    kind = ir.FunctionType(I32, [POINTER])
    function = ir.Function(module, kind, "run")
    if here.wide:
        set.add(function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own `add` knows no string attributes
    code = Code.start(program, function, here.vector_bytes)
    _Run(code, nests_of(program)).emit()
    code.finish()
    return function


class _Run:
    """The body of `run`."""

    def __init__(self, code: Code, nests: tuple[Nest, ...]) -> None:
        self.code, self.nests = code, nests
        self.allocated: list[ir.Value] = []

    def emit(self) -> None:
        code = self.code
        self._results()
        for nest in self.nests:
            for target in nest.targets:
                if target not in code.pointers:
                    self._allocate(target)
            self._nest(nest)
        self._cells()
        self._free()
        code.b.ret(I32(Status.OK))

    def _results(self) -> None:
        code = self.code
        for index, node in enumerate(code.program.region.result_nodes()):
            value = code.program.values.get(node)
            if isinstance(value, Buffer) and value.role == "result" and value not in code.pointers:
                slot = Result(value.name) if value.shape else Cell(index)
                code.pointers[value] = code.word(slot, POINTER) if value.shape else code.place(slot)

    def _allocate(self, buffer: Buffer) -> None:
        code, b = self.code, self.code.b
        count = total(buffer.shape)
        if count.is_const and count.const * buffer.dtype.itemsize <= SMALL:
            code.pointers[buffer] = code.stack(buffer.dtype, max(count.const, 1))
            return
        malloc = declare(code.function.module, "malloc", POINTER, [I64])
        size = b.add(code.size(count * buffer.dtype.itemsize), I64(64))
        raw = b.call(malloc, [size])
        bits = b.and_(b.add(b.ptrtoint(raw, I64), I64(63)), I64(-64))
        failed = b.icmp_unsigned("==", raw, ir.Constant(POINTER, None))
        with b.if_then(failed, likely=False):
            self._free()
            b.ret(I32(Status.NO_MEMORY))
        code.pointers[buffer] = b.inttoptr(bits, POINTER)
        self.allocated.append(raw)

    def _free(self) -> None:
        free = declare(self.code.function.module, "free", VOID, [POINTER])
        for raw in self.allocated:
            self.code.b.call(free, [raw])

    def _nest(self, nest: Nest) -> None:
        code, b = self.code, self.code.b
        count = code.size(total(nest.nonempty))
        if nest.nonempty and not count.type == I32:
            with b.if_else(b.icmp_signed("!=", count, I64(0))) as (work, otherwise):
                with work:
                    self._body(nest.body, {}, {})
                with otherwise:
                    self._body(nest.otherwise, {}, {})
        else:
            self._body(nest.body, {}, {})

    def _body(self, statements: tuple[Statement, ...], known: dict[Term, ir.Value], point: Point) -> None:
        code = self.code
        for statement in statements:
            match statement:
                case Let(terms, accesses):
                    scalars(code, terms, accesses, known, point)
                case Loop(axis, body):
                    with code.loop(axis.name, code.size(axis.extent)) as index:
                        self._body(body, dict(known), {**point, axis.name: index})
                case Fill():
                    fill(code, statement, known, point)
                case Store(target, term, accesses):
                    scalars(code, [term], accesses, known, point)
                    store(code.b, known[term], code.address(target, point), target.buffer.dtype)
                case FoldRuns():
                    fold_runs(code, statement, known, point)
                case FoldColumns():
                    fold_columns(code, statement, known, point)

    def _cells(self) -> None:
        code = self.code
        known: dict[Term, ir.Value] = {}
        for index, node in enumerate(code.program.region.result_nodes()):
            value = code.program.values.get(node)
            if value is None or isinstance(value, Buffer):
                continue
            scalars(code, [value], {}, known, {})
            store(code.b, known[value], code.place(Cell(index)), value.dtype)
