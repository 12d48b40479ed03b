"""From a Python function and the types of a call's arguments to a typed region.

Called by the pipeline, once for each specialization. Decisions that depend on sizes are made with those of the call
and recorded as guards. Refuses what the modules beside it refuse; raises `PythonRaises` where the call would raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType

from eqsat.errors import UnsupportedError
from eqsat.frontend.builder import Builder
from eqsat.frontend.captures import Home, refuse_unless_plain
from eqsat.frontend.inlining import default_of, inline, run
from eqsat.frontend.iterables import Counted
from eqsat.frontend.library import Library
from eqsat.frontend.scope import LocalFunction, Scope, Translation
from eqsat.frontend.source import Source, parse
from eqsat.frontend.structure import python_type
from eqsat.frontend.values import Flat, Known, SliceValue, TupleValue, Value
from eqsat.ir.body import LOCAL, Body, root_of, written_roots
from eqsat.ir.dims import ONE, ZERO, Symbol
from eqsat.ir.nodes import IN_PLACE, Node
from eqsat.ir.region import Disjoint, Param, Region, Result, Same, TupleOf, nodes_of
from eqsat.ir.span import Span
from eqsat.ir.types import Array, NoneType, Type
from eqsat.ir.view import View, identity


def translate(
    function: FunctionType,
    arg_types: tuple[Type, ...],
    sizes: Mapping[Symbol, int],
    library: Library,
    readonly: frozenset[int] = frozenset(),
    *,
    strides: Mapping[Symbol, int] | None = None,
    memory: Mapping[int, tuple[int, int]] | None = None,
    objects: Mapping[int, int] | None = None,
    boundscheck: bool = True,
) -> Region:
    """The region of `function` for arguments of `arg_types`, by position, then the keyword-only ones in their order.

    Parameters beyond the given types have their defaults, as constants. `sizes` and `strides` (in bytes) are those
    of the call, `readonly` the numbers of the arguments that may not be written to, `memory` the lowest address of each
    array and the one behind its highest; `objects` has one number for arguments that are one object. Without
    `boundscheck`, indices are taken to be in range.
    """
    source = parse(function)
    span = source.span()
    names = _names(source, function)
    builder = Builder(sizes, strides)
    builder.facts.boundscheck = boundscheck
    params = [Param(name, type_) for name, type_ in zip(names, arg_types, strict=False)]
    translation = Translation(builder, library, inline, params, dict(memory or {}), dict(objects or {}))
    scope = Scope.of(translation, source, Home.of(function), None, 0)
    for index, param in enumerate(tuple(params)):
        is_none = isinstance(param.type, NoneType)
        node = builder.param(index, param.type, span)
        scope.values[param.name] = Known(None) if is_none else node
        if index in readonly:
            builder.locked.add(node)
    for name in names[len(arg_types) :]:
        scope.values[name] = default_of(scope, function, name, span)
    result = _result(run(scope), span)
    for node in nodes_of(result):
        _refuse_readonly(node, builder)
    if _share_memory(result):
        builder.recorder.start()
    body = builder.recorder.body() if builder.recorder.in_order else None
    return Region(
        name=function.__name__,
        params=tuple(params),
        result=result,
        guards=(
            *builder.guards,
            *translation.identical.values(),
            *(() if body is None else _apart(body, translation, span)),
        ),
        checks=tuple(builder.checks),
        captures=tuple(translation.captures.found.values()),
        span=span,
        body=body,
        estimates={symbol: value for symbol, value in builder.sizes.items() if symbol.param >= LOCAL},
    )


def _apart(body: Body, translation: Translation, span: Span) -> Iterator[Disjoint]:
    """For every array that may be written to, whether it shares memory with the other ones today."""
    written = {root.attr for root in written_roots(body) if root.op == "param"}
    memory = translation.memory
    for first in sorted(number for number in written if isinstance(number, int)):
        for second in sorted(memory):
            if second != first and not (second in written and second < first):
                (low, high), (low2, high2) = memory[first], memory[second]
                yield Disjoint(first, second, high <= low2 or high2 <= low or low == high or low2 == high2, span)


def _names(source: Source, function: FunctionType) -> list[str]:
    parameters = source.node.args
    if parameters.vararg is not None or parameters.kwarg is not None:
        raise UnsupportedError(
            f"`{function.__name__}` takes starred parameters, which eqsat does not compile",
            source.span(),
            instead="name each parameter",
        )
    refuse_unless_plain(function, source.span())
    return [a.arg for a in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)]


def _share_memory(result: Result) -> bool:
    """Whether results are in one piece of memory that is made here, so that it must be there as a whole."""
    arrays = [node for node in dict.fromkeys(nodes_of(result)) if isinstance(node.type, Array)]
    bases = [base for node in arrays if (base := root_of(node)).op != "param"]
    return len(set(bases)) < len(bases)


def _refuse_readonly(node: Node, builder: Builder) -> None:
    """Refuse to return an array that NumPy makes read-only, and that has no memory of its own or would be writeable.

    A view of an argument that still repeats elements is read-only by itself.
    """
    if not isinstance(node.type, Array):
        return
    whole, view, readonly = node, identity(node.type.ndim), node in builder.readonly
    straight = True
    while whole.op in IN_PLACE:
        straight = straight and whole.op != "reshape"  # what is reshaped repeats nothing
        if isinstance(whole.attr, View) and straight:
            view = whole.attr.then(view)
        whole = whole.args[0]
        readonly = readonly or whole in builder.readonly
    walked = {along.axis for along in view.axes}
    still = any(axis not in walked and length not in (ZERO, ONE) for axis, length in enumerate(node.type.shape))
    if readonly and not (whole.op == "param" and still):
        raise UnsupportedError(
            "a read-only array is returned, of np.broadcast_to, np.diagonal or .imag",
            node.span,
            instead="return its copy: x.copy()",
        )


def _result(value: Value, span: Span) -> Result:
    """A value as what the call returns."""
    if isinstance(value, Node):
        return value
    if isinstance(value, TupleValue) and value.is_list:
        raise UnsupportedError("a list is returned", span, instead="return a tuple, or np.array([...])")
    if isinstance(value, TupleValue):
        return TupleOf(tuple(_result(item, span) for item in value.items))
    if isinstance(value, SliceValue):
        parts = [part.value for part in (value.start, value.stop, value.step) if isinstance(part, Known)]
        if len(parts) == 3:
            return Same(slice(*parts))
    elif not isinstance(value.value, LocalFunction | Flat | Counted):
        return Same(value.value)
    raise UnsupportedError(
        f"a {python_type(value).__name__} made in the function is returned", span, instead="return arrays and numbers"
    )
