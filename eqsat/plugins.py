"""Rules that installed packages bring: the entry-point group `eqsat.plugins`.

An entry point names a rule, a book of rules, or a module with a book called `RULES`. They are loaded at the first
compile, take part in every program whose flags permit them, and are turned off by EQSAT_NO_PLUGINS=1. Refused, with
`PluginError`: what cannot be imported or is no book; the message names the distribution. Called by `eqsat.pipeline`.
"""

from __future__ import annotations

import functools
import os
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from eqsat.errors import PluginError
from eqsat.rules.api import Rule, RuleBook, rules

GROUP = "eqsat.plugins"


@functools.cache
def installed() -> RuleBook:
    """The rules of all installed plug-ins, in the order of their names."""
    if os.environ.get("EQSAT_NO_PLUGINS") == "1":
        return rules()
    found = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return rules(*(load(point) for point in found))


def load(point: EntryPoint) -> RuleBook:
    """The rules of one entry point."""
    where = f"the plug-in {point.name} of {point.dist.name if point.dist is not None else 'an unknown package'}"
    instead = "repair or remove that package, or set EQSAT_NO_PLUGINS=1"
    try:
        given = point.load()
        book = getattr(given, "RULES", None) if isinstance(given, ModuleType) else given
    except Exception as error:
        raise PluginError(
            f"{where} cannot be loaded: {error!r}", have=f"it is {point.value}", instead=instead
        ) from error
    if isinstance(book, Rule):
        return rules(book)
    if not isinstance(book, RuleBook):
        have = f"{point.value} is a {type(book).__name__}"
        raise PluginError(f"{where} gives no book of rules", have=have, instead="name a book made by eqsat.rules(...)")
    return book
