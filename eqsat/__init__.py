"""eqsat: an optimizing compiler for NumPy code.

Public names are loaded when first used, so that `import eqsat` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsat.compose import jit as jit
    from eqsat.errors import EqsatError as EqsatError
    from eqsat.errors import InternalError as InternalError
    from eqsat.errors import PlainPythonWarning as PlainPythonWarning
    from eqsat.errors import RuleError as RuleError
    from eqsat.errors import SourceError as SourceError
    from eqsat.errors import TypingError as TypingError
    from eqsat.errors import UndefinedNameError as UndefinedNameError
    from eqsat.errors import UnknownAttributeError as UnknownAttributeError
    from eqsat.errors import UnsupportedError as UnsupportedError

_PLACES = {
    "jit": "eqsat.compose",
    "EqsatError": "eqsat.errors",
    "InternalError": "eqsat.errors",
    "PlainPythonWarning": "eqsat.errors",
    "RuleError": "eqsat.errors",
    "SourceError": "eqsat.errors",
    "TypingError": "eqsat.errors",
    "UndefinedNameError": "eqsat.errors",
    "UnknownAttributeError": "eqsat.errors",
    "UnsupportedError": "eqsat.errors",
}

__version__ = "0.1.0"
__all__ = [
    "EqsatError",
    "InternalError",
    "PlainPythonWarning",
    "RuleError",
    "SourceError",
    "TypingError",
    "UndefinedNameError",
    "UnknownAttributeError",
    "UnsupportedError",
    "__version__",
    "jit",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'eqsat' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
