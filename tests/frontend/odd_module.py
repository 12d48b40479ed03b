"""A module of a user's, with a constant and an attribute that is computed when asked for."""

from __future__ import annotations

ALPHA = 0.25


def __getattr__(name: str) -> float:
    if name == "computed":
        return 1.0
    raise AttributeError(name)
