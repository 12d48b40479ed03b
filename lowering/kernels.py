"""From a `Program` to one LLVM function `i32 run(i64 *frame)`: buffers, nests, results, checks.

A check is looked at as soon as what it reads is there; when it is false, or memory runs out, temporaries are freed and
`run` says so. Refuses dtypes that `lowering.values` refuses. Called by `lowering.compile`.
"""

from __future__ import annotations

from llvmlite import ir

from eqsat.ir.dims import Dim
from eqsat.ir.nodes import Node
from eqsat.ir.program import Buffer, Load, Program, Term, walk
from lowering.context import Code, Point
from lowering.engine import machine
from lowering.evaluate import scalars
from lowering.flags import declare
from lowering.folds import fold_columns, fold_runs
from lowering.frame import Status
from lowering.geometry import Geometry
from lowering.loops import Access, Fill, FoldColumns, FoldRuns, Let, Loop, Nest, Run, Statement, Store, total
from lowering.nests import nests_of
from lowering.operand import Operand
from lowering.rows import fill
from lowering.storage import on_stack, plan_storage
from lowering.values import I1, I32, I64, POINTER, Value, load, store


def emit_run(program: Program, module: ir.Module) -> ir.Function:
    """Add `i32 run(i64 *frame)` to the module; see `lowering.frame`."""
    here = machine()
    function = ir.Function(module, ir.FunctionType(I32, [POINTER]), "run")
    if here.wide:
        set.add(function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own `add` knows no string attributes
    code = Code.start(program, function, here.vector_bytes)
    emit_program(code)
    code.b.ret(I32(Status.OK))
    code.finish()
    return function


def emit_program(code: Code) -> None:
    """Write the work of a program; its results are where `code.around` wants them."""
    _Work(code, nests_of(code.program)).emit()


class _Work:
    """The work of a program."""

    def __init__(self, code: Code, nests: tuple[Nest, ...]) -> None:
        self.code, self.nests = code, nests
        self.storage = plan_storage(code.program, nests)
        self.geometry = Geometry(code.program.region)
        self.waiting: list[Node] = list(code.program.region.checks)
        self.filled: set[Buffer] = set()

    def emit(self) -> None:
        code = self.code
        self._results()
        self._checks()
        for number, nest in enumerate(self.nests):
            for target in nest.targets:
                if target.role != "param" and target not in code.pointers:
                    self._allocate(target)
            self._nest(nest, number in self.storage.in_place)
            self.filled.update(nest.targets)
            self._checks()
        self._numbers()
        code.around.free()

    # Buffers ----------------------------------------------------------------------------------------------------

    def _results(self) -> None:
        code = self.code
        for index, node in enumerate(code.program.region.result_nodes()):
            value = code.program.values.get(node)
            if isinstance(value, Buffer) and value.role == "result" and value not in code.pointers:
                code.pointers[value] = code.around.result(index, value)

    def _allocate(self, buffer: Buffer) -> None:
        code = self.code
        home = self.storage.home.get(buffer, buffer)
        if home in code.pointers:
            code.pointers[buffer] = code.pointers[home]
            return
        count = total(buffer.shape)
        if on_stack(buffer):
            code.pointers[buffer] = code.stack(buffer.dtype, max(count.const, 1))
            return
        size, wrapped = self._bytes(buffer)
        code.pointers[buffer] = code.around.take(buffer, size, wrapped)

    def _bytes(self, buffer: Buffer) -> tuple[Value, Value]:
        """How many bytes a buffer has, and whether that is more than an int64 holds."""
        code, b = self.code, self.code.b
        pair = ir.LiteralStructType([I64, I1])
        multiply = declare(code.function.module, "llvm.umul.with.overflow.i64", pair, [I64, I64])
        size: Value = I64(buffer.dtype.itemsize)
        wrapped: Value = I1(0)
        for extent in buffer.shape:
            found = b.call(multiply, [size, code.size(extent)])
            size, wrapped = b.extract_value(found, 0), b.or_(wrapped, b.extract_value(found, 1))
        return size, wrapped

    # Nests ------------------------------------------------------------------------------------------------------

    def _nest(self, nest: Nest, in_place: bool) -> None:
        code, b = self.code, self.code.b
        count = total(nest.nonempty)
        if count.is_const and count.const:
            self._body(nest.body, {}, {}, in_place)
            return
        with b.if_else(b.icmp_signed("!=", code.size(count), I64(0))) as (work, otherwise):
            with work:
                self._body(nest.body, {}, {}, in_place)
            with otherwise:
                self._body(nest.otherwise, {}, {}, False)

    def _body(self, statements: tuple[Statement, ...], known: dict[Term, Value], point: Point, in_place: bool) -> None:
        code = self.code
        for statement in statements:
            match statement:
                case Let(terms, accesses):
                    scalars(code, terms, accesses, known, point)
                case Loop(axis, body):
                    with code.loop(axis.name, code.size(axis.extent)) as index:
                        self._body(body, dict(known), {**point, axis.name: index}, in_place)
                case Fill():
                    fill(code, statement, known, point, overlap=not in_place)
                case Store(target, term, accesses):
                    scalars(code, [term], accesses, known, point)
                    store(code.b, known[term], code.address(target, point), target.buffer.dtype)
                case FoldRuns():
                    fold_runs(code, statement, known, point)
                case FoldColumns():
                    fold_columns(code, statement, known, point)
                case Run():
                    self._call(statement, known)

    def _call(self, statement: Run, known: dict[Term, Value]) -> None:
        """A library operation, for which numbers stand in memory too."""
        code, call = self.code, statement.call
        operands: list[Operand] = []
        for arg, shape in zip(call.args, call.shapes, strict=True):
            if shape:
                assert isinstance(arg, Load)
                operands.append(self._operand(statement.accesses[arg], shape))
            else:
                scalars(code, [arg], statement.accesses, known, {})
                place = code.stack(arg.dtype, 1)
                store(code.b, known[arg], place, arg.dtype)
                operands.append(Operand(place, arg.dtype, (), ()))
        target = statement.target.buffer
        code.around.call(call, operands, self._operand(statement.target, target.shape))

    def _operand(self, access: Access, shape: tuple[Dim, ...]) -> Operand:
        code, buffer = self.code, access.buffer
        strides = tuple(code.bytes(buffer, step) for _, step in access.steps)
        return Operand(code.address(access, {}), buffer.dtype, tuple(map(code.size, shape)), strides)

    # Single numbers ---------------------------------------------------------------------------------------------

    def _number(self, value: Buffer | Term) -> Value:
        """The value of a buffer of rank 0, or of a term that reads only such and parameters."""
        code = self.code
        if isinstance(value, Buffer):
            return load(code.b, code.pointer(value), value.dtype, 1)
        accesses = {term: self._access(term) for term in walk([value]) if isinstance(term, Load)}
        known: dict[Term, Value] = {}
        scalars(code, [value], accesses, known, {})
        return known[value]

    def _access(self, term: Load) -> Access:
        start, _ = self.geometry.steps(term.buffer, term.view)
        return Access(term.buffer, start, ())

    def _checks(self) -> None:
        """Look at the checks whose inputs are there."""
        code, b = self.code, self.code.b
        still: list[Node] = []
        for node in self.waiting:
            value = code.program.values[node]
            needed = [value] if isinstance(value, Buffer) else [t.buffer for t in walk([value]) if isinstance(t, Load)]
            if all(buffer.role == "param" or buffer in self.filled for buffer in needed):
                with b.if_then(b.not_(self._number(value)), likely=False):
                    code.around.leave(Status.CHECK_FAILED)
            else:
                still.append(node)
        self.waiting = still

    def _numbers(self) -> None:
        """Hand over the results that are single numbers."""
        code = self.code
        for index, node in enumerate(code.program.region.result_nodes()):
            value = code.program.values.get(node)
            if value is None or (isinstance(value, Buffer) and (value.shape or value.role == "param")):
                continue
            code.around.deliver(index, self._number(value), value.dtype)
