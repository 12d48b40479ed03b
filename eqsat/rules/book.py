"""The rules that every program is compiled with: all exact."""

from __future__ import annotations

from eqsat.rules.api import rules
from eqsat.rules.arithmetic import ARITHMETIC
from eqsat.rules.casts import CASTS, PROPERTIES
from eqsat.rules.fusion import FUSION
from eqsat.rules.integers import INTEGERS
from eqsat.rules.logic import LOGIC
from eqsat.rules.movement import MOVEMENT
from eqsat.rules.select import SELECT

DEFAULT = rules(*FUSION, *MOVEMENT, *CASTS, *PROPERTIES, *ARITHMETIC, *INTEGERS, *LOGIC, *SELECT)
"""No rule in it needs a fast-math flag."""
