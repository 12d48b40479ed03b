"""What importing eqsat loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("egglog", "llvmlite", "hypothesis", "numba", "black", "numpy_impl", "lowering.kernels")


def loaded_after(program: str) -> set[str]:
    program += "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "program",
    [
        "import eqsat",
        "from eqsat import jit",
        "from eqsat import jit\n@jit\ndef f(x):\n    return x + 1",
        "import eqsat.errors, eqsat.testing",
        "import eqsat.testing.plugin",
    ],
)
def test_nothing_heavy_is_imported_before_the_first_compile(program: str) -> None:
    assert loaded_after(program) & set(HEAVY) == set()


def test_dir_lists_the_public_names_before_they_are_loaded() -> None:
    import eqsat

    assert set(eqsat.__all__) <= set(dir(eqsat))


def test_every_public_name_can_be_loaded() -> None:
    import eqsat

    assert all(getattr(eqsat, name) is not None for name in eqsat.__all__)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import eqsat

    with pytest.raises(AttributeError, match=r"^module 'eqsat' has no attribute 'jitt'$"):
        eqsat.jitt


def test_jit_is_the_function_whatever_was_imported_first() -> None:
    code = "import eqsat.jit\nimport eqsat.compose\nfrom eqsat import jit\nassert jit is eqsat.compose.jit"
    subprocess.run([sys.executable, "-c", code], check=True)
