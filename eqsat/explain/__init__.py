"""What the compiler did to a function, for people: facts, text, and the chosen program as NumPy code that runs."""

from eqsat.explain.explanation import Explanation

__all__ = ["Explanation"]
