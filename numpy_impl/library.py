"""The library: every function, method and attribute of NumPy, `math` and the builtins that eqsat compiles.

Read by the composition root, which hands it to the translation. What is not in these tables is refused by name.
"""

from __future__ import annotations

from eqsat.frontend.library import Library
from numpy_impl import (
    accumulations,
    attributes,
    builtins,
    casts,
    complex_mathematics,
    counting,
    creation,
    diagonals,
    elementwise,
    iterating,
    joining,
    linalg,
    mathematics,
    movement,
    products,
    reductions,
    searching,
    selecting,
    sequences,
    shaping,
)

LIBRARY = Library(
    functions=elementwise.FUNCTIONS
    | reductions.FUNCTIONS
    | movement.FUNCTIONS
    | casts.FUNCTIONS
    | creation.FUNCTIONS
    | diagonals.FUNCTIONS
    | attributes.FUNCTIONS
    | accumulations.FUNCTIONS
    | counting.FUNCTIONS
    | iterating.FUNCTIONS
    | joining.FUNCTIONS
    | linalg.FUNCTIONS
    | products.FUNCTIONS
    | searching.FUNCTIONS
    | selecting.FUNCTIONS
    | sequences.FUNCTIONS
    | shaping.FUNCTIONS
    | mathematics.FUNCTIONS
    | complex_mathematics.FUNCTIONS
    | builtins.FUNCTIONS,
    methods=elementwise.METHODS
    | reductions.METHODS
    | movement.METHODS
    | casts.METHODS
    | diagonals.METHODS
    | accumulations.METHODS
    | joining.METHODS
    | products.METHODS
    | searching.METHODS
    | selecting.METHODS
    | shaping.METHODS
    | builtins.METHODS,
    attributes=movement.ATTRIBUTES | attributes.ATTRIBUTES | iterating.ATTRIBUTES,
)
