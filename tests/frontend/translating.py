"""Translate a function for real arguments, and verify what comes out."""

from __future__ import annotations

from types import FunctionType

import numpy as np

from eqsat.frontend.arguments import sizes_of, strides_of, type_of
from eqsat.frontend.translate import translate
from eqsat.ir.region import Region
from eqsat.ir.verifier import verify
from numpy_impl.library import LIBRARY


def translated(function: FunctionType, *arguments: object) -> Region:
    types = tuple(type_of(argument, index) for index, argument in enumerate(arguments))
    readonly = frozenset(
        index for index, a in enumerate(arguments) if isinstance(a, np.ndarray) and not a.flags.writeable
    )
    sizes, strides = sizes_of(arguments), strides_of(arguments)
    region = translate(function, types, sizes, LIBRARY, readonly, strides=strides)
    verify(region, sizes_of([*arguments, *(p.captured for p in region.params[len(arguments) :])]))
    return region
