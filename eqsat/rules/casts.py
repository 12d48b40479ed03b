"""Conversions, and laws that hold for every operation with a property.

Which pairs of conversions are one conversion is decided by the host (`eqsat.egraph.host.cast_pair`), from what the
dtypes can hold.
"""

from __future__ import annotations

from eqsat.rules.api import Structural

CASTS = (
    Structural(
        "cast_to_itself",
        "A conversion to the same dtype copies.",
        """(rule ((= l (Unary "cast" u x)) (Number t u b c p s)) ((union l x) $fired) $where)
        (rule ((= l (Unary "cast" u x)) (Bool t u b c p s)) ((union l x) $fired) $where)""",
        "simplify",
    ),
    Structural(
        "cast_of_cast",
        "Widening first changes no number; wrapping integers can be cut in one step.",
        """(rule ((= l (Unary "cast" r (Unary "cast" s x))) (CastPair s r t))
        ((union l (Unary "cast" t x)) $fired) $where)""",
        "simplify",
    ),
)

PROPERTIES = (
    Structural(
        "idempotent_operation",
        "Operations marked idempotent in `eqsat.ir.ops` do nothing the second time.",
        """(rule ((= l (Unary n s x)) (= x (Unary n s y)) (Idempotent n s)) ((union l x) $fired) $where)""",
        "simplify",
    ),
    Structural(
        "commutative_operation",
        "Operations marked commutative in `eqsat.ir.ops` may swap their arguments; tried once, where it finds equals.",
        """(rule ((= l (Binary n s a b)) (Commutes n s)) ((union l (Binary n s b a)) $fired) $where)""",
        "commute",
    ),
)
