"""The rules that programs are compiled with.

`BOOK` is made when it is first asked for: most of its tables are for programs with fast-math flags alone.
"""

from __future__ import annotations

from eqsat.rules.api import RuleBook, rules
from eqsat.rules.arithmetic import ARITHMETIC
from eqsat.rules.casts import CASTS, PROPERTIES
from eqsat.rules.fusion import FUSION
from eqsat.rules.guarded import GUARDED
from eqsat.rules.integers import INTEGERS
from eqsat.rules.logic import LOGIC
from eqsat.rules.movement import MOVEMENT
from eqsat.rules.select import SELECT
from eqsat.rules.whole_arrays import WHOLE_ARRAYS

DEFAULT = rules(
    *(*FUSION, *MOVEMENT, *CASTS, *PROPERTIES, *ARITHMETIC, *INTEGERS, *LOGIC, *SELECT, *GUARDED, *WHOLE_ARRAYS)
)
"""The rules of every program: all exact, none needs a fast-math flag."""


def granted(flags: frozenset[str]) -> RuleBook:
    """The rules that need no more than some fast-math flags."""
    return _whole().granted(flags) if flags else DEFAULT


def _whole() -> RuleBook:
    """Every rule, with and without flags; `BOOK` from outside."""
    from eqsat.rules.accuracy import ACCURACY
    from eqsat.rules.algebra import ALGEBRA
    from eqsat.rules.exponentials import EXPONENTIALS
    from eqsat.rules.linear_algebra import LINEAR_ALGEBRA
    from eqsat.rules.powers import POWERS
    from eqsat.rules.reductions import REDUCTIONS
    from eqsat.rules.trigonometry import TRIGONOMETRY

    found = globals().get("BOOK")
    if found is None:
        flagged = (*ALGEBRA, *POWERS, *EXPONENTIALS, *TRIGONOMETRY, *ACCURACY, *REDUCTIONS, *LINEAR_ALGEBRA)
        found = globals()["BOOK"] = rules(DEFAULT, *flagged)
    return found


def __getattr__(name: str) -> RuleBook:
    if name == "BOOK":
        return _whole()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
