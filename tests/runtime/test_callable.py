"""The callable type: Python until an entry point is installed, native from then on, an ordinary object throughout."""

from __future__ import annotations

import ctypes
import functools
import gc
import subprocess
import sys
import weakref

import pytest

from lowering import callable as module
from lowering.callable import NativeCallable, call_entry, fallback_address


class Function(NativeCallable):
    def __init__(self, name="f"):
        self.name = name

    def __call__(self, *args, **kwargs):
        return ("python", self.name, args, kwargs)


@ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.py_object, ctypes.POINTER(ctypes.py_object), ctypes.c_size_t, ctypes.c_void_p
)
def echo(self, args, count_and_flag, names):
    """An entry point written in Python; it answers with what it got."""
    keywords = ctypes.cast(names, ctypes.py_object).value if names else ()
    count = count_and_flag & ~(1 << 63)
    return ("native", self, [args[i] for i in range(count + len(keywords))], keywords)


ECHO = ctypes.cast(echo, ctypes.c_void_p).value


@pytest.fixture
def native() -> Function:
    made = Function()
    made.install(ECHO)
    return made


def test_this_interpreter_calls_natively():
    assert Function.is_native
    assert not NativeCallable.is_native, "the base itself has no `__call__` to come back to"


def test_calls_run_python_until_an_entry_is_installed_and_again_after_zero():
    f = Function()
    assert f(1, k=2) == ("python", "f", (1,), {"k": 2})
    f.install(ECHO)
    assert f(1, k=2) == ("native", f, [1, 2], ("k",))
    assert f() == ("native", f, [], ())
    f.install(fallback_address())
    assert f(1) == ("python", "f", (1,), {})


def test_the_entry_belongs_to_the_instance(native):
    other = Function("g")
    assert other(1)[0] == "python" and native(1)[0] == "native"


@pytest.mark.parametrize(
    "way",
    [
        lambda f: f(1, 2),
        lambda f: f(*[1, 2]),
        lambda f: functools.partial(f, 1)(2),
        lambda f: functools.reduce(f, [1, 2]),
        lambda f: next(map(f, [1], [2])),
        lambda f: type(f).__call__(f, 1, 2) and f(1, 2),
        lambda f: (lambda *args: f(*args))(1, 2),
    ],
)
def test_every_way_to_call_reaches_native_code(native, way):
    assert way(native) == ("native", native, [1, 2], ())


@pytest.mark.parametrize("way", [lambda f: f(1, k=2), lambda f: f(*[1], k=2), lambda f: functools.partial(f, k=2)(1)])
def test_keywords_arrive_by_name(native, way):
    assert way(native) == ("native", native, [1, 2], ("k",))


def test_an_instance_in_a_class_is_a_method(native):
    class Model:
        method = native
        static = staticmethod(native)
        of_class = classmethod(native)

    model = Model()
    assert model.method(1) == ("native", native, [model, 1], ())
    bound = model.method
    assert bound(1, k=2) == ("native", native, [model, 1, 2], ("k",))
    assert bound.__self__ is model and bound.__func__ is native
    assert Model.method is native
    assert model.static(1) == ("native", native, [1], ())
    assert Model.of_class(1) == ("native", native, [Model, 1], ())


def test_a_method_without_an_entry_runs_python():
    class Model:
        method = Function("m")

    model = Model()
    assert model.method(1) == ("python", "m", (model, 1), {})


def test_a_class_with_other_bases_works_too():
    class Behaviour:
        def __init__(self):
            self.cache = {}

        def __call__(self, *args):
            return ("behaviour", args)

    class Joined(Behaviour, NativeCallable):
        pass

    assert Joined.is_native
    joined = Joined()
    assert joined(1) == ("behaviour", (1,)) and joined.cache == {}
    joined.install(ECHO)
    assert joined(1) == ("native", joined, [1], ())
    functools.update_wrapper(joined, test_a_class_with_other_bases_works_too)
    assert joined.__name__ == "test_a_class_with_other_bases_works_too"


def test_cycles_are_collected_and_weak_references_die():
    f = Function()
    f.me, f.items = f, [f]
    f.install(ECHO)
    reference = weakref.ref(f)
    del f
    gc.collect()
    assert reference() is None


def test_instances_and_their_class_do_not_leak():
    gc.collect()
    before = sys.getrefcount(Function)
    for _ in range(10_000):
        Function().install(ECHO)
    gc.collect()
    assert sys.getrefcount(Function) == before

    class Temporary(NativeCallable):
        def __call__(self):
            return 1

    reference = weakref.ref(Temporary)
    del Temporary
    gc.collect()
    assert reference() is None


def test_call_entry_calls_once_from_python(native):
    assert call_entry(ECHO, native, (1, 2), ("k",)) == ("native", native, [1, 2], ("k",))
    assert call_entry(ECHO, native, ()) == ("native", native, [], ())


@pytest.mark.parametrize("broken", ["_flags_offset", "_answers_with_pointer"])
def test_where_the_interpreter_cannot_be_verified_python_makes_the_detour(monkeypatch, broken):
    monkeypatch.setattr(module, broken, lambda *_: None)

    class Detoured(NativeCallable):
        def __call__(self, *args, **kwargs):
            return ("python", args, kwargs)

    assert not Detoured.is_native and not Detoured.__flags__ & (1 << 11)
    f = Detoured()
    assert f(1, k=2) == ("python", (1,), {"k": 2})
    f.install(ECHO)
    assert f(1, k=2) == ("native", f, [1, 2], ("k",))
    f.install(0)
    assert f(1) == ("python", (1,), {})


def test_the_place_of_the_flags_is_verified(monkeypatch):
    module._flags_offset.cache_clear()
    monkeypatch.setattr(module, "_POINTER", 16)
    try:
        assert module._flags_offset() is None
    finally:
        module._flags_offset.cache_clear()
    monkeypatch.undo()
    assert module._flags_offset() == 168 or sys.maxsize < 2**32 or object.__basicsize__ != 16


def test_decorating_needs_neither_llvmlite_nor_numpy():
    code = "import sys, lowering.callable; print({'llvmlite', 'numpy', 'egglog'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
