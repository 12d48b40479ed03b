"""Linear algebra under flags: products, traces, inverses. All of them regroup sums, which round.

Left sides are programs that people write; right sides take fewer operations, by an order of magnitude where a product
of matrices goes. Associativity is the one law that works both ways: chains of products are grouped by their sizes.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# What NumPy returns for a pattern is a pattern, which its stubs cannot know, nor what `when=` is called with.

from __future__ import annotations

import numpy as np

from eqsat.rules.api import Rule, rule
from eqsat.rules.guards import is_square
from eqsat.rules.pattern import Matrix, Scalar, Vector

REASSOC = frozenset({"reassoc"})


# Chains of products ----------------------------------------------------------------------------------------------


@rule(requires=REASSOC, two_way=True)
def product_of_three_matrices(a: Matrix, b: Matrix, c: Matrix):
    """(AB)C = A(BC): which grouping takes fewer multiplications depends on the sizes alone."""
    return (a @ b) @ c, a @ (b @ c)


@rule(requires=REASSOC)
def product_of_matrices_with_vector(a: Matrix, b: Matrix, v: Vector):
    """(AB)v = A(Bv): two products with a vector, n^2 multiplications each, for one of matrices with n^3."""
    return (a @ b) @ v, a @ (b @ v)


@rule(requires=REASSOC)
def vector_with_product_of_matrices(v: Vector, a: Matrix, b: Matrix):
    """v(AB) = (vA)B: two products with a vector for one of matrices."""
    return v @ (a @ b), (v @ a) @ b


# Traces, sums and diagonals of products ---------------------------------------------------------------------------


@rule(requires=REASSOC)
def trace_of_product(a: Matrix, b: Matrix):
    """tr(AB) = sum_ij A_ij B_ji: n^2 multiplications for n^3."""
    return np.trace(a @ b), np.sum(a * b.T)


@rule(requires=REASSOC)
def diagonal_of_product(a: Matrix, b: Matrix):
    """(AB)_ii = sum_j A_ij B_ji: n^2 multiplications for n^3."""
    return np.diagonal(a @ b), np.sum(a * b.T, axis=1)


@rule(requires=REASSOC)
def sum_of_product(a: Matrix, b: Matrix):
    """1(AB)1 = (1A)(B1): the columns of A and the rows of B are summed first."""
    return np.sum(a @ b), np.sum(a, axis=0) @ np.sum(b, axis=1)


@rule(requires=REASSOC)
def column_sums_of_product(a: Matrix, b: Matrix):
    """1(AB) = (1A)B: n^2 multiplications for n^3."""
    return np.sum(a @ b, axis=0), np.sum(a, axis=0) @ b


@rule(requires=REASSOC)
def row_sums_of_product(a: Matrix, b: Matrix):
    """(AB)1 = A(B1): n^2 multiplications for n^3."""
    return np.sum(a @ b, axis=1), a @ np.sum(b, axis=1)


@rule(requires=REASSOC)
def sum_of_matrix_times_vector(a: Matrix, v: Vector):
    """1(Av) = (1A)v: the columns are summed first, without a product."""
    return np.sum(a @ v), np.sum(a, axis=0) @ v


@rule(requires=REASSOC)
def trace_of_scaled(c: Scalar, a: Matrix):
    """tr(cA) = c tr(A)."""
    return np.trace(c * a), c * np.trace(a)


@rule(requires=REASSOC)
def trace_of_sum(a: Matrix, b: Matrix):
    """tr(A + B) = tr(A) + tr(B), which reads the diagonals alone; it also lets either part be taken on its own."""
    return np.trace(a + b), np.trace(a) + np.trace(b)


# Transposes -------------------------------------------------------------------------------------------------------


@rule(requires=REASSOC)
def transpose_of_product(a: Matrix, b: Matrix):
    """(AB)^T = B^T A^T: the transposes of the factors are no work."""
    return (a @ b).T, b.T @ a.T


@rule(requires=REASSOC)
def transposed_matrix_times_vector(a: Matrix, v: Vector):
    """A^T v = vA: a vector has no direction."""
    return a.T @ v, v @ a


@rule(requires=REASSOC)
def inverse_of_transpose(a: Matrix):
    """(A^T)^-1 = (A^-1)^T: one inverse serves both."""
    return np.linalg.inv(a.T), np.linalg.inv(a).T


# Sums of products -------------------------------------------------------------------------------------------------


@rule(requires=REASSOC)
def factor_matrix_out_of_vectors(a: Matrix, x: Vector, y: Vector):
    """Ax + Ay = A(x + y): one product instead of two."""
    return a @ x + a @ y, a @ (x + y)


@rule(requires=REASSOC)
def factor_matrix_out_of_difference(a: Matrix, x: Vector, y: Vector):
    """Ax - Ay = A(x - y): one product instead of two."""
    return a @ x - a @ y, a @ (x - y)


@rule(requires=REASSOC)
def factor_left_matrix(a: Matrix, b: Matrix, c: Matrix):
    """AB + AC = A(B + C): one product instead of two."""
    return a @ b + a @ c, a @ (b + c)


@rule(requires=REASSOC)
def factor_left_matrix_of_difference(a: Matrix, b: Matrix, c: Matrix):
    """AB - AC = A(B - C): one product instead of two."""
    return a @ b - a @ c, a @ (b - c)


@rule(requires=REASSOC)
def factor_right_matrix(a: Matrix, b: Matrix, c: Matrix):
    """AC + BC = (A + B)C: one product instead of two."""
    return a @ c + b @ c, (a + b) @ c


@rule(requires=REASSOC)
def factor_right_matrix_of_difference(a: Matrix, b: Matrix, c: Matrix):
    """AC - BC = (A - B)C: one product instead of two."""
    return a @ c - b @ c, (a - b) @ c


@rule(requires=REASSOC)
def scaled_left_factor(c: Scalar, a: Matrix, v: Vector):
    """(cA)v = c(Av): n multiplications by c for n^2."""
    return (c * a) @ v, c * (a @ v)


@rule(requires=REASSOC)
def scaled_matrix_in_product(c: Scalar, a: Matrix, b: Matrix):
    """(cA)B = c(AB): the factor can be joined with what is done to the result."""
    return (c * a) @ b, c * (a @ b)


# Diagonal and outer products --------------------------------------------------------------------------------------


@rule(requires=REASSOC)
def outer_product_with_vector(u: Vector, v: Vector, w: Vector):
    """(u v^T) w = u (v w): a dot product for a matrix."""
    return np.outer(u, v) @ w, u * (v @ w)


@rule(requires=REASSOC)
def outer_product_with_matrix(u: Vector, v: Vector, a: Matrix):
    """(u v^T) A = u (vA)^T: n^2 multiplications for n^3."""
    return np.outer(u, v) @ a, np.outer(u, v @ a)


@rule(requires=REASSOC)
def matrix_with_outer_product(a: Matrix, u: Vector, v: Vector):
    """A (u v^T) = (Au) v^T: n^2 multiplications for n^3."""
    return a @ np.outer(u, v), np.outer(a @ u, v)


@rule(requires=REASSOC)
def trace_of_outer_product(u: Vector, v: Vector):
    """tr(u v^T) = u v."""
    return np.trace(np.outer(u, v)), u @ v


@rule(requires=REASSOC)
def sum_of_outer_product(u: Vector, v: Vector):
    """sum_ij u_i v_j = sum(u) sum(v)."""
    return np.sum(np.outer(u, v)), np.sum(u) * np.sum(v)


@rule(requires=REASSOC)
def rows_scaled_in_product(d: Vector, a: Matrix, v: Vector):
    """(diag(d) A) v = d (Av): n multiplications by d for n^2."""
    return (d[:, None] * a) @ v, d * (a @ v)


@rule(requires=REASSOC)
def columns_scaled_in_product(a: Matrix, d: Vector, v: Vector):
    """(A diag(d)) v = A (d v): n multiplications by d for n^2."""
    return (a * d[None, :]) @ v, a @ (d * v)


# Inverses and determinants ----------------------------------------------------------------------------------------


@rule(requires=REASSOC, accuracy=True)
def inverse_times_vector(a: Matrix, b: Vector):
    """A^-1 b is the solution of Ax = b: a third of the work, and backward stable (Higham, Accuracy, ch. 14)."""
    return np.linalg.inv(a) @ b, np.linalg.solve(a, b)


@rule(requires=REASSOC, accuracy=True)
def inverse_times_matrix(a: Matrix, b: Matrix):
    """A^-1 B solves AX = B: less work, and backward stable (Higham, Accuracy, ch. 14)."""
    return np.linalg.inv(a) @ b, np.linalg.solve(a, b)


@rule(requires=REASSOC)
def inverse_of_inverse(a: Matrix):
    """(A^-1)^-1 = A."""
    return np.linalg.inv(np.linalg.inv(a)), a


@rule(requires=REASSOC)
def inverse_of_product(a: Matrix, b: Matrix):
    """B^-1 A^-1 = (AB)^-1: one inverse and one product for two inverses and one product."""
    return np.linalg.inv(b) @ np.linalg.inv(a), np.linalg.inv(a @ b)


@rule(requires=REASSOC, when=lambda a: is_square(a))
def product_of_determinants(a: Matrix, b: Matrix):
    """det(AB) = det(A) det(B): two decompositions for a product and one."""
    return np.linalg.det(a @ b), np.linalg.det(a) * np.linalg.det(b)


@rule(requires=REASSOC)
def determinant_of_transpose(a: Matrix):
    """det(A^T) = det(A)."""
    return np.linalg.det(a.T), np.linalg.det(a)


@rule(requires=REASSOC | {"arcp"})
def determinant_of_inverse(a: Matrix):
    """det(A^-1) = 1/det(A): no inverse."""
    return np.linalg.det(np.linalg.inv(a)), 1 / np.linalg.det(a)


LINEAR_ALGEBRA: tuple[Rule, ...] = tuple(one for one in globals().values() if isinstance(one, Rule))
"""The rules of this module, in order."""
