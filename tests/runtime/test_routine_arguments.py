"""Arguments that a routine writes to: which it accepts, and what is in them when Python runs the call after all."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import resource
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsat.errors import TypingError
from eqsat.frontend.arguments import memory_of, type_of
from eqsat.ir.body import LOCAL, Label
from eqsat.ir.dims import Dim, Symbol, dim
from eqsat.ir.nodes import Constant
from eqsat.ir.program import Buffer, Kernel, Known, Program
from eqsat.ir.region import Disjoint, Region, Same, TupleOf
from eqsat.ir.routine import For, If, Invoke, Labeled, Segment, While
from eqsat.ir.span import NOWHERE
from eqsat.ir.types import Array, Scalar, packed_layout
from lowering import flags, python_api
from lowering.entry import LONG_RUN
from lowering.frame import Made, Status
from lowering.work import programs_of, spaces_of

F8 = np.dtype("f8")
FENV = ctypes.CDLL(ctypes.util.find_library("m"))
INVALID = flags.INVALID
ANYTHING = dict.fromkeys(("invalid", "divide", "over", "under"), "ignore")


def snapshot(array: np.ndarray) -> bytes:
    return np.array(array).tobytes()


class Witness:
    """What the ways to Python find in the arguments."""

    def __init__(self, call) -> None:
        self.call, self.found = call, []
        call._rerun = lambda *args: self.note("rerun", args)
        call._flagged = lambda result, flags, args: self.note("flagged", args)

    def note(self, way, args):
        self.found.append((way, [snapshot(a) if isinstance(a, np.ndarray) else a for a in args]))
        return way


def writing(kit, *values, status=Status.OK, raised=0, result=None, **facts):
    """A callable that fills all its arrays with 7, and then ends so."""
    params = kit.params(*values)
    arrays = [k for k, param in enumerate(params) if isinstance(param.type, Array)]
    facts.setdefault("written", arrays)

    def work(memory):
        for index in facts["written"]:
            memory.array(index)[...] = 7
        FENV.feclearexcept(flags.ALL)
        FENV.feraiseexcept(raised)
        return status

    result = Same("done") if result is None else result
    return kit.call(kit.routine(params, result, **facts), work)


ARRAYS = {
    "plain": lambda: np.arange(12.0).reshape(3, 4),
    "fortran": lambda: np.arange(12.0).reshape(3, 4, order="F"),
    "strided": lambda: np.arange(48.0).reshape(6, 8)[::2, ::2],
    "backwards": lambda: np.arange(12.0).reshape(3, 4)[::-1, ::-1],
    "permuted": lambda: np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
    "empty": lambda: np.zeros((3, 0)),
    "point": lambda: np.array(5.0),
    "shifted": lambda: np.ndarray(3, F8, bytearray(range(40)), 4),
    "records": lambda: np.array([(True, 1.5), (False, -2.5)], [("flag", "?"), ("value", "f8")])["value"],
    "nan": lambda: np.frombuffer(b"\x01\x00\xad\xde\x00\x00\xf8\x7f" * 3, F8).copy(),
    "integers": lambda: np.arange(5, dtype="i2")[::2],
    "complex": lambda: np.arange(5) * (1 - 2j),
    "bools": lambda: np.array([True, False]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_what_a_finished_run_wrote_stays(kit, name):
    x = ARRAYS[name]()
    call = writing(kit, x)
    around = snapshot(x.base) if x.base is not None else b""
    assert call(x) == "done" and (x == np.array(7).astype(x.dtype)).all()
    assert x.base is None or x.size == 0 or len(around) == len(snapshot(x.base))


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("way", ["rerun", "flagged"])
def test_python_finds_every_argument_as_it_was(kit, name, way):
    x, y = ARRAYS[name](), ARRAYS["plain"]()
    before = [snapshot(x), snapshot(y)]
    whole = None if x.base is None or name == "shifted" else snapshot(x.base)
    status, raised = (Status.CHECK_FAILED, 0) if way == "rerun" else (Status.OK, INVALID)
    witness = Witness(writing(kit, x, 2.5, y, status=status, raised=raised))
    with np.errstate(invalid="warn"):
        assert witness.call(x, 2.5, y) == way
    assert witness.found == [(way, [before[0], 2.5, before[1]])]
    assert [snapshot(x), snapshot(y)] == before
    assert whole is None or snapshot(x.base) == whole


@pytest.mark.parametrize("mode", ["ignore", "warn", "raise", "call", "print", "log"])
def test_arguments_are_put_back_only_where_python_runs_the_call(kit, mode):
    x = ARRAYS["plain"]()
    before = snapshot(x)
    witness = Witness(writing(kit, x, raised=INVALID))
    with np.errstate(**{**ANYTHING, "invalid": mode}):
        answer = witness.call(x)
    if mode == "ignore":
        assert answer == "done" and (x == 7).all() and not witness.found
    else:
        assert answer == "flagged" and witness.found == [("flagged", [before])]


def test_an_event_of_another_kind_leaves_what_was_written(kit):
    x = ARRAYS["plain"]()
    witness = Witness(writing(kit, x, raised=INVALID))
    with np.errstate(**{**ANYTHING, "over": "raise"}):
        assert witness.call(x) == "done"
    assert (x == 7).all()


def test_what_need_not_be_put_back_is_not(kit):
    x, y = ARRAYS["plain"](), ARRAYS["plain"]()
    before = snapshot(y)
    witness = Witness(writing(kit, x, y, status=Status.CHECK_FAILED, restored=[1]))
    assert witness.call(x, y) == "rerun"
    assert (x == 7).all() and snapshot(y) == before


@pytest.mark.parametrize("status", [Status.CHECK_FAILED, Status.NO_MEMORY])
def test_one_array_passed_twice_is_put_back(kit, status):
    x = np.arange(20.0)
    for first, second in ((x, x), (x[:15], x[5:]), (x[::-1], x), (x[::2], x[1::2])):
        before = snapshot(x)
        witness = Witness(writing(kit, first, second, status=status))
        if status == Status.NO_MEMORY:
            with pytest.raises(MemoryError):
                witness.call(first, second)
        else:
            assert witness.call(first, second) == "rerun"
        assert snapshot(x) == before


def test_an_array_from_outside_is_put_back_too(kit):
    x = ARRAYS["fortran"]()
    before = snapshot(x)
    params = kit.params(1.5, captured=[x])

    def work(memory):
        memory.array(1)[...] = 7
        return Status.CHECK_FAILED

    call = kit.call(kit.routine(params, Same("done"), written=[1]), work)
    assert Witness(call).call(0.5) == "rerun" and snapshot(x) == before


def test_where_memory_ran_out_arguments_are_as_they_were(kit):
    x = ARRAYS["strided"]()
    before = snapshot(x)
    witness = Witness(writing(kit, x, status=Status.NO_MEMORY))
    with pytest.raises(MemoryError):
        witness.call(x)
    assert snapshot(x) == before and not witness.found


def test_an_array_that_was_locked_meanwhile_raises_what_numpy_raises(kit):
    x = ARRAYS["plain"]()
    params = kit.params(x)

    def work(memory):
        x.flags.writeable = False
        return Status.CHECK_FAILED

    call = kit.call(kit.routine(params, Same("done"), written=[0]), work)
    for _ in range(50):
        before = sys.getrefcount(x)
        with pytest.raises(ValueError, match="read-only"):
            call(x)
        x.flags.writeable = True
        assert sys.getrefcount(x) == before


@pytest.mark.parametrize("raised", [0, INVALID])
def test_an_array_that_was_locked_before_the_events_were_seen_raises_too(kit, raised):
    x = ARRAYS["plain"]()
    node = kit.node("made", type_of(x, 0))

    def work(memory):
        memory.direct(0, memory.array(0))
        x.flags.writeable = False
        FENV.feclearexcept(flags.ALL)
        FENV.feraiseexcept(raised)

    call = kit.call(kit.routine(kit.params(x), node, direct=[node], written=[0]), work)
    with np.errstate(invalid="raise"):
        if raised:
            with pytest.raises(ValueError, match="read-only"):
                call(x)
        else:
            assert call(x).tolist() == x.tolist()


def test_without_memory_for_a_copy_python_runs_the_call(kit, monkeypatch):
    """An array of so many bytes that no second one fits, of which no page is touched."""
    small = np.zeros(3, "i1")
    call = writing(kit, small, status=Status.CHECK_FAILED)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        present = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (present + 3_000_000_000, hard))
    try:
        large = np.zeros(2_000_000_000, "i1")
        for _ in range(3):
            assert call(large)[0] == "rerun"
        assert not large[::100_000_000].any()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# -- which arguments are accepted -------------------------------------------------------------------------------------


def test_only_arrays_that_may_be_written_to_are_accepted(kit):
    x, y = np.arange(3.0), np.arange(3.0)
    call = writing(kit, x, y, written=[1])
    locked = np.arange(3.0)
    locked.flags.writeable = False
    assert call(x, y) == "done" and call(locked, y) == "done"
    assert call(x, locked)[0] == "miss" and locked.tolist() == [0, 1, 2]


def test_arrays_of_whose_writing_numpy_warns_are_not_accepted(kit):
    wide = np.broadcast_arrays(np.zeros((3, 1)), np.zeros((3, 4)))[0]
    assert wide.flags.num & python_api.WARN_ON_WRITE and wide.flags.num & python_api.WRITEABLE
    assert writing(kit, wide)(wide)[0] == "miss"
    assert writing(kit, wide, written=[])(wide) == "done"


@st.composite
def pieces(draw, memory: np.ndarray) -> np.ndarray:
    """Any array within some bytes."""
    char = draw(st.sampled_from(["f8", "i2", "c8", "?"]))
    ndim = draw(st.integers(0, 3))
    shape = draw(st.lists(st.sampled_from([0, 1, 2, 2, 3]), min_size=ndim, max_size=ndim))
    strides = draw(st.lists(st.integers(-24, 24), min_size=ndim, max_size=ndim))
    array = np.ndarray(shape, char, memory, draw(st.integers(160, 340)), strides)
    with contextlib.suppress(TypingError):
        type_of(array, 0)
        return array
    return np.ndarray((), char, memory, 256)  # for one that is said to be misaligned and is not


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_the_guard_and_the_front_end_agree_on_which_arrays_are_apart(shared_kit, data):
    memory = np.zeros(512, np.uint8)
    first, second = data.draw(pieces(memory)), data.draw(pieces(memory))
    spans = memory_of([first, 1.5, second])
    assert set(spans) == {0, 2} and set(memory_of([first, second], 5)) == {5, 6}
    for array, span in ((first, spans[0]), (second, spans[2])):
        assert span == (np.lib.array_utils.byte_bounds(array) if array.size else (0, 0))
    (low, high), (other_low, other_high) = spans[0], spans[2]
    apart = high <= other_low or other_high <= low
    assert apart == (not np.may_share_memory(first, second))
    for truth in (True, False):
        call = shared_kit.accepting(first, 1.5, second, guards=[Disjoint(0, 2, truth, NOWHERE)])
        assert (call(first, 1.5, second) == "hit") == (apart == truth)


def test_arrays_side_by_side_are_apart(kit):
    x = np.arange(20.0)
    call = kit.accepting(x[:3], x[:3], guards=[Disjoint(0, 1, True, NOWHERE)])
    assert call(x[:5], x[5:9]) == "hit" and call(x[5:9], x[:5]) == "hit"
    assert call(x[:5], x[4:9])[0] == "miss" and call(x[4:9], x[:5])[0] == "miss" and call(x, x)[0] == "miss"
    captured = kit.accepting(x[:3], captured=[x], guards=[Disjoint(0, 1, True, NOWHERE)])
    assert captured(np.arange(3.0)) == "hit" and captured(x[:3])[0] == "miss"


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


# -- nothing leaks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("raised", [0, INVALID])
def test_no_reference_and_no_memory_is_lost_on_any_way(kit, system, status, raised):
    x, y = np.arange(6.0), np.arange(6.0)
    params = kit.params(x, y, 3)
    type_ = Array(F8, (dim(Symbol(LOCAL, None)),), packed_layout((dim(Symbol(LOCAL, None)),), (0,)))
    direct = kit.node("made", params[0].type)
    nodes = [direct, *(kit.node("read", type_) for _ in range(5)), kit.node("n", Scalar(F8, "numpy"))]

    def work(memory):
        memory.direct(0, memory.array(0))
        own = memory.own(np.arange(10.0))
        for index, (array, origin) in enumerate(
            [(own, 0), (own[::2], 0), (memory.own(np.arange(3.0)[::-1])[::-1], 0), (memory.array(0), 2)]
        ):
            memory.say(index + 1, array, origin)
        memory.say(5, memory.array(1)[1:], 5)
        memory.write_cell(6, 1.5)
        memory.array(1)[...] = 9
        FENV.feclearexcept(flags.ALL)
        FENV.feraiseexcept(raised)
        return status

    routine = kit.routine(params, TupleOf((*nodes, direct, Same("s"))), direct=[direct], written=[0, 1])
    call = kit.call(routine, work)
    tracked = [x, y, F8, np.ndarray, np.float64, call, "s"]

    def round_of_calls():
        with contextlib.suppress(MemoryError):
            call(x, y, 3)
        call(x, y, 3.5)
        call(x, y, key=3)

    round_of_calls()
    before = [sys.getrefcount(one) for one in tracked]
    for _ in range(200):
        round_of_calls()
        assert not system.out
    after = [sys.getrefcount(one) for one in tracked]
    assert all(abs(a - b) < 20 for a, b in zip(after, before, strict=True)), (before, after)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident size is read from /proc")
def test_copies_do_not_pile_up(kit):
    x = np.zeros(100_000)
    calls = [writing(kit, x, status=status) for status in Status] + [writing(kit, x, raised=INVALID)]

    def run(count):
        for _ in range(count):
            for call in calls:
                with contextlib.suppress(MemoryError):
                    call(x)

    run(20)
    before = resident()
    run(300)
    assert resident() - before < 5_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident size is read from /proc")
def test_a_result_that_cannot_be_boxed_leaves_nothing_behind(kit):
    x = np.zeros(50_000)
    shape = (dim(Symbol(LOCAL, None)),)
    type_ = Array(F8, shape, packed_layout(shape, (0,)))
    nodes = [kit.node("made", type_) for _ in range(2)]

    def work(memory):
        memory.array(0)[...] = 7
        for index in range(2):
            memory.say(index, memory.own(memory.array(0)))
        memory.change(Made(1, 1), 2, 2**45)

    call = kit.call(kit.routine(kit.params(x), TupleOf(tuple(nodes)), written=[0]), work)

    def run(count):
        for _ in range(count):
            with pytest.raises(MemoryError):
                call(x)

    run(20)
    before, size = [sys.getrefcount(one) for one in (x, F8)], resident()
    run(300)
    after = [sys.getrefcount(one) for one in (x, F8)]
    assert all(abs(a - b) < 20 for a, b in zip(after, before, strict=True))
    assert resident() - size < 5_000_000
    assert (x == 7).all()


# -- the GIL ----------------------------------------------------------------------------------------------------------


def filling(kit, length: Dim, steps_of=lambda segment: (segment,)):
    """The steps of a routine whose one segment fills an array of this length; its parameter is a number."""
    params = kit.params(1)
    inner = dim(Symbol(0, None))
    buffer = Buffer("out", F8, (inner,), (0,), "result")
    node = kit.node("made", Array(F8, (inner,), packed_layout((inner,), (0,))))
    region = Region("part", params, node, (), (), (), NOWHERE)
    program = Program(region, (Kernel(buffer, Known(Constant.of(0, F8)), 1.0),), {node: buffer})
    return steps_of(Segment(program, (length,), (node,)))


def loop(kit, segment):
    zero = kit.constant(0, Scalar(np.dtype("i8"), "python"))
    return (For(kit.node("counter", zero.type, attr=LOCAL), zero, zero, zero, True, (segment,)),)


def test_the_work_of_a_routine_is_told_by_the_sizes_of_the_call(kit):
    size = dim(Symbol(0, 0))
    local = dim(Symbol(LOCAL, None))
    true = kit.constant(True, Scalar(np.dtype("?"), "python"))

    def spaces(steps):
        return spaces_of(kit.routine((), Same(None), steps=steps))

    (space,) = spaces(filling(kit, size * 2))
    assert space.known == 1 and space.lengths == (size * 2,)
    assert spaces(filling(kit, dim(5)))[0].known == 5
    assert spaces(filling(kit, local)) is None
    assert len(spaces(filling(kit, size, lambda s: (If(true, (s,), (Labeled(Label("l"), (s,)),)),)))) == 2
    assert spaces(filling(kit, size, lambda s: loop(kit, s))) is None
    assert spaces((While((), true, ()),)) is None
    vector = Array(F8, (size,), packed_layout((size,), (0,)))
    assert spaces((Invoke(kit.node("empty", vector)),))[0].lengths == (size,)
    assert spaces((Invoke(kit.node("matmul", Scalar(F8, "numpy"))),)) is None
    assert spaces((Invoke(kit.node("gather", Array(F8, (local,), packed_layout((local,), (0,))))),)) is None


def test_the_programs_of_a_routine_are_found_within_its_control_flow(kit):
    true = kit.constant(True, Scalar(np.dtype("?"), "python"))
    steps = filling(
        kit, dim(5), lambda s: (s, If(true, loop(kit, s), (While((s,), true, (Labeled(Label("l"), (s,)),)),)))
    )
    routine = kit.routine((), Same(None), steps=steps)
    assert len(programs_of(routine)) == 4 and len(set(programs_of(routine))) == 1
    assert programs_of(programs_of(routine)[0]) == (programs_of(routine)[0],)
    assert kit.native(routine).loops.count("out") >= 4


@pytest.mark.parametrize(
    ("length", "looped", "released"),
    [(5, False, False), (5, True, True), (LONG_RUN, False, True), (LONG_RUN - 1, False, False)],
)
def test_a_routine_releases_the_gil_if_it_loops_or_is_long(kit, length, looped, released):
    x = np.zeros(length)
    steps = filling(kit, dim(Symbol(0, 0)), (lambda s: loop(kit, s)) if looped else (lambda s: (s,)))
    call = kit.without_gil(kit.routine(kit.params(x), Same("done"), steps=steps))
    assert (call(x) == "done") == released


def test_many_threads_have_pools_of_their_own(kit):
    type_ = Array(F8, (dim(Symbol(LOCAL, None)),), packed_layout((dim(Symbol(LOCAL, None)),), (0,)))
    node = kit.node("read", type_)
    params = kit.params(1)

    def work(memory):
        count = int(memory.scalar(0))
        array = memory.own(np.full(count, float(count)))
        time.sleep(0.0005)
        memory.say(0, array)

    call = kit.call(kit.routine(params, node, steps=(While((), kit.node("c", Scalar(F8, "numpy")), ()),)), work)
    wrong = []

    def many(count):
        for _ in range(20):
            result = call(count)
            if result.tolist() != [count] * count:
                wrong.append(count)

    threads = [threading.Thread(target=many, args=(count,)) for count in range(2, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_code_without_writes_has_no_code_for_putting_back(kit):
    llvm = writing(kit, np.zeros(3), written=[]).native.llvm
    assert "PyArray_CopyInto" not in llvm and "copies" not in llvm
