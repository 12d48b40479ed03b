"""Jitted functions made from one line of text, each compiled once however many tests use it."""

from __future__ import annotations

from functools import cache
from typing import Any

from eqsat import jit
from eqsat.testing.random_programs import define

HEADER = "import math\nimport numpy as np\n\n\n"


@cache
def jitted(parameters: str, body: str) -> Any:
    """`def program(parameters): return body`; a body of several lines is taken as statements."""
    lines = body.splitlines() if "\n" in body else [f"return {body}"]
    text = "\n".join(f"    {line}" for line in lines)
    return jit(define(f"{HEADER}def program({parameters}):\n{text}\n", "program"))
