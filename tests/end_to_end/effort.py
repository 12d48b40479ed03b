"""How many examples a property is tried on, in proportion to the profile (`--hypothesis-profile`)."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

STANDARD = 30


def examples(count: int, **kwargs: Any) -> settings:
    """`count` examples in the standard profile, fewer in `quick`, many in `long`."""
    return settings(max_examples=max(count * settings.default.max_examples // STANDARD, 3), **kwargs)
