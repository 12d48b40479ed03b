"""A callable type whose instances run native code: a raw `vectorcall` pointer in an ordinary Python object.

There is no C extension. A heap type is made with `PyType_FromSpec` through ctypes; it holds one pointer behind the
object header. Python subclasses add everything else: `__call__` (what runs while the pointer is 0), attributes, weak
references, garbage collection. CPython does not inherit the flag "has vectorcall" in a class that defines `__call__`,
so it is set in the type object of each subclass, after the place of the flags has been verified.

Refuses nothing: where the verification fails, `NativeCallable.is_native` is False and every call runs `__call__`.
Used by the dispatcher when a function is decorated, so it imports neither llvmlite nor NumPy.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

_HEADER = object.__basicsize__
_POINTER = ctypes.sizeof(ctypes.c_void_p)

# Feature bits and slot numbers of CPython's stable ABI (Include/object.h, Include/typeslots.h, Include/structmember.h).
_FLAG_DEFAULT = 1 << 18  # kept for binary compatibility; every heap type of the last decade has it
_FLAG_BASETYPE = 1 << 10
_FLAG_HAVE_VECTORCALL = 1 << 11
_FLAG_METHOD_DESCRIPTOR = 1 << 17
_SLOT_CALL, _SLOT_DESCR_GET, _SLOT_MEMBERS = 50, 54, 72
_MEMBER_SSIZE, _MEMBER_READONLY = 19, 1


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("function", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """The heap type, and what must live as long as it."""

    type: type
    owned: tuple[object, ...]


def _make_holder() -> _Made:
    """A type whose instances are an object header and one pointer, of which CPython knows that it is a vectorcall."""
    api = ctypes.pythonapi
    get_slot = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_int)(("PyType_GetSlot", api))
    from_spec = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.POINTER(_Spec))(("PyType_FromSpec", api))
    members = (_Member * 2)(
        _Member(b"__vectorcalloffset__", _MEMBER_SSIZE, _HEADER, _MEMBER_READONLY, None),
        _Member(None, 0, 0, 0, None),
    )
    slots = (_Slot * 4)(
        # A function's own binding: it builds a method from any object, so `obj.f(...)` works as for functions.
        _Slot(_SLOT_DESCR_GET, get_slot(FunctionType, _SLOT_DESCR_GET)),
        _Slot(_SLOT_CALL, ctypes.cast(api.PyVectorcall_Call, ctypes.c_void_p)),
        _Slot(_SLOT_MEMBERS, ctypes.cast(members, ctypes.c_void_p)),
        _Slot(0, None),
    )
    spec = _Spec(
        b"lowering.callable.Holder",
        _HEADER + _POINTER,
        0,
        _FLAG_DEFAULT | _FLAG_BASETYPE | _FLAG_HAVE_VECTORCALL | _FLAG_METHOD_DESCRIPTOR,
        slots,
    )
    return _Made(from_spec(ctypes.byref(spec)), (members, slots, spec))


@functools.cache
def _flags_offset() -> int | None:
    """Where `tp_flags` stands in a type object, or None if it is not where CPython 3.11 to 3.14 have it.

    Behind the header of a variable-sized object: 16 pointers (name, two sizes, slots) and then the flags.
    """
    offset = _HEADER + ctypes.sizeof(ctypes.c_ssize_t) + 18 * _POINTER
    for sample in (object, int, list, type, FunctionType, _HOLDER.type, NativeCallable):
        if ctypes.c_ulong.from_address(id(sample) + offset).value != sample.__flags__:
            return None
    return offset


def _enable(cls: type[NativeCallable]) -> bool:
    """Let CPython call instances of a subclass through their pointer; False if that cannot be verified."""
    offset = _flags_offset()
    if offset is None:
        return False
    flags = ctypes.c_ulong.from_address(id(cls) + offset)
    before = flags.value
    flags.value = before | _FLAG_HAVE_VECTORCALL | _FLAG_METHOD_DESCRIPTOR
    modified = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("PyType_Modified", ctypes.pythonapi))
    modified(cls)
    if cls.__flags__ == flags.value and _answers_with_pointer(cls):
        return True
    flags.value = before
    modified(cls)
    return False


def _answers_with_pointer(cls: type[NativeCallable]) -> bool:
    """Whether CPython finds in an instance what was stored there: 0, and a pointer (which nobody calls)."""
    find = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object)(("PyVectorcall_Function", ctypes.pythonapi))
    instance = object.__new__(cls)
    slot = ctypes.c_void_p.from_address(id(instance) + _HEADER)
    try:
        if slot.value is not None or find(instance) is not None:
            return False
        slot.value = 1 << 12
        return find(instance) == 1 << 12
    finally:
        slot.value = None


_HOLDER = _make_holder()
_Holder: Any = _HOLDER.type


class NativeCallable(_Holder):
    """The base of callables that can run native code; a subclass defines `__call__`, which runs until then.

    An entry point has CPython's `vectorcallfunc` signature. It gets the instance as its first argument. Works as a
    method, in containers and in cycles like an ordinary function. `is_native` is False in a class whose instances
    reach native code only by a detour through Python.
    """

    __slots__ = ()
    is_native: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.is_native = _enable(cls)
        if not cls.is_native:
            setattr(cls, "__call__", _detour(cls.__call__))  # noqa: B010 - a class attribute that no type declares

    def install(self, address: int) -> None:
        """Send all later calls to the entry point at `address`; 0 sends them to `__call__` again.

        The code must stay loaded while any thread may be in it, hence as long as the instance lives.
        """
        _pointer_of(self).value = address or None


def _pointer_of(instance: NativeCallable) -> ctypes.c_void_p:
    return ctypes.c_void_p.from_address(id(instance) + _HEADER)


def _detour(python_call: Callable[..., Any]) -> Callable[..., Any]:
    """A `__call__` that does in Python what CPython does with a vectorcall pointer."""

    @functools.wraps(python_call)
    def call(self: NativeCallable, *args: Any, **kwargs: Any) -> Any:
        address = _pointer_of(self).value
        if address is None:
            return python_call(self, *args, **kwargs)
        return call_entry(address, self, (*args, *kwargs.values()), tuple(kwargs))

    return call


def fallback_address() -> int:
    """What ends a chain of entry points: 0, on which generated code calls the instance's `_miss` in Python."""
    return 0


def call_entry(address: int, instance: object, args: Sequence[object], keywords: tuple[str, ...] = ()) -> Any:
    """Call the entry point at `address` from Python, slowly; `keywords` name the last of `args`."""
    word, pointer = ctypes.c_size_t, ctypes.c_void_p
    entry = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, pointer, word, pointer)(address)
    values = (ctypes.py_object * len(args))(*args)
    names = id(keywords) if keywords else None
    return entry(instance, ctypes.addressof(values), len(args) - len(keywords), names)
