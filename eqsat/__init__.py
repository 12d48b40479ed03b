"""eqsat: an optimizing compiler for NumPy code."""
