"""Rules of users are checked when they are first used: a quick certificate for each, remembered by the rule itself.

Quick means the special and corner values, few random ones, few dtypes and shapes, and no proofs: what a wrong rule is
likely to fail at. `eqsat.verify` does all of it. Called by the pipeline, before a rule gets to the e-graph.
"""

from __future__ import annotations

from eqsat.errors import RuleError
from eqsat.rules.api import Rule, RuleBook, Verify
from eqsat.rules.certificate import certify
from eqsat.rules.findings import Certificate

_kept: dict[int, tuple[Rule, Certificate]] = {}
"""Certificates by the identity of the rule, which is kept alive beside its own."""


def checked(book: RuleBook, verify: Verify = "once") -> RuleBook:
    """The book, if every rule of it passes a quick check.

    Raises RuleError for the first one that does not, with its line and what was found; TypeError for another `verify`.
    """
    if verify not in ("always", "once", "never"):
        raise TypeError(f'verify is "always", "once" or "never", not {verify!r}')
    if verify == "never":
        return book
    for one in book:
        if isinstance(one, Rule):
            found = _kept.get(id(one))
            certificate = found[1] if found is not None and verify == "once" else certify(one, quick=True)
            _kept[id(one)] = (one, certificate)
            if not certificate.holds:
                raise _refused(one, certificate)
    return book


def _refused(rule: Rule, certificate: Certificate) -> RuleError:
    said = str(certificate.counterexample)
    said = said if len(said) <= 300 else said[:297] + "..."
    under = f" under {', '.join(sorted(rule.requires))}" if rule.requires else ""
    return RuleError(
        f"rule {rule.name} does not hold{under}",
        rule.span,
        have=said,
        instead=f"print(eqsat.verify({rule.name})) shows it as code; is a guard (when=) or a flag (requires=) missing?",
    )
