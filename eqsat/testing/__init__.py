"""For testing compiled functions and rules: odd arrays, random programs, exact comparison. Public.

`assert_matches_numpy` compares a jitted function with the function as written, for given arguments or for any that a
strategy draws; `assert_rules_hold` and `assert_rule_fires` check rules. `arrays`, `dtypes`, `layouts`, `shapes`,
`special_values`, `programs` and others are Hypothesis strategies (`pip install eqsat[testing]`); Hypothesis is imported
when one of them is first used. `eqsat.testing.plugin` is for pytest. docs/testing.md shows all of it.

Whole random functions with loops, branches and writes are in `eqsat.testing.functions`; `python -m eqsat.testing.fuzz`
runs these for as long as you like.

>>> import numpy as np
>>> from eqsat import jit
>>> from eqsat.testing import arrays, assert_matches_numpy
>>> @jit
... def shifted(a, b):
...     return a - b.mean()
>>> assert_matches_numpy(shifted, np.arange(3.0), np.ones(2))
array([-1.,  0.,  1.])
>>> assert_matches_numpy(shifted, arrays("float64", ndim=2), arrays("float64", ndim=1), examples=5)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsat.testing.compare import assert_identical as assert_identical
    from eqsat.testing.compare import assert_matches_numpy as assert_matches_numpy
    from eqsat.testing.random_programs import RandomProgram as RandomProgram
    from eqsat.testing.random_programs import programs as programs
    from eqsat.testing.rules import assert_rule_fires as assert_rule_fires
    from eqsat.testing.rules import assert_rules_hold as assert_rules_hold
    from eqsat.testing.strategies import LAYOUTS as LAYOUTS
    from eqsat.testing.strategies import arrays as arrays
    from eqsat.testing.strategies import broadcastable_shapes as broadcastable_shapes
    from eqsat.testing.strategies import dtypes as dtypes
    from eqsat.testing.strategies import layouts as layouts
    from eqsat.testing.strategies import lengths as lengths
    from eqsat.testing.strategies import numpy_scalars as numpy_scalars
    from eqsat.testing.strategies import operands as operands
    from eqsat.testing.strategies import overlapping as overlapping
    from eqsat.testing.strategies import place as place
    from eqsat.testing.strategies import python_scalars as python_scalars
    from eqsat.testing.strategies import scalars as scalars
    from eqsat.testing.strategies import shapes as shapes
    from eqsat.testing.strategies import size as size
    from eqsat.testing.strategies import special_values as special_values
    from eqsat.testing.strategies import values as values

_PLACES = {
    "assert_identical": "compare",
    "assert_matches_numpy": "compare",
    "RandomProgram": "random_programs",
    "programs": "random_programs",
    "assert_rule_fires": "rules",
    "assert_rules_hold": "rules",
    "LAYOUTS": "strategies",
    "arrays": "strategies",
    "broadcastable_shapes": "strategies",
    "dtypes": "strategies",
    "layouts": "strategies",
    "lengths": "strategies",
    "numpy_scalars": "strategies",
    "operands": "strategies",
    "overlapping": "strategies",
    "place": "strategies",
    "python_scalars": "strategies",
    "scalars": "strategies",
    "shapes": "strategies",
    "size": "strategies",
    "special_values": "strategies",
    "values": "strategies",
}

__all__ = [
    "LAYOUTS",
    "RandomProgram",
    "arrays",
    "assert_identical",
    "assert_matches_numpy",
    "assert_rule_fires",
    "assert_rules_hold",
    "broadcastable_shapes",
    "dtypes",
    "layouts",
    "lengths",
    "numpy_scalars",
    "operands",
    "overlapping",
    "place",
    "programs",
    "python_scalars",
    "scalars",
    "shapes",
    "size",
    "special_values",
    "values",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'eqsat.testing' has no attribute {name!r}")
    value = getattr(import_module(f"eqsat.testing.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
