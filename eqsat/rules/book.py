"""The rules that programs are compiled with."""

from __future__ import annotations

from eqsat.rules.accuracy import ACCURACY
from eqsat.rules.algebra import ALGEBRA
from eqsat.rules.api import rules
from eqsat.rules.arithmetic import ARITHMETIC
from eqsat.rules.casts import CASTS, PROPERTIES
from eqsat.rules.exponentials import EXPONENTIALS
from eqsat.rules.fusion import FUSION
from eqsat.rules.guarded import GUARDED
from eqsat.rules.integers import INTEGERS
from eqsat.rules.linear_algebra import LINEAR_ALGEBRA
from eqsat.rules.logic import LOGIC
from eqsat.rules.movement import MOVEMENT
from eqsat.rules.powers import POWERS
from eqsat.rules.reductions import REDUCTIONS
from eqsat.rules.select import SELECT
from eqsat.rules.trigonometry import TRIGONOMETRY

BOOK = rules(
    *(*FUSION, *MOVEMENT, *CASTS, *PROPERTIES, *ARITHMETIC, *INTEGERS, *LOGIC, *SELECT, *GUARDED),
    *(*ALGEBRA, *POWERS, *EXPONENTIALS, *TRIGONOMETRY, *ACCURACY, *REDUCTIONS, *LINEAR_ALGEBRA),
)
"""Every rule; a program gets those that the flags granted to it permit."""

DEFAULT = BOOK.granted(frozenset())
"""The rules of every program: all exact, none needs a fast-math flag."""
