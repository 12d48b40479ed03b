"""Entry points around a `run` that is written in Python: each test says itself what the kernels compute."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from llvmlite import ir

from eqsat.frontend.arguments import type_of
from eqsat.ir.dims import Symbol
from eqsat.ir.nodes import Constant, Node
from eqsat.ir.program import Argument, Buffer, Kernel, Known, Program
from eqsat.ir.region import Param, Region, Same, nodes_of
from eqsat.ir.routine import Routine
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar
from lowering import compile as compiling
from lowering import engine, pool
from lowering.callable import NativeCallable
from lowering.frame import Cell, Data, Extent, Frame, Made, Pool, Result, Status, Stride, Value
from lowering.symbols import address_of

WORD = ctypes.sizeof(ctypes.c_int64)


class Recorder(NativeCallable):
    """A dispatcher that says what reached it: ("miss", args, kwargs), ("rerun", args), ("flagged", result, flags)."""

    def __call__(self, *args, **kwargs):
        return ("python", args, kwargs)

    def _miss(self, *args, **kwargs):
        return ("miss", args, kwargs)

    def _rerun(self, *args):
        return ("rerun", args)

    def _flagged(self, result, flags, args):
        return ("flagged", result, flags, args)


class System:
    """`malloc` and `free` that keep account of what is out; `left` is the number of calls that still succeed."""

    def __init__(self) -> None:
        self.out: dict[int, ctypes.Array] = {}
        self.asked = 0
        self.left = 10**9
        self.callbacks = {
            "malloc": ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int64)(self.malloc),
            "free": ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.free),
        }

    def malloc(self, size: int):
        self.asked += 1
        self.left -= 1
        if self.left < 0 or size > 1 << 40:
            return None
        memory = ctypes.create_string_buffer(size + 16)
        address = -(-ctypes.addressof(memory) // 16) * 16  # as the C library's: a multiple of 16
        self.out[address] = memory
        return address

    def free(self, address: int) -> None:
        del self.out[address]

    @property
    def bytes(self) -> int:
        return sum(len(memory) for memory in self.out.values())


_SYSTEM = System()


@functools.cache
def _counting_pool() -> engine.Loaded:
    found = {name: ctypes.cast(one, ctypes.c_void_p).value for name, one in _SYSTEM.callbacks.items()}
    return engine.load(pool.definitions(), found)


@pytest.fixture
def system(monkeypatch) -> Iterator[System]:
    """What pools ask for memory, of which nothing may be left at the end; `loaded` is the code of the pool."""
    assert not _SYSTEM.out
    _SYSTEM.asked, _SYSTEM.left, _SYSTEM.loaded = 0, 10**9, _counting_pool()
    addresses = {name: _SYSTEM.loaded.address(name) for name in pool.addresses()}
    monkeypatch.setattr(pool, "addresses", lambda: addresses)
    yield _SYSTEM
    assert not _SYSTEM.out


@dataclass
class Memory:
    """The frame of a running call."""

    frame: Frame
    program: Program | Routine
    address: int

    def take(self, size: int) -> int:
        """Memory of the run's own pool."""
        take = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(pool.addresses()["eqsat.pool.take"])
        return take(self.address + WORD * self.frame.offsets[Pool()], size)

    def own(self, values: np.ndarray) -> np.ndarray:
        """An array in the run's own memory, packed in C order."""
        block = self.take(values.nbytes)
        strides = np.empty(values.shape, values.dtype).strides
        array = _at(block, values.dtype, values.shape, strides)
        array[...] = values
        return array

    def say(self, index: int, array: np.ndarray, origin: int = 0) -> None:
        """Result `index` is this array."""
        slot = next(slot for slot in self.frame.offsets if isinstance(slot, Made) and slot.index == index)
        words = (array.ctypes.data, origin, *array.shape, *array.strides)
        assert len(words) == slot.size
        for position, word in enumerate(words):
            self.change(slot, position, word)

    def change(self, slot, position: int, word: int) -> None:
        """Another word of a slot."""
        ctypes.c_int64.from_address(self.address + WORD * (self.frame.offsets[slot] + position)).value = word

    def direct(self, index: int, values: np.ndarray) -> np.ndarray:
        """Fill the array that was allocated for result `index`, and show it."""
        strides = np.empty_like(values, order="K").strides
        array = _at(self.word(Result(f"direct{index}")), values.dtype, values.shape, strides)
        array[...] = values
        return array

    def word(self, slot) -> int:
        return ctypes.c_int64.from_address(self.address + WORD * self.frame.offsets[slot]).value

    def array(self, param: int) -> np.ndarray:
        type_ = self.program.region.params[param].type
        extents = [self.word(Extent(param, axis)) for axis in range(type_.ndim)]
        strides = [self.word(Stride(param, axis)) for axis in range(type_.ndim)]
        return _at(self.word(Data(param)), type_.dtype, extents, strides)

    def scalar(self, param: int) -> np.generic:
        at = self.address + WORD * self.frame.offsets[Value(param)]
        return np.frombuffer(ctypes.string_at(at, 16), self.program.region.params[param].type.dtype, 1)[0]

    def result(self, name: str) -> np.ndarray:
        buffer = next(k.target for k in self.program.kernels if k.target.name == name)
        extents = [length.evaluate(self.sizes()) for length in buffer.shape]
        strides, step = [0] * len(extents), buffer.dtype.itemsize
        for axis in reversed(buffer.order):
            strides[axis] = step
            step *= extents[axis]
        return _at(self.word(Result(name)), buffer.dtype, extents, strides)

    def write_cell(self, index: int, value) -> None:
        at = self.address + WORD * self.frame.offsets[Cell(index)]
        ctypes.memmove(at, np.asarray(value).tobytes(), np.asarray(value).nbytes)

    def sizes(self):
        return {Symbol(s.param, s.axis): self.word(s) for s in self.frame.offsets if isinstance(s, Extent)} | {
            Symbol(s.param, None): self.word(s)
            for s in self.frame.offsets
            if isinstance(s, Value) and self.program.region.params[s.param].type.dtype.kind in "ib"
        }


def _at(address: int, dtype, extents, strides) -> np.ndarray:
    """An array over raw memory."""
    interface = {"data": (address, False), "typestr": dtype.str, "shape": tuple(extents), "strides": tuple(strides)}
    holder = type("Raw", (), {"__array_interface__": {**interface, "version": 3}})()
    return np.asarray(holder)


Work = Callable[[Memory], int | None]


class Kit:
    """Makes nodes, programs and callables."""

    def __init__(self) -> None:
        self.kept: list[object] = []

    def params(self, *values: object, captured: Sequence[np.ndarray] = ()) -> tuple[Param, ...]:
        """Parameters with the types of these values."""
        arguments = [Param(f"x{i}", type_of(value, i)) for i, value in enumerate(values)]
        first = len(arguments)
        return (*arguments, *(Param(f"g{i}", type_of(a, first + i), a) for i, a in enumerate(captured)))

    def node(self, op: str, type_, *args: Node, attr: object = None) -> Node:
        return Node(op, args, attr, type_, NOWHERE)

    def param(self, params: Sequence[Param], index: int) -> Node:
        return self.node("param", params[index].type, attr=index)

    def constant(self, value, type_) -> Node:
        return self.node("constant", type_, attr=Constant.of(value, type_.dtype))

    def buffer(self, name: str, type_: Array, role="result") -> Buffer:
        return Buffer(name, type_.dtype, type_.shape, type_.layout.order, role)

    def program(self, params, result, values=(), *, guards=(), checks=(), captures=()) -> Program:
        """`values`: pairs of result nodes and their buffers; other scalar nodes are computed by `run`."""
        region = Region("test", tuple(params), result, tuple(guards), tuple(checks), tuple(captures), NOWHERE)
        table = dict(values)
        targets = {buffer.name: buffer for buffer in table.values() if isinstance(buffer, Buffer) and buffer.shape}
        kernels = tuple(Kernel(b, Known(Constant.of(0, b.dtype)), 1.0) for b in targets.values() if b.role == "result")
        for node in region.result_nodes():
            if node not in table and isinstance(node.type, Scalar):
                table[node] = Argument(0, node.type.dtype)
        return Program(region, kernels, table)

    def routine(self, params, result, *, direct=(), written=(), restored=None, guards=(), steps=()) -> Routine:
        """Without `restored`, all that is written."""
        region = Region("test", tuple(params), result, tuple(guards), (), (), NOWHERE)
        restored = written if restored is None else restored
        assert set(direct) <= set(nodes_of(result))
        return Routine(region, tuple(steps), {}, frozenset(direct), frozenset(written), frozenset(restored))

    def native(self, program: Program | Routine, work: Work | int = 0) -> compiling.Native:
        """Machine code whose `run` is `work`, or (a number) returns this status at once."""
        frame = Frame.of(program)
        resolve: dict[str, int] = {}
        if callable(work):

            def body(address: int) -> int:
                status = work(Memory(frame, program, address))
                return Status.OK if status is None else status

            callback = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(body)
            self.kept.append(callback)
            resolve["work"] = ctypes.cast(callback, ctypes.c_void_p).value or 0

        def emit_run(_: Program | Routine, module: ir.Module) -> ir.Function:
            type_ = ir.FunctionType(ir.IntType(32), [ir.PointerType()])
            run = ir.Function(module, type_, "run")
            builder = ir.IRBuilder(run.append_basic_block())
            status = (
                builder.call(ir.Function(module, type_, "work"), run.args)
                if resolve
                else ir.Constant(type_.return_type, int(work))
            )
            builder.ret(status)
            return run

        return compiling.assemble(program, emit_run, lambda name: resolve.get(name) or address_of(name))

    def call(self, program: Program | Routine, work: Work | int = 0) -> Recorder:
        """A callable that runs the program."""
        native = self.native(program, work)
        made = Recorder()
        made.native = native
        made.install(native.entry)
        return made

    def without_gil(self, work: Program | Routine) -> Recorder:
        """A callable whose run succeeds if the GIL is released, else is a false check."""
        check = ctypes.cast(ctypes.pythonapi.PyGILState_Check, ctypes.c_void_p).value
        integer = ir.IntType(32)

        def emit_run(_: Program | Routine, module: ir.Module) -> ir.Function:
            run = ir.Function(module, ir.FunctionType(integer, [ir.PointerType()]), "run")
            builder = ir.IRBuilder(run.append_basic_block())
            holding = builder.call(ir.Function(module, ir.FunctionType(integer, []), "PyGILState_Check"), [])
            released = builder.icmp_signed("==", holding, integer(0))
            builder.ret(builder.select(released, integer(Status.OK), integer(Status.CHECK_FAILED)))
            return run

        made = Recorder()
        made.native = compiling.assemble(
            work, emit_run, lambda name: check if name == "PyGILState_Check" else address_of(name)
        )
        made.install(made.native.entry)
        return made

    def accepting(self, *values: object, **facts) -> Recorder:
        """A callable that returns "hit" for arguments of these types and facts, and a miss for others."""
        captured = facts.pop("captured", ())
        return self.call(self.program(self.params(*values, captured=captured), Same("hit"), **facts))


@pytest.fixture
def kit() -> Iterator[Kit]:
    yield Kit()


@pytest.fixture(scope="module")
def shared_kit() -> Iterator[Kit]:
    yield Kit()
