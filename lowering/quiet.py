"""Comparisons of floats that raise no flag for a NaN, put into optimized LLVM IR in place of plain ones.

A plain `fcmp` is what LLVM's loop passes understand. But its machine code may raise the invalid flag for a NaN, in
vectors and where it becomes a minimum or maximum, which NumPy and Python do not. So the exact form takes its place once
those passes have run. From text to text, since llvmlite cannot change a module that it has parsed. Called by
`lowering.engine`; refuses nothing.
"""

from __future__ import annotations

import re

_COMPARISON = re.compile(
    r"^(?P<name>\s*%\S+ = )fcmp (?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast|samesign) )*"
    r"(?P<relation>[ou][lg][te]) (?P<type>(?:<\d+ x )?(?:float|double)>?) (?P<operands>.*)$",
    re.MULTILINE,
)
"""Only these relations: tests for equality are quiet as they are."""


def with_quiet_comparisons(text: str) -> str:
    """The module with its comparisons made exact; the same text if it has none."""
    declared: dict[str, str] = {}

    def replace(found: re.Match[str]) -> str:
        name, relation, kind = found["name"], found["relation"], found["type"]
        left, right = _operands(found["operands"])
        lanes = re.match(r"<(\d+) x ", kind)
        width = "f64" if "double" in kind else "f32"
        mangled = f"v{lanes[1]}{width}" if lanes else width
        result = f"<{lanes[1]} x i1>" if lanes else "i1"
        function = f"@llvm.experimental.constrained.fcmp.{mangled}"
        declared[function] = f"declare {result} {function}({kind}, {kind}, metadata, metadata)"
        return f'{name}call {result} {function}({kind} {left}, {kind} {right}, metadata !"{relation}", {_STRICT})'

    changed = _COMPARISON.sub(replace, text)
    missing = [line for function, line in declared.items() if not re.search(rf"^declare .*{function}\(", text, re.M)]
    return "\n".join([changed, *missing, ""]) if declared else text


_STRICT = 'metadata !"fpexcept.strict"'


def _operands(text: str) -> tuple[str, str]:
    """The two operands; metadata behind them is dropped."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "<([{") - (char in ">)]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts[0].strip(), parts[1].strip()
