"""Fusion is one equation: loading what was stored gives the stored expression.

Left to right it deletes a temporary. What is stored after all is the extractor's choice.
"""

from __future__ import annotations

from eqsat.rules.api import Structural

FUSION = (
    Structural(
        "fuse_load_of_store",
        "Reading an array gives, at every index, the element that was written there.",
        """(rule ((= l (Load (Store info e)))) ((union l e) $fired) $where)""",
        "simplify",
    ),
)
