"""Runs a routine built by hand: compiles `run`, fills the frame with ctypes, reads results from the frame."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from llvmlite import ir

from eqsat.ir.dims import Symbol
from eqsat.ir.routine import Routine
from eqsat.ir.types import Array
from lowering import engine, pool
from lowering.frame import Cell, Data, Extent, Frame, Made, Pool, Result, Status, Stride, Value, result_slots
from lowering.routine import emit_routine
from lowering.symbols import address_of

RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class RoutineRunner:
    """A compiled routine. A call returns its results: numbers as arrays of one element, arrays as copies."""

    def __init__(self, routine: Routine) -> None:
        self.routine = routine
        module = ir.Module()
        emit_routine(routine, module)
        self.source = str(module)
        ours = pool.addresses()
        self.loaded = engine.load(ir.Module(), lambda name: ours.get(name) or address_of(name), module)
        self.frame = Frame.of(routine)
        self.entry = RUN(self.loaded.address("run"))

    def __del__(self) -> None:
        if hasattr(self, "loaded"):
            self.loaded.unload()

    def prepare(self, args: Sequence[object]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        words, at = np.zeros(self.frame.size + 1, np.int64), self.frame.offsets
        sizes: dict[Symbol, int] = {}
        for number, (param, arg) in enumerate(zip(self.routine.region.params, args, strict=True)):
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
        direct: dict[str, np.ndarray] = {}
        for node, slot in result_slots(self.routine):
            if isinstance(slot, Result):
                direct[slot.name] = np.full([d.evaluate(sizes) for d in node.type.shape], 0x5A, node.type.dtype)
                words[at[slot]] = direct[slot.name].ctypes.data
        return words, direct

    def __call__(self, *args: object) -> list[np.ndarray]:
        words, direct = self.prepare(args)
        self.status = Status(self.entry(words.ctypes.data))
        results: list[np.ndarray] = []
        self.origins: list[int] = []
        for node, slot in result_slots(self.routine):
            place = self.frame.offsets.get(slot, 0)
            match slot:
                case Result(name):
                    results.append(direct[name])
                case Cell():
                    dtype = node.type.dtype
                    results.append(words[place : place + 2].view(np.uint8)[: dtype.itemsize].view(dtype)[:1].copy())
                case Made(_, ndim):
                    data, origin = (int(word) for word in words[place : place + 2])
                    self.origins.append(origin)
                    shape, strides = words[place + 2 : place + 2 + ndim], words[place + 2 + ndim : place + 2 + 2 * ndim]
                    results.append(_copied(data, node.type.dtype, shape.tolist(), strides.tolist()))
                case _:
                    raise AssertionError(slot)
        address = words[self.frame.offsets[Pool()] :].ctypes.data
        RELEASE(pool.addresses()["eqsat.pool.release_all"])(address)
        return results


def _copied(data: int, dtype: np.dtype, shape: list[int], strides: list[int]) -> np.ndarray:
    if 0 in shape:
        return np.empty(shape, dtype)
    low = sum(min(0, (n - 1) * s) for n, s in zip(shape, strides, strict=True))
    high = sum(max(0, (n - 1) * s) for n, s in zip(shape, strides, strict=True)) + dtype.itemsize
    room = (ctypes.c_char * (high - low)).from_address(data + low)
    return np.ndarray(shape, dtype, room, -low, strides).copy()
