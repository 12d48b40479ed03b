"""What is measured of loops, branches and writes, with goals: programs of the corpus at sizes of real use.

Where plain Python loops over elements, NumPy's column tells that, and the goal is over Numba, whose ground it is.
"""

from __future__ import annotations

from bench.cases import Case
from tests.end_to_end.programs import BY_NAME, PROGRAMS


def loop(name: str, n: int, numpy: float | None = None, numba: float | None = None) -> Case:
    """A program of the corpus, for `n` of what it is about."""
    found = BY_NAME[name]
    return Case(f"{name} {n}", found.function, lambda: found.arguments(n), numpy, numba)


STENCILS = [
    loop("heat", 250, numpy=4.0),
    loop("heat_3d", 40, numpy=4.0),
    loop("cavity_flow", 101, numpy=4.0),
    loop("channel_flow", 101, numpy=4.0),
    loop("fdtd_2d", 200, numpy=4.0),
    loop("horizontal_diffusion", 128, numpy=4.0),
]

TEMPORARIES = [
    loop("reaction_diffusion", 200, numpy=1.0),
    loop("nearest_neighbours", 300, numpy=1.0),
    loop("floyd_warshall_outer", 120, numpy=1.0),
    loop("k_means_arrays", 2000, numpy=1.0),
]
"""Loops of array work that needs memory in each turn: it is taken once, or from a pool."""

SCALARS = [
    loop("sieve", 10**6, numba=0.9),
    loop("sieve_loops", 10**5, numba=0.9),
    loop("crc16", 10**5, numba=0.9),
    loop("mandelbrot", 100, numba=0.9),
    loop("mandelbrot_reals", 100, numba=0.9),
    loop("collatz", 10**4, numba=0.9),
    loop("count_primes", 10**4, numba=0.9),
    loop("n_body", 60, numba=0.9),
    loop("floyd_warshall", 100, numba=0.9),
    loop("floyd_warshall_rows", 120, numba=0.9),
    loop("edit_distance", 400, numba=0.9),
]

PRODUCTS = [
    loop("lu_doolittle", 120, numba=1.0),
    loop("lu_scalar", 120, numba=1.0),
    loop("cholesky", 120, numba=1.0),
    loop("cholesky_in_place", 120, numba=1.0),
    loop("gauss_seidel", 120, numba=1.0),
    loop("csr_product", 5000, numba=1.0),
    loop("csr_product_by_rows", 5000, numba=1.0),
    loop("coo_product", 5000, numba=1.0),
]
"""Factorizations with small products of rows and columns, and sparse matrices times vectors."""

LOOPS = [*STENCILS, *TEMPORARIES, *SCALARS, *PRODUCTS]

ALL = [loop(one.name, one.sizes[-1]) for one in PROGRAMS]
"""Every program of the corpus, at the largest of its sizes, at which plain Python takes well under a second."""
