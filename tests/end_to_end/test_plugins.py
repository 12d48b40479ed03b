"""Packages bring rules through the entry-point group; broken ones are errors that name their distribution."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

RULES = '''
import numpy as np
from eqsat import Float, rule, rules


@rule(requires={"afn"})
def sum_of_equal_exponentials(x: Float):
    """log(e^x + e^x) = x + log 2."""
    return np.logaddexp(x, x), x + 0.6931471805599453

RULES = rules(sum_of_equal_exponentials)
NOT_RULES = 3
WRONG = rules(sum_of_equal_exponentials)
'''

PROGRAM = """
import numpy as np
from eqsat import jit

def f(x):
    return np.logaddexp(x, x)

g = jit(fastmath=True)(f)
x = np.linspace(1.0, 2.0, 50)
np.testing.assert_allclose(g(x), f(x))
print("sum_of_equal_exponentials" in dict(g.explain().rules), jit(f)(x).tobytes() == f(x).tobytes())
"""


def run(folder: Path, point: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program where a distribution with one entry point is installed."""
    (folder / "ruleful.py").write_text(textwrap.dedent(RULES))
    info = folder / "ruleful-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ruleful\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[eqsat.plugins]\nroots = {point}\n")
    (folder / "program.py").write_text(PROGRAM)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, str(folder / "program.py")],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("point", ["ruleful", "ruleful:RULES", "ruleful:sum_of_equal_exponentials"])
def test_the_rules_of_a_package_take_part_where_their_flags_are_granted(tmp_path: Path, point: str) -> None:
    done = run(tmp_path, point)
    assert done.stdout == "True True\n", done.stderr


def test_plug_ins_can_be_turned_off(tmp_path: Path) -> None:
    done = run(tmp_path, "ruleful", EQSAT_NO_PLUGINS="1")
    assert done.stdout == "False True\n", done.stderr


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("no_such_module", "the plug-in roots of ruleful cannot be loaded: ModuleNotFoundError"),
        ("ruleful:nothing", "the plug-in roots of ruleful cannot be loaded: AttributeError"),
        ("ruleful:NOT_RULES", "the plug-in roots of ruleful gives no book of rules"),
    ],
)
def test_a_broken_plug_in_is_an_error_that_names_its_distribution(tmp_path: Path, point: str, said: str) -> None:
    done = run(tmp_path, point)
    assert done.returncode == 1
    assert f"eqsat.errors.PluginError: {said}" in done.stderr
    assert "instead: " in done.stderr
