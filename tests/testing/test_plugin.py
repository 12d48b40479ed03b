"""The pytest plug-in, in runs of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

RULES = '''
"""Rules for tests."""
import numpy as np
from eqsat import Float, Int, rule, rules

@rule
def doubled(x: Float):
    "Doubling is exact."
    return x + x, 2 * x

@rule
def plus_zero(x: Float):
    "Wrong for -0.0."
    return x + 0.0, x

right = rules(doubled)
'''

FUNCTIONS = """
import os
import numpy as np
import pytest
from eqsat import jit

@jit
def shifted(a, b):
    return a - b
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """pytest with the plug-in and no other, in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("EQSAT_DISABLE", raising=False)

    def started(*args: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-p", "eqsat.testing.plugin", *args, timeout=200)

    pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    return started


def test_pytest_finds_it_by_its_entry_point() -> None:
    (found,) = [one for one in entry_points(group="pytest11") if one.name == "eqsat"]
    assert found.value == "eqsat.testing.plugin"


def test_it_imports_nothing_before_it_is_used() -> None:
    code = "import sys, eqsat.testing.plugin; print([name for name in sys.modules if name.partition('.')[0] in {}])"
    heavy = ("numpy", "hypothesis", "egglog", "llvmlite", "lowering", "numpy_impl")
    done = subprocess.run([sys.executable, "-c", code.format(heavy)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_fixture_compares_given_and_drawn_arguments(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        FUNCTIONS
        + """
def test_right(numpy_check):
    from eqsat.testing import arrays
    assert (numpy_check(shifted, np.arange(3.0), 1) == [-1, 0, 1]).all()
    numpy_check(shifted, arrays("float64", "n"), arrays("float64", "n"), examples=5)

class Wrong:
    py_func = staticmethod(lambda x: x.copy())
    def __call__(self, x):
        return x + 0.0

def test_wrong(numpy_check):
    from eqsat.testing import arrays
    numpy_check(Wrong(), arrays("float64", ndim=1), examples=200)
"""
    )
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*smallest failing call:", '*x = np.array([[]-0.0], "float64")'])


def test_functions_run_as_plain_python_where_asked(pytester: pytest.Pytester, run) -> None:
    pytester.makeconftest(FUNCTIONS)
    pytester.makepyfile(
        """
import numpy as np
from conftest import shifted

def test_call():
    assert shifted(np.ones(2), 1).sum() == 0
    print("compiled:", len(shifted.signatures))
"""
    )
    header = "eqsat: jitted functions run as plain Python"
    compiled = run("-s")
    compiled.assert_outcomes(passed=1)
    compiled.stdout.fnmatch_lines(["*compiled: 1*"])
    compiled.stdout.no_fnmatch_line(header)
    plain = run("-s", "--eqsat-disable")
    plain.assert_outcomes(passed=1)
    plain.stdout.fnmatch_lines([header, "*compiled: 0*"])
    run("-s", "-o", "eqsat_disable=true").stdout.fnmatch_lines([header, "*compiled: 0*"])


def test_what_was_disabled_is_enabled_after_the_run(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile("import os\ndef test_set():\n    assert os.environ['EQSAT_DISABLE'] == '1'")
    code = (
        "import os, pytest\n"
        "assert pytest.main(['-p', 'eqsat.testing.plugin', '--eqsat-disable']) == 0\n"
        "assert 'EQSAT_DISABLE' not in os.environ\n"
        "os.environ['EQSAT_DISABLE'] = '0'\n"
        "assert pytest.main(['-p', 'eqsat.testing.plugin', '--eqsat-disable']) == 0\n"
        "assert os.environ['EQSAT_DISABLE'] == '0'\n"
    )
    assert pytester.runpython_c(code).ret == 0


def test_every_rule_of_a_module_is_a_test(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(my_rules=RULES)
    result = run("-v", "--eqsat-verify", "my_rules")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*collected 2 items",
            "my_rules::doubled PASSED*",
            "my_rules::plus_zero FAILED*",
            "*_ rule plus_zero _*",
            "plus_zero: DOES NOT HOLD",
            "*my_rules.py:10, in plus_zero",
            "*counterexample: bits differ for x = np.float16(-0.0)*",
            "*x = np.array([[]-0.0], np.float16)",
            "FAILED my_rules::plus_zero*",
        ]
    )
    result.stdout.no_fnmatch_line("*certificate.py*")


def test_rules_are_selected_like_other_tests(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(my_rules=RULES, test_other="def test_other():\n    pass\n")
    run("--eqsat-verify", "my_rules:right").assert_outcomes(passed=2)
    run("--eqsat-verify", "my_rules", "-k", "plus_zero").assert_outcomes(failed=1, deselected=2)
    run("--eqsat-verify", "my_rules", "-m", "not eqsat_rule").assert_outcomes(passed=1, deselected=2)
    twice = run("--eqsat-verify", "my_rules:right", "--eqsat-verify=my_rules", "-m", "eqsat_rule", "--strict-markers")
    twice.assert_outcomes(passed=2, failed=1, deselected=1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere", "No module named 'nowhere'"),
        ("my_rules:left", "module 'my_rules' has no attribute 'left'"),
        ("my_rules:np", "there are no rules in it"),
        ("my_rules:__doc__", "verify takes rules, not 'R'"),
    ],
)
def test_what_holds_no_rules_is_an_error_of_usage(pytester: pytest.Pytester, run, name: str, text: str) -> None:
    pytester.makepyfile(my_rules=RULES)
    result = run("--eqsat-verify", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --eqsat-verify {name}: {text}"])


def test_rules_can_be_checked_by_several_processes(pytester: pytest.Pytester, run) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(my_rules=RULES)
    run("-p", "xdist", "-n", "2", "--eqsat-verify", "my_rules").assert_outcomes(passed=1, failed=1)


def test_a_package_checks_its_rules_in_every_run(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        **{
            "my_package/__init__": "from eqsat import jit\n@jit\ndef doubling(x):\n    return x + x\n",
            "my_package/rules": RULES.split("@rule\ndef plus_zero")[0],
            "tests/test_results": """
import numpy as np
from eqsat import jit
from eqsat.testing import arrays, assert_matches_numpy
from my_package import doubling
from my_package.rules import doubled

def test_results_are_numpys():
    assert_matches_numpy(jit(doubling.py_func, rules=doubled), arrays("float64", ndim=1), examples=3)
""",
        }
    )
    settings = "[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = '--eqsat-verify my_package.rules'\n"
    pytester.makepyprojecttoml(settings)
    run("tests").assert_outcomes(passed=2)
    pytester.path.joinpath("my_package/rules.py").write_text(RULES)
    run("tests").assert_outcomes(passed=2, failed=1)
