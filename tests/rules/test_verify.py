"""`eqsat.verify` and `python -m eqsat verify`: what they take, what they print, what they refuse."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from eqsat import Axis, Float, Inexact, Matrix, RuleError, Vector, is_scalar, opaque, rule, rules, verify
from eqsat.__main__ import main
from eqsat.rules import integers, proofs
from eqsat.rules.arrays import assignments, cases
from eqsat.rules.checked import checked
from eqsat.rules.findings import Certificate, Report
from eqsat.rules.movement import MOVEMENT
from eqsat.rules.samples import ordinary
from tests.rules import planted


@rule
def twice(x: Float):
    """Doubling is exact."""
    return x + x, x * 2.0


@rule(requires={"reassoc"}, when=lambda c: is_scalar(c))
def scaled_sum(c: Inexact, x: Inexact, axis: Axis):
    """One multiplication for each sum."""
    return np.sum(c * x, axis=axis), c * np.sum(x, axis=axis)


@opaque
def log_gamma(x: float) -> float:
    return math.lgamma(x) if x > 0 else math.nan


@rule(requires={"reassoc", "nnan"})
def log_gamma_of_next(x: Vector):
    """lgamma(x + 1) = lgamma(x) + log(x)."""
    return log_gamma(x) + np.log(x), log_gamma(x + 1.0)


@rule(requires={"reassoc", "nnan"})
def log_gamma_of_wrong_one(x: Vector):
    """lgamma(x + 1) = lgamma(x) + x, at one place alone."""
    return log_gamma(x) + x, log_gamma(x + 1.0)


def test_a_certificate_says_what_was_tried() -> None:
    found = verify(twice)
    assert isinstance(found, Certificate) and found.holds
    lines = str(found).splitlines()
    assert lines[:2] == ["twice: holds", "  add(x, x) = multiply(x, 2.0)"]
    assert lines[2].startswith("  tried: float16 (all of 70") and "float64 (" in lines[2]
    if proofs.is_installed():
        assert lines[3].startswith("  proved: float16")


def test_a_certificate_under_flags_says_how_large_errors_were() -> None:
    text = str(verify(scaled_sum))
    assert text.startswith("scaled_sum: holds under reassoc\n")
    assert " shapes\n" in text and "largest error, float64: left " in text


def test_a_certificate_is_the_same_each_time() -> None:
    assert str(verify(scaled_sum)) == str(verify(scaled_sum))
    assert verify(twice, seed=1).holds


def test_functions_of_the_user_are_called() -> None:
    assert verify(log_gamma_of_next).holds
    found = verify(log_gamma_of_wrong_one)
    assert found.counterexample is not None and found.counterexample.what in ("value", "accuracy")
    assert "from " in found.counterexample.snippet and "import log_gamma" in found.counterexample.snippet


def test_a_book_and_a_module_give_a_report() -> None:
    book = verify(rules(twice, scaled_sum))
    assert isinstance(book, Report) and book.holds and [one.rule for one in book] == ["twice", "scaled_sum"]
    assert str(book).endswith("2 of 2 rules hold")
    module = ModuleType("some_rules")
    module.__dict__.update(one=twice, two=(twice, scaled_sum), three=planted.plus_zero)
    report = verify(module)
    assert [one.rule for one in report.failed] == ["plus_zero"] and len(report) == 3
    assert str(report).endswith("2 of 3 rules hold, 1 do not")


def test_structural_rules_have_no_certificate() -> None:
    report = verify(rules(*MOVEMENT))
    assert len(report) == 0 and "compose_moves: structural, has no certificate" in str(report)


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="verify takes a rule, a book of rules or a module, not int"):
        verify(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="verify takes rules, not 'twice'"):
        verify(["twice"])  # type: ignore[list-item]


def test_a_left_side_without_a_meaning_is_refused() -> None:
    @opaque
    def fails(x: float) -> float:
        raise ValueError("never")

    @rule
    def of_failure(x: Vector):
        """Nothing can be said of it."""
        return fails(x) + x, x + fails(x)

    with pytest.raises(RuleError, match="rule of_failure: NumPy raises for every left side that was tried"):
        verify(of_failure)


def test_arrays_come_in_all_layouts_and_shapes() -> None:
    random = np.random.default_rng(0)

    @rule
    def example(a: Matrix):
        """Twice turned."""
        return a.T + a.T, (a + a).T

    found = [
        case.values["a"] for dtypes in assignments(example) for case in cases(example, dtypes, 60, random, ordinary)
    ]
    assert {dtype.name for dtype in (a.dtype for a in found)} >= {"float16", "float64", "complex64"}
    assert any(a.size == 0 for a in found) and any(1 in a.shape for a in found)
    assert any(a.flags.f_contiguous and not a.flags.c_contiguous for a in found)
    assert any(min(a.strides) < 0 for a in found)
    assert any(not a.flags.forc for a in found)


def test_rules_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    @rule
    def thrice(x: Float):
        """Three is two and one: not in floating point, but in this order it is."""
        return (x + x) + x, x + (x + x)

    calls: list[str] = []
    monkeypatch.setattr("eqsat.rules.checked.certify", lambda one, quick: calls.append(one.name) or verify(one))
    book = rules(thrice)
    assert checked(book) is book and checked(book, "once") is book and calls == ["thrice"]
    assert checked(book, "always") is book and calls == ["thrice", "thrice"]
    with pytest.raises(TypeError, match='"once" or "never", not \'sometimes\''):
        checked(book, "sometimes")  # type: ignore[arg-type]


SOURCE = """
import numpy as np
from eqsat import Float, rule

@rule
def halve(x: Float):
    "Halving is exact but for the least numbers."
    return x / 2.0, x * {factor}
"""


def test_the_command_tells_by_its_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong, none = (tmp_path / name for name in ("right_rules.py", "wrong_rules.py", "no_rules.py"))
    right.write_text(SOURCE.format(factor=0.5))
    wrong.write_text(SOURCE.format(factor=0.25))
    none.write_text("x = 1\n")
    assert main(["verify", str(right)]) == 0
    assert capsys.readouterr().out.startswith("halve: holds\n")
    assert main(["verify", str(wrong), "--no-proofs"]) == 1
    shown = capsys.readouterr().out
    assert "halve: DOES NOT HOLD" in shown and "import numpy as np" in shown and "wrong_rules.py:5" in shown
    assert main(["verify", str(right), str(wrong), "--failed"]) == 1
    assert "halve: holds" not in capsys.readouterr().out
    assert main(["verify", str(none)]) == 0
    assert "has no rules" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "missing.py")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_the_command_takes_dotted_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", integers.__name__.replace("integers", "select"), "--no-proofs"]) == 0
    assert "rules hold" in capsys.readouterr().out
