"""The library: every function, method and attribute of NumPy, `math` and the builtins that eqsat compiles.

Read by the composition root, which hands it to the translation. What is not in these tables is refused by name.
"""

from __future__ import annotations

from eqsat.frontend.library import Library
from numpy_impl import attributes, builtins, casts, creation, elementwise, mathematics, movement, reductions

LIBRARY = Library(
    functions=elementwise.FUNCTIONS
    | reductions.FUNCTIONS
    | movement.FUNCTIONS
    | casts.FUNCTIONS
    | creation.FUNCTIONS
    | attributes.FUNCTIONS
    | mathematics.FUNCTIONS
    | builtins.FUNCTIONS,
    methods=elementwise.METHODS | reductions.METHODS | movement.METHODS | casts.METHODS,
    attributes=movement.ATTRIBUTES | attributes.ATTRIBUTES,
)
