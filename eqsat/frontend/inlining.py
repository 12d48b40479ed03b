"""Calls of Python functions, translated in place: arguments are bound as Python binds them, then the body follows.

Called through `Translation.inline` for helpers, inner functions, lambdas and other jitted functions. Recursion ends
where calls nest deeper than `DEEPEST`, or are more than `MOST`, with an error.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import FunctionType

from eqsat.errors import PythonRaises, SourceError, UnsupportedError
from eqsat.frontend.captures import Home, refuse_unless_plain
from eqsat.frontend.control import RESULT, Left, ReturnFrame
from eqsat.frontend.expressions import evaluate
from eqsat.frontend.joins import reading
from eqsat.frontend.library import Call
from eqsat.frontend.liveness import has_inner_return
from eqsat.frontend.loops import Flow
from eqsat.frontend.scope import LocalFunction, Scope
from eqsat.frontend.source import Source, parse
from eqsat.frontend.statements import execute
from eqsat.frontend.values import Known, Maybe, TupleValue, Value
from eqsat.ir.body import Labeled
from eqsat.ir.region import ABSENT
from eqsat.ir.span import Span

DEEPEST = 40
"""Calls within calls."""
MOST = 2000
"""Calls in all, in one specialization."""
ATTEMPTS = 8
"""So often the types of early returns may widen."""


def inline(scope: Scope, function: FunctionType | LocalFunction, call: Call) -> Value:
    """The value of a call of a Python function."""
    translation = scope.translation
    translation.calls += 1
    if scope.depth >= DEEPEST or translation.calls > MOST:
        count = f"calls nest {DEEPEST} deep" if scope.depth >= DEEPEST else f"there are more than {MOST} calls"
        raise UnsupportedError(
            f"`{call.name}` cannot be translated in place: {count}",
            call.span,
            have="a function that calls itself is not supported yet",
            instead="write it over whole arrays, without recursion",
        )
    if isinstance(function, LocalFunction):
        local = function
        inner = Scope.of(translation, local.source, local.scope.home, local.scope, scope.depth + 1)
        values = bind(local.source.node.args, call, local.defaults.get)
    else:
        python = function
        translation.captures.code(python)
        inner = Scope.of(translation, _source(python, call.span), Home.of(python), None, scope.depth + 1)
        values = bind(inner.source.node.args, call, lambda name: default_of(scope, python, name, call.span))
    inner.values.update(values)
    return run(inner)


def run(scope: Scope) -> Value:
    """The result of a function whose parameters have their values."""
    scope.translation.scopes.append(scope)
    try:
        return _body(scope)
    finally:
        scope.translation.scopes.remove(scope)


def _body(scope: Scope) -> Value:
    node = scope.source.node
    if isinstance(node, ast.Lambda):
        return evaluate(scope, node.body)
    if isinstance(node, ast.AsyncFunctionDef):
        raise UnsupportedError("an `async` function is not supported", scope.source.span(), instead="use def")
    if not has_inner_return(node.body):
        return _result(execute(scope, node.body))
    return _meeting_returns(scope, node.body)


def _result(flow: Flow) -> Value:
    if isinstance(flow, Left):
        raise PythonRaises("no way reaches the end of the function")
    return Known(None) if flow is None else flow


def _meeting_returns(scope: Scope, body: list[ast.stmt]) -> Value:
    """A function with early returns, which meet at its end; translated again when one brings another type."""
    recorder, before, span = scope.builder.recorder, dict(scope.values), scope.source.span()
    mark, depth = recorder.mark(), scope.control.depth
    for _ in range(ATTEMPTS):
        frame = scope.control.returns
        with recorder.block() as whole:
            try:
                flow = execute(scope, body)
            except PythonRaises:
                if not frame.used:
                    raise
                scope.builder.check(scope.builder.node(Known(False), span))
                flow = Left.GONE
            if frame.used and not isinstance(flow, Left):
                frame.meeting.arrive(scope.builder, (RESULT,), {RESULT: _result(flow)}, span)
        if not frame.used:
            recorder.splice(whole)
            return _result(flow)
        if not frame.meeting.widened:
            recorder.emit(Labeled(frame.label, whole.block))
            carrier = frame.meeting.carrier(RESULT)
            assert carrier is not None
            found = reading(scope.builder, carrier, span)
            assert not isinstance(found, Maybe)
            return found
        scope.control.returns = ReturnFrame(meeting=frame.meeting.again())
        scope.control.depth = depth
        scope.restore(before)
        recorder.reset(mark)
    raise UnsupportedError("the types of what is returned do not settle", span, instead="return one type")


def default_of(scope: Scope, function: FunctionType, name: str, span: Span) -> Value:
    """The default of a function's parameter; `PythonRaises` if it has none."""
    found = scope.translation.captures.default(function, name)
    if found is ABSENT:
        raise PythonRaises(f"`{function.__name__}` is missing the argument `{name}`", span)
    return scope.translation.static(found, name, span)


def bind(parameters: ast.arguments, call: Call, default: Callable[[str], Value | None]) -> dict[str, Value]:
    """The values of a function's parameters; `PythonRaises` where Python has a TypeError for the call."""
    named = [a.arg for a in (*parameters.posonlyargs, *parameters.args)]
    values = dict(zip(named, call.args, strict=False))
    rest = call.args[len(named) :]
    if parameters.vararg is not None:
        values[parameters.vararg.arg] = TupleValue(rest)
    elif rest:
        raise PythonRaises(f"`{call.name}` takes {len(named)} arguments, not {len(call.args)}", call.span)
    if parameters.kwarg is not None:
        raise UnsupportedError(
            f"`{call.name}` has a parameter `**{parameters.kwarg.arg}`, which is not supported",
            call.span,
            instead="name its parameters",
        )
    by_keyword = {a.arg for a in (*parameters.args, *parameters.kwonlyargs)}
    for key, value in call.kwargs.items():
        if key not in by_keyword or key in values:
            raise PythonRaises(f"`{call.name}` cannot take the keyword `{key}`", call.span)
        values[key] = value
    for name in [*named, *(a.arg for a in parameters.kwonlyargs)]:
        if name not in values:
            value = default(name)
            if value is None:
                raise PythonRaises(f"`{call.name}` is missing the argument `{name}`", call.span)
            values[name] = value
    return values


def _source(function: FunctionType, span: Span) -> Source:
    refuse_unless_plain(function, span)
    try:
        return parse(function)
    except SourceError as error:
        raise SourceError(error.what, span, error.have, error.instead) from None
