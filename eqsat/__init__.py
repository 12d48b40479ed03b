"""eqsat: an optimizing compiler for NumPy code.

Public names are loaded when first used, so that `import eqsat` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsat.compose import jit as jit
    from eqsat.errors import EqsatError as EqsatError
    from eqsat.errors import InternalError as InternalError
    from eqsat.errors import PlainPythonWarning as PlainPythonWarning
    from eqsat.errors import PluginError as PluginError
    from eqsat.errors import RuleError as RuleError
    from eqsat.errors import RuleWarning as RuleWarning
    from eqsat.errors import SourceError as SourceError
    from eqsat.errors import TypingError as TypingError
    from eqsat.errors import UndefinedNameError as UndefinedNameError
    from eqsat.errors import UnknownAttributeError as UnknownAttributeError
    from eqsat.errors import UnsupportedError as UnsupportedError
    from eqsat.foreign import opaque as opaque
    from eqsat.options import use_rules as use_rules
    from eqsat.rules.api import rule as rule
    from eqsat.rules.api import rules as rules
    from eqsat.rules.certificate import verify as verify
    from eqsat.rules.guards import exact_reciprocal as exact_reciprocal
    from eqsat.rules.guards import is_constant as is_constant
    from eqsat.rules.guards import is_finite as is_finite
    from eqsat.rules.guards import is_integer as is_integer
    from eqsat.rules.guards import is_matrix as is_matrix
    from eqsat.rules.guards import is_nonnegative as is_nonnegative
    from eqsat.rules.guards import is_nonzero as is_nonzero
    from eqsat.rules.guards import is_not_nan as is_not_nan
    from eqsat.rules.guards import is_positive as is_positive
    from eqsat.rules.guards import is_scalar as is_scalar
    from eqsat.rules.guards import is_square as is_square
    from eqsat.rules.guards import is_symmetric as is_symmetric
    from eqsat.rules.guards import is_vector as is_vector
    from eqsat.rules.guards import same_shape as same_shape
    from eqsat.rules.pattern import Axis as Axis
    from eqsat.rules.pattern import Bool as Bool
    from eqsat.rules.pattern import Complex as Complex
    from eqsat.rules.pattern import Float as Float
    from eqsat.rules.pattern import FloatMatrix as FloatMatrix
    from eqsat.rules.pattern import FloatScalar as FloatScalar
    from eqsat.rules.pattern import FloatVector as FloatVector
    from eqsat.rules.pattern import Inexact as Inexact
    from eqsat.rules.pattern import Int as Int
    from eqsat.rules.pattern import IntMatrix as IntMatrix
    from eqsat.rules.pattern import IntScalar as IntScalar
    from eqsat.rules.pattern import IntVector as IntVector
    from eqsat.rules.pattern import Matrix as Matrix
    from eqsat.rules.pattern import Number as Number
    from eqsat.rules.pattern import Real as Real
    from eqsat.rules.pattern import Scalar as Scalar
    from eqsat.rules.pattern import Signed as Signed
    from eqsat.rules.pattern import Unsigned as Unsigned
    from eqsat.rules.pattern import Vector as Vector

_PLACES = {
    "jit": "eqsat.compose",
    "opaque": "eqsat.foreign",
    "use_rules": "eqsat.options",
    "EqsatError": "eqsat.errors",
    "InternalError": "eqsat.errors",
    "PlainPythonWarning": "eqsat.errors",
    "PluginError": "eqsat.errors",
    "RuleError": "eqsat.errors",
    "RuleWarning": "eqsat.errors",
    "SourceError": "eqsat.errors",
    "TypingError": "eqsat.errors",
    "UndefinedNameError": "eqsat.errors",
    "UnknownAttributeError": "eqsat.errors",
    "UnsupportedError": "eqsat.errors",
    "Axis": "eqsat.rules.pattern",
    "Bool": "eqsat.rules.pattern",
    "Complex": "eqsat.rules.pattern",
    "Float": "eqsat.rules.pattern",
    "FloatMatrix": "eqsat.rules.pattern",
    "FloatScalar": "eqsat.rules.pattern",
    "FloatVector": "eqsat.rules.pattern",
    "Inexact": "eqsat.rules.pattern",
    "Int": "eqsat.rules.pattern",
    "IntMatrix": "eqsat.rules.pattern",
    "IntScalar": "eqsat.rules.pattern",
    "IntVector": "eqsat.rules.pattern",
    "Matrix": "eqsat.rules.pattern",
    "Number": "eqsat.rules.pattern",
    "Real": "eqsat.rules.pattern",
    "Scalar": "eqsat.rules.pattern",
    "Signed": "eqsat.rules.pattern",
    "Unsigned": "eqsat.rules.pattern",
    "Vector": "eqsat.rules.pattern",
    "exact_reciprocal": "eqsat.rules.guards",
    "is_constant": "eqsat.rules.guards",
    "is_finite": "eqsat.rules.guards",
    "is_integer": "eqsat.rules.guards",
    "is_matrix": "eqsat.rules.guards",
    "is_nonnegative": "eqsat.rules.guards",
    "is_nonzero": "eqsat.rules.guards",
    "is_not_nan": "eqsat.rules.guards",
    "is_positive": "eqsat.rules.guards",
    "is_scalar": "eqsat.rules.guards",
    "is_square": "eqsat.rules.guards",
    "is_symmetric": "eqsat.rules.guards",
    "is_vector": "eqsat.rules.guards",
    "same_shape": "eqsat.rules.guards",
    "verify": "eqsat.rules.certificate",
    "rule": "eqsat.rules.api",
}

__version__ = "0.1.0"
__all__ = [
    "Axis",
    "Bool",
    "Complex",
    "EqsatError",
    "Float",
    "FloatMatrix",
    "FloatScalar",
    "FloatVector",
    "Inexact",
    "Int",
    "IntMatrix",
    "IntScalar",
    "IntVector",
    "InternalError",
    "Matrix",
    "Number",
    "PlainPythonWarning",
    "PluginError",
    "Real",
    "RuleError",
    "RuleWarning",
    "Scalar",
    "Signed",
    "SourceError",
    "TypingError",
    "UndefinedNameError",
    "UnknownAttributeError",
    "Unsigned",
    "UnsupportedError",
    "Vector",
    "__version__",
    "exact_reciprocal",
    "is_constant",
    "is_finite",
    "is_integer",
    "is_matrix",
    "is_nonnegative",
    "is_nonzero",
    "is_not_nan",
    "is_positive",
    "is_scalar",
    "is_square",
    "is_symmetric",
    "is_vector",
    "jit",
    "opaque",
    "rule",
    "rules",
    "same_shape",
    "use_rules",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "rules":  # the package of rule tables, which called makes a book
        return import_module("eqsat.rules")
    if name not in _PLACES:
        raise AttributeError(f"module 'eqsat' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The package: `eqsat.jit` is the function, also where the module of that name was imported first."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name == "jit" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
