"""Typed IR as text: one line for each value, for people and for golden tests.

Called by `f.inspect_types()` and by tests. Parameters keep their names, other values are numbered in the order in
which they are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eqsat.ir.body import Variable, While, operands, statements
from eqsat.ir.nodes import Constant, Node, Reduction, walk
from eqsat.ir.outline import lines_of
from eqsat.ir.region import ABSENT, FUNCTION_PARTS, Param, Region, Result, Same, TupleOf
from eqsat.ir.span import NOWHERE, Span
from eqsat.ir.types import Scalar


def show(region: Region) -> str:
    """A region as text."""
    return "".join(f"{line}\n" for line, _ in lines(region))


def lines(region: Region) -> Iterator[tuple[str, Span]]:
    """Its lines, each with the place in the source of the value that it computes."""
    names = dict(_names(region))
    for line in _head(region):
        yield line, NOWHERE
    if region.body is not None:
        names = {node: name for node, name in names.items() if node.op == "param"}
        last: list[Span] = []

        def operation(node: Node, names: Mapping[Node, str]) -> str:
            last.append(node.span)
            return _operation(node, names)

        for line in lines_of(region.body, tuple(region.result_nodes()), names, operation):
            yield line, last.pop() if last else NOWHERE
    else:
        for node in _numbered(region):
            yield f"  {names[node]} = {_operation(node, names)} : {node.type}", node.span
    for node in region.checks:
        yield f"  check {names[node]}", node.span
    yield f"  return {_result(region.result, names)}", NOWHERE


def _head(region: Region) -> list[str]:
    """What is assumed."""
    lines = [f"region {region.name}({', '.join(_parameter(k, p) for k, p in enumerate(region.params))})"]
    lines += [f"  where {guard}" for guard in region.guards]
    named = [capture for capture in region.captures if capture.key not in FUNCTION_PARTS]
    read = [capture.key for capture in named if capture.value is not ABSENT]
    lines += [f"  reads {', '.join(read)}"] if read else []
    return lines


def _parameter(index: int, param: Param) -> str:
    captured = "" if param.captured is None else " from outside"
    return f"p{index} {param.name}: {param.type}{captured}"


def _numbered(region: Region) -> list[Node]:
    return [node for node in walk(region.roots()) if node.op != "param"]


def _names(region: Region) -> Mapping[Node, str]:
    names = {node: f"v{number}" for number, node in enumerate(_numbered(region))}
    for node in walk((*region.roots(), *_used(region))):
        if node.op == "param" and isinstance(node.attr, int):
            names[node] = region.params[node.attr].name
    return names


def _used(region: Region) -> Iterator[Node]:
    """What the statements of a body use."""
    if region.body is not None:
        for statement in statements(region.body.block):
            yield from operands(statement)
            if isinstance(statement, While):
                yield statement.condition


def _operation(node: Node, names: Mapping[Node, str]) -> str:
    args = ", ".join(names[arg] for arg in node.args)
    match node.attr:
        case Constant():
            return f"constant {_number(node.attr, node.type == Scalar(node.attr.dtype, 'python'))}"
        case Reduction():
            return f"reduce {node.attr} ({args})"
        case None:
            return f"{node.op}({args})"
        case str():
            return f"{node.op}[{node.attr}]({args})"
        case Variable():
            return node.attr.name
        case _:
            return f"{node.op} {node.attr} ({args})" if node.args else f"{node.op} {node.attr}"


def _number(constant: Constant, python: bool) -> str:
    """The number so that it reads back as itself, but for the payloads of NaNs."""
    value = constant.value
    return repr(value.item()) if python or value.dtype.kind in "biu" else str(value)


def _result(result: Result, names: Mapping[Node, str]) -> str:
    if isinstance(result, TupleOf):
        items = [_result(item, names) for item in result.items]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return repr(result.value) if isinstance(result, Same) else names[result]
