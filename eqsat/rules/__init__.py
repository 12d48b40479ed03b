"""The rule book, in tables under mathematical headings, and what rules are made with.

Called, the package makes a book: `eqsat.rules(one, other)` is `eqsat.rules.api.rules`, by a module class, since the
public function and the folder of the tables have one name.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *given: Any) -> Any:
        from eqsat.rules.api import rules

        return rules(*given)


sys.modules[__name__].__class__ = _Callable
