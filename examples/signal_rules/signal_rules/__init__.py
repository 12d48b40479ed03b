"""Filters of signals, and the rules that `@eqsat.jit` rewrites programs with that call them."""

from signal_rules.functions import autocorrelation, convolve, smooth
from signal_rules.rules import RULES

__all__ = ["RULES", "autocorrelation", "convolve", "smooth"]
