"""Programs of the corpus in the words that Numba compiles, by the name of the original; results are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

REWRITTEN: dict[str, Callable[..., Any]] = {}
