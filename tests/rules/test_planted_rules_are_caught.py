"""Rules that are wrong in a corner are caught, and the counterexample is code that shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsat import RuleError, rules, verify
from eqsat.rules.checked import checked
from tests.rules.planted import PLANTED


def outcome(snippet: str) -> tuple[Any, Any]:
    """`left` and `right` after the snippet has run as a program of its own."""
    names: dict[str, Any] = {}
    exec(compile(snippet, "<snippet>", "exec"), names)
    return names["left"], names["right"]


@pytest.mark.parametrize("claim", PLANTED)
def test_it_is_caught_with_a_snippet_that_runs(claim: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, what = PLANTED[claim]
    found = verify(wrong)
    assert not found.holds and found.counterexample is not None
    assert found.counterexample.what == what, str(found)
    left, right = outcome(found.counterexample.snippet)
    assert capsys.readouterr().out
    if what == "flags":
        assert left != right
        return
    assert np.asarray(left).dtype == np.asarray(right).dtype
    assert repr(np.asarray(left).tolist()) != repr(np.asarray(right).tolist())
    text = str(found)
    assert text.startswith(f"{wrong.name}: DOES NOT HOLD") and "    import numpy as np" in text


def test_there_are_many() -> None:
    assert len(PLANTED) >= 36


SUBTLE = {"(1 + x) - 1 is exact for small x", "the exponential is the more accurate one"}
"""What a quick look may miss."""


@pytest.mark.parametrize("claim", [claim for claim in PLANTED if claim not in SUBTLE])
def test_a_quick_look_catches_it_when_it_is_first_used(claim: str) -> None:
    wrong, _ = PLANTED[claim]
    for verify_ in ("once", "once", "always"):
        with pytest.raises(RuleError) as caught:
            checked(rules(wrong), verify_)
        lines = str(caught.value).splitlines()
        assert lines[0].startswith(f"rule {wrong.name} does not hold") and len(lines) <= 6
        assert "planted.py" in lines[1] and lines[-1].startswith("  instead: print(eqsat.verify(")
    assert checked(rules(wrong), "never")[wrong.name] is wrong
