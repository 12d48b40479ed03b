"""Runs a program built by hand: compiles `run`, fills the frame with ctypes, returns its results as arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from llvmlite import ir

from eqsat.ir.dims import Symbol
from eqsat.ir.program import Buffer, Program
from eqsat.ir.types import Array
from lowering import engine
from lowering.frame import Cell, Data, Extent, Frame, Result, Status, Stride, Value
from lowering.kernels import emit_run
from lowering.symbols import address_of

RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Runner:
    """A compiled program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        module = ir.Module()
        emit_run(program, module)
        self.loaded = engine.load(module, address_of)
        self.frame = Frame.of(program)
        self.entry = RUN(self.loaded.address("run"))

    def __del__(self) -> None:
        if hasattr(self, "loaded"):
            self.loaded.unload()

    def prepare(self, args: Sequence[object]) -> tuple[ctypes.Array, list[np.ndarray]]:
        words = np.zeros(self.frame.size + 1, np.int64)
        sizes: dict[Symbol, int] = {}
        at = self.frame.offsets
        for number, (param, arg) in enumerate(zip(self.program.region.params, args, strict=True)):
            if isinstance(param.type, Array):
                assert isinstance(arg, np.ndarray) and arg.dtype == param.type.dtype
                words[at[Data(number)]] = arg.ctypes.data
                for axis in range(arg.ndim):
                    words[at[Extent(number, axis)]] = arg.shape[axis]
                    words[at[Stride(number, axis)]] = arg.strides[axis]
                    sizes[Symbol(number, axis)] = arg.shape[axis]
            else:
                raw = np.asarray(arg, param.type.dtype).tobytes().ljust(16, b"\0")
                words[at[Value(number)] : at[Value(number)] + 2] = np.frombuffer(raw, np.int64)
                if param.type.dtype.kind in "iub":
                    sizes[Symbol(number, None)] = int(arg)
        made: dict[Buffer, np.ndarray] = {}
        results: list[np.ndarray] = []
        for index, node in enumerate(self.program.region.result_nodes()):
            value = self.program.values[node]
            if isinstance(value, Buffer) and value.shape:
                if value not in made:
                    shape = [d.evaluate(sizes) for d in value.shape]
                    fast = np.full([shape[k] for k in value.order], 0x5A, value.dtype)
                    made[value] = fast.transpose(np.argsort(value.order))
                    words[at[Result(value.name)]] = made[value].ctypes.data
                results.append(made[value])
            else:
                place = at[Cell(index)]
                results.append(words[place : place + 2].view(np.uint8)[: value.dtype.itemsize].view(value.dtype)[:1])
        return words, results

    def __call__(self, *args: object) -> list[np.ndarray]:
        words, results = self.prepare(args)
        self.status = Status(self.entry(words.ctypes.data))
        return [r.copy() if r.base is words else r for r in results]
