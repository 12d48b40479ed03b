"""Which module stands on which floor, and the imports of every module, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("eqsat", "lowering", "numpy_impl")

FLOORS: dict[str, int] = {
    "eqsat.ir.span": 0,
    "eqsat.errors": 1,
    "eqsat.ir.dims": 1,
    "eqsat.ir.types": 1,
    "eqsat.ir": 2,
    "eqsat.frontend": 3,
    "eqsat.rules.api": 3,
    "eqsat.rules.guards": 3,
    "eqsat.rules.pattern": 3,
    "eqsat.rules.shapes": 3,
    "lowering.loops": 3,
    "eqsat.rules": 4,
    "numpy_impl": 4,
    "lowering": 4,
    "eqsat.egraph": 5,
    "eqsat.schedule": 6,
    "eqsat.options": 4,
    "eqsat.plugins": 6,
    "eqsat.foreign": 4,
    "eqsat.pipeline": 7,
    "eqsat.cache": 7,
    "eqsat.explain": 8,
    "eqsat.jit": 9,
    "eqsat.testing": 9,
    "eqsat.compose": 10,
    "eqsat": 11,
    "eqsat.testing.fuzz": 12,
    "eqsat.__main__": 12,
}
"""A room and everything under it; the longest name that fits counts. A new file directly under `eqsat/` needs a row."""


@dataclass(frozen=True, slots=True)
class Import:
    """`module` imports `target` in line `line`; `typing_only` under `if TYPE_CHECKING`."""

    module: str
    target: str
    line: int
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def floor_of(module: str) -> int | None:
    """The floor of one of our modules, or None if nobody gave it one."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        room = ".".join(parts[:length])
        if room in FLOORS and (room != "eqsat" or module == "eqsat"):
            return FLOORS[room]
    return None


def name_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """All modules of the three packages."""
    return {name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def room_of(module: str) -> str:
    """The folder of a module; a file directly under `eqsat/` is a room of its own."""
    path = modules()[module]
    folder = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return module if folder == "eqsat" else folder


@cache
def imports() -> tuple[Import, ...]:
    """Every import in the three packages, also inside functions and by `import_module("...")`."""
    return tuple(found for name, path in modules().items() for found in imports_of(name, path.read_text()))


def imports_of(module: str, source: str) -> Iterator[Import]:
    """The imports in a text."""
    tree = ast.parse(source)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for target in _targets(node, module):
            yield Import(module, target, getattr(node, "lineno", 0), id(node) in typing_only)


def _targets(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            path = modules().get(module)
            package = module.split(".") if path and path.name == "__init__.py" else module.split(".")[:-1]
            base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            yield f"{base}.{alias.name}"
    elif isinstance(node, ast.Call) and node.args:
        function = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        if function in ("import_module", "__import__") and isinstance(first, ast.Constant):
            yield str(first.value)


def our_module(target: str) -> str | None:
    """The module of ours that an import of `target` loads, or None: `eqsat.ir.nodes.Node` is `eqsat.ir.nodes`."""
    while target:
        if target in modules():
            return target
        target = target.rpartition(".")[0]
    return None
